//! SIGKILL of the real binary under phones that repeat: nothing is lost and nothing counts twice.
//!
//! The engine is killed at moments that are seen from outside, and exactly at those that matter: strace stops it as it
//! enters the system call behind them. `HAZIR_KILL_SEED` replays the batch that failed.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use super::draws::{Draws, setting};
use super::fleet::{Fleet, key_of};
use super::lacking::have;
use super::office::{Office, fast_configuration};
use super::process::Process;
use super::smsc::{SOON, Seen, Smsc, State};
use super::strace::{Call, Trap, missing_strace};

/// Batches of the gate, of at least ten kills each.
const BATCHES: u64 = 5;
const PHONES: u32 = 5;
/// A point that nothing leads to is given up after this time: then all is settled, and that is a moment, too.
const NO_LONGER: Duration = Duration::from_millis(300);
/// How often an engine may walk into a trap on an errand of its own before it is not believed any more.
const ERRANDS: usize = 8;
/// What a link reads, what a commit does, what a link writes.
const TRACED: &str = "recvfrom,pwrite64,fdatasync,sendto";

/// When the engine is killed, as seen from outside.
#[derive(Copy, Clone, Debug)]
enum Point {
    /// So many milliseconds after its start.
    After(u64),
    /// After so many messages were handed to it.
    Handed(usize),
    /// After so many deliver_sm_resp.
    Answered(usize),
    /// After so many submit_sm.
    Submitted(usize),
    /// After so many submit_sm_resp.
    Responded(usize),
}

/// Where the engine is killed exactly, on the way of one message.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Exact {
    /// The message was read, and nothing of it written.
    Received,
    /// Its commit was written and is not durable yet.
    Committing,
    /// Its commit is durable, and no octet has left.
    Committed,
    /// deliver_sm_resp has left, and submit_sm has not.
    Answered,
    /// submit_sm has left, and has no response.
    Submitted,
    /// submit_sm_resp was read, and nothing of it written.
    Responded,
}

impl Exact {
    const ALL: [Self; 6] = [
        Self::Received,
        Self::Committing,
        Self::Committed,
        Self::Answered,
        Self::Submitted,
        Self::Responded,
    ];

    /// The system call that it is killed in, where it takes strace.
    fn call(self) -> Option<&'static str> {
        match self {
            Self::Received | Self::Responded => Some("pwrite64"),
            Self::Committing => Some("fdatasync"),
            Self::Committed => Some("sendto"),
            Self::Answered | Self::Submitted => None,
        }
    }

    /// Whether these calls, the last of the engine, show that it was there.
    fn is_shown_by(self, calls: &[Call]) -> bool {
        let is_read = |call: &Call| call.name == "recvfrom" && call.result > 0;
        let Some(read) = calls.iter().position(is_read) else {
            return false;
        };
        let is_synced = |call: &Call| call.name == "fdatasync" && call.result == 0;
        self != Self::Committed || calls[read..].iter().any(is_synced)
    }

    /// Whether its record is durable; `None` where both may be.
    fn is_durable(self) -> Option<bool> {
        match self {
            Self::Received => Some(false),
            Self::Committing => None,
            Self::Committed | Self::Answered | Self::Submitted | Self::Responded => Some(true),
        }
    }
}

impl Draws {
    fn point(&mut self) -> Point {
        let count = 1 + self.place(6);
        match self.below(5) {
            0 => Point::After(self.below(500)),
            1 => Point::Handed(count),
            2 => Point::Answered(count),
            3 => Point::Submitted(count),
            _ => Point::Responded(count),
        }
    }
}

