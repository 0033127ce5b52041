//! The outbox beside a reference of plain lists: who may leave, when, by which gateway, and what becomes of it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::{Address, DeliveryState, DeviceId, Priority, SmsBody};
use crate::engine::samples;
use crate::engine::settings::GatewaySettings;

mod reference;
mod span;

use reference::Reference;

/// Names of gateways for messages: the same in other writings, numbers that are another in hexadecimal, and none.
const MESSAGE_IDS: [&str; 7] = ["a", "0A", "10", "0x10", "16", "00016", ""];
const NUMBERS: [&str; 4] = ["+989121111111", "09121111111", "+989121111112", ""];
const STATUSES: [u32; 7] = [0x0B, 0x14, 0x58, 0x45, 0x401, 0x08, 0xC0];

#[derive(Clone, Debug)]
enum Step {
    Queue {
        gateway: usize,
        number: usize,
        priority: Priority,
        is_long: bool,
        is_legacy: bool,
    },
    /// A settled or failed one is sent again.
    Again(prop::sample::Index),
    Up(usize),
    Down(usize),
    /// Something that is with a gateway is answered, perhaps by another one.
    Submitted(bool, prop::sample::Index, Answer),
    Report {
        gateway: usize,
        message_id: &'static str,
        number: usize,
        state: DeliveryState,
    },
    GiveUp(prop::sample::Index),
    Pass(i64),
    /// Until something may be due, and not a moment longer.
    PassToDeadline,
    Restart,
}

