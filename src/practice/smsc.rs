use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::dice::Dice;
use super::faults::{Fault, Faults};
use super::people::{Plan, PracticeConfig};
use super::scene::Moment;
use crate::domain::{Address, InboundSms, Millis, SubmitFault};
use crate::protocol::smpp::{
    BindMode, Delivered, Forward, Notice, Parcel, ParcelId, Password, SmscConfig, SmscEvent,
    SmscSession, SystemId, Tick, WantsReceipt,
};
use crate::protocol::{gsm, text};

/// What the gateway appends to what it sends, as Ozeki SMPP SMS Gateway Lite does.
pub(super) const FOOTER: &str = " sent by Ozeki SMPP SMS Gateway for Android - www.ozekisms.com";

/// `command_status`, SMPP 3.4 section 5.1.3.
const ESME_ROK: u32 = 0x00;
const ESME_RINVMSGLEN: u32 = 0x01;
const ESME_RINVSRCADR: u32 = 0x0a;
const ESME_RINVDSTADR: u32 = 0x0b;
const ESME_RBINDFAIL: u32 = 0x0d;
const ESME_RMSGQFUL: u32 = 0x14;
const ESME_RTHROTTLED: u32 = 0x58;

/// Octets of the longest text that is taken: ten parts.
const LONGEST_OCTETS: usize = 1_530;
/// ESMEs at once.
const LINKS: usize = 64;
/// Messages and receipts that may wait for an ESME: an hour of a busy practice. One more is lost, as in a real gateway.
const WAITING: usize = 5_000;
/// submit_sm of one ESME that may wait for their answer; one more is told that the queue is full.
const UNANSWERED: usize = 1_000;
/// After a refusal a message is delivered again so much later.
const AGAIN_MS: u64 = 5_000;
/// How long the gateway needs for an answer, at least and at most.
const ANSWER_MS: (u64, u64) = (10, 60);
/// How long an SMS is on its way to a phone, at least and at most.
const AIR_MS: (u64, u64) = (300, 1_500);

/// One connection of an ESME.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// What comes out of the gateway for the sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Octets to be written.
    Octets(LinkId, Bytes),
    /// A connection to be closed when all is written.
    Close(LinkId),
}

/// What comes out of the gateway for the phones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Air {
    /// An ESME that gets messages is bound.
    Bound,
    /// An SMS arrives at a number.
    Sms {
        number: String,
        text: String,
        /// What is to be told to the ESME of it.
        receipt: Option<Receipt>,
    },
}

/// A delivery receipt to be, and the link that asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    link: LinkId,
    notice: Notice,
}

/// The gateway: it lets ESMEs bind, delivers what phones send, and sends what ESMEs submit.
pub(super) struct Smsc {
    config: SmscConfig,
    password: Password,
    desk_number: Address,
    dice: Dice,
    speed: u64,
    links: BTreeMap<LinkId, SmscSession>,
    last_link: u64,
    /// Which link got the last parcel: they take turns.
    last_served: LinkId,
    /// What waits for an ESME, the oldest first.
    waiting: VecDeque<Waiting>,
    /// When the first of it may go that may not go yet. What may go and finds no room waits for a response, not for a time.
    again_at: Option<Tick>,
    in_flight: BTreeMap<ParcelId, Waiting>,
    last_parcel: u64,
    /// What is done later, by time and number.
    agenda: BTreeMap<(Tick, u64), Errand>,
    last_errand: u64,
    last_message: u64,
    faults: Faults,
    outs: VecDeque<Out>,
    airs: VecDeque<Air>,
    taken: u64,
    delivered: u64,
}

/// A parcel and when it goes where.
struct Waiting {
    not_before: Tick,
    /// The link that submitted what a receipt is for: as long as it is bound, it gets it.
    link: Option<LinkId>,
    parcel: Parcel,
}

/// What is done later.
enum Errand {
    /// A submit_sm is answered.
    Answer {
        link: LinkId,
        sequence: u32,
        result: Result<String, u32>,
    },
    /// An SMS arrives.
    Arrive(Air),
}

