use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::super::super::clock::Clock;
use super::super::super::config::{Config, Given, Section, Value, template};
use super::super::super::error::CliError;
use super::super::super::init::{new_store_key, system_zone};
use super::super::super::place::Place;
use super::super::super::{files, parts};
use super::super::desk::{GATEWAY, ask};
use super::MARK;
use crate::api::{Command, EnrolKey, NewEmployee, Reply};
use crate::domain::{Counter, EmployeeId, Operator};
use crate::practice::load::{Fleet, LoadDevice, LoadPlan};
use crate::store::{RedbStore, Store as _};
use crate::words::Words;

/// A port that a gateway may have, in a configuration whose gateway listens elsewhere each time.
const ANY_PORT: u32 = 2_775;

/// Makes what is not there of directories, keys and configuration, and reads the configuration.
pub(super) fn set_up(place: &Place, words: &Words, given: &[String]) -> Result<Config, CliError> {
    files::make_dir(&place.keys())?;
    files::make_dir(&place.log())?;
    files::make_file(&place.store_key(), new_store_key()?.to_text().as_bytes())?;
    // Nobody else knows the port, and it is another one for each measurement.
    let password = Zeroizing::new("load\n".to_owned());
    let path = place.keys().join(format!("{GATEWAY}.password"));
    files::make_file(&path, password.as_bytes())?;
    let text = template(words, &Given(&values()));
    files::make_file(&place.config(), text.as_bytes())?;
    files::make_file(&place.dir().join(MARK), b"")?;
    files::config(&files::read_sheets(place, &[], given)?)
}

/// Makes cards and enrols phones until there are so many people, and their phones have room for so many check-ins.
pub(super) fn enrol(
    place: &Place,
    config: &Config,
    (people, check_ins): (u16, u64),
    by: &Operator,
    clock: Clock,
) -> Result<Vec<LoadDevice>, CliError> {
    let mut store = RedbStore::open(&place.store()).map_err(parts::store_error)?;
    let key = files::store_key(place)?;
    let mut engine = parts::engine(place, config, key, &store, clock)?;
    let cards = store.load().map_err(parts::store_error)?.employees;
    let has_card = |place: &u16| {
        let phone = LoadPlan::number(*place);
        cards.values().any(|card| card.phone == phone)
    };
    let new: Vec<_> = (0..people).filter(|it| !has_card(it)).map(card).collect();
    let mut cards: Vec<EmployeeId> = cards.into_keys().collect();
    if !new.is_empty() {
        let add = Command::AddEmployees(new);
        let Reply::Employees(new) = ask(&mut engine, &store, by, clock, add)? else {
            return Err(CliError::Answer);
        };
        cards.extend(new.iter().map(|card| card.id));
    }
    let used = devices(place, &store)?;
    let room = |device: &LoadDevice| Fleet::MOST_OF_ONE - u64::from(device.used.0);
    let mut left: u64 = used.iter().map(room).sum();
    while left < check_ins {
        for card in &cards {
            let enrol = Command::EnrolDevice(*card, EnrolKey::New);
            ask(&mut engine, &store, by, clock, enrol)?;
            left += Fleet::MOST_OF_ONE;
        }
    }
    let batch = engine.take_batch(clock.now());
    store.commit(&batch).map_err(parts::store_error)?;
    devices(place, &store)
}

/// The phones that a store knows, with the counters that they have used.
fn devices(place: &Place, store: &RedbStore) -> Result<Vec<LoadDevice>, CliError> {
    let key = files::store_key(place)?;
    let loaded = store.load().map_err(parts::store_error)?;
    let mut used = BTreeMap::new();
    for (series, counter) in loaded.decided.into_keys() {
        // They come by rising counter.
        used.insert(series.device, counter);
    }
    let devices = loaded.devices.into_values().filter_map(|row| {
        let card = loaded.employees.get(&row.employee)?;
        let root = key.open(row.id, &row.sealed_key).ok()?;
        Some(LoadDevice {
            id: row.id,
            root,
            number: card.phone.clone(),
            used: used.get(&row.id).copied().unwrap_or(Counter(0)),
        })
    });
    Ok(devices.collect())
}

fn card(place: u16) -> NewEmployee {
    NewEmployee {
        name: format!("Load {place:04}"),
        phone: LoadPlan::number(place),
        short: None,
        team: None,
        shift: None,
        legacy: false,
    }
}

/// What stands in the configuration: nothing limits the pace, and no check-in of a day is put last.
fn values() -> Vec<(Section, &'static str, Value)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let gateway = Section::Gateway;
    vec![
        (Section::Site, "name", text("Load")),
        (Section::Site, "time_zone", text(&system_zone())),
        (Section::Site, "country", text(LoadPlan::COUNTRY)),
        (gateway, "name", text(GATEWAY)),
        (gateway, "host", text("127.0.0.1")),
        (gateway, "port", Value::Number(ANY_PORT)),
        (gateway, "source_address", text(LoadPlan::DESK_NUMBER)),
        (gateway, "window", Value::Number(1_000)),
        (gateway, "max_per_second", Value::Number(0)),
        (gateway, "max_per_30_min", Value::Number(0)),
        (
            Section::Receipts,
            "attendance_per_device_per_day",
            Value::Number(65_535),
        ),
    ]
}
