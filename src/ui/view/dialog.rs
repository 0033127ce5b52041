//! What is open over the screen and takes the keys.

use ratatui::layout::Rect;
use tui_input::Input;

use super::pen::Pen;
use super::people::indented;
use crate::ui::keys::Intent;
use crate::ui::look::Role;
use crate::ui::model::Dialog;
use crate::ui::text;

/// How wide a dialog is at most, its frame counted.
const WIDTH: u16 = 72;
/// How many acts are shown at most.
const ACTS: usize = 12;

impl Pen<'_> {
    /// Draws what is open over `body`; what is looked for stands in the notice line instead.
    pub fn dialog(&mut self, body: Rect) {
        let model = self.model;
        let Some((dialog, _)) = &model.dialog else {
            return;
        };
        let prompt = model.prompt(dialog);
        match dialog {
            Dialog::Find(_) => {}
            Dialog::Ask(_) | Dialog::Shelve(_) | Dialog::Reason { action: None, .. } => {
                let inner = self.open_box(body, &prompt, 0);
                self.paragraph(inner, 0, &prompt, Role::Strong);
            }
            Dialog::Reason { input, .. } | Dialog::Note { input, .. } => {
                let inner = self.open_box(body, &prompt, 1);
                let y = self.paragraph(inner, 0, prompt.trim_end(), Role::Strong);
                self.input_line(inner, y, "", input);
            }
            Dialog::Commands {
                input,
                matches,
                selected,
            } => {
                self.commands(body, input, matches, *selected);
            }
        }
    }

    /// Draws a line of input with its cursor; of a long one, the part around the cursor.
    pub fn input_line(&mut self, place: Rect, y: usize, prompt: &str, input: &Input) {
        let mut row = self.row(place, y);
        row.skip(1);
        row.put(prompt, Role::Strong);
        let room = row.room().saturating_sub(1);
        let before: String = input.value().chars().take(input.cursor()).collect();
        let after: String = input.value().chars().skip(input.cursor()).collect();
        let before = crate::words::safe(&before);
        let shown = tail(&before, room);
        row.put(shown, Role::Normal);
        let mut after = after.chars();
        let under = after.next().map_or_else(|| " ".to_owned(), String::from);
        row.put_cursor(&under);
        row.put(after.as_str(), Role::Normal);
    }

    fn commands(&mut self, body: Rect, input: &Input, matches: &[Intent], selected: usize) {
        // Beside its frame and the input, two lines say what the selected act does.
        let room = usize::from(body.height).saturating_sub(6).max(1);
        let shown = matches.len().clamp(1, ACTS).min(room);
        let prompt = self.model.words.say("question.commands", &[]);
        let inner = self.open_box(body, "", shown + 3);
        self.input_line(inner, 0, &prompt, input);
        if matches.is_empty() {
            let text = self.say("empty.commands", &[]);
            self.line(inner, 1, &text, Role::Dim);
            return;
        }
        let top = (selected + 1).saturating_sub(shown);
        for (y, (index, intent)) in matches.iter().enumerate().skip(top).take(shown).enumerate() {
            let Some(entry) = intent.entry() else {
                continue;
            };
            let key = self.key_label(*intent);
            let sign = if index == selected {
                self.signs.cursor
            } else {
                ""
            };
            let mut row = self.row(inner, y + 1);
            row.cell(sign, 2, Role::Strong);
            row.cell(entry.name, 20, Role::Strong);
            row.put(&key, Role::Normal);
            if index == selected {
                self.select(inner, y + 1);
                let about = self.say(entry.about, &[]);
                self.paragraph(inner, shown + 1, &about, Role::Dim);
            }
        }
    }

    /// Clears and frames a box in the middle of `body` for `text` and `more` lines, and returns its inside.
    fn open_box(&mut self, body: Rect, text: &str, more: usize) -> Rect {
        let width = WIDTH.min(body.width);
        let lines = text::wrap(text, usize::from(width).saturating_sub(4).max(2)).len();
        let height = u16::try_from(lines + more + 2)
            .unwrap_or(u16::MAX)
            .min(body.height);
        let place = Rect {
            x: body.x + (body.width - width) / 2,
            y: body.y + (body.height - height) / 2,
            width,
            height,
        };
        self.clear(place);
        self.frame(place, "", "", true);
        indented(Rect {
            x: place.x + 1.min(place.width),
            y: place.y + 1.min(place.height),
            width: place.width.saturating_sub(2),
            height: place.height.saturating_sub(2),
        })
    }
}

/// The end of `text` that fits into `columns`.
fn tail(text: &str, columns: usize) -> &str {
    let mut starts = text.char_indices().map(|(at, _)| at);
    let start = starts.find(|at| text::width(&text[*at..]) <= columns);
    start.map_or("", |at| &text[at..])
}
