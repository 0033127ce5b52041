use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    AlarmFact, Arrivals, DeviceFact, FeedLine, LinkFact, LogLine, OutboxFact, PduFact, PersonFact,
    ReplySample, Totals, Undone,
};
use crate::domain::{
    AlarmId, Copied, CopyFault, DeviceId, Employee, EmployeeId, Examined, Millis, OutboxId,
    Outcome, Seq,
};

/// What the engine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Cards: all, or those that a command made or changed.
    Employees(Vec<Employee>),
    /// Phones: all, or the one that a command changed.
    Devices(Vec<DeviceFact>),
    /// A phone was enrolled.
    Enrolled(Enrolled),
    /// A page of the feed. `next` is where the next page goes on; `None` at the end.
    Feed {
        /// The lines, oldest first; may be empty though more follow.
        lines: Vec<FeedLine>,
        /// After which row the next page begins.
        next: Option<Seq>,
    },
    /// Who is in.
    People(Vec<PersonFact>),
    /// A page of the outbox.
    Outbox {
        /// The entries, oldest first.
        entries: Vec<OutboxFact>,
        /// After which entry the next page begins.
        next: Option<OutboxId>,
    },
    /// Alarms, the most urgent first.
    Alarms(Vec<AlarmFact>),
    /// The links of all gateways. Empty where no engine runs.
    Links(Vec<LinkFact>),
    /// A beginning for a screen.
    Snapshot(Box<Snapshot>),
    /// Alarms that were acknowledged.
    Acknowledged(Vec<AlarmId>),
    /// What a retry did.
    Retried(Vec<Retried>),
    /// A mark was made.
    Marked(Box<FeedLine>),
    /// A page of the log, the newest line first. `next` is where the next page goes on; `None` at the end.
    Log {
        /// The lines; may be empty though more follow.
        lines: Vec<LogLine>,
        /// Before which row the next page begins.
        next: Option<Seq>,
    },
    /// One person.
    Person(Box<PersonDetail>),
    /// What came in, counted; `next` as in a page.
    Arrivals {
        /// The counts of the rows that were looked at.
        arrivals: Arrivals,
        /// Up to which row was looked.
        up_to: Seq,
        /// After which row the next page begins.
        next: Option<Seq>,
    },
    /// Reply times and breaks of a link, oldest first.
    Replies(Vec<ReplySample>),
    /// A note was written.
    Noted(Box<LogLine>),
    /// An answer was given up.
    GaveUp(OutboxId),
    /// An alarm was shelved.
    Shelved(Box<AlarmFact>),
    /// Something was taken back.
    Undone(Undone),
    /// It stands in the log.
    Logged,
    /// It could not be done; nothing was changed.
    Refused(Refusal),
    /// PDUs of a link, oldest first.
    Pdus(Vec<PduFact>),
    /// A backup was made.
    BackedUp(Box<Copied>),
    /// What was found in the store.
    Examined(Box<Examined>),
}

/// What a retry did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retried {
    /// An unreadable message was opened again, with this outcome, in a new row.
    Opened {
        /// The unreadable row.
        seq: Seq,
        /// The row that says what became of it.
        now: Seq,
        /// What became of it.
        outcome: Outcome,
    },
    /// It is as unreadable as before.
    StillUnreadable(Seq),
    /// An answer was queued again.
    Requeued(OutboxId),
    /// The answer waits already.
    AlreadyQueued(OutboxId),
}

/// A phone that was enrolled. The key is shown once and cannot be asked for again; it is wiped when this is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Enrolled {
    /// Number of the device.
    #[zeroize(skip)]
    pub device: DeviceId,
    /// Whose it is.
    #[zeroize(skip)]
    pub employee: EmployeeId,
    /// The root key.
    pub root_key: [u8; 32],
}

impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Enrolled {{ device: {}, employee: {}, .. }}",
            self.device, self.employee
        )
    }
}

/// Why a request was turned down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// No such employee.
    NoEmployee(EmployeeId),
    /// No such device.
    NoDevice(DeviceId),
    /// No such row, or one that is neither a message nor a mark.
    NoRow(Seq),
    /// No such alarm.
    NoAlarm(AlarmId),
    /// Cards that cannot be: place in the list (0 for the first) and what is wrong.
    Cards(Vec<(usize, Problem)>),
    /// The device number is taken by another key or person.
    DeviceTaken(DeviceId),
    /// The row has no answer that could be sent again.
    NothingToRetry(Seq),
    /// A mark without a reason.
    NoReason,
    /// A mark in the future.
    InTheFuture,
    /// A note without text; a note or the reason of a mark over 280 characters, or with control characters.
    NoteLength,
    /// No such answer, or one that is sent already.
    NothingToGiveUp(OutboxId),
    /// An alarm is shelved until a time within the next 24 h.
    ShelveTime,
    /// This operator has done nothing within 10 min that could be taken back.
    NothingToUndo,
    /// The engine has too much to do.
    Busy,
    /// The store cannot be written.
    Store,
    /// Only the user of the engine may give it a file to write to.
    NotYours,
    /// There is a file of that name.
    FileExists,
    /// No backup was made.
    Copy(CopyFault),
    /// It was stopped, because the engine ends.
    Stopped,
}

/// What is wrong with a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// The name is empty or over 120 characters, or holds control characters.
    Name,
    /// Another card has the number.
    PhoneTaken(EmployeeId),
    /// The same number stands twice in the list.
    PhoneTwice,
    /// The short name is over 24 characters, or holds control characters.
    Short,
    /// Team or shift is over 60 characters, or holds control characters.
    Team,
}

/// All that a screen needs to begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last event that is in it.
    pub revision: u64,
    /// Version of the engine's program.
    pub version: String,
    /// Since when the engine runs.
    pub started_at: Millis,
    /// Numbers of the whole desk.
    pub totals: Totals,
    /// Who is in.
    pub people: Vec<PersonFact>,
    /// Alarms.
    pub alarms: Vec<AlarmFact>,
    /// The links.
    pub links: Vec<LinkFact>,
    /// The last entries of the outbox that are in memory, oldest first, 200 at most: those that failed before those that
    /// wait, and those before any other.
    pub outbox: Vec<OutboxFact>,
    /// The last 100 lines of the log, oldest first.
    pub log: Vec<LogLine>,
}

/// One person, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonDetail {
    /// The card.
    pub card: Employee,
    /// The state.
    pub fact: PersonFact,
    /// The phones, oldest first.
    pub devices: Vec<DeviceFact>,
}

/// What changed. Each carries the whole new fact, so that a screen that missed one needs only the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A line of the feed is new. That its receipt has come further is told as an entry of the outbox.
    Feed(FeedLine),
    /// Somebody came or went.
    Person(PersonFact),
    /// An entry of the outbox has come further.
    Outbox(OutboxFact),
    /// An alarm is new or changed.
    Alarm(AlarmFact),
    /// An alarm is over and was seen.
    AlarmGone(AlarmId),
    /// A link has changed.
    Link(LinkFact),
    /// A line of the log that is neither a message nor a mark.
    Log(LogLine),
    /// Numbers of the desk have changed; told once for all that was decided together.
    Totals(Totals),
    /// Cards have changed: ask for them again.
    Roster,
    /// This window was too slow and lost events: ask for a snapshot.
    Lost,
    /// The engine stops.
    Stopping,
}
