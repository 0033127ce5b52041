//! Writes a batch.

use redb::{TableDefinition, WriteTransaction};

use super::fault::Fault;
use super::tables::{
    ALARMS, BY_PERSON, DECIDED, DESK_KEY, DEVICES, EMPLOYEES, LEDGER, LEGACY, META, META_ROW,
    OUTBOX, PARTS, PEOPLE, UNSETTLED, legacy_key,
};
use crate::store::Batch;
use crate::store::rows::{Row, encode};

/// Writes what is in `batch`, and opens no table that gets nothing: each that is opened costs.
pub(super) fn write(txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
    write_ledger(txn, batch)?;
    write_outbox(txn, batch)?;
    write_decided(txn, batch)?;
    write_people(txn, batch)?;
    write_single(txn, batch)
}

fn write_ledger(txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
    if batch.ledger.is_empty() {
        return Ok(());
    }
    let mut ledger = txn.open_table(LEDGER)?;
    for row in &batch.ledger {
        let octets = encode([row.seq.0, 0, 0], row)?;
        ledger.insert(row.seq.0, octets.as_slice())?;
    }
    let mut of_persons = batch
        .ledger
        .iter()
        .filter_map(|row| Some((row.entry.employee()?.0, row.seq.0)))
        .peekable();
    if of_persons.peek().is_some() {
        let mut by_person = txn.open_table(BY_PERSON)?;
        for key in of_persons {
            by_person.insert(key, ())?;
        }
    }
    Ok(())
}

fn write_outbox(txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
    if batch.outbox.is_empty() {
        return Ok(());
    }
    let mut outbox = txn.open_table(OUTBOX)?;
    let mut unsettled = txn.open_table(UNSETTLED)?;
    for (id, row) in &batch.outbox {
        let octets = encode([id.0, 0, 0], row)?;
        outbox.insert(id.0, octets.as_slice())?;
        if row.is_settled() {
            unsettled.remove(id.0)?;
        } else {
            unsettled.insert(id.0, ())?;
        }
    }
    Ok(())
}

fn write_decided(txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
    if batch.decided.is_empty() && batch.forget_below.is_empty() {
        return Ok(());
    }
    let mut table = txn.open_table(DECIDED)?;
    for ((series, counter), row) in &batch.decided {
        let (device, kind) = (series.device.0, series.kind);
        let octets = encode([device.into(), kind.into(), counter.0.into()], row)?;
        table.insert((device, kind, counter.0), octets.as_slice())?;
    }
    for (series, counter) in &batch.forget_below {
        let (device, kind) = (series.device.0, series.kind);
        table.retain_in((device, kind, 0)..(device, kind, counter.0), |_, _| false)?;
    }
    Ok(())
}

fn write_people(txn: &WriteTransaction, batch: &Batch) -> Result<(), Fault> {
    let employees = batch.employees.iter().map(|(id, row)| (id.0, row));
    write_numbered(txn, EMPLOYEES, employees)?;
    let devices = batch.devices.iter().map(|(id, row)| (id.0, row));
    write_numbered(txn, DEVICES, devices)?;
    let people = batch.people.iter().map(|(id, row)| (id.0, row));
    write_numbered(txn, PEOPLE, people)
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
    if let Some(meta) = &batch.meta {
        let octets = encode(META_ROW, meta)?;
        txn.open_table(META)?.insert(DESK_KEY, octets.as_slice())?;
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
