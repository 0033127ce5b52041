//! The life of a link: points 6, 7, 8, 11 and 13.

use std::time::Duration;

use hazir::api::{FeedOutcome, LinkState};
use hazir::domain::{BindFault, DownCause};
use hazir::gateway::{GatewayConfig, Password, SystemId};

use super::super::session::peer::{
    BIND_TRANSCEIVER, BIND_TRANSCEIVER_RESP, DELIVER_SM, DELIVER_SM_RESP, Deliver, ENQUIRE_LINK,
    ENQUIRE_LINK_RESP, GENERIC_NACK, SUBMIT_SM, SUBMIT_SM_RESP, UNBIND, UNBIND_RESP, config, pdu,
};
use super::house::{Gateway, House, Plan, check_in, from};

const AYSE: &str = "+989121111111";
const OUTBIND: u32 = 0x0000_000b;
const ESME_RINVCMDLEN: u32 = 0x02;
const ESME_RINVCMDID: u32 = 0x03;

#[tokio::test(start_paused = true)]
async fn point_06_enquire_link_is_answered_before_the_bind_is() {
    let mut house = House::start(Plan::default());
    let mut peer = house.peer().await;
    peer.send(&pdu(ENQUIRE_LINK, 0, 0, &[])).await;
    let bind = peer.pdu().await;
    peer.expect(ENQUIRE_LINK_RESP, 0, 0).await;
    peer.send(&pdu(BIND_TRANSCEIVER_RESP, 0, bind.sequence, b"SMSC\0"))
        .await;
    let mut gateway = Gateway::of(peer);
    let mut phone = house.hire(AYSE).await;
    gateway.check_in(&mut phone, "1").await;
}

