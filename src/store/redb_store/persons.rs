//! Which rows of the ledger are whose.
//!
//! A row a check-in under the employee's number would scatter over the whole table. So the ledger is seen in blocks; those of
//! the block under way are known in memory, and each full block gets one row for each employee in it.

use std::collections::BTreeMap;

use redb::{ReadableTable, Table};

use super::fault::{Fault, Wrong};
use super::shelf;
use super::tables::LEDGER_ROW;
use crate::domain::{EmployeeId, LedgerRow, Seq};
use crate::store::rows::{OfPerson, RowKey, decode, encode};

/// Rows of a block: as many as are read when the store is opened, at most.
pub(super) const BLOCK: usize = 4_096;
const ROWS: u64 = BLOCK as u64;

/// Whose the rows of the block under way are.
#[derive(Debug, Default)]
pub(super) struct Persons {
    block: u64,
    of_block: Vec<Option<EmployeeId>>,
}

impl Persons {
    pub(super) fn open(
        ledger: &impl ReadableTable<(u8, u64), &'static [u8]>,
        last: Option<Seq>,
    ) -> Result<Self, Fault> {
        let rows = last.map_or(0, |last| last.0);
        let mut persons = Self {
            block: rows / ROWS,
            of_block: Vec::new(),
        };
        let mut expected = persons.block * ROWS;
        shelf::visit(ledger, LEDGER_ROW, expected + 1, |number, row| {
            expected += 1;
            if number != expected {
                return Err(Wrong::Hole(Seq(expected)).into());
            }
            let row: LedgerRow = decode([number, 0, 0], row)?;
            persons.of_block.push(row.entry.employee());
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        Ok(persons)
    }

    /// Takes note of a row; returns the block that it fills.
    pub(super) fn add(&mut self, employee: Option<EmployeeId>) -> Option<Block> {
        self.of_block.push(employee);
        if self.of_block.len() < BLOCK {
            return None;
        }
        let block = Block::new(self.block, self.of_block.drain(..));
        self.block += 1;
        Some(block)
    }

    /// The rows of `employee` after `after`, oldest first, until `visit` says that they are enough.
    pub(super) fn after(
        &self,
        by_person: &impl ReadableTable<(u32, u32), &'static [u8]>,
        employee: EmployeeId,
        after: Seq,
        mut visit: impl FnMut(Seq) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        for block in after.0 / ROWS..=self.block {
            for behind in self.rows_of(by_person, block, employee)?.0 {
                let seq = seq_of(block, behind);
                if seq > after && !visit(seq)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The same before `before`, newest first.
    pub(super) fn before(
        &self,
        by_person: &impl ReadableTable<(u32, u32), &'static [u8]>,
        employee: EmployeeId,
        before: Seq,
        mut visit: impl FnMut(Seq) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let last = self.block.min(before.0.saturating_sub(1) / ROWS);
        for block in (0..=last).rev() {
            for behind in self
                .rows_of(by_person, block, employee)?
                .0
                .into_iter()
                .rev()
            {
                let seq = seq_of(block, behind);
                if seq < before && !visit(seq)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn rows_of(
        &self,
        by_person: &impl ReadableTable<(u32, u32), &'static [u8]>,
        block: u64,
        employee: EmployeeId,
    ) -> Result<OfPerson, Fault> {
        if block == self.block {
            let of_block = self.of_block.iter().zip(0_u16..);
            let rows = of_block.filter(|(one, _)| **one == Some(employee));
            return Ok(OfPerson(rows.map(|(_, behind)| behind).collect()));
        }
        let block = number_of(block)?;
        let Some(octets) = by_person.get((block, employee.0))? else {
            return Ok(OfPerson::default());
        };
        Ok(decode(key(block, employee), octets.value())?)
    }
}

/// A full block of the ledger.
#[derive(Debug)]
pub(super) struct Block {
    number: u64,
    of_persons: BTreeMap<EmployeeId, OfPerson>,
}

impl Block {
    pub(super) fn new(number: u64, employees: impl Iterator<Item = Option<EmployeeId>>) -> Self {
        let mut of_persons: BTreeMap<_, OfPerson> = BTreeMap::new();
        for (employee, behind) in employees.zip(0_u16..) {
            if let Some(employee) = employee {
                of_persons.entry(employee).or_default().0.push(behind);
            }
        }
        Self { number, of_persons }
    }

    pub(super) fn write(
        &self,
        table: &mut Table<'_, (u32, u32), &'static [u8]>,
    ) -> Result<(), Fault> {
        let block = number_of(self.number)?;
        for (employee, rows) in &self.of_persons {
            let octets = encode(key(block, *employee), rows)?;
            table.insert((block, employee.0), octets.as_slice())?;
        }
        Ok(())
    }

    /// Holds what stands on disk against this. Returns for how many employees something should stand there.
    pub(super) fn verify(
        &self,
        by_person: &impl ReadableTable<(u32, u32), &'static [u8]>,
    ) -> Result<u64, Fault> {
        let block = number_of(self.number)?;
        for (employee, rows) in &self.of_persons {
            let octets = by_person.get((block, employee.0))?;
            let found = octets.map(|octets| decode(key(block, *employee), octets.value()));
            if found.transpose()?.as_ref() != Some(rows) {
                let seq = rows
                    .0
                    .first()
                    .map_or(Seq(0), |behind| seq_of(self.number, *behind));
                let employee = *employee;
                return Err(Wrong::Person { seq, employee }.into());
            }
        }
        Ok(self.of_persons.len() as u64)
    }
}

fn key(block: u32, employee: EmployeeId) -> RowKey {
    [block.into(), employee.0.into(), 0]
}

fn number_of(block: u64) -> Result<u32, Fault> {
    // 2^44 rows.
    u32::try_from(block).map_err(|_| Wrong::Count("by_person").into())
}

fn seq_of(block: u64, behind: u16) -> Seq {
    Seq(block * ROWS + u64::from(behind) + 1)
}
