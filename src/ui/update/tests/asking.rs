use super::*;
use crate::api::{Arrivals, PduFact, PersonDetail, Query};
use crate::domain::{DeskAct, Employee, Msisdn, Operator, PduHeader};
use crate::ui::model::Purpose;

fn queries(desk: &Desk) -> Vec<(Token, Query)> {
    let queries = desk.out.iter().filter_map(|effect| {
        let Effect::Ask(token, Ask::Query(query)) = effect else {
            return None;
        };
        Some((*token, query.clone()))
    });
    queries.collect()
}

fn counted(recorded: u32, up_to: u64, next: Option<u64>) -> Reply {
    let bins = vec![recorded; 144];
    let arrivals = Arrivals {
        bins,
        recorded,
        copies: 0,
        problems: 0,
    };
    Reply::Arrivals {
        arrivals,
        up_to: Seq(up_to),
        next: next.map(Seq),
    }
}

fn arrivals_token(desk: &Desk) -> Token {
    let waiting = desk.model.waiting.iter();
    let mut arrivals = waiting.filter(|(_, purpose)| matches!(purpose, Purpose::Arrivals(_)));
    let (token, _) = arrivals.next().expect("arrivals were asked");
    assert!(arrivals.next().is_none(), "one at a time");
    *token
}

#[test]
fn days_are_counted_page_by_page_and_go_on_with_what_comes() {
    let mut desk = Desk::open();
    let token = arrivals_token(&desk);
    desk.reply(token, Some(counted(2, 2, Some(2))));
    let today = desk.model.today().unwrap();
    assert!(!today.is_whole);
    // While the second page is counted, another one comes.
    desk.hear(Event::Feed(feed(4, Some(3), FeedOutcome::Recorded)));
    assert_eq!(desk.model.today().unwrap().arrivals.recorded, 2);
    let token = arrivals_token(&desk);
    desk.reply(token, Some(counted(1, 3, None)));
    let today = desk.model.today().unwrap();
    assert!(today.is_whole);
    assert_eq!((today.arrivals.recorded, today.up_to), (4, Seq(4)));
    desk.hear(Event::Feed(feed(4, Some(3), FeedOutcome::Recorded)));
    desk.hear(Event::Feed(feed(5, Some(3), FeedOutcome::Duplicate)));
    let today = &desk.model.today().unwrap().arrivals;
    assert_eq!(
        (today.recorded, today.copies),
        (4, 1),
        "progress of a receipt is no arrival"
    );
    for (ago, count) in [(7, 10), (14, 20), (21, 0), (28, 30)] {
        assert!(
            desk.model
                .waiting
                .values()
                .any(|purpose| *purpose == Purpose::Arrivals(ago))
        );
        let token = arrivals_token(&desk);
        desk.reply(token, Some(counted(count, 0, None)));
    }
    let usual = desk.model.usual();
    assert_eq!(usual.len(), 144);
    assert!(
        (usual[0] - 20.0).abs() < f32::EPSILON,
        "an empty day is none: {}",
        usual[0]
    );
}

#[test]
fn a_new_day_is_counted_anew() {
    let mut desk = Desk::open();
    let token = arrivals_token(&desk);
    desk.reply(token, Some(counted(2, 3, None)));
    desk.wait(Millis::DAY);
    assert_eq!(desk.model.today().unwrap().arrivals.recorded, 0);
    arrivals_token(&desk);
}

#[test]
fn what_was_missed_is_counted_after_a_loss() {
    let mut desk = Desk::open();
    let token = arrivals_token(&desk);
    desk.reply(token, Some(counted(2, 3, None)));
    // It has the revision of the last event that was not lost, or none before the first one.
    let last = desk.model.facts.revision;
    desk.tell(Message::Event(last, Event::Lost));
    desk.tell(Message::Event(0, Event::Lost));
    assert_eq!(desk.model.facts.revision, last);
    assert_eq!(
        desk.out
            .iter()
            .filter(|effect| **effect == Effect::Refresh)
            .count(),
        1
    );
    desk.hear(Event::Feed(feed(9, Some(3), FeedOutcome::Recorded)));
    assert_eq!(desk.model.today().unwrap().arrivals.recorded, 2);
    desk.out.clear();
    let mut fresh = snapshot();
    fresh.revision = 50;
    desk.tell(Message::Attached(Box::new(fresh)));
    // The page of another day is on its way still; today comes first after it.
    let token = arrivals_token(&desk);
    desk.reply(token, Some(counted(0, 0, None)));
    let again = queries(&desk)
        .into_iter()
        .any(|(_, query)| matches!(query, Query::Arrivals { after: Seq(3), .. }));
    assert!(again, "{:?}", queries(&desk));
}

