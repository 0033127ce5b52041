//! Floor 3: the brain of a desk. [`Engine`] is a pure function of its inputs: time, randomness and octets come in,
//! rows to be written and things to be done come out. [`shell`] gives it a clock, a store and channels.

mod acts;
mod alarms;
mod answers;
mod arrivals;
mod bounds;
mod clock;
mod copies;
mod core;
mod desk;
mod desk_acts;
mod facts;
mod health;
mod intake;
mod journal;
mod lane;
mod legacy;
mod links;
mod loading;
mod log;
mod numbers;
mod outbox;
mod pace;
mod parts;
mod presence;
mod queries;
mod roster;
mod routes;
#[cfg(test)]
mod samples;
mod settings;
pub mod shell;
mod statuses;
mod tally;
mod totals;
mod undo;
mod window;

pub use clock::{Now, Tick};
pub use core::{Engine, Entropy, StartError};
pub use journal::Then;
pub use settings::{GatewaySettings, Receipts, Rules, Settings};
