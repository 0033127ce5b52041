use super::Model;
use crate::api::{AlarmFact, AlarmState, PersonPresence};
use crate::domain::{AlarmId, EmployeeId, PresenceSource};
use crate::ui::text;
use crate::words::safe;

/// What stands before a person's name: the state, or what needs attention.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonMark {
    /// The number sends what its key does not open: a new or reset phone, or somebody else.
    Key,
    /// The phone counts from two places.
    TwoPlaces,
    /// Here.
    In,
    /// Not here.
    Out,
}

impl Model {
    /// What stands before a person's name, as of the last `prepare`.
    pub fn person_mark(&self, employee: EmployeeId) -> PersonMark {
        if let Some(mark) = self.lists.alarmed.get(&employee) {
            return *mark;
        }
        let fact = self.facts.people.get(&employee);
        match fact.map(|fact| fact.state) {
            Some(PersonPresence::In) => PersonMark::In,
            Some(PersonPresence::Out) | None => PersonMark::Out,
        }
    }

    /// Whether a mark by hand says where a person is.
    pub fn is_by_hand(&self, employee: EmployeeId) -> bool {
        let fact = self.facts.people.get(&employee);
        fact.and_then(|fact| fact.source) == Some(PresenceSource::ByHand)
    }

    /// The alarm of the alarm line: the most urgent new one, else the most urgent one that ended unseen.
    pub fn shown_alarm(&self) -> Option<&AlarmFact> {
        let alarms = || self.lists.alarms.iter().filter_map(|id| self.alarm(*id));
        let in_state = |state| alarms().find(|alarm| alarm.state == state);
        in_state(AlarmState::New).or_else(|| in_state(AlarmState::Ended))
    }

    /// An alarm by its number.
    pub fn alarm(&self, id: AlarmId) -> Option<&AlarmFact> {
        self.facts.alarms.iter().find(|alarm| alarm.id == id)
    }

    /// A person's short name, safe to print; the number of the card where there is no such person.
    pub fn short_name(&self, employee: EmployeeId) -> String {
        let fact = self.facts.people.get(&employee);
        fact.map_or_else(
            || employee.to_string(),
            |fact| safe(&fact.short).into_owned(),
        )
    }

    /// Whether phone numbers are shown in full.
    pub fn is_unmasked(&self) -> bool {
        self.unmasked_until.is_some_and(|until| self.now < until)
    }

    /// A phone number as it is shown now, safe to print: in full, or without the digits in its middle. A name in place of a
    /// number, or a short code, stays as it is.
    pub fn masked(&self, number: &str) -> String {
        text::phone_short(number, self.is_unmasked(), self.look.glyphs.signs())
    }
}
