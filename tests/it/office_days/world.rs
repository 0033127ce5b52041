//! An office, its gateways and what may go wrong, all from one seed and in virtual time.

mod desk;
mod network;

use std::collections::BTreeMap;
use std::sync::Arc;

use hazir::api::{Ask, Command, EnrolKey, NewEmployee, PersonPresence, Query, Reply, Request};
use hazir::domain::{
    Action, Country, Digest, GatewayName, LinkEvent, LinkOrder, Millis, Msisdn, Operator, OutboxId,
    OutboxState,
};
use hazir::engine::{Engine, Entropy, GatewaySettings, Now, Receipts, Rules, Settings, Then, Tick};
use hazir::protocol::{DeviceKeys, RootKey, Status, StoreKey};
use hazir::store::{RedbStore, Store};
use redb::backends::InMemoryBackend;

use self::network::{Link, Response, Sms};
use super::judge::Judge;
use super::listener::Listener;
use super::phones::Phone;
use crate::desk_of_text::SharedBackend;
use crate::faulty_disk::Seeded;

/// 2026-11-20T05:30:00Z.
const MORNING: i64 = 1_795_152_600_000;
const GATEWAYS: [(&str, &str); 2] = [("g", "+989120000001"), ("h", "+989120000002")];
const PHONES: usize = 4;
const SECOND: i64 = Millis::SECOND;
const MINUTE: i64 = Millis::MINUTE;
const HOUR: i64 = Millis::HOUR;
/// How late timers may be looked at while nothing happens.
const NIGHT: i64 = 10 * MINUTE;
/// When a phone sends the same octets again by itself, after it sent them first.
const REPEATS: [i64; 4] = [3 * MINUTE, 10 * MINUTE, 30 * MINUTE, 120 * MINUTE];
/// And by hand, after that.
const BY_HAND: i64 = 3 * HOUR;

struct Dice(Seeded);

impl Entropy for Dice {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            *octet = self.0.next().to_le_bytes()[0];
        }
    }
}

/// What happens at a moment.
#[derive(Debug)]
enum Happening {
    CheckIn(usize),
    /// A phone sends what it holds no receipt for, where it is still in this envelope.
    Again(usize, usize, Digest),
    AtGateway(usize, Sms),
    Response(usize, u32, OutboxId, Response),
    AtPhone(usize, String),
    Down(usize),
    Up(usize),
    Kill,
    Clock(i64),
    RollBack(usize),
    Mark(usize),
    Desk,
    Compare,
    Commit,
}

pub struct World {
    rng: Seeded,
    settings: Settings,
    disk: SharedBackend,
    engine: Option<Engine>,
    store: Option<RedbStore>,
    tick: i64,
    /// How far the office's clock is off.
    clock_off: i64,
    clock_jumped: bool,
    /// How late timers may be looked at: a machine that is busy.
    idle_ms: i64,
    faults: bool,
    happenings: BTreeMap<(i64, u64), Happening>,
    count: u64,
    links: Vec<Link>,
    phones: Vec<Phone>,
    judge: Judge,
    listener: Option<Listener>,
    commit_due: bool,
    /// What happened, for whoever reads a failure.
    pub story: Vec<String>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = Seeded(seed);
        let max_per_30_min = [0, 20, 60][usize::try_from(rng.below(3)).unwrap()];
        let gateways = GATEWAYS.map(|(name, number)| GatewaySettings {
            name: GatewayName::new(name),
            source_address: Some(number.to_owned()),
            binary: false,
            footer_octets: 62,
            window: 1 + usize::try_from(rng.below(10)).unwrap(),
            max_per_second: 5,
            max_per_30_min,
            reaches: Vec::new(),
        });
        let settings = Settings {
            time_zone: jiff::tz::TimeZone::get("Asia/Tehran").unwrap(),
            country: Country::parse("IR").unwrap(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: gateways.to_vec(),
            released_at: Millis(MORNING - 30 * Millis::DAY),
            version: "test".to_owned(),
        };
        let mut world = Self {
            idle_ms: [1, 5 * SECOND, 2 * MINUTE][usize::try_from(rng.below(3)).unwrap()],
            rng,
            settings,
            disk: SharedBackend::new(Arc::new(InMemoryBackend::new())),
            engine: None,
            store: None,
            tick: 0,
            clock_off: 0,
            clock_jumped: false,
            faults: false,
            happenings: BTreeMap::new(),
            count: 0,
            links: vec![Link::default(), Link::default()],
            phones: Vec::new(),
            judge: Judge::default(),
            listener: None,
            commit_due: false,
            story: Vec::new(),
        };
        world.start();
        for n in 0..PHONES {
            world.enrol(n);
        }
        world
    }

