//! Answers on their way out: points 9, 10 and 14.

use hazir::domain::{AlarmKind, OutboxState, SendError};
use hazir::engine::GatewaySettings;
use hazir::gateway::GatewayConfig;

use super::super::pdu::Submitted;
use super::super::session::peer::{Deliver, config};
use super::house::{Gateway, House, Plan, check_in};

/// A house whose gateway takes so many at once, with so many employees who have checked in.
async fn busy(window: u16, count: usize) -> (House, Gateway) {
    let mut plan = Plan {
        link: GatewayConfig { window, ..config() },
        ..Plan::default()
    };
    plan.engine = GatewaySettings {
        window: usize::from(window),
        ..plan.engine
    };
    let (house, mut gateway) = House::with(plan).await;
    for n in 0..count {
        let mut phone = house.hire(&format!("+9891200000{n:02}")).await;
        let sms = check_in(&mut phone);
        assert_eq!(gateway.take(&sms).await, 0);
    }
    (house, gateway)
}

async fn submits(gateway: &mut Gateway, count: usize) -> Vec<(u32, Submitted)> {
    let mut submits = Vec::new();
    for _ in 0..count {
        submits.push(gateway.submit().await);
    }
    submits
}

#[tokio::test(start_paused = true)]
async fn point_09_a_throttled_gateway_gets_less_and_later() {
    for status in [0x58, 0x14] {
        let (house, mut gateway) = busy(8, 20).await;
        for (sequence, _) in submits(&mut gateway, 8).await {
            gateway.respond(sequence, status, "").await;
        }
        // It rests, and then half as many leave at once.
        gateway.quiet(900).await;
        let fewer = submits(&mut gateway, 4).await;
        gateway.quiet(1_000).await;
        let link = house.link().await;
        assert_eq!((link.in_flight, link.window), (4, 4));
        for (sequence, _) in fewer {
            gateway.respond(sequence, status, "").await;
        }
        gateway.quiet(1_900).await;
        for (sequence, _) in submits(&mut gateway, 2).await {
            gateway.respond(sequence, 0, "1").await;
        }
        // What is taken opens the window again, one by one.
        let more = submits(&mut gateway, 4).await;
        assert_eq!(house.link().await.window, 4);
        for (sequence, _) in more {
            gateway.respond(sequence, 0, "1").await;
        }
        for _ in 0..14 {
            gateway.accept("1").await;
        }
        assert_eq!(house.states().await, [OutboxState::Sent; 20]);
    }
}

#[tokio::test(start_paused = true)]
async fn point_09_what_may_pass_is_tried_later_with_a_smaller_window() {
    for status in [0x45, 0x0400, 0x04ff] {
        let (house, mut gateway) = busy(8, 8).await;
        let submits = submits(&mut gateway, 8).await;
        gateway.respond(submits[0].0, status, "").await;
        let entry = house.outbox().await.remove(0);
        assert_eq!(entry.state, OutboxState::Deferred, "{status:#x}");
        assert_eq!(entry.error, Some(SendError::Status(status)));
        assert_eq!(house.link().await.window, 4, "{status:#x}");
        for (sequence, _) in &submits[1..] {
            gateway.respond(*sequence, 0, "1").await;
        }
        gateway.quiet(29_000).await;
        gateway.accept("1").await;
        assert_eq!(house.states().await, [OutboxState::Sent; 8]);
    }
}

#[tokio::test(start_paused = true)]
async fn point_09_our_own_faults_and_theirs_are_tried_later() {
    for status in [0x08, 0x0d, 0x64, 0xff] {
        let (house, mut gateway) = busy(8, 1).await;
        let (sequence, _) = gateway.submit().await;
        gateway.respond(sequence, status, "").await;
        gateway.quiet(29_000).await;
        gateway.accept("1").await;
        assert_eq!(house.states().await, [OutboxState::Sent], "{status:#x}");
    }
}

#[tokio::test(start_paused = true)]
async fn point_09_what_can_never_pass_is_not_tried_again() {
    for status in [0x01, 0x0a, 0x0b, 0x15, 0x43, 0x48, 0x51, 0xc0, 0xc4] {
        let (house, mut gateway) = busy(8, 1).await;
        let (sequence, _) = gateway.submit().await;
        gateway.respond(sequence, status, "").await;
        let entry = house.outbox().await.remove(0);
        assert_eq!(entry.state, OutboxState::Failed, "{status:#x}");
        let alarms = house.alarms().await;
        assert!(matches!(alarms[0].kind, AlarmKind::OutboxFailed { .. }));
        gateway.quiet(7_200_000).await;
    }
}

#[tokio::test(start_paused = true)]
async fn point_10_a_late_response_matches_no_new_request() {
    let (house, mut gateway) = busy(8, 1).await;
    let (late, _) = gateway.submit().await;
    gateway.quiet(11_000).await;
    let entry = house.outbox().await.remove(0);
    assert_eq!(entry.error, Some(SendError::Timeout));
    gateway.respond(late, 0, "late").await;
    assert_eq!(house.states().await, [OutboxState::Deferred]);
    let (sequence, _) = gateway.submit().await;
    assert_ne!(sequence, late);
    gateway.respond(late, 0x0b, "").await;
    assert_eq!(house.states().await, [OutboxState::Sending]);
    gateway.respond(sequence, 0, "new").await;
    let entry = house.outbox().await.remove(0);
    assert_eq!(entry.message_id.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn point_14_a_submit_asks_for_a_delivery_receipt_and_nothing_else() {
    let (_house, mut gateway) = busy(8, 1).await;
    let (_, submitted) = gateway.submit().await;
    assert_eq!(submitted.registered_delivery, 1);
    assert_eq!((submitted.esm_class, submitted.data_coding), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn point_14_time_fields_may_be_filled_in_deliver_sm() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire("+989121111111").await;
    let times: [(&[u8], &[u8]); 5] = [
        (b"261120085800014+", b"261121085800014+"),
        (b"", b"000001000000000R"),
        (b"2611200858", b""),
        (b"", b"20261120085800"),
        (b"whenever", b"a time that is longer than any standard"),
    ];
    for (schedule, validity) in times {
        let sms = Deliver {
            schedule: schedule.to_vec(),
            validity: validity.to_vec(),
            ..check_in(&mut phone)
        };
        assert_eq!(gateway.take(&sms).await, 0);
        gateway.receipt(&mut phone, "1").await;
    }
}
