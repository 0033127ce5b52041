//! PDUs as no peer should send them, into both ends of a session: random, mutated, of wrong lengths, cut anywhere, slow.
//!
//! A case is one PDU. However wrong it is, less than 8 KiB of it are held, and where its length is honest an honest PDU behind
//! it is understood. `HAZIR_PDUS_SEED` replays a batch that failed.

use std::panic::catch_unwind;

use hazir::domain::DownCause;
use hazir::protocol::smpp::for_tests::compare_readers;
use hazir::protocol::smpp::{
    MAX_PDU_OCTETS, Password, Session, SessionConfig, SessionEvent, SmscConfig, SmscEvent,
    SmscSession, SystemId, Tick,
};

use super::draws::{Draws, setting};

/// PDUs of a batch.
const CASES: u64 = 100_000;
/// Batches of each change: a million PDUs.
const BATCHES: u64 = 10;
/// PDUs of a session that nothing ends.
const OF_A_SESSION: u64 = 500;
/// Half a PDU is waited for so long.
const HALF_MS: u64 = 10_000;

const DELIVER_SM: u32 = 0x05;
const SUBMIT_SM: u32 = 0x04;
const UNBIND: u32 = 0x06;
/// No octet of it is one of a number that a wrong PDU has.
const HONEST: u32 = 0x7A7B_7C7D;
const TEXT: &[u8] = b"HZ.honest.";

/// What a batch of PDUs comes to. Panics with what went wrong; gives back how many PDUs there were.
pub(crate) fn batch(seed: u64) -> u64 {
    let tried = catch_unwind(|| {
        let mut draws = Draws(seed);
        let mut cases = 0;
        while cases < CASES {
            cases += session::<Session>(&mut draws);
            cases += session::<SmscSession>(&mut draws);
        }
        cases
    });
    tried.unwrap_or_else(|_| {
        panic!("batch {seed} of PDUs; again: HAZIR_PDUS_SEED={seed} cargo test --test it pdus")
    })
}

#[test]
fn a_million_pdus_break_no_session() {
    if let Some(seed) = setting("HAZIR_PDUS_SEED") {
        batch(seed);
        return;
    }
    let cases: u64 = (1..=BATCHES).map(batch).sum();
    assert!(cases >= CASES * BATCHES);
}

/// An end of a session that is bound.
trait End {
    /// The command that brings it messages.
    const MESSAGE: u32;

    fn open() -> Self;
    fn hear(&mut self, now: Tick, octets: &[u8]) -> usize;
    fn wake(&mut self, now: Tick);
    /// Takes what happened, and answers it.
    fn heard(&mut self) -> Heard;
}

/// What of it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    understood: bool,
    ended: Option<DownCause>,
}

impl End for Session {
    const MESSAGE: u32 = DELIVER_SM;

    fn open() -> Self {
        let config = SessionConfig {
            system_id: SystemId::parse("smppuser").unwrap(),
            password: Password::parse("secret").unwrap(),
            enquire_link_ms: 30_000,
            response_timeout_ms: 10_000,
            window: 10,
        };
        let mut session = Self::connect(&config, Tick(0), 1);
        session.handle_bytes(Tick(0), &pdu(0x8000_0009, 1, b"SMSC\0"));
        session.heard();
        session
    }

    fn hear(&mut self, now: Tick, octets: &[u8]) -> usize {
        self.handle_bytes(now, octets);
        self.held_octets()
    }

    fn wake(&mut self, now: Tick) {
        self.handle_timeout(now);
    }

    fn heard(&mut self) -> Heard {
        let mut heard = Heard::default();
        while let Some(event) = self.poll_event() {
            match event {
                SessionEvent::Inbound { sequence, sms } => {
                    heard.understood |= sequence == HONEST && sms.octets == TEXT;
                    self.answer(sequence, 0);
                }
                SessionEvent::Ended(cause) => heard.ended = Some(cause),
                SessionEvent::Bound
                | SessionEvent::Submitted { .. }
                | SessionEvent::Report(_)
                | SessionEvent::ReplyTime(_) => {}
            }
        }
        while self.poll_transmit().is_some() {}
        heard
    }
}

impl End for SmscSession {
    const MESSAGE: u32 = SUBMIT_SM;

    fn open() -> Self {
        let config = SmscConfig {
            system_id: SystemId::parse("SMSC").unwrap(),
            enquire_link_ms: 30_000,
            response_timeout_ms: 10_000,
            window: 10,
        };
        let mut session = Self::accept(&config, Tick(0), 1);
        let login = b"smppuser\0secret\0\0\x34\0\0\0";
        session.handle_bytes(Tick(0), &pdu(0x09, 1, login));
        session.answer_bind(0);
        session.heard();
        session
    }

