//! Where the command line meets the other floors.

use std::future::Future;
use std::io::stdout;
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

use super::clock::Clock;
use super::config::{Config, Gateway};
use super::console::{Opening, console};
use super::copies::{Bar, do_copy};
use super::error::CliError;
use super::place::Place;
use super::reach::{Desk, LoginFault, Need, World};
use super::second::{self, Journal};
use super::secret::Secret;
use super::serve::serve;
use super::{files, parts};
use crate::api::{Ask, CopyAsk, Event, Refusal, Reply, Request};
use crate::domain::{DownCause, Operator};
use crate::engine::Engine;
use crate::gateway::{TcpConnect, Tls, try_login};
use crate::port::{Client, PortError};
use crate::store::journal::Journaled;
use crate::store::{RedbStore, Store};
use crate::words::{Language, Words};

/// How long socket and store are tried while another process has the store.
pub const BUSY: Duration = Duration::from_secs(5);
/// The pause between two tries.
pub const AGAIN: Duration = Duration::from_millis(100);

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
                        name: by.desk.clone(),
                        follows: false,
                        out: None,
                    }));
                }
                // An engine that is ending closes what it did not begin to serve; nothing was asked yet.
                Err(PortError::NotRunning | PortError::Closed) => {}
                // As many windows as it serves are open.
                Err(PortError::Timeout) => return Err(CliError::Refused(Refusal::Busy)),
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
            runtime.block_on(async { sleep(AGAIN).await });
        }
    }

    fn try_login(
        &mut self,
        gateway: &Gateway,
        password: &Secret,
        tls: Option<Tls>,
    ) -> Result<(), LoginFault> {
        let config = parts::gateway_config(gateway, password, tls);
        let config = config.map_err(|_| DownCause::Protocol)?;
        let runtime = runtime().map_err(|_| DownCause::Unreachable)?;
        let mut connect = TcpConnect::new(&config);
        let tried = finish(runtime, try_login(&config, &mut connect));
        tried.map_err(|cause| LoginFault {
            cause,
            detail: connect.detail().map(str::to_owned),
        })
    }

    fn serve(&mut self, place: &Place, config: &Config, words: &Words) -> Result<(), CliError> {
        serve(place, config, words)
    }

    fn console(
        &mut self,
        place: &Place,
        config: &Config,
        words: &Words,
        opening: Opening,
    ) -> Result<(), CliError> {
        console(place, config, words, opening)
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

/// Runs `work` and leaves what still runs behind: a host name that is being looked up may take half a minute.
pub fn finish<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// A running engine behind its socket.
struct RunningDesk {
    runtime: Runtime,
    client: Client,
    place: Place,
    /// What this end is called.
    name: String,
    follows: bool,
    /// Standard output where events are followed, unless it is a file.
    out: Option<Sender>,
}

impl RunningDesk {
    /// Connects anew: a running engine drops who reads too slowly, as behind a pipe that was full.
    fn come_back(&mut self) -> Result<(), CliError> {
        let Self {
            runtime,
            client,
            place,
            name,
            follows,
            ..
        } = self;
        let back = runtime.block_on(async {
            let mut back = Client::connect(&place.socket(), name).await?;
            if *follows {
                back.follow().await?;
            }
            Ok(back)
        });
        *client = back.map_err(|_: PortError| CliError::EngineStopped)?;
        Ok(())
    }
}

impl Desk for RunningDesk {
    fn ask(&mut self, ask: Ask) -> Result<Reply, CliError> {
        // What changes something may have been done: it is not asked again.
        let again = match &ask {
            Ask::Query(query) => Some(Ask::Query(query.clone())),
            Ask::Command(_) | Ask::Copy(_) => None,
        };
        let mut answered = self.runtime.block_on(self.client.ask(ask));
        if let (Err(PortError::Closed), Some(again)) = (&answered, again) {
            self.come_back()?;
            answered = self.runtime.block_on(self.client.ask(again));
            if matches!(answered, Err(PortError::Closed)) {
                return Err(CliError::EngineStopped);
            }
        }
        answered.map_err(|error| port_error(&self.place, error))
    }

    fn follow(&mut self) -> Result<(), CliError> {
        self.follows = true;
        let followed = self.runtime.block_on(async {
            // Unchecked leaves it blocking, as it must be, and takes sockets and terminals, too.
            let out = stdout().as_fd().try_clone_to_owned();
            self.out = out.and_then(Sender::from_owned_fd_unchecked).ok();
            self.client.follow().await
        });
        followed.map_err(|error| port_error(&self.place, error))
    }

    fn next_event(&mut self) -> Result<Option<Event>, CliError> {
        let Self { client, out, .. } = self;
        let event = self.runtime.block_on(async {
            tokio::select! {
                event = client.next_event() => Some(event),
                () = unread(out.as_ref()) => None,
            }
        });
        match event {
            Some(Ok((_, event))) => Ok(Some(event)),
            Some(Err(PortError::Closed)) => {
                self.come_back()?;
                Ok(Some(Event::Lost))
            }
            Some(Err(error)) => Err(port_error(&self.place, error)),
            None => Ok(None),
        }
    }
}

/// Waits until nobody reads `out` any more; for ever where it is a file.
async fn unread(out: Option<&Sender>) {
    let Some(out) = out else {
        return std::future::pending().await;
    };
    // What cannot be waited for is not read either.
    let _ = out.ready(Interest::ERROR).await;
}

/// The engine's core on the opened store, for one command.
struct StoredDesk {
    engine: Engine,
    store: Journaled,
    clock: Clock,
    by: Operator,
}

impl StoredDesk {
    fn open(place: &Place, config: &Config, by: &Operator) -> Result<Self, CliError> {
        let key = files::store_key(place)?;
        let mut store = RedbStore::open(&place.store()).map_err(parts::store_error)?;
        let words = Words::load(Language::default());
        second::hold(place, config, &words, &mut store)?;
        let clock = Clock::start();
        let engine = parts::engine(place, config, key, &store, clock)?;
        let journal = Journal::of(place, config);
        let store = second::journaled(store, journal.as_ref(), clock, move |event| {
            second::tell_of_command(&words, event);
        })?;
        Ok(Self {
            engine,
            store,
            clock,
            by: by.clone(),
        })
    }
}

impl StoredDesk {
    fn copy(&mut self, ask: CopyAsk) -> Result<Reply, CliError> {
        let mut bar = Bar::new();
        let copier = self.store.copier();
        let (reply, told) = do_copy(&copier, ask, self.clock, &mut |done, of| {
            bar.told(done, of);
            ControlFlow::Continue(())
        });
        if let Some(told) = told {
            let now = self.clock.now();
            self.engine.handle_copy(now, told);
            let batch = self.engine.take_batch(now);
            self.store.commit_all(batch).map_err(parts::store_error)?;
            // Nobody listens.
            drop(self.engine.take_then());
        }
        Ok(reply)
    }
}

impl Desk for StoredDesk {
    fn ask(&mut self, ask: Ask) -> Result<Reply, CliError> {
        let now = self.clock.now();
        if let Ask::Copy(ask) = ask {
            return self.copy(ask);
        }
        let request = Request {
            by: self.by.clone(),
            ask,
        };
        let reply = self.engine.handle_request(now, request, &self.store);
        let reply = reply.map_err(parts::store_error)?;
        if self.engine.has_unwritten() {
            let batch = self.engine.take_batch(now);
            self.store.commit_all(batch).map_err(parts::store_error)?;
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
        PortError::PathTooLong(octets) => CliError::SocketPath { octets },
        PortError::NoGroup(group) => CliError::NoGroup(group),
        PortError::NotInGroup(group) => CliError::NotInGroup(group),
        PortError::Desk(value) => CliError::Value {
            flag: "--desk",
            value,
        },
        PortError::NotASocket(_)
        | PortError::Foreign
        | PortError::TooLong
        | PortError::Timeout
        | PortError::Closed
        | PortError::Io(_) => CliError::Talk(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_still_runs_is_left_behind() {
        let (go, goes) = mpsc::channel::<()>();
        let (done, is_done) = mpsc::channel();
        std::thread::spawn(move || {
            let looked_up = finish(runtime().unwrap(), async {
                // As a resolver that gets no answer.
                tokio::task::spawn_blocking(move || goes.recv().is_ok());
                tokio::task::yield_now().await;
                7
            });
            // The test may have given up.
            let _ = done.send(looked_up);
        });
        assert_eq!(is_done.recv_timeout(Duration::from_secs(10)), Ok(7));
        drop(go);
    }
}
