//! The alarms beside a reference that has the states of ISA-18.2 as words, and a disk that has what was written.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::{DownCause, EmployeeId, GatewayName, OutboxId};

/// Where an alarm stands. One that is normal is not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// True, or happened, and nobody has seen it.
    Unacknowledged,
    /// Still true, and seen.
    Acknowledged(&'static str, Millis),
    /// Not true any more, and nobody has seen it.
    Returned(Millis),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Alarm {
    id: u64,
    kind: AlarmKind,
    state: State,
    since: Millis,
    count: u32,
    shelved_until: Option<Millis>,
}

impl Alarm {
    fn row(&self) -> AlarmRow {
        let (seen, ended_at) = match &self.state {
            State::Unacknowledged => (None, None),
            State::Acknowledged(by, at) => (Some((operator(by), *at)), None),
            State::Returned(at) => (None, Some(*at)),
        };
        AlarmRow {
            id: AlarmId(self.id),
            kind: self.kind.clone(),
            since: self.since,
            count: self.count,
            seen,
            ended_at,
            shelved_until: self.shelved_until,
        }
    }

    fn is_shelved(&self, now: Millis) -> bool {
        let ms = self.shelved_until.map_or(0, |until| until.0 - now.0);
        ms > 0 && ms <= Millis::DAY
    }

    /// Brings it back into sight as it was before it was shelved, where that is still ahead.
    fn shelve_as_before(&mut self, now: Millis, before: Option<Millis>) {
        self.shelved_until = before.filter(|until| until.0 > now.0);
    }
}

/// An act that may be taken back.
#[derive(Clone, Debug)]
enum Act {
    Seen(AlarmRow, &'static str, Millis),
    Shelved(AlarmId, Millis, Option<Millis>),
}

#[derive(Debug, Default)]
struct Reference {
    listed: Vec<Alarm>,
    /// Conditions that went because they ended after they were seen.
    gone: Vec<Alarm>,
    last: u64,
}

impl Reference {
    fn of(&mut self, kind: &AlarmKind) -> Option<&mut Alarm> {
        self.listed
            .iter_mut()
            .find(|alarm| alarm.kind.is_same(kind))
    }

    fn numbered(&mut self, id: AlarmId) -> Option<&mut Alarm> {
        self.listed.iter_mut().find(|alarm| alarm.id == id.0)
    }

    fn raise(&mut self, now: Millis, kind: AlarmKind) {
        let Some(alarm) = self.of(&kind) else {
            self.last += 1;
            let id = self.last;
            self.listed.push(Alarm {
                id,
                kind,
                state: State::Unacknowledged,
                since: now,
                count: 1,
                shelved_until: None,
            });
            return;
        };
        // A condition that is true already has not happened again.
        let has_returned = matches!(alarm.state, State::Returned(_));
        if has_returned || !kind.is_condition() {
            alarm.count += 1;
        }
        if has_returned {
            alarm.state = State::Unacknowledged;
        }
        alarm.kind = kind;
    }

    fn end(&mut self, now: Millis, kind: &AlarmKind) {
        let Some(alarm) = self.of(kind) else { return };
        match alarm.state {
            State::Unacknowledged => alarm.state = State::Returned(now),
            State::Returned(_) => {}
            State::Acknowledged(..) => {
                alarm.state = State::Returned(now);
                let gone = alarm.clone();
                self.listed.retain(|alarm| alarm.id != gone.id);
                self.gone.push(gone);
            }
        }
    }

    fn acknowledge(&mut self, now: Millis, id: AlarmId, by: &'static str) -> Option<Seen> {
        let alarm = self.numbered(id)?;
        let before = alarm.row();
        alarm.shelved_until = None;
        let kind = alarm.kind.clone();
        let was_new = match alarm.state {
            State::Acknowledged(..) => false,
            State::Unacknowledged if kind.is_condition() => {
                alarm.state = State::Acknowledged(by, now);
                true
            }
            State::Unacknowledged | State::Returned(_) => {
                self.listed.retain(|alarm| alarm.id != id.0);
                true
            }
        };
        let before = was_new.then_some(before);
        Some(Seen { kind, before })
    }

    fn unacknowledge(
        &mut self,
        now: Millis,
        before: &AlarmRow,
        by: &'static str,
        at: Millis,
    ) -> Option<AlarmId> {
        if let Some(alarm) = self.numbered(before.id) {
            if alarm.state != State::Acknowledged(by, at) {
                return None;
            }
            alarm.state = State::Unacknowledged;
            alarm.shelve_as_before(now, before.shelved_until);
            return Some(before.id);
        }
        let gone = self.gone.iter().position(|gone| gone.id == before.id.0);
        let row = gone.map_or_else(|| before.clone(), |at| self.gone.remove(at).row());
        let AlarmRow {
            count,
            since,
            kind,
            ended_at,
            shelved_until,
            ..
        } = row;
        if let Some(other) = self.of(&kind) {
            if matches!(other.state, State::Acknowledged(..)) {
                return None;
            }
            other.count += count;
            other.since = other.since.min(since);
            return Some(AlarmId(other.id));
        }
        let state = match ended_at {
            Some(at) => State::Returned(at),
            None if kind.is_condition() => State::Returned(now),
            None => State::Unacknowledged,
        };
        let mut alarm = Alarm {
            id: before.id.0,
            kind,
            state,
            since,
            count,
            shelved_until: None,
        };
        alarm.shelve_as_before(now, shelved_until);
        self.listed.push(alarm);
        Some(before.id)
    }

    fn shelve(&mut self, id: AlarmId, until: Millis) -> Option<Shelf> {
        let alarm = self.numbered(id)?;
        let before = alarm.shelved_until.replace(until);
        let row = alarm.row();
        Some(Shelf { row, before })
    }

    fn unshelve(
        &mut self,
        now: Millis,
        id: AlarmId,
        until: Millis,
        before: Option<Millis>,
    ) -> Option<AlarmKind> {
        let alarm = self.numbered(id)?;
        if alarm.shelved_until != Some(until) {
            return None;
        }
        alarm.shelve_as_before(now, before);
        Some(alarm.kind.clone())
    }

    fn bring_back(&mut self, now: Millis) {
        for alarm in &mut self.listed {
            if alarm.shelved_until.is_some() && !alarm.is_shelved(now) {
                alarm.shelved_until = None;
                if let State::Acknowledged(..) = alarm.state {
                    alarm.state = State::Unacknowledged;
                }
            }
        }
    }

    /// The most urgent first, then the newest.
    fn rows(&self) -> Vec<AlarmRow> {
        let mut rows: Vec<_> = self.listed.iter().map(Alarm::row).collect();
        rows.sort_by_key(|row| row.id);
        rows.sort_by_key(|row| std::cmp::Reverse(row.since));
        rows.sort_by_key(|row| row.kind.priority());
        rows
    }

    fn unseen(&self, now: Millis) -> Vec<AlarmId> {
        let new = self.listed.iter().filter(|alarm| {
            !matches!(alarm.state, State::Acknowledged(..)) && !alarm.is_shelved(now)
        });
        let mut ids: Vec<_> = new.map(|alarm| AlarmId(alarm.id)).collect();
        ids.sort();
        ids
    }
}

#[derive(Clone, Debug)]
enum Step {
    Raise(usize),
    End(usize),
    EndOfGateway(bool),
    Acknowledge(usize, &'static str),
    Shelve(usize, i64),
    TakeBack(prop::sample::Index),
    Pass(i64),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = 0..kinds().len();
    let number = 0..6_usize;
    let by = prop_oneof![Just("mina"), Just("ali")];
    let long = prop_oneof![
        Just(Millis::MINUTE),
        Just(Millis::DAY),
        Just(Millis::DAY + 1),
        Just(-Millis::HOUR),
        0..3 * Millis::DAY,
    ];
    let step = prop_oneof![
        5 => kind.clone().prop_map(Step::Raise),
        4 => kind.prop_map(Step::End),
        1 => any::<bool>().prop_map(Step::EndOfGateway),
        4 => (number.clone(), by).prop_map(|(number, by)| Step::Acknowledge(number, by)),
        3 => (number, long.clone()).prop_map(|(number, ms)| Step::Shelve(number, ms)),
        3 => any::<prop::sample::Index>().prop_map(Step::TakeBack),
        3 => long.prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..80)
}

fn gateway(is_g: bool) -> GatewayName {
    GatewayName::new(if is_g { "g" } else { "h" })
}

/// Some of every kind; two that are one alarm with other details.
fn kinds() -> Vec<AlarmKind> {
    let down = |is_g, cause| AlarmKind::LinkDown {
        gateway: gateway(is_g),
        cause,
    };
    vec![
        down(true, DownCause::Closed),
        down(true, DownCause::Silent),
        down(false, DownCause::Closed),
        AlarmKind::OutboxStuck {
            gateway: gateway(true),
        },
        AlarmKind::Store,
        AlarmKind::OutboxFailed { last: OutboxId(1) },
        AlarmKind::OutboxFailed { last: OutboxId(2) },
        AlarmKind::Key {
            employee: EmployeeId(4),
        },
        AlarmKind::UnknownSenders,
    ]
}

fn operator(user: &str) -> Operator {
    Operator {
        user: user.to_owned(),
        desk: "front".to_owned(),
    }
}

fn is_of_gateway(kind: &AlarmKind, is_g: bool) -> bool {
    let name = gateway(is_g);
    matches!(kind, AlarmKind::LinkDown { gateway, .. } | AlarmKind::OutboxStuck { gateway } if *gateway == name)
}

/// The alarms, the reference, and what both know.
#[derive(Debug, Default)]
struct Pair {
    alarms: Alarms,
    reference: Reference,
    /// What was written.
    disk: BTreeMap<AlarmId, AlarmRow>,
    now: Millis,
    acts: Vec<Act>,
}

impl Pair {
    fn step(&mut self, step: &Step) {
        let now = self.now;
        // One number more than there are: there may be no such alarm.
        let numbered = |number: usize| AlarmId(u64::try_from(number).unwrap());
        match *step {
            Step::Raise(at) => {
                self.alarms.raise(now, kinds()[at].clone());
                self.reference.raise(now, kinds()[at].clone());
                let is_listed = |row: &&AlarmRow| row.kind == kinds()[at];
                assert!(self.alarms.rows().into_iter().any(|row| is_listed(&row)));
            }
            Step::End(at) => {
                self.alarms.end(now, &kinds()[at]);
                self.reference.end(now, &kinds()[at]);
            }
            Step::EndOfGateway(is_g) => {
                self.alarms.end_all(now, |kind| is_of_gateway(kind, is_g));
                for kind in kinds().iter().filter(|kind| is_of_gateway(kind, is_g)) {
                    self.reference.end(now, kind);
                }
            }
            Step::Acknowledge(number, by) => {
                let id = numbered(number);
                let done = self.alarms.acknowledge(now, id, &operator(by));
                assert_eq!(done, self.reference.acknowledge(now, id, by));
                let before = done.and_then(|seen| seen.before);
                self.acts.extend(before.map(|row| Act::Seen(row, by, now)));
            }
            Step::Shelve(number, ms) => {
                let (id, until) = (numbered(number), now.plus_ms(ms));
                let put_away = self.alarms.shelve(id, until);
                assert_eq!(put_away, self.reference.shelve(id, until));
                let act = put_away.map(|shelf| Act::Shelved(id, until, shelf.before));
                self.acts.extend(act);
            }
            Step::TakeBack(at) => self.take_back(at),
            Step::Pass(ms) => self.now = now.plus_ms(ms),
            Step::Restart => {
                let last = self.alarms.last();
                self.alarms = Alarms::new(self.disk.clone(), last);
                self.reference.gone.clear();
            }
        }
        self.compare();
    }

    fn take_back(&mut self, at: prop::sample::Index) {
        if self.acts.is_empty() {
            return;
        }
        let (now, at) = (self.now, at.index(self.acts.len()));
        match self.acts.remove(at) {
            Act::Seen(row, by, at) => {
                let again = self
                    .alarms
                    .unacknowledge(now, row.clone(), &operator(by), at);
                assert_eq!(again, self.reference.unacknowledge(now, &row, by, at));
            }
            Act::Shelved(id, until, before) => {
                let again = self.alarms.unshelve(now, id, until, before);
                assert_eq!(again, self.reference.unshelve(now, id, until, before));
            }
        }
    }

    /// What every input of the engine ends with, and what must be the same then.
    fn compare(&mut self) {
        self.alarms.bring_back(self.now);
        self.reference.bring_back(self.now);
        for (id, row) in self.alarms.take_changed() {
            match row {
                Some(row) => self.disk.insert(id, row),
                None => self.disk.remove(&id),
            };
        }
        let rows: Vec<AlarmRow> = self.alarms.rows().into_iter().cloned().collect();
        assert_eq!(rows, self.reference.rows());
        assert_eq!(
            self.alarms.unseen(self.now),
            self.reference.unseen(self.now)
        );
        let on_disk: BTreeMap<_, _> = rows.iter().map(|row| (row.id, row.clone())).collect();
        assert_eq!(self.disk, on_disk);
        for row in &rows {
            assert!(self.alarms.has(row.id));
        }
        let back = rows.iter().filter_map(|row| row.shelved_until).min();
        assert_eq!(self.alarms.comes_back_at(), back);
        assert!(self.alarms.last().0 >= self.reference.last);
    }
}

proptest! {
    #[test]
    fn alarms_stand_as_isa_18_2_says_and_on_disk_as_they_stand(steps in steps()) {
        let mut pair = Pair {
            now: Millis(1_795_152_600_000),
            ..Pair::default()
        };
        for step in steps {
            pair.step(&step);
        }
    }
}