fn reach(point: Point, smsc: &Smsc, from: usize) {
    let wait = |n: usize, is: fn(&Seen) -> bool| {
        let reached =
            |s: &mut State| (s.seen[from..].iter().filter(|s| is(s)).count() >= n).then_some(());
        // Not to be reached is a moment like others.
        let _ = smsc.wait(NO_LONGER, reached);
    };
    match point {
        Point::After(ms) => {
            let never = smsc.wait(Duration::from_millis(ms), |_| None::<()>);
            assert_eq!(never, None);
        }
        Point::Handed(n) => wait(n, |seen| matches!(seen, Seen::Handed(_))),
        Point::Answered(n) => wait(n, |seen| matches!(seen, Seen::Answered(..))),
        Point::Submitted(n) => wait(n, |seen| matches!(seen, Seen::Submitted(_))),
        Point::Responded(n) => wait(n, |seen| matches!(seen, Seen::Responded(_))),
    }
}

/// A desk whose engine is killed again and again.
struct Killed {
    office: Office,
    fleet: Fleet,
    draws: Draws,
    /// How many submit_sm may be on the way at once.
    window: usize,
    /// Device and counter of the last check-in.
    last: (u32, u16),
    kills: u64,
}

impl Killed {
    fn open(seed: u64) -> Self {
        let mut draws = Draws(seed);
        let office = Office::open();
        let window = 1 + draws.place(3);
        let pace = "max_per_second = 0";
        let text = fast_configuration(office.smsc.port());
        office.configure(&text.replace(pace, &format!("{pace}\nwindow = {window}")));
        Self {
            fleet: Fleet::new(office.staff(PHONES)),
            office,
            draws,
            window,
            last: (0, 0),
            kills: 0,
        }
    }

    fn check_in(&mut self, is_shy: bool) -> u64 {
        let place = self.draws.place(self.fleet.phones.len());
        let phone = &self.fleet.phones[place];
        self.last = (phone.device, u16::try_from(phone.next).unwrap());
        self.fleet.check_in(&self.office.smsc, place, "", is_shy)
    }

    fn kill_at(&mut self, point: Point) {
        for _ in 0..4 + self.draws.below(8) {
            let is_shy = self.draws.below(3) == 0;
            self.check_in(is_shy);
        }
        if self.draws.below(3) == 0 {
            self.fleet.repeat(&self.office.smsc);
        }
        let from = self.office.smsc.read(|s| s.seen.len());
        let mut engine = self.office.start();
        reach(point, &self.office.smsc, from);
        self.kill(&mut engine);
    }

    fn kill(&mut self, engine: &mut Process) {
        let ended = engine.wait(Duration::ZERO);
        assert_eq!(ended, None, "it ended by itself: {}", engine.err());
        engine.kill();
        self.count();
    }

    fn count(&mut self) {
        self.kills += 1;
        self.fleet.listen(&self.office.smsc);
    }

    fn kill_exactly(&mut self, exact: Exact) {
        for _ in 0..ERRANDS {
            let mut engine = self.settled();
            let is_there = match exact {
                Exact::Received | Exact::Committing | Exact::Committed => {
                    self.trap(exact, &mut engine, |desk| {
                        desk.check_in(true);
                    })
                }
                Exact::Responded => {
                    self.hold_up(1);
                    let smsc = |desk: &mut Self| desk.office.smsc.hold_responses(false);
                    self.trap(exact, &mut engine, smsc)
                }
                Exact::Submitted | Exact::Answered => {
                    let more = usize::from(exact == Exact::Answered) * self.window;
                    self.hold_up(1 + more);
                    self.kill(&mut engine);
                    true
                }
            };
            self.office.smsc.hold_responses(false);
            if is_there {
                return self.assert_kept(exact);
            }
        }
        panic!("{exact:?} is not reached");
    }

    /// An engine that has nothing left to do.
    fn settled(&mut self) -> Process {
        let binds = self.office.smsc.read(|s| s.count(&Seen::Bound));
        let engine = self.office.start();
        self.office.smsc.wait_bound(binds + 1);
        self.fleet.settle(&self.office.smsc);
        self.office.json_until(&["outbox"], |entries| {
            let mut states = entries.iter().map(|entry| &entry["state"]);
            !states.any(|state| state == "queued" || state == "sending")
        });
        engine
    }

