//! An engine in its shell on a store that fails when it is told to, and the other ends of its channels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hazir::api::{Ask, Command, EnrolKey, Event, NewEmployee, Reply, Request};
use hazir::domain::{
    Address, Country, Digest, EmployeeId, GatewayName, InboundSms, LedgerRow, LinkEvent, LinkOrder,
    Millis, Msisdn, Operator, OutboundSms, OutboxId, OutboxRow, OutboxState, Seq, SmsBody, Ticket,
};
use hazir::engine::shell::{self, Call, Wires};
use hazir::engine::{Engine, Entropy, GatewaySettings, Now, Receipts, Rules, Settings, Tick};
use hazir::protocol::StoreKey;
use hazir::store::{Archive, Batch, Loaded, RedbStore, Store, StoreError};
use redb::backends::InMemoryBackend;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::super::phone::Phone;

/// 2026-11-20T05:30:00Z.
pub const MORNING: i64 = 1_795_152_600_000;
const DESK: &str = "+989120000001";
pub const AYSE: &str = "+989121111111";

/// What is done first in a commit.
pub type AtCommit = Box<dyn FnMut(&Batch) + Send>;

/// What test and store both hold of the store.
#[derive(Default)]
pub struct Probe {
    pub at_commit: Option<AtCommit>,
    pub commits: usize,
    /// The commit of this number fails, 1 for the first, and all after it.
    pub fail_at: Option<usize>,
    pub fail_reads: bool,
    pub settled: usize,
    /// What is durable.
    pub rows: Vec<LedgerRow>,
    pub outbox: BTreeMap<OutboxId, OutboxRow>,
}

#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Probe>>);

impl Shared {
    pub fn look<T>(&self, look: impl FnOnce(&mut Probe) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub fn commits(&self) -> usize {
        self.look(|probe| probe.commits)
    }

    pub fn state(&self, id: u64) -> Option<OutboxState> {
        self.look(|probe| probe.outbox.get(&OutboxId(id)).map(|row| row.state))
    }
}

/// A store in memory that fails when it is told to.
struct FailingStore(RedbStore, Shared);

fn fault() -> StoreError {
    StoreError::Write(Box::new(std::io::Error::other("the test")))
}

impl FailingStore {
    fn read(&self) -> Result<&RedbStore, StoreError> {
        if self.1.look(|probe| probe.fail_reads) {
            return Err(fault());
        }
        Ok(&self.0)
    }
}

impl Archive for FailingStore {
    fn ledger_row(&self, seq: Seq) -> Result<Option<LedgerRow>, StoreError> {
        self.read()?.ledger_row(seq)
    }
    fn ledger_page(&self, after: Seq, limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
        self.read()?.ledger_page(after, limit)
    }
    fn ledger_of(
        &self,
        employee: EmployeeId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        self.read()?.ledger_of(employee, after, limit)
    }
    fn ledger_of_before(
        &self,
        employee: EmployeeId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        self.read()?.ledger_of_before(employee, before, limit)
    }
    fn seq_before(&self, at: Millis) -> Result<Seq, StoreError> {
        self.read()?.seq_before(at)
    }
    fn outbox_row(&self, id: OutboxId) -> Result<Option<OutboxRow>, StoreError> {
        self.read()?.outbox_row(id)
    }
    fn outbox_page(&self, after: OutboxId, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.read()?.outbox_page(after, limit)
    }
    fn legacy_seen(&self, employee: EmployeeId, digest: Digest) -> Result<Option<Seq>, StoreError> {
        self.read()?.legacy_seen(employee, digest)
    }
}

impl Store for FailingStore {
    fn load(&self) -> Result<Loaded, StoreError> {
        self.0.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if let Some(mut at_commit) = self.1.look(|probe| probe.at_commit.take()) {
            at_commit(batch);
            self.1.look(|probe| probe.at_commit = Some(at_commit));
        }
        let fails = self.1.look(|probe| {
            probe.commits += 1;
            probe.fail_at.is_some_and(|at| probe.commits >= at)
        });
        if fails {
            return Err(fault());
        }
        self.0.commit(batch)?;
        self.1.look(|probe| {
            probe.rows.extend(batch.ledger.iter().cloned());
            probe.outbox.extend(batch.outbox.clone());
        });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.1.look(|probe| probe.settled += 1);
        self.0.settle()
    }
}

/// Octets that look random and are the same in every run.
pub(crate) struct Counting(pub(crate) u8);

impl Entropy for Counting {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_mul(5).wrapping_add(13);
            *octet = self.0;
        }
    }
}

