use serde::{Deserialize, Serialize};

use super::{
    AlarmId, CopyFault, DeviceId, DownCause, EmployeeId, GatewayName, Millis, Operator, OutboxId,
};

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
    /// A gateway is bound, and no message came for whole hours that usually bring at least 8.
    LinkDeaf {
        /// Which.
        gateway: GatewayName,
        /// How many they usually bring.
        expected: u32,
    },
    /// A bound link broke three times in 10 min or five times in an hour.
    LinkUnstable {
        /// Which.
        gateway: GatewayName,
    },
    /// A gateway is bound, and has taken no answer for 5 min though some wait that its pace allows.
    OutboxStuck {
        /// Which.
        gateway: GatewayName,
    },
    /// There was no whole backup for too long.
    BackupOld {
        /// When the last one was made.
        last: Option<Millis>,
        /// Why the last try brought none.
        why: Option<CopyFault>,
    },
    /// The journal beside the store is not written.
    JournalStopped {
        /// Why.
        why: CopyFault,
    },
}

impl AlarmKind {
    /// Whether `other` is the same alarm, perhaps with newer details.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::LinkDown { gateway: a, .. }, Self::LinkDown { gateway: b, .. })
            | (Self::LinkDeaf { gateway: a, .. }, Self::LinkDeaf { gateway: b, .. })
            | (Self::LinkUnstable { gateway: a }, Self::LinkUnstable { gateway: b })
            | (Self::OutboxStuck { gateway: a }, Self::OutboxStuck { gateway: b }) => a == b,
            (Self::TwoPlaces { device: a, .. }, Self::TwoPlaces { device: b, .. }) => a == b,
            (Self::Key { employee: a }, Self::Key { employee: b }) => a == b,
            (Self::Store, Self::Store)
            | (Self::OutboxFailed { .. }, Self::OutboxFailed { .. })
            | (Self::UnknownSenders, Self::UnknownSenders)
            | (Self::BackupOld { .. }, Self::BackupOld { .. })
            | (Self::JournalStopped { .. }, Self::JournalStopped { .. }) => true,
            (
                Self::LinkDown { .. }
                | Self::Store
                | Self::OutboxFailed { .. }
                | Self::TwoPlaces { .. }
                | Self::Key { .. }
                | Self::UnknownSenders
                | Self::LinkDeaf { .. }
                | Self::LinkUnstable { .. }
                | Self::OutboxStuck { .. }
                | Self::BackupOld { .. }
                | Self::JournalStopped { .. },
                _,
            ) => false,
        }
    }

    /// 1 to 3, after ISA-18.2. What nobody authenticated never stands above 3.
    pub const fn priority(&self) -> u8 {
        match self {
            Self::LinkDown { .. } | Self::Store => 1,
            Self::OutboxFailed { .. }
            | Self::TwoPlaces { .. }
            | Self::LinkDeaf { .. }
            | Self::LinkUnstable { .. }
            | Self::OutboxStuck { .. } => 2,
            Self::Key { .. }
            | Self::UnknownSenders
            | Self::BackupOld { .. }
            | Self::JournalStopped { .. } => 3,
        }
    }

    /// The employee that it is about, where it is about one.
    pub const fn employee(&self) -> Option<EmployeeId> {
        match self {
            Self::TwoPlaces { employee, .. } | Self::Key { employee } => Some(*employee),
            Self::LinkDown { .. }
            | Self::Store
            | Self::OutboxFailed { .. }
            | Self::UnknownSenders
            | Self::LinkDeaf { .. }
            | Self::LinkUnstable { .. }
            | Self::OutboxStuck { .. }
            | Self::BackupOld { .. }
            | Self::JournalStopped { .. } => None,
        }
    }

    /// Whether it stays true until its cause ends; the others tell of something that happened.
    pub const fn is_condition(&self) -> bool {
        match self {
            Self::LinkDown { .. }
            | Self::Store
            | Self::LinkDeaf { .. }
            | Self::LinkUnstable { .. }
            | Self::OutboxStuck { .. }
            | Self::BackupOld { .. }
            | Self::JournalStopped { .. } => true,
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
