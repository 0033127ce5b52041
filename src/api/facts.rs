use serde::{Deserialize, Serialize};

use crate::domain::{
    Action, AlarmId, AlarmKind, AnswerKind, Counter, DeviceId, DownCause, EmployeeId, Fingerprint,
    GatewayName, LinkFaults, Millis, Operator, OutboxId, OutboxState, PduHeader, PresenceSource,
    RefusedReason, SendError, Seq, UnreadableReason,
};

/// A line of the feed: a message that came in, or a mark that was made.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedLine {
    /// Its row in the ledger.
    pub seq: Seq,
    /// When it came in, or was made.
    pub received_at: Millis,
    /// By which gateway; `None` for a mark.
    pub gateway: Option<GatewayName>,
    /// From whom; `None` for a mark. Foreign text: made safe before it is shown.
    pub sender: Option<String>,
    /// What became of it.
    pub outcome: FeedOutcome,
    /// Came too late to change who is present.
    pub delayed: bool,
    /// The time that counts.
    pub at: Option<Millis>,
    /// Waited while the link was down.
    pub link_gap: bool,
    /// The phone's clock is off by more than the tolerance.
    pub clock_off: bool,
    /// Whose.
    pub employee: Option<EmployeeId>,
    /// The name as it is written.
    pub name: Option<String>,
    /// The device that it names.
    pub device: Option<DeviceId>,
    /// Its counter.
    pub counter: Option<Counter>,
    /// In or out.
    pub action: Option<Action>,
    /// What the phone's clock said.
    pub claimed_at: Option<Millis>,
    /// What the employee wrote, or the reason of a mark.
    pub note: String,
    /// Came in the 2023 format.
    pub weak: bool,
    /// Who marked.
    pub by: Option<Operator>,
    /// The unreadable row that was opened again.
    pub retry_of: Option<Seq>,
    /// The answer; `None` where nothing is answered.
    pub receipt: Option<ReceiptFact>,
}

/// What became of a line of the feed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FeedOutcome {
    /// A check-in that counts.
    Recorded,
    /// The same octets again.
    Duplicate,
    /// A counter that was used or is out of the window.
    Replay,
    /// Turned down.
    Refused(RefusedReason),
    /// Could not be read.
    Unreadable(UnreadableReason),
    /// Marked by hand.
    ByHand,
    /// A mark that takes another one back.
    Reversed,
    /// Brought over from another system.
    Imported,
}

/// The state of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptFact {
    /// Which entry of the outbox it is: copies of a message have the same.
    pub id: OutboxId,
    /// How far it has come.
    pub state: OutboxState,
    /// How often it was handed to the gateway.
    pub attempts: u16,
    /// The gateway's name for it.
    pub message_id: Option<String>,
}

/// One person's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonFact {
    /// Who.
    pub employee: EmployeeId,
    /// The name as it is written.
    pub name: String,
    /// The short name.
    pub short: String,
    /// In, out, …
    pub state: PersonPresence,
    /// Since when; `None` where nothing was recorded since the day started.
    pub since: Option<Millis>,
    /// When the person first came since the day started.
    pub first_in: Option<Millis>,
    /// The row that says so.
    pub seq: Option<Seq>,
    /// What kind of record says so.
    pub source: Option<PresenceSource>,
    /// By how many minutes the phone's clock is ahead (behind: negative); 0 within the tolerance.
    pub clock_off_min: i16,
    /// What the employee wrote, or the reason of a mark. Foreign text: made safe before it is shown.
    pub note: String,
    /// Team, where teams are kept.
    pub team: Option<String>,
    /// Whether check-ins are turned down.
    pub suspended: bool,
}

/// Where somebody is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PersonPresence {
    /// Here.
    In,
    /// Not here.
    Out,
}

/// A phone that was enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFact {
    /// Number of the device.
    pub device: DeviceId,
    /// Whose it is.
    pub employee: EmployeeId,
    /// The name as it is written.
    pub name: String,
    /// Whether its messages no longer count.
    pub revoked: bool,
    /// When it was enrolled.
    pub enrolled_at: Millis,
    /// The highest counter that was decided; `None` before the first.
    pub highest: Option<Counter>,
    /// By what its key is told from others.
    pub fingerprint: Fingerprint,
}

/// An entry of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxFact {
    /// Number of the entry.
    pub id: OutboxId,
    /// The row that it answers.
    pub seq: Seq,
    /// Where to.
    pub to: String,
    /// What it is.
    pub kind: AnswerKind,
    /// How far it has come.
    pub state: OutboxState,
    /// How often it was handed to the gateway.
    pub attempts: u16,
    /// Not before.
    pub next_at: Option<Millis>,
    /// The gateway's name for it.
    pub message_id: Option<String>,
    /// What went wrong last.
    pub error: Option<SendError>,
    /// By which gateway.
    pub gateway: GatewayName,
    /// When it was queued last.
    pub queued_at: Millis,
}

