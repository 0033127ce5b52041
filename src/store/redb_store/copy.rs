//! Whole copies of a store, also while it is written.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable};
use redb::{ReadableTableMetadata, TableDefinition, Value, WriteTransaction};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::RedbStore;
use super::examine::{Depth, examine};
use super::fault::{Fault, Wrong};
use super::file::{self, MODE, sync_directory};
use super::tables::{
    ALARMS, BY_PERSON, COPY_KEY, COPY_ROW, DEVICES, EMPLOYEES, LEDGER, LEGACY, META, OUTBOX, PARTS,
    WORK,
};
use crate::domain::{Copied, CopyFault, Examined, Millis};
use crate::store::StoreError;
use crate::store::rows::{CopyMark, encode};

/// How many chunks are copied before whoever waits is told how far it has come.
const TOLD_EVERY: u64 = 16;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is a file of that name.
    #[error("'{}' is there already", .0.display())]
    Exists(PathBuf),
    /// It was stopped.
    #[error("the copy was stopped")]
    Stopped,
    /// The copy cannot be written.
    #[error("'{}' cannot be written", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
        /// What kind of fault that is.
        fault: CopyFault,
    },
    /// The store cannot be read, or what was written of it is not what was read.
    #[error("{0}")]
    Store(#[source] StoreError),
}

impl CopyError {
    /// What kind of fault it is.
    pub const fn fault(&self) -> CopyFault {
        match self {
            Self::Write { fault, .. } => *fault,
            Self::Store(StoreError::Damaged(_) | StoreError::Newer { .. }) => CopyFault::Damaged,
            Self::Exists(_) | Self::Stopped | Self::Store(_) => CopyFault::Failed,
        }
    }

    fn writing(path: &Path, error: impl Into<Fault>) -> Self {
        match error.into().writing() {
            StoreError::Write(cause) => {
                let of_system = cause.downcast_ref::<io::Error>();
                let fault = of_system.map_or(CopyFault::Failed, CopyFault::of_system);
                let path = path.to_owned();
                Self::Write { path, cause, fault }
            }
            error @ (StoreError::InUse
            | StoreError::Open(_)
            | StoreError::Damaged(_)
            | StoreError::Newer { .. }
            | StoreError::Stopped) => Self::Store(error),
        }
    }

    fn reading(error: impl Into<Fault>) -> Self {
        match error.into().reading() {
            StoreError::Stopped => Self::Stopped,
            error @ (StoreError::InUse
            | StoreError::Open(_)
            | StoreError::Damaged(_)
            | StoreError::Newer { .. }
            | StoreError::Write(_)) => Self::Store(error),
        }
    }
}

/// Is told how many rows are done, of about how many, and may stop it.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Makes whole copies of a store, and looks at all of its rows, while it is written: both see what was committed when
/// they began. The store keeps the room of what was replaced since for as long.
#[derive(Clone, Debug)]
pub struct Copier {
    database: Arc<Database>,
}

impl RedbStore {
    /// A handle for copies of this store, for another thread. The file stays open until it is dropped, too.
    pub fn copier(&self) -> Copier {
        Copier {
            database: Arc::clone(&self.database),
        }
    }

    /// Looks at every row in the file of a store that nobody has open, and writes nothing to it.
    ///
    /// # Errors
    /// As [`RedbStore::open`], and [`StoreError::Stopped`]. What is wrong with rows is no error.
    pub fn examine_file(path: &Path, progress: Progress<'_>) -> Result<Examined, StoreError> {
        examine_file(path, Depth::References, progress)
    }

    /// As [`RedbStore::examine_file`], without what rows say of other rows: a copy of a store that does not agree with
    /// itself is better than none.
    ///
    /// # Errors
    /// As [`RedbStore::examine_file`].
    pub fn examine_rows(path: &Path, progress: Progress<'_>) -> Result<Examined, StoreError> {
        examine_file(path, Depth::Rows, progress)
    }
}

fn examine_file(path: &Path, depth: Depth, progress: Progress<'_>) -> Result<Examined, StoreError> {
    let examined = file::look_through_read_only(path)
        .and_then(|()| file::open_read_only(path))
        .and_then(|database| {
            let txn = database.begin_read()?;
            super::check_layout(&txn)?;
            examine(&txn, depth, progress)
        });
    examined.map(|(found, _)| found).map_err(Fault::reading)
}

impl Copier {
    /// Looks at every row, and holds what they say of each other against each other.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read, [`StoreError::Stopped`]. What is wrong with rows is no error.
    pub fn examine(&self, progress: Progress<'_>) -> Result<Examined, StoreError> {
        let txn = self.database.begin_read().map_err(Fault::from);
        let examined = txn.and_then(|txn| examine(&txn, Depth::References, progress));
        examined.map(|(found, _)| found).map_err(Fault::reading)
    }

    /// Writes a copy of the store to `path`, and looks at every row of it before it gets its name. `at` is now.
    ///
    /// The file has mode 0600 from its first octet. Until it is whole it is called as `path` with `.new-` and the number
    /// of this process behind; what a process that was killed left of that kind is removed. `is_over` says that a file
    /// that is there may be replaced: it stays until the new one is whole.
    ///
    /// # Errors
    /// [`CopyError`]; nothing is changed then.
    pub fn copy(
        &self,
        path: &Path,
        at: Millis,
        is_over: bool,
        progress: Progress<'_>,
    ) -> Result<Copied, CopyError> {
        if !is_over && path.symlink_metadata().is_ok() {
            return Err(CopyError::Exists(path.to_owned()));
        }
        remove_left(path);
        let unnamed = unnamed(path);
        let copied = self.write(&unnamed, at, progress).and_then(|copied| {
            name(&unnamed, path, is_over)?;
            Ok(copied)
        });
        if copied.is_err() {
            // Where it cannot be removed, the next copy does it.
            let _ = fs::remove_file(&unnamed);
        }
        copied
    }

