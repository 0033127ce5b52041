use std::collections::BTreeMap;

use hazir::domain::{
    Action, Address, AnswerKind, Counter, DayBudget, DecidedRow, DeviceId, DeviceRow, Digest,
    Employee, EmployeeId, Entry, GatewayName, LedgerRow, MessageRow, Millis, Msisdn, Operator,
    OutboxId, OutboxRow, OutboxState, Outcome, PersonState, Presence, PresenceSource, Priority,
    Seq, Series, SmsBody,
};
use hazir::store::{Batch, GatewayCounters, Loaded, Meta};

const EMPLOYEES: u64 = 1_000;
const MORNING: i64 = 1_795_161_600_000;
const STEP_MS: i64 = 7;
/// As the engine's window has them.
const HELD: u64 = 256;
const BEHIND: u64 = 128;

/// Check-ins of 1,000 employees, one after the other, as the engine writes them.
#[derive(Default)]
pub struct Day {
    check_ins: u64,
    /// Rows of the ledger and entries of the outbox that were there before.
    ledger: u64,
    outbox: u64,
    /// Answers of the last batch: they were sent in the meantime.
    queued: Vec<OutboxRow>,
}

impl Day {
    /// Goes on where a store ends.
    pub fn after(loaded: &Loaded) -> Self {
        let at = loaded.last.as_ref().map_or(MORNING, |row| row.logged_at.0);
        let check_ins = u64::try_from((at - MORNING) / STEP_MS).unwrap_or_default();
        Self {
            check_ins: check_ins.next_multiple_of(EMPLOYEES),
            ledger: loaded.last.as_ref().map_or(0, |row| row.seq.0),
            outbox: loaded.last_outbox.0,
            queued: Vec::new(),
        }
    }

    pub fn check_ins(&self) -> u64 {
        self.check_ins
    }

    /// Cards and phones.
    pub fn first() -> Batch {
        let mut batch = Batch::default();
        for number in 0..EMPLOYEES {
            let id = employee(number);
            batch.employees.insert(
                id,
                Employee {
                    id,
                    name: format!("Employee {number}"),
                    short: format!("E{number}"),
                    phone: Msisdn::parse(&msisdn(number), hazir::domain::Country::default())
                        .expect("an Iranian mobile number"),
                    team: Some("desk".to_owned()),
                    shift: Some("day".to_owned()),
                    legacy: false,
                    suspended: false,
                },
            );
            let device = device(number);
            batch.devices.insert(
                device,
                DeviceRow {
                    id: device,
                    employee: id,
                    enrolled_at: Millis(MORNING),
                    enrolled_by: Operator {
                        user: "ayse".to_owned(),
                        desk: "reception".to_owned(),
                    },
                    revoked: false,
                    sealed_key: vec![0x5e; 60],
                },
            );
        }
        batch
    }

    /// The next `width` check-ins, and the answers of those before them as sent.
    pub fn batch(&mut self, width: usize) -> Batch {
        let mut batch = Batch::default();
        for mut row in self.queued.drain(..) {
            row.state = OutboxState::Sent;
            row.sent_at = Some(row.queued_at.plus_ms(40));
            row.message_id = Some(format!("{:08x}", row.id.0));
            batch.outbox.insert(row.id, row);
        }
        for _ in 0..width {
            self.check_in(&mut batch);
        }
        batch.meta = Some(self.meta());
        batch
    }

