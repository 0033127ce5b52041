//! The gateways' ends: SMSCs that speak SMPP as octets and misbehave as real ones do.
//!
//! ```text
//! offset  octets  meaning                     big-endian
//! 0       4       command_length
//! 4       4       command_id
//! 8       4       command_status
//! 12      4       sequence_number
//! 16      n       body
//! ```

use std::collections::{BTreeMap, VecDeque};

use hazir::domain::Millis;
use hazir::protocol::Status;

use super::air::Sms;
use super::faults::{Kind, subject};
use super::faulty_disk::Seeded;
use super::plan::{GATEWAYS, LINKED, one_of, within};
use super::world::{Happening, Octets, World};

const GENERIC_NACK: u32 = 0x8000_0000;
const SUBMIT_SM: u32 = 0x0000_0004;
const DELIVER_SM: u32 = 0x0000_0005;
const UNBIND: u32 = 0x0000_0006;
const BIND_TRANSCEIVER: u32 = 0x0000_0009;
const ENQUIRE_LINK: u32 = 0x0000_0015;
const RESPONSE: u32 = 0x8000_0000;
const RALYBND: u32 = 0x05;

const SECOND: i64 = Millis::SECOND;
/// How long a gateway waits for the response to a deliver_sm before it sends the message again.
const WAIT_MS: i64 = 30 * SECOND;

/// A gateway.
#[derive(Debug, Default)]
pub struct Smsc {
    sessions: BTreeMap<u32, Session>,
    /// What waits to be delivered.
    pub backlog: VecDeque<Sms>,
    /// Until when nobody listens.
    pub away_until: i64,
    binds: u64,
    delivered: u64,
    ids: u64,
    submissions: BTreeMap<(usize, usize), u64>,
}

#[derive(Debug, Default)]
struct Session {
    is_bound: bool,
    input: Vec<u8>,
    sequence: u32,
    /// deliver_sm without a response, by sequence number.
    waiting: BTreeMap<u32, VecDeque<(u64, Sms)>>,
    waiting_count: usize,
    /// What the desk was sent and has not decided about, by sequence number.
    undecided: BTreeMap<u32, VecDeque<Sms>>,
}

impl Smsc {
    /// The message that the desk answers now.
    pub fn decided(&mut self, wire: u32, sequence: u32) -> Option<Sms> {
        let session = self.sessions.get_mut(&wire)?;
        session.undecided.get_mut(&sequence)?.pop_front()
    }

    /// Takes a new connection.
    pub fn accept(&mut self, wire: u32) {
        self.sessions.insert(wire, Session::default());
    }

    fn bound(&self) -> Option<u32> {
        let mut bound = self.sessions.iter().filter(|(_, session)| session.is_bound);
        bound.next_back().map(|(wire, _)| *wire)
    }
}

/// The octets of a PDU.
fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let mut octets = Vec::with_capacity(16 + body.len());
    for word in [length, command, status, sequence] {
        octets.extend(word.to_be_bytes());
    }
    octets.extend(body);
    octets
}

fn deliver_sm(sequence: u32, to: &str, sms: &Sms) -> Vec<u8> {
    let mut header = Vec::new();
    let mut esm_class = 0;
    if let Some([reference, total, number]) = sms.part {
        header.extend([5, 0, 3, reference, total, number]);
        esm_class = 0x40;
    }
    if sms.kept == super::air::Kept::Never {
        esm_class = 0x04;
    }
    let mut body = vec![0, 1, 1];
    body.extend(sms.from.as_bytes());
    body.extend([0, 1, 1]);
    body.extend(to.as_bytes());
    body.extend([0, esm_class, 0, 0, 0, 0, 0, 0, sms.coding, 0]);
    let length = header.len() + sms.octets.0.len();
    body.push(u8::try_from(length).unwrap());
    body.extend(&header);
    body.extend(&sms.octets.0);
    pdu(DELIVER_SM, 0, sequence, &body)
}

