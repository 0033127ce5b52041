//! The file of the store: made whole or not at all, and looked through before it is trusted.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, Builder, Database, DatabaseError, RepairSession, StorageBackend};

use super::fault::Fault;

/// What redb may keep of the file in memory: twice what a commit of 1,000 check-ins writes. More makes nothing faster, with
/// ten million check-ins either, because the page cache of the system holds the rest.
const CACHE_OCTETS: usize = 2 << 20;

/// Up to this size every page's checksum is looked at before the store is opened. In a million check-ins that takes 0.1 s
/// and in ten million 1 s where the system has them in memory; 8 GiB hold more than twenty million. Beyond, the checks of
/// rows and chunks remain, and [`look_through`] on demand.
const LOOKED_THROUGH_OCTETS: u64 = 8 << 30;

/// Only the owner reads check-ins.
pub(super) const MODE: u32 = 0o600;

/// What is wrong with a file that redb itself would take.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileFault {
    #[error("'{0}' is not a file")]
    NotAFile(PathBuf),
    #[error("the file is empty")]
    Empty,
    #[error("its pages are not as they were written")]
    Pages,
    #[error("its header points at an older state")]
    OlderState,
}

/// How the store is opened wherever it lies.
pub(super) fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_OCTETS);
    builder
}

/// Opens the file at `path`; makes it, with what `prepare` writes, where there is none.
///
/// A file that exists is never taken for a new one: it was made complete before it got its name, so that an empty one
/// has lost what was in it.
pub(super) fn open(
    path: &Path,
    prepare: impl FnOnce(&Database) -> Result<(), Fault>,
) -> Result<Database, Fault> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path, prepare)?;
            fs::metadata(path)?
        }
        metadata => metadata?,
    };
    if !metadata.is_file() {
        return Err(Fault::damaged(FileFault::NotAFile(path.to_owned())));
    }
    if metadata.len() <= LOOKED_THROUGH_OCTETS {
        look_through(path)?;
    }
    Ok(builder().open(path)?)
}

/// Looks at the checksum of every page that the store would trust, without writing to the file.
///
/// redb does this itself only after a crash that was not preceded by a commit with quick-repair. Otherwise it takes
/// pages as they are, and some damage then ends in a panic. So it is shown the file as one after such a crash, and
/// stopped when it has looked at the pages and would begin to repair.
pub(super) fn look_through(path: &Path) -> Result<(), Fault> {
    look_through_file(OpenOptions::new().read(true).write(true).open(path)?)
}

/// The same of a file that is only read.
pub(super) fn look_through_read_only(path: &Path) -> Result<(), Fault> {
    look_through_file(File::open(path)?)
}

/// Opens a file that is only read; what redb writes, as after a crash, stays in memory.
pub(super) fn open_read_only(path: &Path) -> Result<Database, Fault> {
    let view = View {
        file: FileBackend::new(File::open(path)?)?,
        seen: Arc::default(),
        is_disguised: false,
    };
    Ok(builder().create_with_backend(view)?)
}

fn look_through_file(file: File) -> Result<(), Fault> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let view = View {
        file: FileBackend::new(file)?,
        seen: Arc::clone(&seen),
        is_disguised: true,
    };
    let noted = Arc::clone(&seen);
    let opened = builder()
        .set_repair_callback(move |session| {
            let mut seen = lock(&noted);
            seen.pages = Pages::of(session).or(seen.pages);
            if seen.pages.is_some() || !seen.trusted {
                session.abort();
            }
        })
        .create_with_backend(view);
    match opened {
        // It opens where nothing was ever committed: then there is nothing to look at.
        Ok(_) | Err(DatabaseError::RepairAborted) => {}
        Err(error) => return Err(error.into()),
    }
    let seen = lock(&seen);
    if seen.older {
        return Err(Fault::damaged(FileFault::OlderState));
    }
    if seen.pages == Some(Pages::Damaged) {
        return Err(Fault::damaged(FileFault::Pages));
    }
    Ok(())
}

fn create(path: &Path, prepare: impl FnOnce(&Database) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut unnamed = path.as_os_str().to_owned();
    unnamed.push(format!(".new-{}", std::process::id()));
    let unnamed = PathBuf::from(unnamed);
    let made = create_whole(path, &unnamed, prepare);
    match fs::remove_file(&unnamed) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => made.and(Err(error.into())),
        _ => made,
    }?;
    sync_directory(path)
}

fn create_whole(
    path: &Path,
    unnamed: &Path,
    prepare: impl FnOnce(&Database) -> Result<(), Fault>,
) -> Result<(), Fault> {
    // Left by a process of the same number that was killed here.
    match fs::remove_file(unnamed) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(unnamed)?;
    let again = file.try_clone()?;
    let database = builder().create_file(file)?;
    prepare(&database)?;
    drop(database);
    again.sync_all()?;
    match fs::hard_link(unnamed, path) {
        // Somebody else made one in the meantime: that one counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => Ok(linked?),
    }
}

