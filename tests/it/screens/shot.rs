//! A frame as text, and its looks as runs of cells.

use std::fmt::Write as _;

use hazir::ui::{Model, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::style::{Color, Modifier};

/// Draws one frame in a window as large as the model says.
pub(crate) fn draw(model: &Model) -> Buffer {
    let backend = TestBackend::new(model.columns, model.rows);
    let mut terminal = Terminal::new(backend).expect("a buffer is always there");
    terminal
        .draw(|frame| view(model, frame))
        .expect("a buffer takes all");
    terminal.backend().buffer().clone()
}

/// The text of a frame, line by line, without blanks at the ends of lines.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let line = line(buffer, y);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// One line of a frame; a wide character stands for all of its cells.
pub(crate) fn line(buffer: &Buffer, y: u16) -> String {
    let mut line = String::new();
    let mut x = 0;
    while x < buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        line.push_str(symbol);
        x += symbol.cell_width().max(1);
    }
    line
}

/// Where cells do not look like the terminal's own: `row:from-to looks` for each run.
pub(crate) fn looks(buffer: &Buffer) -> String {
    let mut runs = String::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let look = look(&buffer[(x, y)]);
            let from = x;
            while x < buffer.area.width && self::look(&buffer[(x, y)]) == look {
                x += 1;
            }
            if !look.is_empty() {
                let _ = write!(runs, "[{y}:{from}-{} {look}] ", x - 1);
            }
        }
        if !runs.is_empty() && !runs.ends_with('\n') {
            runs.truncate(runs.trim_end().len());
            runs.push('\n');
        }
    }
    runs
}

fn look(cell: &Cell) -> String {
    let mut parts = Vec::new();
    if cell.fg != Color::Reset {
        parts.push(cell.fg.to_string());
    }
    if cell.bg != Color::Reset {
        parts.push(format!("on {}", cell.bg));
    }
    for (modifier, name) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
    ] {
        if cell.modifier.contains(modifier) {
            parts.push(name.to_owned());
        }
    }
    parts.join(" ")
}
