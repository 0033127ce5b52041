use super::bounds::COPIES;
use super::core::Engine;
use super::roster::number_of;
use super::window::Judgement;
use super::{Now, facts};
use crate::api::Event;
use crate::domain::{
    Action, Address, AlarmKind, DecidedRow, DeskAct, DeviceId, Digest, EmployeeId, Entry,
    GatewayName, InboundSms, LedgerRow, MessageRow, Millis, Operator, Outcome, Presence,
    PresenceSource, RawBody, RefusedReason, Seq, Series, UnreadableReason,
};
use crate::protocol::{Attendance, Header, Kind, envelope, legacy, text};
use crate::store::{Archive, StoreError};

/// Envelopes that did not open, held for each employee: more than a phone repeats at once, so that repeats count once.
const UNOPENED_HELD: usize = 8;

/// A message on its way to a decision: fresh from a gateway, or an unreadable one that is opened again.
pub(super) struct Arrival {
    pub(super) received_at: Millis,
    pub(super) gateway: GatewayName,
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) body: RawBody,
    pub(super) retry_of: Option<Seq>,
}

/// A sealed message that opened.
struct Opened {
    header: Header,
    employee: EmployeeId,
    digest: Digest,
    content: Option<Attendance>,
}

impl Engine {
    /// Takes a message that a gateway brought.
    pub(super) fn take_in_sms(
        &mut self,
        now: Now,
        gateway: &GatewayName,
        sms: InboundSms,
        archive: &dyn Archive,
    ) -> Result<(), StoreError> {
        if let Some(link) = self.links.get_mut(gateway) {
            link.counters.received += 1;
            link.counters.last_message_at = Some(now.wall);
            self.count();
        }
        let arrival = Arrival {
            received_at: now.wall,
            gateway: gateway.clone(),
            source: sms.source,
            destination: sms.destination,
            body: RawBody {
                octets: sms.octets.to_vec(),
                data_coding: sms.data_coding,
            },
            retry_of: None,
        };
        self.take_in_part(now, sms.part, arrival, archive)
    }

    /// Decides about a message. Returns the row that says so; `None` where nothing was written.
    pub(super) fn take_in(
        &mut self,
        now: Now,
        arrival: &Arrival,
        archive: &dyn Archive,
    ) -> Result<Option<(Seq, Outcome)>, StoreError> {
        let binary = self
            .settings
            .gateway(&arrival.gateway)
            .is_some_and(|gateway| gateway.binary);
        let RawBody {
            octets,
            data_coding,
        } = &arrival.body;
        let find = if binary {
            text::find_binary_envelope
        } else {
            text::find_envelope
        };
        let envelope = find(octets, *data_coding);
        match envelope {
            Some(envelope) => self.take_in_envelope(now, arrival, &envelope, archive),
            None => match legacy::find(octets, *data_coding) {
                Some(sealed) => self.take_in_legacy(now, arrival, &sealed, archive),
                None => Ok(self.keep_unreadable(now, arrival, UnreadableReason::NotAFrame, None)),
            },
        }
    }

    /// PROTOCOL 1, "The desk", lines 1 to 3.
    fn take_in_envelope(
        &mut self,
        now: Now,
        arrival: &Arrival,
        octets: &[u8],
        archive: &dyn Archive,
    ) -> Result<Option<(Seq, Outcome)>, StoreError> {
        let unreadable = |engine: &mut Self, reason, device| {
            Ok(engine.keep_unreadable(now, arrival, reason, device))
        };
        let Ok(header) = Header::parse(octets) else {
            return unreadable(self, UnreadableReason::NotAFrame, None);
        };
        let Some(device) = self.roster.devices.get_mut(&header.device) else {
            return unreadable(self, UnreadableReason::UnknownDevice, None);
        };
        if device.row.revoked {
            return unreadable(self, UnreadableReason::RevokedDevice, Some(header.device));
        }
        let digest = envelope::digest(octets);
        let Ok(plaintext) = envelope::open(&device.keys.to_desk, octets) else {
            return Ok(self.keep_wrong_tag(now, arrival, header.device, digest));
        };
        let employee = device.row.employee;
        let judgement = device.window(header.kind).judge(header.counter, digest);
        let content = match header.kind {
            Kind::ATTENDANCE => Attendance::decode(&plaintext).ok(),
            _ => None,
        };
        let opened = Opened {
            header,
            employee,
            digest,
            content,
        };
        match judgement {
            Judgement::Copy(decided) => self.take_copy(now, arrival, &opened, &decided, archive),
            Judgement::Replay => self.refuse_replay(now, arrival, &opened, archive),
            Judgement::Fresh => self.decide(now, arrival, &opened, archive).map(Some),
        }
    }

