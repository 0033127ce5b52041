//! What travels between phones and gateways: SMS by themselves and in parts, lost, doubled, late and changed.

use hazir::domain::{Digest, Millis};
use hazir::protocol::{envelope, frame};

use super::faults::{Kind, subject};
use super::faulty_disk::Seeded;
use super::plan::{GATEWAYS, one_of, within};
use super::world::{Happening, Octets, World};

const SECOND: i64 = Millis::SECOND;
/// What strangers may pick up and send again.
const HEARD: usize = 64;

/// As what a message must be kept once it was answered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// As the record, duplicate or refusal of this very message.
    Message(Digest),
    /// As a part that waits, or as the whole message.
    Part(u64, Digest),
    /// As the octets that they are.
    Raw(u64),
    /// Not at all: it is a delivery receipt.
    Never,
}

/// An SMS on its way to the desk.
#[derive(Clone, Debug)]
pub struct Sms {
    /// Who sent it, as the gateway says.
    pub from: String,
    /// User data without its header.
    pub octets: Octets,
    /// `data_coding`.
    pub coding: u8,
    /// Reference, total and number of a part.
    pub part: Option<[u8; 3]>,
    /// What has to be kept of it.
    pub kept: Kept,
}

impl Sms {
    /// A message by itself, with whatever octets.
    pub fn of(from: &str, octets: Vec<u8>) -> Self {
        let kept = match frame::find(&octets) {
            Some(envelope) => Kept::Message(envelope::digest(&envelope)),
            None => Kept::Raw(hash(&octets)),
        };
        Self {
            from: from.to_owned(),
            octets: Octets(octets),
            coding: 0,
            part: None,
            kept,
        }
    }

    /// A delivery receipt.
    pub fn report(from: &str, text: String) -> Self {
        Self {
            kept: Kept::Never,
            ..Self::of(from, text.into_bytes())
        }
    }
}

