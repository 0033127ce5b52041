use std::time::Duration;

use hazir::domain::{DownCause, LinkEvent, LinkOrder, OutboxId, SubmitFault};
use tokio::time::Instant;

use super::peer::{
    BIND_TRANSCEIVER_RESP, DELIVER_SM_RESP, Deliver, Desk, ENQUIRE_LINK, GENERIC_NACK, Line,
    SUBMIT_SM, SUBMIT_SM_RESP, UNBIND, UNBIND_RESP, config, pdu, sms,
};

fn lost(id: u64) -> LinkEvent {
    LinkEvent::Submitted {
        connection: 1,
        id: OutboxId(id),
        result: Err(SubmitFault::LinkLost),
    }
}

fn down(cause: DownCause, heard_ms_ago: u64) -> LinkEvent {
    LinkEvent::Down {
        cause,
        heard_ms_ago: Some(heard_ms_ago),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_unbinds_waits_for_the_answer_and_returns() {
    let (desk, mut peer) = Desk::bound().await;
    let began = Instant::now();
    desk.order(vec![LinkOrder::Stop]).await;
    let unbind = peer.pdu().await;
    assert_eq!(unbind.id, UNBIND);
    peer.answer(&unbind).await;
    peer.expect_close().await;
    assert_eq!(desk.returned().await, [down(DownCause::Stopping, 0)]);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_2_s_for_a_peer_that_is_silent() {
    let (desk, mut peer) = Desk::bound().await;
    let began = Instant::now();
    desk.submit(1).await;
    assert_eq!(peer.pdu().await.id, SUBMIT_SM);
    desk.order(vec![LinkOrder::Stop]).await;
    assert_eq!(peer.pdu().await.id, UNBIND);
    let events = desk.returned().await;
    assert_eq!(events, [lost(1), down(DownCause::Stopping, 2_000)]);
    assert_eq!(began.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn what_is_ordered_with_a_stop_leaves_before_the_unbind() {
    let (mut desk, mut peer) = Desk::bound().await;
    peer.send(&Deliver::text(b"HZ.AA.").pdu(5)).await;
    let (ticket, _) = desk.inbound().await;
    let answer = LinkOrder::Answer { ticket, status: 0 };
    desk.order(vec![LinkOrder::Stop, answer]).await;
    peer.expect(DELIVER_SM_RESP, 0, 5).await;
    let unbind = peer.pdu().await;
    assert_eq!(unbind.id, UNBIND);
    peer.send(&Deliver::text(b"too late").pdu(6)).await;
    peer.answer(&unbind).await;
    peer.expect_close().await;
    assert_eq!(desk.returned().await, [down(DownCause::Stopping, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_link_is_down_returns_at_once() {
    let mut desk = Desk::with(config(), [Line::Hangs], 64);
    desk.event().await;
    let began = Instant::now();
    desk.order(vec![LinkOrder::Stop]).await;
    assert_eq!(desk.returned().await, []);
    let (mut desk, peer) = Desk::bound().await;
    drop(peer);
    desk.down().await;
    desk.order(vec![LinkOrder::Stop]).await;
    assert_eq!(desk.returned().await, []);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_link_whose_engine_is_gone_unbinds() {
    let (mut desk, mut peer) = Desk::bound().await;
    desk.hang_up();
    let unbind = peer.pdu().await;
    assert_eq!(unbind.id, UNBIND);
    peer.answer(&unbind).await;
    assert_eq!(desk.returned().await, [down(DownCause::Stopping, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_link_whose_events_nobody_takes_unbinds() {
    let (mut desk, mut peer) = Desk::bound().await;
    desk.stop_listening();
    peer.send(&Deliver::text(b"HZ.AA.").pdu(1)).await;
    let unbind = peer.pdu().await;
    assert_eq!(unbind.id, UNBIND);
    peer.answer(&unbind).await;
    assert_eq!(desk.returned().await, []);
}

#[tokio::test(start_paused = true)]
async fn an_unbind_of_the_peer_waits_for_the_batch() {
    let (mut desk, mut peer) = Desk::bound().await;
    desk.submit(1).await;
    let submit = peer.pdu().await;
    peer.send(&Deliver::text(b"HZ.AA.").pdu(7)).await;
    peer.send(&pdu(UNBIND, 0, 8, &[])).await;
    let (ticket, _) = desk.inbound().await;
    desk.submit(2).await;
    assert_eq!(desk.event().await, lost(2));
    desk.answer(ticket, 0).await;
    peer.expect(DELIVER_SM_RESP, 0, 7).await;
    peer.send(&pdu(SUBMIT_SM_RESP, 0, submit.sequence, b"1\0"))
        .await;
    peer.expect(UNBIND_RESP, 0, 8).await;
    peer.expect_close().await;
    let told = LinkEvent::Submitted {
        connection: 1,
        id: OutboxId(1),
        result: Ok("1".into()),
    };
    assert_eq!(desk.event().await, told);
    assert_eq!(desk.event().await, down(DownCause::Unbound, 0));
    desk.rebind().await;
}

#[tokio::test(start_paused = true)]
async fn an_unbind_of_the_peer_waits_5_s_at_most() {
    let (mut desk, mut peer) = Desk::bound().await;
    desk.submit(1).await;
    peer.pdu().await;
    let began = Instant::now();
    peer.send(&pdu(UNBIND, 0, 8, &[])).await;
    peer.expect(UNBIND_RESP, 0, 8).await;
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert_eq!(desk.event().await, lost(1));
    assert_eq!(desk.event().await, down(DownCause::Unbound, 5_000));
}

#[tokio::test(start_paused = true)]
async fn a_close_without_unbind_tells_what_was_lost_first() {
    let (mut desk, mut peer) = Desk::bound().await;
    for id in 1..=12 {
        desk.submit(id).await;
    }
    for _ in 1..=10 {
        assert_eq!(peer.pdu().await.id, SUBMIT_SM);
    }
    drop(peer);
    let mut told: Vec<LinkEvent> = Vec::new();
    for _ in 1..=12 {
        told.push(desk.event().await);
    }
    assert!((1..=12).all(|id| told.contains(&lost(id))), "{told:?}");
    assert_eq!(desk.event().await, down(DownCause::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_ordered_for_an_older_connection_does_not_leave_by_a_newer_one() {
    let (mut desk, mut peer) = Desk::bound().await;
    peer.send(&Deliver::text(b"HZ.AA.").pdu(5)).await;
    let (ticket, _) = desk.inbound().await;
    let answer = LinkOrder::Answer { ticket, status: 0 };
    let orders = vec![answer, desk.leave(sms(1))];
    drop(peer);
    desk.down().await;
    let mut peer = desk.rebind().await;
    desk.order(orders).await;
    assert_eq!(desk.event().await, lost(1));
    // Meant for this connection it does; the engine knows the two apart.
    desk.submit(1).await;
    let submit = peer.pdu().await;
    assert_eq!(submit.id, SUBMIT_SM);
    peer.send(&pdu(SUBMIT_SM_RESP, 0, submit.sequence, b"1\0"))
        .await;
    let told = LinkEvent::Submitted {
        connection: 2,
        id: OutboxId(1),
        result: Ok("1".into()),
    };
    assert_eq!(desk.event().await, told);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_command_length_ends_the_session() {
    for length in [0_u32, 4, 15, 8_193, 0x7fff_ffff, u32::MAX] {
        let (mut desk, mut peer) = Desk::bound().await;
        let mut octets = pdu(ENQUIRE_LINK, 0, 9, &[]);
        octets[..4].copy_from_slice(&length.to_be_bytes());
        peer.send(&octets).await;
        peer.expect(GENERIC_NACK, 0x02, 0).await;
        peer.expect_close().await;
        assert_eq!(desk.event().await, down(DownCause::Protocol, 0), "{length}");
        desk.rebind().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_cut_after_any_octet_comes_back() {
    let session = [
        pdu(ENQUIRE_LINK, 0, 0, &[]),
        pdu(BIND_TRANSCEIVER_RESP, 0, 1, b"SMSC\0"),
        Deliver::text(b"HZ.AA.").pdu(1),
        pdu(SUBMIT_SM_RESP, 0, 2, b"1\0"),
        Deliver::text(b"").tlv(0x0424, b"HZ.AA.").pdu(2),
        pdu(UNBIND, 0, 3, &[]),
    ]
    .concat();
    for cut in 0..=session.len() {
        let mut desk = Desk::open();
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        let mut peer = desk.peer().await;
        peer.send(&session[..cut]).await;
        drop(peer);
        let began = Instant::now();
        let ending = loop {
            let event = desk.event().await;
            if let LinkEvent::Down { cause, .. } = event {
                break cause;
            }
        };
        // An unbind with unanswered messages before it is no close any more.
        let is_whole = cut == session.len();
        let expected = if is_whole {
            DownCause::Unbound
        } else {
            DownCause::Closed
        };
        assert_eq!(ending, expected, "cut at {cut}");
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        assert!(began.elapsed() <= Duration::from_secs(5));
    }
}
