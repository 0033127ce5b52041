use std::collections::VecDeque;

use super::fleet::{Fleet, Sealed};
use super::histogram::Histogram;
use crate::domain::{Counter, DeviceId, Digest};
use crate::protocol::envelope::{self, Header, Kind};
use crate::protocol::{Answer, Status, frame};

/// What a desk did that it must not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A check-in was turned down.
    #[error("a check-in was answered with status '{0:#x}'")]
    Refused(u32),
    /// An answer to nothing that waits for one.
    #[error("an answer came for sequence number '{0}', which waits for none")]
    Answer(u32),
    /// A message that carries no answer to a phone.
    #[error("a message came that is no receipt")]
    NoReceipt,
    /// A receipt for a device that there is not.
    #[error("a receipt came for device '{0}', which there is not")]
    Stranger(DeviceId),
    /// A second receipt, or one for what was not sent.
    #[error("a receipt came for device '{0}' and counter '{1}', which waits for none")]
    Receipt(DeviceId, Counter),
    /// A receipt that does not open.
    #[error("the receipt for device '{0}' and counter '{1}' does not open")]
    Sealed(DeviceId, Counter),
    /// A receipt for another message.
    #[error("the receipt for device '{0}' and counter '{1}' names another message")]
    Digest(DeviceId, Counter),
    /// A refusal.
    #[error("device '{0}' was told for counter '{1}' that it is not recorded: '{2:?}'")]
    Status(DeviceId, Counter, Status),
}

/// Knows what is in flight and takes the times.
#[derive(Debug)]
pub(super) struct Judge {
    /// The oldest first; the first has sequence number `first`.
    flights: VecDeque<Flight>,
    first: u32,
    phones: Vec<Waiting>,
    pub(super) answers: Histogram,
    pub(super) receipts: Histogram,
    /// Receipts for check-ins of before.
    pub(super) earlier: u64,
    /// How many of the first check-ins have receipts that the gateway let wait, and how many of those came since.
    held: u32,
    pub(super) drained: u64,
}

#[derive(Debug)]
struct Flight {
    sent_at: u64,
    digest: Option<Digest>,
    is_answered: bool,
    has_receipt: bool,
}

/// What of a phone waits for its receipt.
#[derive(Debug)]
struct Waiting {
    /// The highest counter that it had used before.
    before: Counter,
    /// The counter of the first of `sequences`.
    first: u16,
    /// By rising counter; 0 has its receipt.
    sequences: VecDeque<u32>,
}

impl Judge {
    /// Begins with phones that have nothing in flight.
    pub(super) fn new(fleet: &Fleet) -> Self {
        let waiting = |place| {
            let (_, _, before) = fleet.phone(place);
            Waiting {
                before,
                first: before.0.wrapping_add(1),
                sequences: VecDeque::new(),
            }
        };
        Self {
            flights: VecDeque::new(),
            first: 1,
            phones: (0..fleet.size()).map(waiting).collect(),
            answers: Histogram::default(),
            receipts: Histogram::default(),
            earlier: 0,
            held: 0,
            drained: 0,
        }
    }

    /// Check-ins that were not answered or have no receipt, with all that were sent after the oldest of them.
    pub(super) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// Of so many that were sent, those that were not answered.
    pub(super) const fn unanswered(&self, sent: u64) -> u64 {
        sent - self.answers.total()
    }

    /// Lets all times begin anew: the receipts of what was sent so far had to wait, and their times are no measure.
    pub(super) fn hold(&mut self) {
        self.held = self.next_sequence() - 1;
        self.answers = Histogram::default();
        self.drained = self.receipts.total();
        self.receipts = Histogram::default();
    }

    /// How many receipts had to wait and have not come yet.
    pub(super) fn undrained(&self) -> u64 {
        u64::from(self.held).saturating_sub(self.drained)
    }

    /// Takes note of a check-in that is sent now, and gives its sequence number.
    pub(super) fn sent(&mut self, sealed: &Sealed, now: u64) -> u32 {
        let sequence = self.next_sequence();
        self.flights.push_back(Flight {
            sent_at: now,
            digest: sealed.digest,
            is_answered: false,
            has_receipt: false,
        });
        self.phones[sealed.phone].sequences.push_back(sequence);
        sequence
    }

    /// Takes note of a deliver_sm_resp.
    ///
    /// # Errors
    /// [`Wrong::Refused`], [`Wrong::Answer`].
    pub(super) fn answered(&mut self, sequence: u32, status: u32, now: u64) -> Result<(), Wrong> {
        if status != 0 {
            return Err(Wrong::Refused(status));
        }
        let flight = self.flight(sequence).filter(|it| !it.is_answered);
        let flight = flight.ok_or(Wrong::Answer(sequence))?;
        flight.is_answered = true;
        let took = now.saturating_sub(flight.sent_at);
        self.answers.add(took);
        self.forget();
        Ok(())
    }

