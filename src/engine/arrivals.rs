//! What came in and when, counted from the ledger.

use super::Now;
use super::core::Engine;
use super::log::LOOKED;
use super::presence::AHEAD_MS;
use crate::api::{Arrivals, PAGE, Reply};
use crate::domain::{Action, Entry, LedgerRow, Millis, Outcome, Seq};
use crate::store::{Archive, StoreError};

/// How much of the clock a bin holds.
const BIN_MS: i64 = 10 * Millis::MINUTE;
/// The longest span: a day on which clocks are put back.
const SPAN_MS: i64 = 25 * Millis::HOUR;
/// What is written later than this after the span is not looked for: a link that was down over night brings its backlog in
/// the morning, and marks are made on the day.
const LATE_MS: i64 = Millis::DAY;

impl Engine {
    /// Counts what came in from `from` until `until`, in the rows after `after`.
    pub(super) fn arrivals(
        &self,
        now: Now,
        after: Seq,
        (from, until): (Millis, Millis),
        archive: &dyn Archive,
    ) -> Result<Reply, StoreError> {
        let until = until.min(from.plus_ms(SPAN_MS)).max(from);
        let mut up_to = after.max(archive.seq_before(from.plus_ms(-AHEAD_MS))?);
        let end = if self.is_ledger_ahead(now) {
            Seq(self.journal.next_seq().0 - 1)
        } else {
            archive.seq_before(until.plus_ms(LATE_MS))?
        };
        let mut counts = Counts::new(from, until);
        let mut looked = 0;
        while looked < LOOKED && up_to < end {
            let left = usize::try_from(end.0 - up_to.0).unwrap_or(PAGE);
            let rows = archive.ledger_page(up_to, left.min(PAGE))?;
            let Some(last) = rows.last() else { break };
            up_to = last.seq;
            looked += rows.len();
            for row in &rows {
                counts.add(row);
            }
        }
        Ok(Reply::Arrivals {
            arrivals: counts.end(),
            up_to,
            next: (up_to < end).then_some(up_to),
        })
    }
}

struct Counts {
    from: Millis,
    until: Millis,
    arrivals: Arrivals,
    /// Marks that were taken back.
    taken_back: u32,
}

impl Counts {
    fn new(from: Millis, until: Millis) -> Self {
        let bins = until
            .ms_since(from)
            .unsigned_abs()
            .div_ceil(BIN_MS.unsigned_abs());
        let bins = vec![0; usize::try_from(bins).unwrap_or(0)];
        Self {
            from,
            until,
            arrivals: Arrivals {
                bins,
                ..Arrivals::default()
            },
            taken_back: 0,
        }
    }

    /// The counts. A mark may stand in the rows of a page before that of what takes it back; they lie 10 min apart at most,
    /// so that nearly always something else was recorded in these.
    fn end(mut self) -> Arrivals {
        self.arrivals.recorded = self.arrivals.recorded.saturating_sub(self.taken_back);
        self.arrivals
    }

    fn add(&mut self, row: &LedgerRow) {
        match &row.entry {
            Entry::Message(message) => {
                let at = message.at.unwrap_or(message.received_at);
                if !self.holds(at) {
                    return;
                }
                match message.outcome {
                    Outcome::Recorded => {
                        self.arrivals.recorded += 1;
                        if message.action == Some(Action::In) {
                            self.add_to_bin(at);
                        }
                    }
                    Outcome::Duplicate => self.arrivals.copies += 1,
                    Outcome::Replay | Outcome::Refused(_) | Outcome::Unreadable(_) => {
                        self.arrivals.problems += 1;
                    }
                }
            }
            Entry::Mark(mark) if !self.holds(mark.at) => {}
            Entry::Mark(mark) => match mark.reverses {
                None => self.arrivals.recorded += 1,
                Some(_) => self.taken_back += 1,
            },
            Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::Note(_)
            | Entry::OverBound(_) => {}
        }
    }

    fn holds(&self, at: Millis) -> bool {
        self.from <= at && at < self.until
    }

    fn add_to_bin(&mut self, at: Millis) {
        let bin = usize::try_from(at.ms_since(self.from) / BIN_MS).ok();
        if let Some(count) = bin.and_then(|bin| self.arrivals.bins.get_mut(bin)) {
            *count += 1;
        }
    }
}
