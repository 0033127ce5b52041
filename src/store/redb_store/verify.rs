//! Holds the whole store against itself.

use redb::{ReadableTable, ReadableTableMetadata};

use super::RedbStore;
use super::fault::Wrong;
use super::tables::{BY_PERSON, LEGACY, UNSETTLED, legacy_key};
use crate::domain::{OutboxId, Seq};
use crate::store::rows::decode;
use crate::store::{Archive, Store, StoreError};

/// How many rows are held at once.
const PAGE: usize = 1_000;

impl RedbStore {
    /// Reads every row, and holds the lists of persons and of unsettled answers against the rows.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and [`StoreError::Newer`] for the first thing that is wrong.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.load()?;
        self.verify_ledger()?;
        self.verify_outbox()?;
        self.read(|txn| {
            for row in txn.open_table(LEGACY)?.iter()? {
                let (key, octets) = row?;
                let (employee, digest) = key.value();
                decode::<Seq>(legacy_key(employee, digest), octets.value())?;
            }
            Ok(())
        })
    }

    fn verify_ledger(&self) -> Result<(), StoreError> {
        let mut after = Seq(0);
        let mut of_persons = 0;
        loop {
            let page = self.ledger_page(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            self.read(|txn| {
                let by_person = txn.open_table(BY_PERSON)?;
                for row in &page {
                    let Some(employee) = row.entry.employee() else {
                        continue;
                    };
                    of_persons += 1;
                    if by_person.get((employee.0, row.seq.0))?.is_none() {
                        let seq = row.seq;
                        return Err(Wrong::Person { seq, employee }.into());
                    }
                }
                Ok(())
            })?;
        }
        self.read(|txn| {
            if txn.open_table(BY_PERSON)?.len()? != of_persons {
                return Err(Wrong::Count("by_person").into());
            }
            Ok(())
        })
    }

    fn verify_outbox(&self) -> Result<(), StoreError> {
        let mut after = OutboxId(0);
        let mut unsettled = 0;
        loop {
            let page = self.outbox_page(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let of_page = page.iter().filter(|row| !row.is_settled());
            unsettled += of_page.count() as u64;
        }
        self.read(|txn| {
            if txn.open_table(UNSETTLED)?.len()? != unsettled {
                return Err(Wrong::Count("unsettled").into());
            }
            Ok(())
        })
    }
}
