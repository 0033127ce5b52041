//! An engine in its shell with its link, on a store in memory, for a practice.

use std::collections::BTreeMap;

use hazir::api::{Ask, Command, EnrolKey, FeedLine, NewEmployee, Query, Reply, Request, Retried};
use hazir::domain::{AlarmKind, Country, GatewayName, LinkOrder, Millis, Operator, Seq};
use hazir::engine::shell::{self, Call, Wires};
use hazir::engine::{Engine, GatewaySettings, Now, Receipts, Rules, Settings, Tick};
use hazir::gateway::{self, GatewayConfig, Password, SystemId, TcpConnect};
use hazir::practice::Practice;
use hazir::protocol::StoreKey;
use hazir::store::{RedbStore, Store as _, StoreError};
use redb::backends::InMemoryBackend;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::shell::desk::Counting;

/// 2026-11-20T05:30:00Z.
pub const MORNING: i64 = 1_795_152_600_000;

/// The clock of people, from now on.
pub fn wall() -> impl Fn() -> Millis + Clone {
    let began = Instant::now();
    move || Millis(MORNING + i64::try_from(began.elapsed().as_millis()).unwrap())
}

/// A reception that takes part in a practice.
pub struct Reception {
    calls: mpsc::Sender<Call>,
    orders: mpsc::Sender<Vec<LinkOrder>>,
    stop: oneshot::Sender<()>,
    link: JoinSet<()>,
    engine: JoinSet<Result<(), StoreError>>,
}

impl Reception {
    /// Starts one with all cards and phones of the practice.
    pub async fn start(practice: &Practice) -> Self {
        let plan = practice.plan();
        let name = GatewayName::new("practice");
        let settings = Settings {
            time_zone: jiff::tz::TimeZone::UTC,
            country: Country::parse(plan.country).unwrap(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: vec![GatewaySettings {
                name: name.clone(),
                source_address: Some(plan.desk_number.to_owned()),
                binary: false,
                footer_octets: usize::from(plan.footer_octets),
                answer_link: None,
                window: 10,
                max_per_second: 0,
                max_per_30_min: 0,
                reaches: Vec::new(),
            }],
            released_at: Millis(MORNING),
            version: "test".to_owned(),
        };
        let wall = wall();
        let clock = move || {
            let wall = wall();
            Now {
                wall,
                tick: Tick(wall.0 - MORNING),
            }
        };
        let store = RedbStore::with_backend(InMemoryBackend::new()).unwrap();
        let engine = Engine::new(
            settings,
            StoreKey::from_octets([7; 32]),
            store.load().unwrap(),
            Box::new(Counting(1)),
            clock(),
        );
        let (link_events, links) = mpsc::channel(shell::DRAIN);
        let (calls, calls_rx) = mpsc::channel(shell::CALLS);
        let (orders, orders_rx) = mpsc::channel(shell::ORDERS);
        let (events, _) = broadcast::channel(shell::EVENTS);
        let (stop, stop_rx) = oneshot::channel();
        let wires = Wires {
            links,
            calls: calls_rx,
            copies: mpsc::channel(1).1,
            orders: BTreeMap::from([(name.clone(), orders.clone())]),
            events,
            stop: stop_rx,
        };
        let mut engine_task = JoinSet::new();
        engine_task.spawn(shell::run(engine.unwrap(), store, wires, clock));
        let config = GatewayConfig {
            name,
            host: "127.0.0.1".to_owned(),
            port: practice.port(),
            tls: None,
            system_id: SystemId::parse(plan.system_id).unwrap(),
            password: Password::parse(&plan.password).unwrap(),
            enquire_link_s: 30,
            response_timeout_s: 10,
            window: 10,
            one_pdu_per_write: false,
        };
        let reception = Self {
            calls,
            orders,
            stop,
            link: JoinSet::new(),
            engine: engine_task,
        };
        reception.enrol(practice).await;
        let mut reception = reception;
        let connect = TcpConnect::new(&config);
        let link = gateway::run(config, connect, orders_rx, link_events, 1);
        reception.link.spawn(link);
        reception
    }

    /// Every line of the feed.
    pub async fn feed(&self) -> Vec<FeedLine> {
        let mut feed = Vec::new();
        let mut after = Some(Seq(0));
        while let Some(page) = after {
            let query = Query::Feed {
                after: page,
                since: None,
                employee: None,
            };
            let Reply::Feed { lines, next } = self.ask(Ask::Query(query)).await else {
                panic!("no feed")
            };
            feed.extend(lines);
            after = next.filter(|next| *next > page);
        }
        feed
    }

    /// What alarms are about.
    pub async fn alarms(&self) -> Vec<AlarmKind> {
        let Reply::Alarms(alarms) = self.ask(Ask::Query(Query::Alarms)).await else {
            panic!("no alarms")
        };
        alarms.into_iter().map(|alarm| alarm.kind).collect()
    }

    /// Queues failed answers again: how many.
    pub async fn retry_failed(&self) -> usize {
        let Reply::Retried(retried) = self.ask(Ask::Command(Command::RetryFailed)).await else {
            panic!("nothing was tried again")
        };
        let requeued = |it: &&Retried| matches!(it, Retried::Requeued(_));
        retried.iter().filter(requeued).count()
    }

    /// Ends it in order.
    pub async fn end(mut self) {
        self.orders.send(vec![LinkOrder::Stop]).await.unwrap();
        self.link.join_next().await.unwrap().unwrap();
        self.stop.send(()).unwrap();
        self.engine.join_next().await.unwrap().unwrap().unwrap();
    }

    async fn enrol(&self, practice: &Practice) {
        let hires = &practice.plan().hires;
        let cards = hires.iter().map(|hire| NewEmployee {
            name: hire.name.clone(),
            phone: hire.phone.clone(),
            short: Some(hire.short.clone()),
            team: Some(hire.team.to_owned()),
            shift: None,
            legacy: hire.device.is_none(),
        });
        let added = self.ask(Ask::Command(Command::AddEmployees(cards.collect())));
        let Reply::Employees(cards) = added.await else {
            panic!("no cards")
        };
        for (card, hire) in cards.iter().zip(hires) {
            assert_eq!(card.phone, hire.phone);
            if let Some((device, root)) = &hire.device {
                let key = EnrolKey::Device(*device, *root.octets());
                let enrol = self.ask(Ask::Command(Command::EnrolDevice(card.id, key)));
                assert!(matches!(enrol.await, Reply::Enrolled(_)));
            }
        }
    }

    async fn ask(&self, ask: Ask) -> Reply {
        let by = Operator {
            user: "test".to_owned(),
            desk: "test".to_owned(),
        };
        let (reply, answered) = oneshot::channel();
        self.calls.send((Request { by, ask }, reply)).await.unwrap();
        answered.await.unwrap()
    }
}
