//! The store against disks that fail, files that are damaged, and a model in maps.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hazir::domain::{Entry, LedgerRow, Millis, Seq, StopCause};
use hazir::store::{Batch, Meta, RedbStore, Store, StoreError};
use proptest::prelude::*;
use redb::backends::InMemoryBackend;
use redb::{Database, TableDefinition};

use super::faulty_disk::{Change, Cut, Disk, Seeded, after_cut, apply};
use super::store_model::{Contents, Model, answers};

/// What is done to a store, one after the other.
#[derive(Clone, Debug)]
enum Step {
    Commit(Box<Batch>),
    Settle,
    Reopen,
}

/// Steps, and what a store should hold after the first 0, 1, 2, … commits.
struct Script {
    steps: Vec<Step>,
    states: Vec<Contents>,
}

impl Script {
    fn new(seed: u64, commits: usize, wide: bool) -> Self {
        let mut seeded = Seeded(seed);
        let mut model = Model::default();
        let mut script = Self {
            steps: Vec::new(),
            states: vec![model.contents()],
        };
        while script.states.len() <= commits {
            let batch = model.next_batch(&mut seeded, wide);
            if batch.is_empty() {
                continue;
            }
            model.apply(&batch);
            script.states.push(model.contents());
            script.steps.push(Step::Commit(Box::new(batch)));
            if seeded.one_in(6) {
                script.steps.push(Step::Settle);
            }
            if seeded.one_in(10) {
                script.steps.push(Step::Reopen);
            }
        }
        script
    }

    /// Runs until a step fails; `done` hears of each commit that was reported done.
    fn run(&self, disk: &Disk, mut done: impl FnMut(usize)) -> Ran {
        let mut ran = Ran::default();
        let mut store = match RedbStore::with_backend(disk.clone()) {
            Ok(store) => store,
            Err(error) => return ran.ended(error),
        };
        for step in &self.steps {
            let result = match step {
                Step::Commit(batch) => {
                    ran.begun += 1;
                    store.commit(batch)
                }
                Step::Settle => store.settle(),
                Step::Reopen => {
                    drop(store);
                    store = match RedbStore::with_backend(disk.clone()) {
                        Ok(store) => store,
                        Err(error) => return ran.ended(error),
                    };
                    Ok(())
                }
            };
            if let Err(error) = result {
                let again = store.commit(&Batch::default());
                assert!(matches!(again, Err(StoreError::Write(_))), "{again:?}");
                return ran.ended(error);
            }
            if matches!(step, Step::Commit(_)) {
                ran.done += 1;
                done(ran.done);
            }
        }
        ran
    }

    /// Which commits an image holds: exactly the first so many, and at least `done`, at most `begun`.
    fn assert_holds(&self, image: Vec<u8>, done: usize, begun: usize, what: &str) {
        let store = RedbStore::with_backend(Disk::holding(image))
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let contents = Contents::of(&store).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let held = self.states[done..=begun].contains(&contents);
        assert!(held, "{what}: neither {done} nor {begun} commits");
    }
}

#[derive(Debug, Default)]
struct Ran {
    done: usize,
    begun: usize,
    error: Option<StoreError>,
}

impl Ran {
    fn ended(mut self, error: StoreError) -> Self {
        self.error = Some(error);
        self
    }
}

/// A new store, as a file that was just made holds it.
fn new_image() -> Vec<u8> {
    let disk = Disk::default();
    drop(RedbStore::with_backend(disk.clone()).unwrap());
    disk.image()
}

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
fn an_error_at_any_call_leaves_whole_commits() {
    let script = Script::new(1, 30, false);
    let image = new_image();
    let sound = Disk::holding(image.clone());
    assert_eq!(script.run(&sound, |_| {}).done, 30);
    let calls = sound.calls();
    let kinds = [
        ErrorKind::StorageFull,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::Other,
    ];
    for call in 0..calls {
        let disk = Disk::holding(image.clone());
        disk.fail_at(call, kinds[usize::try_from(call % 3).unwrap()]);
        let ran = script.run(&disk, |_| {});
        let what = format!("call {call}");
        let told = matches!(
            ran.error,
            None | Some(StoreError::Write(_) | StoreError::Open(_))
        );
        assert!(told, "{what}: {:?}", ran.error);
        script.assert_holds(disk.image(), ran.done, ran.begun, &what);
        let changes = disk.changes();
        let (synced, unsynced) = at_last_sync(&image, &changes);
        let cut = after_cut(&synced, unsynced, Cut::Loses(call));
        script.assert_holds(cut, ran.done, ran.begun, &what);
    }
}

fn at_last_sync<'a>(image: &[u8], changes: &'a [Change]) -> (Vec<u8>, &'a [Change]) {
    let last = changes
        .iter()
        .rposition(|change| matches!(change, Change::Sync));
    let (before, after) = changes.split_at(last.map_or(0, |at| at + 1));
    let mut image = image.to_vec();
    for change in before {
        apply(&mut image, change);
    }
    (image, after)
}

