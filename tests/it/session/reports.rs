use hazir::domain::{Address, DeliveryReport, DeliveryState, LinkEvent};

use super::peer::{DELIVER_SM_RESP, Deliver, Desk, inbound};

fn receipt(esm_class: u8, text: &[u8]) -> Deliver {
    Deliver {
        esm_class,
        ..Deliver::text(text)
    }
}

fn report(message_id: &str, state: DeliveryState, stat: &str) -> LinkEvent {
    LinkEvent::Report(DeliveryReport {
        message_id: message_id.into(),
        recipient: Address {
            octets: b"09102211824".to_vec(),
            ton: 2,
            npi: 8,
        },
        state,
        stat: stat.into(),
    })
}

#[tokio::test(start_paused = true)]
async fn receipts_are_read_and_answered_by_the_link() {
    use DeliveryState::{Delivered, Pending, Undeliverable};
    let full = b"id:0123 sub:001 dlvrd:001 submit date:2611200858 done date:261120085801 stat:DELIVRD err:000 text:HZ.AA";
    let cases = [
        (receipt(0x04, full), report("0123", Delivered, "DELIVRD")),
        (
            receipt(0x44, b"\x05\0\x03\x11\x01\x01id:1 stat:EXPIRED"),
            report("1", Undeliverable, "EXPIRED"),
        ),
        (
            receipt(0x04, b"Stat:undeliv ID:ab"),
            report("ab", Undeliverable, "undeliv"),
        ),
        (receipt(0x04, b"err:005"), report("", Pending, "")),
        (receipt(0x04, b""), report("", Pending, "")),
        (
            receipt(0x20, b"id:1 stat:DELIVRD"),
            report("1", Pending, "DELIVRD"),
        ),
        (
            receipt(0x04, b"id:1 stat:DELIVRD")
                .tlv(0x001e, b"ABCD\0")
                .tlv(0x0427, &[5]),
            report("ABCD", Undeliverable, "UNDELIV"),
        ),
        (
            receipt(0x04, b"")
                .tlv(0x001e, b"without NUL")
                .tlv(0x0427, &[2]),
            report("without NUL", Delivered, "DELIVRD"),
        ),
        (
            receipt(0x04, b"").tlv(0x0424, b"id:9 stat:REJECTD"),
            report("9", Undeliverable, "REJECTD"),
        ),
    ];
    let (mut desk, mut peer) = Desk::bound().await;
    for (sequence, (deliver, expected)) in (1..).zip(cases) {
        peer.send(&deliver.pdu(sequence)).await;
        peer.expect(DELIVER_SM_RESP, 0, sequence).await;
        assert_eq!(desk.event().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_are_answered_and_never_messages() {
    let (mut desk, mut peer) = Desk::bound().await;
    for (sequence, esm_class) in (1..).zip([0x08, 0x10]) {
        peer.send(&receipt(esm_class, b"HZ.AA.").pdu(sequence))
            .await;
        peer.expect(DELIVER_SM_RESP, 0, sequence).await;
    }
    peer.send(&Deliver::text(b"HZ.AA.").pdu(3)).await;
    let (ticket, sms) = desk.inbound().await;
    assert_eq!((ticket.sequence, sms), (3, inbound(b"HZ.AA.")));
}
