//! `hazir serve`: the engine without a console.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use super::clock::Clock;
use super::config::Config;
use super::error::CliError;
use super::place::Place;
use super::wiring::{BUSY, port_error, runtime};
use super::{files, log, parts};
use crate::api::{Ask, Event, Query, Request};
use crate::domain::{GatewayName, LinkEvent, LinkOrder, Operator};
use crate::engine::Engine;
use crate::engine::shell::{self, CALLS, Call, DRAIN, EVENTS, ORDERS, Wires};
use crate::gateway::{self, GatewayConfig, TcpConnect};
use crate::port::Listener;
use crate::store::{RedbStore, StoreError};

/// How long the links may take to say goodbye: two seconds for the answer to unbind, and a little for the rest.
const GOODBYE: Duration = Duration::from_millis(2_300);

/// Runs the engine until it is told to stop.
///
/// # Errors
/// [`CliError`] where it cannot start, or had to stop.
pub fn serve(place: &Place, config: &Config) -> Result<(), CliError> {
    // A dump of memory holds keys.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(cause) = setrlimit(Resource::Core, none) {
        tracing::warn!(%cause, "core dumps stay on");
    }
    let links = parts::gateway_configs(place, config)?;
    let key = files::store_key(place)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let store = open_store(place).await?;
        log::open(place)?;
        let clock = Clock::start();
        let engine = parts::engine(place, config, key, &store, clock)?;
        let group = config.site.socket_group.as_deref();
        let listener =
            Listener::bind(&place.socket(), group).map_err(|error| port_error(place, error))?;
        let signals = Signals::catch()?;
        let desk = Reception::open(engine, store, clock, links, listener)?;
        desk.run(signals).await
    })
}

/// An engine that found its store locked waits: the one before it may be about to end.
async fn open_store(place: &Place) -> Result<RedbStore, CliError> {
    let started = Instant::now();
    loop {
        match RedbStore::open(&place.store()) {
            Err(StoreError::InUse) if started.elapsed() < BUSY => {
                sleep(Duration::from_millis(100)).await;
            }
            opened => return opened.map_err(parts::store_error),
        }
    }
}

/// All that runs.
struct Reception {
    tasks: JoinSet<()>,
    links: JoinSet<()>,
    orders: BTreeMap<GatewayName, mpsc::Sender<Vec<LinkOrder>>>,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<(), StoreError>>,
}

impl Reception {
    fn open(
        engine: Engine,
        store: RedbStore,
        clock: Clock,
        gateways: Vec<GatewayConfig>,
        listener: Listener,
    ) -> Result<Self, CliError> {
        let size = engine.size();
        let (link_events, links_rx) = mpsc::channel(DRAIN);
        let (calls, calls_rx) = mpsc::channel(CALLS);
        let (events, _) = broadcast::channel(EVENTS);
        let (stop, stop_rx) = oneshot::channel();
        let mut orders = BTreeMap::new();
        let mut links = JoinSet::new();
        for gateway in gateways {
            let (orders_tx, orders_rx) = mpsc::channel(ORDERS);
            orders.insert(gateway.name.clone(), orders_tx);
            let connect = TcpConnect::new(&gateway);
            let seed = parts::seed()?;
            links.spawn(gateway::run(
                gateway,
                connect,
                orders_rx,
                link_events.clone(),
                seed,
            ));
        }
        drop::<mpsc::Sender<(GatewayName, LinkEvent)>>(link_events);
        let wires = Wires {
            links: links_rx,
            calls: calls_rx,
            orders: orders.clone(),
            events: events.clone(),
            stop: stop_rx,
        };
        let ended = start_engine(engine, store, wires, clock)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, calls.clone(), events));
        tasks.spawn(watch(calls));
        say_ready(size);
        Ok(Self {
            tasks,
            links,
            orders,
            stop,
            ended,
        })
    }

    async fn run(mut self, mut signals: Signals) -> Result<(), CliError> {
        let ended = loop {
            tokio::select! {
                _ = signals.terminate.recv() => break None,
                _ = signals.interrupt.recv() => break None,
                _ = signals.hang_up.recv() => tracing::info!("the terminal is gone; reception goes on"),
                ended = &mut self.ended => break Some(ended),
            }
        };
        notify(&[sd_notify::NotifyState::Stopping]);
        self.close_links().await;
        let ended = if let Some(ended) = ended {
            ended
        } else {
            // The engine may have failed meanwhile; `ended` says so.
            let _ = self.stop.send(());
            self.ended.await
        };
        self.tasks.shutdown().await;
        match ended {
            Ok(result) => result.map_err(parts::store_error),
            Err(_) => Err(CliError::Answer),
        }
    }

    async fn close_links(&mut self) {
        for orders in self.orders.values() {
            // A link that has ended needs no order.
            let _ = orders.try_send(vec![LinkOrder::Stop]);
        }
        let all = async { while self.links.join_next().await.is_some() {} };
        if timeout(GOODBYE, all).await.is_err() {
            tracing::warn!("a gateway did not say goodbye");
        }
        self.links.abort_all();
    }
}

