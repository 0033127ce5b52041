//! Points that are about the process itself: the real binary, killed and started again.

use rustix::process::Signal;

use super::super::office::{Office, now};
use super::super::pdu::Address;
use super::super::phone::Heard;
use super::super::process::Process;
use super::super::smsc::{SOON, Seen, Sms};

const ESME_RALYBND: u32 = 0x05;

fn kill(engine: Process) {
    engine.signal(Signal::KILL);
    engine.finish(SOON);
}

fn part(from: &str, total: u8, number: u8, text: &[u8]) -> Sms {
    Sms {
        from: Address::number(from),
        esm_class: 0x40,
        data_coding: 0,
        body: [&[5, 0, 3, 0x2a, total, number], text].concat(),
    }
}

#[test]
fn point_07_after_a_crash_the_old_session_may_live_on() {
    let office = Office::open_fast();
    let mut phones = office.staff(2);
    let engine = office.serve();
    office.check_in(&mut phones[0], 1);
    kill(engine);
    office.smsc.answer_binds_with(&[ESME_RALYBND]);
    let engine = office.serve();
    let said = office.json_until(&["link"], |links| links[0]["state"] != "connecting");
    assert_eq!(said[0]["state"], "down");
    let refused = Seen::BindRefused(ESME_RALYBND);
    assert_eq!(office.smsc.read(|s| s.count(&refused)), 1);
    // Nothing is to be done by hand.
    office.smsc.wait_bound(2);
    office.check_in(&mut phones[1], 1);
    office.stop(engine);
}

#[test]
fn point_02_a_part_survives_a_kill() {
    let office = Office::open_fast();
    let mut phone = office.staff(1).remove(0);
    let engine = office.serve();
    let text = phone.check_in(1, now(), "").text.into_bytes();
    let (one, two) = text.split_at(30);
    let second = part(&phone.number, 2, 2, two);
    assert_eq!(office.smsc.deliver_and_wait(second), 0);
    kill(engine);
    let engine = office.serve();
    let first = part(&phone.number, 2, 1, one);
    assert_eq!(office.smsc.deliver_and_wait(first), 0);
    assert_eq!(office.next_heard(&mut phone, 0), Heard::Receipt(1));
    let feed = office.json(&["feed"]);
    assert_eq!(feed.len(), 1, "{feed:?}");
    assert_eq!(feed[0]["outcome"], "recorded");
    office.stop(engine);
}
