//! The SMSC's end, step by step: its timers, and how it binds, answers and ends.

use super::samples::pdu;
use super::smsc_properties::{
    DELIVER_SM_RESP, SUBMIT_SM, bind, bound, config, delivering, drain, forward, submit_body,
};
use super::{Parcel, ParcelId, SmscEvent, SmscSession, Tick, WindowFull};
use crate::domain::{DownCause, SubmitFault};

const BIND_TRANSCEIVER: u32 = 0x0000_0009;
const UNBIND: u32 = 0x0000_0006;
const ENQUIRE_LINK: u32 = 0x0000_0015;
const GENERIC_NACK: u32 = 0x8000_0000;
const RESPONSE: u32 = 0x8000_0000;

fn open() -> SmscSession {
    SmscSession::accept(&config(), Tick(0), 1)
}

/// Its bind waits to be answered.
fn binding() -> SmscSession {
    let mut session = open();
    session.handle_bytes(Tick(1), &bind(BIND_TRANSCEIVER));
    assert!(matches!(session.poll_event(), Some(SmscEvent::Bind(_))));
    session
}

/// Our unbind waits for its answer: its number.
fn unbinding() -> (SmscSession, u32) {
    let mut session = bound();
    session.unbind(Tick(5));
    let unbind = session.poll_transmit().unwrap();
    let sequence = u32::from(unbind[15]);
    assert_eq!(unbind, pdu(UNBIND, 0, sequence, &[]));
    (session, sequence)
}

/// The peer's unbind, of number 9, waits for the answer to a submit_sm of number 2.
fn leaving() -> SmscSession {
    let mut session = bound();
    let submit = pdu(SUBMIT_SM, 0, 2, &submit_body(0, b"HZ."));
    session.handle_bytes(Tick(4), &submit);
    session.handle_bytes(Tick(5), &pdu(UNBIND, 0, 9, &[]));
    let (events, pdus) = drain(&mut session);
    assert_eq!((events.len(), pdus.len()), (1, 0));
    session
}

fn ended() -> SmscSession {
    let mut session = bound();
    session.handle_close();
    drain(&mut session);
    session
}

fn nothing() -> (Vec<SmscEvent>, Vec<Vec<u8>>) {
    (Vec::new(), Vec::new())
}

fn end(cause: DownCause) -> Vec<SmscEvent> {
    vec![SmscEvent::Ended(cause)]
}

fn delivered(id: u64, result: Result<(), SubmitFault>) -> SmscEvent {
    let id = ParcelId(id);
    SmscEvent::Delivered { id, result }
}

#[test]
fn a_peer_has_ten_seconds_to_bind_and_the_caller_ten_to_answer() {
    let mut session = open();
    session.handle_timeout(Tick(9_999));
    assert_eq!(drain(&mut session), nothing());
    session.handle_bytes(Tick(9_999), &bind(BIND_TRANSCEIVER));
    assert!(matches!(session.poll_event(), Some(SmscEvent::Bind(_))));
    assert_eq!(session.deadline(), Some(Tick(19_999)));
    session.handle_timeout(Tick(19_998));
    assert_eq!(drain(&mut session), nothing());
    session.handle_timeout(Tick(19_999));
    assert_eq!(drain(&mut session).0, end(DownCause::NoAnswer));
    assert_eq!(session.deadline(), None);
}

#[test]
fn our_unbind_waits_two_seconds_for_its_own_answer() {
    let (mut session, sequence) = unbinding();
    assert_eq!(
        (session.mode(), session.deadline()),
        (None, Some(Tick(2_005)))
    );
    session.handle_timeout(Tick(2_004));
    session.handle_bytes(Tick(2_004), &pdu(UNBIND | RESPONSE, 0, sequence + 1, &[]));
    session.unbind(Tick(2_004));
    assert_eq!(drain(&mut session), nothing());
    session.handle_timeout(Tick(2_005));
    assert_eq!(drain(&mut session).0, end(DownCause::Stopping));

    let (mut session, sequence) = unbinding();
    session.handle_bytes(Tick(6), &pdu(UNBIND | RESPONSE, 0, sequence, &[]));
    assert_eq!(drain(&mut session).0, end(DownCause::Stopping));

    let mut session = bound();
    session.handle_bytes(Tick(6), &pdu(UNBIND | RESPONSE, 0, 1, &[]));
    assert_eq!(drain(&mut session), nothing());
}

