use serde::{Deserialize, Serialize};

use super::{AlarmId, DeviceId, DownCause, EmployeeId, GatewayName, Millis, Operator, OutboxId};

/// What an alarm is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmKind {
    /// A gateway has not been bound for more than 60 s, or refuses the login.
    LinkDown {
        /// Which.
        gateway: GatewayName,
        /// Why.
        cause: DownCause,
    },
    /// The store cannot be written: check-ins are not being taken.
    Store,
    /// Answers that were given up.
    OutboxFailed {
        /// The latest of them.
        last: OutboxId,
    },
    /// One key in two places, or a phone restored.
    TwoPlaces {
        /// The device.
        device: DeviceId,
        /// Whose it is.
        employee: EmployeeId,
    },
    /// A known number sends what its key does not open.
    Key {
        /// Whose number it is.
        employee: EmployeeId,
    },
    /// Messages of numbers that nobody here has.
    UnknownSenders,
}

impl AlarmKind {
    /// Whether `other` is the same alarm, perhaps with newer details.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::LinkDown { gateway: a, .. }, Self::LinkDown { gateway: b, .. }) => a == b,
            (Self::TwoPlaces { device: a, .. }, Self::TwoPlaces { device: b, .. }) => a == b,
            (Self::Key { employee: a }, Self::Key { employee: b }) => a == b,
            (Self::Store, Self::Store)
            | (Self::OutboxFailed { .. }, Self::OutboxFailed { .. })
            | (Self::UnknownSenders, Self::UnknownSenders) => true,
            (
                Self::LinkDown { .. }
                | Self::Store
                | Self::OutboxFailed { .. }
                | Self::TwoPlaces { .. }
                | Self::Key { .. }
                | Self::UnknownSenders,
                _,
            ) => false,
        }
    }

    /// 1 to 3, after ISA-18.2. What nobody authenticated never stands above 3.
    pub const fn priority(&self) -> u8 {
        match self {
            Self::LinkDown { .. } | Self::Store => 1,
            Self::OutboxFailed { .. } | Self::TwoPlaces { .. } => 2,
            Self::Key { .. } | Self::UnknownSenders => 3,
        }
    }

    /// The employee that it is about, where it is about one.
    pub const fn employee(&self) -> Option<EmployeeId> {
        match self {
            Self::TwoPlaces { employee, .. } | Self::Key { employee } => Some(*employee),
            Self::LinkDown { .. }
            | Self::Store
            | Self::OutboxFailed { .. }
            | Self::UnknownSenders => None,
        }
    }

    /// Whether it stays true until its cause ends; the others tell of something that happened.
    pub const fn is_condition(&self) -> bool {
        match self {
            Self::LinkDown { .. } | Self::Store => true,
            Self::OutboxFailed { .. }
            | Self::TwoPlaces { .. }
            | Self::Key { .. }
            | Self::UnknownSenders => false,
        }
    }
}

/// An alarm that was raised and not both seen and ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRow {
    /// Number of the alarm.
    pub id: AlarmId,
    /// What it is about.
    pub kind: AlarmKind,
    /// Since when.
    pub since: Millis,
    /// How often it happened since it was raised.
    pub count: u32,
    /// Who acknowledged it, and when.
    pub seen: Option<(Operator, Millis)>,
    /// When its cause ended.
    pub ended_at: Option<Millis>,
    /// Until when it is out of sight.
    pub shelved_until: Option<Millis>,
}

impl AlarmRow {
    /// How long an alarm may be out of sight.
    pub const SHELVED_MS: i64 = Millis::DAY;

    /// Whether it is out of sight at `now`. What was shelved for longer than may be was shelved by a clock that was wrong.
    pub fn is_shelved(&self, now: Millis) -> bool {
        self.shelved_until
            .is_some_and(|until| now < until && until.ms_since(now) <= Self::SHELVED_MS)
    }
}
