use super::fake::{NOW, card, run, run_with};
use crate::api::{
    AlarmFact, AlarmState, Ask, CardEdit, Command, DeviceFact, EnrolKey, Enrolled, Event, FeedLine,
    FeedOutcome, LinkFact, LinkState, NewEmployee, OutboxFact, PersonFact, PersonPresence, Problem,
    Query, ReceiptFact, Refusal, Reply, Retried,
};
use crate::cli::error::{CliError, ExitCode};
use crate::domain::{
    Action, AlarmId, AlarmKind, AnswerKind, BindFault, Counter, Country, DeviceId, DownCause,
    EmployeeId, GatewayName, Millis, Msisdn, Operator, OutboxId, OutboxState, Outcome, SendError,
    Seq, UnreadableReason,
};
use crate::protocol::KeyText;

const WITH_NUMBER: &str =
    "[[gateway]]\nname = \"north\"\nhost = \"h\"\nsource_address = \"09102211824\"\n";

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
fn cards_are_one_object_a_line() {
    let ran = run(
        &["employee", "list", "--json"],
        vec![Reply::Employees(vec![
            card(3, "Ayşe \"A\"", "A"),
            card(4, "B", "B"),
        ])],
    );
    ran.done.unwrap();
    assert_eq!(
        ran.out,
        "{\"id\":3,\"name\":\"Ayşe \\\"A\\\"\",\"short\":\"A\",\"phone\":\"+989102211823\",\
         \"team\":null,\"shift\":null,\"legacy\":false,\"suspended\":false}\n\
         {\"id\":4,\"name\":\"B\",\"short\":\"B\",\"phone\":\"+989102211824\",\
         \"team\":null,\"shift\":null,\"legacy\":false,\"suspended\":false}\n"
    );
}

#[test]
fn a_table_of_cards_shows_whole_numbers() {
    let mut suspended = card(3, "山田", "Y");
    suspended.suspended = true;
    suspended.legacy = true;
    let ran = run(
        &["employee", "list"],
        vec![Reply::Employees(vec![suspended])],
    );
    assert_eq!(
        ran.out,
        "ID  NAME  SHORT  PHONE          TEAM  SHIFT\n\
         3   山田  Y      +989102211823               legacy, SUSPENDED\n"
    );
}

#[test]
fn a_new_card_reads_numbers_of_the_country() {
    let replies = vec![Reply::Employees(vec![card(1, "A", "A")])];
    let line = [
        "employee",
        "add",
        "--name",
        "A",
        "--phone",
        "0910 221 1821",
        "--team",
        "T",
    ];
    let ran = run(&line, replies);
    ran.done.unwrap();
    let new = NewEmployee {
        name: "A".to_owned(),
        phone: Msisdn::parse("+989102211821", Country::default()).unwrap(),
        short: None,
        team: Some("T".to_owned()),
        shift: None,
        legacy: false,
    };
    let asked = Ask::Command(Command::AddEmployees(vec![new]));
    assert_eq!(ran.desk.asked, [asked]);
    let ran = run(
        &["employee", "add", "--name", "A", "--phone", "x"],
        Vec::new(),
    );
    assert_eq!(ran.done.err().map(|e| e.exit_code()), Some(ExitCode::Usage));
    assert_eq!(ran.desk.asked, []);
}

#[test]
fn an_employee_is_a_number_or_an_exact_name() {
    let cards = vec![
        card(1, "Ayşe", "A"),
        card(2, "Ben", "B"),
        card(3, "Ben", "2"),
    ];
    for (text, expected) in [
        ("1", 1),
        ("Ayşe", 1),
        ("A", 1),
        ("3", 3),
        ("2", 2),
        ("B", 2),
    ] {
        let replies = vec![
            Reply::Employees(cards.clone()),
            Reply::Employees(Vec::new()),
        ];
        let ran = run(&["employee", "suspend", text], replies);
        ran.done.unwrap();
        let command = Command::SetSuspended(EmployeeId(expected), true);
        assert_eq!(ran.desk.asked[1], Ask::Command(command), "{text}");
    }
    let find = |text| {
        let ran = run(
            &["employee", "resume", text],
            vec![Reply::Employees(cards.clone())],
        );
        ran.done.unwrap_err()
    };
    assert!(matches!(find("ayşe"), CliError::NoEmployee(_)));
    assert!(matches!(find("9"), CliError::NoEmployee(_)));
    let CliError::ManyEmployees { ids, .. } = find("Ben") else {
        panic!("two are called so");
    };
    assert_eq!(ids, [EmployeeId(2), EmployeeId(3)]);
}

