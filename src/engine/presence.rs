//! Who is in or out, and by which record.

use std::collections::BTreeSet;

use super::core::Engine;
use super::settings::Settings;
use super::{Now, facts};
use crate::api::{Event, PAGE};
use crate::domain::{
    Action, EmployeeId, Entry, LedgerRow, Millis, Outcome, PersonState, Presence, PresenceSource,
    Seq,
};
use crate::store::{Archive, StoreError};

/// A record may be ahead of the office's clock by this much: a mark may.
pub(super) const AHEAD_MS: i64 = Millis::MINUTE;

/// Rows of one person that are looked through for the first arrival of a day: far more than anybody's day has, and few
/// enough for an engine that others wait for.
const LOOKED: usize = 4 * PAGE;

/// Days last 23 to 25 h where clocks are put back and forth: so long after the start of one the next has begun.
const DAY_MOST_MS: i64 = 26 * Millis::HOUR;

/// The day at the desk, and who has come and not gone in it.
#[derive(Debug)]
pub(super) struct Day {
    start: Millis,
    end: Millis,
    inside: BTreeSet<EmployeeId>,
}

impl Day {
    /// The day in which `now` lies; nobody is in yet.
    pub(super) fn new(settings: &Settings, now: Millis) -> Self {
        let start = settings.day_start(now);
        let end = settings.day_start(start.plus_ms(DAY_MOST_MS));
        Self {
            start,
            end: end.max(now.plus_ms(1)),
            inside: BTreeSet::new(),
        }
    }

    /// When the next day begins.
    pub(super) const fn end(&self) -> Millis {
        self.end
    }

    /// How many are in.
    pub(super) fn present(&self) -> usize {
        self.inside.len()
    }

    /// Counts a person as in or not, as the latest record says.
    pub(super) fn count(&mut self, employee: EmployeeId, presence: Option<&Presence>) {
        let is_in = presence
            .is_some_and(|presence| presence.action == Action::In && presence.at >= self.start);
        if is_in {
            self.inside.insert(employee);
        } else {
            self.inside.remove(&employee);
        }
    }

    fn holds(&self, at: Millis) -> bool {
        self.start <= at && at < self.end
    }
}

impl Engine {
    /// Makes a record somebody's present state, where it is the latest that counts. A record that stands behind a mark
    /// that may still be taken back is kept for that. Returns the record that it stands before.
    pub(super) fn place(
        &mut self,
        now: Now,
        employee: EmployeeId,
        presence: Presence,
    ) -> Option<Presence> {
        let day_start = self.day_start_of(now.wall);
        let gives_way = |present: Option<&Presence>| {
            present.is_none_or(|present| yields(present, &presence, now.wall, day_start))
        };
        let state = self.person(employee);
        if gives_way(state.presence.as_ref()) {
            let before = state.presence.replace(presence);
            self.write_presence(employee);
            return before;
        }
        let mut above = state.presence.as_ref().map(|present| present.seq);
        while let Some(below) = above.and_then(|seq| self.acts.below_mark(seq)) {
            if gives_way(below.as_ref()) {
                return below.replace(presence);
            }
            above = below.as_ref().map(|present| present.seq);
        }
        None
    }

    /// Writes somebody's state, whose presence may be another one now.
    pub(super) fn write_presence(&mut self, employee: EmployeeId) {
        let state = self.people.get(&employee);
        let presence = state.and_then(|state| state.presence.as_ref());
        self.day.count(employee, presence);
        self.write_person(employee);
    }

    /// Somebody came at `at`, by a record that counts, whether or not it says where they are now.
    pub(super) fn came(&mut self, now: Now, employee: EmployeeId, at: Millis) {
        let day_start = self.day_start_of(at);
        let first_in = self.person(employee).first_in;
        let is_first = match first_in {
            // The office's clock was wrong when it was recorded.
            Some(first) if first.ms_since(now.wall) > AHEAD_MS => true,
            // The day of the latest arrival counts, not one before.
            Some(first) => {
                at < first && day_start <= first && self.day_start_of(first) == day_start
                    || first < day_start
            }
            None => true,
        };
        if is_first {
            self.person(employee).first_in = Some(at);
            self.write_person(employee);
        }
    }

