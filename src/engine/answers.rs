use super::Now;
use super::core::Engine;
use super::intake::Arrival;
use super::routes::carry_by;
use crate::domain::{
    Address, AnswerKind, Counter, DayBudget, DecidedRow, DeviceId, EmployeeId, GatewayName,
    MessageRow, Millis, OutboxId, OutboxRow, OutboxState, Outcome, Priority, RefusedReason, Seq,
    SmsBody, UnreadableReason,
};
use crate::protocol::{Answer, Header, Kind, Status, envelope};
use crate::store::{Archive, StoreError};

/// A repeat adds nothing so soon after its answer left.
const FRESH_MS: i64 = 60 * Millis::SECOND;
/// How often a message is answered; after that once a day.
const ANSWERS: u16 = 10;

impl Engine {
    /// The first answer to a message that was decided; `None` where the budget of the day is used up.
    pub(super) fn answer_first(
        &mut self,
        now: Now,
        row: &MessageRow,
        seq: Seq,
        kind: Kind,
    ) -> Option<OutboxId> {
        if row.weak {
            return self.answer_legacy(now, row, seq);
        }
        let status = status_of(row.outcome)?;
        let priority = match status {
            Status::Recorded => self.attendance_priority(now, row),
            Status::Suspended | Status::Clock | Status::Counter | Status::NotUnderstood => {
                self.spend_repeat(now, row)?;
                Priority::Repeat
            }
        };
        let (to, body) = self.seal_answer(row, status, kind)?;
        self.queue_body(now, row, seq, body, to, priority)
    }

    /// The answer to a message whose counter is out of the window or was used: where to go on now.
    pub(super) fn answer_replay(
        &mut self,
        now: Now,
        row: &MessageRow,
        seq: Seq,
        kind: Kind,
        archive: &dyn Archive,
    ) -> Result<Option<OutboxId>, StoreError> {
        let earlier = self.refusal_of(row, archive)?;
        if let Some(entry) = &earlier
            && (is_fresh(entry, now.wall) || is_answered_enough(entry, now.wall))
        {
            return Ok(Some(entry.id));
        }
        let id = earlier.as_ref().map(|entry| entry.id);
        if self.spend_repeat(now, row).is_none() {
            return Ok(id);
        }
        let Some((to, body)) = self.seal_answer(row, Status::Counter, kind) else {
            return Ok(id);
        };
        let Some(mut entry) = earlier else {
            return Ok(self.queue_body(now, row, seq, body, to, Priority::Repeat));
        };
        (entry.to, entry.body) = (to, body);
        entry.answered = entry.answered.saturating_add(1);
        let gateway = row.gateway.clone();
        self.queue_by(now, entry, &gateway, Some(&row.destination));
        Ok(id)
    }

    /// The same answer again, as far as the budgets allow. Returns the entry that answers the message.
    pub(super) fn answer_again(
        &mut self,
        now: Now,
        arrival: &Arrival,
        decided: &DecidedRow,
        kind: Kind,
        archive: &dyn Archive,
    ) -> Result<Option<OutboxId>, StoreError> {
        let Some(row) = self.message_row(decided.seq, archive)? else {
            return Ok(decided.answer);
        };
        let answer = decided.answer;
        let Some(id) = answer.or_else(|| self.outbox.answering(decided.seq)) else {
            return Ok(self.answer_first(now, &row, decided.seq, kind));
        };
        let Some(mut entry) = self.outbox_row(id, archive)? else {
            return Ok(Some(id));
        };
        if is_fresh(&entry, now.wall) {
            self.go_round(now, entry, arrival);
            return Ok(Some(id));
        }
        if is_answered_enough(&entry, now.wall) {
            return Ok(Some(id));
        }
        if self.spend_repeat(now, &row).is_some() {
            entry.priority = entry.priority.max(Priority::Repeat);
            entry.answered = entry.answered.saturating_add(1);
            entry.to = self.answer_to(entry.employee, &row).unwrap_or(entry.to);
            self.queue_by(now, entry, &arrival.gateway, Some(&arrival.destination));
        }
        Ok(Some(id))
    }

    /// An answer that waits for a link that is down leaves by the gateway by which the phone asked again.
    fn go_round(&mut self, now: Now, entry: OutboxRow, arrival: &Arrival) {
        let waits = matches!(entry.state, OutboxState::Queued | OutboxState::Deferred);
        if waits && !self.outbox.is_up(&entry.gateway) && self.outbox.is_up(&arrival.gateway) {
            self.queue_by(now, entry, &arrival.gateway, Some(&arrival.destination));
        }
    }

