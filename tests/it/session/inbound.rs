use hazir::domain::{Address, LinkEvent, Part, Ticket};

use super::peer::{
    DELIVER_SM_RESP, Deliver, Desk, ENQUIRE_LINK, ENQUIRE_LINK_RESP, GENERIC_NACK, SUBMIT_SM_RESP,
    UNBIND_RESP, inbound, pdu,
};

/// ESME_RX_T_APPN: our store cannot write.
const TRY_LATER: u32 = 0x64;

#[tokio::test(start_paused = true)]
async fn a_deliver_sm_is_answered_when_the_desk_says_so() {
    let (mut desk, mut peer) = Desk::bound().await;
    peer.send(&Deliver::text(b"HZ.AA.").pdu(0)).await;
    let (ticket, sms) = desk.inbound().await;
    assert_eq!(sms, inbound(b"HZ.AA."));
    peer.send(&pdu(ENQUIRE_LINK, 0, 6, &[])).await;
    peer.expect(ENQUIRE_LINK_RESP, 0, 6).await;
    desk.answer(ticket, 0).await;
    let response = peer.pdu().await;
    assert_eq!(response.header(), (DELIVER_SM_RESP, 0, 0));
    assert_eq!(response.body, [0]);
    peer.send(&Deliver::text(b"").pdu(0x7fff_ffff)).await;
    let (ticket, sms) = desk.inbound().await;
    assert_eq!(sms, inbound(b""));
    desk.answer(ticket, TRY_LATER).await;
    peer.expect(DELIVER_SM_RESP, TRY_LATER, 0x7fff_ffff).await;
}

