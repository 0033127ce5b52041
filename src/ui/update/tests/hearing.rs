use super::*;
use crate::ui::model::PersonMark;

#[test]
fn what_the_snapshot_had_already_is_left_out() {
    let mut desk = Desk::open();
    let mut fresh = snapshot();
    fresh.revision = 10;
    desk.tell(Message::Attached(Box::new(fresh)));
    desk.tell(Message::Event(10, Event::AlarmGone(AlarmId(1))));
    let out = person(2, "Ayşe Yılmaz", PersonPresence::Out);
    desk.tell(Message::Event(9, Event::Person(out.clone())));
    assert_eq!(desk.model.person_mark(EmployeeId(2)), PersonMark::In);
    desk.tell(Message::Event(11, Event::Person(out)));
    assert_eq!(desk.model.person_mark(EmployeeId(2)), PersonMark::Out);
    assert_eq!(desk.model.facts.revision, 11);
}

#[test]
fn what_is_held_is_bounded() {
    let mut desk = Desk::open();
    for id in 1..=5_000_u64 {
        let state = if id % 100 == 0 {
            OutboxState::Failed
        } else {
            OutboxState::Sent
        };
        desk.revision += 1;
        let event = Event::Outbox(entry(id + 10, id, state));
        update(
            &mut desk.model,
            desk.now,
            Message::Event(desk.revision, event),
        );
        desk.revision += 1;
        let event = Event::Feed(feed(id, Some(2), FeedOutcome::Recorded));
        update(
            &mut desk.model,
            desk.now,
            Message::Event(desk.revision, event),
        );
    }
    desk.press("4");
    assert_eq!(desk.model.facts.log.len(), 1_000);
    assert!(
        desk.model.facts.outbox.len() <= 2_050,
        "{}",
        desk.model.facts.outbox.len()
    );
    let outbox = desk.model.facts.outbox.values();
    let failed = outbox
        .filter(|entry| entry.state == OutboxState::Failed)
        .count();
    assert_eq!(failed, 51, "what needs a hand is kept");
    assert_eq!(
        desk.model.lists.outbox[0],
        OutboxId(5_010),
        "the newest that failed stands first"
    );
}

#[test]
fn an_old_line_does_not_come_back_as_news() {
    let mut desk = Desk::open();
    for seq in 4..2_000 {
        desk.hear(Event::Feed(feed(seq, Some(2), FeedOutcome::Recorded)));
    }
    desk.hear(Event::Feed(feed(2, Some(2), FeedOutcome::Recorded)));
    assert_eq!(desk.model.lists.live.last(), Some(&Seq(1_000)));
}

#[test]
fn alarms_stand_by_priority_and_state() {
    let mut desk = Desk::open();
    let key = |id| AlarmKind::Key {
        employee: EmployeeId(id),
    };
    let in_state = |id, kind, state| {
        let mut alarm = alarm(id, kind);
        alarm.state = state;
        Event::Alarm(alarm)
    };
    desk.hear(in_state(1, key(1), AlarmState::New));
    desk.hear(in_state(2, AlarmKind::Store, AlarmState::Shelved));
    desk.hear(in_state(3, link_down(), AlarmState::Seen));
    desk.hear(in_state(
        4,
        AlarmKind::OutboxFailed { last: OutboxId(1) },
        AlarmState::Ended,
    ));
    desk.hear(in_state(5, key(3), AlarmState::Shelved));
    let ids: Vec<u64> = desk.model.lists.alarms.iter().map(|id| id.0).collect();
    assert_eq!(ids, [3, 4, 1, 2, 5]);
    assert_eq!(
        desk.model.shown_alarm().map(|alarm| alarm.id),
        Some(AlarmId(1))
    );
    assert_eq!(desk.model.person_mark(EmployeeId(1)), PersonMark::Key);
    assert_eq!(
        desk.model.person_mark(EmployeeId(3)),
        PersonMark::In,
        "shelved"
    );
    desk.hear(Event::AlarmGone(AlarmId(1)));
    assert_eq!(
        desk.model.shown_alarm().map(|alarm| alarm.id),
        Some(AlarmId(4))
    );
    assert_eq!(desk.model.person_mark(EmployeeId(1)), PersonMark::Out);
}

