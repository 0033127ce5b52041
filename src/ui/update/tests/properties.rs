use proptest::prelude::*;

use super::*;
use crate::api::Query;
use crate::ui::model::{Dialog, Question};

/// What somebody or something does to a console.
#[derive(Clone, Debug)]
enum Step {
    Key(Key),
    Paste(String),
    Resize(u16, u16),
    Wait(u16),
    Event(Box<Event>),
    Answer(u8),
    Attach(bool),
    Detach(Detached),
    Frame,
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => proptest::sample::select("arfARxmMnush1234567!?:/yopzvqkjgG[]tliнyy".chars().collect::<Vec<_>>()).prop_map(Key::Char),
        1 => any::<char>().prop_map(Key::Char),
        3 => proptest::sample::select(vec![
            Key::Enter, Key::Enter, Key::Esc, Key::Tab, Key::BackTab, Key::Up, Key::Down, Key::PageUp, Key::PageDown,
            Key::Home, Key::End, Key::Backspace, Key::Delete, Key::Left, Key::Right, Key::F(1), Key::Ctrl('l'),
        ]),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let outcome = proptest::sample::select(vec![
        FeedOutcome::Recorded,
        FeedOutcome::Duplicate,
        FeedOutcome::Replay,
        FeedOutcome::ByHand,
        FeedOutcome::Reversed,
    ]);
    let state = proptest::sample::select(vec![
        AlarmState::New,
        AlarmState::Seen,
        AlarmState::Ended,
        AlarmState::Shelved,
    ]);
    let outbox = proptest::sample::select(vec![
        OutboxState::Failed,
        OutboxState::Queued,
        OutboxState::Sent,
    ]);
    prop_oneof![
        (1..60_u64, proptest::option::of(1..6_u32), outcome)
            .prop_map(|(seq, who, outcome)| Event::Feed(feed(seq, who, outcome))),
        (1..6_u32, "[a-zşı]{0,4}", any::<bool>()).prop_map(|(id, name, is_in)| {
            let state = if is_in {
                PersonPresence::In
            } else {
                PersonPresence::Out
            };
            Event::Person(person(id, &name, state))
        }),
        (1..9_u64, 1..60_u64, outbox)
            .prop_map(|(id, seq, state)| Event::Outbox(entry(id, seq, state))),
        (1..5_u64, 1..4_u32, state).prop_map(|(id, who, state)| {
            let kind = match id {
                1 => link_down(),
                2 => AlarmKind::OutboxFailed { last: OutboxId(3) },
                _ => AlarmKind::Key {
                    employee: EmployeeId(who),
                },
            };
            let mut alarm = alarm(id, kind);
            alarm.state = state;
            Event::Alarm(alarm)
        }),
        (1..5_u64).prop_map(|id| Event::AlarmGone(AlarmId(id))),
        any::<bool>().prop_map(|up| Event::Link(link(if up {
            LinkState::Bound
        } else {
            LinkState::Down
        }))),
        (0..3_u32).prop_map(|failed| Event::Totals(Totals {
            outbox_failed: failed,
            ..Totals::default()
        })),
        Just(Event::Roster),
        Just(Event::Lost),
        Just(Event::Stopping),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => any_key().prop_map(Step::Key),
        1 => any::<String>().prop_map(Step::Paste),
        1 => (0..210_u16, 0..70_u16).prop_map(|(columns, rows)| Step::Resize(columns, rows)),
        4 => (0..2_000_u16).prop_map(Step::Wait),
        4 => any_event().prop_map(|event| Step::Event(Box::new(event))),
        4 => any::<u8>().prop_map(Step::Answer),
        1 => any::<bool>().prop_map(Step::Attach),
        1 => proptest::sample::select(vec![Detached::NotRunning, Detached::Lost, Detached::Stopped]).prop_map(Step::Detach),
        3 => Just(Step::Frame),
    ]
}

