mod cards;
mod phones;

use unicode_width::UnicodeWidthStr as _;

use super::fake::{NOW, card, run, run_in_window, run_with};
use crate::api::{
    AlarmFact, AlarmState, Ask, Command, Event, FeedLine, FeedOutcome, Hold, LinkFact, LinkState,
    OutboxFact, PduFact, PersonFact, PersonPresence, Query, ReceiptFact, Refusal, Reply, Retried,
};
use crate::cli::error::CliError;
use crate::domain::{
    Action, AlarmId, AlarmKind, AnswerKind, BindFault, Counter, DeviceId, DownCause, EmployeeId,
    GatewayName, LinkFaults, Millis, Operator, OutboxId, OutboxState, Outcome, PduHeader,
    PresenceSource, SendError, Seq, UnreadableReason,
};

fn reception() -> GatewayName {
    GatewayName::new("reception")
}

fn feed_line(seq: u64) -> FeedLine {
    FeedLine {
        seq: Seq(seq),
        received_at: NOW,
        gateway: Some(reception()),
        sender: Some("+989102211824".to_owned()),
        outcome: FeedOutcome::Recorded,
        delayed: false,
        at: Some(NOW),
        link_gap: false,
        clock_off: false,
        employee: Some(EmployeeId(3)),
        name: Some("Ayşe".to_owned()),
        device: Some(DeviceId(7)),
        counter: Some(Counter(1)),
        action: Some(Action::In),
        claimed_at: Some(Millis(NOW.0 - 123)),
        note: "a\u{1b}[2J".to_owned(),
        weak: false,
        by: None,
        retry_of: None,
        receipt: Some(ReceiptFact {
            id: OutboxId(5),
            state: OutboxState::Sent,
            attempts: 1,
            message_id: Some("00ff".to_owned()),
        }),
    }
}

fn bare_line(seq: u64) -> FeedLine {
    FeedLine {
        gateway: None,
        sender: None,
        outcome: FeedOutcome::Unreadable(UnreadableReason::WrongTag),
        at: None,
        employee: None,
        name: None,
        device: None,
        counter: None,
        action: None,
        claimed_at: None,
        note: String::new(),
        receipt: None,
        ..feed_line(seq)
    }
}

fn page(lines: Vec<FeedLine>, next: Option<u64>) -> Reply {
    let next = next.map(Seq);
    Reply::Feed { lines, next }
}

