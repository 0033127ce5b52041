//! The terminal: the only files that name crossterm.
