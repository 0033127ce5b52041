//! A copy that takes the place of the store.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use redb::ReadableDatabase;

use super::copy::{remove_left, unnamed};
use super::fault::Fault;
use super::tables::{COPY_KEY, COPY_ROW, DESK, DESK_ROW, LEDGER, META, WORK};
use super::{RedbStore, file, read};
use crate::domain::{Millis, Seq};
use crate::store::rows::{CopyMark, decode};
use crate::store::{Meta, StoreError};

/// A new store that is made beside the one whose place it is to take. Removes what it has not placed when it is dropped.
#[derive(Debug)]
pub struct Restoring {
    store: PathBuf,
    unnamed: PathBuf,
}

impl Restoring {
    /// Begins beside `store`, and removes what such a one left that was killed.
    pub fn beside(store: &Path) -> Self {
        remove_left(store);
        Self {
            store: store.to_owned(),
            unnamed: unnamed(store),
        }
    }

    /// Where the new store is to be written; nothing is there yet.
    pub fn path(&self) -> &Path {
        &self.unnamed
    }

    /// Gives the new store the name, durably, and keeps the old one, where there is one, under that name with
    /// `.before-restore-` and `stamp` behind, and a number where an older one has that name. Returns the name. At any
    /// moment one of both is there.
    ///
    /// # Errors
    /// What the system fails with; the old store is in its place then.
    pub fn take_place(self, stamp: &str) -> io::Result<Option<PathBuf>> {
        let kept = self.keep_old(stamp)?;
        fs::rename(&self.unnamed, &self.store)?;
        let parent = self.store.parent().unwrap_or(Path::new("."));
        fs::File::open(parent)?.sync_all()?;
        Ok(kept)
    }

    fn keep_old(&self, stamp: &str) -> io::Result<Option<PathBuf>> {
        let mut behind = format!(".before-restore-{stamp}");
        let mut number = 1_u32;
        loop {
            let mut kept = self.store.as_os_str().to_owned();
            kept.push(&behind);
            let kept = PathBuf::from(kept);
            match fs::hard_link(&self.store, &kept) {
                Ok(()) => return Ok(Some(kept)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number += 1;
                    behind = format!(".before-restore-{stamp}-{number}");
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        // It has its name, or nobody needs it.
        let _ = fs::remove_file(&self.unnamed);
    }
}

/// What stands in a store that nobody has open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The single values.
    pub meta: Meta,
    /// The last row of the ledger, and when it was logged.
    pub last: Option<(Seq, Millis)>,
}

impl RedbStore {
    /// Looks at the pages of a file, and reads what it is, without writing to it.
    ///
    /// # Errors
    /// As [`RedbStore::examine_file`].
    pub fn glance(path: &Path) -> Result<Glance, StoreError> {
        let glance = || {
            file::look_through_read_only(path)?;
            let txn = file::open_read_only(path)?.begin_read()?;
            super::check_layout(&txn)?;
            let meta = match txn.open_table(WORK)?.get((DESK, 0))? {
                Some(octets) => decode::<Meta>(DESK_ROW, octets.value())?,
                None => Meta::default(),
            };
            let last = read::last_row(&txn.open_table(LEDGER)?)?;
            let last = last.map(|row| (row.seq, row.logged_at));
            Ok(Glance { meta, last })
        };
        glance().map_err(Fault::reading)
    }

    /// Of when this is a copy; `None` for a store that is none.
    ///
    /// # Errors
    /// As [`RedbStore::examine_file`].
    pub fn copied_at(&self) -> Result<Option<Millis>, StoreError> {
        self.read(|txn| {
            let meta = txn.open_table(META)?;
            let Some(octets) = meta.get(COPY_KEY)? else {
                return Ok(None);
            };
            let mark: CopyMark = decode(COPY_ROW, octets.value())?;
            Ok(Some(mark.at))
        })
    }

    /// Takes the mark away that this is a copy: from now on it is a store.
    ///
    /// # Errors
    /// As [`Store::commit`](crate::store::Store::commit).
    pub fn forget_copy(&mut self) -> Result<(), StoreError> {
        self.write(|txn, _| {
            txn.open_table(META)?.remove(COPY_KEY)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two restores within one second: the second failed, and said that the disk cannot be written.
    #[test]
    fn each_old_store_is_kept_under_a_name_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("hazir.redb");
        let mut kept = Vec::new();
        for content in ["first", "second", "third"] {
            let restoring = Restoring::beside(&store);
            fs::write(restoring.path(), content).unwrap();
            kept.push(restoring.take_place("T").unwrap());
        }
        let name = |behind: &str| Some(directory.path().join(format!("hazir.redb{behind}")));
        let expected = [None, name(".before-restore-T"), name(".before-restore-T-2")];
        assert_eq!(kept, expected);
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!(read(&store), "third");
        let old: Vec<_> = kept.iter().flatten().map(|path| read(path)).collect();
        assert_eq!(old, ["first", "second"]);
    }
}
