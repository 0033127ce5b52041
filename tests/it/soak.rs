//! A reception that runs for long: check-ins at five a second, consoles and commands that come and go, a link that drops now
//! and then. Nothing is lost, nothing grows, and no secret is anywhere where it has no business: the canaries of the tests of
//! secrets are searched for in all that terminals and the socket got, and in all files in the end.
//!
//! `HAZIR_SOAK_SECONDS` says for how long, `HAZIR_SOAK_SEED` replays the draws.

use std::time::Duration;

use rustix::process::Signal;

use super::draws::{Draws, setting};
use super::fleet::Fleet;
use super::office::Office;
use super::process::Process;
use super::pty::Terminal;
use super::secrets::{Canaries, NOTE, Tap, assert_clean, assert_shows_nothing, desk, talkative};

/// The soak of the gate.
const SECONDS: u64 = 8;
/// Five check-ins a second.
const TURN: Duration = Duration::from_millis(200);
const TURNS_A_SECOND: u64 = 5;
/// Until then memory fills that is bounded by design: the last 2,000 answers, caches, pages of the allocator.
const WARM_UP_S: u64 = 600;
/// What memory may grow by after that.
const GROWTH_KIB: u64 = 5 << 10;
/// Consoles that are open at once.
const WINDOWS: usize = 4;
/// Phones repeat what has no receipt after so many turns.
const REPEAT: u64 = 50;
const COMMANDS: [&[&str]; 6] = [
    &["people"],
    &["alarms"],
    &["link"],
    &["employee", "list"],
    &["device", "list"],
    &["feed", "--employee", "1", "--since", "5m"],
];

/// What a process has.
#[derive(Clone, Copy, Debug)]
struct Sample {
    rss_kib: u64,
    most_kib: u64,
    threads: u64,
    descriptors: usize,
}

impl Sample {
    fn of(engine: &Process) -> Self {
        let process = format!("/proc/{}", engine.id());
        let status = std::fs::read_to_string(format!("{process}/status")).expect("it runs");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let line = line.unwrap_or_else(|| panic!("no {name} in {status}"));
            let number = line.trim().trim_end_matches("kB").trim();
            number.parse().expect("a number")
        };
        Self {
            rss_kib: number("VmRSS:"),
            most_kib: number("VmHWM:"),
            threads: number("Threads:"),
            descriptors: descriptors(engine),
        }
    }
}

fn descriptors(engine: &Process) -> usize {
    let path = format!("/proc/{}/fd", engine.id());
    std::fs::read_dir(path).expect("it runs").count()
}

struct Soak {
    office: Office,
    canaries: Canaries,
    tap: Tap,
    /// What windows got since it was searched last.
    shown: Vec<u8>,
    engine: Process,
    fleet: Fleet,
    draws: Draws,
    /// The link drops once in so many turns.
    drops: u64,
    windows: Vec<Terminal>,
    /// With no window open.
    at_rest: Sample,
    /// One a second since the end of the warm-up.
    samples: Vec<Sample>,
}

impl Soak {
    fn start(seconds: u64, seed: u64) -> Self {
        let root = std::array::from_fn(|n| u8::try_from(n * 31 % 249).unwrap() ^ 0xA5);
        let (office, phone, canaries) = desk(root);
        // A counter has 16 bits.
        let phones = 4 + u32::try_from(seconds / 5_000).expect("a few days");
        let mut fleet = vec![phone];
        fleet.extend(office.staff(phones));
        let fleet = Fleet::new(fleet);
        let engine = talkative(&office);
        let tap = Tap::between(&office);
        office.wait_linked();
        Self {
            at_rest: Sample::of(&engine),
            office,
            canaries,
            tap,
            shown: Vec::new(),
            engine,
            fleet,
            draws: Draws(seed),
            drops: if seconds < 60 { 12 } else { 150 },
            windows: Vec::new(),
            samples: Vec::new(),
        }
    }

    fn turn(&mut self, turn: u64) {
        let smsc = &self.office.smsc;
        let phone = self.draws.place(self.fleet.phones.len());
        let is_shy = self.draws.below(3) == 0;
        let note = if phone == 0 { NOTE } else { "" };
        self.fleet.check_in(smsc, phone, note, is_shy);
        let never = smsc.wait(TURN, |_| None::<()>);
        assert_eq!(never, None);
        self.fleet.listen(smsc);
        if turn.is_multiple_of(REPEAT) {
            self.fleet.repeat(smsc);
        }
        if self.draws.below(self.drops) == 0 {
            smsc.drop_link();
        }
        if self.draws.below(15) == 0 {
            self.office.json(COMMANDS[self.draws.place(COMMANDS.len())]);
        }
        if self.draws.below(20) == 0 && self.windows.len() < WINDOWS {
            let window = Terminal::start(&self.office.command(&[]), 80, 24);
            window.shows("People");
            self.windows.push(window);
        }
        if self.draws.below(30) == 0 && !self.windows.is_empty() {
            self.leave();
        }
        let keys = ["1", "2", "3", "4", "5", "j", "k", "\t", "\x0c"];
        for window in &mut self.windows {
            window.keys(keys[self.draws.place(keys.len())]);
            self.shown.extend(window.heard());
        }
    }

