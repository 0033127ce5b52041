//! The objects of `--json`. Their fields are in INTERFACE and stay; more may be added at the end of each.

use std::io;

use serde::Serialize;

use super::time::rfc3339;
use crate::api::{
    AlarmFact, AlarmState, DeviceFact, FeedLine, FeedOutcome, Hold, LinkFact, LinkState,
    OutboxFact, PduFact, PersonFact, PersonPresence, ReceiptFact, Retried,
};
use crate::domain::{
    Action, AlarmKind, AnswerKind, BindFault, DownCause, Employee, GatewayName, Millis, Operator,
    OutboxState, Outcome, RefusedReason, SendError, TlsFault, UnreadableReason,
};
use crate::words::{Words, four_words};

/// Writes one object on a line of its own.
///
/// # Errors
/// As writing to `out`.
pub fn line(out: &mut dyn io::Write, object: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

/// A card.
#[derive(Debug, Serialize)]
pub struct EmployeeJson<'a> {
    id: u32,
    name: &'a str,
    short: &'a str,
    phone: &'a str,
    team: Option<&'a str>,
    shift: Option<&'a str>,
    legacy: bool,
    suspended: bool,
}

impl<'a> From<&'a Employee> for EmployeeJson<'a> {
    fn from(card: &'a Employee) -> Self {
        Self {
            id: card.id.0,
            name: &card.name,
            short: &card.short,
            phone: card.phone.as_str(),
            team: card.team.as_deref(),
            shift: card.shift.as_deref(),
            legacy: card.legacy,
            suspended: card.suspended,
        }
    }
}

/// A phone that was just enrolled, with its key.
#[derive(Serialize)]
pub struct EnrolledJson<'a> {
    /// Number of the device.
    pub device: u32,
    /// Whose it is.
    pub employee: u32,
    /// The root key, 64 hexadecimal digits.
    pub root_key: &'a str,
    /// The key as the phone takes it.
    pub key_text: &'a str,
    /// The link to the page for phones, with the key.
    pub page: Option<&'a str>,
    /// What the phone must show.
    pub words: [&'static str; 4],
}

/// A phone.
#[derive(Debug, Serialize)]
pub struct DeviceJson<'a> {
    device: u32,
    employee: u32,
    name: &'a str,
    revoked: bool,
    enrolled_at: String,
    highest: Option<u16>,
    words: [&'static str; 4],
}

impl<'a> From<&'a DeviceFact> for DeviceJson<'a> {
    fn from(device: &'a DeviceFact) -> Self {
        Self {
            device: device.device.0,
            employee: device.employee.0,
            name: &device.name,
            revoked: device.revoked,
            enrolled_at: rfc3339(device.enrolled_at),
            highest: device.highest.map(|counter| counter.0),
            words: four_words(device.fingerprint),
        }
    }
}

/// A line of the feed.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field that scripts rely on"
)]
pub struct FeedJson<'a> {
    seq: u64,
    received_at: String,
    gateway: Option<&'a str>,
    sender: Option<&'a str>,
    outcome: &'static str,
    delayed: bool,
    at: Option<String>,
    link_gap: bool,
    reason: Option<&'static str>,
    employee: Option<u32>,
    name: Option<&'a str>,
    device: Option<u32>,
    counter: Option<u16>,
    action: Option<&'static str>,
    claimed_at: Option<String>,
    note: &'a str,
    weak: bool,
    receipt: Option<ReceiptJson<'a>>,
    clock_off: bool,
    by: Option<&'a Operator>,
    retry_of: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ReceiptJson<'a> {
    state: &'static str,
    attempts: u16,
    message_id: Option<&'a str>,
}

impl<'a> From<&'a FeedLine> for FeedJson<'a> {
    fn from(line: &'a FeedLine) -> Self {
        Self {
            seq: line.seq.0,
            received_at: rfc3339(line.received_at),
            gateway: line.gateway.as_ref().map(|gateway| &*gateway.0),
            sender: line.sender.as_deref(),
            outcome: feed_outcome(line.outcome),
            delayed: line.delayed,
            at: time(line.at),
            link_gap: line.link_gap,
            reason: feed_reason(line.outcome),
            employee: line.employee.map(|id| id.0),
            name: line.name.as_deref(),
            device: line.device.map(|id| id.0),
            counter: line.counter.map(|counter| counter.0),
            action: line.action.map(action),
            claimed_at: time(line.claimed_at),
            note: &line.note,
            weak: line.weak,
            receipt: line.receipt.as_ref().map(receipt),
            clock_off: line.clock_off,
            by: line.by.as_ref(),
            retry_of: line.retry_of.map(|seq| seq.0),
        }
    }
}

