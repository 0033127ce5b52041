//! What was decided, in the order in which it was: a row under device and counter would scatter, and with a thousand phones
//! each check-in would write a page of its own.
//!
//! New decisions come after the last. From time to time those at the beginning that still count are written after the last
//! too, and all there are removed: about a third of what stands there is forgotten already.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use redb::{ReadableTable, Table};

use super::fault::{Fault, Wrong};
use super::shelf::{self, Changes};
use super::tables::DECISION;
use crate::domain::{Counter, DecidedRow, Series};
use crate::store::Batch;
use crate::store::chunk;
use crate::store::rows::{Decision, RowKey, decode};

/// Fewer decisions are left as they are.
const LEAST: u64 = 4_096;
/// So many old decisions are looked at for a new one while they are swept.
const PACE: u64 = 4;
/// As many as a chunk holds: fewer do not bring a commit to touch the beginning.
const WORTH: u64 = 40;
/// A decision may change its place, and is checked without it; its chunk is checked with its place.
const KEY: RowKey = [0; 3];

/// What stands where.
#[derive(Debug)]
pub(super) struct Ring {
    first: u64,
    next: u64,
    /// Decisions that still counted when they were swept last.
    live: u64,
    /// The sweep under way: where it ends, how many still counted, how many are due to be looked at.
    sweep: Option<Sweep>,
    marks: OnceLock<Marks>,
}

#[derive(Debug)]
struct Sweep {
    until: u64,
    kept: u64,
    due: u64,
}

/// Below which counters of a series decisions are forgotten, and which decisions: those of lower numbers.
#[derive(Debug, Default)]
struct Marks(BTreeMap<Series, Vec<(u64, Counter)>>);

impl Marks {
    fn add(&mut self, decision: &Decision) {
        let marks = self.0.entry(series(decision)).or_default();
        marks.push((decision.number, decision.counter));
        // Newest first; an older one counts where it forgets more.
        marks.sort_unstable_by(|a, b| b.cmp(a));
        let mut most = None;
        marks.retain(|(_, below)| {
            let counts = most.is_none_or(|most| *below > most);
            most = most.max(Some(*below));
            counts
        });
    }

    fn count(&self, decision: &Decision) -> bool {
        let Some(marks) = self.0.get(&series(decision)) else {
            return true;
        };
        if decision.row.is_none() {
            return marks.contains(&(decision.number, decision.counter));
        }
        !marks
            .iter()
            .any(|(number, below)| *number > decision.number && *below > decision.counter)
    }
}

impl Ring {
    pub(super) fn open(work: &impl ReadableTable<(u8, u64), &'static [u8]>) -> Result<Self, Fault> {
        let mut first = 0;
        if let Some(chunk) = work.range((DECISION, 0)..=(DECISION, u64::MAX))?.next() {
            first = chunk?.0.value().1;
        }
        let last = shelf::last(work, DECISION, |number, _| Ok(number))?;
        let next = last.map_or(0, |last| last + 1);
        Ok(Self {
            first,
            next,
            live: (next - first) * 2 / 3,
            sweep: None,
            marks: OnceLock::new(),
        })
    }

    /// Reads what was decided and is not forgotten.
    pub(super) fn load(
        &self,
        work: &impl ReadableTable<(u8, u64), &'static [u8]>,
    ) -> Result<BTreeMap<(Series, Counter), DecidedRow>, Fault> {
        let mut decisions = read(work)?;
        let marks = self.marks.get_or_init(|| marks_of(&decisions));
        decisions.retain(|decision| marks.count(decision));
        decisions.sort_unstable_by_key(|one| (one.device, one.kind, one.counter, one.number));
        let rows = decisions
            .into_iter()
            .filter_map(|one| Some(((series(&one), one.counter), one.row?)));
        Ok(rows.collect())
    }

    /// Writes what is new, and sweeps where it is time.
    pub(super) fn write(
        &mut self,
        work: &mut Table<'_, (u8, u64), &'static [u8]>,
        batch: &Batch,
        changes: &mut Changes,
    ) -> Result<(), Fault> {
        if batch.decided.is_empty() && batch.forget_below.is_empty() {
            return Ok(());
        }
        let mut marks = match self.marks.take() {
            Some(marks) => marks,
            None => marks_of(&read(work)?),
        };
        changes.clear();
        let before = self.next;
        for ((series, counter), row) in &batch.decided {
            let decision = self.decision(*series, *counter, Some(row.clone()));
            changes.put(decision.number, KEY, &decision)?;
        }
        for (series, below) in &batch.forget_below {
            let decision = self.decision(*series, *below, None);
            changes.put(decision.number, KEY, &decision)?;
            marks.add(&decision);
        }
        self.sweep(work, &marks, self.next - before, changes)?;
        self.marks = OnceLock::from(marks);
        changes.write(work, DECISION)
    }

    fn decision(&mut self, series: Series, counter: Counter, row: Option<DecidedRow>) -> Decision {
        let number = self.next;
        self.next += 1;
        Decision {
            device: series.device,
            kind: series.kind,
            counter,
            number,
            row,
        }
    }

    fn sweep(
        &mut self,
        work: &mut Table<'_, (u8, u64), &'static [u8]>,
        marks: &Marks,
        new: u64,
        changes: &mut Changes,
    ) -> Result<(), Fault> {
        if self.sweep.is_none() && self.next - self.first >= LEAST.max(self.live / 2 * 3) {
            self.sweep = Some(Sweep {
                until: self.next - new,
                kept: 0,
                due: 0,
            });
        }
        let Some(sweep) = &mut self.sweep else {
            return Ok(());
        };
        sweep.due += new * PACE;
        while sweep.due >= WORTH && self.first < sweep.until {
            let Some(chunk) = work.range((DECISION, 0)..=(DECISION, u64::MAX))?.next() else {
                break;
            };
            let (key, octets) = chunk?;
            let first = key.value().1;
            let mut looked_at = 0;
            for row in chunk::open(DECISION, first, octets.value())? {
                let (place, row) = row?;
                looked_at += 1;
                self.first = place + 1;
                if marks.count(&decode(KEY, row)?) {
                    changes.put_octets(self.next, row);
                    self.next += 1;
                    sweep.kept += 1;
                }
            }
            drop((key, octets));
            work.remove((DECISION, first))?;
            sweep.due = sweep.due.saturating_sub(looked_at);
        }
        if self.first >= sweep.until {
            self.live = sweep.kept;
            self.sweep = None;
        }
        Ok(())
    }
}

fn series(decision: &Decision) -> Series {
    Series {
        device: decision.device,
        kind: decision.kind,
    }
}

fn marks_of(decisions: &[Decision]) -> Marks {
    let mut marks = Marks::default();
    for decision in decisions.iter().filter(|one| one.row.is_none()) {
        marks.add(decision);
    }
    marks
}

fn read(work: &impl ReadableTable<(u8, u64), &'static [u8]>) -> Result<Vec<Decision>, Fault> {
    let mut decisions = Vec::new();
    let mut expected = None;
    shelf::visit(work, DECISION, 0, |place, row| {
        // What is missing would be decided once more.
        if expected.is_some_and(|expected| place != expected) {
            return Err(Wrong::Count("work").into());
        }
        expected = place.checked_add(1);
        decisions.push(decode(KEY, row)?);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(decisions)
}
