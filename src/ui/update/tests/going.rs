use super::*;
use crate::ui::model::{Dialog, Pane, Question, Screen};

#[test]
fn digits_show_screens_and_esc_goes_back_and_never_leaves() {
    let mut desk = Desk::open();
    let shown = [
        ('2', Screen::People),
        ('3', Screen::Log),
        ('4', Screen::Outbox),
        ('5', Screen::Link),
        ('!', Screen::Alarms),
        ('?', Screen::Help),
        ('۱', Screen::Desk),
    ];
    for (key, screen) in shown {
        desk.key(Key::Char(key));
        assert_eq!(desk.model.screen, screen, "{key}");
        assert_eq!(desk.model.pane, screen.first_pane(), "{key}");
    }
    for screen in [
        Screen::Help,
        Screen::Alarms,
        Screen::Link,
        Screen::Outbox,
        Screen::Log,
    ] {
        desk.key(Key::Esc);
        assert_eq!(desk.model.screen, screen);
    }
    for _ in 0..20 {
        desk.key(Key::Esc);
    }
    assert_eq!(desk.model.screen, Screen::Desk);
    assert!(!desk.out.contains(&Effect::Leave));
    desk.press("6");
    assert!(desk.notice().contains("later"), "{}", desk.notice());
}

#[test]
fn enter_opens_a_person_and_a_line_and_esc_closes_them() {
    let mut desk = Desk::open();
    desk.key(Key::Enter);
    assert_eq!(
        (desk.model.screen, desk.model.pane),
        (Screen::People, Pane::History)
    );
    let page = desk.model.person.as_ref().unwrap();
    assert!(page.is_open && page.employee == EmployeeId(2));
    assert_eq!(desk.model.lists.history, [Seq(1)]);
    desk.key(Key::Enter);
    assert_eq!(
        (desk.model.screen, desk.model.pane),
        (Screen::Log, Pane::Line)
    );
    assert_eq!(desk.model.line.as_ref().unwrap().seq, Seq(1));
    desk.key(Key::Up);
    assert_eq!(
        desk.model.line.as_ref().unwrap().seq,
        Seq(2),
        "the line follows the cursor"
    );
    desk.key(Key::Esc);
    assert!(desk.model.line.is_none());
    assert!(desk.model.person.as_ref().unwrap().is_open);
    desk.key(Key::Esc);
    assert_eq!(
        (desk.model.screen, desk.model.pane),
        (Screen::Desk, Pane::People)
    );
    assert!(
        desk.model
            .person
            .as_ref()
            .is_none_or(|person| !person.is_open)
    );
}

#[test]
fn q_leaves_and_asks_in_a_demo() {
    let mut desk = Desk::open();
    desk.press("q");
    assert!(desk.out.contains(&Effect::Leave));
    let mut desk = Desk::open();
    desk.model.site.is_demo = true;
    desk.press("q");
    assert!(matches!(
        desk.model.dialog,
        Some((Dialog::Ask(Question::EndDemo), _))
    ));
    assert!(!desk.out.contains(&Effect::Leave));
    desk.now = desk.now.plus_ms(300);
    desk.press("y");
    assert!(desk.out.contains(&Effect::Leave));
    for keys in ["m", "/", ":", "R"] {
        let mut desk = Desk::open();
        desk.press(keys);
        desk.key(Key::Ctrl('c'));
        assert!(desk.out.contains(&Effect::Leave), "{keys}");
    }
}

#[test]
fn typing_finds_and_enter_keeps_and_esc_clears() {
    let mut desk = Desk::open();
    desk.press("/yil");
    assert_eq!(desk.model.lists.people, [EmployeeId(2)]);
    assert_eq!(desk.model.lists.live, [Seq(1)]);
    desk.press(" AYS");
    assert_eq!(desk.model.lists.people, [EmployeeId(2)]);
    desk.key(Key::Enter);
    assert!(desk.model.dialog.is_none());
    assert_eq!(desk.model.find, "yil AYS");
    desk.key(Key::Esc);
    assert_eq!(desk.model.find, "");
    assert_eq!(desk.model.lists.people.len(), 3);
    desk.press("fzzz");
    assert_eq!(desk.model.lists.people, []);
    desk.key(Key::Esc);
    assert_eq!(desk.model.lists.people.len(), 3);
    desk.press("fq:1");
    assert_eq!(desk.model.find, "q:1", "keys of a line are letters");
}

