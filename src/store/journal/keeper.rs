//! Writes the journal.

use std::io;

use super::catch_up::{CatchUp, Ledgers};
use super::frame::{Frame, HEAD, Head, Mark};
use super::pieces::Pieces;
use super::reader::last_frame;
use super::segments::{Listing, Name, Segments};
use crate::domain::Millis;
use crate::store::redb_store::Snapshots;
use crate::store::{Batch, RedbStore, StoreError};

/// A segment that is longer is ended: what is read to find the end of a journal, and what is lost with a file.
const SEGMENT_OCTETS: u64 = 16 << 20;
/// A segment that is older is ended, so that old days go one by one.
const SEGMENT_AGE: i64 = Millis::DAY;
/// Room for frames that is kept for the next one: more than any but a large commit needs.
const KEPT_OCTETS: usize = 1 << 20;
/// What was written waits so long for its sync: half of the second that the journal may be behind, the other half is the
/// disk's.
const WAIT: i64 = Millis::SECOND / 2;
/// A journal that failed is tried again after so long, and after twice as long each time that it fails again.
const PAUSE: i64 = Millis::SECOND;
const LONGEST_PAUSE: i64 = Millis::MINUTE;

/// What both clocks say.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Since 1970.
    pub wall: Millis,
    /// Since some moment, and never back.
    pub tick: Millis,
}

/// A commit that the store has made.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub at: Moment,
    /// What was written.
    pub batch: Batch,
}

/// What became of a journal.
#[derive(Debug)]
pub enum JournalEvent {
    /// It is not written any more; it is tried again.
    Stopped(io::Error),
    /// It is written, and all that came meanwhile is in it.
    Goes,
}

/// Writes the commits of one store to its journal, and all that was missed when commits are missing.
#[derive(Debug)]
pub struct Keeper<S> {
    segments: S,
    store: Snapshots,
    most_octets: u64,
    history: u64,
    segment: Option<Segment>,
    /// After what was written last, and after what is known to be durable.
    written: Option<Mark>,
    durable: Option<Mark>,
    unsynced_since: Option<Millis>,
    trouble: Option<Trouble>,
    events: Vec<JournalEvent>,
    octets: Vec<u8>,
    row: Vec<u8>,
}

#[derive(Debug)]
struct Segment {
    name: Name,
    octets: u64,
    begun_at: Millis,
}

#[derive(Debug)]
struct Trouble {
    again_at: Millis,
    pause: i64,
}

