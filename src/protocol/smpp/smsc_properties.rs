//! What must hold for any octets at the SMSC's end, and for both ends that talk to each other.

use proptest::collection::vec;
use proptest::prelude::*;

use super::samples::{octets, pdu, tlv};
use super::{
    BindMode, Delivered, Forward, Notice, Parcel, ParcelId, Password, Session, SessionConfig,
    SessionEvent, SmscConfig, SmscEvent, SmscSession, SystemId, Tick, WantsReceipt, WindowFull,
};
use crate::domain::{
    Address, BindFault, DeliveryState, DownCause, Millis, OutboundSms, OutboxId, SmsBody,
    SubmitFault,
};

pub(super) const SUBMIT_SM: u32 = 0x0000_0004;
pub(super) const DELIVER_SM_RESP: u32 = 0x8000_0005;

pub(super) fn config() -> SmscConfig {
    SmscConfig {
        system_id: SystemId::parse("SMSC").unwrap(),
        enquire_link_ms: 30_000,
        response_timeout_ms: 10_000,
        window: 3,
    }
}

pub(super) fn bind(command_id: u32) -> Vec<u8> {
    let body = octets("'smppuser' 00 'secret' 00 00 34 00 00 00");
    pdu(command_id, 0, 1, &body)
}

pub(super) fn submit_body(registered_delivery: u8, text: &[u8]) -> Vec<u8> {
    let mut body = octets("00 00 00 '11' 00 01 01 '0912' 00 00 00 00 00 00");
    body.push(registered_delivery);
    body.extend([0, 0, 0, u8::try_from(text.len()).unwrap()]);
    body.extend_from_slice(text);
    body
}

pub(super) fn bound() -> SmscSession {
    bound_with(1)
}

fn bound_with(seed: u64) -> SmscSession {
    let mut session = SmscSession::accept(&config(), Tick(0), seed);
    session.handle_bytes(Tick(1), &bind(0x09));
    assert!(matches!(session.poll_event(), Some(SmscEvent::Bind(_))));
    session.answer_bind(0);
    session.poll_transmit().unwrap();
    session
}

pub(super) fn forward(text: &str) -> Parcel {
    Parcel::Forward(Forward {
        from: Address::international("447700900001"),
        to: Address::plain("11"),
        octets: text.as_bytes().to_vec(),
        data_coding: 0,
    })
}

/// A session with three deliver_sm under way, of the sequence numbers 1, 2 and 3.
pub(super) fn delivering() -> SmscSession {
    let mut session = bound();
    for id in 1..=3 {
        session
            .deliver(Tick(2), ParcelId(id), &forward("HZ."))
            .unwrap();
        session.poll_transmit().unwrap();
    }
    session
}

pub(super) fn drain(session: &mut SmscSession) -> (Vec<SmscEvent>, Vec<Vec<u8>>) {
    let events = std::iter::from_fn(|| session.poll_event()).collect();
    let pdus = std::iter::from_fn(|| session.poll_transmit()).map(|pdu| pdu.to_vec());
    (events, pdus.collect())
}

#[test]
fn each_kind_of_bind_is_answered_in_kind() {
    for (command_id, mode, takes) in [
        (0x01, BindMode::Receiver, (true, false)),
        (0x02, BindMode::Transmitter, (false, true)),
        (0x09, BindMode::Transceiver, (true, true)),
    ] {
        let mut session = SmscSession::accept(&config(), Tick(0), 1);
        session.handle_bytes(Tick(1), &bind(command_id));
        let Some(SmscEvent::Bind(login)) = session.poll_event() else {
            panic!("no bind")
        };
        assert_eq!((login.mode, &login.system_id[..]), (mode, &b"smppuser"[..]));
        session.answer_bind(0);
        let (_, responses) = drain(&mut session);
        let expected = (command_id | 0x8000_0000).to_be_bytes();
        assert_eq!(responses[0][4..8], expected);
        assert_eq!(
            (session.can_deliver(), session.mode()),
            (takes.0, Some(mode))
        );
        session.handle_bytes(Tick(2), &pdu(SUBMIT_SM, 0, 2, &submit_body(1, b"HZ.")));
        let (events, responses) = drain(&mut session);
        assert_eq!(
            (events.len(), responses.len()),
            (usize::from(takes.1), usize::from(!takes.1))
        );
        if !takes.0 {
            session
                .deliver(Tick(3), ParcelId(1), &forward("HZ."))
                .unwrap();
            let lost = SmscEvent::Delivered {
                id: ParcelId(1),
                result: Err(SubmitFault::LinkLost),
            };
            assert_eq!(session.poll_event(), Some(lost));
        }
    }
}

