//! What must hold for any octets: no panic, no read over a frame, the same events however they are cut.

use proptest::collection::vec;
use proptest::prelude::*;

use super::samples::{deliver_body, pdu, tlv};
use super::{Password, Session, SessionConfig, SessionEvent, SystemId, Tick};
use crate::domain::{Address, DownCause, OutboundSms, OutboxId, SmsBody};

pub(super) const DELIVER_SM: u32 = 0x0000_0005;
pub(super) const SUBMIT_SM_RESP: u32 = 0x8000_0004;
const BIND_RESP: u32 = 0x8000_0009;

/// A session whose bind waits for its answer.
pub(super) fn connected(seed: u64) -> Session {
    let config = SessionConfig {
        system_id: SystemId::parse("smppuser").unwrap(),
        password: Password::parse("secret").unwrap(),
        enquire_link_ms: 30_000,
        response_timeout_ms: 10_000,
        window: 10,
    };
    let mut session = Session::connect(&config, Tick(0), seed);
    assert!(session.poll_transmit().is_some());
    session
}

pub(super) fn bound_with(seed: u64) -> Session {
    let mut session = connected(seed);
    session.handle_bytes(Tick(1), &pdu(BIND_RESP, 0, 1, b"SMSC\0"));
    assert_eq!(session.poll_event(), Some(SessionEvent::Bound));
    session
}

pub(super) fn bound() -> Session {
    bound_with(1)
}

/// A session that submitted three messages: their sequence numbers are 2, 3 and 4.
pub(super) fn submitted() -> Session {
    let mut session = bound();
    for id in 1..=3 {
        session.submit(Tick(2), &sms(id, "HZ.")).unwrap();
        session.poll_transmit().unwrap();
    }
    session
}

pub(super) fn sms(id: u64, text: &str) -> OutboundSms {
    OutboundSms {
        id: OutboxId(id),
        to: Address::plain("0912"),
        from: Address::plain("11"),
        body: SmsBody::Text(text.to_owned()),
    }
}

/// Everything that came of it: events, then PDUs.
pub(super) fn drain(session: &mut Session) -> (Vec<SessionEvent>, Vec<Vec<u8>>) {
    let events = std::iter::from_fn(|| session.poll_event()).collect();
    let pdus = std::iter::from_fn(|| session.poll_transmit()).map(|pdu| pdu.to_vec());
    (events, pdus.collect())
}

/// What a peer sends in a few minutes, the odd things too.
fn recorded() -> Vec<u8> {
    let payload = tlv(0x0424, &[b'x'; 700]);
    let receipt = [tlv(0x001e, b"77\0"), tlv(0x0427, &[2])].concat();
    let mut lying = deliver_body(0, b"HZ.lies.", &[]);
    lying[22] = 0xfe;
    [
        pdu(0x15, 0, 0, &[]),
        pdu(DELIVER_SM, 0, 0, &deliver_body(0, b"HZ.first.", &[])),
        pdu(SUBMIT_SM_RESP, 0, 2, b"77\0"),
        pdu(DELIVER_SM, 0, 0, &deliver_body(0, b"", &payload)),
        pdu(0x0b, 0, 5, b"smsc\0\0"),
        pdu(
            DELIVER_SM,
            0,
            9,
            &deliver_body(4, b"id:77 stat:DELIVRD", &receipt),
        ),
        pdu(DELIVER_SM, 0, 10, &lying),
        pdu(0x9999, 0, 11, b"what?"),
        pdu(SUBMIT_SM_RESP, 0x58, 3, &[]),
        pdu(0x8000_0000, 0x08, 4, b"a nack with a body"),
        pdu(
            DELIVER_SM,
            0,
            12,
            &deliver_body(0x40, b"\x05\0\x03\x07\x02\x01HZ.", &[]),
        ),
        pdu(0x06, 0, 13, &[]),
        pdu(DELIVER_SM, 0, 14, &deliver_body(0, b"HZ.last.", &[])),
    ]
    .concat()
}

#[test]
fn every_cut_of_a_recorded_session_gives_the_same() {
    let stream = recorded();
    let mut whole = submitted();
    whole.handle_bytes(Tick(3), &stream);
    let expected = drain(&mut whole);
    assert_eq!((expected.0.len(), expected.1.len()), (9, 4));
    for at in 0..=stream.len() {
        let mut session = submitted();
        let (head, tail) = stream.split_at(at);
        session.handle_bytes(Tick(3), head);
        session.handle_bytes(Tick(3), tail);
        assert_eq!(drain(&mut session), expected, "cut at {at}");
    }
    let mut session = submitted();
    for octet in &stream {
        session.handle_bytes(Tick(3), &[*octet]);
    }
    assert_eq!(drain(&mut session), expected, "octet by octet");
}

