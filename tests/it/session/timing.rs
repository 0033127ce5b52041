use std::time::Duration;

use hazir::domain::{DownCause, LinkEvent, LinkOrder, OutboxId, SubmitFault, Ticket};
use tokio::time::Instant;

use super::peer::{Deliver, Desk, ENQUIRE_LINK, GENERIC_NACK, Line, config, pdu, sms};

#[tokio::test(start_paused = true)]
async fn a_half_open_link_is_found_within_45_s() {
    let (mut desk, mut peer) = Desk::bound().await;
    let began = Instant::now();
    assert_eq!(peer.pdu().await.id, ENQUIRE_LINK);
    assert_eq!(peer.pdu().await.id, ENQUIRE_LINK);
    let (cause, heard_ms_ago) = desk.down().await;
    assert_eq!(cause, DownCause::Silent);
    let heard_ms_ago = heard_ms_ago.unwrap();
    assert!((40_000..=45_000).contains(&heard_ms_ago), "{heard_ms_ago}");
    assert!(began.elapsed() <= Duration::from_secs(45));
    peer.expect_close().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_answers_stays_up() {
    let (mut desk, mut peer) = Desk::bound().await;
    peer.idle(600_000).await;
    let events = desk.happened();
    assert!(events.len() >= 19, "{}", events.len());
    assert!(
        events.iter().all(|event| *event == LinkEvent::ReplyTime(0)),
        "{events:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_knows_no_enquire_link_is_alive() {
    let (mut desk, mut peer) = Desk::bound().await;
    for _ in 0..4 {
        let asked = peer.pdu().await;
        assert_eq!(asked.id, ENQUIRE_LINK);
        peer.send(&pdu(GENERIC_NACK, 0x03, asked.sequence, &[]))
            .await;
        assert_eq!(desk.event().await, LinkEvent::ReplyTime(0));
    }
}

#[tokio::test(start_paused = true)]
async fn one_missed_answer_is_no_dead_link() {
    let (mut desk, mut peer) = Desk::bound().await;
    for _ in 0..4 {
        assert_eq!(peer.pdu().await.id, ENQUIRE_LINK);
        let second = peer.pdu().await;
        peer.answer(&second).await;
        assert_eq!(desk.event().await, LinkEvent::ReplyTime(0));
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_pdu_and_then_silence_ends_after_10_s() {
    let whole = Deliver::text(b"HZ.AA.").pdu(1);
    for octets in [1, 4, 15, 16, whole.len() - 1] {
        let (mut desk, mut peer) = Desk::bound().await;
        let began = Instant::now();
        peer.send(&whole[..octets]).await;
        let (cause, heard_ms_ago) = desk.down().await;
        assert_eq!(
            (cause, heard_ms_ago),
            (DownCause::Protocol, Some(10_000)),
            "{octets}"
        );
        assert_eq!(began.elapsed(), Duration::from_secs(10));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_pdu_is_a_pdu() {
    let (mut desk, mut peer) = Desk::bound().await;
    for octet in Deliver::text(b"HZ.AA.").pdu(1) {
        peer.send(&[octet]).await;
        tokio::time::advance(Duration::from_secs(9)).await;
    }
    assert_eq!(desk.inbound().await.0.sequence, 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_comes_back_within_5_s_and_later_within_30_s() {
    for round in 0..3 {
        let (mut desk, peer) = Desk::bound().await;
        drop(peer);
        assert_eq!(desk.down().await.0, DownCause::Closed);
        for longest_s in [5, 10, 20, 30, 30, 30] {
            let began = Instant::now();
            assert_eq!(desk.event().await, LinkEvent::Connecting);
            let pause = began.elapsed();
            let longest = Duration::from_secs(longest_s);
            assert!(
                pause >= longest / 2 && pause <= longest,
                "{round}: {pause:?}"
            );
            drop(desk.peer().await);
            assert_eq!(desk.down().await, (DownCause::Closed, None));
        }
        let peer = desk.rebind().await;
        drop(peer);
        desk.down().await;
        let began = Instant::now();
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        assert!(
            began.elapsed() <= Duration::from_secs(5),
            "it was up in between"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_tried_every_60_s() {
    let mut desk = Desk::open();
    for status in [0x0e, 0x0f, 0x0e] {
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        desk.peer().await.bind(status).await;
        desk.down().await;
        let began = Instant::now();
        let mut next = desk.peer().await;
        assert_eq!(began.elapsed(), Duration::from_mins(1));
        next.bind(0x05).await;
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        desk.down().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_the_gateway_still_holds_is_tried_sooner() {
    let mut desk = Desk::open();
    assert_eq!(desk.event().await, LinkEvent::Connecting);
    desk.peer().await.bind(0x05).await;
    desk.down().await;
    let began = Instant::now();
    desk.rebind().await;
    assert!(began.elapsed() <= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn what_is_ordered_while_the_link_is_down_comes_back_at_once() {
    let lines = [Line::Hangs, Line::Hangs];
    let mut desk = Desk::with(config(), lines, 64);
    for connecting in [true, false] {
        if connecting {
            assert_eq!(desk.event().await, LinkEvent::Connecting);
        } else {
            assert_eq!(desk.down().await, (DownCause::NoAnswer, None));
        }
        let began = Instant::now();
        let ticket = Ticket {
            connection: 1,
            sequence: 1,
        };
        let answer = LinkOrder::Answer { ticket, status: 0 };
        desk.order(vec![answer, desk.leave(sms(9))]).await;
        let lost = LinkEvent::Submitted {
            connection: 1,
            id: OutboxId(9),
            result: Err(SubmitFault::LinkLost),
        };
        assert_eq!(desk.event().await, lost);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
