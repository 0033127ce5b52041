use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::process::{Child, Command, Stdio};

use super::super::files::{DIR_MODE, FILE_MODE};
use super::super::place::Place;

/// A reception that was started and has not been heard of yet.
#[derive(Debug)]
pub struct Starting {
    child: Child,
    is_heard: bool,
}

/// How a reception that was started ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Before it was heard of, with this code; `None` by a signal.
    Failed(Option<i32>),
    /// After it had run.
    Over,
}

impl Starting {
    /// Starts `hazir serve` on the desk in `place`, in a session of its own: it outlives this window and its terminal.
    /// What it says goes to `log/serve-output.log`.
    ///
    /// # Errors
    /// Where the program or the file cannot be opened.
    pub fn start(place: &Place, given: &[String]) -> io::Result<Self> {
        let log = place.log();
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(&log)?;
        let said = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(log.join(OUTPUT))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--data").arg(place.dir());
        for set in given {
            command.arg("--set").arg(set);
        }
        let child = command
            .args(["serve", "--detach"])
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()?;
        Ok(Self {
            child,
            is_heard: false,
        })
    }

    /// It runs: this window is connected to it.
    pub const fn is_heard(&mut self) {
        self.is_heard = true;
    }

    /// How it ended, where it did. To be asked as long as it runs, so that nothing of it stays in the system.
    pub fn ended(&mut self) -> Option<Ended> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(if self.is_heard {
            Ended::Over
        } else {
            Ended::Failed(status.code())
        })
    }
}

/// The last fault that a reception said with its causes, at most [`LINE`] octets; empty where it said nothing.
pub fn last_words(place: &Place) -> String {
    let said = File::open(place.log().join(OUTPUT)).and_then(|mut file| {
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(end.saturating_sub(LINE)))?;
        let mut said = Vec::new();
        file.take(LINE).read_to_end(&mut said)?;
        Ok(said)
    });
    let said = said.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    last_fault(&said)
}

/// The last line that is not indented, and after it the indented ones, which say why.
fn last_fault(said: &str) -> String {
    let mut last = Vec::new();
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        if !line.starts_with(' ') {
            last.clear();
        }
        last.push(line.trim());
    }
    last.join(" ")
}

/// How much of what was said is looked at.
const LINE: u64 = 1_024;

/// Where what a detached reception says goes, in the directory of logs.
pub const OUTPUT: &str = "serve-output.log";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_said_before_its_causes() {
        for (said, last) in [
            ("", ""),
            (
                "ready: 1 gateway, 1 employee\n",
                "ready: 1 gateway, 1 employee",
            ),
            (
                "old\n'f' cannot be read.\n  because: it is not there\n\n",
                "'f' cannot be read. because: it is not there",
            ),
            ("  because: cut off", "because: cut off"),
        ] {
            assert_eq!(last_fault(said), last);
        }
    }
}
