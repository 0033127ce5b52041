use super::*;
use crate::api::{Refusal, Retried, Undone};
use crate::domain::{DeskAct, Operator};
use crate::ui::model::{Dialog, Pane, Question, RowId, Screen};

fn with_alarms() -> Desk {
    let mut desk = Desk::open();
    desk.hear(Event::Alarm(alarm(7, AlarmKind::UnknownSenders)));
    desk.hear(Event::Alarm(alarm(8, link_down())));
    desk.wait(500);
    desk.out.clear();
    desk
}

#[test]
fn the_alarm_that_is_shown_is_acknowledged_and_said() {
    let mut desk = with_alarms();
    desk.press("a");
    assert_eq!(desk.commands(), [Command::Acknowledge(AlarmId(8))]);
    desk.answer(Some(Reply::Acknowledged(vec![AlarmId(8)])));
    assert_eq!(desk.notice(), "Acknowledged: LINK DOWN reception.");
    assert!(!desk.is_fault());
}

#[test]
fn in_the_alarms_the_selected_one_is_acknowledged() {
    let mut desk = with_alarms();
    desk.press("!ja");
    assert_eq!(desk.commands(), [Command::Acknowledge(AlarmId(7))]);
}

#[test]
fn nothing_is_acknowledged_twice_while_it_waits() {
    let mut desk = with_alarms();
    desk.press("aa");
    assert_eq!(desk.commands().len(), 1);
    assert!(desk.is_fault());
    desk.answer(None);
    assert!(desk.notice().contains("not known"), "{}", desk.notice());
    desk.press("a");
    assert_eq!(desk.commands().len(), 2);
}

#[test]
fn an_alarm_that_has_just_come_takes_no_key() {
    let mut desk = Desk::open();
    desk.hear(Event::Alarm(alarm(8, link_down())));
    desk.now = desk.now.plus_ms(399);
    desk.press("a");
    assert_eq!(desk.commands(), []);
    assert!(desk.notice().contains("moved"), "{}", desk.notice());
    desk.now = desk.now.plus_ms(1);
    desk.press("a");
    assert_eq!(desk.commands().len(), 1);
}

#[test]
fn without_alarms_there_is_nothing_to_acknowledge() {
    let mut desk = Desk::open();
    desk.press("aAs");
    assert_eq!(desk.commands(), []);
    assert!(desk.model.dialog.is_none());
    assert!(desk.notice().contains("No alarm"), "{}", desk.notice());
}

#[test]
fn all_alarms_are_acknowledged_only_after_a_yes() {
    let mut desk = with_alarms();
    desk.press("A");
    assert!(matches!(
        desk.model.dialog,
        Some((Dialog::Ask(Question::AcknowledgeAll(2)), _))
    ));
    desk.press("y");
    assert_eq!(desk.commands(), [], "keys are dead for 300 ms");
    desk.now = desk.now.plus_ms(299);
    desk.press("y");
    assert_eq!(desk.commands(), []);
    desk.now = desk.now.plus_ms(1);
    desk.press("y");
    assert_eq!(desk.commands(), [Command::AcknowledgeAll]);
    desk.answer(Some(Reply::Acknowledged(vec![AlarmId(7), AlarmId(8)])));
    assert_eq!(desk.notice(), "Alarms acknowledged: 2.");
}

#[test]
fn every_key_but_yes_means_no() {
    for key in [
        Key::Enter,
        Key::Esc,
        Key::Char('n'),
        Key::Char('Y'),
        Key::Char(' '),
        Key::Tab,
    ] {
        let mut desk = Desk::open();
        desk.press("R");
        desk.now = desk.now.plus_ms(300);
        desk.key(key);
        assert_eq!(desk.commands(), [], "{key}");
        assert!(desk.model.dialog.is_none(), "{key}");
        assert_eq!(desk.notice(), "Nothing was done.");
    }
}