impl OutboxFact {
    /// How far it has come, as the line of the feed that it answers tells it.
    pub fn receipt(&self) -> ReceiptFact {
        ReceiptFact {
            id: self.id,
            state: self.state,
            attempts: self.attempts,
            message_id: self.message_id.clone(),
        }
    }

    /// Whether nothing more is to be done, by the desk or by a person: it left, or somebody gave it up.
    pub fn is_settled(&self) -> bool {
        match self.state {
            OutboxState::Sent | OutboxState::Delivered => true,
            OutboxState::Failed => self.error == Some(SendError::ByHand),
            OutboxState::Queued | OutboxState::Sending | OutboxState::Deferred => false,
        }
    }
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmFact {
    /// Number of the alarm.
    pub id: AlarmId,
    /// What it is about.
    pub kind: AlarmKind,
    /// New, seen, ended or shelved.
    pub state: AlarmState,
    /// Since when.
    pub since: Millis,
    /// When its cause ended.
    pub ended_at: Option<Millis>,
    /// Until when it is shelved.
    pub shelved_until: Option<Millis>,
    /// How often it happened.
    pub count: u32,
    /// The name of the employee that it is about.
    pub name: Option<String>,
    /// The employee that it is about.
    pub employee: Option<EmployeeId>,
    /// Who acknowledged it.
    pub seen_by: Option<Operator>,
}

/// The state of an alarm, after ISA-18.2.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AlarmState {
    /// Nobody has seen it.
    New,
    /// Seen, and still true.
    Seen,
    /// Not true any more, and not seen yet.
    Ended,
    /// Out of sight until a time that somebody set.
    Shelved,
}

/// The link of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFact {
    /// Which gateway.
    pub gateway: GatewayName,
    /// Bound or not.
    pub state: LinkState,
    /// Since when.
    pub since: Millis,
    /// The last reply time to enquire_link.
    pub reply_ms: Option<u32>,
    /// When that reply came.
    pub replied_at: Option<Millis>,
    /// submit_sm that wait for their response.
    pub in_flight: u32,
    /// How many may.
    pub window: u32,
    /// When a message came last.
    pub last_message_at: Option<Millis>,
    /// Messages that came in.
    pub received: u64,
    /// Answers that the gateway took.
    pub submitted: u64,
    /// Times that the bound link broke.
    pub drops: u64,
    /// Why it is not bound.
    pub error: Option<DownCause>,
    /// Answers that wait for this gateway.
    pub waiting: u32,
    /// What holds the next of them back; `None` where nothing waits, or it may leave now.
    pub hold: Option<Hold>,
    /// Until when it is held back, where that is known.
    pub pace_until: Option<Millis>,
    /// Unreadable messages that were counted and not kept.
    pub unreadable_over_bound: u64,
    /// Copies that were counted and not kept.
    pub copies_over_bound: u64,
    /// What went wrong with PDUs.
    pub faults: LinkFaults,
    /// When the bound link broke last, oldest first; 16 at most.
    pub breaks: Vec<Millis>,
    /// How many messages the whole hours since the last one usually bring; 0 where the link is not bound.
    pub expected: u32,
}

/// What holds the next answer of a gateway back.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// The link is not bound.
    Link,
    /// The link is not bound, and they go by another gateway as soon as that takes them.
    Round,
    /// As many wait for their response as the gateway takes at once.
    Response,
    /// The gateway said that it has too much to do.
    Rest,
    /// So many SMS a second.
    Second(u32),
    /// So many SMS in 30 minutes.
    HalfHour(u32),
    /// The gateway turned it down for now.
    Retry,
}

/// A PDU that crossed a link.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PduFact {
    /// When.
    pub at: Millis,
    /// What stands in front of it.
    pub header: PduHeader,
}

/// Whether a link works.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LinkState {
    /// Bound.
    Bound,
    /// Trying.
    Connecting,
    /// Not bound; the next try comes.
    Down,
}

/// One reply time of a link, or a break.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplySample {
    /// When the reply came, or the link broke.
    pub at: Millis,
    /// How long the reply took; `None` is a break.
    pub reply_ms: Option<u32>,
}

/// Numbers of the whole desk.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Cards.
    pub employees: u32,
    /// Who is in.
    pub present: u32,
    /// Answers that wait for link, pace or their next try.
    pub outbox_waiting: u32,
    /// Answers that were handed to a gateway and have no response yet.
    pub outbox_sending: u32,
    /// Answers that were given up and not by hand.
    pub outbox_failed: u32,
    /// When the oldest answer that is still to be sent was queued.
    pub outbox_oldest: Option<Millis>,
    /// Alarms that nobody has seen.
    pub alarms_new: u32,
}
