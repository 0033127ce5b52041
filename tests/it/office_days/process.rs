//! The desk's process: the engine's core driven as its shell drives it, on a store that may fail, until it is killed.

use std::collections::{BTreeMap, VecDeque};

use hazir::domain::{AlarmKind, GatewayName, LinkEvent, LinkOrder, Millis};
use hazir::engine::{Engine, Entropy, Now, Then};
use hazir::protocol::StoreKey;
use hazir::store::{Batch, RedbStore, Store};

use super::faults::{Kind, subject};
use super::faulty_disk::{Cut, Seeded};
use super::links::Link;
use super::plan::{GATEWAYS, Point, within};
use super::world::{Happening, World};

/// What need not be durable at once is written after this long.
const RIDE_MS: i64 = 50;
/// Idle for so long, the store is settled.
const IDLE_MS: i64 = Millis::SECOND;
/// ESME_RX_T_APPN: a fault of ours, try again later. SMPP 3.4 section 5.1.3.
const TEMPORARY: u32 = 0x64;

/// A fault of the product, put into it to see that the judge finds it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Planted {
    /// None.
    #[default]
    Nothing,
    /// Responses leave before the commit.
    AnswersEarly,
    /// A decision is not written: after a restart a copy counts again.
    ForgetsDecisions,
    /// The answers of a batch of several messages are not written.
    DropsAnswers,
    /// The disk says that it synced, and did not.
    LyingDisk,
    /// What is given up raises no alarm.
    FailsInSilence,
}

impl Planted {
    fn spoil(self, batch: &mut Batch) {
        match self {
            Self::ForgetsDecisions => batch.decided.clear(),
            Self::DropsAnswers if batch.ledger.len() > 1 => batch.outbox.clear(),
            Self::FailsInSilence => batch.alarms.retain(|_, row| {
                let kind = row.as_ref().map(|row| &row.kind);
                !matches!(kind, Some(AlarmKind::OutboxFailed { .. }))
            }),
            Self::DropsAnswers | Self::Nothing | Self::AnswersEarly | Self::LyingDisk => {}
        }
    }
}

/// Octets that look random and follow from a seed.
pub struct Dice(pub Seeded);

impl Entropy for Dice {
    fn fill(&mut self, octets: &mut [u8]) {
        for octets in octets.chunks_mut(8) {
            octets.copy_from_slice(&self.0.next().to_le_bytes()[..octets.len()]);
        }
    }
}

/// A process of the desk.
pub struct Process {
    pub engine: Engine,
    pub store: RedbStore,
    /// The links of its gateways.
    pub links: Vec<Link>,
    inbox: VecDeque<(usize, LinkEvent)>,
    /// A commit is going on until then; what was decided leaves after it.
    busy_until: Option<i64>,
    unwritten_since: Option<i64>,
    idle_since: Option<i64>,
    /// When the engine is to be woken.
    pub wake_at: i64,
}

impl Process {
    /// Whether a commit is going on.
    pub const fn is_busy(&self) -> bool {
        self.busy_until.is_some()
    }
}

impl World {
    /// A link tells the engine something.
    pub fn tell(&mut self, place: usize, event: LinkEvent) {
        let soon = self.tick + self.ways.turn_ms;
        let Some(process) = &mut self.process else {
            return;
        };
        let is_response = matches!(event, LinkEvent::Submitted { result: Ok(_), .. });
        process.inbox.push_back((place, event));
        process.wake_at = process.busy_until.unwrap_or(process.wake_at.min(soon));
        if is_response {
            self.dies_at(Point::Responded);
        }
    }

    /// The engine has something to do.
    pub fn wake(&mut self) {
        let tick = self.tick;
        let Some(process) = &mut self.process else {
            return;
        };
        if process.busy_until.take().is_some() {
            self.dispatch();
            self.note_unwritten();
        } else if process.inbox.is_empty() {
            self.time_passes();
        } else if process.wake_at <= tick {
            self.take_in();
        }
        self.plan_wake();
    }

