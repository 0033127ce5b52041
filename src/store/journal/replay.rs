//! Brings back what is in a journal and not in a store.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::frame::{Frame, Mark};
use super::pieces::{PiecesError, check_of, take_batch};
use super::reader::{Flaw, Gathering, Taken, last_frame, read_all};
use super::segments::{Folder, Listing, Segments};
use crate::domain::{Counter, Millis, Seq, Series};
use crate::store::rows::encode;
use crate::store::{Archive, Batch, RedbStore, Store, StoreError};

/// Rows that are written to the store in one commit of its own.
const ROWS: usize = 4_096;

/// Why a journal could not be brought back.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Journal(#[from] io::Error),
    /// The store cannot be read or written, or a later program wrote the journal.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was brought back, and what was not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The number of the last commit that the store had before.
    pub from: u64,
    /// The number of the last commit that it has now.
    pub number: u64,
    /// Commits that were brought back: one by one, or in a catch-up.
    pub commits: u64,
    /// Rows of the ledger among them.
    pub records: u64,
    /// Rows of all kinds that were written.
    pub rows: u64,
    /// When the first of them was made.
    pub first_at: Option<Millis>,
    /// When the last of them was made.
    pub last_at: Option<Millis>,
    /// What is not there, so that what is behind it does not join.
    pub missing: Option<Missing>,
    /// What is wrong with the files.
    pub flaws: Vec<Flaw>,
}

/// Commits that no frame holds, while later ones are there.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first that is missing.
    pub first: u64,
    /// The last that is missing.
    pub last: u64,
    /// When the one before them was made, or the last row of the store, where that is known.
    pub after: Option<Millis>,
    /// When the one behind them was made.
    pub before: Millis,
    /// Frames behind them, which were not brought back.
    pub behind: u64,
    /// The number of the last of those.
    pub until: u64,
    /// When that was made.
    pub until_at: Millis,
}

/// Brings back into `store` what the journal in `directory` holds of `history` behind the store's last commit.
///
/// What joins is brought back, up to the first commit that is missing; what is missing is told. Called again after it was
/// cut short, it ends as if it had not been.
///
/// # Errors
/// [`ReplayError`] where the directory cannot be read or the store not written.
pub fn replay(
    directory: &Path,
    history: u64,
    store: &mut RedbStore,
) -> Result<Replayed, ReplayError> {
    replay_from(&Folder::standing(directory.to_owned()), history, store)
}

/// As [`replay`], from segments that lie anywhere.
///
/// # Errors
/// As [`replay`].
pub fn replay_from(
    segments: &impl Segments,
    history: u64,
    store: &mut RedbStore,
) -> Result<Replayed, ReplayError> {
    let listing = Listing::of(segments)?;
    let survey = Survey::of(segments, &listing, history, store)?;
    survey.apply(segments, &listing, history, store)
}

/// What opening a store found in its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The journal holds nothing that the store does not hold.
    Even,
    /// The store had lost commits, and they were brought back.
    Forward(Replayed),
    /// The store has lost commits, and others are missing in the journal before those that are there. Nothing was done.
    Hole(Replayed),
    /// The journal tells of other commits under the same numbers. These segments were set aside.
    Apart(Vec<String>),
}

/// Holds a store that is about to be used against its journal, and brings back what it has lost.
///
/// # Errors
/// As [`replay`].
pub fn join(
    segments: &mut impl Segments,
    history: u64,
    store: &mut RedbStore,
) -> Result<Joined, ReplayError> {
    let listing = Listing::of(segments)?;
    let Some((last, _)) = last_frame(segments, &listing, history) else {
        return Ok(Joined::Even);
    };
    if last.mark.number <= store.number() {
        if agrees(store, last.mark)? {
            return Ok(Joined::Even);
        }
        return set_apart(segments, &listing, history, store);
    }
    let survey = Survey::of(segments, &listing, history, store)?;
    if survey.here.is_some_and(|agrees| !agrees) {
        return set_apart(segments, &listing, history, store);
    }
    if survey.replayed.missing.is_some() {
        return Ok(Joined::Hole(survey.replayed));
    }
    let replayed = survey.apply(segments, &listing, history, store)?;
    if store.number() != last.mark.number || !agrees(store, last.mark)? {
        let error = io::Error::other("what was brought back from the journal is not what is in it");
        return Err(StoreError::Damaged(Box::new(error)).into());
    }
    store.load()?;
    Ok(Joined::Forward(replayed))
}

/// Whether the store holds the row of the ledger that `mark` names.
fn agrees(store: &RedbStore, mark: Mark) -> Result<bool, StoreError> {
    if mark.seq == Seq(0) {
        return Ok(true);
    }
    let Some(row) = store.ledger_row(mark.seq)? else {
        return Ok(false);
    };
    let octets = encode([row.seq.0, 0, 0], &row)?;
    Ok(check_of(&octets) == mark.check)
}

