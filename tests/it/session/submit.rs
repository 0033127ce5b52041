use std::time::Duration;

use hazir::domain::{Address, LinkEvent, LinkOrder, OutboundSms, OutboxId, SmsBody, SubmitFault};
use hazir::gateway::GatewayConfig;
use tokio::time::Instant;

use super::peer::{
    DELIVER_SM_RESP, Deliver, Desk, ENQUIRE_LINK, ENQUIRE_LINK_RESP, GENERIC_NACK, SUBMIT_SM,
    SUBMIT_SM_RESP, config, pdu, pdus, sms,
};

/// `command_id`, `command_status` and body of a response, and what it means.
type Case = (u32, u32, &'static [u8], Result<&'static str, SubmitFault>);

fn submitted(id: u64, result: Result<&str, SubmitFault>) -> LinkEvent {
    LinkEvent::Submitted {
        connection: 1,
        id: OutboxId(id),
        result: result.map(str::to_owned),
    }
}

#[tokio::test(start_paused = true)]
async fn a_submit_sm_asks_for_a_receipt_and_nothing_else() {
    let (mut desk, mut peer) = Desk::bound().await;
    desk.submit(5).await;
    let submit = peer.pdu().await;
    assert_eq!((submit.id, submit.status), (SUBMIT_SM, 0));
    let body = b"\0\x01\x01+989000000000\0\0\x0009102211824\0\0\0\0\0\0\x01\0\0\0\x06HZ.AA.";
    assert_eq!(submit.body, body);
    peer.send(&pdu(SUBMIT_SM_RESP, 0, submit.sequence, b"0A1b\0"))
        .await;
    assert_eq!(desk.event().await, submitted(5, Ok("0A1b")));
}

fn body(desk: &Desk, body: SmsBody, id: u64) -> LinkOrder {
    desk.leave(OutboundSms { body, ..sms(id) })
}

#[tokio::test(start_paused = true)]
async fn octets_leave_as_octets() {
    let (desk, mut peer) = Desk::bound().await;
    let order = body(&desk, SmsBody::Binary(vec![0x12; 140]), 1);
    desk.order(vec![order]).await;
    let body = peer.pdu().await.body;
    let tail = &body[body.len() - 144..];
    assert_eq!(tail[..4], [0, 4, 0, 140]);
    assert!(tail[4..].iter().all(|octet| *octet == 0x12));
}