#[test]
fn acts_run_by_name() {
    let mut desk = Desk::open();
    desk.press(":acknowledge a");
    let Some((Dialog::Commands { matches, .. }, _)) = &desk.model.dialog else {
        panic!("no commands");
    };
    assert_eq!(matches[0], crate::ui::keys::Intent::AcknowledgeAll);
    desk.key(Key::Esc);
    desk.press(":mark in");
    desk.key(Key::Enter);
    let dialog = desk.model.dialog.take().unwrap().0;
    assert!(
        matches!(
            dialog,
            Dialog::Reason {
                action: Some(Action::In),
                ..
            }
        ),
        "{dialog:?}"
    );
    desk.press(":theme");
    desk.key(Key::Enter);
    assert_eq!(desk.model.look.theme, crate::ui::Theme::Contrast);
    desk.press(":glyphs");
    desk.key(Key::Enter);
    assert_eq!(desk.model.look.glyphs, crate::ui::Glyphs::Ascii);
    desk.press(":zzzz");
    desk.key(Key::Enter);
    assert_eq!(desk.notice(), "No act is called 'zzzz'.");
}

#[test]
fn help_is_searched_and_runs_its_entry() {
    let mut desk = Desk::open();
    desk.press("?/undo");
    desk.key(Key::Enter);
    assert_eq!(desk.model.lists.help[0], crate::ui::keys::Intent::Undo);
    desk.key(Key::Enter);
    assert_eq!(desk.commands(), [Command::Undo]);
    assert_eq!(desk.model.screen, Screen::Desk);
    assert_eq!(desk.model.find, "");
}

#[test]
fn a_paste_goes_into_a_line_and_nowhere_else() {
    let mut desk = Desk::open();
    let paste = |desk: &mut Desk| desk.tell(Message::Paste("Ry\r\x1b[2Jq\n".to_owned()));
    paste(&mut desk);
    assert!(desk.model.dialog.is_none());
    desk.press("R");
    desk.now = desk.now.plus_ms(300);
    paste(&mut desk);
    assert!(matches!(desk.model.dialog, Some((Dialog::Ask(_), _))));
    desk.key(Key::Esc);
    desk.press(":");
    paste(&mut desk);
    let Some((Dialog::Commands { input, .. }, _)) = &desk.model.dialog else {
        panic!("no commands");
    };
    assert_eq!(input.value(), "Ry[2Jq");
    assert!(desk.commands().is_empty());
    assert!(!desk.out.contains(&Effect::Leave));
}

#[test]
fn a_pause_holds_the_live_pane_and_counts() {
    let mut desk = Desk::open();
    desk.press("p");
    for seq in 4..16 {
        desk.hear(Event::Feed(feed(seq, Some(1), FeedOutcome::Recorded)));
    }
    assert_eq!(desk.model.lists.live, [Seq(3), Seq(2), Seq(1)]);
    assert_eq!(desk.model.lists.live_new, 12);
    desk.press("p");
    assert_eq!(desk.model.lists.live.len(), 15);
    assert_eq!(desk.model.lists.live_new, 0);
}

#[test]
fn people_take_four_orders() {
    let mut desk = Desk::open();
    let mut late = person(3, "Burak Kaya", PersonPresence::In);
    late.since = Some(NINE);
    late.team = Some("A".to_owned());
    desk.hear(Event::Person(late));
    let names = |desk: &Desk| {
        desk.model
            .lists
            .people
            .iter()
            .map(|id| id.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&desk), [2, 3, 1]);
    desk.hear(Event::Alarm(alarm(
        9,
        AlarmKind::Key {
            employee: EmployeeId(1),
        },
    )));
    assert_eq!(names(&desk), [1, 2, 3]);
    desk.press("o");
    assert_eq!(names(&desk), [2, 3, 1]);
    desk.press("o");
    assert_eq!(names(&desk), [3, 2, 1]);
    desk.press("o");
    assert_eq!(names(&desk), [3, 2, 1], "a team first, then who has none");
}

