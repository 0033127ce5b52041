//! A store whose commits go to its journal, too.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::keeper::{Commit, JournalEvent, Keeper, Moment};
use super::segments::Segments;
use crate::domain::{Digest, EmployeeId, LedgerRow, Millis, OutboxId, OutboxRow, Seq};
use crate::store::{Archive, Batch, Copier, Loaded, RedbStore, Store, StoreError};

/// Commits that may wait for the journal: what a fast disk makes in a second, which a journal on a slow one may take for a
/// sync.
const QUEUE: usize = 4_096;
/// Rows of all of them: some 50 MiB at most, however large the commits are.
const QUEUE_ROWS: usize = 65_536;

/// A store, with or without a journal.
///
/// The journal is written on a thread of its own, and nobody waits for it: a commit is handed over when it is durable in the
/// store, by value. What finds no room is missed, told as [`JournalEvent::Stopped`], and read from the store later.
pub struct Journaled {
    store: RedbStore,
    journal: Option<Journal>,
}

struct Journal {
    commits: Option<SyncSender<Commit>>,
    shared: Arc<Shared>,
    clock: Box<dyn Fn() -> Moment + Send>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// The number of the last commit, which was handed over or missed.
    latest: AtomicU64,
    /// Rows that wait.
    rows: AtomicUsize,
    /// A commit was missed, and that was told.
    missed: AtomicBool,
    tell: Box<dyn Fn(JournalEvent) + Send + Sync>,
}

impl std::fmt::Debug for Journaled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_journal = self.journal.is_some();
        f.debug_struct("Journaled")
            .field("store", &self.store)
            .field("has_journal", &has_journal)
            .finish()
    }
}

impl Journaled {
    /// A store without a journal.
    pub const fn without(store: RedbStore) -> Self {
        Self {
            store,
            journal: None,
        }
    }

    /// A store whose journal `keeper` writes, on the thread that `start` starts. `tell` is called on both threads.
    ///
    /// # Errors
    /// What `start` says.
    pub fn with<S: Segments + Send + 'static>(
        store: RedbStore,
        keeper: Keeper<S>,
        clock: impl Fn() -> Moment + Clone + Send + 'static,
        tell: impl Fn(JournalEvent) + Send + Sync + 'static,
        start: impl FnOnce(Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>>,
    ) -> io::Result<Self> {
        let (commits, waiting) = sync_channel(QUEUE);
        let shared = Arc::new(Shared {
            latest: AtomicU64::new(store.number()),
            rows: AtomicUsize::new(0),
            missed: AtomicBool::new(false),
            tell: Box::new(tell),
        });
        let keeping = Keeping {
            keeper,
            waiting,
            shared: Arc::clone(&shared),
            clock: clock.clone(),
        };
        let thread = start(Box::new(move || keeping.run()))?;
        let journal = Journal {
            commits: Some(commits),
            shared,
            clock: Box::new(clock),
            thread: Some(thread),
        };
        Ok(Self {
            store,
            journal: Some(journal),
        })
    }

    /// A handle for copies of the store, as [`RedbStore::copier`] gives it.
    pub fn copier(&self) -> Copier {
        self.store.copier()
    }

    /// The number of the last commit.
    pub const fn number(&self) -> u64 {
        self.store.number()
    }

    fn hand_over(&self, batch: Batch) {
        if let Some(journal) = &self.journal {
            journal.hand_over(self.store.number(), batch);
        }
    }
}

impl Drop for Journaled {
    /// What was committed is in the journal before the store is closed.
    fn drop(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.commits = None;
            if let Some(thread) = journal.thread.take()
                && thread.join().is_err()
            {
                let fallen = io::Error::other("the journal's thread has fallen");
                (journal.shared.tell)(JournalEvent::Stopped(fallen));
            }
        }
    }
}

impl Journal {
    fn hand_over(&self, number: u64, batch: Batch) {
        let Some(commits) = &self.commits else {
            return;
        };
        let shared = &self.shared;
        let rows = batch.rows();
        let waiting = shared.rows.fetch_add(rows, Ordering::AcqRel);
        let at = (self.clock)();
        let has_room = waiting == 0 || waiting.saturating_add(rows) <= QUEUE_ROWS;
        let commit = Commit { number, at, batch };
        if !has_room || commits.try_send(commit).is_err() {
            shared.rows.fetch_sub(rows, Ordering::AcqRel);
            if !shared.missed.swap(true, Ordering::AcqRel) {
                let slow = "the journal's disk is slower than the check-ins";
                let slow = io::Error::new(io::ErrorKind::TimedOut, slow);
                (shared.tell)(JournalEvent::Stopped(slow));
            }
        }
        // Whoever sees this number finds the commit in the queue, has had it, or is to know that it was missed.
        shared.latest.store(number, Ordering::Release);
    }
}

