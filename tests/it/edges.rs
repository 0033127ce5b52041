//! The edges of the real binary: start, end, files, signals, pipes that break, and who may do what.

use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hazir::store::RedbStore;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::office::{Office, fast_configuration, now, stop};
use super::process::{Done, Process};
use super::smsc::SOON;

/// Nobody, on every Linux.
const NOBODY: u32 = 65_534;
/// The group of root: nobody is not in it.
const NOT_OURS: &str = "root";
/// As `SOON`, in seconds.
const PATIENCE_S: u32 = 20;

fn assert_failed(done: &Done, code: i32, word: &str) {
    assert_eq!(done.code, Some(code), "{}{}", done.out, done.err);
    assert!(done.err.contains(word), "'{word}' is not in: {}", done.err);
    assert!(!done.err.contains("panicked"), "{}", done.err);
}

/// The signals that a process has handlers for, as bits.
fn caught(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(caught.expect("Linux says so").trim(), 16).expect("it is a mask")
}

fn catches(pid: u32, signal: Signal) -> bool {
    caught(pid) >> (signal.as_raw() - 1) & 1 == 1
}

/// Looks at what nobody tells of until it is so.
pub(crate) fn look_until(what: &str, mut is: impl FnMut() -> bool) {
    let until = now() + PATIENCE_S;
    while !is() {
        assert!(now() < until, "it does not come: {what}");
        std::thread::yield_now();
    }
}

/// All files and directories below `dir`.
fn below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            let inner = if path.is_dir() { below(&path) } else { vec![] };
            inner.into_iter().chain([path])
        })
        .collect()
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The command line as a user without rights: this user, or nobody where this is root.
pub(crate) fn as_nobody(office: &Office, args: &[&str]) -> Command {
    let command = office.command(args);
    if !rustix::process::geteuid().is_root() {
        return command;
    }
    let home = office.data.parent().expect("it is in a directory");
    let program = home.join("hazir");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_hazir"), &program).unwrap();
    }
    for path in below(home).iter().map(PathBuf::as_path).chain([home]) {
        std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut theirs = Command::new(program);
    theirs.args(command.get_args());
    office.clean(&mut theirs);
    theirs.uid(NOBODY).gid(NOBODY);
    theirs
}

#[test]
fn an_engine_that_waits_for_the_store_can_be_stopped() {
    let office = Office::open();
    let first = office.serve();
    let mut second = office.start();
    let pid = second.id();
    look_until("both signals are caught", || {
        catches(pid, Signal::TERM) && catches(pid, Signal::HUP)
    });
    second.signal(Signal::HUP);
    assert_eq!(second.wait(Duration::from_millis(300)), None);
    second.signal(Signal::TERM);
    let done = second.finish(Duration::from_secs(2));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    office.smsc.wait_bound(1);
    office.stop(first);
}

#[test]
fn what_an_engine_makes_is_its_owners_alone() {
    let office = Office::open();
    fs::remove_dir_all(office.data.join("log")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0; exec \"$@\"", "sh"]);
    let serve = office.command(&["serve"]);
    command.arg(serve.get_program()).args(serve.get_args());
    office.clean(&mut command);
    let mut engine = Process::start(&mut command);
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    assert!(engine.err().starts_with("ready:"), "{}", engine.err());
    let made = below(&office.data);
    assert!(
        made.iter()
            .any(|path| path.starts_with(office.data.join("log")))
    );
    for path in made {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    let pid = engine.id();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{words:?}");
    stop(engine);
}

#[test]
fn no_other_process_of_the_user_reads_the_memory_of_an_engine() {
    let office = Office::open();
    let mut engine = Process::start(&mut as_nobody(&office, &["serve"]));
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    // What may not be dumped belongs to root.
    let owner = fs::metadata(format!("/proc/{}/mem", engine.id()))
        .unwrap()
        .uid();
    assert_eq!(owner, 0);
    stop(engine);
}

