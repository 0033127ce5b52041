//! Rows as consoles and commands see them.

use super::Now;
use super::links::Link;
use super::outbox::Outbox;
use super::roster::{Device, Roster};
use crate::api::{
    AlarmFact, AlarmState, DeviceFact, FeedLine, FeedOutcome, LinkFact, LinkState, OutboxFact,
    PersonFact, PersonPresence, ReceiptFact,
};
use crate::domain::{
    Action, AlarmRow, DownCause, Employee, EmployeeId, Entry, GatewayName, LedgerRow, MarkRow,
    MessageRow, Millis, OutboxRow, Outcome, PersonState, Seq,
};

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) fn outbox(row: &OutboxRow) -> OutboxFact {
    OutboxFact {
        id: row.id,
        seq: row.seq,
        to: row.to.text(),
        kind: row.kind,
        state: row.state,
        attempts: row.attempts,
        message_id: row.message_id.clone(),
        next_at: row.next_at,
        error: row.error.clone(),
        gateway: row.gateway.clone(),
        queued_at: row.queued_at,
    }
}

pub(super) fn receipt(row: &OutboxRow) -> ReceiptFact {
    ReceiptFact {
        id: row.id,
        state: row.state,
        attempts: row.attempts,
        message_id: row.message_id.clone(),
    }
}

pub(super) fn alarm(row: &AlarmRow, roster: &Roster, now: Millis) -> AlarmFact {
    let employee = row.kind.employee();
    let shelved = row.is_shelved(now);
    let state = match (&row.seen, row.ended_at) {
        _ if shelved => AlarmState::Shelved,
        (None, None) => AlarmState::New,
        (None, Some(_)) => AlarmState::Ended,
        (Some(_), _) => AlarmState::Seen,
    };
    AlarmFact {
        id: row.id,
        kind: row.kind.clone(),
        state,
        since: row.since,
        ended_at: row.ended_at,
        shelved_until: row.shelved_until.filter(|_| shelved),
        count: row.count,
        employee,
        name: employee.and_then(|id| roster.name(id)),
        seen_by: row.seen.as_ref().map(|(by, _)| by.clone()),
    }
}

pub(super) fn link(gateway: &GatewayName, link: &Link, outbox: &mut Outbox, now: Now) -> LinkFact {
    let (waiting, hold) = (outbox.waiting(gateway), outbox.hold(gateway, now.tick));
    let free_at = hold.and_then(|(_, until)| until);
    let (in_flight, window) = outbox.in_flight(gateway);
    let error = match link.state {
        LinkState::Bound => None,
        LinkState::Connecting | LinkState::Down => link.cause,
    };
    LinkFact {
        gateway: gateway.clone(),
        state: link.state,
        since: link.since,
        reply_ms: link.reply_ms,
        replied_at: link.replied_at,
        in_flight: count(in_flight),
        window: count(window),
        last_message_at: link.counters.last_message_at,
        received: link.counters.received,
        submitted: link.counters.submitted,
        drops: link.counters.drops,
        error: error.filter(|cause| *cause != DownCause::Stopping),
        waiting: count(waiting),
        hold: hold.map(|(hold, _)| hold),
        pace_until: free_at.map(|free_at| now.wall.plus_ms(free_at.0.saturating_sub(now.tick.0))),
        unreadable_over_bound: link.counters.unreadable_over_bound,
        copies_over_bound: link.counters.copies_over_bound,
        faults: link.counters.faults,
        breaks: link.counters.breaks.clone(),
        expected: link.watch.missing(),
    }
}

pub(super) fn device(device: &Device, roster: &Roster) -> DeviceFact {
    DeviceFact {
        device: device.row.id,
        employee: device.row.employee,
        name: roster.name(device.row.employee).unwrap_or_default(),
        revoked: device.row.revoked,
        enrolled_at: device.row.enrolled_at,
        highest: device
            .attendance()
            .and_then(super::window::CounterWindow::highest),
        fingerprint: device.fingerprint,
    }
}

