//! The desk's ends of the connections: the real session, driven as the gateway's shell drives it.

use std::collections::{BTreeSet, VecDeque};

use hazir::domain::{
    DownCause, LinkEvent, LinkOrder, OutboundSms, OutboxId, PduHeader, SubmitFault, Ticket, Traffic,
};
use hazir::gateway::{Backoff, Password, SystemId};
use hazir::protocol::smpp::{Jitter, Session, SessionConfig, SessionEvent, Tick};

use super::faults::subject;
use super::wire::Wire;
use super::world::World;

/// How long the peer may take no octet while some wait for it.
const STALL_MS: i64 = 10_000;
/// How long after the first PDU the engine is told what crossed the link.
const TELL_MS: i64 = 1_000;
/// `command_status` of a message that finds no room.
const NEVER: i64 = i64::MAX;

/// A gateway's link in a process.
pub struct Link {
    number: u32,
    backoff: Backoff,
    jitter: Jitter,
    state: State,
    /// When something is due.
    pub wake_at: i64,
}

enum State {
    Resting(i64),
    Connecting(i64, Result<(), DownCause>),
    Open(Box<Connection>),
}

/// A session, and what the shell keeps beside it.
struct Connection {
    wire: u32,
    session: Session,
    queue: VecDeque<OutboundSms>,
    /// Ordered, and not told of yet.
    ordered: BTreeSet<OutboxId>,
    outgoing: Vec<u8>,
    opened_at: i64,
    heard_at: i64,
    moved_at: i64,
    pdus: VecDeque<(i64, PduHeader)>,
    tells_at: Option<i64>,
    was_bound: bool,
    ended: Option<DownCause>,
}

impl Link {
    /// A link that connects at once.
    pub fn new(seed: u64, now: i64) -> Self {
        Self {
            number: 0,
            backoff: Backoff::new(),
            jitter: Jitter::new(seed),
            state: State::Resting(now),
            wake_at: now,
        }
    }

    fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.state {
            State::Open(connection) => Some(connection),
            State::Resting(_) | State::Connecting(..) => None,
        }
    }

    /// The connection that is open.
    pub fn wire(&mut self) -> Option<u32> {
        self.connection().map(|connection| connection.wire)
    }

    fn plan_wake(&mut self, full_until: i64) {
        self.wake_at = match &self.state {
            State::Resting(until) | State::Connecting(until, _) => *until,
            State::Open(connection) => {
                let due = connection.session.deadline();
                let due = due.map_or(NEVER, |tick| {
                    connection.opened_at + i64::try_from(tick.0).unwrap()
                });
                let tells_at = connection.tells_at.unwrap_or(NEVER);
                let stalls_at = if connection.outgoing.is_empty() {
                    NEVER
                } else {
                    full_until.min(connection.moved_at + STALL_MS)
                };
                due.min(tells_at).min(stalls_at)
            }
        };
    }
}

impl Connection {
    fn now(&self, tick: i64) -> Tick {
        Tick((tick - self.opened_at).unsigned_abs())
    }
}

impl World {
    /// Something of a link is due.
    pub fn link_due(&mut self, place: usize) {
        let tick = self.tick;
        let Some(link) = self.link(place) else {
            return;
        };
        match &mut link.state {
            State::Resting(_) => self.connect(place),
            State::Connecting(_, Ok(())) => self.open(place),
            State::Connecting(_, Err(cause)) => {
                let cause = *cause;
                self.link_down(place, cause, None);
            }
            State::Open(connection) => {
                if connection.tells_at.is_some_and(|at| at <= tick) {
                    self.tell_traffic(place);
                }
                let full_until = self.wires[place].full_until;
                let Some(connection) = self.link(place).and_then(Link::connection) else {
                    return;
                };
                let now = connection.now(tick);
                connection.session.handle_timeout(now);
                let stalls = !connection.outgoing.is_empty()
                    && full_until > tick
                    && tick >= connection.moved_at + STALL_MS;
                if stalls {
                    connection.session.handle_stall();
                }
                self.settle_link(place);
            }
        }
    }

    fn link(&mut self, place: usize) -> Option<&mut Link> {
        self.process.as_mut()?.links.get_mut(place)
    }

