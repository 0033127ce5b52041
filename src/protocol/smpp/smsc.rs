use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::command::{self, id, status};
use super::deliver::Delivery;
use super::frame::{Frame, Header};
use super::line::{Health, Line};
use super::{BindMode, Jitter, Login, Parcel, ParcelId, SystemId, Tick, lenient, smsc_command};
use crate::domain::{BindFault, DownCause, InboundSms, SubmitFault};

/// How long a peer may be connected before it binds.
const BIND_MS: u64 = 10_000;

/// How long we wait for the answer to our unbind.
const UNBIND_MS: u64 = 2_000;

/// How long an unbind of the peer may wait for our answers.
const BATCH_MS: u64 = 2_000;

/// How an SMSC's end of a session is called and how long it waits.
#[derive(Clone, Debug)]
pub struct SmscConfig {
    /// The name that stands in its bind response.
    pub system_id: SystemId,
    /// Silence of the peer, in milliseconds, before it is asked with enquire_link.
    pub enquire_link_ms: u64,
    /// How long a response may take, in milliseconds; an enquire_link waits 7 s at most.
    pub response_timeout_ms: u64,
    /// How many deliver_sm may wait for their response; at least one may.
    pub window: u16,
}

/// Whether a submit_sm asks for a delivery receipt.
///
/// Source: SMPP 3.4 section 5.2.17.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum WantsReceipt {
    /// Never.
    No,
    /// In any case.
    Always,
    /// Where it is not delivered.
    OnFailure,
}

/// What happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmscEvent {
    /// A peer wants to bind: to be answered with [`SmscSession::answer_bind`].
    Bind(Login),
    /// A message was submitted, to be answered with [`SmscSession::answer_submit`].
    Submit {
        /// Its `sequence_number`.
        sequence: u32,
        /// The message.
        sms: InboundSms,
        /// Whether its fate is to be told.
        receipt: WantsReceipt,
    },
    /// A parcel got its response, or none.
    Delivered {
        /// Which.
        id: ParcelId,
        /// What went wrong.
        result: Result<(), SubmitFault>,
    },
    /// An enquire_link was answered after so many milliseconds.
    ReplyTime(u32),
    /// The last event: send what [`SmscSession::poll_transmit`] still holds, and close.
    Ended(DownCause),
}

/// The window of deliver_sm is full: try again when a [`SmscEvent::Delivered`] came.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the window of deliver_sm is full")]
pub struct WindowFull;

/// The SMSC's end of an SMPP 3.4 session, for an ESME of any mode.
///
/// Octets from outside never panic; what is wrong with them becomes events and PDUs.
#[derive(Debug)]
pub struct SmscSession {
    system_id: SystemId,
    line: Line<ParcelId>,
    state: State,
    unanswered: BTreeMap<u32, Submission>,
    events: VecDeque<SmscEvent>,
}

/// With which command a message was submitted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Submission {
    SubmitSm,
    DataSm,
}

impl Submission {
    fn response(self, sequence: u32, status: u32, message_id: &str) -> Bytes {
        match self {
            Self::SubmitSm => smsc_command::submit_sm_resp(sequence, status, message_id),
            Self::DataSm => smsc_command::data_sm_resp(sequence, status, message_id),
        }
    }
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// The peer has not bound yet.
    Open {
        until: Tick,
    },
    /// Its bind waits for the caller.
    Binding {
        mode: BindMode,
        sequence: u32,
        until: Tick,
    },
    Bound(BindMode),
    /// Our unbind waits for its response.
    Unbinding {
        sequence: u32,
        until: Tick,
    },
    /// The peer's unbind waits until what it submitted is answered.
    Leaving {
        sequence: u32,
        until: Tick,
    },
    Ended,
}

