//! The states of people, alarms, answers and links: a glyph, a word, a role.

use super::pen::Pen;
use crate::api::{AlarmFact, AlarmState, LinkState, PersonFact, ReceiptFact};
use crate::domain::{Action, AlarmKind, EmployeeId, OutboxState, PresenceSource};
use crate::ui::look::Role;
use crate::ui::model::PersonMark;
use crate::ui::text;

/// A state, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its glyph, 2 cells at most.
    pub glyph: &'static str,
    /// Its word.
    pub word: String,
    /// Its looks.
    pub role: Role,
}

impl<'a> Pen<'a> {
    /// Where a person is; an alarm about the person's phone counts more.
    pub fn person_state(&self, fact: &PersonFact) -> State {
        let alarmed = |glyph, key| State {
            glyph,
            word: self.say(key, &[]),
            role: Role::Bad,
        };
        let (glyph, key) = match self.model.person_mark(fact.employee) {
            PersonMark::Key => return alarmed("K", "state.key"),
            PersonMark::TwoPlaces => return alarmed("2", "state.two_places"),
            PersonMark::In => (self.signs.full, "presence.in"),
            PersonMark::Out => (self.signs.empty, "presence.out"),
        };
        let word = self.say(key, &[]);
        let is_by_hand = fact.source == Some(PresenceSource::ByHand);
        let role = match fact.since {
            Some(_) => Role::Normal,
            None => Role::Dim,
        };
        let word = if is_by_hand {
            format!("{word} ~")
        } else {
            word
        };
        State { glyph, word, role }
    }

