use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::select;
use tokio::time::{Instant, sleep_until, timeout};

use super::GatewayConfig;
use super::desk::{Desk, Turn};
use super::outgoing::Outgoing;
use super::tls::{is_alert, session_fault};
use crate::domain::{
    DownCause, LinkEvent, LinkOrder, OutboundSms, PduHeader, SubmitFault, Ticket, TlsFault, Traffic,
};
use crate::protocol::smpp::{Session, SessionEvent, Tick};

/// How many messages may wait for their answer before reading stops: a quarter of the 4,096 inputs
/// that the engine takes in one turn, and as many as one commit needs to be as fast as it gets.
const UNANSWERED: usize = 1_024;

/// Octets that may wait to be written before reading stops: more than answers to `UNANSWERED`
/// messages and a full window take, so only a peer that asks without reading gets there.
const UNWRITTEN_OCTETS: usize = 64 * 1_024;

/// Octets of one read: two of the longest PDUs.
const READ_OCTETS: usize = 16 * 1_024;

/// How many messages may wait for room in the window: what the engine can order in one turn.
const QUEUED: usize = 4_096;

/// Our own answer to a message that finds no room in the queue: try later. ESME_RMSGQFUL.
const QUEUE_FULL: u32 = 0x14;

/// How long the peer may take no octet while some wait for it.
const STALL: Duration = Duration::from_secs(10);

/// How long the last PDUs of a session may take to leave.
pub(super) const LAST_PDUS: Duration = Duration::from_secs(1);

/// How long after the first PDU the engine is told what crossed the link: so no oftener than that.
const TELL: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) cause: DownCause,
    /// `None` where it was never bound.
    pub(super) heard_ms_ago: Option<u64>,
    /// Whether the link is not to come back.
    pub(super) stops: bool,
}

impl Closing {
    /// A connection that did not come about.
    pub(super) const fn unopened(cause: DownCause) -> Self {
        Self {
            cause,
            heard_ms_ago: None,
            stops: false,
        }
    }
}

/// Runs one session over one connection, to its end.
pub(super) async fn drive<S: AsyncRead + AsyncWrite>(
    config: &GatewayConfig,
    stream: S,
    desk: &mut Desk,
    number: u32,
    seed: u64,
) -> Closing {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut connection = Connection::open(config, desk, number, seed);
    let mut input = BytesMut::with_capacity(READ_OCTETS);
    while connection.settle().is_none() {
        let is_reading = connection.is_reading();
        // After that: the session's clock may have begun to go on.
        let deadline = connection.deadline();
        let stalls_at = connection.moved_at + STALL;
        let is_writing = !connection.outgoing.is_done();
        let tells_at = connection.tells_at();
        select! {
            read = reader.read_buf(&mut input), if is_reading => {
                match read {
                    Ok(1..) => connection.hear(&input),
                    Ok(0) => connection.session.handle_close(),
                    Err(error) => {
                        connection.explained = session_fault(&error);
                        connection.session.handle_close();
                    }
                }
                input.clear();
            }
            written = connection.outgoing.write(&mut writer), if is_writing => {
                connection.moved_at = Instant::now();
                if written.is_err() {
                    connection.session.handle_close();
                }
            }
            turn = connection.desk.turn() => connection.serve(turn),
            () = sleep_until(deadline.unwrap_or(stalls_at)), if deadline.is_some() => {
                connection.session.handle_timeout(connection.now());
            }
            () = sleep_until(stalls_at), if is_writing => connection.session.handle_stall(),
            () = sleep_until(tells_at.unwrap_or(stalls_at)), if tells_at.is_some() => {
                connection.tell_traffic();
            }
        }
    }
    let (closing, outgoing) = connection.close();
    if timeout(LAST_PDUS, outgoing.finish(&mut writer))
        .await
        .is_err()
    {
        tracing::debug!(gateway = %config.name, "the peer did not take the last PDUs");
    }
    closing
}

/// A session, and what the shell keeps beside it.
struct Connection<'a> {
    desk: &'a mut Desk,
    number: u32,
    session: Session,
    outgoing: Outgoing,
    /// Messages that wait for room in the window.
    queue: VecDeque<OutboundSms>,
    opened_at: Instant,
    heard_at: Instant,
    /// When something was written last, or had nothing before it that waited.
    moved_at: Instant,
    /// The last PDUs that the engine was not told of, and when it is to be.
    pdus: VecDeque<(Instant, PduHeader)>,
    tells_at: Option<Instant>,
    was_bound: bool,
    stops: bool,
    ended: Option<DownCause>,
    /// What is known beside the session of why it ends.
    explained: Option<DownCause>,
}

impl<'a> Connection<'a> {
    fn open(config: &GatewayConfig, desk: &'a mut Desk, number: u32, seed: u64) -> Self {
        let now = Instant::now();
        Self {
            desk,
            number,
            session: Session::connect(&config.session(), Tick(0), seed),
            outgoing: Outgoing::new(config.one_pdu_per_write),
            queue: VecDeque::new(),
            opened_at: now,
            heard_at: now,
            moved_at: now,
            pdus: VecDeque::new(),
            tells_at: None,
            was_bound: false,
            stops: false,
            ended: None,
            explained: None,
        }
    }

    fn now(&self) -> Tick {
        let ms = self.opened_at.elapsed().as_millis();
        Tick(u64::try_from(ms).unwrap_or(u64::MAX))
    }

