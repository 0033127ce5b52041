use super::HASTE;
use super::dice::Dice;
use crate::domain::{Action, Counter, DeviceId, Digest, Millis};
use crate::protocol::envelope::{self, Header, Kind};
use crate::protocol::smpp::Tick;
use crate::protocol::{Answer, Attendance, DeviceKeys, Padding, RootKey, Status, frame, legacy};

/// After so many milliseconds a message that has no answer is sent again; then by hand.
const REPEATS_MS: [u64; 4] = [
    3 * 60_000 / HASTE,
    10 * 60_000 / HASTE,
    30 * 60_000 / HASTE,
    120 * 60_000 / HASTE,
];
/// How often a message may be sealed anew after status 3.
const SEALINGS: u8 = 2;
/// How many messages a phone waits for; older ones are forgotten.
const WAITING: usize = 16;

/// A simulated phone.
pub(super) struct Phone {
    /// Its number in E.164.
    pub(super) number: String,
    app: App,
    /// How far its clock is ahead.
    pub(super) skew_ms: i64,
    /// Whether it repeats what has no answer: some phones put the app to sleep.
    pub(super) repeats: bool,
    /// What it holds no answer for, the oldest first.
    waiting: Vec<Sent>,
    /// The last text that it sent.
    last: Option<String>,
    receipts: u64,
    refusals: u64,
}

enum App {
    Hz1 {
        device: DeviceId,
        keys: Box<DeviceKeys>,
        next: u16,
    },
    Of2023 {
        utc_offset_s: i32,
    },
}

/// A message that waits for its answer.
struct Sent {
    text: String,
    /// What an answer has to name; `None` for the 2023 format.
    sealed: Option<(Counter, Digest, Attendance)>,
    /// What a receipt of the 2023 format has to say.
    receipt: Option<String>,
    resealed: u8,
    since: Tick,
    repeats: usize,
}

/// What a phone makes of an SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It is recorded.
    Receipt,
    /// It was turned down, with the text to send now where it was sealed anew.
    Refusal(Status, Option<String>),
    /// Nothing for this phone.
    Nothing,
}

impl Phone {
    /// A phone with a device number and a key.
    pub(super) fn with_key(number: &str, device: DeviceId, root: &RootKey) -> Self {
        Self::new(
            number,
            App::Hz1 {
                device,
                keys: Box::new(DeviceKeys::derive(root)),
                next: 1,
            },
        )
    }

    /// A phone with the app of 2023.
    pub(super) fn of_2023(number: &str, utc_offset_s: i32) -> Self {
        Self::new(number, App::Of2023 { utc_offset_s })
    }

    fn new(number: &str, app: App) -> Self {
        Self {
            number: number.to_owned(),
            app,
            skew_ms: 0,
            repeats: true,
            waiting: Vec::new(),
            last: None,
            receipts: 0,
            refusals: 0,
        }
    }

    /// Seals a check-in and gives the text to send; `None` where its counter has come to an end.
    pub(super) fn check_in(
        &mut self,
        (now, wall): (Tick, Millis),
        action: Action,
        note: &str,
        dice: &mut Dice,
    ) -> Option<String> {
        let claimed_at = wall.plus_ms(self.skew_ms);
        if let App::Of2023 { utc_offset_s } = self.app {
            let said = legacy::check_in_text(action, claimed_at, utc_offset_s);
            return Some(self.keep(Sent {
                text: legacy::check_in(&said),
                sealed: None,
                receipt: Some(legacy::receipt_text(&said)),
                resealed: 0,
                since: now,
                repeats: 0,
            }));
        }
        let attendance = Attendance {
            action,
            claimed_at,
            note: note.to_owned(),
        };
        self.seal(now, attendance, 0, dice)
    }

    /// Reads an SMS.
    pub(super) fn hear(&mut self, now: Tick, text: &str, dice: &mut Dice) -> Heard {
        let (device, keys) = match &self.app {
            App::Hz1 { device, keys, .. } => (*device, keys),
            App::Of2023 { .. } => return self.hear_of_2023(text),
        };
        let Some(envelope) = frame::find(text) else {
            return Heard::Nothing;
        };
        let Ok(header) = Header::parse(&envelope) else {
            return Heard::Nothing;
        };
        if header.device != device || header.kind != Kind::ANSWER {
            return Heard::Nothing;
        }
        let Ok(plaintext) = envelope::open(&keys.to_device, &envelope) else {
            return Heard::Nothing;
        };
        let Ok(answer) = Answer::decode(&plaintext) else {
            return Heard::Nothing;
        };
        let place = self.waiting.iter().position(|sent| {
            let named = sent.sealed.as_ref();
            named.is_some_and(|(counter, digest, _)| {
                *digest == answer.digest && *counter == header.counter
            })
        });
        let Some(sent) = place.map(|place| self.waiting.remove(place)) else {
            return Heard::Nothing;
        };
        if answer.status == Status::Recorded {
            self.receipts += 1;
            return Heard::Receipt;
        }
        self.refusals += 1;
        let mut again = None;
        if answer.status == Status::Counter
            && let Some((_, _, attendance)) = sent.sealed
        {
            if let App::Hz1 { next, .. } = &mut self.app {
                *next = answer.next.0;
            }
            if sent.resealed < SEALINGS {
                again = self.seal(now, attendance, sent.resealed + 1, dice);
            }
        }
        Heard::Refusal(answer.status, again)
    }