/// Source, destination and text of a submit_sm.
fn read_submit(body: &[u8]) -> Option<(String, String, String)> {
    let mut rest = body;
    let mut text = |skip: usize| {
        rest = rest.get(skip..)?;
        let end = rest.iter().position(|octet| *octet == 0)?;
        let text = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        Some(text)
    };
    text(0)?;
    let from = text(2)?;
    let to = text(2)?;
    text(3)?;
    text(0)?;
    let length = usize::from(*rest.get(4)?);
    let text = rest.get(5..5 + length)?;
    Some((from, to, String::from_utf8_lossy(text).into_owned()))
}

impl World {
    /// The gateway takes an SMS of a phone, and delivers it when it can.
    pub fn at_gateway(&mut self, link: usize, sms: Sms) {
        self.smscs[link].backlog.push_back(sms);
        self.deliver(link);
    }

    fn deliver(&mut self, link: usize) {
        let Some(wire) = self.smscs[link].bound() else {
            return;
        };
        loop {
            let smsc = &mut self.smscs[link];
            let session = smsc.sessions.get_mut(&wire).unwrap();
            if session.waiting_count >= self.ways.smsc_window {
                return;
            }
            let Some(sms) = smsc.backlog.pop_front() else {
                return;
            };
            smsc.delivered += 1;
            let nth = smsc.delivered;
            let about = subject(link as u64, nth, 0);
            let is_odd = self.strikes(Kind::OddSequence, about);
            let session = self.smscs[link].sessions.get_mut(&wire).unwrap();
            if !is_odd {
                session.sequence = session.sequence % 0x7fff_ffff + 1;
            }
            let sequence = session.sequence;
            let octets = deliver_sm(sequence, GATEWAYS[link].1, &sms);
            let undecided = session.undecided.entry(sequence).or_default();
            if sms.kept != super::air::Kept::Never {
                undecided.push_back(sms.clone());
            }
            let waiting = session.waiting.entry(sequence).or_default();
            waiting.push_back((nth, sms));
            session.waiting_count += 1;
            let is_hasty = self.strikes(Kind::Hasty, about);
            let wait_ms = if is_hasty { 2 } else { WAIT_MS };
            self.put(link, wire, false, octets);
            self.later(wait_ms, Happening::Unanswered(link, wire, sequence, nth));
        }
    }

    /// A deliver_sm got no response in time: it goes again.
    pub fn unanswered(&mut self, link: usize, wire: u32, sequence: u32, nth: u64) {
        let Some(session) = self.smscs[link].sessions.get_mut(&wire) else {
            return;
        };
        let Some(waiting) = session.waiting.get_mut(&sequence) else {
            return;
        };
        let Some(at) = waiting.iter().position(|(one, _)| *one == nth) else {
            return;
        };
        let (_, sms) = waiting.remove(at).unwrap();
        session.waiting_count -= 1;
        self.at_gateway(link, sms);
    }

    /// Octets of the desk.
    pub fn smsc_hears(&mut self, link: usize, wire: u32, octets: &[u8]) {
        let Some(session) = self.smscs[link].sessions.get_mut(&wire) else {
            return;
        };
        session.input.extend_from_slice(octets);
        loop {
            let Some(session) = self.smscs[link].sessions.get_mut(&wire) else {
                return;
            };
            let Some((header, _)) = session.input.split_first_chunk::<16>() else {
                break;
            };
            let word = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
            let length = usize::try_from(word(0)).unwrap();
            let (command, status, sequence) = (word(4), word(8), word(12));
            if session.input.len() < length {
                break;
            }
            let body: Vec<u8> = session.input.drain(..length).skip(16).collect();
            self.pdu(link, wire, (command, status, sequence), &body);
        }
        self.deliver(link);
    }

    fn pdu(&mut self, link: usize, wire: u32, head: (u32, u32, u32), body: &[u8]) {
        let (command, status, sequence) = head;
        let answer = |status| pdu(command | RESPONSE, status, sequence, &[]);
        match command {
            BIND_TRANSCEIVER => self.binds(link, wire, sequence),
            ENQUIRE_LINK => self.put(link, wire, false, answer(0)),
            UNBIND => {
                self.put(link, wire, false, answer(0));
                self.hang_up(link, wire, false);
                self.gone(link, wire);
            }
            SUBMIT_SM => self.submitted(link, wire, sequence, body),
            _ if command == DELIVER_SM | RESPONSE || command == GENERIC_NACK => {
                self.responded(link, wire, status, sequence);
            }
            _ => {}
        }
    }

