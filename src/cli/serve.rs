//! `hazir serve`: the engine without a console.

use super::config::Config;
use super::error::CliError;
use super::place::Place;
use crate::domain::Operator;

/// Runs the engine until it is told to stop.
///
/// # Errors
/// [`CliError`] where it cannot start, or had to stop.
pub fn serve(_place: &Place, _config: &Config, _by: &Operator) -> Result<(), CliError> {
    Err(CliError::NoEngine)
}