    /// Lines 4 to 7: these consume the counter and are final.
    fn decide(
        &mut self,
        now: Now,
        arrival: &Arrival,
        opened: &Opened,
        archive: &dyn Archive,
    ) -> Result<(Seq, Outcome), StoreError> {
        let is_overtaken = self.is_overtaken(opened, archive)?;
        let mut row = self.row_of(arrival, opened);
        row.outcome = self.judge_content(arrival, opened, &mut row);
        if row.outcome == Outcome::Recorded {
            row.at = Some(self.time_that_counts(now, arrival, &mut row));
        }
        let seq = self.journal.next_seq();
        row.answer = self.answer_first(now, &row, seq, opened.header.kind);
        let outcome = row.outcome;
        if let (Outcome::Recorded, Some(at), Some(action), false) =
            (outcome, row.at, row.action, row.delayed)
        {
            if action == Action::In {
                self.came(now, opened.employee, at);
            }
            let presence = Presence {
                action,
                at,
                seq,
                device: Some((opened.header.device, opened.header.counter)),
                source: PresenceSource::Sealed,
                note: Presence::note_of(&row.note),
                clock_off_min: clock_off_min(&row, at),
            };
            if !is_overtaken {
                self.place(now, opened.employee, presence);
            }
        }
        let decided = DecidedRow {
            digest: opened.digest,
            seq,
            answer: row.answer,
            copies: 0,
        };
        self.keep_decision(opened.header, &decided);
        self.append_message(now, row);
        self.unopened.remove(&opened.employee);
        self.end_legacy(now, opened.employee);
        Ok((seq, outcome))
    }