#[test]
fn the_unbind_of_a_peer_waits_two_seconds_for_our_answers() {
    let unbind_resp = pdu(UNBIND | RESPONSE, 0, 9, &[]);
    let mut session = leaving();
    assert_eq!(
        (session.mode(), session.deadline()),
        (None, Some(Tick(2_005)))
    );
    session.handle_timeout(Tick(2_004));
    session.handle_bytes(Tick(2_004), &pdu(UNBIND, 0, 10, &[]));
    assert_eq!(drain(&mut session), nothing());
    session.handle_timeout(Tick(2_005));
    let unbound = end(DownCause::Unbound);
    assert_eq!(
        drain(&mut session),
        (unbound.clone(), vec![unbind_resp.clone()])
    );

    // For what was delivered to it, too.
    let mut session = delivering();
    session.handle_bytes(Tick(5), &pdu(UNBIND, 0, 9, &[]));
    for sequence in 1..=3 {
        assert_eq!(drain(&mut session), nothing());
        session.handle_bytes(Tick(6), &pdu(DELIVER_SM_RESP, 0, sequence, &[0]));
        let id = u64::from(sequence);
        assert_eq!(session.poll_event(), Some(delivered(id, Ok(()))));
    }
    assert_eq!(drain(&mut session), (unbound, vec![unbind_resp]));
}

#[test]
fn a_peer_that_unbinds_before_it_is_bound_goes_at_once() {
    for mut session in [open(), binding()] {
        session.handle_bytes(Tick(5), &pdu(UNBIND, 0, 9, &[]));
        let unbind_resp = pdu(UNBIND | RESPONSE, 0, 9, &[]);
        assert_eq!(
            drain(&mut session),
            (end(DownCause::Unbound), vec![unbind_resp])
        );
    }
}

#[test]
fn both_may_unbind_at_once() {
    let (mut session, sequence) = unbinding();
    session.handle_bytes(Tick(6), &pdu(UNBIND, 0, 9, &[]));
    let unbind_resp = pdu(UNBIND | RESPONSE, 0, 9, &[]);
    assert_eq!(drain(&mut session), (Vec::new(), vec![unbind_resp.clone()]));
    session.handle_bytes(Tick(7), &pdu(UNBIND | RESPONSE, 0, sequence, &[]));
    assert_eq!(drain(&mut session).0, end(DownCause::Stopping));

    let mut session = leaving();
    session.unbind(Tick(6));
    assert_eq!(
        drain(&mut session),
        (end(DownCause::Stopping), vec![unbind_resp])
    );
}

#[test]
fn who_is_not_bound_is_not_asked_to_unbind() {
    for mut session in [open(), binding()] {
        session.unbind(Tick(5));
        assert_eq!(drain(&mut session), (end(DownCause::Stopping), Vec::new()));
    }
    let mut session = ended();
    session.unbind(Tick(5));
    assert_eq!(drain(&mut session), nothing());
}

#[test]
fn a_connection_that_goes_is_named_after_what_was_under_way() {
    for (mut session, cause) in [
        (open(), DownCause::Closed),
        (binding(), DownCause::Closed),
        (bound(), DownCause::Closed),
        (unbinding().0, DownCause::Stopping),
        (leaving(), DownCause::Unbound),
    ] {
        session.handle_close();
        assert_eq!(drain(&mut session), (end(cause), Vec::new()));
        session.handle_close();
        session.handle_timeout(Tick(60_000));
        assert_eq!(drain(&mut session), nothing());
        assert_eq!((session.unanswered(), session.deadline()), (0, None));
    }
}

