//! Keys, what they mean, and by which names: one table, which help prints.

mod bound;
mod intent;
mod key;
mod place;
mod table;

pub use bound::{KeyFault, Keys};
pub use intent::Intent;
pub use key::Key;
pub use place::{latin_digit, means};
pub use table::{Entry, TABLE};
