//! The console of lines, in pipes.

use std::process::Stdio;

use rustix::process::Signal;

use super::super::office::Office;
use super::super::process::Process;
use super::super::smsc::SOON;
use super::{AFTER_HANG_UP, open};

fn lines(office: &Office) -> Process {
    let mut command = office.command(&["--plain"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Process::start_as_it_is(&mut command)
}

#[test]
fn lines_come_and_acts_are_done() {
    let (office, engine) = open();
    let mut phones = office.staff_from(3, 1);
    let mut window = lines(&office);
    assert!(window.prints("1 of 3", SOON), "{}", window.out());
    office.check_in(&mut phones[0], 1);
    assert!(window.prints("Employee 3", SOON), "{}", window.out());
    window.says_to("2\n\n");
    assert!(window.prints("Employee 2", SOON), "{}", window.out());
    window.says_to("j\nk\n");
    window.says_to("\u{1}nonsense \n");
    assert!(window.prints("nonsense", SOON), "{}", window.out());
    window.says_to("q\n");
    let done = window.finish(SOON);
    assert_eq!(done.code, Some(0), "{}", done.err);
    office.stop(engine);
}

#[test]
fn what_is_piped_all_at_once_waits_for_the_reception() {
    let (office, engine) = open();
    let mut window = lines(&office);
    window.says_to("mark in\nforgot the phone\nu\nq\n");
    let done = window.finish(SOON);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let feed = office.json(&["feed"]);
    let notes: Vec<_> = feed.iter().map(|line| line["outcome"].as_str()).collect();
    assert_eq!(
        notes,
        [Some("recorded"), Some("by_hand"), Some("reversed")],
        "{}",
        done.out
    );
    office.stop(engine);
}

#[test]
fn nobody_reads_and_it_ends_nevertheless() {
    let (office, engine) = open();
    // Closed.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = office.command(&["--plain"]);
    command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped());
    let window = Process::start_as_it_is(&mut command);
    drop(command);
    assert_eq!(window.finish(SOON).code, Some(0));

    // Open and full.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = office.command(&["--plain"]);
    command
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(Stdio::piped());
    let mut window = Process::start_as_it_is(&mut command);
    drop(command);
    let path = format!("/proc/{}/io", window.id());
    let written = || {
        let io = std::fs::read_to_string(&path).unwrap();
        let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
        line.unwrap().parse::<u64>().unwrap()
    };
    window.says_to("?\n");
    let mut same = 0;
    while same < 20 {
        let before = written();
        window.says_to("\n");
        // Takes its time.
        office.json(&["people"]);
        // Its threads wake each other with a few octets.
        same = if written() - before < 100 {
            same + 1
        } else {
            0
        };
    }
    window.signal(Signal::TERM);
    let status = window.wait(AFTER_HANG_UP).expect("it ends in time");
    assert_eq!(status.code(), Some(0));
    drop(reader);
    office.stop(engine);
}

#[test]
fn without_a_terminal_at_one_end_it_says_what_to_use() {
    let office = Office::open();
    for is_in in [true, false] {
        let pty =
            rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY)
                .unwrap();
        rustix::pty::grantpt(&pty).unwrap();
        rustix::pty::unlockpt(&pty).unwrap();
        let name = rustix::pty::ptsname(&pty, Vec::new()).unwrap();
        let name = name.into_string().unwrap();
        let terminal = std::fs::File::options()
            .read(true)
            .write(true)
            .open(name)
            .unwrap();
        let mut command = office.command(&[]);
        let (stdin, stdout) = if is_in {
            (Stdio::from(terminal), Stdio::piped())
        } else {
            (Stdio::null(), Stdio::from(terminal))
        };
        command.stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        let done = Process::start_as_it_is(&mut command).finish(SOON);
        assert_eq!(done.code, Some(2), "{}", done.err);
        assert!(done.err.contains("--plain"), "{}", done.err);
    }
}
