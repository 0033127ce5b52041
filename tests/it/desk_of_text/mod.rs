//! An office that does what lines of text say: the engine on a real store in memory, phones with real keys, links that
//! are played by hand, and a clock that is moved.

mod acts;
mod checks;
mod faults;
mod messages;

use std::collections::BTreeMap;

use hazir::api::{
    AlarmFact, Ask, Command, EnrolKey, Event, LinkFact, LogLine, NewEmployee, PersonFact, Reply,
    Request, Totals,
};
use hazir::domain::{
    Address, DeliveryReport, DeliveryState, DeviceId, DownCause, EmployeeId, GatewayName,
    LinkEvent, LinkOrder, Millis, Msisdn, Operator, OutboundSms, SmsBody, SubmitFault,
};
use hazir::engine::{Engine, Entropy, GatewaySettings, Now, Receipts, Rules, Settings, Then, Tick};
use hazir::protocol::{
    Answer, DeviceKeys, Header, RootKey, Status, StoreKey, envelope, frame, legacy,
};
use hazir::store::{RedbStore, Store};
use redb::backends::InMemoryBackend;

/// 2026-11-20T05:30:00Z, nine in the morning in Tehran.
const MORNING: i64 = 1_795_152_600_000;
const DESK: &str = "+989120000001";

/// Octets that look random and are the same in every run.
struct Seeded(u64);

impl Entropy for Seeded {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *octet = self.0.to_be_bytes()[1];
        }
    }
}

/// A phone with a key of its own.
struct Phone {
    number: String,
    device: DeviceId,
    keys: DeviceKeys,
    counter: u16,
    last: Vec<u8>,
}

/// An office that does what lines of text say.
pub struct Office {
    engine: Option<Engine>,
    disk: SharedBackend,
    store: Option<RedbStore>,
    now: Now,
    started: Now,
    phones: BTreeMap<String, Phone>,
    people: BTreeMap<String, (EmployeeId, String)>,
    seen: Vec<String>,
    in_flight: Vec<(GatewayName, OutboundSms)>,
    tickets: u32,
    settings: Settings,
    /// What the consoles were told last of each link.
    told: BTreeMap<GatewayName, LinkFact>,
    /// What they were told last of all else since the engine started.
    told_of: Told,
    /// Whether what leaves is followed by `@` and the gateway that it leaves by.
    names_gateways: bool,
    /// Who sits at the desk.
    who: &'static str,
}

/// What consoles hold that listened from the start.
#[derive(Default)]
struct Told {
    people: BTreeMap<EmployeeId, PersonFact>,
    alarms: BTreeMap<hazir::domain::AlarmId, AlarmFact>,
    totals: Option<Totals>,
    log: Vec<LogLine>,
}

impl Told {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Person(fact) => {
                self.people.insert(fact.employee, fact);
            }
            Event::Alarm(fact) => {
                self.alarms.insert(fact.id, fact);
            }
            Event::AlarmGone(id) => {
                self.alarms.remove(&id);
            }
            Event::Totals(totals) => self.totals = Some(totals),
            Event::Log(line) => self.log.push(line),
            Event::Feed(_)
            | Event::Outbox(_)
            | Event::Link(_)
            | Event::Roster
            | Event::Lost
            | Event::Stopping => {}
        }
    }
}

/// A backend that outlives the store on it, as a disk does.
#[derive(Clone, Debug)]
struct SharedBackend(std::sync::Arc<InMemoryBackend>);

impl redb::StorageBackend for SharedBackend {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
}

fn gateway(name: &str) -> GatewaySettings {
    GatewaySettings {
        name: GatewayName::new(name),
        source_address: Some(DESK.to_owned()),
        binary: false,
        footer_octets: 62,
        answer_link: None,
        window: 10,
        max_per_second: 0,
        max_per_30_min: 0,
        reaches: Vec::new(),
    }
}

