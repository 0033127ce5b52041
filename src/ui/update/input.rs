//! Lines of input.

use tui_input::{Input, InputRequest};

use crate::ui::Key;

/// The longest reason or note, in characters: what the engine takes.
pub(super) const TEXT: usize = 280;
/// The longest text that is looked for, and the longest name of an act.
pub(super) const SEARCH: usize = 80;

/// Lets a key edit a line of at most `most` characters; returns whether it is a key of a line.
pub(super) fn edit(input: &mut Input, key: Key, most: usize) -> bool {
    let request = match key {
        Key::Char(c) if c.is_control() || input.value().chars().count() >= most => return true,
        Key::Char(c) => InputRequest::InsertChar(c),
        Key::Backspace => InputRequest::DeletePrevChar,
        Key::Delete => InputRequest::DeleteNextChar,
        Key::Left => InputRequest::GoToPrevChar,
        Key::Right => InputRequest::GoToNextChar,
        Key::Home => InputRequest::GoToStart,
        Key::End => InputRequest::GoToEnd,
        Key::Ctrl('u') => InputRequest::DeleteLine,
        Key::Ctrl(_)
        | Key::F(_)
        | Key::Enter
        | Key::Esc
        | Key::Tab
        | Key::BackTab
        | Key::Up
        | Key::Down
        | Key::PageUp
        | Key::PageDown => return false,
    };
    input.handle(request);
    true
}

/// Puts pasted text into a line, without its control characters.
pub(super) fn paste(input: &mut Input, text: &str, most: usize) {
    let room = most.saturating_sub(input.value().chars().count());
    let text = text.chars().filter(|c| !c.is_control()).take(room);
    for c in text {
        input.handle(InputRequest::InsertChar(c));
    }
}