    fn hear(&mut self, now: Tick, octets: &[u8]) -> usize {
        self.handle_bytes(now, octets);
        self.held_octets()
    }

    fn wake(&mut self, now: Tick) {
        self.handle_timeout(now);
    }

    fn heard(&mut self) -> Heard {
        let mut heard = Heard::default();
        while let Some(event) = self.poll_event() {
            match event {
                SmscEvent::Submit { sequence, sms, .. } => {
                    heard.understood |= sequence == HONEST && sms.octets == TEXT;
                    self.answer_submit(sequence, Ok("4F"));
                }
                SmscEvent::Ended(cause) => heard.ended = Some(cause),
                SmscEvent::Bind(_) | SmscEvent::Delivered { .. } | SmscEvent::ReplyTime(_) => {}
            }
        }
        while self.poll_transmit().is_some() {}
        heard
    }
}

/// One session, until something ends it. Returns how many PDUs it was sent.
fn session<E: End>(draws: &mut Draws) -> u64 {
    let mut end = E::open();
    let honest = pdu(E::MESSAGE, HONEST, &message(0, TEXT, &[]));
    let mut now = Tick(1);
    let mut stream = Vec::new();
    for sent in (2..).step_by(2) {
        stream.clear();
        let lie = wrong(draws, E::MESSAGE, &mut stream);
        let command = u32::from_be_bytes([stream[4], stream[5], stream[6], stream[7]]);
        let wrong_octets = stream.len();
        stream.extend_from_slice(&honest);
        if lie == Lie::None && draws.below(8) == 0 {
            let agreed = compare_readers(&stream[16..wrong_octets]);
            assert!(agreed.is_ok(), "{agreed:?}");
        }
        let is_given_up = send(draws, &mut end, &mut now, &stream);
        let heard = end.heard();
        match (&heard.ended, lie) {
            (None, Lie::None) if !is_given_up => {
                assert!(heard.understood, "{heard:?} of {stream:02x?}");
            }
            // Behind a length that lies nothing has a meaning.
            (_, Lie::Within) | (Some(DownCause::Protocol), Lie::Outside) => return sent,
            (Some(cause), Lie::None) => {
                let was_late = is_given_up && *cause == DownCause::Protocol;
                let may_end = was_late || (command == UNBIND && *cause == DownCause::Unbound);
                assert!(may_end, "{cause:?} of {stream:02x?}");
                return sent;
            }
            (ended, lie) => panic!("{ended:?} of {lie:?}: {stream:02x?}"),
        }
        if sent >= OF_A_SESSION {
            return sent;
        }
    }
    unreachable!("a session has an end")
}

/// Sends a stream in one piece, in two, octet by octet, or slowly. Returns whether the peer was too slow.
fn send(draws: &mut Draws, end: &mut impl End, now: &mut Tick, stream: &[u8]) -> bool {
    let manner = draws.below(16);
    match manner {
        0 => {
            for octet in stream {
                let held = end.hear(*now, &[*octet]);
                assert!(held < MAX_PDU_OCTETS, "{held}");
            }
        }
        1..=8 => {
            let (front, back) = stream.split_at(draws.place(stream.len()));
            let held = end.hear(*now, front);
            assert!(held < MAX_PDU_OCTETS, "{held}");
            if manner <= 2 {
                let too_slow = manner == 1 && held > 0;
                let pause_ms = if too_slow {
                    HALF_MS
                } else {
                    draws.below(HALF_MS)
                };
                now.0 += pause_ms;
                end.wake(*now);
                if too_slow {
                    return true;
                }
            }
            let held = end.hear(*now, back);
            assert!(held < MAX_PDU_OCTETS, "{held}");
        }
        _ => {
            let held = end.hear(*now, stream);
            assert!(held < MAX_PDU_OCTETS, "{held}");
        }
    }
    false
}

/// Whether a `command_length` is that of its PDU.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Lie {
    None,
    /// Of a PDU that could be.
    Within,
    /// Of none.
    Outside,
}

