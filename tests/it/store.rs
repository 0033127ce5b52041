//! The store against disks that fail, files that are damaged, and a model in maps.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hazir::domain::{Entry, LedgerRow, Millis, Seq, StopCause};
use hazir::store::{Batch, Meta, RedbStore, Store, StoreError};
use proptest::prelude::*;
use redb::backends::InMemoryBackend;
use redb::{Database, TableDefinition};

use super::faulty_disk::{Change, Disk, Seeded};
use super::store_model::{Contents, Model, answers};
use super::store_script::{Script, new_image};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_store_holds_what_maps_would_hold(seeds in prop::collection::vec(any::<u64>(), 1..24)) {
        let mut store = RedbStore::with_backend(InMemoryBackend::new()).unwrap();
        let mut model = Model::default();
        for seed in seeds {
            let batch = model.next_batch(&mut Seeded(seed), false);
            store.commit(&batch).unwrap();
            model.apply(&batch);
            prop_assert_eq!(&Contents::of(&store).unwrap(), &model.contents());
        }
    }
}

#[test]
fn old_answers_are_loaded_while_they_are_not_settled() {
    let mut model = Model::default();
    let mut store = RedbStore::with_backend(InMemoryBackend::new()).unwrap();
    let recent = RedbStore::RECENT_OUTBOX as u64;
    for many in [recent - 1, recent, recent + 300] {
        let batch = answers(&mut Seeded(many), many);
        store.commit(&batch).unwrap();
        model.apply(&batch);
        assert!(Contents::of(&store).unwrap() == model.contents(), "{many}");
    }
}

#[test]
fn a_settled_store_opens_without_repair() {
    let disk = Disk::holding(new_image());
    let mut store = RedbStore::with_backend(disk.clone()).unwrap();
    let is_repaired = |image| {
        let mut builder = Database::builder();
        builder.set_repair_callback(redb::RepairSession::abort);
        match builder.create_with_backend(Disk::holding(image)) {
            Ok(_) => false,
            Err(redb::DatabaseError::RepairAborted) => true,
            Err(error) => panic!("{error:?}"),
        }
    };
    for batch in Script::new(6, 10, false).batches() {
        store.commit(batch).unwrap();
        assert!(is_repaired(disk.image()));
        store.settle().unwrap();
        assert!(!is_repaired(disk.image()));
    }
    let changes = disk.changes_made();
    store.settle().unwrap();
    assert_eq!(disk.changes_made(), changes, "there was nothing to settle");
}

#[test]
fn a_full_disk_stops_commits_and_loses_none() {
    let script = Script::new(3, 60, true);
    let image = new_image();
    let roomy = Disk::holding(image.clone());
    assert_eq!(script.run(&roomy, |_| {}).done, 60);
    let grown = roomy.changes().into_iter().map(|change| match change {
        Change::SetLen(len) => len,
        Change::Write { offset, octets } => offset + octets.len(),
        Change::Sync => 0,
    });
    let grown = grown.max().unwrap();
    assert!(grown > image.len());
    let mut stopped = 0;
    for room in (image.len()..grown).step_by((grown - image.len()) / 40) {
        let disk = Disk::holding(image.clone());
        disk.set_room(Some(room));
        let ran = script.run(&disk, |_| {});
        assert!(
            matches!(ran.error, Some(StoreError::Write(_))),
            "{:?}",
            ran.error
        );
        stopped += 1;
        let what = format!("room for {room}");
        script.assert_holds(disk.image(), ran.done, ran.begun, &what);

        let disk = Disk::holding(disk.image());
        let mut store = RedbStore::with_backend(disk).unwrap();
        let meta = Some(Meta::default());
        store
            .commit(&Batch {
                meta,
                ..Batch::default()
            })
            .unwrap();
    }
    assert!(stopped >= 40);
}

#[test]
fn a_store_that_is_open_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let first = RedbStore::open(&path).unwrap();
    assert!(matches!(RedbStore::open(&path), Err(StoreError::InUse)));
    assert!(matches!(
        RedbStore::look_through(&path),
        Err(StoreError::InUse)
    ));
    drop(first);
    RedbStore::look_through(&path).unwrap();
    RedbStore::open(&path).unwrap();
}

#[test]
fn a_new_file_is_the_owners_alone_and_stands_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let mut store = RedbStore::open(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    for batch in Script::new(4, 3, false).batches() {
        store.commit(batch).unwrap();
    }
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn what_is_no_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let foreign: [&[u8]; 4] = [b"", b"redb", b"SQLite format 3\0", &[0; 9_000]];
    for octets in foreign {
        fs::write(&path, octets).unwrap();
        let opened = RedbStore::open(&path);
        assert!(matches!(opened, Err(StoreError::Damaged(_))), "{opened:?}");
        assert_eq!(fs::read(&path).unwrap(), octets, "left as it was");
    }
    let opened = RedbStore::open(directory.path());
    assert!(matches!(opened, Err(StoreError::Damaged(_))), "{opened:?}");
    let opened = RedbStore::open(&directory.path().join("none/hazir.redb"));
    assert!(matches!(opened, Err(StoreError::Open(_))), "{opened:?}");

    fs::remove_file(&path).unwrap();
    drop(Database::create(&path).unwrap());
    let opened = RedbStore::open(&path);
    assert!(matches!(opened, Err(StoreError::Damaged(_))), "{opened:?}");
}

#[test]
fn a_later_layout_is_not_touched() {
    const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    drop(RedbStore::open(&path).unwrap());
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let layout: &[u8] = &[3, 0, 0, 0];
    txn.open_table(META)
        .unwrap()
        .insert("layout", layout)
        .unwrap();
    txn.commit().unwrap();
    drop(database);
    let opened = RedbStore::open(&path);
    let newer = matches!(opened, Err(StoreError::Newer { found: 3, known: 2 }));
    assert!(newer, "{opened:?}");
}

#[test]
fn a_ledger_without_order_is_refused() {
    let row = |seq, at| LedgerRow {
        seq: Seq(seq),
        logged_at: Millis(at),
        entry: Entry::EngineStopped {
            cause: StopCause::Asked,
        },
    };
    let batch = |ledger: &[LedgerRow]| Batch {
        ledger: ledger.to_vec(),
        ..Batch::default()
    };
    let wrong = [
        vec![row(3, 20)],
        vec![row(1, 20)],
        vec![row(2, 20), row(4, 20)],
        vec![row(2, 9)],
        vec![row(2, 20), row(3, 19)],
    ];
    for rows in wrong {
        let mut store = RedbStore::with_backend(InMemoryBackend::new()).unwrap();
        store.commit(&batch(&[row(1, 10)])).unwrap();
        let refused = store.commit(&batch(&rows));
        assert!(
            matches!(refused, Err(StoreError::Damaged(_))),
            "{refused:?}"
        );
        assert_eq!(store.load().unwrap().last, Some(row(1, 10)));
        let after = store.commit(&batch(&[row(2, 20)]));
        assert!(matches!(after, Err(StoreError::Write(_))), "{after:?}");
    }
}