    fn check_in(&mut self, batch: &mut Batch) {
        // A step that is prime to 1,000 takes everybody in turn, neighbours not after each other.
        let number = self.check_ins * 617 % EMPLOYEES;
        let turn = self.check_ins / EMPLOYEES;
        self.check_ins += 1;
        self.ledger += 1;
        self.outbox += 1;
        let (seq, answer) = (Seq(self.ledger), OutboxId(self.outbox));
        let at = Millis(MORNING + i64::try_from(self.check_ins).expect("few") * STEP_MS);
        // The engine's counters end at 65,535; those of a store of millions of rows begin again.
        let counter = Counter(u16::try_from(1 + turn % 60_000).expect("less than 2^16"));
        let action = [Action::In, Action::Out][usize::from(turn % 2 == 1)];
        let digest =
            Digest(u128::from(self.check_ins.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes());
        batch.ledger.push(LedgerRow {
            seq,
            logged_at: at,
            entry: Entry::Message(Box::new(MessageRow {
                received_at: at,
                gateway: GatewayName::new("reception"),
                sender: Address::international(&msisdn(number)),
                destination: Address::plain("1000"),
                outcome: Outcome::Recorded,
                at: Some(at),
                delayed: false,
                link_gap: false,
                clock_off: false,
                weak: false,
                employee: Some(employee(number)),
                device: Some(device(number)),
                counter: Some(counter),
                action: Some(action),
                claimed_at: Some(at),
                note: String::new(),
                digest: Some(digest),
                answer: Some(answer),
                retry_of: None,
                raw: None,
            })),
        });
        let row = answer_row(answer, seq, number, at);
        batch.outbox.insert(answer, row.clone());
        self.queued.push(row);
        let series = Series {
            device: device(number),
            kind: 0x11,
        };
        let decided = DecidedRow {
            digest,
            seq,
            answer: Some(answer),
            copies: 0,
        };
        batch.decided.insert((series, counter), decided);
        if turn >= HELD && (turn - HELD).is_multiple_of(HELD - BEHIND) {
            let below = u64::from(counter.0).saturating_sub(BEHIND);
            let below = Counter(u16::try_from(below).expect("less than 2^16"));
            batch.forget_below.insert(series, below);
        }
        let mut person = PersonState::new(employee(number));
        person.presence = Some(Presence {
            action,
            at,
            seq,
            device: Some((device(number), counter)),
            source: PresenceSource::Sealed,
            note: String::new(),
            clock_off_min: 0,
        });
        person.first_in = Some(at);
        let budget = DayBudget {
            day: 20_777,
            attendance: u16::try_from(turn % 60_000).expect("less than 2^16"),
            repeats: 0,
        };
        person.budgets = BTreeMap::from([(Some(device(number)), budget)]);
        batch.people.insert(employee(number), person);
    }

    fn meta(&self) -> Meta {
        let counters = GatewayCounters {
            received: self.check_ins,
            submitted: self.check_ins,
            last_message_at: Some(Millis(MORNING)),
            ..GatewayCounters::default()
        };
        Meta {
            key_check: vec![0xc4; 44],
            alive_at: Some(Millis(MORNING)),
            gateways: BTreeMap::from([(GatewayName::new("reception"), counters)]),
            ..Meta::default()
        }
    }
}

fn answer_row(id: OutboxId, seq: Seq, number: u64, at: Millis) -> OutboxRow {
    OutboxRow {
        id,
        seq,
        kind: AnswerKind::Receipt,
        employee: employee(number),
        device: Some(device(number)),
        gateway: GatewayName::new("reception"),
        to: Address::international(&msisdn(number)),
        from: Address::plain("1000"),
        body: SmsBody::Text("HZ1".repeat(25)),
        parts: 1,
        priority: Priority::First,
        state: OutboxState::Queued,
        attempts: 1,
        answered: 1,
        queued_at: at,
        next_at: None,
        sent_at: None,
        message_id: None,
        error: None,
    }
}

fn employee(number: u64) -> EmployeeId {
    EmployeeId(u32::try_from(number + 1).expect("few"))
}

/// Device numbers are drawn at random.
fn device(number: u64) -> DeviceId {
    DeviceId(
        u32::try_from((number + 1).wrapping_mul(2_654_435_761) % (1 << 32)).expect("below 2^32"),
    )
}

fn msisdn(number: u64) -> String {
    format!("+98910{:07}", 2_000_000 + number)
}
