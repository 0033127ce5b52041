//! What consoles and commands may change. Each act is a row of the ledger with who gave it.

use std::collections::BTreeSet;

use zeroize::Zeroize as _;

use super::Now;
use super::core::Engine;
use super::facts;
use super::intake::Arrival;
use super::roster::Device;
use crate::api::{
    CardEdit, Command, EnrolKey, Enrolled, Event, NewEmployee, Problem, Refusal, Reply, Retried,
};
use crate::domain::{
    DeskAct, DeviceId, DeviceRow, Employee, EmployeeId, Entry, MessageRow, Msisdn, Operator,
    OutboxId, OutboxRow, OutboxState, Outcome, Seq,
};
use crate::protocol::RootKey;
use crate::store::{Archive, StoreError};

/// The longest name, in characters.
const NAME: usize = 120;
/// The longest short name, in characters.
const SHORT: usize = 24;
/// The short name that is made from a name is cut here, in characters.
const SHORT_MADE: usize = 16;
/// The longest name of a team or shift, in characters.
const TEAM: usize = 60;

impl Engine {
    /// Does what a desk asks for. What it changed is written before the reply may leave.
    pub(super) fn command(
        &mut self,
        now: Now,
        by: &Operator,
        command: Command,
        archive: &dyn Archive,
    ) -> Result<Reply, StoreError> {
        let done = match command {
            Command::AddEmployees(cards) => self.add_employees(now, by, cards),
            Command::EditEmployee(id, edit) => self.edit_employee(now, by, id, edit),
            Command::SetSuspended(id, suspended) => self.set_suspended(now, by, id, suspended),
            Command::EnrolDevice(id, key) => self.enrol_device(now, by, id, &key),
            Command::SetRevoked(id, revoked) => self.set_revoked(now, by, id, revoked),
            Command::Retry(seq) => self.retry(now, by, seq, archive)?,
            Command::RetryFailed => Ok(self.retry_failed(now, by, archive)?),
            Command::Acknowledge(id) => self.acknowledge(now, by, id),
            Command::AcknowledgeAll => Ok(self.acknowledge_all(now, by)),
            Command::Mark {
                employee,
                action,
                at,
                reason,
            } => self.mark(now, by, employee, action, at, &reason),
            Command::Note {
                employee,
                about,
                text,
            } => self.note(now, by, employee, about, &text, archive)?,
            Command::GiveUp(id) => self.give_up(now, by, id),
            Command::Shelve(id, until) => self.shelve(now, by, id, until),
            Command::Undo => self.undo(now, by, archive)?,
            Command::ShowNumbers => {
                self.act(now, by, DeskAct::NumbersShown);
                Ok(Reply::Logged)
            }
        };
        Ok(done.unwrap_or_else(Reply::Refused))
    }

    pub(super) fn act(&mut self, now: Now, by: &Operator, act: DeskAct) {
        self.journal.append(
            now,
            Entry::Desk {
                by: by.clone(),
                act,
            },
        );
    }

    fn add_employees(
        &mut self,
        now: Now,
        by: &Operator,
        cards: Vec<NewEmployee>,
    ) -> Result<Reply, Refusal> {
        let mut problems = Vec::new();
        let mut phones = BTreeSet::new();
        for (at, card) in cards.iter().enumerate() {
            let is_twice = !phones.insert(&card.phone);
            let twice = is_twice.then_some(Problem::PhoneTwice);
            let wrong = self.problem(None, card.into()).or(twice);
            problems.extend(wrong.map(|problem| (at, problem)));
        }
        if !problems.is_empty() {
            return Err(Refusal::Cards(problems));
        }
        let mut added = Vec::new();
        for card in cards {
            let employee = Employee {
                id: self.roster.next_id(),
                short: card.short.unwrap_or_else(|| short_of(&card.name)),
                name: card.name,
                phone: card.phone,
                team: card.team.filter(|team| !team.is_empty()),
                shift: card.shift.filter(|shift| !shift.is_empty()),
                legacy: card.legacy,
                suspended: false,
            };
            self.act(now, by, DeskAct::EmployeeAdded(employee.id));
            self.put_employee(employee.clone());
            added.push(employee);
        }
        Ok(Reply::Employees(added))
    }

