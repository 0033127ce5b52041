//! Holds the whole store against itself.

use std::ops::ControlFlow;

use redb::{ReadableTable, ReadableTableMetadata};

use super::RedbStore;
use super::fault::Wrong;
use super::persons::{BLOCK, Block};
use super::shelf;
use super::tables::{BY_PERSON, LEGACY, OPEN, OUTBOX, SETTLED, WORK, legacy_key};
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
        let mut blocks = 0;
        let mut rows = 0;
        loop {
            let page = self.ledger_page(after, BLOCK)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            if page.len() < BLOCK {
                break;
            }
            let of_block = page.iter().map(|row| row.entry.employee());
            let block = Block::new(blocks, of_block);
            blocks += 1;
            rows += self.read(|txn| block.verify(&txn.open_table(BY_PERSON)?))?;
        }
        self.read(|txn| {
            if txn.open_table(BY_PERSON)?.len()? != rows {
                return Err(Wrong::Count("by_person").into());
            }
            Ok(())
        })
    }

    /// An entry stands in one of the two places.
    fn verify_outbox(&self) -> Result<(), StoreError> {
        let mut after = OutboxId(0);
        let mut entries = 0;
        loop {
            let page = self.outbox_page(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            entries += page.len();
        }
        self.read(|txn| {
            let mut standing = 0;
            let mut count = |_, _: &[u8]| {
                standing += 1;
                Ok(ControlFlow::Continue(()))
            };
            shelf::visit(&txn.open_table(OUTBOX)?, SETTLED, 0, &mut count)?;
            shelf::visit(&txn.open_table(WORK)?, OPEN, 0, &mut count)?;
            if standing != entries {
                return Err(Wrong::Count("outbox").into());
            }
            Ok(())
        })
    }
}
