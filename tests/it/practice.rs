//! The built-in gateway with its phones, against real engines over real TCP, with paused time: the loopback is faster than
//! any timer.

mod reception;

use std::time::Duration;

use hazir::api::{FeedLine, FeedOutcome};
use hazir::domain::{AlarmKind, OutboxState, UnreadableReason};
use hazir::practice::{Fault, Practice, PracticeConfig, Scenario, Tally};
use tokio::time::{Instant, timeout};

use self::reception::{MORNING, Reception, wall};

fn config(scenario: Scenario, people: usize) -> PracticeConfig {
    PracticeConfig {
        seed: 11,
        scenario,
        people,
        port: 0,
        utc_offset_s: 0,
        speed: 1,
    }
}

/// A practice that runs, and what can be told of it.
struct Show {
    tally: tokio::sync::watch::Receiver<Tally>,
    faults: tokio::sync::mpsc::Sender<Fault>,
    began: Instant,
}

impl Show {
    /// Waits until the practice stands as wanted, at most for `within` of its time.
    async fn until(&mut self, within: Duration, wanted: impl Fn(&Tally) -> bool) -> Tally {
        let came = timeout(within, self.tally.wait_for(|tally| wanted(tally))).await;
        let tally = came.ok().map(|tally| *tally.unwrap());
        tally.unwrap_or_else(|| panic!("it stands at {:?}", *self.tally.borrow()))
    }

    /// Waits until the script has come to this time.
    async fn at(&self, s: u64) {
        tokio::time::sleep_until(self.began + Duration::from_secs(s)).await;
    }
}

