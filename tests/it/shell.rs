//! The engine's shell on a store that fails, with paused time: nothing leaves that is not durable, and everybody who
//! waits is told.

pub(crate) mod desk;
mod slow_store;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hazir::api::{Ask, Command, Event, Query, Refusal, Reply};
use hazir::domain::{
    Action, AlarmKind, EmployeeId, Entry, LinkEvent, Millis, OutboxId, OutboxState, SendError,
    SubmitFault,
};
use tokio::time::sleep;

use self::desk::{AYSE, Desk, MORNING, Probe, seconds, text_of};
use super::phone::{Heard, Phone};

#[tokio::test(start_paused = true)]
async fn a_check_in_and_its_receipt_leave_together_after_one_commit() {
    let (mut desk, mut phone) = Desk::with_phone().await;
    let before = desk.probe.commits();
    let message = phone.check_in(1, seconds(), "");
    desk.deliver(&message.text).await;
    desk.listen().await;
    assert_eq!(desk.probe.commits(), before + 1);
    assert_eq!(desk.last_batch, 2);
    let receipt = text_of(&desk.submitted[0]);
    assert_eq!(phone.hear(&receipt), Heard::Receipt(1));
    assert_eq!(desk.probe.state(1), Some(OutboxState::Queued));
    desk.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_came_further_rides_with_the_next_commit_or_goes_after_50_ms() {
    let (mut desk, mut phone) = Desk::with_phone().await;
    for n in 1..=2 {
        let message = phone.check_in(1, seconds(), "");
        desk.deliver(&message.text).await;
        desk.listen().await;
        assert_eq!(desk.submitted.len(), n);
    }
    let before = desk.probe.commits();
    desk.accept(OutboxId(1)).await;
    sleep(Duration::from_millis(48)).await;
    assert_eq!(desk.probe.commits(), before);
    assert_eq!(desk.probe.state(1), Some(OutboxState::Queued));
    sleep(Duration::from_millis(4)).await;
    assert_eq!(desk.probe.commits(), before + 1);
    assert_eq!(desk.probe.state(1), Some(OutboxState::Sent));

    desk.accept(OutboxId(2)).await;
    sleep(Duration::from_millis(20)).await;
    desk.deliver(&phone.check_in(2, seconds(), "").text).await;
    desk.listen().await;
    assert_eq!(desk.probe.commits(), before + 2);
    assert_eq!(desk.probe.state(2), Some(OutboxState::Sent));
    sleep(Duration::from_millis(500)).await;
    assert_eq!(desk.probe.commits(), before + 2);

    let settled = desk.probe.look(|probe| probe.settled);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(desk.probe.look(|probe| probe.settled), settled + 1);
    desk.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_engine_says_once_a_minute_that_it_is_alive() {
    let (mut desk, _) = Desk::with_phone().await;
    sleep(Duration::from_secs(5)).await;
    let before = desk.probe.commits();
    sleep(Duration::from_mins(10)).await;
    let commits = desk.probe.commits() - before;
    // One of them for the end of the gap and what is told of it.
    assert!((9..=11).contains(&commits), "{commits}");
    desk.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_over_a_bound_is_durable_within_a_minute() {
    let (mut desk, _) = Desk::with_phone().await;
    sleep(Duration::from_secs(5)).await;
    for _ in 0..40 {
        desk.deliver("hello").await;
    }
    desk.listen().await;
    assert_eq!(desk.answered.len(), 40);
    let before = desk.probe.commits();
    for _ in 0..5 {
        desk.deliver("hello").await;
        desk.listen().await;
    }
    assert_eq!(desk.answered.len(), 45);
    assert_eq!(desk.probe.commits(), before);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(desk.probe.commits(), before + 1);
    desk.end().await.unwrap();
    let over = desk.probe.look(|probe| {
        let mut over = Vec::new();
        for row in &probe.rows {
            if let Entry::OverBound(one) = &row.entry {
                over.push(one.clone());
            }
        }
        over
    });
    assert_eq!(over.len(), 1);
    assert_eq!((over[0].since, over[0].unreadable), (Millis(MORNING), 15));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_when_the_store_fails_is_told() {
    for fail_at in 1..=12 {
        let probe = Probe {
            fail_at: Some(fail_at),
            ..Probe::default()
        };
        let mut desk = Desk::start(probe, 64);
        let phone = desk.enrol().await;
        desk.tell(LinkEvent::Up { connection: 1 }).await;
        desk.listen().await;
        let mut phone = phone.unwrap_or(Phone::new(9, &[9; 32], AYSE));
        let mut known = BTreeMap::new();
        for round in 0..4_u8 {
            for note in 0..3_u8 {
                let note = format!("{round}{note}");
                let message = phone.check_in(1 + round % 2, seconds(), &note);
                desk.deliver(&message.text).await;
                known.insert(desk.sequence, note);
            }
            if round == 2 {
                desk.call(Ask::Query(Query::People)).await;
                desk.call(Ask::Command(Command::Mark {
                    employee: EmployeeId(1),
                    action: Action::Out,
                    at: None,
                    reason: "no phone".into(),
                }))
                .await;
            }
            desk.listen().await;
            for id in 1..=desk.submitted.len() {
                desk.accept(OutboxId(id as u64)).await;
            }
        }
        let ended = desk.end().await;
        let failed = desk.probe.commits() >= fail_at;
        assert_eq!(ended.is_err(), failed, "{fail_at}");
        assert!(fail_at > 8 || failed, "{fail_at}");

        // Each ticket has one answer: OK where the message is durable, else to come again.
        assert_eq!(
            desk.tickets,
            desk.answered.keys().copied().collect(),
            "{fail_at}"
        );
        let notes: BTreeSet<String> = desk.probe.look(|probe| {
            let mut notes = BTreeSet::new();
            for row in &probe.rows {
                if let Entry::Message(message) = &row.entry {
                    notes.insert(message.note.clone());
                }
            }
            notes
        });
        for (ticket, status) in &desk.answered {
            assert!([0, 0x64].contains(status));
            if *status == 0 {
                assert!(notes.contains(&known[ticket]), "{fail_at}: {ticket}");
            }
        }
        // What left is durable.
        for sms in &desk.submitted {
            assert!(desk.probe.state(sms.id.0).is_some(), "{fail_at}");
        }
        // Each call has a reply, and what it says was done is durable.
        while let Some(reply) = desk.waiting.join_next().await {
            let reply = reply.unwrap();
            if let Reply::Marked(line) = &reply {
                let is_durable = |probe: &mut Probe| probe.rows.iter().any(|r| r.seq == line.seq);
                assert!(desk.probe.look(is_durable), "{fail_at}");
                continue;
            }
            let no_card = Refusal::NoEmployee(EmployeeId(1));
            let is_told = [Refusal::Store, no_card]
                .map(Reply::Refused)
                .contains(&reply);
            assert!(
                is_told || matches!(reply, Reply::People(_)),
                "{fail_at}: {reply:?}"
            );
        }
        if failed {
            let events = desk.happened();
            let alarm =
                |event: &Event| matches!(event, Event::Alarm(a) if a.kind == AlarmKind::Store);
            assert!(events.iter().any(alarm), "{fail_at}");
            assert_eq!(events.last(), Some(&Event::Stopping));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_channels_when_the_store_fails_is_told() {
    let probe = Probe {
        fail_at: Some(1),
        ..Probe::default()
    };
    let mut desk = Desk::start(probe, 64);
    for _ in 0..3 {
        desk.deliver("hello").await;
        desk.call(Ask::Query(Query::Links)).await;
    }
    assert!(desk.end().await.is_err());
    let statuses: Vec<u32> = desk.answered.values().copied().collect();
    assert_eq!(statuses, [0x64; 3]);
    for _ in 0..3 {
        let reply = desk.waiting.join_next().await.unwrap().unwrap();
        assert_eq!(reply, Reply::Refused(Refusal::Store));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_takes_nothing_in() {
    let (mut desk, mut phone) = Desk::with_phone().await;
    let message = phone.check_in(1, seconds(), "");
    desk.deliver(&message.text).await;
    desk.listen().await;
    desk.probe.look(|probe| probe.fail_reads = true);
    // Before the copy that has to be looked up, itself, and behind it.
    desk.deliver(&phone.check_in(2, seconds(), "").text).await;
    desk.deliver(&message.text).await;
    desk.deliver("hello").await;
    desk.call(Ask::Query(Query::Links)).await;
    sleep(Duration::from_millis(1)).await;
    assert!(desk.end().await.is_err());
    assert_eq!(
        desk.answered,
        BTreeMap::from([(1, 0), (2, 0x64), (3, 0x64), (4, 0x64)])
    );
    assert_eq!(desk.submitted.len(), 1);
    let reply = desk.waiting.join_next().await.unwrap().unwrap();
    assert!(matches!(
        reply,
        Reply::Refused(Refusal::Store) | Reply::Links(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn what_the_links_told_last_is_heard_before_the_end() {
    for links_end in [false, true] {
        let (mut desk, mut phone) = Desk::with_phone().await;
        for n in 1..=20 {
            desk.deliver(&phone.check_in(1, seconds(), "").text).await;
            desk.listen().await;
            if n <= 10 {
                assert_eq!(desk.submitted.len(), n);
            }
        }
        for id in 1..=10 {
            desk.accept(OutboxId(id)).await;
        }
        if links_end {
            desk.links = None;
        }
        desk.end().await.unwrap();
        for id in 1..=10 {
            assert_eq!(desk.probe.state(id), Some(OutboxState::Sent), "{id}");
        }
        let last = desk.probe.look(|probe| probe.rows.last().cloned().unwrap());
        assert!(matches!(last.entry, Entry::EngineStopped { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_links_goes_on() {
    let (mut desk, _) = Desk::with_phone().await;
    desk.links = None;
    sleep(Duration::from_mins(10)).await;
    let reply = desk.ask(Ask::Query(Query::People)).await;
    assert!(matches!(reply, Some(Reply::People(people)) if people.len() == 1));
    desk.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_link_that_takes_no_orders_gets_them_later() {
    let mut desk = Desk::start(Probe::default(), 1);
    let mut phone = desk.enrol().await.unwrap();
    desk.tell(LinkEvent::Up { connection: 1 }).await;
    for _ in 0..2 {
        desk.deliver(&phone.check_in(1, seconds(), "").text).await;
        sleep(Duration::from_millis(1)).await;
    }
    sleep(Duration::from_millis(100)).await;
    let row = desk.probe.look(|probe| probe.outbox[&OutboxId(2)].clone());
    assert_eq!(row.state, OutboxState::Deferred);
    assert_eq!(row.error, Some(SendError::Status(0x14)));
    desk.hear();
    assert_eq!(desk.submitted.len(), 1);
    sleep(Duration::from_secs(31)).await;
    desk.hear();
    assert_eq!(desk.submitted.len(), 2);
    // And one that is gone gets nothing more.
    desk.orders.close();
    let result = Err(SubmitFault::Status(0x45));
    desk.tell(LinkEvent::Submitted {
        connection: 1,
        id: OutboxId(1),
        result,
    })
    .await;
    sleep(Duration::from_secs(31)).await;
    assert_eq!(desk.probe.state(1), Some(OutboxState::Deferred));
    desk.end().await.unwrap();
}
