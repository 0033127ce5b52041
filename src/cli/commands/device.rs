use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use super::super::args::{DeviceArgs, DeviceCommand};
use super::super::error::CliError;
use super::super::json::{DeviceJson, EnrolledJson};
use super::super::qr;
use super::super::turn::Turn;
use crate::api::{Command, DeviceFact, EnrolKey, Query, Reply};
use crate::domain::{DeviceId, Msisdn};
use crate::protocol::{KeyText, RootKey};

pub(super) fn run(turn: &mut Turn<'_>, command: DeviceCommand) -> Result<(), CliError> {
    match command {
        DeviceCommand::Enrol {
            employee,
            key_file,
            page,
            json,
        } => enrol(turn, &employee, key_file.as_deref(), page.as_deref(), json),
        DeviceCommand::List(args) => {
            let Reply::Devices(devices) = turn.query(Query::Devices)? else {
                return Err(CliError::Answer);
            };
            if devices.is_empty() && !args.json {
                return turn.tell("said.no_devices", &[]);
            }
            show(turn, &devices, args.json)
        }
        DeviceCommand::Revoke(args) => revoke(turn, &args, true),
        DeviceCommand::Unrevoke(args) => revoke(turn, &args, false),
    }
}

fn enrol(
    turn: &mut Turn<'_>,
    employee: &str,
    key_file: Option<&Path>,
    page: Option<&str>,
    json: bool,
) -> Result<(), CliError> {
    // All that can be wrong is found before a device is made.
    let page = page.map(page_address).transpose()?;
    let desk_number = desk_number(turn)?;
    let key = match key_file {
        Some(file) => read_key(file)?,
        None => EnrolKey::New,
    };
    let card = turn.employee(employee)?;
    let Reply::Enrolled(mut enrolled) = turn.command(Command::EnrolDevice(card.id, key))? else {
        return Err(CliError::Answer);
    };
    let key = KeyText {
        device: enrolled.device,
        root: RootKey::from_octets(enrolled.root_key),
        desk_number: desk_number.as_str().to_owned(),
    };
    enrolled.root_key.zeroize();
    let text = key.encode();
    if json {
        let root_key = key.root.to_hex();
        return turn.objects([EnrolledJson {
            device: enrolled.device.0,
            employee: enrolled.employee.0,
            root_key: &root_key,
            key_text: &text,
        }]);
    }
    let shown = match page {
        Some(page) => Zeroizing::new(format!("{page}#{}", *text)),
        None => text,
    };
    let has_colour = turn.screen.is_some_and(|screen| screen.colour);
    let code = qr::half_blocks(&shown, has_colour)?;
    let written = writeln!(turn.out, "{}{}", *code, *shown);
    written
        .and_then(|()| turn.out.flush())
        .map_err(CliError::Terminal)?;
    let facts = [
        ("name", &*card.name),
        ("device", &*enrolled.device.to_string()),
    ];
    turn.tell("said.enrolled", &facts)
}

fn page_address(page: &str) -> Result<&str, CliError> {
    let has_host = ["https://", "http://"].into_iter().any(|scheme| {
        page.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    });
    let plain = page
        .bytes()
        .all(|octet| octet.is_ascii_graphic() && octet != b'#');
    if has_host && plain {
        return Ok(page);
    }
    Err(CliError::Value {
        flag: "--page",
        value: page.to_owned(),
    })
}

/// The number that phones send to.
fn desk_number(turn: &Turn<'_>) -> Result<Msisdn, CliError> {
    let first = turn.config.gateways.first();
    let number = first.and_then(|gateway| gateway.source_address.as_deref());
    let number = number.ok_or(CliError::NoDeskNumber)?;
    Msisdn::parse(number, turn.config.site.country).map_err(|_| CliError::NoDeskNumber)
}

fn read_key(file: &Path) -> Result<EnrolKey, CliError> {
    let octets = std::fs::read(file).map_err(|cause| CliError::reading(file, cause))?;
    let octets = Zeroizing::new(octets);
    let text = std::str::from_utf8(&octets).unwrap_or_default().trim();
    let key = match (RootKey::parse(text), KeyText::parse(text)) {
        (Ok(root), _) => EnrolKey::Root(*root.octets()),
        (_, Ok(key)) => EnrolKey::Device(key.device, *key.root.octets()),
        (Err(_), Err(cause)) => {
            let path = file.to_owned();
            return Err(CliError::KeyFile { path, cause });
        }
    };
    Ok(key)
}

fn revoke(turn: &mut Turn<'_>, args: &DeviceArgs, revoked: bool) -> Result<(), CliError> {
    let command = Command::SetRevoked(DeviceId(args.device), revoked);
    let Reply::Devices(devices) = turn.command(command)? else {
        return Err(CliError::Answer);
    };
    show(turn, &devices, args.json)
}

fn show(turn: &mut Turn<'_>, devices: &[DeviceFact], json: bool) -> Result<(), CliError> {
    if json {
        return turn.objects(devices.iter().map(DeviceJson::from));
    }
    let mut table = turn.heads([
        "head.device",
        "head.id",
        "head.name",
        "head.enrolled",
        "head.counter",
        "head.marks",
    ]);
    let revoked = turn.words.say("mark.revoked", &[]);
    for device in devices {
        table.row([
            &device.device.to_string(),
            &device.employee.to_string(),
            &device.name,
            &turn.local(Some(device.enrolled_at)),
            &device.highest.map_or_else(String::new, |c| c.to_string()),
            if device.revoked { &revoked } else { "" },
        ]);
    }
    turn.table(&mut table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_an_address_without_a_fragment() {
        for page in ["https://desk.example/p", "http://127.0.0.1:8080/"] {
            assert_eq!(page_address(page).ok(), Some(page));
        }
        for page in [
            "",
            "https://",
            "desk.example",
            "https://a/#b",
            "https://a b",
            "https://\u{1b}",
        ] {
            assert!(page_address(page).is_err(), "{page}");
        }
    }
}
