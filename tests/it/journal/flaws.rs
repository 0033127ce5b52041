//! Journals that are damaged: each flaw is told in words of its own, and what comes back is a state that was.

use hazir::store::RedbStore;
use hazir::store::journal::{Flaw, Joined, Keeper, Missing, Moment, Replayed, join, replay_from};

use super::super::faulty_disk::{Disk, Seeded};
use super::super::store_model::{Contents, Model};
use super::shelf::Shelf;
use super::{HISTORY, commit, written};

const HEAD: usize = 45;

fn name(ordinal: u64) -> String {
    format!("{HISTORY:016x}-{ordinal:08}.journal")
}

fn starts(octets: &[u8]) -> Vec<usize> {
    let is_mark = |at: &usize| octets[*at..].starts_with(b"\xf5hzf");
    (0..octets.len()).filter(is_mark).collect()
}

/// Brings the journal back into the copy after the first commit; what comes is always a state that was.
fn replayed(shelf: &Shelf, states: &[Contents], copy: &[u8]) -> Replayed {
    let mut store = RedbStore::with_backend(Disk::holding(copy.to_vec())).unwrap();
    let replayed = replay_from(shelf, HISTORY, &mut store).unwrap();
    let number = usize::try_from(replayed.number).unwrap();
    assert_eq!(store.number(), replayed.number);
    assert_eq!(Contents::of(&store).unwrap(), states[number]);
    replayed
}

#[test]
fn each_flaw_is_told_apart() {
    let (sound, states, copy) = written(3, 5);
    let whole = replayed(&sound, &states, &copy);
    assert_eq!((whole.from, whole.number, whole.commits), (1, 15, 14));
    assert_eq!((&whole.missing, whole.flaws.len()), (&None, 0));

    let second = sound.octets(&name(2));
    let frames = starts(&second);
    let missing = |first: u64, last: u64, behind: u64| {
        let missing = |found: &Missing| (found.first, found.last, found.behind, found.until);
        move |replayed: &Replayed| {
            let found = replayed.missing.as_ref().map(missing);
            assert_eq!(found, Some((first, last, behind, 15)), "{replayed:?}");
        }
    };

    // A bit flips in a frame: the others are read.
    let shelf = sound.copy();
    let mut changed = second.clone();
    changed[frames[2] + 20] ^= 4;
    shelf.put(&name(2), changed);
    let flipped = replayed(&shelf, &states, &copy);
    let flaw = Flaw::Damaged {
        name: name(2),
        offset: frames[2] as u64,
        octets: (frames[3] - frames[2]) as u64,
    };
    assert_eq!(flipped.flaws, [flaw]);
    missing(8, 8, 7)(&flipped);
    assert_eq!(flipped.number, 7);

    // The end is cut, or zeros.
    let shelf = sound.copy();
    let mut torn = second.clone();
    torn.truncate(frames[4] + 30);
    shelf.put(&name(2), torn);
    let (name_2, octets) = (name(2), 30);
    let torn = replayed(&shelf, &states, &copy);
    assert_eq!(
        torn.flaws,
        [Flaw::Torn {
            name: name_2,
            octets
        }]
    );
    missing(10, 10, 5)(&torn);

    let shelf = sound.copy();
    let mut zeroed = second.clone();
    zeroed[frames[4]..].fill(0);
    shelf.put(&name(2), zeroed);
    let octets = (second.len() - frames[4]) as u64;
    let name_2 = name(2);
    let zeroed = replayed(&shelf, &states, &copy);
    assert_eq!(
        zeroed.flaws,
        [Flaw::Zeroed {
            name: name_2,
            octets
        }]
    );

    // A segment is not there, its head is damaged, it was only begun, or it is another.
    let shelf = sound.copy();
    shelf.take(&name(2));
    let gone = replayed(&shelf, &states, &copy);
    assert_eq!(gone.flaws, [Flaw::Missing(2)]);
    missing(6, 10, 5)(&gone);

    for (octets, flaw) in [
        ([&[0xff], &second[1..]].concat(), Flaw::Foreign(name(2))),
        (
            [&second[..20], &[9], &second[21..]].concat(),
            Flaw::Head(name(2)),
        ),
        (second[..HEAD - 1].to_vec(), Flaw::Empty(name(2))),
        (sound.octets(&name(1)), Flaw::Foreign(name(2))),
    ] {
        let shelf = sound.copy();
        shelf.put(&name(2), octets);
        let found = replayed(&shelf, &states, &copy);
        assert_eq!(found.flaws, [flaw]);
        missing(6, 10, 5)(&found);
    }

    // A frame stands twice; a file is foreign; a segment of another history is nobody's business.
    let shelf = sound.copy();
    let doubled = [&second[..], &second[frames[4]..]].concat();
    shelf.put(&name(2), doubled);
    shelf.put("notes.txt", b"hello".to_vec());
    shelf.put("00000000000000aa-00000009.journal", b"hello".to_vec());
    let found = replayed(&shelf, &states, &copy);
    let doubled = Flaw::Doubled {
        name: name(2),
        number: 10,
    };
    let foreign = Flaw::Foreign("notes.txt".to_owned());
    assert_eq!(found.flaws, [foreign, doubled]);
    assert_eq!((found.number, &found.missing), (15, &None));
}

