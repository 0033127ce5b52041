//! Long messages on their way in. PROTOCOL 3, point 2.
//!
//! What makes parts one message is who sent it, to which number, its reference and how many parts it has. The gateway is
//! no part of this: where two gateways serve one number, the network may bring a part by each of them. Both show numbers
//! in ways of their own, so numbers are compared as E.164 where they can be read so.
//!
//! A part that waits is durable before it is answered. The last one is never written: its message is decided in the commit
//! that removes the others. Which messages were completed last is known in memory only. After a restart a late copy of a
//! part of theirs waits like any other, and may end as one unreadable row.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::core::Engine;
use super::intake::Arrival;
use super::roster::{Roster, number_of};
use super::{Now, Tick};
use crate::domain::{Country, Millis, Part, PartId, PartRow, RawBody, UnreadableReason};
use crate::protocol::text;
use crate::store::{Archive, StoreError};

/// Parts of one message: 16 SMS in UCS-2 are 1,072 characters, ten times the longest check-in.
const PARTS: u8 = 16;
/// Octets of one part with its addresses, which a peer may make as long as it likes: an SMS has 153 characters beside its
/// header, and no gateway makes more than 4 octets of one.
const PART_OCTETS: usize = 1_024;
/// A message waits for so long after its first part: a network that was down tries again well within this time.
const WAIT_MS: i64 = 30 * Millis::MINUTE;
/// Messages that wait at once: parts of one follow each other within seconds, and 64 people hardly begin in the same ones.
/// With the two bounds above they take 1 MiB at most, in memory and on disk.
const WAITING: usize = 64;
/// Messages of one number that wait at once: a phone sends one after the other, and repeats after 3 minutes.
const WAITING_FROM_ONE: usize = 4;
/// Completed messages that are remembered: a gateway sends a part again within a minute, and takes as much room.
const COMPLETED: usize = 64;

/// Parts that wait, and the messages that were completed last.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The oldest first.
    waiting: Vec<Waiting>,
    /// The oldest first.
    completed: VecDeque<Completed>,
    last: PartId,
}

/// What the parts of one message have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    from: Vec<u8>,
    to: Vec<u8>,
    reference: u16,
    total: u8,
}

#[derive(Debug)]
struct Waiting {
    key: Key,
    /// Whether somebody here has the number that sent it.
    known: bool,
    /// By their numbers.
    parts: BTreeMap<u8, (PartId, PartRow)>,
    due: Tick,
}

#[derive(Debug)]
struct Completed {
    key: Key,
    bodies: BTreeMap<u8, RawBody>,
    /// Parts that came again since the whole message was looked at last.
    again: BTreeSet<u8>,
}

/// What a part is to those that are known.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Place {
    /// The same part waits already.
    Held,
    /// It begins a message.
    First,
    /// It is to wait with others, at this place.
    Next(usize),
    /// It completes the message at this place.
    Last(usize),
    /// A late copy of a part of the completed message at this place.
    Late(usize),
    /// Another part has its number in the message at this place: the sender used the reference anew.
    Taken(usize),
}

impl Parts {
    /// Takes the parts that waited when the last engine ended, in the order in which they came.
    pub(super) fn restore(
        rows: BTreeMap<PartId, PartRow>,
        roster: &Roster,
        country: Country,
        now: Now,
    ) -> Self {
        let mut parts = Self::default();
        for (id, row) in rows {
            parts.last = parts.last.max(id);
            let (key, known) = Key::of(&row, roster, country);
            match parts.place(&key, &row) {
                Place::Next(at) | Place::Last(at) => parts.waiting[at].insert(id, row),
                Place::First | Place::Held | Place::Taken(_) | Place::Late(_) => {
                    let age_ms = now.wall.ms_since(row.received_at).clamp(0, WAIT_MS);
                    let due = now.tick.plus_ms(WAIT_MS - age_ms);
                    parts.begin(key, known, due, id, row);
                }
            }
        }
        parts
    }

    /// When the next message is given up.
    pub(super) fn deadline(&self) -> Option<Tick> {
        self.waiting.iter().map(|waiting| waiting.due).min()
    }

    fn place(&self, key: &Key, row: &PartRow) -> Place {
        let late = || {
            self.completed.iter().position(|completed| {
                completed.key == *key && completed.bodies.get(&row.part.number) == Some(&row.body)
            })
        };
        let Some(at) = self.waiting.iter().position(|one| one.key == *key) else {
            return late().map_or(Place::First, Place::Late);
        };
        let parts = &self.waiting[at].parts;
        match parts.get(&row.part.number) {
            Some((_, held)) if held.body == row.body => Place::Held,
            Some(_) => late().map_or(Place::Taken(at), Place::Late),
            None if parts.len() + 1 == usize::from(key.total) => Place::Last(at),
            None => Place::Next(at),
        }
    }

