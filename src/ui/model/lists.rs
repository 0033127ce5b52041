use crate::domain::{AlarmId, EmployeeId, GatewayName, Millis, OutboxId, Seq};
use crate::ui::keys::Intent;

/// Where a cursor stands: on a thing, not on a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// What is selected; `None` follows the first row (of the live pane: the newest).
    pub on: Option<RowId>,
    /// The index of that row in its list, as of the last `prepare`.
    pub index: usize,
    /// The first row that is shown.
    pub top: usize,
    /// When another thing came under the cursor without a key; action keys are dead for 400 ms after.
    pub moved_at: Option<Millis>,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowId {
    /// A person.
    Person(EmployeeId),
    /// A line of the log.
    Line(Seq),
    /// An entry of the outbox.
    Outbox(OutboxId),
    /// An alarm.
    Alarm(AlarmId),
    /// A gateway.
    Gateway(GatewayName),
    /// An entry of help.
    Help(Intent),
}

/// The rows of each list, in the order in which they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// People.
    pub people: Vec<EmployeeId>,
    /// The live feed, the newest first.
    pub live: Vec<Seq>,
    /// How many lines came since it was paused.
    pub live_new: usize,
    /// Alarms, the most urgent first.
    pub alarms: Vec<AlarmId>,
    /// The outbox: what needs attention first, then the newest.
    pub outbox: Vec<OutboxId>,
    /// Gateways.
    pub links: Vec<GatewayName>,
    /// Entries of help that match.
    pub help: Vec<Intent>,
}

/// In which order people stand.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What needs attention first, then by name.
    #[default]
    Attention,
    /// By name.
    Name,
    /// Who came or went last first.
    Time,
    /// By team, then by name.
    Team,
}