/// A number for octets (FNV-1a).
pub fn hash(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A number for a part: its octets and its place.
pub fn hash_of_part(octets: &[u8], number: u8) -> u64 {
    hash(octets) ^ u64::from(number).rotate_left(56)
}

/// The parts of a message that is cut.
pub fn parts_of(
    sms: &Sms,
    digest: Digest,
    coding: u8,
    reference: u8,
    lot: &mut Seeded,
) -> Vec<Sms> {
    let octets = &sms.octets.0;
    // UCS-2 leaves room for 67 characters; otherwise it is the gateway that cuts, where it likes.
    let each = if coding == 8 { 67 } else { 20 + lot.below(100) };
    let total = octets.len().div_ceil(usize::try_from(each).unwrap()).max(2);
    let each = octets.len().div_ceil(total);
    let pieces: Vec<&[u8]> = octets.chunks(each).collect();
    let total = u8::try_from(pieces.len()).unwrap();
    let part = |(number, piece): (u8, &[u8])| {
        let octets: Vec<u8> = if coding == 8 {
            piece.iter().flat_map(|octet| [0, *octet]).collect()
        } else {
            piece.to_vec()
        };
        Sms {
            from: sms.from.clone(),
            kept: Kept::Part(hash_of_part(&octets, number), digest),
            octets: Octets(octets),
            coding,
            part: Some([reference, total, number]),
        }
    };
    (1..).zip(pieces).map(part).collect()
}

/// A number as gateways write it.
fn written(lot: &mut Seeded, number: &str) -> String {
    let local = &number[3..];
    match lot.below(4) {
        0 => format!("0{local}"),
        1 => format!("0098{local}"),
        2 => format!("98{local}"),
        _ => number.to_owned(),
    }
}

impl World {
    /// A phone sends the octets of a check-in, and will again.
    pub fn send(&mut self, phone: usize, place: usize) {
        let one = &mut self.phones[phone].wanted[place];
        one.sent += 1;
        one.sendings += 1;
        let (pause, sendings) = (one.pause(), one.sendings);
        let sealed = one.last();
        let (digest, text) = (sealed.digest, sealed.text.clone());
        let is_long = one.note.len() > 28;
        self.later(pause, Happening::Again(phone, place, digest));
        let about = subject(phone as u64, place as u64, sendings);
        if self.strikes(Kind::SmsLost, about) {
            return;
        }
        let mut lot = self.faults.numbers(30, about);
        let mut link = phone % GATEWAYS.len();
        if self.strikes(Kind::OtherGateway, about) {
            link = 1 - link;
        }
        let from = written(&mut lot, &self.phones[phone].number);
        let mut sms = Sms::of(&from, text.into_bytes());
        let in_parts = self.ways.in_parts > 0 && (is_long || lot.one_in(self.ways.in_parts));
        let coding = one_of(&mut lot, &[0, 0, 1, 3, 8]);
        let is_doubled = self.strikes(Kind::SmsDoubled, about);
        let is_late = self.strikes(Kind::SmsLate, about);
        self.overhear(&sms);
        for copy in 0..=u64::from(is_doubled) {
            let span = if is_late {
                one_of(&mut lot, &[3, 5, 30]) * Millis::HOUR
            } else {
                20 * SECOND
            };
            let after = within(&mut lot, span);
            let link = if copy == 1 && lot.one_in(2) {
                1 - link
            } else {
                link
            };
            if in_parts {
                self.send_parts(phone, &sms, coding, link, after, about << 1 | copy);
            } else {
                sms.coding = if coding == 8 { 0 } else { coding };
                self.later(after, Happening::AtGateway(link, sms.clone()));
            }
        }
    }

    fn send_parts(
        &mut self,
        phone: usize,
        sms: &Sms,
        coding: u8,
        link: usize,
        after: i64,
        about: u64,
    ) {
        let Kept::Message(digest) = sms.kept else {
            return;
        };
        let reference = self.phones[phone].next_reference();
        let mut lot = self.faults.numbers(31, about);
        for part in parts_of(sms, digest, coding, reference, &mut lot) {
            let number = part.part.map_or(0, |[.., number]| number);
            let about = about << 4 | u64::from(number);
            if self.strikes(Kind::PartLost, about) {
                continue;
            }
            let is_late = self.strikes(Kind::PartLate, about);
            let is_doubled = self.strikes(Kind::PartDoubled, about);
            for _ in 0..=u64::from(is_doubled) {
                let span = if is_late {
                    40 * Millis::MINUTE
                } else {
                    4 * SECOND
                };
                let after = after + within(&mut lot, span);
                self.later(after, Happening::AtGateway(link, part.clone()));
            }
        }
    }

    /// Strangers hear what is in the air.
    fn overhear(&mut self, sms: &Sms) {
        if self.faults.has(Kind::Stranger) {
            if self.overheard.len() == HEARD {
                self.overheard.pop_front();
            }
            self.overheard.push_back(sms.clone());
        }
    }

    /// Somebody sends what is not his: a message of another that he changed, an old one as it was, or anything.
    pub fn stranger(&mut self, seed: u64) {
        let mut lot = Seeded(seed);
        let link = usize::try_from(lot.below(2)).unwrap();
        let from = match lot.below(3) {
            0 => format!("+98935{:07}", lot.below(50)),
            1 => "11111".to_owned(),
            _ => self.phones[usize::try_from(lot.below(self.phones.len() as u64)).unwrap()]
                .number
                .clone(),
        };
        let count = self.overheard.len() as u64;
        let heard = (count > 0).then(|| usize::try_from(lot.below(count)).unwrap());
        let heard = heard.map(|at| self.overheard[at].clone());
        let mut from = from;
        let octets = match (lot.below(5), heard) {
            (0, Some(sms)) => {
                // Who brings a message first from a mobile number of his own gets its answer: PROTOCOL has it so, and the
                // phone then asks in vain.
                from = sms.from;
                sms.octets.0
            }
            (1 | 2, Some(sms)) => changed(&mut lot, &sms.octets.0),
            (3, _) => b"$$QUJDREVGR0hJSktMTU5PUA==$$".to_vec(),
            _ => (0..lot.below(120))
                .map(|_| lot.next().to_le_bytes()[0])
                .collect(),
        };
        for _ in 0..one_of(&mut lot, &[1, 1, 1, 1, 2, 2, 40]) {
            let after = within(&mut lot, 20 * SECOND);
            let sms = Sms::of(&from, octets.clone());
            self.later(after, Happening::AtGateway(link, sms));
        }
    }
}

/// A message with one bit of its envelope turned, another device or kind, or its end missing.
fn changed(lot: &mut Seeded, octets: &[u8]) -> Vec<u8> {
    let Some(mut envelope) = frame::find(octets) else {
        return octets.to_vec();
    };
    match lot.below(3) {
        0 => envelope[0] ^= 3,
        1 => envelope.truncate(envelope.len() - 1),
        _ => {
            let bit = usize::try_from(lot.below(8 * envelope.len() as u64)).unwrap();
            envelope[bit / 8] ^= 1 << (bit % 8);
        }
    }
    frame::encode(&envelope).into_bytes()
}
