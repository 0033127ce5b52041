//! What the desk knows of its second copies: when the last backup was made, and whether the journal is written.

use super::core::Engine;
use super::{Now, Tick};
use crate::domain::{AlarmKind, CopyEvent, CopyFault, Millis};

/// How often it is looked whether the last backup is too old.
const LOOK_MS: i64 = Millis::MINUTE;

/// Backups, as far as the engine knows.
#[derive(Debug)]
pub(super) struct Copies {
    /// When the first row was logged; nothing can be lost before.
    pub(super) began_at: Option<Millis>,
    /// When the newest whole one was made.
    pub(super) backed_up_at: Option<Millis>,
    /// Why the last try brought none.
    why: Option<CopyFault>,
    look_at: Tick,
}

impl Copies {
    pub(super) const fn new(
        began_at: Option<Millis>,
        backed_up_at: Option<Millis>,
        now: Now,
    ) -> Self {
        Self {
            began_at,
            backed_up_at,
            why: None,
            look_at: now.tick,
        }
    }

    /// Whether there was no whole backup for `after_ms`. One of tomorrow was dated by a clock that was wrong, and tells
    /// nothing of its age.
    fn is_old(&self, wall: Millis, after_ms: i64) -> bool {
        let Some(since) = self.backed_up_at.or(self.began_at) else {
            return false;
        };
        let age_ms = wall.ms_since(since);
        after_ms > 0 && (age_ms >= after_ms || age_ms < -Millis::DAY)
    }
}

impl Engine {
    /// Takes what is told of backups and of the journal.
    pub fn handle_copy(&mut self, now: Now, event: CopyEvent) {
        self.clock.look(now);
        match event {
            CopyEvent::BackedUp { at } => {
                self.copies.backed_up_at = Some(at);
                self.copies.why = None;
                self.meta_changed = true;
                self.copies.look_at = now.tick;
            }
            CopyEvent::BackupFailed { why } => {
                self.copies.why = Some(why);
                self.copies.look_at = now.tick;
            }
            CopyEvent::JournalStopped { why } => {
                self.alarms
                    .raise(now.wall, AlarmKind::JournalStopped { why });
            }
            CopyEvent::JournalGoes => {
                let why = CopyFault::Failed;
                self.alarms
                    .end(now.wall, &AlarmKind::JournalStopped { why });
            }
        }
        self.finish(now);
    }

    /// Looks whether the last backup is too old, where that is due. A clock that shows less than the release of this
    /// program tells no ages.
    pub(super) fn look_at_copies(&mut self, now: Now) {
        if !self.runs || now.tick < self.copies.look_at {
            return;
        }
        self.copies.look_at = now.tick.plus_ms(LOOK_MS);
        if now.wall < self.settings.released_at {
            return;
        }
        let kind = AlarmKind::BackupOld {
            last: self.copies.backed_up_at,
            why: self.copies.why,
        };
        let after_ms = self.settings.rules.backup_old_after_ms;
        if self.copies.is_old(now.wall, after_ms) {
            self.alarms.raise(now.wall, kind);
        } else {
            self.alarms.end(now.wall, &kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: i64 = 7 * Millis::DAY;

    #[test]
    fn a_backup_is_old_after_a_week_and_none_a_week_after_the_first_record() {
        let now = Now {
            wall: Millis(0),
            tick: Tick(0),
        };
        let day = |days: i64| Millis(days * Millis::DAY);
        for (began, backed_up, today, expected) in [
            (None, None, 900, false),
            (Some(1), None, 7, false),
            (Some(1), None, 8, true),
            (Some(1), Some(8), 14, false),
            (Some(1), Some(8), 15, true),
            // The clock was put back: by a little, and by ten years.
            (Some(1), Some(8), 7, false),
            (Some(1), Some(3_650), 8, true),
        ] {
            let copies = Copies::new(began.map(day), backed_up.map(day), now);
            let what = format!("{began:?} {backed_up:?} {today}");
            assert_eq!(copies.is_old(day(today), WEEK), expected, "{what}");
            assert!(!copies.is_old(day(today), 0), "{what}");
        }
    }
}
