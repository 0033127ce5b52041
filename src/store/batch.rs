use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    AlarmId, AlarmRow, Counter, DecidedRow, DeviceId, DeviceRow, Digest, Employee, EmployeeId,
    GatewayName, LedgerRow, LinkFaults, Millis, OutboxId, OutboxRow, PartId, PartRow, PersonState,
    Seq, Series,
};

/// All that one commit writes. Keyed rows replace what stood under their key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// New rows of the ledger, in order, without holes.
    pub ledger: Vec<LedgerRow>,
    /// Entries of the outbox.
    pub outbox: BTreeMap<OutboxId, OutboxRow>,
    /// What was decided for counters.
    pub decided: BTreeMap<(Series, Counter), DecidedRow>,
    /// For each series: decisions for counters below this one are forgotten.
    pub forget_below: BTreeMap<Series, Counter>,
    /// Cards.
    pub employees: BTreeMap<EmployeeId, Employee>,
    /// Phones.
    pub devices: BTreeMap<DeviceId, DeviceRow>,
    /// What changes with every check-in.
    pub people: BTreeMap<EmployeeId, PersonState>,
    /// Messages of the 2023 format that counted, by the digest of their text, with the row of the last time.
    pub legacy: BTreeMap<(EmployeeId, Digest), Seq>,
    /// Alarms; `None` removes.
    pub alarms: BTreeMap<AlarmId, Option<AlarmRow>>,
    /// Parts that wait for the others of their message; `None` removes.
    pub parts: BTreeMap<PartId, Option<PartRow>>,
    /// Counters and marks of the desk.
    pub meta: Option<Meta>,
}

impl Batch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// How many rows there are, with those that go.
    pub fn rows(&self) -> usize {
        let Self {
            ledger,
            outbox,
            decided,
            forget_below,
            employees,
            devices,
            people,
            legacy,
            alarms,
            parts,
            meta,
        } = self;
        ledger.len()
            + outbox.len()
            + decided.len()
            + forget_below.len()
            + employees.len()
            + devices.len()
            + people.len()
            + legacy.len()
            + alarms.len()
            + parts.len()
            + usize::from(meta.is_some())
    }
}

/// What a gateway has done since the store was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayCounters {
    /// Messages that came in.
    pub received: u64,
    /// Answers that the gateway took.
    pub submitted: u64,
    /// Times that the bound link broke.
    pub drops: u64,
    /// When a message came last.
    pub last_message_at: Option<Millis>,
    /// Since when messages may wait at the gateway: the link broke and its backlog has not drained.
    pub gap_from: Option<Millis>,
    /// Unreadable messages that were counted and not kept.
    pub unreadable_over_bound: u64,
    /// Copies that were counted and not kept.
    pub copies_over_bound: u64,
    /// What went wrong with its PDUs.
    pub faults: LinkFaults,
    /// When the bound link broke last, oldest first; 16 at most.
    pub breaks: Vec<Millis>,
    /// What each of the 168 hours of a week, from Monday at midnight, usually brings, in sixteenths of a message; empty
    /// before the first of them was counted.
    pub usual: Vec<u16>,
}

/// Single values of the desk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// A known text sealed under the store key: shows whether a key is the right one.
    pub key_check: Vec<u8>,
    /// Until when an engine was surely running.
    pub alive_at: Option<Millis>,
    /// What was claimed before this may have counted already and been forgotten by a restore.
    pub restored_at: Option<Millis>,
    /// The highest alarm number that was given.
    pub last_alarm: AlarmId,
    /// Counters of each gateway.
    pub gateways: BTreeMap<GatewayName, GatewayCounters>,
    /// Which history the rows belong to: drawn when a store is made, and anew at each restore, because two stores that
    /// went on from one backup have different rows under the same numbers. 0 where none was drawn yet.
    pub history: u64,
    /// When the newest copy was made that is known to be whole.
    pub backed_up_at: Option<Millis>,
}

