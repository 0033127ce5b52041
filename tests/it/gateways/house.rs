//! A real link, a real engine and a real store in one house, and the gateway's end of the line in the test's hands. Time
//! is paused: what takes half an hour takes no time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hazir::api::{
    AlarmFact, Ask, Command, EnrolKey, FeedLine, FeedOutcome, LinkFact, NewEmployee, OutboxFact,
    Query, Reply, Request,
};
use hazir::domain::{
    Country, EmployeeId, LinkOrder, Millis, Msisdn, Operator, OutboxId, OutboxState, Seq,
};
use hazir::engine::shell::{self, Call, Wires};
use hazir::engine::{Engine, GatewaySettings, Now, Receipts, Rules, Settings, Tick};
use hazir::gateway::{self, GatewayConfig};
use hazir::protocol::StoreKey;
use hazir::store::{RedbStore, Store as _, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::super::faulty_disk::Disk;
use super::super::pdu::{Submitted, read_submit};
use super::super::phone::{Heard, Message, Phone};
use super::super::session::peer::{
    BIND_TRANSCEIVER, DELIVER_SM_RESP, Deliver, ENQUIRE_LINK, Line, Pdu, Peer, SUBMIT_SM,
    SUBMIT_SM_RESP, Writes, config, dial, pdu,
};
use super::super::shell::desk::Counting;

/// 2026-11-20T05:30:00Z.
const MORNING: i64 = 1_795_152_600_000;
/// The number of the desk, to which every [`Deliver`] goes.
pub const DESK: &str = "+989000000000";
/// Longer than anything here may take: what waits so long hangs.
const HANGS: Duration = Duration::from_hours(3);

/// What a test may want otherwise.
pub struct Plan {
    pub link: GatewayConfig,
    pub engine: GatewaySettings,
    pub lines: Vec<Line>,
    pub disk: Disk,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            link: config(),
            engine: GatewaySettings {
                name: config().name,
                source_address: None,
                reaches: Vec::new(),
                binary: false,
                footer_octets: 0,
                answer_link: None,
                window: 10,
                max_per_second: 0,
                max_per_30_min: 0,
            },
            lines: Vec::new(),
            disk: Disk::default(),
        }
    }
}

/// A desk with one gateway.
pub struct House {
    calls: mpsc::Sender<Call>,
    peers: UnboundedReceiver<Peer>,
    writes: Writes,
    link: JoinSet<()>,
    engine: JoinSet<Result<(), StoreError>>,
    _orders: mpsc::Sender<Vec<LinkOrder>>,
    _stop: oneshot::Sender<()>,
}

impl House {
    /// A house whose link is bound, and the gateway.
    pub async fn open() -> (Self, Gateway) {
        Self::with(Plan::default()).await
    }

    /// The same, as the plan has it.
    pub async fn with(plan: Plan) -> (Self, Gateway) {
        let mut house = Self::start(plan);
        let gateway = house.bound().await;
        (house, gateway)
    }

