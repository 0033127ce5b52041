//! A console by itself: what is pressed and heard, and what comes of it.

mod acting;
mod asking;
mod bell;
mod going;
mod hearing;
mod properties;

use std::sync::Arc;

use jiff::civil::time;
use jiff::tz::TimeZone;

use super::{prepare, update};
use crate::api::{
    AlarmFact, AlarmState, Ask, Command, Event, FeedLine, FeedOutcome, LinkFact, LinkState,
    LogLine, LogWhat, OutboxFact, PersonFact, PersonPresence, ReceiptFact, Reply, Snapshot, Totals,
};
use crate::domain::{
    Action, AlarmId, AlarmKind, AnswerKind, DownCause, EmployeeId, GatewayName, LinkFaults, Millis,
    OutboxId, OutboxState, Seq,
};
use crate::ui::model::{Model, Site};
use crate::ui::{Detached, Effect, Key, Look, Message, Token};
use crate::words::{Language, Words};

/// 2026-11-20 09:14:32 UTC, a Friday.
const NINE: Millis = Millis(1_795_166_072_000);

/// A console, its clock, and what it did.
struct Desk {
    model: Model,
    now: Millis,
    revision: u64,
    out: Vec<Effect>,
}

impl Desk {
    /// A console in a window of 120x40 that is not connected yet.
    fn new() -> Self {
        let site = Site {
            name: "Office".to_owned(),
            time_zone: TimeZone::UTC,
            day_starts: time(4, 0, 0, 0),
            gateways: Vec::new(),
            desk: "mina".to_owned(),
            is_demo: false,
        };
        let words = Arc::new(Words::load(Language::English));
        let model = Model::new(site, words, Look::default(), NINE, 120, 40);
        Self {
            model,
            now: NINE,
            revision: 0,
            out: Vec::new(),
        }
    }

    /// A console that is connected, and long enough so that nothing has just moved.
    fn open() -> Self {
        let mut desk = Self::new();
        desk.tell(Message::Attached(Box::new(snapshot())));
        desk.wait(500);
        desk.out.clear();
        desk
    }

    fn tell(&mut self, message: Message) {
        self.out.extend(update(&mut self.model, self.now, message));
        prepare(&mut self.model);
    }

    fn hear(&mut self, event: Event) {
        self.revision += 1;
        self.tell(Message::Event(self.revision, event));
    }

    /// Presses keys, each as if a frame was drawn before it.
    fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            self.key(Key::Char(c));
        }
    }

    fn key(&mut self, key: Key) {
        self.tell(Message::Key(key));
    }

    fn wait(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
        self.tell(Message::Tick);
    }

    /// The commands that were asked for since.
    fn commands(&self) -> Vec<Command> {
        let commands = self.out.iter().filter_map(|effect| {
            let Effect::Ask(_, Ask::Command(command)) = effect else {
                return None;
            };
            Some(command.clone())
        });
        commands.collect()
    }

    /// Answers the last command.
    fn answer(&mut self, reply: Option<Reply>) {
        let token = self.out.iter().rev().find_map(|effect| {
            let Effect::Ask(token, Ask::Command(_)) = effect else {
                return None;
            };
            Some(*token)
        });
        self.reply(token.expect("a command was asked"), reply);
    }

    fn reply(&mut self, token: Token, reply: Option<Reply>) {
        self.tell(Message::Reply(token, reply));
    }

    fn notice(&self) -> &str {
        self.model.notice.as_ref().map_or("", |notice| &notice.text)
    }

    fn is_fault(&self) -> bool {
        self.model
            .notice
            .as_ref()
            .is_some_and(|notice| notice.is_fault)
    }
}

fn gateway() -> GatewayName {
    GatewayName::new("reception")
}

fn person(id: u32, name: &str, state: PersonPresence) -> PersonFact {
    PersonFact {
        employee: EmployeeId(id),
        name: name.to_owned(),
        short: name.to_owned(),
        state,
        since: (state == PersonPresence::In).then(|| NINE.plus_ms(-Millis::HOUR)),
        first_in: None,
        seq: None,
        source: None,
        clock_off_min: 0,
        note: String::new(),
        team: None,
        suspended: false,
    }
}

