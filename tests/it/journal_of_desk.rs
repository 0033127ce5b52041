//! The journal of the real binary: kills, a disk that forgets what it called durable, a directory that is not there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hazir::store::journal::{Flaw, replay};
use hazir::store::{RedbStore, Store as _};

use super::draws::{Draws, setting};
use super::fleet::Fleet;
use super::office::{Office, fast_configuration, stop};
use super::smsc::State;
use super::store_model::Contents;

const KILLS: u64 = 6;

fn history(store: &RedbStore) -> u64 {
    store.load().unwrap().meta.history
}

/// Brings the journal back into the store in the file `copy`, as `restore --journal` does, and holds it against the desk's.
fn assert_restores(office: &Office, copy: &Path, directory: &Path, is_even: bool) {
    let copied = copy.with_extension("tried");
    fs::copy(copy, &copied).unwrap();
    let desk = copy.with_extension("desk");
    fs::copy(office.data.join("hazir.redb"), &desk).unwrap();
    let desk = RedbStore::open(&desk).unwrap();
    let mut store = RedbStore::open(&copied).unwrap();
    let found = replay(directory, history(&desk), &mut store).unwrap();
    assert_eq!(found.missing, None, "{found:?}");
    assert!(found.flaws.iter().all(Flaw::is_of_a_crash), "{found:?}");
    if is_even {
        assert_eq!(store.number(), desk.number());
        assert_eq!(Contents::of(&store).unwrap(), Contents::of(&desk).unwrap());
    } else {
        // A kill loses what was on the way to the journal, never more.
        assert!(store.number() <= desk.number());
        store.verify().unwrap();
    }
}

/// `HAZIR_JOURNAL_KILL_SEED` replays the draws of a run that failed.
#[test]
fn a_copy_and_the_journal_of_an_engine_that_was_killed_are_its_store() {
    let seed = setting("HAZIR_JOURNAL_KILL_SEED").unwrap_or_else(Draws::seed);
    println!("replay the draws with HAZIR_JOURNAL_KILL_SEED={seed}");
    let mut draws = Draws(seed);
    let office = Office::open_fast();
    let smsc = &office.smsc;
    let journal = office.data.join("journal");
    let mut fleet = Fleet::new(office.staff(4));
    let copy = office.data.join("copy.redb");
    fs::copy(office.data.join("hazir.redb"), &copy).unwrap();
    for _ in 0..KILLS {
        let mut engine = office.serve();
        let from = smsc.read(|s| s.submitted.len());
        for _ in 0..2 + draws.below(10) {
            let phone = draws.place(fleet.phones.len());
            fleet.check_in(smsc, phone, "", false);
        }
        let answers = draws.place(8);
        let reached = |s: &mut State| (s.submitted.len() >= from + answers).then_some(());
        // Not to be reached is a moment like others.
        let _ = smsc.wait(Duration::from_secs(3), reached);
        engine.kill();
        fleet.listen(smsc);
        assert_restores(&office, &copy, &journal, false);
    }
    let engine = office.serve();
    fleet.settle(smsc);
    office.stop(engine);
    assert_restores(&office, &copy, &journal, true);
    fleet.assert_nothing_lost_or_doubled(&office);
}

/// The disk of the store says that all is durable, and after the power cut it holds what it held in the morning. The journal's
/// disk does not lie.
#[test]
fn a_disk_that_lied_is_made_good_from_a_journal_on_another_one() {
    let office = Office::open_fast();
    let other = tempfile::tempdir().unwrap();
    let directory = other.path().display().to_string();
    let port = office.smsc.port();
    let table = format!("\n[journal]\ndirectory = \"{directory}\"\n");
    office.configure(&(fast_configuration(port) + &table));
    let mut fleet = Fleet::new(office.staff(4));
    let store = office.data.join("hazir.redb");
    let morning = office.data.join("morning.redb");
    let engine = office.serve();
    for place in 0..4 {
        fleet.check_in(&office.smsc, place, "", false);
    }
    fleet.settle(&office.smsc);
    office.stop(engine);
    fs::copy(&store, &morning).unwrap();

    let engine = office.serve();
    for place in 0..12 {
        fleet.check_in(&office.smsc, place % 4, "", false);
    }
    fleet.settle(&office.smsc);
    // A journal may be a second behind an engine that is killed, and not behind one that ends.
    office.stop(engine);
    fs::copy(&morning, &store).unwrap();
    let mut engine = office.start();
    assert!(
        engine.says("ready:", Duration::from_secs(20)),
        "{}",
        engine.err()
    );
    let said = engine.err();
    assert!(said.contains("The disk had lost the last"), "{said}");
    assert!(said.contains("brought back from the journal"), "{said}");
    fleet.assert_nothing_lost_or_doubled(&office);
    fleet.assert_presence(&office);
    office.stop(engine);

    // A command says and does the same.
    fs::copy(&morning, &store).unwrap();
    let done = office.ok(&["people"]);
    assert!(
        done.err.contains("The disk had lost the last"),
        "{}",
        done.err
    );
    assert_eq!(fleet.assert_nothing_lost_or_doubled(&office).len(), 16);

    // A part of the journal is lost, too: nothing is made up, and it is said what is missing.
    let mut segments: Vec<_> = fs::read_dir(other.path()).unwrap().collect();
    segments.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let middle = segments.len() - 2;
    fs::remove_file(segments[middle].as_ref().unwrap().path()).unwrap();
    fs::copy(&morning, &store).unwrap();
    for args in [&["people"][..], &["serve"]] {
        let done = office.run(args);
        assert_eq!(done.code, Some(5), "{}", done.err);
        assert!(done.err.contains("are missing"), "{}", done.err);
        assert!(done.err.contains("hazir restore"), "{}", done.err);
    }
    let number = |path: &Path| RedbStore::open(path).unwrap().number();
    assert_eq!(number(&morning), number(&store));
}

#[test]
fn a_directory_that_is_not_there_stops_nobody_and_raises_an_alarm_that_ends() {
    let office = Office::open_fast();
    let other = tempfile::tempdir().unwrap();
    let directory = other.path().join("disk");
    let table = format!("\n[journal]\ndirectory = \"{}\"\n", directory.display());
    office.configure(&(fast_configuration(office.smsc.port()) + &table));
    let check = office.ok(&["config", "check"]);
    assert!(check.err.contains("cannot be used"), "{}", check.err);
    let mut fleet = Fleet::new(office.staff(2));
    let engine = office.serve();
    fleet.check_in(&office.smsc, 0, "", false);
    fleet.settle(&office.smsc);
    let is_journal = |line: &&serde_json::Value| line["kind"] == "journal_stopped";
    office.json_until(&["alarms"], |alarms| alarms.iter().any(|a| is_journal(&a)));
    fs::create_dir(&directory).unwrap();
    // It is tried again within seconds.
    office.json_until(&["alarms"], |alarms| {
        let mut all = alarms.iter().filter(is_journal);
        all.all(|alarm| alarm["state"] == "ended")
    });
    // It is told once, however often it is tried.
    let alarms = office.json(&["alarms"]);
    let alarm = alarms.iter().find(is_journal).unwrap();
    assert_eq!(alarm["count"], 1, "{alarm}");
    office.stop(engine);
    assert!(fs::read_dir(&directory).unwrap().next().is_some());
    let copy = office.data.join("empty.redb");
    drop(RedbStore::open(&copy).unwrap());
    assert_restores(&office, &copy, &directory, true);

    stop(office.serve());
}