impl Office {
    pub fn new() -> Self {
        let settings = Settings {
            time_zone: jiff::tz::TimeZone::get("Asia/Tehran").unwrap(),
            country: hazir::domain::Country::parse("IR").unwrap(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: vec![gateway("g")],
            released_at: Millis(MORNING - 30 * Millis::DAY),
            version: "test".to_owned(),
        };
        let now = Now {
            wall: Millis(MORNING),
            tick: Tick(0),
        };
        let mut office = Self {
            engine: None,
            disk: SharedBackend(std::sync::Arc::new(InMemoryBackend::new())),
            store: None,
            now,
            started: now,
            phones: BTreeMap::new(),
            people: BTreeMap::new(),
            seen: Vec::new(),
            in_flight: Vec::new(),
            tickets: 0,
            settings,
            told: BTreeMap::new(),
            told_of: Told::default(),
            names_gateways: false,
            who: "mina",
        };
        office.start();
        office.seen.clear();
        office
    }

    /// What happened and was not expected yet.
    pub fn unexpected(&self) -> Vec<String> {
        self.seen
            .iter()
            .filter(|word| *word != "commit")
            .cloned()
            .collect()
    }

    /// Does one line: a time, a verb, words.
    pub fn step(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [time, verb, words @ ..] = words.as_slice() else {
            return Err("no verb".into());
        };
        self.move_to(time)?;
        match *verb {
            "employee" => self.employee(words),
            "setting" => self.setting(words),
            "link" => self.link(words),
            "deliver" => self.deliver(words),
            "text" => self.text(words),
            "part" => self.part(words),
            "legacy" => self.legacy(words),
            "accept" => {
                let id = words.iter().find_map(|word| word.strip_prefix("id="));
                self.respond(words, |n| Ok(id.map_or(format!("id{n}"), str::to_owned)))
            }
            "refuse" => {
                let status = number(words.first())?;
                self.respond(&words[1..], |_| Err(SubmitFault::Status(status)))
            }
            "lose" => self.respond(words, |_| Err(SubmitFault::Timeout)),
            "report" => self.report(words),
            "clock" => self.jump(words),
            "cut" => self.cut(),
            "restored" => {
                self.restored();
                Ok(())
            }
            "by" => {
                self.names_gateways = true;
                Ok(())
            }
            "gateways" => {
                self.gateways(words);
                Ok(())
            }
            "card" => self.card(words),
            "waiting" => self.waiting(words),
            "kill" => {
                self.start();
                self.seen.clear();
                Ok(())
            }
            "expect" => self.expect(words),
            "person" => self.person(words),
            "outbox" => self.outbox(words),
            "alarms" => self.alarms(words),
            "feed" => self.feed(words),
            "told" => self.told(words),
            "holds" => self.holds(words),
            "usual" => self.usual(words),
            "copies" => self.copies(words),
            "desk" => self.desk(words),
            "ali" => self.ali(words),
            "denied" => self.denied(words),
            "first" => self.first(words),
            "says" => self.says(words),
            "log" => self.log(words),
            "totals" => self.totals(words),
            other => Err(format!("no such verb: {other}")),
        }
    }

    fn start(&mut self) {
        self.engine = None;
        self.store = None;
        self.in_flight.clear();
        self.told_of = Told::default();
        let store = RedbStore::with_backend(self.disk.clone()).unwrap();
        let key = StoreKey::from_octets([7; 32]);
        let entropy = Box::new(Seeded(self.now.wall.0.unsigned_abs()));
        let loaded = store.load().unwrap();
        let mut engine =
            Engine::new(self.settings.clone(), key, loaded, entropy, self.now).unwrap();
        engine.start(self.now);
        self.engine = Some(engine);
        self.store = Some(store);
        self.drain();
    }

    fn parts(&mut self) -> (&mut Engine, &RedbStore) {
        (self.engine.as_mut().unwrap(), self.store.as_ref().unwrap())
    }

    /// What the shell does: commit, then let go; here what is not urgent is written at once, too.
    fn drain(&mut self) {
        let now = self.now;
        let engine = self.engine.as_mut().unwrap();
        if engine.is_urgent() {
            self.seen.push("commit".to_owned());
        }
        let batch = engine.take_batch(now);
        self.store.as_mut().unwrap().commit(&batch).unwrap();
        for then in engine.take_then() {
            match then {
                Then::Order(_, LinkOrder::Answer { status, .. }) => {
                    self.seen.push(
                        if status == 0 {
                            "answer:ok"
                        } else {
                            "answer:later"
                        }
                        .into(),
                    );
                }
                Then::Order(gateway, LinkOrder::Submit { sms, .. }) => {
                    let word = self.read_answer(&gateway, &sms);
                    // A scenario of one gateway need not name it.
                    let by = if self.names_gateways {
                        format!("@{gateway}")
                    } else {
                        String::new()
                    };
                    self.seen.push(format!("submit:{word}{by}"));
                    self.in_flight.push((gateway, sms));
                }
                Then::Publish(_, event) => {
                    if let Event::Link(fact) = *event {
                        self.told.insert(fact.gateway.clone(), fact);
                    } else {
                        self.told_of.hear(*event);
                    }
                }
                Then::Order(_, LinkOrder::Stop) => {}
            }
        }
    }

    /// Opens what is sent, as the phone does.
    fn read_answer(&self, gateway: &GatewayName, sms: &OutboundSms) -> String {
        let mut gateways = self.settings.gateways.iter();
        let from = gateways.find(|known| known.name == *gateway).unwrap();
        assert_eq!(Some(sms.from.text()), from.source_address);
        let SmsBody::Text(text) = &sms.body else {
            return "binary".to_owned();
        };
        if text.starts_with("$$") {
            let sealed = legacy::find(text.as_bytes(), 0).unwrap();
            let text = legacy::open_text(&sealed).unwrap();
            assert!(text.ends_with(" | AFTSTC"));
            return format!("legacy>{}", sms.to.text());
        }
        let octets = frame::find(text.as_bytes()).unwrap();
        let header = Header::parse(&octets).unwrap();
        let phone = self
            .phones
            .values()
            .find(|phone| phone.device == header.device)
            .unwrap();
        let answer = envelope::open(&phone.keys.to_device, &octets).unwrap();
        let answer = Answer::decode(&answer).unwrap();
        let of = if answer.digest == envelope::digest(&phone.last) {
            ""
        } else {
            ":other"
        };
        let what = match answer.status {
            Status::Recorded => "receipt".to_owned(),
            Status::Suspended => "suspended".to_owned(),
            Status::Clock => "clock".to_owned(),
            Status::Counter => format!("counter:{}", answer.next.0),
            Status::NotUnderstood => "not-understood".to_owned(),
        };
        let own = sms.to.text() == phone.number;
        let to = if own {
            String::new()
        } else {
            format!(">{}", sms.to.text())
        };
        format!("{what}{of}{to}")
    }

    /// Moves time on in the steps that the engine asks for.
    fn move_to(&mut self, time: &str) -> Result<(), String> {
        let at = Tick(self.started.tick.0 + span(time)?);
        if at < self.now.tick {
            return Err("time runs forward".into());
        }
        loop {
            let now = self.now;
            let due = self.engine.as_mut().unwrap().deadline(now);
            let next = due.max(Tick(now.tick.0 + 1)).min(at);
            let passed = next.0 - now.tick.0;
            self.now = Now {
                wall: now.wall.plus_ms(passed),
                tick: next,
            };
            if passed > 0 || next == at {
                let now = self.now;
                self.engine.as_mut().unwrap().handle_timeout(now);
                self.drain();
            }
            if next == at {
                return Ok(());
            }
        }
    }

    fn ask(&mut self, ask: Ask) -> Reply {
        let by = Operator {
            user: self.who.into(),
            desk: "front".into(),
        };
        let now = self.now;
        let (engine, store) = self.parts();
        let reply = engine
            .handle_request(now, Request { by, ask }, store)
            .unwrap();
        self.drain();
        reply
    }

    fn event(&mut self, gateway: &str, event: LinkEvent) {
        let now = self.now;
        let (engine, store) = self.parts();
        engine
            .handle_link(now, &GatewayName::new(gateway), event, store)
            .unwrap();
        self.drain();
    }

    /// `employee NAME NUMBER [legacy]`: a card and a phone.
    fn employee(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, phone, rest @ ..] = words else {
            return Err("NAME NUMBER".into());
        };
        let card = NewEmployee {
            name: (*name).to_owned(),
            phone: Msisdn::parse(phone, self.settings.country).map_err(|e| e.to_string())?,
            short: None,
            team: None,
            shift: None,
            legacy: rest.contains(&"legacy"),
        };
        let Reply::Employees(added) = self.ask(Ask::Command(Command::AddEmployees(vec![card])))
        else {
            return Err("not added".into());
        };
        let id = added[0].id;
        self.people
            .insert((*name).to_owned(), (id, (*phone).to_owned()));
        if !rest.contains(&"legacy") {
            self.enrol(name, id)?;
        }
        self.seen.clear();
        Ok(())
    }