    /// A day of nine hours with everything that may go wrong.
    pub fn office_day(&mut self) {
        self.faults = true;
        let day = 9 * HOUR;
        for phone in 0..PHONES {
            for _ in 0..2 + self.rng.below(4) {
                let at = self.within(day);
                self.later(at, Happening::CheckIn(phone));
            }
        }
        if self.rng.one_in(3) {
            let phone = self.one_of(PHONES);
            let at = self.within(day);
            self.later(at, Happening::RollBack(phone));
        }
        for _ in 0..self.rng.below(6) {
            let (at, phone) = (self.within(day), self.one_of(PHONES));
            self.later(at, Happening::Mark(phone));
        }
        for _ in 0..self.rng.below(16) {
            let at = self.within(day);
            self.later(at, Happening::Desk);
        }
        for _ in 0..self.rng.below(4) {
            let (at, link) = (self.within(day), self.one_of(2));
            self.later(at, Happening::Down(link));
        }
        for _ in 0..self.rng.below(4) {
            let at = self.within(day);
            self.later(at, Happening::Kill);
        }
        if self.rng.one_in(5) {
            let span = [30 * SECOND, HOUR, 30 * Millis::DAY, 3_650 * Millis::DAY];
            let span = span[self.one_of(4)];
            let step = if self.rng.one_in(2) { span } else { -span };
            let at = self.within(day);
            self.later(at, Happening::Clock(step));
            let back = self.within(day);
            self.later(at + back, Happening::Clock(-step));
        }
        for _ in 0..8 {
            let at = self.within(day);
            self.later(at, Happening::Compare);
        }
        self.later(0, Happening::Up(0));
        self.later(0, Happening::Up(1));
        let opened = self.tick;
        self.run_until(opened + day);
        let idle_ms = std::mem::replace(&mut self.idle_ms, NIGHT);
        self.run_until(opened + Millis::DAY);
        self.idle_ms = idle_ms;
    }

    /// Nothing goes wrong any more, and people try again: every phone is settled in the end.
    pub fn settle(&mut self) {
        self.faults = false;
        self.idle_ms = NIGHT;
        for link in 0..2 {
            self.later(0, Happening::Up(link));
        }
        for _ in 0..12 {
            if self.unsettled().is_empty() {
                break;
            }
            self.run_until(self.tick + 12 * HOUR);
        }
        assert_eq!(self.unsettled(), Vec::<String>::new(), "without an answer");
        self.compare();
        for phone in &self.phones {
            for one in &phone.wanted {
                let recorded = self.judge.has_recorded(&one.note);
                assert_eq!(
                    recorded,
                    one.ended == Some(Status::Recorded),
                    "{}",
                    one.note
                );
            }
        }
    }

    fn unsettled(&self) -> Vec<String> {
        let wanted = self.phones.iter().flat_map(|phone| &phone.wanted);
        let open = wanted.filter(|one| one.ended.is_none());
        open.map(|one| one.note.clone()).collect()
    }

    fn within(&mut self, span: i64) -> i64 {
        i64::try_from(self.rng.below(span.unsigned_abs())).unwrap()
    }