    fn next_id(&mut self) -> PartId {
        self.last.0 += 1;
        self.last
    }

    fn begin(&mut self, key: Key, known: bool, due: Tick, id: PartId, row: PartRow) {
        let mut waiting = Waiting {
            key,
            known,
            parts: BTreeMap::new(),
            due,
        };
        waiting.insert(id, row);
        self.waiting.push(waiting);
    }

    /// Which message gives way before one more of `from` may wait: the oldest of its own, then of strangers, then of all.
    fn gives_way(&self, from: &[u8]) -> Option<usize> {
        let is_own = |one: &Waiting| one.key.from == from;
        if self.waiting.iter().filter(|one| is_own(one)).count() >= WAITING_FROM_ONE {
            return self.waiting.iter().position(is_own);
        }
        let is_full = self.waiting.len() >= WAITING;
        is_full.then(|| self.waiting.iter().position(|one| !one.known).unwrap_or(0))
    }

    fn complete(&mut self, waiting: &Waiting) {
        self.completed.retain(|one| one.key != waiting.key);
        if self.completed.len() >= COMPLETED {
            self.completed.pop_front();
        }
        let bodies = waiting.parts.iter();
        self.completed.push_back(Completed {
            key: waiting.key.clone(),
            bodies: bodies
                .map(|(number, (_, row))| (*number, row.body.clone()))
                .collect(),
            again: BTreeSet::new(),
        });
    }

    /// A late copy came. Returns the whole message where all of it came again: the phone sends it once more because it
    /// has no answer, and no gateway does so by accident.
    fn came_again(&mut self, at: usize, number: u8) -> Option<RawBody> {
        let completed = &mut self.completed[at];
        completed.again.insert(number);
        if completed.again.len() < completed.bodies.len() {
            return None;
        }
        completed.again.clear();
        Some(join(completed.bodies.values()))
    }
}

impl Waiting {
    fn insert(&mut self, id: PartId, row: PartRow) {
        self.parts.insert(row.part.number, (id, row));
    }

    /// The message as far as it came. It existed when its first part came, and no part can be there before the message
    /// was sealed: so that is its time of arrival.
    fn arrival(&self) -> Option<Arrival> {
        let (_, first) = self.parts.values().min_by_key(|(id, _)| *id)?;
        Some(Arrival {
            received_at: first.received_at,
            gateway: first.gateway.clone(),
            source: first.source.clone(),
            destination: first.destination.clone(),
            body: join(self.parts.values().map(|(_, row)| &row.body)),
            retry_of: None,
        })
    }
}

impl Key {
    /// The key of a part, and whether somebody here has the number that sent it.
    fn of(row: &PartRow, roster: &Roster, country: Country) -> (Self, bool) {
        let from = number_of(&row.source, country);
        let to = number_of(&row.destination, country);
        let known = from
            .as_ref()
            .is_some_and(|number| roster.by_phone(number).is_some());
        let octets = |number: Option<crate::domain::Msisdn>, as_given: &[u8]| match number {
            Some(number) => number.as_str().as_bytes().to_vec(),
            None => as_given.to_vec(),
        };
        let key = Self {
            from: octets(from, &row.source.octets),
            to: octets(to, &row.destination.octets),
            reference: row.part.reference,
            total: row.part.total,
        };
        (key, known)
    }
}

/// The octets in the order of the parts, read as the first of them says.
fn join<'a>(bodies: impl Iterator<Item = &'a RawBody>) -> RawBody {
    let bodies: Vec<_> = bodies.collect();
    let data_coding = bodies.first().map_or(0, |body| body.data_coding);
    let parts: Vec<_> = bodies.iter().map(|body| body.octets.as_slice()).collect();
    RawBody {
        octets: text::join(&parts, data_coding),
        data_coding,
    }
}

