//! The load that an office may bring: all people at once, and receipts that waited through an outage and leave beside
//! new check-ins, with a console open. `cargo test --release --test it load::drain` holds them to the figures of an
//! optimised build; the tests of the gate run slowed down, on a machine that does other things.

use std::process::Command;
use std::time::Duration;

use tokio::time::Instant;

use super::super::process::Done;
use super::super::pty::Terminal;
use super::super::smsc::SOON;
use super::{hazir, lines, number};

/// Receipts that wait.
const WAITING: u64 = 50_000;
/// What an answer may take, but for one of a hundred, in microseconds. Where the drain kept new check-ins waiting, it
/// would be the time of the whole drain.
const ANSWER_US: f64 = if cfg!(debug_assertions) {
    5_000_000.0
} else {
    50_000.0
};
/// How long a check-in may take to the screen.
const SHOWN: Duration = if cfg!(debug_assertions) {
    Duration::from_secs(10)
} else {
    Duration::from_secs(1)
};
/// Frames of a console in a second, at most.
const FRAMES: f64 = 10.0;
/// What each frame does once.
const FRAME: &[u8] = b"\x1b[?25l";
/// The slowest machine is through with it by then.
const LONG: Duration = Duration::from_mins(5);

/// The number before a word on the screen; 0 where there is none.
fn before(word: &str, text: &str) -> u64 {
    let Some((head, _)) = text.split_once(&format!(" {word}")) else {
        return 0;
    };
    let digits = head.rsplit(|sign: char| !sign.is_ascii_digit()).next();
    digits.and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn p99_us(done: &Done) -> (serde_json::Value, f64) {
    let mut lines = lines(done);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = lines.remove(0);
    let p99 = number(&line["answer_us"]["p99"]);
    (line, p99)
}

#[test]
fn five_hundred_people_check_in_at_once() {
    let home = tempfile::tempdir().expect("there is room for a directory");
    let args = ["500", "--people", "500", "--in-flight", "20", "--json"];
    let (line, p99) = p99_us(&hazir(home.path(), &args).finish(SOON));
    assert_eq!(
        (&line["check_ins"], &line["people"]),
        (&500.into(), &500.into())
    );
    let seconds = number(&line["seconds"]);
    println!("500 people in {seconds} s, p99 {p99} us");
    assert!(seconds < 300.0 && p99 < ANSWER_US, "{line}");
}

/// What a console shows while receipts drain: how long new check-ins took to it at most.
fn watch(window: &Terminal) -> Duration {
    let waiting = |text: &str| before("waiting", text);
    let fills = |text: &str| waiting(text) >= WAITING * 9 / 10;
    assert!(window.waits(LONG, fills), "{}", window.text());
    let drains = |text: &str| waiting(text) < WAITING * 8 / 10;
    assert!(window.waits(LONG, drains), "{}", window.text());
    window.heard();
    let began = Instant::now();
    let (mut looks, mut longest) = (0, Duration::ZERO);
    loop {
        let text = window.text();
        if waiting(&text) < WAITING / 10 {
            break;
        }
        let (known, asked) = (before("recorded", &text), Instant::now());
        let shown = window.waits(SHOWN, |text| before("recorded", text) > known);
        assert!(shown, "nothing new on:\n{}", window.text());
        longest = longest.max(asked.elapsed());
        looks += 1;
    }
    assert!(looks > 0, "it drains too fast to be seen");
    let frames = window
        .heard()
        .windows(FRAME.len())
        .filter(|it| *it == FRAME)
        .count();
    let seconds = began.elapsed().as_secs_f64();
    println!("{frames} frames in {seconds:.1} s, new check-ins shown within {longest:?}");
    assert!(frames > 0);
    let most = FRAMES * (seconds + 1.0);
    assert!(
        f64::from(u32::try_from(frames).unwrap()) <= most,
        "{frames} in {seconds} s"
    );
    longest
}

#[test]
fn new_check_ins_are_quick_beside_a_drain_and_a_console_shows_them() {
    let home = tempfile::tempdir().expect("there is room for a directory");
    let data = home.path().join("desk");
    let data = data.to_str().expect("our paths are text");
    let waiting = WAITING.to_string();
    let args = [
        "1000000",
        "--waiting",
        &waiting,
        "--people",
        "500",
        "--in-flight",
        "10",
        "--json",
        "--data",
        data,
    ];
    let mut load = hazir(home.path(), &args);
    let begins = load.says("Measuring with 500 people", SOON);
    assert!(begins, "{}", load.err());
    let mut console = Command::new(env!("CARGO_BIN_EXE_hazir"));
    console.env("HOME", home.path()).args(["--data", data]);
    let window = Terminal::start(&console, 120, 40);
    watch(&window);
    let (line, p99) = p99_us(&load.finish(LONG));
    let drain = &line["drain"];
    println!(
        "{} check-ins beside {drain}, p99 {p99} us",
        line["check_ins"]
    );
    assert_eq!(drain["receipts"], WAITING, "{line}");
    assert!(line["check_ins"].as_u64() > Some(0), "{line}");
    assert!(p99 < ANSWER_US, "{line}");
}
