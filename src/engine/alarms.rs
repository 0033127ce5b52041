use std::collections::{BTreeMap, VecDeque};

use crate::domain::{AlarmId, AlarmKind, AlarmRow, Millis, Operator};

/// Conditions held that ended after they were seen, so that an acknowledgement of them can be taken back: each gateway
/// has one, and whoever acknowledges that often takes back the last.
const GONE_HELD: usize = 32;

/// The alarms of the desk. They live here, not in a window: closing one loses none.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    rows: BTreeMap<AlarmId, AlarmRow>,
    last: AlarmId,
    changed: BTreeMap<AlarmId, Option<AlarmRow>>,
    gone: VecDeque<AlarmRow>,
}

/// What an acknowledgement did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// What the alarm is about.
    pub(super) kind: AlarmKind,
    /// The alarm as it was before; `None` where somebody had seen it already.
    pub(super) before: Option<AlarmRow>,
}

/// What putting an alarm out of sight did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shelf {
    /// The alarm as it is now.
    pub(super) row: AlarmRow,
    /// Until when it was out of sight before.
    pub(super) before: Option<Millis>,
}

impl Alarms {
    pub(super) fn new(rows: BTreeMap<AlarmId, AlarmRow>, last: AlarmId) -> Self {
        Self {
            rows,
            last,
            ..Self::default()
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
            shelved_until: None,
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
        if seen && let Some(row) = self.remove(id) {
            if self.gone.len() == GONE_HELD {
                self.gone.pop_front();
            }
            self.gone.push_back(row);
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

    /// Somebody has seen an alarm; what tells of something that happened is over with that. It is not out of sight any
    /// more. `None` where there is no such alarm.
    pub(super) fn acknowledge(&mut self, now: Millis, id: AlarmId, by: &Operator) -> Option<Seen> {
        let row = self.rows.get_mut(&id)?;
        let (kind, as_it_was) = (row.kind.clone(), row.clone());
        let is_new = row.seen.is_none();
        row.shelved_until = None;
        if is_new {
            row.seen = Some((by.clone(), now));
        }
        if *row != as_it_was {
            self.changed.insert(id, Some(row.clone()));
        }
        if row.ended_at.is_some() || !kind.is_condition() {
            self.remove(id);
        }
        let before = is_new.then_some(as_it_was);
        Some(Seen { kind, before })
    }

    /// Takes back that `by` acknowledged an alarm at `at`: it is new again, also where it had gone because it was seen.
    /// Returns which one is; `None` where somebody has seen it, or what came after it, since.
    pub(super) fn unacknowledge(
        &mut self,
        now: Millis,
        before: AlarmRow,
        by: &Operator,
        at: Millis,
    ) -> Option<AlarmId> {
        let id = before.id;
        if let Some(row) = self.rows.get_mut(&id) {
            if row.seen.as_ref() != Some(&(by.clone(), at)) {
                return None;
            }
            row.seen = None;
            row.shelved_until = before.shelved_until.filter(|until| now < *until);
            self.changed.insert(id, Some(row.clone()));
            return Some(id);
        }
        let place = self.gone.iter().position(|row| row.id == id);
        let mut row = place
            .and_then(|place| self.gone.remove(place))
            .unwrap_or(before);
        let mut standing = self.rows.values_mut();
        if let Some(other) = standing.find(|other| other.kind.is_same(&row.kind)) {
            if other.seen.is_some() {
                return None;
            }
            other.count = other.count.saturating_add(row.count);
            other.since = other.since.min(row.since);
            self.changed.insert(other.id, Some(other.clone()));
            return Some(other.id);
        }
        if row.kind.is_condition() {
            row.ended_at.get_or_insert(now);
        }
        row.seen = None;
        row.shelved_until = row.shelved_until.filter(|until| now < *until);
        self.changed.insert(id, Some(row.clone()));
        self.rows.insert(id, row);
        Some(id)
    }

    /// Whether there is such an alarm.
    pub(super) fn has(&self, id: AlarmId) -> bool {
        self.rows.contains_key(&id)
    }

    /// Puts an alarm out of sight until `until`; `None` where there is no such alarm.
    pub(super) fn shelve(&mut self, id: AlarmId, until: Millis) -> Option<Shelf> {
        let row = self.rows.get_mut(&id)?;
        let before = row.shelved_until.replace(until);
        self.changed.insert(id, Some(row.clone()));
        let row = row.clone();
        Some(Shelf { row, before })
    }

    /// Takes back that an alarm was put out of sight until `until`. Returns what it is about; `None` where it went, was
    /// acknowledged or was shelved until another time since.
    pub(super) fn unshelve(
        &mut self,
        now: Millis,
        id: AlarmId,
        until: Millis,
        before: Option<Millis>,
    ) -> Option<AlarmKind> {
        let row = self.rows.get_mut(&id)?;
        if row.shelved_until != Some(until) {
            return None;
        }
        row.shelved_until = before.filter(|before| now < *before);
        self.changed.insert(id, Some(row.clone()));
        Some(row.kind.clone())
    }

    /// Brings back, as new, what was out of sight until now.
    pub(super) fn bring_back(&mut self, now: Millis) {
        for row in self.rows.values_mut() {
            if row.shelved_until.is_some() && !row.is_shelved(now) {
                row.shelved_until = None;
                row.seen = None;
                self.changed.insert(row.id, Some(row.clone()));
            }
        }
    }

    /// When the next one comes back.
    pub(super) fn comes_back_at(&self) -> Option<Millis> {
        self.rows.values().filter_map(|row| row.shelved_until).min()
    }

    /// Alarms that nobody has seen and that are not out of sight.
    pub(super) fn unseen(&self, now: Millis) -> Vec<AlarmId> {
        self.rows
            .values()
            .filter(|row| row.seen.is_none() && !row.is_shelved(now))
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

    fn remove(&mut self, id: AlarmId) -> Option<AlarmRow> {
        self.changed.insert(id, None);
        self.rows.remove(&id)
    }
}

#[cfg(test)]
mod model;
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
        let seen = Seen {
            kind: key.clone(),
            before: Some(row.clone()),
        };
        assert_eq!(alarms.acknowledge(Millis(3), row.id, &mina()), Some(seen));
        assert_eq!(alarms.acknowledge(Millis(3), row.id, &mina()), None);
        alarms.raise(Millis(4), key);
        assert!(alarms.rows()[0].id > row.id);
    }

    #[test]
    fn what_is_shelved_comes_back_as_new() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), link_down());
        let id = alarms.rows()[0].id;
        alarms.acknowledge(Millis(2), id, &mina());
        assert_eq!(alarms.shelve(id, Millis(50)).unwrap().before, None);
        assert_eq!(
            alarms.shelve(id, Millis(90)).unwrap().before,
            Some(Millis(50))
        );
        alarms.bring_back(Millis(89));
        assert_eq!(alarms.comes_back_at(), Some(Millis(90)));
        assert!(alarms.unseen(Millis(89)).is_empty());
        alarms.bring_back(Millis(90));
        assert_eq!(alarms.unseen(Millis(90)), [id]);
        assert_eq!(alarms.comes_back_at(), None);
    }

    #[test]
    fn what_a_wrong_clock_shelved_for_years_comes_back() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), link_down());
        let id = alarms.rows()[0].id;
        alarms.shelve(id, Millis(3_650 * Millis::DAY));
        assert_eq!(alarms.unseen(Millis(2)), [id]);
        alarms.bring_back(Millis(2));
        assert_eq!(alarms.rows()[0].shelved_until, None);
    }

    #[test]
    fn a_more_urgent_repeat_stays_shelved_and_an_acknowledgement_ends_that() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), link_down());
        let id = alarms.rows()[0].id;
        alarms.shelve(id, Millis(50));
        alarms.end(Millis(2), &link_down());
        alarms.raise(Millis(3), link_down());
        assert!(alarms.rows()[0].is_shelved(Millis(4)));
        let before = alarms
            .acknowledge(Millis(4), id, &mina())
            .unwrap()
            .before
            .unwrap();
        assert!(!alarms.rows()[0].is_shelved(Millis(4)));
        assert_eq!(
            alarms.unshelve(Millis(5), id, Millis(50), None),
            None,
            "it is not shelved any more"
        );
        assert_eq!(
            alarms.unacknowledge(Millis(5), before, &mina(), Millis(4)),
            Some(id)
        );
        assert!(alarms.rows()[0].is_shelved(Millis(5)));
    }

    #[test]
    fn an_acknowledgement_is_taken_back_also_where_the_alarm_had_gone() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), link_down());
        let id = alarms.rows()[0].id;
        let seen = alarms.acknowledge(Millis(2), id, &mina()).unwrap();
        alarms.end(Millis(3), &link_down());
        assert!(alarms.rows().is_empty());
        let before = seen.before.unwrap();
        let again = alarms.unacknowledge(Millis(9), before.clone(), &mina(), Millis(2));
        assert_eq!(again, Some(id));
        let row = alarms.rows()[0];
        assert_eq!((row.seen.clone(), row.ended_at), (None, Some(Millis(3))));
        // It is new; nobody's acknowledgement is left to be taken back.
        let again = alarms.unacknowledge(Millis(9), before, &mina(), Millis(2));
        assert_eq!(again, None);
    }

    #[test]
    fn of_what_went_after_it_was_seen_the_last_are_held_as_they_ended() {
        let mut alarms = Alarms::default();
        let kinds = (0..=GONE_HELD).map(|number| AlarmKind::LinkDown {
            gateway: GatewayName::new(&format!("g{number}")),
            cause: DownCause::Closed,
        });
        let kinds: Vec<_> = kinds.collect();
        let mut seen = Vec::new();
        for kind in &kinds {
            alarms.raise(Millis(1), kind.clone());
            let id = alarms.last();
            seen.push(alarms.acknowledge(Millis(2), id, &mina()).unwrap());
        }
        for kind in &kinds {
            alarms.end(Millis(3), kind);
        }
        assert!(alarms.rows().is_empty());
        // Of the first nobody knows any more when it ended.
        for (seen, ended_at) in seen.into_iter().zip([9, 3, 3]) {
            let before = seen.before.unwrap();
            let id = before.id;
            let again = alarms.unacknowledge(Millis(9), before, &mina(), Millis(2));
            assert_eq!(again, Some(id));
            assert_eq!(alarms.rows[&id].ended_at, Some(Millis(ended_at)), "{id}");
        }
    }

    #[test]
    fn an_acknowledgement_that_is_taken_back_hides_no_longer_than_it_was_to_be() {
        for kind in [AlarmKind::UnknownSenders, link_down()] {
            for (now, until) in [(49, Some(Millis(50))), (50, None), (51, None)] {
                let mut alarms = Alarms::default();
                alarms.raise(Millis(1), kind.clone());
                let id = alarms.last();
                alarms.shelve(id, Millis(50));
                let seen = alarms.acknowledge(Millis(4), id, &mina()).unwrap();
                assert_eq!(alarms.has(id), kind.is_condition());
                let before = seen.before.unwrap();
                let again = alarms.unacknowledge(Millis(now), before, &mina(), Millis(4));
                assert_eq!(again, Some(id));
                assert_eq!(alarms.rows()[0].shelved_until, until);
            }
        }
    }

    #[test]
    fn what_was_out_of_sight_before_is_so_again_until_then() {
        for (now, until) in [(49, Some(Millis(50))), (50, None), (51, None)] {
            let mut alarms = Alarms::default();
            alarms.raise(Millis(1), link_down());
            let id = alarms.last();
            alarms.shelve(id, Millis(50));
            let before = alarms.shelve(id, Millis(90)).unwrap().before;
            let again = alarms.unshelve(Millis(now), id, Millis(90), before);
            assert_eq!(again, Some(link_down()));
            assert_eq!(alarms.rows()[0].shelved_until, until);
        }
    }

    #[test]
    fn what_came_again_meanwhile_takes_the_old_alarm_in() {
        let mut alarms = Alarms::default();
        alarms.raise(Millis(1), AlarmKind::UnknownSenders);
        let first = alarms.rows()[0].id;
        let seen = alarms.acknowledge(Millis(2), first, &mina()).unwrap();
        alarms.raise(Millis(5), AlarmKind::UnknownSenders);
        let second = alarms.rows()[0].id;
        let before = seen.before.unwrap();
        let again = alarms.unacknowledge(Millis(6), before, &mina(), Millis(2));
        assert_eq!(again, Some(second));
        let row = alarms.rows()[0];
        assert_eq!((row.count, row.since), (2, Millis(1)));
        assert_eq!(alarms.rows().len(), 1);
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