    fn connect(&mut self, place: usize) {
        self.tell(place, LinkEvent::Connecting);
        let (tick, latency) = (self.tick, self.ways.latency_ms);
        let away = self.smscs[place].away_until > tick;
        let Some(link) = self.process.as_mut().and_then(|p| p.links.get_mut(place)) else {
            return;
        };
        link.number = link.number.wrapping_add(1);
        let opened = if away {
            Err(DownCause::Refused)
        } else {
            Ok(())
        };
        link.state = State::Connecting(tick + latency, opened);
        link.wake_at = tick + latency;
    }

    fn open(&mut self, place: usize) {
        self.last_wire += 1;
        let (tick, wire) = (self.tick, self.last_wire);
        self.wires[place] = Wire::open(wire);
        self.smscs[place].accept(wire);
        let config = SessionConfig {
            system_id: SystemId::parse("smppuser").unwrap(),
            password: Password::parse("secret").unwrap(),
            enquire_link_ms: self.ways.enquire_ms,
            response_timeout_ms: self.ways.response_ms,
            window: u16::try_from(self.settings.gateways[place].window).unwrap(),
        };
        let seed = self
            .faults
            .numbers(50, subject(u64::from(wire), 0, 0))
            .next();
        let connection = Connection {
            wire,
            session: Session::connect(&config, Tick(0), seed),
            queue: VecDeque::new(),
            ordered: BTreeSet::new(),
            outgoing: Vec::new(),
            opened_at: tick,
            heard_at: tick,
            moved_at: tick,
            pdus: VecDeque::new(),
            tells_at: None,
            was_bound: false,
            ended: None,
        };
        if let Some(link) = self.link(place) {
            link.state = State::Open(Box::new(connection));
        }
        self.settle_link(place);
    }

    /// Octets of the gateway.
    pub fn desk_hears(&mut self, place: usize, wire: u32, octets: &[u8]) {
        let tick = self.tick;
        let connection = self.link(place).and_then(Link::connection);
        let Some(connection) = connection.filter(|one| one.wire == wire) else {
            return;
        };
        connection.heard_at = tick;
        let now = connection.now(tick);
        connection.session.handle_bytes(now, octets);
        self.settle_link(place);
    }

    /// The gateway closed, or the connection broke.
    pub fn closed_at_desk(&mut self, place: usize, wire: u32) {
        let connection = self.link(place).and_then(Link::connection);
        let Some(connection) = connection.filter(|one| one.wire == wire) else {
            return;
        };
        connection.session.handle_close();
        self.settle_link(place);
    }

    /// Passes on all that the session gives.
    fn settle_link(&mut self, place: usize) {
        let tick = self.tick;
        loop {
            let Some(connection) = self.link(place).and_then(Link::connection) else {
                return;
            };
            if let Some(event) = connection.session.poll_event() {
                self.tell_session(place, event);
                continue;
            }
            if connection.ended.is_some() || !connection.session.can_submit() {
                break;
            }
            let Some(sms) = connection.queue.pop_front() else {
                break;
            };
            let now = connection.now(tick);
            if connection.session.submit(now, &sms).is_err() {
                connection.queue.push_front(sms);
            }
        }
        self.transmit(place);
    }

    fn transmit(&mut self, place: usize) {
        let tick = self.tick;
        let full_until = self.wires[place].full_until;
        let Some(connection) = self.link(place).and_then(Link::connection) else {
            return;
        };
        if connection.outgoing.is_empty() {
            connection.moved_at = tick;
        }
        while let Some(pdu) = connection.session.poll_transmit() {
            connection.outgoing.extend_from_slice(&pdu);
        }
        while let Some(header) = connection.session.poll_pdu() {
            connection.tells_at.get_or_insert(tick + TELL_MS);
            if connection.pdus.len() == Traffic::HELD {
                connection.pdus.pop_front();
            }
            connection.pdus.push_back((tick, header));
        }
        let (wire, ended) = (connection.wire, connection.ended);
        if full_until <= tick || ended.is_some() {
            let octets = std::mem::take(&mut connection.outgoing);
            self.put(place, wire, true, octets);
        }
        match ended {
            Some(cause) => self.close(place, cause),
            None => {
                if let Some(link) = self.link(place) {
                    link.plan_wake(full_until);
                }
            }
        }
    }

