//! Reads single rows, pages, and what an engine needs in memory.

use std::ops::Bound;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::RedbStore;
use super::fault::{Fault, Wrong};
use super::tables::{
    ALARMS, BY_PERSON, DECIDED, DESK_KEY, DEVICES, EMPLOYEES, LEDGER, LEGACY, META, META_ROW,
    OUTBOX, PARTS, PEOPLE, UNSETTLED, legacy_key,
};
use crate::domain::{
    AlarmId, Counter, DeviceId, Digest, EmployeeId, LedgerRow, Millis, OutboxId, OutboxRow, PartId,
    Seq, Series,
};
use crate::store::rows::{Row, decode};
use crate::store::{Archive, Loaded, Meta, Store, StoreError};

impl Archive for RedbStore {
    fn ledger_row(&self, seq: Seq) -> Result<Option<LedgerRow>, StoreError> {
        self.read(|txn| row_at(&txn.open_table(LEDGER)?, seq))
    }

    fn ledger_page(&self, after: Seq, limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
        self.read(|txn| {
            let ledger = txn.open_table(LEDGER)?;
            let last = self.last.map_or(0, |(seq, _)| seq.0);
            let to = last.min(after.0.saturating_add(limit as u64));
            let mut page = Vec::new();
            let mut expected = after.0;
            for row in ledger.range((Bound::Excluded(after.0), Bound::Included(to)))? {
                let (seq, octets) = row?;
                expected += 1;
                if seq.value() != expected {
                    return Err(Wrong::Hole(Seq(expected)).into());
                }
                page.push(decode([expected, 0, 0], octets.value())?);
            }
            if expected < to {
                return Err(Wrong::Hole(Seq(expected + 1)).into());
            }
            Ok(page)
        })
    }

    fn ledger_of(
        &self,
        employee: EmployeeId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        self.read(|txn| {
            let ledger = txn.open_table(LEDGER)?;
            let by_person = txn.open_table(BY_PERSON)?;
            let from = Bound::Excluded((employee.0, after.0));
            let to = Bound::Included((employee.0, u64::MAX));
            let mut page = Vec::new();
            for entry in by_person.range((from, to))?.take(limit) {
                let seq = Seq(entry?.0.value().1);
                page.push(row_of(&ledger, seq, employee)?);
            }
            Ok(page)
        })
    }

    fn ledger_of_before(
        &self,
        employee: EmployeeId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        self.read(|txn| {
            let ledger = txn.open_table(LEDGER)?;
            let by_person = txn.open_table(BY_PERSON)?;
            let range = (employee.0, 0)..(employee.0, before.0);
            let mut page = Vec::new();
            for entry in by_person.range(range)?.rev().take(limit) {
                let seq = Seq(entry?.0.value().1);
                page.push(row_of(&ledger, seq, employee)?);
            }
            Ok(page)
        })
    }

    fn seq_before(&self, at: Millis) -> Result<Seq, StoreError> {
        self.read(|txn| {
            let ledger = txn.open_table(LEDGER)?;
            let mut before = 0;
            let mut not_before = self.last.map_or(0, |(seq, _)| seq.0) + 1;
            while not_before - before > 1 {
                let middle = Seq(before + (not_before - before) / 2);
                let row = row_at(&ledger, middle)?.ok_or(Wrong::Hole(middle))?;
                if row.logged_at < at {
                    before = middle.0;
                } else {
                    not_before = middle.0;
                }
            }
            Ok(Seq(before))
        })
    }

    fn outbox_row(&self, id: OutboxId) -> Result<Option<OutboxRow>, StoreError> {
        self.read(|txn| entry_at(&txn.open_table(OUTBOX)?, id))
    }

    fn outbox_page(&self, after: OutboxId, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(|txn| {
            let outbox = txn.open_table(OUTBOX)?;
            let mut page = Vec::new();
            for row in outbox
                .range((Bound::Excluded(after.0), Bound::Unbounded))?
                .take(limit)
            {
                let (id, octets) = row?;
                page.push(decode([id.value(), 0, 0], octets.value())?);
            }
            Ok(page)
        })
    }

    fn legacy_seen(&self, employee: EmployeeId, digest: Digest) -> Result<Option<Seq>, StoreError> {
        self.read(|txn| {
            let legacy = txn.open_table(LEGACY)?;
            let Some(octets) = legacy.get((employee.0, &digest.0))? else {
                return Ok(None);
            };
            let key = legacy_key(employee.0, &digest.0);
            Ok(Some(decode(key, octets.value())?))
        })
    }
}

