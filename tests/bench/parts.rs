//! What the parts of a check-in's way cost: `cargo bench --bench parts`.
//!
//! Whether the portable ciphers of `.cargo/config.toml` are the faster ones on a machine is seen by running it once as it is
//! and once with `RUSTFLAGS=` in front, which turns them off.

use std::sync::Arc;

use divan::Bencher;
use hazir::api::{Event, FeedLine, FeedOutcome, PersonFact, PersonPresence, Snapshot, Totals};
use hazir::domain::{Action, Counter, DeviceId, EmployeeId, GatewayName, Millis, Seq};
use hazir::protocol::{
    Attendance, DeviceKeys, Header, Kind, Padding, RootKey, envelope, frame, text,
};
use hazir::ui::{Look, Message, Model, Site, prepare, update, view};
use hazir::words::{Language, Words};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn main() {
    divan::main();
}

/// A check-in with its keys.
fn check_in() -> (DeviceKeys, Vec<u8>) {
    let keys = DeviceKeys::derive(&RootKey::from_octets([7; 32]));
    let content = Attendance {
        action: Action::In,
        claimed_at: Millis::from_unix_s(1_795_161_600),
        note: "at the client's".to_owned(),
    };
    let plaintext = content.encode(Padding::Phone).expect("a short note");
    let header = Header {
        kind: Kind::ATTENDANCE,
        device: DeviceId(7),
        counter: Counter(1),
    };
    let sealed = envelope::seal(&keys.to_desk, header, [9; 12], &plaintext);
    (keys, sealed)
}

#[divan::bench]
fn open_an_envelope(bencher: Bencher<'_, '_>) {
    let (keys, sealed) = check_in();
    bencher.bench(|| envelope::open(&keys.to_desk, divan::black_box(&sealed)));
}

#[divan::bench]
fn seal_an_answer(bencher: Bencher<'_, '_>) {
    let (keys, _) = check_in();
    let header = Header {
        kind: Kind::ANSWER,
        device: DeviceId(7),
        counter: Counter(1),
    };
    bencher.bench(|| envelope::seal(&keys.to_device, header, [9; 12], divan::black_box(&[5; 30])));
}

#[divan::bench]
fn find_a_frame(bencher: Bencher<'_, '_>) {
    let body = frame::encode(&check_in().1);
    bencher.bench(|| text::find_envelope(divan::black_box(body.as_bytes()), 0));
}

#[divan::bench]
fn derive_the_keys_of_a_device(bencher: Bencher<'_, '_>) {
    let root = RootKey::from_octets([7; 32]);
    bencher.bench(|| DeviceKeys::derive(divan::black_box(&root)));
}

/// How many people the desk of the benches has.
const PEOPLE: u32 = 5_000;
const NOW: Millis = Millis(1_795_166_072_000);

fn person(id: u32, state: PersonPresence) -> PersonFact {
    let name = format!("Şahin-{:05} Ümit", id.wrapping_mul(7_919) % PEOPLE);
    PersonFact {
        employee: EmployeeId(id),
        short: name.clone(),
        name,
        state,
        since: Some(NOW.plus_ms(-i64::from(id))),
        first_in: Some(NOW.plus_ms(-i64::from(id))),
        seq: None,
        source: None,
        clock_off_min: 0,
        note: String::new(),
        team: None,
        suspended: false,
    }
}

fn feed_line(seq: u64, gateway: &GatewayName) -> FeedLine {
    FeedLine {
        seq: Seq(seq),
        received_at: NOW,
        gateway: Some(gateway.clone()),
        sender: Some("+905321234588".to_owned()),
        outcome: FeedOutcome::Recorded,
        delayed: false,
        at: Some(NOW),
        link_gap: false,
        clock_off: false,
        employee: Some(EmployeeId(1)),
        name: Some("Şahin Ümit".to_owned()),
        device: None,
        counter: None,
        action: Some(Action::In),
        claimed_at: None,
        note: String::new(),
        weak: false,
        by: None,
        retry_of: None,
        receipt: None,
    }
}

/// A console of 5,000 people.
fn console() -> Model {
    let site = Site {
        name: "Office".to_owned(),
        time_zone: jiff::tz::TimeZone::UTC,
        day_starts: jiff::civil::time(4, 0, 0, 0),
        gateways: Vec::new(),
        desk: "desk".to_owned(),
        is_demo: false,
    };
    let words = Arc::new(Words::load(Language::English));
    let mut model = Model::new(site, words, Look::default(), NOW, 120, 40);
    let snapshot = Snapshot {
        revision: 0,
        version: String::new(),
        started_at: NOW,
        totals: Totals::default(),
        people: (1..=PEOPLE)
            .map(|id| person(id, PersonPresence::Out))
            .collect(),
        alarms: Vec::new(),
        links: Vec::new(),
        outbox: Vec::new(),
        log: Vec::new(),
    };
    update(&mut model, NOW, Message::Attached(Box::new(snapshot)));
    prepare(&mut model);
    model
}

#[divan::bench]
fn prepare_a_console_after_one_event(bencher: Bencher<'_, '_>) {
    let mut model = console();
    let mut revision = 0;
    bencher.bench_local(|| {
        revision += 1;
        let event = Event::Person(person(17, PersonPresence::In));
        update(&mut model, NOW, Message::Event(revision, event));
        prepare(&mut model);
    });
}

#[divan::bench]
fn take_1000_events_in(bencher: Bencher<'_, '_>) {
    let mut model = console();
    let gateway = GatewayName::new("reception");
    let mut revision = 0;
    bencher
        .with_inputs(|| {
            let events = (0..500_u32).flat_map(|at| {
                revision += 2;
                let line = Event::Feed(feed_line(revision, &gateway));
                let fact = Event::Person(person(at + 1, PersonPresence::In));
                [(revision - 1, line), (revision, fact)]
            });
            events.collect::<Vec<_>>()
        })
        .bench_local_values(|events| {
            for (revision, event) in events {
                update(&mut model, NOW, Message::Event(revision, event));
            }
        });
}

#[divan::bench(args = [(80, 24), (120, 40), (200, 60)])]
fn draw_a_console(bencher: Bencher<'_, '_>, (columns, rows): (u16, u16)) {
    let mut model = console();
    let gateway = GatewayName::new("reception");
    for revision in 1..=500 {
        let line = Event::Feed(feed_line(revision, &gateway));
        update(&mut model, NOW, Message::Event(revision, line));
    }
    update(&mut model, NOW, Message::Resize { columns, rows });
    prepare(&mut model);
    let backend = TestBackend::new(columns, rows);
    let mut terminal = Terminal::new(backend).expect("a buffer is always there");
    bencher.bench_local(|| {
        terminal.clear().expect("a buffer takes all");
        terminal
            .draw(|frame| view(&model, frame))
            .expect("a buffer takes all");
    });
}
