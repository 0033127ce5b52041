use std::borrow::Cow;
use std::fmt::Write as _;

/// Makes foreign text safe to print: what would steer a terminal or turn the order of letters becomes a visible escape.
///
/// That is every control character (C0, DEL, C1), the line separators, the marks and overrides of direction, the
/// byte order mark and the invisible tag letters. Joiners stay: Persian is written with them.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        let point = u32::from(c);
        if !is_harmful(c) {
            made.push(c);
        } else if point < 0x100 {
            let _ = write!(made, "\\x{point:02x}");
        } else {
            let _ = write!(made, "\\u{{{point:04x}}}");
        }
    }
    Cow::Owned(made)
}

const fn is_harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn harmful_characters_become_visible() {
        for (text, made) in [
            ("Ayşe Yılmaz", "Ayşe Yılmaz"),
            ("می\u{200c}آیم", "می\u{200c}آیم"),
            ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
            ("a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f"),
            ("\u{9b}31m", "\\x9b31m"),
            ("a\u{202e}cod", "a\\u{202e}cod"),
            ("\u{2066}x\u{2069}\u{2028}", "\\u{2066}x\\u{2069}\\u{2028}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(safe(text), made);
        }
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!safe(&text).chars().any(is_harmful));
        }
    }
}
