//! What a console costs, on the real binary in a pseudo-terminal: `cargo bench --bench console`.
//!
//! One run gives all figures side by side: first frame with a million records, key to frame, an idle console and its
//! engine, and a console beside 1,000 check-ins a second.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "it shares the tests' ways, prints, and lives in real time"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use hazir::domain::{
    Address, Entry, GatewayName, LedgerRow, MessageRow, Millis, Outcome, RawBody, Seq,
    UnreadableReason,
};
use hazir::store::{Batch, RedbStore, Store as _};
use rustix::process::Pid;

use self::office::Office;
use self::phone::Phone;
use self::pty::Terminal;
use self::smsc::Sms;

#[path = "../it/office.rs"]
#[expect(dead_code, reason = "a bench needs a part of it")]
mod office;
#[path = "../it/pdu.rs"]
#[expect(dead_code, reason = "a bench needs a part of it")]
mod pdu;
#[path = "../it/phone.rs"]
#[expect(dead_code, reason = "a bench needs a part of it")]
mod phone;
#[path = "../it/process.rs"]
#[expect(dead_code, reason = "a bench needs a part of it")]
mod process;
#[path = "../it/pty.rs"]
#[expect(dead_code, reason = "a bench needs a part of it")]
mod pty;
#[path = "../it/smsc.rs"]
#[expect(dead_code, reason = "a bench needs a part of it")]
mod smsc;
#[path = "../it/watch.rs"]
mod watch;

const RECORDS: u64 = 1_000_000;
const PEOPLE: u32 = 40;
const OPENINGS: usize = 15;
const KEYS: usize = 60;
const IDLE: Duration = Duration::from_secs(30);
const LOAD: Duration = Duration::from_secs(20);
const PER_SECOND: u32 = 1_000;

fn main() {
    // cargo test runs benches, too, where all targets are asked for.
    if std::env::args().all(|arg| arg != "--bench") {
        return;
    }
    let office = Office::open_fast();
    let mut phones = office.staff(PEOPLE);
    fill(&office.data.join("hazir.redb"));
    let engine = office.serve();
    office.check_in(&mut phones[0], 1);

    report("first frame with 1,000,000 records", &mut openings(&office));
    let mut window = open(&office);
    report("key to frame", &mut keys(&mut window));
    let pid = window.id();
    let engine_pid = Pid::from_raw(i32::try_from(engine.id()).expect("a pid")).expect("a pid");
    let octets = window.octets();
    let spent = [cpu(pid), cpu(engine_pid)];
    pause(IDLE);
    let octets = (window.octets() - octets) as f64 / IDLE.as_secs_f64();
    say("idle console", (cpu(pid) - spent[0]) / IDLE.as_secs_f64());
    say(
        "idle engine",
        (cpu(engine_pid) - spent[1]) / IDLE.as_secs_f64(),
    );
    println!(
        "{:<42} {octets:.0} octets/s",
        "idle console to the terminal"
    );

    let spent = [cpu(pid), cpu(engine_pid)];
    let octets = window.octets();
    let since = Instant::now();
    let count = load(&office, &mut phones);
    let took = since.elapsed().as_secs_f64();
    println!(
        "{:<42} {:.0}",
        "check-ins a second",
        f64::from(count) / took
    );
    say("console beside them", (cpu(pid) - spent[0]) / took);
    say("engine", (cpu(engine_pid) - spent[1]) / took);
    let octets = (window.octets() - octets) as f64 / took;
    println!("{:<42} {octets:.0} octets/s", "console to the terminal");
    window.keys("q");
    drop(engine);
}

/// Rows as an office has them after years: messages that nobody could read, so that no phone's counter is touched.
fn fill(path: &Path) {
    let mut store = RedbStore::open(path).expect("the store opens");
    let last = store.load().expect("the store is whole").last;
    let (mut seq, mut at) = last.map_or((0, 0), |row| (row.seq.0, row.logged_at.0));
    at = at.max(1_700_000_000_000);
    while seq < RECORDS {
        let mut batch = Batch::default();
        for _ in 0..20_000 {
            (seq, at) = (seq + 1, at + 1);
            batch.ledger.push(row(seq, at));
        }
        store.commit(&batch).expect("the store is written");
    }
    store.settle().expect("the store is settled");
}

fn row(seq: u64, at: i64) -> LedgerRow {
    let message = MessageRow {
        received_at: Millis(at),
        gateway: GatewayName::new("reception"),
        sender: Address::plain("+989120009999"),
        destination: Address::plain("+989102211824"),
        outcome: Outcome::Unreadable(UnreadableReason::NotAFrame),
        at: None,
        delayed: false,
        link_gap: false,
        clock_off: false,
        weak: false,
        employee: None,
        device: None,
        counter: None,
        action: None,
        claimed_at: None,
        note: String::new(),
        digest: None,
        answer: None,
        retry_of: None,
        raw: Some(RawBody {
            octets: b"Your parcel is on its way".to_vec(),
            data_coding: 0,
        }),
    };
    LedgerRow {
        seq: Seq(seq),
        logged_at: Millis(at),
        entry: Entry::Message(Box::new(message)),
    }
}

fn open(office: &Office) -> Terminal {
    let window = Terminal::start(&office.command(&[]), 80, 24);
    window.shows("IN 1");
    window
}

fn openings(office: &Office) -> Vec<f64> {
    let once = |_| {
        let since = Instant::now();
        let mut window = open(office);
        let took = since.elapsed();
        window.keys("q");
        window.wait(Duration::from_secs(5)).expect("it ends");
        ms(took)
    };
    (0..OPENINGS).map(once).collect()
}

fn keys(window: &mut Terminal) -> Vec<f64> {
    let mut times = Vec::new();
    for place in 0..KEYS {
        // Apart from each other, and from the clock.
        pause(Duration::from_millis(237));
        let before = window.octets();
        let since = Instant::now();
        window.keys(if place % 2 == 0 { "j" } else { "k" });
        window.writes_after(before);
        times.push(ms(since.elapsed()));
    }
    times
}

fn load(office: &Office, phones: &mut [Phone]) -> u32 {
    let every = Duration::from_secs(1) / PER_SECOND;
    let since = Instant::now();
    let mut sent = 0;
    while since.elapsed() < LOAD {
        let due = u32::try_from(since.elapsed().as_micros() / every.as_micros()).unwrap_or(0);
        while sent < due {
            let place = usize::try_from(sent % PEOPLE).unwrap_or(0);
            let phone = &mut phones[place];
            let action = if phone.next % 2 == 1 { 1 } else { 2 };
            let message = phone.check_in(action, office::now(), "");
            let from = pdu::Address::number(&phone.number);
            office.smsc.deliver(Sms::text(from, &message.text));
            sent += 1;
        }
        pause(Duration::from_millis(5));
    }
    sent
}

/// Seconds that a process has computed, all of its threads together.
fn cpu(pid: Pid) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid()));
    let nanos = tasks.expect("it runs").filter_map(|task| {
        let stat = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e9
}

fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn report(what: &str, times: &mut [f64]) {
    times.sort_by(f64::total_cmp);
    let (least, median, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    println!("{what:<42} median {median:.1} ms, {least:.1} to {most:.1}");
}

fn say(what: &str, share: f64) {
    println!("{what:<42} {:.2} % of a core", share * 100.0);
}