    /// When somebody first came on the day that starts at `day_start`, by the records that count; marks that were taken
    /// back, and the one at `undone`, do not.
    pub(super) fn first_arrival(
        &self,
        employee: EmployeeId,
        day_start: Millis,
        undone: Seq,
        archive: &dyn Archive,
    ) -> Result<Option<Millis>, StoreError> {
        let mut after = archive.seq_before(day_start)?;
        let mut rows = Vec::new();
        while rows.len() < LOOKED {
            let page = archive.ledger_of(employee, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            rows.extend(page);
        }
        let unwritten = self.journal.batch.ledger.iter();
        let unwritten = unwritten.filter(|row| row.entry.employee() == Some(employee));
        rows.extend(unwritten.cloned());
        let reversed: BTreeSet<_> = rows
            .iter()
            .filter_map(reversed_by)
            .chain([undone])
            .collect();
        let came = rows.iter().filter(|row| !reversed.contains(&row.seq));
        let came = came.filter_map(arrival).filter(|at| *at >= day_start);
        Ok(came.filter(|at| self.day_start_of(*at) == day_start).min())
    }

    /// When the day started in which `at` lies.
    pub(super) fn day_start_of(&self, at: Millis) -> Millis {
        if self.day.holds(at) {
            return self.day.start;
        }
        self.settings.day_start(at)
    }

    /// Begins the next day where `now` does not lie in this one: whoever is shown by a record of another day is shown
    /// anew.
    pub(super) fn turn_day(&mut self, now: Now) {
        if self.day.holds(now.wall) {
            return;
        }
        let shown_from = self.day.start;
        self.count_day(now);
        let shown_from = shown_from.min(self.day.start);
        let shown = self.people.values().filter(|state| {
            let at = state.presence.as_ref().map(|presence| presence.at);
            [at, state.first_in]
                .into_iter()
                .flatten()
                .any(|at| at >= shown_from)
        });
        let shown: Vec<_> = shown.map(|state| state.employee).collect();
        for employee in shown {
            self.publish_person(now, employee);
        }
    }

    /// Counts who is in on the day in which `now` lies.
    pub(super) fn count_day(&mut self, now: Now) {
        self.day = Day::new(&self.settings, now.wall);
        for state in self.people.values() {
            self.day.count(state.employee, state.presence.as_ref());
        }
    }

    pub(super) fn person(&mut self, employee: EmployeeId) -> &mut PersonState {
        self.people
            .entry(employee)
            .or_insert_with(|| PersonState::new(employee))
    }

    pub(super) fn write_person(&mut self, employee: EmployeeId) {
        self.journal.touch(employee);
    }

    pub(super) fn publish_person(&mut self, now: Now, employee: EmployeeId) {
        let Some(card) = self.roster.employees.get(&employee) else {
            return;
        };
        let day_start = self.day_start_of(now.wall);
        let state = self.people.get(&employee);
        self.journal
            .publish(|| Event::Person(facts::person(card, state, day_start)));
    }
}

/// The mark that a row takes back.
fn reversed_by(row: &LedgerRow) -> Option<Seq> {
    match &row.entry {
        Entry::Mark(mark) => mark.reverses,
        Entry::Message(_)
        | Entry::LinkUp { .. }
        | Entry::LinkDown { .. }
        | Entry::EngineStarted { .. }
        | Entry::EngineStopped { .. }
        | Entry::Desk { .. }
        | Entry::Note(_)
        | Entry::OverBound(_) => None,
    }
}

/// When somebody came, where a row says so and counts.
fn arrival(row: &LedgerRow) -> Option<Millis> {
    match &row.entry {
        Entry::Message(message) => {
            let counts = message.outcome == Outcome::Recorded && !message.delayed;
            let is_in = message.action == Some(Action::In);
            message.at.filter(|_| counts && is_in)
        }
        Entry::Mark(mark) => {
            let counts = mark.reverses.is_none() && mark.action == Action::In;
            counts.then_some(mark.at)
        }
        Entry::LinkUp { .. }
        | Entry::LinkDown { .. }
        | Entry::EngineStarted { .. }
        | Entry::EngineStopped { .. }
        | Entry::Desk { .. }
        | Entry::Note(_)
        | Entry::OverBound(_) => None,
    }
}

/// Whether the record that somebody is in or out by gives way to a new one.
fn yields(present: &Presence, new: &Presence, now: Millis, day_start: Millis) -> bool {
    if present.at.ms_since(now) > AHEAD_MS {
        // The office's clock was wrong when it was recorded.
        return true;
    }
    if new.source == PresenceSource::Weak
        && present.source != PresenceSource::Weak
        && present.at >= day_start
    {
        return false;
    }
    match (present.device, new.device) {
        (Some((device, counter)), Some((same, newer))) if device == same => newer > counter,
        _ => new.at >= present.at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, Counter, DeviceId, Seq};

    const NOW: Millis = Millis(3_000);

    fn presence(source: PresenceSource, at: i64, counter: Option<u16>) -> Presence {
        Presence {
            action: Action::In,
            at: Millis(at),
            seq: Seq(1),
            device: counter.map(|counter| (DeviceId(7), Counter(counter))),
            source,
            note: String::new(),
            clock_off_min: 0,
        }
    }

    #[test]
    fn records_of_a_device_follow_its_counter() {
        let present = presence(PresenceSource::Sealed, 1_000, Some(6));
        let older = presence(PresenceSource::Sealed, 2_000, Some(5));
        let newer = presence(PresenceSource::Sealed, 500, Some(7));
        assert!(!yields(&present, &older, NOW, Millis(0)));
        assert!(yields(&present, &newer, NOW, Millis(0)));
    }

    #[test]
    fn the_2023_format_overrides_nothing_better_of_today() {
        let weak = presence(PresenceSource::Weak, 2_000, None);
        for better in [PresenceSource::Sealed, PresenceSource::ByHand] {
            assert!(!yields(
                &presence(better, 1_000, None),
                &weak,
                NOW,
                Millis(0)
            ));
            assert!(yields(
                &presence(better, 1_000, None),
                &weak,
                NOW,
                Millis(1_500)
            ));
        }
        assert!(yields(
            &presence(PresenceSource::Weak, 1_000, None),
            &weak,
            NOW,
            Millis(0)
        ));
    }
}
