//! Real consoles that lose their terminal, or are told to end, in whatever they are doing: gone at once, with the terminal
//! restored where it is still there, and no processor time after.
//!
//! `HAZIR_HANG_UP_SEED` replays the batch that failed.

use std::time::Duration;

use rustix::process::Signal;

use super::draws::{Draws, setting};
use super::office::{Office, stop};
use super::process::Process;
use super::pty::Terminal;

/// Batches of the gate.
const BATCHES: u64 = 8;
/// How long a console may live after its terminal went, or after it was told to end.
const AT_ONCE: Duration = Duration::from_millis(500);
/// What it may use of a processor in that time.
const TO_END: Duration = Duration::from_millis(150);
/// What it may use in all the time that it is open here, which is a few seconds at most.
const IN_ALL: Duration = Duration::from_secs(2);
const CTRL_L: &str = "\x0c";

/// What a console is doing when its end comes.
#[derive(Copy, Clone, Debug)]
enum Doing {
    /// It shows the board.
    Nothing,
    /// It has just begun.
    Starting,
    /// Its clerk is in the middle of a key, a paste, or a line of input.
    Keys,
    /// It writes to a terminal that takes nothing.
    StandingStill,
    /// Its window changes its size all the time.
    Resizing,
    /// Its window has one cell.
    OneCell,
    /// A second one is open on the same desk.
    Twice,
    /// The reception under it was told to stop.
    Stopped,
    /// The reception under it was killed.
    Killed,
    /// It asks whether it is to start the reception.
    Asking,
}

impl Doing {
    const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Starting,
        Self::Keys,
        Self::StandingStill,
        Self::Resizing,
        Self::OneCell,
        Self::Twice,
        Self::Stopped,
        Self::Killed,
        Self::Asking,
    ];
}

/// A desk with a reception, and the windows that are opened on it.
struct Lobby {
    office: Office,
    engine: Option<Process>,
    draws: Draws,
    /// Descriptors of a reception that nobody looks at.
    at_rest: usize,
    ended: u64,
}

impl Lobby {
    fn open(seed: u64) -> Self {
        let office = Office::open();
        let engine = office.serve();
        let mut phones = office.staff(1);
        office.check_in(&mut phones[0], 1);
        office.wait_linked();
        Self {
            at_rest: descriptors(&engine),
            office,
            engine: Some(engine),
            draws: Draws(seed),
            ended: 0,
        }
    }

    fn window(&self, columns: u16, rows: u16) -> Terminal {
        Terminal::start(&self.office.command(&[]), columns, rows)
    }

    fn board(&self) -> Terminal {
        let window = self.window(80, 24);
        window.shows("IN 1");
        window
    }

    fn try_out(&mut self, doing: Doing) {
        match doing {
            Doing::Nothing => {
                let window = self.board();
                self.end(window);
            }
            Doing::Starting => {
                let window = self.window(80, 24);
                window.writes_after(0);
                self.end(window);
            }
            Doing::Keys => {
                let mut window = self.board();
                // The line is cut by portable-pty, which sends a line feed first: ":lea" would leave by that, now and then.
                let begun = [
                    "\x1b[",
                    "\x1b]0;",
                    "\x1b[200~mark",
                    "\x1b[<0;1",
                    ":no act",
                    "/A",
                ];
                window.keys(begun[self.draws.place(begun.len())]);
                self.cut(window);
            }
            Doing::StandingStill => {
                let mut window = self.board();
                window.hold(true);
                // More than a terminal takes that nobody reads.
                for _ in 0..40 {
                    window.keys(CTRL_L);
                    window.waits(Duration::from_millis(5), |_| false);
                }
                self.end(window);
            }
            Doing::Resizing => {
                let mut window = self.board();
                for _ in 0..10 {
                    let columns = u16::try_from(1 + self.draws.below(200)).unwrap();
                    let rows = u16::try_from(1 + self.draws.below(60)).unwrap();
                    window.resize(columns, rows);
                }
                self.end(window);
            }
            Doing::OneCell => {
                let window = self.window(1, 1);
                window.writes_after(0);
                self.end(window);
            }
            Doing::Twice => {
                let (first, second) = (self.board(), self.board());
                self.end(first);
                assert!(second.text().contains("IN 1"), "{}", second.text());
                self.end(second);
            }
            Doing::Stopped => {
                let window = self.board();
                stop(self.engine.take().expect("it runs"));
                window.shows("Reception stopped");
                self.end(window);
                self.engine = Some(self.office.serve());
            }
            Doing::Killed => {
                let window = self.board();
                self.engine = None;
                window.shows("lost");
                self.end(window);
                self.engine = Some(self.office.serve());
            }
            Doing::Asking => {
                stop(self.engine.take().expect("it runs"));
                let window = self.window(80, 24);
                window.shows("Reception is not running");
                self.end(window);
                self.engine = Some(self.office.serve());
            }
        }
    }

