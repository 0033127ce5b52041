use serde::{Deserialize, Serialize};

use super::{Millis, Seq};

/// What is told of the desk's second copies: backups, and the journal beside the store.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CopyEvent {
    /// A backup is whole and has its name.
    BackedUp {
        /// What the store held then is in it.
        at: Millis,
    },
    /// A backup was not made.
    BackupFailed {
        /// Why.
        why: CopyFault,
    },
    /// The journal is not written any more.
    JournalStopped {
        /// Why.
        why: CopyFault,
    },
    /// The journal is written, or none is wanted.
    JournalGoes,
}

/// Why a copy could not be written.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CopyFault {
    /// The disk or its quota is full.
    NoRoom,
    /// The engine's user may not write there, or nobody may.
    NotPermitted,
    /// The directory is not there: a disk that is not plugged in.
    NotThere,
    /// The disk fails.
    Failed,
    /// What was to be copied, or what was copied, is damaged.
    Damaged,
}

impl CopyFault {
    /// What an error of the system is.
    pub fn of_system(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the system's list of errors is open; what is none of the others is a disk that fails"
        )]
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::NoRoom
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::NotPermitted,
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::NotThere,
            _ => Self::Failed,
        }
    }
}

/// How many rows of each kind a store holds.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCounts {
    /// Of the ledger.
    pub ledger: u64,
    /// Of the outbox.
    pub outbox: u64,
    /// Decisions for counters that are remembered.
    pub decisions: u64,
    /// States of employees.
    pub people: u64,
    /// Cards.
    pub employees: u64,
    /// Phones.
    pub devices: u64,
    /// Messages of the 2023 format that counted.
    pub legacy: u64,
    /// Alarms.
    pub alarms: u64,
    /// Parts that wait for the others of their message.
    pub parts: u64,
    /// Lists of whose the rows of the ledger are.
    pub lists: u64,
}

/// What was found in a store whose every row was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examined {
    /// What it holds.
    pub counts: StoreCounts,
    /// The last row of the ledger, and when it was logged.
    pub last: Option<(Seq, Millis)>,
    /// What was in the store then is in this copy of it; `None` where it is none.
    pub copied_at: Option<Millis>,
    /// What is wrong, as the store says it: the first [`Examined::FAULTS`].
    pub faults: Vec<String>,
    /// How much more is wrong.
    pub more_faults: u64,
}

impl Examined {
    /// How many faults are told.
    pub const FAULTS: usize = 20;
}

/// A backup that was made.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// What the store held then is in it.
    pub at: Millis,
    /// The last row of the ledger in it, and when it was logged.
    pub last: Option<(Seq, Millis)>,
    /// How many rows it holds.
    pub counts: StoreCounts,
    /// How long the file is, in octets.
    pub octets: u64,
}
