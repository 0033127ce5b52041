//! Where the command line meets the other floors.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::clock::Clock;
use super::config::{Config, Gateway};
use super::error::CliError;
use super::place::Place;
use super::reach::{Desk, Need, World};
use super::secret::Secret;
use super::serve::serve;
use super::{files, parts};
use crate::api::{Ask, Event, Reply, Request};
use crate::domain::{DownCause, Operator};
use crate::engine::Engine;
use crate::gateway::{TcpConnect, try_login};
use crate::port::{Client, PortError};
use crate::store::{RedbStore, Store};

/// How long socket and store are tried while another process has the store.
pub const BUSY: Duration = Duration::from_secs(5);
/// The pause between two tries.
const AGAIN: Duration = Duration::from_millis(100);

/// The world of the real program.
#[derive(Copy, Clone, Debug)]
pub struct Wiring;

impl World for Wiring {
    fn reach(
        &mut self,
        place: &Place,
        config: &Config,
        by: &Operator,
        need: Need,
    ) -> Result<Box<dyn Desk>, CliError> {
        let runtime = runtime()?;
        let client =
            |runtime: &Runtime| runtime.block_on(Client::connect(&place.socket(), &by.desk));
        let started = Instant::now();
        loop {
            match client(&runtime) {
                Ok(client) => {
                    return Ok(Box::new(RunningDesk {
                        runtime,
                        client,
                        place: place.clone(),
                    }));
                }
                Err(PortError::NotRunning) => {}
                Err(error) => return Err(port_error(place, error)),
            }
            if need == Need::Engine {
                return Err(CliError::NoEngine);
            }
            match StoredDesk::open(place, config, by) {
                Ok(desk) => return Ok(Box::new(desk)),
                Err(CliError::InUse) if started.elapsed() < BUSY => {}
                Err(error) => return Err(error),
            }
            runtime.block_on(sleep(AGAIN));
        }
    }

    fn try_login(&mut self, gateway: &Gateway, password: &Secret) -> Result<(), DownCause> {
        let config = parts::gateway_config(gateway, password).map_err(|_| DownCause::Protocol)?;
        let runtime = runtime().map_err(|_| DownCause::Unreachable)?;
        let connect = TcpConnect::new(&config);
        runtime.block_on(try_login(&config, connect))
    }

    fn serve(&mut self, place: &Place, config: &Config, _by: &Operator) -> Result<(), CliError> {
        serve(place, config)
    }
}

/// A runtime on this thread.
///
/// # Errors
/// [`CliError::Talk`] where the system gives none.
pub fn runtime() -> Result<Runtime, CliError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|cause| CliError::Talk(Box::new(cause)))
}

/// A running engine behind its socket.
struct RunningDesk {
    runtime: Runtime,
    client: Client,
    place: Place,
}

impl Desk for RunningDesk {
    fn ask(&mut self, ask: Ask) -> Result<Reply, CliError> {
        let reply = self.runtime.block_on(self.client.ask(ask));
        reply.map_err(|error| port_error(&self.place, error))
    }

    fn follow(&mut self) -> Result<(), CliError> {
        let followed = self.runtime.block_on(self.client.follow());
        followed.map_err(|error| port_error(&self.place, error))
    }

    fn next_event(&mut self) -> Result<Option<Event>, CliError> {
        let Self {
            runtime,
            client,
            place,
        } = self;
        runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::Terminal)?;
            let mut terminate = signal(SignalKind::terminate()).map_err(CliError::Terminal)?;
            tokio::select! {
                event = client.next_event() => match event {
                    Ok((_, event)) => Ok(Some(event)),
                    // Killed, it had no time to say so.
                    Err(PortError::Closed) => Ok(Some(Event::Stopping)),
                    Err(error) => Err(port_error(place, error)),
                },
                _ = interrupt.recv() => Ok(None),
                _ = terminate.recv() => Ok(None),
            }
        })
    }
}

/// The engine's core on the opened store, for one command.
struct StoredDesk {
    engine: Engine,
    store: RedbStore,
    clock: Clock,
    by: Operator,
}

impl StoredDesk {
    fn open(place: &Place, config: &Config, by: &Operator) -> Result<Self, CliError> {
        let key = files::store_key(place)?;
        let store = RedbStore::open(&place.store()).map_err(parts::store_error)?;
        let clock = Clock::start();
        let engine = parts::engine(place, config, key, &store, clock)?;
        Ok(Self {
            engine,
            store,
            clock,
            by: by.clone(),
        })
    }
}

impl Desk for StoredDesk {
    fn ask(&mut self, ask: Ask) -> Result<Reply, CliError> {
        let now = self.clock.now();
        let request = Request {
            by: self.by.clone(),
            ask,
        };
        let reply = self.engine.handle_request(now, request, &self.store);
        let reply = reply.map_err(parts::store_error)?;
        if self.engine.has_unwritten() {
            let batch = self.engine.take_batch(now);
            self.store.commit(&batch).map_err(parts::store_error)?;
        }
        // Nobody listens, and no link is up: what was decided is found by the next engine.
        drop(self.engine.take_then());
        Ok(reply)
    }

    fn follow(&mut self) -> Result<(), CliError> {
        Err(CliError::NoEngine)
    }

    fn next_event(&mut self) -> Result<Option<Event>, CliError> {
        Err(CliError::NoEngine)
    }
}

/// What a fault of the socket means to whoever called the program.
pub fn port_error(place: &Place, error: PortError) -> CliError {
    match error {
        PortError::Denied(source) => CliError::Permission {
            path: place.socket(),
            source,
        },
        PortError::NotRunning => CliError::NoEngine,
        PortError::Version { theirs, ours } => CliError::Version { theirs, ours },
        PortError::InUse => CliError::InUse,
        PortError::NotASocket(_)
        | PortError::PathTooLong(_)
        | PortError::NoGroup(_)
        | PortError::Desk(_)
        | PortError::Foreign
        | PortError::TooLong
        | PortError::Timeout
        | PortError::Closed
        | PortError::Io(_) => CliError::Talk(Box::new(error)),
    }
}