    fn one_of(&mut self, count: usize) -> usize {
        usize::try_from(self.rng.below(count as u64)).unwrap()
    }

    fn later(&mut self, after: i64, happening: Happening) {
        self.count += 1;
        self.happenings
            .insert((self.tick + after, self.count), happening);
    }

    fn now(&self) -> Now {
        Now {
            wall: Millis(MORNING + self.tick + self.clock_off),
            tick: Tick(self.tick),
        }
    }

    fn run_until(&mut self, end: i64) {
        loop {
            let now = self.now();
            let engine = self.engine.as_mut().unwrap();
            let due = engine.deadline(now).0.max(self.tick + self.idle_ms);
            let first = self.happenings.first_key_value();
            let next = first.map_or(i64::MAX, |((at, _), _)| *at);
            if next.min(due) >= end {
                self.tick = end;
                return;
            }
            if due < next {
                self.tick = due;
                let now = self.now();
                self.engine.as_mut().unwrap().handle_timeout(now);
                self.let_go();
                continue;
            }
            let ((at, _), happening) = self.happenings.pop_first().unwrap();
            self.tick = self.tick.max(at);
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        if !matches!(happening, Happening::Commit) {
            self.story.push(format!("{:>9} {happening:?}", self.tick));
        }
        match happening {
            Happening::CheckIn(phone) => {
                let now = Millis(MORNING + self.tick);
                let place = self.phones[phone].check_in(&mut self.rng, now);
                self.send(phone, place);
            }
            Happening::Again(phone, place, digest) => {
                let one = &self.phones[phone].wanted[place];
                if one.ended.is_none() && one.digest == digest {
                    self.phones[phone].by_hand(&mut self.rng, place);
                    self.send(phone, place);
                }
            }
            Happening::AtGateway(link, sms) => self.deliver(link, sms),
            Happening::Response(link, session, id, result) => {
                self.respond(link, session, id, result);
            }
            Happening::AtPhone(phone, text) => {
                let heard = self.phones[phone].hear(&mut self.rng, &text);
                if let Some(place) = heard {
                    self.send(phone, place);
                }
            }
            Happening::Down(link) => self.link_down(link),
            Happening::Up(link) => self.link_up(link),
            Happening::Kill => self.start(),
            Happening::Clock(by) => {
                self.clock_jumped = true;
                self.clock_off += by;
            }
            Happening::RollBack(phone) => {
                let back = 1 + u16::try_from(self.rng.below(3)).unwrap();
                let counter = &mut self.phones[phone].counter;
                *counter = counter.saturating_sub(back);
            }
            Happening::Mark(phone) => {
                let action = self.one_of(2);
                let ago = [0, 0, self.within(HOUR)][self.one_of(3)];
                let mark = Command::Mark {
                    employee: self.phones[phone].employee,
                    action: [Action::In, Action::Out][action],
                    at: Some(self.now().wall.plus_ms(-ago)),
                    reason: "no phone".into(),
                };
                let user = ["mina", "ali"][self.one_of(2)];
                self.command_of(user, mark);
                // What is done at a desk and taken back is taken back soon.
                for _ in 0..self.rng.below(3) {
                    let after = self.within(12 * MINUTE);
                    self.later(after, Happening::Desk);
                }
            }
            Happening::Desk => self.desk(),
            Happening::Compare => self.compare(),
            Happening::Commit => {
                self.commit();
                self.dispatch();
            }
        }
    }

    /// A phone sends the octets of a check-in, and will again.
    fn send(&mut self, phone: usize, place: usize) {
        let one = &mut self.phones[phone].wanted[place];
        let pause = REPEATS.get(one.sent).copied().unwrap_or(BY_HAND);
        one.sent += 1;
        let digest = one.digest;
        let sms = Sms {
            text: one.text.clone(),
            from: self.phones[phone].number.clone(),
        };
        self.later(pause, Happening::Again(phone, place, digest));
        if self.faults && self.rng.one_in(8) {
            return;
        }
        let link = if self.rng.one_in(6) { phone + 1 } else { phone } % 2;
        let copies = if self.faults && self.rng.one_in(8) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let on_the_way = if self.faults && self.rng.one_in(10) {
                [3, 5][self.one_of(2)] * HOUR
            } else {
                20 * SECOND
            };
            let after = self.within(on_the_way);
            self.later(after, Happening::AtGateway(link, sms.clone()));
        }
    }

