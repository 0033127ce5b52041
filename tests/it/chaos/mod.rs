//! The real binary behind a network that delays, cuts, stalls and dribbles: nothing is lost and nothing counts twice.
//!
//! `HAZIR_CHAOS_SEED` replays the draws of a run that failed, `HAZIR_CHAOS_RUNS` says how many there are.

mod proxy;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rustix::process::Signal;

use super::draws::{Draws, setting};
use super::fleet::{Fleet, key_of};
use super::office::{Office, fast_configuration};
use super::process::Process;
use super::smsc::SOON;
use super::tls::authority::{Authority, BOTH, Dates, acceptor};
use super::tls::front::Front;
use proxy::{End, Kind, Mischief, Proxy, Way};

/// So many run at once: they wait for the desk's pauses most of the time.
const AT_ONCE: usize = 6;
/// Lives of the engine in a run, before the one that settles all.
const LIVES: usize = 3;
const PHONES: u32 = 6;
/// A place in the session that nothing leads to is given up after this time.
const NO_LONGER: Duration = Duration::from_secs(2);
/// Longer than the desk needs to find that nobody is there, 3 s here, and its first pause after a link that was bound: 5 s
/// at most.
const PAUSE: Duration = Duration::from_secs(10);

/// A desk behind the proxy.
struct Line {
    office: Office,
    proxy: Proxy,
    /// Between proxy and gateway, where the desk speaks TLS.
    _front: Option<Front>,
}

impl Line {
    fn open(has_tls: bool) -> Self {
        let office = Office::open();
        let mut front = None;
        let mut gateway = office.smsc.port();
        let mut more = "";
        if has_tls {
            let ca = Authority::new("office CA");
            let leaf = ca.issue(&["127.0.0.1"], Dates::Now);
            let opened = Front::start(acceptor(&leaf, BOTH, None), gateway);
            gateway = opened.port();
            front = Some(opened);
            std::fs::write(office.data.join("ca.pem"), ca.pem()).unwrap();
            more = "tls = true\ntls_ca = \"ca.pem\"\n";
        }
        let proxy = Proxy::start(gateway);
        let text = fast_configuration(proxy.port());
        let (before, after) = text.split_once("\n[receipts]").expect("it has receipts");
        office.configure(&format!(
            "{before}enquire_link_s = 1\nresponse_timeout_s = 1\n{more}\n[receipts]{after}"
        ));
        Self {
            office,
            proxy,
            _front: front,
        }
    }
}

impl Draws {
    fn mischief(&mut self, has_tls: bool) -> Mischief {
        let end = |draws: &mut Self| match draws.below(2) {
            0 => End::Close,
            _ => End::Reset,
        };
        let kind = match self.below(10) {
            0..=2 => Kind::Cut(end(self)),
            3 => Kind::HalfClose,
            4 | 5 => Kind::Stall {
                ms: 100 + self.below(1_500),
                then: end(self),
            },
            6 => Kind::Split { piece: 1 },
            7 => Kind::Split {
                piece: 2 + self.place(40),
            },
            8 => Kind::HalfOpen,
            _ => Kind::Delay {
                ms: 1 + self.below(60),
            },
        };
        // The handshake of TLS, the bind, and then the first messages.
        let most = match (self.below(3), has_tls) {
            (0, _) => 60,
            (_, false) => 800,
            (_, true) => 1_800,
        };
        Mischief {
            way: match self.below(2) {
                0 => Way::ToGateway,
                _ => Way::ToDesk,
            },
            octets: self.place(most),
            kind,
        }
    }
}

/// One desk's day, of one seed.
struct Day {
    seed: u64,
    draws: Draws,
    line: Line,
    fleet: Fleet,
    /// What the gateway was given to hand on, by its number there.
    given: BTreeMap<u64, (u32, u16)>,
    /// Connections whose mischief was done.
    struck: usize,
}

impl Day {
    fn begin(seed: u64) -> Self {
        let mut draws = Draws(seed);
        let line = Line::open(seed.is_multiple_of(2));
        if draws.below(2) == 0 {
            line.office.smsc.send_receipts();
        }
        Self {
            seed,
            draws,
            fleet: Fleet::new(line.office.staff(PHONES)),
            line,
            given: BTreeMap::new(),
            struck: 0,
        }
    }

    /// Lets a phone check in; where it is `shy`, it does not repeat.
    fn check_in(&mut self, is_shy: bool) {
        let place = self.draws.place(self.fleet.phones.len());
        let smsc = &self.line.office.smsc;
        let id = self.fleet.check_in(smsc, place, "", is_shy);
        let phone = &self.fleet.phones[place];
        let message = phone.waiting.last().expect("it has just checked in");
        self.given.insert(id, (phone.device, message.counter));
    }

    /// A mischief for the next connection, and one for the connection after it, where the first ends it.
    fn plan(&mut self, life: usize) -> Vec<Mischief> {
        let has_tls = self.seed.is_multiple_of(2);
        let mut plans = vec![self.draws.mischief(has_tls)];
        if plans[0].kind.ends_it() && self.draws.below(3) == 0 {
            plans.push(self.draws.mischief(has_tls));
        }
        println!("seed {}, life {life}: {plans:?}", self.seed);
        self.line.proxy.plan(&plans);
        plans
    }

