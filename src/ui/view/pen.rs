//! What draws: a pen that stays within a place, and rows of cells. All foreign text goes through here and is made safe.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::ui::Model;
use crate::ui::look::{Edges, Role, Signs};
use crate::ui::text;
use crate::words::Words;

/// Draws one frame.
pub struct Pen<'a> {
    /// What is drawn.
    pub model: &'a Model,
    /// The characters that are drawn with.
    pub signs: &'static Signs,
    buffer: &'a mut Buffer,
    is_colourless: bool,
}

impl<'a> Pen<'a> {
    /// A pen for `buffer`.
    pub fn new(model: &'a Model, buffer: &'a mut Buffer) -> Self {
        Self {
            model,
            signs: model.look.glyphs.signs(),
            buffer,
            is_colourless: false,
        }
    }

    /// Leaves colours and weights out from now on, or not.
    pub fn set_colourless(&mut self, is_colourless: bool) {
        self.is_colourless = is_colourless;
    }

    /// The words for people.
    pub fn words(&self) -> &'a Words {
        &self.model.words
    }

    /// Says `key` with its facts.
    pub fn say(&self, key: &str, facts: &[(&str, &str)]) -> String {
        self.model.words.say(key, facts)
    }

    /// Begins the line `y` of `place`, counted from its top. A line below the place draws nothing.
    pub fn row(&mut self, place: Rect, y: usize) -> Row<'_, 'a> {
        let y = u16::try_from(y).unwrap_or(u16::MAX);
        let place = place.intersection(self.buffer.area);
        let is_inside = y < place.height;
        Row {
            x: place.x,
            end: if is_inside { place.right() } else { place.x },
            y: place.y.saturating_add(y),
            pen: self,
        }
    }

    /// Writes `lines` from the line `y` of `place` on, and returns the line after them.
    pub fn paragraph(&mut self, place: Rect, y: usize, text: &str, role: Role) -> usize {
        let lines = text::wrap(text, usize::from(place.width).max(2));
        let count = lines.len();
        for (at, line) in lines.iter().enumerate() {
            self.row(place, y + at).put(line, role);
        }
        y + count
    }

    /// Writes what a fact is called and the fact, from the line `y` of `place` on; returns the line after it.
    pub fn fact(&mut self, place: Rect, y: usize, label: &str, text: &str, role: Role) -> usize {
        const LABEL: usize = 13;
        let room = usize::from(place.width).saturating_sub(LABEL).max(2);
        let lines = text::wrap(text, room);
        for (at, line) in lines.iter().enumerate() {
            let mut row = self.row(place, y + at);
            row.cell(if at == 0 { label } else { "" }, LABEL - 1, Role::Dim);
            row.skip(1);
            row.put(line, role);
        }
        y + lines.len()
    }

    /// Writes one line of `place` whole.
    pub fn line(&mut self, place: Rect, y: usize, text: &str, role: Role) {
        self.row(place, y).put(text, role);
    }

    /// Shows that the line `y` of `place` is selected.
    pub fn select(&mut self, place: Rect, y: usize) {
        if self.is_colourless {
            return;
        }
        let row = self.row(place, y);
        let (x, y, width) = (row.x, row.y, row.end - row.x);
        let style = Style::new()
            .add_modifier(Modifier::REVERSED)
            .remove_modifier(Modifier::DIM);
        self.buffer.set_style(Rect::new(x, y, width, 1), style);
    }

    /// Makes all of `place` weaker: what it says is old.
    pub fn dim(&mut self, place: Rect) {
        let style = Style::new().add_modifier(Modifier::DIM);
        self.buffer.set_style(place, style);
    }

    /// Clears `place`. A wide character that would reach into it goes.
    pub fn clear(&mut self, place: Rect) {
        let place = place.intersection(self.buffer.area);
        for y in place.top()..place.bottom() {
            if let Some(before) = place.x.checked_sub(1)
                && text::width(self.buffer[(before, y)].symbol()) > 1
            {
                self.buffer[(before, y)].set_symbol(" ");
            }
            for x in place.left()..place.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    /// Frames `place`, with a title above and a hint below.
    pub fn frame(&mut self, place: Rect, title: &str, hint: &str, is_focus: bool) {
        if place.width < 2 || place.height < 2 {
            return;
        }
        let (edges, role) = if is_focus {
            (&self.signs.thick, Role::Strong)
        } else {
            (&self.signs.light, Role::Dim)
        };
        self.edges(
            place,
            edges,
            if is_focus { Role::Normal } else { Role::Dim },
        );
        let room = usize::from(place.width).saturating_sub(6);
        let title = text::fit(title, room, self.signs.ellipsis);
        let mut row = self.row(place, 0);
        row.skip(2);
        if !title.is_empty() {
            row.put(" ", role);
            row.put(&title, role);
            row.put(" ", role);
        }
        if hint.is_empty() || text::width(hint) > room {
            return;
        }
        let bottom = usize::from(place.height) - 1;
        let mut row = self.row(place, bottom);
        row.skip(usize::from(place.width) - text::width(hint) - 4);
        row.put(" ", Role::Dim);
        row.put(hint, Role::Dim);
        row.put(" ", Role::Dim);
    }

    fn edges(&mut self, place: Rect, edges: &Edges, role: Role) {
        let across = edges.across.repeat(usize::from(place.width) - 2);
        let [top_left, top_right, bottom_left, bottom_right] = edges.corners;
        let bottom = usize::from(place.height) - 1;
        for (y, left, right) in [
            (0, top_left, top_right),
            (bottom, bottom_left, bottom_right),
        ] {
            let mut row = self.row(place, y);
            row.put(left, role);
            row.put(&across, role);
            row.put(right, role);
        }
        for y in 1..bottom {
            let mut row = self.row(place, y);
            row.put(edges.down, role);
            row.leave(1);
            row.put(edges.down, role);
        }
    }

    fn style(&self, role: Role) -> Style {
        if self.is_colourless {
            return Style::new();
        }
        self.model.look.theme.style(role)
    }
}

/// A line that is being written, from left to right.
pub struct Row<'p, 'a> {
    pen: &'p mut Pen<'a>,
    x: u16,
    end: u16,
    y: u16,
}

impl Row<'_, '_> {
    /// The cells that are left.
    pub fn room(&self) -> usize {
        usize::from(self.end - self.x)
    }

    /// Whether all of a text has room.
    pub fn holds(&self, text: &str) -> bool {
        text::width(text) <= self.room()
    }

    /// Writes a text, cut where the line ends.
    pub fn put(&mut self, text: &str, role: Role) {
        let room = self.room();
        self.write(text, room, role);
    }

    /// Writes a text where all of it has room, and says whether it had.
    pub fn put_whole(&mut self, text: &str, role: Role) -> bool {
        let fits = self.holds(text);
        if fits {
            self.put(text, role);
        }
        fits
    }

    /// Writes a text into a column of `width`, cut where it is longer, and goes on after the column.
    pub fn cell(&mut self, text: &str, width: usize, role: Role) {
        let width = width.min(self.room());
        let from = self.x;
        self.write(text, width, role);
        self.x = from + u16::try_from(width).unwrap_or(0);
    }

    /// Writes a text at the right end of a column.
    pub fn cell_right(&mut self, text: &str, width: usize, role: Role) {
        let width = width.min(self.room());
        let text = text::fit(text, width, self.pen.signs.ellipsis);
        self.skip(width - text::width(&text));
        self.put(&text, role);
    }

    /// Writes the character under a cursor.
    pub fn put_cursor(&mut self, under: &str) {
        let from = self.x;
        self.put(under, Role::Normal);
        let width = self.x - from;
        let style = Style::new().add_modifier(Modifier::REVERSED);
        self.pen
            .buffer
            .set_style(Rect::new(from, self.y, width, 1), style);
    }

    /// Leaves `cells` free.
    pub fn skip(&mut self, cells: usize) {
        let cells = cells.min(self.room());
        self.x += u16::try_from(cells).unwrap_or(0);
    }

    /// Goes to where `cells` are left.
    pub fn leave(&mut self, cells: usize) {
        self.skip(self.room().saturating_sub(cells));
    }

    fn write(&mut self, text: &str, room: usize, role: Role) {
        if room == 0 {
            return;
        }
        let style = self.pen.style(role);
        let text = text::fit(text, room, self.pen.signs.ellipsis);
        let (x, _) = self
            .pen
            .buffer
            .set_stringn(self.x, self.y, &text, room, style);
        self.x = x.min(self.end);
    }
}
