//! Link line, hint line and notice line: is the link alive, what can be pressed, what was done last.

use ratatui::layout::Rect;

use super::pen::{Pen, Row};
use crate::api::{LinkFact, LinkState};
use crate::ui::look::Role;
use crate::ui::model::{Dialog, Pane};
use crate::ui::text;

/// How many cells the reply times take.
const SPARK: usize = 9;
/// From this width on all counts of the outbox stand in the link line.
const MANY: u16 = 110;
/// Between the parts of the link line.
const GAP: usize = 3;

impl Pen<'_> {
    /// Draws whether the links are alive, what waits, and what is left of the disk.
    pub fn link_line(&mut self, place: Rect) {
        if self.model.facts.started_at.is_none() {
            return;
        }
        let outbox_word = self.say("foot.outbox", &[]);
        let counts = if place.width >= MANY {
            self.outbox_counts()
        } else {
            self.outbox_short()
        };
        let outbox_role = self.outbox_role();
        let disk_word = self.say("foot.disk", &[]);
        let disk = self.disk();
        let model = self.model;
        let engine = model.facts.started_at.map(|started| {
            let facts = [
                ("version", &*model.facts.version),
                ("age", &*self.age(started)),
            ];
            self.say("foot.engine", &facts)
        });
        let mut parts = self.link_parts(place.width >= 72);
        let mut row = self.row(place, 0);
        row.skip(1);
        for (text, role) in parts.drain(..) {
            row.put_whole(&text, role);
            row.skip(1);
        }
        part(&mut row, &outbox_word, &counts, outbox_role);
        if let Some((free, role)) = disk {
            part(&mut row, &disk_word, &free, role);
        }
        if let Some(engine) = engine {
            part(&mut row, "", &engine, Role::Dim);
        }
    }

    /// Draws which keys do something here: as many as there is room for, help always.
    pub fn hint_line(&mut self, place: Rect, pane: Pane, panes: usize) {
        const BETWEEN: usize = 2;
        let mut hints = self.hints(pane, panes);
        hints.retain(|hint| !hint.is_empty());
        let room = usize::from(place.width).saturating_sub(2);
        let total = |hints: &[String]| -> usize {
            hints.iter().map(|hint| text::width(hint) + BETWEEN).sum()
        };
        if total(&hints) > room + BETWEEN && self.model.dialog.is_none() {
            // Everybody knows arrows.
            hints.remove(0);
        }
        while hints.len() > 3 && total(&hints) > room + BETWEEN {
            // The last two are commands and help.
            hints.remove(hints.len() - 3);
        }
        let mut row = self.row(place, 0);
        row.skip(1);
        for hint in hints {
            if !row.put_whole(&hint, Role::Normal) {
                return;
            }
            row.skip(BETWEEN);
        }
    }

    /// Draws what was done last or could not be; while something is looked for, that.
    pub fn notice_line(&mut self, place: Rect) {
        let model = self.model;
        if let Some((Dialog::Find(input), _)) = &model.dialog {
            let prompt = model.words.say("foot.find", &[]);
            self.input_line(place, 0, &prompt, input);
            return;
        }
        // What was said before a question opened has nothing to do with it.
        let asked = model.dialog.as_ref().map(|(_, since)| *since);
        let notice = model.notice.as_ref();
        let Some(notice) = notice.filter(|said| asked.is_none_or(|asked| said.at >= asked)) else {
            return;
        };
        let role = if notice.is_fault {
            Role::Bad
        } else {
            Role::Normal
        };
        let mut row = self.row(place, 0);
        row.skip(1);
        row.put(&notice.text, role);
    }

    fn link_parts(&self, has_room: bool) -> Vec<(String, Role)> {
        let links = &self.model.facts.links;
        let word = (self.say("foot.link", &[]), Role::Strong);
        // The link that is worst off, and of those the one that has been so the longest.
        let worst = links
            .iter()
            .max_by_key(|link| (link.state, std::cmp::Reverse(link.since)));
        let Some(worst) = worst else {
            return vec![word, (self.say("foot.no_link", &[]), Role::Dim)];
        };
        let state = self.link_state(worst.state);
        let age = self.age(worst.since);
        let mut parts = vec![
            word,
            (format!("{} {} {age}", state.glyph, state.word), state.role),
        ];
        if links.len() > 1 {
            let up = links
                .iter()
                .filter(|link| link.state == LinkState::Bound)
                .count();
            let facts = [("up", &*up.to_string()), ("all", &*links.len().to_string())];
            let text = self.say("foot.links", &facts);
            let name = if worst.state == LinkState::Bound {
                ""
            } else {
                &*worst.gateway.0
            };
            parts.push((format!("{name} {text}").trim().to_owned(), Role::Normal));
        }
        if has_room {
            parts.extend(self.reply(worst));
        }
        parts
    }

    fn reply(&self, link: &LinkFact) -> Option<(String, Role)> {
        let ms = link.reply_ms.filter(|_| link.state == LinkState::Bound)?;
        let spark = self.sparkline(&link.gateway, SPARK);
        Some((format!(" {} {spark}", self.reply_time(ms)), Role::Normal))
    }
}

/// Writes a part of the link line, where all of it has room.
fn part(row: &mut Row<'_, '_>, word: &str, text: &str, role: Role) {
    let wide = GAP + text::width(word) + 1 + text::width(text);
    if wide > row.room() {
        return;
    }
    row.skip(if word.is_empty() { GAP - 1 } else { GAP });
    row.put(word, Role::Strong);
    row.skip(1);
    row.put(text, role);
}