#[test]
fn yes_is_taken_by_its_place() {
    for yes in ['y', 'غ', 'н', 'υ'] {
        let mut desk = Desk::open();
        desk.press("R");
        desk.now = desk.now.plus_ms(300);
        desk.key(Key::Char(yes));
        assert_eq!(desk.commands(), [Command::RetryFailed], "{yes}");
    }
}

#[test]
fn a_person_is_retried_by_their_latest_line() {
    let mut desk = Desk::open();
    // The people stand by name: Ayşe first.
    desk.press("r");
    assert_eq!(desk.commands(), [Command::Retry(Seq(1))]);
    desk.answer(Some(Reply::Retried(vec![Retried::Requeued(OutboxId(1))])));
    assert_eq!(desk.notice(), "Answer 1 to Ayşe Yılmaz is queued again.");
    desk.out.clear();
    desk.press("jr");
    assert_eq!(desk.commands(), [], "Burak has a copy alone");
    assert!(
        desk.notice().contains("Nothing here can be retried"),
        "{}",
        desk.notice()
    );
}

#[test]
fn a_line_is_retried_where_it_can_be() {
    let mut desk = Desk::open();
    desk.key(Key::Tab);
    assert_eq!(desk.model.pane, Pane::Live);
    desk.press("r");
    assert_eq!(desk.commands(), [], "a copy has no answer");
    desk.press("jr");
    assert_eq!(desk.commands(), [Command::Retry(Seq(2))]);
    desk.answer(Some(Reply::Retried(vec![Retried::StillUnreadable(Seq(2))])));
    assert_eq!(desk.notice(), "Line 2 is as unreadable as before.");
    desk.press("jr");
    assert_eq!(desk.commands().last(), Some(&Command::Retry(Seq(1))));
}

#[test]
fn the_outbox_is_retried_and_given_up_by_entry() {
    let mut desk = Desk::open();
    desk.press("4r");
    assert_eq!(
        desk.commands(),
        [Command::Retry(Seq(1))],
        "what failed stands first"
    );
    desk.press("jx");
    assert!(matches!(
        desk.model.dialog,
        Some((Dialog::Ask(Question::GiveUp(OutboxId(3))), _))
    ));
    desk.now = desk.now.plus_ms(300);
    desk.press("y");
    assert_eq!(desk.commands().last(), Some(&Command::GiveUp(OutboxId(3))));
    desk.answer(Some(Reply::GaveUp(OutboxId(3))));
    assert!(
        desk.notice().starts_with("Answer 3 to "),
        "{}",
        desk.notice()
    );
    desk.press("jx");
    assert!(
        desk.model.dialog.is_none(),
        "what is delivered cannot be given up"
    );
    assert!(desk.is_fault());
}

#[test]
fn a_mark_asks_what_and_why() {
    let mut desk = Desk::open();
    desk.press("m");
    desk.press("x");
    assert!(matches!(
        desk.model.dialog,
        Some((Dialog::Reason { action: None, .. }, _))
    ));
    desk.press("o");
    desk.key(Key::Enter);
    assert_eq!(desk.notice(), "A mark needs a reason.");
    desk.press("no phone ");
    desk.key(Key::Enter);
    let reason = "no phone".to_owned();
    let (employee, action) = (EmployeeId(2), Action::Out);
    assert_eq!(
        desk.commands(),
        [Command::Mark {
            employee,
            action,
            at: None,
            reason
        }]
    );
    assert!(desk.model.dialog.is_none());
    let mut marked = feed(10, Some(2), FeedOutcome::ByHand);
    marked.action = Some(Action::Out);
    desk.answer(Some(Reply::Marked(Box::new(marked))));
    assert_eq!(
        desk.notice(),
        "Ayşe Yılmaz is marked out at 09:14; u takes it back."
    );
}

