//! What a store holds after the batches that it took: a model to hold it against after a crash.

use std::collections::BTreeMap;

use hazir::domain::{
    AlarmId, AlarmKind, AlarmRow, Counter, DecidedRow, DeviceId, DeviceRow, Employee, EmployeeId,
    LedgerRow, OutboxId, OutboxRow, PartId, PartRow, PersonState, Seq, Series,
};
use hazir::protocol::Kind;
use hazir::store::{Archive, Batch, Loaded, Meta};

/// Rows of the ledger that are read at a restart; all are read in the end.
const TAIL: usize = 8;
/// Counters so far below the highest are out of the window, and so far above it.
const BEHIND: u16 = 128;
const AHEAD: u16 = 1_024;
/// Rows read at once.
const PAGE: usize = 512;

/// The rows of a store.
#[derive(Debug, Default)]
pub struct Tables {
    ledger: Vec<LedgerRow>,
    pub outbox: BTreeMap<OutboxId, OutboxRow>,
    /// Answers that are to be sent.
    pub open: usize,
    decided: BTreeMap<(Series, Counter), DecidedRow>,
    employees: BTreeMap<EmployeeId, Employee>,
    devices: BTreeMap<DeviceId, DeviceRow>,
    people: BTreeMap<EmployeeId, PersonState>,
    alarms: BTreeMap<AlarmId, AlarmRow>,
    parts: BTreeMap<PartId, PartRow>,
    meta: Meta,
}

impl Tables {
    /// The number of the last row of the ledger; 0 before the first.
    pub fn last(&self) -> u64 {
        self.ledger.last().map_or(0, |row| row.seq.0)
    }

    /// Adds a row to the ledger.
    pub fn append(&mut self, row: &LedgerRow) {
        self.ledger.push(row.clone());
    }

    /// Takes a batch, but for its rows of the ledger.
    pub fn apply(&mut self, batch: &Batch) {
        for row in batch.outbox.values() {
            let before = self.outbox.insert(row.id, row.clone());
            self.open += usize::from(row.state.is_open());
            self.open -= usize::from(before.is_some_and(|before| before.state.is_open()));
        }
        let decided = batch.decided.iter();
        self.decided
            .extend(decided.map(|(key, row)| (*key, row.clone())));
        for (series, below) in &batch.forget_below {
            self.decided
                .retain(|(of, counter), _| of != series || counter >= below);
        }
        self.employees.extend(batch.employees.clone());
        self.devices.extend(batch.devices.clone());
        let people = batch.people.iter();
        self.people
            .extend(people.map(|(id, row)| (*id, row.clone())));
        put(&mut self.alarms, &batch.alarms);
        put(&mut self.parts, &batch.parts);
        if let Some(meta) = &batch.meta {
            self.meta.clone_from(meta);
        }
    }

    /// Whether an alarm that stands was seen; `None` where none stands.
    pub fn was_seen(&self, id: AlarmId) -> Option<bool> {
        self.alarms.get(&id).map(|row| row.seen.is_some())
    }

    /// Whether nothing is decided for a counter that lies in the window.
    pub fn is_undecided(&self, device: DeviceId, counter: u16) -> bool {
        let kind = Kind::ATTENDANCE.number();
        let series = Series { device, kind };
        let all = (series, Counter(0))..=(series, Counter(u16::MAX));
        let highest = self.decided.range(all).next_back();
        let highest = highest.map_or(0, |((_, counter), _)| counter.0);
        !self.decided.contains_key(&(series, Counter(counter)))
            && counter.saturating_add(BEHIND) > highest
            && counter <= highest.saturating_add(AHEAD)
    }

    /// Whether an alarm stands that answers were given up, and a batch does not take it away.
    pub fn has_failed_alarm(&self, batch: &Batch) -> bool {
        let mut rows = self.alarms.values();
        rows.any(|row| {
            matches!(row.kind, AlarmKind::OutboxFailed { .. })
                && batch.alarms.get(&row.id).is_none_or(Option::is_some)
        })
    }

    /// How a store that was opened differs from this; `None` where it does not.
    pub fn differs(&self, loaded: &Loaded, store: &dyn Archive) -> Option<String> {
        let last = loaded.last.as_ref();
        if last != self.ledger.last() {
            return Some(format!("the last row is {last:?}"));
        }
        for row in self.ledger.iter().rev().take(TAIL) {
            if store.ledger_row(row.seq).ok().flatten().as_ref() != Some(row) {
                return Some(format!("row {:?}", row.seq));
            }
        }
        for (id, row) in &loaded.outbox {
            if self.outbox.get(id) != Some(row) {
                let known = self.outbox.get(id);
                return Some(format!("answer {row:?}, which was {known:?}"));
            }
        }
        let mut open = self.outbox.values().filter(|row| !row.is_settled());
        if let Some(row) = open.find(|row| !loaded.outbox.contains_key(&row.id)) {
            return Some(format!("answer {row:?}"));
        }
        let rows = [
            (loaded.decided == self.decided, "decisions"),
            (loaded.employees == self.employees, "cards"),
            (loaded.devices == self.devices, "devices"),
            (loaded.people == self.people, "people"),
            (loaded.alarms == self.alarms, "alarms"),
            (loaded.parts == self.parts, "parts"),
            (loaded.meta == self.meta, "counters"),
        ];
        let different = rows.iter().find(|(is_same, _)| !is_same);
        different.map(|(_, what)| (*what).to_owned())
    }

    /// How the ledger of a store differs from this one; `None` where it does not.
    pub fn ledger_differs(&self, store: &dyn Archive) -> Option<String> {
        for page in self.ledger.chunks(PAGE) {
            let after = Seq(page[0].seq.0 - 1);
            let found = store.ledger_page(after, page.len());
            if found.as_ref().ok().map(Vec::as_slice) != Some(page) {
                return Some(format!("the ledger differs after {after:?}"));
            }
        }
        None
    }
}

fn put<K: Ord + Copy, V: Clone>(table: &mut BTreeMap<K, V>, changes: &BTreeMap<K, Option<V>>) {
    for (key, row) in changes {
        match row {
            Some(row) => table.insert(*key, row.clone()),
            None => table.remove(key),
        };
    }
}