    fn binds(&mut self, link: usize, wire: u32, sequence: u32) {
        let old = self.smscs[link].bound();
        self.smscs[link].binds += 1;
        let about = subject(link as u64, self.smscs[link].binds, 0);
        let mut lot = self.faults.numbers(20, about);
        let mut status = 0;
        if let Some(old) = old {
            if lot.one_in(2) {
                status = RALYBND;
                self.later(20 * SECOND, Happening::ClosedAtSmsc(link, old));
            } else {
                self.gone(link, old);
            }
        }
        if self.strikes(Kind::BindRefused, about) {
            status = one_of(&mut lot, &[RALYBND, 0x0e, 0x0f, 0x0d, u32::MAX]);
        }
        if status == u32::MAX {
            return;
        }
        let body: &[u8] = if status == 0 { b"smsc\0" } else { b"" };
        let response = pdu(BIND_TRANSCEIVER | RESPONSE, status, sequence, body);
        self.put(link, wire, false, response);
        if let Some(session) = self.smscs[link].sessions.get_mut(&wire) {
            session.is_bound = status == 0;
        }
    }

    fn responded(&mut self, link: usize, wire: u32, status: u32, sequence: u32) {
        let Some(session) = self.smscs[link].sessions.get_mut(&wire) else {
            return;
        };
        let Some(waiting) = session.waiting.get_mut(&sequence) else {
            return;
        };
        let Some((_, sms)) = waiting.pop_front() else {
            return;
        };
        session.waiting_count -= 1;
        // Where numbers repeat, it is not clear which one is meant.
        if status == 0 && !self.faults.has(Kind::OddSequence) {
            self.judge.heard_ok(&sms, &self.phones);
        }
        if status != 0 {
            let after = 5 * SECOND;
            self.later(after, Happening::AtGateway(link, sms));
        }
    }

    /// A session is over: what was not answered is brought again on the next.
    pub fn gone(&mut self, link: usize, wire: u32) {
        let smsc = &mut self.smscs[link];
        let Some(session) = smsc.sessions.remove(&wire) else {
            return;
        };
        let waiting = session.waiting.into_values().flatten();
        smsc.backlog.extend(waiting.map(|(_, sms)| sms));
    }

    /// The gateway says what nobody asked for.
    pub fn unasked(&mut self, link: usize, seed: u64) {
        let Some(wire) = self.smscs[link].bound() else {
            return;
        };
        let mut lot = Seeded(seed);
        let commands = [
            GENERIC_NACK,
            SUBMIT_SM | RESPONSE,
            DELIVER_SM | RESPONSE,
            ENQUIRE_LINK | RESPONSE,
            ENQUIRE_LINK,
            0x0000_0102,
            0x0000_0abc,
        ];
        let command = one_of(&mut lot, &commands);
        let sequence = one_of(&mut lot, &[0, 1, 2, 77, 0x7fff_ffff]);
        let status = one_of(&mut lot, &[0, 3, 0x58]);
        self.put(link, wire, false, pdu(command, status, sequence, b"x\0"));
    }

    /// The gateway unbinds.
    pub fn unbind(&mut self, link: usize) {
        if let Some(wire) = self.smscs[link].bound() {
            self.put(link, wire, false, pdu(UNBIND, 0, 9_999, &[]));
        }
    }