#[test]
fn an_edit_changes_what_is_given() {
    let replies = vec![
        Reply::Employees(vec![card(1, "A", "A")]),
        Reply::Employees(vec![card(1, "A", "A")]),
    ];
    let ran = run(
        &["employee", "edit", "1", "--legacy", "off", "--team", ""],
        replies,
    );
    ran.done.unwrap();
    let edit = CardEdit {
        team: Some(String::new()),
        legacy: Some(false),
        ..CardEdit::default()
    };
    let asked = Ask::Command(Command::EditEmployee(EmployeeId(1), edit));
    assert_eq!(ran.desk.asked[1], asked);
}

#[test]
fn a_list_is_taken_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("list.csv");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "name,phone\nA,09102211821\n\nB,09102211822\n").unwrap();
    let problems = vec![(1, Problem::PhoneTaken(EmployeeId(9)))];
    let refused = vec![Reply::Refused(Refusal::Cards(problems))];
    let ran = run(&["employee", "import", path], refused);
    assert!(matches!(ran.done, Err(CliError::Import { lines: 1 })));
    assert!(ran.err.starts_with(&format!("{path}:4: ")), "{}", ran.err);
    assert!(ran.err.contains("employee 9"), "{}", ran.err);
    let added = vec![Reply::Employees(vec![card(1, "A", "A"), card(2, "B", "B")])];
    let ran = run(&["employee", "import", path, "--json"], added);
    ran.done.unwrap();
    assert_eq!(ran.out.lines().count(), 2);
    std::fs::write(&file, "name,phone,nick\nA,09102211821,x\n").unwrap();
    let ran = run(&["employee", "import", path], Vec::new());
    assert!(matches!(ran.done, Err(CliError::Import { lines: 1 })));
    assert!(
        ran.err.contains(":1: column 'nick' is unknown"),
        "{}",
        ran.err
    );
    assert_eq!(ran.desk.asked, []);
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
    let ran = run(&["feed"], vec![page(vec![feed_line(12)], None)]);
    ran.done.unwrap();
    let row = ran.out.lines().nth(1).unwrap();
    assert_eq!(
        row,
        "12   2026-11-20 12:28:01  Ayşe  IN      recorded  sent     ***********24  a\\x1b[2J"
    );
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
    ran.done.unwrap();
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
    let ran = run(&["outbox"], pages());
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
        r#"{"id":1,"kind":"link_down","priority":1,"state":"new","since":"2026-11-20T08:58:01.123Z","text":"Gateway reception is not connected: the gateway refused the password. Check-ins wait at the gateway.","act":"Put the gateway's user and password into hazir.toml and its password file.","count":1}"#
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
fn links_have_every_field() {
    let link = LinkFact {
        gateway: reception(),
        state: LinkState::Down,
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
    };
    let ran = run(&["link", "--json"], vec![Reply::Links(vec![link.clone()])]);
    assert_eq!(
        ran.out.trim_end(),
        r#"{"gateway":"reception","state":"down","since":"2026-11-20T08:58:01.123Z","reply_ms":null,"last_message_at":"2026-11-20T08:58:01.123Z","received":12,"submitted":11,"drops":2,"error":"refused","waiting":1,"pace_until":null,"unreadable_over_bound":0,"copies_over_bound":0}"#
    );
    let ran = run(&["link"], vec![Reply::Links(vec![link])]);
    assert!(
        ran.out.ends_with("nobody listens at its address\n"),
        "{}",
        ran.out
    );
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

fn enrolled() -> Vec<Reply> {
    let enrolled = Enrolled {
        device: DeviceId(2_417_839_106),
        employee: EmployeeId(3),
        root_key: [0xA5; 32],
    };
    vec![
        Reply::Employees(vec![card(3, "Ayşe", "A")]),
        Reply::Enrolled(enrolled),
    ]
}

#[test]
fn an_enrolment_prints_the_key_once() {
    let ran = run_with(
        &["device", "enrol", "3", "--json"],
        enrolled(),
        Vec::new(),
        WITH_NUMBER,
    );
    ran.done.unwrap();
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let names: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 4);
    assert_eq!(object["device"], 2_417_839_106_u32);
    assert_eq!(object["employee"], 3);
    assert_eq!(object["root_key"], "a5".repeat(32));
    let key = KeyText::parse(object["key_text"].as_str().unwrap())
        .ok()
        .unwrap();
    assert_eq!(
        (key.device, *key.root.octets()),
        (DeviceId(2_417_839_106), [0xA5; 32])
    );
    assert_eq!(key.desk_number, "+989102211824");
    assert!(ran.out.starts_with("{\"device\":"), "{}", ran.out);

    let ran = run_with(
        &["device", "enrol", "3"],
        enrolled(),
        Vec::new(),
        WITH_NUMBER,
    );
    ran.done.unwrap();
    let lines = ran.out.lines().count() + ran.err.lines().count();
    assert!(lines <= 23, "{lines} lines and the prompt");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80));
    assert_eq!(ran.out.matches("HZK.").count(), 1);

    let line = ["device", "enrol", "3", "--page", "https://desk.example/p"];
    let ran = run_with(&line, enrolled(), Vec::new(), WITH_NUMBER);
    let last = ran.out.lines().last().unwrap();
    let key = last.strip_prefix("https://desk.example/p#").unwrap();
    assert!(KeyText::parse(key).is_ok());
}

