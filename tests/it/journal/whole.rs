//! A backup of any moment and the journal are the store, whatever fails in between.
//!
//! `HAZIR_JOURNAL_SEED` replays a run that failed.

use hazir::domain::Millis;
use hazir::store::journal::{Commit, Joined, Keeper, Moment, join, replay_from};
use hazir::store::{Batch, RedbStore, Store as _};

use super::super::draws::setting;
use super::super::faulty_disk::{Disk, Seeded};
use super::super::store_model::{Contents, Model};
use super::HISTORY;
use super::shelf::Shelf;

/// Batches of each change.
const SEEDS: u64 = 60;
/// What happens in one.
const STEPS: usize = 45;

/// A desk's disk, its journal, and all that it ever was.
struct Desk {
    seeded: Seeded,
    disk: Disk,
    shelf: Shelf,
    store: Option<RedbStore>,
    keeper: Option<Keeper<Shelf>>,
    now: Moment,
    /// What the store held after its first so many commits.
    states: Vec<Model>,
    /// Copies of the store with their numbers.
    copies: Vec<(u64, Vec<u8>)>,
}

impl Desk {
    fn new(seed: u64) -> Self {
        let mut desk = Self {
            seeded: Seeded(seed),
            disk: Disk::default(),
            shelf: Shelf::default(),
            store: None,
            keeper: None,
            now: Moment::default(),
            states: vec![Model::default()],
            copies: Vec::new(),
        };
        desk.open();
        desk
    }

    fn store(&mut self) -> &mut RedbStore {
        self.store.as_mut().unwrap()
    }

    fn number(&self) -> u64 {
        self.store.as_ref().unwrap().number()
    }

    fn open(&mut self) -> Joined {
        let mut store = RedbStore::with_backend(self.disk.clone()).unwrap();
        let joined = join(&mut self.shelf, HISTORY, &mut store).unwrap();
        self.keeper = Some(Keeper::new(self.shelf.clone(), &store, 1 << 30));
        self.store = Some(store);
        joined
    }

    /// The program ends without a word; what the keeper had not been given is gone.
    fn fall(&mut self) {
        self.keeper = None;
        self.store = None;
        self.disk = Disk::holding(self.disk.image());
    }

    fn commit(&mut self) {
        let mut model = self.states.last().unwrap().clone();
        let mut batch = model.next_batch(&mut self.seeded, false);
        if self.number() == 0 {
            batch.meta.get_or_insert_default();
        }
        if let Some(meta) = &mut batch.meta {
            meta.history = HISTORY;
        }
        if batch.is_empty() {
            return;
        }
        model.apply(&batch);
        self.states.push(model);
        self.store().commit(&batch).unwrap();
        // The queue is full now and then.
        if !self.seeded.one_in(12) {
            self.hand_over(batch);
        }
    }

    fn hand_over(&mut self, batch: Batch) {
        let commit = Commit {
            number: self.number(),
            at: self.now,
            batch,
        };
        self.keeper
            .as_mut()
            .unwrap()
            .handle_commit(&commit, self.now);
    }

    fn pass(&mut self, ms: i64) {
        self.now.tick.0 += ms;
        self.now.wall.0 += ms;
        let latest = self.number();
        let keeper = self.keeper.as_mut().unwrap();
        keeper.handle_timeout(self.now, Some(latest));
    }

    fn step(&mut self) {
        match self.seeded.below(40) {
            0..=21 => self.commit(),
            22..=26 => {
                let ms = self.seeded.below(900);
                self.pass(ms.try_into().unwrap());
            }
            27..=30 => {
                let copy = (self.number(), self.disk.image());
                self.copies.push(copy);
            }
            31..=32 => {
                let calls = self.seeded.below(5);
                self.shelf.fail(calls);
            }
            33 => {
                self.keeper.as_mut().unwrap().end(self.now);
                self.fall();
                self.reopen_even();
            }
            34 | 35 => {
                self.fall();
                self.reopen_even();
            }
            36 => {
                self.fall();
                self.shelf.cut_power(&mut self.seeded);
                self.reopen_even();
            }
            37 => {
                self.shelf.fail(0);
                self.shelf.clear();
                self.fall();
                self.reopen_even();
            }
            _ => self.lie(),
        }
    }

    /// The store's disk was honest: the journal holds nothing that the store does not hold.
    fn reopen_even(&mut self) {
        self.shelf.fail(0);
        let joined = self.open();
        assert_eq!(joined, Joined::Even);
    }

    /// The disk of the store had not written what it had called durable; the power is cut.
    fn lie(&mut self) {
        let Some((number, image)) = self.copies.last().cloned() else {
            return;
        };
        let durable = self.keeper.as_ref().unwrap().durable();
        let had = self.number();
        self.fall();
        self.shelf.fail(0);
        self.shelf.cut_power(&mut self.seeded);
        self.disk = Disk::holding(image);
        let joined = self.open();
        let now = self.number();
        assert!(
            now >= durable.max(number),
            "{now} of {had}, {durable} durable"
        );
        if now == number {
            assert_eq!(joined, Joined::Even);
        } else {
            let Joined::Forward(replayed) = joined else {
                panic!("{joined:?}");
            };
            assert_eq!((replayed.from, replayed.number), (number, now));
            assert_eq!(replayed.commits, now - number);
        }
        let states = usize::try_from(now).unwrap() + 1;
        self.states.truncate(states);
        self.copies.retain(|(number, _)| *number <= now);
        self.assert_holds();
    }

    fn assert_holds(&self) {
        let contents = Contents::of(self.store.as_ref().unwrap()).unwrap();
        assert_eq!(contents, self.states.last().unwrap().contents());
    }

    /// Returns how many copies were brought to the store's state.
    fn finish(mut self) -> u64 {
        self.commit();
        self.shelf.fail(0);
        // A journal that failed is tried again within a minute.
        self.pass(Millis::MINUTE);
        self.pass(Millis::SECOND);
        assert!(self.keeper.as_ref().unwrap().is_well());
        assert_eq!(self.keeper.as_ref().unwrap().durable(), self.number());
        self.assert_holds();
        let expected = self.states.last().unwrap().contents();
        let number = self.number();
        self.copies.push((0, Vec::new()));
        for (from, image) in &self.copies {
            let mut copy = RedbStore::with_backend(Disk::holding(image.clone())).unwrap();
            let replayed = replay_from(&self.shelf, HISTORY, &mut copy).unwrap();
            assert_eq!(replayed.missing, None, "from {from}: {replayed:?}");
            assert_eq!((replayed.from, replayed.number), (*from, number));
            assert_eq!(Contents::of(&copy).unwrap(), expected, "from {from}");
            let again = replay_from(&self.shelf, HISTORY, &mut copy).unwrap();
            assert_eq!((again.commits, again.rows), (0, 0));
        }
        self.copies.len() as u64
    }
}

/// One batch of copies and journals, all drawn from `seed`. Panics with what went wrong. Returns how many copies it tried.
pub(crate) fn batch(seed: u64) -> u64 {
    let mut desk = Desk::new(seed);
    desk.commit();
    for _ in 0..STEPS {
        desk.step();
    }
    desk.finish()
}

#[test]
fn a_copy_of_any_moment_and_the_journal_are_the_store() {
    if let Some(seed) = setting("HAZIR_JOURNAL_SEED") {
        batch(seed);
        return;
    }
    let mut copies = 0;
    for seed in 1..=SEEDS {
        println!("replay it with HAZIR_JOURNAL_SEED={seed}");
        copies += batch(seed);
    }
    println!("{copies} copies");
}
