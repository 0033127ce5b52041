//! What a store holds and a journal does not, piece by piece.
//!
//! Rows that only come (of the ledger, settled entries of the outbox) are read as far as they are new; the tables that are small are written whole, and replace what stands there.

use super::frame::{Mark, Piece};
use super::pieces::check_of;
use crate::domain::{OutboxId, OutboxRow, Seq};
use crate::store::redb_store::Snapshot;
use crate::store::rows::encode;
use crate::store::{Batch, Loaded, StoreError};

/// Rows of a piece: with long notes a few MiB, which are held at once.
const ROWS: usize = 2_048;

/// How many rows of the ledger a catch-up from the beginning may have, and settled entries of the outbox.
#[derive(Copy, Clone, Debug)]
pub(super) struct Ledgers(u64);

impl Ledgers {
    /// So many octets take a row of the ledger with its answer.
    const ROW_OCTETS: u64 = 512;

    pub(super) const fn of_octets(octets: u64) -> Self {
        Self(octets / Self::ROW_OCTETS)
    }
}

/// What comes next.
#[derive(Debug)]
enum Stage {
    /// Rows of the ledger after this one.
    Ledger(Seq),
    /// Settled entries of the outbox from this one on.
    Settled(OutboxId),
    Legacy,
    Small,
}

/// A catch-up under way.
pub(super) struct CatchUp<'a> {
    snapshot: &'a Snapshot,
    stage: Stage,
    from: u64,
    after: Seq,
    settled_from: OutboxId,
    mark: Mark,
    batch: Batch,
}

impl<'a> CatchUp<'a> {
    /// From `durable` on, or from the beginning; of a very long ledger from where `most` allows.
    pub(super) fn begin(
        snapshot: &'a Snapshot,
        durable: Option<Mark>,
        most: Ledgers,
    ) -> Result<Self, StoreError> {
        let commits = snapshot.commits();
        let last = snapshot.last();
        let seq = last.map_or(Seq(0), |row| row.seq);
        let oldest = Seq(seq.0.saturating_sub(most.0));
        // A journal that is ahead of its store is no ground to build on.
        let durable = durable.filter(|mark| mark.number <= commits.number && mark.seq <= seq);
        let (from, after, settled_from) = if let Some(mark) = durable {
            let settled = commits.lowest_settled_since(mark.number);
            (mark.number, mark.seq, settled)
        } else {
            let settled = snapshot.settled().0.saturating_sub(most.0);
            (0, oldest, OutboxId(settled))
        };
        let mut mark = Mark {
            number: commits.number,
            seq,
            check: [0; 4],
        };
        if let Some(row) = last {
            mark.check = check_of(&encode([row.seq.0, 0, 0], row)?);
        }
        Ok(Self {
            snapshot,
            stage: Stage::Ledger(after),
            from,
            after,
            settled_from,
            mark,
            batch: Batch::default(),
        })
    }

    /// What a store holds after it.
    pub(super) const fn mark(&self) -> Mark {
        self.mark
    }

    /// The rows of the piece that [`CatchUp::next`] read.
    pub(super) const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Reads the next piece.
    pub(super) fn next(&mut self) -> Result<Piece, StoreError> {
        self.batch = Batch::default();
        let mut is_last = false;
        match self.stage {
            Stage::Ledger(after) => {
                self.batch.ledger = self.snapshot.ledger_page(after, ROWS)?;
                self.stage = match self.batch.ledger.last() {
                    Some(row) => Stage::Ledger(row.seq),
                    None => Stage::Settled(self.settled_from),
                };
            }
            Stage::Settled(from) => {
                let page = self.snapshot.settled_page(from, ROWS)?;
                self.stage = match page.last().and_then(|row| row.id.0.checked_add(1)) {
                    Some(next) => Stage::Settled(OutboxId(next)),
                    None => Stage::Legacy,
                };
                self.batch.outbox = by_id(page);
            }
            Stage::Legacy => {
                let legacy = &mut self.batch.legacy;
                self.snapshot.visit_legacy(|employee, digest, seq| {
                    legacy.insert((employee, digest), seq);
                })?;
                self.stage = Stage::Small;
            }
            Stage::Small => {
                self.take_small()?;
                is_last = true;
            }
        }
        Ok(Piece {
            from: self.from,
            after: self.after,
            index: 0,
            is_last,
        })
    }

    /// What is not settled, the last entries of any state, and all that an engine has in memory.
    fn take_small(&mut self) -> Result<(), StoreError> {
        let Loaded {
            employees,
            devices,
            decided,
            people,
            outbox,
            alarms,
            parts,
            meta,
            ..
        } = self.snapshot.load()?;
        self.batch = Batch {
            outbox,
            decided,
            employees,
            devices,
            people,
            alarms: alarms
                .into_iter()
                .map(|(id, row)| (id, Some(row)))
                .collect(),
            parts: parts.into_iter().map(|(id, row)| (id, Some(row))).collect(),
            meta: Some(meta),
            ..Batch::default()
        };
        Ok(())
    }
}

fn by_id(rows: Vec<OutboxRow>) -> std::collections::BTreeMap<OutboxId, OutboxRow> {
    rows.into_iter().map(|row| (row.id, row)).collect()
}