    fn write(&self, path: &Path, at: Millis, progress: Progress<'_>) -> Result<Copied, CopyError> {
        let writing = |error: Fault| CopyError::writing(path, error);
        let from = self.database.begin_read().map_err(CopyError::reading)?;
        let file = create(path).map_err(|error| writing(error.into()))?;
        let again = file.try_clone().map_err(|error| writing(error.into()))?;
        let database = file::builder().create_file(file);
        let database = database.map_err(|error| writing(error.into()))?;
        let mut to = database.begin_write().map_err(|e| writing(e.into()))?;
        to.set_durability(Durability::Immediate)
            .map_err(|error| writing(error.into()))?;
        copy_tables(&from, &to, path, progress)?;
        drop(from);
        mark(&to, at).map_err(writing)?;
        to.commit().map_err(|error| writing(error.into()))?;
        drop(database);
        again.sync_all().map_err(|error| writing(error.into()))?;
        let octets = again
            .metadata()
            .map_err(|error| writing(error.into()))?
            .size();
        drop(again);
        let found = RedbStore::examine_rows(path, progress).map_err(CopyError::reading)?;
        if let Some(fault) = found.faults.first() {
            let wrong = Wrong::Copy(fault.clone());
            return Err(CopyError::reading(wrong));
        }
        Ok(Copied {
            at,
            last: found.last,
            counts: found.counts,
            octets,
        })
    }
}

/// What a copy is called until it is whole.
pub(super) fn unnamed(path: &Path) -> PathBuf {
    let mut unnamed = path.as_os_str().to_owned();
    unnamed.push(format!("{NEW}{}", std::process::id()));
    PathBuf::from(unnamed)
}

/// What stands between the name of a file and the number of the process that makes it.
const NEW: &str = ".new-";

/// Removes what processes that are no more left of copies to `path`. Whoever still writes one holds its lock.
pub(super) fn remove_left(path: &Path) {
    let (Some(name), Some(dir)) = (path.file_name(), parent(path)) else {
        return;
    };
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let rest = found
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes());
        let number = rest.and_then(|rest| rest.strip_prefix(NEW.as_bytes()));
        let is_left = number
            .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit));
        if is_left && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            // Where it cannot be removed, it stays as it is.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn parent(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    Some(if parent == Path::new("") {
        Path::new(".")
    } else {
        parent
    })
}

pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(MODE);
    options.open(path)
}

/// Gives a whole file its name.
pub(super) fn name(unnamed: &Path, path: &Path, is_over: bool) -> Result<(), CopyError> {
    let named = if is_over {
        fs::rename(unnamed, path)
    } else {
        match renameat_with(CWD, unnamed, CWD, path, RenameFlags::NOREPLACE) {
            // A file system of other makers, as on a stick, cannot refuse to replace.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                if path.symlink_metadata().is_ok() {
                    return Err(CopyError::Exists(path.to_owned()));
                }
                fs::rename(unnamed, path)
            }
            named => named.map_err(io::Error::from),
        }
    };
    match named {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(CopyError::Exists(path.to_owned()))
        }
        Err(error) => Err(CopyError::writing(path, error)),
        Ok(()) => sync_directory(path).map_err(|error| CopyError::writing(path, error)),
    }
}

/// How far a copy has come.
struct Copying<'a> {
    from: &'a ReadTransaction,
    to: &'a WriteTransaction,
    path: &'a Path,
    done: u64,
    of: u64,
    progress: Progress<'a>,
}

fn copy_tables(
    from: &ReadTransaction,
    to: &WriteTransaction,
    path: &Path,
    progress: Progress<'_>,
) -> Result<(), CopyError> {
    let len =
        |table| -> Result<u64, Fault> { Ok(from.open_table::<(u8, u64), &[u8]>(table)?.len()?) };
    let of = [LEDGER, OUTBOX, WORK].into_iter().map(len);
    let of = of.sum::<Result<u64, Fault>>().map_err(CopyError::reading)?;
    let mut copying = Copying {
        from,
        to,
        path,
        done: 0,
        of,
        progress,
    };
    copying.table(META)?;
    copying.table(EMPLOYEES)?;
    copying.table(DEVICES)?;
    copying.table(LEDGER)?;
    copying.table(BY_PERSON)?;
    copying.table(OUTBOX)?;
    copying.table(WORK)?;
    copying.table(LEGACY)?;
    copying.table(ALARMS)?;
    copying.table(PARTS)
}

impl Copying<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<(), CopyError> {
        let path = self.path;
        let table = self
            .from
            .open_table(definition)
            .map_err(CopyError::reading)?;
        let mut copy = self
            .to
            .open_table(definition)
            .map_err(|error| CopyError::writing(path, error))?;
        for row in table.iter().map_err(CopyError::reading)? {
            let (key, value) = row.map_err(CopyError::reading)?;
            copy.insert(key.value(), value.value())
                .map_err(|error| CopyError::writing(path, error))?;
            self.done += 1;
            if self.done.is_multiple_of(TOLD_EVERY)
                && (self.progress)(self.done, self.of.max(self.done)).is_break()
            {
                return Err(CopyError::Stopped);
            }
        }
        Ok(())
    }
}

/// Writes into a copy that it is one, and of when.
fn mark(to: &WriteTransaction, at: Millis) -> Result<(), Fault> {
    let octets = encode(COPY_ROW, &CopyMark { at })?;
    to.open_table(META)?.insert(COPY_KEY, octets.as_slice())?;
    Ok(())
}
