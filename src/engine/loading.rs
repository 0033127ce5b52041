//! The outbox between two engines.

use super::Now;
use super::outbox::Outbox;
use super::routes::{carry_by, go_by, may_carry};
use super::settings::Settings;
use crate::domain::{OutboxRow, OutboxState};
use crate::store::Loaded;

/// What is being sent when the engine dies was not sent.
pub(super) fn as_written(row: &OutboxRow) -> OutboxRow {
    let mut row = row.clone();
    if row.state == OutboxState::Sending {
        row.state = OutboxState::Queued;
    }
    row
}

/// The outbox as it was when the last engine ended.
pub(super) fn restore_outbox(settings: &Settings, loaded: &mut Loaded, now: Now) -> Outbox {
    let mut outbox = Outbox::new(settings, loaded.last_outbox, now.tick);
    let mut rows: Vec<_> = std::mem::take(&mut loaded.outbox).into_values().collect();
    rows.sort_by_key(|row| row.sent_at);
    for mut row in rows {
        if !row.is_settled() && settings.gateway(&row.gateway).is_none() {
            // The gateway was taken out of the configuration: another one may reach the number.
            let mut others = settings.gateways.iter();
            if let Some(other) = others.find(|other| may_carry(other, &row, settings.country)) {
                go_by(&mut row, other);
            } else if let Some(first) = settings.gateways.first() {
                carry_by(&mut row, first);
            }
        }
        outbox.restore(now, row);
    }
    outbox
}
