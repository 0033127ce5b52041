//! Looks at every row of a store, and holds what they say of each other against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::fault::{Fault, Wrong};
use super::persons::{BLOCK, Block};
use super::read::{self, entry};
use super::ring::Ring;
use super::shelf;
use super::tables::{
    ALARMS, BY_PERSON, COPY_KEY, COPY_ROW, DESK, DESK_ROW, DEVICES, EMPLOYEES, LEDGER, LEDGER_ROW,
    LEGACY, META, OPEN, OUTBOX, PARTS, PERSON, SETTLED, WORK, legacy_key,
};
use crate::domain::{
    AlarmRow, Counter, DecidedRow, DeviceId, DeviceRow, Employee, EmployeeId, Entry, Examined,
    LedgerRow, MessageRow, Millis, OutboxId, OutboxRow, Outcome, PartRow, PersonState, Seq, Series,
};
use crate::store::rows::{CopyMark, Row, RowKey, decode};
use crate::store::{Meta, StoreError};

/// The kind of message that check-ins are: the low half of an envelope's first octet.
const ATTENDANCE: u8 = 1;

/// How deep a store is looked into.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Each row by itself, and the lists.
    Rows,
    /// Also what rows say of other rows.
    References,
}

/// Is told how many rows were looked at, of about how many, and may stop it.
pub(super) type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Looks at all that `txn` sees.
///
/// The first thing that is wrong stands beside what was found, as the error that it is. [`StoreError::Newer`] ends it.
pub(super) fn examine(
    txn: &ReadTransaction,
    depth: Depth,
    progress: Progress<'_>,
) -> Result<(Examined, Option<StoreError>), Fault> {
    let mut examiner = Examiner {
        txn,
        is_deep: depth == Depth::References,
        found: Examined::default(),
        first: None,
        employees: BTreeSet::new(),
        devices: BTreeMap::new(),
        highest: BTreeMap::new(),
        done: 0,
        of: txn.open_table(LEDGER)?.len()? + txn.open_table(OUTBOX)?.len()?,
        progress,
    };
    let looked = examiner.copy_mark();
    examiner.note(looked)?;
    let looked = examiner.cards();
    examiner.note(looked)?;
    let looked = examiner.ledger();
    examiner.note(looked)?;
    let looked = examiner.outbox();
    examiner.note(looked)?;
    let looked = examiner.work();
    examiner.note(looked)?;
    let looked = examiner.legacy();
    examiner.note(looked)?;
    let looked = examiner.passing();
    examiner.note(looked)?;
    Ok((examiner.found, examiner.first))
}

struct Examiner<'a> {
    txn: &'a ReadTransaction,
    is_deep: bool,
    found: Examined,
    /// The first thing that is wrong.
    first: Option<StoreError>,
    employees: BTreeSet<EmployeeId>,
    /// Whose each phone is.
    devices: BTreeMap<DeviceId, EmployeeId>,
    /// The highest counter of each device that the ledger says was decided.
    highest: BTreeMap<DeviceId, Counter>,
    /// Chunks that were looked at, of how many.
    done: u64,
    of: u64,
    progress: Progress<'a>,
}