    /// A house whose link begins to connect.
    pub fn start(plan: Plan) -> Self {
        let Plan {
            link: config,
            engine: gateway,
            lines,
            disk,
        } = plan;
        let name = config.name.clone();
        let settings = Settings {
            time_zone: jiff::tz::TimeZone::UTC,
            country: Country::parse("IR").unwrap(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: vec![gateway],
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
        let store = RedbStore::with_backend(disk).unwrap();
        let loaded = store.load().unwrap();
        let key = StoreKey::from_octets([7; 32]);
        let engine = Engine::new(settings, key, loaded, Box::new(Counting(1)), clock()).unwrap();
        let (events, links) = mpsc::channel(shell::DRAIN);
        let (calls, calls_rx) = mpsc::channel(shell::CALLS);
        let (orders, orders_rx) = mpsc::channel(shell::ORDERS);
        let (told, _) = broadcast::channel(shell::EVENTS);
        let (stop, stop_rx) = oneshot::channel();
        let wires = Wires {
            links,
            calls: calls_rx,
            copies: mpsc::channel(1).1,
            orders: BTreeMap::from([(name, orders.clone())]),
            events: told,
            stop: stop_rx,
        };
        let mut engine_task = JoinSet::new();
        engine_task.spawn(shell::run(engine, store, wires, clock));
        let (dial, peers) = dial(lines);
        let writes = Writes::clone(&dial.writes);
        let mut link = JoinSet::new();
        link.spawn(gateway::run(config, dial, orders_rx, events, 7));
        Self {
            calls,
            peers,
            writes,
            link,
            engine: engine_task,
            _orders: orders,
            _stop: stop,
        }
    }

    /// The next connection of the link, not bound yet.
    pub async fn peer(&mut self) -> Peer {
        let peer = timeout(HANGS, self.peers.recv()).await;
        peer.expect("the link does not connect")
            .expect("the link ended")
    }

    /// The next connection of the link, bound.
    pub async fn bound(&mut self) -> Gateway {
        let mut peer = self.peer().await;
        peer.bind(0).await;
        Gateway::of(peer)
    }

    /// Ends as a process does that is killed.
    pub async fn kill(mut self) {
        self.link.shutdown().await;
        self.engine.shutdown().await;
    }

    /// The end of an engine whose store failed.
    pub async fn fails(&mut self) -> StoreError {
        let ended = timeout(HANGS, self.engine.join_next()).await;
        let ended = ended.expect("the engine goes on").unwrap().unwrap();
        ended.expect_err("the store fails")
    }

    /// An employee with a phone.
    pub async fn hire(&self, number: &str) -> Phone {
        let employee = self.card(number, false).await;
        let enrol = Command::EnrolDevice(employee, EnrolKey::New);
        let Reply::Enrolled(enrolled) = self.ask(Ask::Command(enrol)).await else {
            panic!("no phone")
        };
        Phone::new(enrolled.device.0, &enrolled.root_key, number)
    }

    /// A card, for the app of 2023 where it is `legacy`.
    pub async fn card(&self, number: &str, legacy: bool) -> EmployeeId {
        let card = NewEmployee {
            name: format!("Somebody {number}"),
            phone: Msisdn::parse(number, Country::parse("IR").unwrap()).unwrap(),
            short: None,
            team: None,
            shift: None,
            legacy,
        };
        let add = Command::AddEmployees(vec![card]);
        let Reply::Employees(cards) = self.ask(Ask::Command(add)).await else {
            panic!("no card")
        };
        cards[0].id
    }

    /// What became of every message, in order.
    pub async fn outcomes(&self) -> Vec<FeedOutcome> {
        let feed = self.feed().await;
        feed.iter().map(|line| line.outcome).collect()
    }

    /// Every line of the feed.
    pub async fn feed(&self) -> Vec<FeedLine> {
        let query = Query::Feed {
            after: Seq(0),
            since: None,
            employee: None,
        };
        let Reply::Feed { lines, .. } = self.ask(Ask::Query(query)).await else {
            panic!("no feed")
        };
        lines
    }

    /// The outbox.
    pub async fn outbox(&self) -> Vec<OutboxFact> {
        let after = OutboxId(0);
        let Reply::Outbox { entries, .. } = self.ask(Ask::Query(Query::Outbox { after })).await
        else {
            panic!("no outbox")
        };
        entries
    }

    /// How far each entry of the outbox has come.
    pub async fn states(&self) -> Vec<OutboxState> {
        let outbox = self.outbox().await;
        outbox.iter().map(|entry| entry.state).collect()
    }

    /// The alarms.
    pub async fn alarms(&self) -> Vec<AlarmFact> {
        let Reply::Alarms(alarms) = self.ask(Ask::Query(Query::Alarms)).await else {
            panic!("no alarms")
        };
        alarms
    }

    /// What the desk knows of its gateway.
    pub async fn link(&self) -> LinkFact {
        let Reply::Links(mut links) = self.ask(Ask::Query(Query::Links)).await else {
            panic!("no links")
        };
        links.remove(0)
    }

    /// The writes of the link since the last call.
    pub fn writes(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }

    async fn ask(&self, ask: Ask) -> Reply {
        let by = Operator {
            user: "test".to_owned(),
            desk: "test".to_owned(),
        };
        // What the link was told a moment ago is heard first.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (reply, answered) = oneshot::channel();
        self.calls.send((Request { by, ask }, reply)).await.unwrap();
        answered.await.unwrap()
    }
}

/// The gateway's end of a bound link. It answers enquire_link by itself.
pub struct Gateway {
    peer: Peer,
    sequence: u32,
    answers: BTreeMap<u32, u32>,
    submits: VecDeque<(u32, Submitted)>,
}

impl Gateway {
    /// The gateway's end of a line that is bound.
    pub fn of(peer: Peer) -> Self {
        Self {
            peer,
            sequence: 0,
            answers: BTreeMap::new(),
            submits: VecDeque::new(),
        }
    }

    /// The line itself, on which nothing is answered by itself.
    pub fn into_peer(self) -> Peer {
        self.peer
    }

    /// Writes octets.
    pub async fn send(&mut self, octets: &[u8]) {
        self.peer.send(octets).await;
    }

    /// The next PDU that is no enquire_link; `None` where the link closed.
    pub async fn receive(&mut self) -> Option<Pdu> {
        let next = async {
            loop {
                let pdu = self.peer.receive().await?;
                if pdu.id != ENQUIRE_LINK {
                    return Some(pdu);
                }
                self.peer.answer(&pdu).await;
            }
        };
        timeout(HANGS, next).await.expect("the link says nothing")
    }

    /// The next PDU that is no enquire_link: its header.
    pub async fn header(&mut self) -> (u32, u32, u32) {
        self.receive().await.expect("the link closed").header()
    }

    /// Nothing but enquire_link comes for so long.
    pub async fn quiet(&mut self, ms: u64) {
        assert!(self.submits.is_empty(), "a submit_sm came");
        self.peer.idle(ms).await;
    }

    /// Hands a message on and gives its sequence number.
    pub async fn deliver(&mut self, sms: &Deliver) -> u32 {
        self.sequence += 1;
        self.send(&sms.pdu(self.sequence)).await;
        self.sequence
    }

    /// Hands a message on and waits for its answer.
    pub async fn take(&mut self, sms: &Deliver) -> u32 {
        let sequence = self.deliver(sms).await;
        self.answer(sequence).await
    }

    /// The status with which the deliver_sm of this number was answered.
    pub async fn answer(&mut self, sequence: u32) -> u32 {
        loop {
            if let Some(status) = self.answers.remove(&sequence) {
                return status;
            }
            self.note().await;
        }
    }

    /// The next submit_sm.
    pub async fn submit(&mut self) -> (u32, Submitted) {
        loop {
            if let Some(submit) = self.submits.pop_front() {
                return submit;
            }
            self.note().await;
        }
    }

    /// Answers a submit_sm.
    pub async fn respond(&mut self, sequence: u32, status: u32, id: &str) {
        let body = format!("{id}\0");
        let octets = pdu(SUBMIT_SM_RESP, status, sequence, body.as_bytes());
        self.send(&octets).await;
    }

    /// Takes the next submit_sm under this id.
    pub async fn accept(&mut self, id: &str) -> Submitted {
        let (sequence, submitted) = self.submit().await;
        self.respond(sequence, 0, id).await;
        submitted
    }

    /// Takes the next submit_sm and hands it to a phone, which has to hold a receipt then.
    pub async fn receipt(&mut self, phone: &mut Phone, id: &str) -> Submitted {
        let submitted = self.accept(id).await;
        let heard = phone.hear(&submitted.text());
        assert!(matches!(heard, Heard::Receipt(_)), "{heard:?}");
        submitted
    }

    /// A check-in by this phone, taken and with its receipt on the phone.
    pub async fn check_in(&mut self, phone: &mut Phone, id: &str) -> Submitted {
        let sms = check_in(phone);
        assert_eq!(self.take(&sms).await, 0);
        self.receipt(phone, id).await
    }

    async fn note(&mut self) {
        let pdu = self.receive().await.expect("the link closed");
        match pdu.id {
            DELIVER_SM_RESP => {
                let before = self.answers.insert(pdu.sequence, pdu.status);
                assert_eq!(before, None, "answered twice");
            }
            SUBMIT_SM => {
                let submitted = read_submit(&pdu.body);
                self.submits.push_back((pdu.sequence, submitted));
            }
            BIND_TRANSCEIVER => panic!("bound already"),
            other => panic!("command_id {other:#010x}"),
        }
    }
}

/// The check-in that a phone seals now.
pub fn sealed(phone: &mut Phone) -> Message {
    let action = if phone.next % 2 == 1 { 1 } else { 2 };
    phone.check_in(action, Millis(MORNING).unix_s(), "")
}

/// A message with this text from this number.
pub fn from(number: &str, text: &[u8]) -> Deliver {
    Deliver {
        kind: (1, 1),
        source: number.as_bytes().to_vec(),
        ..Deliver::text(text)
    }
}

/// A check-in of a phone, as most gateways hand it on.
pub fn check_in(phone: &mut Phone) -> Deliver {
    let message = sealed(phone);
    from(&phone.number, message.text.as_bytes())
}