#[test]
fn a_note_says_about_whom_or_which_line() {
    let mut desk = Desk::open();
    desk.press("n");
    desk.key(Key::Enter);
    assert_eq!(desk.notice(), "A note needs some text.");
    desk.press("call");
    desk.key(Key::Enter);
    let text = "call".to_owned();
    let note = |employee, about| Command::Note {
        employee,
        about,
        text: text.clone(),
    };
    assert_eq!(desk.commands(), [note(Some(EmployeeId(2)), None)]);
    desk.key(Key::Tab);
    desk.press("jncall");
    desk.key(Key::Enter);
    assert_eq!(desk.commands().last(), Some(&note(None, Some(Seq(2)))));
}

#[test]
fn undo_says_what_was_taken_back() {
    let mut desk = Desk::open();
    desk.press("u");
    assert_eq!(desk.commands(), [Command::Undo]);
    let line = feed(11, Some(2), FeedOutcome::Reversed);
    desk.answer(Some(Reply::Undone(Undone::Mark(Box::new(line)))));
    assert_eq!(desk.notice(), "The mark of Ayşe Yılmaz is taken back.");
    desk.press("u");
    desk.answer(Some(Reply::Refused(Refusal::NothingToUndo)));
    assert!(desk.is_fault());
    assert!(desk.notice().contains("10 minutes"), "{}", desk.notice());
}

#[test]
fn an_alarm_is_shelved_until_a_time() {
    for (key, ms) in [('1', Millis::HOUR), ('2', 4 * Millis::HOUR)] {
        let mut desk = with_alarms();
        desk.press("s");
        desk.press("9");
        assert!(matches!(
            desk.model.dialog,
            Some((Dialog::Shelve(AlarmId(8)), _))
        ));
        desk.key(Key::Char(key));
        assert_eq!(
            desk.commands(),
            [Command::Shelve(AlarmId(8), desk.now.plus_ms(ms))]
        );
    }
    let mut desk = with_alarms();
    desk.press("s۳");
    // The day ends at 04:00.
    let end = Millis(NINE.0 - (9 * 3_600 + 14 * 60 + 32) * 1_000 + 28 * Millis::HOUR);
    assert_eq!(desk.commands(), [Command::Shelve(AlarmId(8), end)]);
    let mut shelved = alarm(8, link_down());
    shelved.shelved_until = Some(end);
    desk.answer(Some(Reply::Shelved(Box::new(shelved))));
    assert!(
        desk.notice()
            .starts_with("Out of sight until 2026-11-21 04:00"),
        "{}",
        desk.notice()
    );
}

#[test]
fn numbers_are_shown_for_a_minute_once_it_is_logged() {
    let mut desk = Desk::open();
    assert_eq!(desk.model.masked("+905321234588"), "+90532••88");
    assert_eq!(desk.model.masked("OZEKI\x1b"), "OZEKI\\x1b");
    desk.press(":unmask");
    desk.key(Key::Enter);
    assert_eq!(desk.commands(), [Command::ShowNumbers]);
    assert!(!desk.model.is_unmasked());
    desk.answer(Some(Reply::Logged));
    assert_eq!(desk.model.masked("+905321234588"), "+905321234588");
    desk.wait(59_999);
    assert!(desk.model.is_unmasked());
    desk.wait(1);
    assert!(!desk.model.is_unmasked());
}

#[test]
fn what_is_selected_is_copied_with_masked_numbers() {
    let mut desk = Desk::open();
    desk.press("y");
    desk.key(Key::Tab);
    desk.press("jy");
    let copied: Vec<&str> = desk
        .out
        .iter()
        .filter_map(|effect| {
            let Effect::Copy(text) = effect else {
                return None;
            };
            Some(text.as_str())
        })
        .collect();
    assert!(
        copied[0].starts_with("Ayşe Yılmaz  IN  08:14"),
        "{copied:?}"
    );
    assert!(copied[1].contains("+90 532 ••• •• 88"), "{copied:?}");
    assert!(copied[1].starts_with("2026-11-20 "), "{copied:?}");
    assert!(desk.commands().is_empty());
}

