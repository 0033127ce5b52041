//! Holds what is written to disk against what may be.

use std::collections::{BTreeMap, BTreeSet};

use hazir::domain::{
    Action, DeviceId, Digest, Entry, LedgerRow, MarkRow, MessageRow, Millis, Outcome, Seq,
};
use hazir::engine::Now;
use hazir::store::Batch;

use super::phones::Phone;

/// What is on disk, as the batches said.
#[derive(Debug, Default)]
pub struct Judge {
    last: u64,
    digests: BTreeSet<Digest>,
    recorded: BTreeMap<String, Digest>,
    /// The highest counter of each device that counts for presence.
    highest: BTreeMap<DeviceId, u16>,
    /// What counts for presence, in the order of the ledger, without what was taken back.
    placed: BTreeMap<DeviceId, Vec<Present>>,
    /// When somebody came, by the records that count, without what was taken back.
    came: BTreeMap<DeviceId, Vec<(Seq, Millis)>>,
}

#[derive(Copy, Clone, Debug)]
struct Present {
    seq: Seq,
    /// The office's clock when it was placed.
    placed_at: Millis,
    action: Action,
    at: Millis,
    is_mark: bool,
}

impl Judge {
    /// Looks at a batch that is durable now.
    pub fn note(&mut self, now: Now, batch: &Batch, phones: &[Phone]) {
        for row in &batch.ledger {
            self.last += 1;
            assert_eq!(row.seq, Seq(self.last), "a hole");
            self.note_row(now, row, phones);
        }
        for row in batch.outbox.values() {
            let days = u16::try_from(now.tick.0 / Millis::DAY).unwrap();
            assert!(row.answered <= 10 + days, "answered too often: {row:?}");
        }
    }

    /// Whether a message with these octets is in the ledger.
    pub fn has_kept(&self, digest: Digest) -> bool {
        self.digests.contains(&digest)
    }

    /// Whether a check-in is recorded.
    pub fn has_recorded(&self, note: &str) -> bool {
        self.recorded.contains_key(note)
    }

    /// What the owner of a phone did last since `day_start`.
    pub fn present(&self, device: DeviceId, day_start: Millis) -> Option<(Action, Millis)> {
        let placed = self.placed.get(&device)?.iter();
        let present = placed.copied().reduce(Present::then)?;
        (present.at >= day_start).then_some((present.action, present.at))
    }

    /// When the owner of a phone first came since `day_start`.
    pub fn first_in(&self, device: DeviceId, day_start: Millis) -> Option<Millis> {
        let came = self.came.get(&device)?.iter().map(|(_, at)| *at);
        came.filter(|at| *at >= day_start).min()
    }

    fn note_row(&mut self, now: Now, row: &LedgerRow, phones: &[Phone]) {
        match &row.entry {
            Entry::Message(message) => self.note_message(now, row.seq, message, phones),
            Entry::Mark(mark) => self.note_mark(now, row.seq, mark, phones),
            Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::Note(_)
            | Entry::OverBound(_) => {}
        }
    }

    fn note_message(&mut self, now: Now, seq: Seq, row: &MessageRow, phones: &[Phone]) {
        let digest = row.digest.expect("phones are all that sends");
        self.digests.insert(digest);
        if row.outcome != Outcome::Recorded {
            return;
        }
        let before = self.recorded.insert(row.note.clone(), digest);
        assert_eq!(before, None, "recorded twice: {}", row.note);
        let action = row.action.expect("a check-in has an action");
        let mut wanted = phones.iter().flat_map(|phone| &phone.wanted);
        let wanted = wanted.find(|one| one.note == row.note);
        assert_eq!(wanted.map(|one| one.action), Some(action));
        let device = row.device.expect("a check-in has a device");
        let counter = row.counter.expect("a check-in has a counter").0;
        if action == Action::In && !row.delayed {
            let at = row.at.expect("a check-in has a time");
            self.came.entry(device).or_default().push((seq, at));
        }
        let highest = self.highest.entry(device).or_default();
        if row.delayed || counter <= *highest {
            return;
        }
        *highest = counter;
        let at = row.at.expect("a check-in has a time");
        let new = Present {
            seq,
            placed_at: now.wall,
            action,
            at,
            is_mark: false,
        };
        self.placed.entry(device).or_default().push(new);
    }

    fn note_mark(&mut self, now: Now, seq: Seq, row: &MarkRow, phones: &[Phone]) {
        let mut owners = phones.iter();
        let phone = owners.find(|phone| phone.employee == row.employee);
        let device = phone.expect("whose it is").device;
        let placed = self.placed.entry(device).or_default();
        if let Some(gone) = row.reverses {
            let before = placed.len();
            placed.retain(|present| present.seq != gone);
            assert_eq!(placed.len() + 1, before, "taken back twice: {row:?}");
            let came = self.came.entry(device).or_default();
            came.retain(|(seq, _)| *seq != gone);
            return;
        }
        if row.action == Action::In {
            self.came.entry(device).or_default().push((seq, row.at));
        }
        placed.push(Present {
            seq,
            placed_at: now.wall,
            action: row.action,
            at: row.at,
            is_mark: true,
        });
    }
}

impl Present {
    /// Which of two counts once the second was placed.
    fn then(self, new: Self) -> Self {
        let by_counter = !self.is_mark && !new.is_mark;
        let of_the_future = self.at.ms_since(new.placed_at) > Millis::MINUTE;
        if !by_counter && !of_the_future && new.at < self.at {
            self
        } else {
            new
        }
    }
}
