//! A desk for forgers: the engine on a real store in memory, with all that it lets out in the hand of the test.

use bytes::Bytes;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use hazir::api::{Ask, Command, EnrolKey, NewEmployee, Query, Reply, Request};
use hazir::domain::{
    Action, Address, Country, DeviceId, EmployeeId, GatewayName, InboundSms, LinkEvent, LinkOrder,
    Millis, Msisdn, Operator, OutboundSms, OutboxId, Part, Seq, SmsBody, Ticket,
};
use hazir::engine::{Engine, Entropy, GatewaySettings, Now, Receipts, Rules, Settings, Then, Tick};
use hazir::protocol::{Attendance, DeviceKeys, Padding, RootKey, StoreKey, frame, legacy};
use hazir::store::{Batch, Loaded, Meta, RedbStore, Store as _};
use redb::backends::InMemoryBackend;

use super::super::draws::Draws;

/// 2026-11-20T05:30:00Z.
const MORNING: i64 = 1_795_152_600_000;
/// The number that phones write to.
const DESK: &str = "+989120000001";
/// The first octet of a check-in.
pub(super) const ATTENDANCE: u8 = 0x11;

/// Octets that follow from a seed.
struct Drawn(Draws);

impl Entropy for Drawn {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill_with(|| self.0.octet());
    }
}

impl Draws {
    pub(super) fn octet(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("it is below 256")
    }

    pub(super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.octet())
    }
}

/// Somebody with a card; who has a device has keys.
pub(super) struct Person {
    pub(super) number: String,
    pub(super) employee: EmployeeId,
    pub(super) phone: Option<Phone>,
}

/// A phone as its owner holds it.
pub(super) struct Phone {
    pub(super) device: DeviceId,
    pub(super) keys: DeviceKeys,
    pub(super) root: [u8; 32],
    /// The highest counter that was used.
    pub(super) counter: u16,
    /// What was recorded, as envelopes.
    pub(super) recorded: Vec<Vec<u8>>,
    /// What the desk answered, as envelopes.
    pub(super) answers: Vec<Vec<u8>>,
}

/// What one message made the desk do.
pub(super) struct Did {
    pub(super) batch: Batch,
    pub(super) submitted: Vec<OutboundSms>,
    /// Whether deliver_sm was answered OK.
    pub(super) answered: bool,
}

/// The desk with its people.
pub(super) struct Desk {
    engine: Engine,
    store: RedbStore,
    now: Now,
    tickets: u32,
    /// Rows that could not be read.
    pub(super) unreadable: Vec<Seq>,
    pub(super) people: Vec<Person>,
    pub(super) draws: Draws,
}

impl Desk {
    /// A desk of so many people with a phone each, whose phones have checked in: all from `seed`.
    pub(super) fn open(seed: u64, count: u32) -> Self {
        let mut draws = Draws(seed);
        let store = RedbStore::with_backend(InMemoryBackend::new()).expect("memory opens");
        let now = Now {
            wall: Millis(MORNING),
            tick: Tick(0),
        };
        let entropy = Box::new(Drawn(Draws(draws.below(u64::MAX))));
        let loaded = store.load().expect("a new store is read");
        let key = StoreKey::from_octets(draws.octets());
        let engine = Engine::new(settings(), key, loaded, entropy, now);
        let mut desk = Self {
            engine: engine.expect("the key is the store's"),
            store,
            now,
            tickets: 0,
            unreadable: Vec::new(),
            people: Vec::new(),
            draws,
        };
        desk.engine.start(now);
        desk.event(LinkEvent::Up { connection: 1 });
        desk.let_go();
        for n in 0..count {
            desk.hire_with_phone(n);
        }
        desk
    }

    /// Makes a card, and enrols a phone for it.
    pub(super) fn hire_with_phone(&mut self, n: u32) {
        self.hire(n, false);
        self.enrol();
    }

    /// Makes a card; the number follows from `n`.
    pub(super) fn hire(&mut self, n: u32, legacy: bool) {
        let number = format!("+98912111{n:04}");
        let card = NewEmployee {
            name: format!("employee {n}"),
            phone: Msisdn::parse(&number, Country::parse("IR").expect("Iran is a country"))
                .expect("it is a number"),
            short: None,
            team: None,
            shift: None,
            legacy,
        };
        let Reply::Employees(cards) = self.command(Command::AddEmployees(vec![card])) else {
            panic!("no card")
        };
        self.people.push(Person {
            number,
            employee: cards[0].id,
            phone: None,
        });
    }