    /// Waits until what is planned for the connections from `first` on was done, or will not be done.
    fn strike(&mut self, first: usize, plans: &[Mischief]) {
        let proxy = &self.line.proxy;
        for number in first..first + plans.len() {
            // Not to come to this place is a fate like others.
            if !proxy.comes(number, PAUSE) || !proxy.strikes(number, NO_LONGER) {
                break;
            }
            self.struck += 1;
        }
    }

    /// An engine starts, is struck, and ends.
    fn live(&mut self, life: usize) {
        let plans = self.plan(life);
        let first = self.line.proxy.connections();
        for _ in 0..2 + self.draws.below(5) {
            let is_shy = self.draws.below(3) == 0;
            self.check_in(is_shy);
        }
        if self.draws.below(3) == 0 {
            self.fleet.repeat(&self.line.office.smsc);
        }
        let engine = self.line.office.start();
        let came = self.line.proxy.comes(first, SOON);
        assert!(came, "no connection: {}", engine.err());
        self.strike(first, &plans);
        self.fleet.listen(&self.line.office.smsc);
        end(engine, &mut self.draws);
        self.fleet.listen(&self.line.office.smsc);
        self.assert_kept();
    }

    /// An engine that is struck, too, brings all to its end by itself: these phones do not repeat.
    fn settle(&mut self) {
        let first = self.line.proxy.connections();
        let plans = self.plan(LIVES);
        for _ in 0..4 {
            self.check_in(true);
        }
        let engine = self.line.office.serve();
        self.strike(first, &plans);
        self.check_in(true);
        self.line.proxy.plan(&[]);
        self.fleet.settle(&self.line.office.smsc);
        self.assert_kept();
        self.fleet.assert_presence(&self.line.office);
        self.line.office.stop(engine);
    }

    /// What the gateway was told is recorded, and what is recorded has its receipt: held by the phone, or in the
    /// outbox. Returns how many are recorded.
    fn assert_kept(&self) -> usize {
        let office = &self.line.office;
        let feed = self.fleet.assert_nothing_lost_or_doubled(office);
        let mut recorded = BTreeSet::new();
        for row in feed.iter().filter(|row| row["outcome"] == "recorded") {
            recorded.insert(key_of(row));
            let state = row["receipt"]["state"].as_str();
            let is_kept = matches!(
                state,
                Some("queued" | "sending" | "sent" | "deferred" | "delivered")
            );
            assert!(is_kept, "a record without a receipt: {row}");
        }
        for (id, key) in &self.given {
            let answer = office.smsc.read(|s| s.answer_of(*id));
            assert!(
                answer != Some(0) || recorded.contains(key),
                "{key:?} was answered OK and is not recorded"
            );
        }
        recorded.len()
    }
}

fn end(mut engine: Process, draws: &mut Draws) {
    let ended = engine.wait(Duration::ZERO);
    assert_eq!(ended, None, "it ended by itself: {}", engine.err());
    if draws.below(2) == 0 {
        engine.kill();
        return;
    }
    engine.signal(Signal::TERM);
    let done = engine.finish(SOON);
    assert!(!done.err.contains("panicked"), "{}", done.err);
    // Told so before it listens to signals, it ends as the system does it.
    assert!(matches!(done.code, Some(0) | None), "{done:?}");
}

/// Runs one day. Returns how many connections were struck, and how many check-ins recorded.
fn run(seed: u64) -> (usize, usize) {
    let mut day = Day::begin(seed);
    for life in 0..LIVES {
        day.live(life);
    }
    day.settle();
    let recorded = day.assert_kept();
    assert_eq!(recorded, day.fleet.sealed.len());
    (day.struck, recorded)
}

/// One batch: the day of one desk behind the proxy, all drawn from `seed`. Panics with what went wrong. Returns how many
/// days it tried: one.
pub(crate) fn batch(seed: u64) -> u64 {
    assert_runs(&[seed]);
    1
}

/// Runs desks behind the proxy, each of a seed of its own; every other one with TLS.
pub(crate) fn assert_nothing_is_lost_or_doubled(runs: u64) {
    if let Some(seed) = setting("HAZIR_CHAOS_SEED") {
        batch(seed);
        return;
    }
    let first = Draws::seed();
    let seeds = first..first + setting("HAZIR_CHAOS_RUNS").unwrap_or(runs);
    let seeds: Vec<u64> = seeds.collect();
    let struck = assert_runs(&seeds);
    // Most places are reached: a proxy that does nothing tests nothing.
    assert!(struck >= seeds.len() * LIVES / 2, "only {struck} struck");
}

/// Runs a desk of each seed. Returns how many connections were struck.
fn assert_runs(seeds: &[u64]) -> usize {
    let (mut struck, mut recorded) = (0, 0);
    for some in seeds.chunks(AT_ONCE) {
        let results: Vec<_> = std::thread::scope(|scope| {
            let runs = some.iter().map(|&seed| {
                let run = move || catch_unwind(AssertUnwindSafe(|| run(seed)));
                (seed, scope.spawn(run))
            });
            let runs: Vec<_> = runs.collect();
            let results = runs.into_iter();
            results
                .map(|(seed, run)| (seed, run.join().expect("it catches")))
                .collect()
        });
        for (seed, result) in results {
            let Ok((some_struck, some_recorded)) = result else {
                panic!("replay the draws with HAZIR_CHAOS_SEED={seed}");
            };
            struck += some_struck;
            recorded += some_recorded;
        }
    }
    println!(
        "{} desks, {struck} connections struck, {recorded} check-ins",
        seeds.len()
    );
    struck
}