    fn edit_employee(
        &mut self,
        now: Now,
        by: &Operator,
        id: EmployeeId,
        edit: CardEdit,
    ) -> Result<Reply, Refusal> {
        let mut employee = self.employee(id)?;
        let texts = Texts {
            name: edit.name.as_deref(),
            short: edit.short.as_deref(),
            team: edit.team.as_deref(),
            shift: edit.shift.as_deref(),
            phone: edit.phone.as_ref(),
        };
        if let Some(problem) = self.problem(Some(id), texts) {
            return Err(Refusal::Cards(vec![(0, problem)]));
        }
        let some = |text: String| (!text.is_empty()).then_some(text);
        employee.name = edit.name.unwrap_or(employee.name);
        employee.phone = edit.phone.unwrap_or(employee.phone);
        employee.short = edit.short.unwrap_or(employee.short);
        employee.team = edit.team.map_or(employee.team, some);
        employee.shift = edit.shift.map_or(employee.shift, some);
        employee.legacy = edit.legacy.unwrap_or(employee.legacy);
        self.act(now, by, DeskAct::EmployeeEdited(id));
        self.put_employee(employee.clone());
        Ok(Reply::Employees(vec![employee]))
    }

    fn set_suspended(
        &mut self,
        now: Now,
        by: &Operator,
        id: EmployeeId,
        suspended: bool,
    ) -> Result<Reply, Refusal> {
        let mut employee = self.employee(id)?;
        if employee.suspended != suspended {
            employee.suspended = suspended;
            let act = if suspended {
                DeskAct::EmployeeSuspended(id)
            } else {
                DeskAct::EmployeeResumed(id)
            };
            self.act(now, by, act);
            self.put_employee(employee.clone());
        }
        Ok(Reply::Employees(vec![employee]))
    }

    fn enrol_device(
        &mut self,
        now: Now,
        by: &Operator,
        employee: EmployeeId,
        key: &EnrolKey,
    ) -> Result<Reply, Refusal> {
        self.employee(employee)?;
        let (device, mut root_key) = match key {
            EnrolKey::New => (self.new_device_id(), self.random()),
            EnrolKey::Root(root_key) => (self.new_device_id(), *root_key),
            EnrolKey::Device(device, root_key) => (*device, *root_key),
        };
        if device.0 == 0 || self.roster.devices.contains_key(&device) {
            return Err(Refusal::DeviceTaken(device));
        }
        let enrolled = Enrolled {
            device,
            employee,
            root_key,
        };
        let root = RootKey::from_octets(root_key);
        let nonce = self.random();
        let row = DeviceRow {
            id: device,
            employee,
            enrolled_at: now.wall,
            enrolled_by: by.clone(),
            revoked: false,
            sealed_key: self.store_key.seal(device, nonce, &root),
        };
        self.act(now, by, DeskAct::DeviceEnrolled(device, employee));
        self.journal.batch.devices.insert(device, row.clone());
        self.roster.devices.insert(device, Device::new(row, &root));
        self.unopened.remove(&employee);
        self.journal.publish(|| Event::Roster);
        root_key.zeroize();
        Ok(Reply::Enrolled(enrolled))
    }