#[test]
fn reply_times_and_breaks_go_on() {
    let mut desk = Desk::open();
    let mut fact = link(LinkState::Bound);
    fact.replied_at = Some(desk.now);
    desk.hear(Event::Link(fact.clone()));
    desk.hear(Event::Link(fact));
    let mut down = link(LinkState::Down);
    down.error = Some(DownCause::Closed);
    desk.hear(Event::Link(down));
    let samples: Vec<_> = desk.model.facts.replies[&gateway()]
        .iter()
        .map(|sample| sample.reply_ms)
        .collect();
    assert_eq!(samples, [Some(41), None]);
    assert!(desk.is_fault());
    assert!(
        desk.notice().contains("closed the connection"),
        "{}",
        desk.notice()
    );
    let mut back = link(LinkState::Bound);
    back.drops = 1;
    desk.hear(Event::Link(back));
    assert_eq!(desk.notice(), "Gateway reception is connected again.");
}

#[test]
fn a_link_that_comes_for_the_first_time_does_not_come_again() {
    let mut desk = Desk::open();
    desk.model.facts.links = vec![link(LinkState::Connecting)];
    desk.hear(Event::Link(link(LinkState::Bound)));
    assert_eq!(desk.notice(), "Gateway reception is connected.");
    desk.wait(29_999);
    assert!(!desk.notice().is_empty());
    desk.wait(1);
    assert_eq!(desk.notice(), "");
}

#[test]
fn alarms_say_what_to_do_by_the_keys_of_this_console() {
    let mut desk = Desk::open();
    let key = AlarmKind::Key {
        employee: EmployeeId(2),
    };
    let failed = AlarmKind::OutboxFailed { last: OutboxId(1) };
    let deaf = AlarmKind::LinkDeaf {
        gateway: gateway(),
        expected: 12,
    };
    let unstable = AlarmKind::LinkUnstable { gateway: gateway() };
    let stuck = AlarmKind::OutboxStuck { gateway: gateway() };
    for (kind, said) in [
        (&failed, "Press 4 to see why, and R to send"),
        (&key, "press m to mark them by hand"),
        (&AlarmKind::UnknownSenders, "Press 3 to see them"),
        (&deaf, "look whether it arrives (5)"),
        (&deaf, "On a day off a says"),
        (&unstable, "Press 5 to see what came before"),
        (&stuck, "Press 4 to see why"),
    ] {
        let act = desk.model.act_here(kind, Some("Ayşe"));
        assert!(act.contains(said), "{act}");
    }
    let unbound: Vec<(&str, Vec<&str>)> = vec![("retry failed", Vec::new())];
    desk.model.keys = crate::ui::keys::Keys::with(&unbound).unwrap();
    let act = desk.model.act_here(&failed, None);
    assert!(act.contains("and :retry failed to send"), "{act}");
}

#[test]
fn who_stopped_is_remembered_when_the_connection_goes() {
    let mut desk = Desk::open();
    desk.hear(Event::Stopping);
    desk.wait(1_000);
    desk.tell(Message::Detached(Detached::Lost));
    assert!(matches!(desk.model.detached, Some((Detached::Stopped, at)) if at < desk.now));
    desk.tell(Message::Attached(Box::new(snapshot())));
    assert!(desk.model.detached.is_none());
    assert_eq!(desk.notice(), "Connected again.");
}

#[test]
fn a_notice_goes_after_a_minute() {
    let mut desk = Desk::open();
    desk.press("6");
    desk.wait(59_999);
    assert!(!desk.notice().is_empty());
    desk.wait(1);
    assert!(desk.notice().is_empty());
}

