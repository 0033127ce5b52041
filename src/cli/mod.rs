//! Floor 5: arguments, configuration, wiring. The only place that starts tasks, and the only one that prints.

mod args;
mod clock;
mod commands;
pub mod config;
mod console;
mod copies;
mod demo;
mod doors;
mod error;
pub mod files;
mod fold;
mod help;
mod init;
mod json;
mod log;
mod operator;
mod parts;
mod place;
mod qr;
mod questions;
pub mod reach;
mod run;
mod screen;
mod second;
mod secret;
mod sentences;
pub mod serve;
mod table;
mod time;
mod tls;
mod turn;
mod wiring;

pub use error::{Cause, CliError, ExitCode};
pub use place::Place;
pub use run::run;
pub use secret::Secret;
