use std::io::{IsTerminal as _, Write as _, stderr};

/// How far long work has come, on standard error where that is a terminal; gone when this is dropped.
#[derive(Debug)]
pub struct Bar {
    is_seen: bool,
    shown: u64,
}

impl Bar {
    /// Shows nothing yet.
    pub fn new() -> Self {
        Self {
            is_seen: stderr().is_terminal(),
            shown: 0,
        }
    }

    /// So much is done.
    pub fn told(&mut self, done: u64, of: u64) {
        let percent = done.saturating_mul(100) / of.max(1);
        if self.is_seen && percent != self.shown {
            self.shown = percent;
            // A terminal that is gone needs none.
            let _ = write!(stderr(), "\r{percent:3} %");
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.is_seen && self.shown > 0 {
            // As above.
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