/// What stood behind an unbind in one read was taken in, and answered before the unbind; in a read of its own it was not.
#[test]
fn what_comes_behind_an_unbind_counts_nowhere_however_it_is_cut() {
    let message = deliver_body(0, b"HZ.", &[]);
    let stream = [pdu(0x06, 0, 9, &[]), pdu(DELIVER_SM, 0, 10, &message)].concat();
    for at in 0..=stream.len() {
        let mut session = bound();
        let (head, tail) = stream.split_at(at);
        session.handle_bytes(Tick(3), head);
        session.handle_bytes(Tick(3), tail);
        let (events, pdus) = drain(&mut session);
        let ended = SessionEvent::Ended(DownCause::Unbound);
        assert_eq!((events, pdus.len()), (vec![ended], 1), "cut at {at}");
    }
}

#[test]
fn what_came_is_traced_also_where_its_length_lies_and_nothing_of_it_is_held() {
    let mut session = bound();
    while session.poll_pdu().is_some() {}
    let mut lying = pdu(DELIVER_SM, 0, 8, b"HZ.");
    lying[..4].copy_from_slice(&9_000_u32.to_be_bytes());
    session.handle_bytes(Tick(3), &[pdu(0x15, 0, 7, &[]), lying].concat());
    let came = std::iter::from_fn(|| session.poll_pdu()).filter(|pdu| !pdu.is_ours);
    let came: Vec<_> = came
        .map(|pdu| (pdu.command_id, pdu.sequence, pdu.octets))
        .collect();
    assert_eq!(came, [(0x15, 7, 16), (DELIVER_SM, 8, 9_000)]);
    assert_eq!(session.held_octets(), 0);
}

#[test]
fn a_lie_inside_a_body_never_reaches_the_next_pdu() {
    let honest = pdu(DELIVER_SM, 0, 2, &deliver_body(0, b"HZ.honest.", &[]));
    let template = deliver_body(0, b"HZ.lies.", &tlv(0x0204, &[0, 1]));
    for at in 0..template.len() {
        for octet in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut body = template.clone();
            body[at] = octet;
            let mut session = bound();
            let stream = [pdu(DELIVER_SM, 0, 1, &body), honest.clone()].concat();
            session.handle_bytes(Tick(3), &stream);
            let last = std::iter::from_fn(|| session.poll_event()).last();
            let Some(SessionEvent::Inbound { sequence: 2, sms }) = last else {
                panic!("octet {at} as {octet:#x}: {last:?}");
            };
            assert_eq!(sms.octets, &b"HZ.honest."[..]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_octets_never_break_a_session(
        pieces in vec(vec(any::<u8>(), 0..200), 0..20),
    ) {
        let mut session = bound();
        for (at, piece) in (3..).zip(&pieces) {
            session.handle_bytes(Tick(at), piece);
            session.handle_timeout(Tick(at));
        }
    }

    #[test]
    fn random_pdus_never_break_a_session(
        pdus in vec((any::<u8>(), any::<bool>(), any::<u32>(), 0..6_u32, vec(any::<u8>(), 0..120)), 0..20),
    ) {
        let mut session = submitted();
        for (at, (id, is_response, status, sequence, body)) in (3..).zip(&pdus) {
            let id = u32::from(*id % 0x24) | if *is_response { 0x8000_0000 } else { 0 };
            session.handle_bytes(Tick(at), &pdu(id, *status, *sequence, body));
            session.answer(*sequence, 0);
            session.handle_timeout(Tick(at));
        }
        session.handle_close();
        let (events, _) = drain(&mut session);
        let ended = events.iter().filter(|event| matches!(event, SessionEvent::Ended(_)));
        prop_assert_eq!(ended.count(), 1);
        let told = events.iter().filter(|event| matches!(event, SessionEvent::Submitted { .. }));
        prop_assert_eq!(told.count(), 3);
    }

    #[test]
    fn a_recorded_session_with_a_wrong_octet_never_breaks(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: prop::sample::Index,
    ) {
        let mut stream = recorded();
        for (at, octet) in changes {
            let at = at.index(stream.len());
            stream[at] = octet;
        }
        let mut whole = submitted();
        whole.handle_bytes(Tick(3), &stream);
        let mut session = submitted();
        let (head, tail) = stream.split_at(cut.index(stream.len()));
        session.handle_bytes(Tick(3), head);
        session.handle_bytes(Tick(3), tail);
        prop_assert_eq!(drain(&mut session), drain(&mut whole));
    }
}