/// Runs a practice with so many desks on it, and `watch` beside them.
async fn play<T>(
    config: PracticeConfig,
    desks: usize,
    watch: impl AsyncFnOnce(&mut Show, &mut Vec<Reception>) -> T,
) -> T {
    let practice = Practice::open(&config).unwrap();
    let mut receptions = Vec::new();
    for _ in 0..desks {
        receptions.push(Reception::start(&practice).await);
    }
    let mut show = Show {
        tally: practice.tally(),
        faults: practice.faults(),
        began: Instant::now(),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stop_of_practice = async {
        stopped.await.unwrap();
    };
    let watched = async {
        let watched = watch(&mut show, &mut receptions).await;
        for reception in receptions {
            reception.end().await;
        }
        stop.send(()).unwrap();
        watched
    };
    let (ran, watched) = tokio::join!(practice.run(wall(), stop_of_practice), watched);
    ran.unwrap();
    watched
}

fn outcomes(feed: &[FeedLine], employee: u32) -> Vec<FeedOutcome> {
    let theirs = |line: &&FeedLine| line.employee.is_some_and(|id| id.0 == employee);
    feed.iter()
        .filter(theirs)
        .map(|line| line.outcome)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_phone_of_a_morning_learns_its_outcome() {
    let config = config(Scenario::Morning, 12);
    let (tally, feed, alarms) = play(config, 1, async |show, desks| {
        show.until(Duration::from_secs(1), |tally| tally.receipts >= 1)
            .await;
        assert!(show.began.elapsed() < Duration::from_secs(1));
        show.at(174).await;
        // All but the reset phone, which nobody can read, and the one whose receipt was refused for good.
        let tally = show
            .until(Duration::from_mins(1), |tally| tally.unanswered <= 3)
            .await;
        (tally, desks[0].feed().await, desks[0].alarms().await)
    })
    .await;
    assert_eq!((tally.bound, tally.waiting), (1, 0), "{tally:?}");
    assert_eq!(tally.refusals, 1, "{tally:?}");

    // Cards are numbered in the order of the plan. 2: its answer was lost. 3: its storage. 4: 2023. 5: reset.
    let copies = outcomes(&feed, 2);
    assert_eq!(copies[0], FeedOutcome::Recorded);
    assert_eq!(
        copies[1..],
        [FeedOutcome::Duplicate, FeedOutcome::Duplicate]
    );
    let lost = [
        FeedOutcome::Recorded,
        FeedOutcome::Replay,
        FeedOutcome::Recorded,
    ];
    assert_eq!(outcomes(&feed, 3), lost);
    let old: Vec<&FeedLine> = feed.iter().filter(|line| line.weak).collect();
    assert_eq!((old.len(), old[0].employee.unwrap().0), (1, 4));
    let settled = old[0].receipt.as_ref().map(|receipt| receipt.state);
    assert_eq!(settled, Some(OutboxState::Delivered));
    let unread = FeedOutcome::Unreadable(UnreadableReason::WrongTag);
    let reset = outcomes(&feed, 5);
    assert!(
        reset.len() >= 2 && reset.iter().all(|it| *it == unread),
        "{reset:?}"
    );
    assert!(feed.iter().any(|line| line.clock_off));
    let recorded = feed
        .iter()
        .filter(|line| line.outcome == FeedOutcome::Recorded);
    let on_time = recorded.filter(|line| line.received_at.0 <= MORNING + 180_000);
    assert_eq!(on_time.count(), 12);
    for wanted in [
        alarms.iter().any(|it| matches!(it, AlarmKind::Key { .. })),
        alarms
            .iter()
            .any(|it| matches!(it, AlarmKind::TwoPlaces { .. })),
        alarms
            .iter()
            .any(|it| matches!(it, AlarmKind::OutboxFailed { .. })),
        alarms
            .iter()
            .any(|it| matches!(it, AlarmKind::UnknownSenders)),
    ] {
        assert!(wanted, "{alarms:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_receipt_arrives_when_it_is_sent_again() {
    let config = config(Scenario::Morning, 6);
    play(config, 1, async |show, desks| {
        show.at(30).await;
        let receipts = show.tally.borrow().receipts;
        assert_eq!(desks[0].retry_failed().await, 1);
        show.until(Duration::from_secs(5), |tally| {
            tally.receipts == receipts + 1
        })
        .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_while_the_gateway_is_gone_comes_after() {
    let config = config(Scenario::LinkDown, 30);
    play(config, 1, async |show, desks| {
        show.at(19).await;
        assert_eq!(show.tally.borrow().bound, 1);
        show.at(85).await;
        let tally = *show.tally.borrow();
        assert!(tally.bound == 0 && tally.waiting > 0, "{tally:?}");
        let alarms = desks[0].alarms().await;
        assert!(
            alarms
                .iter()
                .any(|it| matches!(it, AlarmKind::LinkDown { .. }))
        );
        show.until(Duration::from_mins(1), |tally| {
            tally.bound == 1 && tally.waiting == 0
        })
        .await;
        let feed = desks[0].feed().await;
        assert!(feed.iter().any(|line| line.link_gap));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn two_desks_take_turns() {
    let config = config(Scenario::Morning, 20);
    play(config, 2, async |show, desks| {
        show.at(180).await;
        assert_eq!(show.tally.borrow().bound, 2);
        let mut lines = Vec::new();
        for desk in desks {
            lines.push(desk.feed().await.len());
        }
        assert!(
            lines[0].abs_diff(lines[1]) <= 2 && lines[0] >= 9,
            "{lines:?}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn old_messages_and_floods_record_nobody_twice() {
    for scenario in [Scenario::Replay, Scenario::Flood] {
        let config = config(scenario, 8);
        let feed = play(config, 1, async |show, desks| {
            show.at(185).await;
            desks[0].feed().await
        })
        .await;
        let count = |outcome| feed.iter().filter(|line| line.outcome == outcome).count();
        let copies = count(FeedOutcome::Duplicate);
        assert!(copies >= 5, "{scenario:?}: {copies}");
        // Eight people but the reset one, with what is written twice: new apps and restored phones.
        let arrivals = feed
            .iter()
            .filter(|line| line.outcome == FeedOutcome::Recorded);
        let plain = arrivals.filter(|line| line.note != "restored" && line.note != "new app");
        assert!(plain.count() <= 8, "{scenario:?}: {feed:#?}");
        if scenario == Scenario::Replay {
            assert!(count(FeedOutcome::Replay) >= 4, "{feed:#?}");
        } else {
            let strangers = feed.iter().filter(|line| line.employee.is_none()).count();
            assert!((20..=80).contains(&strangers), "{strangers}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_gateway_gets_every_receipt_in_the_end() {
    let config = config(Scenario::GatewaySlow, 25);
    play(config, 1, async |show, _| {
        show.at(178).await;
        let tally = show
            .until(Duration::from_secs(90), |tally| tally.unanswered <= 3)
            .await;
        assert!(tally.taken >= 24, "{tally:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn switches_are_thrown_while_it_runs() {
    let config = config(Scenario::Morning, 30);
    let number = hazir::practice::Plan::draw(&config).hires[0].phone.clone();
    play(config, 1, async |show, desks| {
        show.until(Duration::from_secs(5), |tally| tally.bound == 1)
            .await;
        let faults = show.faults.clone();
        faults.send(Fault::Cut).await.unwrap();
        show.until(Duration::from_secs(1), |tally| tally.bound == 0)
            .await;
        show.until(Duration::from_secs(10), |tally| tally.bound == 1)
            .await;
        faults
            .send(Fault::RefuseBinds { for_ms: 4_000 })
            .await
            .unwrap();
        faults.send(Fault::Cut).await.unwrap();
        show.until(Duration::from_secs(1), |tally| tally.bound == 0)
            .await;
        show.until(Duration::from_secs(90), |tally| tally.bound == 1)
            .await;
        faults.send(Fault::DeliverTwice(number)).await.unwrap();
        show.at(400).await;
        let feed = desks[0].feed().await;
        let copies = outcomes(&feed, 1);
        assert!(copies.contains(&FeedOutcome::Duplicate), "{copies:?}");
    })
    .await;
}