    /// Enrols a phone for the last card.
    pub(super) fn enrol(&mut self) {
        let employee = self.people.last().expect("there is a card").employee;
        let Reply::Enrolled(enrolled) = self.command(Command::EnrolDevice(employee, EnrolKey::New))
        else {
            panic!("no device")
        };
        let phone = Phone {
            device: enrolled.device,
            keys: DeviceKeys::derive(&RootKey::from_octets(enrolled.root_key)),
            root: enrolled.root_key,
            counter: u16::try_from(self.draws.below(900)).expect("it is small"),
            recorded: Vec::new(),
            answers: Vec::new(),
        };
        self.people.last_mut().expect("as above").phone = Some(phone);
    }

    pub(super) fn phone(&self, person: usize) -> &Phone {
        self.people[person].phone.as_ref().expect("it is enrolled")
    }

    /// A check-in of a phone under any counter, as an envelope that its key sealed.
    pub(super) fn sealed(&mut self, person: usize, counter: u16) -> Vec<u8> {
        let plaintext = self.plaintext();
        let nonce = self.draws.octets();
        let phone = self.phone(person);
        let head = head(ATTENDANCE, phone.device, 0, counter);
        seal(phone.keys.to_desk.octets(), head, nonce, &plaintext)
    }

    /// What a check-in of now says: in or out, with a note or without.
    pub(super) fn plaintext(&mut self) -> Vec<u8> {
        let note = "x".repeat(self.draws.place(61));
        let content = Attendance {
            action: [Action::In, Action::Out][self.draws.place(2)],
            claimed_at: Millis::from_unix_s(self.now.wall.unix_s()),
            note,
        };
        let padding = [Padding::None, Padding::Phone][self.draws.place(2)];
        content.encode(padding).expect("the note is short")
    }

    /// Lets a phone check in for real. Gives back what the desk did.
    pub(super) fn check_in(&mut self, person: usize) -> Did {
        let counter = self.phone(person).counter + 1;
        let envelope = self.sealed(person, counter);
        let number = self.people[person].number.clone();
        let did = self.deliver(&number, frame::encode(&envelope).as_bytes(), None);
        let phone = self.people[person].phone.as_mut().expect("it is enrolled");
        phone.counter = counter;
        phone.recorded.push(envelope);
        for sms in &did.submitted {
            let SmsBody::Text(text) = &sms.body else {
                panic!("a text was due")
            };
            phone.answers.extend(frame::find(text));
        }
        did
    }

    /// Brings a message to the desk.
    pub(super) fn deliver(&mut self, from: &str, body: &[u8], part: Option<Part>) -> Did {
        self.tickets += 1;
        let ticket = Ticket {
            connection: 1,
            sequence: self.tickets,
        };
        let sms = InboundSms {
            source: Address::plain(from),
            destination: Address::plain(DESK),
            octets: Bytes::copy_from_slice(body),
            data_coding: 0,
            part,
        };
        self.event(LinkEvent::Inbound { ticket, sms });
        let did = self.let_go();
        for sms in &did.submitted {
            // The gateway takes it.
            let result = Ok(format!("id{}", self.tickets));
            self.event(LinkEvent::Submitted {
                connection: 1,
                id: sms.id,
                result,
            });
            self.let_go();
        }
        did
    }

    /// Opens a message again that could not be read.
    pub(super) fn retry(&mut self, seq: Seq) -> (Reply, Did) {
        let reply = self.ask(Ask::Command(Command::Retry(seq)));
        (reply, self.let_go())
    }

    /// Turns to the next hour, in which strangers have new quotas.
    pub(super) fn next_hour(&mut self) {
        self.now.wall = self.now.wall.plus_ms(Millis::HOUR);
        self.now.tick = self.now.tick.plus_ms(Millis::HOUR);
        self.engine.handle_timeout(self.now);
        self.let_go();
    }

