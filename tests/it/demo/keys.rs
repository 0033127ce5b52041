//! Random keys and sizes on a demo: nothing falls, nothing is destroyed without a `y`.

use std::collections::BTreeMap;
use std::time::Duration;

use hazir::domain::{DeskAct, Entry, Millis, Seq};
use hazir::store::{Archive as _, RedbStore};
use rustix::process::Signal;

use super::super::pty::Terminal;
use super::{Home, text};

/// Rounds of keys, each with a pause to look at in between.
const ROUNDS: usize = 120;
const PAUSE: Duration = Duration::from_millis(20);
/// Keys that are more than a letter, and what is none.
const OTHERS: [&str; 22] = [
    "\x1b",
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[H",
    "\x1b[F",
    "\r",
    "\t",
    "\x1b[Z",
    "\x7f",
    "\x0c",
    "\x1bOP",
    "\x1bOQ",
    "\x1b[99;99~",
    "\x1b[<0;5;5M",
    "\x1b[200~A\r:\x1b[201~",
    "\u{627}",
    "\x1b[3~",
    ":\x15",
];

/// Numbers that look random: xorshift64 of Marsaglia (2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % most
    }

    fn keys(&mut self) -> String {
        let mut keys = String::new();
        for _ in 0..=self.below(12) {
            if self.below(4) == 0 {
                keys.push_str(OTHERS[self.below(OTHERS.len())]);
            } else {
                // 'y' says yes, 'q' leaves.
                let letter = char::from(b' ' + u8::try_from(self.below(95)).unwrap_or_default());
                keys.extend((!"yq".contains(letter)).then_some(letter));
            }
        }
        keys
    }
}

#[test]
fn random_keys_break_nothing_and_destroy_nothing() {
    let seed = std::env::var("HAZIR_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| getrandom::u64().unwrap()) | 1;
    println!("HAZIR_TEST_SEED={seed}");
    let mut dice = Dice(seed);
    let home = Home::new();
    let dir = home.0.path().join("show");
    let demo = home.command(&[
        "demo",
        "--data",
        text(&dir),
        "--people",
        "30",
        "--seed",
        "7",
    ]);
    let mut window = Terminal::start(&demo, 80, 24);
    window.shows("● IN");
    for _ in 0..ROUNDS {
        if dice.below(6) == 0 {
            let (columns, rows) = (dice.below(220) + 1, dice.below(70) + 1);
            window.resize(
                u16::try_from(columns).unwrap(),
                u16::try_from(rows).unwrap(),
            );
        }
        window.keys(&dice.keys());
        window.waits(PAUSE, |_| false);
    }
    window.resize(80, 24);
    let answers = (0..50).any(|_| {
        window.keys("\x1b");
        window.waits(PAUSE, |_| false);
        window.keys("?");
        window.waits(10 * PAUSE, |text| {
            text.contains("Enter runs what is selected")
        })
    });
    assert!(answers, "it does not answer:\n{}", window.text());
    window.signal(Signal::TERM);
    window.ends_restored(0);
    let said = window.text();
    assert!(!said.contains("panicked"), "{said}");
    let store = RedbStore::open(&dir.join("hazir.redb")).unwrap();
    let mut together: BTreeMap<(Millis, &str), usize> = BTreeMap::new();
    for row in store.ledger_page(Seq(0), 100_000).unwrap() {
        let Entry::Desk { act, .. } = row.entry else {
            continue;
        };
        assert!(!matches!(act, DeskAct::GaveUp(_)), "{act:?}");
        let what = if matches!(act, DeskAct::Acknowledged(..)) {
            "acknowledged"
        } else if matches!(act, DeskAct::Requeued(_) | DeskAct::Reopened(_)) {
            "retried"
        } else {
            continue;
        };
        *together.entry((row.logged_at, what)).or_default() += 1;
    }
    // All at once is done at one moment.
    assert!(together.values().all(|count| *count == 1), "{together:?}");
}
