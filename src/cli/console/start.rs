use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::super::place::Place;

/// A reception that was started and has not been heard of yet.
#[derive(Debug)]
pub struct Starting {
    child: Child,
}

impl Starting {
    /// Starts `hazir serve` on the desk in `place`, in a session of its own: it outlives this window and its terminal.
    /// What it says goes to `log/serve-output.log`.
    ///
    /// # Errors
    /// Where the program or the file cannot be opened.
    pub fn start(place: &Place, given: &[String]) -> io::Result<Self> {
        let log = place.log();
        std::fs::create_dir_all(&log)?;
        let said = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
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
        Ok(Self { child })
    }

    /// How it ended, where it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

/// Where what a detached reception says goes, in the directory of logs.
pub const OUTPUT: &str = "serve-output.log";
