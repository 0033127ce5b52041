//! Every row of the ledger as a line of the log.

use super::core::Engine;
use super::links::Link;
use super::presence::AHEAD_MS;
use super::{Now, facts};
use crate::api::{LogFilter, LogKind, LogLine, LogWhat, PAGE, Reply};
use crate::domain::{
    DeskAct, EmployeeId, Entry, GatewayName, LedgerRow, Millis, OutboxId, OutboxRow, Outcome, Seq,
};
use crate::store::{Archive, StoreError};

/// Rows that one query looks through for lines of a kind: some milliseconds of the engine's time. The caller goes on
/// from there.
pub(super) const LOOKED: usize = 4 * PAGE;

impl Engine {
    /// A page of the log, the newest line first.
    pub(super) fn log_page(
        &self,
        now: Now,
        before: Option<Seq>,
        filter: &LogFilter,
        archive: &dyn Archive,
    ) -> Result<Reply, StoreError> {
        let mut end = before.unwrap_or(self.journal.next_seq());
        end = end.min(self.journal.next_seq());
        let is_ahead = self.is_ledger_ahead(now);
        if let Some(until) = filter.until.filter(|_| !is_ahead) {
            end = end.min(Seq(archive.seq_before(until)?.0 + 1));
        }
        let floor = match filter.from {
            Some(from) => archive.seq_before(from)?,
            None => Seq(0),
        };
        let (mut lines, mut looked) = (Vec::new(), 0);
        while looked < LOOKED && lines.len() < PAGE {
            let rows = rows_before(filter.employee, end, floor, archive)?;
            let Some(last) = rows.last() else {
                return Ok(Reply::Log { lines, next: None });
            };
            end = last.seq;
            looked += rows.len();
            for (at, row) in rows.iter().enumerate() {
                let is_kind = filter.kind.is_none_or(|kind| kind_of(&row.entry) == kind);
                if is_kind && (!is_ahead || is_within(filter, row)) {
                    lines.push(self.log_line(row, &rows[at + 1..], Some(archive))?);
                }
                if lines.len() == PAGE {
                    end = row.seq;
                    break;
                }
            }
        }
        let next = (end.0 > floor.0 + 1).then_some(end);
        Ok(Reply::Log { lines, next })
    }

    /// Whether the clock was ahead and was put back: rows are written as late as the newest of them until it is there again,
    /// so that what was written before a moment cannot be found without looking.
    pub(super) fn is_ledger_ahead(&self, now: Now) -> bool {
        self.journal.newest().ms_since(now.wall) > AHEAD_MS
    }

    /// The last `most` lines of the log, oldest first.
    pub(super) fn last_lines(
        &self,
        most: usize,
        archive: &dyn Archive,
    ) -> Result<Vec<LogLine>, StoreError> {
        let after = (self.journal.next_seq().0 - 1).saturating_sub(most as u64);
        let mut rows = archive.ledger_page(Seq(after), most)?;
        rows.reverse();
        let lines = rows.iter().enumerate();
        let lines = lines.map(|(at, row)| self.log_line(row, &rows[at + 1..], Some(archive)));
        let mut lines = lines.collect::<Result<Vec<_>, _>>()?;
        lines.reverse();
        Ok(lines)
    }

    /// A row as a line. `older` are the rows before it that were read with it, newest first. Without `archive` the row is
    /// one that was made just now, and what is in memory is all that is asked.
    pub(super) fn log_line(
        &self,
        row: &LedgerRow,
        older: &[LedgerRow],
        archive: Option<&dyn Archive>,
    ) -> Result<LogLine, StoreError> {
        let name = |employee| facts::name(employee, &self.roster);
        let (seq, at) = (row.seq, at_of(row));
        let what = match &row.entry {
            Entry::Message(message) => {
                let answer = match message.answer {
                    Some(id) => self.answer(id, archive)?,
                    None => None,
                };
                let line = facts::message_line(row.seq, message, &self.roster, answer.as_ref());
                LogWhat::Feed(Box::new(line))
            }
            Entry::Mark(mark) => {
                LogWhat::Feed(Box::new(facts::mark_line(row.seq, mark, &self.roster)))
            }
            Entry::LinkUp { gateway } => LogWhat::LinkUp {
                gateway: gateway.clone(),
                gap_from: if archive.is_some() {
                    gap_before(gateway, older)
                } else {
                    let gap = self.links.get(gateway).and_then(Link::gap);
                    gap.map(|(from, _)| from)
                },
            },
            Entry::LinkDown { gateway, cause, .. } => LogWhat::LinkDown {
                gateway: gateway.clone(),
                cause: *cause,
            },
            Entry::EngineStarted {
                version,
                alive_until,
            } => LogWhat::EngineStarted {
                version: version.clone(),
                alive_until: *alive_until,
            },
            Entry::EngineStopped { .. } => LogWhat::EngineStopped,
            Entry::Desk { by, act } => {
                let employee = self.employee_of(act, row.seq, archive)?;
                LogWhat::Desk {
                    by: by.clone(),
                    act: act.clone(),
                    employee,
                    name: name(employee),
                }
            }
            Entry::Note(note) => LogWhat::Note {
                by: note.by.clone(),
                employee: note.employee,
                name: name(note.employee),
                about: note.reverses.or(note.about),
                text: note.text.clone(),
            },
            Entry::OverBound(over) => LogWhat::OverBound(over.clone()),
        };
        Ok(LogLine { seq, at, what })
    }

