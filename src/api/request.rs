use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::LogFilter;
use crate::domain::{
    Action, AlarmId, DeviceId, EmployeeId, GatewayName, Millis, Msisdn, Operator, OutboxId, Seq,
};

/// What a console or command asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Who asks. The port sets it from the user of the socket, whatever the other end claims.
    pub by: Operator,
    /// What.
    pub ask: Ask,
}

/// The kinds of request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Changes something.
    Command(Command),
    /// Reads something.
    Query(Query),
    /// Makes a second copy, or looks the store over. The core does neither: whoever wires it does.
    Copy(CopyAsk),
}

/// What is asked beside the core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CopyAsk {
    /// Writes a backup.
    Backup {
        /// To which file of the engine's computer: an absolute path, in octets.
        path: Vec<u8>,
        /// Whether a file that is there is replaced.
        is_over: bool,
    },
    /// Looks at every row.
    Verify,
}

/// What changes the desk. Each is durable before it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// New cards: all or none.
    AddEmployees(Vec<NewEmployee>),
    /// Changes a card.
    EditEmployee(EmployeeId, CardEdit),
    /// Turns an employee's check-ins down, or takes them again.
    SetSuspended(EmployeeId, bool),
    /// Enrols a phone.
    EnrolDevice(EmployeeId, EnrolKey),
    /// Stops a phone, or lets it go on.
    SetRevoked(DeviceId, bool),
    /// Opens an unreadable message again, or queues the answer of any other again.
    Retry(Seq),
    /// Queues all failed answers again.
    RetryFailed,
    /// Has seen an alarm.
    Acknowledge(AlarmId),
    /// Has seen all alarms.
    AcknowledgeAll,
    /// Marks somebody by hand.
    Mark {
        /// Whom.
        employee: EmployeeId,
        /// In or out.
        action: Action,
        /// The time that counts; `None` is now.
        at: Option<Millis>,
        /// Why; 1 to 280 characters.
        reason: String,
    },
    /// Writes something down about a person or a row.
    Note {
        /// Whom it is about.
        employee: Option<EmployeeId>,
        /// The row that it is about.
        about: Option<Seq>,
        /// What; 1 to 280 characters.
        text: String,
    },
    /// Gives up on an answer that is not settled.
    GiveUp(OutboxId),
    /// Puts an alarm out of sight until a time, 24 h ahead at most.
    Shelve(AlarmId, Millis),
    /// Takes back the last act of this operator within 10 min: a mark, a note, an acknowledgement, a shelving, a
    /// giving up. Writes a reversal, deletes nothing.
    Undo,
    /// Says that phone numbers are shown in full for a minute, so that it stands in the log.
    ShowNumbers,
}

/// A card to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEmployee {
    /// The name as it is written; not empty.
    pub name: String,
    /// The number.
    pub phone: Msisdn,
    /// A short name; `None` is made from the name.
    pub short: Option<String>,
    /// Team.
    pub team: Option<String>,
    /// Shift.
    pub shift: Option<String>,
    /// Whether the 2023 format counts.
    pub legacy: bool,
}

/// Changes to a card; `None` leaves as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardEdit {
    /// The name.
    pub name: Option<String>,
    /// The number.
    pub phone: Option<Msisdn>,
    /// The short name.
    pub short: Option<String>,
    /// Team; an empty text removes it.
    pub team: Option<String>,
    /// Shift; an empty text removes it.
    pub shift: Option<String>,
    /// Whether the 2023 format counts.
    pub legacy: Option<bool>,
}

/// With which key a phone is enrolled. Wiped when it is dropped; Debug hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub enum EnrolKey {
    /// A new one.
    New,
    /// One that exists, under a new device number.
    Root([u8; 32]),
    /// One that exists together with its device number.
    Device(#[zeroize(skip)] DeviceId, [u8; 32]),
}

impl std::fmt::Debug for EnrolKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::New => "New",
            Self::Root(_) => "Root(..)",
            Self::Device(..) => "Device(..)",
        })
    }
}

/// What reads the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Query {
    /// All cards.
    Employees,
    /// All phones.
    Devices,
    /// Up to a page of messages and marks.
    Feed {
        /// After this row; 0 from the beginning.
        after: Seq,
        /// Received or made at or after; `None` all.
        since: Option<Millis>,
        /// Of one employee; `None` of all.
        employee: Option<EmployeeId>,
    },
    /// Up to a page of the log, the newest line first.
    Log {
        /// Before this row; `None` from the end.
        before: Option<Seq>,
        /// Which lines.
        filter: LogFilter,
    },
    /// One person: card, state, phones.
    Person(EmployeeId),
    /// Counts what came in, up to 1,024 rows at a time.
    Arrivals {
        /// After this row; 0 from the beginning of the time.
        after: Seq,
        /// From when, on the clock of the time that counts.
        from: Millis,
        /// Until when; at most 25 h later.
        until: Millis,
    },
    /// The last reply times and breaks of a link, oldest first, 240 at most.
    Replies(GatewayName),
    /// Who is in.
    People,
    /// Up to a page of the outbox.
    Outbox {
        /// After this entry; 0 from the beginning.
        after: OutboxId,
    },
    /// Alarms.
    Alarms,
    /// The links of all gateways.
    Links,
    /// All that a screen needs to begin with.
    Snapshot,
    /// The last PDUs of a link, oldest first, 50 at most.
    Pdus(GatewayName),
    /// Up to a page of those of the outbox that are not settled.
    Unsettled {
        /// After this entry; 0 from the beginning.
        after: OutboxId,
    },
}