#[test]
fn a_login_is_checked_against_one_name_and_password() {
    let mut session = SmscSession::accept(&config(), Tick(0), 1);
    session.handle_bytes(Tick(1), &bind(0x09));
    let Some(SmscEvent::Bind(login)) = session.poll_event() else {
        panic!("no bind")
    };
    let user = SystemId::parse("smppuser").unwrap();
    let password = |text| Password::parse(text).unwrap();
    assert_eq!(login.check(&user, &password("secret")), 0);
    assert_eq!(login.check(&user, &password("other")), 0x0e);
    let other = SystemId::parse("other").unwrap();
    assert_eq!(login.check(&other, &password("secret")), 0x0f);
    assert!(!format!("{login:?}").contains("secret"));
    session.answer_bind(0x0e);
    let (events, responses) = drain(&mut session);
    let cause = DownCause::Bind(BindFault::Status(0x0e));
    assert_eq!(events, [SmscEvent::Ended(cause)]);
    assert_eq!(responses.len(), 1);
}

#[test]
fn who_does_not_bind_is_put_out() {
    let mut session = SmscSession::accept(&config(), Tick(0), 1);
    assert_eq!(session.deadline(), Some(Tick(10_000)));
    session.handle_bytes(Tick(5_000), &pdu(0x15, 0, 7, &[]));
    session.handle_bytes(Tick(5_000), &pdu(SUBMIT_SM, 0, 8, &submit_body(1, b"HZ.")));
    let (events, responses) = drain(&mut session);
    assert_eq!((events.len(), responses.len()), (0, 2));
    assert_eq!(responses[1][8..12], 4_u32.to_be_bytes());
    session.handle_timeout(Tick(10_000));
    assert_eq!(
        session.poll_event(),
        Some(SmscEvent::Ended(DownCause::NoAnswer))
    );
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
fn a_silent_peer_is_asked_and_given_up() {
    let mut session = bound();
    let mut now = session.deadline().unwrap();
    let mut asked = 0;
    while session.poll_event().is_none() {
        session.handle_timeout(now);
        asked += u32::from(session.poll_transmit().is_some());
        now = session.deadline().unwrap_or(now);
    }
    assert_eq!(asked, 2);
    assert!(now <= Tick(45_000), "{now:?}");
}

#[test]
fn what_is_submitted_is_answered_once_and_later() {
    let mut session = bound();
    for (sequence, wish) in [(2, 1), (3, 2), (4, 0)] {
        let submit = pdu(SUBMIT_SM, 0, sequence, &submit_body(wish, b"HZ.A."));
        session.handle_bytes(Tick(2), &submit);
    }
    let (events, responses) = drain(&mut session);
    let wishes: Vec<WantsReceipt> = events
        .iter()
        .map(|event| {
            let SmscEvent::Submit { sms, receipt, .. } = event else {
                panic!("{event:?}")
            };
            assert_eq!(sms.octets, &b"HZ.A."[..]);
            assert_eq!(sms.destination, Address::international("0912"));
            *receipt
        })
        .collect();
    assert_eq!(
        wishes,
        [
            WantsReceipt::Always,
            WantsReceipt::OnFailure,
            WantsReceipt::No
        ]
    );
    assert!(responses.is_empty());
    session.handle_bytes(Tick(3), &pdu(0x06, 0, 9, &[]));
    session.answer_submit(3, Err(0x58));
    session.answer_submit(2, Ok("4F"));
    session.answer_submit(2, Ok("50"));
    session.answer_submit(77, Ok("51"));
    session.answer_submit(4, Ok("52"));
    let (events, responses) = drain(&mut session);
    assert_eq!(events, [SmscEvent::Ended(DownCause::Unbound)]);
    let sequences: Vec<u8> = responses.iter().map(|pdu| pdu[15]).collect();
    assert_eq!(sequences, [3, 2, 4, 9]);
    assert_eq!(responses[0][8..12], 0x58_u32.to_be_bytes());
}

#[test]
fn the_window_is_kept_and_late_responses_are_told() {
    let mut session = delivering();
    let full = session.deliver(Tick(2), ParcelId(4), &forward("HZ."));
    assert_eq!(full, Err(WindowFull));
    session.handle_bytes(Tick(3), &pdu(DELIVER_SM_RESP, 0x64, 2, &[0]));
    session.handle_bytes(Tick(3), &pdu(DELIVER_SM_RESP, 0, 2, &[0]));
    assert!(session.can_deliver());
    session.handle_timeout(Tick(10_002));
    let (events, _) = drain(&mut session);
    let delivered = |id, result| SmscEvent::Delivered {
        id: ParcelId(id),
        result,
    };
    assert_eq!(
        events,
        [
            delivered(2, Err(SubmitFault::Status(0x64))),
            delivered(1, Err(SubmitFault::Timeout)),
            delivered(3, Err(SubmitFault::Timeout)),
        ]
    );
}

/// What a peer sends in a few minutes, the odd things too.
fn recorded() -> Vec<u8> {
    let mut lying = submit_body(1, b"HZ.lies.");
    lying[22] = 0xfe;
    let long = [submit_body(1, b""), tlv(0x0424, &[b'x'; 300])].concat();
    [
        pdu(0x15, 0, 0, &[]),
        bind(0x09),
        pdu(SUBMIT_SM, 0, 2, &submit_body(1, b"HZ.first.")),
        pdu(DELIVER_SM_RESP, 0, 1, &[0]),
        pdu(SUBMIT_SM, 0, 3, &lying),
        pdu(0x9999, 0, 4, b"what?"),
        pdu(0x03, 0, 5, b"query"),
        pdu(DELIVER_SM_RESP, 0x64, 2, &[]),
        pdu(0x8000_0000, 0x08, 3, b"a nack with a body"),
        pdu(SUBMIT_SM, 0, 6, &long),
        pdu(SUBMIT_SM, 0, 7, &submit_body(1, b"")[..20]),
        pdu(0x06, 0, 13, &[]),
    ]
    .concat()
}

#[test]
fn a_data_sm_is_a_submission_and_gets_its_own_answer() {
    let mut session = bound();
    let mut body = octets("00 00 00 '11' 00 01 01 '0912' 00 00 01 00");
    body.extend(tlv(0x0424, b"HZ.AA."));
    session.handle_bytes(Tick(2), &pdu(0x0103, 0, 7, &body));
    let Some(SmscEvent::Submit { sms, receipt, .. }) = session.poll_event() else {
        panic!("no submission")
    };
    assert_eq!(sms.octets, &b"HZ.AA."[..]);
    assert_eq!(sms.destination, Address::international("0912"));
    assert_eq!(receipt, WantsReceipt::Always);
    session.answer_submit(7, Ok("4F"));
    let (_, responses) = drain(&mut session);
    let expected = octets("00000013 80000103 00000000 00000007 '4F' 00");
    assert_eq!(responses, [expected]);
    // What ends too early is told so in kind.
    session.handle_bytes(Tick(2), &pdu(0x0103, 0, 8, &body[..9]));
    let (events, responses) = drain(&mut session);
    assert_eq!(events, []);
    assert_eq!(
        responses[0][..16],
        octets("00000011 80000103 00000002 00000008")
    );
}

#[test]
fn what_was_sent_is_not_asked_for_changed_or_called_back() {
    for (request, status) in [(0x03, 0x67), (0x07, 0x13), (0x08, 0x11), (0x21, 0x45)] {
        let mut session = bound();
        session.handle_bytes(Tick(2), &pdu(request, 0, 7, b"4F\0\0\0\0"));
        let (events, responses) = drain(&mut session);
        assert_eq!(events, []);
        assert_eq!(responses, [pdu(request | 0x8000_0000, status, 7, &[])]);
    }
}

#[test]
fn every_cut_of_a_recorded_session_gives_the_same() {
    let stream = recorded();
    let mut whole = delivering();
    whole.handle_bytes(Tick(3), &stream);
    let expected = drain(&mut whole);
    assert_eq!((expected.0.len(), expected.1.len()), (6, 5));
    for at in 0..=stream.len() {
        let mut session = delivering();
        let (head, tail) = stream.split_at(at);
        session.handle_bytes(Tick(3), head);
        session.handle_bytes(Tick(3), tail);
        assert_eq!(drain(&mut session), expected, "cut at {at}");
    }
}

#[test]
fn what_comes_behind_the_end_counts_nowhere_however_it_is_cut() {
    let ended = [
        pdu(0x06, 0, 9, &[]),
        pdu(DELIVER_SM_RESP, 0, 1, &[0]),
        pdu(DELIVER_SM_RESP, 0, 2, &[0]),
        pdu(DELIVER_SM_RESP, 0, 3, &[0]),
    ]
    .concat();
    let stream = [&ended[..], &pdu(SUBMIT_SM, 0, 10, &submit_body(1, b"HZ."))].concat();
    for at in 0..=stream.len() {
        let mut session = delivering();
        let (head, tail) = stream.split_at(at);
        session.handle_bytes(Tick(3), head);
        session.handle_bytes(Tick(3), tail);
        let (events, responses) = drain(&mut session);
        assert_eq!(events.last(), Some(&SmscEvent::Ended(DownCause::Unbound)));
        assert_eq!((events.len(), responses.len()), (4, 1), "cut at {at}");
    }
}

/// Carries everything that waits from one end to the other, in pieces of `cut` octets, until both are still.
fn carry(esme: &mut Session, smsc: &mut SmscSession, now: Tick, cut: usize) {
    loop {
        let up: Vec<u8> = std::iter::from_fn(|| esme.poll_transmit())
            .flatten()
            .collect();
        let down: Vec<u8> = std::iter::from_fn(|| smsc.poll_transmit())
            .flatten()
            .collect();
        if up.is_empty() && down.is_empty() {
            return;
        }
        for piece in up.chunks(cut) {
            smsc.handle_bytes(now, piece);
        }
        for piece in down.chunks(cut) {
            esme.handle_bytes(now, piece);
        }
    }
}

#[test]
fn both_ends_understand_each_other_wherever_octets_are_cut() {
    let login = SessionConfig {
        system_id: SystemId::parse("smppuser").unwrap(),
        password: Password::parse("secret").unwrap(),
        enquire_link_ms: 30_000,
        response_timeout_ms: 10_000,
        window: 10,
    };
    let sms = OutboundSms {
        id: OutboxId(7),
        to: Address::international("447700900001"),
        from: Address::plain("11"),
        body: SmsBody::Text("HZ.receipt.".to_owned()),
    };
    let notice = Parcel::Notice(Notice {
        from: sms.to.clone(),
        to: sms.from.clone(),
        message_id: "4F".to_owned(),
        state: Delivered::Yes,
        submitted_at: Millis(1_795_132_800_000),
        done_at: Millis(1_795_132_800_000),
        text: "HZ.receipt.".to_owned(),
    });
    for cut in (1..60).chain([4_096]) {
        let mut esme = Session::connect(&login, Tick(0), 1);
        let mut smsc = SmscSession::accept(&config(), Tick(0), 1);
        carry(&mut esme, &mut smsc, Tick(1), cut);
        let Some(SmscEvent::Bind(asked)) = smsc.poll_event() else {
            panic!("no bind")
        };
        smsc.answer_bind(asked.check(&login.system_id, &login.password));
        carry(&mut esme, &mut smsc, Tick(2), cut);
        assert_eq!(esme.poll_event(), Some(SessionEvent::Bound));

        for (id, text) in [(1, "HZ.in."), (2, &"x".repeat(400))] {
            smsc.deliver(Tick(3), ParcelId(id), &forward(text)).unwrap();
            carry(&mut esme, &mut smsc, Tick(3), cut);
            let Some(SessionEvent::Inbound { sequence, sms }) = esme.poll_event() else {
                panic!("nothing came in")
            };
            assert_eq!(sms.octets, text.as_bytes());
            assert_eq!(sms.source, Address::international("447700900001"));
            esme.answer(sequence, 0);
            carry(&mut esme, &mut smsc, Tick(4), cut);
            let done = SmscEvent::Delivered {
                id: ParcelId(id),
                result: Ok(()),
            };
            assert_eq!(smsc.poll_event(), Some(done));
        }

        esme.submit(Tick(5), &sms).unwrap();
        carry(&mut esme, &mut smsc, Tick(5), cut);
        let Some(SmscEvent::Submit {
            sequence,
            sms: came,
            receipt,
        }) = smsc.poll_event()
        else {
            panic!("nothing was submitted")
        };
        assert_eq!((receipt, came.data_coding), (WantsReceipt::Always, 0));
        assert_eq!((&came.destination, &came.source), (&sms.to, &sms.from));
        smsc.answer_submit(sequence, Ok("4F"));
        smsc.deliver(Tick(6), ParcelId(3), &notice).unwrap();
        carry(&mut esme, &mut smsc, Tick(6), cut);
        let (id, result) = (sms.id, Ok("4F".to_owned()));
        assert_eq!(
            esme.poll_event(),
            Some(SessionEvent::Submitted { id, result })
        );
        let Some(SessionEvent::Report(report)) = esme.poll_event() else {
            panic!("no report")
        };
        assert_eq!(
            (&*report.message_id, report.state),
            ("4F", DeliveryState::Delivered)
        );
        assert_eq!(report.recipient, sms.to);

        esme.unbind(Tick(7));
        carry(&mut esme, &mut smsc, Tick(7), cut);
        assert_eq!(
            esme.poll_event(),
            Some(SessionEvent::Ended(DownCause::Stopping))
        );
        let (events, _) = drain(&mut smsc);
        assert_eq!(events.last(), Some(&SmscEvent::Ended(DownCause::Unbound)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_octets_never_break_a_session(pieces in vec(vec(any::<u8>(), 0..200), 0..20)) {
        let mut session = bound();
        for (at, piece) in (3..).zip(&pieces) {
            session.handle_bytes(Tick(at), piece);
            session.handle_timeout(Tick(at));
        }
    }

    #[test]
    fn random_pdus_never_break_a_session(
        pdus in vec((any::<u8>(), any::<bool>(), any::<u32>(), 0..6_u32, vec(any::<u8>(), 0..120)), 0..20),
        status: u32,
    ) {
        let mut session = delivering();
        for (at, (id, is_response, status, sequence, body)) in (3..).zip(&pdus) {
            let id = u32::from(*id % 0x24) | if *is_response { 0x8000_0000 } else { 0 };
            session.handle_bytes(Tick(at), &pdu(id, *status, *sequence, body));
            session.answer_submit(*sequence, Ok("7"));
            session.handle_timeout(Tick(at));
        }
        session.answer_bind(status);
        session.handle_close();
        let (events, _) = drain(&mut session);
        let ended = events.iter().filter(|event| matches!(event, SmscEvent::Ended(_)));
        prop_assert_eq!(ended.count(), 1);
        let told = events.iter().filter(|event| matches!(event, SmscEvent::Delivered { .. }));
        prop_assert_eq!(told.count(), 3);
    }

    #[test]
    fn a_recorded_session_with_a_wrong_octet_gives_the_same_wherever_it_is_cut(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: prop::sample::Index,
    ) {
        let mut stream = recorded();
        for (at, octet) in changes {
            let at = at.index(stream.len());
            stream[at] = octet;
        }
        let mut whole = delivering();
        whole.handle_bytes(Tick(3), &stream);
        let mut session = delivering();
        let (head, tail) = stream.split_at(cut.index(stream.len()));
        session.handle_bytes(Tick(3), head);
        session.handle_bytes(Tick(3), tail);
        prop_assert_eq!(drain(&mut session), drain(&mut whole));
    }
}
