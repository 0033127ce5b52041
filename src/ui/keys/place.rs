use super::Key;

/// Places of a Latin keyboard, row by row, and what other layouts have there; a dot where a layout has nothing that
/// would not mislead. The same character may stand at two places: of two layouts.
///
/// Sources: ISIRI 9147 for Persian, the Arabic 101 layout, GOST 6431 for Russian, ELOT 1000 for Greek.
const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm";
const PERSIAN: &str = "ضصثقفغعهخحجچشسیبلاتنمکگظطزرذدپ";
const ARABIC: &str = "ضصثقفغعهخحجدشسيبلاتنمكطئءؤر.ىة";
const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмить";
const GREEK: &str = ".ςερτυθιοπ..ασδφγηξκλ..ζχψωβνμ";
const LATIN_SHIFT: &str = "QWERTYUIOPASDFGHJKL:ZXCVBNM";
const PERSIAN_SHIFT: &str =
    "ْ\u{64c}\u{64d}\u{64b}\u{64f}\u{650}\u{64e}\u{651}..ؤئ.إأآ....كٓژ\u{670}.\u{654}ء";
const ARABIC_SHIFT: &str = "\u{64e}\u{64b}\u{64f}\u{64c}...÷×؛\u{650}\u{64d}...أ.........آ.";
const RUSSIAN_SHIFT: &str = "ЙЦУКЕНГШЩЗФЫВАПРОЛДЖЯЧСМИТЬ";
const GREEK_SHIFT: &str = "..ΕΡΤΥΘΙΟΠΑΣΔΦΓΗΞΚΛ.ΖΧΨΩΒΝΜ";

const LAYOUTS: [(&str, &str); 8] = [
    (LATIN, PERSIAN),
    (LATIN, ARABIC),
    (LATIN, RUSSIAN),
    (LATIN, GREEK),
    (LATIN_SHIFT, PERSIAN_SHIFT),
    (LATIN_SHIFT, ARABIC_SHIFT),
    (LATIN_SHIFT, RUSSIAN_SHIFT),
    (LATIN_SHIFT, GREEK_SHIFT),
];

/// What `key` means: itself, then what a Latin keyboard has at the place of that character on a Persian, Arabic,
/// Russian or Greek one. Persian and Arabic digits and question marks mean the Latin ones.
pub fn means(key: Key) -> impl Iterator<Item = Key> {
    let other = match key {
        Key::Char(c) if !c.is_ascii() => Some(c),
        Key::Char(_)
        | Key::Ctrl(_)
        | Key::F(_)
        | Key::Enter
        | Key::Esc
        | Key::Tab
        | Key::BackTab
        | Key::Backspace
        | Key::Delete
        | Key::Up
        | Key::Down
        | Key::Left
        | Key::Right
        | Key::PageUp
        | Key::PageDown
        | Key::Home
        | Key::End => None,
    };
    let same = other.and_then(latin_digit).or(match other {
        Some('؟') => Some('?'),
        Some(_) | None => None,
    });
    let at_place = LAYOUTS.iter().filter_map(move |(latin, layout)| {
        let at = layout.chars().position(|c| Some(c) == other)?;
        latin.chars().nth(at)
    });
    std::iter::once(key).chain(same.into_iter().chain(at_place).map(Key::Char))
}

/// The Latin digit of a Persian or Arabic one.
pub fn latin_digit(c: char) -> Option<char> {
    let digit = match c {
        '\u{660}'..='\u{669}' => u32::from(c) - 0x660,
        '\u{6f0}'..='\u{6f9}' => u32::from(c) - 0x6f0,
        _ => return None,
    };
    char::from_digit(digit, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_have_a_character_for_each_place() {
        for (latin, layout) in LAYOUTS {
            assert_eq!(latin.chars().count(), layout.chars().count(), "{layout}");
        }
    }

    #[test]
    fn keys_are_taken_by_their_place() {
        for (typed, meant) in [
            ('ش', 'a'),
            ('ق', 'r'),
            ('ئ', 'z'),
            ('غ', 'y'),
            ('ه', 'i'),
            ('خ', 'o'),
            ('ф', 'a'),
            ('к', 'r'),
            ('К', 'R'),
            ('Ж', ':'),
            ('й', 'q'),
            ('х', '['),
            ('α', 'a'),
            ('Ρ', 'R'),
            ('υ', 'y'),
            ('ς', 'w'),
            ('σ', 's'),
            ('\u{64b}', 'R'),
            ('ؤ', 'A'),
            ('\u{650}', 'A'),
            ('\u{64c}', 'R'),
            ('۱', '1'),
            ('٦', '6'),
            ('؟', '?'),
            ('ي', 'd'),
            ('ی', 'd'),
            ('چ', ']'),
        ] {
            assert!(
                means(Key::Char(typed)).any(|key| key == Key::Char(meant)),
                "{typed}"
            );
        }
        assert_eq!(means(Key::Char('.')).collect::<Vec<_>>(), [Key::Char('.')]);
        assert_eq!(means(Key::Enter).collect::<Vec<_>>(), [Key::Enter]);
    }
}
