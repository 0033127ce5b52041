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
        self.receipts.add(took);
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