    /// Takes note of a message to a phone.
    ///
    /// # Errors
    /// [`Wrong`] where it is not the one receipt of something that was sent.
    pub(super) fn heard(
        &mut self,
        text: &[u8],
        now: u64,
        fleet: &Fleet,
        opens: bool,
    ) -> Result<(), Wrong> {
        let envelope = frame::find(text).ok_or(Wrong::NoReceipt)?;
        let header = Header::parse(&envelope).map_err(|_| Wrong::NoReceipt)?;
        if header.kind != Kind::ANSWER {
            return Err(Wrong::NoReceipt);
        }
        let (device, counter) = (header.device, header.counter);
        let place = fleet.place(device).ok_or(Wrong::Stranger(device))?;
        let waiting = &mut self.phones[place];
        if counter <= waiting.before {
            self.earlier += 1;
            return Ok(());
        }
        let twice = Wrong::Receipt(device, counter);
        let at = usize::from(counter.0.wrapping_sub(waiting.first));
        let sequence = waiting.sequences.get_mut(at).map(std::mem::take);
        let sequence = sequence.filter(|it| *it > 0).ok_or(twice.clone())?;
        while waiting.sequences.front() == Some(&0) {
            waiting.sequences.pop_front();
            waiting.first = waiting.first.wrapping_add(1);
        }
        let flight = self.flight(sequence).ok_or(twice)?;
        flight.has_receipt = true;
        let took = now.saturating_sub(flight.sent_at);
        if let Some(digest) = flight.digest.filter(|_| opens) {
            let (_, keys, _) = fleet.phone(place);
            let opened = envelope::open(&keys.to_device, &envelope).ok();
            let answer = opened.and_then(|opened| Answer::decode(&opened).ok());
            let answer = answer.ok_or(Wrong::Sealed(device, counter))?;
            if answer.digest != digest {
                return Err(Wrong::Digest(device, counter));
            }
            if answer.status != Status::Recorded {
                return Err(Wrong::Status(device, counter, answer.status));
            }
        }
        if sequence > self.held {
            self.receipts.add(took);
        } else {
            self.drained += 1;
        }
        self.forget();
        Ok(())
    }

    fn next_sequence(&self) -> u32 {
        // A run has fewer than 2^31 check-ins.
        let ahead = u32::try_from(self.flights.len()).unwrap_or(u32::MAX);
        self.first.saturating_add(ahead)
    }

    fn flight(&mut self, sequence: u32) -> Option<&mut Flight> {
        let at = sequence.checked_sub(self.first)?;
        self.flights.get_mut(usize::try_from(at).ok()?)
    }

