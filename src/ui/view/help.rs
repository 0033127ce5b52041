use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::ui::keys::Intent;
use crate::ui::look::Role;
use crate::ui::model::Pane;

impl Pen<'_> {
    /// Draws the table of keys: `rows` of it.
    pub fn help(&mut self, place: Rect, rows: usize, is_focus: bool) {
        let model = self.model;
        if model.lists.help.is_empty() {
            let text = self.say("empty.help", &[("find", &model.help_find)]);
            self.paragraph(indented(place), 1, &text, Role::Dim);
            return;
        }
        let cursor = self.cursor(Pane::Help);
        let shown = model
            .lists
            .help
            .iter()
            .enumerate()
            .skip(cursor.top)
            .take(rows);
        for (y, (index, intent)) in shown.enumerate() {
            let is_selected = is_focus && index == cursor.index;
            let Some(entry) = intent.entry() else {
                continue;
            };
            let keys: Vec<String> = model
                .keys
                .of_intent(*intent)
                .iter()
                .map(ToString::to_string)
                .collect();
            let keys = keys.join(" ");
            let about = self.say(entry.about, &[]);
            let sign = if is_selected { self.signs.cursor } else { "" };
            let mut row = self.row(place, y);
            row.cell(sign, 2, Role::Strong);
            row.cell(&keys, 9, Role::Strong);
            row.skip(1);
            if row.room() >= 90 {
                row.cell(entry.name, 18, Role::Dim);
            }
            row.put(&about, Role::Normal);
            if is_selected {
                self.select(place, y);
            }
        }
        self.help_detail(place, model.lists.help.get(cursor.index));
    }

    /// The sentence of the selected act in full.
    fn help_detail(&mut self, place: Rect, intent: Option<&Intent>) {
        let height = usize::from(place.height);
        let entry = intent.and_then(|intent| intent.entry());
        let Some(entry) = entry.filter(|_| height >= 8) else {
            return;
        };
        let about = self.say(entry.about, &[]);
        let facts = [("name", entry.name), ("about", &*about)];
        let text = self.say("shown.act", &facts);
        self.paragraph(indented(place), height - 2, &text, Role::Dim);
    }

    /// What stands above help.
    pub fn help_title(&self) -> String {
        if self.model.help_find.is_empty() {
            return self.say("pane.help", &[]);
        }
        self.say("pane.help_found", &[("find", &self.model.help_find)])
    }
}
