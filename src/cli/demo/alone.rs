use std::fmt::Write as _;
use std::path::Path;

use super::super::clock::Clock;
use super::super::error::CliError;
use super::super::files;
use super::super::init::shell_quoted;
use super::super::place::Place;
use super::super::serve::{Signals, Told};
use super::super::wiring::{finish, runtime};
use super::desk::GATEWAY;
use super::{Demo, wall};
use crate::practice::{Hire, Plan, Practice};
use crate::protocol::{KeyText, RootKey};

/// Runs gateway and phones without a desk, and says what another desk or another ESME has to know.
pub(super) fn run(
    demo: &mut Demo<'_>,
    place: &Place,
    practice: Practice,
    clock: Clock,
) -> Result<(), CliError> {
    let dir = place.dir();
    let script = dir.join("enrol.sh");
    let toml = gateway_toml(dir, &practice);
    files::make_dir(&place.keys())?;
    let password = place.keys().join(format!("{GATEWAY}.password"));
    files::make_file(
        &password,
        format!("{}\n", practice.plan().password).as_bytes(),
    )?;
    files::make_file(&dir.join("people.csv"), &people_csv(practice.plan())?)?;
    files::make_file(&dir.join("gateway.toml"), toml.as_bytes())?;
    for hire in &practice.plan().hires {
        write_key(place, practice.plan(), hire)?;
    }
    files::make_file(&script, enrol_script(place, practice.plan()).as_bytes())?;

    let port = practice.port().to_string();
    let facts = [
        ("port", &*port),
        ("system_id", practice.plan().system_id),
        ("password", &practice.plan().password),
        ("script", &shell_quoted(&script.display().to_string())),
    ];
    demo.tell("demo.gateway", &facts)?;
    demo.tell("demo.gateway_toml", &facts)?;
    let written = write!(demo.out, "{toml}").and_then(|()| demo.out.flush());
    written.map_err(CliError::Terminal)?;
    demo.tell("demo.gateway_enrol", &facts)?;
    finish(runtime()?, async {
        let mut signals = Signals::catch()?;
        let mut told = Told::Stop;
        let stop = async { told = signals.next().await };
        let ran = practice.run(wall(clock), stop).await;
        ran.map_err(|cause| CliError::Talk(Box::new(cause)))?;
        match told {
            Told::Stop => Ok(()),
            Told::HangUp => Err(CliError::HangUp),
        }
    })
}

/// What the configuration of another desk says of the gateway.
fn gateway_toml(dir: &Path, practice: &Practice) -> String {
    let plan = practice.plan();
    let password = dir.join(format!("keys/{GATEWAY}.password"));
    let password = toml::Value::String(password.display().to_string());
    format!(
        "[[gateway]]\n\
         name = \"{GATEWAY}\"\n\
         host = \"127.0.0.1\"\n\
         port = {}\n\
         system_id = \"{}\"\n\
         password_file = {password}\n\
         source_address = \"{}\"\n\
         footer_octets = {}\n\
         max_per_second = 20\n\
         max_per_30_min = 0\n",
        practice.port(),
        plan.system_id,
        plan.desk_number,
        plan.footer_octets,
    )
}

fn people_csv(plan: &Plan) -> Result<Vec<u8>, CliError> {
    let mut lines = csv::Writer::from_writer(Vec::new());
    let failed = |cause: csv::Error| CliError::Talk(Box::new(cause));
    let heads = ["name", "phone", "short", "team", "legacy"];
    lines.write_record(heads).map_err(failed)?;
    for hire in &plan.hires {
        let legacy = if hire.device.is_none() { "yes" } else { "no" };
        let line = [
            &hire.name,
            hire.phone.as_str(),
            &hire.short,
            hire.team,
            legacy,
        ];
        lines.write_record(line).map_err(failed)?;
    }
    lines
        .into_inner()
        .map_err(|cause| CliError::Talk(Box::new(cause.into_error())))
}

fn write_key(place: &Place, plan: &Plan, hire: &Hire) -> Result<(), CliError> {
    let Some((device, root)) = &hire.device else {
        return Ok(());
    };
    let key = KeyText {
        device: *device,
        root: RootKey::from_octets(*root.octets()),
        desk_number: plan.desk_number.to_owned(),
    };
    let path = place.keys().join(format!("{device}.key"));
    files::make_file(&path, key.encode().as_bytes()).map(drop)
}

/// Commands that put all people and phones on a desk; the flags that name it are handed on.
fn enrol_script(place: &Place, plan: &Plan) -> String {
    let quoted = |path: &Path| shell_quoted(&path.display().to_string());
    let hazir = std::env::current_exe().map_or_else(|_| "hazir".to_owned(), |path| quoted(&path));
    let people = quoted(&place.dir().join("people.csv"));
    let mut script = format!("#!/bin/sh\nset -e\n{hazir} employee import {people} \"$@\"\n");
    for hire in &plan.hires {
        let Some((device, _)) = &hire.device else {
            continue;
        };
        let name = shell_quoted(&hire.name);
        let key = quoted(&place.keys().join(format!("{device}.key")));
        // Writing to a text does not fail.
        let _ = writeln!(
            script,
            "{hazir} device enrol {name} --key-file {key} --json \"$@\" >/dev/null"
        );
    }
    script
}
