//! What a check-in costs the engine's thread, without the network: `cargo bench --bench road [-- N [W]]`, N check-ins at
//! most, only W at a time.
//!
//! Each line is one number of messages that wait for an answer. The same check-ins go through an engine whose store forgets
//! all, through one on a real file in the target directory, where each round is one durable commit, and through one that
//! keeps a journal beside it.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "what it prints and the time that passes are what it is for"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use hazir::api::{Ask, Command, EnrolKey, NewEmployee, Reply, Request};
use hazir::domain::{
    Action, Address, Counter, DeviceId, EmployeeId, GatewayName, InboundSms, LedgerRow, LinkEvent,
    LinkOrder, Millis, Operator, OutboxId, OutboxRow, Seq, Ticket,
};
use hazir::engine::{Engine, Entropy, GatewaySettings, Now, Receipts, Rules, Settings, Then, Tick};
use hazir::protocol::{
    Attendance, DeviceKeys, Header, Kind, Padding, RootKey, StoreKey, envelope, frame,
};
use hazir::store::journal::{Folder, JournalEvent, Journaled, Keeper, Moment};
use hazir::store::{Archive, Batch, Loaded, RedbStore, Store, StoreError};
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEVICES: u32 = 1_000;
const DESK: &str = "+989120000001";
const MORNING: Millis = Millis(1_795_152_600_000);

fn main() {
    let mut asked = std::env::args().filter_map(|word| word.parse().ok());
    let most: u32 = asked.next().unwrap_or(100_000);
    let widths = asked
        .next()
        .map_or(vec![1, 10, 100, 1_000], |width| vec![width]);
    println!(
        "in flight   engine alone, CPU us   with store: engine CPU us   store CPU us   check-ins/s   commit p50 us   with journal: store CPU us   check-ins/s"
    );
    for width in widths {
        let count = most.min(width * 2_000);
        let alone = run(Forgets, count, width);
        let stored = on_disk(|store| run(store, count, width));
        let journaled = on_disk(|store| run(with_journal(store), count, width));
        println!(
            "{width:>9}   {:>20.2}   {:>25.2}   {:>12.2}   {:>11.0}   {:>13.0}   {:>26.2}   {:>11.0}",
            alone.each_us(alone.engine),
            stored.each_us(stored.engine),
            stored.each_us(stored.store),
            1e6 / stored.each_us(stored.took),
            stored.commit_p50_us(),
            journaled.each_us(journaled.store),
            1e6 / journaled.each_us(journaled.took),
        );
    }
}

/// Runs on a new store in the target directory, with an empty directory beside it for its journal.
fn on_disk(run: impl FnOnce(RedbStore) -> Run) -> Run {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("road.redb");
    let clear = || {
        drop(std::fs::remove_file(&path));
        drop(std::fs::remove_dir_all(path.with_extension("journal")));
    };
    clear();
    let run = run(RedbStore::open(&path).expect("there is room for a store"));
    clear();
    run
}

fn with_journal(store: RedbStore) -> Journaled {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("road.journal");
    let keeper = Keeper::new(Folder::made_when_written(path), &store, 1 << 30);
    let started = Instant::now();
    let clock = move || {
        let tick = Millis(i64::try_from(started.elapsed().as_millis()).expect("a short run"));
        let wall = Millis(MORNING.0 + tick.0);
        Moment { wall, tick }
    };
    let tell = |event| assert!(matches!(event, JournalEvent::Goes), "{event:?}");
    let start = |work| std::thread::Builder::new().spawn(work);
    Journaled::with(store, keeper, clock, tell, start).expect("the system has a thread")
}

struct Run {
    count: u32,
    took: Duration,
    /// What this thread's processor worked for the engine, and for the store.
    engine: Duration,
    store: Duration,
    commits: Vec<Duration>,
}

impl Run {
    fn each_us(&self, all: Duration) -> f64 {
        all.as_secs_f64() * 1e6 / f64::from(self.count)
    }

