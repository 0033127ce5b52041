use ratatui::layout::Rect;

use super::feed::log_role;
use super::pen::Pen;
use super::people::indented;
use crate::api::{LogKind, LogLine, LogWhat};
use crate::ui::look::Role;
use crate::ui::model::Pane;

impl Pen<'_> {
    /// Draws the log: what is shown of it, then `rows` lines, the newest first.
    pub fn log(&mut self, place: Rect, rows: usize, is_focus: bool) {
        let model = self.model;
        let filter = self.log_filter();
        self.line(place, 0, &filter, Role::Dim);
        if model.lists.log.is_empty() {
            let text = self.nothing("empty.log");
            self.paragraph(indented(place), 2, &text, Role::Dim);
            return;
        }
        let cursor = self.cursor(Pane::Log);
        let shown = model
            .lists
            .log
            .iter()
            .enumerate()
            .skip(cursor.top)
            .take(rows);
        for (y, (index, seq)) in shown.enumerate() {
            let is_selected = is_focus && index == cursor.index;
            if let Some(line) = model.line_of(*seq) {
                self.log_row(place, y + 1, line, is_selected);
            }
            if is_selected {
                self.select(place, y + 1);
            }
        }
    }

    /// What the log shows: day, kind, person, text.
    fn log_filter(&self) -> String {
        let log = &self.model.log;
        let mut parts = vec![match log.days_ago {
            None => self.say("filter.all_days", &[]),
            Some(0) => self.say("filter.today", &[]),
            Some(days) => {
                let (from, _) = self.model.site.day_before(self.model.now, days);
                self.day(from)
            }
        }];
        parts.push(match log.filter.kind {
            None => self.say("filter.all_kinds", &[]),
            Some(LogKind::CheckIns) => self.say("filter.check_ins", &[]),
            Some(LogKind::Problems) => self.say("filter.problems", &[]),
            Some(LogKind::Desk) => self.say("filter.desk", &[]),
            Some(LogKind::Link) => self.say("filter.link", &[]),
        });
        parts.push(match log.filter.employee {
            None => self.say("filter.everybody", &[]),
            Some(employee) => self.person_name(employee, None),
        });
        if !self.model.find.is_empty() {
            parts.push(self.say("filter.found", &[("find", &self.model.find)]));
        }
        let dot = format!(" {} ", self.signs.dot);
        format!(" {}", parts.join(&dot))
    }

    fn log_row(&mut self, place: Rect, y: usize, line: &LogLine, is_selected: bool) {
        let room = usize::from(place.width);
        let (time, who) = match room {
            0..100 => (12, 16),
            _ => (24, 24),
        };
        let at = if room < 100 {
            self.day_and_clock(line.at)
        } else {
            self.moment_in_full(line.at)
        };
        let (word, role) = match &line.what {
            LogWhat::Feed(feed) => self.feed_word(feed),
            LogWhat::LinkUp { .. } | LogWhat::LinkDown { .. } => {
                (self.say("log.kind_link", &[]), log_role(&line.what))
            }
            LogWhat::EngineStarted { .. } | LogWhat::EngineStopped => {
                (self.say("log.kind_engine", &[]), log_role(&line.what))
            }
            LogWhat::Desk { .. } => (self.say("log.kind_desk", &[]), log_role(&line.what)),
            LogWhat::Note { .. } => (self.say("log.kind_note", &[]), log_role(&line.what)),
            LogWhat::OverBound(_) => (self.say("log.kind_flood", &[]), log_role(&line.what)),
        };
        let told = self.tell(line, who - 1, room < 44);
        let text = if told.word.is_some() {
            told.text
        } else {
            self.sentence(line)
        };
        let text_role = if told.word.is_some() {
            told.text_role
        } else {
            told.role
        };
        let cursor = if is_selected { self.signs.cursor } else { "" };
        let is_feed = told.word.is_some();
        let mut row = self.row(place, y);
        row.cell(cursor, 1, Role::Strong);
        row.cell_right(&at, time, Role::Normal);
        row.skip(1);
        row.cell(&word, 8, role);
        row.skip(1);
        if is_feed {
            row.cell(&told.who, who - 1, Role::Normal);
            row.skip(1);
        }
        row.put(&text, text_role);
    }
}
