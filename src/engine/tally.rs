use std::collections::BTreeSet;

use crate::domain::{OutboxId, OutboxRow, OutboxState, SendError};

/// How many entries of the outbox are how far, kept up as they change: they are told with every change.
#[derive(Debug, Default)]
pub(super) struct Tally {
    waiting: usize,
    sending: usize,
    /// Given up, and not by hand.
    failed: BTreeSet<OutboxId>,
}

impl Tally {
    /// Counts an entry.
    pub(super) fn add(&mut self, row: &OutboxRow) {
        match row.state {
            OutboxState::Queued | OutboxState::Deferred => self.waiting += 1,
            OutboxState::Sending => self.sending += 1,
            OutboxState::Failed if row.error != Some(SendError::ByHand) => {
                self.failed.insert(row.id);
            }
            OutboxState::Failed | OutboxState::Sent | OutboxState::Delivered => {}
        }
    }

    /// Counts an entry no more, as it was when it was added.
    pub(super) fn remove(&mut self, row: &OutboxRow) {
        match row.state {
            OutboxState::Queued | OutboxState::Deferred => self.waiting -= 1,
            OutboxState::Sending => self.sending -= 1,
            OutboxState::Failed => {
                self.failed.remove(&row.id);
            }
            OutboxState::Sent | OutboxState::Delivered => {}
        }
    }

    /// How many wait for link, pace or their next try.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many were handed to a gateway and have no response yet.
    pub(super) const fn sending(&self) -> usize {
        self.sending
    }

    /// Those that were given up, and not by hand.
    pub(super) const fn failed(&self) -> &BTreeSet<OutboxId> {
        &self.failed
    }
}