#[test]
fn a_feed_line_has_every_field() {
    let marked = FeedLine {
        outcome: FeedOutcome::ByHand,
        by: Some(Operator {
            user: "ali".to_owned(),
            desk: "front".to_owned(),
        }),
        retry_of: Some(Seq(2)),
        ..bare_line(14)
    };
    let lines = vec![feed_line(12), bare_line(13), marked];
    let ran = run(&["feed", "--json"], vec![page(lines, None)]);
    ran.done.unwrap();
    let expected = [
        r#"{"seq":12,"received_at":"2026-11-20T08:58:01.123Z","gateway":"reception","sender":"+989102211824","outcome":"recorded","delayed":false,"at":"2026-11-20T08:58:01.123Z","link_gap":false,"reason":null,"employee":3,"name":"Ayşe","device":7,"counter":1,"action":"in","claimed_at":"2026-11-20T08:58:01.000Z","note":"a\u001b[2J","weak":false,"receipt":{"state":"sent","attempts":1,"message_id":"00ff"},"clock_off":false,"by":null,"retry_of":null}"#,
        r#"{"seq":13,"received_at":"2026-11-20T08:58:01.123Z","gateway":null,"sender":null,"outcome":"unreadable","delayed":false,"at":null,"link_gap":false,"reason":"wrong_tag","employee":null,"name":null,"device":null,"counter":null,"action":null,"claimed_at":null,"note":"","weak":false,"receipt":null,"clock_off":false,"by":null,"retry_of":null}"#,
        r#"{"seq":14,"received_at":"2026-11-20T08:58:01.123Z","gateway":null,"sender":null,"outcome":"by_hand","delayed":false,"at":null,"link_gap":false,"reason":null,"employee":null,"name":null,"device":null,"counter":null,"action":null,"claimed_at":null,"note":"","weak":false,"receipt":null,"clock_off":false,"by":{"user":"ali","desk":"front"},"retry_of":2}"#,
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn the_feed_of_text_is_masked_and_safe() {
    let stranger = FeedLine {
        sender: feed_line(13).sender,
        ..bare_line(13)
    };
    let lines = vec![feed_line(12), stranger];
    let ran = run(&["feed"], vec![page(lines, None)]);
    ran.done.unwrap();
    assert!(ran.out.contains("  ***********24  "), "{}", ran.out);
    let row = ran.out.lines().nth(1).unwrap();
    assert_eq!(
        row,
        "12   2026-11-20 12:28:01  Ayşe           IN      recorded                                        sent     a\\x1b[2J"
    );
}

fn link_down() -> LinkFact {
    LinkFact {
        gateway: reception(),
        state: LinkState::Down,
        replied_at: None,
        in_flight: 0,
        window: 10,
        since: NOW,
        reply_ms: None,
        last_message_at: Some(NOW),
        received: 12,
        submitted: 11,
        drops: 2,
        error: Some(DownCause::Refused),
        waiting: 1,
        pace_until: None,
        unreadable_over_bound: 0,
        copies_over_bound: 0,
        hold: Some(Hold::Link),
        faults: LinkFaults::default(),
        breaks: vec![NOW],
        expected: 0,
    }
}

#[test]
fn tables_fit_a_window_of_80() {
    let name = "Maximiliana Alexandrovna Konstantinopolskaya-Wolffenbüttel";
    let long = FeedLine {
        name: Some(name.to_owned()),
        clock_off: true,
        weak: true,
        note: "Arrival Fri, 20 Nov 2026, 18:24".to_owned(),
        ..feed_line(1_000)
    };
    let alarm = AlarmFact {
        id: AlarmId(1),
        kind: AlarmKind::Key {
            employee: EmployeeId(3),
        },
        state: AlarmState::New,
        employee: None,
        ended_at: None,
        shelved_until: None,
        since: NOW,
        count: 2,
        seen_by: None,
        name: Some(name.to_owned()),
    };
    let person = PersonFact {
        employee: EmployeeId(3),
        name: "محمدرضا حسینی‌نژاد ".repeat(5),
        short: "x".to_owned(),
        state: PersonPresence::In,
        since: Some(NOW),
        first_in: Some(NOW),
        seq: Some(Seq(12)),
        source: Some(PresenceSource::Sealed),
        clock_off_min: 0,
        note: String::new(),
        team: None,
        suspended: false,
    };
    for (line, reply) in [
        (&["feed"][..], page(vec![long], None)),
        (&["alarms"], Reply::Alarms(vec![alarm])),
        (&["people"], Reply::People(vec![person])),
        (&["link"], Reply::Links(vec![link_down()])),
        (
            &["employee", "list"],
            Reply::Employees(vec![card(3, name, "Maximiliana Alex")]),
        ),
    ] {
        let ran = run_in_window(line, vec![reply]);
        ran.done.unwrap();
        assert!(ran.out.lines().count() > 2, "{}", ran.out);
        assert!(
            ran.out.lines().all(|line| line.width() <= 80),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_window_shows_of_today_the_time_alone() {
    let yesterday = FeedLine {
        received_at: Millis(NOW.0 - 24 * Millis::HOUR),
        ..feed_line(11)
    };
    let reply = || vec![page(vec![yesterday.clone(), feed_line(12)], None)];
    let ran = run_in_window(&["feed"], reply());
    assert!(ran.out.contains("2026-11-19 12:28:01"), "{}", ran.out);
    assert!(ran.out.contains("12   12:28:01  "), "{}", ran.out);
    let ran = run(&["feed"], reply());
    assert!(ran.out.contains("2026-11-20 12:28:01"), "{}", ran.out);
}

#[test]
fn a_desk_where_nothing_happened_says_so() {
    let outbox = || Reply::Outbox {
        entries: Vec::new(),
        next: None,
    };
    for (line, reply) in [(["feed"], page(Vec::new(), None)), (["outbox"], outbox())] {
        let ran = run(&line, vec![reply]);
        assert_eq!(ran.out, "");
        assert!(ran.err.starts_with("No "), "{}", ran.err);
    }
    for (line, reply) in [("feed", page(Vec::new(), None)), ("outbox", outbox())] {
        let ran = run(&[line, "--json"], vec![reply]);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    }
}

#[test]
fn the_feed_goes_on_page_by_page_and_then_with_what_comes() {
    let cards = Reply::Employees(vec![card(3, "Ayşe", "A")]);
    let line = ["feed", "--json", "--since", "2h", "--employee", "3"];
    let pages = vec![
        cards,
        page(Vec::new(), Some(9)),
        page(vec![feed_line(12)], None),
    ];
    let ran = run(&line, pages);
    ran.done.unwrap();
    let asked = |after| {
        Ask::Query(Query::Feed {
            after: Seq(after),
            since: Some(Millis(NOW.0 - 2 * Millis::HOUR)),
            employee: Some(EmployeeId(3)),
        })
    };
    assert_eq!(ran.desk.asked[1..], [asked(0), asked(9)]);

    let events = vec![
        Event::Feed(feed_line(12)),
        Event::Roster,
        Event::Feed(feed_line(13)),
        Event::Lost,
        Event::Stopping,
        Event::Feed(feed_line(99)),
    ];
    let pages = vec![
        page(vec![feed_line(12)], None),
        page(vec![feed_line(13)], None),
        page(vec![feed_line(14), feed_line(15)], None),
    ];
    let ran = run_with(&["feed", "--follow", "--json"], pages, events, "");
    assert!(matches!(ran.done, Err(CliError::EngineStopped)));
    let seqs: Vec<&str> = ran.out.lines().map(|line| &line[7..9]).collect();
    assert_eq!(seqs, ["12", "13", "14", "15"]);
    assert_eq!(ran.desk.asked.len(), 3);
}

#[test]
fn people_have_every_field() {
    let person = |state, since| PersonFact {
        employee: EmployeeId(3),
        name: "Ayşe".to_owned(),
        short: "A".to_owned(),
        state,
        since,
        first_in: since,
        seq: since.map(|_| Seq(12)),
        source: since.map(|_| PresenceSource::Sealed),
        clock_off_min: 0,
        note: String::new(),
        team: None,
        suspended: false,
    };
    let people = vec![
        person(PersonPresence::In, Some(NOW)),
        person(PersonPresence::Out, None),
    ];
    let ran = run(&["people", "--json"], vec![Reply::People(people.clone())]);
    assert_eq!(
        ran.out,
        "{\"employee\":3,\"name\":\"Ayşe\",\"state\":\"in\",\"since\":\"2026-11-20T08:58:01.123Z\"}\n\
         {\"employee\":3,\"name\":\"Ayşe\",\"state\":\"out\",\"since\":null}\n"
    );
    let ran = run(&["people"], vec![Reply::People(people)]);
    assert!(
        ran.out.contains("3   Ayşe  IN     2026-11-20 12:28:01\n"),
        "{}",
        ran.out
    );
}

#[test]
fn the_outbox_has_every_field_and_goes_on_page_by_page() {
    let entry = |id, error| OutboxFact {
        id: OutboxId(id),
        seq: Seq(12),
        to: "+989102211824".to_owned(),
        kind: AnswerKind::Receipt,
        state: OutboxState::Deferred,
        attempts: 2,
        next_at: Some(NOW),
        message_id: None,
        error,
        gateway: reception(),
        queued_at: NOW,
    };
    let pages = || {
        let first = Reply::Outbox {
            entries: vec![entry(5, Some(SendError::Status(0x58)))],
            next: Some(OutboxId(5)),
        };
        let second = Reply::Outbox {
            entries: vec![entry(6, None)],
            next: None,
        };
        vec![first, second]
    };
    let ran = run(&["outbox", "--json"], pages());
    ran.done.unwrap();
    let expected = [
        r#"{"id":5,"seq":12,"to":"+989102211824","kind":"receipt","state":"deferred","attempts":2,"next_at":"2026-11-20T08:58:01.123Z","error":"status 0x00000058","gateway":"reception","queued_at":"2026-11-20T08:58:01.123Z"}"#,
        r#"{"id":6,"seq":12,"to":"+989102211824","kind":"receipt","state":"deferred","attempts":2,"next_at":"2026-11-20T08:58:01.123Z","error":null,"gateway":"reception","queued_at":"2026-11-20T08:58:01.123Z"}"#,
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), expected);
    let two = "[[gateway]]\nname = \"reception\"\nhost = \"a\"\n[[gateway]]\nname = \"north\"\nhost = \"b\"\n";
    let ran = run_with(&["outbox"], pages(), Vec::new(), two);
    let rows: Vec<&str> = ran.out.lines().collect();
    assert!(
        rows[0].starts_with("ID  SEQ  TO             GATEWAY    KIND "),
        "{rows:?}"
    );
    assert!(rows[1].contains("24  reception  receipt "), "{rows:?}");
    let ran = run(&["outbox"], pages());
    assert!(!ran.out.contains("GATEWAY"), "{}", ran.out);
    assert!(
        ran.out.contains("***********24") && !ran.out.contains("+98910"),
        "{}",
        ran.out
    );
}

#[test]
fn alarms_have_every_field_with_their_words() {
    let alarm = AlarmFact {
        id: AlarmId(1),
        kind: AlarmKind::LinkDown {
            gateway: reception(),
            cause: DownCause::Bind(BindFault::Password),
        },
        state: AlarmState::New,
        employee: None,
        ended_at: None,
        shelved_until: None,
        since: NOW,
        count: 1,
        name: None,
        seen_by: None,
    };
    let ran = run(
        &["alarms", "--json"],
        vec![Reply::Alarms(vec![alarm.clone()])],
    );
    assert_eq!(
        ran.out.trim_end(),
        r#"{"id":1,"kind":"link_down","priority":1,"state":"new","since":"2026-11-20T08:58:01.123Z","text":"Gateway reception is not connected: the gateway refused the password. Check-ins wait at the gateway.","act":"Write the gateway's user into hazir.toml and its password into the file keys/NAME.password.","count":1}"#
    );
    let ran = run(&["alarms"], vec![Reply::Alarms(vec![alarm])]);
    assert_eq!(ran.out.lines().count(), 3);
    let ran = run(
        &["acknowledge", "--all", "--json"],
        vec![Reply::Acknowledged(vec![AlarmId(1)])],
    );
    assert_eq!(ran.out, "{\"id\":1}\n");
    assert_eq!(ran.desk.asked, [Ask::Command(Command::AcknowledgeAll)]);
    let ran = run(
        &["acknowledge", "4"],
        vec![Reply::Refused(Refusal::NoAlarm(AlarmId(4)))],
    );
    assert!(matches!(
        ran.done,
        Err(CliError::Refused(Refusal::NoAlarm(_)))
    ));
}

#[test]
fn pdus_are_shown_by_their_headers() {
    let pdu = |is_ours, command_id, status| PduFact {
        at: NOW,
        header: PduHeader {
            is_ours,
            octets: 33,
            command_id,
            status,
            sequence: 7,
        },
    };
    let pdus = vec![
        pdu(false, 5, 0),
        pdu(true, 0x8000_0005, 0x64),
        pdu(false, 0x999, 0x400),
    ];
    let replies = || vec![Reply::Links(vec![link_down()]), Reply::Pdus(pdus.clone())];
    let ran = run(&["link", "--pdus"], replies());
    let expected = "\
TIME                 GATEWAY         COMMAND          STATUS          SEQUENCE  OCTETS
2026-11-20 12:28:01  reception  in   deliver_sm       ESME_ROK        7         33
2026-11-20 12:28:01  reception  out  deliver_sm_resp  ESME_RX_T_APPN  7         33
2026-11-20 12:28:01  reception  in   0x00000999       0x00000400      7         33
";
    assert_eq!(ran.out, expected);
    let ran = run(&["link", "--pdus", "reception", "--json"], replies());
    assert_eq!(
        ran.out.lines().nth(1).unwrap(),
        r#"{"gateway":"reception","at":"2026-11-20T08:58:01.123Z","direction":"out","command":"deliver_sm_resp","command_id":2147483653,"status":"ESME_RX_T_APPN","command_status":100,"sequence":7,"octets":33}"#
    );
    assert_eq!(ran.out.lines().count(), 3);
    assert!(
        ran.out
            .contains("\"command\":null,\"command_id\":2457,\"status\":null")
    );
    let ran = run(&["link", "--pdus", "north"], replies());
    assert!(matches!(
        ran.done,
        Err(CliError::NoGateway { name, names }) if name == "north" && names == [reception()]
    ));
}

#[test]
fn links_have_every_field() {
    let link = link_down();
    let ran = run(&["link", "--json"], vec![Reply::Links(vec![link.clone()])]);
    assert_eq!(
        ran.out.trim_end(),
        r#"{"gateway":"reception","state":"down","since":"2026-11-20T08:58:01.123Z","reply_ms":null,"last_message_at":"2026-11-20T08:58:01.123Z","received":12,"submitted":11,"drops":2,"error":"refused","waiting":1,"pace_until":null,"unreadable_over_bound":0,"copies_over_bound":0,"hold":"link","hold_limit":null,"expected":0,"breaks":["2026-11-20T08:58:01.123Z"],"throttled":0,"timeouts":0,"late_responses":0,"generic_nacks":0,"refused_pdus":0,"lenient_reads":0}"#
    );
    let ran = run(&["link"], vec![Reply::Links(vec![link.clone()])]);
    let expected = "\
GATEWAY    LINK
reception  DOWN since 2026-11-20 12:28:01: nobody listens at its address
           Start the gateway's app on its phone, and check host and port in hazir.toml.
           last message 2026-11-20 12:28:01
           received 12, sent 11, breaks 2, waiting 1
           1 waiting for the link
           broke last: 2026-11-20 12:28:01
";
    assert_eq!(ran.out, expected);
    let bound = LinkFact {
        state: LinkState::Bound,
        reply_ms: Some(41),
        last_message_at: None,
        error: None,
        pace_until: Some(NOW),
        unreadable_over_bound: 3,
        copies_over_bound: 4,
        hold: Some(Hold::HalfHour(30)),
        expected: 9,
        breaks: Vec::new(),
        faults: LinkFaults {
            throttled: 2,
            ..LinkFaults::default()
        },
        ..link
    };
    let ran = run(&["link"], vec![Reply::Links(vec![bound])]);
    let expected = "\
GATEWAY    LINK
reception  connected since 2026-11-20 12:28:01
           no message yet
           received 12, sent 11, breaks 2, waiting 1, reply 41 ms
           1 waiting, next at 2026-11-20 12:28:01 (30 SMS in 30 min)
           9 messages usually come in the hours since the last one
           went wrong: 2 too busy
           not kept, because there were too many: 3 unreadable, 4 copies
";
    assert_eq!(ran.out, expected);
}

#[test]
fn a_retry_says_what_it_did() {
    let done = vec![
        Retried::Opened {
            seq: Seq(4),
            now: Seq(9),
            outcome: Outcome::Recorded,
        },
        Retried::StillUnreadable(Seq(5)),
        Retried::Requeued(OutboxId(6)),
        Retried::AlreadyQueued(OutboxId(7)),
    ];
    let ran = run(
        &["retry", "4", "--json"],
        vec![Reply::Retried(done.clone())],
    );
    assert_eq!(ran.desk.asked, [Ask::Command(Command::Retry(Seq(4)))]);
    let expected = [
        r#"{"result":"opened","seq":4,"now":9,"outcome":"recorded","reason":null,"outbox":null}"#,
        r#"{"result":"still_unreadable","seq":5,"now":null,"outcome":null,"reason":null,"outbox":null}"#,
        r#"{"result":"requeued","seq":null,"now":null,"outcome":null,"reason":null,"outbox":6}"#,
        r#"{"result":"already_queued","seq":null,"now":null,"outcome":null,"reason":null,"outbox":7}"#,
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), expected);
    let ran = run(&["retry", "--failed"], vec![Reply::Retried(done)]);
    assert_eq!(ran.desk.asked, [Ask::Command(Command::RetryFailed)]);
    assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 4));
    assert!(!ran.err.contains('{'), "{}", ran.err);
}

#[test]
fn a_mark_is_a_line_of_the_feed() {
    let line = [
        "mark", "A", "out", "--reason", "forgot", "--at", "09:00", "--json",
    ];
    let replies = vec![
        Reply::Employees(vec![card(3, "Ayşe", "A")]),
        Reply::Marked(Box::new(feed_line(12))),
    ];
    let ran = run(&line, replies);
    ran.done.unwrap();
    assert!(ran.out.starts_with("{\"seq\":12,"), "{}", ran.out);
    let command = Command::Mark {
        employee: EmployeeId(3),
        action: Action::Out,
        at: Some(Millis(
            NOW.0 - 3 * Millis::HOUR - 28 * Millis::MINUTE - 1_123,
        )),
        reason: "forgot".to_owned(),
    };
    assert_eq!(ran.desk.asked[1], Ask::Command(command));
}

#[test]
fn an_answer_to_another_question_is_an_error() {
    for line in [
        &["people"][..],
        &["outbox"],
        &["alarms"],
        &["link"],
        &["feed"],
        &["device", "list"],
        &["retry", "--failed"],
        &["acknowledge", "--all"],
        &["device", "revoke", "7"],
    ] {
        let ran = run(line, vec![Reply::Employees(Vec::new())]);
        assert!(matches!(ran.done, Err(CliError::Answer)), "{line:?}");
    }
    let ran = run(&["employee", "list"], vec![Reply::Alarms(Vec::new())]);
    assert!(matches!(ran.done, Err(CliError::Answer)));
}
