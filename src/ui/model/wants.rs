use std::collections::{BTreeMap, BTreeSet};

use crate::api::ReceiptFact;
use crate::domain::{EmployeeId, GatewayName, Millis, OutboxId, Seq};

/// How far answers have come since the last frame: the lines of the log that they belong to are looked for once a frame.
pub type Receipts = BTreeMap<OutboxId, ReceiptFact>;

/// What is still to be asked of the engine.
#[expect(clippy::struct_excessive_bools, reason = "each is wanted by itself")]
#[derive(Clone, Debug, Default)]
pub struct Wants {
    /// Reply times of these gateways.
    pub replies: BTreeSet<GatewayName>,
    /// When the PDUs of the link that is shown were asked for last, and of which.
    pub pdus_at: Option<(GatewayName, Millis)>,
    /// People, because cards have changed.
    pub people: bool,
    /// When people were asked for last.
    pub people_at: Option<Millis>,
    /// Who is selected, and since when: a person is asked for when the selection rests.
    pub rest: Option<(EmployeeId, Millis)>,
    /// Whether the person that is selected is to be asked for again.
    pub person: bool,
    /// Whether the lines of the log screen are of another filter, or of none.
    pub log: bool,
    /// Up to which row the lines of the log screen have what came in since.
    pub log_up_to: Seq,
    /// Up to which row a person's history has what came in since.
    pub history_up_to: Seq,
    /// A line that is to be opened once it came.
    pub line: Option<Seq>,
    /// Whether this window was connected before.
    pub was_attached: bool,
    /// When a snapshot was asked for that has not come.
    pub snapshot: Option<Millis>,
    /// After which entry the rest of the outbox that is not settled is to be asked for; `None` where all of it is here.
    pub unsettled: Option<OutboxId>,
    /// At how many entries the outbox is looked through for old ones again.
    pub outbox_limit: usize,
}

/// Which lists `prepare` has to make anew.
#[expect(clippy::struct_excessive_bools, reason = "each list is made by itself")]
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Who there is, and how they are called.
    pub names: bool,
    /// Who is in.
    pub people: bool,
    /// The log, the live feed, a person's history.
    pub log: bool,
    /// Alarms.
    pub alarms: bool,
    /// The outbox.
    pub outbox: bool,
    /// Gateways.
    pub links: bool,
    /// Help.
    pub help: bool,
    /// Whether a key changed what the lists hold, so that a row that is gone is no surprise.
    pub by_key: bool,
}

impl Dirty {
    /// All lists.
    pub const ALL: Self = Self {
        names: true,
        people: true,
        log: true,
        alarms: true,
        outbox: true,
        links: true,
        help: true,
        by_key: false,
    };
}