    /// The alarm about a person's phone that is still true or was not seen.
    pub fn alarm_about(&self, employee: EmployeeId) -> Option<&'a AlarmFact> {
        let alarms = &self.model.facts.alarms;
        alarms
            .iter()
            .find(|alarm| alarm.employee == Some(employee) && alarm.state != AlarmState::Shelved)
    }

    /// The name for tables of the person that an alarm is about.
    pub fn alarm_person(&self, alarm: &AlarmFact) -> Option<String> {
        let name = alarm.name.as_deref();
        alarm
            .employee
            .map(|employee| self.person_name(employee, name))
    }

    /// What an alarm is called.
    pub fn alarm_name(&self, kind: &AlarmKind) -> String {
        self.model.alarm_name(kind)
    }

    /// Whom or what an alarm is about, in a word: a name, a gateway, a number.
    pub fn alarm_about_whom(&self, alarm: &AlarmFact) -> String {
        match &alarm.kind {
            AlarmKind::LinkDown { gateway, .. }
            | AlarmKind::LinkDeaf { gateway, .. }
            | AlarmKind::LinkUnstable { gateway }
            | AlarmKind::OutboxStuck { gateway } => gateway.to_string(),
            AlarmKind::TwoPlaces { employee, .. } | AlarmKind::Key { employee } => {
                self.person_name(*employee, alarm.name.as_deref())
            }
            AlarmKind::OutboxFailed { .. } | AlarmKind::UnknownSenders if alarm.count > 1 => {
                format!("{}{}", self.signs.times, alarm.count)
            }
            AlarmKind::OutboxFailed { .. }
            | AlarmKind::UnknownSenders
            | AlarmKind::Store
            | AlarmKind::BackupOld { .. }
            | AlarmKind::JournalStopped { .. } => String::new(),
        }
    }

    /// The state of an alarm.
    pub fn alarm_state(&self, alarm: &AlarmFact) -> State {
        let is_urgent = alarm.kind.priority() < 3;
        let (glyph, key, role) = match alarm.state {
            AlarmState::New if is_urgent => (self.signs.alarm_new, "alarm_state.new", Role::Alarm),
            AlarmState::New => (self.signs.alarm_seen, "alarm_state.new", Role::Warn),
            AlarmState::Seen if is_urgent => (self.signs.alarm_seen, "alarm_state.seen", Role::Bad),
            AlarmState::Seen => (self.signs.alarm_seen, "alarm_state.seen", Role::Normal),
            AlarmState::Ended => (self.signs.alarm_ended, "alarm_state.ended", Role::Normal),
            AlarmState::Shelved => (self.signs.alarm_shelved, "alarm_state.shelved", Role::Dim),
        };
        let mut word = self.say(key, &[]);
        if alarm.state == AlarmState::New {
            word = word.to_uppercase();
        }
        State { glyph, word, role }
    }

    /// The state of a link.
    pub fn link_state(&self, state: LinkState) -> State {
        let (glyph, key, role) = match state {
            LinkState::Bound => (self.signs.full, "link_state.up", Role::Normal),
            LinkState::Connecting => (self.signs.trying, "link_state.trying", Role::Warn),
            LinkState::Down => (self.signs.empty, "link_state.down", Role::Bad),
        };
        let word = self.say(key, &[]);
        State { glyph, word, role }
    }

    /// How far an answer has come: its word and looks.
    pub fn outbox_state(&self, state: OutboxState) -> (String, Role) {
        let (key, role) = match state {
            OutboxState::Queued => ("outbox.queued", Role::Normal),
            OutboxState::Sending => ("outbox.sending", Role::Normal),
            OutboxState::Sent => ("outbox.sent", Role::Normal),
            OutboxState::Deferred => ("outbox.deferred", Role::Warn),
            OutboxState::Delivered => ("outbox.delivered", Role::Normal),
            OutboxState::Failed => ("outbox.failed", Role::Bad),
        };
        (self.say(key, &[]), role)
    }

    /// What became of a receipt, in few cells where `is_narrow`.
    pub fn receipt(&self, receipt: &ReceiptFact, is_narrow: bool) -> (String, Role) {
        let (word, role) = self.outbox_state(receipt.state);
        if !is_narrow {
            return (self.say("receipt.full", &[("state", &word)]), role);
        }
        let key = match receipt.state {
            OutboxState::Queued => "receipt.queued",
            OutboxState::Sending => "receipt.sending",
            OutboxState::Sent => "receipt.sent",
            OutboxState::Deferred => "receipt.deferred",
            OutboxState::Delivered => "receipt.delivered",
            OutboxState::Failed => "receipt.failed",
        };
        (self.say(key, &[]), role)
    }

    /// The word for in or out.
    pub fn action(&self, action: Action) -> String {
        match action {
            Action::In => self.say("presence.in", &[]),
            Action::Out => self.say("presence.out", &[]),
        }
    }

    /// A person's name for a table: as it is written, but the short name where it is written from right to left.
    pub fn person_name(&self, employee: EmployeeId, written: Option<&str>) -> String {
        let fact = self.model.facts.people.get(&employee);
        let name = fact.map(|fact| fact.name.as_str()).or(written);
        let short = fact.map_or("", |fact| fact.short.as_str());
        match name {
            Some(name) if short.is_empty() || !text::is_right_to_left(name) => name.to_owned(),
            Some(_) => short.to_owned(),
            None => self.say("shown.nobody", &[("id", &employee.to_string())]),
        }
    }

    /// A person's name for a column of `width` cells: the short name where the other one is too long.
    pub fn person_short(
        &self,
        employee: EmployeeId,
        written: Option<&str>,
        width: usize,
    ) -> String {
        let name = self.person_name(employee, written);
        if text::width(&name) <= width {
            return name;
        }
        let fact = self.model.facts.people.get(&employee);
        let short = fact.map(|fact| fact.short.clone());
        short.filter(|short| !short.is_empty()).unwrap_or(name)
    }

    /// A phone number as it may be shown now.
    pub fn phone(&self, number: &str) -> String {
        text::phone(number, self.model.is_unmasked(), self.signs)
    }

    /// A phone number as it may be shown now, in short where `width` cells do not hold it.
    pub fn phone_in(&self, number: &str, width: usize) -> String {
        let long = self.phone(number);
        if text::width(&long) <= width {
            return long;
        }
        text::phone_short(number, self.model.is_unmasked(), self.signs)
    }
}
