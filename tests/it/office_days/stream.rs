//! Messages at high density: the engine, the store and some dozens of phones, with copies, parts in any order, lost and late
//! ones, responses that come late or twice, delivery receipts before them, links that break, and restarts.

use std::collections::{BTreeMap, BTreeSet};

use hazir::domain::{
    Address, DeliveryReport, DeliveryState, DownCause, GatewayName, InboundSms, LinkEvent,
    LinkOrder, Millis, OutboundSms, OutboxId, Part, SmsBody, SubmitFault, Ticket,
};
use hazir::engine::{Engine, Now, Then, Tick};
use hazir::protocol::{Status, StoreKey};
use hazir::store::{RedbStore, Store};

use super::air::{Kept, Sms, parts_of};
use super::disk::Platter;
use super::faults::numbers;
use super::faulty_disk::Seeded;
use super::judge::Judge;
use super::phones::{Heard, Phone};
use super::plan::{GATEWAYS, Plan, generous, one_of, within};
use super::process::Dice;
use super::staff::{enrolled, number_of};

/// Check-ins of one batch.
pub const CHECK_INS: usize = 4_000;
/// A number may leave 60 parts an hour that wait: so many phones share the messages.
const PHONES: usize = 64;
/// Between two check-ins.
const SPACING: i64 = 950;
/// What comes in one turn of the engine.
const TURN: i64 = 20 * Millis::SECOND;
/// Answers in flight at once: more than one turn brings.
const WINDOW: usize = 100;
/// How long all has to be settled after the last.
const PATIENCE: i64 = 3 * Millis::DAY;

enum What {
    Sms(Sms),
    Again(usize, usize),
    AtPhone(usize, String),
    Link(LinkEvent),
}

struct Stream {
    seed: u64,
    lot: Seeded,
    disk: Platter,
    engine: Engine,
    store: Option<RedbStore>,
    judge: Judge,
    phones: Vec<Phone>,
    by_number: BTreeMap<String, usize>,
    queue: BTreeMap<(i64, u64), What>,
    count: u64,
    tick: i64,
    opens_at: i64,
    connection: u32,
    tickets: BTreeMap<u32, Sms>,
    in_flight: BTreeSet<OutboxId>,
    settings: hazir::engine::Settings,
    open: usize,
    messages: u64,
}

/// Sends all check-ins of a seed. Returns how many messages came and went for them.
///
/// # Errors
/// What was wrong.
pub fn run(seed: u64) -> Result<u64, String> {
    let mut stream = Stream::begin(seed);
    let mut sent = 0;
    while sent < CHECK_INS && stream.judge.broken.is_none() {
        let end = stream.tick + TURN;
        while sent < CHECK_INS && i64::try_from(sent).unwrap() * SPACING < end {
            stream.check_in(sent % PHONES);
            sent += 1;
        }
        stream.turn(end);
    }
    let end = stream.tick + PATIENCE;
    while stream.judge.broken.is_none() && stream.tick < end && stream.is_open() {
        let next = stream.queue.first_key_value().map_or(0, |((at, _), _)| *at);
        stream.turn(next.max(stream.tick + TURN));
    }
    stream.end();
    match stream.judge.broken.take() {
        Some(fault) => Err(fault),
        None => Ok(stream.messages),
    }
}

impl Stream {
    fn begin(seed: u64) -> Self {
        let scale = super::Scale {
            people: PHONES,
            days: 0,
            kinds: &[],
            jumps: None,
        };
        let plan = Plan::draw(seed, &scale);
        let mut settings = generous(&plan.settings);
        settings.gateways.truncate(1);
        for gateway in &mut settings.gateways {
            (gateway.max_per_second, gateway.window) = (0, WINDOW);
        }
        let disk = Platter::default();
        let store = RedbStore::with_backend(disk.clone()).unwrap();
        let now = Now {
            wall: Millis(plan.opens_at),
            tick: Tick(0),
        };
        let engine = load(&settings, &store, now, seed);
        let mut stream = Self {
            seed,
            lot: numbers(seed, 90, 0),
            disk,
            engine,
            store: Some(store),
            judge: Judge::default(),
            phones: Vec::new(),
            by_number: BTreeMap::new(),
            queue: BTreeMap::new(),
            count: 0,
            tick: 0,
            opens_at: plan.opens_at,
            connection: 0,
            tickets: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            settings,
            open: 0,
            messages: 0,
        };
        stream.judge.late_ms = PATIENCE;
        stream.engine.set_heard(false);
        stream.engine.start(now);
        let store = stream.store.as_ref().unwrap();
        let rows = enrolled(&mut stream.engine, store, now, PHONES);
        for (place, (employee, device, root)) in rows.into_iter().enumerate() {
            let number = number_of(place);
            stream.by_number.insert(number.clone(), place);
            let phone = Phone::new(seed, place, number, employee, device, root);
            stream.phones.push(phone);
        }
        stream.commit();
        stream.link_up();
        stream
    }