#[tokio::test(start_paused = true)]
async fn point_06_enquire_link_is_answered_at_once_and_not_behind_the_commit() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let sms = check_in(&mut phone).pdu(1);
    let ask = pdu(ENQUIRE_LINK, 0, 2, &[]);
    gateway.send(&[sms, ask].concat()).await;
    assert_eq!(gateway.header().await, (ENQUIRE_LINK_RESP, 0, 2));
    assert_eq!(gateway.header().await, (DELIVER_SM_RESP, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn point_06_we_ask_after_silence_only_and_two_missed_end_the_link() {
    let (mut house, gateway) = House::open().await;
    let mut peer = gateway.into_peer();
    for sequence in 0..20 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        peer.send(&pdu(ENQUIRE_LINK, 0, sequence, &[])).await;
        peer.expect(ENQUIRE_LINK_RESP, 0, sequence).await;
    }
    let began = tokio::time::Instant::now();
    for _ in 0..2 {
        assert_eq!(peer.pdu().await.id, ENQUIRE_LINK);
    }
    peer.expect_close().await;
    let waited = began.elapsed();
    assert!(waited <= Duration::from_secs(45), "{waited:?}");
    let link = house.link().await;
    assert_eq!((link.state, link.drops), (LinkState::Down, 1));
    assert_eq!(link.error, Some(DownCause::Silent));
    let mut gateway = house.bound().await;
    let mut phone = house.hire(AYSE).await;
    gateway.check_in(&mut phone, "1").await;
}

#[tokio::test(start_paused = true)]
async fn point_07_a_bind_that_is_not_answered_is_tried_again() {
    let mut house = House::start(Plan::default());
    let mut silent = house.peer().await;
    assert_eq!(silent.pdu().await.id, BIND_TRANSCEIVER);
    silent.expect_close().await;
    assert_eq!(house.link().await.error, Some(DownCause::NoAnswer));
    let mut gateway = house.bound().await;
    let mut phone = house.hire(AYSE).await;
    gateway.check_in(&mut phone, "1").await;
}

#[tokio::test(start_paused = true)]
async fn point_07_a_session_that_lives_on_is_waited_for() {
    let mut house = House::start(Plan::default());
    let mut phone = house.hire(AYSE).await;
    let mut last = None;
    for _ in 0..10 {
        let mut peer = house.peer().await;
        let pause = last.map(|last| peer.opened_at - last);
        assert!(pause <= Some(Duration::from_secs(30)), "{pause:?}");
        last = Some(peer.opened_at);
        peer.bind(0x05).await;
        peer.expect_close().await;
        let error = house.link().await.error;
        assert_eq!(error, Some(DownCause::Bind(BindFault::AlreadyBound)));
    }
    let mut gateway = house.bound().await;
    gateway.check_in(&mut phone, "1").await;
    assert_eq!(house.link().await.state, LinkState::Bound);
}

#[tokio::test(start_paused = true)]
async fn point_07_a_wrong_login_is_said_and_tried_slowly() {
    for (status, fault) in [(0x0e, BindFault::Password), (0x0f, BindFault::SystemId)] {
        let mut house = House::start(Plan::default());
        let mut peer = house.peer().await;
        peer.bind(status).await;
        peer.expect_close().await;
        assert_eq!(house.link().await.error, Some(DownCause::Bind(fault)));
        let next = house.peer().await;
        let pause = next.opened_at - peer.opened_at;
        assert!(pause >= Duration::from_mins(1), "{pause:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn point_07_a_response_without_body_binds() {
    let mut house = House::start(Plan::default());
    let mut peer = house.peer().await;
    let bind = peer.pdu().await;
    peer.send(&pdu(BIND_TRANSCEIVER_RESP, 0, bind.sequence, &[]))
        .await;
    let mut gateway = Gateway::of(peer);
    let mut phone = house.hire(AYSE).await;
    gateway.check_in(&mut phone, "1").await;
}

#[tokio::test(start_paused = true)]
async fn point_07_system_id_has_15_characters_and_password_8() {
    assert!(SystemId::parse("sixteen-letters!").is_err());
    assert!(Password::parse("nine-char").is_err());
    let mut house = House::start(Plan {
        link: GatewayConfig {
            system_id: SystemId::parse("fifteen-letters").unwrap(),
            password: Password::parse("eight-ch").unwrap(),
            ..config()
        },
        ..Plan::default()
    });
    let bind = house.peer().await.pdu().await;
    assert_eq!(bind.body, b"fifteen-letters\0eight-ch\0\0\x34\0\0\0");
}

#[tokio::test(start_paused = true)]
async fn point_08_an_unbind_of_the_peer_waits_for_the_batch() {
    let (mut house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let sms = check_in(&mut phone).pdu(1);
    let unbind = pdu(UNBIND, 0, 2, &[]);
    gateway.send(&[sms, unbind].concat()).await;
    assert_eq!(gateway.header().await, (DELIVER_SM_RESP, 0, 1));
    assert_eq!(gateway.header().await, (UNBIND_RESP, 0, 2));
    assert_eq!(gateway.receive().await, None);
    let mut gateway = house.bound().await;
    gateway.receipt(&mut phone, "1").await;
    assert_eq!(house.link().await.error, None);
}

#[tokio::test(start_paused = true)]
async fn point_08_a_peer_that_closes_without_unbind_is_found_again() {
    let (mut house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let sms = check_in(&mut phone);
    assert_eq!(gateway.take(&sms).await, 0);
    // It takes the receipt and is gone before it says so.
    gateway.submit().await;
    drop(gateway);
    let mut gateway = house.bound().await;
    gateway.receipt(&mut phone, "1").await;
    assert_eq!(house.link().await.drops, 1);
}

#[tokio::test(start_paused = true)]
async fn point_08_an_outbind_is_nacked() {
    let (house, mut gateway) = House::open().await;
    gateway.send(&pdu(OUTBIND, 0, 4, b"SMSC\0secret\0")).await;
    let nack = (GENERIC_NACK, ESME_RINVCMDID, 4);
    assert_eq!(gateway.header().await, nack);
    let mut phone = house.hire(AYSE).await;
    gateway.check_in(&mut phone, "1").await;
}

#[tokio::test(start_paused = true)]
async fn point_11_an_unknown_command_is_nacked_and_the_session_goes_on() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    for (sequence, command) in (1..).zip([0x0000_0042, 0x0001_0200, 0x7fff_ffff, SUBMIT_SM]) {
        gateway.send(&pdu(command, 0, sequence, b"whatever")).await;
        let nack = (GENERIC_NACK, ESME_RINVCMDID, sequence);
        assert_eq!(gateway.header().await, nack);
    }
    gateway.check_in(&mut phone, "1").await;
    assert_eq!(house.link().await.drops, 0);
}

#[tokio::test(start_paused = true)]
async fn point_11_a_nack_with_sequence_0_is_about_the_only_request() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let sms = check_in(&mut phone);
    assert_eq!(gateway.take(&sms).await, 0);
    let (first, _) = gateway.submit().await;
    gateway.send(&pdu(GENERIC_NACK, 0x08, 0, &[])).await;
    let entry = house.outbox().await.remove(0);
    let error = Some(hazir::domain::SendError::Status(0x08));
    assert_eq!(entry.error, error);
    let (second, _) = gateway.submit().await;
    assert_ne!(first, second);
    gateway.respond(second, 0, "1").await;
}

#[tokio::test(start_paused = true)]
async fn point_13_a_length_that_cannot_be_ends_the_session() {
    let (mut house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    for length in [0_u32, 1, 15, 8_193, 0x0100_0000, u32::MAX] {
        // What came before it is taken.
        let sms = check_in(&mut phone).pdu(1);
        let lie = [length, DELIVER_SM, 0, 2].map(u32::to_be_bytes);
        gateway.send(&[sms, lie.concat()].concat()).await;
        let nack = (GENERIC_NACK, ESME_RINVCMDLEN, 0);
        assert_eq!(gateway.header().await, nack, "{length}");
        assert_eq!(gateway.receive().await, None);
        gateway = house.bound().await;
        gateway.receipt(&mut phone, "1").await;
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 6]);
}

#[tokio::test(start_paused = true)]
async fn point_13_half_a_pdu_and_then_silence_ends_the_session_after_10_s() {
    let (mut house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let whole = check_in(&mut phone).pdu(1);
    for octets in [1, 4, 15, 16, whole.len() - 1] {
        let began = tokio::time::Instant::now();
        gateway.send(&whole[..octets]).await;
        assert_eq!(gateway.receive().await, None, "{octets}");
        let waited = began.elapsed();
        assert_eq!(waited.as_secs(), 10, "{octets}");
        gateway = house.bound().await;
    }
    // Slowly it may come: an octet every nine seconds.
    for octet in &whole[..20] {
        gateway.send(&[*octet]).await;
        gateway.quiet(9_000).await;
    }
    gateway.send(&whole[20..]).await;
    assert_eq!(gateway.answer(1).await, 0);
    gateway.receipt(&mut phone, "1").await;
}

#[tokio::test(start_paused = true)]
async fn point_13_a_length_that_lies_stays_inside_its_frame() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let plain = check_in(&mut phone);
    let lies = [
        Deliver {
            sm_length: Some(254),
            ..plain.clone()
        },
        Deliver {
            sm_length: Some(0),
            ..plain.clone()
        },
        plain.clone().tlv(0x0204, &[1]),
        plain.clone().tlv(0x0427, &[1, 2, 3]),
        plain
            .clone()
            .tlv(0x020c, &[9])
            .tlv(0x020e, &[])
            .tlv(0x020f, b"123"),
        Deliver {
            tlvs: b"\x14\x00\xff\xff1".to_vec(),
            ..plain.clone()
        },
        Deliver {
            tlvs: vec![0],
            ..plain.clone()
        },
    ];
    for sms in &lies {
        assert_eq!(gateway.take(sms).await, 0);
    }
    gateway.receipt(&mut phone, "1").await;
    let outcomes = house.outcomes().await;
    assert_eq!(outcomes[0], FeedOutcome::Recorded);
    assert_eq!(outcomes[1..], [FeedOutcome::Duplicate; 6]);
}

#[tokio::test(start_paused = true)]
async fn point_13_responses_that_nobody_asked_for_are_ignored() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    for command in [
        SUBMIT_SM_RESP,
        DELIVER_SM_RESP,
        ENQUIRE_LINK_RESP,
        UNBIND_RESP,
        BIND_TRANSCEIVER_RESP,
        GENERIC_NACK,
        0x8000_0042,
    ] {
        for sequence in [0, 1, 2, 99, u32::MAX] {
            gateway.send(&pdu(command, 0x45, sequence, b"x\0")).await;
        }
    }
    gateway.quiet(1_000).await;
    gateway.check_in(&mut phone, "1").await;
    let stranger = from("+989122222222", b"hello");
    assert_eq!(gateway.take(&stranger).await, 0);
    assert_eq!(house.link().await.drops, 0);
}
