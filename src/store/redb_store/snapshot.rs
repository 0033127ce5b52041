//! A state of the store that stays as it is while others are written.

use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

use redb::{Database, ReadTransaction, ReadableDatabase};

use super::fault::Fault;
use super::read;
use super::shelf;
use super::tables::{Chunks, LEDGER, LEDGER_ROW, LEGACY, OUTBOX, SETTLED, WORK, legacy_key};
use super::write::Ends;
use crate::domain::{Digest, EmployeeId, LedgerRow, OutboxId, OutboxRow, Seq};
use crate::store::rows::{Commits, Row, decode};
use crate::store::{Loaded, StoreError};

/// Takes snapshots of an open store, on any thread. The file stays open as long as this lives.
#[derive(Clone)]
pub(in crate::store) struct Snapshots(Arc<Database>);

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshots")
    }
}

impl Snapshots {
    pub(super) const fn new(database: Arc<Database>) -> Self {
        Self(database)
    }

    /// The state as of the last commit.
    pub(in crate::store) fn take(&self) -> Result<Snapshot, StoreError> {
        let take = || {
            let txn = self.0.begin_read()?;
            let ledger = txn.open_table(LEDGER)?;
            let work = txn.open_table(WORK)?;
            let last = read::last_row(&ledger)?;
            let seq = last.as_ref().map(|row| row.seq);
            let ends = Ends::open(&ledger, &txn.open_table(OUTBOX)?, &work, seq)?;
            drop((ledger, work));
            Ok(Snapshot { txn, ends, last })
        };
        take().map_err(Fault::reading)
    }
}

/// A state of the store.
pub(in crate::store) struct Snapshot {
    txn: ReadTransaction,
    ends: Ends,
    last: Option<LedgerRow>,
}

impl Snapshot {
    pub(in crate::store) const fn commits(&self) -> &Commits {
        self.ends.commits()
    }

    /// The highest entry of the outbox that is settled.
    pub(in crate::store) const fn settled(&self) -> OutboxId {
        self.ends.settled()
    }

    /// The last row of the ledger.
    pub(in crate::store) const fn last(&self) -> Option<&LedgerRow> {
        self.last.as_ref()
    }

    pub(in crate::store) fn load(&self) -> Result<Loaded, StoreError> {
        read::load(&self.txn, &self.ends).map_err(Fault::reading)
    }

    /// Up to `limit` rows of the ledger after `after`.
    pub(in crate::store) fn ledger_page(
        &self,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        let from = after.0.saturating_add(1);
        self.page(LEDGER, LEDGER_ROW, from, limit)
    }

    /// Up to `limit` settled entries of the outbox from `from` on.
    pub(in crate::store) fn settled_page(
        &self,
        from: OutboxId,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.page(OUTBOX, SETTLED, from.0, limit)
    }

    fn page<R: Row>(
        &self,
        table: Chunks,
        kind: u8,
        from: u64,
        limit: usize,
    ) -> Result<Vec<R>, StoreError> {
        let read = || {
            let mut page = Vec::new();
            shelf::visit(&self.txn.open_table(table)?, kind, from, |number, row| {
                page.push(decode([number, 0, 0], row)?);
                Ok(if page.len() < limit {
                    Continue(())
                } else {
                    Break(())
                })
            })?;
            Ok(page)
        };
        read().map_err(Fault::reading)
    }

    /// Shows every text of the 2023 format that counted, with the row of the last time.
    pub(in crate::store) fn visit_legacy(
        &self,
        mut visit: impl FnMut(EmployeeId, Digest, Seq),
    ) -> Result<(), StoreError> {
        let mut read = || {
            for row in self.txn.open_table(LEGACY)?.range::<(u32, &[u8; 16])>(..)? {
                let (key, octets) = row?;
                let (employee, digest) = key.value();
                let seq = decode(legacy_key(employee, digest), octets.value())?;
                visit(EmployeeId(employee), Digest(*digest), seq);
            }
            Ok(())
        };
        read().map_err(Fault::reading)
    }
}
