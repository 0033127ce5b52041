use zeroize::Zeroizing;

use super::super::clock::Clock;
use super::super::config::{Config, Given, Section, Value, template};
use super::super::error::CliError;
use super::super::init::{new_store_key, system_zone};
use super::super::place::Place;
use super::super::{files, parts};
use crate::api::{Ask, Command, EnrolKey, NewEmployee, Reply, Request};
use crate::domain::Operator;
use crate::engine::Engine;
use crate::practice::{Plan, Practice};
use crate::store::{RedbStore, Store as _};
use crate::words::Words;

/// What the built-in gateway is called.
pub(super) const GATEWAY: &str = "practice";

/// Makes directories, keys and configuration of a desk that takes part in `practice`, and reads the configuration with
/// the values of `given` over it.
pub(super) fn set_up(
    place: &Place,
    words: &Words,
    practice: &Practice,
    given: &[String],
) -> Result<Config, CliError> {
    files::make_dir(&place.keys())?;
    files::make_dir(&place.log())?;
    files::make_file(&place.store_key(), new_store_key()?.to_text().as_bytes())?;
    let password = Zeroizing::new(format!("{}\n", practice.plan().password));
    let path = place.keys().join(format!("{GATEWAY}.password"));
    files::make_file(&path, password.as_bytes())?;
    let text = template(words, &Given(&values(practice)));
    files::make_file(&place.config(), text.as_bytes())?;
    files::config(&files::read_sheets(place, &[], given)?)
}

/// Makes the cards and enrols the phones of a plan, as commands at the desk would, in one commit.
pub(super) fn enrol(
    place: &Place,
    config: &Config,
    plan: &Plan,
    by: &Operator,
    clock: Clock,
) -> Result<(), CliError> {
    let key = files::store_key(place)?;
    let mut store = RedbStore::open(&place.store()).map_err(parts::store_error)?;
    let mut engine = parts::engine(place, config, key, &store, clock)?;
    let cards = plan.hires.iter().map(|hire| NewEmployee {
        name: hire.name.clone(),
        phone: hire.phone.clone(),
        short: Some(hire.short.clone()),
        team: Some(hire.team.to_owned()),
        shift: None,
        legacy: hire.device.is_none(),
    });
    let add = Command::AddEmployees(cards.collect());
    let Reply::Employees(cards) = ask(&mut engine, &store, by, clock, add)? else {
        return Err(CliError::Answer);
    };
    for hire in &plan.hires {
        let card = cards.iter().find(|card| card.phone == hire.phone);
        let (Some(card), Some((device, root))) = (card, &hire.device) else {
            continue;
        };
        let enrol = Command::EnrolDevice(card.id, EnrolKey::Device(*device, *root.octets()));
        ask(&mut engine, &store, by, clock, enrol)?;
    }
    let batch = engine.take_batch(clock.now());
    store.commit(&batch).map_err(parts::store_error)
}

/// Has an engine that does not run do what a command at the desk would.
pub(super) fn ask(
    engine: &mut Engine,
    store: &RedbStore,
    by: &Operator,
    clock: Clock,
    command: Command,
) -> Result<Reply, CliError> {
    let request = Request {
        by: by.clone(),
        ask: Ask::Command(command),
    };
    let reply = engine.handle_request(clock.now(), request, store);
    let reply = reply.map_err(parts::store_error)?;
    if let Reply::Refused(refusal) = reply {
        return Err(CliError::Refused(refusal));
    }
    Ok(reply)
}

/// What stands in the demo's configuration: nothing limits the pace of a gateway that is no phone, and what was turned
/// down is tried again while somebody looks on.
fn values(practice: &Practice) -> Vec<(Section, &'static str, Value)> {
    let plan = practice.plan();
    let text = |text: &str| Value::Text(text.to_owned());
    let gateway = Section::Gateway;
    vec![
        (Section::Site, "name", text("Demo office")),
        (Section::Site, "time_zone", text(&system_zone())),
        (Section::Site, "country", text(plan.country)),
        (gateway, "name", text(GATEWAY)),
        (gateway, "host", text("127.0.0.1")),
        (gateway, "port", Value::Number(practice.port().into())),
        (gateway, "system_id", text(plan.system_id)),
        (gateway, "source_address", text(plan.desk_number)),
        (
            gateway,
            "footer_octets",
            Value::Number(plan.footer_octets.into()),
        ),
        (gateway, "enquire_link_s", Value::Number(5)),
        (gateway, "max_per_second", Value::Number(20)),
        (gateway, "max_per_30_min", Value::Number(0)),
        (
            Section::Receipts,
            "retry_after_s",
            Value::Numbers(vec![5, 10, 30, 60]),
        ),
        (
            Section::Receipts,
            "attendance_per_device_per_day",
            Value::Number(500),
        ),
        // What is invented may be lost.
        (Section::Backup, "old_after_days", Value::Number(0)),
    ]
}
