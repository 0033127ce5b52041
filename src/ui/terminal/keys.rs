use std::io;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::hang_up::is_gone;
use crate::ui::Key;

/// How long crossterm may look for input: it looks not at all where it has no time. A terminal that goes meanwhile is seen
/// after it.
const LOOK: Duration = Duration::from_millis(10);

/// What a keyboard gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// A pasted text.
    Paste(String),
}

/// Reads keys from standard input, which [`super::Raw`] made raw.
#[derive(Copy, Clone, Debug, Default)]
pub struct Keys;

impl Keys {
    /// Waits for the next input; `None` where the terminal is gone.
    ///
    /// crossterm 0.29 reads a terminal that is gone over and over, so it is asked only where poll(2) says that there is
    /// something to read and no hang-up. Its feature `use-dev-tty` is needed: without it it is told of new octets alone,
    /// and leaves what is beyond the first 1,024 unread until the next key.
    pub fn next(self) -> Option<Input> {
        loop {
            wait(Some(&Timespec::default()))?;
            // What was read together with the last key comes first.
            while poll(LOOK).ok()? {
                if let Some(input) = input_of(read().ok()?) {
                    return Some(input);
                }
            }
            wait(None)?;
        }
    }
}

/// Waits for something to read; `None` where the terminal is gone.
fn wait(at_most: Option<&Timespec>) -> Option<()> {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    match rustix::event::poll(&mut fds, at_most) {
        Err(rustix::io::Errno::INTR) => Some(()),
        Err(_) => None,
        Ok(_) => (!is_gone(fds[0].revents())).then_some(()),
    }
}

fn input_of(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => key_of(key).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        // The size comes with a signal of its own.
        Event::Resize(..) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

fn key_of(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let is_control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char(c) if is_control => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::F(number) => Key::F(number),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Insert
        | KeyCode::Null
        | KeyCode::CapsLock
        | KeyCode::ScrollLock
        | KeyCode::NumLock
        | KeyCode::PrintScreen
        | KeyCode::Pause
        | KeyCode::Menu
        | KeyCode::KeypadBegin
        | KeyCode::Media(_)
        | KeyCode::Modifier(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_every_terminal_sends() {
        let key = |code, modifiers| key_of(KeyEvent::new(code, modifiers));
        let none = KeyModifiers::NONE;
        assert_eq!(key(KeyCode::Char('a'), none), Some(Key::Char('a')));
        let shift = KeyModifiers::SHIFT;
        assert_eq!(key(KeyCode::Char('A'), shift), Some(Key::Char('A')));
        let control = KeyModifiers::CONTROL;
        assert_eq!(key(KeyCode::Char('C'), control), Some(Key::Ctrl('c')));
        assert_eq!(key(KeyCode::Char('x'), KeyModifiers::ALT), None);
        assert_eq!(key(KeyCode::Insert, none), None);
        let mut release = KeyEvent::new(KeyCode::Char('a'), none);
        release.kind = KeyEventKind::Release;
        assert_eq!(key_of(release), None);
        assert_eq!(input_of(Event::Resize(1, 1)), None);
    }
}