    /// Queues an entry that is known, to leave by `gateway`, or by the first where the configuration has that no more.
    /// `destination` is the number of ours that was written to, where that is not the one of last time.
    pub(super) fn queue_by(
        &mut self,
        now: Now,
        mut entry: OutboxRow,
        gateway: &GatewayName,
        destination: Option<&Address>,
    ) {
        if let Some(destination) = destination {
            entry.from = destination.clone();
        }
        if let Some(settings) = self.settings.gateway_or_first(gateway) {
            carry_by(&mut entry, settings);
        }
        self.outbox.queue(now, entry);
    }

    /// The refusal that was given to this very message with an old counter.
    fn refusal_of(
        &self,
        row: &MessageRow,
        archive: &dyn Archive,
    ) -> Result<Option<OutboxRow>, StoreError> {
        let of_device =
            |entry: &&OutboxRow| entry.device == row.device && entry.kind == AnswerKind::Refusal;
        for entry in self.outbox.rows().rev().filter(of_device) {
            let refused = self.message_row(entry.seq, archive)?;
            if refused.is_some_and(|refused| {
                refused.outcome == Outcome::Replay && refused.digest == row.digest
            }) {
                return Ok(Some(entry.clone()));
            }
        }
        Ok(None)
    }

    /// An entry of the outbox, in memory or in the store.
    pub(super) fn outbox_row(
        &self,
        id: OutboxId,
        archive: &dyn Archive,
    ) -> Result<Option<OutboxRow>, StoreError> {
        match self
            .outbox
            .get(id)
            .or_else(|| self.journal.batch.outbox.get(&id))
        {
            Some(row) => Ok(Some(row.clone())),
            None => archive.outbox_row(id),
        }
    }

    /// What a device, or the 2023 format, has used up of today.
    pub(super) fn budget(
        &mut self,
        now: Now,
        employee: EmployeeId,
        device: Option<DeviceId>,
    ) -> &mut DayBudget {
        let day = self.calendar.day(&self.settings, now.wall);
        let budget = self.person(employee).budgets.entry(device).or_default();
        if budget.day != day {
            *budget = DayBudget {
                day,
                ..DayBudget::default()
            };
        }
        budget
    }

    /// Queues a sealed body as the answer to a message.
    pub(super) fn queue_body(
        &mut self,
        now: Now,
        row: &MessageRow,
        seq: Seq,
        body: SmsBody,
        to: Address,
        priority: Priority,
    ) -> Option<OutboxId> {
        let employee = row.employee?;
        let id = self.outbox.next_id();
        let entry = OutboxRow {
            id,
            seq,
            kind: match row.outcome {
                Outcome::Recorded => AnswerKind::Receipt,
                Outcome::Duplicate
                | Outcome::Replay
                | Outcome::Refused(_)
                | Outcome::Unreadable(_) => AnswerKind::Refusal,
            },
            employee,
            device: row.device,
            gateway: row.gateway.clone(),
            to,
            from: row.destination.clone(),
            body,
            parts: 1,
            priority,
            state: OutboxState::Queued,
            attempts: 0,
            answered: 1,
            queued_at: now.wall,
            next_at: None,
            sent_at: None,
            message_id: None,
            error: None,
        };
        self.queue_by(now, entry, &row.gateway, None);
        Some(id)
    }

    /// The sealed answer to a message, and where it goes.
    fn seal_answer(
        &mut self,
        row: &MessageRow,
        status: Status,
        kind: Kind,
    ) -> Option<(Address, SmsBody)> {
        let (employee, device, counter, digest) =
            (row.employee?, row.device?, row.counter?, row.digest?);
        let to = self.answer_to(employee, row)?;
        let nonce = self.random();
        let device_state = self.roster.devices.get_mut(&device)?;
        let next = device_state.window(kind).next();
        let next = match status {
            // This very counter is not in the window yet when its answer is made.
            Status::Recorded | Status::Suspended | Status::Clock | Status::NotUnderstood => {
                after(next, counter)
            }
            Status::Counter => next,
        };
        let desk_time = row.at.unwrap_or(row.received_at);
        let plaintext = Answer {
            digest,
            desk_time,
            status,
            next,
        }
        .encode();
        let header = Header {
            kind: Kind::ANSWER,
            device,
            counter,
        };
        let envelope = envelope::seal(&device_state.keys.to_device, header, nonce, &plaintext);
        Some((to, SmsBody::Binary(envelope)))
    }

