//! What consoles and commands may read.

use super::Now;
use super::core::Engine;
use super::facts;
use crate::api::{
    AlarmFact, Ask, DeviceFact, FeedLine, LinkFact, PAGE, PersonDetail, PersonFact, Query, Refusal,
    Reply, Request, Snapshot,
};
use crate::domain::{EmployeeId, LedgerRow, Millis, OutboxId, OutboxRow, Seq};
use crate::store::{Archive, StoreError};

/// Lines of the log that a snapshot begins with: as many as the tallest screen has.
const SNAPSHOT_LINES: usize = 100;
/// Entries of the outbox that a snapshot begins with.
const SNAPSHOT_OUTBOX: usize = 200;

impl Engine {
    /// Does or reads what a console or command asks for. A reply to a command may leave once what was taken with
    /// [`Engine::take_batch`] is durable.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn handle_request(
        &mut self,
        now: Now,
        request: Request,
        archive: &dyn Archive,
    ) -> Result<Reply, StoreError> {
        self.clock.look(now);
        let reply = match request.ask {
            Ask::Command(command) => self.command(now, &request.by, command, archive)?,
            Ask::Query(query) => self.query(now, &query, archive)?,
            // Copies are made beside the core.
            Ask::Copy(_) => Reply::Refused(Refusal::Busy),
        };
        self.finish(now);
        Ok(reply)
    }

    fn query(
        &mut self,
        now: Now,
        query: &Query,
        archive: &dyn Archive,
    ) -> Result<Reply, StoreError> {
        Ok(match query {
            Query::Employees => Reply::Employees(self.roster.employees.values().cloned().collect()),
            Query::Devices => Reply::Devices(self.device_facts(None)),
            Query::Feed {
                after,
                since,
                employee,
            } => self.feed_page(*after, *since, *employee, archive)?,
            Query::Log { before, filter } => self.log_page(now, *before, filter, archive)?,
            Query::Person(id) => self.person_detail(now, *id),
            Query::Arrivals { after, from, until } => {
                self.arrivals(now, *after, (*from, *until), archive)?
            }
            Query::Replies(gateway) => {
                let samples = self.links.get(gateway).map(|link| &link.samples);
                Reply::Replies(samples.into_iter().flatten().copied().collect())
            }
            Query::Pdus(gateway) => {
                let pdus = self.links.get(gateway).map(|link| &link.pdus);
                Reply::Pdus(pdus.into_iter().flatten().copied().collect())
            }
            Query::People => Reply::People(self.people_facts(now)),
            Query::Outbox { after } => self.outbox_page(*after, archive)?,
            Query::Unsettled { after } => self.unsettled_page(*after),
            Query::Alarms => Reply::Alarms(self.alarm_facts(now)),
            Query::Links => Reply::Links(self.link_facts(now)),
            Query::Snapshot => Reply::Snapshot(Box::new(self.snapshot(now, archive)?)),
        })
    }

    fn feed_page(
        &self,
        after: Seq,
        since: Option<Millis>,
        employee: Option<EmployeeId>,
        archive: &dyn Archive,
    ) -> Result<Reply, StoreError> {
        let after = match since {
            Some(since) => after.max(archive.seq_before(since)?),
            None => after,
        };
        let rows = match employee {
            Some(employee) => archive.ledger_of(employee, after, PAGE)?,
            None => archive.ledger_page(after, PAGE)?,
        };
        let next = rows
            .last()
            .filter(|_| rows.len() == PAGE)
            .map(|row| row.seq);
        let lines = self.feed_lines(&rows, archive)?;
        let lines = lines
            .into_iter()
            .filter(|line| since.is_none_or(|since| line.received_at >= since))
            .collect();
        Ok(Reply::Feed { lines, next })
    }

    fn feed_lines(
        &self,
        rows: &[LedgerRow],
        archive: &dyn Archive,
    ) -> Result<Vec<FeedLine>, StoreError> {
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let answer = match row.entry.message().and_then(|message| message.answer) {
                Some(id) => self.outbox_row(id, archive)?,
                None => None,
            };
            lines.extend(facts::feed_line(row, &self.roster, answer.as_ref()));
        }
        Ok(lines)
    }

    fn outbox_page(&self, after: OutboxId, archive: &dyn Archive) -> Result<Reply, StoreError> {
        let rows = archive.outbox_page(after, PAGE)?;
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.id);
        // What has not been written since is fresher in memory.
        let fresh = |row: &OutboxRow| facts::outbox(self.outbox.get(row.id).unwrap_or(row));
        Ok(Reply::Outbox {
            entries: rows.iter().map(fresh).collect(),
            next,
        })
    }

    fn unsettled_page(&self, after: OutboxId) -> Reply {
        let rows = self.outbox.unsettled(after).take(PAGE);
        let entries: Vec<_> = rows.map(facts::outbox).collect();
        let last = entries.last().filter(|_| entries.len() == PAGE);
        let next = last.map(|entry| entry.id);
        Reply::Outbox { entries, next }
    }

    fn people_facts(&self, now: Now) -> Vec<PersonFact> {
        let day_start = self.settings.day_start(now.wall);
        let employees = self.roster.employees.values();
        let person = |employee: &crate::domain::Employee| {
            facts::person(employee, self.people.get(&employee.id), day_start)
        };
        employees.map(person).collect()
    }

    fn link_facts(&mut self, now: Now) -> Vec<LinkFact> {
        let outbox = &mut self.outbox;
        let links = self.links.iter();
        links
            .map(|(name, link)| facts::link(name, link, outbox, now))
            .collect()
    }

    fn alarm_facts(&self, now: Now) -> Vec<AlarmFact> {
        let rows = self.alarms.rows().into_iter();
        rows.map(|row| facts::alarm(row, &self.roster, now.wall))
            .collect()
    }

    fn device_facts(&self, of: Option<EmployeeId>) -> Vec<DeviceFact> {
        let devices = self.roster.devices.values();
        let devices = devices.filter(|device| of.is_none_or(|of| device.row.employee == of));
        let mut devices: Vec<_> = devices
            .map(|device| facts::device(device, &self.roster))
            .collect();
        devices.sort_by_key(|fact| (fact.employee, fact.enrolled_at, fact.device));
        devices
    }

    fn person_detail(&self, now: Now, id: EmployeeId) -> Reply {
        let Some(card) = self.roster.employees.get(&id) else {
            return Reply::Refused(Refusal::NoEmployee(id));
        };
        let day_start = self.settings.day_start(now.wall);
        Reply::Person(Box::new(PersonDetail {
            card: card.clone(),
            fact: facts::person(card, self.people.get(&id), day_start),
            devices: self.device_facts(Some(id)),
        }))
    }

    fn snapshot(&mut self, now: Now, archive: &dyn Archive) -> Result<Snapshot, StoreError> {
        Ok(Snapshot {
            revision: self.journal.revision(),
            version: self.settings.version.clone(),
            started_at: self.started_at,
            totals: self.totals(),
            people: self.people_facts(now),
            alarms: self.alarm_facts(now),
            links: self.link_facts(now),
            outbox: self
                .outbox
                .latest(SNAPSHOT_OUTBOX)
                .map(facts::outbox)
                .collect(),
            log: self.last_lines(SNAPSHOT_LINES, archive)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::domain::{Country, Digest, Entry, Operator, StopCause};
    use crate::engine::{Entropy, Receipts, Rules, Settings, Tick};
    use crate::protocol::StoreKey;
    use crate::store::Loaded;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&mut self, octets: &mut [u8]) {
            octets.fill(0);
        }
    }

    fn row(seq: u64) -> LedgerRow {
        LedgerRow {
            seq: Seq(seq),
            logged_at: Millis(0),
            entry: Entry::EngineStopped {
                cause: StopCause::Asked,
            },
        }
    }

    /// A ledger in which nothing happened a million times.
    #[derive(Default)]
    struct Quiet {
        read: Cell<usize>,
    }

    impl Archive for Quiet {
        fn ledger_row(&self, _: Seq) -> Result<Option<LedgerRow>, StoreError> {
            Ok(None)
        }
        fn ledger_page(&self, after: Seq, limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
            self.read.set(self.read.get() + limit);
            Ok((after.0 + 1..=after.0 + limit as u64).map(row).collect())
        }
        fn ledger_of(&self, _: EmployeeId, _: Seq, _: usize) -> Result<Vec<LedgerRow>, StoreError> {
            Ok(Vec::new())
        }
        fn ledger_of_before(
            &self,
            _: EmployeeId,
            _: Seq,
            _: usize,
        ) -> Result<Vec<LedgerRow>, StoreError> {
            Ok(Vec::new())
        }
        fn seq_before(&self, _: Millis) -> Result<Seq, StoreError> {
            Ok(Seq(0))
        }
        fn outbox_row(&self, _: OutboxId) -> Result<Option<OutboxRow>, StoreError> {
            Ok(None)
        }
        fn outbox_page(&self, _: OutboxId, _: usize) -> Result<Vec<OutboxRow>, StoreError> {
            Ok(Vec::new())
        }
        fn legacy_seen(&self, _: EmployeeId, _: Digest) -> Result<Option<Seq>, StoreError> {
            Ok(None)
        }
    }

    #[test]
    fn a_snapshot_does_not_read_a_whole_ledger() {
        let settings = Settings {
            time_zone: jiff::tz::TimeZone::UTC,
            country: Country::default(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: Vec::new(),
            released_at: Millis(0),
            version: String::new(),
        };
        let loaded = Loaded {
            last: Some(row(1_000_000)),
            ..Loaded::default()
        };
        let now = Now {
            wall: Millis(0),
            tick: Tick(0),
        };
        let key = StoreKey::from_octets([7; 32]);
        let mut engine = Engine::new(settings, key, loaded, Box::new(Zeros), now).unwrap();
        let by = Operator {
            user: "mina".into(),
            desk: "front".into(),
        };
        let ask = Ask::Query(Query::Snapshot);
        let quiet = Quiet::default();
        let reply = engine
            .handle_request(now, Request { by, ask }, &quiet)
            .unwrap();
        assert!(matches!(reply, Reply::Snapshot(snapshot) if snapshot.log.len() == SNAPSHOT_LINES));
        assert_eq!(quiet.read.get(), SNAPSHOT_LINES);
    }
}
