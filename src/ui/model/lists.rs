use std::collections::BTreeMap;

use super::PersonMark;
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
    /// What stood under the cursor when a frame was drawn last: what keys act on.
    pub shown: Option<RowId>,
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
    /// The lines of the log screen that match, the newest first: [`crate::ui::Model::line_of`] has them.
    pub log: Vec<Seq>,
    /// The history of the person that is open, the newest first.
    pub history: Vec<Seq>,
    /// When half of those who came today had come: the median of their first arrivals.
    pub median: Option<Millis>,
    /// People with an alarm of their own that is not shelved.
    pub alarmed: BTreeMap<EmployeeId, PersonMark>,
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
