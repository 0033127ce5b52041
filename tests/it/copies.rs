//! Second copies: a copy is the store row for row, and one that is put back forgets nothing twice.

mod desk;
pub(crate) mod kills;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use hazir::domain::{Examined, Millis};
use hazir::store::{CopyError, RedbStore, Store, StoreError};
use redb::{Database, ReadableTable, TableDefinition};

use super::draws::Draws;
use super::faulty_disk::Seeded;
use super::store_model::{Contents, Model};

const AT: Millis = Millis(1_795_165_081_123);

fn goes_on(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A store of some hundred rows of all kinds, and what it holds.
struct Filled {
    store: RedbStore,
    model: Model,
    seeded: Seeded,
}

impl Filled {
    fn at(path: &Path, seed: u64) -> Self {
        let mut filled = Self {
            store: RedbStore::open(path).unwrap(),
            model: Model::default(),
            seeded: Seeded(seed),
        };
        for _ in 0..60 {
            filled.go_on();
        }
        filled
    }

    fn go_on(&mut self) {
        let batch = self.model.next_batch(&mut self.seeded, false);
        self.model.apply(&batch);
        self.store.commit(&batch).unwrap();
    }
}

fn filled(path: &Path, seed: u64) -> RedbStore {
    Filled::at(path, seed).store
}

/// What is in a directory.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_copy_is_the_store_row_for_row_as_it_was_when_the_copy_began() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let copy = directory.path().join("copy");
    let mut desk = Filled::at(&path, 1);
    let before = desk.model.contents();
    let copied = desk.store.copier().copy(&copy, AT, false, &mut |_, _| {
        desk.go_on();
        ControlFlow::Continue(())
    });
    let copied = copied.unwrap();
    assert_eq!(copied.at, AT);
    assert!(
        desk.model.contents() != before,
        "nothing was written meanwhile"
    );
    assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&copy).unwrap().len(), copied.octets);
    let found = RedbStore::examine_rows(&copy, &mut goes_on).unwrap();
    assert_eq!((found.copied_at, found.last), (Some(AT), copied.last));
    assert_eq!(found.faults, [""; 0]);
    assert_eq!(
        Contents::of(&RedbStore::open(&copy).unwrap()).unwrap(),
        before
    );
    assert_eq!(names(directory.path()), ["copy", "hazir.redb"]);
}

#[test]
fn a_file_that_is_there_is_replaced_only_where_that_is_asked_for_and_only_by_a_whole_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(&directory.path().join("hazir.redb"), 2);
    let copy = directory.path().join("copy");
    fs::write(&copy, "mine").unwrap();
    let copier = store.copier();
    let refused = copier.copy(&copy, AT, false, &mut goes_on);
    assert!(matches!(refused, Err(CopyError::Exists(_))), "{refused:?}");
    let stopped = copier.copy(&copy, AT, true, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(CopyError::Stopped)), "{stopped:?}");
    assert_eq!(fs::read(&copy).unwrap(), b"mine");
    // What a process left that was killed goes with the next copy; what only looks like it stays.
    fs::write(directory.path().join("copy.new-123456"), "half").unwrap();
    fs::write(directory.path().join("copy.new-12x"), "other").unwrap();
    copier.copy(&copy, AT, true, &mut goes_on).unwrap();
    assert_eq!(
        names(directory.path()),
        ["copy", "copy.new-12x", "hazir.redb"]
    );
    assert!(RedbStore::examine_rows(&copy, &mut goes_on).is_ok());
    let nowhere = directory.path().join("nowhere/copy");
    let failed = copier.copy(&nowhere, AT, false, &mut goes_on).unwrap_err();
    assert_eq!(failed.fault(), hazir::domain::CopyFault::NotThere);
}

#[test]
fn a_copy_of_another_layout_is_told_from_a_damaged_one() {
    const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    let directory = tempfile::tempdir().unwrap();
    let store = filled(&directory.path().join("hazir.redb"), 3);
    let copy = directory.path().join("copy");
    for (layout, is_newer) in [(9, true), (1, false)] {
        store.copier().copy(&copy, AT, true, &mut goes_on).unwrap();
        let database = Database::open(&copy).unwrap();
        let txn = database.begin_write().unwrap();
        let octets: &[u8] = &[layout, 0, 0, 0];
        txn.open_table(META)
            .unwrap()
            .insert("layout", octets)
            .unwrap();
        txn.commit().unwrap();
        drop(database);
        let found = RedbStore::examine_file(&copy, &mut goes_on);
        let is_told = match &found {
            Err(StoreError::Newer { .. }) => is_newer,
            Err(StoreError::Damaged(_)) => !is_newer,
            _ => false,
        };
        assert!(is_told, "{found:?}");
    }
}

/// What is wrong with one row does not hide what is wrong with the next.
#[test]
fn every_fault_is_found_up_to_twenty() {
    const WORK: TableDefinition<'_, (u8, u64), &[u8]> = TableDefinition::new("work");
    const EMPLOYEES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("employees");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    drop(filled(&path, 4));
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let mut employees = txn.open_table(EMPLOYEES).unwrap();
    for number in 100..140 {
        let octets: &[u8] = &[1, 2, 3, 4, 5, 6];
        employees.insert(number, octets).unwrap();
    }
    drop(employees);
    let mut work = txn.open_table(WORK).unwrap();
    let key = work
        .range((0, 0)..)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .0
        .value();
    work.insert(key, [7_u8; 9].as_slice()).unwrap();
    drop(work);
    txn.commit().unwrap();
    drop(database);
    let found = RedbStore::examine_rows(&path, &mut goes_on).unwrap();
    assert_eq!(found.faults.len(), Examined::FAULTS);
    assert_eq!(found.more_faults, 21, "{:?}", found.faults);
}

/// Bits that flip in a backup: it is found, or nothing of it is read.
#[test]
fn a_backup_with_a_flipped_bit_is_never_silently_wrong() {
    assert!(batch(1) > 0);
}

/// One batch of backups with a flipped bit or a lost end, all drawn from `seed`. Panics with what went wrong. Returns how
/// many cases it tried.
pub(crate) fn batch(seed: u64) -> u64 {
    const CASES: u64 = 60;
    let mut draws = Draws(seed);
    let directory = tempfile::tempdir().unwrap();
    let store = filled(&directory.path().join("hazir.redb"), seed);
    let copy = directory.path().join("copy");
    store.copier().copy(&copy, AT, false, &mut goes_on).unwrap();
    let whole = fs::read(&copy).unwrap();
    let before = Contents::of(&store).unwrap();
    for case in 0..CASES {
        let mut octets = whole.clone();
        if case % 6 == 0 {
            octets.truncate(draws.place(whole.len()));
        } else {
            let at = draws.place(octets.len());
            octets[at] ^= 1 << draws.below(8);
        }
        fs::write(&copy, &octets).unwrap();
        let found = RedbStore::examine_rows(&copy, &mut goes_on);
        if found.is_ok_and(|found| found.faults.is_empty()) {
            let contents = Contents::of(&RedbStore::open(&copy).unwrap()).unwrap();
            assert_eq!(contents, before, "seed {seed}, case {case}");
        }
    }
    CASES
}