/// One person's state.
#[derive(Debug, Serialize)]
pub struct PersonJson<'a> {
    employee: u32,
    name: &'a str,
    state: &'static str,
    since: Option<String>,
}

impl<'a> From<&'a PersonFact> for PersonJson<'a> {
    fn from(person: &'a PersonFact) -> Self {
        Self {
            employee: person.employee.0,
            name: &person.name,
            state: match person.state {
                PersonPresence::In => "in",
                PersonPresence::Out => "out",
            },
            since: time(person.since),
        }
    }
}

/// An entry of the outbox.
#[derive(Debug, Serialize)]
pub struct OutboxJson<'a> {
    id: u64,
    seq: u64,
    to: &'a str,
    kind: &'static str,
    state: &'static str,
    attempts: u16,
    next_at: Option<String>,
    error: Option<String>,
    gateway: &'a str,
    queued_at: String,
}

impl<'a> From<&'a OutboxFact> for OutboxJson<'a> {
    fn from(entry: &'a OutboxFact) -> Self {
        Self {
            id: entry.id.0,
            seq: entry.seq.0,
            to: &entry.to,
            kind: answer_kind(entry.kind),
            state: outbox_state(entry.state),
            attempts: entry.attempts,
            next_at: time(entry.next_at),
            error: entry.error.as_ref().map(send_error),
            gateway: &entry.gateway.0,
            queued_at: rfc3339(entry.queued_at),
        }
    }
}

/// An alarm, with its sentences.
#[derive(Debug, Serialize)]
pub struct AlarmJson {
    id: u64,
    kind: &'static str,
    priority: u8,
    state: &'static str,
    since: String,
    text: String,
    act: String,
    count: u32,
}

impl AlarmJson {
    /// Of `alarm`, in the language of `words`.
    pub fn new(alarm: &AlarmFact, words: &Words) -> Self {
        let name = alarm.name.as_deref();
        Self {
            id: alarm.id.0,
            kind: alarm_kind(&alarm.kind),
            priority: alarm.kind.priority(),
            state: alarm_state(alarm.state),
            since: rfc3339(alarm.since),
            text: words.alarm_text(&alarm.kind, name, alarm.count),
            act: words.alarm_act(&alarm.kind, name),
            count: alarm.count,
        }
    }
}

/// A link.
#[derive(Debug, Serialize)]
pub struct LinkJson<'a> {
    gateway: &'a str,
    state: &'static str,
    since: String,
    reply_ms: Option<u32>,
    last_message_at: Option<String>,
    received: u64,
    submitted: u64,
    drops: u64,
    error: Option<String>,
    waiting: u32,
    pace_until: Option<String>,
    unreadable_over_bound: u64,
    copies_over_bound: u64,
    hold: Option<&'static str>,
    hold_limit: Option<u32>,
    expected: u32,
    breaks: Vec<String>,
    throttled: u64,
    timeouts: u64,
    late_responses: u64,
    generic_nacks: u64,
    refused_pdus: u64,
    lenient_reads: u64,
}

impl<'a> From<&'a LinkFact> for LinkJson<'a> {
    fn from(link: &'a LinkFact) -> Self {
        Self {
            gateway: &link.gateway.0,
            state: link_state(link.state),
            since: rfc3339(link.since),
            reply_ms: link.reply_ms,
            last_message_at: time(link.last_message_at),
            received: link.received,
            submitted: link.submitted,
            drops: link.drops,
            error: link.error.map(down_cause),
            waiting: link.waiting,
            pace_until: time(link.pace_until),
            unreadable_over_bound: link.unreadable_over_bound,
            copies_over_bound: link.copies_over_bound,
            hold: link.hold.map(hold),
            hold_limit: link.hold.and_then(hold_limit),
            expected: link.expected,
            breaks: link.breaks.iter().map(|at| rfc3339(*at)).collect(),
            throttled: link.faults.throttled,
            timeouts: link.faults.timeouts,
            late_responses: link.faults.late_responses,
            generic_nacks: link.faults.generic_nacks,
            refused_pdus: link.faults.refused_pdus,
            lenient_reads: link.faults.lenient_reads,
        }
    }
}

/// A PDU of a link.
#[derive(Debug, Serialize)]
pub struct PduJson<'a> {
    gateway: &'a str,
    at: String,
    direction: &'static str,
    command: Option<&'static str>,
    command_id: u32,
    status: Option<&'static str>,
    command_status: u32,
    sequence: u32,
    octets: u32,
}

