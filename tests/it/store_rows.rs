//! The rows of power cuts, I/O errors and damaged files: each batch is drawn from a seed.
//!
//! `HAZIR_STORE_SEED=7 cargo test --test it store_rows` plays the batches of that seed alone.

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hazir::store::{RedbStore, StoreError};

use super::draws::setting;
use super::faulty_disk::{Change, Cut, Disk, Seeded, after_cut, apply};
use super::store_model::Contents;
use super::store_script::{Left, Script, new_image};

/// Cuts the power after every operation of a script drawn from `seed`, and samples what may be left of what was not
/// synced. Returns how many cuts were tried.
pub(crate) fn power_cuts(seed: u64) -> u64 {
    const SAMPLES: u64 = 10;
    const COMMITS: usize = 8;
    let script = Script::new(seed, COMMITS, seed.is_multiple_of(16));
    let image = new_image();
    let disk = Disk::holding(image.clone());
    let mut done_at = Vec::new();
    let ran = script.run(&disk, |_| done_at.push(disk.changes_made()));
    assert_eq!(ran.done, COMMITS, "seed {seed}");
    let changes = disk.changes();
    let mut cuts = 0;
    let mut synced = image;
    let mut synced_to = 0;
    for (at, change) in changes.iter().enumerate() {
        let done = done_at.iter().filter(|made| **made <= at + 1).count();
        let begun = (done + 1).min(ran.begun);
        let unsynced = &changes[synced_to..=at];
        let what = |how: &str| format!("seed {seed}, change {at}, {how}");
        if matches!(change, Change::Sync) {
            for change in unsynced {
                apply(&mut synced, change);
            }
            synced_to = at + 1;
            script.assert_holds(synced.clone(), done, begun, &what("synced"));
            cuts += 1;
            continue;
        }
        let sample = (seed << 20 | at as u64) * SAMPLES;
        let cut = [Cut::LosesAll, Cut::LosesNothing].into_iter();
        let cut = cut.chain((sample..sample + SAMPLES).map(Cut::Loses));
        for cut in cut.chain((sample..sample + SAMPLES / 2).map(Cut::Tears)) {
            let left = after_cut(&synced, unsynced, cut);
            script.assert_holds(left, done, begun, &what(&format!("{cut:?}")));
            cuts += 1;
        }
    }
    cuts
}

/// Lets the n-th call of a script drawn from `seed` fail, for every n, and cuts the power then. Returns how many calls
/// failed.
pub(crate) fn io_errors(seed: u64) -> u64 {
    const COMMITS: usize = 8;
    let script = Script::new(seed, COMMITS, false);
    let image = new_image();
    let sound = Disk::holding(image.clone());
    assert_eq!(script.run(&sound, |_| {}).done, COMMITS, "seed {seed}");
    let calls = sound.calls();
    let kinds = [
        ErrorKind::StorageFull,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::QuotaExceeded,
        ErrorKind::Other,
    ];
    for call in 0..calls {
        let disk = Disk::holding(image.clone());
        disk.fail_at(call, kinds[usize::try_from((seed + call) % 4).unwrap()]);
        let ran = script.run(&disk, |_| {});
        let what = format!("seed {seed}, call {call}");
        let told = matches!(
            ran.error,
            None | Some(StoreError::Write(_) | StoreError::Open(_))
        );
        assert!(told, "{what}: {:?}", ran.error);
        script.assert_holds(disk.image(), ran.done, ran.begun, &what);
        let changes = disk.changes();
        let (synced, unsynced) = at_last_sync(&image, &changes);
        let cut = after_cut(&synced, unsynced, Cut::Loses(seed << 20 | call));
        script.assert_holds(cut, ran.done, ran.begun, &what);
    }
    calls
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

/// Damages files that were left in each of three ways: each opens as it was, or is refused. Returns how many were tried.
pub(crate) fn damage(seed: u64) -> u64 {
    const CASES: u64 = 60;
    let directory = tempfile::tempdir().unwrap();
    let script = Script::new(seed, 12, false);
    let commits = script.states.len() - 1;
    let bases: Vec<_> = [Left::Closed, Left::Crashed, Left::CrashedSettled]
        .into_iter()
        .map(|left| (left, script.left(&directory.path().join("base"), left)))
        .collect();
    let path = directory.path().join("hazir.redb");
    let mut refused = 0;
    for case in 0..CASES {
        let mut seeded = Seeded(seed << 20 | case);
        let (left, base) = &bases[usize::try_from(case % 3).unwrap()];
        let mut octets = base.clone();
        let what = format!(
            "seed {seed}, case {case}, {left:?}, {}",
            damaged(&mut octets, &mut seeded)
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
    assert!(
        (1..CASES).contains(&refused),
        "seed {seed}: {refused} refused"
    );
    CASES
}

/// Damages a file and says how.
fn damaged(octets: &mut Vec<u8>, seeded: &mut Seeded) -> String {
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

#[cfg(test)]
mod gate {
    use super::*;

    /// The seeds of the gate, or the one that is asked for.
    fn seeds(to: u64) -> std::ops::RangeInclusive<u64> {
        setting("HAZIR_STORE_SEED").map_or(1..=to, |seed| seed..=seed)
    }

    #[test]
    fn a_power_cut_at_any_moment_leaves_whole_commits() {
        let cuts: u64 = seeds(5).map(power_cuts).sum();
        assert!(
            setting("HAZIR_STORE_SEED").is_some() || cuts >= 5_000,
            "{cuts}"
        );
    }

    #[test]
    fn an_error_at_any_call_leaves_whole_commits() {
        let calls: u64 = seeds(4).map(io_errors).sum();
        assert!(calls > 0);
    }

    #[test]
    fn damage_is_never_taken_for_data() {
        let files: u64 = seeds(4).map(damage).sum();
        assert!(
            setting("HAZIR_STORE_SEED").is_some() || files >= 200,
            "{files}"
        );
    }
}