    fn set_revoked(
        &mut self,
        now: Now,
        by: &Operator,
        id: DeviceId,
        revoked: bool,
    ) -> Result<Reply, Refusal> {
        let device = self
            .roster
            .devices
            .get_mut(&id)
            .ok_or(Refusal::NoDevice(id))?;
        if device.row.revoked != revoked {
            device.row.revoked = revoked;
            self.journal.batch.devices.insert(id, device.row.clone());
            let act = if revoked {
                DeskAct::DeviceRevoked(id)
            } else {
                DeskAct::DeviceUnrevoked(id)
            };
            self.act(now, by, act);
            self.journal.publish(|| Event::Roster);
        }
        let device = self.roster.devices.get(&id).ok_or(Refusal::NoDevice(id))?;
        Ok(Reply::Devices(vec![facts::device(device, &self.roster)]))
    }

    fn retry(
        &mut self,
        now: Now,
        by: &Operator,
        seq: Seq,
        archive: &dyn Archive,
    ) -> Result<Result<Reply, Refusal>, StoreError> {
        let row = match self.ledger_row(seq, archive)?.map(|row| row.entry) {
            Some(Entry::Message(row)) => *row,
            Some(Entry::Mark(_)) => return Ok(Err(Refusal::NothingToRetry(seq))),
            Some(
                Entry::LinkUp { .. }
                | Entry::LinkDown { .. }
                | Entry::EngineStarted { .. }
                | Entry::EngineStopped { .. }
                | Entry::Desk { .. }
                | Entry::Note(_)
                | Entry::OverBound(_),
            )
            | None => return Ok(Err(Refusal::NoRow(seq))),
        };
        if let Some(id) = row.answer {
            return Ok(match self.requeue(now, by, id, archive)? {
                Some(retried) => Ok(Reply::Retried(vec![retried])),
                None => Err(Refusal::NothingToRetry(seq)),
            });
        }
        if let (Outcome::Unreadable(_), Some(_)) = (row.outcome, &row.raw) {
            let retried = self.open_again(now, by, seq, row, archive)?;
            return Ok(Ok(Reply::Retried(vec![retried])));
        }
        Ok(Err(Refusal::NothingToRetry(seq)))
    }

    /// PROTOCOL 1: a retry goes through the same lines, with the arrival time that was kept.
    fn open_again(
        &mut self,
        now: Now,
        by: &Operator,
        seq: Seq,
        row: MessageRow,
        archive: &dyn Archive,
    ) -> Result<Retried, StoreError> {
        let Some(body) = row.raw else {
            return Ok(Retried::StillUnreadable(seq));
        };
        let arrival = Arrival {
            received_at: row.received_at,
            gateway: row.gateway,
            source: row.sender,
            destination: row.destination,
            body,
            retry_of: Some(seq),
        };
        let Some((opened, outcome)) = self.take_in(now, &arrival, archive)? else {
            return Ok(Retried::StillUnreadable(seq));
        };
        self.act(now, by, DeskAct::Reopened(seq));
        Ok(Retried::Opened {
            seq,
            now: opened,
            outcome,
        })
    }

    fn requeue(
        &mut self,
        now: Now,
        by: &Operator,
        id: OutboxId,
        archive: &dyn Archive,
    ) -> Result<Option<Retried>, StoreError> {
        let Some(row) = self.outbox_row(id, archive)? else {
            return Ok(None);
        };
        if row.state.is_open() && row.state != OutboxState::Deferred {
            return Ok(Some(Retried::AlreadyQueued(id)));
        }
        self.send_again(now, by, row, archive)?;
        Ok(Some(Retried::Requeued(id)))
    }

    /// To where it would go today: the number on the card may have been put right.
    pub(super) fn send_again(
        &mut self,
        now: Now,
        by: &Operator,
        mut entry: OutboxRow,
        archive: &dyn Archive,
    ) -> Result<(), StoreError> {
        let id = entry.id;
        if let Some(row) = self.message_row(entry.seq, archive)? {
            entry.to = self.answer_to(entry.employee, &row).unwrap_or(entry.to);
        }
        let gateway = entry.gateway.clone();
        self.queue_by(now, entry, &gateway, None);
        self.act(now, by, DeskAct::Requeued(id));
        Ok(())
    }