impl<'a> PduJson<'a> {
    /// A PDU of the link of `gateway`.
    pub fn of(gateway: &'a GatewayName, pdu: &PduFact) -> Self {
        let header = &pdu.header;
        Self {
            gateway: &gateway.0,
            at: rfc3339(pdu.at),
            direction: if header.is_ours { "out" } else { "in" },
            command: header.command(),
            command_id: header.command_id,
            status: header.status_name(),
            command_status: header.status,
            sequence: header.sequence,
            octets: header.octets,
        }
    }
}

/// What a retry did.
#[derive(Debug, Serialize)]
pub struct RetriedJson {
    result: &'static str,
    seq: Option<u64>,
    now: Option<u64>,
    outcome: Option<&'static str>,
    reason: Option<&'static str>,
    outbox: Option<u64>,
}

impl From<&Retried> for RetriedJson {
    fn from(retried: &Retried) -> Self {
        let nothing = Self {
            result: "",
            seq: None,
            now: None,
            outcome: None,
            reason: None,
            outbox: None,
        };
        match retried {
            Retried::Opened { seq, now, outcome } => Self {
                result: "opened",
                seq: Some(seq.0),
                now: Some(now.0),
                outcome: Some(feed_outcome(of_message(*outcome))),
                reason: feed_reason(of_message(*outcome)),
                ..nothing
            },
            Retried::StillUnreadable(seq) => Self {
                result: "still_unreadable",
                seq: Some(seq.0),
                ..nothing
            },
            Retried::Requeued(id) => Self {
                result: "requeued",
                outbox: Some(id.0),
                ..nothing
            },
            Retried::AlreadyQueued(id) => Self {
                result: "already_queued",
                outbox: Some(id.0),
                ..nothing
            },
        }
    }
}

/// An alarm that was acknowledged.
#[derive(Debug, Serialize)]
pub struct AcknowledgedJson {
    /// Its number.
    pub id: u64,
}

/// A key of the configuration.
#[derive(Debug, Serialize)]
pub struct SettingJson<'a> {
    /// Its path.
    pub key: &'a str,
    /// Its value; null for a password.
    pub value: &'a serde_json::Value,
    /// Where it comes from.
    pub origin: String,
}

/// What was decided of a message, as the feed says it.
pub const fn of_message(outcome: Outcome) -> FeedOutcome {
    match outcome {
        Outcome::Recorded => FeedOutcome::Recorded,
        Outcome::Duplicate => FeedOutcome::Duplicate,
        Outcome::Replay => FeedOutcome::Replay,
        Outcome::Refused(reason) => FeedOutcome::Refused(reason),
        Outcome::Unreadable(reason) => FeedOutcome::Unreadable(reason),
    }
}

/// The word for an outcome.
pub const fn feed_outcome(outcome: FeedOutcome) -> &'static str {
    match outcome {
        FeedOutcome::Recorded => "recorded",
        FeedOutcome::Duplicate => "duplicate",
        FeedOutcome::Replay => "replay",
        FeedOutcome::Refused(_) => "refused",
        FeedOutcome::Unreadable(_) => "unreadable",
        FeedOutcome::ByHand => "by_hand",
        FeedOutcome::Reversed => "reversed",
        FeedOutcome::Imported => "imported",
    }
}

/// The word for the reason of an outcome, where it has one.
pub const fn feed_reason(outcome: FeedOutcome) -> Option<&'static str> {
    match outcome {
        FeedOutcome::Refused(reason) => Some(match reason {
            RefusedReason::Suspended => "suspended",
            RefusedReason::Clock => "clock",
        }),
        FeedOutcome::Unreadable(reason) => Some(match reason {
            UnreadableReason::NotAFrame => "not_a_frame",
            UnreadableReason::UnknownDevice => "unknown_device",
            UnreadableReason::RevokedDevice => "revoked_device",
            UnreadableReason::WrongTag => "wrong_tag",
            UnreadableReason::Malformed => "malformed",
            UnreadableReason::LegacyOff => "legacy_off",
        }),
        FeedOutcome::Recorded
        | FeedOutcome::Duplicate
        | FeedOutcome::Replay
        | FeedOutcome::ByHand
        | FeedOutcome::Reversed
        | FeedOutcome::Imported => None,
    }
}

fn time(at: Option<Millis>) -> Option<String> {
    at.map(rfc3339)
}

const fn action(action: Action) -> &'static str {
    match action {
        Action::In => "in",
        Action::Out => "out",
    }
}