impl Engine {
    /// Takes a message by itself, or a part of one.
    pub(super) fn take_in_part(
        &mut self,
        now: Now,
        part: Option<Part>,
        arrival: Arrival,
        archive: &dyn Archive,
    ) -> Result<(), StoreError> {
        let addresses = arrival.source.octets.len() + arrival.destination.octets.len();
        let octets = arrival.body.octets.len() + addresses;
        let fits = |part: &Part| part.total <= PARTS && octets <= PART_OCTETS;
        let Some(part) = part.filter(fits) else {
            return self.take_in(now, &arrival, archive).map(drop);
        };
        self.give_up_parts(now);
        let row = row_of(part, &arrival);
        let (key, known) = Key::of(&row, &self.roster, self.settings.country);
        let place = self.parts.place(&key, &row);
        match place {
            Place::Held => return Ok(()),
            Place::Late(at) => {
                let Some(body) = self.parts.came_again(at, part.number) else {
                    return Ok(());
                };
                let arrival = Arrival { body, ..arrival };
                return self.take_in(now, &arrival, archive).map(drop);
            }
            Place::Last(at) => return self.complete_parts(now, at, row, archive),
            Place::First | Place::Next(_) | Place::Taken(_) => {}
        }
        if !self.bounds.keeps_part(&key.from, known) {
            self.count_over_bound(&arrival);
            return Ok(());
        }
        let id = self.parts.next_id();
        self.journal.batch.parts.insert(id, Some(row.clone()));
        self.journal.urgent = true;
        if let Place::Next(at) = place {
            self.parts.waiting[at].insert(id, row);
            return Ok(());
        }
        if let Place::Taken(at) = place {
            self.give_up_waiting(now, at);
        }
        while let Some(at) = self.parts.gives_way(&key.from) {
            self.give_up_waiting(now, at);
        }
        let due = now.tick.plus_ms(WAIT_MS);
        self.parts.begin(key, known, due, id, row);
        Ok(())
    }

    /// Gives up the messages that have waited long enough.
    pub(super) fn give_up_parts(&mut self, now: Now) {
        let is_due = |one: &Waiting| one.due <= now.tick;
        while let Some(at) = self.parts.waiting.iter().position(is_due) {
            self.give_up_waiting(now, at);
        }
    }

    fn complete_parts(
        &mut self,
        now: Now,
        at: usize,
        last: PartRow,
        archive: &dyn Archive,
    ) -> Result<(), StoreError> {
        let mut waiting = self.remove_parts(at);
        let id = self.parts.next_id();
        waiting.insert(id, last);
        // Nothing of its last part is on disk but in what is decided now.
        self.journal.urgent = true;
        self.parts.complete(&waiting);
        match waiting.arrival() {
            Some(arrival) => self.take_in(now, &arrival, archive).map(drop),
            None => Ok(()),
        }
    }

    /// What came of a message is kept as one that cannot be read.
    fn give_up_waiting(&mut self, now: Now, at: usize) {
        if let Some(arrival) = self.remove_parts(at).arrival() {
            self.keep_unreadable(now, &arrival, UnreadableReason::NotAFrame, None);
        }
    }

    fn remove_parts(&mut self, at: usize) -> Waiting {
        let waiting = self.parts.waiting.remove(at);
        for (id, _) in waiting.parts.values() {
            self.journal.batch.parts.insert(*id, None);
        }
        waiting
    }
}

