//! What the store's tables have instead of a row a row: blocks, chunks and decisions that move.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hazir::domain::{
    Counter, DecidedRow, DeviceId, Digest, EmployeeId, Entry, LedgerRow, Millis, NoteRow, Operator,
    Seq, Series,
};
use hazir::store::{Archive, Batch, RedbStore, Store, StoreError};
use redb::{Database, ReadableTable, TableDefinition, WriteTransaction};

use super::faulty_disk::{Disk, Seeded};
use super::store_model::answers;

const BY_PERSON: TableDefinition<'_, (u32, u32), &[u8]> = TableDefinition::new("by_person");
const OUTBOX: TableDefinition<'_, (u8, u64), &[u8]> = TableDefinition::new("outbox");
const WORK: TableDefinition<'_, (u8, u64), &[u8]> = TableDefinition::new("work");
const OPEN: u8 = 2;
const DECISION: u8 = 3;
const SETTLED: u8 = 5;

/// Notes about four employees and nobody, in no order.
fn notes(seeded: &mut Seeded, after: u64, many: u64) -> Vec<LedgerRow> {
    let note = |seq| LedgerRow {
        seq: Seq(seq),
        logged_at: Millis(1_700_000_000_000),
        entry: Entry::Note(NoteRow {
            by: Operator {
                user: "ayse".to_owned(),
                desk: "reception".to_owned(),
            },
            employee: Some(EmployeeId(u32::try_from(seeded.below(5)).unwrap()))
                .filter(|one| *one != EmployeeId(0)),
            about: None,
            text: "rang ".repeat(usize::try_from(seeded.below(9)).unwrap()),
            reverses: None,
        }),
    };
    (after + 1..=after + many).map(note).collect()
}

fn of_ledger(ledger: &[LedgerRow]) -> Batch {
    Batch {
        ledger: ledger.to_vec(),
        ..Batch::default()
    }
}

#[test]
fn rows_of_a_person_are_found_in_every_block() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let mut store = RedbStore::open(&path).unwrap();
    let seeded = &mut Seeded(1);
    let mut ledger = Vec::new();
    for many in [4_095, 1, 1, 8_300, 40] {
        let rows = notes(seeded, ledger.len() as u64, many);
        store.commit(&of_ledger(&rows)).unwrap();
        ledger.extend(rows);
        drop(store);
        store = RedbStore::open(&path).unwrap();
        store.verify().unwrap();
        for employee in (1..=5).map(EmployeeId) {
            let mut of: Vec<_> = ledger.clone();
            of.retain(|row| row.entry.employee() == Some(employee));
            let from = of.len() / 3;
            let after = of.get(from).map_or(Seq(0), |row| row.seq);
            let page = store.ledger_of(employee, after, 3_000).unwrap();
            let expected = of.iter().filter(|row| row.seq > after).take(3_000);
            assert!(page.iter().eq(expected), "{employee} after {after}");
            let page = store.ledger_of_before(employee, after, 700).unwrap();
            let expected = of.iter().rev().filter(|row| row.seq < after).take(700);
            assert!(page.iter().eq(expected), "{employee} before {after}");
        }
    }
}

#[test]
fn lists_that_leave_rows_out_are_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let mut store = RedbStore::open(&path).unwrap();
    let seeded = &mut Seeded(2);
    store.commit(&of_ledger(&notes(seeded, 0, 5_000))).unwrap();
    store.commit(&answers(seeded, 300)).unwrap();
    drop(store);
    let octets = fs::read(&path).unwrap();
    let opened_after = |change: fn(&WriteTransaction)| {
        fs::write(&path, &octets).unwrap();
        changed(&path, change);
        RedbStore::open(&path).and_then(|store| store.verify())
    };
    opened_after(|_| {}).unwrap();
    let damages: [fn(&WriteTransaction); 4] = [
        |txn| {
            let mut by_person = txn.open_table(BY_PERSON).unwrap();
            by_person.pop_first().unwrap().unwrap();
        },
        |txn| {
            let mut by_person = txn.open_table(BY_PERSON).unwrap();
            let octets = by_person.get((0, 1)).unwrap().unwrap().value().to_vec();
            by_person.insert((0, 9), octets.as_slice()).unwrap();
        },
        |txn| {
            let (mut work, mut outbox) = both(txn);
            let (key, octets) = first_from(&work, (OPEN, 0));
            outbox.insert((SETTLED, key.1), octets.as_slice()).unwrap();
            work.remove(key).unwrap();
        },
        |txn| {
            let (mut work, outbox) = both(txn);
            let (key, octets) = first_from(&outbox, (SETTLED, 0));
            work.insert((OPEN, key.1), octets.as_slice()).unwrap();
        },
    ];
    for damage in damages {
        let opened = opened_after(damage);
        assert!(matches!(opened, Err(StoreError::Damaged(_))), "{opened:?}");
    }
}

