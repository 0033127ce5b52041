//! One office on one morning, as a console sees it: 40 people with names in many scripts, and something of everything that
//! can go wrong.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use hazir::api::{
    AlarmFact, AlarmState, Arrivals, Ask, DeviceFact, Hold, LinkFact, LinkState, LogLine, LogWhat,
    OutboxFact, PduFact, PersonDetail, PersonFact, PersonPresence, Query, Reply, ReplySample,
    Snapshot, Totals,
};
use hazir::domain::{
    Action, AlarmId, AlarmKind, AnswerKind, Counter, Country, DeviceId, DownCause, Employee,
    EmployeeId, Fingerprint, GatewayName, LinkFaults, Millis, Msisdn, Operator, OutboxId,
    OutboxState, PduHeader, PresenceSource, SendError, Seq,
};
use hazir::ui::model::{Day, PersonPage};
use hazir::ui::{Effect, Key, Look, Message, Model, Site, SiteGateway, prepare, update};
use hazir::words::{Language, Words};
use jiff::civil::time;
use jiff::tz::TimeZone;

use super::morning::{line, lines, recorded};

static WORDS: LazyLock<Arc<Words>> = LazyLock::new(|| Arc::new(Words::load(Language::English)));

/// Friday, 20 November 2026, 09:14:32 in Istanbul.
pub(crate) const NOW: Millis = Millis(1_795_155_272_000);

/// Name, short name, and how many minutes ago the person came; negative: how many minutes ago the person left.
pub(super) const PEOPLE: [(&str, &str, i64); 40] = [
    ("Demir Rıza", "Demir R.", 0),
    ("Yılmaz Ayşe", "Yılmaz A.", 0),
    ("Kaya Burak", "Kaya B.", 0),
    ("رحیمی سارا", "Rahimi S.", 31),
    ("Öztürk Can", "Öztürk C.", 28),
    ("Acar Deniz", "Acar D.", 16),
    ("Aksoy Elif", "Aksoy E.", 33),
    ("Arslan Fatma", "Arslan F.", 19),
    ("Aydın Gül", "Aydın G.", 12),
    ("Bulut Hakan", "Bulut H.", 27),
    ("Can İrem", "Can İ.", 15),
    ("Çelik Jale", "Çelik J.", 38),
    ("Doğan Kerem", "Doğan K.", -9),
    ("Erdem Leyla", "Erdem L.", -3),
    ("Güneş Mert", "Güneş M.", 0),
    ("Işık Naz", "Işık N.", 0),
    ("Kılıç Ozan", "Kılıç O.", 0),
    ("Kurt Pelin", "Kurt P.", 17),
    ("Polat Selin", "Polat S.", 24),
    ("Şahin Tolga", "Şahin T.", 25),
    ("Tekin Umut", "Tekin U.", 41),
    ("Toprak Vera", "Toprak V.", 30),
    ("Uçar Yusuf", "Uçar Y.", 22),
    ("Yavuz Zeki", "Yavuz Z.", 35),
    ("Yıldız Aslı", "Yıldız A.", 18),
    ("Zorlu Bora", "Zorlu B.", 0),
    ("محمد الأمين", "Mohammed A.", 47),
    ("山田太郎", "Yamada T.", 52),
    ("김민수", "Kim M.", 44),
    ("Иванова Ольга", "Иванова О.", 58),
    ("Παπαδόπουλος Νίκος", "Παπαδόπουλος", 36),
    ("Nguye\u{302}\u{303}n Va\u{306}n Mai", "Nguyen M.", 29),
    ("Zoë 👩‍🔬 Łukasz", "Zoë L.", 21),
    (
        "Maximiliana Alexandrovna Konstantinopolskaya",
        "Maximiliana K.",
        26,
    ),
    ("כהן דוד", "Cohen D.", 34),
    ("O'Neil Sinéad", "O'Neil S.", 40),
    ("Żuk Ewa", "Żuk E.", 43),
    ("Ðặng Văn", "Dang V.", 23),
    ("Larsen Åse", "Larsen Å.", 20),
    ("Mbeki Themba", "Mbeki T.", 32),
];

pub(super) fn ago(minutes: i64) -> Millis {
    NOW.plus_ms(-minutes * Millis::MINUTE)
}

pub(super) fn gateway() -> GatewayName {
    GatewayName::new("reception")
}

pub(super) fn mina() -> Operator {
    Operator {
        user: "mina".to_owned(),
        desk: "front".to_owned(),
    }
}

pub(super) fn number(employee: u32) -> String {
    format!("+90533123{:04}", 4500 + employee)
}