    fn forget(&mut self) {
        while let Some(flight) = self.flights.front()
            && flight.is_answered
            && flight.has_receipt
        {
            self.flights.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Country, Millis, Msisdn};
    use crate::practice::load::LoadDevice;
    use crate::protocol::{DeviceKeys, RootKey};

    const WALL: Millis = Millis(1_795_161_600_000);

    /// Two phones, the second of which has used up 100 counters.
    fn fleet() -> Fleet {
        let devices = [(7, 0), (9, 100)].map(|(id, used)| LoadDevice {
            id: DeviceId(id),
            root: RootKey::from_octets([3; 32]),
            number: Msisdn::parse("+447700900001", Country::default()).unwrap(),
            used: Counter(used),
        });
        Fleet::new(&devices, 1)
    }

    /// A receipt, or another answer.
    fn answer(device: u32, counter: u16, digest: Digest, status: Status) -> String {
        let answer = Answer {
            digest,
            desk_time: WALL,
            status,
            next: Counter(1),
        };
        let header = Header {
            kind: Kind::ANSWER,
            device: DeviceId(device),
            counter: Counter(counter),
        };
        let keys = DeviceKeys::derive(&RootKey::from_octets([3; 32]));
        let envelope = envelope::seal(&keys.to_device, header, [5; 12], &answer.encode());
        frame::encode(&envelope)
    }

    /// Sends so many and gives the last, whose receipt is opened.
    fn send(judge: &mut Judge, fleet: &mut Fleet, count: usize) -> Digest {
        let mut last = None;
        for at in 0..count {
            let sealed = fleet.seal(WALL).unwrap();
            judge.sent(&sealed, at as u64);
            last = sealed.digest;
        }
        last.unwrap()
    }

    #[test]
    fn every_check_in_is_in_flight_until_it_is_answered_and_has_its_receipt() {
        let mut fleet = fleet();
        let mut judge = Judge::new(&fleet);
        let digest = send(&mut judge, &mut fleet, 16);
        for sequence in (1..=16).rev() {
            assert_eq!(judge.in_flight(), 16);
            assert_eq!(judge.unanswered(16), u64::from(sequence));
            judge.answered(sequence, 0, 1_000).unwrap();
        }
        assert_eq!((judge.answers.max(), judge.answers.total()), (1_000, 16));
        let none = Digest([0; 16]);
        // Out of order, and the one of sequence number 1 last.
        for counter in [2, 1, 3, 4, 5, 6, 7] {
            let receipt = answer(9, 100 + counter, none, Status::Recorded);
            judge
                .heard(receipt.as_bytes(), 2_000, &fleet, true)
                .unwrap();
        }
        let receipt = answer(9, 108, digest, Status::Recorded);
        judge
            .heard(receipt.as_bytes(), 2_000, &fleet, true)
            .unwrap();
        for counter in (1..=8).rev() {
            assert_eq!(judge.in_flight(), 16, "{counter}");
            let receipt = answer(7, counter, none, Status::Recorded);
            judge
                .heard(receipt.as_bytes(), 3_000, &fleet, true)
                .unwrap();
        }
        assert_eq!((judge.in_flight(), judge.receipts.total()), (0, 16));
        assert_eq!(judge.receipts.max(), 3_000);
    }

    #[test]
    fn what_the_gateway_let_wait_is_no_measure_of_the_desk() {
        let mut fleet = fleet();
        let mut judge = Judge::new(&fleet);
        send(&mut judge, &mut fleet, 16);
        for sequence in 1..=16 {
            judge.answered(sequence, 0, 1_000).unwrap();
        }
        let none = Digest([0; 16]);
        let hear = |judge: &mut Judge, device, counter| {
            let receipt = answer(device, counter, none, Status::Recorded);
            judge.heard(receipt.as_bytes(), 9_000, &fleet, false)
        };
        hear(&mut judge, 7, 1).unwrap();
        judge.hold();
        assert_eq!((judge.undrained(), judge.unanswered(0)), (15, 0));
        for counter in 1..=8 {
            hear(&mut judge, 9, 100 + counter).unwrap();
        }
        for counter in 2..=8 {
            hear(&mut judge, 7, counter).unwrap();
        }
        assert_eq!((judge.undrained(), judge.drained), (0, 16));
        assert_eq!((judge.in_flight(), judge.receipts.total()), (0, 0));
    }

    #[test]
    fn what_a_desk_must_not_do_is_noticed() {
        let mut fleet = fleet();
        let mut judge = Judge::new(&fleet);
        let digest = send(&mut judge, &mut fleet, 16);
        let none = Digest([0; 16]);
        assert_eq!(judge.answered(1, 0x64, 0), Err(Wrong::Refused(0x64)));
        for unknown in [0, 17, u32::MAX] {
            assert_eq!(judge.answered(unknown, 0, 0), Err(Wrong::Answer(unknown)));
        }
        judge.answered(1, 0, 0).unwrap();
        assert_eq!(judge.answered(1, 0, 0), Err(Wrong::Answer(1)));

        let mut hear = |text: &str| judge.heard(text.as_bytes(), 0, &fleet, true);
        let first = answer(7, 1, none, Status::Recorded);
        hear(&first).unwrap();
        let twice = Wrong::Receipt(DeviceId(7), Counter(1));
        assert_eq!(hear(&first), Err(twice));
        let sealed = frame::encode(&[0x11; 40]);
        for text in ["", "hello", &sealed] {
            assert_eq!(hear(text), Err(Wrong::NoReceipt), "{text}");
        }
        let recorded = |device, counter, digest| answer(device, counter, digest, Status::Recorded);
        let cases = [
            (recorded(8, 1, none), Wrong::Stranger(DeviceId(8))),
            (
                recorded(7, 9, none),
                Wrong::Receipt(DeviceId(7), Counter(9)),
            ),
            (
                recorded(9, 109, none),
                Wrong::Receipt(DeviceId(9), Counter(109)),
            ),
            (
                recorded(9, 108, none),
                Wrong::Digest(DeviceId(9), Counter(108)),
            ),
        ];
        for (text, wrong) in cases {
            assert_eq!(hear(&text), Err(wrong));
        }
        // Of before.
        hear(&recorded(9, 100, none)).unwrap();
        assert_eq!(judge.earlier, 1);

        for status in [Status::Clock, Status::Counter] {
            let mut fleet = self::fleet();
            let mut judge = Judge::new(&fleet);
            let digest = send(&mut judge, &mut fleet, 16);
            let refusal = answer(9, 108, digest, status);
            let wrong = Wrong::Status(DeviceId(9), Counter(108), status);
            assert_eq!(judge.heard(refusal.as_bytes(), 0, &fleet, true), Err(wrong));
        }
        let mut fleet = self::fleet();
        let mut judge = Judge::new(&fleet);
        send(&mut judge, &mut fleet, 16);
        let mut spoilt = frame::find(answer(9, 108, digest, Status::Recorded)).unwrap();
        spoilt[30] ^= 1;
        let spoilt = frame::encode(&spoilt);
        let wrong = Wrong::Sealed(DeviceId(9), Counter(108));
        assert_eq!(judge.heard(spoilt.as_bytes(), 0, &fleet, true), Err(wrong));
    }
}
