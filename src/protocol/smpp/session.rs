use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::command::{self, id, status};
use super::deliver::{Delivery, Purpose};
use super::frame::{Frame, Header};
use super::line::{Health, Line};
use super::long::Long;
use super::{Jitter, Password, SystemId, Tick, lenient, report, split};
use crate::domain::{
    BindFault, DeliveryReport, DownCause, InboundSms, LinkFaults, OutboundSms, OutboxId, PduHeader,
    SubmitFault,
};

/// How long we wait for the answer to our unbind.
const UNBIND_MS: u64 = 2_000;

/// How long an unbind of the peer may wait for our answers: a commit takes far less.
const BATCH_MS: u64 = 5_000;

/// How a session binds and how long it waits.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Name of the ESME.
    pub system_id: SystemId,
    /// Its password.
    pub password: Password,
    /// Silence of the peer, in milliseconds, before it is asked with enquire_link.
    pub enquire_link_ms: u64,
    /// How long a response may take, in milliseconds; an enquire_link waits 7 s at most.
    pub response_timeout_ms: u64,
    /// How many submit_sm may wait for their response; at least one may.
    pub window: u16,
}

/// What happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The bind was accepted.
    Bound,
    /// A message came, to be answered with [`Session::answer`].
    Inbound {
        /// Its `sequence_number`.
        sequence: u32,
        /// The message.
        sms: InboundSms,
    },
    /// A submit_sm got its response, or none.
    Submitted {
        /// Which.
        id: OutboxId,
        /// The peer's name for it, or what went wrong.
        result: Result<String, SubmitFault>,
    },
    /// A delivery receipt came; it is answered already.
    Report(DeliveryReport),
    /// An enquire_link was answered after so many milliseconds.
    ReplyTime(u32),
    /// The last event: send what [`Session::poll_transmit`] still holds, and close.
    Ended(DownCause),
}

/// The window of submit_sm is full: try again when a [`SessionEvent::Submitted`] came.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the window of submit_sm is full")]
pub struct Full;

/// The ESME's end of an SMPP 3.4 session, bound as transceiver.
///
/// Octets from outside never panic; what is wrong with them becomes events and PDUs.
#[derive(Debug)]
pub struct Session {
    line: Line<OutboxId>,
    state: State,
    unanswered: BTreeMap<u32, VecDeque<Answerable>>,
    unanswered_count: usize,
    events: VecDeque<SessionEvent>,
    /// The message in several parts that is on its way; what comes after it waits for its end.
    long: Option<Long>,
    /// What the parts of the last one had in common.
    reference: u8,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// Our bind_transceiver waits for its response.
    Binding {
        sequence: u32,
        until: Tick,
    },
    Bound,
    /// Our unbind waits for its response.
    Unbinding {
        sequence: u32,
        until: Tick,
    },
    /// The peer's unbind waits until the batch is answered.
    Leaving {
        sequence: u32,
        until: Tick,
    },
    Ended,
}

/// Which request an answer answers.
#[derive(Copy, Clone, Debug)]
enum Answerable {
    DeliverSm,
    DataSm,
}

impl Session {
    /// Starts with a bind_transceiver on a connection that was opened at `now`.
    ///
    /// `seed` scatters enquire_link by up to a tenth, so that the desks at one SMSC do not ask in step.
    pub fn connect(config: &SessionConfig, now: Tick, seed: u64) -> Self {
        let quiet_ms = config.enquire_link_ms.max(1);
        let mut jitter = Jitter::new(seed);
        let quiet_ms = jitter.between(quiet_ms - quiet_ms / 10, quiet_ms);
        let [reference, ..] = jitter.draw().to_be_bytes();
        let response_ms = config.response_timeout_ms.max(1);
        let mut line = Line::new(now, config.window, quiet_ms, response_ms);
        let sequence = line.next_sequence();
        line.send(command::bind_transceiver(
            sequence,
            &config.system_id,
            &config.password,
        ));
        Self {
            line,
            state: State::Binding {
                sequence,
                until: now.after_ms(response_ms),
            },
            unanswered: BTreeMap::new(),
            unanswered_count: 0,
            events: VecDeque::new(),
            long: None,
            reference,
        }
    }

    /// Takes octets as they were read, cut anywhere.
    pub fn handle_bytes(&mut self, now: Tick, octets: &[u8]) {
        if self.state == State::Ended {
            return;
        }
        let now = self.line.local(now);
        self.line.hear(now, octets);
        while self.state != State::Ended {
            match self.line.next_frame() {
                Ok(Some(frame)) => {
                    self.handle_frame(now, &frame);
                    // At once, so that it does not matter how the octets were cut.
                    self.leave_if_done();
                }
                Ok(None) => break,
                Err(_) => {
                    // The standard has no sequence number for what cannot be trusted.
                    self.refuse(0, status::ESME_RINVCMDLEN);
                    self.end(DownCause::Protocol);
                }
            }
        }
    }