    fn deadline(&self) -> Option<Instant> {
        let tick = self.session.deadline()?;
        Some(self.opened_at + Duration::from_millis(tick.0))
    }

    /// Passes on all that the session gives; says why it ended, where it did.
    fn settle(&mut self) -> Option<DownCause> {
        loop {
            while let Some(event) = self.session.poll_event() {
                self.tell(event);
            }
            if self.ended.is_some() || !self.session.can_submit() {
                break;
            }
            let Some(sms) = self.queue.pop_front() else {
                break;
            };
            self.submit(sms);
        }
        if self.outgoing.is_done() {
            self.moved_at = Instant::now();
        }
        self.outgoing.put(|| self.session.poll_transmit());
        let now = Instant::now();
        while let Some(header) = self.session.poll_pdu() {
            self.tells_at.get_or_insert(now + TELL);
            if self.pdus.len() == Traffic::HELD {
                self.pdus.pop_front();
            }
            self.pdus.push_back((now, header));
        }
        self.ended
    }

    /// When the engine is to be told what crossed the link; not while it has too much to do.
    fn tells_at(&self) -> Option<Instant> {
        self.tells_at.filter(|_| self.desk.is_clear())
    }

    fn tell_traffic(&mut self) {
        self.tells_at = None;
        let now = Instant::now();
        let ago = |at: Instant| u64::try_from((now - at).as_millis()).unwrap_or(u64::MAX);
        let pdus = self.pdus.drain(..).map(|(at, header)| (ago(at), header));
        let traffic = Traffic {
            pdus: pdus.collect(),
            faults: self.session.take_faults(),
        };
        self.desk.tell(LinkEvent::Traffic(Box::new(traffic)));
    }

    /// Whether the socket is to be read now. Tells the session, whose timers stand still meanwhile.
    fn is_reading(&mut self) -> bool {
        let is_kept_up = self.desk.is_clear()
            && self.session.unanswered() <= UNANSWERED
            && self.outgoing.octets() <= UNWRITTEN_OCTETS;
        // Once we unbind nothing that is read makes work, and the peer's answer is to be seen.
        let is_reading = is_kept_up || self.stops;
        let now = self.now();
        self.session.set_reading(now, is_reading);
        is_reading
    }

    fn hear(&mut self, octets: &[u8]) {
        self.heard_at = Instant::now();
        if !self.was_bound && is_alert(octets) {
            self.explained = Some(DownCause::Tls(TlsFault::OnlyTls));
        }
        self.session.handle_bytes(self.now(), octets);
    }

    fn serve(&mut self, turn: Turn) {
        let orders = match turn {
            Turn::Taken => return,
            Turn::Orders(orders) => orders,
            Turn::Gone => vec![LinkOrder::Stop],
        };
        for order in orders {
            match order {
                LinkOrder::Answer { ticket, status } if ticket.connection == self.number => {
                    self.session.answer(ticket.sequence, status);
                }
                LinkOrder::Answer { .. } => {}
                LinkOrder::Submit { connection, sms } if connection == self.number => {
                    self.queue_up(sms);
                }
                // The engine has heard, or will hear before all that is of this connection, that the other one is down.
                LinkOrder::Submit { connection, sms } => self.desk.lost(connection, sms.id),
                LinkOrder::Stop => self.stops = true,
            }
        }
        if self.stops {
            self.drop_queue();
            self.session.unbind(self.now());
        }
    }

    fn queue_up(&mut self, sms: OutboundSms) {
        if self.queue.len() < QUEUED {
            self.queue.push_back(sms);
            return;
        }
        self.desk.tell(LinkEvent::Submitted {
            connection: self.number,
            id: sms.id,
            result: Err(SubmitFault::Status(QUEUE_FULL)),
        });
    }

    fn submit(&mut self, sms: OutboundSms) {
        let now = self.now();
        if self.session.submit(now, &sms).is_err() {
            self.queue.push_front(sms);
        }
    }

    fn drop_queue(&mut self) {
        for sms in std::mem::take(&mut self.queue) {
            self.desk.lost(self.number, sms.id);
        }
    }

    fn tell(&mut self, event: SessionEvent) {
        let event = match event {
            SessionEvent::Bound => {
                self.was_bound = true;
                tracing::info!(gateway = %self.desk.name(), "bound");
                LinkEvent::Up {
                    connection: self.number,
                }
            }
            SessionEvent::Inbound { sequence, sms } => LinkEvent::Inbound {
                ticket: Ticket {
                    connection: self.number,
                    sequence,
                },
                sms,
            },
            SessionEvent::Submitted { id, result } => LinkEvent::Submitted {
                connection: self.number,
                id,
                result,
            },
            SessionEvent::Report(report) => LinkEvent::Report(report),
            SessionEvent::ReplyTime(ms) => LinkEvent::ReplyTime(ms),
            SessionEvent::Ended(cause) => {
                self.ended = Some(cause);
                return;
            }
        };
        self.desk.tell(event);
    }

    fn close(mut self) -> (Closing, Outgoing) {
        self.drop_queue();
        if !self.pdus.is_empty() {
            self.tell_traffic();
        }
        let heard_ms = u64::try_from(self.heard_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let closing = Closing {
            cause: self.explained.or(self.ended).unwrap_or(DownCause::Closed),
            heard_ms_ago: self.was_bound.then_some(heard_ms),
            stops: self.stops,
        };
        (closing, self.outgoing)
    }
}
