//! `hazir restore`: a backup takes the place of the store.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::super::error::CliError;
use super::super::place::Place;
use super::super::time::civil_at;
use super::super::{files, parts};
use crate::domain::{Examined, Millis, Seq};
use crate::engine::Entropy;
use crate::store::journal::{Flaw, ReplayError, Replayed, replay};
use crate::store::{Batch, Meta, RedbStore, Restoring, Store as _, StoreError};

/// How long an engine may have lived after the last commit that its journal has: a minute to the next mark of being alive, a
/// second that the journal may lag, and one for the clocks.
const LIVED_MS: i64 = Millis::MINUTE + 2 * Millis::SECOND;

/// Octets that are copied before whoever waits is told.
const BLOCK: usize = 1 << 20;

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What was in the store then is in the backup; `None` where it does not say.
    pub copied_at: Option<Millis>,
    /// The last row of the ledger in the backup.
    pub backup: Option<(Seq, Millis)>,
    /// The last row of the ledger now.
    pub last: Option<(Seq, Millis)>,
    /// How many rows there are.
    pub found: Examined,
    /// What the journal brought back and what it lacks; `None` where it was not asked.
    pub replayed: Option<Replayed>,
    /// What was claimed before this is recorded as delayed.
    pub delayed_before: Millis,
    /// Where the store that was there is kept; `None` where there was none.
    pub kept: Option<PathBuf>,
    /// The last row of that store, where it can be read.
    pub was: Option<(Seq, Millis)>,
}

/// What is told of how far a restore has come.
pub type Told<'a> = &'a mut dyn FnMut(u64, u64);

/// Puts the backup `file` in the place of the store, with what the journal in the directory `journal` has beyond it.
///
/// The new store is made whole beside the old one, which is kept under another name: a kill at any moment leaves one of
/// them in its place. The backup is only read.
///
/// # Errors
/// [`CliError::EngineRuns`], [`CliError::Backup`] and [`CliError::Faulty`] where the backup is damaged,
/// [`CliError::WrongStoreKey`], and what is wrong with files.
pub fn restore(
    place: &Place,
    file: &Path,
    journal: Option<&Path>,
    zone: &TimeZone,
    now: Millis,
    told: Told<'_>,
) -> Result<Restored, CliError> {
    let key = files::store_key(place)?;
    let store = place.store();
    drop(lock_old(&store)?);
    let was = RedbStore::glance(&store)
        .ok()
        .and_then(|glance| glance.last);
    let _lock = lock_old(&store)?;
    let restoring = Restoring::beside(&store);
    copy_octets(file, restoring.path(), told)?;
    let in_backup = |error| match error {
        StoreError::Damaged(cause) => CliError::Backup {
            path: file.to_owned(),
            cause,
        },
        error @ (StoreError::InUse
        | StoreError::Open(_)
        | StoreError::Newer { .. }
        | StoreError::Stopped
        | StoreError::Write(_)) => parts::store_error(error),
    };
    let backup = examined(restoring.path(), told).map_err(in_backup)?;
    refuse_faults(file, &backup)?;
    let mut new = RedbStore::open(restoring.path()).map_err(in_backup)?;
    let meta = new.load().map_err(in_backup)?.meta;
    if !meta.key_check.is_empty() && !key.verify(&meta.key_check) {
        return Err(CliError::WrongStoreKey {
            path: place.store_key(),
        });
    }
    let replay_it = |directory| {
        replay(directory, meta.history, &mut new).map_err(|error| match error {
            ReplayError::Journal(error) => CliError::reading(directory, error),
            ReplayError::Store(error) => in_backup(error),
        })
    };
    let replayed = journal.map(replay_it).transpose()?;
    let loaded = new.load().map_err(in_backup)?;
    let last = loaded.last.map(|row| (row.seq, row.logged_at));
    let before = forgotten_before(now, replayed.as_ref(), was, last);
    let restored_at = loaded.meta.restored_at.max(Some(before)).unwrap_or(before);
    adopt(&mut new, loaded.meta, backup.copied_at, restored_at).map_err(parts::store_error)?;
    drop(new);
    let found = examined(restoring.path(), told).map_err(in_backup)?;
    refuse_faults(file, &found)?;
    let stamp = civil_at(now, zone).strftime("%Y-%m-%dT%H%M%S").to_string();
    let kept = restoring
        .take_place(&stamp)
        .map_err(|cause| CliError::writing(&store, cause))?;
    Ok(Restored {
        copied_at: backup.copied_at,
        backup: backup.last,
        last: found.last,
        found,
        replayed,
        delayed_before: restored_at,
        kept,
        was,
    })
}

