//! The tables, and what their keys are.
//!
//! What is written once stands in tables whose keys rise, so that a commit writes to their ends only and packs them full.
//! All that is written again and again stands in one table, because each that a commit touches costs it pages.

use redb::{Database, Durability, TableDefinition, WriteTransaction};

use super::fault::Fault;
use crate::store::rows::{LAYOUT, RowKey};

/// Chunks under what is in them and the number of their first row.
pub(super) type Chunks = TableDefinition<'static, (u8, u64), &'static [u8]>;

/// Chunks of [`LEDGER_ROW`] by number.
pub(super) const LEDGER: Chunks = TableDefinition::new("ledger");
/// For each full block of the ledger and each employee, which rows of it are theirs.
pub(super) const BY_PERSON: TableDefinition<'_, (u32, u32), &[u8]> =
    TableDefinition::new("by_person");
/// Chunks of [`SETTLED`] by number.
pub(super) const OUTBOX: Chunks = TableDefinition::new("outbox");
/// What is written again and again: chunks of [`PERSON`], [`OPEN`] and [`DECISION`], and [`DESK`].
pub(super) const WORK: Chunks = TableDefinition::new("work");
pub(super) const EMPLOYEES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("employees");
pub(super) const DEVICES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("devices");
pub(super) const LEGACY: TableDefinition<'_, (u32, &[u8; 16]), &[u8]> =
    TableDefinition::new("legacy");
pub(super) const ALARMS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("alarms");
pub(super) const PARTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("parts");
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// What changes with every check-in, by number of the employee.
pub(super) const PERSON: u8 = 0;
/// Single values of the desk under 0 and the count of commits under 1: beside what is open, so that a commit writes all of
/// them in one page.
pub(super) const DESK: u8 = 1;
/// Entries of the outbox that are not settled, by number.
pub(super) const OPEN: u8 = 2;
/// Decisions by place: the last kind, so that what is added comes last in its table.
pub(super) const DECISION: u8 = 3;
/// Rows of the ledger, by number.
pub(super) const LEDGER_ROW: u8 = 4;
/// Entries of the outbox that are settled, by number.
pub(super) const SETTLED: u8 = 5;

/// Four octets, little endian, in every layout: what an older program reads before anything else.
pub(super) const LAYOUT_KEY: &str = "layout";
pub(super) const DESK_ROW: RowKey = [0; 3];
/// Beside the layout in a copy of a store, and nowhere else.
pub(super) const COPY_KEY: &str = "copy";
pub(super) const COPY_ROW: RowKey = [0; 3];
pub(super) const COMMITS_ROW: RowKey = [1, 0, 0];

/// Makes all tables, so that one that is missing later is damage.
pub(super) fn prepare(database: &Database) -> Result<(), Fault> {
    write_in(database, |txn| {
        txn.open_table(LEDGER)?;
        txn.open_table(BY_PERSON)?;
        txn.open_table(OUTBOX)?;
        txn.open_table(WORK)?;
        txn.open_table(EMPLOYEES)?;
        txn.open_table(DEVICES)?;
        txn.open_table(LEGACY)?;
        txn.open_table(ALARMS)?;
        txn.open_table(PARTS)?;
        let layout = LAYOUT.to_le_bytes();
        txn.open_table(META)?
            .insert(LAYOUT_KEY, layout.as_slice())?;
        Ok(())
    })
}

pub(super) fn write_in(
    database: &Database,
    write: impl FnOnce(&mut WriteTransaction) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut txn = database.begin_write()?;
    txn.set_durability(Durability::Immediate)?;
    write(&mut txn)?;
    Ok(txn.commit()?)
}

pub(in crate::store) fn legacy_key(employee: u32, digest: &[u8; 16]) -> RowKey {
    let (halves, _) = digest.as_chunks();
    let mut key = [employee.into(), 0, 0];
    for (number, half) in key.iter_mut().skip(1).zip(halves) {
        *number = u64::from_le_bytes(*half);
    }
    key
}

/// The digest of a key that [`legacy_key`] made.
pub(in crate::store) fn legacy_digest(key: RowKey) -> [u8; 16] {
    let mut digest = [0; 16];
    let (halves, _) = digest.as_chunks_mut();
    for (half, number) in halves.iter_mut().zip(key.into_iter().skip(1)) {
        *half = number.to_le_bytes();
    }
    digest
}
