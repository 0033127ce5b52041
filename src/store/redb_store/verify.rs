//! Holds the whole store against itself.

use std::ops::ControlFlow;

use super::RedbStore;
use super::examine::{Depth, examine};
use crate::store::{Store, StoreError};

impl RedbStore {
    /// Reads every row, and holds the lists of persons and of unsettled answers against the rows. What rows say of other rows
    /// is left to [`Copier::examine`](super::Copier::examine).
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and [`StoreError::Newer`] for the first thing that is wrong.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.load()?;
        let goes_on = &mut |_, _| ControlFlow::Continue(());
        match self.read(|txn| examine(txn, Depth::Rows, goes_on))? {
            (_, Some(wrong)) => Err(wrong),
            (_, None) => Ok(()),
        }
    }
}