/// Words, look and size of a console of the office, before it heard anything.
pub(crate) fn console(look: Look, columns: u16, rows: u16) -> Model {
    let site = Site {
        name: "Kadıköy".to_owned(),
        time_zone: TimeZone::get("Europe/Istanbul").expect("a zone of the database"),
        day_starts: time(4, 0, 0, 0),
        gateways: vec![SiteGateway {
            name: gateway(),
            address: "smsc.office.lan:2775".to_owned(),
            source_address: Some("+902165550130".to_owned()),
        }],
        desk: "front".to_owned(),
        is_demo: false,
    };
    Model::new(site, Arc::clone(&WORDS), look, NOW, columns, rows)
}

/// The office.
pub(crate) fn office(look: Look, columns: u16, rows: u16) -> Model {
    let mut model = console(look, columns, rows);
    model.disk_free = Some(71);
    let effects = update(&mut model, NOW, Message::Attached(Box::new(snapshot())));
    answer(&mut model, effects);
    model.facts.days = (0..5).map(|week| (week * 7, day(week))).collect();
    model.facts.replies.insert(gateway(), replies());
    model.facts.pdus.insert(gateway(), pdus());
    // The person under the cursor is asked for once the cursor rests.
    for seconds in (0..3).rev() {
        settle(&mut model);
        let effects = update(&mut model, NOW.plus_ms(-seconds * 1_000), Message::Tick);
        answer(&mut model, effects);
    }
    settle(&mut model);
    model
}

/// Answers what the console asked for, as an engine would that has nothing but this morning.
pub(crate) fn answer(model: &mut Model, effects: Vec<Effect>) {
    for effect in effects {
        let Effect::Ask(token, Ask::Query(query)) = effect else {
            continue;
        };
        let reply = match query {
            Query::Person(employee) => {
                let page = page(model, employee.0, true);
                page.detail.map(|detail| Reply::Person(Box::new(detail)))
            }
            Query::Log { filter, .. } => {
                let lines = match filter.employee {
                    Some(employee) => page(model, employee.0, true).history,
                    None => lines().into_iter().rev().collect(),
                };
                Some(Reply::Log { lines, next: None })
            }
            Query::Employees
            | Query::Devices
            | Query::Feed { .. }
            | Query::People
            | Query::Outbox { .. }
            | Query::Unsettled { .. }
            | Query::Alarms
            | Query::Links
            | Query::Snapshot
            | Query::Arrivals { .. }
            | Query::Replies { .. }
            | Query::Pdus { .. } => None,
        };
        let now = model.now;
        if let Some(reply) = reply {
            update(model, now, Message::Reply(token, Some(reply)));
        }
    }
}

/// Writes all names and notes in ASCII.
pub(crate) fn latin(model: &mut Model) {
    let ascii = |text: &str| text.replace(|c: char| !c.is_ascii(), "x");
    for fact in model.facts.people.values_mut() {
        (fact.name, fact.short) = (ascii(&fact.name), ascii(&fact.short));
    }
    for alarm in &mut model.facts.alarms {
        alarm.name = alarm.name.as_deref().map(ascii);
    }
    for line in model.facts.log.values_mut() {
        match &mut line.what {
            LogWhat::Feed(feed) => feed.name = feed.name.as_deref().map(ascii),
            LogWhat::Note { name, .. } | LogWhat::Desk { name, .. } => {
                *name = name.as_deref().map(ascii);
            }
            LogWhat::LinkUp { .. }
            | LogWhat::LinkDown { .. }
            | LogWhat::EngineStarted { .. }
            | LogWhat::EngineStopped
            | LogWhat::OverBound(_) => {}
        }
    }
    model.site.name = ascii(&model.site.name);
}

/// Presses keys, a second apart: `~` is Enter, `<` is Esc, `>` is Tab, `_` is Down, all else itself.
pub(crate) fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        let key = match key {
            '~' => Key::Enter,
            '<' => Key::Esc,
            '>' => Key::Tab,
            '_' => Key::Down,
            key => Key::Char(key),
        };
        let now = model.now.plus_ms(1_000);
        let effects = update(model, now, Message::Key(key));
        answer(model, effects);
        settle(model);
    }
}

/// Brings lists and cursors up to date, as before a frame.
pub(crate) fn settle(model: &mut Model) {
    prepare(model);
    prepare(model);
}

/// A page of the person `employee`, with history and phones.
pub(crate) fn page(model: &Model, employee: u32, is_open: bool) -> PersonPage {
    let employee = EmployeeId(employee);
    let mut history: Vec<LogLine> = lines()
        .into_iter()
        .filter(|line| match &line.what {
            LogWhat::Feed(feed) => feed.employee == Some(employee),
            LogWhat::Note {
                employee: about, ..
            } => *about == Some(employee),
            LogWhat::LinkUp { .. }
            | LogWhat::LinkDown { .. }
            | LogWhat::EngineStarted { .. }
            | LogWhat::EngineStopped
            | LogWhat::Desk { .. }
            | LogWhat::OverBound(_) => false,
        })
        .collect();
    history.reverse();
    // The last month, one line a day.
    history.extend((1..30_u32).map(|day| {
        let at = ago(10 + i64::from(day) * 24 * 60);
        let action = if day % 2 == 0 {
            Action::In
        } else {
            Action::Out
        };
        line(u64::from(100 - day), at, recorded(employee.0, action))
    }));
    let fact = model.facts.people[&employee].clone();
    PersonPage {
        employee,
        detail: Some(PersonDetail {
            card: card(&fact),
            fact,
            devices: devices(employee),
        }),
        history,
        next: None,
        is_open,
    }
}