/// Sets the newest segments aside as far as they tell of other commits than the store's.
fn set_apart(
    segments: &mut impl Segments,
    listing: &Listing,
    history: u64,
    store: &RedbStore,
) -> Result<Joined, ReplayError> {
    let mut listing = listing.clone();
    let mut aside = Vec::new();
    let own: Vec<_> = listing.of_history(history).collect();
    for name in own.into_iter().rev() {
        if let Some((last, _)) = last_frame(segments, &listing, history)
            && last.mark.number <= store.number()
            && agrees(store, last.mark)?
        {
            break;
        }
        segments.set_aside(&name.to_string())?;
        listing.segments.retain(|(other, _)| *other != name);
        aside.push(name.to_string());
    }
    aside.reverse();
    Ok(Joined::Apart(aside))
}

/// What of a journal joins a store.
struct Survey {
    replayed: Replayed,
    /// Which frames, counted from 0.
    chosen: Vec<std::ops::RangeInclusive<u64>>,
    /// Whether the store agrees with the frame of its own last commit, where there is one.
    here: Option<bool>,
    /// The last row of the ledger that the store will have.
    seq: Seq,
    /// When the last one that it has was logged.
    logged: Option<Millis>,
    /// Up to here commits are in a catch-up that was chosen, or were there before.
    covered: u64,
}

impl Survey {
    fn of(
        segments: &impl Segments,
        listing: &Listing,
        history: u64,
        store: &RedbStore,
    ) -> Result<Self, ReplayError> {
        let number = store.number();
        let mut survey = Self {
            replayed: Replayed {
                from: number,
                number,
                ..Replayed::default()
            },
            chosen: Vec::new(),
            here: None,
            seq: store.last_seq(),
            logged: store.last_logged(),
            covered: number,
        };
        let mut flaws = Vec::new();
        let mut gathering = Gathering::default();
        let mut first_piece = 0;
        let mut index = 0;
        let mut last_name = String::new();
        let visit = |name: &str, frame: Frame, _: &[u8], flaws: &mut Vec<Flaw>| {
            let (taken, unfinished) = gathering.take(&frame);
            flaws.extend(unfinished.map(|number| Flaw::Unfinished {
                name: last_name.clone(),
                number,
            }));
            name.clone_into(&mut last_name);
            let is_first = frame.piece.is_none_or(|piece| piece.index == 0);
            if is_first {
                first_piece = index;
            }
            if taken == Taken::Whole {
                if frame.mark.number == number {
                    let agrees = agrees(store, frame.mark)?;
                    survey.here = Some(survey.here.unwrap_or(true) && agrees);
                }
                survey.take(name, &frame, first_piece..=index, flaws);
            }
            index += 1;
            Ok::<(), ReplayError>(())
        };
        read_all(segments, listing, history, &mut flaws, visit)?;
        survey.replayed.flaws = flaws;
        Ok(survey)
    }

    fn take(
        &mut self,
        name: &str,
        frame: &Frame,
        frames: std::ops::RangeInclusive<u64>,
        flaws: &mut Vec<Flaw>,
    ) {
        let (at, number) = (self.replayed.number, frame.mark.number);
        let before = number.saturating_sub(1);
        let (joins, last) = match frame.piece {
            None => (number == at + 1, before),
            // Of a very long ledger it does not hold the beginning.
            Some(piece) if piece.after > self.seq => (false, before),
            Some(piece) => (piece.from <= at, piece.from),
        };
        if number <= at {
            if frame.piece.is_none() && number > self.covered {
                let name = name.to_owned();
                flaws.push(Flaw::Doubled { name, number });
            }
            return;
        }
        if joins {
            self.replayed.number = number;
            self.replayed.first_at.get_or_insert(frame.at);
            self.replayed.last_at = Some(frame.at);
            self.replayed.missing = None;
            self.seq = frame.mark.seq;
            self.chosen.push(frames);
            if frame.piece.is_some() {
                self.covered = number;
            }
            return;
        }
        let missing = self.replayed.missing.get_or_insert(Missing {
            first: at + 1,
            last: last.max(at + 1),
            after: self.replayed.last_at.or(self.logged),
            before: frame.at,
            behind: 0,
            until: number,
            until_at: frame.at,
        });
        missing.behind += 1;
        missing.until = missing.until.max(number);
        missing.until_at = frame.at;
    }

