//! What crossed a link, by its headers, and what went wrong with it.

use std::time::Duration;

use hazir::domain::{DownCause, LinkEvent, LinkFaults, PduHeader, Traffic};
use tokio::time::Instant;

use super::peer::{
    BIND_TRANSCEIVER, BIND_TRANSCEIVER_RESP, DELIVER_SM, DELIVER_SM_RESP, Deliver, Desk,
    ENQUIRE_LINK, ENQUIRE_LINK_RESP, GENERIC_NACK, SUBMIT_SM, SUBMIT_SM_RESP, config, pdu,
};

/// `>` is ours, `<` is the gateway's.
fn named(traffic: &Traffic) -> Vec<(char, u32)> {
    let way = |header: &PduHeader| if header.is_ours { '>' } else { '<' };
    let pdus = traffic.pdus.iter();
    pdus.map(|(_, header)| (way(header), header.command_id))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_crosses_a_link_is_told_once_a_second() {
    let (mut desk, mut peer) = Desk::bound().await;
    let began = Instant::now();
    let deliver = Deliver::text(b"HZ.AA.").pdu(5);
    peer.send(&deliver).await;
    let (ticket, _) = desk.inbound().await;
    desk.answer(ticket, 0x64).await;
    peer.expect(DELIVER_SM_RESP, 0x64, 5).await;
    let traffic = desk.traffic().await;
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    let expected = [
        ('>', BIND_TRANSCEIVER),
        ('<', BIND_TRANSCEIVER_RESP),
        ('<', DELIVER_SM),
        ('>', DELIVER_SM_RESP),
    ];
    assert_eq!(named(&traffic), expected);
    assert!(traffic.pdus.iter().all(|(ms_ago, _)| *ms_ago == 1_000));
    let answer = PduHeader {
        is_ours: true,
        octets: 17,
        command_id: DELIVER_SM_RESP,
        status: 0x64,
        sequence: 5,
    };
    assert_eq!(traffic.pdus[3].1, answer);
    assert_eq!(traffic.faults, LinkFaults::default());
    // A link on which nothing happens is told of with its next enquire_link.
    peer.idle(40_000).await;
    let expected = [('>', ENQUIRE_LINK), ('<', ENQUIRE_LINK_RESP)];
    assert_eq!(named(&desk.traffic().await), expected);
}

#[tokio::test(start_paused = true)]
async fn what_came_before_a_break_is_told_before_it() {
    let (mut desk, mut peer) = Desk::bound().await;
    let unknown = pdu(0x0000_0999, 0, 9, b"what is this");
    peer.send(&unknown).await;
    peer.expect(GENERIC_NACK, 0x03, 9).await;
    // A length that lies.
    let mut liar = pdu(DELIVER_SM, 0, 10, &[]);
    liar[0] = 0xff;
    peer.send(&liar).await;
    peer.expect(GENERIC_NACK, 0x02, 0).await;
    let traffic = desk.traffic().await;
    let expected = [
        ('>', BIND_TRANSCEIVER),
        ('<', BIND_TRANSCEIVER_RESP),
        ('<', 0x0000_0999),
        ('>', GENERIC_NACK),
        ('<', DELIVER_SM),
        ('>', GENERIC_NACK),
    ];
    assert_eq!(named(&traffic), expected);
    assert_eq!(traffic.pdus[4].1.octets, 0xff00_0010);
    assert_eq!(traffic.faults.refused_pdus, 2);
    assert_eq!(
        desk.next().await,
        LinkEvent::Down {
            cause: DownCause::Protocol,
            heard_ms_ago: Some(0),
        }
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_fifty_are_told_of_many() {
    let (mut desk, mut peer) = Desk::bound().await;
    let many: Vec<u8> = (1..=500)
        .flat_map(|sequence| pdu(ENQUIRE_LINK, 0, sequence, &[]))
        .collect();
    peer.send(&many).await;
    for sequence in 1..=500 {
        peer.expect(ENQUIRE_LINK_RESP, 0, sequence).await;
    }
    let traffic = desk.traffic().await;
    assert_eq!(traffic.pdus.len(), Traffic::HELD);
    let (_, last) = traffic.pdus.last().unwrap();
    assert_eq!((last.command_id, last.sequence), (ENQUIRE_LINK_RESP, 500));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_never_rests_is_told_of_too() {
    let (mut desk, mut peer) = Desk::bound().await;
    let began = Instant::now();
    let mut told = 0;
    for sequence in 0..400 {
        let sequence = 2 * sequence;
        let unknown = pdu(0x0000_0999, 0, sequence, &[]);
        let both = [unknown, pdu(ENQUIRE_LINK, 0, sequence + 1, &[])].concat();
        peer.send(&both).await;
        peer.expect(GENERIC_NACK, 0x03, sequence).await;
        peer.expect(ENQUIRE_LINK_RESP, 0, sequence + 1).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        told += desk.told();
    }
    assert_eq!(began.elapsed(), Duration::from_secs(4));
    assert!((3..=4).contains(&told), "told {told} times");
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_counted() {
    let mut settings = config();
    settings.response_timeout_s = 3;
    let (mut desk, mut peer) = Desk::with(settings, [], 4_096).bind().await;
    desk.submit(1).await;
    let submit = peer.pdu().await;
    assert_eq!(submit.id, SUBMIT_SM);
    assert!(matches!(desk.event().await, LinkEvent::Submitted { .. }));
    peer.send(&pdu(SUBMIT_SM_RESP, 0, submit.sequence, b"late\0"))
        .await;
    peer.send(&pdu(GENERIC_NACK, 0x03, 77, &[])).await;
    // sm_length lies, and the text is read all the same.
    let mut bent = Deliver::text(b"HZ.AA.");
    bent.sm_length = Some(1);
    peer.send(&bent.pdu(6)).await;
    let (_, sms) = desk.inbound().await;
    assert_eq!(&sms.octets[..], b"HZ.AA.");
    let mut faults = LinkFaults::default();
    while faults.lenient_reads == 0 {
        faults.add(&desk.traffic().await.faults);
    }
    let expected = LinkFaults {
        late_responses: 1,
        generic_nacks: 1,
        lenient_reads: 1,
        ..LinkFaults::default()
    };
    assert_eq!(faults, expected);
}