    /// A window goes, in one of the ways in which they go.
    fn leave(&mut self) {
        let place = self.draws.place(self.windows.len());
        let mut window = self.windows.swap_remove(place);
        match self.draws.below(3) {
            0 => window.signal(Signal::TERM),
            1 => window.hang_up("\x0c"),
            // What happens to a console whose machine dies.
            _ => window.signal(Signal::KILL),
        }
        let ended = window.wait(Duration::from_secs(10));
        assert!(ended.is_some(), "it stays:\n{}", window.text());
    }

    fn sample(&mut self, second: u64, warm_up_s: u64) {
        let ended = self.engine.wait(Duration::ZERO);
        assert_eq!(ended, None, "it ended by itself: {}", self.engine.err());
        let sample = Sample::of(&self.engine);
        assert_eq!(
            sample.threads, self.at_rest.threads,
            "threads after {second} s"
        );
        // One more for a link that comes back beside the one that went, and those of windows that have just gone.
        let most = self.at_rest.descriptors + 2 * WINDOWS + 2;
        assert!(sample.descriptors <= most, "after {second} s: {sample:?}");
        if second >= warm_up_s {
            self.samples.push(sample);
        }
        if second.is_multiple_of(60) {
            let count = self.fleet.sealed.len();
            println!("{second} s, {count} check-ins, {sample:?}");
            self.search();
        }
    }

    /// Looks for the canaries in what terminals and the socket got since this was done last.
    fn search(&mut self) {
        self.canaries.assert_not_shown(&self.shown);
        self.canaries.assert_not_said(&self.tap.heard());
        self.shown.clear();
    }

    /// Everybody leaves, and all comes to rest.
    fn end(mut self, is_long: bool) {
        while !self.windows.is_empty() {
            self.leave();
        }
        self.fleet.settle(&self.office.smsc);
        self.office.wait_linked();
        let is_clean = (0..200).any(|_| {
            self.office.json(&["link"]);
            descriptors(&self.engine) <= self.at_rest.descriptors
        });
        let sample = Sample::of(&self.engine);
        assert!(is_clean, "{sample:?} after {:?}", self.at_rest);
        let (first, last) = (median(&self.samples, true), median(&self.samples, false));
        println!("{first} KiB at first, {last} KiB at last, {sample:?}");
        if let (true, Some(warm)) = (is_long, self.samples.first()) {
            let most = sample.most_kib - warm.most_kib;
            assert!(most < GROWTH_KIB, "{most} KiB more at once: {warm:?}");
            assert!(last < first + GROWTH_KIB, "{first} KiB grew to {last} KiB");
        }
        let feed = self.fleet.assert_nothing_lost_or_doubled(&self.office);
        let recorded = feed.iter().filter(|line| line["outcome"] == "recorded");
        assert_eq!(recorded.count(), self.fleet.sealed.len());
        self.fleet.assert_presence(&self.office);
        self.search();
        assert_shows_nothing(&self.engine, &self.canaries);
        Tap::remove(&self.office);
        let done = self.office.stop(self.engine);
        self.canaries.assert_not_written(&done.out, &done.err);
        assert_clean(&self.office.data, &self.canaries);
    }
}

/// The median of memory in the first or the last tenth of the samples, of at least one.
fn median(samples: &[Sample], is_first: bool) -> u64 {
    let count = (samples.len() / 10).max(1).min(samples.len());
    let part = if is_first {
        &samples[..count]
    } else {
        &samples[samples.len() - count..]
    };
    let mut sizes: Vec<u64> = part.iter().map(|sample| sample.rss_kib).collect();
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or(0)
}

/// Runs a reception for so many seconds, all drawn from `seed`. Panics with what went wrong: a check-in that is lost, counts
/// twice or gets no receipt, descriptors or threads that become more, and memory that grows after the warm-up.
pub(crate) fn soak(seconds: u64, seed: u64) {
    println!(
        "replay: HAZIR_SOAK_SECONDS={seconds} HAZIR_SOAK_SEED={seed} cargo test --test it soak"
    );
    let mut soak = Soak::start(seconds, seed);
    let is_long = seconds > 2 * WARM_UP_S;
    let warm_up_s = if is_long { WARM_UP_S } else { seconds / 2 };
    for second in 0..seconds {
        for turn in 0..TURNS_A_SECOND {
            soak.turn(second * TURNS_A_SECOND + turn);
        }
        soak.sample(second, warm_up_s);
    }
    soak.end(is_long);
}

#[test]
fn a_reception_that_runs_loses_nothing_and_keeps_nothing_open() {
    let seconds = setting("HAZIR_SOAK_SECONDS").unwrap_or(SECONDS);
    soak(seconds, setting("HAZIR_SOAK_SEED").unwrap_or(1));
}
