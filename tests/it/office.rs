//! A desk in a directory of its own, driven through the real binary as a script would.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;
use tempfile::TempDir;

use super::pdu::{Address, Submitted};
use super::phone::{Heard, Phone, unhex};
use super::process::{Done, Process};
use super::smsc::{DESK, SOON, Seen, Sms, Smsc};

/// A desk.
#[derive(Debug)]
pub(crate) struct Office {
    /// Its gateway.
    pub(crate) smsc: Smsc,
    /// Its directory.
    pub(crate) data: PathBuf,
    home: TempDir,
}

impl Office {
    /// A new desk as `hazir init` makes it, for a gateway of its own.
    pub(crate) fn open() -> Self {
        let office = Self::bare();
        let port = office.smsc.port();
        let done = office.init(port, &["--no-check"]);
        assert_eq!(done.code, Some(0), "init: {}{}", done.out, done.err);
        office
    }

    /// A new desk without limits of pace and budget, whose gateway is tried again soon.
    pub(crate) fn open_fast() -> Self {
        let office = Self::open();
        office.configure(&fast_configuration(office.smsc.port()));
        office
    }

    /// A gateway and an empty directory.
    pub(crate) fn bare() -> Self {
        let home = tempfile::Builder::new()
            .prefix("hz")
            .tempdir()
            .expect("there is room for a directory");
        Self {
            smsc: Smsc::start(),
            data: home.path().join("desk"),
            home,
        }
    }

    /// Runs `hazir init` with all flags, for a gateway at `port`.
    pub(crate) fn init(&self, port: u16, more: &[&str]) -> Done {
        let port = port.to_string();
        let mut args = vec!["init", "--non-interactive", "--name", "Head office"];
        args.extend(["--time-zone", "Asia/Tehran", "--country", "IR"]);
        args.extend(["--gateway-name", "reception", "--host", "127.0.0.1"]);
        args.extend(["--port", &port, "--system-id", "smppuser"]);
        args.extend(["--password", "secret", "--source-address", DESK]);
        args.extend(more);
        self.run(&args)
    }