    fn take_in(&mut self) {
        if self.dies_at(Point::Received) {
            return;
        }
        let (now, heard) = (self.now(), !self.consoles.is_empty());
        let Some(process) = &mut self.process else {
            return;
        };
        process.engine.set_heard(heard);
        while let Some((place, event)) = process.inbox.pop_front() {
            let name = GatewayName::new(GATEWAYS[place].0);
            let ticket = ticket_of(&event);
            let taken = process
                .engine
                .handle_link(now, &name, event, &process.store);
            if taken.is_err() {
                return self.fail(ticket.map(|ticket| (place, ticket)));
            }
        }
        if !self.dies_at(Point::Decided) {
            self.let_go();
        }
    }

    fn time_passes(&mut self) {
        let (now, heard) = (self.now(), !self.consoles.is_empty());
        let settles = self.ways.settles;
        let Some(process) = &mut self.process else {
            return;
        };
        process.engine.set_heard(heard);
        process.engine.handle_timeout(now);
        self.let_go();
        let tick = self.tick;
        let Some(process) = &mut self.process else {
            return;
        };
        let is_idle = process
            .idle_since
            .is_some_and(|since| tick >= since + IDLE_MS);
        if settles && is_idle && process.busy_until.is_none() {
            process.idle_since = None;
            if process.store.settle().is_err() {
                self.fail(None);
            }
        }
    }

    /// Commits where something waits for it, then lets go what was decided.
    pub fn let_go(&mut self) {
        let (now, tick) = (self.now(), self.tick);
        let Some(process) = &mut self.process else {
            return;
        };
        let since = process.unwritten_since;
        let is_ripe = since.is_some_and(|since| tick >= since + RIDE_MS);
        if self.planted == Planted::AnswersEarly {
            self.dispatch_answers();
        }
        let Some(process) = &mut self.process else {
            return;
        };
        if process.engine.is_urgent() || is_ripe || process.engine.must_say_alive(now) {
            let busy_ms = self.commit_time();
            if !self.commit() || self.dies_at(Point::Committed) {
                return;
            }
            if busy_ms > 0
                && let Some(process) = &mut self.process
            {
                process.busy_until = Some(tick + busy_ms);
                return;
            }
        }
        self.dispatch();
        self.note_unwritten();
    }

    fn note_unwritten(&mut self) {
        let tick = self.tick;
        if let Some(process) = &mut self.process
            && process.engine.has_unwritten()
        {
            process.unwritten_since.get_or_insert(tick);
        }
    }

    fn commit_time(&mut self) -> i64 {
        self.commits += 1;
        let about = subject(self.commits, 0, 0);
        if self.strikes(Kind::SlowCommit, about) {
            1 + within(&mut self.faults.numbers(60, about), self.ways.commit_ms)
        } else {
            0
        }
    }

    /// Writes what there is. Returns whether the engine goes on.
    pub fn commit(&mut self) -> bool {
        let (now, tick) = (self.now(), self.tick);
        let Some(process) = &mut self.process else {
            return false;
        };
        if !process.engine.has_unwritten() && !process.engine.must_say_alive(now) {
            return true;
        }
        process.unwritten_since = None;
        process.idle_since = Some(tick);
        let mut batch = process.engine.take_batch(now);
        self.planted.spoil(&mut batch);
        let written = process.store.commit(&batch);
        if written.is_err() {
            self.judge.may_have(now, batch);
            self.fail(None);
            return false;
        }
        self.judge.note(now, &batch, &self.phones);
        true
    }

    /// Lets go what was decided: it is durable now.
    pub fn dispatch(&mut self) {
        let is_split = self.kill_at == Some(Point::Answered);
        let Some(process) = &mut self.process else {
            return;
        };
        let mut orders: BTreeMap<usize, Vec<LinkOrder>> = BTreeMap::new();
        let mut later = Vec::new();
        for then in process.engine.take_then() {
            match then {
                Then::Order(gateway, order) => {
                    let place = place_of(&gateway);
                    if is_split && matches!(order, LinkOrder::Submit { .. }) {
                        later.push((place, order));
                    } else {
                        orders.entry(place).or_default().push(order);
                    }
                }
                Then::Publish(revision, event) => self.publish(revision, &event),
            }
        }
        let has_orders = !orders.is_empty();
        for (place, orders) in orders {
            self.order(place, orders);
        }
        if has_orders && self.dies_at(Point::Answered) {
            return;
        }
        let has_submits = !later.is_empty();
        for (place, order) in later {
            self.order(place, vec![order]);
        }
        if has_submits || has_orders {
            self.dies_at(Point::Submitted);
        }
    }

