//! Layouts that are read and not written any more.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::{
    self, Action, AlarmId, AlarmKind, Counter, DayBudget, DeviceId, EmployeeId, Millis, Operator,
    PresenceSource, Seq,
};

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
