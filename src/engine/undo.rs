//! What is taken back. A reversal is a row of its own; nothing is removed.

use super::acts::Act;
use super::core::Engine;
use super::{Now, facts};
use crate::api::{Event, Refusal, Reply, Undone};
use crate::domain::{
    Action, AlarmRow, DeskAct, Entry, MarkRow, Millis, NoteRow, Operator, OutboxId, OutboxRow,
    OutboxState, Presence, SendError, Seq,
};
use crate::store::{Archive, StoreError};

impl Engine {
    /// Takes back the last act of an operator. One that nothing is left of, because others acted since, is forgotten
    /// and turned down: the act before it is not what was meant.
    pub(super) fn undo(
        &mut self,
        now: Now,
        by: &Operator,
        archive: &dyn Archive,
    ) -> Result<Result<Reply, Refusal>, StoreError> {
        let undone = match self.acts.take_last(now, by) {
            Some(Act::Mark { seq, mark, below }) => {
                Some(self.undo_mark(now, by, (seq, mark), below, archive)?)
            }
            Some(Act::Note { seq, note }) => Some(self.strike_out(now, by, seq, &note)),
            Some(Act::Acknowledged { at, before }) => self.unacknowledge(now, by, at, before),
            Some(Act::Shelved { id, until, before }) => self
                .alarms
                .unshelve(now.wall, id, until, before)
                .map(|kind| {
                    self.act(now, by, DeskAct::Unshelved(id, kind));
                    Undone::Shelved(id)
                }),
            Some(Act::GaveUp(id)) => self.take_up_again(now, by, id, archive)?,
            None => None,
        };
        Ok(undone.map(Reply::Undone).ok_or(Refusal::NothingToUndo))
    }

    /// The record that stood before the mark says where somebody is, unless another has replaced the mark since.
    fn undo_mark(
        &mut self,
        now: Now,
        by: &Operator,
        (seq, mark): (Seq, MarkRow),
        below: Option<Presence>,
        archive: &dyn Archive,
    ) -> Result<Undone, StoreError> {
        let (employee, action, at) = (mark.employee, mark.action, mark.at);
        let first_in = self.person(employee).first_in;
        if action == Action::In && first_in == Some(at) {
            let day_start = self.day_start_of(at);
            let first_in = self.first_arrival(employee, day_start, seq, archive)?;
            self.person(employee).first_in = first_in;
        }
        let reversal = MarkRow {
            by: by.clone(),
            marked_at: now.wall,
            reverses: Some(seq),
            ..mark
        };
        let row = self.journal.append(now, Entry::Mark(reversal.clone())).seq;
        self.acts.relink(seq, below.as_ref());
        let state = self.person(employee);
        if state
            .presence
            .as_ref()
            .is_some_and(|present| present.seq == seq)
        {
            state.presence = below;
        }
        self.write_presence(employee);
        self.publish_person(now, employee);
        let line = facts::mark_line(row, &reversal, &self.roster);
        self.journal.publish(|| Event::Feed(line.clone()));
        Ok(Undone::Mark(Box::new(line)))
    }

    fn strike_out(&mut self, now: Now, by: &Operator, seq: Seq, note: &NoteRow) -> Undone {
        let reversal = NoteRow {
            by: by.clone(),
            employee: note.employee,
            about: note.about,
            text: String::new(),
            reverses: Some(seq),
        };
        self.journal.append(now, Entry::Note(reversal));
        Undone::Note(seq)
    }

    fn unacknowledge(
        &mut self,
        now: Now,
        by: &Operator,
        at: Millis,
        before: Vec<AlarmRow>,
    ) -> Option<Undone> {
        let mut ids = Vec::new();
        for row in before {
            let kind = row.kind.clone();
            if let Some(id) = self.alarms.unacknowledge(now.wall, row, by, at) {
                self.act(now, by, DeskAct::Unacknowledged(id, kind));
                ids.push(id);
            }
        }
        (!ids.is_empty()).then_some(Undone::Acknowledged(ids))
    }

    fn take_up_again(
        &mut self,
        now: Now,
        by: &Operator,
        id: OutboxId,
        archive: &dyn Archive,
    ) -> Result<Option<Undone>, StoreError> {
        let row = self.outbox_row(id, archive)?;
        let given_up = |row: &OutboxRow| {
            row.state == OutboxState::Failed && row.error == Some(SendError::ByHand)
        };
        let Some(row) = row.filter(given_up) else {
            return Ok(None);
        };
        self.send_again(now, by, row, archive)?;
        Ok(Some(Undone::GaveUp(id)))
    }
}
