//! The oracle: holds what leaves, what is written and what is found again against the invariants of RELIABILITY.md. Its
//! sentences begin with the number of the invariant.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hazir::domain::{
    AlarmKind, AnswerKind, Counter, DeskAct, DeviceId, Digest, Entry, LedgerRow, MarkRow,
    MessageRow, Millis, OutboxId, OutboxRow, OutboxState, Outcome, RefusedReason, SendError, Seq,
    UnreadableReason,
};
use hazir::engine::Now;
use hazir::store::{Archive, Batch, Loaded};

use super::air::{Kept, Sms, hash, hash_of_part};
use super::phones::Phone;
use super::present::Presences;
use super::tables::Tables;

/// How long a count may be in memory only.
const COUNT_MS: i64 = Millis::MINUTE;
/// Messages are answered so often, and then once a day.
const ANSWERS: u16 = 10;

/// What is on disk, as the batches said, and what that means.
#[derive(Debug, Default)]
pub struct Judge {
    tables: Tables,
    /// A batch that a commit did not succeed with: all of it may be on disk, or nothing.
    unsure: Option<(Now, Batch)>,
    digests: BTreeSet<Digest>,
    /// Octets of unreadable messages, by their hash.
    raws: BTreeMap<u64, Vec<u8>>,
    parts: BTreeSet<u64>,
    recorded: BTreeMap<Digest, String>,
    /// How often each check-in is recorded.
    counts: BTreeMap<String, usize>,
    /// Who is present, reckoned anew.
    pub presences: Presences,
    /// Messages over a bound that were answered, of this process: by when how many must have been counted on disk.
    owed: VecDeque<(i64, u64, Sms)>,
    owed_count: u64,
    counted: u64,
    /// How long a count may take beyond what is allowed: timers are looked at late.
    pub late_ms: i64,
    /// How often the office's clock jumped.
    pub jumps: u16,
    /// By how far the office's clock is off.
    pub clock_off: i64,
    tick: i64,
    /// What was wrong first.
    pub broken: Option<String>,
    /// Check-ins, duplicates, replays, refusals, unreadable.
    pub tally: [u64; 5],
}

