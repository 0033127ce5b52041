use std::io;

use super::error::CliError;
use super::fold::fold;
use super::qr::{Code, Quiet};
use super::screen::Screen;

/// Cells between the code and the words at its side.
const GAP: usize = 2;
/// Cells that words at the side need at least, and take at most.
const SIDE: (usize, usize) = (24, 60);
/// Lines that the shell's next prompt takes.
const PROMPT: usize = 1;

/// What a code holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// The key for a phone.
    Key,
    /// The link to the page, with the key.
    Link,
    /// The key alone, because there is no room for the link.
    KeyForPage,
}

/// What an enrolment shows in a window, once: a code, words at its side, and below them the text that is in it, or the link.
pub struct Enrolment<'a> {
    /// The key for the phone.
    pub key_text: &'a str,
    /// The link to the page with the key.
    pub link: Option<&'a str>,
}

impl Enrolment<'_> {
    /// Writes it so that `screen` shows all of it at once, with the shell's prompt. `words` says what stands beside a code,
    /// paragraph by paragraph.
    ///
    /// # Errors
    /// [`CliError::TooLongForQr`], [`CliError::Terminal`].
    pub fn write(
        &self,
        out: &mut dyn io::Write,
        screen: Screen,
        words: impl Fn(Scanned) -> Vec<String>,
    ) -> Result<(), CliError> {
        let codes = match self.link {
            Some(link) => vec![(Scanned::Link, link), (Scanned::KeyForPage, self.key_text)],
            None => vec![(Scanned::Key, self.key_text)],
        };
        for (scanned, text) in codes {
            let code = Code::of(text)?;
            let width = screen.columns.saturating_sub(code.columns() + GAP);
            let paragraphs = words(scanned);
            let side = paragraphs
                .iter()
                .flat_map(|text| fold(text, width.min(SIDE.1)));
            let side: Vec<String> = side.collect();
            for quiet in [Quiet::Full, Quiet::Squeezed] {
                let lines = code.lines(quiet);
                let below = self.shown().len().div_ceil(screen.columns);
                let fits = side.len() <= lines && lines + below + PROMPT <= screen.rows;
                if fits && width >= SIDE.0 {
                    let code = code.half_blocks(quiet, screen.colour);
                    return self
                        .write_beside(out, &code, &side)
                        .map_err(CliError::Terminal);
                }
            }
        }
        self.write_below(out, screen, &words)
    }

    /// The text that is shown, too.
    fn shown(&self) -> &str {
        self.link.unwrap_or(self.key_text)
    }

    fn write_beside(&self, out: &mut dyn io::Write, code: &str, side: &[String]) -> io::Result<()> {
        let mut side = side.iter();
        for line in code.lines() {
            match side.next().map(String::as_str) {
                None | Some("") => writeln!(out, "{line}")?,
                Some(words) => writeln!(out, "{line}{:GAP$}{words}", "")?,
            }
        }
        writeln!(out, "{}", self.shown())?;
        out.flush()
    }

    /// For a window that is too small for all of it.
    fn write_below(
        &self,
        out: &mut dyn io::Write,
        screen: Screen,
        words: &impl Fn(Scanned) -> Vec<String>,
    ) -> Result<(), CliError> {
        let scanned = match self.link {
            Some(_) => Scanned::KeyForPage,
            None => Scanned::Key,
        };
        let code = Code::of(self.key_text)?;
        let code = code.half_blocks(Quiet::Squeezed, screen.colour);
        let mut write = || {
            write!(out, "{}", *code)?;
            for paragraph in words(scanned).iter().filter(|text| !text.is_empty()) {
                for line in fold(paragraph, screen.columns) {
                    writeln!(out, "{line}")?;
                }
            }
            writeln!(out, "{}", self.shown())?;
            out.flush()
        };
        write().map_err(CliError::Terminal)
    }
}
