//! Who is in or out, and by which record.

use super::core::Engine;
use super::{Now, facts};
use crate::api::Event;
use crate::domain::{EmployeeId, Millis, PersonState, Presence, PresenceSource};

/// A record may be ahead of the office's clock by this much: a mark may.
pub(super) const AHEAD_MS: i64 = Millis::MINUTE;

impl Engine {
    /// Makes a record somebody's present state, where it is the latest that counts.
    pub(super) fn place(&mut self, now: Now, employee: EmployeeId, presence: Presence) {
        let day_start = self.settings.day_start(now.wall);
        let state = self.person(employee);
        if state
            .presence
            .as_ref()
            .is_none_or(|present| yields(present, &presence, now.wall, day_start))
        {
            state.presence = Some(presence);
            self.write_person(employee);
        }
    }

    pub(super) fn person(&mut self, employee: EmployeeId) -> &mut PersonState {
        self.people
            .entry(employee)
            .or_insert_with(|| PersonState::new(employee))
    }

    pub(super) fn write_person(&mut self, employee: EmployeeId) {
        if let Some(state) = self.people.get(&employee) {
            self.journal.batch.people.insert(employee, state.clone());
        }
    }

    pub(super) fn publish_person(&mut self, now: Now, employee: EmployeeId) {
        let Some(card) = self.roster.employees.get(&employee) else {
            return;
        };
        let day_start = self.settings.day_start(now.wall);
        let fact = facts::person(card, self.people.get(&employee), day_start);
        self.journal.publish(Event::Person(fact));
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
