//! Long messages on their way in: the engine as it stands behind a gateway.

use std::collections::{BTreeMap, BTreeSet};

use hazir::domain::{
    Address, Country, Digest, Employee, EmployeeId, Entry, GatewayName, InboundSms, LedgerRow,
    LinkEvent, Millis, Msisdn, OutboxId, OutboxRow, Part, PartId, PartRow, RawBody, Seq, Ticket,
};
use hazir::engine::{Engine, Entropy, GatewaySettings, Now, Receipts, Rules, Settings, Tick};
use hazir::protocol::{StoreKey, text};
use hazir::store::{Archive, Batch, Loaded, StoreError};

/// Messages, parts and octets of a part that wait at once, and messages of one number.
const WAITING: usize = 64;
const PARTS: u8 = 16;
const PART_OCTETS: usize = 1_024;
const WAITING_FROM_ONE: usize = 4;
const WAIT_MS: i64 = 30 * Millis::MINUTE;

/// Six octets a step: what happens, who sends, the reference, how many parts, which part, how many octets of body follow.
///
/// What waits is bounded, and is waited for no longer than half an hour. What becomes of a message is the octets of its parts
/// in their order. Nothing waits for ever, nothing is removed that was not there, and a restart changes none of it.
pub fn run(octets: &[u8]) {
    let mut desk = Desk::open();
    let mut rest = octets;
    while let Some((&[what, who, reference, total, number, length], after)) =
        rest.split_first_chunk()
    {
        let (body, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        match what % 16 {
            0 => desk.restart(),
            1 => desk.pass(i64::from(who) * Millis::SECOND),
            2 => desk.pass(i64::from(who) * Millis::MINUTE),
            _ => {
                // Few of each, so that they meet.
                let total = if total < 240 { 2 + total % 3 } else { total };
                let number = if number < 240 { 1 + number % 3 } else { number };
                let part = Part::new(u16::from(reference % 8), total, number);
                // A body of another length is repeated up to its bound, and over it.
                let body = match what {
                    0xF3.. => body.repeat(usize::from(what)),
                    _ => body.to_vec(),
                };
                desk.deliver(who % 8, part, &body);
            }
        }
    }
    desk.pass(WAIT_MS);
    assert!(desk.waiting.is_empty(), "something waits for ever");
}

struct Desk {
    engine: Engine,
    now: Now,
    waiting: BTreeMap<PartId, PartRow>,
    last_seq: Seq,
}

impl Desk {
    fn open() -> Self {
        let now = Now {
            wall: Millis(1_795_152_600_000),
            tick: Tick(0),
        };
        Self {
            engine: engine(BTreeMap::new(), now),
            now,
            waiting: BTreeMap::new(),
            last_seq: Seq(0),
        }
    }

    fn restart(&mut self) {
        self.engine = engine(self.waiting.clone(), self.now);
        self.last_seq = Seq(0);
        self.settle(None);
    }

    fn pass(&mut self, ms: i64) {
        self.now.wall = self.now.wall.plus_ms(ms);
        self.now.tick = self.now.tick.plus_ms(ms);
        self.engine.handle_timeout(self.now);
        self.settle(None);
    }

    fn deliver(&mut self, who: u8, part: Option<Part>, octets: &[u8]) {
        let sms = InboundSms {
            source: Address::plain(&format!("0912111111{who}")),
            destination: Address::plain("1000"),
            octets: octets.to_vec().into(),
            data_coding: 0,
            part,
        };
        let row = part.map(|part| PartRow {
            gateway: GatewayName::new("g"),
            source: sms.source.clone(),
            destination: sms.destination.clone(),
            part,
            body: RawBody {
                octets: sms.octets.to_vec(),
                data_coding: 0,
            },
            received_at: self.now.wall,
        });
        let ticket = Ticket {
            connection: 1,
            sequence: 1,
        };
        let event = LinkEvent::Inbound { ticket, sms };
        let gateway = GatewayName::new("g");
        let handled = self.engine.handle_link(self.now, &gateway, event, &Empty);
        handled.expect("nothing is read that could fail");
        self.settle(row.as_ref());
    }

    /// Takes what was decided, of which `came` is the newest part.
    fn settle(&mut self, came: Option<&PartRow>) {
        let batch = self.engine.take_batch(self.now);
        self.engine.take_then();
        for row in &batch.ledger {
            assert!(row.seq > self.last_seq);
            self.last_seq = row.seq;
        }
        self.judge_messages(&batch, came);
        for (id, row) in batch.parts {
            match row {
                Some(row) => {
                    assert!(row.part.total <= PARTS && row.body.octets.len() <= PART_OCTETS);
                    let before = self.waiting.insert(id, row);
                    assert!(before.is_none(), "a part was written over");
                }
                None => assert!(self.waiting.remove(&id).is_some(), "it was not there"),
            }
        }
        self.judge_waiting();
    }

    /// Each message that is kept with its octets is what came by itself, or one whose parts went, joined in their order.
    fn judge_messages(&self, batch: &Batch, came: Option<&PartRow>) {
        let gone = batch.parts.iter().filter(|(_, row)| row.is_none());
        let gone: Vec<&PartRow> = gone.map(|(id, _)| &self.waiting[id]).collect();
        let mut joined: BTreeSet<Vec<u8>> = BTreeSet::new();
        let keys: BTreeSet<_> = gone.iter().map(|row| key(row)).collect();
        for one in &keys {
            let mut parts: BTreeMap<u8, &[u8]> = BTreeMap::new();
            for row in gone.iter().filter(|row| key(row) == *one) {
                parts.insert(row.part.number, &row.body.octets);
            }
            let all = |parts: &BTreeMap<u8, &[u8]>| {
                let parts: Vec<&[u8]> = parts.values().copied().collect();
                text::join(&parts, 0)
            };
            joined.insert(all(&parts));
            if let Some(came) = came.filter(|came| key(came) == *one) {
                parts.insert(came.part.number, &came.body.octets);
                joined.insert(all(&parts));
            }
        }
        for row in &batch.ledger {
            let Entry::Message(message) = &row.entry else {
                continue;
            };
            let Some(raw) = message.raw.as_ref().filter(|_| !keys.is_empty()) else {
                continue;
            };
            assert!(joined.contains(&raw.octets), "no message of these parts");
        }
    }

    fn judge_waiting(&self) {
        let mut messages: BTreeMap<_, Vec<u8>> = BTreeMap::new();
        for row in self.waiting.values() {
            messages.entry(key(row)).or_default().push(row.part.number);
            assert!(
                self.now.wall.ms_since(row.received_at) < WAIT_MS,
                "it waits too long"
            );
        }
        assert!(messages.len() <= WAITING);
        let mut by_number: BTreeMap<&[u8], usize> = BTreeMap::new();
        for ((from, _, total), numbers) in &mut messages {
            numbers.sort_unstable();
            assert!(
                numbers.is_sorted_by(|one, next| one < next),
                "a part waits twice"
            );
            assert!(
                numbers.len() < usize::from(*total),
                "it is whole, and waits"
            );
            *by_number.entry(from).or_default() += 1;
        }
        assert!(by_number.values().all(|count| *count <= WAITING_FROM_ONE));
    }
}

fn key(row: &PartRow) -> (&[u8], u16, u8) {
    (&row.source.octets, row.part.reference, row.part.total)
}

/// An engine with one card, at which parts wait.
fn engine(parts: BTreeMap<PartId, PartRow>, now: Now) -> Engine {
    let country = Country::parse("IR").expect("there is such a country");
    let phone = Msisdn::parse("09121111110", country).expect("there is such a number");
    let card = Employee {
        id: EmployeeId(1),
        name: "Ayse".to_owned(),
        short: "Ayse".to_owned(),
        phone,
        team: None,
        shift: None,
        legacy: false,
        suspended: false,
    };
    let settings = Settings {
        time_zone: jiff::tz::TimeZone::UTC,
        country,
        day_starts: jiff::civil::time(4, 0, 0, 0),
        rules: Rules::default(),
        receipts: Receipts::default(),
        gateways: vec![GatewaySettings {
            name: GatewayName::new("g"),
            source_address: None,
            binary: false,
            footer_octets: 0,
            answer_link: None,
            window: 10,
            max_per_second: 0,
            max_per_30_min: 0,
            reaches: Vec::new(),
        }],
        released_at: Millis(0),
        version: String::new(),
    };
    let loaded = Loaded {
        employees: BTreeMap::from([(EmployeeId(1), card)]),
        parts,
        ..Loaded::default()
    };
    let key = StoreKey::from_octets([7; 32]);
    let engine = Engine::new(settings, key, loaded, Box::new(NoChance), now);
    engine.expect("a new store has no other key")
}

struct NoChance;

impl Entropy for NoChance {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(0x5A);
    }
}

/// A store in which nothing is.
struct Empty;

impl Archive for Empty {
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
    fn legacy_seen(&self, _: EmployeeId, _: Digest) -> Result<Option<Seq>, StoreError> {
        Ok(None)
    }
}
