use super::*;

fn bells(desk: &Desk) -> usize {
    desk.out
        .iter()
        .filter(|effect| **effect == Effect::Bell)
        .count()
}

fn titles(desk: &Desk) -> Vec<&str> {
    let titles = desk.out.iter().filter_map(|effect| {
        let Effect::Title(title) = effect else {
            return None;
        };
        Some(title.as_str())
    });
    titles.collect()
}

#[test]
fn it_rings_once_for_a_new_alarm_and_says_so_in_the_title() {
    let mut desk = Desk::open();
    desk.hear(Event::Alarm(alarm(
        1,
        AlarmKind::OutboxFailed { last: OutboxId(1) },
    )));
    desk.hear(Event::Alarm(alarm(
        1,
        AlarmKind::OutboxFailed { last: OutboxId(2) },
    )));
    assert_eq!(bells(&desk), 1);
    assert_eq!(titles(&desk), ["(1!) hazir"]);
    for _ in 0..3_600 {
        desk.wait(1_000);
    }
    assert_eq!(bells(&desk), 1, "only the first priority rings again");
    desk.hear(Event::AlarmGone(AlarmId(1)));
    assert_eq!(titles(&desk).last(), Some(&"hazir"));
}

#[test]
fn what_a_stranger_sends_never_rings() {
    let mut desk = Desk::open();
    desk.hear(Event::Alarm(alarm(1, AlarmKind::UnknownSenders)));
    desk.hear(Event::Alarm(alarm(
        2,
        AlarmKind::Key {
            employee: EmployeeId(1),
        },
    )));
    desk.wait(Millis::HOUR);
    assert_eq!(bells(&desk), 0);
    assert_eq!(titles(&desk).last(), Some(&"(2!) hazir"));
}

#[test]
fn the_first_priority_rings_again_until_it_is_acknowledged() {
    let mut desk = Desk::open();
    desk.hear(Event::Alarm(alarm(1, link_down())));
    desk.wait(5 * Millis::MINUTE - 1);
    assert_eq!(bells(&desk), 1);
    desk.wait(1);
    assert_eq!(bells(&desk), 2);
    let mut seen = alarm(1, link_down());
    seen.state = AlarmState::Seen;
    desk.hear(Event::Alarm(seen));
    desk.wait(Millis::HOUR);
    assert_eq!(bells(&desk), 2);
}

#[test]
fn hushed_it_waits_ten_minutes() {
    let mut desk = Desk::open();
    desk.press("h");
    desk.hear(Event::Alarm(alarm(1, link_down())));
    desk.wait(10 * Millis::MINUTE - 1);
    assert_eq!(bells(&desk), 0);
    desk.wait(1);
    assert_eq!(bells(&desk), 1);
}

#[test]
fn a_burst_of_alarms_rings_at_most_ten_times_a_minute() {
    let mut desk = Desk::open();
    for id in 0..500 {
        desk.now = desk.now.plus_ms(120);
        desk.hear(Event::Alarm(alarm(id, link_down())));
    }
    assert!((2..=10).contains(&bells(&desk)), "{}", bells(&desk));
}

#[test]
fn new_alarms_of_a_snapshot_ring_once_however_often_it_connects() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        let mut fresh = snapshot();
        fresh.alarms = vec![alarm(1, AlarmKind::OutboxFailed { last: OutboxId(1) })];
        desk.tell(Message::Attached(Box::new(fresh)));
        desk.wait(60_000);
        desk.tell(Message::Detached(Detached::Lost));
    }
    assert_eq!(bells(&desk), 1);
}

#[test]
fn what_was_out_of_sight_rings_when_it_comes_back() {
    let mut desk = Desk::open();
    let kind = AlarmKind::OutboxFailed { last: OutboxId(1) };
    for (state, rung) in [
        (AlarmState::New, 1),
        (AlarmState::Ended, 1),
        (AlarmState::New, 1),
        (AlarmState::Shelved, 1),
        (AlarmState::New, 2),
    ] {
        let mut alarm = alarm(1, kind.clone());
        alarm.state = state;
        desk.hear(Event::Alarm(alarm));
        desk.wait(Millis::HOUR);
        assert_eq!(bells(&desk), rung, "{state:?}");
    }
}