    /// Looks at the timers; to be called at [`Session::deadline`], harmless at any other time.
    pub fn handle_timeout(&mut self, now: Tick) {
        let now = self.line.local(now);
        for id in self.line.window.take_late(now) {
            self.responded(now, id, Err(SubmitFault::Timeout));
        }
        match self.state {
            State::Binding { until, .. } if until <= now => self.end(DownCause::NoAnswer),
            State::Unbinding { until, .. } if until <= now => self.end(DownCause::Stopping),
            State::Leaving { sequence, until } if until <= now => self.leave(sequence),
            State::Ended => return,
            State::Binding { .. }
            | State::Bound
            | State::Unbinding { .. }
            | State::Leaving { .. } => self.leave_if_done(),
        }
        if self.state == State::Ended {
            return;
        }
        match self.line.check(now, self.state == State::Bound) {
            Health::Good => {}
            Health::HalfPdu => self.end(DownCause::Protocol),
            Health::Silent => self.end(DownCause::Silent),
        }
    }

    /// Takes note that the connection is gone.
    pub fn handle_close(&mut self) {
        match self.state {
            State::Unbinding { .. } => self.end(DownCause::Stopping),
            State::Leaving { .. } => self.end(DownCause::Unbound),
            State::Binding { .. } | State::Bound => self.end(DownCause::Closed),
            State::Ended => {}
        }
    }

    /// Takes note that the peer takes no octets any more.
    pub fn handle_stall(&mut self) {
        self.end(DownCause::Silent);
    }

    /// Says whether the octets of the peer are being read. While they are not, its silence is ours, and
    /// all timers stand still.
    pub fn set_reading(&mut self, now: Tick, is_reading: bool) {
        self.line.set_reading(now, is_reading);
    }

    /// When [`Session::handle_timeout`] is due; `None` after the end, and while timers stand still.
    pub fn deadline(&self) -> Option<Tick> {
        let state = match self.state {
            State::Ended => return None,
            State::Bound => None,
            State::Binding { until, .. }
            | State::Unbinding { until, .. }
            | State::Leaving { until, .. } => Some(until),
        };
        let line = self.line.deadline(self.state == State::Bound);
        let local = state.into_iter().chain(line).min()?;
        self.line.outside(local)
    }

    /// The next PDU to be written, whole.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.line.poll_transmit()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// The next header of a PDU that came or was put out; of those that nobody asked for the last 50 are kept.
    pub fn poll_pdu(&mut self) -> Option<PduHeader> {
        self.line.trace.poll()
    }

    /// Takes what went wrong since it was asked for last.
    pub fn take_faults(&mut self) -> LinkFaults {
        std::mem::take(&mut self.line.trace.faults)
    }

    /// How many octets of a PDU wait for the rest of it: fewer than [`MAX_PDU_OCTETS`](super::MAX_PDU_OCTETS).
    pub fn held_octets(&self) -> usize {
        self.line.held_octets()
    }

    /// How many messages wait for [`Session::answer`].
    pub const fn unanswered(&self) -> usize {
        self.unanswered_count
    }

    /// Answers the oldest message of this `sequence_number` with a `command_status`; nothing where none waits.
    pub fn answer(&mut self, sequence: u32, status: u32) {
        let Some(waiting) = self.unanswered.get_mut(&sequence) else {
            return;
        };
        let answerable = waiting.pop_front();
        if waiting.is_empty() {
            self.unanswered.remove(&sequence);
        }
        let Some(answerable) = answerable else {
            return;
        };
        self.unanswered_count -= 1;
        self.respond(answerable, sequence, status);
        self.leave_if_done();
    }

    /// Submits a message; what becomes of it comes as [`SessionEvent::Submitted`]. What is over 160 characters, or 140
    /// octets, leaves in several parts; the name of the last is that of the message.
    ///
    /// An address that does not fit, or a body of more than 255 parts, comes back at once with the
    /// `command_status` that every peer would give; so does everything as `LinkLost` while not bound.
    ///
    /// # Errors
    /// [`Full`] where the window is full; then nothing happened.
    pub fn submit(&mut self, now: Tick, sms: &OutboundSms) -> Result<(), Full> {
        if self.state != State::Bound {
            self.submitted(sms.id, Err(SubmitFault::LinkLost));
            return Ok(());
        }
        if !self.can_submit() {
            return Err(Full);
        }
        if split::is_long(&sms.body) {
            self.submit_long(now, sms);
            return Ok(());
        }
        let sequence = self.line.next_sequence();
        match command::submit_sm(sequence, sms) {
            Ok(pdu) => {
                let now = self.line.local(now);
                self.line.send(pdu);
                self.line.open(now, sequence, sms.id);
            }
            Err(status) => self.submitted(sms.id, Err(SubmitFault::Status(status))),
        }
        Ok(())
    }

