use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::{Hold, LinkFact, OutboxFact};
use crate::domain::{AnswerKind, OutboxState};
use crate::ui::look::Role;
use crate::ui::model::{Pane, line_employee};

impl Pen<'_> {
    /// Draws the outbox: a head and `rows` entries.
    pub fn outbox(&mut self, place: Rect, rows: usize, is_focus: bool) {
        let model = self.model;
        self.outbox_head(place);
        if model.lists.outbox.is_empty() {
            let text = self.nothing("empty.outbox");
            self.paragraph(indented(place), 2, &text, Role::Dim);
            return;
        }
        let cursor = self.cursor(Pane::Outbox);
        let shown = model
            .lists
            .outbox
            .iter()
            .enumerate()
            .skip(cursor.top)
            .take(rows);
        for (y, (index, id)) in shown.enumerate() {
            let is_selected = is_focus && index == cursor.index;
            if let Some(entry) = model.facts.outbox.get(id) {
                self.outbox_row(place, y + 1, entry, is_selected);
            }
            if is_selected {
                self.select(place, y + 1);
            }
        }
        let selected = model.lists.outbox.get(cursor.index);
        if let Some(entry) = selected.and_then(|id| model.facts.outbox.get(id)) {
            let below = model
                .lists
                .outbox
                .len()
                .saturating_sub(cursor.top)
                .min(rows)
                + 1;
            self.outbox_detail(place, below, entry);
        }
    }

    /// What stands above the outbox.
    pub fn outbox_title(&self) -> String {
        let Some((link, hold)) = self.outbox_hold() else {
            return self.say_outbox("pane.outbox");
        };
        let totals = &self.model.facts.totals;
        let facts = [
            ("sending", &*totals.outbox_sending.to_string()),
            ("failed", &*totals.outbox_failed.to_string()),
            ("gateway", &*link.gateway.0),
            ("hold", &*hold),
        ];
        if self.model.facts.links.len() == 1 {
            self.say("pane.outbox_held", &facts)
        } else {
            self.say("pane.outbox_held_by", &facts)
        }
    }

    /// What holds back the answers of the gateway for which the most wait, where a limit or the gateway does; that a link
    /// is down is said elsewhere.
    fn outbox_hold(&self) -> Option<(&LinkFact, String)> {
        let links = self.model.facts.links.iter();
        let held = links.filter(|link| link.hold.is_some_and(|hold| hold != Hold::Link));
        let most = held.max_by_key(|link| link.waiting)?;
        Some((most, self.link_hold(most)?))
    }

    /// When an answer is tried again, or what went wrong with it.
    pub fn outbox_note(&self, entry: &OutboxFact) -> (String, Role) {
        let mut parts = Vec::new();
        let next = entry
            .next_at
            .filter(|next| entry.state.is_open() && *next > self.model.now);
        if let Some(next) = next {
            let span = self.span(next.ms_since(self.model.now));
            parts.push(self.say("answer.next", &[("span", &span)]));
        }
        if let Some(error) = &entry.error
            && !entry.is_settled()
        {
            parts.push(self.words().send_error(error));
        }
        let role = match entry.state {
            OutboxState::Failed => Role::Bad,
            OutboxState::Deferred => Role::Warn,
            OutboxState::Queued
            | OutboxState::Sending
            | OutboxState::Sent
            | OutboxState::Delivered => Role::Normal,
        };
        (parts.join(", "), role)
    }

    /// What an answer is.
    pub fn answer_kind(&self, kind: AnswerKind) -> String {
        match kind {
            AnswerKind::Receipt => self.say("kind.receipt", &[]),
            AnswerKind::Refusal => self.say("kind.refusal", &[]),
            AnswerKind::Message => self.say("kind.message", &[]),
        }
    }

    /// All that is known of the entry that is selected, in a sentence below the list.
    fn outbox_detail(&mut self, place: Rect, y: usize, entry: &OutboxFact) {
        if usize::from(place.height) < y + 2 {
            return;
        }
        let (state, role) = self.outbox_state(entry.state);
        let (note, _) = self.outbox_note(entry);
        let (id, attempts) = (entry.id.to_string(), entry.attempts.to_string());
        let (to, kind) = (self.model.recipient(entry.id), self.answer_kind(entry.kind));
        let queued = self.moment(entry.queued_at);
        let facts = [
            ("id", &*id),
            ("kind", &*kind),
            ("to", &*to),
            ("state", &*state),
            ("attempts", &*attempts),
            ("queued", &*queued),
            ("gateway", &*entry.gateway.0),
        ];
        let mut text = self.say("answer.detail", &facts);
        if !note.is_empty() {
            text.push_str(": ");
            text.push_str(&note);
        }
        text.push('.');
        self.paragraph(indented(place), y + 1, &text, role);
    }

    fn outbox_head(&mut self, place: Rect) {
        let columns = Columns::of(usize::from(place.width));
        let words = self.words();
        let mut row = self.row(place, 0);
        row.skip(1);
        for (key, width) in [
            ("column.number", columns.id),
            ("column.to", columns.to),
            ("column.what", columns.what),
            ("column.answer_state", columns.state),
            ("column.tries", columns.tries),
            ("column.queued", columns.queued),
        ] {
            if width > 0 {
                row.cell(&words.say(key, &[]), width, Role::Dim);
            }
        }
        row.put(&words.say("column.next", &[]), Role::Dim);
    }

    fn outbox_row(&mut self, place: Rect, y: usize, entry: &OutboxFact, is_selected: bool) {
        let columns = Columns::of(usize::from(place.width));
        let employee = self.model.line_of(entry.seq).and_then(line_employee);
        let to = employee.map_or_else(
            || self.phone_in(&entry.to, columns.to - 1),
            |employee| self.person_short(employee, None, columns.to - 1),
        );
        let (state, role) = self.outbox_state(entry.state);
        let (note, note_role) = self.outbox_note(entry);
        let kind = self.answer_kind(entry.kind);
        let queued = self.short_moment(entry.queued_at);
        let cursor = if is_selected { self.signs.cursor } else { "" };
        let mut row = self.row(place, y);
        row.cell(cursor, 1, Role::Strong);
        row.cell(&entry.id.to_string(), columns.id - 1, Role::Dim);
        row.skip(1);
        row.cell(&to, columns.to - 1, Role::Normal);
        row.skip(1);
        if columns.what > 0 {
            row.cell(&kind, columns.what, Role::Normal);
        }
        row.cell(&state, columns.state, role);
        if columns.tries > 0 {
            row.cell(&entry.attempts.to_string(), columns.tries, Role::Normal);
        }
        if columns.queued > 0 {
            row.cell(&queued, columns.queued, Role::Normal);
        }
        row.put(&note, note_role);
    }
}

/// The widths of the columns, the gap behind each counted.
struct Columns {
    id: usize,
    to: usize,
    what: usize,
    state: usize,
    tries: usize,
    queued: usize,
}

impl Columns {
    fn of(width: usize) -> Self {
        Self {
            id: 6,
            to: if width < 72 { 16 } else { 22 },
            what: if width < 72 { 0 } else { 9 },
            state: 11,
            tries: if width < 56 { 0 } else { 7 },
            queued: if width < 96 { 0 } else { 11 },
        }
    }
}
