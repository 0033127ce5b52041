use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::LogLine;
use crate::ui::look::Role;
use crate::ui::model::Pane;
use crate::ui::text;

impl Pen<'_> {
    /// Draws the live feed: `rows` lines, the newest first.
    pub fn live(&mut self, place: Rect, rows: usize, is_focus: bool) {
        let model = self.model;
        if model.lists.live.is_empty() {
            let key = if model.find.is_empty() {
                "empty.live"
            } else {
                "empty.log"
            };
            let text = self.nothing(key);
            self.paragraph(indented(place), 1, &text, Role::Dim);
            return;
        }
        let lines = model.lists.live.iter().map(|seq| model.line_of(*seq));
        self.lines(Pane::Live, place, rows, is_focus, lines);
    }

    /// What stands above the live feed.
    pub fn live_title(&self) -> String {
        if self.model.paused.is_none() {
            return self.say("pane.live", &[]);
        }
        let count = self.model.lists.live_new.to_string();
        self.say("pane.live_paused", &[("count", &count)])
    }

    /// Draws the history of the person that is selected.
    pub fn history(&mut self, place: Rect, rows: usize, is_focus: bool) {
        let model = self.model;
        let history = &model.lists.history;
        if history.is_empty() {
            let text = self.say("empty.history", &[]);
            self.paragraph(indented(place), 1, &text, Role::Dim);
            return;
        }
        let lines = history.iter().map(|seq| model.line_of(*seq));
        self.lines(Pane::History, place, rows, is_focus, lines);
    }

    fn lines<'l>(
        &mut self,
        pane: Pane,
        place: Rect,
        rows: usize,
        is_focus: bool,
        lines: impl Iterator<Item = Option<&'l LogLine>>,
    ) {
        let cursor = self.cursor(pane);
        let shown: Vec<_> = lines.enumerate().skip(cursor.top).take(rows).collect();
        let oldest = shown.iter().rev().find_map(|(_, line)| *line);
        let is_today = oldest.is_none_or(|line| self.is_today(line.at));
        let columns = Columns::of(usize::from(place.width), is_today, pane == Pane::History);
        for (y, (index, line)) in shown.into_iter().enumerate() {
            let is_selected = is_focus && index == cursor.index;
            if let Some(line) = line {
                self.told(place, y, line, &columns, is_selected);
            }
            if is_selected {
                self.select(place, y);
            }
        }
    }

    fn told(
        &mut self,
        place: Rect,
        y: usize,
        line: &LogLine,
        columns: &Columns,
        is_selected: bool,
    ) {
        let time = match columns.time {
            0..6 => self.clock(line.at),
            6..10 => self.short_moment(line.at),
            _ if self.is_today(line.at) => self.clock(line.at),
            _ => self.day_and_clock(line.at),
        };
        let told = self.tell(line, columns.who, columns.is_narrow);
        let cursor = if is_selected { self.signs.cursor } else { "" };
        let mut row = self.row(place, y);
        row.cell(cursor, 1, Role::Strong);
        row.cell_right(&time, columns.time, Role::Normal);
        row.skip(1);
        let role = told.role;
        let Some(word) = told.word else {
            row.put(&told.text, role);
            return;
        };
        if columns.who > 0 {
            row.cell(&told.who, columns.who, Role::Normal);
            row.skip(1);
        }
        if columns.is_narrow {
            // A long word says all that few cells can say.
            row.cell(&word, text::width(&word).max(4), role);
            row.skip(1);
            row.put_whole(&told.text, told.text_role);
            return;
        }
        row.cell(&word, columns.word, role);
        row.skip(1);
        row.put(&told.text, told.text_role);
    }
}

/// The widths of the columns.
struct Columns {
    time: usize,
    who: usize,
    word: usize,
    is_narrow: bool,
}

impl Columns {
    fn of(width: usize, is_today: bool, is_history: bool) -> Self {
        let is_narrow = width < 44;
        Self {
            time: match (is_today, is_history) {
                (true, _) => 5,
                (false, false) => 9,
                (false, true) => 12,
            },
            who: match (is_history, width) {
                (true, _) => 0,
                (false, 0..44) => 10,
                (false, 44..64) => 14,
                (false, _) => 20,
            },
            word: 8,
            is_narrow,
        }
    }
}