    /// The texts that are to be sent again now.
    pub(super) fn take_repeats(&mut self, now: Tick, speed: u64) -> Vec<String> {
        let mut due = Vec::new();
        if !self.repeats {
            return due;
        }
        for sent in &mut self.waiting {
            if repeat_at(sent, speed).is_some_and(|at| at <= now) {
                sent.repeats += 1;
                due.push(sent.text.clone());
            }
        }
        due
    }

    /// When [`Phone::take_repeats`] has something.
    pub(super) fn deadline(&self, speed: u64) -> Option<Tick> {
        let waiting = self.waiting.iter().filter(|_| self.repeats);
        waiting.filter_map(|sent| repeat_at(sent, speed)).min()
    }

    /// Loses all that it stored but the key: it counts from 1 again.
    pub(super) fn lose_storage(&mut self) {
        self.waiting.clear();
        if let App::Hz1 { next, .. } = &mut self.app {
            *next = 1;
        }
    }

    /// Goes on from a backup that is `back` messages old.
    pub(super) fn roll_back(&mut self, back: u16) {
        self.waiting.clear();
        if let App::Hz1 { next, .. } = &mut self.app {
            *next = next.saturating_sub(back).max(1);
        }
    }

    /// Takes another key under the same device number, as after a reset that kept half of it.
    pub(super) fn replace_key(&mut self, root: &RootKey) {
        if let App::Hz1 { keys, .. } = &mut self.app {
            **keys = DeviceKeys::derive(root);
        }
    }

    /// The last text that it sent.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// How many messages wait for an answer.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Receipts and refusals that it understood.
    pub(super) const fn answers(&self) -> (u64, u64) {
        (self.receipts, self.refusals)
    }

    fn seal(
        &mut self,
        now: Tick,
        attendance: Attendance,
        resealed: u8,
        dice: &mut Dice,
    ) -> Option<String> {
        let App::Hz1 { device, keys, next } = &mut self.app else {
            return None;
        };
        let counter = Counter(*next);
        // Past the last counter there is 0, and 0 is not sent.
        if counter.0 == 0 {
            return None;
        }
        *next = next.checked_add(1).unwrap_or(0);
        let plaintext = attendance.encode(Padding::Phone).ok()?;
        let header = Header {
            kind: Kind::ATTENDANCE,
            device: *device,
            counter,
        };
        let envelope = envelope::seal(&keys.to_desk, header, dice.octets(), &plaintext);
        let digest = envelope::digest(&envelope);
        Some(self.keep(Sent {
            text: frame::encode(&envelope),
            sealed: Some((counter, digest, attendance)),
            receipt: None,
            resealed,
            since: now,
            repeats: 0,
        }))
    }

    fn keep(&mut self, sent: Sent) -> String {
        let text = sent.text.clone();
        if self.waiting.len() >= WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(sent);
        self.last = Some(text.clone());
        text
    }

    fn hear_of_2023(&mut self, text: &str) -> Heard {
        let opened = legacy::find(text.as_bytes(), 0).and_then(|it| legacy::open_text(&it).ok());
        let Some(said) = opened else {
            return Heard::Nothing;
        };
        let place = self
            .waiting
            .iter()
            .position(|sent| sent.receipt.as_ref() == Some(&said));
        let Some(place) = place else {
            return Heard::Nothing;
        };
        self.waiting.remove(place);
        self.receipts += 1;
        Heard::Receipt
    }
}