    fn retry_failed(
        &mut self,
        now: Now,
        by: &Operator,
        archive: &dyn Archive,
    ) -> Result<Reply, StoreError> {
        let failed = self
            .outbox
            .rows()
            .filter(|row| row.state == OutboxState::Failed && !row.is_settled());
        let failed: Vec<_> = failed.cloned().collect();
        let mut retried = Vec::new();
        for row in failed {
            retried.push(Retried::Requeued(row.id));
            self.send_again(now, by, row, archive)?;
        }
        Ok(Reply::Retried(retried))
    }

    pub(super) fn employee(&self, id: EmployeeId) -> Result<Employee, Refusal> {
        self.roster
            .employees
            .get(&id)
            .cloned()
            .ok_or(Refusal::NoEmployee(id))
    }

    fn put_employee(&mut self, employee: Employee) {
        self.journal
            .batch
            .employees
            .insert(employee.id, employee.clone());
        self.roster.put(employee);
        self.journal.publish(|| Event::Roster);
    }

    fn new_device_id(&mut self) -> DeviceId {
        loop {
            let id = DeviceId(u32::from_be_bytes(self.random()));
            if id.0 != 0 && !self.roster.devices.contains_key(&id) {
                return id;
            }
        }
    }

    fn problem(&self, id: Option<EmployeeId>, texts: Texts<'_>) -> Option<Problem> {
        if texts
            .name
            .is_some_and(|name| name.trim().is_empty() || !is_plain(name, NAME))
        {
            return Some(Problem::Name);
        }
        if texts
            .short
            .is_some_and(|short| short.trim().is_empty() || !is_plain(short, SHORT))
        {
            return Some(Problem::Short);
        }
        if [texts.team, texts.shift]
            .into_iter()
            .flatten()
            .any(|text| !is_plain(text, TEAM))
        {
            return Some(Problem::Team);
        }
        let holder = self.roster.by_phone(texts.phone?)?;
        (Some(holder) != id).then_some(Problem::PhoneTaken(holder))
    }
}

/// What stands on a card, or is to stand there.
#[derive(Copy, Clone)]
struct Texts<'a> {
    name: Option<&'a str>,
    short: Option<&'a str>,
    team: Option<&'a str>,
    shift: Option<&'a str>,
    phone: Option<&'a Msisdn>,
}

impl<'a> From<&'a NewEmployee> for Texts<'a> {
    fn from(card: &'a NewEmployee) -> Self {
        Self {
            name: Some(&card.name),
            short: card.short.as_deref(),
            team: card.team.as_deref(),
            shift: card.shift.as_deref(),
            phone: Some(&card.phone),
        }
    }
}

/// Whether a text has at most so many characters, and no control characters.
pub(super) fn is_plain(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// A name for tables: where the whole one is too long, the first word of it and the first letter of the last one.
fn short_of(name: &str) -> String {
    let name = name.trim();
    let letters = |text: &str| text.chars().count();
    let words = name.split_once(' ').zip(name.rsplit_once(' '));
    let made = words.and_then(|((first, _), (_, last))| {
        let made = format!("{first} {}.", last.chars().next()?);
        (letters(&made) <= SHORT_MADE).then_some(made)
    });
    let made = made.filter(|_| letters(name) > SHORT_MADE);
    let made = made.unwrap_or_else(|| name.chars().take(SHORT_MADE).collect());
    made.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_made_of_the_first_word_and_the_last_one() {
        for (name, short) in [
            ("Ayşe Yılmaz", "Ayşe Yılmaz"),
            ("Maximiliana von und zu Hohenstein", "Maximiliana H."),
            ("Konstantinopoulou-Weatherby Eva", "Konstantinopoulo"),
            ("Konstantinopoulouweatherby", "Konstantinopoulo"),
            ("عبدالرحمن محمد حسینی", "عبدالرحمن ح."),
        ] {
            assert_eq!(short_of(name), short);
        }
    }
}