/// Some answer to what was asked; now and then none, or one that does not fit.
fn answer_to(ask: &Ask, choice: u8) -> Option<Reply> {
    if choice.is_multiple_of(7) {
        return None;
    }
    if choice.is_multiple_of(5) {
        return Some(Reply::Refused(crate::api::Refusal::Busy));
    }
    Some(match ask {
        Ask::Query(Query::Log { before, .. }) => {
            let end = before.map_or(60, |seq| seq.0.min(60)).max(1);
            let start = end.saturating_sub(20).max(1);
            let lines = (start..end)
                .rev()
                .map(|seq| line(seq, Some(2), FeedOutcome::Recorded));
            let next = (start > 1).then_some(Seq(start));
            Reply::Log {
                lines: lines.collect(),
                next,
            }
        }
        Ask::Query(Query::Arrivals { after, .. }) => Reply::Arrivals {
            arrivals: crate::api::Arrivals {
                bins: vec![1; 3],
                recorded: 3,
                copies: 0,
                problems: 0,
            },
            up_to: Seq(after.0 + 1),
            next: choice.is_multiple_of(2).then_some(Seq(after.0 + 1)),
        },
        Ask::Query(Query::People) => Reply::People(vec![person(4, "d", PersonPresence::In)]),
        Ask::Query(_) | Ask::Copy(_) => Reply::Replies(Vec::new()),
        Ask::Command(Command::Retry(_) | Command::RetryFailed) => Reply::Retried(Vec::new()),
        Ask::Command(Command::Acknowledge(id)) => Reply::Acknowledged(vec![*id]),
        Ask::Command(_) => Reply::Logged,
    })
}

/// The question that `key` says yes to, if one has stood long enough.
fn confirmed(desk: &Desk, key: Key) -> Option<Question> {
    let is_yes = crate::ui::keys::means(key).any(|key| key == Key::Char('y'));
    match &desk.model.dialog {
        Some((Dialog::Ask(question), since)) if is_yes && desk.now.ms_since(*since) >= 300 => {
            Some(question.clone())
        }
        _ => None,
    }
}

fn needs_yes(command: &Command) -> bool {
    matches!(
        command,
        Command::AcknowledgeAll | Command::RetryFailed | Command::GiveUp(_)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_nothing_is_destroyed_without_a_yes(steps in proptest::collection::vec(any_step(), 1..120)) {
        let mut desk = Desk::open();
        desk.model.site.is_demo = true;
        let mut asked: Vec<(Token, Ask)> = Vec::new();
        for step in steps {
            let now = desk.now;
            let mut yes = None;
            let mut is_gone = false;
            let message = match step {
                Step::Key(key) => {
                    yes = confirmed(&desk, key);
                    Message::Key(key)
                }
                Step::Paste(text) => Message::Paste(text),
                Step::Resize(columns, rows) => Message::Resize { columns, rows },
                Step::Wait(ms) => {
                    desk.now = now.plus_ms(ms.into());
                    Message::Tick
                }
                Step::Event(event) => {
                    desk.revision += 1;
                    Message::Event(desk.revision, *event)
                }
                Step::Answer(choice) => match asked.pop() {
                    Some((token, ask)) => Message::Reply(token, answer_to(&ask, choice)),
                    None => Message::Tick,
                },
                Step::Attach(is_empty) => {
                    let mut fresh = snapshot();
                    fresh.revision = desk.revision;
                    if is_empty {
                        fresh.people.clear();
                        fresh.log.clear();
                        fresh.outbox.clear();
                    }
                    Message::Attached(Box::new(fresh))
                }
                Step::Detach(why) => {
                    is_gone = why == Detached::NotRunning;
                    Message::Detached(why)
                }
                Step::Frame => {
                    prepare(&mut desk.model);
                    continue;
                }
            };
            for effect in update(&mut desk.model, desk.now, message) {
                match effect {
                    Effect::Ask(token, ask) => {
                        if let Ask::Command(command) = &ask {
                            prop_assert!(!needs_yes(command) || yes.is_some(), "{command:?}");
                        }
                        asked.push((token, ask));
                    }
                    Effect::Start => prop_assert_eq!(yes.clone(), Some(Question::Start)),
                    // A demo without its reception is over.
                    Effect::Leave => prop_assert!(is_gone || yes == Some(Question::EndDemo), "{yes:?}"),
                    Effect::Copy(text) => prop_assert!(!text.chars().any(char::is_control), "{text:?}"),
                    Effect::Refresh | Effect::Bell | Effect::Title(_) | Effect::Redraw => {}
                }
            }
            prop_assert!(desk.model.waiting.len() < 100);
        }
        prepare(&mut desk.model);
        for pane in super::super::cursor::LISTS {
            let (cursor, len) = (&desk.model.cursors[&pane], super::super::cursor::len(&desk.model, pane));
            prop_assert!(cursor.index < len.max(1), "{pane:?}");
            prop_assert!(cursor.top <= cursor.index, "{pane:?}");
        }
        let mut seqs = desk.model.log.lines.iter().map(|line| line.seq).collect::<Vec<_>>();
        let shown = seqs.clone();
        seqs.sort_unstable_by(|a, b| b.cmp(a));
        seqs.dedup();
        prop_assert_eq!(shown, seqs, "the log stands newest first, each line once");
    }
}
