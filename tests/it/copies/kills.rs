//! SIGKILL of a backup and of a restore at any moment: one whole store and no half backup under its name.

use std::fs;
use std::time::Duration;

use hazir::store::RedbStore;

use super::super::draws::{Draws, setting};
use super::super::office::Office;
use super::super::process::Process;
use super::{goes_on, names};

/// Milliseconds within which both are done on most machines.
const LONGEST: u64 = 150;

#[test]
fn a_kill_leaves_one_whole_store_and_no_half_backup() {
    let seed = setting("HAZIR_COPIES_SEED").unwrap_or_else(Draws::seed);
    println!("replay the draws with HAZIR_COPIES_SEED={seed} cargo test --test it copies::kills");
    assert!(batch(seed) > 0);
}

/// One batch of kills of `hazir backup` and `hazir restore`, all drawn from `seed`. Panics with what went wrong. Returns how
/// many kills it tried.
pub(crate) fn batch(seed: u64) -> u64 {
    const KILLS: u64 = 10;
    let mut draws = Draws(seed);
    let office = Office::open();
    office.staff(2);
    let backup = office.data.parent().unwrap().join("b");
    let path = backup.to_str().unwrap();
    office.ok(&["backup", path]);
    office.staff_from(3, 1);
    for kill in 0..KILLS {
        let args: &[&str] = if draws.below(2) == 0 {
            &["backup", path, "--force"]
        } else {
            &["restore", path]
        };
        let mut process = Process::start(&mut office.command(args));
        let after = Duration::from_millis(draws.below(LONGEST));
        // Where it has ended, that is a moment, too.
        let _ = process.wait(after);
        process.kill();
        let what = format!("HAZIR_COPIES_SEED={seed}, kill {kill} of {args:?} after {after:?}");
        let found = RedbStore::examine_file(&backup, &mut goes_on).expect(&what);
        assert_eq!(found.faults, [""; 0], "{what}");
        let staff = office.json(&["employee", "list"]).len();
        assert!((2..=3).contains(&staff), "{what}: {staff}");
        office.ok(&["verify"]);
    }
    // What was left half goes with the next one.
    office.ok(&["backup", path, "--force"]);
    office.ok(&["restore", path]);
    let all = [names(&office.data), names(backup.parent().unwrap())].concat();
    assert!(!all.iter().any(|name| name.contains(".new-")), "{all:?}");
    let kept = fs::read_dir(&office.data).unwrap().count();
    assert!(kept > 4, "the stores that were there are kept");
    KILLS
}