    const fn is_open(&self) -> bool {
        self.open > 0
    }

    fn now(&self) -> Now {
        Now {
            wall: Millis(self.opens_at + self.tick),
            tick: Tick(self.tick),
        }
    }

    fn later(&mut self, after: i64, what: What) {
        self.count += 1;
        self.queue.insert((self.tick + after, self.count), what);
    }

    fn check_in(&mut self, phone: usize) {
        let now = self.now().wall;
        let is_long = self.lot.one_in(4);
        let place = self.phones[phone].check_in(self.tick, &mut self.lot, now, is_long);
        self.open += 1;
        self.send(phone, place);
    }

    /// A phone sends a check-in, and will again.
    fn send(&mut self, phone: usize, place: usize) {
        let one = &mut self.phones[phone].wanted[place];
        one.sent += 1;
        let (pause, text) = (one.pause(), one.last().text.clone());
        let sms = Sms::of(&self.phones[phone].number, text.into_bytes());
        self.later(pause, What::Again(phone, place));
        let copies = one_of(&mut self.lot, &[0, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
        let mut reference = None;
        for _ in 0..copies {
            let after = self.delay();
            let Kept::Message(digest) = sms.kept else {
                return;
            };
            if !self.lot.one_in(3) {
                self.later(after, What::Sms(sms.clone()));
                continue;
            }
            let coding = one_of(&mut self.lot, &[0, 0, 8]);
            let reference = *reference.get_or_insert_with(|| self.phones[phone].next_reference());
            let mut cuts = Seeded(u64::from(reference));
            for part in parts_of(&sms, digest, coding, reference, &mut cuts) {
                if !self.lot.one_in(40) {
                    let after = after + self.delay();
                    self.later(after, What::Sms(part));
                }
            }
        }
    }

    fn delay(&mut self) -> i64 {
        let span = match self.lot.below(40) {
            0 => 50 * Millis::MINUTE,
            1..=5 => 2 * Millis::MINUTE,
            _ => 20 * Millis::SECOND,
        };
        within(&mut self.lot, span)
    }

    /// All that comes until `end`, and one commit for it.
    fn turn(&mut self, end: i64) {
        self.tick = end;
        while let Some((&(at, _), _)) = self.queue.first_key_value() {
            if at > end {
                break;
            }
            let (_, what) = self.queue.pop_first().unwrap();
            self.happen(what);
        }
        let now = self.now();
        self.engine.handle_timeout(now);
        if self.lot.one_in(300) {
            return self.restart();
        }
        self.commit();
        self.dispatch();
        if self.lot.one_in(80) {
            self.break_link();
        }
        self.judge.look(self.tick);
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Sms(sms) => self.deliver(sms),
            What::Again(phone, place) => {
                if self.phones[phone].wanted[place].is_open() {
                    self.phones[phone].by_hand(self.tick, place);
                    self.send(phone, place);
                }
            }
            What::AtPhone(phone, text) => match self.phones[phone].hear(self.tick, &text) {
                Ok(Heard::Ended(_, status)) => {
                    self.open -= 1;
                    if status != Status::Recorded {
                        self.judge.breaks(format!("11: ended with {status:?}"));
                    }
                }
                Ok(Heard::Anew(place)) => self.send(phone, place),
                Ok(Heard::Nothing) => {}
                Err(fault) => self.judge.breaks(format!("4: to phone {phone}: {fault}")),
            },
            What::Link(event) => self.tell(event),
        }
    }

    fn tell(&mut self, event: LinkEvent) {
        if let LinkEvent::Submitted { id, .. } = &event {
            self.in_flight.remove(id);
        }
        let now = self.now();
        let name = GatewayName::new(GATEWAYS[0].0);
        let store = self.store.as_ref().unwrap();
        self.engine.handle_link(now, &name, event, store).unwrap();
    }

    fn deliver(&mut self, sms: Sms) {
        self.messages += 1;
        self.count += 1;
        let sequence = u32::try_from(self.count & 0x7fff_ffff).unwrap();
        let part = sms
            .part
            .and_then(|[reference, total, number]| Part::new(u16::from(reference), total, number));
        let inbound = InboundSms {
            source: Address::plain(&sms.from),
            destination: Address::plain(GATEWAYS[0].1),
            octets: sms.octets.0.clone().into(),
            data_coding: sms.coding,
            part,
        };
        self.tickets.insert(sequence, sms);
        let connection = self.connection;
        self.tell(LinkEvent::Inbound {
            ticket: Ticket {
                connection,
                sequence,
            },
            sms: inbound,
        });
    }

    fn commit(&mut self) {
        let now = self.now();
        let batch = self.engine.take_batch(now);
        self.store.as_mut().unwrap().commit(&batch).unwrap();
        self.judge.note(now, &batch, &self.phones);
    }

    fn dispatch(&mut self) {
        for then in self.engine.take_then() {
            match then {
                Then::Order(_, LinkOrder::Answer { ticket, .. }) => {
                    if let Some(sms) = self.tickets.remove(&ticket.sequence) {
                        self.judge.answered(&sms, &self.phones);
                    }
                }
                Then::Order(_, LinkOrder::Submit { sms, .. }) => self.submit(sms),
                Then::Order(_, LinkOrder::Stop) | Then::Publish(..) => {}
            }
        }
    }

    fn submit(&mut self, sms: OutboundSms) {
        self.messages += 1;
        self.judge.leaves(sms.id);
        let to = sms.to.text();
        let (id, SmsBody::Text(text)) = (sms.id, sms.body) else {
            return self.judge.breaks("4: octets for a phone".to_owned());
        };
        let name = format!("{:x}", id.0);
        if !self.in_flight.insert(id) {
            self.judge.breaks(format!("11: {id:?} is in flight twice"));
        }
        let fate = self.lot.below(40);
        let result = match fate {
            0 => Err(SubmitFault::Status(0x58)),
            1 => Err(SubmitFault::Status(0x45)),
            2 | 3 => Err(SubmitFault::Timeout),
            _ => Ok(name),
        };
        let after = within(&mut self.lot, 30 * Millis::SECOND);
        let report = DeliveryReport {
            message_id: format!("{:08}", id.0),
            recipient: Address::plain(&to),
            state: DeliveryState::Delivered,
            stat: "DELIVRD".to_owned(),
        };
        // A receipt may come before the response which names its message.
        let reported = within(&mut self.lot, Millis::MINUTE);
        if fate > 20 {
            self.later(reported, What::Link(LinkEvent::Report(report)));
        }
        if fate > 2 && !(5..7).contains(&fate) {
            let phone = self.by_number[&to];
            let at = within(&mut self.lot, Millis::MINUTE);
            self.later(at, What::AtPhone(phone, text));
        }
        let connection = self.connection;
        let response = LinkEvent::Submitted {
            connection,
            id,
            result,
        };
        self.later(after, What::Link(response));
    }

    fn link_up(&mut self) {
        self.connection += 1;
        let connection = self.connection;
        self.tell(LinkEvent::Up { connection });
        self.in_flight.clear();
    }

    fn break_link(&mut self) {
        let cause = DownCause::Closed;
        let heard_ms_ago = Some(100);
        for id in std::mem::take(&mut self.in_flight) {
            let result = Err(SubmitFault::LinkLost);
            let connection = self.connection;
            self.tell(LinkEvent::Submitted {
                connection,
                id,
                result,
            });
        }
        self.forget_responses();
        self.tell(LinkEvent::Down {
            cause,
            heard_ms_ago,
        });
        self.bring_again();
        self.link_up();
    }

    /// No response of a connection that is gone arrives on the next.
    fn forget_responses(&mut self) {
        self.queue
            .retain(|_, what| !matches!(what, What::Link(LinkEvent::Submitted { .. })));
    }

    /// What was not answered comes again.
    fn bring_again(&mut self) {
        for sms in std::mem::take(&mut self.tickets).into_values() {
            let after = self.delay();
            self.later(after, What::Sms(sms));
        }
    }

    /// The engine is killed before its commit, and starts again.
    fn restart(&mut self) {
        let now = self.now();
        self.judge.restarts();
        self.disk.hold(true);
        self.store = None;
        self.disk.hold(false);
        let store = RedbStore::with_backend(self.disk.clone()).unwrap();
        let loaded = store.load().unwrap();
        self.judge.resumes(&loaded, &store, &self.phones);
        self.engine = load(&self.settings, &store, now, self.seed ^ self.count);
        self.engine.set_heard(false);
        self.store = Some(store);
        self.engine.start(now);
        self.forget_responses();
        self.bring_again();
        self.link_up();
        self.commit();
        self.dispatch();
    }

    fn end(&mut self) {
        let wanted = self.phones.iter().flat_map(|phone| &phone.wanted);
        let wrong = wanted.filter(|one| one.is_open() || self.judge.count(&one.note) != 1);
        let wrong: Vec<_> = wrong.map(|one| one.note.clone()).collect();
        if !wrong.is_empty() {
            self.judge.breaks(format!("11: not answered: {wrong:?}"));
        }
        self.judge.looks_through(self.store.as_ref().unwrap());
    }
}

fn load(settings: &hazir::engine::Settings, store: &RedbStore, now: Now, seed: u64) -> Engine {
    let dice = Box::new(Dice(Seeded(seed)));
    let loaded = store.load().unwrap();
    let key = StoreKey::from_octets([7; 32]);
    Engine::new(settings.clone(), key, loaded, dice, now).unwrap()
}
