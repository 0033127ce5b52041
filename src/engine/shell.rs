//! The engine's shell: a clock, the store and channels around [`Engine`].
//!
//! One task on a thread of its own, because a commit blocks it and should. It drains what waits, lets the engine work,
//! makes one commit for all of it, and only then lets answers, messages and events go.

use std::collections::BTreeMap;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Duration, Instant, sleep_until};

use super::{Engine, Now, Then};
use crate::api::{Event, Refusal, Reply, Request};
use crate::domain::{CopyEvent, GatewayName, LinkEvent, LinkOrder, Millis, SubmitFault, Ticket};
use crate::store::{Store, StoreError};

/// Inputs that one commit may carry: what a second of full speed brings fits in a few of them.
pub const DRAIN: usize = 4_096;
/// Orders that a link may have waiting: an answer for all that may be on the way to us, and a window.
pub const ORDERS: usize = 2 * DRAIN;
/// Requests that may wait for the engine; one more is told that it is busy.
pub const CALLS: usize = 64;
/// What may wait of backups and of the journal: each says a few words a night, or when its disk fails.
pub const COPIES: usize = 16;
/// Events that a slow console may lag behind before it has to begin anew.
pub const EVENTS: usize = 4_096;
/// What need not be durable at once is written after this long.
const RIDE: Duration = Duration::from_millis(50);
/// Idle for so long, the store is settled, so that it opens at once after a crash.
const IDLE: Duration = Duration::from_secs(1);

/// ESME_RX_T_APPN: a fault of ours, try again later. SMPP 3.4 section 5.1.3.
const TEMPORARY: u32 = 0x64;

/// ESME_RMSGQFUL, in the place of a link that has too much to do. SMPP 3.4 section 5.1.3.
const QUEUE_FULL: u32 = 0x14;

/// A request with the way back.
pub type Call = (Request, oneshot::Sender<Reply>);

/// The ends of the channels that the engine holds.
#[derive(Debug)]
pub struct Wires {
    /// From the links.
    pub links: mpsc::Receiver<(GatewayName, LinkEvent)>,
    /// From consoles and commands.
    pub calls: mpsc::Receiver<Call>,
    /// From whoever makes copies of the store.
    pub copies: mpsc::Receiver<CopyEvent>,
    /// To the links.
    pub orders: BTreeMap<GatewayName, mpsc::Sender<Vec<LinkOrder>>>,
    /// To the consoles, with the revision of each event.
    pub events: broadcast::Sender<(u64, Event)>,
    /// Ends the engine.
    pub stop: oneshot::Receiver<()>,
}

/// Runs the engine until it is told to stop.
///
/// # Errors
/// [`StoreError`] where the store cannot be read or written: whoever waited was told so, and nothing was let go that is
/// not durable. The process is to end; it must not go on with this store.
pub async fn run<S: Store>(
    engine: Engine,
    store: S,
    wires: Wires,
    clock: impl Fn() -> Now,
) -> Result<(), StoreError> {
    let Wires {
        links,
        calls,
        copies,
        orders,
        events,
        stop,
    } = wires;
    let now = Instant::now();
    let mut shell = Shell {
        engine,
        store,
        orders,
        events,
        clock,
        inputs: Vec::new(),
        unwritten_since: None,
        idle_since: Some(now),
    };
    shell.run(links, calls, copies, stop).await
}

struct Shell<S, C> {
    engine: Engine,
    store: S,
    orders: BTreeMap<GatewayName, mpsc::Sender<Vec<LinkOrder>>>,
    events: broadcast::Sender<(u64, Event)>,
    clock: C,
    /// What the links told and the engine has not heard yet.
    inputs: Vec<(GatewayName, LinkEvent)>,
    unwritten_since: Option<Instant>,
    idle_since: Option<Instant>,
}