    fn apply(
        self,
        segments: &impl Segments,
        listing: &Listing,
        history: u64,
        store: &mut RedbStore,
    ) -> Result<Replayed, ReplayError> {
        let mut replayed = self.replayed;
        let mut chosen = self.chosen.into_iter().peekable();
        let mut bringing = Bringing {
            store,
            batch: Batch::default(),
            number: replayed.from,
            pieces: Batch::default(),
            records: 0,
            rows: 0,
        };
        let mut index = 0;
        let visit = |_: &str, frame: Frame, rows: &[u8], _: &mut Vec<Flaw>| {
            while chosen.next_if(|frames| *frames.end() < index).is_some() {}
            if chosen.peek().is_some_and(|frames| frames.contains(&index)) {
                bringing.take(&frame, rows)?;
            }
            index += 1;
            Ok::<(), ReplayError>(())
        };
        read_all(segments, listing, history, &mut Vec::new(), visit)?;
        bringing.flush()?;
        replayed.commits = replayed.number - replayed.from;
        replayed.records = bringing.records;
        replayed.rows = bringing.rows;
        Ok(replayed)
    }
}

/// Writes frames to a store.
struct Bringing<'a> {
    store: &'a mut RedbStore,
    /// Commits that are to be written as one, and the number of the last of them.
    batch: Batch,
    number: u64,
    /// What a catch-up has had so far of the tables that it replaces.
    pieces: Batch,
    records: u64,
    rows: u64,
}

impl Bringing<'_> {
    fn take(&mut self, frame: &Frame, rows: &[u8]) -> Result<(), StoreError> {
        let batch = take_batch(rows).map_err(|error| match error {
            PiecesError::Row(error) => error.into(),
            PiecesError::Short | PiecesError::Kind(_) => StoreError::Damaged(Box::new(error)),
        })?;
        self.records += batch.ledger.len() as u64;
        self.rows += batch.rows() as u64;
        let Some(piece) = frame.piece else {
            if !may_merge(&self.batch, &batch) || self.batch.rows() >= ROWS {
                self.flush()?;
            }
            merge(&mut self.batch, batch);
            self.number = frame.mark.number;
            return Ok(());
        };
        if piece.index == 0 {
            self.flush()?;
            self.pieces = Batch::default();
        }
        self.take_piece(batch)?;
        if piece.is_last {
            self.end_pieces(frame.mark.number)?;
        }
        Ok(())
    }

    /// Rows that only come are written at once; the others replace all that stands there, when they are whole.
    fn take_piece(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        let last = self.store.last_seq();
        let ledger = std::mem::take(&mut batch.ledger);
        let coming = Batch {
            ledger: ledger.into_iter().filter(|row| row.seq > last).collect(),
            outbox: std::mem::take(&mut batch.outbox),
            legacy: std::mem::take(&mut batch.legacy),
            ..Batch::default()
        };
        merge(&mut self.pieces, batch);
        if coming.is_empty() {
            return Ok(());
        }
        let number = self.store.number();
        self.store.commit_as(&coming, number)
    }

    fn end_pieces(&mut self, number: u64) -> Result<(), StoreError> {
        let mut batch = std::mem::take(&mut self.pieces);
        let loaded = self.store.load()?;
        for id in loaded.alarms.into_keys() {
            batch.alarms.entry(id).or_insert(None);
        }
        for id in loaded.parts.into_keys() {
            batch.parts.entry(id).or_insert(None);
        }
        let mut forget: BTreeMap<Series, Counter> = BTreeMap::new();
        for (series, counter) in loaded.decided.into_keys() {
            if !batch.decided.contains_key(&(series, counter)) {
                let below = Counter(counter.0.saturating_add(1));
                let known = forget.entry(series).or_default();
                *known = below.max(*known);
            }
        }
        if !forget.is_empty() {
            let forgets = Batch {
                forget_below: forget,
                ..Batch::default()
            };
            let number = self.store.number();
            self.store.commit_as(&forgets, number)?;
        }
        self.number = number;
        self.store.commit_as(&batch, number)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.number == self.store.number() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.store.commit_as(&batch, self.number)
    }
}

/// Whether two commits may be written as one: what the first forgets must not take what the second decides.
fn may_merge(batch: &Batch, next: &Batch) -> bool {
    let mut decided = next.decided.keys();
    !decided.any(|(series, counter)| {
        let below = batch.forget_below.get(series);
        below.is_some_and(|below| counter < below)
    })
}

fn merge(batch: &mut Batch, next: Batch) {
    let Batch {
        ledger,
        outbox,
        decided,
        forget_below,
        employees,
        devices,
        people,
        legacy,
        alarms,
        parts,
        meta,
    } = next;
    batch.ledger.extend(ledger);
    batch.outbox.extend(outbox);
    batch.decided.extend(decided);
    for (series, below) in forget_below {
        let known = batch.forget_below.entry(series).or_default();
        *known = below.max(*known);
    }
    batch.employees.extend(employees);
    batch.devices.extend(devices);
    batch.people.extend(people);
    batch.legacy.extend(legacy);
    batch.alarms.extend(alarms);
    batch.parts.extend(parts);
    batch.meta = meta.or(batch.meta.take());
}
