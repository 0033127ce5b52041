//! The store in one redb file. redb is named in this directory only.

mod copy;
mod examine;
mod fault;
mod file;
mod persons;
mod read;
mod restore;
mod ring;
mod shelf;
mod snapshot;
mod tables;
mod verify;
mod write;

use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadTransaction, ReadableDatabase, StorageBackend, WriteTransaction};

pub use self::copy::{Copier, CopyError};
use self::fault::{Fault, Wrong};
pub use self::restore::{Glance, Restoring};
pub(super) use self::snapshot::{Snapshot, Snapshots};
use self::tables::{LAYOUT_KEY, LEDGER, META, OUTBOX, WORK, prepare, write_in};
pub(super) use self::tables::{legacy_digest, legacy_key};
use self::write::Ends;
use super::rows::LAYOUT;
use super::{Batch, Loaded, Store, StoreError};
use crate::domain::{Millis, Seq};

/// The store of a desk in one redb file.
#[derive(Debug)]
pub struct RedbStore {
    database: Arc<Database>,
    /// Number and time of the last row of the ledger.
    last: Option<(Seq, Millis)>,
    ends: Ends,
    /// A commit did not succeed: what is on disk is not known until the file is opened again.
    failed: bool,
    /// Nothing was written since the allocator's state was.
    settled: bool,
}

impl RedbStore {
    /// Opens the store at `path`, and makes it where there is none.
    ///
    /// A new file has mode 0600 from its first octet and gets its name when it is complete. Of a file up to 8 GiB
    /// the checksums of all pages are looked at first; the rows of a larger one are checked as they are read.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Damaged`], [`StoreError::Newer`]; [`StoreError::Open`] for permissions and
    /// a missing directory, [`StoreError::Write`] where there is no room or nothing may be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        file::open(path, prepare)
            .and_then(Self::started)
            .map_err(Fault::reading)
    }

    /// Opens the store that `backend` holds, and makes it where that is empty.
    ///
    /// # Errors
    /// As [`RedbStore::open`].
    pub fn with_backend(backend: impl StorageBackend) -> Result<Self, StoreError> {
        let open = || {
            let database = file::builder().create_with_backend(backend)?;
            let fresh = database.begin_read()?.list_tables()?.next().is_none();
            if fresh {
                prepare(&database)?;
            }
            Self::started(database)
        };
        open().map_err(Fault::reading)
    }

    /// Looks at the checksum of every page in the file of a store that nobody has open, whatever its size.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], or as [`RedbStore::open`]. A file that was not closed in order is looked at when it is
    /// opened, and passes.
    pub fn look_through(path: &Path) -> Result<(), StoreError> {
        file::look_through(path).map_err(Fault::reading)
    }

    /// The number of the last commit.
    pub const fn number(&self) -> u64 {
        self.ends.commits().number
    }

    /// The last row of the ledger, 0 where there is none.
    pub(super) fn last_seq(&self) -> Seq {
        self.last.map_or(Seq(0), |(seq, _)| seq)
    }

    /// When the last row of the ledger was logged.
    pub(super) fn last_logged(&self) -> Option<Millis> {
        self.last.map(|(_, at)| at)
    }

    /// Where states of the store are read while it is written.
    pub(super) fn snapshots(&self) -> Snapshots {
        Snapshots::new(Arc::clone(&self.database))
    }

    /// Writes all of `batch`, durably, or nothing of it; it brings the store to commit `number`.
    pub(super) fn commit_as(&mut self, batch: &Batch, number: u64) -> Result<(), StoreError> {
        let order = self.check_order(batch);
        self.write(|txn, ends| {
            order?;
            ends.write(txn, batch, number)
        })?;
        if let Some(row) = batch.ledger.last() {
            self.last = Some((row.seq, row.logged_at));
        }
        self.settled = false;
        Ok(())
    }

    fn started(database: Database) -> Result<Self, Fault> {
        let txn = database.begin_read()?;
        check_layout(&txn)?;
        let ledger = txn.open_table(LEDGER)?;
        let last = read::last_row(&ledger)?.map(|row| (row.seq, row.logged_at));
        let seq = last.map(|(seq, _)| seq);
        let ends = Ends::open(
            &ledger,
            &txn.open_table(OUTBOX)?,
            &txn.open_table(WORK)?,
            seq,
        )?;
        drop(ledger);
        drop(txn);
        Ok(Self {
            database: Arc::new(database),
            last,
            ends,
            failed: false,
            settled: false,
        })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let txn = self.database.begin_read().map_err(Fault::from);
        txn.and_then(|txn| read(&txn)).map_err(Fault::reading)
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut WriteTransaction, &mut Ends) -> Result<(), Fault>,
    ) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Write(Box::new(Wrong::Failed)));
        }
        let ends = &mut self.ends;
        let written = write_in(&self.database, |txn| write(txn, ends)).map_err(Fault::writing);
        self.failed = written.is_err();
        written
    }

    /// The rows of `batch` come after the last one without a hole and never go back in time.
    fn check_order(&self, batch: &Batch) -> Result<(), Wrong> {
        let mut last = self.last;
        for row in &batch.ledger {
            let expected = last.map_or(Seq(1), |(seq, _)| Seq(seq.0.saturating_add(1)));
            if row.seq != expected {
                let found = row.seq;
                return Err(Wrong::NotNext { found, expected });
            }
            if last.is_some_and(|(_, logged_at)| row.logged_at < logged_at) {
                return Err(Wrong::BackInTime(row.seq));
            }
            last = Some((row.seq, row.logged_at));
        }
        Ok(())
    }
}

fn check_layout(txn: &ReadTransaction) -> Result<(), Fault> {
    let meta = txn.open_table(META)?;
    let layout = meta.get(LAYOUT_KEY)?.ok_or(Wrong::Layout)?;
    let layout = layout.value().try_into().map_err(|_| Wrong::Layout)?;
    let found = u32::from_le_bytes(layout);
    if found > LAYOUT {
        let known = LAYOUT;
        return Err(StoreError::Newer { found, known }.into());
    }
    if found != LAYOUT {
        return Err(Wrong::OldLayout(found).into());
    }
    Ok(())
}

impl Store for RedbStore {
    fn load(&self) -> Result<Loaded, StoreError> {
        self.read(|txn| read::load(txn, &self.ends))
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() && !self.failed {
            return Ok(());
        }
        self.commit_as(batch, self.number() + 1)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        if self.settled {
            return Ok(());
        }
        // The state of the allocator goes with the commit, so that opening after a crash need not walk all pages.
        self.write(|txn, _| {
            txn.set_quick_repair(true);
            Ok(())
        })?;
        self.settled = true;
        Ok(())
    }
}
