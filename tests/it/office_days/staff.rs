//! Cards and phones of an office.

use hazir::api::{Ask, Command, EnrolKey, NewEmployee, Reply, Request};
use hazir::domain::{Country, DeviceId, EmployeeId, Msisdn, Operator};
use hazir::engine::{Engine, Now};
use hazir::store::RedbStore;

/// Who sits at a desk.
pub fn operator(user: &str) -> Operator {
    Operator {
        user: user.into(),
        desk: "front".into(),
    }
}

/// The number on the card of somebody.
pub fn number_of(place: usize) -> String {
    format!("+989121{place:06}")
}

/// Makes cards for so many people, and a key for each of their phones.
pub fn enrolled(
    engine: &mut Engine,
    store: &RedbStore,
    now: Now,
    people: usize,
) -> Vec<(EmployeeId, DeviceId, [u8; 32])> {
    let country = Country::parse("IR").unwrap();
    let card = |place: usize| NewEmployee {
        name: format!("employee {place}"),
        phone: Msisdn::parse(&number_of(place), country).unwrap(),
        short: None,
        team: None,
        shift: None,
        legacy: false,
    };
    let mut give = |command: Command| {
        let by = operator("mina");
        let ask = Ask::Command(command);
        let reply = engine.handle_request(now, Request { by, ask }, store);
        reply.expect("the disk is sound")
    };
    let cards = give(Command::AddEmployees((0..people).map(card).collect()));
    let Reply::Employees(cards) = cards else {
        panic!("not added: {cards:?}")
    };
    let mut devices = Vec::new();
    for card in cards {
        let reply = give(Command::EnrolDevice(card.id, EnrolKey::New));
        let Reply::Enrolled(enrolled) = reply else {
            panic!("not enrolled")
        };
        devices.push((enrolled.employee, enrolled.device, enrolled.root_key));
    }
    devices
}
