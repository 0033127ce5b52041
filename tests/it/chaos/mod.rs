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
/// Lives of the engine in a run.
const LIVES: usize = 6;
const PHONES: u32 = 6;
/// A place in the session that nothing leads to is given up after this time.
const NO_LONGER: Duration = Duration::from_secs(2);
/// Longer than the desk's first pause after a link that was bound: 5 s at most.
const PAUSE: Duration = Duration::from_secs(7);

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
            "{before}response_timeout_s = 1\n{more}\n[receipts]{after}"
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
        let kind = match self.below(8) {
            0..=2 => Kind::Cut(end(self)),
            3 => Kind::HalfClose,
            4 | 5 => Kind::Stall {
                ms: 100 + self.below(1_500),
                then: end(self),
            },
            6 => Kind::Dribble,
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

/// What the gateway was told is recorded, and what is recorded has its receipt: held by the phone, or in the outbox.
fn assert_kept(line: &Line, fleet: &Fleet, ids: &BTreeMap<u64, (u32, u16)>) {
    let feed = fleet.assert_nothing_lost_or_doubled(&line.office);
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
    for (id, key) in ids {
        let answer = line.office.smsc.read(|s| s.answer_of(*id));
        assert!(
            answer != Some(0) || recorded.contains(key),
            "{key:?} was answered OK and is not recorded"
        );
    }
}

fn end(engine: Process, draws: &mut Draws) {
    let mut engine = engine;
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

/// One desk's day, of one seed. Returns how many connections were struck, and how many check-ins recorded.
fn run(seed: u64) -> (usize, usize) {
    let mut draws = Draws(seed);
    let has_tls = seed.is_multiple_of(2);
    let line = Line::open(has_tls);
    let (office, proxy) = (&line.office, &line.proxy);
    let smsc = &office.smsc;
    if draws.below(2) == 0 {
        smsc.send_receipts();
    }
    let mut fleet = Fleet::new(office.staff(PHONES));
    let mut ids = BTreeMap::new();
    let mut struck = 0;
    for life in 0..LIVES {
        let mut plans = vec![draws.mischief(has_tls)];
        if plans[0].kind.ends_it() && draws.below(3) == 0 {
            plans.push(draws.mischief(has_tls));
        }
        println!("seed {seed}, life {life}: {plans:?}");
        let first = proxy.connections();
        proxy.plan(&plans);
        for _ in 0..2 + draws.below(5) {
            let place = draws.place(fleet.phones.len());
            let is_shy = draws.below(3) == 0;
            let id = fleet.check_in(smsc, place, "", is_shy);
            let phone = &fleet.phones[place];
            let message = phone.waiting.last().expect("it has just checked in");
            ids.insert(id, (phone.device, message.counter));
        }
        if draws.below(3) == 0 {
            fleet.repeat(smsc);
        }
        let engine = office.start();
        assert!(proxy.comes(first, SOON), "no connection: {}", engine.err());
        for number in first..first + plans.len() {
            // Not to come to this place is a fate like others.
            if !proxy.comes(number, PAUSE) || !proxy.strikes(number, NO_LONGER) {
                break;
            }
            struck += 1;
        }
        fleet.listen(smsc);
        end(engine, &mut draws);
        fleet.listen(smsc);
        assert_kept(&line, &fleet, &ids);
    }

    proxy.plan(&[]);
    let engine = office.serve();
    fleet.settle(smsc);
    assert_kept(&line, &fleet, &ids);
    fleet.assert_presence(office);
    let feed = fleet.assert_nothing_lost_or_doubled(office);
    let recorded = feed.iter().filter(|row| row["outcome"] == "recorded");
    let recorded = recorded.count();
    assert_eq!(recorded, fleet.sealed.len());
    office.stop(engine);
    (struck, recorded)
}

/// Runs desks behind the proxy, each of a seed of its own; every other one with TLS.
pub(crate) fn assert_nothing_is_lost_or_doubled(runs: u64) {
    let seeds: Vec<u64> = if let Some(seed) = setting("HAZIR_CHAOS_SEED") {
        vec![seed]
    } else {
        let first = Draws::seed();
        (first..first + setting("HAZIR_CHAOS_RUNS").unwrap_or(runs)).collect()
    };
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
    // Most places are reached: a proxy that does nothing tests nothing.
    assert!(struck >= seeds.len() * LIVES / 2, "only {struck} struck");
}