/// Writes a PDU with something wrong in it.
fn wrong(draws: &mut Draws, message_id: u32, into: &mut Vec<u8>) -> Lie {
    let kind = draws.below(64);
    if kind < 16 {
        let longest = if kind == 0 { MAX_PDU_OCTETS - 15 } else { 200 };
        let octets = draws.place(longest);
        put_header(into, command(draws), draws.below(6));
        random(draws, into, octets);
        end_pdu(into);
        return Lie::None;
    }
    put_template(draws, message_id, into);
    match kind {
        16..40 => {
            end_pdu(into);
            for _ in 0..=draws.below(4) {
                // The number stays: an honest one may not be refused as one that waits.
                let at = 4 + draws.place(into.len() - 8);
                let at = if at < 12 { at } else { at + 4 };
                let [octet, ..] = draws.below(u64::MAX).to_be_bytes();
                into[at] = octet;
            }
        }
        40..50 => {
            let octets = 16 + draws.place(into.len() - 15);
            into.truncate(octets);
            end_pdu(into);
        }
        50..61 => {
            let octets = draws.place(40);
            random(draws, into, octets);
            end_pdu(into);
        }
        61 => {
            let length = match draws.below(3) {
                0 => draws.below(16),
                1 => MAX_PDU_OCTETS as u64 + 1 + draws.below(9),
                _ => MAX_PDU_OCTETS as u64 + 1 + draws.below(u64::from(u32::MAX) - 8_193),
            };
            put_length(into, length);
            return Lie::Outside;
        }
        62 => {
            end_pdu(into);
            put_length(into, 16 + draws.below(MAX_PDU_OCTETS as u64 - 15));
            return Lie::Within;
        }
        _ => {
            let octets = MAX_PDU_OCTETS - into.len();
            random(draws, into, octets);
            end_pdu(into);
        }
    }
    Lie::None
}

/// A command of the standard, its response, or any other; those that unbind seldom.
fn command(draws: &mut Draws) -> u32 {
    const COMMANDS: [u32; 16] = [
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x08, 0x09, 0x0B, 0x15, 0x21, 0x0102, 0x0103,
        0x9999, UNBIND,
    ];
    let most = if draws.below(8) == 0 { 16 } else { 15 };
    let response = if draws.below(3) == 0 { 0x8000_0000 } else { 0 };
    COMMANDS[draws.place(most)] | response
}

/// An honest PDU, its length left out.
fn put_template(draws: &mut Draws, message_id: u32, into: &mut Vec<u8>) {
    let text = &b"HZ.EQAAAAcAAAFPdF1zdyyX1XVXB5ugU9d0rGflyLHG6WZ4h7dks6J//es."[draws.place(60)..];
    let (command, body) = match draws.below(8) {
        0 => (message_id, message(0x40, b"\x05\0\x03\x07\x02\x01HZ.", &[])),
        1 => (message_id, message(0, b"", &[(0x0424, text)])),
        2 => {
            let tlvs = [(0x001E, &b"4F\0"[..]), (0x0427, &[2])];
            (message_id, message(4, b"id:4F stat:DELIVRD", &tlvs))
        }
        3 => {
            let tlvs = [(0x020C, &[1, 2][..]), (0x020E, &[3]), (0x020F, &[2])];
            (message_id, message(0, text, &tlvs))
        }
        4 => {
            let mut body = b"\0\0\x000912\0\x01\x0111\0\0\0\0".to_vec();
            put_tlv(&mut body, 0x0424, text);
            (0x0103, body)
        }
        5 => (0x8000_0004, b"4F\0".to_vec()),
        _ => (message_id, message(0, text, &[])),
    };
    put_header(into, command, draws.below(6));
    into.extend_from_slice(&body);
}

/// A deliver_sm or submit_sm from 0912 to 11.
fn message(esm_class: u8, text: &[u8], tlvs: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = b"\0\0\x000912\0\x01\x0111\0".to_vec();
    body.push(esm_class);
    body.extend_from_slice(&[0; 8]);
    body.push(u8::try_from(text.len()).expect("it is short"));
    body.extend_from_slice(text);
    for (tag, value) in tlvs {
        put_tlv(&mut body, *tag, value);
    }
    body
}

fn put_tlv(body: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).expect("it is short");
    body.extend_from_slice(&tag.to_be_bytes());
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(value);
}

fn pdu(command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    put_header(&mut octets, command, sequence.into());
    octets.extend_from_slice(body);
    end_pdu(&mut octets);
    octets
}

fn put_header(into: &mut Vec<u8>, command: u32, sequence: u64) {
    let sequence = u32::try_from(sequence).expect("it is small");
    into.extend_from_slice(
        [0, command, 0, sequence]
            .map(u32::to_be_bytes)
            .as_flattened(),
    );
}

fn end_pdu(into: &mut [u8]) {
    put_length(into, into.len() as u64);
}

fn put_length(into: &mut [u8], length: u64) {
    let length = u32::try_from(length).expect("it has four octets");
    into[..4].copy_from_slice(&length.to_be_bytes());
}

fn random(draws: &mut Draws, into: &mut Vec<u8>, octets: usize) {
    let end = into.len() + octets;
    while into.len() < end {
        into.extend_from_slice(&draws.below(u64::MAX).to_le_bytes());
    }
    into.truncate(end);
}
