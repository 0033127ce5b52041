//! Reads single rows, pages, and what an engine needs in memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow::{Break, Continue};

use redb::{ReadTransaction, ReadableTable};

use super::RedbStore;
use super::fault::{Fault, Wrong};
use super::shelf::{self, get};
use super::tables::{
    ALARMS, BY_PERSON, COMMITS_ROW, DESK, DESK_ROW, DEVICES, EMPLOYEES, LEDGER, LEDGER_ROW, LEGACY,
    OPEN, OUTBOX, PARTS, PERSON, SETTLED, WORK, legacy_key,
};
use super::write::Ends;
use crate::domain::{
    AlarmId, DeviceId, Digest, EmployeeId, LedgerRow, Millis, OutboxId, OutboxRow, PartId, Seq,
};
use crate::store::rows::{Commits, decode};
use crate::store::{Archive, Loaded, Meta, Store, StoreError};

impl Archive for RedbStore {
    fn ledger_row(&self, seq: Seq) -> Result<Option<LedgerRow>, StoreError> {
        self.read(|txn| get(&txn.open_table(LEDGER)?, LEDGER_ROW, seq.0))
    }

    fn ledger_page(&self, after: Seq, limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
        self.read(|txn| {
            let ledger = txn.open_table(LEDGER)?;
            let last = self.last.map_or(0, |(seq, _)| seq.0);
            let to = last.min(after.0.saturating_add(limit as u64));
            let mut page = Vec::new();
            let mut expected = after.0;
            if after.0 >= to {
                return Ok(page);
            }
            shelf::visit(&ledger, LEDGER_ROW, after.0 + 1, |number, row| {
                expected += 1;
                if number != expected {
                    return Err(Wrong::Hole(Seq(expected)).into());
                }
                page.push(decode([number, 0, 0], row)?);
                Ok(if number < to { Continue(()) } else { Break(()) })
            })?;
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
            let by_person = txn.open_table(BY_PERSON)?;
            let ledger = txn.open_table(LEDGER)?;
            let mut page = Vec::new();
            let persons = self.ends.persons();
            persons.after(&by_person, employee, after, |seq| {
                if page.len() < limit {
                    page.push(row_of(&ledger, seq, employee)?);
                }
                Ok(page.len() < limit)
            })?;
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
            let by_person = txn.open_table(BY_PERSON)?;
            let ledger = txn.open_table(LEDGER)?;
            let mut page = Vec::new();
            let persons = self.ends.persons();
            persons.before(&by_person, employee, before, |seq| {
                if page.len() < limit {
                    page.push(row_of(&ledger, seq, employee)?);
                }
                Ok(page.len() < limit)
            })?;
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
                let row: Option<LedgerRow> = get(&ledger, LEDGER_ROW, middle.0)?;
                if row.ok_or(Wrong::Hole(middle))?.logged_at < at {
                    before = middle.0;
                } else {
                    not_before = middle.0;
                }
            }
            Ok(Seq(before))
        })
    }

    fn outbox_row(&self, id: OutboxId) -> Result<Option<OutboxRow>, StoreError> {
        self.read(|txn| {
            let open = get(&txn.open_table(WORK)?, OPEN, id.0)?;
            match open {
                Some(row) => Ok(Some(row)),
                None => get(&txn.open_table(OUTBOX)?, SETTLED, id.0),
            }
        })
    }

    fn outbox_page(&self, after: OutboxId, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let Some(from) = after.0.checked_add(1).filter(|_| limit > 0) else {
            return Ok(Vec::new());
        };
        self.read(|txn| {
            let mut page = entries(&txn.open_table(WORK)?, OPEN, from, limit)?;
            page.append(&mut entries(
                &txn.open_table(OUTBOX)?,
                SETTLED,
                from,
                limit,
            )?);
            Ok(page.into_values().take(limit).collect())
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
pub(super) fn load(txn: &ReadTransaction, ends: &Ends) -> Result<Loaded, Fault> {
    let ledger = txn.open_table(LEDGER)?;
    let first: Option<LedgerRow> = get(&ledger, LEDGER_ROW, 1)?;
    let mut loaded = Loaded {
        began_at: first.map(|row| row.logged_at),
        last: last_row(&ledger)?,
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
    let work = txn.open_table(WORK)?;
    if let Some(octets) = work.get((DESK, 0))? {
        loaded.meta = decode::<Meta>(DESK_ROW, octets.value())?;
    }
    shelf::visit(&work, PERSON, 0, |number, row| {
        let state = decode([number, 0, 0], row)?;
        let id = u32::try_from(number).map_err(|_| Wrong::Count("work"))?;
        loaded.people.insert(EmployeeId(id), state);
        Ok(Continue(()))
    })?;
    loaded.decided = ends.ring().load(&work)?;
    load_outbox(&txn.open_table(OUTBOX)?, &work, &mut loaded)?;
    Ok(loaded)
}

/// Reads the entries that are not settled, and the last ones of any state; none stands in both places.
fn load_outbox(
    outbox: &impl ReadableTable<(u8, u64), &'static [u8]>,
    work: &impl ReadableTable<(u8, u64), &'static [u8]>,
    loaded: &mut Loaded,
) -> Result<(), Fault> {
    loaded.outbox = entries(work, OPEN, 0, usize::MAX)?;
    let mut settled = BTreeMap::new();
    shelf::visit_back(outbox, SETTLED, |rows| {
        for row in rows {
            let (number, row) = row?;
            settled.insert(OutboxId(number), entry(SETTLED, number, row)?);
        }
        let enough = settled.len() >= RedbStore::RECENT_OUTBOX;
        Ok(if enough { Break(()) } else { Continue(()) })
    })?;
    for (id, row) in settled {
        if loaded.outbox.insert(id, row).is_some() {
            return Err(Wrong::Unsettled(id).into());
        }
    }
    let last = loaded.outbox.last_key_value();
    loaded.last_outbox = last.map(|(id, _)| *id).unwrap_or_default();
    let recent = loaded.outbox.keys().rev().nth(RedbStore::RECENT_OUTBOX - 1);
    let recent = recent.copied().unwrap_or_default();
    loaded
        .outbox
        .retain(|id, row| *id >= recent || !row.is_settled());
    Ok(())
}

/// Up to `limit` entries of one kind from `from` on.
fn entries(
    table: &impl ReadableTable<(u8, u64), &'static [u8]>,
    kind: u8,
    from: u64,
    limit: usize,
) -> Result<BTreeMap<OutboxId, OutboxRow>, Fault> {
    let mut page = BTreeMap::new();
    shelf::visit(table, kind, from, |number, row| {
        page.insert(OutboxId(number), entry(kind, number, row)?);
        Ok(if page.len() < limit {
            Continue(())
        } else {
            Break(())
        })
    })?;
    Ok(page)
}

pub(super) fn entry(kind: u8, number: u64, octets: &[u8]) -> Result<OutboxRow, Fault> {
    let row: OutboxRow = decode([number, 0, 0], octets)?;
    if row.is_settled() != (kind == SETTLED) {
        return Err(Wrong::Unsettled(OutboxId(number)).into());
    }
    Ok(row)
}

/// A row that is known to be an employee's.
fn row_of(
    ledger: &impl ReadableTable<(u8, u64), &'static [u8]>,
    seq: Seq,
    employee: EmployeeId,
) -> Result<LedgerRow, Fault> {
    let row: LedgerRow = get(ledger, LEDGER_ROW, seq.0)?.ok_or(Wrong::Hole(seq))?;
    if row.entry.employee() != Some(employee) {
        return Err(Wrong::Person { seq, employee }.into());
    }
    Ok(row)
}

/// How many commits there were: none where no row says so.
pub(super) fn commits(
    work: &impl ReadableTable<(u8, u64), &'static [u8]>,
) -> Result<Commits, Fault> {
    let octets = work.get((DESK, 1))?;
    let commits = octets.map(|octets| decode(COMMITS_ROW, octets.value()));
    Ok(commits.transpose()?.unwrap_or_default())
}

pub(super) fn last_row(
    ledger: &impl ReadableTable<(u8, u64), &'static [u8]>,
) -> Result<Option<LedgerRow>, Fault> {
    shelf::last(ledger, LEDGER_ROW, |number, row| {
        Ok(decode([number, 0, 0], row)?)
    })
}