/// Makes a store of a backup that somebody put in its place by hand, as `hazir restore` does without a journal. Returns of
/// when it is; `None` where the store is none.
///
/// # Errors
/// What is wrong with the store.
pub fn adopt_by_hand(store: &mut RedbStore, now: Millis) -> Result<Option<Millis>, CliError> {
    let Some(at) = store.copied_at().map_err(parts::store_error)? else {
        return Ok(None);
    };
    let meta = store.load().map_err(parts::store_error)?.meta;
    let restored_at = meta.restored_at.map_or(now, |before| before.max(now));
    adopt(store, meta, Some(at), restored_at).map_err(parts::store_error)?;
    Ok(Some(at))
}

/// Until when something may have counted that is forgotten now.
///
/// Without a journal that is until now: nothing tells how long the old store went on. A journal that lacks nothing ends with
/// the old store: while an engine lives it commits at least once a minute, for its mark of being alive if for nothing else,
/// and each commit is in the journal a second later. So nothing counted later than a minute and two seconds after the last
/// frame. What is claimed after that, and waited at the gateway for the restore, is taken in as always. Where the journal had
/// stopped and its store still says that it went on, or where the journal is damaged, nothing is known again.
fn forgotten_before(
    now: Millis,
    replayed: Option<&Replayed>,
    was: Option<(Seq, Millis)>,
    last: Option<(Seq, Millis)>,
) -> Millis {
    let Some(replayed) = replayed else { return now };
    let is_whole = replayed.missing.is_none()
        && replayed.flaws.iter().all(|flaw| match flaw {
            Flaw::Empty(_) | Flaw::Torn { .. } => true,
            Flaw::Foreign(_)
            | Flaw::Newer { .. }
            | Flaw::Head(_)
            | Flaw::Missing(_)
            | Flaw::Unread { .. }
            | Flaw::Zeroed { .. }
            | Flaw::Damaged { .. }
            | Flaw::Doubled { .. }
            | Flaw::Unfinished { .. } => false,
        });
    let has_all = was.is_none_or(|(was, _)| last.is_some_and(|(last, _)| last >= was));
    match replayed.last_at {
        Some(at) if is_whole && has_all => at.plus_ms(LIVED_MS).min(now),
        _ => now,
    }
}

/// Keeps engines and commands from the store that is there, while the new one is made.
fn lock_old(store: &Path) -> Result<Option<File>, CliError> {
    let file = match File::open(store) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CliError::reading(store, error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(CliError::EngineRuns),
        Err(fs::TryLockError::Error(error)) => Err(CliError::reading(store, error)),
    }
}

fn copy_octets(from: &Path, to: &Path, told: Told<'_>) -> Result<(), CliError> {
    let reading = |cause| CliError::reading(from, cause);
    let writing = |cause| CliError::writing(to, cause);
    let mut source = File::open(from).map_err(reading)?;
    let metadata = source.metadata().map_err(reading)?;
    if !metadata.is_file() {
        let error = io::Error::from(io::ErrorKind::InvalidInput);
        return Err(reading(error));
    }
    let mut copy = files::new_file(to).map_err(writing)?;
    let mut block = vec![0; BLOCK];
    let mut done = 0;
    loop {
        let octets = source.read(&mut block).map_err(reading)?;
        if octets == 0 {
            break;
        }
        copy.write_all(&block[..octets]).map_err(writing)?;
        done += octets as u64;
        told(done, metadata.len().max(done));
    }
    copy.sync_all().map_err(writing)
}

fn examined(path: &Path, told: Told<'_>) -> Result<Examined, StoreError> {
    RedbStore::examine_rows(path, &mut |done, of| {
        told(done, of);
        ControlFlow::Continue(())
    })
}

fn refuse_faults(file: &Path, found: &Examined) -> Result<(), CliError> {
    let Some(first) = found.faults.first() else {
        return Ok(());
    };
    Err(CliError::Backup {
        path: file.to_owned(),
        cause: first.clone().into(),
    })
}

/// What the rows of a backup become as the desk's store: they go on as a history of their own, and what was claimed before
/// the restore may have counted and been forgotten.
fn adopt(
    store: &mut RedbStore,
    meta: Meta,
    copied_at: Option<Millis>,
    restored_at: Millis,
) -> Result<(), StoreError> {
    let mut octets = [0; 8];
    parts::entropy().fill(&mut octets);
    let meta = Meta {
        restored_at: Some(restored_at),
        history: u64::from_le_bytes(octets).max(1),
        backed_up_at: copied_at.max(meta.backed_up_at),
        ..meta
    };
    store.commit(&Batch {
        meta: Some(meta),
        ..Batch::default()
    })?;
    store.forget_copy()?;
    store.settle()
}