/// One person's state; `day_start` is since when somebody may be in.
pub(super) fn person(
    employee: &Employee,
    state: Option<&PersonState>,
    day_start: Millis,
) -> PersonFact {
    let presence = state.and_then(|state| state.presence.as_ref());
    let first_in = state.and_then(|state| state.first_in);
    let today = presence.filter(|presence| presence.at >= day_start);
    let state = match today.map(|presence| presence.action) {
        Some(Action::In) => PersonPresence::In,
        Some(Action::Out) | None => PersonPresence::Out,
    };
    PersonFact {
        employee: employee.id,
        name: employee.name.clone(),
        short: employee.short.clone(),
        state,
        since: today.map(|presence| presence.at),
        first_in: first_in.filter(|at| *at >= day_start),
        seq: today.map(|presence| presence.seq),
        source: today.map(|presence| presence.source),
        clock_off_min: today.map_or(0, |presence| presence.clock_off_min),
        note: today.map_or_else(String::new, |presence| presence.note.clone()),
        team: employee.team.clone(),
        suspended: employee.suspended,
    }
}

/// A line of the feed; `None` where the row is neither a message nor a mark.
pub(super) fn feed_line(
    row: &LedgerRow,
    roster: &Roster,
    answer: Option<&OutboxRow>,
) -> Option<FeedLine> {
    match &row.entry {
        Entry::Message(message) => Some(message_line(row.seq, message, roster, answer)),
        Entry::Mark(mark) => Some(mark_line(row.seq, mark, roster)),
        Entry::LinkUp { .. }
        | Entry::LinkDown { .. }
        | Entry::EngineStarted { .. }
        | Entry::EngineStopped { .. }
        | Entry::Desk { .. }
        | Entry::Note(_)
        | Entry::OverBound(_) => None,
    }
}

pub(super) fn message_line(
    seq: Seq,
    message: &MessageRow,
    roster: &Roster,
    answer: Option<&OutboxRow>,
) -> FeedLine {
    FeedLine {
        seq,
        received_at: message.received_at,
        gateway: Some(message.gateway.clone()),
        sender: Some(message.sender.text()),
        outcome: match message.outcome {
            Outcome::Recorded => FeedOutcome::Recorded,
            Outcome::Duplicate => FeedOutcome::Duplicate,
            Outcome::Replay => FeedOutcome::Replay,
            Outcome::Refused(reason) => FeedOutcome::Refused(reason),
            Outcome::Unreadable(reason) => FeedOutcome::Unreadable(reason),
        },
        delayed: message.delayed,
        at: message.at,
        link_gap: message.link_gap,
        clock_off: message.clock_off,
        employee: message.employee,
        name: name(message.employee, roster),
        device: message.device,
        counter: message.counter,
        action: message.action,
        claimed_at: message.claimed_at,
        note: message.note.clone(),
        weak: message.weak,
        by: None,
        retry_of: message.retry_of,
        receipt: answer.map(receipt),
    }
}

pub(super) fn mark_line(seq: Seq, mark: &MarkRow, roster: &Roster) -> FeedLine {
    FeedLine {
        seq,
        received_at: mark.marked_at,
        gateway: None,
        sender: None,
        outcome: match mark.reverses {
            Some(_) => FeedOutcome::Reversed,
            None => FeedOutcome::ByHand,
        },
        delayed: false,
        at: Some(mark.at),
        link_gap: false,
        clock_off: false,
        employee: Some(mark.employee),
        name: name(Some(mark.employee), roster),
        device: None,
        counter: None,
        action: Some(mark.action),
        claimed_at: None,
        note: mark.reason.clone(),
        weak: false,
        by: Some(mark.by.clone()),
        retry_of: None,
        receipt: None,
    }
}

pub(super) fn name(employee: Option<EmployeeId>, roster: &Roster) -> Option<String> {
    employee.and_then(|id| roster.name(id))
}