#[test]
fn a_journal_that_was_changed_anywhere_brings_back_a_state_that_was() {
    let (sound, states, copy) = written(2, 6);
    let mut seeded = Seeded(11);
    for _ in 0..120 {
        let shelf = sound.copy();
        let name = name(1 + seeded.below(2));
        let mut octets = shelf.octets(&name);
        let at = usize::try_from(seeded.below(octets.len() as u64)).unwrap();
        match seeded.below(3) {
            0 => octets[at] ^= 1 << seeded.below(8),
            1 => octets.truncate(at),
            _ => octets[at..].fill(0),
        }
        shelf.put(&name, octets);
        let found = replayed(&shelf, &states, &copy);
        // Zeros may stand where zeros stood.
        let is_sound = shelf.octets(&name) == sound.octets(&name);
        assert_eq!(found.flaws.is_empty(), is_sound, "{name}, octet {at}");
    }
}

#[test]
fn a_store_that_lost_more_than_the_journal_holds_is_left_as_it_is() {
    let (shelf, _, copy) = written(3, 5);
    shelf.take(&name(2));
    let mut store = RedbStore::with_backend(Disk::holding(copy)).unwrap();
    let before = Contents::of(&store).unwrap();
    let joined = join(&mut shelf.clone(), HISTORY, &mut store).unwrap();
    let Joined::Hole(found) = joined else {
        panic!("{joined:?}");
    };
    let missing = found.missing.unwrap();
    assert_eq!((missing.first, missing.last, missing.until), (6, 10, 15));
    assert_eq!(store.number(), 1);
    assert_eq!(Contents::of(&store).unwrap(), before);
}

/// An old copy was put back while the journal's disk was away, and the desk went on: both tell of commits of the same numbers.
#[test]
fn a_journal_of_other_commits_is_set_aside_and_begun_anew() {
    let (shelf, states, copy) = written(2, 5);
    for more in [2, 9, 20] {
        let mut shelf = shelf.copy();
        let disk = Disk::holding(copy.clone());
        let mut store = RedbStore::with_backend(disk).unwrap();
        let mut model = Model::default();
        // The first commit is the same.
        model.apply(&commit_of_first());
        assert_eq!(model.contents(), states[1]);
        let mut seeded = Seeded(more);
        for _ in 0..more {
            commit(&mut store, &mut model, &mut seeded);
        }
        let joined = join(&mut shelf, HISTORY, &mut store).unwrap();
        let Joined::Apart(aside) = joined else {
            panic!("{more} more: {joined:?}");
        };
        assert!(!aside.is_empty());
        let mut keeper = Keeper::new(shelf.clone(), &store, 1 << 30);
        let number = store.number();
        keeper.handle_timeout(Moment::default(), Some(number));
        assert_eq!((keeper.is_well(), keeper.durable()), (true, number));
        let mut again = RedbStore::with_backend(Disk::default()).unwrap();
        let found = replay_from(&shelf, HISTORY, &mut again).unwrap();
        assert_eq!((found.number, found.missing), (number, None));
        assert_eq!(Contents::of(&again).unwrap(), model.contents());
    }
}

fn commit_of_first() -> hazir::store::Batch {
    let mut store = RedbStore::with_backend(Disk::default()).unwrap();
    commit(&mut store, &mut Model::default(), &mut Seeded(5)).batch
}