fn receipt(receipt: &ReceiptFact) -> ReceiptJson<'_> {
    ReceiptJson {
        state: outbox_state(receipt.state),
        attempts: receipt.attempts,
        message_id: receipt.message_id.as_deref(),
    }
}

const fn answer_kind(kind: AnswerKind) -> &'static str {
    match kind {
        AnswerKind::Receipt => "receipt",
        AnswerKind::Refusal => "refusal",
        AnswerKind::Message => "message",
    }
}

const fn outbox_state(state: OutboxState) -> &'static str {
    match state {
        OutboxState::Queued => "queued",
        OutboxState::Sending => "sending",
        OutboxState::Sent => "sent",
        OutboxState::Deferred => "deferred",
        OutboxState::Delivered => "delivered",
        OutboxState::Failed => "failed",
    }
}

fn send_error(error: &SendError) -> String {
    match error {
        SendError::Status(status) => format!("status {status:#010x}"),
        SendError::Timeout => "timeout".to_owned(),
        SendError::LinkLost => "link_lost".to_owned(),
        SendError::Undelivered(stat) => format!("undelivered {stat}"),
        SendError::GaveUp => "gave_up".to_owned(),
        SendError::ByHand => "by_hand".to_owned(),
    }
}

const fn alarm_kind(kind: &AlarmKind) -> &'static str {
    match kind {
        AlarmKind::LinkDown { .. } => "link_down",
        AlarmKind::Store => "store",
        AlarmKind::OutboxFailed { .. } => "outbox_failed",
        AlarmKind::TwoPlaces { .. } => "two_places",
        AlarmKind::Key { .. } => "key",
        AlarmKind::UnknownSenders => "unknown_senders",
        AlarmKind::LinkDeaf { .. } => "link_deaf",
        AlarmKind::LinkUnstable { .. } => "link_unstable",
        AlarmKind::OutboxStuck { .. } => "outbox_stuck",
        AlarmKind::BackupOld { .. } => "backup_old",
        AlarmKind::JournalStopped { .. } => "journal_stopped",
    }
}

const fn alarm_state(state: AlarmState) -> &'static str {
    match state {
        AlarmState::New => "new",
        AlarmState::Seen => "seen",
        AlarmState::Ended => "ended",
        AlarmState::Shelved => "shelved",
    }
}

const fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::Link => "link",
        Hold::Round => "round",
        Hold::Response => "response",
        Hold::Rest => "rest",
        Hold::Second(_) => "second",
        Hold::HalfHour(_) => "half_hour",
        Hold::Retry => "retry",
    }
}

const fn hold_limit(hold: Hold) -> Option<u32> {
    match hold {
        Hold::Second(most) | Hold::HalfHour(most) => Some(most),
        Hold::Link | Hold::Round | Hold::Response | Hold::Rest | Hold::Retry => None,
    }
}

const fn link_state(state: LinkState) -> &'static str {
    match state {
        LinkState::Bound => "bound",
        LinkState::Connecting => "connecting",
        LinkState::Down => "down",
    }
}

fn down_cause(cause: DownCause) -> String {
    match cause {
        DownCause::Refused => "refused".to_owned(),
        DownCause::Unreachable => "unreachable".to_owned(),
        DownCause::NoAnswer => "no_answer".to_owned(),
        DownCause::Bind(BindFault::Password) => "bind_password".to_owned(),
        DownCause::Bind(BindFault::SystemId) => "bind_system_id".to_owned(),
        DownCause::Bind(BindFault::AlreadyBound) => "bind_already_bound".to_owned(),
        DownCause::Bind(BindFault::Status(status)) => format!("bind_status {status:#010x}"),
        DownCause::Closed => "closed".to_owned(),
        DownCause::Unbound => "unbound".to_owned(),
        DownCause::Silent => "silent".to_owned(),
        DownCause::Protocol => "protocol".to_owned(),
        DownCause::Stopping => "stopping".to_owned(),
        DownCause::Tls(fault) => tls_fault(fault).to_owned(),
    }
}

const fn tls_fault(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::Expired => "tls_expired",
        TlsFault::NotYetValid => "tls_not_yet_valid",
        TlsFault::UnknownIssuer => "tls_unknown_issuer",
        TlsFault::WrongName => "tls_wrong_name",
        TlsFault::Certificate => "tls_certificate",
        TlsFault::ClientCertificate => "tls_client_certificate",
        TlsFault::NoTls => "tls_none",
        TlsFault::OnlyTls => "tls_only",
        TlsFault::Version => "tls_version",
        TlsFault::Closed => "tls_closed",
        TlsFault::Silent => "tls_silent",
        TlsFault::Protocol => "tls_protocol",
    }
}