#[test]
fn views_turn_on_and_off() {
    let mut desk = Desk::open();
    desk.press("zv");
    assert!(desk.model.is_zoomed && desk.model.is_plain);
    desk.key(Key::Esc);
    assert!(desk.model.is_zoomed && !desk.model.is_plain);
    desk.key(Key::Esc);
    assert!(!desk.model.is_zoomed);
    desk.key(Key::Ctrl('l'));
    assert_eq!(desk.out.last(), Some(&Effect::Redraw));
}

#[test]
fn keys_go_to_what_a_smaller_window_still_shows() {
    let mut desk = Desk::open();
    desk.key(Key::BackTab);
    assert_eq!(desk.model.pane, Pane::Health);
    desk.tell(Message::Resize {
        columns: 80,
        rows: 24,
    });
    assert_eq!(desk.model.pane, Pane::People);
    desk.press("j");
    assert_eq!(desk.model.cursors[&Pane::People].index, 1);
    for _ in 0..2 {
        desk.key(Key::Tab);
    }
    assert_eq!(desk.model.pane, Pane::People);
}

#[test]
fn lines_open_one_after_another_close_at_once() {
    let mut desk = Desk::open();
    desk.press("3");
    desk.key(Key::Enter);
    desk.key(Key::Tab);
    assert_eq!(desk.model.pane, Pane::Log);
    desk.key(Key::Down);
    desk.key(Key::Enter);
    assert_eq!(desk.model.line.as_ref().unwrap().seq, Seq(2));
    desk.key(Key::Esc);
    assert_eq!(
        (desk.model.screen, desk.model.pane),
        (Screen::Log, Pane::Log)
    );
    assert!(desk.model.line.is_none());
    desk.key(Key::Esc);
    assert_eq!(desk.model.screen, Screen::Desk);
}

#[test]
fn a_line_that_is_not_here_is_asked_for_and_opened() {
    let mut desk = Desk::open();
    desk.press("4jj");
    desk.key(Key::Enter);
    let (token, before) = desk
        .out
        .iter()
        .find_map(|effect| {
            let Effect::Ask(token, Ask::Query(crate::api::Query::Log { before, .. })) = effect
            else {
                return None;
            };
            Some((*token, *before))
        })
        .unwrap();
    assert_eq!(before, Some(Seq(10)));
    assert!(desk.model.line.is_none());
    let lines = vec![line(9, Some(2), FeedOutcome::Recorded)];
    desk.reply(token, Some(Reply::Log { lines, next: None }));
    assert_eq!(desk.model.line.as_ref().map(|line| line.seq), Some(Seq(9)));
    assert_eq!(desk.model.pane, Pane::Line);
}

#[test]
fn an_alarm_opens_what_it_is_about() {
    for (kind, screen) in [
        (link_down(), Screen::Link),
        (
            AlarmKind::OutboxFailed { last: OutboxId(1) },
            Screen::Outbox,
        ),
        (AlarmKind::UnknownSenders, Screen::Log),
        (AlarmKind::LinkUnstable { gateway: gateway() }, Screen::Link),
        (
            AlarmKind::OutboxStuck { gateway: gateway() },
            Screen::Outbox,
        ),
        (
            AlarmKind::Key {
                employee: EmployeeId(3),
            },
            Screen::People,
        ),
        (AlarmKind::Store, Screen::Alarms),
        (
            AlarmKind::BackupOld {
                last: None,
                why: None,
            },
            Screen::Alarms,
        ),
    ] {
        let mut desk = Desk::open();
        desk.hear(Event::Alarm(alarm(1, kind.clone())));
        desk.press("!");
        desk.key(Key::Enter);
        assert_eq!(desk.model.screen, screen, "{kind:?}");
    }
}

#[test]
fn a_long_list_scrolls_with_its_cursor() {
    let mut desk = Desk::open();
    let mut many = snapshot();
    many.people = (1..=200)
        .map(|id| person(id, &format!("P {id:03}"), PersonPresence::In))
        .collect();
    desk.tell(Message::Attached(Box::new(many)));
    desk.press("G");
    let rows = crate::ui::layout::Layout::of(&desk.model).list_rows(Pane::People);
    let cursor = |desk: &Desk| desk.model.cursors[&Pane::People].clone();
    assert_eq!(cursor(&desk).index, 199);
    assert_eq!(cursor(&desk).top, 200 - rows);
    desk.key(Key::PageUp);
    assert_eq!(cursor(&desk).index, 199 - (rows - 1));
    desk.press("g");
    assert_eq!((cursor(&desk).index, cursor(&desk).top), (0, 0));
}

