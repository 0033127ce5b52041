//! Phones as PROTOCOL describes them, with nonces from the seed; and what becomes of a phone's storage.

use hazir::domain::{Action, Counter, DeviceId, Digest, EmployeeId, Millis};
use hazir::protocol::{
    Answer, Attendance, DeviceKeys, Header, Kind, Padding, RootKey, Status, envelope, frame,
};

use super::faults::numbers;
use super::faulty_disk::Seeded;

/// When a phone sends the same octets again by itself, after it sent them first.
const REPEATS: [i64; 4] = [
    3 * Millis::MINUTE,
    10 * Millis::MINUTE,
    30 * Millis::MINUTE,
    120 * Millis::MINUTE,
];
/// And by hand, after that.
const BY_HAND: i64 = 3 * Millis::HOUR;

/// A check-in in one envelope.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// When it was sealed.
    pub at: i64,
    /// Its counter.
    pub counter: u16,
    /// Which message it is.
    pub digest: Digest,
    /// The text of its SMS.
    pub text: String,
}

/// A check-in that somebody wants to make.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Says which it is, in every envelope that carries it.
    pub note: String,
    pub action: Action,
    pub claimed_at: Millis,
    /// How far off the phone's clock was.
    pub clock_off: i64,
    /// The envelopes that the phone remembers; the last one counts.
    pub sealed: Vec<Sealed>,
    /// All that it ever was in.
    pub ever: Vec<(Digest, u16)>,
    /// How often it was sent in this envelope.
    pub sent: usize,
    /// How often it was sent in all.
    pub sendings: u64,
    resealed: u8,
    /// It was sealed anew as often as a phone does that by itself, in vain.
    is_stuck: bool,
    /// When and with which status it ended.
    pub ended: Option<(i64, Status)>,
    /// The phone has forgotten it.
    pub is_forgotten: bool,
    /// How often the phone forgot that it was sealed anew: so often more may it be recorded.
    pub undone: usize,
}

impl Wanted {
    /// Whether the phone waits for an answer.
    pub const fn is_open(&self) -> bool {
        self.ended.is_none() && !self.is_forgotten
    }

    /// The envelope that counts.
    pub fn last(&self) -> &Sealed {
        self.sealed.last().expect("it was sealed")
    }

    /// How long the phone waits until it sends it again.
    pub fn pause(&self) -> i64 {
        REPEATS
            .get(self.sent.wrapping_sub(1))
            .copied()
            .unwrap_or(BY_HAND)
    }
}

/// A phone that seals.
pub struct Phone {
    /// Which of all.
    pub place: usize,
    /// The phone of which it has the key.
    pub owner: usize,
    pub number: String,
    pub employee: EmployeeId,
    pub device: DeviceId,
    pub keys: DeviceKeys,
    root: [u8; 32],
    pub counter: u16,
    /// What the counter was, and when.
    counters: Vec<(i64, u16)>,
    pub wanted: Vec<Wanted>,
    /// How far off its clock is.
    pub clock_off: i64,
    /// The reference of the last message that went in parts.
    reference: u8,
    seals: u64,
    seed: u64,
}

/// What a phone makes of an SMS.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing.
    Nothing,
    /// A check-in ended.
    Ended(usize, Status),
    /// A check-in is to be sent anew.
    Anew(usize),
}

impl Phone {
    /// A phone that has a key and never sent anything.
    pub fn new(
        seed: u64,
        place: usize,
        number: String,
        employee: EmployeeId,
        device: DeviceId,
        root: [u8; 32],
    ) -> Self {
        Self {
            root,
            keys: DeviceKeys::derive(&RootKey::from_octets(root)),
            place,
            owner: place,
            number,
            employee,
            device,
            counter: 0,
            counters: Vec::new(),
            wanted: Vec::new(),
            clock_off: 0,
            reference: 0,
            seals: 0,
            seed,
        }
    }

    /// Seals a check-in under the next counter. Returns its place.
    pub fn check_in(&mut self, tick: i64, lot: &mut Seeded, now: Millis, is_long: bool) -> usize {
        let place = self.wanted.len();
        let mut note = format!("{}.{place}", self.place);
        if is_long {
            note = format!("{note:.<40}");
        }
        let claimed_at = now.plus_ms(self.clock_off);
        self.wanted.push(Wanted {
            note,
            action: if lot.one_in(2) {
                Action::In
            } else {
                Action::Out
            },
            claimed_at: Millis::from_unix_s(claimed_at.unix_s()),
            clock_off: self.clock_off,
            sealed: Vec::new(),
            ever: Vec::new(),
            sent: 0,
            sendings: 0,
            resealed: 0,
            is_stuck: false,
            ended: None,
            is_forgotten: false,
            undone: 0,
        });
        self.seal(tick, place);
        place
    }

    /// The reference of the next message that goes in parts.
    pub const fn next_reference(&mut self) -> u8 {
        self.reference = self.reference.wrapping_add(1);
        self.reference
    }