    fn dispatch_answers(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        for then in process.engine.take_then() {
            if let Then::Order(gateway, order) = then {
                self.order(place_of(&gateway), vec![order]);
            }
        }
    }

    /// When the engine is to be woken next, as its shell reckons it.
    pub fn plan_wake(&mut self) {
        let (now, tick) = (self.now(), self.tick);
        let soon = tick + self.ways.turn_ms;
        let idle_ms = if self.judge.open() > 0 {
            self.ways.idle_ms
        } else {
            self.quiet_ms
        };
        let settles = self.ways.settles;
        let Some(process) = &mut self.process else {
            return;
        };
        process.wake_at = if let Some(until) = process.busy_until {
            until
        } else if process.inbox.is_empty() {
            let due = process.engine.deadline(now).0;
            let due = due.clamp(tick + 1, tick + Millis::MINUTE);
            let due = due.max(tick + idle_ms);
            let ripe = process.unwritten_since.map(|since| since + RIDE_MS);
            let idle = process.idle_since.map(|since| since + IDLE_MS);
            let idle = idle.filter(|_| settles);
            let all = [Some(due), ripe, idle];
            all.into_iter().flatten().min().unwrap_or(due).max(tick + 1)
        } else {
            soon
        };
    }

    /// The store failed: whoever waits is told so, and the process ends.
    fn fail(&mut self, unheard: Option<(usize, hazir::domain::Ticket)>) {
        self.story(|| "the store failed".to_owned());
        if self.planted == Planted::Nothing && !self.disk.take_failed() {
            self.judge
                .breaks("7: the store fails on a sound disk".to_owned());
        }
        let now = self.now();
        let Some(process) = &mut self.process else {
            return;
        };
        if self.disk.is_off() {
            return self.power_off();
        }
        let decided = process.engine.take_then();
        process.engine.store_failed(now);
        let mut tickets: Vec<_> = unheard.into_iter().collect();
        for then in decided {
            if let Then::Order(gateway, LinkOrder::Answer { ticket, .. }) = then {
                tickets.push((place_of(&gateway), ticket));
            }
        }
        let inbox = std::mem::take(&mut process.inbox);
        let waiting = inbox.iter().filter_map(|(place, event)| {
            let ticket = ticket_of(event)?;
            Some((*place, ticket))
        });
        tickets.extend(waiting);
        for (place, ticket) in tickets {
            self.answer(place, ticket, TEMPORARY);
        }
        for place in 0..GATEWAYS.len() {
            self.order(place, Vec::new());
        }
        self.end();
    }

    /// The process ends where this point of its turn is one to be killed at.
    pub fn dies_at(&mut self, point: Point) -> bool {
        let dies = self.kill_at == Some(point) && self.process.is_some();
        if dies {
            self.story(|| format!("killed: {point:?}"));
            self.kill();
        }
        dies
    }

    /// SIGKILL: no destructor writes anything.
    pub fn kill(&mut self) {
        self.disk.hold(true);
        self.end();
        self.disk.hold(false);
    }

    /// The process is gone: its connections are closed by the system.
    fn end(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        self.kill_at = None;
        for (place, link) in process.links.iter_mut().enumerate() {
            if let Some(wire) = link.wire() {
                self.hang_up(place, wire, true);
            }
        }
        drop(process);
        if self.disk.is_off() && !self.disk.is_held() {
            return self.power_off();
        }
        self.is_gone();
    }

    /// The power is gone: nobody is told of anything.
    pub fn power_off(&mut self) {
        self.disk.turn_off();
        self.process = None;
        self.kill_at = None;
        for place in 0..GATEWAYS.len() {
            self.go_silent(place);
        }
        let seed = self.cut_seed;
        let cut = match seed % 4 {
            0 => Cut::LosesAll,
            1 => Cut::LosesNothing,
            2 => Cut::Loses(seed),
            _ => Cut::Tears(seed),
        };
        self.story(|| format!("the power is off: {cut:?}"));
        self.disk.turn_on(cut);
        self.is_gone();
    }

