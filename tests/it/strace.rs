//! strace as the hand that stops the real binary at a system call, or fails one: nothing of it is in the binary.
//!
//! Needs Debian's `strace` and the right to trace, which root has. `HAZIR_REQUIRE_PEERS=1` makes it a failure where it is
//! not there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::process::Process;

/// Why strace cannot be had; nothing where it can.
pub(crate) fn missing_strace() -> Option<&'static str> {
    static MISSING: OnceLock<Option<&'static str>> = OnceLock::new();
    *MISSING.get_or_init(|| {
        let mut command = Command::new("strace");
        command.args(["-qq", "-o", "/dev/null", "true"]);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        match status {
            Err(_) => Some("strace is not there"),
            Ok(status) if !status.success() => Some("nothing may be traced here"),
            // The engine hides its memory, so that only root may attach to it.
            Ok(_) if !rustix::process::geteuid().is_root() => Some("only root may trace an engine"),
            Ok(_) => None,
        }
    })
}

/// A trap that a running program walks into: SIGKILL as it enters a system call, which then does nothing any more.
#[derive(Debug)]
pub(crate) struct Trap {
    strace: Process,
    log: PathBuf,
}

impl Trap {
    /// Lays a trap for `engine` at the first of `calls`, a list of strace's, that it makes from now on. What `traced` names
    /// is noted in `log`, too.
    pub(crate) fn lay(engine: u32, calls: &str, traced: &str, log: &Path) -> Self {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-o"])
            .arg(log)
            .args(["-e", &format!("trace={traced},{calls}")])
            .args(["-e", &format!("inject={calls}:signal=KILL:when=1")])
            .args(["-p", &engine.to_string()]);
        let mut strace = Process::start(&mut command);
        let is_laid = strace.says("attached", Duration::from_secs(20));
        assert!(is_laid, "{}", strace.err());
        Self {
            strace,
            log: log.to_owned(),
        }
    }

    /// What the program did up to its end in the trap, one call a line.
    pub(crate) fn sprung(mut self) -> Vec<Call> {
        let ended = self.strace.wait(Duration::from_secs(20));
        assert!(ended.is_some(), "strace stays: {}", self.strace.err());
        read_calls(&std::fs::read_to_string(&self.log).expect("strace wrote it"))
    }
}

/// A system call that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its name.
    pub(crate) name: String,
    /// What it gave back.
    pub(crate) result: i64,
}

/// Reads strace's log. A call that another thread's call stands in the middle of is written in two lines, of which the
/// second has the result.
fn read_calls(log: &str) -> Vec<Call> {
    let call = |line: &str| {
        let (_, rest) = line.split_once(' ')?;
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("<... ").unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (_, result) = rest.rsplit_once(" = ")?;
        let result = result.split(' ').next()?.parse().ok()?;
        let name = rest[..end].to_owned();
        Some(Call { name, result })
    };
    log.lines().filter_map(call).collect()
}

/// `command` with its system calls tampered with, by what strace's `-e inject=` takes; what was tampered with stands in
/// `log` as INJECTED. It stays the child of whoever starts it: strace runs beside it, and ends with it.
pub(crate) fn tampered(command: &Command, inject: &str, log: &Path) -> Command {
    let mut under = Command::new("strace");
    let calls = inject.split(':').next().unwrap_or(inject);
    under
        .args(["-D", "-qq", "-f", "--seccomp-bpf", "-o"])
        .arg(log)
        .args(["-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={inject}")])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => under.env(name, value),
            None => under.env_remove(name),
        };
    }
    under
}

#[test]
fn calls_are_read_out_of_a_log() {
    let log = "7 recvfrom(9, \"a = 1\", 16, 0, NULL, NULL) = 120\n\
               8 fdatasync(5 <unfinished ...>\n\
               7 sendto(9, \"b\", 1, MSG_NOSIGNAL, NULL, 0 <unfinished ...>\n\
               8 <... fdatasync resumed>) = 0\n\
               7 recvfrom(9, 0x1, 16, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)\n\
               7 <... sendto resumed>) = ?\n\
               7 +++ killed by SIGKILL +++\n";
    let calls = read_calls(log);
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (&*call.name, call.result))
        .collect();
    assert_eq!(
        seen,
        [("recvfrom", 120), ("fdatasync", 0), ("recvfrom", -1)]
    );
}