    /// Whether [`Session::submit`] would take a message.
    pub fn can_submit(&self) -> bool {
        self.state != State::Bound || (self.long.is_none() && !self.line.window.is_full())
    }

    /// Unbinds; [`SessionEvent::Ended`] comes with the answer, or after 2 s without.
    pub fn unbind(&mut self, now: Tick) {
        match self.state {
            State::Bound => {
                let until = self.line.local(now).after_ms(UNBIND_MS);
                let sequence = self.line.next_sequence();
                self.line.send(command::unbind(sequence));
                self.state = State::Unbinding { sequence, until };
            }
            State::Leaving { sequence, .. } => {
                self.line.send(command::unbind_resp(sequence));
                self.end(DownCause::Stopping);
            }
            State::Binding { .. } => self.end(DownCause::Stopping),
            State::Unbinding { .. } | State::Ended => {}
        }
    }

    fn handle_frame(&mut self, now: Tick, frame: &Frame) {
        let header = Header::of(frame);
        let sequence = header.sequence;
        match header.command_id {
            id::DELIVER_SM => {
                let delivery = Delivery::of_deliver_sm(frame);
                self.receive(sequence, delivery, Answerable::DeliverSm);
            }
            id::DATA_SM => {
                let delivery = Delivery::of_data_sm(frame);
                self.receive(sequence, delivery, Answerable::DataSm);
            }
            id::ENQUIRE_LINK => self.line.send(command::enquire_link_resp(sequence)),
            id::UNBIND => self.peer_unbinds(now, sequence),
            id::BIND_TRANSCEIVER_RESP => self.bind_answered(header),
            id::SUBMIT_SM_RESP => {
                if let Some(id) = self.line.window.close(sequence) {
                    let message_id = report::message_id(lenient::c_string(frame.body()));
                    self.responded(now, id, result_of(header.status, message_id));
                } else {
                    self.line.trace.faults.late_responses += 1;
                }
            }
            id::ENQUIRE_LINK_RESP => {
                if let Some(ms) = self.line.close_probe(now, sequence) {
                    self.events.push_back(SessionEvent::ReplyTime(ms));
                }
            }
            id::UNBIND_RESP => {
                if matches!(self.state, State::Unbinding { sequence: ours, .. } if ours == sequence)
                {
                    self.end(DownCause::Stopping);
                }
            }
            id::GENERIC_NACK => self.nacked(now, header),
            id::ALERT_NOTIFICATION => {}
            // A response that nobody asked for. Answering it could go on for ever.
            response if response & id::RESPONSE != 0 => {}
            _ => self.refuse(sequence, status::ESME_RINVCMDID),
        }
    }

    fn bind_answered(&mut self, header: Header) {
        let State::Binding { sequence, .. } = self.state else {
            return;
        };
        if header.sequence != sequence {
            return;
        }
        if header.status != status::ESME_ROK {
            self.end(DownCause::Bind(bind_fault(header.status)));
            return;
        }
        self.state = State::Bound;
        self.events.push_back(SessionEvent::Bound);
    }

    fn receive(&mut self, sequence: u32, delivery: Delivery, answerable: Answerable) {
        if matches!(self.state, State::Unbinding { .. }) {
            // Nobody is left to keep it. Without an answer it comes again after the next bind.
            return;
        }
        self.line.trace.faults.lenient_reads += u64::from(delivery.is_lenient);
        match delivery.purpose() {
            Purpose::Message => {
                self.unanswered
                    .entry(sequence)
                    .or_default()
                    .push_back(answerable);
                self.unanswered_count += 1;
                let sms = delivery.into_sms();
                self.events
                    .push_back(SessionEvent::Inbound { sequence, sms });
            }
            Purpose::Receipt | Purpose::Intermediate => {
                self.respond(answerable, sequence, status::ESME_ROK);
                let report = report::read(delivery);
                self.events.push_back(SessionEvent::Report(report));
            }
            Purpose::Acknowledgement => self.respond(answerable, sequence, status::ESME_ROK),
        }
    }

    fn peer_unbinds(&mut self, now: Tick, sequence: u32) {
        match self.state {
            State::Binding { .. } => self.leave(sequence),
            State::Bound => {
                let until = now.after_ms(BATCH_MS);
                self.state = State::Leaving { sequence, until };
            }
            // Both unbind at once: it gets its answer, and ours is still due.
            State::Unbinding { .. } => self.line.send(command::unbind_resp(sequence)),
            State::Leaving { .. } | State::Ended => {}
        }
    }