    /// Whom an act at a desk is about.
    fn employee_of(
        &self,
        act: &DeskAct,
        seq: Seq,
        archive: Option<&dyn Archive>,
    ) -> Result<Option<EmployeeId>, StoreError> {
        Ok(match act {
            DeskAct::EmployeeAdded(id)
            | DeskAct::EmployeeEdited(id)
            | DeskAct::EmployeeSuspended(id)
            | DeskAct::EmployeeResumed(id)
            | DeskAct::LegacyEnded(id)
            | DeskAct::DeviceEnrolled(_, id) => Some(*id),
            DeskAct::DeviceRevoked(device) | DeskAct::DeviceUnrevoked(device) => {
                let device = self.roster.devices.get(device);
                device.map(|device| device.row.employee)
            }
            DeskAct::Acknowledged(_, kind)
            | DeskAct::Shelved(_, kind, _)
            | DeskAct::Unshelved(_, kind)
            | DeskAct::Unacknowledged(_, kind) => kind.employee(),
            DeskAct::Requeued(id) | DeskAct::GaveUp(id) => {
                self.answer(*id, archive)?.map(|row| row.employee)
            }
            // The row before it says what became of the message.
            DeskAct::Reopened(_) => self.row_before(seq, archive)?,
            DeskAct::NumbersShown => None,
        })
    }

    fn answer(
        &self,
        id: OutboxId,
        archive: Option<&dyn Archive>,
    ) -> Result<Option<OutboxRow>, StoreError> {
        match archive {
            Some(archive) => self.outbox_row(id, archive),
            None => Ok(self.outbox.get(id).cloned()),
        }
    }

    fn row_before(
        &self,
        seq: Seq,
        archive: Option<&dyn Archive>,
    ) -> Result<Option<EmployeeId>, StoreError> {
        let before = Seq(seq.0.saturating_sub(1));
        let row = match archive {
            Some(archive) => self.ledger_row(before, archive)?,
            None => self.journal.unwritten(before).cloned(),
        };
        Ok(row.and_then(|row| row.entry.employee()))
    }
}

/// Up to a page of rows after `floor` and before `end`, newest first.
fn rows_before(
    employee: Option<EmployeeId>,
    end: Seq,
    floor: Seq,
    archive: &dyn Archive,
) -> Result<Vec<LedgerRow>, StoreError> {
    let mut rows = if let Some(employee) = employee {
        archive.ledger_of_before(employee, end, PAGE)?
    } else {
        let after = floor.0.max(end.0.saturating_sub(1 + PAGE as u64));
        let count = usize::try_from(end.0.saturating_sub(1 + after)).unwrap_or(PAGE);
        let mut rows = archive.ledger_page(Seq(after), count)?;
        rows.reverse();
        rows
    };
    rows.retain(|row| row.seq > floor);
    Ok(rows)
}

/// Whether a row is of the time that is asked for, by when it came in or was made.
fn is_within(filter: &LogFilter, row: &LedgerRow) -> bool {
    let at = at_of(row);
    filter.from.is_none_or(|from| at >= from) && filter.until.is_none_or(|until| at < until)
}

/// When it was written; of a message or mark, when it came in or was made.
fn at_of(row: &LedgerRow) -> Millis {
    match &row.entry {
        Entry::Message(message) => message.received_at,
        Entry::Mark(mark) => mark.marked_at,
        Entry::LinkUp { .. }
        | Entry::LinkDown { .. }
        | Entry::EngineStarted { .. }
        | Entry::EngineStopped { .. }
        | Entry::Desk { .. }
        | Entry::Note(_)
        | Entry::OverBound(_) => row.logged_at,
    }
}

/// Since when messages may have waited at a gateway that is bound again, as far as the rows before it tell. They do not
/// tell that a backlog from before an earlier break had not drained yet.
fn gap_before(gateway: &GatewayName, older: &[LedgerRow]) -> Option<Millis> {
    let mut gap_from = None;
    for row in older {
        match &row.entry {
            Entry::LinkDown {
                gateway: down,
                heard_at,
                ..
            } if down == gateway => return Some(*heard_at),
            Entry::LinkUp { gateway: up } if up == gateway => return gap_from,
            Entry::EngineStarted { alive_until, .. } => gap_from = alive_until.or(gap_from),
            Entry::Message(_)
            | Entry::Mark(_)
            | Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::Note(_)
            | Entry::OverBound(_) => {}
        }
    }
    gap_from
}

/// What kind of line a row is.
const fn kind_of(entry: &Entry) -> LogKind {
    match entry {
        Entry::Message(message) => match message.outcome {
            Outcome::Recorded | Outcome::Duplicate => LogKind::CheckIns,
            Outcome::Replay | Outcome::Refused(_) | Outcome::Unreadable(_) => LogKind::Problems,
        },
        Entry::OverBound(_) => LogKind::Problems,
        Entry::Mark(_) | Entry::Desk { .. } | Entry::Note(_) => LogKind::Desk,
        Entry::LinkUp { .. }
        | Entry::LinkDown { .. }
        | Entry::EngineStarted { .. }
        | Entry::EngineStopped { .. } => LogKind::Link,
    }
}