#[test]
fn a_peer_that_takes_no_octets_is_silent() {
    let mut session = bound();
    session.handle_stall();
    assert_eq!(drain(&mut session).0, end(DownCause::Silent));
}

#[test]
fn a_second_bind_is_turned_down_and_changes_nothing() {
    let turned_down = |session: &mut SmscSession| {
        session.handle_bytes(Tick(6), &bind(0x01));
        let (events, pdus) = drain(session);
        assert_eq!((events, pdus.len()), (Vec::new(), 1));
        let head = pdu(0x8000_0001, 0x05, 1, &[]);
        assert_eq!(pdus[0][4..16], head[4..]);
    };
    for mut session in [bound(), unbinding().0, leaving()] {
        let before = session.mode();
        turned_down(&mut session);
        assert_eq!(session.mode(), before);
    }
    let mut session = binding();
    turned_down(&mut session);
    session.answer_bind(0);
    let (_, pdus) = drain(&mut session);
    assert_eq!(pdus[0][4..8], (BIND_TRANSCEIVER | RESPONSE).to_be_bytes());
    // It is answered once.
    session.answer_bind(0x0e);
    assert_eq!(drain(&mut session), nothing());
    assert!(session.mode().is_some());
}

#[test]
fn what_is_submitted_under_a_number_that_waits_is_turned_down() {
    let mut session = bound();
    let submit = pdu(SUBMIT_SM, 0, 2, &submit_body(0, b"HZ."));
    session.handle_bytes(Tick(4), &submit);
    assert!(matches!(
        session.poll_event(),
        Some(SmscEvent::Submit { .. })
    ));
    assert_eq!(session.unanswered(), 1);
    for mut session in [session, leaving(), unbinding().0] {
        session.handle_bytes(Tick(4), &submit);
        let (events, pdus) = drain(&mut session);
        assert_eq!(events, []);
        assert_eq!(pdus, [pdu(SUBMIT_SM | RESPONSE, 0x04, 2, &[0])]);
    }
}

#[test]
fn a_nack_ends_the_request_that_it_names_or_the_only_one() {
    let nack = |status, sequence| pdu(GENERIC_NACK, status, sequence, &[]);
    let refused = |id, status| Some(delivered(id, Err(SubmitFault::Status(status))));
    let mut session = delivering();
    session.handle_bytes(Tick(3), &nack(0x08, 0));
    assert_eq!(session.poll_event(), None, "it may be any of three");
    session.handle_bytes(Tick(3), &nack(0x08, 2));
    assert_eq!(session.poll_event(), refused(2, 0x08));
    session.handle_bytes(Tick(3), &nack(0, 1));
    assert_eq!(session.poll_event(), refused(1, 0xff), "it is no success");
    session.handle_bytes(Tick(3), &nack(0x08, 99));
    assert_eq!(session.poll_event(), None, "nothing had that number");
    session.handle_bytes(Tick(3), &nack(0x08, 0));
    assert_eq!(session.poll_event(), refused(3, 0x08));
}

#[test]
fn a_nack_of_an_enquire_link_is_a_sign_of_life() {
    let mut session = bound();
    let asks_at = session.deadline().unwrap();
    for answer in [GENERIC_NACK, ENQUIRE_LINK | RESPONSE] {
        session.handle_timeout(session.deadline().unwrap());
        let enquire_link = session.poll_transmit().unwrap();
        let sequence = u32::from(enquire_link[15]);
        let asked_at = session.deadline().unwrap();
        session
            .deliver(asks_at, ParcelId(7), &forward("HZ."))
            .unwrap();
        assert!(session.poll_transmit().is_some());
        session.handle_bytes(asked_at, &pdu(GENERIC_NACK, 0x08, 0, &[]));
        assert_eq!(session.poll_event(), None, "it may be of either");
        session.handle_bytes(asked_at, &pdu(answer, 0x03, sequence, &[]));
        assert_eq!(session.poll_event(), Some(SmscEvent::ReplyTime(7_000)));
        session.handle_bytes(asked_at, &pdu(answer, 0x03, sequence, &[]));
        assert_eq!(session.poll_event(), None);
        session.handle_bytes(asked_at, &pdu(DELIVER_SM_RESP, 0, sequence + 1, &[0]));
        assert_eq!(session.poll_event(), Some(delivered(7, Ok(()))));
    }
}