/// What the system may tell. Caught before anybody can know that the engine runs.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// A terminal that goes does not end the reception.
    hang_up: Signal,
}

impl Signals {
    fn catch() -> Result<Self, CliError> {
        let catch = |kind| signal(kind).map_err(|cause| CliError::Talk(Box::new(cause)));
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            hang_up: catch(SignalKind::hangup())?,
        })
    }
}

/// Starts the engine on a thread of its own, because a commit blocks it and should.
fn start_engine(
    engine: Engine,
    store: RedbStore,
    wires: Wires,
    clock: Clock,
) -> Result<oneshot::Receiver<Result<(), StoreError>>, CliError> {
    let (ended_tx, ended) = oneshot::channel();
    let runtime = runtime()?;
    let run = move || {
        let result = runtime.block_on(shell::run(engine, store, wires, move || clock.now()));
        if let Err(error) = &result {
            tracing::error!(?error, "the engine stops");
        }
        // Whoever waits for it may be gone; then the process ends anyway.
        let _ = ended_tx.send(result);
    };
    let started = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(run);
    started.map_err(|cause| CliError::Talk(Box::new(cause)))?;
    Ok(ended)
}

/// Lets windows in.
async fn accept(
    listener: Listener,
    calls: mpsc::Sender<Call>,
    events: broadcast::Sender<(u64, Event)>,
) {
    let mut windows = JoinSet::new();
    loop {
        let connection = listener.accept().await;
        while windows.try_join_next().is_some() {}
        windows.spawn(connection.serve(calls.clone(), events.subscribe()));
    }
}

/// Tells the service manager that the engine answers, as often as it wants to hear it.
async fn watch(calls: mpsc::Sender<Call>) {
    let Some(every) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = interval((every / 2).max(Duration::from_millis(100)));
    loop {
        ticks.tick().await;
        let by = Operator {
            user: "hazir".to_owned(),
            desk: "watchdog".to_owned(),
        };
        let (reply, answered) = oneshot::channel();
        let request = Request {
            by,
            ask: Ask::Query(Query::Links),
        };
        if calls.send((request, reply)).await.is_err() {
            return;
        }
        if answered.await.is_ok() {
            notify(&[sd_notify::NotifyState::Watchdog]);
        }
    }
}

fn say_ready((gateways, employees): (usize, usize)) {
    tracing::info!(gateways, employees, "ready");
    let plural = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let gateways = plural(gateways, "gateway", "gateways");
    let employees = plural(employees, "employee", "employees");
    // Where nobody reads it, it is in the log.
    let _ = writeln!(std::io::stderr(), "ready: {gateways}, {employees}");
    notify(&[sd_notify::NotifyState::Ready]);
}

/// Tells the service manager, where there is one.
fn notify(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(cause) = sd_notify::notify(state) {
        tracing::warn!(%cause, "the service manager was not told");
    }
}