#[test]
fn where_nobody_runs_it_asks_to_start() {
    let mut desk = Desk::new();
    desk.tell(Message::Detached(Detached::NotRunning));
    assert!(matches!(
        desk.model.dialog,
        Some((Dialog::Ask(Question::Start), _))
    ));
    desk.now = desk.now.plus_ms(300);
    desk.key(Key::Esc);
    desk.tell(Message::Detached(Detached::NotRunning));
    assert!(desk.model.dialog.is_none(), "it asks once");
    desk.press(":start");
    desk.key(Key::Enter);
    desk.now = desk.now.plus_ms(300);
    desk.press("q");
    assert!(desk.out.contains(&Effect::Leave));
    desk.key(Key::Enter);
    desk.now = desk.now.plus_ms(300);
    desk.press("y");
    assert_eq!(desk.out.last(), Some(&Effect::Start));
    assert!(matches!(desk.model.detached, Some((Detached::Starting, _))));
    desk.tell(Message::Attached(Box::new(snapshot())));
    assert_eq!(desk.notice(), "Reception is running.");
    assert!(desk.model.detached.is_none());
}

#[test]
fn nobody_is_asked_to_start_what_a_demo_had() {
    let mut desk = Desk::new();
    desk.model.site.is_demo = true;
    desk.tell(Message::Detached(Detached::NotRunning));
    assert!(desk.model.dialog.is_none());
    desk.key(Key::Enter);
    assert!(desk.model.dialog.is_none());
    desk.press(":start");
    desk.key(Key::Enter);
    assert!(desk.model.dialog.is_none());
    assert!(desk.is_fault());
    assert!(!desk.out.contains(&Effect::Start));
}

#[test]
fn esc_goes_from_a_person_to_the_table_it_was_opened_in() {
    let mut desk = Desk::open();
    desk.press("2j");
    desk.key(Key::Enter);
    assert!(desk.model.person.as_ref().is_some_and(|page| page.is_open));
    desk.key(Key::Esc);
    assert_eq!(desk.model.screen, Screen::People);
    assert!(desk.model.person.as_ref().is_none_or(|page| !page.is_open));
    assert_eq!(desk.model.pane, Pane::People);
}

#[test]
fn who_looks_for_the_next_one_begins_anew() {
    let mut desk = Desk::open();
    desk.press("/yil");
    desk.key(Key::Enter);
    assert_eq!(desk.model.find, "yil");
    desk.press("/");
    assert_eq!(desk.model.find, "");
    desk.press("bur");
    assert_eq!(desk.model.find, "bur");
}

#[test]
fn what_did_not_start_says_why_and_may_be_tried_again() {
    let mut desk = Desk::new();
    desk.tell(Message::Detached(Detached::NotRunning));
    for _ in 0..2 {
        desk.now = desk.now.plus_ms(300);
        desk.press("y");
        assert_eq!(desk.out.last(), Some(&Effect::Start));
        let why = "The store is in use.".to_owned();
        desk.tell(Message::StartFailed(Some(4), why));
        assert_eq!(desk.notice(), "The store is in use.");
        let asks = matches!(desk.model.dialog, Some((Dialog::Ask(Question::Start), _)));
        assert!(asks, "{:?}", desk.model.dialog);
    }
    desk.now = desk.now.plus_ms(300);
    desk.key(Key::Esc);
    desk.key(Key::Enter);
    assert!(matches!(
        desk.model.dialog,
        Some((Dialog::Ask(Question::Start), _))
    ));
}

#[test]
fn a_demo_whose_reception_is_gone_is_over() {
    let mut desk = Desk::open();
    desk.model.site.is_demo = true;
    desk.tell(Message::Detached(Detached::Lost));
    assert!(desk.out.is_empty(), "{:?}", desk.out);
    desk.tell(Message::Detached(Detached::NotRunning));
    assert_eq!(desk.out, [Effect::Leave]);
    assert!(desk.model.dialog.is_none());
}