impl Judge {
    /// Something is wrong. What was wrong first is kept.
    pub fn breaks(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    fn holds(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        if !is_so {
            self.breaks(what());
        }
    }

    /// Looks at the time, after every step.
    pub fn look(&mut self, tick: i64) {
        self.tick = tick;
        if let Some((due, _, sms)) = self.owed.front()
            && *due < tick
        {
            let (owed, counted) = (self.owed_count, self.counted);
            self.breaks(format!(
                "1: {owed} messages were over a bound, {counted} are counted on disk after a minute, {sms:?} is not"
            ));
        }
    }

    /// A message is answered with OK.
    pub fn answered(&mut self, sms: &Sms, phones: &[Phone]) {
        if self.keeps(sms) {
            return;
        }
        self.owed_count += 1;
        let due = self.tick + COUNT_MS + self.late_ms;
        self.owed.push_back((due, self.owed_count, sms.clone()));
        self.heard_ok(sms, phones);
    }

    /// A gateway heard OK for a message.
    pub fn heard_ok(&mut self, sms: &Sms, phones: &[Phone]) {
        let may_drop = match sms.kept {
            Kept::Message(digest) => self.keeps(sms) || !self.is_fresh(digest, phones),
            Kept::Part(..) | Kept::Raw(_) | Kept::Never => true,
        };
        self.holds(may_drop, || {
            format!("1: OK for what is not durable: {sms:?}")
        });
    }

    fn keeps(&self, sms: &Sms) -> bool {
        match sms.kept {
            Kept::Message(digest) => {
                self.digests.contains(&digest) || self.raws.contains_key(&hash(&sms.octets.0))
            }
            Kept::Part(part, digest) => {
                self.parts.contains(&part)
                    || self.digests.contains(&digest)
                    || self.is_in_raw(&sms.octets.0)
            }
            Kept::Raw(hash) => self.raws.contains_key(&hash),
            Kept::Never => true,
        }
    }

    /// Whether a message is one that no bound can drop: its phone sealed it, under a counter that is not decided.
    fn is_fresh(&self, digest: Digest, phones: &[Phone]) -> bool {
        let mut phones = phones.iter();
        let sealed = phones.find_map(|phone| Some((phone.device, phone.counter_of(digest)?)));
        sealed.is_some_and(|(device, counter)| self.tables.is_undecided(device, counter))
    }

    /// Whether a message is recorded, durably.
    pub fn has_recorded(&self, digest: Digest) -> bool {
        self.recorded.contains_key(&digest)
    }

    /// How often a check-in is recorded.
    pub fn count(&self, note: &str) -> usize {
        self.counts.get(note).copied().unwrap_or(0)
    }

    /// An answer is handed to a gateway's link.
    pub fn leaves(&mut self, id: OutboxId) {
        let row = self.tables.outbox.get(&id);
        let is_durable = row.is_some_and(|row| row.seq.0 <= self.tables.last());
        self.holds(is_durable, || {
            format!("2: {id:?} leaves and is not durable")
        });
    }

    /// A process begins on a store: all that was written is there, and nothing else.
    pub fn resumes(&mut self, loaded: &Loaded, store: &dyn Archive, phones: &[Phone]) {
        let unsure = self.unsure.take();
        let fault = self.tables.differs(loaded, store);
        let Some(fault) = fault else {
            return;
        };
        let Some((now, batch)) = unsure else {
            return self.breaks(format!("1: what was written is gone: {fault}"));
        };
        self.apply(now, &batch, phones);
        if let Some(other) = self.tables.differs(loaded, store) {
            self.breaks(format!("1: half of a batch is there: {fault}; or {other}"));
        }
    }

    /// A process is gone: what it had counted in memory goes with it.
    pub fn restarts(&mut self) {
        self.owed.clear();
        self.owed_count = self.counted;
    }

    /// A commit did not succeed.
    pub fn may_have(&mut self, now: Now, batch: Batch) {
        self.unsure = Some((now, batch));
    }

    /// All of the store, in its order, against what was written.
    pub fn looks_through(&mut self, store: &dyn Archive) {
        if let Some(fault) = self.tables.ledger_differs(store) {
            self.breaks(format!("1: {fault}"));
        }
    }

    /// How many answers are to be sent.
    pub const fn open(&self) -> usize {
        self.tables.open
    }

    /// Rows that must be settled, and are not.
    pub fn unsettled(&self) -> Vec<&OutboxRow> {
        let rows = self.tables.outbox.values();
        rows.filter(|row| row.state.is_open()).collect()
    }

    /// Looks at a batch that is durable now.
    pub fn note(&mut self, now: Now, batch: &Batch, phones: &[Phone]) {
        self.look_at_outbox(now, batch);
        self.look_at_alarms(batch);
        self.apply(now, batch, phones);
    }

    fn apply(&mut self, now: Now, batch: &Batch, phones: &[Phone]) {
        for row in &batch.ledger {
            let expected = Seq(self.tables.last() + 1);
            self.holds(row.seq == expected, || {
                format!("3: a hole before {:?}", row.seq)
            });
            self.note_row(now, row, phones);
            self.tables.append(row);
        }
        for row in batch.parts.values().flatten() {
            let part = hash_of_part(&row.body.octets, row.part.number);
            self.parts.insert(part);
        }
        self.tables.apply(batch);
        if let Some(meta) = &batch.meta {
            let gateways = meta.gateways.values();
            let over = gateways.map(|one| one.unreadable_over_bound + one.copies_over_bound);
            self.counted = over.sum();
            let counted = self.counted;
            self.owed.retain(|(_, owed, _)| *owed > counted);
        }
    }

    /// Whether a part was joined with parts of another message: where a part of each is lost and both have one reference.
    fn is_in_raw(&self, octets: &[u8]) -> bool {
        let mut raws = self.raws.values();
        raws.any(|raw| raw.windows(octets.len()).any(|some| some == octets))
    }

    fn look_at_outbox(&mut self, now: Now, batch: &Batch) {
        let days = u16::try_from(now.tick.0 / Millis::DAY).unwrap();
        let most = ANSWERS + 1 + days + 2 * self.jumps;
        for row in batch.outbox.values() {
            self.holds(row.answered <= most, || {
                format!("11: answered too often: {row:?}")
            });
            let before = self.tables.outbox.get(&row.id).map(|row| row.state);
            let fails = row.state == OutboxState::Failed && before != Some(OutboxState::Failed);
            let by_hand = row.error == Some(SendError::ByHand);
            self.holds(!fails || by_hand || self.has_alarm(batch), || {
                format!("5: given up without an alarm: {row:?}")
            });
            self.holds(row.kind != AnswerKind::Message, || {
                format!("4: an SMS that is no answer: {row:?}")
            });
        }
    }

    /// Whether the alarm of what failed stands, or was seen in the time that one commit takes. It names the last of those
    /// that failed, which go by their age and not by their number.
    fn has_alarm(&self, batch: &Batch) -> bool {
        let tells = |kind: &AlarmKind| matches!(kind, AlarmKind::OutboxFailed { .. });
        let mut raised = batch.alarms.values().flatten();
        let mut rows = batch.ledger.iter().map(|row| &row.entry);
        raised.any(|alarm| tells(&alarm.kind) && alarm.seen.is_none())
            || rows.any(|entry| {
                matches!(entry, Entry::Desk { act: DeskAct::Acknowledged(_, kind), .. } if tells(kind))
            })
            || self.tables.has_failed_alarm(batch)
    }

    fn look_at_alarms(&mut self, batch: &Batch) {
        let seen = batch.ledger.iter().filter_map(|row| {
            let Entry::Desk { act, .. } = &row.entry else {
                return None;
            };
            let DeskAct::Acknowledged(id, _) = act else {
                return None;
            };
            Some(*id)
        });
        let seen: BTreeSet<_> = seen.collect();
        for (id, row) in &batch.alarms {
            let was_seen = self.tables.was_seen(*id);
            self.holds(
                row.is_some() || was_seen != Some(false) || seen.contains(id),
                || format!("9: alarm {id:?} went and nobody saw it"),
            );
        }
    }

    fn note_row(&mut self, now: Now, row: &LedgerRow, phones: &[Phone]) {
        match &row.entry {
            Entry::Message(message) => self.note_message(now, row.seq, message, phones),
            Entry::Mark(mark) => self.note_mark(now, row.seq, mark),
            Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::Note(_)
            | Entry::OverBound(_) => {}
        }
    }

    fn note_mark(&mut self, now: Now, seq: Seq, row: &MarkRow) {
        if let Err(fault) = self.presences.mark(now, seq, row) {
            self.breaks(fault);
        }
    }

    fn note_message(&mut self, now: Now, seq: Seq, row: &MessageRow, phones: &[Phone]) {
        self.digests.extend(row.digest);
        if let Some(raw) = &row.raw {
            self.raws.insert(hash(&raw.octets), raw.octets.clone());
        }
        let kind = match row.outcome {
            Outcome::Recorded => 0,
            Outcome::Duplicate => 1,
            Outcome::Replay => 2,
            Outcome::Refused(_) => 3,
            Outcome::Unreadable(_) => 4,
        };
        self.tally[kind] += 1;
        match row.outcome {
            Outcome::Recorded => self.note_record(now, seq, row, phones),
            Outcome::Unreadable(reason) => {
                let is_foreign = reason != UnreadableReason::Malformed;
                self.holds(!is_foreign || row.answer.is_none(), || {
                    format!("4: an SMS for a stranger: {row:?}")
                });
            }
            Outcome::Refused(RefusedReason::Clock) => {
                let off = self.clock_off.abs() > Millis::HOUR;
                let phone = row
                    .device
                    .and_then(|device| phone_of(phones, device, row.digest));
                let one = phone.and_then(|phone| {
                    let place = phone.place_of(row.digest?)?;
                    phone.wanted.get(place)
                });
                let is_wrong = one.is_none_or(|one| one.clock_off != 0);
                let is_old = row
                    .claimed_at
                    .is_some_and(|at| row.received_at.ms_since(at) > 190 * Millis::HOUR);
                self.holds(off || is_wrong || is_old, || {
                    format!("11: refused for a clock that is right: {row:?}")
                });
            }
            Outcome::Duplicate | Outcome::Replay | Outcome::Refused(RefusedReason::Suspended) => {}
        }
    }

    fn note_record(&mut self, now: Now, seq: Seq, row: &MessageRow, phones: &[Phone]) {
        let (Some(digest), Some(device), Some(Counter(counter)), Some(action), Some(at)) =
            (row.digest, row.device, row.counter, row.action, row.at)
        else {
            return self.breaks(format!("4: a record of nothing: {row:?}"));
        };
        self.holds(row.answer.is_some(), || {
            format!("5: a record without an answer: {row:?}")
        });
        let before = self.recorded.insert(digest, row.note.clone());
        self.holds(before.is_none(), || format!("3: recorded twice: {row:?}"));
        let count = self.counts.entry(row.note.clone()).or_default();
        *count += 1;
        let count = *count;
        self.presences
            .record(now, seq, row, device, counter, action, at);
        let phone = phone_of(phones, device, Some(digest));
        let one = phone.and_then(|phone| phone.wanted.get(phone.place_of(digest)?));
        let Some(one) = one else {
            return self.breaks(format!("4: nobody sealed this: {row:?}"));
        };
        let is_so =
            (&one.note, one.action, Some(one.claimed_at)) == (&row.note, action, row.claimed_at);
        self.holds(is_so, || {
            format!("4: a phone sealed something else: {row:?}")
        });
        self.holds(count <= 1 + one.undone, || {
            format!("3: recorded {count} times: {row:?}")
        });
    }
}

fn phone_of(phones: &[Phone], device: DeviceId, digest: Option<Digest>) -> Option<&Phone> {
    let mut of_device = phones.iter().filter(|phone| phone.device == device);
    of_device.find(|phone| digest.is_some_and(|digest| phone.place_of(digest).is_some()))
}
