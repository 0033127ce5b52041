//! What a desk does beside cards, phones and answers that are sent again: marks, notes, alarms, answers that are given up.
//! All of it may be taken back for a while.

use super::acts::Act;
use super::core::Engine;
use super::desk::is_plain;
use super::presence::AHEAD_MS;
use super::{Now, facts};
use crate::api::{Event, Refusal, Reply};
use crate::domain::{
    Action, AlarmId, AlarmRow, DeskAct, EmployeeId, Entry, MarkRow, Millis, NoteRow, Operator,
    OutboxId, Presence, PresenceSource, Seq,
};
use crate::store::{Archive, StoreError};

/// The longest note, in characters.
const NOTE: usize = 280;

impl Engine {
    pub(super) fn mark(
        &mut self,
        now: Now,
        by: &Operator,
        employee: EmployeeId,
        action: Action,
        at: Option<Millis>,
        reason: &str,
    ) -> Result<Reply, Refusal> {
        self.employee(employee)?;
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Refusal::NoReason);
        }
        if !is_plain(&reason, NOTE) {
            return Err(Refusal::NoteLength);
        }
        let at = at.unwrap_or(now.wall);
        if at.ms_since(now.wall) > AHEAD_MS {
            return Err(Refusal::InTheFuture);
        }
        let mark = MarkRow {
            by: by.clone(),
            employee,
            action,
            at,
            marked_at: now.wall,
            reason,
            reverses: None,
        };
        let seq = self.journal.append(now, Entry::Mark(mark.clone())).seq;
        let presence = Presence {
            action,
            at,
            seq,
            device: None,
            source: PresenceSource::ByHand,
            note: Presence::note_of(&mark.reason),
            clock_off_min: 0,
        };
        if action == Action::In {
            self.came(now, employee, at);
        }
        let below = self.place(now, employee, presence);
        self.publish_person(now, employee);
        let line = facts::mark_line(seq, &mark, &self.roster);
        self.acts.push(now, by, Act::Mark { seq, mark, below });
        self.journal.publish(|| Event::Feed(line.clone()));
        Ok(Reply::Marked(Box::new(line)))
    }

    pub(super) fn note(
        &mut self,
        now: Now,
        by: &Operator,
        employee: Option<EmployeeId>,
        about: Option<Seq>,
        text: &str,
        archive: &dyn Archive,
    ) -> Result<Result<Reply, Refusal>, StoreError> {
        let text = text.trim();
        if text.is_empty() || !is_plain(text, NOTE) {
            return Ok(Err(Refusal::NoteLength));
        }
        if let Some(Err(refusal)) = employee.map(|id| self.employee(id)) {
            return Ok(Err(refusal));
        }
        let mut of_row = None;
        if let Some(seq) = about {
            let Some(row) = self.ledger_row(seq, archive)? else {
                return Ok(Err(Refusal::NoRow(seq)));
            };
            of_row = row.entry.employee();
        }
        let note = NoteRow {
            by: by.clone(),
            employee: employee.or(of_row),
            about,
            text: text.to_owned(),
            reverses: None,
        };
        let row = self.journal.append(now, Entry::Note(note.clone())).clone();
        let seq = row.seq;
        self.acts.push(now, by, Act::Note { seq, note });
        let line = self.log_line(&row, &[], None)?;
        Ok(Ok(Reply::Noted(Box::new(line))))
    }

    pub(super) fn acknowledge(
        &mut self,
        now: Now,
        by: &Operator,
        id: AlarmId,
    ) -> Result<Reply, Refusal> {
        if !self.acknowledge_each(now, by, &[id]) {
            return Err(Refusal::NoAlarm(id));
        }
        Ok(Reply::Acknowledged(vec![id]))
    }

    /// What is out of sight was not seen by whoever has seen all.
    pub(super) fn acknowledge_all(&mut self, now: Now, by: &Operator) -> Reply {
        let unseen = self.alarms.unseen(now.wall);
        self.acknowledge_each(now, by, &unseen);
        Reply::Acknowledged(unseen)
    }

    /// One act, however many alarms. Returns whether there was any of them.
    fn acknowledge_each(&mut self, now: Now, by: &Operator, ids: &[AlarmId]) -> bool {
        let mut before = Vec::new();
        let mut any = false;
        for id in ids {
            if let Some(seen) = self.alarms.acknowledge(now.wall, *id, by) {
                any = true;
                before.extend(seen.before);
                self.act(now, by, DeskAct::Acknowledged(*id, seen.kind));
            }
        }
        if !before.is_empty() {
            let at = now.wall;
            self.acts.push(now, by, Act::Acknowledged { at, before });
        }
        any
    }

    pub(super) fn shelve(
        &mut self,
        now: Now,
        by: &Operator,
        id: AlarmId,
        until: Millis,
    ) -> Result<Reply, Refusal> {
        if !self.alarms.has(id) {
            return Err(Refusal::NoAlarm(id));
        }
        if until <= now.wall || until.ms_since(now.wall) > AlarmRow::SHELVED_MS {
            return Err(Refusal::ShelveTime);
        }
        let done = self.alarms.shelve(id, until).ok_or(Refusal::NoAlarm(id))?;
        let before = done.before;
        self.acts.push(now, by, Act::Shelved { id, until, before });
        self.act(now, by, DeskAct::Shelved(id, done.row.kind.clone(), until));
        let fact = facts::alarm(&done.row, &self.roster, now.wall);
        Ok(Reply::Shelved(Box::new(fact)))
    }

    pub(super) fn give_up(
        &mut self,
        now: Now,
        by: &Operator,
        id: OutboxId,
    ) -> Result<Reply, Refusal> {
        if !self.outbox.give_up(id) {
            return Err(Refusal::NothingToGiveUp(id));
        }
        self.acts.push(now, by, Act::GaveUp(id));
        self.act(now, by, DeskAct::GaveUp(id));
        Ok(Reply::GaveUp(id))
    }
}
