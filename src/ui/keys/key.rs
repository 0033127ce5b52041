use std::fmt;

/// A key, as any terminal can send it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A character.
    Char(char),
    /// With the control key: a small Latin letter.
    Ctrl(char),
    /// A function key.
    F(u8),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Tab with shift.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
}

/// Keys that have a name, as configurations write them and help prints them.
const NAMED: [(Key, &str); 15] = [
    (Key::Enter, "Enter"),
    (Key::Esc, "Esc"),
    (Key::Tab, "Tab"),
    (Key::BackTab, "Shift-Tab"),
    (Key::Backspace, "Backspace"),
    (Key::Delete, "Delete"),
    (Key::Up, "Up"),
    (Key::Down, "Down"),
    (Key::Left, "Left"),
    (Key::Right, "Right"),
    (Key::PageUp, "PgUp"),
    (Key::PageDown, "PgDn"),
    (Key::Home, "Home"),
    (Key::End, "End"),
    (Key::Char(' '), "Space"),
];

impl Key {
    /// Reads a key as it is written in a configuration: `a`, `A`, `?`, `F1`, `Ctrl-L`, `Enter`, `PgUp`; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut characters = text.chars();
        if let (Some(c), None) = (characters.next(), characters.next()) {
            return (!c.is_control() && c != ' ').then_some(Self::Char(c));
        }
        let named = NAMED
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text));
        if let Some((key, _)) = named {
            return Some(*key);
        }
        let lower = text.to_ascii_lowercase();
        if let Some(letter) = lower.strip_prefix("ctrl-") {
            let mut letters = letter.chars();
            let (letter, rest) = (letters.next()?, letters.next());
            let is_letter = letter.is_ascii_lowercase() || letter == '[';
            return (is_letter && rest.is_none()).then_some(Self::Ctrl(letter));
        }
        let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
        (1..=12).contains(&number).then_some(Self::F(number))
    }

    /// Whether terminals, multiplexers or browsers take this key for themselves, so that nothing may be bound to it.
    pub const fn is_never_bound(self) -> bool {
        match self {
            Self::Ctrl(letter) => matches!(
                letter,
                'a' | 'b' | 's' | 'q' | 'z' | 'h' | 'i' | 'j' | 'm' | '[' | 'w' | 't' | 'n'
            ),
            Self::F(number) => matches!(number, 10 | 11),
            Self::Char(c) => c == '~',
            Self::Enter
            | Self::Esc
            | Self::Tab
            | Self::BackTab
            | Self::Backspace
            | Self::Delete
            | Self::Up
            | Self::Down
            | Self::Left
            | Self::Right
            | Self::PageUp
            | Self::PageDown
            | Self::Home
            | Self::End => false,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMED.iter().find(|(key, _)| key == self) {
            return f.write_str(name);
        }
        match self {
            Self::Char(c) => write!(f, "{c}"),
            Self::Ctrl(letter) => write!(f, "Ctrl-{}", letter.to_ascii_uppercase()),
            Self::F(number) => write!(f, "F{number}"),
            Self::Enter
            | Self::Esc
            | Self::Tab
            | Self::BackTab
            | Self::Backspace
            | Self::Delete
            | Self::Up
            | Self::Down
            | Self::Left
            | Self::Right
            | Self::PageUp
            | Self::PageDown
            | Self::Home
            | Self::End => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_printed() {
        for key in [
            Key::Char('a'),
            Key::Char('A'),
            Key::Char('?'),
            Key::Char(' '),
            Key::Ctrl('l'),
            Key::F(1),
            Key::F(12),
            Key::Enter,
            Key::BackTab,
            Key::PageDown,
        ] {
            assert_eq!(Key::parse(&key.to_string()), Some(key), "{key}");
        }
        for text in [
            "", " ", "aa", "F0", "F13", "Ctrl-", "Ctrl-é", "\x1b", "Alt-x",
        ] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
