//! Rows and settings for tests of the parts of this floor.

use super::{GatewaySettings, Receipts, Rules, Settings};
use crate::domain::{
    Address, AnswerKind, Country, EmployeeId, GatewayName, Millis, OutboxId, OutboxRow,
    OutboxState, Priority, Seq, SmsBody,
};

/// A gateway without a limit but its window.
pub(super) fn gateway(name: &str) -> GatewaySettings {
    GatewaySettings {
        name: GatewayName::new(name),
        source_address: None,
        binary: false,
        footer_octets: 0,
        answer_link: None,
        window: 10,
        max_per_second: 0,
        max_per_30_min: 0,
        reaches: Vec::new(),
    }
}

/// A desk in Greenwich.
pub(super) fn settings(gateways: Vec<GatewaySettings>) -> Settings {
    Settings {
        time_zone: jiff::tz::TimeZone::UTC,
        country: Country::default(),
        day_starts: jiff::civil::time(4, 0, 0, 0),
        rules: Rules::default(),
        receipts: Receipts::default(),
        gateways,
        released_at: Millis(0),
        version: String::new(),
    }
}

/// An answer of the 2023 format that waits for gateway `g`.
pub(super) fn outbox_row(id: u64) -> OutboxRow {
    OutboxRow {
        id: OutboxId(id),
        seq: Seq(id),
        kind: AnswerKind::Receipt,
        employee: EmployeeId(1),
        device: None,
        gateway: GatewayName::new("g"),
        to: Address::plain("+989121111111"),
        from: Address::plain("+989120000001"),
        body: SmsBody::Text(String::new()),
        parts: 1,
        priority: Priority::First,
        state: OutboxState::Queued,
        attempts: 0,
        answered: 1,
        queued_at: Millis(0),
        next_at: None,
        sent_at: None,
        message_id: None,
        error: None,
    }
}
