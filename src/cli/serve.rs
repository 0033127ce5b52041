//! `hazir serve`: the engine without a console.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write as _;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use super::clock::Clock;
use super::config::Config;
use super::copies::{Copyist, Nightly};
use super::error::CliError;
use super::place::Place;
use super::second::{self, Journal};
use super::wiring::{AGAIN, BUSY, finish, port_error, runtime};
use super::{doors, files, log, parts, sentences};
use crate::api::{Ask, Event, Query, Request};
use crate::domain::{CopyEvent, GatewayName, LinkEvent, LinkOrder, Operator};
use crate::engine::Engine;
use crate::engine::shell::{self, CALLS, COPIES, Call, DRAIN, EVENTS, ORDERS, Wires};
use crate::gateway::{self, GatewayConfig, TcpConnect};
use crate::port::Listener;
use crate::store::journal::Journaled;
use crate::store::{RedbStore, Store as _, StoreError};
use crate::words::Words;

/// How long windows may take to hear that the engine has stopped.
const FAREWELL: Duration = Duration::from_millis(200);
/// How long the links may take to say goodbye: two seconds for the answer to unbind, and a little for the rest.
const GOODBYE: Duration = Duration::from_millis(2_300);

/// Runs the engine until it is told to stop.
///
/// # Errors
/// [`CliError`] where it cannot start, or had to stop.
pub fn serve(place: &Place, config: &Config, words: &Words) -> Result<(), CliError> {
    finish(runtime()?, async {
        let mut signals = Signals::catch()?;
        let links = parts::gateway_configs(place, config)?;
        let key = files::store_key(place)?;
        let Some(mut store) = open_store(place, &mut signals).await? else {
            return Ok(());
        };
        if let Err(error) = log::open(place) {
            // Check-ins are worth more than their diagnostics.
            tell(&sentences::said(words, &error));
        }
        second::hold(place, config, words, &mut store)?;
        let clock = Clock::start();
        let engine = parts::engine(place, config, key, &store, clock)?;
        let group = config.site.socket_group.as_deref();
        let listener =
            Listener::bind(&place.socket(), group).map_err(|error| port_error(place, error))?;
        if let Some(shut) = doors::shut_to_group(place, config, words) {
            tracing::warn!("{shut}");
            tell(&shut);
        }
        let size = engine.size();
        let key_check = store.load().map_err(parts::store_error)?.meta.key_check;
        let nightly = Nightly::new(place, config, key_check);
        let journal = Journal::of(place, config);
        let journal = journal.as_ref();
        let desk = Reception::open(engine, store, clock, links, listener, nightly, journal)?;
        say_ready(size);
        desk.run(signals.stop()).await
    })
}

/// An engine that found its store locked waits: the one before it may be about to end. `None` where it was told to
/// stop meanwhile.
async fn open_store(place: &Place, signals: &mut Signals) -> Result<Option<RedbStore>, CliError> {
    let started = Instant::now();
    loop {
        match RedbStore::open(&place.store()) {
            Err(StoreError::InUse) if started.elapsed() < BUSY => {}
            opened => return opened.map(Some).map_err(parts::store_error),
        }
        tokio::select! {
            () = signals.stop() => return Ok(None),
            () = sleep(AGAIN) => {}
        }
    }
}

/// All that runs of a desk: the engine on a thread of its own, links, and the door for windows.
#[derive(Debug)]
pub struct Reception {
    tasks: JoinSet<()>,
    links: JoinSet<()>,
    orders: BTreeMap<GatewayName, mpsc::Sender<Vec<LinkOrder>>>,
    stop: oneshot::Sender<()>,
    /// Lets windows go once they have heard all.
    farewell: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<(), StoreError>>,
}

