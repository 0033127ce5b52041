//! What commands reach outside the command line. Commands know these two traits only; the wiring fills them.

use super::config::{Config, Gateway};
use super::console::Opening;
use super::error::CliError;
use super::place::Place;
use super::secret::Secret;
use crate::api::{Ask, Event, Reply};
use crate::domain::{DownCause, Operator};
use crate::gateway::Tls;
use crate::words::Words;

/// A desk that answers: a running engine behind its socket, or the core on the opened store for one command.
pub trait Desk {
    /// Asks and waits for the answer. [`Reply::Refused`] is an answer, no error.
    ///
    /// # Errors
    /// [`CliError`] where no answer came: the engine hung up, or the store failed.
    fn ask(&mut self, ask: Ask) -> Result<Reply, CliError>;

    /// Keeps events from now on for [`Desk::next_event`].
    ///
    /// # Errors
    /// [`CliError::NoEngine`] where no engine runs; others as [`Desk::ask`].
    fn follow(&mut self) -> Result<(), CliError>;

    /// Waits for the next event. `None` where nobody reads standard output any more.
    ///
    /// # Errors
    /// [`CliError::EngineStopped`]; others as [`Desk::ask`].
    fn next_event(&mut self) -> Result<Option<Event>, CliError>;

    /// Whether there is one at all.
    fn is_there(&self) -> bool {
        true
    }
}

/// The desk of a command that asks none.
#[derive(Copy, Clone, Debug)]
pub struct NoDesk;

impl Desk for NoDesk {
    fn ask(&mut self, _: Ask) -> Result<Reply, CliError> {
        Err(CliError::NoEngine)
    }

    fn follow(&mut self) -> Result<(), CliError> {
        Err(CliError::NoEngine)
    }

    fn next_event(&mut self) -> Result<Option<Event>, CliError> {
        Err(CliError::NoEngine)
    }

    fn is_there(&self) -> bool {
        false
    }
}

/// What a command needs of a desk.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A running engine; the store alone will not do.
    Engine,
    /// A running engine, else the store.
    Either,
}

/// A login that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginFault {
    /// Why.
    pub cause: DownCause,
    /// What TLS says of it.
    pub detail: Option<String>,
}

impl From<DownCause> for LoginFault {
    fn from(cause: DownCause) -> Self {
        let detail = None;
        Self { cause, detail }
    }
}

/// The world around the command line.
pub trait World {
    /// Reaches the desk in `place`: tries the socket; if nobody listens and `need` allows it, opens the store for
    /// this one command.
    ///
    /// # Errors
    /// [`CliError::NoEngine`], [`CliError::InUse`], and what is wrong with store or key.
    fn reach(
        &mut self,
        place: &Place,
        config: &Config,
        by: &Operator,
        need: Need,
    ) -> Result<Box<dyn Desk>, CliError>;

    /// Binds at a gateway and unbinds again.
    ///
    /// # Errors
    /// Why it could not be bound.
    fn try_login(
        &mut self,
        gateway: &Gateway,
        password: &Secret,
        tls: Option<Tls>,
    ) -> Result<(), LoginFault>;

    /// Runs the engine until it is told to stop.
    ///
    /// # Errors
    /// [`CliError`] where it cannot start, or had to stop.
    fn serve(&mut self, place: &Place, config: &Config, words: &Words) -> Result<(), CliError>;

    /// Opens a console, until somebody leaves it.
    ///
    /// # Errors
    /// [`CliError::ConsoleTerminal`], [`CliError::HangUp`], [`CliError::Terminal`].
    fn console(
        &mut self,
        place: &Place,
        config: &Config,
        words: &Words,
        opening: Opening,
    ) -> Result<(), CliError>;
}