/// When a message is sent again; `None` where nobody but its owner would.
fn repeat_at(sent: &Sent, speed: u64) -> Option<Tick> {
    // The app of 2023 does not repeat.
    sent.sealed.as_ref()?;
    let after = REPEATS_MS.get(sent.repeats)?;
    Some(sent.since.after_ms(after / speed.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Millis = Millis(1_795_161_600_000);

    fn phone() -> Phone {
        Phone::with_key("+447700900001", DeviceId(7), &RootKey::from_octets([9; 32]))
    }

    /// The desk's answer to a text.
    fn answer(text: &str, status: Status, next: u16) -> String {
        let keys = DeviceKeys::derive(&RootKey::from_octets([9; 32]));
        let envelope = frame::find(text).unwrap();
        let header = Header::parse(&envelope).unwrap();
        assert!(envelope::open(&keys.to_desk, &envelope).is_ok());
        let answer = Answer {
            digest: envelope::digest(&envelope),
            desk_time: WALL,
            status,
            next: Counter(next),
        };
        let header = Header {
            kind: Kind::ANSWER,
            ..header
        };
        let sealed = envelope::seal(&keys.to_device, header, [1; 12], &answer.encode());
        frame::encode(&sealed) + " sent by a gateway"
    }

    #[test]
    fn a_message_is_repeated_until_its_receipt() {
        let mut dice = Dice::new(1, "nonce");
        let mut phone = phone();
        let text = phone.check_in((Tick(5), WALL), Action::In, "late", &mut dice);
        let text = text.unwrap();
        assert_eq!(phone.deadline(1), Some(Tick(20_005)));
        assert!(phone.take_repeats(Tick(20_004), 1).is_empty());
        assert_eq!(phone.take_repeats(Tick(20_005), 1).concat(), text);
        assert_eq!(phone.deadline(1), Some(Tick(66_671)));
        for at in [66_671, 200_005, 800_005] {
            assert_eq!(phone.take_repeats(Tick(at), 1).len(), 1);
        }
        assert_eq!((phone.deadline(1), phone.waiting()), (None, 1));
        let receipt = answer(&text, Status::Recorded, 2);
        assert_eq!(phone.hear(Tick(9), &receipt, &mut dice), Heard::Receipt);
        assert_eq!(phone.hear(Tick(9), &receipt, &mut dice), Heard::Nothing);
        assert_eq!((phone.waiting(), phone.answers()), (0, (1, 0)));
    }

    #[test]
    fn a_lost_counter_is_taken_from_the_desk_at_most_twice() {
        let mut dice = Dice::new(1, "nonce");
        let mut phone = phone();
        let mut text = phone
            .check_in((Tick(5), WALL), Action::Out, "", &mut dice)
            .unwrap();
        let claimed = |text: &str| {
            let keys = DeviceKeys::derive(&RootKey::from_octets([9; 32]));
            let envelope = frame::find(text).unwrap();
            let plaintext = envelope::open(&keys.to_desk, &envelope).unwrap();
            let counter = Header::parse(&envelope).unwrap().counter;
            (counter, Attendance::decode(&plaintext).unwrap())
        };
        let (_, first) = claimed(&text);
        for next in [40, 50] {
            let refusal = answer(&text, Status::Counter, next);
            let heard = phone.hear(Tick(90_000), &refusal, &mut dice);
            let Heard::Refusal(Status::Counter, Some(again)) = heard else {
                panic!("{heard:?}")
            };
            assert_eq!(claimed(&again), (Counter(next), first.clone()));
            text = again;
        }
        let heard = phone.hear(Tick(5), &answer(&text, Status::Counter, 60), &mut dice);
        assert_eq!(heard, Heard::Refusal(Status::Counter, None));
        let next = phone.check_in((Tick(5), WALL), Action::In, "", &mut dice);
        assert_eq!(claimed(&next.unwrap()).0, Counter(60));
    }

    #[test]
    fn answers_for_others_are_nothing() {
        let mut dice = Dice::new(1, "nonce");
        let mut phone = phone();
        let text = phone.check_in((Tick(5), WALL), Action::In, "", &mut dice);
        let receipt = answer(&text.unwrap(), Status::Recorded, 2);
        let mut other = Phone::with_key("", DeviceId(7), &RootKey::from_octets([8; 32]));
        other.check_in((Tick(5), WALL), Action::In, "", &mut dice);
        assert_eq!(other.hear(Tick(5), &receipt, &mut dice), Heard::Nothing);
        assert_eq!(phone.hear(Tick(5), "hello", &mut dice), Heard::Nothing);
        assert_eq!((phone.waiting(), other.waiting()), (1, 1));
    }

    #[test]
    fn a_phone_of_2023_knows_its_receipt() {
        let mut dice = Dice::new(1, "nonce");
        let mut phone = Phone::of_2023("+447700900002", 3_600);
        let text = phone.check_in((Tick(5), WALL), Action::In, "", &mut dice);
        let said = legacy::read(text.unwrap().as_bytes(), 0).unwrap();
        assert_eq!(phone.deadline(1), None);
        let receipt = legacy::receipt(&said.text) + " sent by a gateway";
        assert_eq!(phone.hear(Tick(5), &receipt, &mut dice), Heard::Receipt);
        assert_eq!(phone.waiting(), 0);
    }
}
