//! Foreign text, cut to the width that a terminal gives it.

use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::look::Signs;
use crate::words::safe;

/// How many cells a text takes when it is drawn: grapheme by grapheme, as the buffer counts them.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(cells).sum()
}

/// Makes foreign text safe and cuts it to `columns`, with an ellipsis where something is left out.
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    // More than this is never shown: what a stranger sends must not cost a frame.
    let text = safe(head(text, columns.saturating_mul(16).saturating_add(64)));
    if width(&text) <= columns {
        return text.into_owned();
    }
    let room = columns.saturating_sub(width(ellipsis));
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += cells(grapheme);
        if used > room {
            break;
        }
        cut.push_str(grapheme);
    }
    if width(ellipsis) <= columns {
        cut.truncate(cut.trim_end().len());
        cut.push_str(ellipsis);
    }
    cut
}

/// Makes foreign text safe and breaks it between words into lines of at most `columns`; a longer word is broken too.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let text = safe(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let wide = width(word);
        if used > 0 && used + 1 + wide <= columns {
            line.push(' ');
            line.push_str(word);
            used += 1 + wide;
            continue;
        }
        if used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for grapheme in word.graphemes(true) {
            // Marks that take cells of their own can make one grapheme wider than a line.
            let grapheme = if cells(grapheme) > columns {
                "?"
            } else {
                grapheme
            };
            let wide = cells(grapheme);
            // What no line can hold is left out.
            if wide > columns {
                continue;
            }
            if used > 0 && used + wide > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += wide;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A phone number for a screen: country, the next three digits and the last two, `+90 533 ••• •• 42`. A name or a short
/// code, as gateways send them, stays as it is.
pub fn phone(number: &str, is_shown: bool, signs: &Signs) -> String {
    /// Shorter ones are short codes, which belong to nobody.
    const SHORTEST: usize = 7;
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if is_shown || digits < SHORTEST {
        return safe(number).into_owned();
    }
    let dots = |count| signs.hidden.repeat(count);
    let end = last_two(number);
    let national = number
        .strip_prefix('+')
        .filter(|rest| rest.bytes().all(|octet| octet.is_ascii_digit()));
    let Some(rest) = national else {
        return format!("{} {}", dots(7), safe(end));
    };
    let (country, area) = rest.split_at(country_digits(rest));
    let shown = area.get(..3).filter(|_| area.len() >= 7).unwrap_or("");
    let space = if shown.is_empty() { "" } else { " " };
    format!("+{country}{space}{shown} {} {} {end}", dots(3), dots(2))
}

/// A phone number as [`phone`] hides it, in as few cells as still say whose it may be: `+90533••42`.
pub fn phone_short(number: &str, is_shown: bool, signs: &Signs) -> String {
    let long = phone(number, is_shown, signs);
    if is_shown || !long.contains(signs.hidden) {
        return long;
    }
    let (start, end) = (long.find(signs.hidden), long.rfind(signs.hidden));
    let (Some(start), Some(end)) = (start, end) else {
        return long;
    };
    let head: String = long[..start].split_whitespace().collect();
    let tail = long[end + signs.hidden.len()..].trim_start();
    format!("{head}{}{tail}", signs.hidden.repeat(2))
}

/// How many digits of an E.164 number are its country code: 1 to 3.
///
/// Source: ITU-T E.164, list of assigned country codes.
fn country_digits(digits: &str) -> usize {
    let octets = digits.as_bytes();
    match (octets.first(), octets.get(1)) {
        (Some(b'1' | b'7'), _) => 1,
        (Some(b'2'), Some(b'0' | b'7'))
        | (Some(b'3'), Some(b'0'..=b'4' | b'6' | b'9'))
        | (Some(b'4'), Some(b'0' | b'1' | b'3'..=b'9'))
        | (Some(b'5'), Some(b'1'..=b'8'))
        | (Some(b'6'), Some(b'0'..=b'6'))
        | (Some(b'8'), Some(b'1' | b'2' | b'4' | b'6'))
        | (Some(b'9'), Some(b'0'..=b'5' | b'8')) => 2,
        (_, _) => digits.len().min(3),
    }
}

fn last_two(text: &str) -> &str {
    let at = text.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
    &text[at..]
}

fn head(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters);
    end.map_or(text, |(at, _)| &text[..at])
}