    fn tell(&mut self, link: usize, event: LinkEvent) {
        let now = self.now();
        let (engine, store) = (self.engine.as_mut().unwrap(), self.store.as_ref().unwrap());
        let name = GatewayName::new(GATEWAYS[link].0);
        engine.handle_link(now, &name, event, store).unwrap();
        // The shell may find more that waits.
        if !self.rng.one_in(4) {
            self.let_go();
        } else if !self.commit_due {
            self.commit_due = true;
            self.later(5, Happening::Commit);
        }
    }

    /// What the shell does.
    fn let_go(&mut self) {
        let now = self.now();
        let engine = self.engine.as_mut().unwrap();
        if engine.is_urgent() || engine.must_say_alive(now) {
            if self.faults && self.rng.one_in(200) {
                self.story.push("killed before the commit".to_owned());
                return self.start();
            }
            self.commit();
            if self.faults && self.rng.one_in(200) {
                self.story.push("killed after the commit".to_owned());
                return self.start();
            }
        } else if engine.has_unwritten() && !self.commit_due {
            self.commit_due = true;
            self.later(50, Happening::Commit);
        }
        self.dispatch();
    }

    fn commit(&mut self) {
        self.commit_due = false;
        let now = self.now();
        let batch = self.engine.as_mut().unwrap().take_batch(now);
        self.store.as_mut().unwrap().commit(&batch).unwrap();
        self.judge.note(now, &batch, &self.phones);
    }

    fn dispatch(&mut self) {
        for then in self.engine.as_mut().unwrap().take_then() {
            let (gateway, order) = match then {
                Then::Order(gateway, order) => (gateway, order),
                Then::Publish(revision, event) => {
                    let now = self.now().wall;
                    if let Some(listener) = &mut self.listener {
                        listener.hear(now, revision, *event);
                    }
                    continue;
                }
            };
            let link = GATEWAYS
                .iter()
                .position(|(name, _)| *name == &*gateway.0)
                .unwrap();
            match order {
                LinkOrder::Answer { ticket, status } => self.answered(link, ticket, status),
                LinkOrder::Submit { connection, sms } => self.submit(link, connection, sms),
                LinkOrder::Stop => {}
            }
        }
    }

    /// Kills the engine where one runs, and starts another.
    fn start(&mut self) {
        self.engine = None;
        self.store = None;
        self.listener = None;
        self.commit_due = false;
        for link in 0..2 {
            if self.links[link].is_up {
                // Nobody is there to be told.
                drop(self.cut(link));
            }
        }
        self.store = Some(RedbStore::with_backend(self.disk.clone()).unwrap());
        let mut engine = self.load();
        engine.start(self.now());
        self.engine = Some(engine);
        self.commit();
        self.dispatch();
    }

    fn load(&mut self) -> Engine {
        let loaded = self.store.as_ref().unwrap().load().unwrap();
        let key = StoreKey::from_octets([7; 32]);
        let dice = Box::new(Dice(Seeded(self.rng.next())));
        Engine::new(self.settings.clone(), key, loaded, dice, self.now()).unwrap()
    }