    fn submitted(&mut self, link: usize, wire: u32, sequence: u32, body: &[u8]) {
        let Some((from, to, text)) = read_submit(body) else {
            return self
                .judge
                .breaks("2: a submit_sm that cannot be read".to_owned());
        };
        if from != GATEWAYS[link].1 {
            self.judge.breaks(format!("4: a receipt from '{from}'"));
        }
        if text.starts_with("https://") != (GATEWAYS[link].0 == LINKED) {
            self.judge
                .breaks(format!("4: gateway {link} sends '{text}'"));
        }
        let Some(phone) = self.phone_of(&to) else {
            return self
                .judge
                .breaks(format!("4: an SMS to the stranger '{to}'"));
        };
        let answer = match self.phones[phone].read(&text) {
            Ok((_, answer)) => answer,
            Err(fault) => return self.judge.breaks(format!("4: to phone {phone}: {fault}")),
        };
        if answer.status == Status::Recorded && !self.judge.has_recorded(answer.digest) {
            self.judge
                .breaks(format!("2: a receipt for what is not durable: {answer:?}"));
        }
        let mut owners = self.phones.iter();
        let owner = owners.find_map(|one| Some((one.place, one.place_of(answer.digest)?)));
        let Some(whose) = owner else {
            return self
                .judge
                .breaks(format!("4: it answers nothing: {answer:?}"));
        };
        let nth = self.smscs[link].submissions.entry(whose).or_default();
        *nth += 1;
        let about = subject(whose.0 as u64, whose.1 as u64, *nth << 1 | link as u64);
        self.take(link, wire, sequence, about, phone, (to, text));
    }

    /// What becomes of a submit_sm.
    fn take(
        &mut self,
        link: usize,
        wire: u32,
        sequence: u32,
        about: u64,
        phone: usize,
        (to, text): (String, String),
    ) {
        let mut lot = self.faults.numbers(22, about);
        let response = |world: &mut Self, after: i64, status: u32, sequence: u32, id: &str| {
            let body = [id.as_bytes(), b"\0"].concat();
            let octets = Octets(pdu(SUBMIT_SM | RESPONSE, status, sequence, &body));
            world.later(after, Happening::SmscSays(link, wire, octets));
        };
        let mut after = within(&mut lot, one_of(&mut Seeded(about), &[50, 3_000]));
        let refused = if self.strikes(Kind::Throttled, about) {
            Some(one_of(&mut lot, &[0x58, 0x14]))
        } else if self.strikes(Kind::TurnedDown, about) {
            Some(one_of(&mut lot, &[0x45, 0x0b, 0x400, 0x08]))
        } else {
            None
        };
        if let Some(status) = refused {
            return response(self, after, status, sequence, "");
        }
        self.smscs[link].ids += 1;
        let number = self.smscs[link].ids;
        let mut said = format!("{number:x}");
        let mut reported = format!("{number:010}");
        if self.strikes(Kind::OddId, about) {
            said = one_of(&mut lot, &["", "0", "ABC"]).to_owned();
            reported.clone_from(&said);
        }
        let is_lost = self.strikes(Kind::AnswerLost, about);
        let is_undelivered = self.strikes(Kind::Undelivered, about);
        let arrives = after + within(&mut lot, 20 * SECOND);
        if !is_lost {
            self.later(arrives, Happening::AtPhone(phone, text));
        }
        let is_early = self.strikes(Kind::EarlyReport, about);
        if self.ways.reports || is_undelivered || is_early {
            let stat = if is_undelivered { "UNDELIV" } else { "DELIVRD" };
            let text = format!("id:{reported} sub:001 dlvrd:001 stat:{stat} err:000 text:HZ");
            let at = if is_early { 0 } else { arrives + 500 };
            self.later(at, Happening::AtGateway(link, Sms::report(&to, text)));
        }
        if self.strikes(Kind::NoResponse, about) {
            return;
        }
        if self.strikes(Kind::LateResponse, about) {
            after = i64::try_from(self.ways.response_ms).unwrap() + within(&mut lot, 20 * SECOND);
        }
        let mut answered = sequence;
        if self.strikes(Kind::WrongSequence, about) {
            answered = one_of(&mut lot, &[0, sequence + 1, sequence + 1_000]);
        }
        response(self, after, 0, answered, &said);
        if self.strikes(Kind::DoubledResponse, about) {
            response(self, after + 10, 0, answered, &said);
        }
    }
}