fn feed(seq: u64, employee: Option<u32>, outcome: FeedOutcome) -> FeedLine {
    FeedLine {
        seq: Seq(seq),
        received_at: NINE.plus_ms(i64::try_from(seq).unwrap() * 1_000),
        gateway: Some(gateway()),
        sender: Some("+905321234588".to_owned()),
        outcome,
        delayed: false,
        at: Some(NINE.plus_ms(i64::try_from(seq).unwrap() * 1_000)),
        link_gap: false,
        clock_off: false,
        employee: employee.map(EmployeeId),
        name: employee.map(|id| format!("Person {id}")),
        device: None,
        counter: None,
        action: Some(Action::In),
        claimed_at: None,
        note: String::new(),
        weak: false,
        by: None,
        retry_of: None,
        receipt: (outcome == FeedOutcome::Recorded).then_some(ReceiptFact {
            id: OutboxId(seq),
            state: OutboxState::Failed,
            attempts: 1,
            message_id: None,
        }),
    }
}

fn line(seq: u64, employee: Option<u32>, outcome: FeedOutcome) -> LogLine {
    let feed = feed(seq, employee, outcome);
    LogLine {
        seq: feed.seq,
        at: feed.received_at,
        what: LogWhat::Feed(Box::new(feed)),
    }
}

fn entry(id: u64, seq: u64, state: OutboxState) -> OutboxFact {
    OutboxFact {
        id: OutboxId(id),
        seq: Seq(seq),
        to: "+905321234588".to_owned(),
        kind: AnswerKind::Receipt,
        state,
        attempts: 1,
        message_id: None,
        next_at: None,
        error: None,
        gateway: gateway(),
        queued_at: NINE,
    }
}

fn alarm(id: u64, kind: AlarmKind) -> AlarmFact {
    let employee = if let AlarmKind::Key { employee } = &kind {
        Some(*employee)
    } else {
        None
    };
    AlarmFact {
        id: AlarmId(id),
        kind,
        state: AlarmState::New,
        since: NINE,
        ended_at: None,
        shelved_until: None,
        count: 1,
        name: None,
        employee,
        seen_by: None,
    }
}

fn link_down() -> AlarmKind {
    AlarmKind::LinkDown {
        gateway: gateway(),
        cause: DownCause::Silent,
    }
}

fn link(state: LinkState) -> LinkFact {
    LinkFact {
        gateway: gateway(),
        state,
        since: NINE,
        reply_ms: Some(41),
        replied_at: None,
        in_flight: 0,
        window: 10,
        last_message_at: None,
        received: 0,
        submitted: 0,
        drops: 0,
        error: None,
        waiting: 0,
        pace_until: None,
        unreadable_over_bound: 0,
        copies_over_bound: 0,
        hold: None,
        faults: LinkFaults::default(),
        breaks: Vec::new(),
        expected: 0,
    }
}

/// Ayşe, Burak and Zeki; Ayşe's receipt failed, a stranger's message could not be read.
fn snapshot() -> Snapshot {
    Snapshot {
        revision: 0,
        version: "0.1.0".to_owned(),
        started_at: NINE,
        totals: Totals {
            employees: 3,
            outbox_failed: 1,
            ..Totals::default()
        },
        people: vec![
            person(1, "Zeki Yavuz", PersonPresence::Out),
            person(2, "Ayşe Yılmaz", PersonPresence::In),
            person(3, "Burak Kaya", PersonPresence::In),
        ],
        alarms: Vec::new(),
        links: vec![link(LinkState::Bound)],
        outbox: vec![
            entry(1, 1, OutboxState::Failed),
            entry(2, 9, OutboxState::Delivered),
            entry(3, 9, OutboxState::Queued),
        ],
        log: vec![
            line(1, Some(2), FeedOutcome::Recorded),
            line(
                2,
                None,
                FeedOutcome::Unreadable(crate::domain::UnreadableReason::NotAFrame),
            ),
            line(3, Some(3), FeedOutcome::Duplicate),
        ],
    }
}