#[test]
fn a_person_is_asked_for_once_when_the_selection_rests() {
    let mut desk = Desk::open();
    desk.model.pane = crate::ui::model::Pane::People;
    desk.key(Key::Enter);
    let asked = |desk: &Desk| {
        let queries = queries(desk).into_iter();
        queries
            .filter(|(_, query)| matches!(query, Query::Person(EmployeeId(2))))
            .count()
    };
    assert_eq!(asked(&desk), 1);
    desk.wait(1_000);
    desk.wait(1_000);
    assert_eq!(asked(&desk), 1);
    let (token, _) = queries(&desk)
        .into_iter()
        .find(|(_, query)| matches!(query, Query::Person(_)))
        .unwrap();
    let fact = person(2, "Ayşe Yılmaz", PersonPresence::In);
    let card = Employee {
        id: EmployeeId(2),
        name: fact.name.clone(),
        short: fact.short.clone(),
        phone: Msisdn::parse("+905321234588", crate::domain::Country::default()).unwrap(),
        team: None,
        shift: None,
        legacy: false,
        suspended: false,
    };
    let detail = PersonDetail {
        card,
        fact,
        devices: Vec::new(),
    };
    desk.reply(token, Some(Reply::Person(Box::new(detail))));
    assert!(desk.model.person.as_ref().unwrap().detail.is_some());
    desk.hear(Event::Roster);
    desk.wait(1_000);
    assert_eq!(asked(&desk), 2, "cards have changed");
}

#[test]
fn only_a_person_that_is_shown_is_asked_for() {
    for (columns, rows, persons) in [(120, 40, vec![2, 1]), (80, 24, vec![])] {
        let mut desk = Desk::new();
        desk.tell(Message::Resize { columns, rows });
        desk.tell(Message::Attached(Box::new(snapshot())));
        desk.wait(1_000);
        desk.wait(1_000);
        let answered = |desk: &mut Desk| {
            let waiting = desk.model.waiting.iter();
            let asked = waiting.filter(|(_, purpose)| matches!(purpose, Purpose::Person(_)));
            let asked: Vec<Token> = asked.map(|(token, _)| *token).collect();
            for token in asked {
                desk.reply(token, None);
                desk.model.wants.person = false;
            }
        };
        answered(&mut desk);
        // It runs over Burak and rests on Zeki.
        desk.press("jj");
        desk.wait(1_000);
        desk.wait(1_000);
        let asked: Vec<u32> = queries(&desk)
            .into_iter()
            .filter_map(|(_, query)| match query {
                Query::Person(employee) => Some(employee.0),
                Query::Employees
                | Query::Devices
                | Query::Feed { .. }
                | Query::Log { .. }
                | Query::Arrivals { .. }
                | Query::Replies(_)
                | Query::Pdus(_)
                | Query::People
                | Query::Outbox { .. }
                | Query::Unsettled { .. }
                | Query::Alarms
                | Query::Links
                | Query::Snapshot => None,
            })
            .collect();
        assert_eq!(asked, persons, "{columns}x{rows}");
    }
}

#[test]
fn people_are_asked_for_at_most_once_a_second() {
    let mut desk = Desk::open();
    for _ in 0..20 {
        desk.hear(Event::Roster);
        desk.wait(100);
        let waiting = desk.model.waiting.iter();
        let token = waiting
            .filter(|(_, purpose)| **purpose == Purpose::People)
            .map(|(token, _)| *token);
        for token in token.collect::<Vec<_>>() {
            let people = vec![person(5, "Naz Işık", PersonPresence::In)];
            desk.reply(token, Some(Reply::People(people)));
        }
    }
    let asked = queries(&desk)
        .into_iter()
        .filter(|(_, query)| *query == Query::People)
        .count();
    assert_eq!(asked, 2);
    assert_eq!(desk.model.lists.people, [EmployeeId(5)]);
}