#[test]
fn a_full_disk_under_the_log_stops_nothing_where_nobody_reads_stderr_either() {
    let office = Office::open();
    let mut phone = office.staff(1).remove(0);
    // Today and tomorrow, if it is that late.
    for day in 0..2 {
        let today = jiff::Timestamp::from_second(now().into()).unwrap();
        let day =
            (today + jiff::SignedDuration::from_hours(24 * day)).to_zoned(jiff::tz::TimeZone::UTC);
        let name = format!("log/hazir.{}.log", day.date());
        std::os::unix::fs::symlink("/dev/full", office.data.join(name)).unwrap();
    }
    let mut serve = office.command(&["serve"]);
    let (reader, writer) = std::io::pipe().unwrap();
    let engine = Process::start_as_it_is(serve.stdout(Stdio::null()).stderr(writer));
    // The command holds the pipe open, too.
    drop(serve);
    let mut stderr = BufReader::new(reader);
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("ready:"), "{line}");
    drop(stderr);
    engine.signal(Signal::HUP);
    office.check_in(&mut phone, 1);
    office.smsc.drop_link();
    office.smsc.wait_bound(2);
    office.check_in(&mut phone, 2);
    stop(engine);
}

#[test]
fn an_engine_without_a_log_says_so_and_runs() {
    let office = Office::open();
    fs::remove_dir_all(office.data.join("log")).unwrap();
    fs::write(office.data.join("log"), "").unwrap();
    let engine = office.serve();
    assert!(
        engine.err().contains("/log' cannot be written"),
        "{}",
        engine.err()
    );
    office.smsc.wait_bound(1);
    office.stop(engine);
}

#[test]
fn a_follower_says_that_the_engine_stopped() {
    for (signal, code) in [(Signal::TERM, Some(0)), (Signal::KILL, None)] {
        let office = Office::open();
        office.employ("Ayşe Kaya", "+989120000001", &[]);
        office.ok(&["mark", "1", "in", "--reason", "first"]);
        let mut engine = office.serve();
        let mut follower = Process::start(&mut office.command(&["feed", "--follow", "--json"]));
        assert!(follower.prints("first", SOON), "{}", follower.err());
        office.ok(&["mark", "1", "out", "--reason", "second"]);
        assert!(follower.prints("second", SOON), "{}", follower.err());
        engine.signal(signal);
        assert_eq!(engine.wait(SOON).unwrap().code(), code);
        let done = follower.finish(SOON);
        assert_failed(&done, 4, "stopped");
        assert_eq!(done.out.lines().count(), 2);
    }
}

#[test]
fn a_follower_that_was_dropped_by_a_running_engine_comes_back() {
    let office = Office::open();
    office.employ("Ayşe Kaya", "+989120000001", &[]);
    office.ok(&["mark", "1", "in", "--reason", "first"]);
    let engine = office.serve();
    let (path, real) = (
        office.data.join("hazir.sock"),
        office.data.join("real.sock"),
    );
    fs::rename(&path, &real).unwrap();
    let door = UnixListener::bind(&path).unwrap();
    let (let_in, came) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for console in door.incoming() {
            let console = console.unwrap();
            let Ok(engine) = UnixStream::connect(&real) else {
                return;
            };
            for (from, to) in [(&console, &engine), (&engine, &console)] {
                let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                std::thread::spawn(move || {
                    // Either may hang up.
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
            // The test may be over.
            let _ = let_in.send(console);
        }
    });
    let mut follower = Process::start(&mut office.command(&["feed", "--follow", "--json"]));
    assert!(follower.prints("first", SOON), "{}", follower.err());
    came.recv_timeout(SOON)
        .unwrap()
        .shutdown(Shutdown::Both)
        .unwrap();
    // It is back already, or the mark comes first: it prints it once in both cases.
    office.ok(&["mark", "1", "out", "--reason", "second"]);
    assert!(follower.prints("second", SOON), "{}", follower.err());
    office.ok(&["mark", "1", "in", "--reason", "third"]);
    assert!(follower.prints("third", SOON), "{}", follower.err());
    stop(engine);
    let done = follower.finish(SOON);
    assert_failed(&done, 4, "stopped");
    assert_eq!(done.out.lines().count(), 3, "{}", done.out);
}

#[test]
fn a_follower_ends_with_its_reader_and_by_every_signal() {
    let office = Office::open();
    office.employ("Ayşe Kaya", "+989120000001", &[]);
    office.ok(&["mark", "1", "in", "--reason", "first"]);
    let engine = office.serve();
    let follow = |out: Stdio| {
        let mut command = office.command(&["feed", "--follow", "--json"]);
        Process::start_as_it_is(command.stdout(out).stderr(Stdio::piped()))
    };
    let (reader, writer) = std::io::pipe().unwrap();
    let follower = follow(writer.into());
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains("first"), "{line}");
    drop(reader);
    // Nothing more comes to be printed.
    let done = follower.finish(SOON);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));

    let file = office.data.join("out");
    let mut follower = follow(File::create(&file).unwrap().into());
    let holds = |word: &str| fs::read_to_string(&file).unwrap().contains(word);
    look_until("the first line", || holds("first"));
    office.ok(&["mark", "1", "out", "--reason", "second"]);
    look_until("the second line", || holds("second"));
    // Caught, they would wait behind a pipe that is full.
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        assert!(!catches(follower.id(), signal), "{signal:?}");
    }
    follower.signal(Signal::TERM);
    let ended = follower.wait(SOON).expect("it ends");
    assert_eq!(ended.signal(), Some(Signal::TERM.as_raw()));
    stop(engine);
}