    /// Replaces the configuration.
    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.data.join("hazir.toml"), text).expect("the directory can be written");
    }

    /// The command line with this desk's directory, in an environment without traces of others.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hazir"));
        command.args(args).arg("--data").arg(&self.data);
        self.clean(&mut command);
        command
    }

    /// Takes away what the environment could add.
    pub(crate) fn clean(&self, command: &mut Command) {
        for name in ["HAZIR_DATA", "NOTIFY_SOCKET", "WATCHDOG_USEC", "RUST_LOG"] {
            command.env_remove(name);
        }
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.home.path())
            .env("LC_ALL", "C.UTF-8");
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        Process::start(&mut self.command(args)).finish(SOON)
    }

    /// Runs a command that has to succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Done {
        let done = self.run(args);
        assert_eq!(done.code, Some(0), "{args:?}: {}{}", done.out, done.err);
        done
    }

    /// Runs a command with `--json` that has to succeed: one object a line.
    pub(crate) fn json(&self, args: &[&str]) -> Vec<Value> {
        let args = [args, &["--json"]].concat();
        let lines = self.ok(&args).out;
        let read = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        lines.lines().map(read).collect()
    }

    /// Runs a query until its lines are as wanted.
    pub(crate) fn json_until(
        &self,
        args: &[&str],
        wanted: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        // Each try is a process of its own, which takes its time.
        for _ in 0..200 {
            let lines = self.json(args);
            if wanted(&lines) {
                return lines;
            }
        }
        panic!("{args:?} does not get there: {:#?}", self.json(args));
    }

    /// Adds an employee: the number of the card.
    pub(crate) fn employ(&self, name: &str, phone: &str, more: &[&str]) -> u64 {
        let args = [&["employee", "add", "--name", name, "--phone", phone], more].concat();
        let card = self.json(&args).remove(0);
        assert_eq!(card["name"], name);
        card["id"].as_u64().expect("a card has a number")
    }

    /// Enrols a phone for an employee.
    pub(crate) fn enrol(&self, employee: u64, number: &str) -> Phone {
        let enrolled = self
            .json(&["device", "enrol", &employee.to_string()])
            .remove(0);
        assert_eq!(enrolled["employee"], employee);
        let device = u32::try_from(enrolled["device"].as_u64().expect("a number")).expect("u32");
        let root = unhex(enrolled["root_key"].as_str().expect("a text"));
        let key_text = enrolled["key_text"].as_str().expect("a text");
        assert!(
            key_text.starts_with("HZK.") && key_text.ends_with(DESK),
            "{key_text}"
        );
        Phone::new(device, &root.try_into().expect("32 octets"), number)
    }

    /// So many employees with a phone each.
    pub(crate) fn staff(&self, count: u32) -> Vec<Phone> {
        self.staff_from(1, count)
    }

    /// So many more employees with a phone each, from this number on.
    pub(crate) fn staff_from(&self, first: u32, count: u32) -> Vec<Phone> {
        let hire = |n| {
            let number = format!("+98912000{n:04}");
            let employee = self.employ(&format!("Employee {n}"), &number, &[]);
            self.enrol(employee, &number)
        };
        (first..first + count).map(hire).collect()
    }

    /// Starts the engine and waits until it is ready.
    pub(crate) fn serve(&self) -> Process {
        let mut engine = self.start();
        assert!(engine.says("ready:", SOON), "not ready: {}", engine.err());
        engine
    }

    /// Starts the engine.
    pub(crate) fn start(&self) -> Process {
        Process::start(&mut self.command(&["serve"]))
    }

    /// Sends a text from a phone's number and waits for the answer to deliver_sm.
    pub(crate) fn send(&self, phone: &Phone, text: &str) {
        let sms = Sms::text(Address::number(&phone.number), text);
        assert_eq!(
            self.smsc.deliver_and_wait(sms),
            0,
            "deliver_sm_resp of '{text}'"
        );
    }

    /// Sends a check-in of now and waits until the phone holds its receipt.
    pub(crate) fn check_in(&self, phone: &mut Phone, action: u8) {
        let message = phone.check_in(action, now(), "");
        let from = self.smsc.read(|s| s.submitted.len());
        self.send(phone, &message.text);
        assert_eq!(
            self.next_heard(phone, from),
            Heard::Receipt(message.counter)
        );
    }

    /// Waits for the next answer to a phone among what was submitted after the first `from`.
    pub(crate) fn next_heard(&self, phone: &mut Phone, from: usize) -> Heard {
        let number = phone.number.clone();
        let mine = |sms: &&Submitted| sms.to.text() == number;
        let next = self.smsc.wait(SOON, |s| {
            s.submitted[from..].iter().find(mine).map(Submitted::text)
        });
        let text = next.unwrap_or_else(|| panic!("no answer to {}", phone.number));
        phone.hear(&text)
    }

    /// The number of the process that listens at the desk's socket.
    pub(crate) fn engine_pid(&self) -> Pid {
        let socket = UnixStream::connect(self.data.join("hazir.sock")).expect("an engine runs");
        let peer = rustix::net::sockopt::socket_peercred(&socket);
        peer.expect("a unix socket has a peer").pid
    }

    /// Waits until the engine knows that it is bound; the gateway knows it a moment earlier.
    pub(crate) fn wait_linked(&self) {
        self.json_until(&["link"], |links| {
            links.iter().all(|link| link["state"] == "bound")
        });
    }

    /// Ends an engine that is bound, in order; gives back what it said.
    pub(crate) fn stop(&self, engine: Process) -> Done {
        self.wait_linked();
        let done = stop(engine);
        assert!(self.smsc.read(|s| s.count(&Seen::Unbind)) > 0, "no unbind");
        self.smsc.assert_no_faults();
        done
    }
}

/// Ends an engine in order, bound or not; gives back what it said.
pub(crate) fn stop(engine: Process) -> Done {
    engine.signal(Signal::TERM);
    let done = engine.finish(SOON);
    assert_eq!(done.code, Some(0), "serve: {}", done.err);
    assert!(!done.err.contains("panicked"), "{}", done.err);
    done
}

/// A configuration without limits of pace and budget, and with short pauses after a temporary refusal.
pub(crate) fn fast_configuration(port: u16) -> String {
    format!(
        r#"[site]
name = "Head office"
time_zone = "Asia/Tehran"
country = "IR"

[[gateway]]
name = "reception"
host = "127.0.0.1"
port = {port}
system_id = "smppuser"
password = "secret"
source_address = "{DESK}"
max_per_second = 0
max_per_30_min = 0

[receipts]
retry_after_s = [1, 2, 5]
repeats_per_device_per_day = 10000
attendance_per_device_per_day = 10000
"#
    )
}

/// Seconds since the Unix epoch.
#[expect(
    clippy::disallowed_methods,
    reason = "phones and gateway of these tests live in real time"
)]
pub(crate) fn now() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.unwrap_or(Duration::ZERO).as_secs();
    u32::try_from(seconds).expect("it is before 2106")
}

/// Ends a process that is nobody's child, and waits until it is gone.
pub(crate) fn end(pid: Pid) {
    let process = pidfd_open(pid, PidfdFlags::empty()).expect("it runs");
    kill_process(pid, Signal::TERM).expect("it is of the same user");
    let mut fds = [PollFd::new(&process, PollFlags::IN)];
    let five_seconds = Timespec {
        tv_sec: 5,
        tv_nsec: 0,
    };
    let ended = poll(&mut fds, Some(&five_seconds));
    assert_eq!(ended, Ok(1), "process {pid:?} does not end");
}
