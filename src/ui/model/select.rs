//! What is selected, and what it is about.

use super::{Model, Pane, RowId, Screen};
use crate::api::{LogLine, LogWhat};
use crate::domain::{AlarmId, EmployeeId, OutboxId, Seq};

impl Model {
    /// What stands under the cursor of a pane, as a frame last showed it.
    pub fn selected(&self, pane: Pane) -> Option<&RowId> {
        let cursor = self.cursors.get(&pane)?;
        cursor.on.as_ref().or(cursor.shown.as_ref())
    }

    /// The person that the selection is about: of the pane that keys go to, else, on the screens that
    /// show people, the one that is selected among them.
    pub fn subject(&self) -> Option<EmployeeId> {
        let open = self.person.as_ref().filter(|person| person.is_open);
        let of_pane = match self.pane {
            Pane::Line => self.line.as_ref().and_then(line_employee),
            Pane::Person | Pane::History => open.map(|person| person.employee),
            Pane::People
            | Pane::Live
            | Pane::Alarms
            | Pane::Log
            | Pane::Outbox
            | Pane::Links
            | Pane::Arrivals
            | Pane::Replies
            | Pane::Pdus
            | Pane::Health
            | Pane::Help => self
                .selected(self.pane)
                .and_then(|row| self.subject_of(row)),
        };
        let of_people = || match self.selected(Pane::People) {
            Some(RowId::Person(employee)) => Some(*employee),
            Some(
                RowId::Line(_)
                | RowId::Outbox(_)
                | RowId::Alarm(_)
                | RowId::Gateway(_)
                | RowId::Help(_),
            )
            | None => None,
        };
        let is_people = matches!(self.screen, Screen::Desk | Screen::People);
        of_pane.or_else(|| if is_people { of_people() } else { None })
    }

    /// The person that a row is about.
    pub fn subject_of(&self, row: &RowId) -> Option<EmployeeId> {
        match row {
            RowId::Person(employee) => Some(*employee),
            RowId::Line(seq) => self.line_of(*seq).and_then(line_employee),
            RowId::Outbox(id) => {
                let seq = self.facts.outbox.get(id)?.seq;
                self.line_of(seq).and_then(line_employee)
            }
            RowId::Alarm(id) => self.alarm(*id)?.employee,
            RowId::Gateway(_) | RowId::Help(_) => None,
        }
    }

    /// The line of the log that is selected, or open, in the pane that keys go to.
    pub fn selected_line(&self) -> Option<Seq> {
        if self.pane == Pane::Line {
            return self.line.as_ref().map(|line| line.seq);
        }
        match self.selected(self.pane)? {
            RowId::Line(seq) => Some(*seq),
            RowId::Person(_)
            | RowId::Outbox(_)
            | RowId::Alarm(_)
            | RowId::Gateway(_)
            | RowId::Help(_) => None,
        }
    }

    /// The alarm that is selected, where the pane that keys go to is that of the alarms.
    pub fn selected_alarm(&self) -> Option<AlarmId> {
        match self.selected(self.pane)? {
            RowId::Alarm(id) => Some(*id),
            RowId::Person(_)
            | RowId::Line(_)
            | RowId::Outbox(_)
            | RowId::Gateway(_)
            | RowId::Help(_) => None,
        }
    }

    /// The entry of the outbox that is selected, where the pane that keys go to is the outbox.
    pub fn selected_entry(&self) -> Option<OutboxId> {
        match self.selected(self.pane)? {
            RowId::Outbox(id) => Some(*id),
            RowId::Person(_)
            | RowId::Line(_)
            | RowId::Alarm(_)
            | RowId::Gateway(_)
            | RowId::Help(_) => None,
        }
    }

    /// A line of the log that is here, the freshest that is known of it.
    pub fn line_of(&self, seq: Seq) -> Option<&LogLine> {
        let in_page = |lines: &'_ [LogLine]| lines.binary_search_by(|line| seq.cmp(&line.seq)).ok();
        let history = self
            .person
            .as_ref()
            .map_or(&[][..], |person| &person.history);
        self.facts
            .log
            .get(&seq)
            .or_else(|| in_page(&self.log.lines).map(|at| &self.log.lines[at]))
            .or_else(|| in_page(history).map(|at| &history[at]))
            .or_else(|| self.line.as_ref().filter(|line| line.seq == seq))
    }
}

/// Whom a line of the log is about.
pub fn line_employee(line: &LogLine) -> Option<EmployeeId> {
    match &line.what {
        LogWhat::Feed(feed) => feed.employee,
        LogWhat::Desk { employee, .. } | LogWhat::Note { employee, .. } => *employee,
        LogWhat::LinkUp { .. }
        | LogWhat::LinkDown { .. }
        | LogWhat::EngineStarted { .. }
        | LogWhat::EngineStopped
        | LogWhat::OverBound(_) => None,
    }
}