impl Reception {
    /// Starts everything, in a runtime.
    ///
    /// # Errors
    /// [`CliError::Talk`] or [`CliError::Random`] where the system has no thread or no random octets to give.
    pub fn open(
        engine: Engine,
        store: RedbStore,
        clock: Clock,
        gateways: Vec<GatewayConfig>,
        listener: Listener,
        nightly: Option<Nightly>,
        journal: Option<&Journal>,
    ) -> Result<Self, CliError> {
        let (link_events, links_rx) = mpsc::channel(DRAIN);
        let (calls, calls_rx) = mpsc::channel(CALLS);
        let (copies, copies_rx) = mpsc::channel(COPIES);
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
        let of_store = store.copier();
        let told = copies.clone();
        let store = second::journaled(store, journal, clock, move |event: CopyEvent| {
            // An engine that ends hears of it at its next start.
            let _ = told.try_send(event);
        })?;
        let wires = Wires {
            links: links_rx,
            calls: calls_rx,
            copies: copies_rx,
            orders: orders.clone(),
            events: events.clone(),
            stop: stop_rx,
        };
        let copyist = Copyist::new(of_store, calls.clone(), copies, clock, nightly);
        let (asks, asks_rx) = mpsc::channel(CALLS);
        let ended = start_engine(engine, store, wires, clock)?;
        let mut tasks = JoinSet::new();
        let (farewell, farewell_rx) = oneshot::channel();
        tasks.spawn(accept(listener, asks, events, farewell_rx));
        tasks.spawn(copyist.run(asks_rx));
        tasks.spawn(watch(calls));
        Ok(Self {
            tasks,
            links,
            orders,
            stop,
            farewell,
            ended,
        })
    }

    /// Runs until `stop` comes, or until a part of it fails; then unbinds and ends everything in order.
    ///
    /// # Errors
    /// [`CliError::WriteStore`] and the like where the store failed, [`CliError::Fallen`] where a part panicked.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), CliError> {
        let mut ended = None;
        let mut has_fallen = false;
        tokio::select! {
            () = stop => {}
            result = &mut self.ended => ended = Some(result),
            () = panic_of(&mut self.links) => has_fallen = true,
            () = panic_of(&mut self.tasks) => has_fallen = true,
        }
        notify(&[sd_notify::NotifyState::Stopping]);
        self.close_links().await;
        let ended = if let Some(ended) = ended {
            ended
        } else {
            // The engine may have failed meanwhile; `ended` says so.
            let _ = self.stop.send(());
            self.ended.await
        };
        // Windows hear that it stops before they are let go.
        let _ = self.farewell.send(());
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(FAREWELL, all).await.is_err() {
            self.tasks.shutdown().await;
        }
        // A thread that says nothing at its end has panicked.
        ended
            .map_err(|_| CliError::Fallen)?
            .map_err(parts::store_error)?;
        if has_fallen {
            return Err(CliError::Fallen);
        }
        Ok(())
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

/// What the system told.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is to end.
    Stop,
    /// The terminal is gone.
    HangUp,
}

/// What the system may tell. Caught before anything else, so that a stop is orderly and a hang-up nothing at any moment.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Catches the signals that end programs, in a runtime.
    ///
    /// # Errors
    /// [`CliError::Talk`] where the system does not allow it.
    pub fn catch() -> Result<Self, CliError> {
        let catch = |kind| signal(kind).map_err(|cause| CliError::Talk(Box::new(cause)));
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            hang_up: catch(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one. A cancelled call loses nothing.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hang_up.recv() => Told::HangUp,
        }
    }

    /// Waits until the engine is told to stop. A terminal that goes does not end the reception. A cancelled call loses
    /// nothing.
    async fn stop(&mut self) {
        while self.next().await == Told::HangUp {
            tracing::info!("the terminal is gone; reception goes on");
        }
    }
}