    fn attendance_priority(&mut self, now: Now, row: &MessageRow) -> Priority {
        let Some(employee) = row.employee else {
            return Priority::First;
        };
        let most = self.settings.receipts.attendance_per_device_per_day;
        let budget = self.budget(now, employee, row.device);
        budget.attendance = budget.attendance.saturating_add(1);
        let priority = if budget.attendance > most {
            Priority::Excess
        } else {
            Priority::First
        };
        self.write_person(employee);
        priority
    }

    /// Counts a repeat or refusal; `None` where the day's are used up.
    pub(super) fn spend_repeat(&mut self, now: Now, row: &MessageRow) -> Option<()> {
        let employee = row.employee?;
        let most = match row.device {
            Some(_) => self.settings.receipts.repeats_per_device_per_day,
            None => super::legacy::ANSWERS_A_DAY,
        };
        let budget = self.budget(now, employee, row.device);
        if budget.repeats >= most {
            return None;
        }
        budget.repeats += 1;
        self.write_person(employee);
        Some(())
    }

    /// Where an answer may go: the sender, where that is the employee's number or a mobile number of the country,
    /// else the number on the card; never a number of ours.
    pub(super) fn answer_to(&mut self, employee: EmployeeId, row: &MessageRow) -> Option<Address> {
        if row.weak {
            // It counts from the number on the card alone, and the phone takes an answer to that number alone.
            return Some(row.sender.clone());
        }
        let card = &self.roster.employees.get(&employee)?.phone;
        let numbers = &mut self.numbers;
        // Most gateways write it as the card does.
        let is_card = row.sender.octets == card.as_str().as_bytes();
        if !is_card {
            let sender = numbers.of(&row.sender);
            let sender = sender.filter(|sender| sender.number == *card || sender.is_mobile);
            if sender.is_some_and(|sender| !numbers.is_ours(&sender.number, &row.destination)) {
                return Some(row.sender.clone());
            }
        }
        let is_ours = numbers.is_ours(card, &row.destination);
        (!is_ours).then(|| {
            if is_card {
                row.sender.clone()
            } else {
                Address::international(card.as_str())
            }
        })
    }

    pub(super) fn message_row(
        &self,
        seq: Seq,
        archive: &dyn Archive,
    ) -> Result<Option<MessageRow>, StoreError> {
        let row = self.ledger_row(seq, archive)?;
        Ok(row.and_then(|row| row.entry.message().cloned()))
    }
}

/// Where the phone goes on once `counter` is decided.
fn after(next: Counter, counter: Counter) -> Counter {
    let own = Counter(counter.0.checked_add(1).unwrap_or(0));
    if next.0 == 0 || own.0 == 0 {
        Counter(0)
    } else {
        next.max(own)
    }
}

/// The status that an outcome is answered with; `None` where nothing is answered.
const fn status_of(outcome: Outcome) -> Option<Status> {
    match outcome {
        Outcome::Recorded => Some(Status::Recorded),
        Outcome::Refused(RefusedReason::Suspended) => Some(Status::Suspended),
        Outcome::Refused(RefusedReason::Clock) => Some(Status::Clock),
        Outcome::Unreadable(UnreadableReason::Malformed) => Some(Status::NotUnderstood),
        Outcome::Replay => Some(Status::Counter),
        Outcome::Duplicate
        | Outcome::Unreadable(
            UnreadableReason::NotAFrame
            | UnreadableReason::UnknownDevice
            | UnreadableReason::RevokedDevice
            | UnreadableReason::WrongTag
            | UnreadableReason::LegacyOff,
        ) => None,
    }
}

/// Whether an answer waits still, or left so lately that the phone may not have it yet.
fn is_fresh(entry: &OutboxRow, now: Millis) -> bool {
    entry.state.is_open() || entry.sent_at.is_some_and(|at| within(at, now, FRESH_MS))
}

fn is_answered_enough(entry: &OutboxRow, now: Millis) -> bool {
    entry.answered >= ANSWERS && entry.sent_at.is_some_and(|at| within(at, now, Millis::DAY))
}

fn within(at: Millis, now: Millis, span_ms: i64) -> bool {
    (0..span_ms).contains(&now.ms_since(at))
}