    fn commit_p50_us(&self) -> f64 {
        let mut commits = self.commits.clone();
        commits.sort();
        commits[commits.len() / 2].as_secs_f64() * 1e6
    }
}

/// Sends `count` check-ins, `width` at a time, and takes the receipts of each round with the next.
fn run<S: Store>(mut store: S, count: u32, width: u32) -> Run {
    let gateway = GatewayName::new("g");
    let loaded = store.load().expect("a new store can be read");
    let key = StoreKey::from_octets([7; 32]);
    let entropy = Box::new(Counting(1));
    let mut now = Now {
        wall: MORNING,
        tick: Tick(0),
    };
    let mut engine =
        Engine::new(settings(&gateway), key, loaded, entropy, now).expect("a new store has no key");
    engine.start(now);
    let devices = enrol(&mut engine, &mut store, now);
    engine
        .handle_link(now, &gateway, LinkEvent::Up { connection: 1 }, &store)
        .expect("the store can be read");
    commit(&mut engine, &mut store, now);
    engine.take_then();

    let mut messages = (0..count).map(|at| {
        let (device, keys, number) = &devices[(at % DEVICES) as usize];
        let counter = Counter(u16::try_from(at / DEVICES + 1).expect("few enough"));
        InboundSms {
            source: Address::plain(number),
            destination: Address::plain(DESK),
            octets: seal(*device, keys, counter).into(),
            data_coding: 0,
            part: None,
        }
    });
    let mut run = Run {
        count,
        took: Duration::ZERO,
        engine: Duration::ZERO,
        store: Duration::ZERO,
        commits: Vec::new(),
    };
    let mut submitted: Vec<OutboxId> = Vec::new();
    let mut sequence = 0;
    loop {
        let round: Vec<_> = messages.by_ref().take(width as usize).collect();
        if round.is_empty() {
            return run;
        }
        let (started, began) = (Instant::now(), worked());
        now.wall.0 += 1;
        now.tick.0 += 1;
        for id in submitted.drain(..) {
            let result = Ok(id.0.to_string());
            let event = LinkEvent::Submitted {
                connection: 1,
                id,
                result,
            };
            engine
                .handle_link(now, &gateway, event, &store)
                .expect("the store can be read");
        }
        for sms in round {
            sequence += 1;
            let ticket = Ticket {
                connection: 1,
                sequence,
            };
            let event = LinkEvent::Inbound { ticket, sms };
            engine
                .handle_link(now, &gateway, event, &store)
                .expect("the store can be read");
        }
        let (commits, decided) = (Instant::now(), worked());
        commit(&mut engine, &mut store, now);
        let committed = worked();
        run.commits.push(commits.elapsed());
        for then in engine.take_then() {
            if let Then::Order(_, LinkOrder::Submit { sms, .. }) = then {
                submitted.push(sms.id);
            }
        }
        run.took += started.elapsed();
        run.store += committed.saturating_sub(decided);
        run.engine += worked().saturating_sub(committed) + decided.saturating_sub(began);
    }
}

/// How long the processor has worked for this thread.
fn worked() -> Duration {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(at).expect("time that passed")
}

fn commit<S: Store>(engine: &mut Engine, store: &mut S, now: Now) {
    let batch = engine.take_batch(now);
    store.commit_all(batch).expect("the store can be written");
}

fn settings(gateway: &GatewayName) -> Settings {
    Settings {
        time_zone: jiff::tz::TimeZone::get("Asia/Tehran").expect("a zone"),
        country: hazir::domain::Country::parse("IR").expect("a country"),
        day_starts: jiff::civil::time(4, 0, 0, 0),
        rules: Rules::default(),
        receipts: Receipts {
            attendance_per_device_per_day: u16::MAX,
            ..Receipts::default()
        },
        gateways: vec![GatewaySettings {
            name: gateway.clone(),
            source_address: Some(DESK.to_owned()),
            binary: false,
            footer_octets: 62,
            answer_link: None,
            reaches: Vec::new(),
            window: 10_000,
            max_per_second: 0,
            max_per_30_min: 0,
        }],
        released_at: Millis(0),
        version: "bench".to_owned(),
    }
}