fn card(fact: &PersonFact) -> Employee {
    Employee {
        id: fact.employee,
        name: fact.name.clone(),
        short: fact.short.clone(),
        phone: Msisdn::parse(&number(fact.employee.0), Country::default()).expect("a number"),
        team: fact.team.clone(),
        shift: None,
        legacy: false,
        suspended: fact.suspended,
    }
}

fn devices(employee: EmployeeId) -> Vec<DeviceFact> {
    let device = |id, revoked, days: i64| DeviceFact {
        device: DeviceId(id),
        employee,
        name: String::new(),
        revoked,
        enrolled_at: ago(days * 24 * 60),
        highest: Some(Counter(412)),
        fingerprint: Fingerprint([0, 1, 2, 3]),
    };
    vec![
        device(1_803_411_207, true, 400),
        device(2_417_839_106, false, 31),
    ]
}

fn snapshot() -> Snapshot {
    let people: Vec<PersonFact> = (1..).zip(PEOPLE).map(|(id, row)| person(id, row)).collect();
    let present = people
        .iter()
        .filter(|fact| fact.state == PersonPresence::In)
        .count();
    Snapshot {
        revision: 900,
        version: "1.0.0".to_owned(),
        started_at: ago(41 * 24 * 60),
        totals: Totals {
            employees: 40,
            present: u32::try_from(present).expect("40 at most"),
            outbox_waiting: 2,
            outbox_sending: 1,
            outbox_failed: 1,
            outbox_oldest: Some(ago(2)),
            alarms_new: 2,
        },
        people,
        alarms: alarms(),
        links: vec![link()],
        outbox: outbox(),
        log: lines(),
    }
}

fn person(id: u32, (name, short, minutes): (&str, &str, i64)) -> PersonFact {
    let is_out = minutes < 0;
    let is_by_hand = id == 9;
    PersonFact {
        employee: EmployeeId(id),
        name: name.to_owned(),
        short: short.to_owned(),
        state: if minutes > 0 {
            PersonPresence::In
        } else {
            PersonPresence::Out
        },
        since: (minutes != 0).then(|| ago(minutes.abs())),
        first_in: (minutes != 0).then(|| ago(if is_out { 75 } else { minutes })),
        seq: (minutes != 0).then_some(Seq(u64::from(id) + 900)),
        source: match minutes {
            0 => None,
            _ if is_by_hand => Some(PresenceSource::ByHand),
            _ if id == 20 => Some(PresenceSource::Weak),
            _ => Some(PresenceSource::Sealed),
        },
        clock_off_min: if id == 7 { 7 } else { 0 },
        note: match id {
            9 => "no phone".to_owned(),
            13 => "field visit".to_owned(),
            _ => String::new(),
        },
        team: match id % 6 {
            0 | 3 => None,
            2 | 4 => Some("Logistics".to_owned()),
            _ => Some("Sales".to_owned()),
        },
        suspended: id == 26,
    }
}

fn alarms() -> Vec<AlarmFact> {
    let alarm = |id, kind, state, minutes, count| AlarmFact {
        id: AlarmId(id),
        kind,
        state,
        since: ago(minutes),
        ended_at: None,
        shelved_until: None,
        count,
        name: None,
        employee: None,
        seen_by: None,
    };
    let down = AlarmKind::LinkDown {
        gateway: gateway(),
        cause: DownCause::Closed,
    };
    let places = AlarmKind::TwoPlaces {
        device: DeviceId(77),
        employee: EmployeeId(5),
    };
    let key = AlarmKind::Key {
        employee: EmployeeId(1),
    };
    vec![
        AlarmFact {
            name: Some("Öztürk Can".to_owned()),
            employee: Some(EmployeeId(5)),
            ..alarm(14, places, AlarmState::New, 1, 1)
        },
        AlarmFact {
            name: Some("Demir Rıza".to_owned()),
            employee: Some(EmployeeId(1)),
            ..alarm(13, key, AlarmState::New, 2, 2)
        },
        AlarmFact {
            seen_by: Some(mina()),
            ..alarm(
                12,
                AlarmKind::OutboxFailed { last: OutboxId(70) },
                AlarmState::Seen,
                64,
                1,
            )
        },
        AlarmFact {
            ended_at: Some(ago(18)),
            ..alarm(11, down, AlarmState::Ended, 22, 1)
        },
        AlarmFact {
            shelved_until: Some(ago(-46)),
            ..alarm(10, AlarmKind::UnknownSenders, AlarmState::Shelved, 5, 2)
        },
    ]
}