    /// Whether a later check-in of the same device counts already: it says who is present now, or said so before a mark.
    fn is_overtaken(&mut self, opened: &Opened, archive: &dyn Archive) -> Result<bool, StoreError> {
        let Header {
            kind,
            device,
            counter,
        } = opened.header;
        let Some(device) = self.roster.devices.get_mut(&device) else {
            return Ok(false);
        };
        for seq in device.window(kind).above(counter) {
            let later = self.message_row(seq, archive)?;
            if later.is_some_and(|row| row.outcome == Outcome::Recorded && !row.delayed) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn judge_content(&self, arrival: &Arrival, opened: &Opened, row: &mut MessageRow) -> Outcome {
        let Some(content) = &opened.content else {
            row.raw = Some(arrival.body.clone());
            return Outcome::Unreadable(UnreadableReason::Malformed);
        };
        if self
            .roster
            .employees
            .get(&opened.employee)
            .is_none_or(|employee| employee.suspended)
        {
            return Outcome::Refused(RefusedReason::Suspended);
        }
        let ahead_ms = content.claimed_at.ms_since(arrival.received_at);
        let rules = &self.settings.rules;
        let too_far = ahead_ms > rules.refuse_ahead_ms || -ahead_ms > rules.refuse_behind_ms;
        let is_unsure = self.clock.is_unsure(self.journal.newest())
            || arrival.received_at < self.settings.released_at;
        if too_far && !is_unsure {
            return Outcome::Refused(RefusedReason::Clock);
        }
        Outcome::Recorded
    }

    /// PROTOCOL 1, "What the time means".
    fn time_that_counts(&mut self, now: Now, arrival: &Arrival, row: &mut MessageRow) -> Millis {
        let received_at = arrival.received_at;
        let claimed_at = row.claimed_at.unwrap_or(received_at);
        let link = self.links.get_mut(&arrival.gateway);
        let gap = link
            .as_ref()
            .and_then(|link| link.gap())
            .filter(|_| arrival.retry_of.is_none());
        let rules = &self.settings.rules;
        let mut waited_from = received_at;
        let mut at = received_at;
        if let Some((from, up_at)) = gap
            && claimed_at < up_at
        {
            at = claimed_at.max(from.min(received_at)).min(received_at);
            waited_from = from.min(received_at);
            row.link_gap = true;
            row.clock_off = at.ms_since(claimed_at).saturating_abs() > rules.clock_tolerance_ms;
            // A phone whose clock is wrong tells nothing of the backlog, nor does the desk's where it was put back.
            if let Some(link) = link.filter(|_| !row.clock_off && up_at <= received_at) {
                link.backlog_came(now.tick);
            }
        }
        row.delayed = waited_from.ms_since(claimed_at) > rules.delayed_after_ms
            || self
                .restored_at
                .is_some_and(|restored_at| claimed_at < restored_at);
        at
    }

    /// Line 2: the same answer again. PROTOCOL 1, "Answers cost money".
    fn take_copy(
        &mut self,
        now: Now,
        arrival: &Arrival,
        opened: &Opened,
        decided: &DecidedRow,
        archive: &dyn Archive,
    ) -> Result<Option<(Seq, Outcome)>, StoreError> {
        let answer = self.answer_again(now, arrival, decided, opened.header.kind, archive)?;
        let mut decided = DecidedRow {
            answer,
            ..decided.clone()
        };
        let mut written = None;
        if decided.copies < COPIES || arrival.retry_of.is_some() {
            decided.copies = decided.copies.saturating_add(1);
            let mut row = self.row_of(arrival, opened);
            row.outcome = Outcome::Duplicate;
            // It says when it was sealed first, not what the clock says now.
            row.clock_off = false;
            row.answer = answer;
            let outcome = row.outcome;
            written = Some((self.append_message(now, row), outcome));
        } else {
            self.count_copy(arrival);
        }
        self.update_decision(opened.header, decided);
        Ok(written)
    }

    /// Line 3: not recorded, the highest counter stays.
    fn refuse_replay(
        &mut self,
        now: Now,
        arrival: &Arrival,
        opened: &Opened,
        archive: &dyn Archive,
    ) -> Result<Option<(Seq, Outcome)>, StoreError> {
        let (device, employee) = (opened.header.device, opened.employee);
        if arrival.retry_of.is_none() && !self.bounds.keeps_replay(device) {
            self.count_over_bound(arrival);
            return Ok(None);
        }
        let mut row = self.row_of(arrival, opened);
        row.outcome = Outcome::Replay;
        row.raw = Some(arrival.body.clone());
        let seq = self.journal.next_seq();
        row.answer = self.answer_replay(now, &row, seq, opened.header.kind, archive)?;
        self.alarms
            .raise(now.wall, AlarmKind::TwoPlaces { device, employee });
        Ok(Some((self.append_message(now, row), Outcome::Replay)))
    }

    /// Line 1: kept with its octets, no answer. A retry that is as unreadable as before writes nothing.
    pub(super) fn keep_unreadable(
        &mut self,
        now: Now,
        arrival: &Arrival,
        reason: UnreadableReason,
        device: Option<DeviceId>,
    ) -> Option<(Seq, Outcome)> {
        if arrival.retry_of.is_some() {
            return None;
        }
        if !self.bounds.keeps(&arrival.source.octets, device) {
            self.count_over_bound(arrival);
            return None;
        }
        let number = number_of(&arrival.source, self.settings.country);
        let employee = number
            .as_ref()
            .and_then(|number| self.roster.by_phone(number));
        if number.is_some() && employee.is_none() {
            self.alarms.raise(now.wall, AlarmKind::UnknownSenders);
        }
        let mut row = blank_row(arrival);
        row.outcome = Outcome::Unreadable(reason);
        row.device = device;
        row.employee = employee;
        row.raw = Some(arrival.body.clone());
        let outcome = row.outcome;
        Some((self.append_message(now, row), outcome))
    }

    /// Writes a message down and tells the consoles.
    pub(super) fn append_message(&mut self, now: Now, row: MessageRow) -> Seq {
        let seq = self.journal.next_seq();
        let answer = row.answer.and_then(|id| self.outbox.get(id));
        let employee = row.employee;
        let roster = &self.roster;
        self.journal
            .publish(|| Event::Feed(facts::message_line(seq, &row, roster, answer)));
        self.journal.append(now, Entry::Message(Box::new(row)));
        if let Some(employee) = employee {
            self.publish_person(now, employee);
        }
        seq
    }

    /// A row of the ledger, written or about to be.
    pub(super) fn ledger_row(
        &self,
        seq: Seq,
        archive: &dyn Archive,
    ) -> Result<Option<LedgerRow>, StoreError> {
        match self.journal.unwritten(seq) {
            Some(row) => Ok(Some(row.clone())),
            None => archive.ledger_row(seq),
        }
    }

    pub(super) fn count_over_bound(&mut self, arrival: &Arrival) {
        self.bounds.drop_unreadable();
        if let Some(link) = self.links.get_mut(&arrival.gateway) {
            link.counters.unreadable_over_bound += 1;
        }
        self.count();
    }

    pub(super) fn count_copy(&mut self, arrival: &Arrival) {
        self.bounds.drop_copy();
        if let Some(link) = self.links.get_mut(&arrival.gateway) {
            link.counters.copies_over_bound += 1;
        }
        self.count();
    }

    /// Two different envelopes from one employee's number that do not open: a new or restored phone.
    fn keep_wrong_tag(
        &mut self,
        now: Now,
        arrival: &Arrival,
        device: DeviceId,
        digest: Digest,
    ) -> Option<(Seq, Outcome)> {
        let kept = self.keep_unreadable(now, arrival, UnreadableReason::WrongTag, Some(device))?;
        let number = number_of(&arrival.source, self.settings.country);
        if let Some(employee) = number.and_then(|number| self.roster.by_phone(&number)) {
            let held = self.unopened.entry(employee).or_default();
            let is_repeat = held.contains(&digest);
            if !is_repeat && !held.is_empty() {
                self.alarms.raise(now.wall, AlarmKind::Key { employee });
            }
            if !is_repeat {
                held.truncate(UNOPENED_HELD - 1);
                held.push_front(digest);
            }
        }
        Some(kept)
    }

    fn keep_decision(&mut self, header: Header, decided: &DecidedRow) {
        let series = Series {
            device: header.device,
            kind: header.kind.number(),
        };
        self.journal
            .batch
            .decided
            .insert((series, header.counter), decided.clone());
        let Some(device) = self.roster.devices.get_mut(&header.device) else {
            return;
        };
        if let Some(below) = device.window(header.kind).decide(header.counter, decided) {
            self.journal.batch.forget_below.insert(series, below);
        }
    }

    fn update_decision(&mut self, header: Header, decided: DecidedRow) {
        let Some(device) = self.roster.devices.get_mut(&header.device) else {
            return;
        };
        let window = device.window(header.kind);
        let Some(held) = window.decided(header.counter) else {
            return;
        };
        if held != decided {
            window.restore(header.counter, &decided);
            let series = Series {
                device: header.device,
                kind: header.kind.number(),
            };
            self.journal
                .batch
                .decided
                .insert((series, header.counter), decided);
        }
    }

    /// An employee who sends sealed messages is done with the 2023 format.
    fn end_legacy(&mut self, now: Now, employee: EmployeeId) {
        let Some(card) = self.roster.employees.get_mut(&employee) else {
            return;
        };
        if !std::mem::take(&mut card.legacy) {
            return;
        }
        self.journal.batch.employees.insert(employee, card.clone());
        let by = Operator {
            user: "hazir".into(),
            desk: String::new(),
        };
        self.journal.append(
            now,
            Entry::Desk {
                by,
                act: DeskAct::LegacyEnded(employee),
            },
        );
        self.journal.publish(|| Event::Roster);
    }

    fn row_of(&self, arrival: &Arrival, opened: &Opened) -> MessageRow {
        let mut row = blank_row(arrival);
        row.employee = Some(opened.employee);
        row.device = Some(opened.header.device);
        row.counter = Some(opened.header.counter);
        row.digest = Some(opened.digest);
        if let Some(content) = &opened.content {
            row.action = Some(content.action);
            row.claimed_at = Some(content.claimed_at);
            row.note.clone_from(&content.note);
            let off_ms = content
                .claimed_at
                .ms_since(arrival.received_at)
                .saturating_abs();
            row.clock_off = off_ms > self.settings.rules.clock_tolerance_ms;
        }
        row
    }
}

/// By how many minutes the phone's clock is ahead, where that is more than the tolerance.
pub(super) fn clock_off_min(row: &MessageRow, at: Millis) -> i16 {
    let claimed_at = row.claimed_at.filter(|_| row.clock_off);
    let off_min = claimed_at.map_or(0, |claimed_at| claimed_at.ms_since(at) / Millis::MINUTE);
    let most = i64::from(i16::MAX);
    i16::try_from(off_min.clamp(-most, most)).unwrap_or(0)
}

pub(super) fn blank_row(arrival: &Arrival) -> MessageRow {
    MessageRow {
        received_at: arrival.received_at,
        gateway: arrival.gateway.clone(),
        sender: arrival.source.clone(),
        destination: arrival.destination.clone(),
        outcome: Outcome::Unreadable(UnreadableReason::NotAFrame),
        at: None,
        delayed: false,
        link_gap: false,
        clock_off: false,
        weak: false,
        employee: None,
        device: None,
        counter: None,
        action: None,
        claimed_at: None,
        note: String::new(),
        digest: None,
        answer: None,
        retry_of: arrival.retry_of,
        raw: None,
    }
}
