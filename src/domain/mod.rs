//! Floor 0: the types and rules of the trade. No clock, no randomness, no input or output.

mod address;
mod alarm;
mod check_in;
mod copy;
mod ids;
mod ledger;
mod link;
mod outbox;
mod part;
mod pdu;
mod people;
mod phone;
mod time;

pub use address::Address;
pub use alarm::{AlarmKind, AlarmRow};
pub use check_in::{Action, Outcome, RefusedReason, UnreadableReason};
pub use copy::{Copied, CopyEvent, CopyFault, Examined, StoreCounts};
pub use ids::{
    AlarmId, Counter, DeviceId, Digest, EmployeeId, Fingerprint, GatewayName, OutboxId, PartId, Seq,
};
pub use ledger::{
    DeskAct, Entry, LedgerRow, MarkRow, MessageRow, NoteRow, Operator, OverBound, RawBody,
    StopCause,
};
pub use link::{
    BindFault, DeliveryReport, DeliveryState, DownCause, InboundSms, LinkEvent, LinkOrder,
    OutboundSms, SmsBody, SubmitFault, Ticket, TlsFault,
};
pub use outbox::{AnswerKind, OutboxRow, OutboxState, Priority, SendError};
pub use part::{Part, PartRow};
pub use pdu::{LinkFaults, PduHeader, Traffic};
pub use people::{
    DayBudget, DecidedRow, DeviceRow, Employee, PersonState, Presence, PresenceSource, Series,
};
pub use phone::{Country, Msisdn, PhoneError};
pub use time::Millis;