impl<S: Store, C: Fn() -> Now> Shell<S, C> {
    async fn run(
        &mut self,
        mut links: mpsc::Receiver<(GatewayName, LinkEvent)>,
        mut calls: mpsc::Receiver<Call>,
        copies: mpsc::Receiver<CopyEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Result<(), StoreError> {
        let served = self.serve(&mut links, &mut calls, copies, stop).await;
        if served.is_err() {
            self.refuse(links, calls);
        }
        served
    }

    async fn serve(
        &mut self,
        links: &mut mpsc::Receiver<(GatewayName, LinkEvent)>,
        calls: &mut mpsc::Receiver<Call>,
        mut copies: mpsc::Receiver<CopyEvent>,
        mut stop: oneshot::Receiver<()>,
    ) -> Result<(), StoreError> {
        self.engine.start((self.clock)());
        self.let_go()?;
        let mut has_links = true;
        loop {
            let wake = self.next_wake();
            tokio::select! {
                _ = &mut stop => break,
                Some(call) = calls.recv() => self.answer(call)?,
                Some(event) = copies.recv() => {
                    self.look_who_listens();
                    self.engine.handle_copy((self.clock)(), event);
                    self.let_go()?;
                }
                count = links.recv_many(&mut self.inputs, DRAIN), if has_links => {
                    has_links = count > 0;
                    self.take()?;
                }
                () = sleep_until(wake) => {
                    self.look_who_listens();
                    self.engine.handle_timeout((self.clock)());
                    self.let_go()?;
                    self.settle()?;
                }
            }
        }
        // What a gateway took while it said goodbye is not sent again.
        while self.inputs.len() < DRAIN
            && let Ok(input) = links.try_recv()
        {
            self.inputs.push(input);
        }
        self.take()?;
        self.engine.stop((self.clock)());
        self.commit()?;
        self.dispatch();
        self.store.settle()
    }

    fn take(&mut self) -> Result<(), StoreError> {
        self.look_who_listens();
        let mut inputs = self.inputs.drain(..);
        let mut failed = None;
        for (gateway, event) in inputs.by_ref() {
            let ticket = ticket_of(&event);
            let handled = self
                .engine
                .handle_link((self.clock)(), &gateway, event, &self.store);
            if let Err(error) = handled {
                failed = Some((gateway, ticket, error));
                break;
            }
        }
        let unheard: Vec<_> = inputs.collect();
        if let Some((gateway, ticket, error)) = failed {
            self.inputs = unheard;
            self.turn_away(&gateway, ticket);
            return Err(error);
        }
        self.let_go()
    }

    /// Rows that are read must be written first: the store is all that a query sees.
    fn answer(&mut self, (request, reply): Call) -> Result<(), StoreError> {
        self.look_who_listens();
        let answered = self.commit().and_then(|()| {
            self.dispatch();
            self.engine
                .handle_request((self.clock)(), request, &self.store)
        });
        let answered = answered.and_then(|answer| self.let_go().map(|()| answer));
        let (answer, result) = match answered {
            Ok(answer) => (answer, Ok(())),
            Err(error) => (Reply::Refused(Refusal::Store), Err(error)),
        };
        // Whoever asked may have gone.
        let _ = reply.send(answer);
        result
    }

    /// Whoever listens from now on asks for what is true after that.
    fn look_who_listens(&mut self) {
        self.engine.set_heard(self.events.receiver_count() > 0);
    }

    /// Commits where something waits for it, then lets go what was decided.
    fn let_go(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        let ripe = self
            .unwritten_since
            .is_some_and(|since| now >= since + RIDE);
        if self.engine.is_urgent() || ripe || self.engine.must_say_alive((self.clock)()) {
            self.commit()?;
        }
        self.dispatch();
        if self.engine.has_unwritten() {
            self.unwritten_since.get_or_insert(now);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let now = (self.clock)();
        if !self.engine.has_unwritten() && !self.engine.must_say_alive(now) {
            return Ok(());
        }
        self.unwritten_since = None;
        self.idle_since = Some(Instant::now());
        let batch = self.engine.take_batch(now);
        self.store.commit_all(batch)
    }

    fn dispatch(&mut self) {
        let mut orders: BTreeMap<GatewayName, Vec<LinkOrder>> = BTreeMap::new();
        let all = self.engine.take_then();
        let most = all.len();
        for then in all {
            match then {
                Then::Order(gateway, order) => {
                    let orders = orders.entry(gateway);
                    let orders = orders.or_insert_with(|| Vec::with_capacity(most));
                    orders.push(order);
                }
                // Nobody listens where no console is open.
                Then::Publish(revision, event) => drop(self.events.send((revision, *event))),
            }
        }
        for (gateway, orders) in orders {
            self.send(&gateway, orders);
        }
    }

    fn send(&mut self, gateway: &GatewayName, orders: Vec<LinkOrder>) {
        let Some(link) = self.orders.get(gateway) else {
            return;
        };
        let Err(error) = link.try_send(orders) else {
            return;
        };
        tracing::error!(%gateway, "the link does not take orders");
        let fault = match error {
            TrySendError::Full(_) => SubmitFault::Status(QUEUE_FULL),
            TrySendError::Closed(_) => SubmitFault::LinkLost,
        };
        for order in error.into_inner() {
            if let LinkOrder::Submit(sms) = order {
                let result = Err(fault);
                let event = LinkEvent::Submitted { id: sms.id, result };
                let now = (self.clock)();
                if self
                    .engine
                    .handle_link(now, gateway, event, &self.store)
                    .is_err()
                {
                    tracing::error!("the store cannot be read");
                }
            }
        }
    }

    /// The store failed: nothing that was decided may leave. Whoever waits is told so; gateways try again later.
    fn refuse(
        &mut self,
        mut links: mpsc::Receiver<(GatewayName, LinkEvent)>,
        mut calls: mpsc::Receiver<Call>,
    ) {
        let decided = self.engine.take_then();
        self.engine.store_failed((self.clock)());
        let alarms = self.engine.take_then();
        for then in decided {
            if let Then::Order(gateway, LinkOrder::Answer { ticket, .. }) = then {
                self.turn_away(&gateway, Some(ticket));
            }
        }
        links.close();
        let waiting = std::mem::take(&mut self.inputs);
        let waiting = waiting
            .into_iter()
            .chain(std::iter::from_fn(|| links.try_recv().ok()));
        for (gateway, event) in waiting {
            self.turn_away(&gateway, ticket_of(&event));
        }
        for then in alarms {
            if let Then::Publish(revision, event) = then {
                drop(self.events.send((revision, *event)));
            }
        }
        drop(self.events.send((u64::MAX, Event::Stopping)));
        calls.close();
        while let Ok((_, reply)) = calls.try_recv() {
            // Whoever asked may have gone.
            let _ = reply.send(Reply::Refused(Refusal::Store));
        }
    }

    /// Tells a gateway that waits for an answer to try again later.
    fn turn_away(&self, gateway: &GatewayName, ticket: Option<Ticket>) {
        if let (Some(link), Some(ticket)) = (self.orders.get(gateway), ticket) {
            let status = TEMPORARY;
            // A link that takes no orders is closed soon; the message comes again on the next.
            let _ = link.try_send(vec![LinkOrder::Answer { ticket, status }]);
        }
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        if self
            .idle_since
            .is_some_and(|since| Instant::now() >= since + IDLE)
        {
            self.idle_since = None;
            return self.store.settle();
        }
        Ok(())
    }

    fn next_wake(&mut self) -> Instant {
        let now = (self.clock)();
        let wait_ms = self
            .engine
            .deadline(now)
            .0
            .saturating_sub(now.tick.0)
            .clamp(1, Millis::MINUTE);
        let deadline = Instant::now() + Duration::from_millis(wait_ms.unsigned_abs());
        let ripe = self.unwritten_since.map(|since| since + RIDE);
        let idle = self.idle_since.map(|since| since + IDLE);
        [Some(deadline), ripe, idle]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(deadline)
    }
}

fn ticket_of(event: &LinkEvent) -> Option<Ticket> {
    match event {
        LinkEvent::Inbound { ticket, .. } => Some(*ticket),
        LinkEvent::Connecting
        | LinkEvent::Up
        | LinkEvent::Down { .. }
        | LinkEvent::Submitted { .. }
        | LinkEvent::Report(_)
        | LinkEvent::ReplyTime(_)
        | LinkEvent::Traffic(_) => None,
    }
}