#[tokio::test(start_paused = true)]
async fn each_of_two_messages_with_one_sequence_number_is_answered_once() {
    let (mut desk, mut peer) = Desk::bound().await;
    peer.send(&Deliver::text(b"one").pdu(4)).await;
    peer.send(&Deliver::text(b"two").pdu(4)).await;
    let (one, _) = desk.inbound().await;
    let (two, _) = desk.inbound().await;
    for (ticket, status) in [(one, 0), (two, TRY_LATER), (two, 0)] {
        desk.answer(ticket, status).await;
    }
    peer.expect(DELIVER_SM_RESP, 0, 4).await;
    peer.expect(DELIVER_SM_RESP, TRY_LATER, 4).await;
    peer.send(&pdu(ENQUIRE_LINK, 0, 5, &[])).await;
    peer.expect(ENQUIRE_LINK_RESP, 0, 5).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_for_an_older_connection_is_dropped() {
    let (mut desk, mut peer) = Desk::bound().await;
    peer.send(&Deliver::text(b"old").pdu(1)).await;
    let (old, _) = desk.inbound().await;
    drop(peer);
    desk.down().await;
    let mut peer = desk.rebind().await;
    peer.send(&Deliver::text(b"new").pdu(1)).await;
    let (new, _) = desk.inbound().await;
    assert_ne!(old, new);
    desk.answer(old, TRY_LATER).await;
    desk.answer(
        Ticket {
            sequence: 77,
            ..new
        },
        TRY_LATER,
    )
    .await;
    desk.answer(new, 0).await;
    peer.expect(DELIVER_SM_RESP, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn senders_arrive_exactly_as_they_were() {
    let long = b"+98910221182412345678901234567890";
    let senders: [&[u8]; 6] = [
        b"",
        b"11111",
        b"OZEKI",
        b"\xc7a\xfdr\xff",
        long,
        b"+98 (910)",
    ];
    let (mut desk, mut peer) = Desk::bound().await;
    for (sequence, sender) in (1..).zip(senders) {
        let deliver = Deliver {
            source: sender.to_vec(),
            ..Deliver::text(b"HZ.AA.")
        };
        peer.send(&deliver.pdu(sequence)).await;
        let (ticket, sms) = desk.inbound().await;
        let expected = Address {
            octets: sender.to_vec(),
            ton: 2,
            npi: 8,
        };
        assert_eq!(
            (sms.source.octets, sms.source.ton),
            (expected.octets, expected.ton)
        );
        assert_eq!(sms.octets, &b"HZ.AA."[..]);
        desk.answer(ticket, 0).await;
        peer.expect(DELIVER_SM_RESP, 0, sequence).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_in_a_body_stays_in_its_frame() {
    let plain = Deliver::text(b"HZ.AA.");
    let bent = [
        Deliver {
            validity: b"2611200858".to_vec(),
            ..plain.clone()
        },
        Deliver {
            sm_length: Some(254),
            ..plain.clone()
        },
        Deliver {
            sm_length: Some(1),
            ..plain.clone()
        },
        Deliver {
            tlvs: vec![0x02, 0x04, 0xff, 0xff, 1],
            ..plain.clone()
        },
        Deliver {
            tlvs: vec![0],
            ..plain.clone()
        },
    ];
    for (case, deliver) in bent.iter().enumerate() {
        let (mut desk, mut peer) = Desk::bound().await;
        let stream = [deliver.pdu(1), Deliver::text(b"next").pdu(2)].concat();
        peer.send(&stream).await;
        let (ticket, sms) = desk.inbound().await;
        assert!(
            sms.octets.starts_with(b"HZ.AA."),
            "{case}: {:?}",
            sms.octets
        );
        assert_eq!(sms.source, inbound(b"").source, "{case}");
        assert_eq!(ticket.sequence, 1, "{case}");
        let (ticket, sms) = desk.inbound().await;
        assert_eq!((ticket.sequence, sms), (2, inbound(b"next")), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn message_payload_wins_over_short_message() {
    let (mut desk, mut peer) = Desk::bound().await;
    let payload = vec![b'x'; 6_000];
    peer.send(&Deliver::text(b"").tlv(0x0424, &payload).pdu(1))
        .await;
    assert_eq!(desk.inbound().await.1, inbound(&payload));
    peer.send(
        &Deliver::text(b"short")
            .tlv(0x0204, &[0, 1])
            .tlv(0x0424, b"payload")
            .pdu(2),
    )
    .await;
    assert_eq!(desk.inbound().await.1, inbound(b"payload"));
}

#[tokio::test(start_paused = true)]
async fn a_user_data_header_is_no_text() {
    let (mut desk, mut peer) = Desk::bound().await;
    let with_header = |text: &[u8]| Deliver {
        esm_class: 0x40,
        data_coding: 8,
        ..Deliver::text(text)
    };
    let cases: [(&[u8], &[u8]); 4] = [
        (b"\x05\x00\x03\x11\x02\x01HZ.", b"HZ."),
        (b"\x06\x08\x04\x11\x22\x02\x01HZ.", b"HZ."),
        (b"\x09\x24\x01\x07\x05\x04\x00\x03\x00\x04HZ.", b"HZ."),
        (b"HZ.AA. is no header", b"HZ.AA. is no header"),
    ];
    for (sequence, (user_data, text)) in (1..).zip(cases) {
        peer.send(&with_header(user_data).pdu(sequence)).await;
        let (_, sms) = desk.inbound().await;
        assert_eq!((&sms.octets[..], sms.data_coding), (text, 8));
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_says_so_in_its_header_or_in_tlvs() {
    let (mut desk, mut peer) = Desk::bound().await;
    let of_header = |header: &[u8]| Deliver {
        esm_class: 0x40,
        ..Deliver::text(&[header, b"HZ."].concat())
    };
    let of_tlvs = |reference: &[u8], total: &[u8], number: &[u8]| {
        let plain = Deliver::text(b"HZ.").tlv(0x020c, reference);
        plain.tlv(0x020e, total).tlv(0x020f, number)
    };
    let stray = |mut deliver: Deliver| {
        deliver.tlvs.push(0);
        deliver
    };
    let cases = [
        (
            of_header(b"\x05\x00\x03\x11\x02\x01"),
            Part::new(0x11, 2, 1),
        ),
        (
            of_header(b"\x06\x08\x04\x11\x22\x03\x02"),
            Part::new(0x1122, 3, 2),
        ),
        (of_header(b"\x05\x00\x03\x11\x02\x03"), None),
        (of_header(b"\x05\x00\x03\x11\x01\x01"), None),
        (of_tlvs(&[0x11, 0x22], &[3], &[2]), Part::new(0x1122, 3, 2)),
        (
            stray(of_tlvs(&[0x11, 0x22], &[3], &[2])),
            Part::new(0x1122, 3, 2),
        ),
        (of_tlvs(&[0x22], &[3], &[2]), None),
        (of_tlvs(&[0x11, 0x22], &[0, 3], &[2]), None),
        (of_tlvs(&[0x11, 0x22], &[3], &[0]), None),
        (of_tlvs(&[0x11, 0x22], &[0], &[0]), None),
    ];
    for (sequence, (deliver, part)) in (1..).zip(cases) {
        peer.send(&deliver.pdu(sequence)).await;
        let (ticket, sms) = desk.inbound().await;
        assert_eq!(
            (sms.part, &sms.octets[..]),
            (part, &b"HZ."[..]),
            "{sequence}"
        );
        desk.answer(ticket, 0).await;
        peer.expect(DELIVER_SM_RESP, 0, sequence).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_data_sm_is_a_message_and_gets_its_own_answer() {
    let (mut desk, mut peer) = Desk::bound().await;
    let body = b"\0\x02\x0809102211824\0\x01\x01+989000000000\0\0\0\0\x04\x24\0\x06HZ.AA.";
    peer.send(&pdu(0x103, 0, 3, body)).await;
    let (ticket, sms) = desk.inbound().await;
    assert_eq!(sms, inbound(b"HZ.AA."));
    desk.answer(ticket, 0).await;
    peer.expect(0x8000_0103, 0, 3).await;
}

#[tokio::test(start_paused = true)]
async fn what_an_esme_does_not_serve_is_nacked_and_the_session_goes_on() {
    let (mut desk, mut peer) = Desk::bound().await;
    let outbind = pdu(0x0b, 0, 21, b"smsc\0secret\0");
    let unknown = pdu(0x0001_0203, 0, 22, b"vendor");
    let submit_sm = pdu(0x04, 0, 23, &Deliver::text(b"HZ.").body());
    let query_sm = pdu(0x03, 0, 24, b"1\0\0\0\0");
    for (sequence, octets) in (21..).zip([outbind, unknown, submit_sm, query_sm]) {
        peer.send(&octets).await;
        peer.expect(GENERIC_NACK, 0x03, sequence).await;
    }
    peer.send(&Deliver::text(b"HZ.AA.").pdu(25)).await;
    assert_eq!(desk.inbound().await.0.sequence, 25);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asked_for_is_ignored() {
    let (mut desk, mut peer) = Desk::bound().await;
    for id in [
        SUBMIT_SM_RESP,
        ENQUIRE_LINK_RESP,
        UNBIND_RESP,
        DELIVER_SM_RESP,
        GENERIC_NACK,
        0x8000_0009,
        0x8000_0103,
        0xffff_ffff,
    ] {
        for sequence in [0, 1, 2] {
            peer.send(&pdu(id, 0, sequence, b"1\0")).await;
            peer.send(&pdu(id, 0x08, sequence, &[])).await;
        }
    }
    peer.send(&pdu(0x102, 0, 3, b"\0\0a\0\0\0b\0")).await;
    peer.send(&pdu(ENQUIRE_LINK, 0, 4, &[])).await;
    peer.expect(ENQUIRE_LINK_RESP, 0, 4).await;
    let nothing: [LinkEvent; 0] = [];
    assert_eq!(desk.happened(), nothing);
}
