//! The tables, and what their keys are.

use redb::{Database, Durability, TableDefinition, WriteTransaction};

use super::fault::Fault;
use crate::store::rows::{LAYOUT, RowKey};

pub(super) const LEDGER: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("ledger");
pub(super) const BY_PERSON: TableDefinition<'_, (u32, u64), ()> = TableDefinition::new("by_person");
pub(super) const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
pub(super) const UNSETTLED: TableDefinition<'_, u64, ()> = TableDefinition::new("unsettled");
pub(super) const DECIDED: TableDefinition<'_, (u32, u8, u16), &[u8]> =
    TableDefinition::new("decided");
pub(super) const EMPLOYEES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("employees");
pub(super) const DEVICES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("devices");
pub(super) const PEOPLE: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("people");
pub(super) const LEGACY: TableDefinition<'_, (u32, &[u8; 16]), &[u8]> =
    TableDefinition::new("legacy");
pub(super) const ALARMS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("alarms");
pub(super) const PARTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("parts");
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Four octets, little endian, in every layout: what an older program reads before anything else.
pub(super) const LAYOUT_KEY: &str = "layout";
pub(super) const DESK_KEY: &str = "desk";
pub(super) const META_ROW: RowKey = [0; 3];

/// Makes all tables, so that one that is missing later is damage.
pub(super) fn prepare(database: &Database) -> Result<(), Fault> {
    write_in(database, |txn| {
        txn.open_table(LEDGER)?;
        txn.open_table(BY_PERSON)?;
        txn.open_table(OUTBOX)?;
        txn.open_table(UNSETTLED)?;
        txn.open_table(DECIDED)?;
        txn.open_table(EMPLOYEES)?;
        txn.open_table(DEVICES)?;
        txn.open_table(PEOPLE)?;
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

pub(super) fn legacy_key(employee: u32, digest: &[u8; 16]) -> RowKey {
    let (halves, _) = digest.as_chunks();
    let mut key = [employee.into(), 0, 0];
    for (number, half) in key.iter_mut().skip(1).zip(halves) {
        *number = u64::from_le_bytes(*half);
    }
    key
}
