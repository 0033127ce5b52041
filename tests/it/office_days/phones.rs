//! Phones as PROTOCOL describes them, with nonces from the seed.

use hazir::domain::{Action, Counter, DeviceId, Digest, EmployeeId, Millis};
use hazir::protocol::{
    Answer, Attendance, DeviceKeys, Header, Kind, Padding, Status, envelope, frame,
};

use crate::faulty_disk::Seeded;

/// A check-in that somebody wants to make.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Says which it is, in every envelope that carries it.
    pub note: String,
    pub action: Action,
    pub claimed_at: Millis,
    pub counter: u16,
    pub text: String,
    pub digest: Digest,
    /// How often it was sent in this envelope.
    pub sent: usize,
    resealed: u8,
    /// It was sealed anew as often as a phone does that by itself, in vain.
    is_stuck: bool,
    /// With which status it ended.
    pub ended: Option<Status>,
}

pub struct Phone {
    pub number: String,
    pub employee: EmployeeId,
    pub device: DeviceId,
    pub keys: DeviceKeys,
    pub counter: u16,
    pub wanted: Vec<Wanted>,
}

impl Phone {
    /// Seals a check-in under the next counter. Returns its place.
    pub fn check_in(&mut self, rng: &mut Seeded, claimed_at: Millis) -> usize {
        let place = self.wanted.len();
        self.wanted.push(Wanted {
            note: format!("{}.{place}", self.device),
            action: if rng.one_in(2) {
                Action::In
            } else {
                Action::Out
            },
            claimed_at: Millis::from_unix_s(claimed_at.unix_s()),
            counter: 0,
            text: String::new(),
            digest: Digest([0; 16]),
            sent: 0,
            resealed: 0,
            is_stuck: false,
            ended: None,
        });
        self.seal(rng, place);
        place
    }

    /// Hears an answer. Returns what is to be sent anew, if anything is.
    pub fn hear(&mut self, rng: &mut Seeded, text: &str) -> Option<usize> {
        let octets = frame::find(text).expect("an answer is a frame");
        let header = Header::parse(&octets).expect("an answer has a header");
        assert_eq!(header.device, self.device, "an answer to somebody else");
        let plaintext = envelope::open(&self.keys.to_device, &octets).expect("it opens");
        let answer = Answer::decode(&plaintext).expect("it is an answer");
        let is_answered = |one: &Wanted| {
            one.digest == answer.digest
                && Counter(one.counter) == header.counter
                && one.ended.is_none()
        };
        let place = self.wanted.iter().position(is_answered)?;
        if answer.status != Status::Counter {
            self.wanted[place].ended = Some(answer.status);
            return None;
        }
        self.counter = answer.next.0 - 1;
        if self.wanted[place].resealed == 2 {
            self.wanted[place].is_stuck = true;
            return None;
        }
        self.wanted[place].resealed += 1;
        self.seal(rng, place);
        Some(place)
    }

    /// Somebody tries it again by hand.
    pub fn by_hand(&mut self, rng: &mut Seeded, place: usize) {
        if std::mem::take(&mut self.wanted[place].is_stuck) {
            self.wanted[place].resealed = 0;
            self.seal(rng, place);
        }
    }

    fn seal(&mut self, rng: &mut Seeded, place: usize) {
        self.counter += 1;
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
        for octet in &mut nonce {
            *octet = rng.next().to_le_bytes()[0];
        }
        let plaintext = content.encode(Padding::Phone).expect("a short note");
        let sealed = envelope::seal(&self.keys.to_desk, header, nonce, &plaintext);
        one.counter = self.counter;
        one.digest = envelope::digest(&sealed);
        one.text = frame::encode(&sealed);
        one.sent = 0;
    }
}
