use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::super::args::{BackupArgs, VerifyArgs};
use super::super::copies::{Bar, CopiedJson, ExaminedJson};
use super::super::error::CliError;
use super::super::parts;
use super::super::place::Place;
use super::super::turn::Turn;
use crate::api::{CopyAsk, Reply};
use crate::domain::Examined;
use crate::store::RedbStore;

pub(super) fn run(turn: &mut Turn<'_>, args: &BackupArgs) -> Result<(), CliError> {
    let path = absolute(&args.file)?;
    let ask = CopyAsk::Backup {
        path: path.as_os_str().as_bytes().to_vec(),
        is_over: args.force,
    };
    let Reply::BackedUp(copied) = turn.copy(ask)? else {
        return Err(CliError::Answer);
    };
    let file = path.display().to_string();
    if args.json {
        return turn.objects([CopiedJson::new(&file, &copied)]);
    }
    let (seq, _) = copied.last.unwrap_or_default();
    turn.tell(
        "copies.made",
        &[
            ("file", &file),
            ("at", &turn.local(Some(copied.at))),
            ("seq", &seq.to_string()),
            ("octets", &copied.octets.to_string()),
        ],
    )
}

pub(super) fn verify(turn: &mut Turn<'_>, args: &VerifyArgs) -> Result<(), CliError> {
    let Reply::Examined(found) = turn.copy(CopyAsk::Verify)? else {
        return Err(CliError::Answer);
    };
    say_examined(turn, None, &found, args.json)
}

pub(super) fn verify_file(
    turn: &mut Turn<'_>,
    place: &Place,
    args: &VerifyArgs,
) -> Result<(), CliError> {
    let store = place.store();
    let path = args.file.as_deref().unwrap_or(&store);
    let mut bar = Bar::new();
    let found = RedbStore::examine_file(path, &mut |done, of| {
        bar.told(done, of);
        ControlFlow::Continue(())
    });
    drop(bar);
    let found = found.map_err(|error| match (parts::store_error(error), &args.file) {
        (CliError::Damaged(cause), Some(path)) => {
            let path = path.clone();
            CliError::Backup { path, cause }
        }
        (error, _) => error,
    })?;
    say_examined(turn, args.file.as_deref(), &found, args.json)
}

/// Says what was found in a store or backup.
fn say_examined(
    turn: &mut Turn<'_>,
    file: Option<&Path>,
    found: &Examined,
    is_json: bool,
) -> Result<(), CliError> {
    if is_json {
        let file = file.map(|file| file.display().to_string());
        turn.objects([ExaminedJson::new(file.as_deref(), found)])?;
    } else {
        table(turn, found)?;
        if found.copied_at.is_some() {
            let at = turn.local(found.copied_at);
            turn.tell("copies.of_copy", &[("at", &at)])?;
        }
        match found.last {
            Some((seq, at)) => {
                let facts = [("seq", &*seq.to_string()), ("at", &turn.local(Some(at)))];
                turn.tell("copies.up_to", &facts)?;
            }
            None => turn.tell("copies.empty", &[])?,
        }
    }
    for fault in &found.faults {
        turn.tell("copies.fault", &[("fault", fault)])?;
    }
    if found.more_faults > 0 {
        let count = found.more_faults.to_string();
        turn.tell("copies.more_faults", &[("count", &count)])?;
    }
    let faults = found.faults.len() as u64 + found.more_faults;
    match (faults, file) {
        (0, _) if is_json => Ok(()),
        (0, _) => turn.tell("copies.whole", &[]),
        (_, Some(file)) => Err(CliError::Backup {
            path: file.to_owned(),
            cause: found.faults.first().cloned().unwrap_or_default().into(),
        }),
        (faults, None) => Err(CliError::Faulty(faults)),
    }
}

fn table(turn: &mut Turn<'_>, found: &Examined) -> Result<(), CliError> {
    let counts = &found.counts;
    let mut table = turn.heads(["head.table", "head.rows"]);
    for (key, count) in [
        ("table.ledger", counts.ledger),
        ("table.outbox", counts.outbox),
        ("table.decisions", counts.decisions),
        ("table.people", counts.people),
        ("table.employees", counts.employees),
        ("table.devices", counts.devices),
        ("table.legacy", counts.legacy),
        ("table.alarms", counts.alarms),
        ("table.parts", counts.parts),
        ("table.lists", counts.lists),
    ] {
        table.row([&*turn.words.say(key, &[]), &count.to_string()]);
    }
    turn.table(&mut table)
}

/// The engine has another working directory.
fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|cause| CliError::reading(path, cause))
}
