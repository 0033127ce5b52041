//! How far the journal is behind, what it costs, and what becomes of it when its disk fails.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use hazir::domain::Millis;
use hazir::store::journal::{
    Commit, Folder, JournalEvent, Journaled, Keeper, Moment, replay, replay_from,
};
use hazir::store::{RedbStore, Store as _};

use super::super::faulty_disk::{Disk, Seeded};
use super::super::store_model::{Contents, Model};
use super::shelf::Shelf;
use super::{HISTORY, commit, written};

const SOON: Duration = Duration::from_mins(1);

fn at(ms: i64) -> Moment {
    Moment {
        wall: Millis(1_795_152_600_000 + ms),
        tick: Millis(ms),
    }
}

#[test]
fn what_was_committed_is_durable_within_a_second_on_a_disk_that_takes_half_of_it() {
    let shelf = Shelf::default();
    let mut store = RedbStore::with_backend(Disk::default()).unwrap();
    let (mut model, mut seeded) = (Model::default(), Seeded(3));
    let mut keeper = Keeper::new(shelf.clone(), &store, 1 << 30);
    let mut now = 0;
    let mut waiting: Vec<(u64, i64)> = Vec::new();
    let mut latest = 0;
    for _ in 0..400 {
        let next = now + i64::try_from(seeded.below(400)).unwrap();
        while let Some(deadline) = keeper.deadline().filter(|deadline| deadline.0 <= next) {
            now = now.max(deadline.0);
            let syncs = shelf.syncs();
            keeper.handle_timeout(at(now), Some(store.number()));
            // Each sync takes what the promise leaves to the disk.
            now += 500 * i64::try_from(shelf.syncs() - syncs).unwrap();
            let durable = keeper.durable();
            waiting.retain(|(number, since)| {
                let done = *number <= durable;
                if done {
                    latest = latest.max(now - since);
                    assert!(now - since <= 1_000, "commit {number}: {} ms", now - since);
                }
                !done
            });
        }
        now = now.max(next);
        let mut commit = commit(&mut store, &mut model, &mut seeded);
        commit.at = at(now);
        waiting.push((commit.number, now));
        keeper.handle_commit(&commit, at(now));
        if keeper.durable() == commit.number {
            waiting.clear();
        }
    }
    assert!(waiting.iter().all(|(_, since)| now - since < 1_000));
    assert!(latest > 500, "the test waits for nothing: {latest}");
}

#[test]
fn a_segment_ends_when_it_is_a_day_old_and_the_oldest_go() {
    let shelf = Shelf::default();
    let mut store = RedbStore::with_backend(Disk::default()).unwrap();
    let (mut model, mut seeded) = (Model::default(), Seeded(3));
    // Room for one segment that is being written and little else.
    let mut keeper = Keeper::new(shelf.clone(), &store, (16 << 20) + 4_000);
    for day in 0..6 {
        for _ in 0..5 {
            let commit = commit(&mut store, &mut model, &mut seeded);
            keeper.handle_commit(&commit, at(day * Millis::DAY));
        }
    }
    keeper.end(at(6 * Millis::DAY));
    let names = shelf.names();
    assert!(
        names.len() < 6 && names[names.len() - 1].ends_with("-00000006.journal"),
        "{names:?}"
    );
    // What is left is told as it is: it does not begin at the beginning.
    let mut copy = RedbStore::with_backend(Disk::default()).unwrap();
    let found = replay_from(&shelf, HISTORY, &mut copy).unwrap();
    let missing = found.missing.unwrap();
    assert_eq!((missing.first, missing.until, found.commits), (1, 30, 0));
    assert_eq!(missing.last + missing.behind, 30);
}

#[test]
fn a_journal_that_cannot_be_written_is_told_and_caught_up() {
    let shelf = Shelf::default();
    let mut store = RedbStore::with_backend(Disk::default()).unwrap();
    let (mut model, mut seeded) = (Model::default(), Seeded(9));
    let mut keeper = Keeper::new(shelf.clone(), &store, 1 << 30);
    let mut give = |keeper: &mut Keeper<Shelf>, now| {
        let commit = commit(&mut store, &mut model, &mut seeded);
        keeper.handle_commit(&commit, at(now));
        (model.contents(), commit.number)
    };
    give(&mut keeper, 0);
    shelf.fail(3);
    give(&mut keeper, 10);
    let events: Vec<_> = keeper.take_events().collect();
    assert!(
        matches!(&events[..], [JournalEvent::Stopped(_)]),
        "{events:?}"
    );
    let (_, number) = give(&mut keeper, 20);
    // It is tried again after one second, and after two more.
    for (now, well) in [(900, false), (1_010, false), (3_000, false), (3_010, false)] {
        keeper.handle_timeout(at(now), Some(number));
        assert_eq!(keeper.is_well(), well, "{now}");
    }
    assert_eq!(keeper.take_events().count(), 0);
    assert_eq!(keeper.deadline(), Some(Millis(7_010)));
    keeper.handle_timeout(at(7_010), Some(number));
    let events: Vec<_> = keeper.take_events().collect();
    assert!(matches!(&events[..], [JournalEvent::Goes]), "{events:?}");
    let (contents, number) = give(&mut keeper, 7_020);
    keeper.end(at(7_030));
    let mut copy = RedbStore::with_backend(Disk::default()).unwrap();
    let found = replay_from(&shelf, HISTORY, &mut copy).unwrap();
    assert_eq!((found.number, found.missing), (number, None));
    assert_eq!(Contents::of(&copy).unwrap(), contents);
}