#[test]
fn a_key_that_exists_is_read_from_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let path = file.to_str().unwrap();
    let line = ["device", "enrol", "3", "--json", "--key-file", path];
    let text = run_with(&line[..4], enrolled(), Vec::new(), WITH_NUMBER).out;
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    let text = text["key_text"].as_str().unwrap().to_owned();
    for (content, expected) in [
        (format!("{}\n", "a5".repeat(32)), EnrolKey::Root([0xA5; 32])),
        (
            format!(" {text}\n"),
            EnrolKey::Device(DeviceId(2_417_839_106), [0xA5; 32]),
        ),
    ] {
        std::fs::write(&file, content).unwrap();
        let ran = run_with(&line, enrolled(), Vec::new(), WITH_NUMBER);
        ran.done.unwrap();
        let command = Command::EnrolDevice(EmployeeId(3), expected);
        assert!(ran.desk.asked[1] == Ask::Command(command));
    }
    for content in [
        &b""[..],
        b"a5",
        b"\xff",
        &text.as_bytes()[..text.len() - 20],
    ] {
        std::fs::write(&file, content).unwrap();
        let ran = run_with(&line, enrolled(), Vec::new(), WITH_NUMBER);
        assert!(matches!(ran.done, Err(CliError::KeyFile { .. })));
        assert_eq!(ran.desk.asked, []);
    }
}

#[test]
fn nothing_is_enrolled_where_phones_would_not_know_the_number() {
    let short_code = WITH_NUMBER.replace("09102211824", "1234");
    let none = WITH_NUMBER.replace("09102211824", "");
    for config in ["", &none, &short_code] {
        let ran = run_with(&["device", "enrol", "3"], enrolled(), Vec::new(), config);
        assert!(matches!(ran.done, Err(CliError::NoDeskNumber)), "{config}");
        assert_eq!(ran.desk.asked, []);
    }
}

#[test]
fn phones_have_every_field() {
    let device = DeviceFact {
        device: DeviceId(7),
        employee: EmployeeId(3),
        name: "Ayşe".to_owned(),
        revoked: true,
        enrolled_at: NOW,
        highest: None,
    };
    let ran = run(
        &["device", "list", "--json"],
        vec![Reply::Devices(vec![device.clone()])],
    );
    assert_eq!(
        ran.out,
        "{\"device\":7,\"employee\":3,\"name\":\"Ayşe\",\"revoked\":true,\
         \"enrolled_at\":\"2026-11-20T08:58:01.123Z\",\"highest\":null}\n"
    );
    let ran = run(
        &["device", "unrevoke", "7"],
        vec![Reply::Devices(vec![device])],
    );
    assert_eq!(
        ran.desk.asked,
        [Ask::Command(Command::SetRevoked(DeviceId(7), false))]
    );
    assert!(ran.out.contains("REVOKED"), "{}", ran.out);
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