impl SmscSession {
    /// Takes a connection that was opened at `now`, and waits for a bind.
    ///
    /// `seed` scatters enquire_link by up to a tenth.
    pub fn accept(config: &SmscConfig, now: Tick, seed: u64) -> Self {
        let quiet_ms = config.enquire_link_ms.max(1);
        let quiet_ms = Jitter::new(seed).between(quiet_ms - quiet_ms / 10, quiet_ms);
        let response_ms = config.response_timeout_ms.max(1);
        Self {
            system_id: config.system_id.clone(),
            line: Line::new(now, config.window, quiet_ms, response_ms),
            state: State::Open {
                until: now.after_ms(BIND_MS),
            },
            unanswered: BTreeMap::new(),
            events: VecDeque::new(),
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

    /// Looks at the timers; to be called at [`SmscSession::deadline`], harmless at any other time.
    pub fn handle_timeout(&mut self, now: Tick) {
        let now = self.line.local(now);
        for id in self.line.window.take_late(now) {
            self.delivered(id, Err(SubmitFault::Timeout));
        }
        match self.state {
            State::Open { until } | State::Binding { until, .. } if until <= now => {
                self.end(DownCause::NoAnswer);
            }
            State::Unbinding { until, .. } if until <= now => self.end(DownCause::Stopping),
            State::Leaving { sequence, until } if until <= now => self.leave(sequence),
            State::Ended => return,
            State::Open { .. }
            | State::Binding { .. }
            | State::Bound(_)
            | State::Unbinding { .. }
            | State::Leaving { .. } => self.leave_if_done(),
        }
        if self.state == State::Ended {
            return;
        }
        let asks = self.mode().is_some();
        match self.line.check(now, asks) {
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
            State::Open { .. } | State::Binding { .. } | State::Bound(_) => {
                self.end(DownCause::Closed);
            }
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

    /// When [`SmscSession::handle_timeout`] is due; `None` after the end, and while timers stand still.
    pub fn deadline(&self) -> Option<Tick> {
        let state = match self.state {
            State::Ended => return None,
            State::Bound(_) => None,
            State::Open { until }
            | State::Binding { until, .. }
            | State::Unbinding { until, .. }
            | State::Leaving { until, .. } => Some(until),
        };
        let line = self.line.deadline(self.mode().is_some());
        let local = state.into_iter().chain(line).min()?;
        self.line.outside(local)
    }

    /// The next PDU to be written, whole.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.line.poll_transmit()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SmscEvent> {
        self.events.pop_front()
    }

    /// What the peer is bound for; `None` while it is not.
    pub const fn mode(&self) -> Option<BindMode> {
        match self.state {
            State::Bound(mode) => Some(mode),
            State::Open { .. }
            | State::Binding { .. }
            | State::Unbinding { .. }
            | State::Leaving { .. }
            | State::Ended => None,
        }
    }

    /// How many octets of a PDU wait for the rest of it: fewer than [`MAX_PDU_OCTETS`](super::MAX_PDU_OCTETS).
    pub fn held_octets(&self) -> usize {
        self.line.held_octets()
    }

    /// How many submit_sm wait for [`SmscSession::answer_submit`].
    pub fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// Answers the bind that waits with a `command_status`: ESME_ROK binds, any other ends the session.
    pub fn answer_bind(&mut self, status: u32) {
        let State::Binding { mode, sequence, .. } = self.state else {
            return;
        };
        let response = smsc_command::bind_resp(mode, sequence, status, &self.system_id);
        self.line.send(response);
        if status == status::ESME_ROK {
            self.state = State::Bound(mode);
        } else {
            self.end(DownCause::Bind(BindFault::Status(status)));
        }
    }

    /// Answers the submit_sm or data_sm of this `sequence_number` with the message's name or a `command_status`; nothing
    /// where none waits.
    pub fn answer_submit(&mut self, sequence: u32, result: Result<&str, u32>) {
        let Some(submission) = self.unanswered.remove(&sequence) else {
            return;
        };
        let (status, message_id) = match result {
            Ok(message_id) => (status::ESME_ROK, message_id),
            Err(status) => (status, ""),
        };
        let response = submission.response(sequence, status, message_id);
        self.line.send(response);
        self.leave_if_done();
    }

    /// Delivers a message or a receipt; what becomes of it comes as [`SmscEvent::Delivered`].
    ///
    /// What does not fit a deliver_sm comes back at once with the `command_status` that says why; so does everything as
    /// `LinkLost` while the peer is not bound to receive.
    ///
    /// # Errors
    /// [`WindowFull`] where the window is full; then nothing happened.
    pub fn deliver(&mut self, now: Tick, id: ParcelId, parcel: &Parcel) -> Result<(), WindowFull> {
        if !self.mode().is_some_and(BindMode::receives) {
            self.delivered(id, Err(SubmitFault::LinkLost));
            return Ok(());
        }
        if self.line.window.is_full() {
            return Err(WindowFull);
        }
        let sequence = self.line.next_sequence();
        let pdu = match parcel {
            Parcel::Forward(sms) => smsc_command::forward(sequence, sms),
            Parcel::Notice(notice) => smsc_command::notice(sequence, notice),
        };
        match pdu {
            Ok(pdu) => {
                let now = self.line.local(now);
                self.line.send(pdu);
                self.line.open(now, sequence, id);
            }
            Err(status) => self.delivered(id, Err(SubmitFault::Status(status))),
        }
        Ok(())
    }

    /// Whether a message could be delivered now.
    pub fn can_deliver(&self) -> bool {
        self.mode().is_some_and(BindMode::receives) && !self.line.window.is_full()
    }

    /// Unbinds; [`SmscEvent::Ended`] comes with the answer, or after 2 s without.
    pub fn unbind(&mut self, now: Tick) {
        match self.state {
            State::Bound(_) => {
                let until = self.line.local(now).after_ms(UNBIND_MS);
                let sequence = self.line.next_sequence();
                self.line.send(command::unbind(sequence));
                self.state = State::Unbinding { sequence, until };
            }
            State::Leaving { sequence, .. } => {
                self.line.send(command::unbind_resp(sequence));
                self.end(DownCause::Stopping);
            }
            State::Open { .. } | State::Binding { .. } => self.end(DownCause::Stopping),
            State::Unbinding { .. } | State::Ended => {}
        }
    }

    fn handle_frame(&mut self, now: Tick, frame: &Frame) {
        let header = Header::of(frame);
        let sequence = header.sequence;
        match header.command_id {
            id::BIND_RECEIVER => self.peer_binds(now, BindMode::Receiver, sequence, frame.body()),
            id::BIND_TRANSMITTER => {
                self.peer_binds(now, BindMode::Transmitter, sequence, frame.body());
            }
            id::BIND_TRANSCEIVER => {
                self.peer_binds(now, BindMode::Transceiver, sequence, frame.body());
            }
            id::SUBMIT_SM => {
                let message = lenient::submit_sm(frame.body());
                self.submitted(sequence, Submission::SubmitSm, message);
            }
            id::DATA_SM => {
                let message = lenient::submitted_data_sm(frame.body());
                self.submitted(sequence, Submission::DataSm, message);
            }
            // What is done with a message here is done at once: there is nothing to be asked, changed or called back.
            id::QUERY_SM => self.turn_down(header, status::ESME_RQUERYFAIL),
            id::REPLACE_SM => self.turn_down(header, status::ESME_RREPLACEFAIL),
            id::CANCEL_SM => self.turn_down(header, status::ESME_RCANCELFAIL),
            id::SUBMIT_MULTI => self.turn_down(header, status::ESME_RSUBMITFAIL),
            id::ENQUIRE_LINK => self.line.send(command::enquire_link_resp(sequence)),
            id::UNBIND => self.peer_unbinds(now, sequence),
            id::DELIVER_SM_RESP => {
                if let Some(id) = self.line.window.close(sequence) {
                    self.delivered(id, result_of(header.status));
                }
            }
            id::ENQUIRE_LINK_RESP => self.probe_answered(now, sequence),
            id::UNBIND_RESP => {
                if matches!(self.state, State::Unbinding { sequence: ours, .. } if ours == sequence)
                {
                    self.end(DownCause::Stopping);
                }
            }
            id::GENERIC_NACK => self.nacked(now, header),
            // A response that nobody asked for.
            other if other & id::RESPONSE != 0 => {}
            _ => self.refuse(sequence, status::ESME_RINVCMDID),
        }
    }

    fn peer_binds(&mut self, now: Tick, mode: BindMode, sequence: u32, body: &[u8]) {
        match self.state {
            State::Open { .. } => {
                let until = now.after_ms(BIND_MS);
                self.state = State::Binding {
                    mode,
                    sequence,
                    until,
                };
                let (system_id, password) = lenient::bind(body);
                self.events
                    .push_back(SmscEvent::Bind(Login::new(mode, system_id, password)));
            }
            State::Binding { .. }
            | State::Bound(_)
            | State::Unbinding { .. }
            | State::Leaving { .. } => {
                let status = status::ESME_RALYBND;
                let response = smsc_command::bind_resp(mode, sequence, status, &self.system_id);
                self.line.send(response);
            }
            State::Ended => {}
        }
    }

    fn turn_down(&mut self, header: Header, status: u32) {
        let response = command::bare_resp(header.command_id, header.sequence, status);
        self.line.send(response);
    }

    fn submitted(&mut self, sequence: u32, submission: Submission, message: Option<Delivery>) {
        let refuse = |status| submission.response(sequence, status, "");
        let takes = match self.state {
            State::Bound(mode) => mode.transmits(),
            State::Open { .. }
            | State::Binding { .. }
            | State::Unbinding { .. }
            | State::Leaving { .. }
            | State::Ended => false,
        };
        // A number that is used twice at once could not be told apart in the answers.
        if !takes || self.unanswered.contains_key(&sequence) {
            self.line.send(refuse(status::ESME_RINVBNDSTS));
            return;
        }
        let Some(delivery) = message else {
            self.line.send(refuse(status::ESME_RINVCMDLEN));
            return;
        };
        let receipt = match delivery.receipt_wish & 0x03 {
            1 => WantsReceipt::Always,
            2 => WantsReceipt::OnFailure,
            _ => WantsReceipt::No,
        };
        self.unanswered.insert(sequence, submission);
        self.events.push_back(SmscEvent::Submit {
            sequence,
            sms: delivery.into_sms(),
            receipt,
        });
    }

    fn peer_unbinds(&mut self, now: Tick, sequence: u32) {
        match self.state {
            State::Open { .. } | State::Binding { .. } => self.leave(sequence),
            State::Bound(_) => {
                let until = now.after_ms(BATCH_MS);
                self.state = State::Leaving { sequence, until };
            }
            // Both unbind at once: it gets its answer, and ours is still due.
            State::Unbinding { .. } => self.line.send(command::unbind_resp(sequence)),
            State::Leaving { .. } | State::Ended => {}
        }
    }

    fn nacked(&mut self, now: Tick, header: Header) {
        let status = match header.status {
            status::ESME_ROK => status::ESME_RUNKNOWNERR,
            named => named,
        };
        // Sequence 0 names no request: it is clear only where a single one waits.
        let named = self.line.window.close(header.sequence);
        let only = header.sequence == 0 && !self.line.is_probing();
        if let Some(id) = named.or_else(|| only.then(|| self.line.window.close_only()).flatten()) {
            self.delivered(id, Err(SubmitFault::Status(status)));
            return;
        }
        // A peer that does not know enquire_link is alive all the same.
        self.probe_answered(now, header.sequence);
    }

    fn probe_answered(&mut self, now: Tick, sequence: u32) {
        if let Some(ms) = self.line.close_probe(now, sequence) {
            self.events.push_back(SmscEvent::ReplyTime(ms));
        }
    }

    fn refuse(&mut self, sequence: u32, status: u32) {
        self.line.send(command::generic_nack(sequence, status));
    }

    fn delivered(&mut self, id: ParcelId, result: Result<(), SubmitFault>) {
        self.events.push_back(SmscEvent::Delivered { id, result });
    }

    fn leave_if_done(&mut self) {
        let is_done = self.unanswered.is_empty() && self.line.window.is_empty();
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
        for id in self.line.window.take_all() {
            self.delivered(id, Err(SubmitFault::LinkLost));
        }
        self.events.push_back(SmscEvent::Ended(cause));
    }
}

fn result_of(status: u32) -> Result<(), SubmitFault> {
    if status == status::ESME_ROK {
        Ok(())
    } else {
        Err(SubmitFault::Status(status))
    }
}