impl<S: Segments> Keeper<S> {
    /// A keeper of the journal of `store`, of `most_octets` at most; the oldest go when there are more.
    pub fn new(segments: S, store: &RedbStore, most_octets: u64) -> Self {
        Self {
            segments,
            store: store.snapshots(),
            most_octets,
            history: 0,
            segment: None,
            written: None,
            durable: None,
            unsynced_since: None,
            trouble: None,
            events: Vec::new(),
            octets: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Writes a commit, or all that was missed where it is not the next one.
    pub fn handle_commit(&mut self, commit: &Commit, now: Moment) {
        if self.trouble.is_some() {
            return;
        }
        let done = self.take(commit, now);
        self.judge(done, now);
    }

    fn take(&mut self, commit: &Commit, now: Moment) -> Result<(), KeepError> {
        let history = commit.batch.meta.as_ref().map(|meta| meta.history);
        if history.is_some_and(|history| history != self.history) {
            self.look_up()?;
        }
        match self.written {
            _ if self.history == 0 => Ok(()),
            Some(written) if commit.number <= written.number => Ok(()),
            Some(written) if commit.number == written.number + 1 => self.write(commit, now),
            Some(_) | None => self.catch_up(now),
        }
    }

    /// Does what is due. `latest` is the number of the store's last commit, where all up to it were handed over.
    pub fn handle_timeout(&mut self, now: Moment, latest: Option<u64>) {
        if let Some(trouble) = &self.trouble
            && now.tick < trouble.again_at
        {
            return;
        }
        let done = self.look(now, latest);
        self.judge(done, now);
    }

    fn look(&mut self, now: Moment, latest: Option<u64>) -> Result<(), KeepError> {
        if self.history == 0 || self.trouble.is_some() {
            self.look_up()?;
        }
        let is_behind = latest.is_some_and(|latest| {
            self.written.is_none_or(|written| written.number < latest) && latest > 0
        });
        let is_due = self
            .unsynced_since
            .is_some_and(|since| now.tick.0 >= since.0 + WAIT);
        if self.history != 0 && (is_behind || self.trouble.is_some()) {
            self.catch_up(now)
        } else if is_due {
            self.sync()
        } else {
            Ok(())
        }
    }

    /// By when [`Keeper::handle_timeout`] is to be called, by the tick.
    pub fn deadline(&self) -> Option<Millis> {
        match &self.trouble {
            Some(trouble) => Some(trouble.again_at),
            None => self.unsynced_since.map(|since| Millis(since.0 + WAIT)),
        }
    }

    /// Makes all durable that was written.
    pub fn end(&mut self, now: Moment) {
        if self.trouble.is_none() {
            let done = self.sync();
            self.judge(done, now);
        }
    }

    /// What became of it since it was asked last.
    pub fn take_events(&mut self) -> impl Iterator<Item = JournalEvent> + use<'_, S> {
        self.events.drain(..)
    }

    /// The number of the last commit that is known to be durable.
    pub fn durable(&self) -> u64 {
        self.durable.map_or(0, |mark| mark.number)
    }

    /// Whether it is written, and nothing has to be tried again.
    pub const fn is_well(&self) -> bool {
        self.trouble.is_none()
    }

    /// Finds out whose journal it is, and how far it is written.
    fn look_up(&mut self) -> Result<(), KeepError> {
        let history = self.store.take()?.load()?.meta.history;
        if history == self.history {
            return Ok(());
        }
        let listing = Listing::of(&self.segments)?;
        let mut mark = None;
        if let Some((last, names)) = last_frame(&self.segments, &listing, history) {
            // A process that was killed wrote what the system still has to write.
            for name in names {
                self.segments.settle(&name.to_string())?;
            }
            mark = Some(last.mark);
        }
        self.segment = None;
        self.unsynced_since = None;
        self.history = history;
        self.written = mark;
        self.durable = mark;
        Ok(())
    }

    fn write(&mut self, commit: &Commit, now: Moment) -> Result<(), KeepError> {
        let Some(written) = self.written else {
            return Ok(());
        };
        self.make_room(commit.number, now)?;
        let mark = Mark {
            number: commit.number,
            ..written
        };
        let frame = Frame {
            mark,
            at: commit.at.wall,
            piece: None,
        };
        self.append(frame, |pieces, mark| {
            Ok(pieces.put_batch(&commit.batch, mark)?)
        })?;
        self.unsynced_since.get_or_insert(commit.at.tick);
        Ok(())
    }

    /// Writes what the store holds and the durable part of the journal does not.
    fn catch_up(&mut self, now: Moment) -> Result<(), KeepError> {
        self.segment = None;
        self.unsynced_since = None;
        let snapshot = self.store.take()?;
        let mut catch_up = CatchUp::begin(&snapshot, self.durable, self.ledgers())?;
        let number = snapshot.commits().number;
        let mut index = 0;
        loop {
            let mut piece = catch_up.next()?;
            if catch_up.batch().is_empty() && !piece.is_last {
                continue;
            }
            piece.index = index;
            index += 1;
            self.make_room(number, now)?;
            let frame = Frame {
                mark: catch_up.mark(),
                at: now.wall,
                piece: Some(piece),
            };
            let batch = catch_up.batch();
            self.append(frame, |pieces, mark| Ok(pieces.put_batch(batch, mark)?))?;
            if piece.is_last {
                break;
            }
        }
        self.sync()
    }

    fn ledgers(&self) -> Ledgers {
        // Half of what the journal may be, so that what comes after has room.
        Ledgers::of_octets(self.most_octets / 2)
    }

    /// Sees that there is a segment that takes one more frame.
    fn make_room(&mut self, number: u64, now: Moment) -> Result<(), KeepError> {
        if let Some(segment) = &self.segment {
            let age = now.tick.0.saturating_sub(segment.begun_at.0);
            if segment.octets < SEGMENT_OCTETS && age < SEGMENT_AGE {
                return Ok(());
            }
            self.segments.sync()?;
            self.segment = None;
        }
        let listing = Listing::of(&self.segments)?;
        self.prune(&listing);
        let name = Name {
            history: self.history,
            ordinal: listing.next_ordinal(),
        };
        let head = Head {
            history: name.history,
            ordinal: name.ordinal,
            number,
            begun_at: now.wall,
        };
        self.segments.begin(&name.to_string())?;
        self.segments.append(&head.encode())?;
        self.segment = Some(Segment {
            name,
            octets: HEAD as u64,
            begun_at: now.tick,
        });
        Ok(())
    }

    /// Lets the oldest segments go where there are too many. What cannot be removed is in nobody's way.
    fn prune(&mut self, listing: &Listing) {
        let mut octets: u64 = listing.segments.iter().map(|(_, octets)| octets).sum();
        for (name, of_segment) in &listing.segments {
            if octets.saturating_add(SEGMENT_OCTETS) <= self.most_octets {
                break;
            }
            if self.segments.remove(&name.to_string()).is_ok() {
                octets -= of_segment;
            }
        }
    }

    fn append(
        &mut self,
        frame: Frame,
        put: impl FnOnce(&mut Pieces<'_>, &mut Mark) -> Result<(), KeepError>,
    ) -> Result<(), KeepError> {
        let Some(segment) = &mut self.segment else {
            return Ok(());
        };
        let (octets, row) = (&mut self.octets, &mut self.row);
        octets.clear();
        let place = (segment.name.history, segment.name.ordinal);
        let mark = frame.encode(place, octets, |octets, mark| {
            put(&mut Pieces::new(octets, row), mark)
        })?;
        self.segments.append(octets)?;
        segment.octets += octets.len() as u64;
        self.written = Some(mark);
        // A batch or a piece of a large store is not held on to.
        octets.shrink_to(KEPT_OCTETS);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), KeepError> {
        self.segments.sync()?;
        self.durable = self.written;
        self.unsynced_since = None;
        Ok(())
    }

    /// After a fault the segment is left as it is: what a failed sync left of it is not known.
    fn judge(&mut self, done: Result<(), KeepError>, now: Moment) {
        match done {
            Ok(()) => {
                if self
                    .trouble
                    .take_if(|_| self.unsynced_since.is_none())
                    .is_some()
                {
                    self.events.push(JournalEvent::Goes);
                }
            }
            Err(error) => {
                self.segment = None;
                self.unsynced_since = None;
                let pause = if let Some(trouble) = &self.trouble {
                    (trouble.pause * 2).min(LONGEST_PAUSE)
                } else {
                    self.events.push(JournalEvent::Stopped(error.into_io()));
                    PAUSE
                };
                let again_at = Millis(now.tick.0 + pause);
                self.trouble = Some(Trouble { again_at, pause });
            }
        }
    }
}

/// Why the journal was not written.
#[derive(Debug)]
enum KeepError {
    System(io::Error),
    Store(StoreError),
}

impl KeepError {
    fn into_io(self) -> io::Error {
        match self {
            Self::System(error) => error,
            Self::Store(error) => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl From<io::Error> for KeepError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<StoreError> for KeepError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<crate::store::rows::RowError> for KeepError {
    fn from(error: crate::store::rows::RowError) -> Self {
        Self::Store(error.into())
    }
}
