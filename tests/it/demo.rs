//! `hazir demo` as a process of its own, without a terminal.

mod ends;
mod keys;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::office::Office;
use super::process::{Done, Process};
use super::pty::Terminal;
use super::smsc::SOON;

/// What a demo may take to end.
const TO_THE_END: Duration = Duration::from_secs(3);

/// What a demo says when it has begun and its signals are caught.
const READY: &str = "Other commands see it";

/// A home directory for demos.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::Builder::new().prefix("hz").tempdir();
        Self(home.expect("there is room for a directory"))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hazir"));
        command.args(args);
        for name in [
            "HAZIR_DATA",
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
            "XDG_CACHE_HOME",
        ] {
            command.env_remove(name);
        }
        command.env("HOME", self.0.path()).env("LC_ALL", "C.UTF-8");
        command
    }

    fn demo(&self, more: &[&str]) -> Process {
        let args = [&["demo", "--plain", "--people", "12"], more].concat();
        Process::start(&mut self.command(&args))
    }

    fn run(&self, args: &[&str]) -> Done {
        Process::start(&mut self.command(args)).finish(SOON)
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let done = self.run(args);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.err);
        let read = |line| serde_json::from_str(line).expect("an object a line");
        done.out.lines().map(read).collect()
    }

    /// Directories of demos.
    fn left(&self) -> Vec<PathBuf> {
        let cache = self.0.path().join(".cache/hazir");
        let entries = std::fs::read_dir(cache).expect("a demo made it");
        let paths = entries.map(|entry| entry.expect("it can be read").path());
        paths.filter(|path| path.is_dir()).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a demo lives in real time")]
fn clock() -> Instant {
    Instant::now()
}

fn moment(value: &Value) -> jiff::Timestamp {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a moment")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("our paths are text")
}

#[test]
fn a_demo_shows_arrivals_at_once_and_leaves_nothing() {
    let home = Home::new();
    let mut demo = home.demo(&["--seed", "7"]);
    assert!(demo.says(READY, SOON), "{}", demo.err());
    let dirs = home.left();
    assert!(demo.err().contains(text(&dirs[0])), "{}", demo.err());
    let ask = |what: &str| home.json(&["--data", text(&dirs[0]), what, "--json"]);
    // Each try is a process of its own, which takes its time.
    let first = (0..200).find_map(|_| {
        let feed = ask("feed");
        feed.into_iter().find(|line| line["outcome"] == "recorded")
    });
    let first = first.expect("somebody arrives");
    let bound_at = moment(&ask("link")[0]["since"]);
    let waited = moment(&first["received_at"]).duration_since(bound_at);
    assert!(waited.as_millis() < 1_000, "{waited:?}");
    let people = ask("people");
    assert_eq!(people.len(), 12);
    assert!(
        people.iter().any(|person| person["state"] == "in"),
        "{people:?}"
    );
    // The console of lines tells it, too.
    let name = first["name"]
        .as_str()
        .expect("whoever is recorded has a name");
    assert!(demo.prints(name, SOON), "{}", demo.out());

    let asked = clock();
    demo.signal(Signal::TERM);
    let status = demo.wait(TO_THE_END).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", demo.err());
    assert!(asked.elapsed() < TO_THE_END);
    assert_eq!(home.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_demo_in_a_terminal_opens_the_console_and_ends_with_it() {
    let home = Home::new();
    let demo = home.command(&["demo", "--seed", "7", "--people", "9"]);
    let mut window = Terminal::start(&demo, 80, 24);
    window.shows("DEMO");
    window.shows("● IN");
    assert_eq!(home.left().len(), 1);
    window.keys_until("q", " no");
    window.keys_while("y", "DEMO");
    window.ends_restored(0);
    assert_eq!(home.left(), Vec::<PathBuf>::new());
}

#[test]
fn every_signal_ends_a_demo_and_what_was_killed_is_swept_up() {
    let home = Home::new();
    let mut killed = home.demo(&[]);
    assert!(killed.says(READY, SOON), "{}", killed.err());
    killed.kill();
    let left = home.left();
    assert_eq!(left.len(), 1);
    let mut first = home.demo(&[]);
    assert!(first.says(READY, SOON), "{}", first.err());
    let mut second = home.demo(&[]);
    assert!(second.says(READY, SOON), "{}", second.err());
    // One that runs is left alone.
    let running = home.left();
    assert!(
        running.len() == 2 && !running.contains(&left[0]),
        "{running:?}"
    );
    for (demo, signal, code) in [(first, Signal::INT, 0), (second, Signal::HUP, 129)] {
        demo.signal(signal);
        let done = demo.finish(TO_THE_END);
        assert_eq!(done.code, Some(code), "{}", done.err);
    }
    assert_eq!(home.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_demo_ends_when_nobody_reads_it() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = home.command(&["demo", "--plain", "--people", "3"]);
    let demo = Process::start_as_it_is(command.stdout(writer).stderr(Stdio::piped()));
    drop(command);
    drop(reader);
    assert_eq!(demo.finish(SOON).code, Some(0));
    assert_eq!(home.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_named_directory_stays_and_a_real_desk_is_left_alone() {
    let home = Home::new();
    let dir = home.0.path().join("show");
    let mut demo = home.demo(&["--data", text(&dir)]);
    assert!(demo.says(READY, SOON), "{}", demo.err());
    let second = home.demo(&["--data", text(&dir)]).finish(SOON);
    assert_eq!(second.code, Some(4), "{}", second.err);
    demo.signal(Signal::TERM);
    assert_eq!(demo.finish(TO_THE_END).code, Some(0));
    let people = home.run(&["--data", text(&dir), "people", "--json"]);
    assert_eq!(people.out.lines().count(), 12, "{}", people.err);

    let desk = home.0.path().join("desk");
    let init = ["init", "--non-interactive", "--data", text(&desk)];
    assert_eq!(home.run(&init).code, Some(0));
    let done = home.demo(&["--data", text(&desk)]).finish(SOON);
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(desk.join("hazir.toml").exists());
    let mut demo = Process::start(
        home.command(&["demo", "--plain", "--people", "1"])
            .env("HAZIR_DATA", &desk),
    );
    assert!(demo.says(READY, SOON), "{}", demo.err());
}

#[test]
fn another_desk_binds_to_the_gateway_of_a_demo() {
    let home = Home::new();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    let busy = ["demo", "--gateway-port", &port];
    let done = home.run(&busy);
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert!(done.err.contains(&port), "{}", done.err);
    drop(free);

    let mut demo = Process::start(&mut home.command(&[&busy[..], &["--people", "4"]].concat()));
    assert!(demo.says("hazir serve", SOON), "{}", demo.err());
    let office = Office::open();
    office.configure(&demo.out());
    let script = home.left()[0].join("enrol.sh");
    let mut enrol = Command::new("sh");
    enrol.arg(script).arg("--data").arg(&office.data);
    office.clean(&mut enrol);
    let enrolled = Process::start(&mut enrol).finish(SOON);
    assert_eq!(enrolled.code, Some(0), "{}", enrolled.err);
    let engine = office.serve();
    office.json_until(&["people"], |people| {
        people.len() == 4 && people.iter().any(|person| person["state"] == "in")
    });
    demo.signal(Signal::TERM);
    assert_eq!(demo.finish(TO_THE_END).code, Some(0));
    assert_eq!(home.left(), Vec::<PathBuf>::new());
    super::office::stop(engine);
}
