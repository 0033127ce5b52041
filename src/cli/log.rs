//! Diagnostics, in files of `log/`: one a day, the last fourteen. Numbers are masked, and no text of a message is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::error::CliError;
use super::files::{self, FILE_MODE};
use super::place::Place;

/// Days that are kept.
const DAYS: usize = 14;
/// Where the environment says nothing else.
const LEVEL: &str = "info";

/// Sends diagnostics, and what a panic says, to `log/`. From then on nothing that fails there is a fault of whoever
/// has something to tell: lines are lost while the disk is full.
///
/// # Errors
/// [`CliError::WriteFile`] or [`CliError::Permission`] where nothing can be written now.
pub fn open(place: &Place) -> Result<(), CliError> {
    files::make_dir(&place.log())?;
    let days = Days::open(&place.log(), today());
    let days = days.map_err(|cause| CliError::writing(place.log(), cause))?;
    let filter = EnvFilter::try_from_env("HAZIR_LOG").unwrap_or_else(|_| EnvFilter::new(LEVEL));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(days)
        .with_env_filter(filter)
        .with_ansi(false)
        // It would print them, and panic where stderr is gone.
        .log_internal_errors(false)
        .finish();
    // A second engine in one process is a test's; the first one's log serves.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            tracing::error!(%panic, "a part of the engine failed");
            print(panic);
        }));
    }
    Ok(())
}

/// A file for each day. Not that of `tracing-appender`: it prints what fails, and that panics where stderr is gone.
struct Days {
    dir: PathBuf,
    open: Mutex<(Date, File)>,
}

impl Days {
    fn open(dir: &Path, day: Date) -> io::Result<Self> {
        let file = open_day(dir, day)?;
        Ok(Self {
            dir: dir.to_owned(),
            open: Mutex::new((day, file)),
        })
    }

    fn write(&self, day: Date, line: &[u8]) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Where there is no new file to be had, the one of the day before goes on.
        if open.0 != day
            && let Ok(file) = open_day(&self.dir, day)
        {
            *open = (day, file);
        }
        // There is nobody to be told.
        let _ = open.1.write_all(line);
    }
}

impl<'a> MakeWriter<'a> for Days {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// Where one line goes.
struct Line<'a>(&'a Days);

impl Write for Line<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(today(), octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open_day(dir: &Path, day: Date) -> io::Result<File> {
    let name = name_of(day);
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(FILE_MODE);
    let file = options.open(dir.join(&name))?;
    // One file too many is in nobody's way.
    let _ = remove_old(dir, &name);
    Ok(file)
}

/// Removes the oldest files but for `DAYS`. `newest` stays, even if the clock has gone back.
fn remove_old(dir: &Path, newest: &str) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let name = name.to_str().unwrap_or_default();
        let day = name
            .strip_prefix("hazir.")
            .and_then(|rest| rest.strip_suffix(".log"));
        if name != newest && day.is_some_and(|day| day.parse::<Date>().is_ok()) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    let too_many = (names.len() + 1).saturating_sub(DAYS);
    for name in &names[..too_many] {
        fs::remove_file(dir.join(name))?;
    }
    Ok(())
}

fn name_of(day: Date) -> String {
    format!("hazir.{day}.log")
}

#[expect(
    clippy::disallowed_methods,
    reason = "each line goes to the file of its day"
)]
fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use jiff::ToSpan as _;
    use jiff::civil::date;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn each_day_has_its_file_and_the_last_fourteen_stay() {
        let dir = tempfile::tempdir().unwrap();
        for other in ["hazir.log", "hazir.2026-02-30.log", "serve.2026-01-01.log"] {
            fs::write(dir.path().join(other), "").unwrap();
        }
        let first = date(2026, 11, 20);
        let days = Days::open(dir.path(), first).unwrap();
        for day in 0..20 {
            days.write(first + day.days(), format!("line {day}\n").as_bytes());
        }
        let kept: Vec<String> = (6..20).map(|day| name_of(first + day.days())).collect();
        let mut expected = kept.clone();
        expected.extend(
            ["hazir.log", "hazir.2026-02-30.log", "serve.2026-01-01.log"].map(str::to_owned),
        );
        expected.sort();
        assert_eq!(names(dir.path()), expected);
        let newest = dir.path().join(&kept[13]);
        assert_eq!(fs::read_to_string(&newest).unwrap(), "line 19\n");
        assert_eq!(
            newest.metadata().unwrap().permissions().mode() & 0o777,
            FILE_MODE
        );
    }

    #[test]
    fn a_clock_that_goes_back_still_has_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let days = Days::open(dir.path(), date(2040, 1, 1)).unwrap();
        for day in 1..20 {
            days.write(date(2040, 1, 1) + day.days(), b"x");
        }
        days.write(date(1969, 12, 31), b"y");
        let back = dir.path().join("hazir.1969-12-31.log");
        assert_eq!(fs::read(back).unwrap(), b"y");
        assert_eq!(names(dir.path()).len(), DAYS);
    }

    #[test]
    fn the_old_file_goes_on_where_there_is_no_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let days = Days::open(dir.path(), date(2026, 11, 20)).unwrap();
        fs::create_dir(dir.path().join("hazir.2026-11-21.log")).unwrap();
        days.write(date(2026, 11, 21), b"late");
        let before = dir.path().join("hazir.2026-11-20.log");
        assert_eq!(fs::read(before).unwrap(), b"late");
    }
}
