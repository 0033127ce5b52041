use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Address, OutboxId, Part, Traffic};

/// Which deliver_sm an answer belongs to.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// Which connection of the gateway: an answer for an older one is dropped.
    pub connection: u32,
    /// Its `sequence_number`.
    pub sequence: u32,
}

/// A message as a gateway brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundSms {
    /// Who sent it, as the gateway says.
    pub source: Address,
    /// To which of our numbers.
    pub destination: Address,
    /// The user data without its header; at most 64 KiB.
    pub octets: Bytes,
    /// `data_coding`, SMPP 3.4 section 5.2.19.
    pub data_coding: u8,
    /// Which part of a long message it is; `None` for a message by itself.
    pub part: Option<Part>,
}

/// User data of a message that we send.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SmsBody {
    /// Text of characters that are the same in ASCII and GSM 03.38; `data_coding` 0.
    Text(String),
    /// Octets; `data_coding` 4.
    Binary(Vec<u8>),
}

impl std::fmt::Debug for SmsBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "text of {} characters", text.len()),
            Self::Binary(octets) => write!(f, "{} octets", octets.len()),
        }
    }
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundSms {
    /// The outbox entry that this is; comes back with the response.
    pub id: OutboxId,
    /// To whom.
    pub to: Address,
    /// From which number.
    pub from: Address,
    /// User data.
    pub body: SmsBody,
}

/// Why a submit_sm did not succeed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SubmitFault {
    /// The gateway's `command_status`; generic_nack too.
    Status(u32),
    /// No response in time.
    Timeout,
    /// The link broke before the response.
    LinkLost,
}

/// What a delivery receipt says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// The phone has it.
    Delivered,
    /// On its way, or not known.
    Pending,
    /// It will not arrive.
    Undeliverable,
}

/// A delivery receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The gateway's name for the message; empty where it gives none.
    pub message_id: String,
    /// The number that the message went to: the receipt's source.
    pub recipient: Address,
    /// What became of it.
    pub state: DeliveryState,
    /// The `stat` word or message_state, for people.
    pub stat: String,
}

/// Why a bind was turned down.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BindFault {
    /// ESME_RINVPASWD: the password.
    Password,
    /// ESME_RINVSYSID: the system id.
    SystemId,
    /// ESME_RALYBND: the gateway still holds our last session.
    AlreadyBound,
    /// ESME_RBINDFAIL or another status.
    Status(u32),
}

/// Why there is no TLS with a gateway.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsFault {
    /// Its certificate has expired, or our clock is ahead.
    Expired,
    /// Its certificate is not valid yet, or our clock is behind.
    NotYetValid,
    /// Nobody whom we trust vouches for its certificate.
    UnknownIssuer,
    /// Its certificate is for other names.
    WrongName,
    /// Its certificate cannot be used for another reason.
    Certificate,
    /// It asks for a client certificate, and takes none that we have.
    ClientCertificate,
    /// It answers with something else than TLS.
    NoTls,
    /// It speaks TLS, and we do not.
    OnlyTls,
    /// It has no version or cipher of TLS that we take.
    Version,
    /// It closed the connection in the handshake.
    Closed,
    /// The handshake was not done in time.
    Silent,
    /// It broke the protocol.
    Protocol,
}

/// Why a link is down.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DownCause {
    /// Nobody listens at host and port.
    Refused,
    /// The host was not found or could not be reached.
    Unreachable,
    /// No connection, or no bind_resp, in time.
    NoAnswer,
    /// The bind was turned down.
    Bind(BindFault),
    /// The peer closed the connection.
    Closed,
    /// The peer sent unbind.
    Unbound,
    /// The peer stopped answering enquire_link.
    Silent,
    /// The peer broke the protocol.
    Protocol,
    /// We are stopping.
    Stopping,
    /// There is no TLS with it.
    Tls(TlsFault),
}

impl DownCause {
    /// Whether only a hand can mend it: no later try will go better by itself.
    pub const fn needs_a_hand(self) -> bool {
        match self {
            Self::Bind(BindFault::Password | BindFault::SystemId)
            | Self::Tls(
                TlsFault::Expired
                | TlsFault::NotYetValid
                | TlsFault::UnknownIssuer
                | TlsFault::WrongName
                | TlsFault::Certificate
                | TlsFault::ClientCertificate
                | TlsFault::NoTls
                | TlsFault::OnlyTls
                | TlsFault::Version,
            ) => true,
            Self::Bind(BindFault::AlreadyBound | BindFault::Status(_))
            | Self::Tls(TlsFault::Closed | TlsFault::Silent | TlsFault::Protocol)
            | Self::Refused
            | Self::Unreachable
            | Self::NoAnswer
            | Self::Closed
            | Self::Unbound
            | Self::Silent
            | Self::Protocol
            | Self::Stopping => false,
        }
    }
}

/// What a gateway's link tells the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A connection is being tried.
    Connecting,
    /// Bound.
    Up {
        /// Which connection of the gateway: what is to leave by it names it.
        connection: u32,
    },
    /// Down, or a try that failed.
    Down {
        /// Why.
        cause: DownCause,
        /// How long ago the peer was last heard on this connection; `None` where it was never bound.
        heard_ms_ago: Option<u64>,
    },
    /// A message came.
    Inbound {
        /// To be answered with [`LinkOrder::Answer`].
        ticket: Ticket,
        /// The message.
        sms: InboundSms,
    },
    /// A message that was submitted got its response, or none.
    Submitted {
        /// By which connection of the gateway it was to leave.
        connection: u32,
        /// Which.
        id: OutboxId,
        /// The gateway's name for it, or what went wrong.
        result: Result<String, SubmitFault>,
    },
    /// A delivery receipt came. To be answered at once by the link itself.
    Report(DeliveryReport),
    /// An enquire_link was answered after so many milliseconds.
    ReplyTime(u32),
    /// What crossed the link; at most once a second, and before it says that it is down.
    Traffic(Box<Traffic>),
}

/// What the engine tells a gateway's link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOrder {
    /// Answer a deliver_sm.
    Answer {
        /// Which.
        ticket: Ticket,
        /// `command_status`: 0, or 0x64 (ESME_RX_T_APPN) where our store cannot write.
        status: u32,
    },
    /// Send a message.
    Submit {
        /// By which connection of the gateway. On any other it comes back as [`SubmitFault::LinkLost`]: whoever ordered it
        /// may have heard since that this one is down, and ordered it again.
        connection: u32,
        /// The message.
        sms: OutboundSms,
    },
    /// Unbind and close.
    Stop,
}