#[tokio::test(start_paused = true)]
async fn parts_of_a_long_message_keep_to_the_window_and_share_their_fate() {
    let config = GatewayConfig {
        window: 2,
        ..config()
    };
    let (mut desk, mut peer) = Desk::with(config, [], 4_096).bind().await;
    let silence = Duration::from_secs(1);
    let long = |id| body(&desk, SmsBody::Text("x".repeat(4 * 153)), id);
    desk.order((1..=3).map(long).collect()).await;
    let mut parts = Vec::new();
    for answered in 0..4 {
        while parts.len() < (answered + 2).min(4) {
            parts.push(peer.pdu().await);
        }
        assert!(tokio::time::timeout(silence, peer.pdu()).await.is_err());
        let id = format!("{answered}\0");
        peer.send(&pdu(
            SUBMIT_SM_RESP,
            0,
            parts[answered].sequence,
            id.as_bytes(),
        ))
        .await;
    }
    assert_eq!(desk.event().await, submitted(1, Ok("3")));

    // One that is turned down is turned down as a whole, and the rest of it stays here.
    let (first, second) = (peer.pdu().await, peer.pdu().await);
    peer.send(&pdu(SUBMIT_SM_RESP, 0x0b, first.sequence, b""))
        .await;
    assert!(tokio::time::timeout(silence, peer.pdu()).await.is_err());
    peer.send(&pdu(SUBMIT_SM_RESP, 0, second.sequence, b"5\0"))
        .await;
    let refused = Err(SubmitFault::Status(0x0b));
    assert_eq!(desk.event().await, submitted(2, refused));

    // A link that breaks loses it once.
    for _ in 0..2 {
        peer.pdu().await;
    }
    drop(peer);
    assert_eq!(desk.event().await, submitted(3, Err(SubmitFault::LinkLost)));
    desk.down().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_message_that_fits_nowhere_is_a_fault() {
    let (mut desk, _peer) = Desk::bound().await;
    let over = SmsBody::Binary(vec![0; 256 * 134]);
    desk.order(vec![body(&desk, over, 1)]).await;
    let length = Err(SubmitFault::Status(0x01));
    assert_eq!(desk.event().await, submitted(1, length));
    let mut nowhere = sms(2);
    nowhere.to = Address::plain("123456789012345678901");
    nowhere.body = SmsBody::Text("x".repeat(161));
    desk.order(vec![desk.leave(nowhere)]).await;
    let address = Err(SubmitFault::Status(0x0b));
    assert_eq!(desk.event().await, submitted(2, address));
}

#[tokio::test(start_paused = true)]
async fn every_form_of_a_response_is_a_response() {
    let (mut desk, mut peer) = Desk::bound().await;
    let cases: [Case; 8] = [
        (SUBMIT_SM_RESP, 0, b"0A1b\0", Ok("0A1b")),
        (SUBMIT_SM_RESP, 0, b"without NUL", Ok("without NUL")),
        (SUBMIT_SM_RESP, 0, b"\0", Ok("")),
        (SUBMIT_SM_RESP, 0, b"", Ok("")),
        (SUBMIT_SM_RESP, 0x58, b"", Err(SubmitFault::Status(0x58))),
        (SUBMIT_SM_RESP, 0x0b, b"\0", Err(SubmitFault::Status(0x0b))),
        (
            SUBMIT_SM_RESP,
            0x0400,
            b"\0",
            Err(SubmitFault::Status(0x0400)),
        ),
        (
            GENERIC_NACK,
            0x08,
            b"a body",
            Err(SubmitFault::Status(0x08)),
        ),
    ];
    for (id, (command_id, status, body, result)) in (1..).zip(cases) {
        desk.submit(id).await;
        let sequence = peer.pdu().await.sequence;
        peer.send(&pdu(command_id, status, sequence, body)).await;
        assert_eq!(desk.event().await, submitted(id, result));
    }
}

#[tokio::test(start_paused = true)]
async fn a_nack_with_sequence_0_means_the_only_request_that_waits() {
    let (mut desk, mut peer) = Desk::bound().await;
    desk.submit(1).await;
    peer.pdu().await;
    peer.send(&pdu(GENERIC_NACK, 0x03, 0, &[])).await;
    assert_eq!(
        desk.event().await,
        submitted(1, Err(SubmitFault::Status(0x03)))
    );
    desk.order(vec![desk.leave(sms(2)), desk.leave(sms(3))])
        .await;
    let began = Instant::now();
    peer.pdu().await;
    peer.send(&pdu(GENERIC_NACK, 0x03, 0, &[])).await;
    assert_eq!(desk.event().await, submitted(2, Err(SubmitFault::Timeout)));
    assert_eq!(desk.event().await, submitted(3, Err(SubmitFault::Timeout)));
    assert_eq!(began.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_late_response_matches_no_new_request() {
    let (mut desk, mut peer) = Desk::bound().await;
    desk.submit(1).await;
    let late = peer.pdu().await.sequence;
    let began = Instant::now();
    assert_eq!(desk.event().await, submitted(1, Err(SubmitFault::Timeout)));
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    desk.submit(2).await;
    let next = peer.pdu().await.sequence;
    assert_ne!(late, next);
    peer.send(&pdu(SUBMIT_SM_RESP, 0, late, b"late\0")).await;
    peer.send(&pdu(SUBMIT_SM_RESP, 0, next, b"next\0")).await;
    assert_eq!(desk.event().await, submitted(2, Ok("next")));
}

#[tokio::test(start_paused = true)]
async fn an_address_that_fits_no_pdu_is_a_fault_and_not_sent() {
    let (mut desk, mut peer) = Desk::bound().await;
    for (id, octets) in (1..).zip([&b"123456789012345678901"[..], b"\xc7ay", b"1\x002"]) {
        let bad = Address {
            octets: octets.to_vec(),
            ton: 5,
            npi: 0,
        };
        let to = OutboundSms {
            to: bad.clone(),
            ..sms(id)
        };
        let from = OutboundSms {
            from: bad,
            ..sms(id)
        };
        desk.order(vec![desk.leave(to), desk.leave(from)]).await;
        assert_eq!(
            desk.event().await,
            submitted(id, Err(SubmitFault::Status(0x0b)))
        );
        assert_eq!(
            desk.event().await,
            submitted(id, Err(SubmitFault::Status(0x0a)))
        );
    }
    peer.send(&pdu(ENQUIRE_LINK, 0, 1, &[])).await;
    peer.expect(ENQUIRE_LINK_RESP, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_window_waits_for_a_response() {
    let (desk, mut peer) = Desk::bound().await;
    let orders = (1..=25).map(|id| desk.leave(sms(id)));
    desk.order(orders.collect()).await;
    let mut waiting: Vec<u32> = Vec::new();
    for _ in 1..=10 {
        waiting.push(peer.pdu().await.sequence);
    }
    for _ in 11..=25 {
        peer.send(&pdu(ENQUIRE_LINK, 0, 99, &[])).await;
        peer.expect(ENQUIRE_LINK_RESP, 0, 99).await;
        let oldest = waiting.remove(0);
        peer.send(&pdu(SUBMIT_SM_RESP, 0, oldest, b"1\0")).await;
        let next = peer.pdu().await;
        assert_eq!(next.id, SUBMIT_SM);
        waiting.push(next.sequence);
    }
    waiting.dedup();
    assert_eq!(waiting.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_batch_leaves_in_one_write() {
    for one_pdu_per_write in [false, true] {
        let config = GatewayConfig {
            one_pdu_per_write,
            ..config()
        };
        let (mut desk, mut peer) = Desk::with(config, [], 4_096).bind().await;
        let mut batch = Vec::new();
        let delivered: Vec<u8> = (1..=5)
            .flat_map(|sequence| Deliver::text(b"HZ.AA.").pdu(sequence))
            .collect();
        peer.send(&delivered).await;
        for id in 1..=5 {
            let (ticket, _) = desk.inbound().await;
            batch.push(LinkOrder::Answer { ticket, status: 0 });
            batch.push(desk.leave(sms(id)));
        }
        desk.writes();
        desk.order(batch).await;
        for sequence in 1..=5 {
            peer.expect(DELIVER_SM_RESP, 0, sequence).await;
        }
        for _ in 1..=5 {
            assert_eq!(peer.pdu().await.id, SUBMIT_SM);
        }
        let writes: Vec<usize> = desk
            .writes()
            .iter()
            .map(|write| pdus(write).len())
            .collect();
        let expected = if one_pdu_per_write {
            vec![1; 10]
        } else {
            vec![10]
        };
        assert_eq!(writes, expected);
    }
}
