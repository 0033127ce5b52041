//! Layouts that are read and not written any more.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::{
    self, Action, AlarmId, AlarmKind, Counter, DayBudget, DeviceId, EmployeeId, GatewayName,
    LinkFaults, Millis, Operator, PresenceSource, Seq,
};
use crate::store;

/// Version 1 of a person: without the first arrival, and a presence without note and clock.
#[derive(Deserialize)]
pub(super) struct PersonState {
    employee: EmployeeId,
    presence: Option<Presence>,
    budgets: BTreeMap<Option<DeviceId>, DayBudget>,
}

#[derive(Deserialize)]
struct Presence {
    action: Action,
    at: Millis,
    seq: Seq,
    device: Option<(DeviceId, Counter)>,
    source: PresenceSource,
}

impl From<PersonState> for domain::PersonState {
    fn from(older: PersonState) -> Self {
        Self {
            employee: older.employee,
            presence: older.presence.map(|presence| domain::Presence {
                action: presence.action,
                at: presence.at,
                seq: presence.seq,
                device: presence.device,
                source: presence.source,
                note: String::new(),
                clock_off_min: 0,
            }),
            first_in: None,
            budgets: older.budgets,
        }
    }
}

/// Version 1 of an alarm: none could be shelved.
#[derive(Deserialize)]
pub(super) struct AlarmRow {
    id: AlarmId,
    kind: AlarmKind,
    since: Millis,
    count: u32,
    seen: Option<(Operator, Millis)>,
    ended_at: Option<Millis>,
}

impl From<AlarmRow> for domain::AlarmRow {
    fn from(older: AlarmRow) -> Self {
        Self {
            id: older.id,
            kind: older.kind,
            since: older.since,
            count: older.count,
            seen: older.seen,
            ended_at: older.ended_at,
            shelved_until: None,
        }
    }
}

/// Version 1 of the single values: a gateway was not watched.
#[derive(Deserialize)]
pub(super) struct Meta1 {
    key_check: Vec<u8>,
    alive_at: Option<Millis>,
    restored_at: Option<Millis>,
    last_alarm: AlarmId,
    gateways: BTreeMap<GatewayName, GatewayCounters>,
}

#[derive(Deserialize)]
struct GatewayCounters {
    received: u64,
    submitted: u64,
    drops: u64,
    last_message_at: Option<Millis>,
    gap_from: Option<Millis>,
    unreadable_over_bound: u64,
    copies_over_bound: u64,
}

impl From<Meta1> for store::Meta {
    fn from(older: Meta1) -> Self {
        let gateways = older.gateways.into_iter();
        Self {
            key_check: older.key_check,
            alive_at: older.alive_at,
            restored_at: older.restored_at,
            last_alarm: older.last_alarm,
            gateways: gateways
                .map(|(name, counters)| (name, counters.into()))
                .collect(),
            history: 0,
            backed_up_at: None,
        }
    }
}

/// Version 2 of the single values: a store had one history, and nothing copied it.
#[derive(Deserialize)]
pub(super) struct Meta2 {
    key_check: Vec<u8>,
    alive_at: Option<Millis>,
    restored_at: Option<Millis>,
    last_alarm: AlarmId,
    gateways: BTreeMap<GatewayName, store::GatewayCounters>,
}

impl From<Meta2> for store::Meta {
    fn from(older: Meta2) -> Self {
        Self {
            key_check: older.key_check,
            alive_at: older.alive_at,
            restored_at: older.restored_at,
            last_alarm: older.last_alarm,
            gateways: older.gateways,
            history: 0,
            backed_up_at: None,
        }
    }
}

impl From<GatewayCounters> for store::GatewayCounters {
    fn from(older: GatewayCounters) -> Self {
        Self {
            received: older.received,
            submitted: older.submitted,
            drops: older.drops,
            last_message_at: older.last_message_at,
            gap_from: older.gap_from,
            unreadable_over_bound: older.unreadable_over_bound,
            copies_over_bound: older.copies_over_bound,
            faults: LinkFaults::default(),
            breaks: Vec::new(),
            usual: Vec::new(),
        }
    }
}
