//! What redb's errors mean to whoever uses the store.

use std::io;

use rustix::io::Errno;

use crate::domain::{Counter, DeviceId, EmployeeId, OutboxId, Seq};
use crate::store::StoreError;
use crate::store::chunk::ChunkError;
use crate::store::rows::RowError;

/// Any error of redb, or one of our own, before it is known what was being done.
#[derive(Debug)]
pub(super) enum Fault {
    Redb(redb::Error),
    Store(StoreError),
}

macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Redb(error.into())
            }
        })*
    };
}
from_redb!(
    redb::CommitError,
    redb::DatabaseError,
    redb::SetDurabilityError,
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    io::Error
);

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ChunkError> for Fault {
    fn from(error: ChunkError) -> Self {
        Self::damaged(error)
    }
}

impl From<RowError> for Fault {
    fn from(error: RowError) -> Self {
        Self::Store(error.into())
    }
}

impl Fault {
    pub(super) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Store(StoreError::Damaged(Box::new(error)))
    }

    /// What it means while the store is opened or read.
    pub(super) fn reading(self) -> StoreError {
        self.explained(|error| {
            let of_writing = matches!(
                error.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
                    | io::ErrorKind::ReadOnlyFilesystem
            );
            // Opening writes, too. A disk that fails is no question of permissions.
            let of_writing = of_writing || error.raw_os_error() == Some(Errno::IO.raw_os_error());
            if of_writing {
                StoreError::Write(Box::new(error))
            } else {
                StoreError::Open(Box::new(error))
            }
        })
    }

    /// What it means while the store is written.
    pub(super) fn writing(self) -> StoreError {
        self.explained(|error| StoreError::Write(Box::new(error)))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "redb's list of errors is open; what is none of the others is a file that makes no sense"
    )]
    fn explained(self, of_system: impl FnOnce(io::Error) -> StoreError) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Redb(error) => error,
        };
        match error {
            redb::Error::DatabaseAlreadyOpen => StoreError::InUse,
            // redb reads past the end of a file that was cut, and calls a foreign file invalid data.
            redb::Error::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
                ) =>
            {
                StoreError::Damaged(Box::new(error))
            }
            redb::Error::Io(error) => of_system(error),
            redb::Error::PreviousIo
            | redb::Error::ValueTooLarge(_)
            | redb::Error::TransactionPoisoned
            | redb::Error::LockPoisoned(_)
            | redb::Error::DatabaseClosed => StoreError::Write(Box::new(error)),
            error => StoreError::Damaged(Box::new(error)),
        }
    }
}

/// What the store holds and cannot hold, or was given and cannot take.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error("the layout number is missing or none")]
    Layout,
    #[error("the store has layout {0}, which was never released and is not read any more")]
    OldLayout(u32),
    #[error("row {0} of the ledger is missing")]
    Hole(Seq),
    #[error("row {found} of the ledger was given where {expected} comes next")]
    NotNext { found: Seq, expected: Seq },
    #[error("row {0} of the ledger was logged before the row above it")]
    BackInTime(Seq),
    #[error("row {seq} of the ledger is not of employee {employee}")]
    Person { seq: Seq, employee: EmployeeId },
    #[error("entry {0} of the outbox stands where it cannot be")]
    Unsettled(OutboxId),
    #[error("table '{0}' has too many or too few rows")]
    Count(&'static str),
    #[error("row {1} of '{0}' stands under another number")]
    Elsewhere(&'static str, u64),
    #[error("row {1} of '{0}' is of employee {2}, who has no card")]
    NoEmployee(&'static str, u64, EmployeeId),
    #[error("row {seq} of the ledger names answer {id}, which is missing")]
    NoAnswer { seq: Seq, id: OutboxId },
    #[error(
        "entry {id} of the outbox answers row {seq} of the ledger, which is not of its employee"
    )]
    Answers { id: OutboxId, seq: Seq },
    #[error(
        "counter {counter} of device {device} was decided by row {seq} of the ledger, which does not say so"
    )]
    Decided {
        device: DeviceId,
        counter: Counter,
        seq: Seq,
    },
    #[error(
        "counter {highest} of device {device} stands in the ledger, and what was decided for it is missing"
    )]
    Forgotten { device: DeviceId, highest: Counter },
    #[error("employee {employee} has a budget of device {device}, which is not theirs")]
    Budget {
        employee: EmployeeId,
        device: DeviceId,
    },
    #[error("employee {employee} is in or out by row {seq} of the ledger, which does not say so")]
    Presence { employee: EmployeeId, seq: Seq },
    #[error("the copy is not as it was written: {0}")]
    Copy(String),
    #[error("an earlier commit failed")]
    Failed,
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        Self::damaged(wrong)
    }
}
