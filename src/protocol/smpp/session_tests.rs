//! The ESME's end, step by step: its timers, and what ends what.

use super::samples::{deliver_body, octets, pdu};
use super::session_properties::{
    DELIVER_SM, SUBMIT_SM_RESP, bound, bound_with, connected, drain, sms, submitted,
};
use super::{Full, Session, SessionEvent, Tick};
use crate::domain::{BindFault, DownCause, LinkFaults, OutboxId, SubmitFault};

const UNBIND: u32 = 0x0000_0006;
const UNBIND_RESP: u32 = 0x8000_0006;

fn told(id: u64, result: Result<&str, SubmitFault>) -> SessionEvent {
    let result = result.map(str::to_owned);
    SessionEvent::Submitted {
        id: OutboxId(id),
        result,
    }
}

/// Our unbind waits for its answer.
fn unbinding() -> Session {
    let mut session = bound();
    session.unbind(Tick(5));
    assert!(session.poll_transmit().is_some());
    session
}

/// The peer's unbind, of number 9, waits for the answer to a deliver_sm.
fn leaving() -> Session {
    let mut session = bound();
    let message = pdu(DELIVER_SM, 0, 2, &deliver_body(0, b"HZ.", &[]));
    session.handle_bytes(Tick(4), &message);
    session.handle_bytes(Tick(5), &pdu(UNBIND, 0, 9, &[]));
    let (events, pdus) = drain(&mut session);
    assert_eq!((events.len(), pdus.len()), (1, 0));
    session
}

#[test]
fn what_waits_for_the_peer_ends_at_its_time_and_not_before() {
    let unbind_resp = vec![pdu(UNBIND_RESP, 0, 9, &[])];
    for (mut session, due, cause, pdus) in [
        (connected(1), 10_000, DownCause::NoAnswer, Vec::new()),
        (unbinding(), 2_005, DownCause::Stopping, Vec::new()),
        (leaving(), 5_005, DownCause::Unbound, unbind_resp),
    ] {
        assert_eq!(session.deadline(), Some(Tick(due)));
        session.handle_timeout(Tick(due - 1));
        assert_eq!(drain(&mut session), (Vec::new(), Vec::new()));
        session.handle_timeout(Tick(due));
        assert_eq!(
            drain(&mut session),
            (vec![SessionEvent::Ended(cause)], pdus)
        );
        assert_eq!(session.deadline(), None);
    }
}

#[test]
fn a_connection_that_goes_is_named_after_what_was_under_way() {
    for (mut session, cause) in [
        (connected(1), DownCause::Closed),
        (bound(), DownCause::Closed),
        (unbinding(), DownCause::Stopping),
        (leaving(), DownCause::Unbound),
    ] {
        session.handle_close();
        session.handle_close();
        let ended = vec![SessionEvent::Ended(cause)];
        assert_eq!(drain(&mut session), (ended, Vec::new()));
    }
    let mut session = bound();
    session.handle_stall();
    assert_eq!(
        session.poll_event(),
        Some(SessionEvent::Ended(DownCause::Silent))
    );
}

#[test]
fn timers_stand_still_while_nobody_reads() {
    let mut session = unbinding();
    session.set_reading(Tick(1_005), false);
    assert_eq!(session.deadline(), None);
    session.handle_timeout(Tick(60_000));
    assert_eq!(session.poll_event(), None);
    session.set_reading(Tick(60_000), true);
    assert_eq!(session.deadline(), Some(Tick(61_000)));
}

#[test]
fn a_nack_turns_a_bind_down_also_where_it_names_none() {
    for (sequence, is_ours) in [(0, true), (1, true), (2, false)] {
        let mut session = connected(1);
        session.handle_bytes(Tick(1), &pdu(0x8000_0000, 0x0d, sequence, &[]));
        let ended = SessionEvent::Ended(DownCause::Bind(BindFault::Status(0x0d)));
        assert_eq!(session.poll_event(), is_ours.then_some(ended), "{sequence}");
    }
}

