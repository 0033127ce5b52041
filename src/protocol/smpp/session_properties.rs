//! What must hold for any octets: no panic, no read over a frame, the same events however they are cut.

use proptest::collection::vec;
use proptest::prelude::*;

use super::samples::{deliver_body, pdu, tlv};
use super::{Password, Session, SessionConfig, SessionEvent, SystemId, Tick};
use crate::domain::{Address, DownCause, OutboundSms, OutboxId, SmsBody, SubmitFault};

const DELIVER_SM: u32 = 0x0000_0005;
const SUBMIT_SM_RESP: u32 = 0x8000_0004;
const BIND_RESP: u32 = 0x8000_0009;

fn bound() -> Session {
    bound_with(1)
}

fn bound_with(seed: u64) -> Session {
    let config = SessionConfig {
        system_id: SystemId::parse("smppuser").unwrap(),
        password: Password::parse("secret").unwrap(),
        enquire_link_ms: 30_000,
        response_timeout_ms: 10_000,
        window: 10,
    };
    let mut session = Session::connect(&config, Tick(0), seed);
    session.handle_bytes(Tick(1), &pdu(BIND_RESP, 0, 1, b"SMSC\0"));
    assert_eq!(session.poll_event(), Some(SessionEvent::Bound));
    assert!(session.poll_transmit().is_some());
    session
}

/// A session that submitted three messages: their sequence numbers are 2, 3 and 4.
fn submitted() -> Session {
    let mut session = bound();
    for id in 1..=3 {
        session.submit(Tick(2), &sms(id, "HZ.")).unwrap();
        session.poll_transmit().unwrap();
    }
    session
}

fn sms(id: u64, text: &str) -> OutboundSms {
    OutboundSms {
        id: OutboxId(id),
        to: Address::plain("0912"),
        from: Address::plain("11"),
        body: SmsBody::Text(text.to_owned()),
    }
}

fn told(id: u64, result: Result<&str, SubmitFault>) -> SessionEvent {
    let result = result.map(str::to_owned);
    SessionEvent::Submitted {
        id: OutboxId(id),
        result,
    }
}

/// Everything that came of it: events, then PDUs.
fn drain(session: &mut Session) -> (Vec<SessionEvent>, Vec<Vec<u8>>) {
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
fn enquire_link_is_scattered_by_up_to_a_tenth() {
    let asks: Vec<_> = (0..500)
        .filter_map(|seed| bound_with(seed).deadline())
        .collect();
    let (first, last) = (asks.iter().min().unwrap(), asks.iter().max().unwrap());
    assert!((27_001..27_100).contains(&first.0), "{first:?}");
    assert!((29_900..=30_001).contains(&last.0), "{last:?}");
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

#[test]
fn a_nack_of_nothing_ends_the_only_request_that_waits_and_no_other() {
    let nack = |sequence| pdu(0x8000_0000, 0x08, sequence, &[]);
    let mut session = submitted();
    session.handle_bytes(Tick(3), &nack(0));
    assert_eq!(session.poll_event(), None, "it may be any of three");

    let mut session = bound();
    let asks_at = session.deadline().unwrap();
    session.handle_timeout(asks_at);
    let enquire_link = session.poll_transmit().unwrap();
    session.submit(asks_at, &sms(1, "HZ.")).unwrap();
    session.handle_bytes(asks_at, &nack(0));
    assert_eq!(session.poll_event(), None, "it may be of the enquire_link");
    let sequence = u32::from(enquire_link[15]);
    session.handle_bytes(asks_at, &nack(sequence));
    assert_eq!(session.poll_event(), Some(SessionEvent::ReplyTime(0)));
    session.handle_bytes(asks_at, &nack(99));
    assert_eq!(session.poll_event(), None, "nothing had that number");
    session.handle_bytes(asks_at, &nack(0));
    let refused = Err(SubmitFault::Status(0x08));
    assert_eq!(session.poll_event(), Some(told(1, refused)));
}

#[test]
fn what_left_before_a_long_message_is_told_by_itself() {
    let mut session = bound();
    session.submit(Tick(2), &sms(1, "HZ.")).unwrap();
    session.submit(Tick(2), &sms(2, &"x".repeat(161))).unwrap();
    for (sequence, event) in [
        (3, None),
        (2, Some(told(1, Ok("7")))),
        (4, Some(told(2, Ok("7")))),
    ] {
        session.handle_bytes(Tick(3), &pdu(SUBMIT_SM_RESP, 0, sequence, b"7\0"));
        assert_eq!(session.poll_event(), event);
    }
}

#[test]
fn the_octets_of_half_a_pdu_are_counted() {
    let mut session = bound();
    session.handle_bytes(Tick(3), &pdu(0x15, 0, 7, &[])[..11]);
    assert_eq!(session.held_octets(), 11);
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