/// What runs on the journal's thread.
struct Keeping<S, C> {
    keeper: Keeper<S>,
    waiting: Receiver<Commit>,
    shared: Arc<Shared>,
    clock: C,
}

impl<S: Segments, C: Fn() -> Moment> Keeping<S, C> {
    fn run(mut self) {
        self.pause();
        if self.keeper.is_well() {
            // It may have been told that it stopped before the program was started.
            (self.shared.tell)(JournalEvent::Goes);
        }
        loop {
            match self.next() {
                Ok(commit) => self.take(&commit),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.pause();
        self.keeper.end((self.clock)());
        self.tell();
    }

    fn next(&mut self) -> Result<Commit, RecvTimeoutError> {
        match self.waiting.try_recv() {
            Ok(commit) => return Ok(commit),
            Err(TryRecvError::Empty) => self.pause(),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
        }
        match self.keeper.deadline() {
            Some(deadline) => self.waiting.recv_timeout(self.until(deadline)),
            None => Ok(self.waiting.recv()?),
        }
    }

    fn take(&mut self, commit: &Commit) {
        self.shared
            .rows
            .fetch_sub(commit.batch.rows(), Ordering::AcqRel);
        let now = (self.clock)();
        self.keeper.handle_commit(commit, now);
        // Under load there is never a pause.
        self.keeper.handle_timeout(now, None);
        self.tell();
    }

    /// Nothing waits: what was missed is seen now.
    fn pause(&mut self) {
        let latest = self.shared.latest.load(Ordering::Acquire);
        let has_missed = self.shared.missed.load(Ordering::Acquire);
        if let Ok(commit) = self.waiting.try_recv() {
            return self.take(&commit);
        }
        self.keeper.handle_timeout((self.clock)(), Some(latest));
        self.tell();
        if has_missed && self.keeper.is_well() {
            self.shared.missed.store(false, Ordering::Release);
            (self.shared.tell)(JournalEvent::Goes);
        }
    }

    fn tell(&mut self) {
        for event in self.keeper.take_events() {
            (self.shared.tell)(event);
        }
    }

    fn until(&self, deadline: Millis) -> Duration {
        let now = (self.clock)().tick;
        let ms = deadline.0.saturating_sub(now.0).max(0);
        Duration::from_millis(ms.unsigned_abs())
    }
}

impl Archive for Journaled {
    fn ledger_row(&self, seq: Seq) -> Result<Option<LedgerRow>, StoreError> {
        self.store.ledger_row(seq)
    }

    fn ledger_page(&self, after: Seq, limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
        self.store.ledger_page(after, limit)
    }

    fn ledger_of(
        &self,
        employee: EmployeeId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        self.store.ledger_of(employee, after, limit)
    }

    fn ledger_of_before(
        &self,
        employee: EmployeeId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        self.store.ledger_of_before(employee, before, limit)
    }

    fn seq_before(&self, at: Millis) -> Result<Seq, StoreError> {
        self.store.seq_before(at)
    }

    fn outbox_row(&self, id: OutboxId) -> Result<Option<OutboxRow>, StoreError> {
        self.store.outbox_row(id)
    }

    fn outbox_page(&self, after: OutboxId, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.store.outbox_page(after, limit)
    }

    fn legacy_seen(&self, employee: EmployeeId, digest: Digest) -> Result<Option<Seq>, StoreError> {
        self.store.legacy_seen(employee, digest)
    }
}

impl Store for Journaled {
    fn load(&self) -> Result<Loaded, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.store.commit(batch)?;
        if self.journal.is_some() && !batch.is_empty() {
            self.hand_over(batch.clone());
        }
        Ok(())
    }

    fn commit_all(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.store.commit(&batch)?;
        if !batch.is_empty() {
            self.hand_over(batch);
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.store.settle()
    }
}