impl Examiner<'_> {
    /// Notes what is wrong and goes on; what no later look at this store could change ends it.
    fn note(&mut self, looked: Result<(), Fault>) -> Result<(), Fault> {
        let Err(fault) = looked else { return Ok(()) };
        let error = fault.reading();
        let StoreError::Damaged(cause) = &error else {
            return Err(error.into());
        };
        if self.found.faults.len() < Examined::FAULTS {
            self.found.faults.push(cause.to_string());
        } else {
            self.found.more_faults += 1;
        }
        self.first.get_or_insert(error);
        Ok(())
    }

    fn wrong(&mut self, wrong: Wrong) -> Result<(), Fault> {
        self.note(Err(wrong.into()))
    }

    /// One chunk more was looked at.
    fn step(&mut self) -> Result<(), Fault> {
        self.done += 1;
        match (self.progress)(self.done, self.of.max(self.done)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(StoreError::Stopped.into()),
        }
    }

    /// Shows the rows of all chunks of `kind`, also behind what cannot be read.
    fn chunks(
        &mut self,
        table: &impl ReadableTable<(u8, u64), &'static [u8]>,
        kind: u8,
        mut visit: impl FnMut(&mut Self, u64, &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for chunk in table.range((kind, 0)..=(kind, u64::MAX))? {
            let (key, octets) = chunk?;
            self.step()?;
            match crate::store::chunk::open(kind, key.value().1, octets.value()) {
                Ok(rows) => {
                    for row in rows {
                        let visited = match row {
                            Ok((number, row)) => visit(self, number, row),
                            Err(error) => Err(error.into()),
                        };
                        self.note(visited)?;
                    }
                }
                Err(error) => self.note(Err(error.into()))?,
            }
        }
        Ok(())
    }

    fn copy_mark(&mut self) -> Result<(), Fault> {
        let meta = self.txn.open_table(META)?;
        if let Some(octets) = meta.get(COPY_KEY)? {
            let mark: CopyMark = decode(COPY_ROW, octets.value())?;
            self.found.copied_at = Some(mark.at);
        }
        Ok(())
    }

    fn cards(&mut self) -> Result<(), Fault> {
        for row in self.txn.open_table(EMPLOYEES)?.iter()? {
            let (id, octets) = row?;
            let id = id.value();
            self.found.counts.employees += 1;
            self.employees.insert(EmployeeId(id));
            let card = decode::<Employee>([id.into(), 0, 0], octets.value());
            let card = card.map_err(Fault::from).and_then(|card| {
                (card.id.0 == id)
                    .then_some(())
                    .ok_or(Wrong::Elsewhere("employees", id.into()).into())
            });
            self.note(card)?;
        }
        for row in self.txn.open_table(DEVICES)?.iter()? {
            let (id, octets) = row?;
            let id = id.value();
            self.found.counts.devices += 1;
            let device = decode::<DeviceRow>([id.into(), 0, 0], octets.value());
            let device = match device {
                Ok(device) => device,
                Err(error) => {
                    self.note(Err(error.into()))?;
                    continue;
                }
            };
            self.devices.insert(DeviceId(id), device.employee);
            if device.id.0 != id {
                self.wrong(Wrong::Elsewhere("devices", id.into()))?;
            }
            if self.is_deep && !self.employees.contains(&device.employee) {
                self.wrong(Wrong::NoEmployee("devices", id.into(), device.employee))?;
            }
        }
        Ok(())
    }

    /// The ledger has no holes and does not go back in time, and each full block has its lists.
    fn ledger(&mut self) -> Result<(), Fault> {
        let ledger = self.txn.open_table(LEDGER)?;
        let by_person = self.txn.open_table(BY_PERSON)?;
        let outbox = self.txn.open_table(OUTBOX)?;
        let mut answers = Answers::new(&self.txn.open_table(WORK)?, &outbox);
        let mut of_block: Vec<Option<EmployeeId>> = Vec::with_capacity(BLOCK);
        let mut blocks = 0;
        let mut lists = 0;
        let mut next = Seq(1);
        let mut logged_at = Millis(i64::MIN);
        self.chunks(&ledger, LEDGER_ROW, |this, number, octets| {
            while next.0 < number && this.found.more_faults == 0 {
                this.wrong(Wrong::Hole(next))?;
                next.0 += 1;
                of_block.clear();
            }
            let is_whole = next.0 == number && of_block.len() as u64 == (number - 1) % BLOCK as u64;
            next = Seq(number.saturating_add(1));
            this.found.counts.ledger += 1;
            let row: LedgerRow = decode([number, 0, 0], octets)?;
            if row.seq.0 != number {
                this.wrong(Wrong::Elsewhere("ledger", number))?;
            }
            if row.logged_at < logged_at {
                this.wrong(Wrong::BackInTime(row.seq))?;
            }
            logged_at = logged_at.max(row.logged_at);
            this.found.last = Some((row.seq, row.logged_at));
            if this.is_deep {
                this.ledger_row(&row, &mut answers)?;
            }
            if !is_whole {
                of_block.clear();
                return Ok(());
            }
            of_block.push(row.entry.employee());
            if of_block.len() == BLOCK {
                let block = Block::new(blocks, of_block.drain(..));
                lists += block.verify(&by_person)?;
            }
            blocks = number / BLOCK as u64;
            Ok(())
        })?;
        self.found.counts.lists = by_person.len()?;
        if self.first.is_none() && self.found.counts.lists != lists {
            self.wrong(Wrong::Count("by_person"))?;
        }
        Ok(())
    }

    fn ledger_row<T: ReadableTable<(u8, u64), &'static [u8]>>(
        &mut self,
        row: &LedgerRow,
        answers: &mut Answers<'_, T>,
    ) -> Result<(), Fault> {
        let seq = row.seq;
        if let Some(employee) = row.entry.employee()
            && !self.employees.contains(&employee)
        {
            self.wrong(Wrong::NoEmployee("ledger", seq.0, employee))?;
        }
        let Some(message) = row.entry.message() else {
            return Ok(());
        };
        if let Some(id) = message.answer
            && !answers.has(id)?
        {
            self.wrong(Wrong::NoAnswer { seq, id })?;
        }
        if let (Some(device), Some(counter)) = (message.device, message.counter)
            && is_decided(message)
        {
            let highest = self.highest.entry(device).or_default();
            *highest = counter.max(*highest);
        }
        Ok(())
    }

    /// An entry stands in one of the two places, and answers a row of its employee.
    fn outbox(&mut self) -> Result<(), Fault> {
        let outbox = self.txn.open_table(OUTBOX)?;
        let work = self.txn.open_table(WORK)?;
        let ledger = self.txn.open_table(LEDGER)?;
        let mut rows = Cursor::new(&ledger, LEDGER_ROW);
        let mut open = BTreeSet::new();
        self.chunks(&work, OPEN, |this, number, octets| {
            open.insert(number);
            this.outbox_row(&entry(OPEN, number, octets)?, &mut rows)
        })?;
        self.chunks(&outbox, SETTLED, |this, number, octets| {
            if open.contains(&number) {
                this.wrong(Wrong::Unsettled(OutboxId(number)))?;
            }
            this.outbox_row(&entry(SETTLED, number, octets)?, &mut rows)
        })
    }

    fn outbox_row<T: ReadableTable<(u8, u64), &'static [u8]>>(
        &mut self,
        row: &OutboxRow,
        rows: &mut Cursor<'_, T>,
    ) -> Result<(), Fault> {
        self.found.counts.outbox += 1;
        if !self.is_deep {
            return Ok(());
        }
        let answered: Option<LedgerRow> = rows.get(row.seq.0)?;
        if answered.and_then(|row| row.entry.employee()) != Some(row.employee) {
            let (id, seq) = (row.id, row.seq);
            self.wrong(Wrong::Answers { id, seq })?;
        }
        Ok(())
    }

    /// What changes with every check-in goes back to rows of the ledger.
    fn work(&mut self) -> Result<(), Fault> {
        let work = self.txn.open_table(WORK)?;
        let ledger = self.txn.open_table(LEDGER)?;
        let mut rows = Cursor::new(&ledger, LEDGER_ROW);
        self.chunks(&work, PERSON, |this, number, octets| {
            this.found.counts.people += 1;
            let state: PersonState = decode([number, 0, 0], octets)?;
            if this.is_deep {
                this.person(number, &state, &mut rows)?;
            }
            Ok(())
        })?;
        let decided = Ring::open(&work)?.load(&work)?;
        self.found.counts.decisions = decided.len() as u64;
        if !self.is_deep {
            return Ok(());
        }
        let mut kept: BTreeMap<DeviceId, Counter> = BTreeMap::new();
        for ((series, counter), row) in &decided {
            if series.kind == ATTENDANCE {
                let highest = kept.entry(series.device).or_default();
                *highest = (*counter).max(*highest);
            }
            let found: Option<LedgerRow> = rows.get(row.seq.0)?;
            let message = found.as_ref().and_then(|row| row.entry.message());
            if !message.is_some_and(|message| says(message, *series, *counter, row)) {
                let (device, counter, seq) = (series.device, *counter, row.seq);
                self.wrong(Wrong::Decided {
                    device,
                    counter,
                    seq,
                })?;
            }
        }
        // What was forgotten could be recorded once more.
        for (device, highest) in std::mem::take(&mut self.highest) {
            if kept.get(&device).is_none_or(|kept| *kept < highest) {
                self.wrong(Wrong::Forgotten { device, highest })?;
            }
        }
        Ok(())
    }

    fn person<T: ReadableTable<(u8, u64), &'static [u8]>>(
        &mut self,
        number: u64,
        state: &PersonState,
        rows: &mut Cursor<'_, T>,
    ) -> Result<(), Fault> {
        let employee = state.employee;
        if u64::from(employee.0) != number || !self.employees.contains(&employee) {
            self.wrong(Wrong::NoEmployee("people", number, employee))?;
        }
        for device in state.budgets.keys().flatten() {
            if self.devices.get(device) != Some(&employee) {
                let device = *device;
                self.wrong(Wrong::Budget { employee, device })?;
            }
        }
        let Some(presence) = &state.presence else {
            return Ok(());
        };
        let seq = presence.seq;
        let row: Option<LedgerRow> = rows.get(seq.0)?;
        let says_so = row.is_some_and(|row| match &row.entry {
            Entry::Message(message) => {
                message.employee == Some(employee)
                    && message.action == Some(presence.action)
                    && message.at == Some(presence.at)
            }
            Entry::Mark(mark) => {
                (mark.employee, mark.action, mark.at) == (employee, presence.action, presence.at)
            }
            Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::OverBound(_)
            | Entry::Note(_) => false,
        });
        if !says_so {
            self.wrong(Wrong::Presence { employee, seq })?;
        }
        Ok(())
    }

    fn legacy(&mut self) -> Result<(), Fault> {
        let ledger = self.txn.open_table(LEDGER)?;
        for row in self.txn.open_table(LEGACY)?.iter()? {
            let (key, octets) = row?;
            let (employee, digest) = key.value();
            self.found.counts.legacy += 1;
            let seq = match decode::<Seq>(legacy_key(employee, digest), octets.value()) {
                Ok(seq) => seq,
                Err(error) => {
                    self.note(Err(error.into()))?;
                    continue;
                }
            };
            let employee = EmployeeId(employee);
            if self.is_deep {
                let row: Option<LedgerRow> = shelf::get(&ledger, LEDGER_ROW, seq.0)?;
                if row.and_then(|row| row.entry.employee()) != Some(employee) {
                    self.wrong(Wrong::Person { seq, employee })?;
                }
            }
        }
        Ok(())
    }

    /// Single values, alarms, and parts that wait.
    fn passing(&mut self) -> Result<(), Fault> {
        let mut meta = Meta::default();
        let work = self.txn.open_table(WORK)?;
        if let Some(octets) = work.get((DESK, 0))? {
            meta = decode(DESK_ROW, octets.value())?;
        }
        read::commits(&work)?;
        let alarms = self.txn.open_table(ALARMS)?;
        self.found.counts.alarms = self.rows::<AlarmRow>(&alarms)?;
        if let Some((last, _)) = alarms.last()?
            && self.is_deep
            && last.value() > meta.last_alarm.0
        {
            self.wrong(Wrong::Count("alarms"))?;
        }
        let parts = self.txn.open_table(PARTS)?;
        self.found.counts.parts = self.rows::<PartRow>(&parts)?;
        Ok(())
    }

    fn rows<R: Row>(
        &mut self,
        table: &impl ReadableTable<u64, &'static [u8]>,
    ) -> Result<u64, Fault> {
        let mut count = 0;
        for row in table.iter()? {
            let (id, octets) = row?;
            count += 1;
            let key: RowKey = [id.value(), 0, 0];
            self.note(
                decode::<R>(key, octets.value())
                    .map(drop)
                    .map_err(Fault::from),
            )?;
        }
        Ok(count)
    }
}

