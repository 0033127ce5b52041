use std::path::PathBuf;

use super::super::args::RestoreArgs;
use super::super::copies::{Bar, Restored, RestoredJson, restore};
use super::super::error::CliError;
use super::super::place::Place;
use super::super::second::Journal;
use super::super::turn::Turn;
use crate::domain::Seq;
use crate::store::journal::Replayed;

pub(super) fn run(turn: &mut Turn<'_>, place: &Place, args: &RestoreArgs) -> Result<(), CliError> {
    let journal = journal(turn, place, args)?;
    let zone = &turn.config.site.time_zone;
    let mut bar = Bar::new();
    let told = &mut |done, of| bar.told(done, of);
    let restored = restore(place, &args.file, journal.as_deref(), zone, turn.now, told);
    drop(bar);
    let restored = restored?;
    if args.json {
        let file = args.file.display().to_string();
        return turn.objects([RestoredJson::new(&file, &restored)]);
    }
    say_backup(turn, &restored)?;
    match &restored.replayed {
        Some(replayed) => say_journal(turn, replayed, &restored)?,
        None => turn.tell("copies.no_journal", &[])?,
    }
    say_old(turn, &restored)?;
    let at = turn.local(Some(restored.delayed_before));
    turn.tell("copies.phones", &[("at", &at)])
}

/// The directory of the journal that is to be brought back, where one is.
fn journal(
    turn: &Turn<'_>,
    place: &Place,
    args: &RestoreArgs,
) -> Result<Option<PathBuf>, CliError> {
    match &args.journal {
        None => Ok(None),
        Some(Some(named)) => Ok(Some(named.clone())),
        Some(None) => match Journal::of(place, turn.config) {
            Some(journal) => Ok(Some(journal.path().to_owned())),
            None => Err(CliError::FlagMissing("journal DIR")),
        },
    }
}

fn say_backup(turn: &mut Turn<'_>, restored: &Restored) -> Result<(), CliError> {
    let (seq, last_at) = restored.backup.unwrap_or_default();
    let (seq, last_at) = (seq.to_string(), turn.local(Some(last_at)));
    let at = turn.local(restored.copied_at);
    let facts = [("at", &*at), ("seq", &seq), ("last_at", &last_at)];
    let key = match restored.copied_at {
        Some(_) => "copies.restored",
        None => "copies.restored_unknown",
    };
    turn.tell(key, &facts)
}

fn say_journal(
    turn: &mut Turn<'_>,
    replayed: &Replayed,
    restored: &Restored,
) -> Result<(), CliError> {
    if replayed.commits == 0 {
        turn.tell("copies.journal_nothing", &[])?;
    } else {
        let (seq, _) = restored.last.unwrap_or_default();
        turn.tell(
            "copies.journal",
            &[
                ("commits", &replayed.commits.to_string()),
                ("rows", &replayed.rows.to_string()),
                ("records", &replayed.records.to_string()),
                ("seq", &seq.to_string()),
                ("last_at", &turn.local(replayed.last_at)),
            ],
        )?;
    }
    if let Some(missing) = &replayed.missing {
        turn.tell(
            "copies.journal_missing",
            &[
                ("first", &missing.first.to_string()),
                ("last", &missing.last.to_string()),
                ("before", &turn.local(Some(missing.before))),
                ("behind", &missing.behind.to_string()),
                ("until_at", &turn.local(Some(missing.until_at))),
            ],
        )?;
    }
    for flaw in &replayed.flaws {
        turn.tell("copies.journal_flaw", &[("flaw", &flaw.to_string())])?;
    }
    Ok(())
}

/// What the store that was there has more, as far as it can be read, and where it is.
fn say_old(turn: &mut Turn<'_>, restored: &Restored) -> Result<(), CliError> {
    let (now, _) = restored.last.unwrap_or_default();
    if let Some((was, at)) = restored.was
        && was > now
    {
        let facts = [
            ("seq", &*was.to_string()),
            ("at", &turn.local(Some(at))),
            ("from", &Seq(now.0 + 1).to_string()),
        ];
        turn.tell("copies.missing", &facts)?;
    }
    match &restored.kept {
        Some(kept) => turn.tell("copies.kept", &[("file", &kept.display().to_string())]),
        None => Ok(()),
    }
}