#[test]
fn a_power_cut_at_any_moment_leaves_whole_commits() {
    const SAMPLES: u64 = 10;
    let script = Script::new(2, 30, false);
    let image = new_image();
    let disk = Disk::holding(image.clone());
    let mut done_at = Vec::new();
    let ran = script.run(&disk, |_| done_at.push(disk.changes_made()));
    assert_eq!(ran.done, 30);
    let changes = disk.changes();
    let mut cuts = 0;
    let mut synced = image;
    let mut synced_to = 0;
    for (at, change) in changes.iter().enumerate() {
        let done = done_at.iter().filter(|made| **made <= at + 1).count();
        let begun = (done + 1).min(ran.begun);
        let unsynced = &changes[synced_to..=at];
        if matches!(change, Change::Sync) {
            for change in unsynced {
                apply(&mut synced, change);
            }
            synced_to = at + 1;
            script.assert_holds(synced.clone(), done, begun, &format!("change {at}, synced"));
            cuts += 1;
            continue;
        }
        let seed = at as u64 * SAMPLES;
        let cut = [Cut::LosesAll, Cut::LosesNothing].into_iter();
        let cut = cut.chain((seed..seed + SAMPLES).map(Cut::Loses));
        for cut in cut.chain((seed..seed + SAMPLES / 2).map(Cut::Tears)) {
            let left = after_cut(&synced, unsynced, cut);
            script.assert_holds(left, done, begun, &format!("change {at}, {cut:?}"));
            cuts += 1;
        }
    }
    assert!(cuts >= 5_000, "{cuts}");
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

/// How a file was left before it was damaged.
#[derive(Copy, Clone, Debug)]
enum Left {
    Closed,
    Crashed,
    CrashedSettled,
}

#[test]
fn damage_is_never_taken_for_data() {
    const CASES: u64 = 240;
    let directory = tempfile::tempdir().unwrap();
    let script = Script::new(5, 30, false);
    let commits = script.states.len() - 1;
    let bases: Vec<_> = [Left::Closed, Left::Crashed, Left::CrashedSettled]
        .into_iter()
        .map(|left| (left, script.left(&directory.path().join("base"), left)))
        .collect();
    let path = directory.path().join("hazir.redb");
    let mut refused = 0;
    for seed in 0..CASES {
        let mut seeded = Seeded(seed);
        let (left, base) = &bases[usize::try_from(seed % 3).unwrap()];
        let mut octets = base.clone();
        let what = format!(
            "case {seed}, {left:?}, {}",
            damage(&mut octets, &mut seeded)
        );
        fs::write(&path, &octets).unwrap();
        let read = catch_unwind(AssertUnwindSafe(|| {
            RedbStore::open(&path).and_then(|store| Contents::of(&store))
        }));
        // After a crash, damage to what the last commit wrote looks like a commit that was cut short.
        let at_least = match left {
            Left::Closed | Left::CrashedSettled => commits,
            Left::Crashed => commits - 1,
        };
        match read {
            Ok(Ok(contents)) => {
                let right = script.states[at_least..].contains(&contents);
                assert!(right, "{what}: wrong data");
            }
            Ok(Err(StoreError::Damaged(_))) => refused += 1,
            Ok(Err(error)) => panic!("{what}: {error:?}"),
            Err(panicked) => panic!("{what}: panicked, {panicked:?}"),
        }
    }
    assert!((CASES / 4..CASES).contains(&refused), "{refused}");
}

impl Script {
    fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.steps.iter().filter_map(|step| match step {
            Step::Commit(batch) => Some(&**batch),
            Step::Settle | Step::Reopen => None,
        })
    }

    /// The octets of a file in which all commits were done.
    fn left(&self, path: &Path, left: Left) -> Vec<u8> {
        let mut store = RedbStore::open(path).unwrap();
        for batch in self.batches() {
            store.commit(batch).unwrap();
        }
        match left {
            Left::Closed => drop(store),
            Left::Crashed => {}
            Left::CrashedSettled => store.settle().unwrap(),
        }
        let octets = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        octets
    }
}

/// Damages a file and says how.
fn damage(octets: &mut Vec<u8>, seeded: &mut Seeded) -> String {
    const PAGE: usize = 4_096;
    let len = octets.len();
    // Most of a young file was never written.
    let written = |seeded: &mut Seeded, octets: &[u8]| loop {
        let at = usize::try_from(seeded.below(len as u64)).unwrap();
        let page = at / PAGE * PAGE;
        if octets[page..len.min(page + PAGE)]
            .iter()
            .any(|octet| *octet != 0)
        {
            return at;
        }
    };
    match seeded.below(8) {
        0 | 1 => {
            let at = usize::try_from(seeded.below(320)).unwrap();
            octets[at] ^= 1 << seeded.below(8);
            format!("a bit of the header at {at}")
        }
        2..5 => {
            let at = written(seeded, octets);
            octets[at] ^= 1 << seeded.below(8);
            format!("a bit at {at}")
        }
        5 => {
            let at = written(seeded, octets) / 512 * 512;
            octets[at..at + 512].fill(0);
            format!("a sector of zeros at {at}")
        }
        6 => {
            let [a, b] = [(); 2].map(|()| written(seeded, octets) / PAGE * PAGE);
            let page = octets[a..a + PAGE].to_vec();
            octets.copy_within(b..b + PAGE, a);
            octets[b..b + PAGE].copy_from_slice(&page);
            format!("pages at {a} and {b} changed places")
        }
        _ => {
            let to = usize::try_from(seeded.below(len as u64 + 9_000)).unwrap();
            octets.resize(to, 0);
            format!("{to} octets of {len}")
        }
    }
}
