use std::collections::BTreeMap;

use crate::domain::{AlarmId, AlarmKind, AlarmRow, Millis, Operator};

/// The alarms of the desk. They live here, not in a window: closing one loses none.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    rows: BTreeMap<AlarmId, AlarmRow>,
    last: AlarmId,
    changed: BTreeMap<AlarmId, Option<AlarmRow>>,
}

impl Alarms {
    pub(super) fn new(rows: BTreeMap<AlarmId, AlarmRow>, last: AlarmId) -> Self {
        Self {
            rows,
            last,
            changed: BTreeMap::new(),
        }
    }

    /// Raises an alarm, or counts it once more where it stands already.
    pub(super) fn raise(&mut self, now: Millis, kind: AlarmKind) {
        if let Some(row) = self.rows.values_mut().find(|row| row.kind.is_same(&kind)) {
            if kind.is_condition() && row.ended_at.is_none() {
                if row.kind == kind {
                    return;
                }
            } else {
                row.count = row.count.saturating_add(1);
            }
            row.kind = kind;
            if row.ended_at.take().is_some() {
                row.seen = None;
            }
            self.changed.insert(row.id, Some(row.clone()));
            return;
        }
        self.last.0 += 1;
        let row = AlarmRow {
            id: self.last,
            kind,
            since: now,
            count: 1,
            seen: None,
            ended_at: None,
        };
        self.changed.insert(row.id, Some(row.clone()));
        self.rows.insert(row.id, row);
    }

    /// The cause of an alarm ended: it goes once it was seen.
    pub(super) fn end(&mut self, now: Millis, kind: &AlarmKind) {
        let Some(row) = self.rows.values_mut().find(|row| row.kind.is_same(kind)) else {
            return;
        };
        if row.ended_at.is_some() {
            return;
        }
        row.ended_at = Some(now);
        let (id, seen) = (row.id, row.seen.is_some());
        self.changed.insert(id, Some(row.clone()));
        if seen {
            self.remove(id);
        }
    }

    /// Ends the conditions of which `is_over` says that they cannot be true any more.
    pub(super) fn end_all(&mut self, now: Millis, is_over: impl Fn(&AlarmKind) -> bool) {
        let kinds = self.rows.values().map(|row| row.kind.clone());
        let over: Vec<_> = kinds.filter(is_over).collect();
        for kind in over {
            self.end(now, &kind);
        }
    }

    /// Somebody has seen an alarm; what tells of something that happened is over with that.
    /// Returns its kind; `None` where there is no such alarm.
    pub(super) fn acknowledge(
        &mut self,
        now: Millis,
        id: AlarmId,
        by: &Operator,
    ) -> Option<AlarmKind> {
        let row = self.rows.get_mut(&id)?;
        let kind = row.kind.clone();
        if row.seen.is_none() {
            row.seen = Some((by.clone(), now));
            self.changed.insert(id, Some(row.clone()));
        }
        if row.ended_at.is_some() || !kind.is_condition() {
            self.remove(id);
        }
        Some(kind)
    }

    /// Alarms that nobody has seen.
    pub(super) fn unseen(&self) -> Vec<AlarmId> {
        self.rows
            .values()
            .filter(|row| row.seen.is_none())
            .map(|row| row.id)
            .collect()
    }

    /// All alarms, the most urgent first, then the newest.
    pub(super) fn rows(&self) -> Vec<&AlarmRow> {
        let mut rows: Vec<_> = self.rows.values().collect();
        rows.sort_by_key(|row| (row.kind.priority(), std::cmp::Reverse(row.since), row.id));
        rows
    }

    /// The highest number that was given.
    pub(super) const fn last(&self) -> AlarmId {
        self.last
    }

    /// What changed since it was asked for last; `None` is gone.
    pub(super) fn take_changed(&mut self) -> BTreeMap<AlarmId, Option<AlarmRow>> {
        std::mem::take(&mut self.changed)
    }

    fn remove(&mut self, id: AlarmId) {
        self.rows.remove(&id);
        self.changed.insert(id, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DownCause, EmployeeId, GatewayName};

    fn mina() -> Operator {
        Operator {
            user: "mina".into(),
            desk: "front".into(),
        }
    }

    fn link_down() -> AlarmKind {
        AlarmKind::LinkDown {
            gateway: GatewayName::new("g"),
            cause: DownCause::Closed,
        }
    }

    #[test]
    fn a_condition_goes_when_it_was_seen_and_ended_in_any_order() {
        for seen_first in [true, false] {
            let mut alarms = Alarms::default();
            alarms.raise(Millis(1), link_down());
            let id = alarms.rows()[0].id;
            for step in [seen_first, !seen_first] {
                assert_eq!(alarms.rows().len(), 1);
                if step {
                    assert!(alarms.acknowledge(Millis(2), id, &mina()).is_some());
                } else {
                    alarms.end(Millis(3), &link_down());
                }
            }
            assert!(alarms.rows().is_empty());
            assert_eq!(alarms.take_changed(), BTreeMap::from([(id, None)]));
        }
    }

    #[test]
    fn what_comes_back_is_new_again() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), link_down());
        alarms.end(Millis(2), &link_down());
        alarms.raise(Millis(3), link_down());
        let row = alarms.rows()[0];
        assert_eq!((row.count, row.ended_at, row.seen.clone()), (2, None, None));
    }

    #[test]
    fn a_condition_that_has_another_cause_has_not_happened_again() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), link_down());
        let cause = DownCause::Silent;
        let gateway = GatewayName::new("g");
        let silent = AlarmKind::LinkDown { gateway, cause };
        alarms.raise(Millis(2), silent.clone());
        let row = alarms.rows()[0];
        assert_eq!((row.count, row.kind.clone()), (1, silent));
    }

    #[test]
    fn something_that_happened_is_over_once_seen() {
        let mut alarms = Alarms::default();
        let key = AlarmKind::Key {
            employee: EmployeeId(4),
        };
        alarms.raise(Millis(1), key.clone());
        alarms.raise(Millis(2), key.clone());
        let row = alarms.rows()[0].clone();
        assert_eq!((row.count, row.since), (2, Millis(1)));
        assert_eq!(
            alarms.acknowledge(Millis(3), row.id, &mina()),
            Some(key.clone())
        );
        assert_eq!(alarms.acknowledge(Millis(3), row.id, &mina()), None);
        alarms.raise(Millis(4), key);
        assert!(alarms.rows()[0].id > row.id);
    }

    #[test]
    fn a_condition_that_stays_is_written_once() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), link_down());
        alarms.take_changed();
        alarms.raise(Millis(2), link_down());
        assert!(alarms.take_changed().is_empty());
    }
}