#[test]
fn a_command_that_meets_an_ending_engine_does_its_work_itself() {
    let office = Office::open();
    let path = office.data.join("hazir.sock");
    let ending = UnixListener::bind(&path).unwrap();
    let engine = std::thread::spawn(move || {
        let met = ending.accept().unwrap();
        fs::remove_file(&path).unwrap();
        drop((ending, met));
    });
    office.employ("Ayşe Kaya", "+989120000001", &[]);
    engine.join().unwrap();
}

#[test]
fn a_command_waits_for_a_store_that_is_in_use() {
    let office = Office::open();
    office.employ("Ayşe Kaya", "+989120000001", &[]);
    let other = RedbStore::open(&office.data.join("hazir.redb")).unwrap();
    let start = || Process::start(&mut office.command(&["people"]));
    assert_failed(&start().finish(Duration::from_secs(9)), 4, "in use");
    let mut waits = start();
    assert_eq!(waits.wait(Duration::from_millis(500)), None);
    drop(other);
    let done = waits.finish(Duration::from_secs(4));
    assert_eq!(done.code, Some(0), "{}", done.err);
}

#[test]
fn an_engine_that_lets_nobody_in_is_busy() {
    let office = Office::open();
    let _full = UnixListener::bind(office.data.join("hazir.sock")).unwrap();
    assert_failed(&office.run(&["people"]), 75, "try again");
}

