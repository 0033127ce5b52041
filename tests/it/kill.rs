//! SIGKILL of the real binary under phones that repeat: nothing is lost and nothing counts twice.
//!
//! `HAZIR_KILL_SEED` replays the draws of a run that failed, `HAZIR_KILL_ROUNDS` makes it longer.

use std::time::Duration;

use super::draws::{Draws, setting};
use super::fleet::Fleet;
use super::office::Office;
use super::smsc::{Seen, Smsc, State};

const ROUNDS: u64 = 50;
const PHONES: u32 = 12;
/// A point that nothing leads to is given up after this time: then all is settled, and that is a moment, too.
const NO_LONGER: Duration = Duration::from_secs(3);

/// When the engine is killed.
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

impl Draws {
    fn point(&mut self) -> Point {
        let count = 1 + self.place(8);
        match self.below(5) {
            0 => Point::After(self.below(700)),
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

#[test]
fn kills_at_any_moment_lose_nothing_and_count_nothing_twice() {
    let seed = setting("HAZIR_KILL_SEED").unwrap_or_else(Draws::seed);
    let rounds = setting("HAZIR_KILL_ROUNDS").unwrap_or(ROUNDS);
    println!("replay the draws with HAZIR_KILL_SEED={seed}");

    let mut draws = Draws(seed);
    let office = Office::open_fast();
    let smsc = &office.smsc;
    let mut fleet = Fleet::new(office.staff(PHONES));
    for round in 0..rounds {
        let point = draws.point();
        println!("round {round}: {point:?}");
        for _ in 0..4 + draws.below(12) {
            let phone = draws.place(fleet.phones.len());
            fleet.check_in(smsc, phone, "", draws.below(3) == 0);
        }
        if draws.below(3) == 0 {
            fleet.repeat(smsc);
        }
        let from = smsc.read(|s| s.seen.len());
        let mut engine = office.start();
        reach(point, smsc, from);
        let ended = engine.wait(Duration::ZERO);
        assert_eq!(ended, None, "it ended by itself: {}", engine.err());
        engine.kill();
        fleet.listen(smsc);
    }

    let engine = office.serve();
    fleet.settle(smsc);
    let feed = fleet.assert_nothing_lost_or_doubled(&office);
    let recorded = feed
        .iter()
        .filter(|line| line["outcome"] == "recorded")
        .count();
    assert_eq!(recorded, fleet.sealed.len());
    fleet.assert_presence(&office);
    office.ok(&["verify"]);
    office.stop(engine);
    office.ok(&["verify"]);
    assert_eq!(
        fleet.assert_nothing_lost_or_doubled(&office).len(),
        feed.len()
    );
    println!("{rounds} kills, {recorded} check-ins");
}
