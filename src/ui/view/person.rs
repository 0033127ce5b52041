use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::{DeviceFact, PersonDetail, PersonFact};
use crate::domain::PresenceSource;
use crate::ui::look::Role;
use crate::ui::text;

impl<'a> Pen<'a> {
    /// Draws the person that is selected or open: name, state, what is wrong, card, phones.
    pub fn person(&mut self, place: Rect) {
        let inner = indented(place);
        let Some(fact) = self.shown_person() else {
            let text = self.say("empty.person", &[]);
            self.paragraph(inner, 1, &text, Role::Dim);
            return;
        };
        let mut y = self.person_head(inner, fact);
        if let Some(alarm) = self.alarm_about(fact.employee) {
            let name = self.alarm_person(alarm);
            let act = self.model.act_here(&alarm.kind, name.as_deref());
            y = self.paragraph(inner, y, &act, Role::Bad);
        }
        let (note, role) = self.person_note(fact);
        if !note.is_empty() {
            y = self.paragraph(inner, y, &note, role);
        }
        let page = self.model.person.as_ref();
        let page = page.filter(|page| page.employee == fact.employee);
        if let Some(detail) = page.and_then(|page| page.detail.as_ref()) {
            self.card(inner, y, detail);
        }
    }

    /// What stands above the person: the name for tables.
    pub fn person_title(&self) -> String {
        let Some(fact) = self.shown_person() else {
            return self.say("pane.person", &[]);
        };
        self.person_name(fact.employee, Some(&fact.name))
    }

    /// What stands above the history: whose it is where it stands alone.
    pub fn history_title(&self) -> String {
        if self.model.columns >= 80 && !self.model.is_zoomed {
            return self.say("pane.history", &[]);
        }
        self.say("pane.history_of", &[("name", &self.person_title())])
    }

    /// The person that the person pane shows: the one that is open, else the one that the selection is about.
    fn shown_person(&self) -> Option<&'a PersonFact> {
        let page = self.model.person.as_ref();
        let employee = match page {
            Some(page) if page.is_open => Some(page.employee),
            Some(_) | None => self.model.subject().or(page.map(|page| page.employee)),
        };
        self.model.facts.people.get(&employee?)
    }

    /// The name as it is written where the table cannot show it, and the state; returns the line after it.
    fn person_head(&mut self, place: Rect, fact: &PersonFact) -> usize {
        let mut y = 0;
        if text::is_right_to_left(&fact.name) {
            self.line(place, y, &fact.name, Role::Normal);
            y += 1;
        }
        let state = self.person_state(fact);
        let since = match (fact.since, fact.source) {
            (None, _) => self.say("person.nothing_today", &[]),
            (Some(at), source) => {
                let (at, age) = (self.moment(at), self.age(at));
                let facts = [("at", &*at), ("age", &*age)];
                match source {
                    Some(PresenceSource::ByHand) => self.say("person.since_by_hand", &facts),
                    Some(PresenceSource::Sealed | PresenceSource::Weak) | None => {
                        self.say("person.since", &facts)
                    }
                }
            }
        };
        let mut row = self.row(place, y);
        row.put(state.glyph, state.role);
        row.skip(1);
        row.put(&state.word, state.role);
        row.skip(2);
        row.put(&since, Role::Normal);
        y + 1
    }

    fn card(&mut self, place: Rect, y: usize, detail: &PersonDetail) {
        let card = &detail.card;
        let phone = self.phone(card.phone.as_str());
        let mut parts = vec![
            self.say("person.number", &[("id", &card.id.to_string())]),
            phone,
        ];
        parts.extend(card.team.clone());
        parts.extend(card.shift.clone());
        if card.legacy {
            parts.push(self.say("person.legacy", &[]));
        }
        if card.suspended {
            parts.push(self.say("person.suspended", &[]));
        }
        let dot = format!(" {} ", self.signs.dot);
        let mut y = self.paragraph(place, y, &parts.join(&dot), Role::Normal);
        if detail.devices.is_empty() {
            let text = self.say("person.no_phone", &[]);
            self.paragraph(place, y, &text, Role::Warn);
            return;
        }
        // The newest phone is the one in use.
        let is_open = self.model.person.as_ref().is_some_and(|page| page.is_open);
        let devices = detail.devices.iter().rev();
        for device in devices.filter(|device| is_open || !device.revoked) {
            let text = self.device(device);
            let role = if device.revoked {
                Role::Dim
            } else {
                Role::Normal
            };
            y = self.paragraph(place, y, &text, role);
        }
    }

    fn device(&self, device: &DeviceFact) -> String {
        let enrolled = self.moment(device.enrolled_at);
        let id = device.device.to_string();
        let counter = device.highest.map_or_else(
            || self.say("person.no_message", &[]),
            |counter| self.say("person.counter", &[("counter", &counter.to_string())]),
        );
        let facts = [
            ("enrolled", &*enrolled),
            ("device", &*id),
            ("counter", &*counter),
        ];
        if device.revoked {
            return self.say("person.phone_revoked", &facts);
        }
        self.say("person.phone", &facts)
    }
}
