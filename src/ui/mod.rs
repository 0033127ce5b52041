//! Floor 3: the operator console, after the Elm architecture.
//!
//! ```text
//! keys, engine events, replies, ticks, sizes -> Message -> update(&mut Model, now, Message) -> effects
//!                                                          prepare(&mut Model)    sorts and scrolls, once a frame
//!                                                          view(&Model, &mut Frame)
//! ```
//!
//! Nothing in here reads a clock or waits: time comes with each message, and what is to be done outside goes out as an
//! [`Effect`]. Only `terminal` touches the terminal.

pub mod keys;
mod layout;
mod look;
mod message;
pub mod model;
mod text;
mod update;
mod view;

pub mod terminal;

pub use keys::{Key, KeyFault, Keys};
pub use look::{Glyphs, Look, Theme};
pub use message::{Detached, Effect, Message, Token};
pub use model::{Dialog, Model, Notice, Purpose, Site, SiteGateway};
pub use text::is_right_to_left;
pub use update::{prepare, update};
pub use view::{alarm_line, log_line, pane_lines, selected_line, status_line, view};
