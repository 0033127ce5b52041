use serde::{Deserialize, Serialize};

use super::{Address, DeviceId, EmployeeId, GatewayName, Millis, OutboxId, Seq, SmsBody};

/// What an outbox entry is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AnswerKind {
    /// "Recorded."
    Receipt,
    /// Any other answer.
    Refusal,
    /// A text, of a later part.
    Message,
}

/// How far an outbox entry has come.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OutboxState {
    /// Waits for link or pace.
    Queued,
    /// Handed to the gateway, no response yet. Never written to disk: after a crash it is queued.
    Sending,
    /// The gateway took it.
    Sent,
    /// Turned down for now; tried again at `next_at`.
    Deferred,
    /// A delivery receipt says that the phone has it.
    Delivered,
    /// Given up: an alarm says so, or somebody at a desk did it.
    Failed,
}

impl OutboxState {
    /// Whether something is still to be sent.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Queued | Self::Sending | Self::Deferred => true,
            Self::Sent | Self::Delivered | Self::Failed => false,
        }
    }
}

/// Who leaves first.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// First answers.
    First,
    /// Repeats and refusals.
    Repeat,
    /// Attendance beyond the day's measure.
    Excess,
}

/// Why an entry was not sent, or not delivered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SendError {
    /// The gateway's `command_status`.
    Status(u32),
    /// No response in time.
    Timeout,
    /// The link broke before the response.
    LinkLost,
    /// A delivery receipt said so: its `stat` word.
    Undelivered(String),
    /// It waited too long.
    GaveUp,
    /// Somebody at a desk gave it up.
    ByHand,
}

/// An entry of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Number of the entry.
    pub id: OutboxId,
    /// The ledger row that it answers.
    pub seq: Seq,
    /// What it is.
    pub kind: AnswerKind,
    /// To whom.
    pub employee: EmployeeId,
    /// To which device; `None` for the 2023 format.
    pub device: Option<DeviceId>,
    /// By which gateway.
    pub gateway: GatewayName,
    /// Where to, exactly as the message gave it, or the number on the card.
    pub to: Address,
    /// From which number.
    pub from: Address,
    /// The sealed answer.
    pub body: SmsBody,
    /// How many SMS it takes, the gateway's footer counted.
    pub parts: u8,
    /// Who leaves first.
    pub priority: Priority,
    /// How far it has come.
    pub state: OutboxState,
    /// How often it was handed to the gateway since it was queued last.
    pub attempts: u16,
    /// How often this message was answered in all: 1 is the first time.
    pub answered: u16,
    /// When it was queued last.
    pub queued_at: Millis,
    /// Not before; `None` as soon as link and pace allow.
    pub next_at: Option<Millis>,
    /// When the gateway took it last.
    pub sent_at: Option<Millis>,
    /// The gateway's name for it.
    pub message_id: Option<String>,
    /// What went wrong last.
    pub error: Option<SendError>,
}

impl OutboxRow {
    /// Whether nothing more is to be done, by the desk or by a person: it left, or somebody gave it up.
    pub fn is_settled(&self) -> bool {
        match self.state {
            OutboxState::Sent | OutboxState::Delivered => true,
            OutboxState::Failed => self.error == Some(SendError::ByHand),
            OutboxState::Queued | OutboxState::Sending | OutboxState::Deferred => false,
        }
    }
}