/// Whether a message used its counter up. Only of these it is known that they are check-ins.
fn is_decided(message: &MessageRow) -> bool {
    match message.outcome {
        Outcome::Recorded | Outcome::Refused(_) => message.action.is_some(),
        Outcome::Duplicate | Outcome::Replay | Outcome::Unreadable(_) => false,
    }
}

/// Whether a row of the ledger is the one by which a counter was decided.
fn says(message: &MessageRow, series: Series, counter: Counter, row: &DecidedRow) -> bool {
    message.device == Some(series.device)
        && message.counter == Some(counter)
        && message.digest == Some(row.digest)
}

/// Looks rows up whose numbers mostly rise: the chunk of the last one is held.
struct Cursor<'t, T> {
    table: &'t T,
    kind: u8,
    /// From which number to below which the rows that are held are all there are.
    held: std::ops::Range<u64>,
    rows: BTreeMap<u64, Vec<u8>>,
}

impl<'t, T: ReadableTable<(u8, u64), &'static [u8]>> Cursor<'t, T> {
    const fn new(table: &'t T, kind: u8) -> Self {
        Self {
            table,
            kind,
            held: 0..0,
            rows: BTreeMap::new(),
        }
    }

    fn octets(&mut self, number: u64) -> Result<Option<&Vec<u8>>, Fault> {
        if !self.held.contains(&number) {
            self.hold(number)?;
        }
        Ok(self.rows.get(&number))
    }

    /// What cannot be read was told when all chunks were looked at.
    fn get<R: Row>(&mut self, number: u64) -> Result<Option<R>, Fault> {
        let octets = self.octets(number)?;
        Ok(octets.and_then(|octets| decode([number, 0, 0], octets).ok()))
    }

    fn hold(&mut self, number: u64) -> Result<(), Fault> {
        self.rows.clear();
        self.held = number..number.saturating_add(1);
        let kind = self.kind;
        let Some(chunk) = self.table.range((kind, 0)..=(kind, number))?.next_back() else {
            return Ok(());
        };
        let (key, octets) = chunk?;
        let first = key.value().1;
        if let Ok(rows) = crate::store::chunk::open(kind, first, octets.value()) {
            for (number, row) in rows.flatten() {
                self.rows.insert(number, row.to_vec());
                self.held = first..number.saturating_add(1).max(self.held.end);
            }
        }
        Ok(())
    }
}

/// Which entries the outbox has, in either place.
struct Answers<'t, T> {
    open: BTreeSet<u64>,
    settled: Cursor<'t, T>,
}

impl<'t, T: ReadableTable<(u8, u64), &'static [u8]>> Answers<'t, T> {
    fn new(work: &T, outbox: &'t T) -> Self {
        let mut open = BTreeSet::new();
        // What cannot be read is told when the outbox is looked at.
        let _ = shelf::visit(work, OPEN, 0, |number, _| {
            open.insert(number);
            Ok(ControlFlow::Continue(()))
        });
        let settled = Cursor::new(outbox, SETTLED);
        Self { open, settled }
    }

    fn has(&mut self, id: OutboxId) -> Result<bool, Fault> {
        Ok(self.open.contains(&id.0) || self.settled.octets(id.0)?.is_some())
    }
}