#[test]
fn a_request_that_nobody_knows_is_refused_and_a_response_is_not() {
    let mut session = bound();
    session.handle_bytes(Tick(3), &pdu(0x0000_0999, 0, 7, b"what?"));
    let nack = pdu(GENERIC_NACK, 0x03, 7, &[]);
    assert_eq!(drain(&mut session), (Vec::new(), vec![nack]));
    for response in [0x8000_0999, SUBMIT_SM | RESPONSE, DELIVER_SM_RESP] {
        session.handle_bytes(Tick(3), &pdu(response, 0, 7, &[]));
        assert_eq!(drain(&mut session), nothing());
    }
    session.handle_bytes(Tick(3), &pdu(ENQUIRE_LINK, 0, 8, &[]));
    let answer = pdu(ENQUIRE_LINK | RESPONSE, 0, 8, &[]);
    assert_eq!(drain(&mut session), (Vec::new(), vec![answer]));
}

#[test]
fn a_length_that_lies_and_half_a_pdu_end_it() {
    let mut session = bound();
    session.handle_bytes(Tick(3), &[0, 0, 0, 15]);
    let nack = pdu(GENERIC_NACK, 0x02, 0, &[]);
    assert_eq!(drain(&mut session), (end(DownCause::Protocol), vec![nack]));
    assert_eq!(session.held_octets(), 0);

    let mut session = bound();
    session.handle_bytes(Tick(3), &bind(BIND_TRANSCEIVER)[..11]);
    assert_eq!(session.held_octets(), 11);
    assert_eq!(session.deadline(), Some(Tick(10_003)));
    session.handle_timeout(Tick(10_003));
    assert_eq!(drain(&mut session).0, end(DownCause::Protocol));
}

#[test]
fn timers_stand_still_while_nobody_reads() {
    let (mut session, _) = unbinding();
    session.set_reading(Tick(1_005), false);
    assert_eq!(session.deadline(), None);
    session.handle_timeout(Tick(60_000));
    assert_eq!(drain(&mut session), nothing());
    session.set_reading(Tick(60_000), true);
    assert_eq!(session.deadline(), Some(Tick(61_000)));
    session.handle_timeout(Tick(61_000));
    assert_eq!(drain(&mut session).0, end(DownCause::Stopping));
}

#[test]
fn what_cannot_be_delivered_comes_back() {
    let mut session = delivering();
    assert!(!session.can_deliver());
    let full = session.deliver(Tick(3), ParcelId(4), &forward("HZ."));
    assert_eq!(full, Err(WindowFull));
    session.handle_close();
    let lost = |id| delivered(id, Err(SubmitFault::LinkLost));
    let (events, _) = drain(&mut session);
    assert_eq!(events[..3], [lost(1), lost(2), lost(3)]);
    session
        .deliver(Tick(4), ParcelId(5), &forward("HZ."))
        .unwrap();
    assert_eq!(drain(&mut session), (vec![lost(5)], Vec::new()));
    assert!(!session.can_deliver());

    let mut session = bound();
    let Parcel::Forward(mut sms) = forward("HZ.") else {
        panic!("it is a message of a phone")
    };
    sms.to.octets = vec![b'1'; 21];
    session
        .deliver(Tick(3), ParcelId(1), &Parcel::Forward(sms))
        .unwrap();
    let refused = delivered(1, Err(SubmitFault::Status(0x0b)));
    assert_eq!(drain(&mut session), (vec![refused], Vec::new()));
    assert!(session.can_deliver());
}
