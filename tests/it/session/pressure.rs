use std::time::Duration;

use hazir::domain::{DownCause, LinkEvent, LinkOrder, OutboxId, SubmitFault};
use tokio::time::{Instant, advance, timeout};

use super::peer::{
    DELIVER_SM_RESP, Deliver, Desk, ENQUIRE_LINK, ENQUIRE_LINK_RESP, Line, SUBMIT_SM, config, pdu,
    sms,
};

/// More messages than may wait for an answer, and one read on top.
const FLOOD: u32 = 3_000;

#[tokio::test(start_paused = true)]
async fn reading_stops_while_too_many_messages_are_unanswered() {
    let (mut desk, mut peer) = Desk::bound().await;
    let flood: Vec<u8> = (1..=FLOOD)
        .flat_map(|at| Deliver::text(b"HZ.AA.").pdu(at))
        .collect();
    peer.send(&flood).await;
    let mut tickets = Vec::new();
    for _ in 0..=1_024 {
        tickets.push(desk.inbound().await.0);
    }
    let in_one_read = 16 * 1_024 / Deliver::text(b"HZ.AA.").pdu(1).len() + 1;
    advance(Duration::from_mins(5)).await;
    let on_top = desk.happened();
    assert!(on_top.len() <= in_one_read, "{}", on_top.len());
    assert!(
        on_top
            .iter()
            .all(|event| matches!(event, LinkEvent::Inbound { .. }))
    );
    // All that time its silence was ours: the link is up, and all of it arrives.
    let taken = u32::try_from(tickets.len() + on_top.len()).unwrap();
    for event in on_top {
        if let LinkEvent::Inbound { ticket, .. } = event {
            tickets.push(ticket);
        }
    }
    let answers = |tickets: Vec<_>| {
        let answer = |ticket| LinkOrder::Answer { ticket, status: 0 };
        tickets.into_iter().map(answer).collect::<Vec<_>>()
    };
    desk.order(answers(tickets)).await;
    for at in taken..FLOOD {
        let (ticket, _) = desk.inbound().await;
        assert_eq!(ticket.sequence, at + 1);
        desk.order(answers(vec![ticket])).await;
    }
    for at in 1..=FLOOD {
        peer.expect(DELIVER_SM_RESP, 0, at).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_takes_no_events_stops_the_reading_but_loses_nothing() {
    let (mut desk, mut peer) = Desk::with(config(), [Line::Open(256)], 1).bind().await;
    let flood: Vec<u8> = (1..=500)
        .flat_map(|at| Deliver::text(b"HZ.AA.").pdu(at))
        .collect();
    assert!(
        timeout(Duration::from_mins(5), peer.send(&flood))
            .await
            .is_err()
    );
    let mut last = 0;
    while let Ok((ticket, _)) = timeout(Duration::from_secs(1), desk.inbound()).await {
        assert_eq!(ticket.sequence, last + 1);
        last = ticket.sequence;
    }
    assert!((1..500).contains(&last), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_does_not_stop_the_reading() {
    let (mut desk, mut peer) = Desk::with(config(), [Line::Open(64)], 4_096).bind().await;
    desk.order((1..=5).map(|id| desk.leave(sms(id))).collect())
        .await;
    let began = Instant::now();
    peer.send(&Deliver::text(b"HZ.AA.").pdu(1)).await;
    assert_eq!(desk.inbound().await.0.sequence, 1);
    assert_eq!(began.elapsed(), Duration::ZERO);
    for _ in 1..=5 {
        assert_eq!(peer.pdu().await.id, SUBMIT_SM);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_octet_for_10_s_is_dead() {
    let (mut desk, mut peer) = Desk::with(config(), [Line::Open(64)], 4_096).bind().await;
    desk.writes();
    desk.order((1..=2).map(|id| desk.leave(sms(id))).collect())
        .await;
    assert_eq!(desk.written().await, 64, "what fits the line");
    let began = Instant::now();
    for _ in 0..9 {
        advance(Duration::from_secs(1)).await;
        peer.send(&pdu(ENQUIRE_LINK_RESP, 0, 0, &[])).await;
    }
    for id in 1..=2 {
        let lost = LinkEvent::Submitted {
            connection: 1,
            id: OutboxId(id),
            result: Err(SubmitFault::LinkLost),
        };
        let told = desk.event().await;
        let late = LinkEvent::Submitted {
            connection: 1,
            id: OutboxId(id),
            result: Err(SubmitFault::Timeout),
        };
        // Both are due after 10 s; which comes first is no matter.
        assert!(told == lost || told == late, "{told:?}");
    }
    assert_eq!(desk.down().await.0, DownCause::Silent);
    assert!(
        began.elapsed() <= Duration::from_secs(11),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_without_reading_is_not_read_for_ever() {
    let (mut desk, mut peer) = Desk::with(config(), [Line::Open(4_096)], 4_096)
        .bind()
        .await;
    let asked = pdu(ENQUIRE_LINK, 0, 1, &[]);
    let mut sent = 0_usize;
    let flood = async {
        loop {
            peer.send(&asked).await;
            sent += asked.len();
        }
    };
    assert!(timeout(Duration::from_secs(5), flood).await.is_err());
    // What it may have sent: what waits to be written, one read, and both directions of the line.
    assert!(sent <= 64 * 1_024 + 16 * 1_024 + 2 * 4_096 + 16, "{sent}");
    assert_eq!(desk.down().await.0, DownCause::Silent);
}

/// The session's clock stands still while events wait. Once the last of them was taken, the link went on without a timer
/// until an octet or an order came: a peer that had vanished meanwhile was never found.
#[tokio::test(start_paused = true)]
async fn timers_go_on_when_the_last_event_that_waited_was_taken() {
    let (mut desk, mut peer) = Desk::with(config(), [], 1).bind().await;
    peer.send(&Deliver::text(b"HZ.AA.").pdu(1)).await;
    // What crossed the link is told after a second, and has to wait behind the message.
    tokio::time::sleep(Duration::from_secs(2)).await;
    desk.inbound().await;
    desk.traffic().await;
    let began = Instant::now();
    assert_eq!(desk.down().await.0, DownCause::Silent);
    assert!(began.elapsed() <= Duration::from_secs(45));
    drop(peer);
}