fn cells(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    usize::from(grapheme.cell_width())
}

/// Whether a text has letters that are written from right to left.
pub fn is_right_to_left(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c,
            '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;
    use crate::ui::Glyphs;

    #[test]
    fn a_text_that_is_too_wide_ends_in_an_ellipsis() {
        for (text, columns, cut) in [
            ("Ayşe", 4, "Ayşe"),
            ("Ayşe Yılmaz", 5, "Ayşe…"),
            ("Ayşe Yılmaz", 6, "Ayşe…"),
            ("山田太郎", 5, "山田…"),
            ("山田太郎", 4, "山…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("ab", 0, ""),
            ("a\x1b[2J", 20, "a\\x1b[2J"),
        ] {
            assert_eq!(fit(text, columns, "…"), cut, "{text} in {columns}");
        }
        assert_eq!(fit("abc", 1, ".."), "");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("the train was late", 9), ["the train", "was late"]);
        assert_eq!(wrap("  Konstantinopel x ", 6), ["Konsta", "ntinop", "el x"]);
        assert_eq!(wrap("山田太郎", 3), ["山", "田", "太", "郎"]);
        assert_eq!(wrap("🤌ୋ", 2), ["?"]);
        assert!(wrap(" ", 4).is_empty());
    }

    #[test]
    fn numbers_are_hidden_but_for_country_area_and_end() {
        let phone = |number| phone(number, false, Glyphs::Unicode.signs());
        assert_eq!(phone("+905331234542"), "+90 533 ••• •• 42");
        assert_eq!(phone("+12125550142"), "+1 212 ••• •• 42");
        assert_eq!(phone("+989102211824"), "+98 910 ••• •• 24");
        assert_eq!(phone("+3585012345"), "+358 501 ••• •• 45");
        assert_eq!(phone("+3584567"), "+358 ••• •• 67");
        assert_eq!(phone("09102211824"), "••••••• 24");
        assert_eq!(phone("7126"), "7126");
        assert_eq!(phone("BANK"), "BANK");
        assert_eq!(phone("+90 532 123 45 88\x1b"), "••••••• 8\\x1b");
        let short = |number| phone_short(number, false, Glyphs::Unicode.signs());
        assert_eq!(short("+905331234542"), "+90533••42");
        assert_eq!(short("09102211824"), "••24");
        assert_eq!(short("BANK"), "BANK");
        let ascii = super::phone("+905331234542", false, Glyphs::Ascii.signs());
        assert_eq!(ascii, "+90 533 *** ** 42");
        assert_eq!(
            super::phone("+905331234542", true, Glyphs::Unicode.signs()),
            "+905331234542"
        );
    }

    proptest! {
        #[test]
        fn what_was_cut_fits_and_is_as_wide_as_the_buffer_says(
            text in any::<String>(),
            columns in 0_usize..40,
        ) {
            let cut = fit(&text, columns, "…");
            prop_assert!(width(&cut) <= columns);
            let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 1));
            let (end, _) = buffer.set_stringn(0, 0, &cut, 200, Style::new());
            prop_assert_eq!(usize::from(end), width(&cut));
            for line in wrap(&text, columns.max(2)) {
                prop_assert!(width(&line) <= columns.max(2));
            }
        }

        #[test]
        fn no_number_is_shown_whole(number in "\\+?[0-9]{7,15}") {
            let shown = phone(&number, false, Glyphs::Unicode.signs());
            let digits = shown.bytes().filter(u8::is_ascii_digit).count();
            prop_assert!(digits + 2 <= number.bytes().filter(u8::is_ascii_digit).count());
        }
    }
}
