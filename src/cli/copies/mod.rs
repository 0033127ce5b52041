//! Second copies of the store: what stands between the door and the engine and makes them, each night too; what commands
//! do where no engine runs; and the way back.

mod json;
mod nightly;
mod progress;
mod restore;

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Duration, MissedTickBehavior, interval};

pub use json::{CopiedJson, ExaminedJson, RestoredJson};
use nightly::Prune;
pub use nightly::{Nightly, newest_backup};
pub use progress::Bar;
pub use restore::{Restored, adopt_by_hand, restore};

use super::clock::Clock;
use crate::api::{Ask, CopyAsk, Refusal, Reply};
use crate::domain::{CopyEvent, CopyFault};
use crate::engine::shell::Call;
use crate::store::{Copier, CopyError, StoreError};

/// How often it is looked whether a nightly backup is due.
const LOOK: Duration = Duration::from_mins(1);

/// What makes copies beside a running engine. One at a time: each reads the whole store.
#[derive(Debug)]
pub struct Copyist {
    copier: Copier,
    /// To the engine.
    calls: mpsc::Sender<Call>,
    /// What the engine is told of copies.
    told: mpsc::Sender<CopyEvent>,
    clock: Clock,
    nightly: Option<Nightly>,
    /// Ends what is being copied.
    stop: Arc<AtomicBool>,
    /// The copy under way, and who waits for it; nobody for a nightly one.
    work: JoinSet<Done>,
    asked: Option<oneshot::Sender<Reply>>,
}

/// What a copy came to.
#[derive(Debug)]
struct Done {
    reply: Reply,
    told: Option<CopyEvent>,
    is_nightly: bool,
}

impl Copyist {
    pub fn new(
        copier: Copier,
        calls: mpsc::Sender<Call>,
        told: mpsc::Sender<CopyEvent>,
        clock: Clock,
        nightly: Option<Nightly>,
    ) -> Self {
        Self {
            copier,
            calls,
            told,
            clock,
            nightly,
            stop: Arc::default(),
            work: JoinSet::new(),
            asked: None,
        }
    }

    /// Hands on what is the engine's and does what is not, until the engine ends.
    pub async fn run(mut self, mut asks: mpsc::Receiver<Call>) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.calls.closed() => break,
                call = asks.recv() => match call {
                    Some(call) => self.take(call),
                    None => break,
                },
                Some(done) = self.work.join_next() => self.end(done.ok()).await,
                _ = ticks.tick() => self.look(),
            }
        }
        self.stop.store(true, Ordering::Relaxed);
    }

    fn take(&mut self, (request, reply): Call) {
        let Ask::Copy(ask) = request.ask else {
            if let Err(error) = self.calls.try_send((request, reply)) {
                let (_, reply) = error.into_inner();
                // Whoever asked may have gone.
                let _ = reply.send(Reply::Refused(Refusal::Busy));
            }
            return;
        };
        if !self.work.is_empty() {
            // As above.
            let _ = reply.send(Reply::Refused(Refusal::Busy));
            return;
        }
        self.asked = Some(reply);
        self.begin(ask, None);
    }

    fn begin(&mut self, ask: CopyAsk, prune: Option<Prune>) {
        let (copier, stop, clock) = (self.copier.clone(), Arc::clone(&self.stop), self.clock);
        self.work.spawn_blocking(move || {
            let mut progress = |_, _| {
                if stop.load(Ordering::Relaxed) {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            };
            let (reply, told) = do_copy(&copier, ask, clock, &mut progress);
            let is_nightly = prune.is_some();
            if let (Some(prune), Reply::BackedUp(_)) = (prune, &reply) {
                prune.run();
            }
            Done {
                reply,
                told,
                is_nightly,
            }
        });
    }

    async fn end(&mut self, done: Option<Done>) {
        // A copy that panicked brought nothing.
        let done = done.unwrap_or(Done {
            reply: Reply::Refused(Refusal::Copy(CopyFault::Failed)),
            told: None,
            is_nightly: false,
        });
        if let Some(told) = done.told {
            // An engine that has ended wants to know nothing.
            let _ = self.told.send(told).await;
        }
        if done.is_nightly
            && let Some(nightly) = &mut self.nightly
        {
            nightly.ended(
                self.clock.now().wall,
                matches!(done.reply, Reply::BackedUp(_)),
            );
        }
        if let Some(asked) = self.asked.take() {
            // Whoever asked may have gone.
            let _ = asked.send(done.reply);
        }
    }

    /// Begins the nightly backup where it is due.
    fn look(&mut self) {
        let now = self.clock.now().wall;
        if !self.work.is_empty() {
            return;
        }
        let Some(nightly) = &self.nightly else { return };
        let Some(path) = nightly.due(now) else { return };
        let prune = nightly.prune();
        let path = path.as_os_str().as_bytes().to_vec();
        let ask = CopyAsk::Backup {
            path,
            is_over: false,
        };
        self.begin(ask, Some(prune));
    }
}

/// Makes a copy or looks at every row. Returns what to say, and what the engine is to be told.
pub fn do_copy(
    copier: &Copier,
    ask: CopyAsk,
    clock: Clock,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> (Reply, Option<CopyEvent>) {
    match ask {
        CopyAsk::Verify => match copier.examine(progress) {
            Ok(found) => (Reply::Examined(Box::new(found)), None),
            Err(error) => (refused(&CopyError::Store(error)), None),
        },
        CopyAsk::Backup { path, is_over } => {
            let path = Path::new(OsStr::from_bytes(&path));
            let at = clock.now().wall;
            match copier.copy(path, at, is_over, progress) {
                Ok(made) => {
                    tracing::info!(path = %path.display(), octets = made.octets, "backed up");
                    (
                        Reply::BackedUp(Box::new(made)),
                        Some(CopyEvent::BackedUp { at }),
                    )
                }
                Err(error) => {
                    let why = error.fault();
                    let failed = Some(CopyEvent::BackupFailed { why });
                    (refused(&error), failed.filter(|_| is_a_fault(&error)))
                }
            }
        }
    }
}

/// Whether a copy failed, and was not only stopped or refused.
const fn is_a_fault(error: &CopyError) -> bool {
    match error {
        CopyError::Exists(_) | CopyError::Stopped => false,
        CopyError::Write { .. } | CopyError::Store(_) => true,
    }
}

fn refused(error: &CopyError) -> Reply {
    tracing::warn!(?error, "no copy was made");
    Reply::Refused(match error {
        CopyError::Exists(_) => Refusal::FileExists,
        CopyError::Stopped | CopyError::Store(StoreError::Stopped) => Refusal::Stopped,
        CopyError::Write { .. } | CopyError::Store(_) => Refusal::Copy(error.fault()),
    })
}