#[test]
fn the_log_goes_on_where_the_page_ends() {
    let mut desk = Desk::open();
    desk.press("3");
    let log = |desk: &Desk| {
        let queries = queries(desk).into_iter();
        queries
            .filter(|(_, query)| matches!(query, Query::Log { .. }))
            .collect::<Vec<_>>()
    };
    let (token, _) = log(&desk)[0];
    assert_eq!(
        desk.model.lists.log,
        [Seq(3), Seq(2), Seq(1)],
        "what is here is shown at once"
    );
    let lines = (1..=3)
        .rev()
        .map(|seq| line(seq, Some(2), FeedOutcome::Recorded));
    desk.reply(
        token,
        Some(Reply::Log {
            lines: lines.collect(),
            next: Some(Seq(1)),
        }),
    );
    assert_eq!(desk.model.lists.log, [Seq(3), Seq(2), Seq(1)]);
    let asked = log(&desk);
    assert!(
        matches!(
            asked[1].1,
            Query::Log {
                before: Some(Seq(1)),
                ..
            }
        ),
        "{asked:?}"
    );
    desk.hear(Event::Feed(feed(4, Some(3), FeedOutcome::Recorded)));
    assert_eq!(desk.model.lists.log, [Seq(4), Seq(3), Seq(2), Seq(1)]);
    desk.press("t");
    desk.press("t");
    assert_eq!(desk.model.lists.log, [Seq(2)], "problems alone");
    desk.press("[");
    let filter = desk.model.log.filter.clone();
    assert_eq!(filter.from, Some(desk.model.site.day_start(desk.now)));
    assert_eq!(desk.notice(), "Log of 2026-11-20.");
    desk.press("]");
    assert_eq!(desk.model.log.filter.from, None);
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut desk = Desk::open();
    let before = format!("{:?}", desk.model.facts);
    desk.reply(9_999, Some(Reply::People(Vec::new())));
    assert_eq!(format!("{:?}", desk.model.facts), before);
}

/// A line of the log of an act at a desk about an employee.
fn act(seq: u64, employee: u32) -> LogLine {
    let employee = EmployeeId(employee);
    LogLine {
        seq: Seq(seq),
        at: NINE,
        what: LogWhat::Desk {
            by: Operator {
                user: "mina".to_owned(),
                desk: "front".to_owned(),
            },
            act: DeskAct::EmployeeEdited(employee),
            employee: Some(employee),
            name: None,
        },
    }
}

fn answer_log(desk: &mut Desk, of: Option<EmployeeId>, seqs: &[u64], next: Option<u64>) {
    let asked = queries(desk).into_iter().rev().find(|(token, query)| {
        let is_it = matches!(query, Query::Log { filter, .. } if filter.employee == of);
        is_it && desk.model.waiting.contains_key(token)
    });
    let (token, _) = asked.expect("the log was asked for");
    let lines = seqs.iter();
    let lines = lines.map(|seq| line(*seq, Some(2), FeedOutcome::Recorded));
    let reply = Reply::Log {
        lines: lines.collect(),
        next: next.map(Seq),
    };
    desk.reply(token, Some(reply));
}

#[test]
fn what_came_while_another_screen_was_shown_stands_in_the_log() {
    let mut desk = Desk::open();
    desk.press("3");
    answer_log(&mut desk, None, &[3, 2, 1], None);
    desk.press("1");
    desk.key(Key::Enter);
    assert!(desk.model.person.is_some(), "a history takes lines in, too");
    desk.hear(Event::Feed(feed(4, Some(2), FeedOutcome::Recorded)));
    assert_eq!(desk.model.lists.history, [Seq(4), Seq(1)]);
    desk.press("3");
    assert_eq!(desk.model.lists.log, [Seq(4), Seq(3), Seq(2), Seq(1)]);
}

#[test]
fn a_history_goes_on_after_more_lines_than_a_page_has() {
    let mut desk = Desk::open();
    desk.key(Key::Enter);
    assert_eq!(desk.model.lists.history, [Seq(1)], "what is here is shown");
    let ayse = Some(EmployeeId(2));
    answer_log(&mut desk, ayse, &[3, 2], Some(2));
    let next = |desk: &Desk| desk.model.person.as_ref().and_then(|page| page.next);
    assert_eq!(next(&desk), Some(Seq(2)));
    answer_log(&mut desk, ayse, &[1], None);
    assert_eq!(next(&desk), None);
    assert_eq!(desk.model.lists.history, [Seq(3), Seq(2), Seq(1)]);
}

#[test]
fn a_history_has_live_what_it_has_when_it_is_asked_for() {
    let mut desk = Desk::open();
    desk.key(Key::Enter);
    answer_log(&mut desk, Some(EmployeeId(2)), &[1], None);
    desk.hear(Event::Log(act(4, 2)));
    assert_eq!(desk.model.lists.history, [Seq(1)]);
    desk.model.log.filter.employee = Some(EmployeeId(2));
    desk.press("3");
    assert_eq!(desk.model.lists.log, [Seq(1)]);
}

#[test]
fn the_log_of_today_becomes_that_of_yesterday() {
    let mut desk = Desk::open();
    desk.press("3[");
    let filter = desk.model.log.filter.clone();
    assert_eq!(desk.model.log.days_ago, Some(0));
    desk.wait(Millis::DAY);
    assert_eq!(desk.model.log.days_ago, Some(1));
    assert_eq!(desk.model.log.filter, filter);
    desk.press("]");
    assert_eq!(desk.notice(), "Log of 2026-11-21.");
}

