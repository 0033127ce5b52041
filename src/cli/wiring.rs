//! Where the command line meets the other floors.

use super::config::{Config, Gateway};
use super::error::CliError;
use super::place::Place;
use super::reach::{Desk, Need, World};
use super::secret::Secret;
use super::serve::serve;
use crate::domain::{DownCause, Operator};

/// The world of the real program.
#[derive(Copy, Clone, Debug)]
pub struct Wiring;

impl World for Wiring {
    fn reach(
        &mut self,
        _place: &Place,
        _config: &Config,
        _by: &Operator,
        _need: Need,
    ) -> Result<Box<dyn Desk>, CliError> {
        Err(CliError::NoEngine)
    }

    fn try_login(&mut self, _gateway: &Gateway, _password: &Secret) -> Result<(), DownCause> {
        Err(DownCause::Stopping)
    }

    fn serve(&mut self, place: &Place, config: &Config, by: &Operator) -> Result<(), CliError> {
        serve(place, config, by)
    }
}
