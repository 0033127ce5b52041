//! What a backup and a look at every row cost an office of a million records, and the check-ins beside them, on the real
//! binary: `cargo bench --bench copies`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it shares the tests' ways, prints, and lives in real time"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use hazir::domain::{Entry, LedgerRow, Millis, NoteRow, Operator, Seq};
use hazir::store::{Batch, RedbStore, Store as _};

use self::office::{Office, now};
use self::phone::Phone;
use self::process::Process;

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
#[path = "../it/smsc.rs"]
#[expect(dead_code, reason = "a bench needs a part of it")]
mod smsc;
#[path = "../it/watch.rs"]
mod watch;

const RECORDS: u64 = 1_000_000;
const PEOPLE: u32 = 40;
/// Check-ins without anything beside them.
const ALONE: usize = 1_000;

fn main() {
    // cargo test runs benches, too, where all targets are asked for.
    if std::env::args().all(|arg| arg != "--bench") {
        return;
    }
    let office = Office::open_fast();
    let mut phones = office.staff(PEOPLE);
    fill(&office.data.join("hazir.redb"));
    let engine = office.serve();
    office.wait_linked();
    // The journal begins with a catch-up, which is another figure.
    office.json(&["verify"]);

    let mut alone: Vec<_> = (0..ALONE)
        .map(|n| answer(&office, &mut phones, n))
        .collect();
    report("deliver_sm_resp alone", &mut alone);
    let backup = office.data.parent().unwrap().join("b");
    beside(
        &office,
        &mut phones,
        "a backup",
        &["backup", backup.to_str().unwrap()],
    );
    beside(&office, &mut phones, "verify", &["verify"]);
    let store = std::fs::metadata(office.data.join("hazir.redb"))
        .unwrap()
        .len();
    let copy = std::fs::metadata(&backup).unwrap().len();
    println!(
        "{:<42} {} and {} MiB",
        "store and backup",
        store >> 20,
        copy >> 20
    );
    drop(engine);
    let since = Instant::now();
    office.ok(&["restore", backup.to_str().unwrap()]);
    println!("{:<42} {:.1} s", "restore", since.elapsed().as_secs_f64());
}

/// Check-ins one by one while a command runs.
fn beside(office: &Office, phones: &mut [Phone], what: &str, args: &[&str]) {
    let since = Instant::now();
    let mut command = Process::start(&mut office.command(args));
    let mut took = Vec::new();
    while command.wait(Duration::ZERO).is_none() {
        took.push(answer(office, phones, took.len()));
    }
    let whole = since.elapsed().as_secs_f64();
    println!("{what:<42} {whole:.1} s: {}", command.err().trim());
    report(&format!("deliver_sm_resp beside {what}"), &mut took);
}

/// How long a check-in waits for its deliver_sm_resp.
fn answer(office: &Office, phones: &mut [Phone], n: usize) -> Duration {
    let place = n % phones.len();
    let phone = &mut phones[place];
    let message = phone.check_in(1, now(), "");
    let since = Instant::now();
    office.send(phone, &message.text);
    since.elapsed()
}

fn report(what: &str, took: &mut [Duration]) {
    took.sort();
    let at = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1_000.0;
    let (half, most, last) = (at(50), at(99), at(100));
    let count = took.len();
    println!("{what:<42} p50 {half:.1} p99 {most:.1} max {last:.1} ms of {count}");
}

/// Rows as an office has them after years: notes, so that no phone's counter is touched.
fn fill(path: &Path) {
    let mut store = RedbStore::open(path).expect("the store opens");
    let last = store.load().expect("the store is whole").last;
    let (mut seq, mut at) = last.map_or((0, 0), |row| (row.seq.0, row.logged_at.0));
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
    let by = Operator {
        user: "ayse".to_owned(),
        desk: "reception".to_owned(),
    };
    LedgerRow {
        seq: Seq(seq),
        logged_at: Millis(at),
        entry: Entry::Note(NoteRow {
            by,
            employee: None,
            about: None,
            text: "as long as what a message leaves of itself in the ledger of an office, more or less".to_owned(),
            reverses: None,
        }),
    }
}