#[test]
fn ages_are_words() {
    let desk = Desk::open();
    for (ms, words) in [
        (-5, "0 s"),
        (12_000, "12 s"),
        (18 * Millis::MINUTE, "18 min"),
        (3 * Millis::HOUR + 5 * Millis::MINUTE, "3 h 5 min"),
        (5 * Millis::DAY, "5 days"),
    ] {
        assert_eq!(desk.model.age(ms), words);
    }
    assert_eq!(desk.model.clock(NINE), "09:14");
    assert_eq!(
        desk.model.moment(NINE.plus_ms(-Millis::DAY)),
        "2026-11-19 09:14"
    );
}

#[test]
fn a_clock_that_is_put_back_deafens_nobody() {
    let mut desk = Desk::open();
    desk.hear(Event::Alarm(alarm(1, link_down())));
    desk.press("hA");
    desk.model.unmasked_until = Some(desk.now.plus_ms(60_000));
    assert!(desk.model.dialog.is_some());
    desk.now = desk.now.plus_ms(-5 * Millis::HOUR);
    desk.tell(Message::Tick);
    desk.now = desk.now.plus_ms(300);
    desk.key(Key::Esc);
    assert!(desk.model.dialog.is_none());
    desk.wait(60_000);
    assert_eq!(desk.model.unmasked_until, None);
    assert!(desk.model.hushed_until.is_some());
    desk.wait(10 * Millis::MINUTE);
    assert_eq!(desk.model.hushed_until, None);
    assert!(desk.out.contains(&Effect::Bell));
}

#[test]
fn a_loss_is_heard_though_it_has_the_revision_of_the_event_before() {
    let mut desk = Desk::open();
    desk.hear(Event::Totals(Totals::default()));
    desk.tell(Message::Event(desk.revision, Event::Lost));
    let refreshes = |desk: &Desk| {
        let refreshes = desk.out.iter();
        refreshes
            .filter(|effect| **effect == Effect::Refresh)
            .count()
    };
    assert_eq!(refreshes(&desk), 1);
    assert_eq!(desk.model.facts.revision, desk.revision);
    // It may not have been asked for: too much waited.
    desk.wait(14_999);
    assert_eq!(refreshes(&desk), 1);
    desk.wait(1);
    assert_eq!(refreshes(&desk), 2);
    desk.tell(Message::Attached(Box::new(snapshot())));
    desk.wait(60_000);
    assert_eq!(refreshes(&desk), 2);
}

#[test]
fn answers_are_put_in_order_where_they_are_shown() {
    let mut desk = Desk::open();
    desk.press("4");
    let shown = desk.model.lists.outbox.clone();
    assert_eq!(shown, [OutboxId(1), OutboxId(3), OutboxId(2)]);
    desk.press("1");
    desk.hear(Event::Outbox(entry(4, 9, OutboxState::Queued)));
    assert_eq!(desk.model.lists.outbox, shown);
    desk.press("4");
    assert_eq!(desk.model.lists.outbox.len(), 4);
}

#[test]
fn a_copy_tells_how_far_the_answer_has_come_too() {
    let mut desk = Desk::open();
    let first = feed(4, Some(2), FeedOutcome::Recorded);
    let mut copy = feed(5, Some(2), FeedOutcome::Duplicate);
    copy.receipt.clone_from(&first.receipt);
    desk.hear(Event::Feed(first));
    desk.hear(Event::Feed(copy));
    desk.hear(Event::Outbox(entry(4, 4, OutboxState::Delivered)));
    for seq in [4, 5] {
        let Some(LogWhat::Feed(feed)) = desk.model.line_of(Seq(seq)).map(|line| &line.what) else {
            panic!("no line")
        };
        let state = feed.receipt.as_ref().map(|receipt| receipt.state);
        assert_eq!(state, Some(OutboxState::Delivered), "{seq}");
    }
}