    fn enrol(&mut self, name: &str, id: EmployeeId) -> Result<(), String> {
        let Reply::Enrolled(enrolled) =
            self.ask(Ask::Command(Command::EnrolDevice(id, EnrolKey::New)))
        else {
            return Err("not enrolled".into());
        };
        let phone = Phone {
            number: self.people[name].1.clone(),
            device: enrolled.device,
            keys: DeviceKeys::derive(&RootKey::from_octets(enrolled.root_key)),
            counter: 0,
            last: Vec::new(),
        };
        self.phones.insert(name.to_owned(), phone);
        Ok(())
    }

    /// `setting pace N` in 30 minutes, `setting gateway NAME`, `setting round SECONDS`: restarts the engine with it.
    fn setting(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["pace", most] => {
                let most = most.parse().map_err(|_| "a number")?;
                self.settings.gateways[0].max_per_30_min = most;
            }
            ["window", most] => {
                self.settings.gateways[0].window = most.parse().map_err(|_| "a number")?;
            }
            ["repeats", most] => {
                let most = most.parse().map_err(|_| "a number")?;
                self.settings.receipts.repeats_per_device_per_day = most;
            }
            ["gateway", name] => self.settings.gateways.push(gateway(name)),
            ["round", seconds] => {
                let seconds: i64 = seconds.parse().map_err(|_| "a number")?;
                self.settings.receipts.other_gateway_after_ms = seconds * Millis::SECOND;
            }
            _ => return Err("no such setting".into()),
        }
        self.start();
        self.seen.clear();
        Ok(())
    }

    /// `link up [NAME]`, `link down [CAUSE] [NAME]`.
    fn link(&mut self, words: &[&str]) -> Result<(), String> {
        let name = words
            .iter()
            .find_map(|word| word.strip_prefix("gateway="))
            .unwrap_or("g");
        match words.first() {
            Some(&"up") => self.event(name, LinkEvent::Up { connection: 1 }),
            Some(&"down") => {
                let cause = if words.contains(&"password") {
                    DownCause::Bind(hazir::domain::BindFault::Password)
                } else {
                    DownCause::Closed
                };
                self.in_flight.retain(|(gateway, _)| *gateway.0 != *name);
                self.event(
                    name,
                    LinkEvent::Down {
                        cause,
                        heard_ms_ago: Some(0),
                    },
                );
            }
            _ => return Err("up or down".into()),
        }
        Ok(())
    }

    /// Answers the oldest message in flight, or with `all` all of them.
    fn respond(
        &mut self,
        words: &[&str],
        result: impl Fn(u64) -> Result<String, SubmitFault>,
    ) -> Result<(), String> {
        let count = if words.contains(&"all") {
            self.in_flight.len()
        } else {
            1
        };
        if count > self.in_flight.len() || count == 0 {
            return Err("nothing is in flight".into());
        }
        for (gateway, sms) in self.in_flight.drain(..count).collect::<Vec<_>>() {
            let event = LinkEvent::Submitted {
                connection: 1,
                id: sms.id,
                result: result(sms.id.0),
            };
            self.event(&gateway.0, event);
        }
        Ok(())
    }

    /// `report MESSAGE_ID NUMBER delivered|undeliverable`
    fn report(&mut self, words: &[&str]) -> Result<(), String> {
        let [id, recipient, state] = words else {
            return Err("ID NUMBER STATE".into());
        };
        let state = match *state {
            "delivered" => DeliveryState::Delivered,
            "undeliverable" => DeliveryState::Undeliverable,
            _ => DeliveryState::Pending,
        };
        let report = DeliveryReport {
            message_id: (*id).to_owned(),
            recipient: Address::plain(recipient),
            state,
            stat: "UNDELIV".to_owned(),
        };
        self.event("g", LinkEvent::Report(report));
        Ok(())
    }

    /// `clock +2h`: office time jumps.
    fn jump(&mut self, words: &[&str]) -> Result<(), String> {
        let by = span(words.first().ok_or("how far")?)?;
        self.now.wall = self.now.wall.plus_ms(by);
        Ok(())
    }
}

/// `+5s`, `-2h`, `+1d`, in milliseconds.
fn span(text: &str) -> Result<i64, String> {
    let bad = || format!("no span of time: {text}");
    let unit = text.chars().last().ok_or_else(bad)?;
    let count: i64 = text[..text.len() - unit.len_utf8()]
        .parse()
        .map_err(|_| bad())?;
    let unit_ms = match unit {
        's' => Millis::SECOND,
        'm' => Millis::MINUTE,
        'h' => Millis::HOUR,
        'd' => Millis::DAY,
        _ => return Err(bad()),
    };
    Ok(count * unit_ms)
}

fn number(word: Option<&&str>) -> Result<u32, String> {
    let digits = word
        .and_then(|word| word.strip_prefix("0x"))
        .ok_or("a status, 0x58")?;
    u32::from_str_radix(digits, 16).map_err(|e| e.to_string())
}
