//! The journal beside the store.

mod flaws;
mod promise;
mod shelf;
pub(crate) mod whole;

use hazir::store::journal::{Commit, Keeper, Moment};
use hazir::store::{RedbStore, Store as _};

use self::shelf::Shelf;
use super::faulty_disk::{Disk, Seeded};
use super::store_model::{Contents, Model};

/// The history of the stores of these tests.
const HISTORY: u64 = 0x0123_4567_89ab_cdef;

fn commit(store: &mut RedbStore, model: &mut Model, seeded: &mut Seeded) -> Commit {
    loop {
        let mut batch = model.next_batch(seeded, false);
        if store.number() == 0 {
            batch.meta.get_or_insert_default();
        }
        if let Some(meta) = &mut batch.meta {
            meta.history = HISTORY;
        }
        if batch.is_empty() {
            continue;
        }
        model.apply(&batch);
        store.commit(&batch).unwrap();
        let number = store.number();
        let at = Moment::default();
        return Commit { number, at, batch };
    }
}

/// A journal of `segments` segments with `each` commits, what the store held after so many, and a copy after the first one.
fn written(segments: u64, each: u64) -> (Shelf, Vec<Contents>, Vec<u8>) {
    let (shelf, disk) = (Shelf::default(), Disk::default());
    let mut store = RedbStore::with_backend(disk.clone()).unwrap();
    let mut model = Model::default();
    let mut states = vec![model.contents()];
    let mut seeded = Seeded(5);
    let mut copy = Vec::new();
    for _ in 0..segments {
        let mut keeper = Keeper::new(shelf.clone(), &store, 1 << 30);
        keeper.handle_timeout(Moment::default(), Some(store.number()));
        for _ in 0..each {
            let commit = commit(&mut store, &mut model, &mut seeded);
            keeper.handle_commit(&commit, Moment::default());
            states.push(model.contents());
            if copy.is_empty() {
                copy = disk.image();
            }
        }
        keeper.end(Moment::default());
    }
    (shelf, states, copy)
}
