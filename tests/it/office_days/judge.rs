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
    present: BTreeMap<DeviceId, Present>,
}

#[derive(Copy, Clone, Debug)]
struct Present {
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
        let present = self.present.get(&device)?;
        (present.at >= day_start).then_some((present.action, present.at))
    }

    fn note_row(&mut self, now: Now, row: &LedgerRow, phones: &[Phone]) {
        match &row.entry {
            Entry::Message(row) => self.note_message(now, row, phones),
            Entry::Mark(row) => self.note_mark(now, row, phones),
            Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::Note(_)
            | Entry::OverBound(_) => {}
        }
    }

    fn note_message(&mut self, now: Now, row: &MessageRow, phones: &[Phone]) {
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
        let highest = self.highest.entry(device).or_default();
        if row.delayed || counter <= *highest {
            return;
        }
        *highest = counter;
        let at = row.at.expect("a check-in has a time");
        let new = Present {
            action,
            at,
            is_mark: false,
        };
        self.place(now, device, new);
    }

    fn note_mark(&mut self, now: Now, row: &MarkRow, phones: &[Phone]) {
        let mut owners = phones.iter();
        let phone = owners.find(|phone| phone.employee == row.employee);
        let new = Present {
            action: row.action,
            at: row.at,
            is_mark: true,
        };
        self.place(now, phone.expect("whose it is").device, new);
    }

    fn place(&mut self, now: Now, device: DeviceId, new: Present) {
        let stays = |present: &Present| {
            let by_counter = !present.is_mark && !new.is_mark;
            let of_the_future = present.at.ms_since(now.wall) > Millis::MINUTE;
            !by_counter && !of_the_future && new.at < present.at
        };
        if !self.present.get(&device).is_some_and(stays) {
            self.present.insert(device, new);
        }
    }
}