/// Reads what an engine needs in memory.
pub(super) fn load(txn: &ReadTransaction) -> Result<Loaded, Fault> {
    let mut loaded = Loaded {
        last: last_row(&txn.open_table(LEDGER)?)?,
        ..Loaded::default()
    };
    for row in txn.open_table(EMPLOYEES)?.iter()? {
        let (id, octets) = row?;
        let id = id.value();
        let card = decode([id.into(), 0, 0], octets.value())?;
        loaded.employees.insert(EmployeeId(id), card);
    }
    for row in txn.open_table(DEVICES)?.iter()? {
        let (id, octets) = row?;
        let id = id.value();
        let device = decode([id.into(), 0, 0], octets.value())?;
        loaded.devices.insert(DeviceId(id), device);
    }
    for row in txn.open_table(DECIDED)?.iter()? {
        let (key, octets) = row?;
        let (device, kind, counter) = key.value();
        let row = decode([device.into(), kind.into(), counter.into()], octets.value())?;
        let device = DeviceId(device);
        let key = (Series { device, kind }, Counter(counter));
        loaded.decided.insert(key, row);
    }
    for row in txn.open_table(PEOPLE)?.iter()? {
        let (id, octets) = row?;
        let id = id.value();
        let state = decode([id.into(), 0, 0], octets.value())?;
        loaded.people.insert(EmployeeId(id), state);
    }
    for row in txn.open_table(ALARMS)?.iter()? {
        let (id, octets) = row?;
        let alarm = decode([id.value(), 0, 0], octets.value())?;
        loaded.alarms.insert(AlarmId(id.value()), alarm);
    }
    for row in txn.open_table(PARTS)?.iter()? {
        let (id, octets) = row?;
        let part = decode([id.value(), 0, 0], octets.value())?;
        loaded.parts.insert(PartId(id.value()), part);
    }
    if let Some(octets) = txn.open_table(META)?.get(DESK_KEY)? {
        loaded.meta = decode::<Meta>(META_ROW, octets.value())?;
    }
    load_outbox(txn, &mut loaded)?;
    Ok(loaded)
}

/// Reads the entries that are not settled, and the last ones of any state; holds both against each other.
fn load_outbox(txn: &ReadTransaction, loaded: &mut Loaded) -> Result<(), Fault> {
    let outbox = txn.open_table(OUTBOX)?;
    for entry in txn.open_table(UNSETTLED)?.iter()? {
        let id = OutboxId(entry?.0.value());
        match entry_at(&outbox, id)? {
            Some(row) if !row.is_settled() => loaded.outbox.insert(id, row),
            Some(_) | None => return Err(Wrong::Unsettled(id).into()),
        };
    }
    for row in outbox.iter()?.rev().take(RedbStore::RECENT_OUTBOX) {
        let (id, octets) = row?;
        let id = OutboxId(id.value());
        loaded.last_outbox = loaded.last_outbox.max(id);
        if loaded.outbox.contains_key(&id) {
            continue;
        }
        let row: OutboxRow = decode([id.0, 0, 0], octets.value())?;
        if !row.is_settled() {
            return Err(Wrong::Unsettled(id).into());
        }
        loaded.outbox.insert(id, row);
    }
    Ok(())
}

type NumberedTable = ReadOnlyTable<u64, &'static [u8]>;

fn row_at(ledger: &NumberedTable, seq: Seq) -> Result<Option<LedgerRow>, Fault> {
    at(ledger, seq.0)
}

/// A row that the list of an employee names.
fn row_of(ledger: &NumberedTable, seq: Seq, employee: EmployeeId) -> Result<LedgerRow, Fault> {
    let row = row_at(ledger, seq)?.ok_or(Wrong::Hole(seq))?;
    if row.entry.employee() != Some(employee) {
        return Err(Wrong::Person { seq, employee }.into());
    }
    Ok(row)
}

fn entry_at(outbox: &NumberedTable, id: OutboxId) -> Result<Option<OutboxRow>, Fault> {
    at(outbox, id.0)
}

fn at<R: Row>(table: &NumberedTable, number: u64) -> Result<Option<R>, Fault> {
    let Some(octets) = table.get(number)? else {
        return Ok(None);
    };
    Ok(Some(decode([number, 0, 0], octets.value())?))
}

pub(super) fn last_row(ledger: &NumberedTable) -> Result<Option<LedgerRow>, Fault> {
    let Some((seq, octets)) = ledger.last()? else {
        return Ok(None);
    };
    Ok(Some(decode([seq.value(), 0, 0], octets.value())?))
}
