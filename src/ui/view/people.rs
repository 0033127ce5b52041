use ratatui::layout::Rect;

use super::pen::Pen;
use crate::api::{PersonFact, PersonPresence};
use crate::domain::PresenceSource;
use crate::ui::keys::Intent;
use crate::ui::look::Role;
use crate::ui::model::{Cursor, Order, Pane, PersonMark};

/// The widths of the columns, the gap behind each counted.
struct Columns {
    state: usize,
    name: usize,
    /// When the person came and left, each in a column of its own; 0 where there is one column for both.
    times: usize,
    team: usize,
}

/// From this width on "in" and "out" have columns of their own.
const TWO_TIMES: usize = 62;
/// From this width on there is a column for teams.
const TEAMS: usize = 84;
/// The width of the one column for both times: all of them are of this day.
const SINCE: usize = 6;
/// Cells before the state: cursor and glyph.
const BEFORE: usize = 3;

impl Columns {
    fn of(width: usize) -> Self {
        let is_wide = width >= TWO_TIMES;
        let team = if width >= TEAMS { 14 } else { 0 };
        Self {
            state: 7,
            name: if is_wide {
                (width - 42 - team).clamp(18, 30)
            } else {
                15
            },
            times: if is_wide { 7 } else { 0 },
            team,
        }
    }
}