/// What an engine needs in memory when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// When the first row of the ledger was logged.
    pub began_at: Option<Millis>,
    /// The last row of the ledger.
    pub last: Option<LedgerRow>,
    /// The highest number in the outbox.
    pub last_outbox: OutboxId,
    /// All cards.
    pub employees: BTreeMap<EmployeeId, Employee>,
    /// All phones.
    pub devices: BTreeMap<DeviceId, DeviceRow>,
    /// What was decided and is remembered.
    pub decided: BTreeMap<(Series, Counter), DecidedRow>,
    /// What changes with every check-in.
    pub people: BTreeMap<EmployeeId, PersonState>,
    /// Entries of the outbox that are not settled, and the last [`Store::RECENT_OUTBOX`] of any state.
    pub outbox: BTreeMap<OutboxId, OutboxRow>,
    /// Alarms.
    pub alarms: BTreeMap<AlarmId, AlarmRow>,
    /// Parts that wait, in the order in which they came.
    pub parts: BTreeMap<PartId, PartRow>,
    /// Single values; default in a new store.
    pub meta: Meta,
}

/// Reads single rows and pages. What was committed is seen; nothing else is.
///
/// Every method fails with a [`StoreError`] where the store cannot be read or holds what it cannot hold.
pub trait Archive {
    /// The row at `seq`.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn ledger_row(&self, seq: Seq) -> Result<Option<LedgerRow>, StoreError>;

    /// Up to `limit` rows after `after`, oldest first.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn ledger_page(&self, after: Seq, limit: usize) -> Result<Vec<LedgerRow>, StoreError>;

    /// Up to `limit` rows of one employee's messages, marks and notes after `after`, oldest first.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn ledger_of(
        &self,
        employee: EmployeeId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError>;

    /// Up to `limit` rows of one employee's messages, marks and notes before `before`, newest first.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn ledger_of_before(
        &self,
        employee: EmployeeId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError>;

    /// The last row that was logged before `at`: no row at or below it was; 0 where there is none.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn seq_before(&self, at: Millis) -> Result<Seq, StoreError>;

    /// An entry of the outbox.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn outbox_row(&self, id: OutboxId) -> Result<Option<OutboxRow>, StoreError>;

    /// Up to `limit` entries of the outbox after `after`, oldest first.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn outbox_page(&self, after: OutboxId, limit: usize) -> Result<Vec<OutboxRow>, StoreError>;

    /// The row of the last time that this text of the 2023 format counted.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn legacy_seen(&self, employee: EmployeeId, digest: Digest) -> Result<Option<Seq>, StoreError>;
}

/// The store of a desk.
pub trait Store: Archive {
    /// How many entries of the outbox are loaded whatever their state: what delivery receipts may still name, and
    /// what the pace of the last 30 minutes is reckoned from.
    const RECENT_OUTBOX: usize = 2_000;

    /// Reads what an engine needs in memory.
    ///
    /// # Errors
    /// [`StoreError`] where a row cannot be read.
    fn load(&self) -> Result<Loaded, StoreError>;

    /// Writes all of `batch`, durably, or nothing of it.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be written; the store must not be used any more then.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// As [`Store::commit`], of a batch that nobody needs any more.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn commit_all(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.commit(&batch)
    }

    /// Makes the next opening after a crash fast. Called when nothing has happened for a second.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn settle(&mut self) -> Result<(), StoreError>;
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the store is in use")]
    InUse,
    /// It cannot be opened or read: permissions, a directory that is missing.
    #[error("the store cannot be opened")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is in it cannot be: bits were changed, or it is no store.
    #[error("the store is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It was written by a later version of this program.
    #[error("the store has layout {found}, this program knows {known}")]
    Newer {
        /// What the store says.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// Whoever waited for a long look at it stopped that.
    #[error("it was stopped")]
    Stopped,
    /// It cannot be written: disk full, read-only, I/O error.
    #[error("the store cannot be written")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
}
