use std::io;

use unicode_width::UnicodeWidthStr;

use super::safe::safe;

/// A table of text whose rows come in pages: columns are as wide as what was seen so far.
#[derive(Debug)]
pub struct Table {
    heads: Option<Vec<String>>,
    widths: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table with these heads.
    pub fn new(heads: Vec<String>) -> Self {
        Self {
            widths: heads.iter().map(|head| head.width()).collect(),
            heads: Some(heads),
            rows: Vec::new(),
        }
    }

    /// Adds a row; foreign text in it is made safe.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cells = cells.map(|cell| safe(cell).into_owned());
        for (width, cell) in self.widths.iter_mut().zip(&cells) {
            *width = (*width).max(cell.width());
        }
        self.rows.push(cells.into());
    }

    /// Writes the rows that were added since the last time. Without any row there is no head.
    ///
    /// # Errors
    /// As writing to `out`.
    pub fn flush(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let heads = self.heads.take();
        let rows = std::mem::take(&mut self.rows);
        for row in heads.iter().chain(&rows) {
            let mut line = String::new();
            for (at, (cell, width)) in row.iter().zip(&self.widths).enumerate() {
                if at > 0 {
                    line.push_str("  ");
                }
                line.push_str(cell);
                line.push_str(&" ".repeat(width.saturating_sub(cell.width())));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_in_cells_of_the_screen() {
        let mut table = Table::new(vec!["id".to_owned(), "name".to_owned(), "x".to_owned()]);
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
}