impl Pen<'_> {
    /// Draws the table of people: `rows` of them below the head.
    pub fn people(&mut self, place: Rect, rows: usize, is_focus: bool) {
        let columns = Columns::of(usize::from(place.width));
        self.people_head(place, &columns);
        let model = self.model;
        if model.lists.people.is_empty() {
            let key = match (model.find.is_empty(), model.facts.started_at) {
                (false, _) => "empty.found",
                (true, Some(_)) => "empty.people",
                (true, None) => "empty.nothing_known",
            };
            let text = self.say(key, &[("find", &model.find)]);
            self.paragraph(indented(place), 2, &text, Role::Dim);
            return;
        }
        let cursor = self.cursor(Pane::People);
        let shown = model
            .lists
            .people
            .iter()
            .enumerate()
            .skip(cursor.top)
            .take(rows);
        for (y, (index, employee)) in shown.enumerate() {
            let is_selected = is_focus && index == cursor.index;
            if let Some(fact) = model.facts.people.get(employee) {
                self.person_row(place, y + 1, &columns, fact, is_selected);
            }
            if is_selected {
                self.select(place, y + 1);
            }
        }
    }

    /// Says that there is nothing, or that nothing is known yet.
    pub fn nothing(&self, key: &str) -> String {
        let is_known = self.model.facts.started_at.is_some();
        self.say(if is_known { key } else { "empty.nothing_known" }, &[])
    }

    /// What stands above the table of people.
    pub fn people_title(&self) -> String {
        let shown = self.model.lists.people.len().to_string();
        if self.model.find.is_empty() {
            return self.say("pane.people", &[("count", &shown)]);
        }
        let facts = [("count", &*shown), ("find", &*self.model.find)];
        self.say("pane.people_found", &facts)
    }

    /// In which order people stand, and the key that changes it.
    pub fn people_order(&self) -> String {
        let key = match self.model.order {
            Order::Attention => "order.attention",
            Order::Name => "order.name",
            Order::Time => "order.time",
            Order::Team => "order.team",
        };
        let hint = self.key_hint(Intent::Order);
        self.say(key, &[("dot", self.signs.dot), ("key", &hint)])
    }

    /// Where the cursor of a pane stands.
    pub fn cursor(&self, pane: Pane) -> Cursor {
        self.model.cursors.get(&pane).cloned().unwrap_or_default()
    }

    /// What there is to say about a person, the most important first.
    pub fn person_note(&self, fact: &PersonFact) -> (String, Role) {
        let mut parts = Vec::new();
        match self.model.person_mark(fact.employee) {
            PersonMark::Key => {
                let alarm = self.alarm_about(fact.employee);
                let count = alarm.map_or(1, |alarm| alarm.count).to_string();
                parts.push(self.say("note.key", &[("count", &count)]));
            }
            PersonMark::TwoPlaces => parts.push(self.say("note.two_places", &[])),
            PersonMark::In | PersonMark::Out => {}
        }
        if fact.suspended {
            parts.push(self.say("note.suspended", &[]));
        }
        let is_by_hand = fact.source == Some(PresenceSource::ByHand);
        if fact.clock_off_min != 0 {
            let minutes = format!("{:+}", fact.clock_off_min);
            parts.push(self.say("note.clock", &[("minutes", &minutes)]));
        }
        let role = if parts.is_empty() {
            Role::Normal
        } else {
            Role::Warn
        };
        if fact.source == Some(PresenceSource::Weak) {
            parts.push(self.say("note.weak", &[]));
        }
        match (is_by_hand, fact.note.is_empty()) {
            (true, true) => parts.push(self.say("note.by_desk", &[])),
            (true, false) => {
                parts.push(self.say("note.by_desk_because", &[("reason", &fact.note)]));
            }
            (false, true) => {}
            (false, false) => parts.push(fact.note.clone()),
        }
        (parts.join(", "), role)
    }

    fn people_head(&mut self, place: Rect, columns: &Columns) {
        let words = self.words();
        let mut row = self.row(place, 0);
        row.skip(BEFORE);
        row.cell(&words.say("column.state", &[]), columns.state, Role::Dim);
        row.cell(&words.say("column.name", &[]), columns.name, Role::Dim);
        if columns.times == 0 {
            row.cell(&words.say("column.since", &[]), SINCE, Role::Dim);
        } else {
            row.cell(&words.say("column.in", &[]), columns.times, Role::Dim);
            row.cell(&words.say("column.out", &[]), columns.times, Role::Dim);
        }
        if columns.team > 0 {
            row.cell(&words.say("column.team", &[]), columns.team, Role::Dim);
        }
        row.put(&words.say("column.note", &[]), Role::Dim);
    }

    fn person_row(
        &mut self,
        place: Rect,
        y: usize,
        columns: &Columns,
        fact: &PersonFact,
        is_selected: bool,
    ) {
        let state = self.person_state(fact);
        let name = self.person_short(fact.employee, Some(&fact.name), columns.name - 1);
        let (note, note_role) = self.person_note(fact);
        let is_by_hand = fact.source == Some(PresenceSource::ByHand);
        let by_desk = self.say("note.by_desk", &[]);
        let dash = self.signs.none;
        let time = |at: Option<_>| at.map_or_else(|| dash.to_owned(), |at| self.clock(at));
        let left = (fact.state == PersonPresence::Out)
            .then_some(fact.since)
            .flatten();
        let (first, last) = (time(fact.first_in), time(left));
        let since = time(fact.since);
        let cursor = if is_selected { self.signs.cursor } else { "" };
        let mut row = self.row(place, y);
        row.cell(cursor, 1, Role::Strong);
        row.cell(state.glyph, 2, state.role);
        row.cell(&state.word, columns.state - 1, state.role);
        row.skip(1);
        row.cell(
            &name,
            columns.name - 1,
            if fact.suspended {
                Role::Dim
            } else {
                Role::Normal
            },
        );
        row.skip(1);
        let weight = |text: &str| {
            if text == dash {
                Role::Dim
            } else {
                Role::Normal
            }
        };
        if columns.times == 0 {
            row.cell(&since, SINCE, weight(&since));
        } else {
            row.cell(&first, columns.times, weight(&first));
            row.cell(&last, columns.times, weight(&last));
        }
        if columns.team > 0 {
            row.cell(
                fact.team.as_deref().unwrap_or(""),
                columns.team - 1,
                Role::Normal,
            );
            row.skip(1);
        }
        if is_by_hand && !row.holds(&note) {
            row.put(&by_desk, note_role);
        } else {
            row.put(&note, note_role);
        }
    }
}

/// A place with a free column at its left and right.
pub fn indented(place: Rect) -> Rect {
    Rect {
        x: place.x + 1.min(place.width),
        width: place.width.saturating_sub(2),
        ..place
    }
}