    fn nacked(&mut self, now: Tick, header: Header) {
        self.line.trace.faults.generic_nacks += 1;
        let status = match header.status {
            status::ESME_ROK => status::ESME_RUNKNOWNERR,
            named => named,
        };
        if let State::Binding { sequence, .. } = self.state
            && (header.sequence == sequence || header.sequence == 0)
        {
            self.end(DownCause::Bind(bind_fault(status)));
            return;
        }
        // Sequence 0 names no request: it is clear only where a single one waits.
        let window = &mut self.line.window;
        let named = window.close(header.sequence);
        let only = header.sequence == 0 && !self.line.is_probing();
        if let Some(id) = named.or_else(|| only.then(|| self.line.window.close_only()).flatten()) {
            self.responded(now, id, Err(SubmitFault::Status(status)));
            return;
        }
        // A peer that does not know enquire_link is alive all the same.
        if let Some(ms) = self.line.close_probe(now, header.sequence) {
            self.events.push_back(SessionEvent::ReplyTime(ms));
        }
    }

    fn respond(&mut self, answerable: Answerable, sequence: u32, status: u32) {
        self.line.send(match answerable {
            Answerable::DeliverSm => command::deliver_sm_resp(sequence, status),
            Answerable::DataSm => command::data_sm_resp(sequence, status),
        });
    }

    fn refuse(&mut self, sequence: u32, status: u32) {
        self.line.trace.faults.refused_pdus += 1;
        self.line.send(command::generic_nack(sequence, status));
    }

    fn submit_long(&mut self, now: Tick, sms: &OutboundSms) {
        self.reference = self.reference.wrapping_add(1);
        let Some(parts) = split::split(&sms.body, self.reference) else {
            let fault = SubmitFault::Status(status::ESME_RINVMSGLEN);
            self.submitted(sms.id, Err(fault));
            return;
        };
        self.long = Some(Long::new(sms.id, sms.to.clone(), sms.from.clone(), parts));
        let now = self.line.local(now);
        self.send_parts(now);
    }

    /// Sends as many parts as the window has room for, and tells what became of them all where that is known.
    fn send_parts(&mut self, now: Tick) {
        let Some(long) = &mut self.long else {
            return;
        };
        let goes_on = !matches!(self.state, State::Unbinding { .. });
        while goes_on
            && !self.line.window.is_full()
            && let Some(part) = long.next()
        {
            let sequence = self.line.next_sequence();
            match command::submit_part(sequence, &long.to, &long.from, &part) {
                Ok(pdu) => {
                    self.line.send(pdu);
                    self.line.open(now, sequence, long.id);
                }
                Err(status) => long.answered(Err(SubmitFault::Status(status))),
            }
        }
        if let Some(result) = long.outcome() {
            let id = long.id;
            self.long = None;
            self.submitted(id, result);
        }
    }

    /// Takes what became of a submit_sm, which may be a part of a message.
    fn responded(&mut self, now: Tick, id: OutboxId, result: Result<String, SubmitFault>) {
        match &mut self.long {
            Some(long) if long.id == id => {
                long.answered(result);
                self.send_parts(now);
            }
            Some(_) | None => self.submitted(id, result),
        }
    }

    fn submitted(&mut self, id: OutboxId, result: Result<String, SubmitFault>) {
        self.events
            .push_back(SessionEvent::Submitted { id, result });
    }

    fn leave_if_done(&mut self) {
        let is_done = self.unanswered_count == 0 && self.line.window.is_empty();
        if let State::Leaving { sequence, .. } = self.state
            && is_done
        {
            self.leave(sequence);
        }
    }

    fn leave(&mut self, sequence: u32) {
        self.line.send(command::unbind_resp(sequence));
        self.end(DownCause::Unbound);
    }

    fn end(&mut self, cause: DownCause) {
        if self.state == State::Ended {
            return;
        }
        self.state = State::Ended;
        self.line.close();
        self.unanswered.clear();
        self.unanswered_count = 0;
        // Of a message in several parts, the first loss is that of all.
        let long = self.long.take().map(|long| long.id);
        let mut lost = self.line.window.take_all();
        lost.retain(|id| Some(*id) != long);
        for id in lost.into_iter().chain(long) {
            self.submitted(id, Err(SubmitFault::LinkLost));
        }
        self.events.push_back(SessionEvent::Ended(cause));
    }
}

fn result_of(status: u32, message_id: String) -> Result<String, SubmitFault> {
    if status == status::ESME_ROK {
        Ok(message_id)
    } else {
        Err(SubmitFault::Status(status))
    }
}

const fn bind_fault(status: u32) -> BindFault {
    match status {
        status::ESME_RINVPASWD => BindFault::Password,
        status::ESME_RINVSYSID => BindFault::SystemId,
        status::ESME_RALYBND => BindFault::AlreadyBound,
        other => BindFault::Status(other),
    }
}
