use std::fmt;

use crossterm::clipboard::CopyToClipboard;
use crossterm::{Command, terminal};

use crate::words::safe;

/// Keep the title, alternate screen, no cursor, bracketed paste, empty screen.
///
/// Source: xterm control sequences, modes 1049, 25 and 2004, and window operation 22.
pub(super) const ENTER: &str = "\x1b[22;0t\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[0m\x1b[2J";

/// The reverse of [`ENTER`], and the end of an update that was cut off.
pub(super) const LEAVE: &str = "\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[23;0t";

/// Colours off, and an empty screen.
pub(super) const CLEAR: &str = "\x1b[0m\x1b[2J";

/// What follows is shown at once, with [`SYNC_END`]. Mode 2026: a terminal that does not know it does nothing.
pub(super) const SYNC_BEGIN: &str = "\x1b[?2026h";

/// The end of what is shown at once.
pub(super) const SYNC_END: &str = "\x1b[?2026l";

/// The bell.
pub fn bell() -> Vec<u8> {
    b"\x07".to_vec()
}

/// Sets the title of the window to `text`, made safe.
pub fn title(text: &str) -> Vec<u8> {
    ansi(&terminal::SetTitle(safe(text)))
}

/// Gives the terminal `text` for its clipboard, made safe: OSC 52.
pub fn copy(text: &str) -> Vec<u8> {
    ansi(&CopyToClipboard::to_clipboard_from(&*safe(text)))
}

fn ansi(command: &impl Command) -> Vec<u8> {
    let mut octets = String::new();
    // A String takes all.
    let written: fmt::Result = command.write_ansi(&mut octets);
    debug_assert!(written.is_ok());
    octets.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_does_not_leave_its_sequence() {
        assert_eq!(title("a\x07\x1b]0;b"), b"\x1b]0;a\\x07\\x1b]0;b\x07");
        assert_eq!(copy("in\x07"), b"\x1b]52;c;aW5ceDA3\x1b\\");
        assert_eq!(bell(), [7]);
    }
}