#[derive(Clone, Debug)]
enum Answer {
    Taken(&'static str),
    Status(u32),
    Timeout,
    LinkLost,
}

impl Answer {
    fn result(&self) -> Result<String, SubmitFault> {
        match *self {
            Self::Taken(message_id) => Ok(message_id.to_owned()),
            Self::Status(status) => Err(SubmitFault::Status(status)),
            Self::Timeout => Err(SubmitFault::Timeout),
            Self::LinkLost => Err(SubmitFault::LinkLost),
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gateway = || 0..3_usize;
    let message_id = || prop::sample::select(&MESSAGE_IDS[..]);
    let status = prop::sample::select(&STATUSES[..]);
    let answer = prop_oneof![
        6 => message_id().prop_map(Answer::Taken),
        3 => status.prop_map(Answer::Status),
        1 => Just(Answer::Timeout),
        1 => Just(Answer::LinkLost),
    ];
    let priority = prop_oneof![
        4 => Just(Priority::First),
        1 => Just(Priority::Repeat),
        1 => Just(Priority::Excess),
    ];
    let state = prop_oneof![
        3 => Just(DeliveryState::Delivered),
        2 => Just(DeliveryState::Undeliverable),
        1 => Just(DeliveryState::Pending),
    ];
    let ms = prop_oneof![
        4 => 0..2_000_i64,
        3 => 0..3 * Millis::MINUTE,
        2 => 0..Millis::HOUR,
        1 => Just(Millis::DAY),
    ];
    let queue = (
        gateway(),
        0..3_usize,
        priority,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    );
    let queue = queue.prop_map(
        |(gateway, number, priority, is_long, is_legacy)| Step::Queue {
            gateway,
            number,
            priority,
            is_long,
            is_legacy,
        },
    );
    let report = (gateway(), message_id(), 0..4_usize, state);
    let report = report.prop_map(|(gateway, message_id, number, state)| Step::Report {
        gateway,
        message_id,
        number,
        state,
    });
    let any_of = any::<prop::sample::Index>;
    let step = prop_oneof![
        8 => queue,
        1 => any_of().prop_map(Step::Again),
        4 => gateway().prop_map(Step::Up),
        2 => gateway().prop_map(Step::Down),
        10 => (prop::bool::weighted(0.1), any_of(), answer).prop_map(|(is_other, of, answer)| Step::Submitted(is_other, of, answer)),
        3 => report,
        1 => any_of().prop_map(Step::GiveUp),
        4 => ms.prop_map(Step::Pass),
        4 => Just(Step::PassToDeadline),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..120)
}

const LINK: &str = "https://desk.example/";

/// One without limits, one with a small window and a link before answers, one that is paced and reaches some.
fn gateways() -> Vec<GatewaySettings> {
    let small = GatewaySettings {
        window: 3,
        answer_link: Some(LINK.to_owned()),
        ..samples::gateway("h")
    };
    let paced = GatewaySettings {
        window: 4,
        max_per_second: 2,
        max_per_30_min: 5,
        reaches: vec!["+989121111111".to_owned()],
        source_address: Some("+989120000001".to_owned()),
        ..samples::gateway("i")
    };
    vec![samples::gateway("g"), small, paced]
}

fn at(ms: i64) -> Now {
    Now {
        wall: Millis(ms),
        tick: Tick(ms),
    }
}

struct Pair {
    settings: Settings,
    outbox: Outbox,
    reference: Reference,
    /// What was written.
    disk: BTreeMap<OutboxId, OutboxRow>,
    /// By which connection each gateway was bound last.
    connections: [u32; 3],
    now: i64,
}

impl Pair {
    fn new() -> Self {
        let mut settings = samples::settings(gateways());
        settings.country = crate::domain::Country::parse("IR").unwrap();
        Self {
            outbox: Outbox::new(&settings, OutboxId(0), Tick(0)),
            reference: Reference::new(&settings),
            disk: BTreeMap::new(),
            connections: [0; 3],
            now: 0,
            settings,
        }
    }

    fn name(&self, gateway: usize) -> GatewayName {
        self.settings.gateways[gateway].name.clone()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Queue {
                gateway,
                number,
                priority,
                is_long,
                is_legacy,
            } => {
                let id = self.outbox.next_id();
                let length = if is_long { 200 } else { 20 };
                let row = OutboxRow {
                    gateway: self.name(gateway),
                    to: Address::plain(NUMBERS[number]),
                    device: (!is_legacy).then_some(DeviceId(7)),
                    body: SmsBody::Text("x".repeat(length)),
                    parts: self.settings.gateways[gateway].parts(length),
                    priority,
                    seq: Seq(id.0 / 3),
                    ..samples::outbox_row(id.0)
                };
                self.outbox.queue(at(self.now), row.clone());
                self.reference.queue(self.now, row);
            }
            Step::Again(of) => {
                let ended = |row: &OutboxRow| !row.state.is_open();
                if let Some(row) = self.reference.any(of, ended) {
                    self.outbox.queue(at(self.now), row.clone());
                    self.reference.queue(self.now, row);
                }
            }
            Step::Up(gateway) => {
                self.connections[gateway] += 1;
                let connection = self.connections[gateway];
                self.outbox.link_up(&self.name(gateway), connection);
                self.reference.link_up(gateway);
            }
            Step::Down(gateway) => {
                self.outbox.link_down(Tick(self.now), &self.name(gateway));
                self.reference.link_down(self.now, gateway);
            }
            Step::Submitted(is_other, of, answer) => self.submitted(is_other, of, &answer),
            Step::Report {
                gateway,
                message_id,
                number,
                state,
            } => {
                let report = DeliveryReport {
                    message_id: message_id.to_owned(),
                    recipient: Address::plain(NUMBERS[number]),
                    state,
                    stat: "UNDELIV".to_owned(),
                };
                let name = self.name(gateway);
                self.outbox.report(Tick(self.now), &name, report.clone());
                self.reference.report(self.now, gateway, report);
            }
            Step::GiveUp(of) => {
                if let Some(row) = self.reference.any(of, |_| true) {
                    let gave_up = self.outbox.give_up(row.id);
                    assert_eq!(gave_up, self.reference.give_up(row.id));
                }
            }
            Step::Pass(ms) => self.pass_to(self.now + ms),
            Step::PassToDeadline => {
                let Some(Tick(due)) = self.outbox.deadline(Tick(self.now)) else {
                    return;
                };
                // Nothing may happen before it that the engine would sleep through.
                if due - 1 > self.now {
                    self.pass_to(due - 1);
                    assert_eq!(self.settle(), 0, "it was not waited for");
                }
                self.pass_to(due.max(self.now));
                self.settle();
                let next = self.outbox.deadline(Tick(self.now));
                assert!(
                    next.is_none_or(|next| next.0 > self.now),
                    "it would wait for nothing"
                );
            }
            Step::Restart => self.restart(),
        }
        self.settle();
    }

    fn submitted(&mut self, is_other: bool, of: prop::sample::Index, answer: &Answer) {
        let is_sent = |row: &OutboxRow| row.state == OutboxState::Sending;
        let Some(row) = self.reference.any(of, is_sent) else {
            return;
        };
        let mut gateways = self.settings.gateways.iter();
        let home = gateways
            .position(|gateway| gateway.name == row.gateway)
            .unwrap();
        let gateway = (home + usize::from(is_other)) % 3;
        let (name, connection) = (self.name(gateway), self.connections[gateway]);
        let mut tell = |connection: u32| {
            let by = (&name, connection);
            self.outbox
                .submitted(at(self.now), by, row.id, answer.result())
        };
        assert!(!tell(connection.wrapping_sub(1)), "it is of an older one");
        let taken = tell(connection);
        let expected = self
            .reference
            .submitted(self.now, gateway, row.id, answer.result());
        assert_eq!(taken, expected);
    }

    fn pass_to(&mut self, ms: i64) {
        self.now = ms;
        self.outbox.handle_timeout(at(ms));
        self.reference.handle_timeout(ms);
    }

    fn restart(&mut self) {
        let last = self
            .disk
            .last_key_value()
            .map_or(OutboxId(0), |(id, _)| *id);
        self.outbox = Outbox::new(&self.settings, last, Tick(self.now));
        let mut rows: Vec<_> = self.disk.values().cloned().collect();
        rows.sort_by_key(|row| row.sent_at);
        for row in &rows {
            self.outbox.restore(at(self.now), row.clone());
        }
        self.reference = Reference::restarted(&self.settings, self.now, rows);
    }

    /// What every input of the engine ends with, and what must be the same then. Returns how many left or failed.
    fn settle(&mut self) -> usize {
        let leaving = self.outbox.pump(at(self.now));
        for (gateway, sms) in &leaving {
            let row = self.outbox.get(sms.id).unwrap();
            let SmsBody::Text(frame) = &row.body else {
                panic!("all are texts");
            };
            let has_link = &*gateway.0 == "h" && row.device.is_some();
            let link = if has_link {
                format!("{LINK}#")
            } else {
                String::new()
            };
            assert_eq!(sms.body, SmsBody::Text(link + frame));
        }
        let leaving: Vec<_> = leaving
            .into_iter()
            .map(|(name, sms)| (name, sms.id))
            .collect();
        assert_eq!(leaving, self.reference.pump(self.now));
        let failed = self.outbox.take_failed();
        assert_eq!(failed, self.reference.take_failed());
        let mut changed = Vec::new();
        self.outbox.take_changed(&mut changed);
        for (id, change) in changed {
            let mut row = self.outbox.get(id).unwrap().clone();
            if change == Change::Kept {
                if row.state == OutboxState::Sending {
                    row.state = OutboxState::Queued;
                }
                self.disk.insert(id, row);
            }
        }
        self.compare();
        leaving.len() + failed.len()
    }

    fn compare(&mut self) {
        let rows: Vec<_> = self.outbox.rows().cloned().collect();
        assert_eq!(rows, self.reference.rows());
        let oldest = self.reference.oldest();
        assert_eq!(self.outbox.oldest(), oldest);
        let count = |state: fn(&OutboxRow) -> bool| rows.iter().filter(|row| state(row)).count();
        let tally = self.outbox.tally();
        let waits =
            |row: &OutboxRow| matches!(row.state, OutboxState::Queued | OutboxState::Deferred);
        assert_eq!(tally.waiting(), count(waits));
        assert_eq!(
            tally.sending(),
            count(|row| row.state == OutboxState::Sending)
        );
        let failed = count(|row| row.state == OutboxState::Failed && !row.is_settled());
        assert_eq!(tally.failed().len(), failed);
        for gateway in 0..3 {
            let name = self.name(gateway);
            let (waiting, in_flight) = self.reference.queue_of(gateway);
            assert_eq!(self.outbox.waiting(&name), waiting);
            assert_eq!(self.outbox.in_flight(&name), in_flight);
            assert_eq!(self.outbox.is_up(&name), self.reference.is_up(gateway));
            let hold = self.outbox.hold(&name, Tick(self.now));
            let hold = hold.map(|(hold, until)| (hold, until.map(|until| until.0)));
            assert_eq!(hold, self.reference.hold(self.now, gateway));
        }
        for seq in rows.iter().map(|row| row.seq) {
            let answers = rows.iter().filter(|row| row.seq == seq);
            let last = answers.map(|row| row.id).max();
            assert_eq!(self.outbox.answering(seq), last);
        }
        // Each that is not settled is still to be sent, or failed and said so: nothing is forgotten.
        let open = rows.iter().filter(|row| row.state.is_open()).count();
        assert_eq!(self.outbox.ages.len(), open);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_outbox_sends_what_plain_lists_would_send(steps in steps()) {
        let mut pair = Pair::new();
        for step in steps {
            pair.step(step);
        }
    }
}