/// An engine in its shell, and the other ends of its channels.
pub struct Desk {
    pub probe: Shared,
    pub links: Option<mpsc::Sender<(GatewayName, LinkEvent)>>,
    pub calls: mpsc::Sender<Call>,
    pub orders: mpsc::Receiver<Vec<LinkOrder>>,
    pub events: broadcast::Receiver<(u64, Event)>,
    stop: Option<oneshot::Sender<()>>,
    engine: JoinSet<Result<(), StoreError>>,
    pub waiting: JoinSet<Reply>,
    pub sequence: u32,
    /// Tickets that were handed in.
    pub tickets: BTreeSet<u32>,
    /// The status of each that was answered.
    pub answered: BTreeMap<u32, u32>,
    pub submitted: Vec<OutboundSms>,
    pub last_batch: usize,
}

fn g() -> GatewayName {
    GatewayName::new("g")
}

impl Desk {
    /// Starts an engine whose link takes so many batches of orders without being read.
    pub fn start(probe: Probe, room: usize) -> Self {
        let (mut desk, engine) = Self::apart(probe, room);
        desk.engine.spawn(engine);
        desk
    }

    /// The same, with an engine that is still to be run.
    pub fn apart(
        probe: Probe,
        room: usize,
    ) -> (
        Self,
        impl Future<Output = Result<(), StoreError>> + Send + use<>,
    ) {
        let settings = Settings {
            time_zone: jiff::tz::TimeZone::UTC,
            country: Country::parse("IR").unwrap(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: vec![GatewaySettings {
                name: g(),
                source_address: Some(DESK.to_owned()),
                binary: false,
                footer_octets: 62,
                answer_link: None,
                window: 10,
                max_per_second: 0,
                max_per_30_min: 0,
                reaches: Vec::new(),
            }],
            released_at: Millis(MORNING),
            version: "test".to_owned(),
        };
        let began = Instant::now();
        let clock = move || {
            let ms = i64::try_from(began.elapsed().as_millis()).unwrap();
            Now {
                wall: Millis(MORNING + ms),
                tick: Tick(ms),
            }
        };
        let probe = Shared(Arc::new(Mutex::new(probe)));
        let store = RedbStore::with_backend(InMemoryBackend::new()).unwrap();
        let loaded = store.load().unwrap();
        let key = StoreKey::from_octets([7; 32]);
        let engine = Engine::new(settings, key, loaded, Box::new(Counting(1)), clock()).unwrap();
        let (links, links_rx) = mpsc::channel(64);
        let (calls, calls_rx) = mpsc::channel(64);
        let (orders_tx, orders) = mpsc::channel(room);
        let (events_tx, events) = broadcast::channel(1_024);
        let (stop, stop_rx) = oneshot::channel();
        let wires = Wires {
            links: links_rx,
            calls: calls_rx,
            copies: mpsc::channel(1).1,
            orders: BTreeMap::from([(g(), orders_tx)]),
            events: events_tx,
            stop: stop_rx,
        };
        let store = FailingStore(store, probe.clone());
        let engine = shell::run(engine, store, wires, clock);
        let desk = Self {
            probe,
            links: Some(links),
            calls,
            orders,
            events,
            stop: Some(stop),
            engine: JoinSet::new(),
            waiting: JoinSet::new(),
            sequence: 0,
            tickets: BTreeSet::new(),
            answered: BTreeMap::new(),
            submitted: Vec::new(),
            last_batch: 0,
        };
        (desk, engine)
    }

    /// A desk with an employee, her phone and a bound link.
    pub async fn with_phone() -> (Self, Phone) {
        let mut desk = Self::start(Probe::default(), 64);
        let phone = desk.enrol().await.unwrap();
        desk.tell(LinkEvent::Up { connection: 1 }).await;
        desk.listen().await;
        (desk, phone)
    }

    /// Asks without waiting for the reply; `waiting` has it.
    pub async fn call(&mut self, ask: Ask) {
        let by = Operator {
            user: "mina".into(),
            desk: "front".into(),
        };
        let (reply, answer) = oneshot::channel();
        if self.calls.send((Request { by, ask }, reply)).await.is_ok() {
            self.waiting
                .spawn(async { answer.await.expect("whoever asks is told") });
        }
    }

    pub async fn ask(&mut self, ask: Ask) -> Option<Reply> {
        self.call(ask).await;
        Some(self.waiting.join_next().await?.unwrap())
    }

    pub async fn enrol(&mut self) -> Option<Phone> {
        let card = NewEmployee {
            name: "Ayse".into(),
            phone: Msisdn::parse(AYSE, Country::default()).unwrap(),
            short: None,
            team: None,
            shift: None,
            legacy: false,
        };
        let added = self.ask(Ask::Command(Command::AddEmployees(vec![card])));
        let Reply::Employees(cards) = added.await? else {
            return None;
        };
        let command = Command::EnrolDevice(cards[0].id, EnrolKey::New);
        let Reply::Enrolled(enrolled) = self.ask(Ask::Command(command)).await? else {
            return None;
        };
        Some(Phone::new(enrolled.device.0, &enrolled.root_key, AYSE))
    }

    pub async fn tell(&mut self, event: LinkEvent) {
        if let Some(links) = &self.links {
            // An engine that has ended hears nothing.
            let _ = links.send((g(), event)).await;
        }
    }

    pub async fn deliver(&mut self, text: &str) {
        self.sequence += 1;
        let ticket = Ticket {
            connection: 1,
            sequence: self.sequence,
        };
        let sms = InboundSms {
            source: Address::plain(AYSE),
            destination: Address::plain(DESK),
            octets: Bytes::copy_from_slice(text.as_bytes()),
            data_coding: 0,
            part: None,
        };
        let taken = match &self.links {
            Some(links) => links
                .send((g(), LinkEvent::Inbound { ticket, sms }))
                .await
                .is_ok(),
            None => false,
        };
        if taken {
            self.tickets.insert(self.sequence);
        }
    }

    /// Lets the engine work until nothing is left to do at this moment, and hears what it orders.
    pub async fn listen(&mut self) {
        sleep(Duration::from_millis(1)).await;
        self.hear();
    }

    pub fn hear(&mut self) {
        while let Ok(batch) = self.orders.try_recv() {
            self.last_batch = batch.len();
            for order in batch {
                match order {
                    LinkOrder::Answer { ticket, status } => {
                        let before = self.answered.insert(ticket.sequence, status);
                        assert_eq!(before, None, "answered twice");
                    }
                    LinkOrder::Submit { sms, .. } => self.submitted.push(sms),
                    LinkOrder::Stop => {}
                }
            }
        }
    }

    pub async fn accept(&mut self, id: OutboxId) {
        let result = Ok(format!("id{id}"));
        self.tell(LinkEvent::Submitted {
            connection: 1,
            id,
            result,
        })
        .await;
    }

    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An engine that failed needs no order.
            let _ = stop.send(());
        }
    }

    pub async fn end(&mut self) -> Result<(), StoreError> {
        self.stop();
        let ended = self.engine.join_next().await.unwrap().unwrap();
        self.hear();
        ended
    }

    pub fn happened(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok())
            .map(|(_, event)| event)
            .collect()
    }
}

pub fn seconds() -> u32 {
    Millis(MORNING).unix_s()
}

pub fn text_of(sms: &OutboundSms) -> String {
    match &sms.body {
        SmsBody::Text(text) => text.clone(),
        SmsBody::Binary(_) => panic!("octets"),
    }
}