fn enrol<S: Store>(
    engine: &mut Engine,
    store: &mut S,
    now: Now,
) -> Vec<(DeviceId, DeviceKeys, String)> {
    let by = Operator {
        user: "bench".to_owned(),
        desk: String::new(),
    };
    let mut devices = Vec::new();
    for at in 0..DEVICES {
        let number = format!("+98910{:07}", 2_000_000 + at);
        let phone = hazir::domain::Msisdn::parse(
            &number,
            hazir::domain::Country::parse("IR").expect("a country"),
        )
        .expect("a number");
        let request = |command| Request {
            by: by.clone(),
            ask: Ask::Command(command),
        };
        let card = NewEmployee {
            name: format!("Person {at}"),
            short: None,
            phone,
            team: None,
            shift: None,
            legacy: false,
        };
        let added = engine.handle_request(now, request(Command::AddEmployees(vec![card])), store);
        assert!(matches!(added, Ok(Reply::Employees(_))), "{added:?}");
        let device = DeviceId(at.wrapping_mul(2_654_435_761) | 1);
        let mut root = [7; 32];
        root[..4].copy_from_slice(&at.to_be_bytes());
        let key = EnrolKey::Device(device, root);
        let command = Command::EnrolDevice(EmployeeId(at + 1), key);
        let enrolled = engine.handle_request(now, request(command), store);
        assert!(enrolled.is_ok(), "{enrolled:?}");
        let keys = DeviceKeys::derive(&RootKey::from_octets(root));
        devices.push((device, keys, number));
        commit(engine, store, now);
    }
    devices
}

fn seal(device: DeviceId, keys: &DeviceKeys, counter: Counter) -> String {
    let content = Attendance {
        action: if counter.0 % 2 == 1 {
            Action::In
        } else {
            Action::Out
        },
        claimed_at: MORNING,
        note: String::new(),
    };
    let plaintext = content.encode(Padding::Phone).expect("a short note");
    let header = Header {
        kind: Kind::ATTENDANCE,
        device,
        counter,
    };
    frame::encode(&envelope::seal(&keys.to_desk, header, [9; 12], &plaintext))
}

struct Counting(u64);

impl Entropy for Counting {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 += 1;
        for (octet, from) in octets.iter_mut().zip(self.0.to_le_bytes()) {
            *octet = from;
        }
    }
}

/// A store that forgets.
struct Forgets;

impl Archive for Forgets {
    fn ledger_row(&self, _: Seq) -> Result<Option<LedgerRow>, StoreError> {
        Ok(None)
    }
    fn ledger_page(&self, _: Seq, _: usize) -> Result<Vec<LedgerRow>, StoreError> {
        Ok(Vec::new())
    }
    fn ledger_of(&self, _: EmployeeId, _: Seq, _: usize) -> Result<Vec<LedgerRow>, StoreError> {
        Ok(Vec::new())
    }
    fn ledger_of_before(
        &self,
        _: EmployeeId,
        _: Seq,
        _: usize,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        Ok(Vec::new())
    }
    fn seq_before(&self, _: Millis) -> Result<Seq, StoreError> {
        Ok(Seq(0))
    }
    fn outbox_row(&self, _: OutboxId) -> Result<Option<OutboxRow>, StoreError> {
        Ok(None)
    }
    fn outbox_page(&self, _: OutboxId, _: usize) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(Vec::new())
    }
    fn legacy_seen(
        &self,
        _: EmployeeId,
        _: hazir::domain::Digest,
    ) -> Result<Option<Seq>, StoreError> {
        Ok(None)
    }
}

impl Store for Forgets {
    fn load(&self) -> Result<Loaded, StoreError> {
        Ok(Loaded::default())
    }
    fn commit(&mut self, _: &Batch) -> Result<(), StoreError> {
        Ok(())
    }
    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
