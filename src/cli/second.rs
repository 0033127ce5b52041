//! The journal of a desk, as its configuration has it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::clock::Clock;
use super::config::Config;
use super::copies::adopt_by_hand;
use super::error::CliError;
use super::parts;
use super::place::Place;
use super::serve;
use super::time::local;
use crate::domain::{CopyEvent, CopyFault, Millis};
use crate::store::journal::{
    Folder, Joined, JournalEvent, Journaled, Keeper, Moment, ReplayError, Replayed, Segments as _,
    join,
};
use crate::store::{RedbStore, Store as _};
use crate::words::Words;

/// Where a desk keeps its journal, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    path: PathBuf,
    /// It lies beside the store.
    is_beside: bool,
    most_octets: u64,
}

impl Journal {
    /// The journal of a desk; `None` where it is to keep none.
    pub fn of(place: &Place, config: &Config) -> Option<Self> {
        let directory = config.journal.directory.as_ref()?;
        Some(Self {
            path: place.dir().join(directory),
            is_beside: directory.is_relative(),
            most_octets: u64::from(config.journal.max_mib) << 20,
        })
    }

    /// A directory on another disk is never made: where that disk is not plugged in, this one would be taken for it.
    fn folder(&self) -> Folder {
        let path = self.path.clone();
        if self.is_beside {
            Folder::made_when_written(path)
        } else {
            Folder::standing(path)
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it would go with the disk of the store.
    pub fn is_on_disk_of(&self, place: &Place) -> bool {
        let device = |path: &Path| path.metadata().ok().map(|metadata| metadata.dev());
        let here = device(&self.path).or_else(|| device(self.path.parent()?));
        here.is_some() && here == device(place.dir())
    }

    /// Whether it cannot be read or made, and why.
    pub fn fault(&self) -> Option<CopyFault> {
        let listed = self.folder().list();
        listed.err().map(|error| CopyFault::of_system(&error))
    }
}

/// Holds the store that was opened against its journal. What the store had lost is brought back and told. A backup that
/// somebody put in its place by hand is taken as restored.
///
/// # Errors
/// [`CliError::JournalHole`] where the store has lost what the journal does not hold whole; as for the store otherwise. A
/// journal that cannot be read stops nothing.
pub fn hold(
    place: &Place,
    config: &Config,
    words: &Words,
    store: &mut RedbStore,
) -> Result<(), CliError> {
    hold_to_journal(place, config, words, store)?;
    let now = Clock::start().now().wall;
    if let Some(at) = adopt_by_hand(store, now)? {
        let at = local(at, &config.site.time_zone);
        tell(&words.say("copies.by_hand", &[("at", &at)]));
    }
    Ok(())
}

fn hold_to_journal(
    place: &Place,
    config: &Config,
    words: &Words,
    store: &mut RedbStore,
) -> Result<(), CliError> {
    let Some(journal) = Journal::of(place, config) else {
        return Ok(());
    };
    let history = store.load().map_err(parts::store_error)?.meta.history;
    let joined = match join(&mut journal.folder(), history, store) {
        Ok(joined) => joined,
        Err(ReplayError::Journal(error)) => {
            tracing::warn!(%error, "the journal cannot be read");
            return Ok(());
        }
        Err(ReplayError::Store(error)) => return Err(parts::store_error(error)),
    };
    match joined {
        Joined::Even => {}
        Joined::Forward(replayed) => {
            log_flaws(&replayed);
            let facts = facts(config, &replayed);
            tell(&words.say("journal.forward", &borrowed(&facts)));
        }
        Joined::Apart(segments) => {
            let path = journal.path.display().to_string();
            let segments = segments.join(", ");
            let facts = [("path", &*path), ("segments", &segments)];
            tell(&words.say("journal.apart", &facts));
        }
        Joined::Hole(replayed) => {
            log_flaws(&replayed);
            let facts = facts(config, &replayed);
            let said = words.say("journal.hole", &borrowed(&facts));
            return Err(CliError::JournalHole { said });
        }
    }
    Ok(())
}

/// The store with its journal, if it is to keep one, which is written on a thread of its own.
///
/// `tell` hears that it stopped, and that it goes; at the beginning, too.
///
/// # Errors
/// [`CliError::Talk`] where the system gives no thread.
pub fn journaled(
    store: RedbStore,
    journal: Option<&Journal>,
    clock: Clock,
    tell: impl Fn(CopyEvent) + Send + Sync + 'static,
) -> Result<Journaled, CliError> {
    let Some(journal) = journal else {
        tell(CopyEvent::JournalGoes);
        return Ok(Journaled::without(store));
    };
    let keeper = Keeper::new(journal.folder(), &store, journal.most_octets);
    let moment = move || {
        let now = clock.now();
        Moment {
            wall: now.wall,
            tick: Millis(now.tick.0),
        }
    };
    let heard = move |event| match event {
        JournalEvent::Stopped(error) => {
            tracing::error!(%error, "the journal is not written");
            let why = CopyFault::of_system(&error);
            tell(CopyEvent::JournalStopped { why });
        }
        JournalEvent::Goes => {
            tracing::info!("the journal is written");
            tell(CopyEvent::JournalGoes);
        }
    };
    let start = |work| {
        let thread = std::thread::Builder::new().name("journal".to_owned());
        thread.spawn(work)
    };
    Journaled::with(store, keeper, moment, heard, start)
        .map_err(|cause| CliError::Talk(Box::new(cause)))
}

/// Tells whoever gave a command that the journal is not written.
pub fn tell_of_command(words: &Words, event: CopyEvent) {
    if let CopyEvent::JournalStopped { why } = event {
        let why = words.copy_fault(why);
        tell(&words.say("journal.command_stopped", &[("why", &why)]));
    }
}

/// What words say of what was brought back and what is missing.
fn facts(config: &Config, replayed: &Replayed) -> Vec<(&'static str, String)> {
    let time = |at| local(at, &config.site.time_zone);
    let unknown = || "?".to_owned();
    let mut facts = vec![
        ("commits", replayed.commits.to_string()),
        ("records", replayed.records.to_string()),
        ("from", replayed.from.to_string()),
        ("at", replayed.last_at.map_or_else(unknown, time)),
    ];
    if let Some(missing) = &replayed.missing {
        facts.extend([
            ("first", missing.first.to_string()),
            ("last", missing.last.to_string()),
            ("after", missing.after.map_or_else(unknown, time)),
            ("before", time(missing.before)),
            ("until", missing.until.to_string()),
            ("until_at", time(missing.until_at)),
        ]);
    }
    facts
}

fn borrowed<'a>(facts: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    facts.iter().map(|(name, fact)| (*name, &**fact)).collect()
}

fn log_flaws(replayed: &Replayed) {
    for flaw in &replayed.flaws {
        tracing::warn!(%flaw, "the journal");
    }
}

/// Says a line on stderr, and in the log.
fn tell(line: &str) {
    tracing::warn!("{line}");
    serve::tell(line);
}
