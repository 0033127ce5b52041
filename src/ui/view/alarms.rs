use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::{AlarmFact, AlarmState};
use crate::ui::keys::Intent;
use crate::ui::look::Role;
use crate::ui::model::Pane;
use crate::ui::text;

/// From this width on the age of an alarm has room.
const WIDE: u16 = 66;

/// The widest that a row is.
const WIDEST: u16 = 118;

impl Pen<'_> {
    /// Draws the alarms: `rows` of them, and below them what the selected one is about and what to do.
    pub fn alarms(&mut self, place: Rect, rows: usize, is_focus: bool) {
        let model = self.model;
        if model.lists.alarms.is_empty() {
            let text = self.nothing("empty.alarms");
            self.paragraph(indented(place), 1, &text, Role::Dim);
            return;
        }
        let cursor = self.cursor(Pane::Alarms);
        // In a wide window a row stays together.
        let place = Rect {
            width: place.width.min(WIDEST),
            ..place
        };
        let height = usize::from(place.height);
        if model.lists.alarms.len() * 4 <= height && self.roomy_rows(place) <= height {
            self.roomy(place, is_focus.then_some(cursor.index));
            return;
        }
        let shown = model
            .lists
            .alarms
            .iter()
            .enumerate()
            .skip(cursor.top)
            .take(rows);
        let mut below = 0;
        for (y, (index, id)) in shown.enumerate() {
            let is_selected = is_focus && index == cursor.index;
            if let Some(alarm) = model.alarm(*id) {
                self.alarm_row(place, y, alarm, is_selected);
            }
            if is_selected {
                self.select(place, y);
            }
            below = y + 1;
        }
        let selected = model.lists.alarms.get(cursor.index);
        let selected = selected.and_then(|id| model.alarm(*id));
        // Where no cursor is seen, the alarm of the alarm line is the one that counts.
        let shown = model.shown_alarm().filter(|_| !is_focus);
        if let Some(alarm) = shown.or(selected) {
            self.alarm_detail(place, below, alarm);
        }
    }

    /// What stands above the alarms: how many there are in each state.
    pub fn alarms_title(&self) -> String {
        let alarms = &self.model.facts.alarms;
        let count = |state| alarms.iter().filter(|alarm| alarm.state == state).count();
        let mut parts = Vec::new();
        for (state, key) in [
            (AlarmState::New, "count.new"),
            (AlarmState::Seen, "count.seen"),
            (AlarmState::Ended, "count.ended"),
            (AlarmState::Shelved, "count.shelved"),
        ] {
            let count = count(state);
            if count > 0 {
                parts.push(self.say(key, &[("count", &count.to_string())]));
            }
        }
        let dot = format!(" {} ", self.signs.dot);
        let title = self.say("pane.alarms", &[]);
        if parts.is_empty() {
            return title;
        }
        format!("{title}  {}", parts.join(&dot))
    }

    /// How many lines all alarms take with what each is about and what to do.
    fn roomy_rows(&self, place: Rect) -> usize {
        let columns = usize::from(hanging(place).width).max(2);
        let rows = |alarm: &AlarmFact| {
            let (about, act) = self.alarm_words(alarm);
            let lines = |said: &str| text::wrap(said, columns).len();
            2 + lines(&about) + lines(&act)
        };
        self.model.facts.alarms.iter().map(rows).sum()
    }

    /// Draws all alarms with what each is about and what to do.
    fn roomy(&mut self, place: Rect, selected: Option<usize>) {
        let model = self.model;
        let mut y = 0;
        for (index, id) in model.lists.alarms.iter().enumerate() {
            let Some(alarm) = model.alarm(*id) else {
                continue;
            };
            self.alarm_row(place, y, alarm, selected == Some(index));
            if selected == Some(index) {
                self.select(place, y);
            }
            let (about, act) = self.alarm_words(alarm);
            let below = hanging(place);
            let act_y = self.paragraph(below, y + 1, &about, Role::Normal);
            let arrow = self.signs.arrow;
            let mut row = self.row(place, act_y);
            row.skip(4);
            row.put(arrow, Role::Normal);
            y = self.paragraph(below, act_y, &act, Role::Normal) + 1;
        }
    }

    /// What an alarm is about, and what to do.
    pub fn alarm_words(&self, alarm: &AlarmFact) -> (String, String) {
        if let (AlarmState::Ended, Some(ended)) = (alarm.state, alarm.ended_at) {
            let (at, span) = (self.moment(ended), self.span(ended.ms_since(alarm.since)));
            let key = self.key_label(Intent::Acknowledge);
            let over = self.say("alarm_line.over", &[("at", &at), ("span", &span)]);
            return (over, self.say("alarm_line.clear", &[("key", &key)]));
        }
        let name = self.alarm_person(alarm);
        let name = name.as_deref();
        let about = self.words().alarm_text(&alarm.kind, name, alarm.count);
        (about, self.model.act_here(&alarm.kind, name))
    }

    fn alarm_row(&mut self, place: Rect, y: usize, alarm: &AlarmFact, is_selected: bool) {
        let state = self.alarm_state(alarm);
        let name = self.alarm_name(&alarm.kind);
        let about = self.alarm_about_whom(alarm);
        let since = if self.is_today(alarm.since) || place.width >= WIDE {
            self.short_moment(alarm.since)
        } else {
            self.weekday_short(alarm.since)
        };
        let age = match (alarm.state, alarm.shelved_until, alarm.ended_at) {
            (AlarmState::Shelved, Some(until), _) => {
                self.say("alarm_line.until", &[("at", &self.short_moment(until))])
            }
            (AlarmState::Ended, _, Some(ended)) => {
                let lasted = self.span(ended.ms_since(alarm.since));
                self.say("alarm_line.lasted", &[("span", &lasted)])
            }
            (_, _, _) => self.age(alarm.since),
        };
        let priority = format!("P{}", alarm.kind.priority());
        let cursor = if is_selected { self.signs.cursor } else { "" };
        let is_wide = place.width >= WIDE;
        // After the subject: since, state, and where there is room the age.
        let after = if is_wide { 32 } else { 16 };
        let weight = if state.role == Role::Dim {
            Role::Dim
        } else {
            Role::Strong
        };
        let mut row = self.row(place, y);
        row.cell(cursor, 1, Role::Strong);
        row.cell(state.glyph, 2, state.role);
        row.skip(1);
        row.cell(&priority, 3, Role::Dim);
        let subject = row.room().saturating_sub(after);
        let text = if about.is_empty() {
            name
        } else {
            format!("{name}  {about}")
        };
        row.cell(&text, subject, weight);
        row.skip(1);
        row.cell_right(&since, if is_wide { 9 } else { 6 }, Role::Normal);
        row.skip(1);
        row.cell(&state.word, 8, state.role);
        if is_wide {
            row.put(&age, Role::Normal);
        }
    }

    /// What an alarm is about and what to do, as far as there is room: what to do counts more.
    fn alarm_detail(&mut self, place: Rect, y: usize, alarm: &AlarmFact) {
        let (about, act) = self.alarm_words(alarm);
        let inner = indented(place);
        let room = usize::from(place.height).saturating_sub(y);
        let columns = usize::from(inner.width).saturating_sub(3).max(2);
        let act_lines = text::wrap(&act, columns).len();
        let about_lines = text::wrap(&about, columns + 3).len();
        let mut y = y;
        if room > act_lines + about_lines {
            y += 1;
        }
        if room >= act_lines + about_lines {
            y = self.paragraph(inner, y, &about, Role::Normal);
        }
        let arrow = self.signs.arrow;
        self.line(inner, y, arrow, Role::Strong);
        let hanging = Rect {
            x: inner.x + 3.min(inner.width),
            width: inner.width.saturating_sub(3),
            ..inner
        };
        let y = self.paragraph(hanging, y, &act, Role::Strong);
        let mut facts = vec![self.say("alarm_line.since", &[("at", &self.moment(alarm.since))])];
        if alarm.count > 1 {
            facts.push(self.say("alarm_line.count", &[("count", &alarm.count.to_string())]));
        }
        if let Some(by) = &alarm.seen_by {
            facts.push(self.say(
                "alarm_line.seen_by",
                &[("by", &by.user), ("desk", &by.desk)],
            ));
        }
        if let Some(ended) = alarm.ended_at {
            facts.push(self.say("alarm_line.ended", &[("at", &self.moment(ended))]));
        }
        if let Some(until) = alarm.shelved_until {
            facts.push(self.say("alarm_line.shelved", &[("at", &self.moment(until))]));
        }
        let facts = facts.join(" ");
        self.paragraph(inner, y + usize::from(room > 6), &facts, Role::Dim);
    }
}

/// Where the sentences of an alarm stand below it.
fn hanging(place: Rect) -> Rect {
    const LEFT: u16 = 7;
    Rect {
        x: place.x + LEFT.min(place.width),
        width: place.width.saturating_sub(LEFT + 1),
        ..place
    }
}