#[test]
fn faults_around_the_group_of_the_socket_are_named() {
    let office = Office::open();
    let set = |group: &str| ["--set".to_owned(), format!("site.socket_group={group}")];
    let [flag, nobodys] = set("no-such-group");
    for command in [&["serve"][..], &["config", "check"]] {
        let done = office.run(&[command, &[&flag, &nobodys]].concat());
        assert_failed(&done, 3, "no-such-group");
    }
    // Commands have no use for it.
    assert_eq!(office.run(&["people", &flag, &nobodys]).code, Some(0));

    let ours = nix::unistd::Group::from_gid(nix::unistd::getegid()).unwrap();
    let [_, ours] = set(&ours.expect("a group has a name").name);
    let serve = || Process::start(&mut office.command(&["serve", &flag, &ours]));
    let mut engine = serve();
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    let said = engine.err();
    for word in ["chgrp", "chmod 710", "chmod 640"] {
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(mode(&office.data.join("hazir.sock")) & 0o777, 0o660);
    stop(engine);
    set_mode(&office.data, 0o710);
    set_mode(&office.data.join("hazir.toml"), 0o640);
    let mut engine = serve();
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    assert!(!engine.err().contains("chgrp"), "{}", engine.err());
    stop(engine);

    let [_, theirs] = set(NOT_OURS);
    let done = Process::start(&mut as_nobody(&office, &["serve", &flag, &theirs])).finish(SOON);
    assert_failed(&done, 8, "usermod");
}

#[test]
fn a_password_in_the_configuration_is_to_be_moved_before_a_group_reads_it() {
    let office = Office::open();
    office.configure(&fast_configuration(office.smsc.port()));
    let ours = nix::unistd::Group::from_gid(nix::unistd::getegid()).unwrap();
    let set = format!(
        "site.socket_group={}",
        ours.expect("a group has a name").name
    );
    let mut engine = Process::start(&mut office.command(&["serve", "--set", &set]));
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    assert!(engine.err().contains("password_file"), "{}", engine.err());
    stop(engine);
}

#[test]
fn what_may_not_be_used_ends_with_8() {
    let office = Office::open();
    let store = office.data.join("hazir.redb");
    office.employ("Ayşe Kaya", "+989120000001", &[]);
    for (path, mode) in [
        (store, 0o000),
        (office.data.join("hazir.toml"), 0o000),
        (office.data.join("keys/store.key"), 0o000),
        (office.data.clone(), 0o000),
    ] {
        let before = self::mode(&path);
        for command in ["serve", "people"] {
            let mut command = as_nobody(&office, &[command]);
            set_mode(&path, mode);
            let done = Process::start(&mut command).finish(SOON);
            set_mode(&path, before);
            assert_failed(&done, 8, "ermission");
        }
    }
}

#[test]
fn names_of_desks_that_cannot_be_are_faults_of_the_command_line() {
    let office = Office::open();
    let engine = office.serve();
    let long = "x".repeat(65);
    for name in [&*long, "two\nlines"] {
        let done = office.run(&["people", "--desk", name]);
        assert_failed(&done, 2, "--desk");
    }
    stop(engine);
}

#[test]
fn a_signal_at_the_question_for_a_password_gives_the_terminal_back() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let office = Office::bare();
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let user = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let shows = || {
            tcgetattr(&user)
                .unwrap()
                .local_modes
                .contains(LocalModes::ECHO)
        };
        let mut init = office.command(&["init", "--host", "127.0.0.1"]);
        let io = || Stdio::from(user.try_clone().unwrap());
        let init = Process::start_as_it_is(init.stdin(io()).stdout(io()).stderr(io()));
        assert!(shows());
        // Name, zone, country, name of the gateway, port, system id.
        File::from(terminal.try_clone().unwrap())
            .write_all(&[b'\n'; 6])
            .unwrap();
        look_until("the password is not shown", || !shows());
        init.signal(signal);
        assert_eq!(init.finish(SOON).code, Some(code));
        assert!(shows(), "{signal:?}");
        assert!(!office.data.exists());
    }
}

#[test]
fn the_service_manager_hears_of_ready_life_and_end() {
    let office = Office::open();
    let path = office.data.parent().unwrap().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(SOON)).unwrap();
    let mut command = office.command(&["serve"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "400000");
    let engine = Process::start(&mut command);
    let hear = || {
        let mut octets = [0; 256];
        let length = manager.recv(&mut octets).expect("it says something");
        String::from_utf8(octets[..length].to_vec())
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(hear(), "READY=1");
    for _ in 0..3 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
    office.smsc.wait_bound(1);
    engine.signal(Signal::TERM);
    look_until("the end", || hear() == "STOPPING=1");
    assert_eq!(engine.finish(SOON).code, Some(0));
}

#[test]
fn a_reason_is_one_line_that_a_table_can_hold() {
    let office = Office::open();
    office.employ("Employee 1", "+989120000001", &[]);
    for reason in ["x".repeat(281), "two\nlines".to_owned()] {
        let done = office.run(&["mark", "1", "in", "--reason", &reason]);
        assert_eq!(done.code, Some(1), "{}{}", done.out, done.err);
        assert!(done.err.contains("280"), "{}", done.err);
    }
    office.ok(&["mark", "1", "in", "--reason", &"x".repeat(280)]);
    assert_eq!(office.json(&["feed"]).len(), 1);
}