#[test]
fn an_act_at_a_desk_is_copied_with_what_was_done() {
    let mut desk = Desk::open();
    desk.hear(Event::Log(LogLine {
        seq: Seq(4),
        at: NINE,
        what: LogWhat::Desk {
            by: Operator {
                user: "ali".to_owned(),
                desk: "front".to_owned(),
            },
            act: DeskAct::GaveUp(OutboxId(7)),
            employee: None,
            name: None,
        },
    }));
    desk.press("3y");
    let copied = desk.out.iter().find_map(|effect| {
        let Effect::Copy(text) = effect else {
            return None;
        };
        Some(text.clone())
    });
    let copied = copied.expect("a line was copied");
    assert!(copied.contains("ali") && copied.contains('7'), "{copied}");
}

#[test]
fn nothing_is_changed_while_nobody_is_connected() {
    let mut desk = with_alarms();
    desk.tell(Message::Detached(Detached::Lost));
    for keys in ["a", "A", "r", "R", "m", "n", "u", "s", ":unmask"] {
        desk.press(keys);
        desk.key(Key::Enter);
        assert_eq!(desk.commands(), [], "{keys}");
        assert!(desk.model.dialog.is_none(), "{keys}");
        assert!(
            desk.notice().starts_with("Not connected"),
            "{keys}: {}",
            desk.notice()
        );
        desk.model.notice = None;
        desk.model.screen = Screen::Desk;
        desk.model.pane = Pane::People;
        desk.model.person = None;
    }
}

#[test]
fn what_was_typed_is_kept_while_nobody_is_connected() {
    let mut desk = Desk::open();
    desk.press("nlong story");
    desk.tell(Message::Detached(Detached::Lost));
    desk.key(Key::Enter);
    assert_eq!(desk.commands(), []);
    assert!(desk.notice().starts_with("Not connected"));
    desk.tell(Message::Attached(Box::new(snapshot())));
    desk.key(Key::Enter);
    assert!(
        matches!(desk.commands().as_slice(), [Command::Note { text, .. }] if text == "long story")
    );
    assert!(desk.model.dialog.is_none());
}

#[test]
fn a_row_that_slips_under_the_cursor_takes_no_act() {
    let mut desk = Desk::open();
    desk.press("4");
    desk.hear(Event::Outbox(entry(4, 3, OutboxState::Failed)));
    desk.press("r");
    assert_eq!(desk.commands(), [], "another entry stands first now");
    desk.now = desk.now.plus_ms(400);
    desk.press("r");
    assert_eq!(desk.commands(), [Command::Retry(Seq(3))]);
}

#[test]
fn the_selection_follows_the_thing() {
    let mut desk = Desk::open();
    desk.press("jj");
    assert_eq!(
        desk.model.selected(Pane::People),
        Some(&RowId::Person(EmployeeId(1)))
    );
    let key = AlarmKind::Key {
        employee: EmployeeId(1),
    };
    desk.hear(Event::Alarm(alarm(9, key)));
    assert_eq!(desk.model.lists.people[0], EmployeeId(1), "attention first");
    assert_eq!(desk.model.cursors[&Pane::People].index, 0);
    desk.press("m");
    assert!(matches!(
        desk.model.dialog,
        Some((
            Dialog::Reason {
                employee: EmployeeId(1),
                ..
            },
            _
        ))
    ));
}

#[test]
fn without_a_person_a_mark_says_what_to_select() {
    let mut desk = Desk::open();
    desk.press("5m");
    assert_eq!(desk.notice(), "Select a person first.");
    assert!(desk.model.dialog.is_none());
}

#[test]
fn the_bell_is_hushed_without_acknowledging() {
    let mut desk = with_alarms();
    desk.press("h");
    assert_eq!(
        desk.model.hushed_until,
        Some(desk.now.plus_ms(10 * Millis::MINUTE))
    );
    assert_eq!(desk.commands(), []);
}