type Chunks<'t> = redb::Table<'t, (u8, u64), &'static [u8]>;

fn both(txn: &WriteTransaction) -> (Chunks<'_>, Chunks<'_>) {
    (
        txn.open_table(WORK).unwrap(),
        txn.open_table(OUTBOX).unwrap(),
    )
}

fn first_from(chunks: &Chunks<'_>, key: (u8, u64)) -> ((u8, u64), Vec<u8>) {
    let (key, octets) = chunks.range(key..).unwrap().next().unwrap().unwrap();
    (key.value(), octets.value().to_vec())
}

fn changed(path: &Path, change: fn(&WriteTransaction)) {
    let database = Database::open(path).unwrap();
    let txn = database.begin_write().unwrap();
    change(&txn);
    txn.commit().unwrap();
}

#[test]
fn decisions_that_are_missing_are_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let mut store = RedbStore::open(&path).unwrap();
    let series = Series {
        device: DeviceId(1),
        kind: 0x11,
    };
    let mut batch = Batch::default();
    for counter in (1..=500).map(Counter) {
        batch.decided.insert((series, counter), decided(Seq(1)));
    }
    store.commit(&batch).unwrap();
    store.verify().unwrap();
    drop(store);
    changed(&path, |txn| {
        let mut work = txn.open_table(WORK).unwrap();
        let (key, _) = first_from(&work, (DECISION, 100));
        work.remove(key).unwrap();
    });
    let store = RedbStore::open(&path).unwrap();
    let error = store.load().err();
    assert!(matches!(error, Some(StoreError::Damaged(_))), "{error:?}");
}

#[test]
fn an_older_layout_is_refused() {
    const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    drop(RedbStore::open(&path).unwrap());
    changed(&path, |txn| {
        let layout: &[u8] = &[1, 0, 0, 0];
        let mut meta = txn.open_table(META).unwrap();
        meta.insert("layout", layout).unwrap();
    });
    let opened = RedbStore::open(&path);
    assert!(matches!(opened, Err(StoreError::Damaged(_))), "{opened:?}");
}

fn decided(seq: Seq) -> DecidedRow {
    DecidedRow {
        digest: Digest([7; 16]),
        seq,
        answer: None,
        copies: 0,
    }
}

/// Phones of which some write often and some hardly ever, with counters that go up, and a window over each.
#[test]
fn what_is_forgotten_leaves_the_store_and_nothing_else_does() {
    const DEVICES: u64 = 9;
    let disk = Disk::default();
    let mut store = RedbStore::with_backend(disk.clone()).unwrap();
    let mut model: BTreeMap<(Series, Counter), DecidedRow> = BTreeMap::new();
    let seeded = &mut Seeded(3);
    for commit in 0..900 {
        let mut batch = Batch::default();
        for _ in 0..seeded.below(60) {
            let device = DeviceId(u32::try_from(seeded.below(DEVICES) * seeded.below(2)).unwrap());
            let series = Series { device, kind: 0x11 };
            let of_series = |counter| (series, Counter(counter));
            let last = model.range(of_series(0)..=of_series(u16::MAX)).next_back();
            let last = last.map_or(0, |((_, counter), _)| counter.0);
            // Now and then one that was decided changes.
            let counter = if seeded.one_in(20) { last } else { last + 1 };
            let row = decided(Seq(seeded.next() >> 20));
            batch.decided.insert(of_series(counter), row.clone());
            model.insert(of_series(counter), row);
            if seeded.one_in(60) {
                let below = Counter(counter.saturating_sub(100));
                batch.forget_below.insert(series, below);
            }
        }
        for (series, below) in &batch.forget_below {
            model.retain(|(one, counter), _| one != series || counter >= below);
        }
        store.commit(&batch).unwrap();
        if commit % 60 == 0 {
            // In the middle of a sweep, too.
            drop(store);
            store = RedbStore::with_backend(disk.clone()).unwrap();
            assert!(store.load().unwrap().decided == model, "commit {commit}");
        }
    }
    assert!(model.len() < 3_000, "{}", model.len());
    assert!(store.load().unwrap().decided == model);
}