fn link() -> LinkFact {
    LinkFact {
        gateway: gateway(),
        state: LinkState::Bound,
        since: ago(18),
        reply_ms: Some(41),
        replied_at: Some(ago(0)),
        in_flight: 1,
        window: 10,
        last_message_at: Some(ago(1)),
        received: 34,
        submitted: 31,
        drops: 1,
        error: None,
        waiting: 2,
        pace_until: Some(NOW.plus_ms(12 * Millis::MINUTE)),
        unreadable_over_bound: 0,
        copies_over_bound: 0,
        hold: Some(Hold::HalfHour(30)),
        faults: LinkFaults {
            throttled: 2,
            lenient_reads: 1,
            ..LinkFaults::default()
        },
        breaks: vec![ago(22)],
        expected: 3,
    }
}

/// How many seconds ago, whether it is ours, command, status, sequence number, octets.
type Crossed = (i64, bool, u32, u32, u32, u32);

fn pdus() -> Vec<PduFact> {
    let crossed = [
        (90, false, 0x0000_0005, 0, 4_711, 171),
        (90, true, 0x8000_0005, 0, 4_711, 17),
        (90, true, 0x0000_0004, 0, 61, 187),
        (89, false, 0x8000_0004, 0x58, 61, 17),
        (60, true, 0x0000_0004, 0, 62, 187),
        (59, false, 0x8000_0004, 0, 62, 21),
        (58, false, 0x0000_0999, 0, 4_712, 33),
        (58, true, 0x8000_0000, 0x03, 4_712, 16),
        (30, true, 0x0000_0015, 0, 63, 16),
        (30, false, 0x8000_0015, 0, 63, 16),
        (2, false, 0x0000_0005, 0, 4_713, 171),
        (2, true, 0x8000_0005, 0x0000_0400, 4_713, 17),
    ];
    let fact = |(seconds, is_ours, command_id, status, sequence, octets): Crossed| PduFact {
        at: NOW.plus_ms(-seconds * 1_000),
        header: PduHeader {
            is_ours,
            octets,
            command_id,
            status,
            sequence,
        },
    };
    crossed.into_iter().map(fact).collect()
}

fn replies() -> VecDeque<ReplySample> {
    let sample = |at: i64| ReplySample {
        at: NOW.plus_ms((at - 160) * 30_000),
        reply_ms: match at {
            118 => None,
            130 => Some(180),
            159 => Some(41),
            _ => Some(u32::try_from(38 + at * 7 % 23).expect("small")),
        },
    };
    (0..160).map(sample).collect()
}

fn day(week: u8) -> Day {
    let mut bins = vec![0; if week == 0 { 32 } else { 144 }];
    // From 04:00 on, in bins of 10 minutes: 07:00 is the 18th.
    for (bin, count) in (18..).zip([1, 0, 0, 1, 2, 1, 2, 3, 2, 4, 6, 5, 3, 2]) {
        if bin < 32 {
            bins[bin] = if week == 0 {
                count
            } else {
                count + u32::from(week) % 2
            };
        }
    }
    Day {
        from: Some(ago(314).plus_ms(-32_000)),
        arrivals: Arrivals {
            bins,
            recorded: 34,
            copies: 3,
            problems: 4,
        },
        up_to: Seq(999),
        is_whole: true,
    }
}

fn outbox() -> Vec<OutboxFact> {
    let entry = |id: u64, state, attempts, error| OutboxFact {
        id: OutboxId(id),
        seq: Seq(id + 900),
        to: number(u32::try_from(id % 40).expect("small") + 1),
        kind: if id == 72 {
            AnswerKind::Refusal
        } else {
            AnswerKind::Receipt
        },
        state,
        attempts,
        message_id: (state == OutboxState::Delivered).then(|| "7f3a".to_owned()),
        next_at: (state == OutboxState::Deferred).then(|| NOW.plus_ms(40_000)),
        error,
        gateway: gateway(),
        queued_at: ago(i64::try_from(83 - id).expect("small")),
    };
    vec![
        entry(70, OutboxState::Failed, 9, Some(SendError::GaveUp)),
        entry(71, OutboxState::Deferred, 3, Some(SendError::Status(0x58))),
        entry(72, OutboxState::Queued, 0, None),
        entry(78, OutboxState::Delivered, 2, None),
        entry(79, OutboxState::Delivered, 1, None),
        entry(80, OutboxState::Sent, 1, None),
        entry(81, OutboxState::Sending, 1, None),
    ]
}