#[test]
fn a_data_sm_is_a_message_that_waits_for_its_own_answer() {
    let mut session = bound();
    let body = octets("00 01 01 '0912' 00 01 01 '11' 00 00 00 00 0424 0003 'HZ.'");
    for sequence in [7, 8] {
        session.handle_bytes(Tick(3), &pdu(0x0000_0103, 0, sequence, &body));
        let Some(SessionEvent::Inbound { sms, .. }) = session.poll_event() else {
            panic!("no message")
        };
        assert_eq!(sms.octets, &b"HZ."[..]);
    }
    assert_eq!(session.unanswered(), 2);
    session.answer(7, 0x64);
    assert_eq!(session.unanswered(), 1);
    let data_sm_resp = pdu(0x8000_0103, 0x64, 7, &[0]);
    assert_eq!(drain(&mut session), (Vec::new(), vec![data_sm_resp]));
}

#[test]
fn enquire_link_is_answered_at_any_time_and_what_nobody_asked_for_never() {
    for mut session in [connected(1), bound(), unbinding(), leaving()] {
        session.handle_bytes(Tick(6), &pdu(0x0000_0015, 0, 7, &[]));
        let answer = pdu(0x8000_0015, 0, 7, &[]);
        assert_eq!(drain(&mut session), (Vec::new(), vec![answer]));
        for id in [0x0000_0102, 0x8000_0015, 0x8000_0999, 0x8000_0103] {
            session.handle_bytes(Tick(6), &pdu(id, 0, 7, &[]));
            assert_eq!(drain(&mut session), (Vec::new(), Vec::new()), "{id:#x}");
        }
    }
}

#[test]
fn an_answer_to_an_enquire_link_is_timed() {
    let mut session = bound();
    let asks_at = session.deadline().unwrap();
    session.handle_timeout(asks_at);
    let sequence = u32::from(session.poll_transmit().unwrap()[15]);
    let answer = pdu(0x8000_0015, 0, sequence, &[]);
    session.handle_bytes(asks_at.after_ms(40), &answer);
    assert_eq!(session.poll_event(), Some(SessionEvent::ReplyTime(40)));
}

#[test]
fn the_window_and_a_long_message_hold_back_what_comes_after() {
    let mut session = bound();
    for id in 1..=10 {
        assert!(session.can_submit());
        session.submit(Tick(2), &sms(id, "HZ.")).unwrap();
    }
    assert!(!session.can_submit());
    assert_eq!(session.submit(Tick(2), &sms(11, "HZ.")), Err(Full));

    let mut session = bound();
    session.submit(Tick(2), &sms(1, "HZ.")).unwrap();
    session.submit(Tick(2), &sms(2, &"x".repeat(161))).unwrap();
    assert!(!session.can_submit());
    assert_eq!(session.submit(Tick(2), &sms(3, "HZ.")), Err(Full));
    session.handle_close();
    let lost = |id| told(id, Err(SubmitFault::LinkLost));
    let ended = SessionEvent::Ended(DownCause::Closed);
    assert_eq!(drain(&mut session).0, [lost(1), lost(2), ended]);
    // It comes back at once.
    assert!(session.can_submit());
    session.submit(Tick(3), &sms(3, "HZ.")).unwrap();
    assert_eq!(session.poll_event(), Some(lost(3)));
}

#[test]
fn what_goes_wrong_is_counted_and_told_once() {
    let mut session = bound();
    let stray = deliver_body(0, b"HZ.", &[0]);
    let stream = [
        pdu(DELIVER_SM, 0, 2, &stray),
        pdu(0x0000_0999, 0, 3, &[]),
        pdu(0x8000_0000, 0x08, 99, &[]),
        pdu(SUBMIT_SM_RESP, 0, 99, b"7\0"),
    ];
    for _ in 0..2 {
        session.handle_bytes(Tick(3), &stream.concat());
    }
    let faults = LinkFaults {
        late_responses: 2,
        lenient_reads: 2,
        generic_nacks: 2,
        refused_pdus: 2,
        ..LinkFaults::default()
    };
    assert_eq!(session.take_faults(), faults);
    assert_eq!(session.take_faults(), LinkFaults::default());
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
