use super::Now;
use super::core::Engine;
use super::intake::Arrival;
use super::roster::number_of;
use super::settings::GatewaySettings;
use crate::domain::{
    Address, AnswerKind, Counter, DayBudget, DecidedRow, DeviceId, EmployeeId, Entry, GatewayName,
    MessageRow, Millis, OutboxId, OutboxRow, OutboxState, Outcome, Priority, RefusedReason, Seq,
    SmsBody, UnreadableReason,
};
use crate::protocol::{Answer, Header, Kind, Status, envelope, frame};
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
        self.queue_answer(now, row, seq, status, priority)
    }

    /// The answer to a message whose counter is out of the window or was used: where to go on.
    pub(super) fn answer_replay(
        &mut self,
        now: Now,
        row: &MessageRow,
        seq: Seq,
    ) -> Option<OutboxId> {
        let (device, digest) = (row.device?, row.digest?);
        let held = self.roster.devices.get(&device)?.replay_answer(digest);
        if let Some(held) = held
            && self
                .outbox
                .get(held)
                .is_some_and(|entry| is_fresh(entry, now.wall))
        {
            return Some(held);
        }
        self.spend_repeat(now, row)?;
        let id = self.queue_answer(now, row, seq, Status::Counter, Priority::Repeat)?;
        self.roster
            .devices
            .get_mut(&device)?
            .remember_replay(digest, id);
        Some(id)
    }

    /// The same answer again, as far as the budgets allow. Returns the entry that answers the message.
    pub(super) fn answer_again(
        &mut self,
        now: Now,
        arrival: &Arrival,
        decided: &DecidedRow,
        archive: &dyn Archive,
    ) -> Result<Option<OutboxId>, StoreError> {
        let Some(row) = self.message_row(decided.seq, archive)? else {
            return Ok(decided.answer);
        };
        let Some(id) = decided.answer else {
            return Ok(self.answer_first(now, &row, decided.seq));
        };
        let Some(mut entry) = self.outbox_row(id, archive)? else {
            return Ok(Some(id));
        };
        if is_fresh(&entry, now.wall) || is_answered_enough(&entry, now.wall) {
            return Ok(Some(id));
        }
        if self.spend_repeat(now, &row).is_some() {
            entry.priority = entry.priority.max(Priority::Repeat);
            entry.answered = entry.answered.saturating_add(1);
            if self.links.contains_key(&arrival.gateway) {
                entry.gateway = arrival.gateway.clone();
                entry.from = self.answer_from(arrival.destination.clone(), &arrival.gateway);
            }
            self.outbox.queue(now, entry);
        }
        Ok(Some(id))
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
        let day = self.settings.day(now.wall);
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
        let characters = match &body {
            SmsBody::Text(text) => text.len(),
            SmsBody::Binary(octets) => octets.len(),
        };
        let settings = self.settings.gateway(&row.gateway);
        let parts = settings.map_or(1, |gateway| gateway.parts(characters));
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
            from: self.answer_from(row.destination.clone(), &row.gateway),
            body,
            parts,
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
        self.outbox.queue(now, entry);
        Some(id)
    }

    fn queue_answer(
        &mut self,
        now: Now,
        row: &MessageRow,
        seq: Seq,
        status: Status,
        priority: Priority,
    ) -> Option<OutboxId> {
        let (employee, device, counter, digest) =
            (row.employee?, row.device?, row.counter?, row.digest?);
        let to = self.answer_to(employee, row)?;
        let nonce = self.random();
        let binary = self
            .settings
            .gateway(&row.gateway)
            .is_some_and(|gateway| gateway.binary);
        let device_state = self.roster.devices.get_mut(&device)?;
        let next = match status {
            // This very counter is not in the window yet when its answer is made.
            Status::Recorded | Status::Suspended | Status::Clock | Status::NotUnderstood => {
                after(device_state.window(Kind::ATTENDANCE).next(), counter)
            }
            Status::Counter => device_state.window(Kind::ATTENDANCE).next(),
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
        let body = if binary {
            SmsBody::Binary(envelope)
        } else {
            SmsBody::Text(frame::encode(&envelope))
        };
        self.queue_body(now, row, seq, body, to, priority)
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
    fn answer_to(&self, employee: EmployeeId, row: &MessageRow) -> Option<Address> {
        let card = &self.roster.employees.get(&employee)?.phone;
        let country = self.settings.country;
        let number = number_of(&row.sender, country);
        let may_cost = number.filter(|number| number == card || number.is_mobile_of(country));
        let (number, to) = match may_cost {
            Some(number) => (number, row.sender.clone()),
            None => (card.clone(), Address::international(card.as_str())),
        };
        let ours = self
            .settings
            .gateways
            .iter()
            .filter_map(|g| g.source_address.as_deref());
        let ours = ours.map(Address::plain).chain([row.destination.clone()]);
        let is_ours = ours
            .filter_map(|ours| number_of(&ours, country))
            .any(|ours| ours == number);
        (!is_ours).then_some(to)
    }

    fn answer_from(&self, destination: Address, gateway: &GatewayName) -> Address {
        let configured = self
            .settings
            .gateway(gateway)
            .and_then(|g: &GatewaySettings| g.source_address.as_ref());
        configured.map_or(destination, |number| Address::international(number))
    }

    fn message_row(
        &self,
        seq: Seq,
        archive: &dyn Archive,
    ) -> Result<Option<MessageRow>, StoreError> {
        Ok(match self.ledger_row(seq, archive)?.map(|row| row.entry) {
            Some(Entry::Message(row)) => Some(*row),
            Some(
                Entry::Mark(_)
                | Entry::LinkUp { .. }
                | Entry::LinkDown { .. }
                | Entry::EngineStarted { .. }
                | Entry::EngineStopped { .. }
                | Entry::Desk { .. }
                | Entry::OverBound(_),
            )
            | None => None,
        })
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
