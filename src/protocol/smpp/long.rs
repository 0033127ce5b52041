use std::collections::VecDeque;

use super::split::UserData;
use crate::domain::{Address, OutboxId, SubmitFault};

/// A message in several parts on its way out.
#[derive(Debug)]
pub(super) struct Long {
    pub(super) id: OutboxId,
    pub(super) to: Address,
    pub(super) from: Address,
    /// Parts that have not left.
    unsent: VecDeque<UserData>,
    /// Parts that wait for their response.
    open: usize,
    result: Result<String, SubmitFault>,
}

impl Long {
    pub(super) fn new(id: OutboxId, to: Address, from: Address, parts: Vec<UserData>) -> Self {
        Self {
            id,
            to,
            from,
            unsent: parts.into(),
            open: 0,
            result: Ok(String::new()),
        }
    }

    /// The part that leaves next.
    pub(super) fn next(&mut self) -> Option<UserData> {
        let part = self.unsent.pop_front()?;
        self.open += 1;
        Some(part)
    }

    /// Takes the response to a part. The first fault is that of the whole message, and no more of it leaves; without one,
    /// its name is that of the part that was answered last.
    pub(super) fn answered(&mut self, result: Result<String, SubmitFault>) {
        self.open = self.open.saturating_sub(1);
        if self.result.is_ok() {
            self.result = result;
        }
        if self.result.is_err() {
            self.unsent.clear();
        }
    }

    /// What became of it, once that is known.
    pub(super) fn outcome(&self) -> Option<Result<String, SubmitFault>> {
        let is_done = self.open == 0 && self.unsent.is_empty();
        is_done.then(|| self.result.clone())
    }
}
