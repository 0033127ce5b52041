use std::collections::BTreeSet;

use super::Now;
use crate::api::Event;
use crate::domain::{EmployeeId, Entry, GatewayName, LedgerRow, LinkOrder, Millis, Seq};
use crate::store::Batch;

/// What is to be done once all rows before it are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Tell a gateway's link.
    Order(GatewayName, LinkOrder),
    /// Tell the consoles.
    Publish(u64, Box<Event>),
}

/// What has been decided and not been written yet.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) batch: Batch,
    /// Whether something waits for the disk.
    pub(super) urgent: bool,
    then: Vec<Then>,
    /// Rows that are neither messages nor marks, of which no console was told yet.
    untold: Vec<LedgerRow>,
    /// Whose state changed: many inputs of a batch may change one, and it is written once.
    touched: BTreeSet<EmployeeId>,
    /// Whether a console listens: what nobody hears is not put into words.
    is_heard: bool,
    last: Seq,
    logged_at: Millis,
    revision: u64,
}

impl Journal {
    pub(super) fn new(last: Option<&LedgerRow>) -> Self {
        Self {
            batch: Batch::default(),
            urgent: false,
            then: Vec::new(),
            untold: Vec::new(),
            touched: BTreeSet::new(),
            is_heard: true,
            last: last.map_or(Seq(0), |row| row.seq),
            logged_at: last.map_or(Millis(i64::MIN), |row| row.logged_at),
            revision: 0,
        }
    }

    /// The place that the next row will have.
    pub(super) const fn next_seq(&self) -> Seq {
        Seq(self.last.0 + 1)
    }

    /// When the newest row was written.
    pub(super) const fn newest(&self) -> Millis {
        self.logged_at
    }

    /// The last event that was published.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Adds a row to the ledger.
    pub(super) fn append(&mut self, now: Now, entry: Entry) -> &LedgerRow {
        self.last = self.next_seq();
        self.logged_at = self.logged_at.max(now.wall);
        let row = LedgerRow {
            seq: self.last,
            logged_at: self.logged_at,
            entry,
        };
        match &row.entry {
            Entry::Message(_) | Entry::Mark(_) => {}
            Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::Note(_)
            | Entry::OverBound(_) => self.untold.push(row.clone()),
        }
        self.urgent = true;
        self.batch.ledger.push_mut(row)
    }

    /// Says that an employee's state is to be written.
    pub(super) fn touch(&mut self, employee: EmployeeId) {
        self.touched.insert(employee);
    }

    /// Takes the employees whose state is to be written.
    pub(super) fn take_touched(&mut self) -> BTreeSet<EmployeeId> {
        std::mem::take(&mut self.touched)
    }

    /// Whether there is anything to be written.
    pub(super) fn has_unwritten(&self) -> bool {
        !self.touched.is_empty() || !self.batch.is_empty()
    }

    /// Says whether a console listens.
    pub(super) const fn set_heard(&mut self, is_heard: bool) {
        self.is_heard = is_heard;
    }

    /// Takes the rows that are neither messages nor marks, since they were asked for last.
    pub(super) fn take_untold(&mut self) -> Vec<LedgerRow> {
        std::mem::take(&mut self.untold)
    }

    /// A row that is not written yet.
    pub(super) fn unwritten(&self, seq: Seq) -> Option<&LedgerRow> {
        let first = self.batch.ledger.first()?.seq.0;
        let at = usize::try_from(seq.0.checked_sub(first)?).ok()?;
        self.batch.ledger.get(at)
    }

    /// Takes what is to be done. The next batch is about as long as this one.
    pub(super) fn take_then(&mut self) -> Vec<Then> {
        let next = Vec::with_capacity(self.then.len());
        std::mem::replace(&mut self.then, next)
    }

    pub(super) fn order(&mut self, gateway: &GatewayName, order: LinkOrder) {
        self.then.push(Then::Order(gateway.clone(), order));
    }

    /// Tells the consoles, where there are any. Who comes later begins with what is true then.
    pub(super) fn publish(&mut self, event: impl FnOnce() -> Event) {
        self.revision += 1;
        if self.is_heard {
            self.then
                .push(Then::Publish(self.revision, Box::new(event())));
        }
    }
}