impl Smsc {
    pub(super) fn new(config: &PracticeConfig, plan: &Plan) -> Self {
        Self {
            config: SmscConfig {
                system_id: SystemId::parse(plan.system_id).expect("it has 15 characters at most"),
                enquire_link_ms: 30_000,
                response_timeout_ms: 10_000,
                window: 10,
            },
            password: Password::parse(&plan.password).expect("it has 8 characters"),
            desk_number: address(plan.desk_number),
            dice: Dice::new(config.seed, "air"),
            speed: u64::from(config.speed.max(1)),
            links: BTreeMap::new(),
            last_link: 0,
            last_served: LinkId(0),
            waiting: VecDeque::new(),
            again_at: None,
            in_flight: BTreeMap::new(),
            last_parcel: 0,
            agenda: BTreeMap::new(),
            last_errand: 0,
            last_message: 0x4f_0000,
            faults: Faults::default(),
            outs: VecDeque::new(),
            airs: VecDeque::new(),
            taken: 0,
            delivered: 0,
        }
    }

    /// Takes a connection; `None` where it is to be closed at once.
    pub(super) fn connect(&mut self, now: Moment) -> Option<LinkId> {
        if self.faults.is_gone(now.tick) || self.links.len() >= LINKS {
            return None;
        }
        self.last_link += 1;
        let link = LinkId(self.last_link);
        let seed = self.dice.between(0, u64::MAX);
        let session = SmscSession::accept(&self.config, now.tick, seed);
        self.links.insert(link, session);
        Some(link)
    }

    pub(super) fn handle_bytes(&mut self, now: Moment, link: LinkId, octets: &[u8]) {
        if let Some(session) = self.links.get_mut(&link) {
            session.handle_bytes(now.tick, octets);
        }
        self.settle(now);
    }

    pub(super) fn handle_close(&mut self, now: Moment, link: LinkId) {
        if let Some(session) = self.links.get_mut(&link) {
            session.handle_close();
        }
        self.settle(now);
    }

    pub(super) fn handle_timeout(&mut self, now: Moment) {
        for session in self.links.values_mut() {
            if session.deadline().is_some_and(|at| at <= now.tick) {
                session.handle_timeout(now.tick);
            }
        }
        while let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= now.tick
        {
            match entry.remove() {
                Errand::Answer {
                    link,
                    sequence,
                    result,
                } => self.answer(link, sequence, &result),
                Errand::Arrive(air) => self.airs.push_back(air),
            }
        }
        self.settle(now);
    }