#[test]
fn the_last_pdus_are_asked_for_while_they_are_shown_and_no_oftener_than_needed() {
    let asked = |desk: &mut Desk| -> Vec<Token> {
        let asked = queries(desk);
        desk.out.clear();
        let pdus = asked.into_iter();
        pdus.filter(|(_, query)| *query == Query::Pdus(gateway()))
            .map(|(token, _)| token)
            .collect()
    };
    let mut desk = Desk::open();
    desk.hear(Event::Link(link(LinkState::Bound)));
    desk.wait(5_000);
    assert!(asked(&mut desk).is_empty(), "nobody looks at them");
    desk.press("5");
    desk.wait(100);
    let first = asked(&mut desk);
    assert_eq!(first.len(), 1);
    desk.wait(10_000);
    assert!(asked(&mut desk).is_empty(), "the first answer has not come");
    let header = PduHeader {
        is_ours: true,
        octets: 16,
        command_id: 0x15,
        status: 0,
        sequence: 2,
    };
    let pdus = vec![PduFact { at: NINE, header }];
    desk.reply(first[0], Some(Reply::Pdus(pdus.clone())));
    assert_eq!(desk.model.facts.pdus.get(&gateway()), Some(&pdus));
    let again = asked(&mut desk);
    assert_eq!(again.len(), 1, "it is long ago");
    desk.reply(again[0], Some(Reply::Pdus(pdus)));
    desk.wait(1_000);
    assert!(asked(&mut desk).is_empty());
    desk.wait(1_000);
    assert_eq!(asked(&mut desk).len(), 1);
}

#[test]
fn what_waits_and_had_no_room_at_the_beginning_is_asked_for_by_who_looks_at_it() {
    let asked = |desk: &mut Desk| -> Vec<(Token, Query)> {
        let asked = queries(desk).into_iter();
        let asked = asked.filter(|(_, query)| matches!(query, Query::Unsettled { .. }));
        let asked = asked.collect();
        desk.out.clear();
        asked
    };
    let after = |id| Query::Unsettled {
        after: OutboxId(id),
    };
    let mut beginning = snapshot();
    beginning.totals.outbox_waiting = 4;
    let mut desk = Desk::new();
    desk.tell(Message::Attached(Box::new(beginning)));
    desk.wait(5_000);
    assert!(asked(&mut desk).is_empty(), "nobody looks at them");
    desk.press("4");
    desk.wait(1_000);
    let first = asked(&mut desk);
    assert_eq!(
        first.iter().map(|it| &it.1).collect::<Vec<_>>(),
        [&after(0)]
    );
    // In the meantime the first left, and that is newer than the page.
    desk.hear(Event::Outbox(entry(5, 9, OutboxState::Sent)));
    let entries = vec![
        entry(4, 9, OutboxState::Deferred),
        entry(5, 9, OutboxState::Queued),
    ];
    let next = Some(OutboxId(5));
    desk.reply(first[0].0, Some(Reply::Outbox { entries, next }));
    let ids = |desk: &Desk| -> Vec<u64> {
        let ids = desk.model.lists.outbox.iter();
        ids.map(|id| id.0).collect()
    };
    assert_eq!(ids(&desk), [1, 4, 3, 5, 2]);
    let second = asked(&mut desk);
    assert_eq!(
        second.iter().map(|it| &it.1).collect::<Vec<_>>(),
        [&after(5)]
    );
    // The connection breaks, and what is missing is asked for again.
    desk.reply(second[0].0, None);
    desk.wait(1_000);
    let again = asked(&mut desk);
    assert_eq!(
        again.iter().map(|it| &it.1).collect::<Vec<_>>(),
        [&after(5)]
    );
    let entries = vec![entry(6, 9, OutboxState::Queued)];
    desk.reply(
        again[0].0,
        Some(Reply::Outbox {
            entries,
            next: None,
        }),
    );
    assert_eq!(ids(&desk), [1, 4, 6, 3, 5, 2]);
    desk.wait(60_000);
    assert!(asked(&mut desk).is_empty(), "all of it is here");
}

#[test]
fn an_outbox_that_is_here_is_not_asked_for() {
    let mut beginning = snapshot();
    beginning.totals.outbox_waiting = 1;
    let mut desk = Desk::new();
    desk.tell(Message::Attached(Box::new(beginning)));
    desk.press("4");
    desk.wait(60_000);
    let mut asked = queries(&desk).into_iter();
    assert!(asked.all(|(_, query)| !matches!(query, Query::Unsettled { .. })));
}