type Heard = Arc<Mutex<Vec<String>>>;

fn journaled(store: RedbStore, shelf: &Shelf, heard: &Heard, goes: mpsc::Sender<()>) -> Journaled {
    let keeper = Keeper::new(shelf.clone(), &store, 1 << 30);
    let heard = Arc::clone(heard);
    let goes = Mutex::new(goes);
    let tell = move |event| {
        heard.lock().unwrap().push(format!("{event:?}"));
        if matches!(event, JournalEvent::Goes) {
            // The test may be over.
            let _ = goes.lock().unwrap().send(());
        }
    };
    let started = std::time::SystemTime::UNIX_EPOCH;
    let clock = move || {
        let ms = started.elapsed().map_or(0, |time| time.as_millis());
        let ms = Millis(i64::try_from(ms).unwrap());
        Moment { wall: ms, tick: ms }
    };
    let start = |work| std::thread::Builder::new().spawn(work);
    Journaled::with(store, keeper, clock, tell, start).unwrap()
}

/// The journal's disk hangs: check-ins go on, and when there are too many for the queue that is told.
#[test]
fn a_disk_that_hangs_stops_nobody() {
    let (shelf, heard) = (Shelf::default(), Heard::default());
    let (goes, is_going) = mpsc::channel();
    let store = RedbStore::with_backend(redb::backends::InMemoryBackend::new()).unwrap();
    let mut store = journaled(store, &shelf, &heard, goes);
    is_going.recv_timeout(SOON).unwrap();

    let (mut model, mut seeded) = (Model::default(), Seeded(4));
    let mut commit = |store: &mut Journaled| {
        let mut batch = model.next_batch(&mut seeded, false);
        let meta = batch.meta.get_or_insert_default();
        meta.history = HISTORY;
        model.apply(&batch);
        store.commit_all(batch).unwrap();
        model.contents_meta()
    };
    commit(&mut store);
    let hangs = shelf.hang();
    for _ in 0..4_200 {
        commit(&mut store);
    }
    let told = heard.lock().unwrap().join(" ");
    assert!(told.contains("slower than the check-ins"), "{told}");
    drop(hangs);
    is_going.recv_timeout(SOON).unwrap();
    let meta = commit(&mut store);
    let number = store.number();
    drop(store);
    assert_eq!(heard.lock().unwrap().len(), 3, "{heard:?}");
    let mut copy = RedbStore::with_backend(Disk::default()).unwrap();
    let found = replay_from(&shelf, HISTORY, &mut copy).unwrap();
    assert_eq!((found.number, found.missing), (number, None));
    assert!(
        found.commits == 4_202 && found.flaws.is_empty(),
        "{:?}",
        found.flaws
    );
    assert_eq!(copy.load().unwrap().meta, meta);
}

#[test]
fn files_are_the_owners_and_a_directory_on_another_disk_is_never_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut store = RedbStore::with_backend(Disk::default()).unwrap();
    let (mut model, mut seeded) = (Model::default(), Seeded(9));
    let first = commit(&mut store, &mut model, &mut seeded);

    let mut keeper = Keeper::new(Folder::standing(path.clone()), &store, 1 << 30);
    keeper.handle_commit(&first, at(0));
    assert!(!keeper.is_well() && !path.exists());

    let mut keeper = Keeper::new(Folder::made_when_written(path.clone()), &store, 1 << 30);
    keeper.handle_commit(&first, at(0));
    let Commit { number, .. } = commit(&mut store, &mut model, &mut seeded);
    keeper.handle_timeout(at(0), Some(number));
    keeper.end(at(0));
    assert!(keeper.is_well());
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o700);
    for entry in path.read_dir().unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let mut copy = RedbStore::with_backend(Disk::default()).unwrap();
    let found = replay(&path, HISTORY, &mut copy).unwrap();
    assert_eq!((found.number, found.missing), (number, None));
    assert_eq!(Contents::of(&copy).unwrap(), model.contents());
    assert!(replay(dir.path(), HISTORY, &mut copy).is_ok_and(|found| found.commits == 0));
    assert!(replay(&dir.path().join("none"), HISTORY, &mut copy).is_err());
}

/// A process was killed before its sync, and the next one took what it read for durable: then the power was cut.
#[test]
fn what_another_process_wrote_is_synced_before_it_is_built_on() {
    let (shelf, _, _) = written(1, 3);
    let mut store = RedbStore::with_backend(Disk::default()).unwrap();
    let (mut model, mut seeded) = (Model::default(), Seeded(5));
    let mut keeper = Keeper::new(shelf.clone(), &store, 1 << 30);
    for _ in 0..4 {
        let commit = commit(&mut store, &mut model, &mut seeded);
        keeper.handle_commit(&commit, at(0));
    }
    drop(keeper);
    let mut keeper = Keeper::new(shelf.clone(), &store, 1 << 30);
    let next = commit(&mut store, &mut model, &mut seeded);
    keeper.handle_timeout(at(0), Some(4));
    keeper.handle_commit(&next, at(0));
    keeper.end(at(0));
    drop(keeper);
    for seed in 0..20 {
        let shelf = shelf.copy();
        shelf.cut_power(&mut Seeded(seed));
        let mut copy = RedbStore::with_backend(Disk::default()).unwrap();
        let found = replay_from(&shelf, HISTORY, &mut copy).unwrap();
        assert_eq!((found.number, found.missing), (5, None));
    }
}
