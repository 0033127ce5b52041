use std::future::pending;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::super::clock::Clock;
use super::super::config::Config;
use super::super::error::CliError;
use super::super::place::Place;
use super::super::serve::{Reception, Signals, Told};
use super::super::wiring::{finish, port_error, runtime};
use super::super::{files, parts};
use super::wall;
use crate::engine::Engine;
use crate::gateway::GatewayConfig;
use crate::port::Listener;
use crate::practice::Practice;
use crate::store::RedbStore;

/// Reception and built-in gateway, on a thread of their own.
#[derive(Debug)]
pub(super) struct Network {
    thread: JoinHandle<Result<Told, CliError>>,
    stop: oneshot::Sender<()>,
}

/// What a reception is made of.
struct Desk {
    place: Place,
    engine: Engine,
    store: RedbStore,
    links: Vec<GatewayConfig>,
    clock: Clock,
}

impl Network {
    /// Starts a reception, with the gateway where that is not elsewhere, and waits until consoles are let in. With the
    /// gateway a signal that ends programs ends them.
    pub(super) fn start(
        place: &Place,
        config: &Config,
        practice: Option<Practice>,
        clock: Clock,
    ) -> Result<Self, CliError> {
        let key = files::store_key(place)?;
        let store = RedbStore::open(&place.store()).map_err(parts::store_error)?;
        let desk = Desk {
            place: place.clone(),
            engine: parts::engine(place, config, key, &store, clock)?,
            store,
            links: parts::gateway_configs(place, config)?,
            clock,
        };
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let work = move || finish(runtime()?, run(desk, practice, ready, stopped));
        let thread = std::thread::Builder::new()
            .name("network".to_owned())
            .spawn(work)
            .map_err(|cause| CliError::Talk(Box::new(cause)))?;
        let network = Self { thread, stop };
        if is_ready.recv().is_err() {
            // It ended before it began, and says why.
            network.end()?;
            return Err(CliError::Fallen);
        }
        Ok(network)
    }

    /// Ends both in order, where nothing else has.
    ///
    /// # Errors
    /// What made the reception fail; [`CliError::HangUp`] where the terminal's going ended it.
    pub(super) fn end(self) -> Result<(), CliError> {
        // It may have ended by itself.
        let _ = self.stop.send(());
        match self.thread.join() {
            Ok(Ok(Told::Stop)) => Ok(()),
            Ok(Ok(Told::HangUp)) => Err(CliError::HangUp),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(CliError::Fallen),
        }
    }
}

async fn run(
    desk: Desk,
    practice: Option<Practice>,
    ready: mpsc::Sender<()>,
    stopped: oneshot::Receiver<()>,
) -> Result<Told, CliError> {
    let mut signals = match &practice {
        Some(_) => Some(Signals::catch()?),
        None => None,
    };
    let bound = Listener::bind(&desk.place.socket(), None);
    let listener = bound.map_err(|error| port_error(&desk.place, error))?;
    let clock = desk.clock;
    let reception = Reception::open(
        desk.engine,
        desk.store,
        clock,
        desk.links,
        listener,
        None,
        None,
    )?;
    // Whoever waits for it waits on this thread's end, too.
    let _ = ready.send(());
    let mut told = Told::Stop;
    let signal = async {
        match &mut signals {
            Some(signals) => signals.next().await,
            None => pending().await,
        }
    };
    let stop = async {
        tokio::select! {
            // Dropped, it means the same.
            _ = stopped => {}
            signal = signal => told = signal,
        }
    };
    let practised = async {
        match practice {
            Some(practice) => practice.run(wall(clock), pending()).await,
            None => pending().await,
        }
    };
    tokio::select! {
        ended = reception.run(stop) => ended?,
        failed = practised => failed.map_err(|cause| CliError::Talk(Box::new(cause)))?,
    }
    Ok(told)
}
