use super::super::args::{DeviceArgs, DeviceCommand};
use super::super::error::CliError;
use super::super::json::DeviceJson;
use super::super::turn::Turn;
use super::enrol::enrol;
use crate::api::{Command, DeviceFact, Query, Reply};
use crate::domain::DeviceId;
use crate::words::four_words;

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
        "head.words",
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
            &four_words(device.fingerprint).join(" "),
            if device.revoked { &revoked } else { "" },
        ]);
    }
    turn.table(&mut table)
}
