//! What must hold of a link, whatever its gateway and its network do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hazir::domain::{DownCause, OutboxId, SubmitFault};

use super::gateway::Item;
use super::wire::Pulse;

/// A connection and a number on it.
pub(super) type Key = (u32, u32);

/// What became of the orders of one message for one connection.
#[derive(Debug, Default)]
struct Orders {
    ordered: u32,
    left: u32,
    told: u32,
    /// Names that the gateway gave, each for one of the orders.
    names: Vec<Name>,
}

/// A gateway's name for a message.
#[derive(Debug)]
struct Name {
    text: String,
    order: u32,
    /// Whether it was given when the link did not wait for it any more, unless nobody read meanwhile.
    is_late: bool,
}

/// How often a delivery receipt was delivered, told and answered.
#[derive(Debug, Default)]
struct Reports {
    delivered: u32,
    told: u32,
    answered: u32,
}

/// How a connection ended, as the desk was told.
#[derive(Copy, Clone, Debug)]
struct End {
    cause: DownCause,
    was_bound: bool,
}

/// Both ends tell it what they do and see.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// Whether the desk takes at once what it is told.
    is_quick: bool,
    /// How much the gateway keeps for the desk.
    pub(super) kept: usize,
    /// Octets of the longest message of a flood.
    pub(super) flood_octets: usize,
    delivered: BTreeMap<Key, VecDeque<String>>,
    answers: BTreeMap<Key, VecDeque<u32>>,
    orders: BTreeMap<(u32, u64), Orders>,
    reports: BTreeMap<String, Reports>,
    connecting: usize,
    up: Option<u32>,
    last_up: u32,
    ends: Vec<End>,
}

impl Judge {
    pub(super) fn new(is_quick: bool) -> Self {
        Self {
            is_quick,
            ..Self::default()
        }
    }
}

/// What the gateway does and sees.
impl Judge {
    pub(super) fn delivers(&mut self, key: Key, item: &Item, octets: usize) {
        let text = match item {
            Item::Message(text) => text.clone(),
            Item::Flood => {
                self.flood_octets = octets;
                "F".to_owned()
            }
            Item::Receipt(name) => {
                self.reports.entry(name.clone()).or_default().delivered += 1;
                return;
            }
        };
        self.delivered.entry(key).or_default().push_back(text);
    }

    /// Whether an answer that came is one of the desk, and not one of the link itself.
    pub(super) fn is_answered_by_desk(&mut self, key: Key, status: u32) -> bool {
        let answers = self.answers.get_mut(&key);
        let answer = answers.and_then(|answers| answers.pop_front_if(|first| *first == status));
        answer.is_some()
    }

    pub(super) fn is_through_with(&mut self, item: &Item) {
        match item {
            Item::Flood => return,
            Item::Message(_) => {}
            Item::Receipt(name) => self.reports.entry(name.clone()).or_default().answered += 1,
        }
        self.kept -= 1;
    }

    /// A submit_sm came.
    pub(super) fn leaves(&mut self, key: (u32, u64)) {
        let orders = self.orders.get_mut(&key);
        let orders = orders.unwrap_or_else(|| panic!("{key:?} left by another session"));
        orders.left += 1;
        assert!(orders.left <= orders.ordered, "{key:?} left twice");
    }

    /// It is answered with this name.
    pub(super) fn names(&mut self, key: (u32, u64), name: &str, is_late: bool) {
        let orders = self.orders.get_mut(&key).expect("it left");
        orders.names.push(Name {
            text: name.to_owned(),
            order: orders.ordered,
            is_late,
        });
    }
}

/// What the desk does and is told.
impl Judge {
    pub(super) fn connects(&mut self) {
        self.connecting += 1;
        assert_eq!(self.connecting, self.ends.len() + 1, "one after the other");
    }

    pub(super) fn up(&mut self, connection: u32) {
        assert_eq!(self.up, None);
        assert!(connection > self.last_up, "{connection}");
        assert_eq!(connection, self.number());
        self.up = Some(connection);
        self.last_up = connection;
    }

    pub(super) fn down(&mut self, cause: DownCause, heard_ms_ago: Option<u64>) {
        assert_eq!(self.connecting, self.ends.len() + 1);
        let was_bound = self.up.take().is_some();
        assert_eq!(was_bound, heard_ms_ago.is_some());
        self.ends.push(End { cause, was_bound });
    }

    pub(super) fn hands_on(&mut self, key: Key, text: &str) {
        assert_eq!(self.up, Some(key.0), "a message of another session");
        let delivered = self.delivered.get_mut(&key);
        let delivered = delivered.and_then(VecDeque::pop_front);
        assert_eq!(delivered.as_deref(), Some(text), "{key:?}");
    }

