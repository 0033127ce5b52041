//! Both ends of an SMPP session.

use std::fmt::Debug;

use hazir::domain::{Address, OutboundSms, OutboxId, SmsBody};
use hazir::protocol::smpp::{
    Delivered, Forward, MAX_PDU_OCTETS, Notice, Parcel, ParcelId, Password, Session, SessionConfig,
    SessionEvent, SmscConfig, SmscEvent, SmscSession, SystemId, Tick,
};

use super::choice;

/// Number and text of the honest message.
const NUMBER: u32 = 0x7A7A_0001;
const TEXT: &[u8] = b"HZ.";

/// A stream gives the same events and PDUs however it is cut, holds less than a PDU, and ends a session once at most. One that
/// has not ended still understands an honest message.
pub fn run(octets: &[u8]) {
    let (step, stream) = choice(octets);
    let step = usize::from(step) + 1;
    let (mut whole, mut cut) = (esme(), esme());
    whole.handle_bytes(Tick(3), stream);
    for piece in stream.chunks(step) {
        cut.handle_bytes(Tick(3), piece);
        assert!(cut.held_octets() < MAX_PDU_OCTETS);
    }
    let (events, pdus) = of_esme(&mut whole);
    assert_eq!(of_esme(&mut cut), (events.clone(), pdus));
    let is_end = |event: &&SessionEvent| matches!(event, SessionEvent::Ended(_));
    assert!(events.iter().filter(is_end).count() <= 1);
    if whole.held_octets() == 0 && whole.deadline().is_some() {
        whole.handle_bytes(Tick(3), &pdu(0x05, NUMBER, &message()));
        let (events, _) = of_esme(&mut whole);
        let understood = events.iter().any(|event| {
            matches!(event, SessionEvent::Inbound { sequence: NUMBER, sms } if sms.octets == TEXT)
        });
        assert!(understood, "{events:?}");
    }

    let (mut whole, mut cut) = (smsc(), smsc());
    whole.handle_bytes(Tick(3), stream);
    for piece in stream.chunks(step) {
        cut.handle_bytes(Tick(3), piece);
        assert!(cut.held_octets() < MAX_PDU_OCTETS);
    }
    let (events, pdus) = of_smsc(&mut whole);
    assert_eq!(of_smsc(&mut cut), (events.clone(), pdus));
    let is_end = |event: &&SmscEvent| matches!(event, SmscEvent::Ended(_));
    assert!(events.iter().filter(is_end).count() <= 1);
    // One of a number that waits already is refused.
    let waits = |event: &SmscEvent| {
        matches!(
            event,
            SmscEvent::Submit {
                sequence: NUMBER,
                ..
            }
        )
    };
    if whole.held_octets() == 0 && whole.mode().is_some() && !events.iter().any(waits) {
        whole.handle_bytes(Tick(3), &pdu(0x04, NUMBER, &message()));
        let (events, _) = of_smsc(&mut whole);
        let understood = events
            .iter()
            .any(|event| matches!(event, SmscEvent::Submit { sms, .. } if sms.octets == TEXT));
        assert!(understood, "{events:?}");
    }
}

/// A desk that is bound and waits for three responses, of the sequence numbers 2, 3 and 4.
fn esme() -> Session {
    let config = SessionConfig {
        system_id: SystemId::parse("smppuser").expect("it is short"),
        password: Password::parse("secret").expect("it is short"),
        enquire_link_ms: 30_000,
        response_timeout_ms: 10_000,
        window: 10,
    };
    let mut session = Session::connect(&config, Tick(0), 1);
    session.handle_bytes(Tick(1), &pdu(0x8000_0009, 1, b"SMSC\0"));
    for id in 1..=3 {
        let sms = OutboundSms {
            id: OutboxId(id),
            to: Address::plain("0912"),
            from: Address::plain("11"),
            body: SmsBody::Text("HZ.".to_owned()),
        };
        session.submit(Tick(2), &sms).expect("the window is wider");
    }
    of_esme(&mut session);
    session
}

/// A gateway to which an ESME is bound, and which waits for two responses, of the sequence numbers 1 and 2.
fn smsc() -> SmscSession {
    let config = SmscConfig {
        system_id: SystemId::parse("SMSC").expect("it is short"),
        enquire_link_ms: 30_000,
        response_timeout_ms: 10_000,
        window: 10,
    };
    let mut session = SmscSession::accept(&config, Tick(0), 1);
    let bind = b"smppuser\0secret\0\0\x34\0\0\0";
    session.handle_bytes(Tick(1), &pdu(0x09, 1, bind));
    session.answer_bind(0);
    let (from, to) = (Address::plain("0912"), Address::plain("11"));
    let forward = Parcel::Forward(Forward {
        from: from.clone(),
        to: to.clone(),
        octets: b"HZ.".to_vec(),
        data_coding: 0,
    });
    let notice = Parcel::Notice(Notice {
        from,
        to,
        message_id: "4F".to_owned(),
        state: Delivered::Yes,
        submitted_at: hazir::domain::Millis(0),
        done_at: hazir::domain::Millis(0),
        text: String::new(),
    });
    for (id, parcel) in [(1, forward), (2, notice)] {
        let delivered = session.deliver(Tick(2), ParcelId(id), &parcel);
        delivered.expect("the window is wider");
    }
    of_smsc(&mut session);
    session
}

fn of_esme(session: &mut Session) -> (Vec<SessionEvent>, Vec<Vec<u8>>) {
    drained(session, Session::poll_event, |session| {
        session.poll_transmit().map(|pdu| pdu.to_vec())
    })
}

fn of_smsc(session: &mut SmscSession) -> (Vec<SmscEvent>, Vec<Vec<u8>>) {
    drained(session, SmscSession::poll_event, |session| {
        session.poll_transmit().map(|pdu| pdu.to_vec())
    })
}

fn drained<S, E: Debug>(
    session: &mut S,
    event: impl Fn(&mut S) -> Option<E>,
    pdu: impl Fn(&mut S) -> Option<Vec<u8>>,
) -> (Vec<E>, Vec<Vec<u8>>) {
    let events = std::iter::from_fn(|| event(session)).collect();
    let pdus = std::iter::from_fn(|| pdu(session)).collect();
    (events, pdus)
}

fn message() -> Vec<u8> {
    let addresses = b"\0\0\x000912\0\x01\x0111\0";
    [&addresses[..], &[0; 9], &[3], TEXT].concat()
}

fn pdu(command_id: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("it is short");
    let header = [length, command_id, 0, sequence].map(u32::to_be_bytes);
    [header.as_flattened(), body].concat()
}
