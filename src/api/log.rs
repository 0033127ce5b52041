use serde::{Deserialize, Serialize};

use super::FeedLine;
use crate::domain::{
    AlarmId, DeskAct, DownCause, EmployeeId, GatewayName, Millis, Operator, OutboxId, OverBound,
    Seq,
};

/// A line of the log: any row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its row in the ledger.
    pub seq: Seq,
    /// When it was written; of a message or mark, when it came in or was made.
    pub at: Millis,
    /// What happened.
    pub what: LogWhat,
}

/// What a line of the log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogWhat {
    /// A message came in, or a mark was made.
    Feed(Box<FeedLine>),
    /// A gateway is bound.
    LinkUp {
        /// Which.
        gateway: GatewayName,
        /// Since when messages may have waited there; `None` where none may have.
        gap_from: Option<Millis>,
    },
    /// A gateway that was bound is not any more.
    LinkDown {
        /// Which.
        gateway: GatewayName,
        /// Why.
        cause: DownCause,
    },
    /// The engine started.
    EngineStarted {
        /// Version of the program.
        version: String,
        /// Until when the engine before it was surely running; `None` the first time.
        alive_until: Option<Millis>,
    },
    /// The engine stopped in order.
    EngineStopped,
    /// Somebody at a desk did something.
    Desk {
        /// Who.
        by: Operator,
        /// What.
        act: DeskAct,
        /// Whom it is about.
        employee: Option<EmployeeId>,
        /// The name as it is written.
        name: Option<String>,
    },
    /// Somebody at a desk wrote something down.
    Note {
        /// Who.
        by: Operator,
        /// Whom it is about.
        employee: Option<EmployeeId>,
        /// The name as it is written.
        name: Option<String>,
        /// The row that it is about; of a note that was taken back, its row.
        about: Option<Seq>,
        /// What; empty where the note at `about` was taken back. Foreign text: made safe before it is shown.
        text: String,
    },
    /// Messages were counted and not kept.
    OverBound(OverBound),
}

/// Kinds of lines, to choose from.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LogKind {
    /// Check-ins that count, and copies of them.
    CheckIns,
    /// Unreadable, replayed and refused messages, and those that were not kept.
    Problems,
    /// Marks, notes and all else that was done at a desk.
    Desk,
    /// Link and engine.
    Link,
}

/// Which lines of the log are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFilter {
    /// About one employee; `None` about all and nobody.
    pub employee: Option<EmployeeId>,
    /// Of one kind; `None` of all.
    pub kind: Option<LogKind>,
    /// Written at or after.
    pub from: Option<Millis>,
    /// Written before.
    pub until: Option<Millis>,
}

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undone {
    /// A mark: the line that reverses it.
    Mark(Box<FeedLine>),
    /// Alarms that count as not seen again.
    Acknowledged(Vec<AlarmId>),
    /// An alarm is not shelved any more.
    Shelved(AlarmId),
    /// An answer is queued again.
    GaveUp(OutboxId),
    /// A note: the row that is struck out.
    Note(Seq),
}

/// What came in and when, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// Check-ins "in" that count, in bins of 10 minutes from the first moment asked for, by the time that counts.
    pub bins: Vec<u32>,
    /// Check-ins that count, and marks.
    pub recorded: u32,
    /// Copies.
    pub copies: u32,
    /// Unreadable, replayed and refused messages.
    pub problems: u32,
}
