//! The line between a console and its terminal: slow, standing still, cut.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal};

use super::super::office::Office;
use super::super::pty::Terminal;
use super::{AFTER_HANG_UP, console, open};

/// What an idle window of 80x24 may write in a second.
const IDLE_OCTETS: u64 = 150;
/// What all of it may take.
const REDRAW_OCTETS: usize = 6 << 10;
/// Frames from this size on are shown at once.
const SYNC_OCTETS: usize = 512;
/// Longer than between two frames.
const FRAME: Duration = Duration::from_millis(30);
const CTRL_L: &str = "\x0c";

/// Waits until the clock of a window has gone on so many times.
fn seconds(window: &Terminal, count: usize) {
    let clock = |window: &Terminal| window.look(|screen| screen.rows(0, 80).next());
    for _ in 0..count {
        let now = clock(window).unwrap();
        window.until("the next second", |text| !text.starts_with(now.trim_end()));
    }
}

#[test]
fn octets_to_the_terminal_are_few() {
    let office = Office::open();
    let engine = office.serve();
    let mut phones = office.staff(12);
    for phone in &mut phones[..5] {
        office.check_in(phone, 1);
    }
    let mut window = console(&office);
    window.shows("IN 5");
    office.wait_linked();
    seconds(&window, 1);
    let before = window.octets();
    seconds(&window, 2);
    let idle = window.octets() - before;
    assert!(idle > 0 && idle <= 2 * IDLE_OCTETS, "{idle} octets in 2 s");

    window.heard();
    window.keys(CTRL_L);
    let mut all = Vec::new();
    while !ends_with_a_redraw(&all) {
        window.writes_after(window.octets().saturating_sub(1));
        all.extend(window.heard());
    }
    assert!(all.len() <= REDRAW_OCTETS, "{} octets", all.len());
    for size in [(200, 60), (120, 40), (80, 24)] {
        window.resize(size.0, size.1);
        window.keys("2345611?");
        window.shows("Help: ");
        window.keys_while("\x1b", "Help: ");
    }
    all.extend(window.heard());
    assert_synchronized_are_large(&all);
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}

fn place(octets: &[u8], what: &[u8]) -> Option<usize> {
    octets.windows(what.len()).position(|window| window == what)
}

fn ends_with_a_redraw(octets: &[u8]) -> bool {
    place(octets, b"\x1b[2J").is_some() && octets.ends_with(b"\x1b[?2026l")
}

fn assert_synchronized_are_large(mut octets: &[u8]) {
    while let Some(begin) = place(octets, b"\x1b[?2026h") {
        octets = &octets[begin + 8..];
        let Some(end) = place(octets, b"\x1b[?2026l") else {
            // The last one may still be on its way.
            assert_eq!(place(octets, b"\x1b[?2026h"), None, "what begins ends");
            return;
        };
        assert!(end >= SYNC_OCTETS, "{end} octets are shown at once");
        octets = &octets[end..];
    }
}

/// How many octets a process has written.
fn written(pid: Pid) -> u64 {
    let path = format!("/proc/{}/io", pid.as_raw_nonzero());
    let io = std::fs::read_to_string(path).unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.unwrap().parse().unwrap()
}

/// KiB of memory that a process holds.
fn memory(pid: Pid) -> u64 {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap().trim_end_matches("kB").trim().parse().unwrap()
}

/// Lets the terminal take nothing any more until the window can write no more.
fn stand_still(window: &mut Terminal) {
    window.hold(true);
    let mut same = 0;
    while same < 10 {
        let before = written(window.id());
        window.keys(CTRL_L);
        window.waits(FRAME, |_| false);
        // Its threads wake each other with a few octets.
        same = if written(window.id()) - before < 100 {
            same + 1
        } else {
            0
        };
    }
}

#[test]
fn a_terminal_that_stands_still_slows_nobody_and_shows_the_newest_after() {
    let (office, engine) = open();
    let mut phones = office.staff_from(3, 3);
    let (mut slow, mut other) = (console(&office), console(&office));
    slow.shows("IN 1");
    other.shows("IN 1");
    stand_still(&mut slow);
    let held = memory(slow.id());
    for (phone, count) in phones.iter_mut().zip(2..) {
        office.check_in(phone, 1);
        other.shows(&format!("IN {count}"));
    }
    for _ in 0..2_000 {
        slow.keys("2\x0c1");
    }
    seconds(&other, 1);
    let grown = memory(slow.id()).saturating_sub(held);
    assert!(grown < 4 << 10, "{grown} KiB more while nothing is taken");
    slow.hold(false);
    slow.shows("IN 4");

    stand_still(&mut slow);
    slow.signal(Signal::TERM);
    let status = slow.wait(AFTER_HANG_UP).expect("it ends in time");
    assert_eq!(status.exit_code(), 0);
    slow.hold(false);
    assert!(slow.is_cooked(), "the line stays raw");

    // It once wrote why it ends behind octets that nobody took, and so never ended.
    let mut slow = console(&office);
    slow.shows("IN 4");
    stand_still(&mut slow);
    slow.signal(Signal::HUP);
    let status = slow.wait(AFTER_HANG_UP).expect("it ends in time");
    assert_eq!(status.exit_code(), 129);
    assert!(slow.is_cooked(), "the line stays raw");
    other.keys("q");
    other.ends_restored(0);
    office.stop(engine);
}

/// The other half of the next test: a program that shares its terminal and does not want to be blocked by it.
#[test]
fn shares_its_terminal() {
    let Some(data) = std::env::var_os("HAZIR_TEST_SHARES") else {
        return;
    };
    let stdout = rustix::stdio::stdout();
    fcntl_setfl(stdout, fcntl_getfl(stdout).unwrap() | OFlags::NONBLOCK).unwrap();
    let mut hazir = Command::new(env!("CARGO_BIN_EXE_hazir"));
    panic!("{}", hazir.arg("--data").arg(data).exec());
}

#[test]
fn a_terminal_that_others_set_not_to_block_is_waited_for() {
    let (office, engine) = open();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "console::line::shares_its_terminal",
            "--nocapture",
        ])
        .env("HAZIR_TEST_SHARES", &office.data);
    office.clean(&mut command);
    let mut window = Terminal::start(&command, 80, 24);
    window.shows("IN 1");
    stand_still(&mut window);
    window.hold(false);
    window.keys("?");
    window.shows("Help");
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}

#[test]
fn whatever_was_begun_when_the_line_is_cut_the_window_ends() {
    let (office, engine) = open();
    for begun in ["\x1b[", "\x1b]0;", "\x1b[200~mark", "\u{1b}[<0;1"] {
        let mut window = console(&office);
        window.shows("IN 1");
        window.keys(begun);
        window.hang_up("");
        let status = window.wait(AFTER_HANG_UP).expect("it ends in time");
        assert!(!status.success());
    }
    office.stop(engine);
}

#[test]
fn many_lines_are_cut_and_the_reception_keeps_nothing_of_them() {
    let (office, engine) = open();
    let descriptors = || {
        let path = format!("/proc/{}/fd", engine.id());
        std::fs::read_dir(path).unwrap().count()
    };
    office.json(&["people"]);
    let before = descriptors();
    for _ in 0..20 {
        let mut window = console(&office);
        window.shows("IN 1");
        window.hang_up("?");
        window.wait(AFTER_HANG_UP).expect("it ends in time");
    }
    // Each try lets the engine close what has ended.
    let is_as_before = (0..100).any(|_| {
        office.json(&["people"]);
        descriptors() <= before
    });
    assert!(is_as_before, "{} after {before}", descriptors());
    office.stop(engine);
}