    fn is_gone(&mut self) {
        self.consoles.clear();
        self.judge.restarts();
        let about = subject(self.starts, 1, 0);
        let pause = within(&mut self.faults.numbers(61, about), 60 * Millis::SECOND);
        self.later(pause.max(100), Happening::Start);
    }

    /// The engine stops in order, and another begins later.
    pub fn stop(&mut self) {
        let now = self.now();
        let Some(process) = &mut self.process else {
            return;
        };
        process.busy_until = None;
        for (place, event) in std::mem::take(&mut process.inbox) {
            let name = GatewayName::new(GATEWAYS[place].0);
            let taken = process
                .engine
                .handle_link(now, &name, event, &process.store);
            if taken.is_err() {
                return self.fail(None);
            }
        }
        process.engine.stop(now);
        if !self.commit() {
            return;
        }
        self.dispatch();
        if let Some(process) = &mut self.process
            && process.store.settle().is_err()
        {
            return self.fail(None);
        }
        self.end();
    }

    /// A process begins.
    pub fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        self.starts += 1;
        let tick = self.tick;
        let opened = RedbStore::with_backend(self.disk.clone());
        let loaded = opened.and_then(|store| store.load().map(|loaded| (store, loaded)));
        let (store, loaded) = match loaded {
            Ok(opened) => opened,
            Err(fault) => return self.starts_not(&fault),
        };
        self.judge.resumes(&loaded, &store, &self.phones);
        let dice = self.faults.numbers(62, self.starts);
        let key = StoreKey::from_octets([7; 32]);
        let now = self.now();
        let engine = Engine::new(
            self.settings.clone(),
            key,
            loaded,
            Box::new(Dice(dice)),
            now,
        );
        let mut engine = match engine {
            Ok(engine) => engine,
            Err(fault) => return self.judge.breaks(format!("7: no start: {fault}")),
        };
        engine.start(now);
        let links = (0..GATEWAYS.len()).map(|place| {
            let seed = self
                .faults
                .numbers(63, subject(self.starts, place as u64, 0));
            Link::new(seed.clone().next(), tick)
        });
        self.process = Some(Process {
            engine,
            store,
            links: links.collect(),
            inbox: VecDeque::new(),
            busy_until: None,
            unwritten_since: None,
            idle_since: Some(tick),
            wake_at: tick,
        });
        self.let_go();
        self.plan_wake();
    }

    fn starts_not(&mut self, fault: &hazir::store::StoreError) {
        self.story(|| format!("no start: {fault:?}"));
        if !self.disk.take_failed() {
            self.judge
                .breaks(format!("7: a restart needs a hand: {fault:?}"));
        }
        if self.disk.is_off() {
            return self.power_off();
        }
        self.later(5 * Millis::SECOND, Happening::Start);
    }

    /// What the engine would know if it began now; `None` where the store cannot be read.
    pub fn fresh(&self, store: &RedbStore, now: Now) -> Option<Engine> {
        let key = StoreKey::from_octets([7; 32]);
        let dice = Box::new(Dice(Seeded(1)));
        let loaded = store.load().ok()?;
        Engine::new(self.settings.clone(), key, loaded, dice, now).ok()
    }

    /// The store cannot be read.
    pub fn store_fails(&mut self) {
        self.fail(None);
    }
}

fn place_of(gateway: &GatewayName) -> usize {
    let mut names = GATEWAYS.iter();
    let place = names.position(|(name, _)| *name == &*gateway.0);
    place.expect("a gateway of the configuration")
}

fn ticket_of(event: &LinkEvent) -> Option<hazir::domain::Ticket> {
    match event {
        LinkEvent::Inbound { ticket, .. } => Some(*ticket),
        LinkEvent::Connecting
        | LinkEvent::Up { .. }
        | LinkEvent::Down { .. }
        | LinkEvent::Submitted { .. }
        | LinkEvent::Report(_)
        | LinkEvent::ReplyTime(_)
        | LinkEvent::Traffic(_) => None,
    }
}