pub(super) fn sync_directory(path: &Path) -> Result<(), Fault> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    Ok(File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?)
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What redb found out about the pages.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Pages {
    Sound,
    Damaged,
}

impl Pages {
    /// redb calls at 0.0 before it looks at pages, at 0.3 where those of the newest state are damaged, and at 0.6
    /// where a state was found sound.
    fn of(session: &RepairSession) -> Option<Self> {
        match session.progress() {
            ..0.15 => None,
            ..0.45 => Some(Self::Damaged),
            _ => Some(Self::Sound),
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    /// Whether redb would trust the pages without looking at them.
    trusted: bool,
    /// The header of a file that was closed in order names a state that is not the newest.
    older: bool,
    pages: Option<Pages>,
    len: Option<u64>,
    writes: Vec<(u64, Vec<u8>)>,
}

/// A file that is read, and whose header says that a plain commit was cut short. Writes stay in memory.
///
/// ```text
/// offset  octets  of redb's header
/// 9       1       flags: 1 which slot counts, 2 not closed in order, 4 the last commit had two phases
/// 64      128     slot 0; its transaction at 104, little endian
/// 192     128     slot 1
/// ```
///
/// Source: redb 4.4, docs/design.md, "Super header".
#[derive(Debug)]
struct View {
    file: FileBackend,
    seen: Arc<Mutex<Seen>>,
    /// Whether its header says so; else it is shown as it is.
    is_disguised: bool,
}

const HEADER_OCTETS: usize = 320;
const FLAGS: usize = 9;
const SECOND_COUNTS: u8 = 1;
const NOT_CLOSED: u8 = 2;
const TWO_PHASES: u8 = 4;
const SLOTS: [usize; 2] = [64, 192];
const TRANSACTION: std::ops::Range<usize> = 104..112;

impl Seen {
    /// Notes what the header says, and changes it to what redb shall see.
    fn disguise(&mut self, header: &mut [u8; HEADER_OCTETS]) {
        let flags = header[FLAGS];
        self.trusted = flags & TWO_PHASES != 0;
        if !self.trusted {
            return;
        }
        let [counts, other] = if flags & SECOND_COUNTS == 0 {
            SLOTS
        } else {
            [SLOTS[1], SLOTS[0]]
        };
        let transaction = |slot: usize| {
            let octets = header[slot..]
                .get(TRANSACTION)
                .and_then(|field| field.try_into().ok());
            octets.map(u64::from_le_bytes)
        };
        self.older = flags & NOT_CLOSED == 0 && transaction(counts) < transaction(other);
        header[FLAGS] = (flags | NOT_CLOSED) & !TWO_PHASES;
        // After a commit in two phases the other slot never counts; it may be half written.
        header[other..][TRANSACTION].fill(0xff);
    }
}

impl StorageBackend for View {
    fn len(&self) -> Result<u64, io::Error> {
        if let Some(len) = lock(&self.seen).len {
            return Ok(len);
        }
        match self.file.len()? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                FileFault::Empty,
            )),
            len => Ok(len),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let mut seen = lock(&self.seen);
        if seen.len.is_some() {
            // What was made longer in memory has nothing there yet.
            let there = self.file.len()?.saturating_sub(offset);
            let there = usize::try_from(there).unwrap_or(usize::MAX).min(out.len());
            let (octets, beyond) = out.split_at_mut(there);
            self.file.read(offset, octets)?;
            beyond.fill(0);
        } else {
            self.file.read(offset, out)?;
        }
        if self.is_disguised
            && offset == 0
            && let Some(header) = out.first_chunk_mut::<HEADER_OCTETS>()
        {
            seen.disguise(header);
        }
        for (at, octets) in &seen.writes {
            overlay(offset, out, *at, octets);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        lock(&self.seen).len = Some(len);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        lock(&self.seen).writes.push((offset, data.to_vec()));
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        // A file that is only read cannot be locked for oneself: whoever writes it has it then.
        let locked = self.file.try_lock_range(start, end);
        locked.or_else(|_| self.file.try_lock_shared_range(start, end))
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        // As above.
        let locked = self.file.lock_range(start, end);
        locked.or_else(|_| self.file.lock_shared_range(start, end))
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// Copies what of `octets`, which stand at `at`, falls into `out`, which stands at `offset`.
fn overlay(offset: u64, out: &mut [u8], at: u64, octets: &[u8]) {
    let skip_out = usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
    let skip_octets = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
    let (Some(out), Some(octets)) = (out.get_mut(skip_out..), octets.get(skip_octets..)) else {
        return;
    };
    for (to, from) in out.iter_mut().zip(octets) {
        *to = *from;
    }
}
