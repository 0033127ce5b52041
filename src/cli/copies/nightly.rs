use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::super::config::Config;
use super::super::place::Place;
use super::super::time::civil_at;
use crate::domain::Millis;
use crate::store::RedbStore;

/// How long after a try that failed the next one is made.
const AGAIN_MS: i64 = Millis::HOUR;

const BEGIN: &str = "hazir-";
const END: &str = ".backup";
/// How the time of a backup stands in its name, by the clock of the site.
const FORM: &str = "%Y-%m-%dT%H%M";

/// The backup of each night.
#[derive(Debug)]
pub struct Nightly {
    directory: PathBuf,
    at: Time,
    prune: Prune,
    zone: TimeZone,
    /// Those that are there, by their names.
    made: Vec<DateTime>,
    /// Not before this.
    not_before: Option<Millis>,
}

impl Nightly {
    /// The nightly backups of a desk; `None` where none are wanted. `key_check` is what its store has.
    pub fn new(place: &Place, config: &Config, key_check: Vec<u8>) -> Option<Self> {
        let backup = &config.backup;
        let directory = place.dir().join(backup.directory.as_ref()?);
        let mut nightly = Self {
            directory: directory.clone(),
            at: backup.at,
            prune: Prune {
                directory,
                keep: usize::try_from(backup.keep).unwrap_or(usize::MAX),
                key_check,
            },
            zone: config.site.time_zone.clone(),
            made: Vec::new(),
            not_before: None,
        };
        nightly.look();
        Some(nightly)
    }

    /// Where the backup of this night is to be written, where it is due: since the last time that the clock of the site
    /// showed the hour, none was made.
    pub fn due(&self, now: Millis) -> Option<PathBuf> {
        if self.not_before.is_some_and(|then| {
            // One that lies far ahead was reckoned by a clock that was wrong.
            now < then && then.ms_since(now) <= AGAIN_MS
        }) {
            return None;
        }
        let local = civil_at(now, &self.zone);
        let hour = self.hour_before(now)?;
        // What is of later than tomorrow was made by a clock that was wrong; of today, by one that was put back since.
        let ahead = local.saturating_add(jiff::Span::new().days(1));
        if self.made.iter().any(|at| (hour..=ahead).contains(at)) {
            return None;
        }
        let name = format!("{BEGIN}{}{END}", local.strftime(FORM));
        Some(self.directory.join(name))
    }

    /// The last time that the clock of the site showed the hour of the backup. Where it was put forth over the hour, that
    /// is as much later; where it was put back and shows it twice, the first time.
    fn hour_before(&self, now: Millis) -> Option<DateTime> {
        let date = civil_at(now, &self.zone).date();
        let days = [Some(date), date.yesterday().ok()];
        days.into_iter().flatten().find_map(|date| {
            let moment = date.to_datetime(self.at).to_zoned(self.zone.clone()).ok()?;
            (moment.timestamp().as_millisecond() <= now.0).then(|| moment.datetime())
        })
    }

    /// A backup is made, or was not.
    pub fn ended(&mut self, now: Millis, is_made: bool) {
        self.not_before = (!is_made).then(|| now.plus_ms(AGAIN_MS));
        self.look();
    }

    /// What removes old backups once a new one is whole.
    pub fn prune(&self) -> Prune {
        self.prune.clone()
    }

    fn look(&mut self) {
        let files = named(&self.directory).into_iter();
        self.made = files.map(|(at, _)| at).collect();
    }
}

/// Removes old backups.
#[derive(Clone, Debug)]
pub struct Prune {
    directory: PathBuf,
    keep: usize,
    /// By which backups of this desk are told from others.
    key_check: Vec<u8>,
}

impl Prune {
    /// Keeps the newest, and what is no backup of this desk or cannot be read.
    pub fn run(&self) {
        let files = named(&self.directory);
        let over = files.len().saturating_sub(self.keep);
        for (_, path) in files.iter().take(over) {
            let is_ours =
                RedbStore::glance(path).is_ok_and(|glance| glance.meta.key_check == self.key_check);
            if !is_ours {
                tracing::warn!(path = %path.display(), "no backup of this desk; it stays");
                continue;
            }
            match fs::remove_file(path) {
                Ok(()) => tracing::info!(path = %path.display(), "an old backup is removed"),
                Err(cause) => tracing::warn!(%cause, path = %path.display(), "an old backup stays"),
            }
        }
    }
}

/// The file with the newest name of a backup in the directory of the nightly ones.
pub fn newest_backup(place: &Place, config: &Config) -> Option<PathBuf> {
    let directory = place.dir().join(config.backup.directory.as_ref()?);
    named(&directory).pop().map(|(_, path)| path)
}