    /// What the desk knows of people, phones and answers, without what is only counted or logged.
    pub(super) fn known(&mut self) -> Vec<Reply> {
        let mut known = Vec::new();
        let after = OutboxId(0);
        for query in [
            Query::People,
            Query::Devices,
            Query::Employees,
            Query::Outbox { after },
        ] {
            known.push(self.ask(Ask::Query(query)));
        }
        known
    }

    /// A reference for the parts of a message, another one for each.
    pub(super) fn reference(&self) -> u16 {
        u16::try_from(self.tickets % 65_536).expect("it is below 65,536")
    }

    /// The day in Greenwich, where the desk is.
    pub(super) const fn day(&self) -> i64 {
        self.now.wall.0.div_euclid(Millis::DAY)
    }

    /// What the 2023 app writes now.
    pub(super) fn old_text(&mut self) -> String {
        let action = [Action::In, Action::Out][self.draws.place(2)];
        legacy::check_in_text(action, self.now.wall, 0)
    }

    /// What is on disk, without what is only counted or logged.
    pub(super) fn durable(&self) -> Loaded {
        let mut loaded = self.store.load().expect("memory is read");
        loaded.last = None;
        loaded.meta = Meta::default();
        loaded.alarms.clear();
        loaded
    }

    pub(super) fn command(&mut self, command: Command) -> Reply {
        let reply = self.ask(Ask::Command(command));
        self.let_go();
        reply
    }

    fn ask(&mut self, ask: Ask) -> Reply {
        let request = Request { by: by(), ask };
        let reply = self.engine.handle_request(self.now, request, &self.store);
        reply.expect("memory is read")
    }

    fn event(&mut self, event: LinkEvent) {
        self.engine
            .handle_link(self.now, &gateway(), event, &self.store)
            .expect("memory is read");
    }

    /// What the shell does: commit, then let go.
    fn let_go(&mut self) -> Did {
        let batch = self.engine.take_batch(self.now);
        if !batch.is_empty() {
            self.store.commit(&batch).expect("memory is written");
        }
        for row in &batch.ledger {
            let message = row.entry.message();
            if message.is_some_and(|message| message.raw.is_some()) {
                self.unreadable.push(row.seq);
            }
        }
        let mut did = Did {
            batch,
            submitted: Vec::new(),
            answered: false,
        };
        for then in self.engine.take_then() {
            match then {
                Then::Order(_, LinkOrder::Submit { sms, .. }) => did.submitted.push(sms),
                Then::Order(_, LinkOrder::Answer { status, .. }) => did.answered = status == 0,
                Then::Order(_, LinkOrder::Stop) | Then::Publish(..) => {}
            }
        }
        did
    }
}

/// The first eight octets of an envelope.
pub(super) fn head(first: u8, device: DeviceId, epoch: u8, counter: u16) -> [u8; 8] {
    let [d0, d1, d2, d3] = device.0.to_be_bytes();
    let [c0, c1] = counter.to_be_bytes();
    [first, d0, d1, d2, d3, epoch, c0, c1]
}

/// Seals with any key under any head, as a forger does.
pub(super) fn seal(key: &[u8; 32], head: [u8; 8], nonce: [u8; 12], plaintext: &[u8]) -> Vec<u8> {
    let payload = Payload {
        msg: plaintext,
        aad: &head,
    };
    let sealed = ChaCha20Poly1305::new(&Key::from(*key)).encrypt(&nonce.into(), payload);
    let sealed = sealed.expect("a short plaintext can be sealed");
    [&head[..], &nonce, &sealed].concat()
}

fn by() -> Operator {
    Operator {
        user: "mina".into(),
        desk: "front".into(),
    }
}

fn gateway() -> GatewayName {
    GatewayName::new("g")
}

fn settings() -> Settings {
    Settings {
        time_zone: jiff::tz::TimeZone::UTC,
        country: Country::parse("IR").expect("Iran is a country"),
        day_starts: jiff::civil::time(4, 0, 0, 0),
        rules: Rules::default(),
        receipts: Receipts::default(),
        gateways: vec![GatewaySettings {
            name: gateway(),
            source_address: Some(DESK.to_owned()),
            binary: false,
            footer_octets: 62,
            answer_link: None,
            window: 10,
            max_per_second: 0,
            max_per_30_min: 0,
            reaches: Vec::new(),
        }],
        released_at: Millis(MORNING - 30 * Millis::DAY),
        version: "test".to_owned(),
    }
}