    /// Hears an answer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn hear(&mut self, tick: i64, text: &str) -> Result<Heard, String> {
        let (header, answer) = self.read(text)?;
        let is_answered = |one: &Wanted| {
            one.is_open()
                && one.last().digest == answer.digest
                && Counter(one.last().counter) == header.counter
        };
        let Some(place) = self.wanted.iter().rposition(is_answered) else {
            return Ok(Heard::Nothing);
        };
        if answer.status != Status::Counter {
            self.wanted[place].ended = Some((tick, answer.status));
            return Ok(Heard::Ended(place, answer.status));
        }
        self.set_counter(tick, answer.next.0.wrapping_sub(1));
        if self.wanted[place].resealed == 2 {
            self.wanted[place].is_stuck = true;
            return Ok(Heard::Nothing);
        }
        self.wanted[place].resealed += 1;
        self.seal(tick, place);
        Ok(Heard::Anew(place))
    }

    /// Reads an answer to this phone.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(&self, text: &str) -> Result<(Header, Answer), String> {
        let octets = frame::find(text).ok_or("an answer without a frame")?;
        let header = Header::parse(&octets).map_err(|e| e.to_string())?;
        if header.device != self.device {
            return Err(format!("an answer to device {:?}", header.device));
        }
        let plaintext = envelope::open(&self.keys.to_device, &octets).map_err(|e| e.to_string())?;
        let answer = Answer::decode(&plaintext).map_err(|_| "an answer that says nothing")?;
        Ok((header, answer))
    }

    /// Somebody tries it again by hand.
    pub fn by_hand(&mut self, tick: i64, place: usize) {
        if std::mem::take(&mut self.wanted[place].is_stuck) {
            self.wanted[place].resealed = 0;
            self.seal(tick, place);
        }
    }

    /// The phone is as it was at `to`. Returns which check-ins wait for an answer again.
    pub fn roll_back(&mut self, tick: i64, to: i64) -> Vec<usize> {
        let then = self.counters.iter().rev().find(|(at, _)| *at <= to);
        let counter = then.map_or(0, |(_, counter)| *counter);
        self.set_counter(tick, counter);
        let mut open = Vec::new();
        for (place, one) in self.wanted.iter_mut().enumerate() {
            let known = one.sealed.iter().filter(|sealed| sealed.at <= to).count();
            if known == 0 {
                one.is_forgotten |= one.ended.is_none_or(|(at, _)| at > to);
                continue;
            }
            if known < one.sealed.len() {
                one.sealed.truncate(known);
                one.undone += 1;
                one.resealed = 0;
                one.is_stuck = false;
            }
            if one.ended.is_some_and(|(at, _)| at > to) {
                one.ended = None;
            }
            if one.is_open() {
                one.sent = 0;
                open.push(place);
            }
        }
        open
    }

    /// The phone forgets all but its key.
    pub fn wipe(&mut self, tick: i64) {
        self.set_counter(tick, 0);
        for one in &mut self.wanted {
            one.is_forgotten |= one.ended.is_none();
        }
    }

    /// Another phone with the same key, which counts on from here.
    pub fn cloned(&self, place: usize, number: String) -> Self {
        let (employee, device) = (self.employee, self.device);
        let mut phone = Self::new(self.seed, place, number, employee, device, self.root);
        phone.counter = self.counter;
        phone.owner = self.owner;
        phone
    }

    /// Which of its check-ins a message is.
    pub fn place_of(&self, digest: Digest) -> Option<usize> {
        let has = |one: &Wanted| one.ever.iter().any(|(known, _)| *known == digest);
        self.wanted.iter().rposition(has)
    }

    /// Under which counter it sealed a message.
    pub fn counter_of(&self, digest: Digest) -> Option<u16> {
        let mut ever = self.wanted.iter().flat_map(|one| &one.ever);
        ever.find(|(known, _)| *known == digest)
            .map(|(_, counter)| *counter)
    }

    fn set_counter(&mut self, tick: i64, counter: u16) {
        self.counter = counter;
        self.counters.push((tick, counter));
    }

    fn seal(&mut self, tick: i64, place: usize) {
        self.set_counter(tick, self.counter.saturating_add(1));
        self.seals += 1;
        let mut lot = numbers(self.seed, 10 + self.place as u64, self.seals);
        let one = &mut self.wanted[place];
        let content = Attendance {
            action: one.action,
            claimed_at: one.claimed_at,
            note: one.note.clone(),
        };
        let header = Header {
            kind: Kind::ATTENDANCE,
            device: self.device,
            counter: Counter(self.counter),
        };
        let mut nonce = [0; 12];
        for octets in nonce.chunks_mut(8) {
            octets.copy_from_slice(&lot.next().to_le_bytes()[..octets.len()]);
        }
        let plaintext = content.encode(Padding::Phone).expect("a short note");
        let octets = envelope::seal(&self.keys.to_desk, header, nonce, &plaintext);
        let digest = envelope::digest(&octets);
        one.sealed.push(Sealed {
            at: tick,
            counter: self.counter,
            digest,
            text: frame::encode(&octets),
        });
        one.ever.push((digest, self.counter));
        one.sent = 0;
    }
}