/// Starts the engine on a thread of its own, because a commit blocks it and should.
fn start_engine(
    engine: Engine,
    store: Journaled,
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

/// Waits until one of `tasks` panics. Without it the process would live on deaf.
async fn panic_of(tasks: &mut JoinSet<()>) {
    loop {
        match tasks.join_next().await {
            Some(Err(error)) if error.is_panic() => return,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// Lets windows in until the farewell, and waits then until they have heard all that the engine said.
async fn accept(
    listener: Listener,
    calls: mpsc::Sender<Call>,
    events: broadcast::Sender<(u64, Event)>,
    mut farewell: oneshot::Receiver<()>,
) {
    let mut windows = JoinSet::new();
    loop {
        let connection = tokio::select! {
            connection = listener.accept() => connection,
            // Dropped, it means the same.
            _ = &mut farewell => break,
        };
        while windows.try_join_next().is_some() {}
        windows.spawn(connection.serve(calls.clone(), events.subscribe()));
    }
    drop((listener, calls, events));
    while windows.join_next().await.is_some() {}
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
    let plural = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let gateways = plural(gateways, "gateway", "gateways");
    let employees = plural(employees, "employee", "employees");
    tracing::info!(%gateways, %employees, "ready");
    tell(&format!("ready: {gateways}, {employees}"));
    notify(&[sd_notify::NotifyState::Ready]);
}

/// Says a line on stderr. Where nobody reads it, it is in the log.
pub fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Tells the service manager, where there is one.
fn notify(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(cause) = sd_notify::notify(state) {
        tracing::warn!(%cause, "the service manager was not told");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::api::{Command, EnrolKey, NewEmployee, Reply};
    use crate::domain::{Country, EmployeeId, Entry, Msisdn};
    use crate::engine::Entropy;
    use crate::port::Client;
    use crate::protocol::StoreKey;

    /// Octets for the check of the key and the history of a new store; a panic for whoever wants more.
    struct Twice(AtomicUsize);

    impl Entropy for Twice {
        fn fill(&mut self, octets: &mut [u8]) {
            let given = self.0.fetch_add(1, Ordering::Relaxed);
            assert!(given < 2, "the engine falls");
            octets.fill(1);
        }
    }

    fn reception(dir: &std::path::Path) -> Reception {
        let place = Place::find(Some(dir)).unwrap();
        let config = super::super::config::read_text("").ok().unwrap();
        let store = RedbStore::open(&place.store()).unwrap();
        let clock = Clock::start();
        let engine = Engine::new(
            parts::settings(&config),
            StoreKey::from_octets([7; 32]),
            store.load().unwrap(),
            Box::new(Twice(AtomicUsize::new(0))),
            clock.now(),
        );
        let listener = Listener::bind(&place.socket(), None).unwrap();
        Reception::open(
            engine.unwrap(),
            store,
            clock,
            Vec::new(),
            listener,
            None,
            None,
        )
        .unwrap()
    }

    #[tokio::test]
    async fn a_panic_of_the_engine_ends_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let running = reception(dir.path()).run(std::future::pending());
        let socket = dir.path().join("hazir.sock");
        let enrol = async {
            let mut client = Client::connect(&socket, "test").await.unwrap();
            let card = NewEmployee {
                name: "Ayşe".to_owned(),
                phone: Msisdn::parse("+989120000001", Country::default()).unwrap(),
                short: None,
                team: None,
                shift: None,
                legacy: false,
            };
            let added = client.ask(Ask::Command(Command::AddEmployees(vec![card])));
            assert!(matches!(added.await.unwrap(), Reply::Employees(_)));
            let enrol = Command::EnrolDevice(EmployeeId(1), EnrolKey::New);
            client.ask(Ask::Command(enrol)).await
        };
        let (ended, asked) = tokio::join!(running, enrol);
        assert!(matches!(ended, Err(CliError::Fallen)), "{ended:?}");
        assert!(asked.is_err());
        assert!(!socket.exists());
    }

    #[tokio::test]
    async fn a_panic_of_a_task_ends_the_program_and_the_engine_in_order() {
        for in_link in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let mut reception = reception(dir.path());
            let tasks = if in_link {
                &mut reception.links
            } else {
                &mut reception.tasks
            };
            tasks.spawn(async { assert!(std::hint::black_box(false), "the task falls") });
            let ended = reception.run(std::future::pending()).await;
            assert!(matches!(ended, Err(CliError::Fallen)), "{ended:?}");
            let store = RedbStore::open(&dir.path().join("hazir.redb")).unwrap();
            let last = store.load().unwrap().last.unwrap();
            let stopped = matches!(last.entry, Entry::EngineStopped { .. });
            assert!(stopped, "{last:?}");
        }
    }
}