    /// An engine that starts now knows what the one that runs knows; and both know who is in.
    fn compare(&mut self) {
        let now = self.now();
        self.engine.as_mut().unwrap().handle_timeout(now);
        self.commit();
        self.dispatch();
        self.commit();
        let mut running = self.engine.take().unwrap();
        let mut fresh = self.load();
        let store = self.store.as_ref().unwrap();
        let (running_facts, fresh_facts) = (
            facts(&mut running, now, store),
            facts(&mut fresh, now, store),
        );
        for (a, b) in running_facts.iter().zip(&fresh_facts) {
            assert_eq!(a, b, "a restart changes what is known");
        }
        let Reply::People(people) = &running_facts[2] else {
            panic!("people")
        };
        let day_start = self.settings.day_start(now.wall);
        for (fact, phone) in people.iter().zip(&self.phones) {
            let today = self.judge.present(phone.device, day_start);
            let is_in = today.is_some_and(|(action, _)| action == Action::In);
            assert_eq!(fact.state == PersonPresence::In, is_in, "{}", fact.name);
            assert_eq!(fact.since, today.map(|(_, at)| at));
            if !self.clock_jumped {
                let first_in = self.judge.first_in(phone.device, day_start);
                assert_eq!(fact.first_in, first_in, "{}", fact.name);
            }
        }
        self.engine = Some(running);
        self.listen();
    }

    fn enrol(&mut self, n: usize) {
        let number = format!("+98912111111{n}");
        let card = NewEmployee {
            name: format!("employee {n}"),
            phone: Msisdn::parse(&number, self.settings.country).unwrap(),
            short: None,
            team: None,
            shift: None,
            legacy: false,
        };
        let Reply::Employees(cards) = self.command(Command::AddEmployees(vec![card])) else {
            panic!("not added")
        };
        let command = Command::EnrolDevice(cards[0].id, EnrolKey::New);
        let Reply::Enrolled(enrolled) = self.command(command) else {
            panic!("not enrolled")
        };
        self.phones.push(Phone {
            number,
            employee: enrolled.employee,
            device: enrolled.device,
            keys: DeviceKeys::derive(&RootKey::from_octets(enrolled.root_key)),
            counter: 0,
            wanted: Vec::new(),
        });
    }

    fn command(&mut self, command: Command) -> Reply {
        self.command_of("mina", command)
    }

    fn command_of(&mut self, user: &str, command: Command) -> Reply {
        let now = self.now();
        // As the shell does: what is read must be written.
        self.commit();
        self.dispatch();
        let (engine, store) = (self.engine.as_mut().unwrap(), self.store.as_ref().unwrap());
        let reply = ask_of(user, engine, now, Ask::Command(command), store);
        self.let_go();
        reply
    }
}

fn ask(engine: &mut Engine, now: Now, ask: Ask, store: &RedbStore) -> Reply {
    ask_of("mina", engine, now, ask, store)
}

fn ask_of(user: &str, engine: &mut Engine, now: Now, ask: Ask, store: &RedbStore) -> Reply {
    let by = Operator {
        user: user.into(),
        desk: "front".into(),
    };
    engine
        .handle_request(now, Request { by, ask }, store)
        .unwrap()
}

fn facts(engine: &mut Engine, now: Now, store: &RedbStore) -> Vec<Reply> {
    let mut replies = Vec::new();
    for query in [
        Query::Employees,
        Query::Devices,
        Query::People,
        Query::Alarms,
    ] {
        replies.push(ask(engine, now, Ask::Query(query), store));
    }
    let mut after = OutboxId(0);
    loop {
        let Reply::Outbox { entries, next } =
            ask(engine, now, Ask::Query(Query::Outbox { after }), store)
        else {
            panic!("the outbox")
        };
        for mut entry in entries {
            if entry.state.is_open() {
                // What is on its way again is told, and not kept.
                entry.state = OutboxState::Queued;
                (entry.attempts, entry.error, entry.next_at) = (0, None, None);
            }
            let entries = vec![entry];
            replies.push(Reply::Outbox {
                entries,
                next: None,
            });
        }
        let Some(next) = next else { return replies };
        after = next;
    }
}
