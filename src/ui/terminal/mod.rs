//! The terminal: the only files that name crossterm and the system's terminal calls.
//!
//! Three ends, each of which may block without the console noticing: [`Keys`] reads, [`HangUp`] watches, and whoever
//! holds the octets of [`Canvas`] writes them. [`Raw`] restores the terminal on every way out.

mod canvas;
mod hang_up;
mod keys;
mod raw;
mod sequences;

pub use canvas::Canvas;
pub use hang_up::HangUp;
pub use keys::{Input, Keys};
pub use raw::{Raw, is_terminal, size, write};
pub use sequences::{bell, copy, title};
