//! PROTOCOL 2, "The 2023 format": the number is all the identity there is, and the key is public.

use super::Now;
use super::core::Engine;
use super::intake::{Arrival, blank_row, clock_off_min};
use super::roster::number_of;
use crate::domain::{
    Action, DecidedRow, Digest, EmployeeId, MessageRow, Millis, OutboxId, Outcome, Presence,
    PresenceSource, Priority, RefusedReason, Seq, SmsBody, UnreadableReason,
};
use crate::protocol::Kind;
use crate::protocol::legacy::{self, LegacyError, LegacyMessage};
use crate::store::{Archive, StoreError};

/// Answers that a number gets in a day.
pub(super) const ANSWERS_A_DAY: u16 = 6;
/// A text without a year is the same message for so long; one with a year for ever.
const SAME_FOR_MS: i64 = 20 * Millis::HOUR;

impl Engine {
    /// Decides about a message in the 2023 format.
    pub(super) fn take_in_legacy(
        &mut self,
        now: Now,
        arrival: &Arrival,
        ciphertext: &[u8],
        archive: &dyn Archive,
    ) -> Result<Option<(Seq, Outcome)>, StoreError> {
        let unreadable =
            |engine: &mut Self, reason| Ok(engine.keep_unreadable(now, arrival, reason, None));
        let number = number_of(&arrival.source, self.settings.country);
        let card = number.and_then(|number| self.roster.by_phone(&number));
        let card = card.and_then(|employee| self.roster.employees.get(&employee));
        let Some(card) = card.filter(|card| card.legacy) else {
            return unreadable(self, UnreadableReason::LegacyOff);
        };
        let (employee, suspended) = (card.id, card.suspended);
        let message = match legacy::open(ciphertext) {
            Ok(message) => message,
            Err(LegacyError::Malformed) => return unreadable(self, UnreadableReason::Malformed),
            Err(LegacyError::WrongKey | LegacyError::NotAFrame) => {
                return unreadable(self, UnreadableReason::WrongTag);
            }
        };
        let digest = legacy::digest(&message.text);
        if let Some(first) = self.seen(arrival, employee, digest, &message, archive)? {
            return self.take_legacy_copy(now, arrival, employee, &message, first, archive);
        }
        // Whoever knows the number can write this: it is bounded as what cannot be read is.
        if !self.keeps_legacy(arrival, employee) {
            self.count_over_bound(arrival);
            return Ok(None);
        }
        let mut row = self.legacy_row(arrival, employee, &message);
        if suspended {
            row.outcome = Outcome::Refused(RefusedReason::Suspended);
            let outcome = row.outcome;
            return Ok(Some((self.append_message(now, row), outcome)));
        }
        let seq = self.journal.next_seq();
        row.outcome = Outcome::Recorded;
        row.at = Some(arrival.received_at);
        let today = self.settings.date(arrival.received_at);
        let restored_at = self.restored_at.unwrap_or(Millis(i64::MIN));
        row.delayed = message.when.date.is_some_and(|date| date != today)
            || row.claimed_at.is_some_and(|at| at < restored_at);
        row.answer = self.answer_legacy(now, &row, seq);
        if !row.delayed {
            if message.action == Action::In {
                self.came(now, employee, arrival.received_at);
            }
            let presence = Presence {
                action: message.action,
                at: arrival.received_at,
                seq,
                device: None,
                source: PresenceSource::Weak,
                note: String::new(),
                clock_off_min: clock_off_min(&row, arrival.received_at),
            };
            self.place(now, employee, presence);
        }
        self.journal.batch.legacy.insert((employee, digest), seq);
        Ok(Some((self.append_message(now, row), Outcome::Recorded)))
    }

    /// The row that recorded this text, where it is the same message.
    fn seen(
        &self,
        arrival: &Arrival,
        employee: EmployeeId,
        digest: Digest,
        message: &LegacyMessage,
        archive: &dyn Archive,
    ) -> Result<Option<(Seq, MessageRow)>, StoreError> {
        let seq = match self.journal.batch.legacy.get(&(employee, digest)) {
            Some(seq) => Some(*seq),
            None => archive.legacy_seen(employee, digest)?,
        };
        let Some(seq) = seq else { return Ok(None) };
        let Some(row) = self.message_row(seq, archive)? else {
            return Ok(None);
        };
        let apart_ms = arrival.received_at.ms_since(row.received_at);
        let is_same = message.when.has_year || apart_ms.saturating_abs() < SAME_FOR_MS;
        Ok(is_same.then_some((seq, row)))
    }

    /// The same text again: the same receipt again, while the day's budget lasts.
    fn take_legacy_copy(
        &mut self,
        now: Now,
        arrival: &Arrival,
        employee: EmployeeId,
        message: &LegacyMessage,
        (seq, first): (Seq, MessageRow),
        archive: &dyn Archive,
    ) -> Result<Option<(Seq, Outcome)>, StoreError> {
        let decided = DecidedRow {
            digest: legacy::digest(&message.text),
            seq,
            answer: first.answer,
            copies: 0,
        };
        let answer = self.answer_again(now, arrival, &decided, Kind::ATTENDANCE, archive)?;
        if !self.keeps_legacy(arrival, employee) {
            self.count_copy(arrival);
            return Ok(None);
        }
        let mut row = self.legacy_row(arrival, employee, message);
        row.outcome = Outcome::Duplicate;
        row.answer = answer;
        Ok(Some((self.append_message(now, row), Outcome::Duplicate)))
    }

    /// A receipt goes to the number on the card only, which is the number that this came from.
    pub(super) fn answer_legacy(
        &mut self,
        now: Now,
        row: &MessageRow,
        seq: Seq,
    ) -> Option<OutboxId> {
        let number = number_of(&row.sender, self.settings.country)?;
        if self.numbers.is_ours(&number, &row.destination) {
            return None;
        }
        self.spend_repeat(now, row)?;
        let body = SmsBody::Text(legacy::receipt(&row.note));
        self.queue_body(now, row, seq, body, row.sender.clone(), Priority::First)
    }

    /// What a person at a desk opens again is kept, whatever strangers sent.
    fn keeps_legacy(&mut self, arrival: &Arrival, employee: EmployeeId) -> bool {
        arrival.retry_of.is_some() || self.bounds.keeps_legacy(employee)
    }

    fn legacy_row(
        &self,
        arrival: &Arrival,
        employee: EmployeeId,
        message: &LegacyMessage,
    ) -> MessageRow {
        let mut row = blank_row(arrival);
        row.weak = true;
        row.employee = Some(employee);
        row.action = Some(message.action);
        row.claimed_at = message.when.at().and_then(|at| self.settings.moment(at));
        row.note.clone_from(&message.text);
        let tolerance_ms = self.settings.rules.clock_tolerance_ms;
        row.clock_off = row.claimed_at.is_some_and(|claimed_at| {
            arrival.received_at.ms_since(claimed_at).saturating_abs() > tolerance_ms
        });
        row
    }
}
