//! Delivery receipts: point 3.

use hazir::domain::{AlarmKind, OutboxState};

use super::super::session::peer::Deliver;
use super::house::{House, check_in, from};

const AYSE: &str = "+989121111111";
const REZA: &str = "+989122222222";

fn receipt(number: &str, text: &str) -> Deliver {
    Deliver {
        esm_class: 0x04,
        ..from(number, text.as_bytes())
    }
}

#[tokio::test(start_paused = true)]
async fn point_03_receipts_and_acknowledgements_are_never_messages() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    // Not even where they carry a check-in.
    let text = check_in(&mut phone).text;
    for esm_class in [0x04, 0x08, 0x10, 0x18, 0x20, 0x44] {
        let sms = Deliver {
            esm_class,
            ..from(AYSE, &text)
        };
        assert_eq!(gateway.take(&sms).await, 0, "{esm_class:#x}");
    }
    assert_eq!(house.outcomes().await, []);
    assert_eq!(house.link().await.received, 0);
}

#[tokio::test(start_paused = true)]
async fn point_03_an_id_is_known_in_every_writing() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let pairs = [
        ("plain-1", "plain-1"),
        ("A1B2", "41394"),
        ("41395", "A1B3"),
        ("a1b4", "0000041396"),
        ("00041397", "41397"),
        ("4F0a", "4f0A"),
        ("0000004f0b", "4F0B"),
        ("0x4F0C", "20236"),
        ("20237", "0x4f0d"),
        ("C0FFEE00C0FFEE00", "13907095861348789760"),
        (
            "340282366920938463463374607431768211455",
            "ffffffffffffffffffffffffffffffff",
        ),
        (" 991 ", "991"),
    ];
    for (response, said) in pairs {
        gateway.check_in(&mut phone, response).await;
        let text = format!("id:{said} stat:DELIVRD");
        assert_eq!(gateway.take(&receipt(AYSE, &text)).await, 0);
        let last = house.states().await.pop();
        assert_eq!(last, Some(OutboxState::Delivered), "{response}: {said}");
    }
    let by_tlv = [
        (&b"tlv-1\0"[..], "id:other stat:UNDELIV"),
        (b"tlv-2", ""),
        (b" tlv-3 \0", ""),
    ];
    for (at, (id, text)) in (1..).zip(by_tlv) {
        gateway.check_in(&mut phone, &format!("TLV-{at}")).await;
        let sms = receipt(AYSE, text).tlv(0x001e, id).tlv(0x0427, &[2]);
        assert_eq!(gateway.take(&sms).await, 0);
        let last = house.states().await.pop();
        assert_eq!(last, Some(OutboxState::Delivered), "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn point_03_every_field_of_a_receipt_may_be_missing_or_written_otherwise() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let texts = [
        "id:%  sub:001 dlvrd:001 submit date:2611200858 done date:2611200858 stat:DELIVRD err:000 text:HZ",
        "id:% sub:001 dlvrd:001 submit date:261120085801 done date:261120085802 stat:DELIVRD err:000 text:",
        "id:% submit date:20261120085801 done date:20261120085802 stat:DELIVRD text:id:7 stat:UNDELIV",
        "ID:% STAT:Delivrd",
        "Stat:delivered Id:%",
        "err:000 id: % stat: DELIVRD",
    ];
    for (at, text) in texts.iter().enumerate() {
        gateway.check_in(&mut phone, &format!("m{at}")).await;
        let text = text.replace('%', &format!("m{at}"));
        assert_eq!(gateway.take(&receipt(AYSE, &text)).await, 0);
        let last = house.states().await.pop();
        assert_eq!(last, Some(OutboxState::Delivered), "{text}");
    }
    // These decide nothing.
    gateway.check_in(&mut phone, "m9").await;
    let sms = [
        receipt(AYSE, "id:m9 stat:ENROUTE"),
        receipt(AYSE, "id:m9"),
        receipt(AYSE, ""),
        Deliver {
            esm_class: 0x20,
            ..receipt(AYSE, "id:m9 stat:UNDELIV")
        },
    ];
    for sms in sms {
        assert_eq!(gateway.take(&sms).await, 0);
    }
    assert_eq!(house.states().await.pop(), Some(OutboxState::Sent));
    let undelivered = receipt(AYSE, "id:m9 stat:UNDELIV err:001");
    assert_eq!(gateway.take(&undelivered).await, 0);
    assert_eq!(house.states().await.pop(), Some(OutboxState::Failed));
    let alarms = house.alarms().await;
    assert!(matches!(alarms[0].kind, AlarmKind::OutboxFailed { .. }));
}

#[tokio::test(start_paused = true)]
async fn point_03_receipts_may_come_before_the_responses() {
    let (house, mut gateway) = House::open().await;
    let mut submits = Vec::new();
    for n in 0..10 {
        let mut phone = house.hire(&format!("+98912000000{n}")).await;
        let sms = check_in(&mut phone);
        assert_eq!(gateway.take(&sms).await, 0);
        submits.push(gateway.submit().await);
    }
    let id = |at: usize| 0xA000 + at;
    for (at, (_, submitted)) in submits.iter().enumerate().rev() {
        let text = format!("id:{:08} stat:DELIVRD", id(at));
        let sms = receipt(&submitted.to.text(), &text);
        assert_eq!(gateway.take(&sms).await, 0);
    }
    assert_eq!(house.states().await, [OutboxState::Sending; 10]);
    for (at, (sequence, _)) in submits.iter().enumerate() {
        gateway
            .respond(*sequence, 0, &format!("{:X}", id(at)))
            .await;
    }
    assert_eq!(house.states().await, [OutboxState::Delivered; 10]);
}

#[tokio::test(start_paused = true)]
async fn point_03_an_id_is_never_a_key_alone() {
    let (house, mut gateway) = House::open().await;
    for id in ["0", "ever-the-same", ""] {
        let before = house.states().await.len();
        let numbers = [AYSE, REZA];
        for number in numbers {
            let number = number.replace("12", &format!("1{}", 3 + before / 2));
            let mut phone = house.hire(&number).await;
            gateway.check_in(&mut phone, id).await;
        }
        let outbox = house.outbox().await;
        let to: Vec<_> = outbox[before..].iter().map(|entry| &entry.to).collect();
        // Nobody knows which of the two this is about.
        for number in ["", "+989355555555"] {
            let text = format!("id:{id} stat:DELIVRD");
            assert_eq!(gateway.take(&receipt(number, &text)).await, 0);
        }
        let states = house.states().await;
        assert_eq!(states[before..], [OutboxState::Sent; 2], "'{id}'");
        let undelivered = format!("id:{id} stat:UNDELIV");
        assert_eq!(gateway.take(&receipt(to[1], &undelivered)).await, 0);
        let delivered = format!("id:{id} stat:DELIVRD");
        assert_eq!(gateway.take(&receipt(to[0], &delivered)).await, 0);
        let states = house.states().await;
        let expected = [OutboxState::Delivered, OutboxState::Failed];
        assert_eq!(states[before..], expected, "'{id}'");
    }
}
