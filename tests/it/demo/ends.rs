//! How a demo in a terminal ends, and what it leaves.

use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, prlimit};

use super::super::pty::Terminal;
use super::{Home, TO_THE_END, text};

fn demo(home: &Home) -> Terminal {
    let demo = home.command(&["demo", "--seed", "7", "--people", "9"]);
    let window = Terminal::start(&demo, 80, 24);
    window.shows("● IN");
    window
}

#[test]
fn signals_and_a_cut_line_end_a_demo_in_a_terminal() {
    let home = Home::new();
    for (signal, code) in [(Signal::TERM, 0), (Signal::INT, 0), (Signal::HUP, 129)] {
        let mut window = demo(&home);
        window.signal(signal);
        window.ends_restored(code);
    }
    let mut window = demo(&home);
    window.hang_up("?");
    let status = window.wait(TO_THE_END).expect("it ends in time");
    assert!(!status.success());
    assert_eq!(home.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_demo_whose_store_fails_ends_and_says_why() {
    let home = Home::new();
    let inner = home.command(&["demo", "--seed", "7", "--people", "9"]);
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$@""#, "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut window = Terminal::start(&command, 80, 24);
    window.shows("● IN");
    // As a disk that is full from now on.
    let none = Rlimit {
        current: Some(1),
        maximum: Some(1),
    };
    prlimit(Some(window.id()), Resource::Fsize, none).unwrap();
    window.ends_restored(74);
    let said = window.text();
    assert!(said.contains("store"), "{said}");
    assert_eq!(home.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_demo_whose_directory_is_taken_away_ends_in_order() {
    let home = Home::new();
    let mut window = demo(&home);
    let dirs = home.left();
    std::fs::remove_dir_all(&dirs[0]).unwrap();
    window.keys_until("q", " no");
    window.keys_while("y", "DEMO");
    window.ends_restored(0);
    assert_eq!(home.left(), Vec::<PathBuf>::new(), "{}", text(&dirs[0]));
}
