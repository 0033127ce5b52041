//! Text folded between words, so that a window does not cut them.

use std::io;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Folds one line into lines of at most `columns` cells. They go on under the first word of the line; only a word that
/// is longer than a line stays whole and sticks out.
pub fn fold(line: &str, columns: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let indent = &line[..indent.min(columns / 2)];
    let mut lines = Vec::new();
    let mut rest = line.trim_end_matches(' ').to_owned();
    while let Some(at) = break_of(&rest, columns) {
        let next = format!("{indent}{}", rest[at..].trim_start_matches(' '));
        rest.truncate(rest[..at].trim_end_matches(' ').len());
        lines.push(rest);
        rest = next;
    }
    lines.push(rest);
    lines
}

/// Folds as [`fold`] does, and cuts words that are longer than a line.
pub fn fold_all(line: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for mut rest in fold(line, columns) {
        while let Some(at) = cut_of(&rest, columns) {
            let tail = rest.split_off(at);
            lines.push(std::mem::replace(&mut rest, tail));
        }
        lines.push(rest);
    }
    lines
}

/// Where a word that is too long is cut; it keeps at least one character.
fn cut_of(word: &str, columns: usize) -> Option<usize> {
    let mut width = 0;
    let sticks_out = |(at, c): &(usize, char)| {
        width += c.width().unwrap_or_default();
        *at > 0 && width > columns
    };
    word.char_indices().find(sticks_out).map(|(at, _)| at)
}

/// Where a line that is too long is broken: at the last space that keeps it short enough, else at the first.
fn break_of(line: &str, columns: usize) -> Option<usize> {
    if line.width() <= columns {
        return None;
    }
    let words = line.len() - line.trim_start_matches(' ').len();
    let mut at = None;
    for (space, _) in line.match_indices(' ').filter(|(space, _)| *space > words) {
        if at.is_some() && line[..space].width() > columns {
            break;
        }
        at = Some(space);
    }
    at
}

/// Folds what is written to `inner`, line by line. What a flush finds of a line is written as it is: a question.
#[derive(Debug)]
pub struct Folding<W> {
    inner: W,
    columns: usize,
    line: Vec<u8>,
}

impl<W: io::Write> Folding<W> {
    /// Folds at so many cells.
    pub const fn new(inner: W, columns: usize) -> Self {
        Self {
            inner,
            columns,
            line: Vec::new(),
        }
    }
}

impl<W: io::Write> io::Write for Folding<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let text = String::from_utf8_lossy(&line);
                for folded in fold(text.trim_end_matches('\n'), self.columns) {
                    self.inner.write_all(folded.as_bytes())?;
                    self.inner.write_all(b"\n")?;
                }
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.write_all(&std::mem::take(&mut self.line))?;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_folded_between_words_and_keeps_its_indent() {
        for (line, columns, folded) in [
            ("", 8, &[""][..]),
            ("one two three", 13, &["one two three"]),
            ("one two three", 12, &["one two", "three"]),
            ("  one two three", 9, &["  one two", "  three"]),
            (
                "made  /a/very/long/path x",
                9,
                &["made", "/a/very/long/path", "x"],
            ),
            ("unbreakable", 4, &["unbreakable"]),
            ("山田 太郎 x", 6, &["山田", "太郎 x"]),
        ] {
            assert_eq!(fold(line, columns), folded, "{line}");
        }
    }

    #[test]
    fn lines_are_folded_as_they_end_and_a_question_stands() {
        let mut folding = Folding::new(Vec::new(), 8);
        write!(folding, "one two").unwrap();
        writeln!(folding, " three\nfour").unwrap();
        write!(folding, "which one of them? ").unwrap();
        folding.flush().unwrap();
        writeln!(folding, "five").unwrap();
        let said = String::from_utf8(folding.inner).unwrap();
        assert_eq!(said, "one two\nthree\nfour\nwhich one of them? five\n");
    }

    #[test]
    fn a_word_that_is_too_long_for_a_cell_is_cut() {
        for (line, columns, folded) in [
            ("", 4, &[""][..]),
            ("one unbreakable", 5, &["one", "unbre", "akabl", "e"]),
            ("山田太郎", 5, &["山田", "太郎"]),
            ("山", 1, &["山"]),
        ] {
            assert_eq!(fold_all(line, columns), folded, "{line}");
        }
    }

    proptest! {
        #[test]
        fn folding_keeps_every_word_in_its_order(line in "[ a-z\u{5c71}]{0,60}", columns in 1..40_usize) {
            let folded = fold(&line, columns);
            let words = |text: &str| text.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&folded.join(" ")), words(&line));
            for part in &folded {
                prop_assert!(part.width() <= columns || words(part).len() == 1, "{:?}", part);
            }
        }
    }
}
