use rustix::termios::tcgetwinsize;

/// The window that data is shown in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Cells in a line; at least [`Screen::LEAST`].
    pub columns: usize,
    /// Lines.
    pub rows: usize,
    /// Whether colour may be set: `NO_COLOR` is not there, and the terminal is no dumb one.
    pub colour: bool,
}

impl Screen {
    /// Narrower windows are treated as if they had so many columns.
    pub const LEAST: usize = 40;

    /// Looks at what `file` goes to; `None` where that is no terminal.
    pub fn of(file: impl std::os::fd::AsFd) -> Option<Self> {
        /// Where a terminal does not know its size.
        const USUAL: (usize, usize) = (80, 24);
        let size = tcgetwinsize(file).ok()?;
        let columns = match usize::from(size.ws_col) {
            0 => USUAL.0,
            columns => columns.max(Self::LEAST),
        };
        let rows = match usize::from(size.ws_row) {
            0 => USUAL.1,
            rows => rows,
        };
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        Some(Self {
            columns,
            rows,
            colour: set("NO_COLOR").is_none() && !dumb,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_terminal() {
        assert_eq!(Screen::of(tempfile::tempfile().unwrap()), None);
    }
}