    /// Lets so many check in and be answered, and keeps the responses to their receipts: what does not fit the window is
    /// not submitted.
    fn hold_up(&mut self, count: usize) {
        let smsc = &self.office.smsc;
        smsc.hold_responses(true);
        let from = smsc.read(|s| s.submitted.len());
        let ids: Vec<u64> = (0..count).map(|_| self.check_in(true)).collect();
        let submits = from + count.min(self.window);
        let is_held = |s: &mut State| {
            let answered = ids.iter().all(|&id| s.answer_of(id) == Some(0));
            (answered && s.submitted.len() == submits).then_some(())
        };
        let held = self.office.smsc.wait(SOON, is_held);
        assert!(held.is_some(), "{:?}", self.office.smsc);
    }

    /// Lets the engine walk into a trap; whether it was there on the way of the message.
    fn trap(&mut self, exact: Exact, engine: &mut Process, lure: impl FnOnce(&mut Self)) -> bool {
        let call = exact.call().expect("it is a system call");
        let log = self.office.data.with_extension("strace");
        let trap = Trap::lay(engine.id(), call, TRACED, &log);
        lure(self);
        let status = engine.wait(SOON).expect("it walks into the trap");
        assert_eq!(status.signal(), Some(9), "{}", engine.err());
        self.count();
        exact.is_shown_by(&trap.sprung())
    }

    /// Looks into the store that the engine left, now and then: a command opens it before the engine does.
    fn assert_kept(&mut self, exact: Exact) {
        if self.draws.below(2) == 0 {
            return;
        }
        let feed = self.fleet.assert_nothing_lost_or_doubled(&self.office);
        let is_kept = feed.iter().any(|line| key_of(line) == self.last);
        if let Some(is_durable) = exact.is_durable() {
            assert_eq!(is_kept, is_durable, "{exact:?} of {:?}", self.last);
        }
    }

    /// Lets everything come to rest, and asserts that it is as if nobody had been killed.
    fn assert_whole(mut self) -> u64 {
        let engine = self.office.serve();
        self.fleet.settle(&self.office.smsc);
        let feed = self.fleet.assert_nothing_lost_or_doubled(&self.office);
        let recorded = feed.iter().filter(|line| line["outcome"] == "recorded");
        assert_eq!(recorded.count(), self.fleet.sealed.len());
        self.fleet.assert_presence(&self.office);
        self.office.ok(&["verify"]);
        self.office.stop(engine);
        self.office.ok(&["verify"]);
        let after = self.fleet.assert_nothing_lost_or_doubled(&self.office);
        assert_eq!(after.len(), feed.len());
        self.kills
    }
}

/// One batch of kills at one desk, all drawn from `seed`: each exact point once, where strace is there, and as many seen
/// from outside. Panics with what went wrong. Returns how many kills it were.
pub(crate) fn batch(seed: u64) -> u64 {
    println!("replay: HAZIR_KILL_SEED={seed} cargo test --test it kill");
    let mut desk = Killed::open(seed);
    let mut left = Exact::ALL.to_vec();
    left.retain(|exact| exact.call().is_none() || missing_strace().is_none());
    while !left.is_empty() {
        let point = desk.draws.point();
        println!("{point:?}");
        desk.kill_at(point);
        let exact = left.swap_remove(desk.draws.place(left.len()));
        println!("{exact:?}");
        desk.kill_exactly(exact);
    }
    desk.assert_whole()
}

#[test]
fn kills_at_any_moment_lose_nothing_and_count_nothing_twice() {
    // What needs no strace is tested all the same.
    have("strace", missing_strace());
    if let Some(seed) = setting("HAZIR_KILL_SEED") {
        batch(seed);
        return;
    }
    let kills: u64 = (1..=BATCHES).map(batch).sum();
    assert!(kills >= 50 || missing_strace().is_some(), "{kills} kills");
}
