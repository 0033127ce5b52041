//! Writes a batch.

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use super::fault::Fault;
use super::persons::Persons;
use super::read;
use super::ring::Ring;
use super::shelf::{self, Changes};
use super::tables::{
    ALARMS, BY_PERSON, COMMITS_ROW, DESK, DESK_ROW, DEVICES, EMPLOYEES, LEDGER, LEDGER_ROW, LEGACY,
    OPEN, OUTBOX, PARTS, PERSON, SETTLED, WORK, legacy_key,
};
use crate::domain::{OutboxId, Seq};
use crate::store::Batch;
use crate::store::rows::{Commits, Row, encode};

/// What is known of the tables' ends, so that a commit need not look.
#[derive(Debug)]
pub(super) struct Ends {
    persons: Persons,
    ring: Ring,
    commits: Commits,
    /// The highest entry of the outbox that is not settled, and that is, of all there ever were since the opening.
    open: OutboxId,
    settled: OutboxId,
    changes: Changes,
}

impl Ends {
    pub(super) fn open(
        ledger: &impl ReadableTable<(u8, u64), &'static [u8]>,
        outbox: &impl ReadableTable<(u8, u64), &'static [u8]>,
        work: &impl ReadableTable<(u8, u64), &'static [u8]>,
        last: Option<Seq>,
    ) -> Result<Self, Fault> {
        let id = |number, _: &[u8]| Ok(OutboxId(number));
        Ok(Self {
            persons: Persons::open(ledger, last)?,
            ring: Ring::open(work)?,
            commits: read::commits(work)?,
            open: shelf::last(work, OPEN, id)?.unwrap_or_default(),
            settled: shelf::last(outbox, SETTLED, id)?.unwrap_or_default(),
            changes: Changes::default(),
        })
    }

    pub(super) const fn persons(&self) -> &Persons {
        &self.persons
    }

    pub(super) const fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The highest entry of the outbox that is settled.
    pub(super) const fn settled(&self) -> OutboxId {
        self.settled
    }

    pub(super) const fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Writes what is in `batch` and that it is commit `number`, and opens no table that gets nothing: each that is opened
    /// costs.
    pub(super) fn write(
        &mut self,
        txn: &WriteTransaction,
        batch: &Batch,
        number: u64,
    ) -> Result<(), Fault> {
        self.commits.count(number, batch);
        self.write_ledger(txn, batch)?;
        self.write_settled(txn, batch)?;
        self.write_work(txn, batch)?;
        write_single(txn, batch)
    }

    fn write_ledger(&mut self, txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
        if batch.ledger.is_empty() {
            return Ok(());
        }
        self.changes.clear();
        for row in &batch.ledger {
            self.changes.put(row.seq.0, [row.seq.0, 0, 0], row)?;
            if let Some(block) = self.persons.add(row.entry.employee()) {
                block.write(&mut txn.open_table(BY_PERSON)?)?;
            }
        }
        self.changes.write(&mut txn.open_table(LEDGER)?, LEDGER_ROW)
    }

    /// An entry stands where all are that are settled, or where the others are.
    fn write_settled(&mut self, txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
        self.changes.clear();
        let was_settled = self.settled;
        for (id, row) in &batch.outbox {
            if row.is_settled() {
                self.changes.put(id.0, [id.0, 0, 0], row)?;
                self.settled = self.settled.max(*id);
            } else if *id <= was_settled {
                self.changes.remove(id.0);
            }
        }
        if self.changes.is_empty() {
            return Ok(());
        }
        self.changes.write(&mut txn.open_table(OUTBOX)?, SETTLED)
    }

    fn write_work(&mut self, txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
        let mut work = txn.open_table(WORK)?;
        let octets = encode(COMMITS_ROW, &self.commits)?;
        work.insert((DESK, 1), octets.as_slice())?;
        if let Some(meta) = &batch.meta {
            let octets = encode(DESK_ROW, meta)?;
            work.insert((DESK, 0), octets.as_slice())?;
        }
        self.changes.clear();
        for (id, row) in &batch.people {
            let number = id.0.into();
            self.changes.put(number, [number, 0, 0], row)?;
        }
        self.changes.write(&mut work, PERSON)?;
        self.write_open(&mut work, batch)?;
        self.ring.write(&mut work, batch, &mut self.changes)
    }

    fn write_open(
        &mut self,
        work: &mut Table<'_, (u8, u64), &'static [u8]>,
        batch: &Batch,
    ) -> Result<(), Fault> {
        self.changes.clear();
        let was_open = self.open;
        for (id, row) in &batch.outbox {
            if !row.is_settled() {
                self.changes.put(id.0, [id.0, 0, 0], row)?;
                self.open = self.open.max(*id);
            } else if *id <= was_open {
                self.changes.remove(id.0);
            }
        }
        self.changes.write(work, OPEN)
    }
}

fn write_numbered<'a, R: Row + 'a>(
    txn: &WriteTransaction,
    definition: TableDefinition<'_, u32, &'static [u8]>,
    rows: impl ExactSizeIterator<Item = (u32, &'a R)>,
) -> Result<(), Fault> {
    if rows.len() == 0 {
        return Ok(());
    }
    let mut table = txn.open_table(definition)?;
    for (id, row) in rows {
        let octets = encode([id.into(), 0, 0], row)?;
        table.insert(id, octets.as_slice())?;
    }
    Ok(())
}

fn write_single(txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
    let employees = batch.employees.iter().map(|(id, row)| (id.0, row));
    write_numbered(txn, EMPLOYEES, employees)?;
    let devices = batch.devices.iter().map(|(id, row)| (id.0, row));
    write_numbered(txn, DEVICES, devices)?;
    if !batch.legacy.is_empty() {
        let mut legacy = txn.open_table(LEGACY)?;
        for ((employee, digest), seq) in &batch.legacy {
            let octets = encode(legacy_key(employee.0, &digest.0), seq)?;
            legacy.insert((employee.0, &digest.0), octets.as_slice())?;
        }
    }
    if !batch.alarms.is_empty() {
        let alarms = batch.alarms.iter().map(|(id, row)| (id.0, row));
        write_passing(txn, ALARMS, alarms)?;
    }
    if !batch.parts.is_empty() {
        let parts = batch.parts.iter().map(|(id, row)| (id.0, row));
        write_passing(txn, PARTS, parts)?;
    }
    Ok(())
}

/// Writes rows that come and go.
fn write_passing<'a, R: Row + 'a>(
    txn: &WriteTransaction,
    definition: TableDefinition<'_, u64, &'static [u8]>,
    rows: impl Iterator<Item = (u64, &'a Option<R>)>,
) -> Result<(), Fault> {
    let mut table = txn.open_table(definition)?;
    for (id, row) in rows {
        if let Some(row) = row {
            let octets = encode([id, 0, 0], row)?;
            table.insert(id, octets.as_slice())?;
        } else {
            table.remove(id)?;
        }
    }
    Ok(())
}
