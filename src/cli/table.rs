use std::io;

use unicode_width::UnicodeWidthStr;

use super::fold::fold_all;
use crate::words::safe;

/// A table of text whose rows come in pages: columns are as wide as what was seen so far, and where that is wider than
/// the window, long cells are folded.
#[derive(Debug)]
pub struct Table {
    heads: Option<Vec<String>>,
    widths: Vec<usize>,
    /// How wide their words are.
    words: Vec<usize>,
    folds: Vec<bool>,
    window: Option<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A word that is longer than this, in cells, may be cut.
    const LONG_WORD: usize = 16;
    const GAP: &str = "  ";

    /// Begins a table with these heads, each with whether its column may be folded, for a window of so many columns.
    pub fn new(heads: Vec<(String, bool)>, window: Option<usize>) -> Self {
        let (heads, folds): (Vec<_>, _) = heads.into_iter().unzip();
        Self {
            widths: heads.iter().map(|head| head.width()).collect(),
            words: heads.iter().map(|head| longest_word(head)).collect(),
            heads: Some(heads),
            folds,
            window,
            rows: Vec::new(),
        }
    }

    /// Adds a row; foreign text in it is made safe.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.cells(cells);
    }

    /// Adds a row as [`Table::row`] does; it has as many cells as there are heads.
    pub fn cells<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        let cells: Vec<String> = cells
            .into_iter()
            .map(|cell| safe(cell).into_owned())
            .collect();
        let columns = self.widths.iter_mut().zip(&mut self.words);
        for ((width, word), cell) in columns.zip(&cells) {
            *width = (*width).max(cell.width());
            *word = (*word).max(longest_word(cell));
        }
        self.rows.push(cells);
    }

    /// Whether no row waits to be written.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the rows that were added since the last time. Without any row there is no head.
    ///
    /// # Errors
    /// As writing to `out`.
    pub fn flush(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let widths = self.fitted();
        let heads = self.heads.take();
        let rows = std::mem::take(&mut self.rows);
        for row in heads.iter().chain(&rows) {
            let cells: Vec<Vec<String>> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| fold_all(cell, *width))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or_default();
            for at in 0..height {
                write_line(out, cells.iter().map(|cell| cell.get(at)), &widths)?;
            }
        }
        out.flush()
    }

    /// The widths of the columns: the widest that fold give way until all fit into the window.
    fn fitted(&self) -> Vec<usize> {
        let mut widths = self.widths.clone();
        let Some(window) = self.window else {
            return widths;
        };
        let gaps = Self::GAP.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > window {
            let columns = widths.iter_mut().zip(&self.words).zip(&self.folds);
            let widest = columns
                .filter(|((width, word), folds)| **folds && **width > **word)
                .map(|((width, _), _)| width)
                .max();
            let Some(widest) = widest else { break };
            *widest -= 1;
        }
        widths
    }
}

/// How wide the longest word is, where it may not be cut.
fn longest_word(cell: &str) -> usize {
    let words = cell.split(' ').map(UnicodeWidthStr::width);
    words.max().unwrap_or_default().min(Table::LONG_WORD)
}

fn write_line<'a>(
    out: &mut dyn io::Write,
    cells: impl Iterator<Item = Option<&'a String>>,
    widths: &[usize],
) -> io::Result<()> {
    let mut line = String::new();
    for (at, (cell, width)) in cells.zip(widths).enumerate() {
        if at > 0 {
            line.push_str(Table::GAP);
        }
        let cell = cell.map_or("", String::as_str);
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    }
    writeln!(out, "{}", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads<const N: usize>(names: [&str; N], folds: &[&str]) -> Vec<(String, bool)> {
        let head = |name: &str| (name.to_owned(), folds.contains(&name));
        names.map(head).into()
    }

    #[test]
    fn columns_stand_under_each_other_in_cells_of_the_screen() {
        let mut table = Table::new(heads(["id", "name", "x"], &["name"]), None);
        let mut out = Vec::new();
        table.flush(&mut out).unwrap();
        assert!(out.is_empty());
        table.row(["1", "山田", "a"]);
        table.row(["2", "Ayşe\x1b[2J", ""]);
        table.flush(&mut out).unwrap();
        table.row(["3", "B", "c"]);
        table.flush(&mut out).unwrap();
        let expected =
            "id  name         x\n1   山田         a\n2   Ayşe\\x1b[2J\n3   B            c\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_window_that_is_too_narrow_folds_the_widest_columns() {
        let long = "Maximiliana Alexandrovna Konstantinopolskaya";
        let rows = |window| {
            let mut table = Table::new(
                heads(["id", "name", "x", "note"], &["name", "note"]),
                window,
            );
            table.row(["1", long, "2026-11-20 12:28:01", "the train was late again"]);
            table.row(["2", "Ayşe", "", ""]);
            let mut out = Vec::new();
            table.flush(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let expected = "\
id  name              x                    note
1   Maximiliana       2026-11-20 12:28:01  the train
    Alexandrovna                           was late
    Konstantinopolsk                       again
    aya
2   Ayşe
";
        assert_eq!(rows(Some(55)), expected);
        assert_eq!(rows(None).lines().count(), 3);
        assert_eq!(rows(None), rows(Some(200)));
    }

    #[test]
    fn what_cannot_be_folded_sticks_out() {
        let mut table = Table::new(heads(["a", "b"], &[]), Some(4));
        table.row(["one two", "three"]);
        let mut out = Vec::new();
        table.flush(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a        b\none two  three\n"
        );
    }
}
