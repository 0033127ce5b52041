//! What was measured with rusmpp and with peers that are hard of reading: the bullets before the numbered points.

use hazir::api::FeedOutcome;
use hazir::domain::{LinkEvent, OutboundSms, SmsBody};
use hazir::gateway::GatewayConfig;

use super::super::session::peer::{
    DELIVER_SM_RESP, Deliver, Desk, GENERIC_NACK, SUBMIT_SM, SUBMIT_SM_RESP, config, pdu, pdus, sms,
};
use super::house::{House, Plan, check_in, from};

#[tokio::test(start_paused = true)]
async fn what_rusmpp_refuses_is_a_message_all_the_same() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire("+989121111111").await;
    let bends: [fn(Deliver) -> Deliver; 6] = [
        |sms| Deliver {
            source: b"\xc7a\xfdr\xff".to_vec(),
            ..sms
        },
        |sms| Deliver {
            source: b"+98910221182412345678901234567890".to_vec(),
            ..sms
        },
        |sms| Deliver {
            validity: b"2611200858".to_vec(),
            ..sms
        },
        |sms| Deliver {
            sm_length: Some(254),
            ..sms
        },
        |sms| Deliver {
            sm_length: Some(3),
            ..sms
        },
        |sms| sms.tlv(0x1400, b"what only this vendor knows"),
    ];
    // Each between two that are well formed, and all in one segment.
    let mut segment = Vec::new();
    let mut sequence = 0;
    for bend in bends {
        for sms in [check_in(&mut phone), bend(check_in(&mut phone))] {
            sequence += 1;
            segment.extend(sms.pdu(sequence));
        }
    }
    sequence += 1;
    segment.extend(check_in(&mut phone).pdu(sequence));
    gateway.send(&segment).await;
    for sequence in 1..=sequence {
        assert_eq!(gateway.answer(sequence).await, 0);
    }
    for _ in 1..=sequence {
        gateway.receipt(&mut phone, "1").await;
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 13]);
}

#[tokio::test(start_paused = true)]
async fn responses_that_rusmpp_refuses_do_not_lose_the_stream() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire("+989121111111").await;
    let first = check_in(&mut phone);
    assert_eq!(gateway.take(&first).await, 0);
    let (sequence, _) = gateway.submit().await;
    // An id without NUL, and a generic_nack with a body.
    let id = pdu(SUBMIT_SM_RESP, 0, sequence, b"ABC");
    let nack = pdu(GENERIC_NACK, 3, 77, b"a body");
    gateway
        .send(&[id, nack, check_in(&mut phone).pdu(9)].concat())
        .await;
    assert_eq!(gateway.answer(9).await, 0);
    assert_eq!(house.outbox().await[0].message_id.as_deref(), Some("ABC"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_write_unless_the_peer_wants_one_for_each_pdu() {
    for one_pdu_per_write in [false, true] {
        let plan = Plan {
            link: GatewayConfig {
                one_pdu_per_write,
                ..config()
            },
            ..Plan::default()
        };
        let (house, mut gateway) = House::with(plan).await;
        let mut phone = house.hire("+989121111111").await;
        house.writes();
        let messages = [check_in(&mut phone), check_in(&mut phone)];
        let octets = [messages[0].pdu(1), messages[1].pdu(2)].concat();
        gateway.send(&octets).await;
        for _ in 0..2 {
            gateway.receipt(&mut phone, "1").await;
        }
        let writes = house.writes();
        let ids_of =
            |octets: &Vec<u8>| -> Vec<u32> { pdus(octets).into_iter().map(|pdu| pdu.id).collect() };
        let ids: Vec<_> = writes.iter().map(ids_of).collect();
        let all = [DELIVER_SM_RESP, DELIVER_SM_RESP, SUBMIT_SM, SUBMIT_SM];
        if one_pdu_per_write {
            assert_eq!(ids, all.map(|id| vec![id]));
        } else {
            assert_eq!(ids, [all.to_vec()]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_for_a_stranger_reads_like_no_other() {
    let (house, mut gateway) = House::open().await;
    let long = from("+989121111111", b"").tlv(0x0424, &[b'x'; 7_000]);
    assert_eq!(gateway.take(&long).await, 0);
    assert_eq!(house.outcomes().await.len(), 1);
}

/// A text or octets as they leave: `esm_class`, `data_coding` and user data of each submit_sm.
async fn leaves(body: SmsBody) -> Vec<(u8, u8, Vec<u8>)> {
    let (mut desk, mut peer) = Desk::bound().await;
    let order = OutboundSms { body, ..sms(1) };
    desk.order(vec![desk.leave(order)]).await;
    let mut parts = Vec::new();
    loop {
        let submit = peer.pdu().await;
        assert_eq!(submit.id, SUBMIT_SM);
        let submitted = super::super::pdu::read_submit(&submit.body);
        let total = match submitted.esm_class {
            0x40 => usize::from(submitted.body[4]),
            _ => 1,
        };
        let id = format!("{}\0", parts.len());
        peer.send(&pdu(SUBMIT_SM_RESP, 0, submit.sequence, id.as_bytes()))
            .await;
        parts.push((submitted.esm_class, submitted.data_coding, submitted.body));
        if parts.len() == total {
            break;
        }
    }
    let LinkEvent::Submitted { result, .. } = desk.event().await else {
        panic!("not submitted")
    };
    // The receipt for the last part is the one that counts.
    assert_eq!(result, Ok((parts.len() - 1).to_string()));
    assert_eq!(desk.happened(), []);
    parts
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_one_sms_is_split_and_nothing_else() {
    let text = |octets: usize| (b'a'..=b'z').map(char::from).cycle().take(octets);
    for octets in [0, 1, 112, 160] {
        let text: String = text(octets).collect();
        let parts = leaves(SmsBody::Text(text.clone())).await;
        assert_eq!(parts, [(0, 0, text.into_bytes())]);
    }
    for (octets, lengths) in [
        (161, &[153, 8][..]),
        (306, &[153, 153]),
        (307, &[153, 153, 1]),
    ] {
        let text: String = text(octets).collect();
        let parts = leaves(SmsBody::Text(text.clone())).await;
        let reference = parts[0].2[3];
        let total = u8::try_from(lengths.len()).unwrap();
        let mut whole: Vec<u8> = Vec::new();
        for (at, (esm_class, data_coding, body)) in (1..).zip(&parts) {
            assert_eq!((*esm_class, *data_coding), (0x40, 0));
            assert_eq!(body[..6], [5, 0, 3, reference, total, at]);
            whole.extend(&body[6..]);
        }
        let of: Vec<_> = parts.iter().map(|(_, _, body)| body.len() - 6).collect();
        assert_eq!(of, lengths);
        assert_eq!(whole, text.into_bytes());
    }
    let octets = leaves(SmsBody::Binary(vec![7; 140])).await;
    assert_eq!(octets, [(0, 4, vec![7; 140])]);
    let octets = leaves(SmsBody::Binary(vec![7; 141])).await;
    assert_eq!(octets.len(), 2);
    assert_eq!(
        (octets[0].0, octets[0].1, octets[0].2.len()),
        (0x40, 4, 140)
    );
    assert_eq!(octets[1].2.len(), 6 + 7);
}