    pub(super) fn deadline(&self) -> Option<Tick> {
        let sessions = self.links.values().filter_map(SmscSession::deadline).min();
        let errand = self.agenda.keys().next().map(|(at, _)| *at);
        [sessions, errand, self.again_at]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn set_reading(&mut self, now: Moment, link: LinkId, is_reading: bool) {
        if let Some(session) = self.links.get_mut(&link) {
            session.set_reading(now.tick, is_reading);
        }
    }

    /// Says goodbye to all ESMEs.
    pub(super) fn unbind(&mut self, now: Moment) {
        for session in self.links.values_mut() {
            session.unbind(now.tick);
        }
        self.settle(now);
    }

    /// Takes a text that a phone sends to the desk.
    pub(super) fn send(&mut self, now: Moment, from: &str, text: &str) {
        // Text that the alphabet of GSM lacks goes as UCS-2, as phones do.
        let (octets, data_coding) = match gsm::encode(text) {
            Some(septets) => (septets, 0x00),
            None => (
                text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                0x08,
            ),
        };
        let sms = Forward {
            from: address(from),
            to: self.desk_number.clone(),
            octets,
            data_coding,
        };
        if self.faults.doubles(from) {
            self.wait(now, None, Parcel::Forward(sms.clone()));
        }
        self.wait(now, None, Parcel::Forward(sms));
        self.settle(now);
    }

    /// Tells an ESME what became of a message.
    pub(super) fn tell(&mut self, now: Moment, receipt: Receipt, has_arrived: bool) {
        let Receipt { link, mut notice } = receipt;
        notice.done_at = now.wall;
        if !has_arrived {
            notice.state = Delivered::No;
        }
        self.wait(now, Some(link), Parcel::Notice(notice));
        self.settle(now);
    }

    pub(super) fn throw(&mut self, now: Moment, fault: Fault) {
        let cuts = matches!(fault, Fault::Cut | Fault::Gone { .. });
        self.faults.throw(now.tick, fault, self.speed);
        if cuts {
            self.cut();
        }
        self.settle(now);
    }

    pub(super) fn poll_out(&mut self) -> Option<Out> {
        self.outs.pop_front()
    }

    pub(super) fn poll_air(&mut self) -> Option<Air> {
        self.airs.pop_front()
    }

    /// Bound ESMEs, parcels that wait or are under way, submit_sm that were taken, parcels that were delivered.
    pub(super) fn counts(&self) -> (usize, usize, u64, u64) {
        let bound = self.links.values().filter(|it| it.mode().is_some()).count();
        let waiting = self.waiting.len() + self.in_flight.len();
        (bound, waiting, self.taken, self.delivered)
    }

    /// Works until nothing more comes of it.
    fn settle(&mut self, now: Moment) {
        loop {
            let mut is_still = true;
            let links: Vec<LinkId> = self.links.keys().copied().collect();
            for link in links {
                while let Some(event) = self.links.get_mut(&link).and_then(SmscSession::poll_event)
                {
                    is_still = false;
                    self.handle_event(now, link, event);
                }
            }
            self.pump(now);
            if is_still {
                break;
            }
        }
        let later = self.waiting.iter().map(|waiting| waiting.not_before);
        self.again_at = later.filter(|at| *at > now.tick).min();
        for (link, session) in &mut self.links {
            while let Some(pdu) = session.poll_transmit() {
                self.outs.push_back(Out::Octets(*link, pdu));
            }
        }
    }

    fn handle_event(&mut self, now: Moment, link: LinkId, event: SmscEvent) {
        match event {
            SmscEvent::Bind(login) => {
                let status = if self.faults.refuses(now.tick) {
                    ESME_RBINDFAIL
                } else {
                    login.check(&self.config.system_id, &self.password)
                };
                if let Some(session) = self.links.get_mut(&link) {
                    session.answer_bind(status);
                }
                if status == ESME_ROK && login.mode.receives() {
                    self.airs.push_back(Air::Bound);
                }
            }
            SmscEvent::Submit {
                sequence,
                sms,
                receipt,
            } => self.submitted(now, link, sequence, &sms, receipt),
            SmscEvent::Delivered { id, result } => self.settled(now, id, result),
            SmscEvent::ReplyTime(_) => {}
            SmscEvent::Ended(_) => self.close(link),
        }
    }

    fn submitted(
        &mut self,
        now: Moment,
        link: LinkId,
        sequence: u32,
        sms: &InboundSms,
        receipt: WantsReceipt,
    ) {
        let slow_ms = self.faults.slow_ms() + self.dice.between(ANSWER_MS.0, ANSWER_MS.1);
        let answer_at = now.tick.after_ms(slow_ms / self.speed);
        let result = self.judge(link, sms).map(|number| {
            self.last_message += 1;
            self.taken += 1;
            let message_id = format!("{:08X}", self.last_message);
            let arrive_ms = slow_ms + self.dice.between(AIR_MS.0, AIR_MS.1);
            let arrive_at = now.tick.after_ms(arrive_ms / self.speed);
            if !self.faults.loses(&number) {
                let air = arriving((link, now.wall), &message_id, number, sms, receipt);
                self.later(arrive_at, Errand::Arrive(air));
            }
            message_id
        });
        let answer = Errand::Answer {
            link,
            sequence,
            result,
        };
        self.later(answer_at, answer);
    }

    /// The number that a message goes to.
    fn judge(&mut self, link: LinkId, sms: &InboundSms) -> Result<String, u32> {
        let unanswered = self.links.get(&link).map_or(0, SmscSession::unanswered);
        if unanswered > UNANSWERED {
            return Err(ESME_RMSGQFUL);
        }
        if self.faults.throttles() {
            return Err(ESME_RTHROTTLED);
        }
        if sms.octets.len() > LONGEST_OCTETS {
            return Err(ESME_RINVMSGLEN);
        }
        let number = number_of(&sms.destination).ok_or(ESME_RINVDSTADR)?;
        if self.faults.rejects(&number) {
            return Err(ESME_RINVDSTADR);
        }
        Ok(number)
    }

    fn answer(&mut self, link: LinkId, sequence: u32, result: &Result<String, u32>) {
        if let Some(session) = self.links.get_mut(&link) {
            let result = result
                .as_ref()
                .map(String::as_str)
                .map_err(|status| *status);
            session.answer_submit(sequence, result);
        }
    }

    /// Takes note of what became of a parcel. What was not taken waits again, as long as it must.
    fn settled(&mut self, now: Moment, id: ParcelId, result: Result<(), SubmitFault>) {
        let Some(mut waiting) = self.in_flight.remove(&id) else {
            return;
        };
        waiting.not_before = match result {
            Ok(()) => {
                self.delivered += 1;
                return;
            }
            // These never fit.
            Err(SubmitFault::Status(ESME_RINVMSGLEN | ESME_RINVSRCADR | ESME_RINVDSTADR)) => return,
            Err(SubmitFault::LinkLost) => now.tick,
            Err(SubmitFault::Status(_) | SubmitFault::Timeout) => {
                now.tick.after_ms(AGAIN_MS / self.speed)
            }
        };
        self.waiting.push_front(waiting);
    }

    fn wait(&mut self, now: Moment, link: Option<LinkId>, parcel: Parcel) {
        if self.waiting.len() < WAITING {
            self.waiting.push_back(Waiting {
                not_before: now.tick,
                link,
                parcel,
            });
        }
    }

    /// Hands what waits to the links that have room.
    fn pump(&mut self, now: Moment) {
        let mut at = 0;
        while let Some(waiting) = self.waiting.get(at) {
            let due = waiting.not_before <= now.tick;
            let link = due.then(|| self.link_for(waiting)).flatten();
            let Some(link) = link else {
                if !self.links.values().any(SmscSession::can_deliver) {
                    return;
                }
                at += 1;
                continue;
            };
            let (Some(waiting), Some(session)) =
                (self.waiting.remove(at), self.links.get_mut(&link))
            else {
                return;
            };
            self.last_parcel += 1;
            let id = ParcelId(self.last_parcel);
            if waiting.link.is_none() {
                self.last_served = link;
            }
            // There is room: link_for says so.
            if session.deliver(now.tick, id, &waiting.parcel).is_ok() {
                self.in_flight.insert(id, waiting);
            }
        }
    }

    /// The link that a parcel goes to now: the one that it belongs to, else the next in turn.
    fn link_for(&self, waiting: &Waiting) -> Option<LinkId> {
        let own = waiting
            .link
            .and_then(|link| Some((link, self.links.get(&link)?)));
        if let Some((link, session)) = own
            && session.mode().is_some_and(BindMode::receives)
        {
            return session.can_deliver().then_some(link);
        }
        let open = || {
            let links = self.links.iter().filter(|(_, it)| it.can_deliver());
            links.map(|(link, _)| *link)
        };
        let next = open().find(|link| *link > self.last_served);
        next.or_else(|| open().next())
    }

    fn later(&mut self, at: Tick, errand: Errand) {
        self.last_errand += 1;
        self.agenda.insert((at, self.last_errand), errand);
    }

    /// Cuts all links without a word.
    fn cut(&mut self) {
        for session in self.links.values_mut() {
            session.handle_close();
        }
    }

    fn close(&mut self, link: LinkId) {
        if let Some(mut session) = self.links.remove(&link) {
            while let Some(pdu) = session.poll_transmit() {
                self.outs.push_back(Out::Octets(link, pdu));
            }
            self.outs.push_back(Out::Close(link));
        }
    }
}

/// An SMS that arrives, with the receipt that it is worth.
fn arriving(
    (link, wall): (LinkId, Millis),
    message_id: &str,
    number: String,
    sms: &InboundSms,
    receipt: WantsReceipt,
) -> Air {
    let body = text::display_text(&sms.octets, sms.data_coding);
    let receipt = (receipt == WantsReceipt::Always).then(|| Receipt {
        link,
        notice: Notice {
            from: sms.destination.clone(),
            to: sms.source.clone(),
            message_id: message_id.to_owned(),
            state: Delivered::Yes,
            submitted_at: wall,
            done_at: wall,
            text: body.clone(),
        },
    });
    Air::Sms {
        number,
        text: body + FOOTER,
        receipt,
    }
}

/// The address of a number in E.164, as phone gateways give it: with the plus.
fn address(number: &str) -> Address {
    Address::international(number)
}

/// The number of an address in E.164; `None` where it cannot be one.
fn number_of(address: &Address) -> Option<String> {
    let text = std::str::from_utf8(&address.octets).ok()?;
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    let digits = digits.unwrap_or(text);
    let fits = (3..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
    fits.then(|| format!("+{digits}"))
}
