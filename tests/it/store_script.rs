//! What is done to a store, and what it should hold then.

use std::fs;
use std::path::Path;

use hazir::store::{Batch, RedbStore, Store, StoreError};

use super::faulty_disk::{Disk, Seeded};
use super::store_model::{Contents, Model};

/// What is done to a store, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Commit(Box<Batch>),
    Settle,
    Reopen,
}

/// Steps, and what a store should hold after the first 0, 1, 2, … commits.
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) states: Vec<Contents>,
}

impl Script {
    pub(crate) fn new(seed: u64, commits: usize, wide: bool) -> Self {
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
    pub(crate) fn run(&self, disk: &Disk, mut done: impl FnMut(usize)) -> Ran {
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
    pub(crate) fn assert_holds(&self, image: Vec<u8>, done: usize, begun: usize, what: &str) {
        let store = RedbStore::with_backend(Disk::holding(image))
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let contents = Contents::of(&store).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let held = self.states[done..=begun].contains(&contents);
        assert!(held, "{what}: neither {done} nor {begun} commits");
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) done: usize,
    pub(crate) begun: usize,
    pub(crate) error: Option<StoreError>,
}

impl Ran {
    fn ended(mut self, error: StoreError) -> Self {
        self.error = Some(error);
        self
    }
}

/// How a file was left before it was damaged.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Left {
    Closed,
    Crashed,
    CrashedSettled,
}

impl Script {
    pub(crate) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.steps.iter().filter_map(|step| match step {
            Step::Commit(batch) => Some(&**batch),
            Step::Settle | Step::Reopen => None,
        })
    }

    /// The octets of a file in which all commits were done.
    pub(crate) fn left(&self, path: &Path, left: Left) -> Vec<u8> {
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

/// A new store, as a file that was just made holds it.
pub(crate) fn new_image() -> Vec<u8> {
    let disk = Disk::default();
    drop(RedbStore::with_backend(disk.clone()).unwrap());
    disk.image()
}
