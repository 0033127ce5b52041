use serde::{Deserialize, Serialize};

use super::{
    Action, Address, AlarmId, AlarmKind, Counter, DeviceId, Digest, DownCause, EmployeeId,
    GatewayName, Millis, OutboxId, Outcome, Seq,
};

/// Who gave a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operator {
    /// The user of the socket, as the system names it.
    pub user: String,
    /// The desk: which window it was.
    pub desk: String,
}

/// A row of the ledger. Nothing in it is ever changed or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Its place, without holes.
    pub seq: Seq,
    /// When it was written: never before the row above it, whatever the clock did.
    pub logged_at: Millis,
    /// What happened.
    pub entry: Entry,
}

/// What a row of the ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// A message came in.
    Message(Box<MessageRow>),
    /// Somebody was marked by hand.
    Mark(MarkRow),
    /// A gateway is bound.
    LinkUp {
        /// Which.
        gateway: GatewayName,
    },
    /// A gateway that was bound is not any more.
    LinkDown {
        /// Which.
        gateway: GatewayName,
        /// Why.
        cause: DownCause,
        /// When its peer was last heard.
        heard_at: Millis,
    },
    /// The engine started.
    EngineStarted {
        /// Version of the program.
        version: String,
        /// Until when the engine before it was surely running; `None` the first time.
        alive_until: Option<Millis>,
    },
    /// The engine stopped in order.
    EngineStopped {
        /// Why.
        cause: StopCause,
    },
    /// Somebody at a desk did something else.
    Desk {
        /// Who.
        by: Operator,
        /// What.
        act: DeskAct,
    },
    /// Messages were counted and not kept.
    OverBound(OverBound),
    /// Somebody at a desk wrote something down.
    Note(NoteRow),
}

impl Entry {
    /// The message, where it is one that came in.
    pub fn message(&self) -> Option<&MessageRow> {
        match self {
            Self::Message(message) => Some(message),
            Self::Mark(_)
            | Self::LinkUp { .. }
            | Self::LinkDown { .. }
            | Self::EngineStarted { .. }
            | Self::EngineStopped { .. }
            | Self::Desk { .. }
            | Self::Note(_)
            | Self::OverBound(_) => None,
        }
    }

    /// Whose message or mark it is, or about whom a note, where it is somebody's.
    pub fn employee(&self) -> Option<EmployeeId> {
        match self {
            Self::Message(message) => message.employee,
            Self::Mark(mark) => Some(mark.employee),
            Self::Note(note) => note.employee,
            Self::LinkUp { .. }
            | Self::LinkDown { .. }
            | Self::EngineStarted { .. }
            | Self::EngineStopped { .. }
            | Self::Desk { .. }
            | Self::OverBound(_) => None,
        }
    }
}

/// Why an engine stopped.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopCause {
    /// It was told to.
    Asked,
    /// A command that ran without an engine ended.
    CommandDone,
}

/// A message that came in.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// When it came: office time.
    pub received_at: Millis,
    /// By which gateway.
    pub gateway: GatewayName,
    /// From whom, as the gateway says.
    pub sender: Address,
    /// To which of our numbers.
    pub destination: Address,
    /// What was decided.
    pub outcome: Outcome,
    /// The time that counts, where it is a check-in.
    pub at: Option<Millis>,
    /// It came too late to change who is present.
    pub delayed: bool,
    /// It waited while the link was down: `at` follows the phone.
    pub link_gap: bool,
    /// The phone's clock is off by more than the tolerance.
    pub clock_off: bool,
    /// It came in the 2023 format.
    pub weak: bool,
    /// Whose it is.
    pub employee: Option<EmployeeId>,
    /// Which device it names.
    pub device: Option<DeviceId>,
    /// Its counter.
    pub counter: Option<Counter>,
    /// In or out.
    pub action: Option<Action>,
    /// What the phone's clock said.
    pub claimed_at: Option<Millis>,
    /// What the employee wrote; the whole text in the 2023 format.
    pub note: String,
    /// Which message it was.
    pub digest: Option<Digest>,
    /// The answer, where one is given.
    pub answer: Option<OutboxId>,
    /// The unreadable row that was opened again.
    pub retry_of: Option<Seq>,
    /// The octets, where it could not be read.
    pub raw: Option<RawBody>,
}

/// User data as it came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawBody {
    /// The octets without the user data header.
    pub octets: Vec<u8>,
    /// `data_coding`.
    pub data_coding: u8,
}

impl std::fmt::Debug for RawBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} octets, data_coding {:#04x}",
            self.octets.len(),
            self.data_coding
        )
    }
}

/// A mark by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRow {
    /// Who marked.
    pub by: Operator,
    /// Who was marked.
    pub employee: EmployeeId,
    /// In or out.
    pub action: Action,
    /// The time that counts.
    pub at: Millis,
    /// When it was marked.
    pub marked_at: Millis,
    /// Why.
    pub reason: String,
    /// The mark that this one takes back.
    pub reverses: Option<Seq>,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRow {
    /// Who wrote it.
    pub by: Operator,
    /// Whom it is about.
    pub employee: Option<EmployeeId>,
    /// The row that it is about.
    pub about: Option<Seq>,
    /// What; empty where it strikes another one out.
    pub text: String,
    /// The note that this one strikes out.
    pub reverses: Option<Seq>,
}

/// An act at a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeskAct {
    /// A new card.
    EmployeeAdded(EmployeeId),
    /// A card was changed.
    EmployeeEdited(EmployeeId),
    /// Check-ins are turned down from now on.
    EmployeeSuspended(EmployeeId),
    /// Check-ins count again.
    EmployeeResumed(EmployeeId),
    /// The 2023 format ended, because a sealed message opened.
    LegacyEnded(EmployeeId),
    /// A phone was enrolled.
    DeviceEnrolled(DeviceId, EmployeeId),
    /// A phone's messages no longer count.
    DeviceRevoked(DeviceId),
    /// They count again.
    DeviceUnrevoked(DeviceId),
    /// An alarm was seen.
    Acknowledged(AlarmId, AlarmKind),
    /// An answer was queued again.
    Requeued(OutboxId),
    /// An unreadable message was opened again; the row before this one says what became of it.
    Reopened(Seq),
    /// An answer was given up.
    GaveUp(OutboxId),
    /// An alarm was put out of sight until a time.
    Shelved(AlarmId, AlarmKind, Millis),
    /// That was taken back.
    Unshelved(AlarmId, AlarmKind),
    /// An acknowledgement was taken back.
    Unacknowledged(AlarmId, AlarmKind),
    /// Phone numbers were shown in full for a minute.
    NumbersShown,
}

/// How many messages were counted and not kept, in one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverBound {
    /// From when.
    pub since: Millis,
    /// Unreadable messages.
    pub unreadable: u64,
    /// Copies of messages that were decided.
    pub copies: u64,
}