    fn tell_session(&mut self, place: usize, event: SessionEvent) {
        let Some(link) = self.link(place) else {
            return;
        };
        let number = link.number;
        let Some(connection) = link.connection() else {
            return;
        };
        let event = match event {
            SessionEvent::Bound => {
                connection.was_bound = true;
                LinkEvent::Up { connection: number }
            }
            SessionEvent::Inbound { sequence, sms } => LinkEvent::Inbound {
                ticket: Ticket {
                    connection: number,
                    sequence,
                },
                sms,
            },
            SessionEvent::Submitted { id, result } => {
                connection.ordered.remove(&id);
                LinkEvent::Submitted {
                    connection: number,
                    id,
                    result,
                }
            }
            SessionEvent::Report(report) => LinkEvent::Report(report),
            SessionEvent::ReplyTime(ms) => LinkEvent::ReplyTime(ms),
            SessionEvent::Ended(cause) => {
                connection.ended = Some(cause);
                return;
            }
        };
        self.tell(place, event);
    }

    fn tell_traffic(&mut self, place: usize) {
        let tick = self.tick;
        let Some(connection) = self.link(place).and_then(Link::connection) else {
            return;
        };
        connection.tells_at = None;
        let pdus = connection.pdus.drain(..);
        let pdus = pdus.map(|(at, header)| ((tick - at).unsigned_abs(), header));
        let traffic = Traffic {
            pdus: pdus.collect(),
            faults: connection.session.take_faults(),
        };
        self.tell(place, LinkEvent::Traffic(Box::new(traffic)));
    }

    fn close(&mut self, place: usize, cause: DownCause) {
        let tick = self.tick;
        let Some(link) = self.link(place) else {
            return;
        };
        let number = link.number;
        let Some(connection) = link.connection() else {
            return;
        };
        let wire = connection.wire;
        let queue = std::mem::take(&mut connection.queue);
        let heard_ms = (tick - connection.heard_at).unsigned_abs();
        let heard = connection.was_bound.then_some(heard_ms);
        let has_pdus = !connection.pdus.is_empty();
        for sms in queue {
            self.lost(place, number, sms.id);
        }
        if has_pdus {
            self.tell_traffic(place);
        }
        self.hang_up(place, wire, true);
        self.link_down(place, cause, heard);
    }

    fn link_down(&mut self, place: usize, cause: DownCause, heard_ms_ago: Option<u64>) {
        let tick = self.tick;
        self.tell(
            place,
            LinkEvent::Down {
                cause,
                heard_ms_ago,
            },
        );
        let Some(link) = self.link(place) else {
            return;
        };
        if heard_ms_ago.is_some() {
            link.backoff.reset();
        }
        let pause = link.backoff.pause(cause, &mut link.jitter);
        let until = tick + i64::try_from(pause.as_millis()).unwrap();
        link.state = State::Resting(until);
        link.wake_at = until;
    }

    /// Orders of the engine reach the link.
    pub fn order(&mut self, place: usize, orders: Vec<LinkOrder>) {
        for order in orders {
            match order {
                LinkOrder::Answer { ticket, status } => self.answer(place, ticket, status),
                LinkOrder::Submit { connection, sms } => self.submit(place, connection, sms),
                LinkOrder::Stop => {}
            }
        }
        self.settle_link(place);
    }

    /// Tells a gateway what became of its message.
    pub fn answer(&mut self, place: usize, ticket: Ticket, status: u32) {
        let Some(link) = self.link(place) else {
            return;
        };
        let number = link.number;
        let Some(connection) = link.connection() else {
            return;
        };
        // It belongs to a connection that is gone; the message comes again on the next.
        if ticket.connection != number {
            return;
        }
        connection.session.answer(ticket.sequence, status);
        let wire = connection.wire;
        let decided = self.smscs[place].decided(wire, ticket.sequence);
        if let Some(sms) = decided.filter(|_| status == 0) {
            self.judge.answered(&sms, &self.phones);
        }
    }

    fn submit(&mut self, place: usize, number: u32, sms: OutboundSms) {
        self.judge.leaves(sms.id);
        let Some(link) = self.link(place) else {
            return;
        };
        let is_its = link.number == number;
        if let Some(connection) = link.connection().filter(|_| is_its) {
            let is_new = connection.ordered.insert(sms.id);
            let id = sms.id;
            connection.queue.push_back(sms);
            if !is_new {
                self.judge
                    .breaks(format!("3: {id:?} was ordered twice from one link"));
            }
            return;
        }
        self.lost(place, number, sms.id);
    }

    /// A message does not leave by the connection for which it was ordered.
    fn lost(&mut self, place: usize, connection: u32, id: OutboxId) {
        let result = Err(SubmitFault::LinkLost);
        let lost = LinkEvent::Submitted {
            connection,
            id,
            result,
        };
        self.tell(place, lost);
    }
}
