use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::sequences;

/// A frame from this many octets on is shown at once; what is smaller does not tear.
const SYNC_OCTETS: usize = 512;

/// Turns frames into the octets that bring a terminal from the last frame to the next one.
#[derive(Debug)]
pub struct Canvas {
    terminal: Terminal<CrosstermBackend<Octets>>,
    octets: Octets,
    /// The terminal is to be emptied before the next frame.
    is_new: bool,
}

impl Canvas {
    /// A canvas for an empty terminal of `columns` times `rows`.
    #[expect(clippy::missing_panics_doc, reason = "memory takes all octets")]
    pub fn new(columns: u16, rows: u16) -> Self {
        // The theme has no colours where none are wanted; crossterm's own way loses reversed text with them.
        crossterm::style::force_color_output(true);
        let octets = Octets::default();
        let area = Rect::new(0, 0, columns, rows);
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area),
        };
        let backend = CrosstermBackend::new(octets.clone());
        let terminal = Terminal::with_options(backend, options).expect("memory takes all octets");
        Self {
            terminal,
            octets,
            is_new: true,
        }
    }

    /// Draws a frame with `view`, and returns the octets that are to be written. After a frame whose octets were not
    /// written, a new canvas has to be made.
    #[expect(clippy::missing_panics_doc, reason = "memory takes all octets")]
    pub fn frame(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> Vec<u8> {
        if std::mem::take(&mut self.is_new) {
            let mut octets = self.octets.0.borrow_mut();
            octets.extend_from_slice(sequences::CLEAR.as_bytes());
        }
        let drawn = self.terminal.draw(view);
        drawn.expect("memory takes all octets");
        let octets = std::mem::take(&mut *self.octets.0.borrow_mut());
        if octets.len() < SYNC_OCTETS {
            return octets;
        }
        let begin = sequences::SYNC_BEGIN.as_bytes();
        [begin, &octets, sequences::SYNC_END.as_bytes()].concat()
    }
}

/// Octets that wait to be taken.
#[derive(Clone, Debug, Default)]
struct Octets(Rc<RefCell<Vec<u8>>>);

impl Write for Octets {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Modifier, Style};
    use ratatui::text::Text;

    use super::*;

    fn text(canvas: &mut Canvas, text: &str) -> String {
        let octets = canvas.frame(|frame| frame.render_widget(Text::raw(text), frame.area()));
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn only_what_changed_goes_out() {
        let mut canvas = Canvas::new(20, 2);
        assert!(text(&mut canvas, "09:14:32").starts_with("\x1b[0m\x1b[2J"));
        let second = text(&mut canvas, "09:14:33");
        assert!(second.contains("\x1b[1;8H3"), "{second:?}");
        assert!(second.len() < 48, "{} octets", second.len());
        assert!(!second.contains("[2J"), "{second:?}");
    }

    #[test]
    fn a_large_frame_is_shown_at_once() {
        let mut canvas = Canvas::new(80, 24);
        let lines = vec!["x".repeat(80); 24];
        let large = text(&mut canvas, &lines.join("\n"));
        assert!(large.starts_with("\x1b[?2026h") && large.ends_with("\x1b[?2026l"));
    }

    #[test]
    fn reversed_text_needs_no_colour() {
        let mut canvas = Canvas::new(4, 1);
        let octets = canvas.frame(|frame| {
            let style = Style::new().add_modifier(Modifier::REVERSED);
            frame.buffer_mut().set_string(0, 0, "here", style);
        });
        let octets = String::from_utf8(octets).unwrap();
        assert!(octets.contains("\x1b[7mhere"), "{octets:?}");
    }
}
