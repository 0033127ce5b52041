use super::super::args::RestoreArgs;
use super::super::copies::{Bar, RestoredJson, restore};
use super::super::error::CliError;
use super::super::place::Place;
use super::super::turn::Turn;
use crate::domain::Seq;

pub(super) fn run(turn: &mut Turn<'_>, place: &Place, args: &RestoreArgs) -> Result<(), CliError> {
    let zone = &turn.config.site.time_zone;
    let mut bar = Bar::new();
    let restored = restore(place, &args.file, zone, turn.now, &mut |done, of| {
        bar.told(done, of);
    });
    drop(bar);
    let restored = restored?;
    if args.json {
        let file = args.file.display().to_string();
        return turn.objects([RestoredJson::new(&file, &restored)]);
    }
    let (seq, last_at) = restored.backup.unwrap_or_default();
    let (text, last_at) = (seq.to_string(), turn.local(Some(last_at)));
    let at = turn.local(restored.copied_at);
    let facts = [("at", &*at), ("seq", &text), ("last_at", &last_at)];
    let key = match restored.copied_at {
        Some(_) => "copies.restored",
        None => "copies.restored_unknown",
    };
    turn.tell(key, &facts)?;
    turn.tell("copies.no_journal", &[])?;
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
    if let Some(kept) = &restored.kept {
        turn.tell("copies.kept", &[("file", &kept.display().to_string())])?;
    }
    let at = turn.local(Some(restored.restored_at));
    turn.tell("copies.phones", &[("at", &at)])
}
