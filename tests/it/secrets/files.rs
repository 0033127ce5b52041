//! Files, directories and the socket have their final mode from their first moment: strace tells how each was made, while the
//! umask that they are made under forbids nothing.
//!
//! Needs strace. `HAZIR_REQUIRE_PEERS=1` makes it a failure where it is not there.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::lacking::have;
use super::super::office::{Office, end};
use super::super::process::Process;
use super::super::pty::Terminal;
use super::super::smsc::{DESK, SOON};

/// What makes something or changes a mode, on whatever machine: not each has all of them.
const CALLS: &str = "trace=umask,?open,openat,?creat,?mkdir,mkdirat,?mknod,mknodat,bind,?chmod,\
    fchmod,fchmodat,?fchmodat2";
const OF_OTHERS: u32 = 0o077;

fn missing_strace() -> Option<&'static str> {
    let found = Command::new("strace").arg("-V").output();
    let works = found.is_ok_and(|done| done.status.success());
    (!works).then_some("strace is not there")
}

/// The command line under strace, with an umask that forbids nothing.
fn traced(office: &Office, args: &[&str], notes: &Path) -> Command {
    let command = office.command(args);
    let mut traced = Command::new("sh");
    traced.args(["-c", "umask 0; exec \"$@\"", "sh", "strace"]);
    traced.args(["-f", "-qq", "-y", "-e", CALLS, "-o"]);
    traced.arg(notes).arg(command.get_program());
    traced.args(command.get_args());
    office.clean(&mut traced);
    traced
}

/// The octal number after `before` in a line.
fn octal(line: &str, before: &str) -> Option<u32> {
    let (_, rest) = line.rsplit_once(before)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    u32::from_str_radix(&digits, 8).ok()
}

/// What each call that made something in `dir`, or changed its mode, gave to others than the owner.
fn openings(notes: &str, dir: &str) -> Vec<String> {
    let mut umasks: BTreeMap<&str, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in notes.lines().filter(|line| !line.contains(" = -1 ")) {
        let Some((pid, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if call.starts_with("umask(") {
            // All threads of a process have one.
            let mask = octal(call, "umask(").expect("it is a mask");
            umasks.insert("", mask);
            umasks.insert(pid, mask);
        }
        let mask = umasks.get(pid).or(umasks.get("")).copied().unwrap_or(0);
        if !call.contains(dir) {
            continue;
        }
        let mode = match call.split('(').next() {
            Some("open" | "openat" | "creat") if call.contains("O_CREAT") => {
                octal(call, ", ").map(|mode| mode & !mask)
            }
            Some("mkdir" | "mkdirat" | "mknod" | "mknodat") => {
                octal(call, ", ").map(|mode| mode & !mask)
            }
            // The socket takes the mode of its descriptor, which fchmod narrows before: without that, all but the mask.
            Some("bind") => Some(0o777 & !mask),
            Some("chmod" | "fchmod" | "fchmodat" | "fchmodat2") => octal(call, ", "),
            _ => None,
        };
        if mode.is_some_and(|mode| mode & OF_OTHERS != 0) {
            wrong.push(line.to_owned());
        }
    }
    wrong
}

fn made(notes: &Path) -> String {
    std::fs::read_to_string(notes).expect("strace writes")
}

/// A console started a reception with a directory for its log that everybody could enter.
#[test]
fn nothing_is_ever_more_open_than_it_ends() {
    if !have("strace", missing_strace()) {
        return;
    }
    let office = Office::bare();
    let home = office
        .data
        .parent()
        .expect("it is in a directory")
        .to_owned();
    let notes = |n: usize| -> PathBuf { home.join(format!("trace{n}")) };
    let port = office.smsc.port().to_string();
    let mut init = vec!["init", "--non-interactive", "--no-check"];
    init.extend(["--name", "x", "--country", "IR", "--host", "127.0.0.1"]);
    init.extend([
        "--port",
        &port,
        "--password",
        "secret",
        "--source-address",
        DESK,
    ]);
    let add = [
        "employee",
        "add",
        "--name",
        "Ayşe",
        "--phone",
        "+989120000001",
    ];
    let enrol = ["device", "enrol", "1", "--json"];
    for (n, args) in [&init[..], &add, &enrol].into_iter().enumerate() {
        let done = Process::start(&mut traced(&office, args, &notes(n))).finish(SOON);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.err);
    }
    std::fs::remove_dir_all(office.data.join("log")).unwrap();
    let mut window = Terminal::start(&traced(&office, &[], &notes(3)), 80, 24);
    window.shows("y starts it");
    window.keys_while("y", "y starts it");
    window.shows("IN 0");
    let engine = office.engine_pid();
    let socket = office.data.join("hazir.sock");
    assert_eq!(std::fs::metadata(socket).unwrap().mode() & 0o777, 0o600);
    // strace ends with the last that it looks at.
    end(engine);
    window.keys("q");
    window.ends_restored(0);
    let copy = home.join("copy.redb").display().to_string();
    for (n, args) in [(4, ["backup", &copy]), (5, ["restore", &copy])] {
        let done = Process::start(&mut traced(&office, &args, &notes(n))).finish(SOON);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.err);
    }
    let texts: Vec<String> = (0..6).map(|n| made(&notes(n))).collect();
    let home = home.display().to_string();
    for text in &texts {
        assert_eq!(openings(text, &home), Vec::<String>::new());
    }
    // It was seen how they were made.
    for (n, name) in [
        (0, "hazir.toml"),
        (0, "store.key"),
        (1, "hazir.redb"),
        (3, "serve-output.log"),
        (3, "hazir.sock"),
        (4, "copy.redb"),
        (5, "hazir.redb"),
    ] {
        assert!(texts[n].contains(name), "{name} is not in {n}");
    }
}

#[test]
fn an_open_file_is_seen_in_what_strace_tells() {
    let dir = "/d";
    let notes = "7 openat(AT_FDCWD</>, \"/d/a\", O_WRONLY|O_CREAT|O_CLOEXEC, 0600) = 3</d/a>\n\
                 7 mkdir(\"/d/log\", 0777) = 0\n\
                 7 umask(077) = 000\n\
                 8 openat(AT_FDCWD</>, \"/d/b\", O_RDWR|O_CREAT, 0666) = 3</d/b>\n\
                 7 mkdir(\"/d/x\", 0777) = 0\n\
                 7 mkdir(\"/e\", 0777) = 0\n\
                 7 fchmod(3</d/a>, 0644) = 0\n\
                 7 openat(AT_FDCWD</>, \"/d/a\", O_RDONLY) = 3</d/a>\n\
                 7 mkdir(\"/d/y\", 0777) = -1 EEXIST (File exists)\n";
    let wrong = openings(notes, dir);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("/d/log") && wrong[1].contains("0644"));
}
