//! Delivery receipts, and the entries that they name. Some come before the response that gives the name.

use super::{Change, Outbox};
use crate::domain::{
    DeliveryReport, DeliveryState, GatewayName, Millis, OutboxId, OutboxState, SendError,
};
use crate::engine::Tick;

/// Delivery receipts held that came before the response which names their message.
const EARLY_HELD: usize = 32;
/// How long such a receipt is held: the response is late by less, and a gateway that starts anew gives its ids again.
const EARLY_MS: i64 = Millis::MINUTE;
/// Digits at the end of two numbers that are compared, whatever stands in front of them.
const TAIL: usize = 7;

impl Outbox {
    /// A delivery receipt came.
    pub(in crate::engine) fn report(
        &mut self,
        now: Tick,
        gateway: &GatewayName,
        report: DeliveryReport,
    ) {
        if report.state == DeliveryState::Pending {
            return;
        }
        if !self.apply(gateway, &report) {
            if self.early.len() == EARLY_HELD {
                self.early.pop_front();
            }
            self.early.push_back((now, gateway.clone(), report));
        }
    }

    /// A message got its name: looks whether a receipt came before.
    pub(super) fn match_early(&mut self, now: Tick, gateway: &GatewayName) {
        for (at, from, report) in std::mem::take(&mut self.early) {
            let is_held = now < at.plus_ms(EARLY_MS);
            if is_held && (from != *gateway || !self.apply(&from, &report)) {
                self.early.push_back((at, from, report));
            }
        }
    }

    fn apply(&mut self, gateway: &GatewayName, report: &DeliveryReport) -> bool {
        let Some(id) = self.named_by(gateway, report) else {
            return false;
        };
        match report.state {
            DeliveryState::Delivered => {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.row.state = OutboxState::Delivered;
                }
                self.mark(id, Change::Kept);
            }
            DeliveryState::Undeliverable => {
                self.settled.retain(|settled| *settled != id);
                self.fail(id, SendError::Undelivered(report.stat.clone()));
            }
            DeliveryState::Pending => {}
        }
        true
    }

    /// The sent entry that a delivery receipt names: by its id in any writing, and by its number. A receipt without a number
    /// names one where its id leaves no choice.
    fn named_by(&self, gateway: &GatewayName, report: &DeliveryReport) -> Option<OutboxId> {
        let said = normal(&report.message_id);
        let number = &report.recipient.octets;
        if said.is_empty() && number.is_empty() {
            return None;
        }
        let as_decimal = said.parse::<u128>().ok().map(|id| format!("{id:x}"));
        let as_hex = u128::from_str_radix(&said, 16).ok();
        let as_hex = as_hex.map(|id| id.to_string());
        for id in [Some(said), as_decimal, as_hex].into_iter().flatten() {
            let last = (id.clone(), OutboxId(u64::MAX));
            let ids = self.by_message_id.range((id, OutboxId(0))..=last);
            let mut sent = ids.rev().map(|(_, id)| *id).filter(|id| {
                self.get(*id).is_some_and(|row| {
                    row.state == OutboxState::Sent
                        && row.gateway == *gateway
                        && same_number(&row.to.octets, number)
                })
            });
            if let Some(id) = sent.next() {
                let is_clear = !number.is_empty() || sent.next().is_none();
                return is_clear.then_some(id);
            }
        }
        None
    }
}

/// A gateway's name for a message, in the one writing that all of its writings share.
pub(super) fn normal(message_id: &str) -> String {
    let lower = message_id.trim().to_ascii_lowercase();
    let digits = lower.strip_prefix("0x").unwrap_or(&lower);
    digits.trim_start_matches('0').to_owned()
}

fn same_number(ours: &[u8], theirs: &[u8]) -> bool {
    let tail = |octets: &[u8]| -> Vec<u8> {
        octets
            .iter()
            .rev()
            .filter(|c| c.is_ascii_digit())
            .take(TAIL)
            .copied()
            .collect()
    };
    theirs.is_empty() || tail(ours) == tail(theirs)
}