    /// Ends a window in one of the ways in which windows end.
    fn end(&mut self, window: Terminal) {
        match self.draws.below(5) {
            0 => self.tell(window, Signal::TERM, 0),
            1 => self.tell(window, Signal::INT, 0),
            2 => self.tell(window, Signal::HUP, 129),
            _ => self.cut(window),
        }
    }

    fn tell(&mut self, mut window: Terminal, signal: Signal, code: u32) {
        println!("told {signal:?}");
        let before = window.used();
        window.signal(signal);
        let status = self.gone(&window, before);
        assert_eq!(status.exit_code(), code, "{}", window.text());
        if window.is_held() {
            // What it had to say to its terminal could not be written in time.
            assert!(window.is_cooked(), "the line stays raw");
            return;
        }
        window.ends_restored(code);
    }

    /// Cuts the line.
    fn cut(&mut self, mut window: Terminal) {
        println!("cut");
        let before = window.used();
        window.hang_up(CTRL_L);
        let status = self.gone(&window, before);
        assert!(!status.success(), "{status:?}");
    }

    fn gone(&mut self, window: &Terminal, before: Duration) -> portable_pty::ExitStatus {
        let status = window.wait(AT_ONCE);
        let status = status.unwrap_or_else(|| panic!("it still runs:\n{}", window.text()));
        let used = window.used();
        assert!(used <= before + TO_END, "{before:?}, {used:?} at its end");
        assert!(used <= IN_ALL, "{used:?}");
        self.ended += 1;
        status
    }
}

fn descriptors(engine: &Process) -> usize {
    let path = format!("/proc/{}/fd", engine.id());
    std::fs::read_dir(path).expect("it runs").count()
}

/// One batch of consoles that end, all drawn from `seed`: in everything that they may be doing, in all ways. Panics with
/// what went wrong. Returns how many ended.
pub(crate) fn batch(seed: u64) -> u64 {
    println!("replay: HAZIR_HANG_UP_SEED={seed} cargo test --test it hang_ups");
    let mut lobby = Lobby::open(seed);
    let mut left = Doing::ALL.to_vec();
    while !left.is_empty() {
        let doing = left.swap_remove(lobby.draws.place(left.len()));
        println!("{doing:?}");
        lobby.try_out(doing);
    }
    // What the engine keeps of them goes as soon as it sees that they went.
    lobby.office.wait_linked();
    let engine = lobby.engine.take().expect("it runs");
    let is_clean = (0..200).any(|_| {
        lobby.office.json(&["people"]);
        descriptors(&engine) <= lobby.at_rest
    });
    assert!(is_clean, "{} descriptors", descriptors(&engine));
    lobby.office.stop(engine);
    lobby.ended
}

#[test]
fn consoles_end_at_once_whatever_they_are_doing() {
    if let Some(seed) = setting("HAZIR_HANG_UP_SEED") {
        batch(seed);
        return;
    }
    let ended: u64 = (1..=BATCHES).map(batch).sum();
    assert_eq!(ended, 11 * BATCHES);
}
