//! The real console in a pseudo-terminal, on real engines: how it starts, ends, and outlives them.

mod keys;

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::office::{Office, end};
use super::pty::Terminal;

/// How long a console may live after its terminal went.
const AFTER_HANG_UP: Duration = Duration::from_millis(500);

fn console(office: &Office) -> Terminal {
    Terminal::start(&office.command(&[]), 80, 24)
}

/// A desk with an engine and somebody in the house.
fn open() -> (Office, super::process::Process) {
    let office = Office::open();
    let engine = office.serve();
    let mut phones = office.staff(2);
    office.check_in(&mut phones[0], 1);
    (office, engine)
}

#[test]
fn a_window_opens_and_is_left_and_the_reception_goes_on() {
    let (office, engine) = open();
    let mut window = console(&office);
    window.shows("IN 1");
    assert!(!window.is_cooked());
    window.look(|screen| assert!(screen.alternate_screen() && screen.hide_cursor()));
    window.keys("q");
    window.ends_restored(0);
    assert_eq!(office.json(&["people"]).len(), 2);
    office.stop(engine);
}

#[test]
fn signals_give_the_terminal_back() {
    let (office, engine) = open();
    for (signal, code) in [(Signal::TERM, 0), (Signal::INT, 0), (Signal::HUP, 129)] {
        let mut window = console(&office);
        window.shows("IN 1");
        window.signal(signal);
        window.ends_restored(code);
    }
    office.stop(engine);
}

#[test]
fn a_terminal_that_goes_ends_the_window_at_once() {
    let (office, engine) = open();
    let mut window = console(&office);
    window.shows("IN 1");
    window.hang_up("?");
    let status = window.wait(AFTER_HANG_UP).expect("it ends in time");
    assert!(!status.success());
    assert_eq!(office.json(&["people"]).len(), 2);
    office.stop(engine);
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let office = Office::open();
    let done = office.run(&[]);
    assert_eq!(done.code, Some(2), "{}{}", done.out, done.err);
    assert!(done.err.contains("--plain"), "{}", done.err);
}

/// The other half of the next test: runs in a terminal of its own.
#[test]
fn falls_where_it_is_told_to() {
    if std::env::var_os("HAZIR_TEST_FALLS").is_none() {
        return;
    }
    let raw = hazir::ui::terminal::Raw::enter().unwrap();
    hazir::ui::terminal::write(b"before the fall").unwrap();
    std::thread::spawn(|| panic!("it falls"))
        .join()
        .unwrap_err();
    // The hook has restored the terminal; what is dropped now restores nothing twice.
    drop(raw);
    std::process::exit(101);
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_why() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "console::falls_where_it_is_told_to",
            "--nocapture",
        ])
        .env("HAZIR_TEST_FALLS", "1");
    let mut window = Terminal::start(&command, 80, 24);
    window.ends_restored(101);
    let text = window.text();
    assert!(text.contains("it falls"), "{text}");
    assert!(!text.contains("before the fall"), "{text}");
}

#[test]
fn an_engine_that_is_killed_and_comes_back_is_shown_as_it_is() {
    let (office, mut engine) = open();
    let mut window = console(&office);
    window.shows("IN 1");
    engine.kill();
    window.shows("lost");
    let engine = office.serve();
    window.hides("lost");
    window.shows("IN 1");
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}

#[test]
fn a_reception_that_is_not_running_is_started_and_outlives_the_window() {
    let office = Office::open();
    let mut window = console(&office);
    window.shows("Reception is not running");
    window.keys_while("y", "Reception is not running");
    office.smsc.wait_bound(1);
    window.shows("IN 0");
    window.hang_up("?");
    window.wait(AFTER_HANG_UP).expect("it ends in time");
    let links = office.json(&["link"]);
    assert_eq!(links[0]["state"], "bound", "{links:?}");
    let engine = office.engine_pid();
    assert_ne!(engine, window.id());
    end(engine);
}