fn row_of(part: Part, arrival: &Arrival) -> PartRow {
    PartRow {
        gateway: arrival.gateway.clone(),
        source: arrival.source.clone(),
        destination: arrival.destination.clone(),
        part,
        body: arrival.body.clone(),
        received_at: arrival.received_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, GatewayName};

    const NOW: Now = Now {
        wall: Millis(WAIT_MS * 10),
        tick: Tick(50),
    };

    fn row(from: &str, reference: u16, total: u8, number: u8, text: &[u8]) -> PartRow {
        PartRow {
            gateway: GatewayName::new("g"),
            source: Address::plain(from),
            destination: Address::plain("1000"),
            part: Part::new(reference, total, number).unwrap(),
            body: RawBody {
                octets: text.to_vec(),
                data_coding: number,
            },
            received_at: NOW.wall,
        }
    }

    fn key(row: &PartRow) -> Key {
        Key::of(row, &Roster::default(), Country::parse("IR").unwrap()).0
    }

    fn begin(parts: &mut Parts, known: bool, row: PartRow) {
        let id = parts.next_id();
        parts.begin(key(&row), known, NOW.tick, id, row);
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let one = key(&row("09121111111", 1, 2, 1, b""));
        for (from, is_same) in [
            ("+989121111111", true),
            ("00989121111111", true),
            ("989121111111", true),
            ("09121111112", false),
            ("Ozeki", false),
            ("", false),
        ] {
            assert_eq!(key(&row(from, 1, 2, 2, b"")) == one, is_same, "'{from}'");
        }
        assert_ne!(key(&row("09121111111", 2, 2, 1, b"")), one);
        assert_ne!(key(&row("09121111111", 1, 3, 1, b"")), one);
        let mut other = row("09121111111", 1, 2, 1, b"");
        other.destination = Address::plain("1001");
        assert_ne!(key(&other), one);
    }

    #[test]
    fn a_part_finds_its_place() {
        let mut parts = Parts::default();
        let place = |parts: &Parts, row: &PartRow| parts.place(&key(row), row);
        let [one, two, three] = [1, 2, 3].map(|number| row("a", 1, 3, number, &[number]));
        assert_eq!(place(&parts, &two), Place::First);
        begin(&mut parts, false, two.clone());
        assert_eq!(place(&parts, &two), Place::Held);
        assert_eq!(place(&parts, &three), Place::Next(0));
        let id = parts.next_id();
        parts.waiting[0].insert(id, three.clone());
        assert_eq!(place(&parts, &one), Place::Last(0));
        let other = row("a", 1, 3, 2, b"other");
        assert_eq!(place(&parts, &other), Place::Taken(0));
        assert_eq!(place(&parts, &row("b", 1, 3, 1, b"")), Place::First);

        let id = parts.next_id();
        parts.waiting[0].insert(id, one.clone());
        let whole = parts.waiting.remove(0);
        let arrival = whole.arrival().unwrap();
        assert_eq!(arrival.body.octets, [1, 2, 3]);
        assert_eq!(arrival.body.data_coding, 1);
        parts.complete(&whole);
        assert_eq!(place(&parts, &one), Place::Late(0));
        assert_eq!(place(&parts, &other), Place::First);
        begin(&mut parts, false, other);
        assert_eq!(place(&parts, &two), Place::Late(0));
    }

    #[test]
    fn a_message_that_came_again_is_whole_once() {
        let mut parts = Parts::default();
        let two = [1, 2].map(|number| row("a", 1, 2, number, &[number]));
        let [one, two] = two;
        begin(&mut parts, false, one);
        let id = parts.next_id();
        parts.waiting[0].insert(id, two);
        let whole = parts.waiting.remove(0);
        parts.complete(&whole);
        parts.complete(&whole);
        assert_eq!(parts.completed.len(), 1);
        for _ in 0..2 {
            assert_eq!(parts.came_again(0, 2), None);
            assert_eq!(parts.came_again(0, 2), None);
            assert_eq!(parts.came_again(0, 1).unwrap().octets, [1, 2]);
        }
    }

    #[test]
    fn the_oldest_gives_way_and_strangers_first() {
        let mut parts = Parts::default();
        for n in 0..WAITING_FROM_ONE {
            assert_eq!(parts.gives_way(b"a"), None);
            let reference = u16::try_from(n).unwrap();
            begin(&mut parts, true, row("a", reference, 2, 1, b""));
        }
        assert_eq!(parts.gives_way(b"a"), Some(0));
        for n in WAITING_FROM_ONE..WAITING {
            assert_eq!(parts.gives_way(b"b"), None);
            let from = format!("x{n}");
            begin(&mut parts, n != 9, row(&from, 1, 2, 1, b""));
        }
        assert_eq!(parts.gives_way(b"b"), Some(9));
        assert_eq!(parts.gives_way(b"a"), Some(0));
        parts.waiting[9].known = true;
        assert_eq!(parts.gives_way(b"b"), Some(0));
    }

    #[test]
    fn no_more_is_remembered_than_has_a_bound() {
        let mut parts = Parts::default();
        for reference in 0..1_000 {
            begin(&mut parts, true, row("a", reference, 2, 1, b""));
            let whole = parts.waiting.remove(0);
            parts.complete(&whole);
        }
        assert_eq!(parts.completed.len(), COMPLETED);
        let late = row("a", 999, 2, 1, b"");
        assert_eq!(parts.place(&key(&late), &late), Place::Late(63));
    }

    #[test]
    fn what_waited_goes_on_waiting_for_what_was_left() {
        let iran = Country::parse("IR").unwrap();
        let aged = |age_ms: i64, reference, number| {
            let mut row = row("a", reference, 3, number, b"");
            row.received_at = NOW.wall.plus_ms(-age_ms);
            row
        };
        let rows = [
            aged(WAIT_MS - 7, 1, 1),
            aged(100, 2, 1),
            aged(50, 1, 2),
            aged(-Millis::DAY, 3, 1),
            aged(Millis::DAY, 4, 1),
            aged(0, 1, 2),
        ];
        let rows: BTreeMap<_, _> = (5..).map(PartId).zip(rows).collect();
        let parts = Parts::restore(rows, &Roster::default(), iran, NOW);
        let due: Vec<_> = parts.waiting.iter().map(|one| one.due.0 - 50).collect();
        // A row that has no place among the others would else stay in the store for ever.
        assert_eq!(due, [7, WAIT_MS - 100, WAIT_MS, 0, WAIT_MS]);
        assert_eq!(parts.waiting[0].parts.len(), 2);
        assert_eq!(parts.last, PartId(10));
        assert_eq!(parts.deadline(), Some(NOW.tick));
        assert_eq!(Parts::default().deadline(), None);
    }
}
