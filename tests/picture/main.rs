//! Makes `assets/console.svg`, the README's picture of the console, from the real screen of a demo:
//! `cargo build && cargo run --example picture`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it shares the tests' ways, and prints"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::pty::Terminal;

#[path = "../it/pty.rs"]
#[expect(dead_code, reason = "a picture needs no signals")]
mod pty;
mod svg;
#[path = "../it/watch.rs"]
mod watch;

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// The same people, keys and faults each time; times are those of the day.
const SEED: &str = "7";

/// How long a morning may take.
const WAIT: Duration = Duration::from_mins(5);

fn main() {
    let mut demo = Command::new(beside_this_program("hazir"));
    demo.args(["demo", "--seed", SEED]);
    demo.env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    let mut window = Terminal::start(&demo, COLUMNS, ROWS);
    // By then some have come, one message could not be read, and its alarm is new.
    window.shows_within("NEW", WAIT);
    window.shows_within("IN 31", WAIT);
    let picture = window.look(svg::picture);
    window.keys("q");
    window.keys_until("y", "");
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/console.svg");
    std::fs::write(&to, picture).expect("assets can be written");
    println!("{}", to.display());
}

/// Programs stand one directory above examples.
fn beside_this_program(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a program has a path");
    let dir = this.parent().and_then(Path::parent);
    dir.expect("cargo runs examples in a directory of their own")
        .join(name)
}