/// Files that are called as backups are, oldest first.
fn named(directory: &Path) -> Vec<(DateTime, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let at = name.to_str()?.strip_prefix(BEGIN)?.strip_suffix(END)?;
            let at = DateTime::strptime(FORM, at).ok()?;
            // What is written otherwise is not ours.
            (at.strftime(FORM).to_string() == name.to_str()?[BEGIN.len()..name.len() - END.len()])
                .then(|| (at, entry.path()))
        })
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::time::parse_when;

    /// A night's backups in Berlin, at half past two.
    fn nightly(directory: &Path) -> Nightly {
        Nightly {
            directory: directory.to_owned(),
            at: Time::constant(2, 30, 0, 0),
            prune: Prune {
                directory: directory.to_owned(),
                keep: 3,
                key_check: Vec::new(),
            },
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            made: Vec::new(),
            not_before: None,
        }
    }

    /// What is made in the minutes of some days.
    fn made(nightly: &mut Nightly, from: &str, days: i64) -> Vec<String> {
        let from = parse_when(from, Millis(0), &nightly.zone, "from").unwrap();
        let mut made = Vec::new();
        for minute in 0..days * 24 * 60 {
            let now = from.plus_ms(minute * Millis::MINUTE);
            if let Some(path) = nightly.due(now) {
                fs::write(&path, "").unwrap();
                nightly.ended(now, true);
                let name = path.file_name().unwrap().to_str().unwrap();
                made.push(name[6..21].to_owned());
            }
        }
        made
    }

    #[test]
    fn one_is_made_each_night_also_where_the_clock_is_put_forth_or_back() {
        for (from, expected) in [
            (
                "2026-11-20T03:00",
                ["2026-11-20T0300", "2026-11-21T0230", "2026-11-22T0230"],
            ),
            // There is no half past two.
            (
                "2026-03-28T12:00",
                ["2026-03-28T1200", "2026-03-29T0330", "2026-03-30T0230"],
            ),
            // There are two.
            (
                "2026-10-24T12:00",
                ["2026-10-24T1200", "2026-10-25T0230", "2026-10-26T0230"],
            ),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let mut nightly = nightly(directory.path());
            assert_eq!(made(&mut nightly, from, 3)[..3], expected);
        }
    }

    #[test]
    fn one_that_was_missed_is_made_soon_and_one_that_failed_an_hour_later() {
        let directory = tempfile::tempdir().unwrap();
        let mut nightly = nightly(directory.path());
        let at = |text: &str| parse_when(text, Millis(0), &nightly.zone, "at").unwrap();
        let [evening, late, later] =
            ["2026-11-20T22:00", "2026-11-21T09:00", "2026-11-21T10:00"].map(at);
        let path = nightly.due(evening).unwrap();
        fs::write(path, "").unwrap();
        nightly.ended(evening, true);
        assert_eq!(nightly.due(evening.plus_ms(Millis::HOUR)), None);
        // The machine was off in the night.
        let path = nightly.due(late).unwrap();
        assert!(path.ends_with("hazir-2026-11-21T0900.backup"), "{path:?}");
        nightly.ended(late, false);
        assert_eq!(nightly.due(late.plus_ms(1)), None);
        assert!(nightly.due(later).is_some());
        // The clock had been ten years ahead, and then was right.
        let ahead = at_years(later, 10);
        let path = nightly.due(ahead).unwrap();
        fs::write(path, "").unwrap();
        nightly.ended(ahead, true);
        fs::write(nightly.due(later).unwrap(), "").unwrap();
        nightly.ended(later, true);
        assert_eq!(nightly.due(later.plus_ms(Millis::MINUTE)), None);
    }

    fn at_years(from: Millis, years: i64) -> Millis {
        from.plus_ms(years * 365 * Millis::DAY)
    }

    #[test]
    fn only_files_that_are_called_so_are_backups_of_nights() {
        let directory = tempfile::tempdir().unwrap();
        for name in [
            "hazir-2026-11-20T0230.backup",
            "hazir-2026-11-19T0230.backup",
            "hazir-2026-11-20T0230.backup.new-7",
            "hazir-2026-13-20T0230.backup",
            "hazir-2026-1-2T0230.backup",
            "other-2026-11-20T0230.backup",
            "hazir-2026-11-20T02:30.backup",
        ] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let days: Vec<_> = named(directory.path())
            .iter()
            .map(|(at, _)| at.date().day())
            .collect();
        assert_eq!(days, [19, 20]);
        // Nothing of it is a store of this desk.
        let mut nightly = nightly(directory.path());
        nightly.prune.keep = 1;
        nightly.prune().run();
        assert_eq!(named(directory.path()).len(), 2);
    }
}