    pub(super) fn answers(&mut self, key: Key, status: u32) {
        self.answers.entry(key).or_default().push_back(status);
    }

    pub(super) fn orders(&mut self, connection: u32, id: OutboxId) {
        let orders = self.orders.entry((connection, id.0)).or_default();
        assert_eq!(orders.ordered, orders.told, "the test orders one at a time");
        orders.ordered += 1;
    }

    pub(super) fn submitted(
        &mut self,
        connection: u32,
        id: OutboxId,
        result: &Result<String, SubmitFault>,
    ) {
        let key = (connection, id.0);
        let orders = self.orders.get_mut(&key).expect("it was ordered");
        orders.told += 1;
        assert!(orders.told <= orders.ordered, "{key:?} has two outcomes");
        match result {
            Ok(name) => {
                let mut names = orders.names.iter();
                let name = names.find(|one| one.text == *name && one.order == orders.told);
                let name = name.unwrap_or_else(|| panic!("{key:?} is not called so: {result:?}"));
                assert!(!(name.is_late && self.is_quick), "{key:?}: {name:?}");
            }
            Err(SubmitFault::LinkLost) => return,
            Err(SubmitFault::Status(_) | SubmitFault::Timeout) => {}
        }
        assert_eq!(self.up, Some(connection), "{key:?} of another session");
    }

    pub(super) fn reports(&mut self, name: &str) {
        let reports = self.reports.get_mut(name).expect("it was delivered");
        reports.told += 1;
        assert!(reports.told <= reports.delivered, "{name} is told twice");
    }

    /// The number of the connection that is tried or bound.
    fn number(&self) -> u32 {
        u32::try_from(self.connecting).expect("they are few")
    }
}

/// What is known at the end.
impl Judge {
    /// Looks at what can be seen only when all is over. Returns the pauses after connections that were bound, in
    /// milliseconds, where the desk is quick.
    pub(super) fn conclude(&self, pulses: &[Pulse]) -> Vec<u64> {
        for (key, orders) in &self.orders {
            assert_eq!(orders.ordered, orders.told, "{key:?} has no outcome");
        }
        for (name, reports) in &self.reports {
            assert!(reports.told >= reports.answered, "{name} was not told");
        }
        assert_eq!(self.kept, 0);
        assert_eq!(self.ends.len(), pulses.len(), "each has its end");
        for (end, pulse) in self.ends.iter().zip(pulses) {
            assert_ends_in_time(*end, pulse, self.is_quick);
        }
        self.pauses(pulses)
    }

    fn pauses(&self, pulses: &[Pulse]) -> Vec<u64> {
        let mut first = Vec::new();
        let mut longest_ms = 5_000;
        for (place, pair) in pulses.windows(2).enumerate() {
            let End { cause, was_bound } = self.ends[place];
            let ended_at = pair[0].ended_at.expect("it ended");
            let pause_ms = u64::try_from((pair[1].tried_at - ended_at).as_millis()).unwrap();
            if was_bound {
                longest_ms = 5_000;
            }
            if cause.needs_a_hand() {
                assert!(pause_ms >= 60_000, "{cause:?}: {pause_ms} ms");
                continue;
            }
            assert!(pause_ms >= longest_ms / 2, "{cause:?}: {pause_ms} ms");
            if self.is_quick {
                assert!(pause_ms <= longest_ms, "{cause:?}: {pause_ms} ms");
                if was_bound {
                    first.push(pause_ms);
                }
            }
            longest_ms = (2 * longest_ms).min(30_000);
        }
        first
    }
}

/// A peer that says nothing is found within 45 s; one that does not bind within 10 s, and a second for what is left to
/// write.
fn assert_ends_in_time(end: End, pulse: &Pulse, is_quick: bool) {
    let ended_at = pulse.ended_at.expect("it ended");
    if is_quick {
        let silent = ended_at - pulse.heard_at;
        assert!(silent.as_secs_f64() <= 45.0, "{end:?} after {silent:?}");
    }
    if !end.was_bound {
        let tried = ended_at - pulse.tried_at;
        assert!(tried.as_secs_f64() <= 21.0, "{end:?} after {tried:?}");
    }
}

/// The pauses after connections that were bound are scattered over 2.5 to 5 s: not all desks come back in step. Few say
/// nothing of that.
pub(super) fn assert_scattered(pauses: &[u64]) {
    if pauses.len() < 40 {
        return;
    }
    let distinct: BTreeSet<u64> = pauses.iter().copied().collect();
    assert!(2 * distinct.len() > pauses.len(), "{pauses:?}");
    let ends = distinct.first().zip(distinct.last());
    let (first, last) = ends.expect("there are some");
    assert!(last - first > 1_250, "{pauses:?}");
}
