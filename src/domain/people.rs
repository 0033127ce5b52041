use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Action, Counter, DeviceId, Digest, EmployeeId, Millis, Msisdn, Operator, OutboxId, Seq,
};

/// An employee's card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employee {
    /// Number of the card.
    pub id: EmployeeId,
    /// The name as it is written, in any script.
    pub name: String,
    /// A short name for tables.
    pub short: String,
    /// The number on the card.
    pub phone: Msisdn,
    /// Team, where teams are kept.
    pub team: Option<String>,
    /// Name of the shift, where shifts are kept.
    pub shift: Option<String>,
    /// Whether messages in the 2023 format count.
    pub legacy: bool,
    /// Whether check-ins are turned down.
    pub suspended: bool,
}

/// A phone that was enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Number of the device.
    pub id: DeviceId,
    /// Whose it is.
    pub employee: EmployeeId,
    /// When it was enrolled.
    pub enrolled_at: Millis,
    /// Who enrolled it.
    pub enrolled_by: Operator,
    /// Whether its messages no longer count.
    pub revoked: bool,
    /// The root key, sealed under the store key: nonce 12, ciphertext 32, tag 16.
    pub sealed_key: Vec<u8>,
}

/// A series of counters: each device counts each kind of message by itself.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Series {
    /// The device.
    pub device: DeviceId,
    /// The kind of message: the low half of an envelope's first octet.
    pub kind: u8,
}

/// What was decided for one counter of one series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedRow {
    /// Which message it was.
    pub digest: Digest,
    /// The row that says so.
    pub seq: Seq,
    /// The answer, where one is given.
    pub answer: Option<OutboxId>,
    /// How many copies of it were kept as rows of their own.
    pub copies: u16,
}

/// What gave an employee's present state.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PresenceSource {
    /// A sealed check-in.
    Sealed,
    /// The 2023 format.
    Weak,
    /// A mark by hand.
    ByHand,
}

/// The record by which an employee is in or out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// In or out.
    pub action: Action,
    /// Since when: the time that counts.
    pub at: Millis,
    /// The row that says so.
    pub seq: Seq,
    /// Device and counter, for a sealed check-in.
    pub device: Option<(DeviceId, Counter)>,
    /// What kind of record it is.
    pub source: PresenceSource,
    /// What the employee wrote, or the reason of a mark: its first [`Presence::NOTE`] characters; empty for the 2023
    /// format, which has no field for it.
    pub note: String,
    /// By how many minutes the phone's clock is ahead (behind: negative); 0 within the tolerance.
    pub clock_off_min: i16,
}

impl Presence {
    /// Characters of a note that are kept with a presence: what a line on a screen has room for.
    pub const NOTE: usize = 60;

    /// The beginning of a note or reason, as long as a presence keeps it.
    pub fn note_of(text: &str) -> String {
        text.chars().take(Self::NOTE).collect()
    }
}

/// What a device has used up of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayBudget {
    /// Days since 1970-01-01 in the site's time zone.
    pub day: i32,
    /// Check-ins that were recorded.
    pub attendance: u16,
    /// Repeats and refusals that were answered.
    pub repeats: u16,
}

/// What changes with an employee's every check-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonState {
    /// Whose it is.
    pub employee: EmployeeId,
    /// The latest record that counts.
    pub presence: Option<Presence>,
    /// When the person first came, on the last day on which they did.
    pub first_in: Option<Millis>,
    /// The budget of each device; `None` is the 2023 format.
    pub budgets: BTreeMap<Option<DeviceId>, DayBudget>,
}

impl PersonState {
    /// A state in which nothing has happened.
    pub const fn new(employee: EmployeeId) -> Self {
        Self {
            employee,
            presence: None,
            first_in: None,
            budgets: BTreeMap::new(),
        }
    }
}
