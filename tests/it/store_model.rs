//! What a store should hold, in maps, and batches that follow from a seed.

use std::collections::BTreeMap;

use hazir::domain::{
    Action, Address, AlarmId, AlarmKind, AlarmRow, AnswerKind, BindFault, Counter, Country,
    DayBudget, DecidedRow, DeskAct, DeviceId, DeviceRow, Digest, DownCause, Employee, EmployeeId,
    Entry, GatewayName, LedgerRow, MarkRow, MessageRow, Millis, Msisdn, NoteRow, Operator,
    OutboxId, OutboxRow, OutboxState, Outcome, OverBound, Part, PartId, PartRow, PersonState,
    Presence, PresenceSource, Priority, RawBody, RefusedReason, SendError, Seq, Series, SmsBody,
    StopCause, UnreadableReason,
};
use hazir::store::{Archive, Batch, GatewayCounters, Loaded, Meta, RedbStore, Store, StoreError};

use super::faulty_disk::Seeded;

/// Numbers of employees, devices and the like stay below this one, so that batches meet each other's rows.
const FEW: u64 = 6;

/// What was committed.
#[derive(Clone, Debug, Default)]
pub struct Model {
    ledger: Vec<LedgerRow>,
    outbox: BTreeMap<OutboxId, OutboxRow>,
    decided: BTreeMap<(Series, Counter), DecidedRow>,
    employees: BTreeMap<EmployeeId, Employee>,
    devices: BTreeMap<DeviceId, DeviceRow>,
    people: BTreeMap<EmployeeId, PersonState>,
    legacy: BTreeMap<(EmployeeId, Digest), Seq>,
    alarms: BTreeMap<AlarmId, AlarmRow>,
    parts: BTreeMap<PartId, PartRow>,
    meta: Meta,
}

/// All that can be read out of a store.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    loaded: Loaded,
    ledger: Vec<LedgerRow>,
    outbox: Vec<OutboxRow>,
    of: BTreeMap<EmployeeId, Vec<LedgerRow>>,
    /// The same, newest first.
    back: BTreeMap<EmployeeId, Vec<LedgerRow>>,
    legacy: BTreeMap<(EmployeeId, Digest), Seq>,
    before: Vec<Seq>,
}

impl Contents {
    /// Reads all of `store`, page by page.
    pub fn of(store: &RedbStore) -> Result<Self, StoreError> {
        let ledger = pages(|last: Option<&LedgerRow>| {
            store.ledger_page(last.map_or(Seq(0), |row| row.seq), 7)
        })?;
        let outbox = pages(|last: Option<&OutboxRow>| {
            store.outbox_page(last.map_or(OutboxId(0), |row| row.id), 7)
        })?;
        let mut of = BTreeMap::new();
        let mut back = BTreeMap::new();
        let mut legacy = BTreeMap::new();
        for employee in employees() {
            let rows = pages(|last: Option<&LedgerRow>| {
                store.ledger_of(employee, last.map_or(Seq(0), |row| row.seq), 3)
            })?;
            of.insert(employee, rows);
            let rows = pages(|last: Option<&LedgerRow>| {
                store.ledger_of_before(employee, last.map_or(Seq(u64::MAX), |row| row.seq), 3)
            })?;
            back.insert(employee, rows);
            for digest in digests() {
                if let Some(seq) = store.legacy_seen(employee, digest)? {
                    legacy.insert((employee, digest), seq);
                }
            }
        }
        let mut before = Vec::new();
        for at in moments(&ledger) {
            before.push(store.seq_before(at)?);
        }
        store.verify()?;
        Ok(Self {
            loaded: store.load()?,
            ledger,
            outbox,
            of,
            back,
            legacy,
            before,
        })
    }
}

fn pages<T>(
    mut page: impl FnMut(Option<&T>) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    loop {
        let next = page(all.last())?;
        if next.is_empty() {
            return Ok(all);
        }
        all.extend(next);
    }
}

fn employees() -> impl Iterator<Item = EmployeeId> {
    (0..=FEW).map(|number| EmployeeId(u32::try_from(number).unwrap()))
}

fn digests() -> impl Iterator<Item = Digest> {
    (0..=FEW).map(|number| Digest(u128::from(number).to_be_bytes()))
}

/// Moments on, before and after rows.
fn moments(ledger: &[LedgerRow]) -> Vec<Millis> {
    let at = |row: &LedgerRow| [row.logged_at.0, row.logged_at.0 + 1];
    let some = ledger.iter().step_by(5).flat_map(at);
    [i64::MIN, i64::MAX]
        .into_iter()
        .chain(some)
        .map(Millis)
        .collect()
}

impl Model {
    pub fn apply(&mut self, batch: &Batch) {
        self.ledger.extend(batch.ledger.iter().cloned());
        self.outbox.extend(batch.outbox.clone());
        self.decided.extend(batch.decided.clone());
        self.decided.retain(|(series, counter), _| {
            batch
                .forget_below
                .get(series)
                .is_none_or(|below| counter >= below)
        });
        self.employees.extend(batch.employees.clone());
        self.devices.extend(batch.devices.clone());
        self.people.extend(batch.people.clone());
        self.legacy.extend(batch.legacy.clone());
        for (id, alarm) in &batch.alarms {
            match alarm {
                Some(alarm) => self.alarms.insert(*id, alarm.clone()),
                None => self.alarms.remove(id),
            };
        }
        for (id, part) in &batch.parts {
            match part {
                Some(part) => self.parts.insert(*id, part.clone()),
                None => self.parts.remove(id),
            };
        }
        if let Some(meta) = &batch.meta {
            self.meta = meta.clone();
        }
    }

    /// The single values that a store should hold.
    pub fn contents_meta(&self) -> Meta {
        self.meta.clone()
    }

    /// What a store should hold.
    pub fn contents(&self) -> Contents {
        let of_person = |row: &LedgerRow| match &row.entry {
            Entry::Message(message) => message.employee,
            Entry::Mark(mark) => Some(mark.employee),
            Entry::Note(note) => note.employee,
            Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::OverBound(_) => None,
        };
        let of = |employee| {
            let rows = self
                .ledger
                .iter()
                .filter(|row| of_person(row) == Some(employee));
            (employee, rows.cloned().collect())
        };
        let back = |employee| {
            let (_, mut rows): (EmployeeId, Vec<LedgerRow>) = of(employee);
            rows.reverse();
            (employee, rows)
        };
        let before = |at| {
            let rows = self.ledger.iter().take_while(|row| row.logged_at < at);
            rows.last().map_or(Seq(0), |row| row.seq)
        };
        let recent = self.outbox.keys().rev().nth(RedbStore::RECENT_OUTBOX - 1);
        let recent = recent.copied().unwrap_or_default();
        let loaded_outbox = self.outbox.iter().filter(|(id, row)| {
            let by_hand = row.error == Some(SendError::ByHand);
            let settled = match row.state {
                OutboxState::Sent | OutboxState::Delivered => true,
                OutboxState::Failed => by_hand,
                OutboxState::Queued | OutboxState::Sending | OutboxState::Deferred => false,
            };
            **id >= recent || !settled
        });
        Contents {
            loaded: Loaded {
                began_at: self.ledger.first().map(|row| row.logged_at),
                last: self.ledger.last().cloned(),
                last_outbox: self.outbox.keys().last().copied().unwrap_or_default(),
                employees: self.employees.clone(),
                devices: self.devices.clone(),
                decided: self.decided.clone(),
                people: self.people.clone(),
                outbox: loaded_outbox.map(|(id, row)| (*id, row.clone())).collect(),
                alarms: self.alarms.clone(),
                parts: self.parts.clone(),
                meta: self.meta.clone(),
            },
            ledger: self.ledger.clone(),
            outbox: self.outbox.values().cloned().collect(),
            of: employees().map(of).collect(),
            back: employees().map(back).collect(),
            legacy: self.legacy.clone(),
            before: moments(&self.ledger).into_iter().map(before).collect(),
        }
    }

    /// A batch that can come next. `wide` rows carry a long note, so that the file grows.
    pub fn next_batch(&self, seeded: &mut Seeded, wide: bool) -> Batch {
        let mut batch = Batch::default();
        let mut last = self.ledger.last().map(|row| (row.seq.0, row.logged_at.0));
        for _ in 0..seeded.below(4) {
            let (seq, at) = last.unwrap_or((0, 1_700_000_000_000));
            let row = LedgerRow {
                seq: Seq(seq + 1),
                logged_at: Millis(at + i64::try_from(seeded.below(3)).unwrap() * 500),
                entry: entry(seeded, wide),
            };
            last = Some((row.seq.0, row.logged_at.0));
            batch.ledger.push(row);
        }
        for _ in 0..seeded.below(3) {
            let id = OutboxId(1 + seeded.below(self.outbox.len() as u64 + 3));
            batch.outbox.insert(id, outbox_row(seeded, id));
        }
        for _ in 0..seeded.below(3) {
            let counter = Counter(u16::try_from(1 + seeded.below(40)).unwrap());
            batch
                .decided
                .insert((series(seeded), counter), decided(seeded));
        }
        if seeded.one_in(3) {
            let below = Counter(u16::try_from(seeded.below(40)).unwrap());
            batch.forget_below.insert(series(seeded), below);
        }
        if seeded.one_in(2) {
            let id = employee(seeded);
            batch.employees.insert(id, card(seeded, id));
            batch.people.insert(id, person(seeded, id));
        }
        if seeded.one_in(3) {
            let id = device(seeded);
            batch.devices.insert(id, device_row(seeded, id));
        }
        if seeded.one_in(3) {
            let digest = digests().nth(usize::try_from(seeded.below(FEW)).unwrap());
            let seq = Seq(seeded.next());
            batch
                .legacy
                .insert((employee(seeded), digest.unwrap()), seq);
        }
        if seeded.one_in(2) {
            let id = AlarmId(1 + seeded.below(FEW));
            let row = (!seeded.one_in(3)).then(|| alarm(seeded, id));
            batch.alarms.insert(id, row);
        }
        for _ in 0..seeded.below(3) {
            let id = PartId(1 + seeded.below(FEW));
            let row = (!seeded.one_in(3)).then(|| part(seeded, wide));
            batch.parts.insert(id, row);
        }
        if seeded.one_in(2) {
            batch.meta = Some(meta(seeded));
        }
        batch
    }
}

/// So many entries of the outbox.
pub fn answers(seeded: &mut Seeded, many: u64) -> Batch {
    let mut batch = Batch::default();
    for id in (1..=many).map(OutboxId) {
        batch.outbox.insert(id, outbox_row(seeded, id));
    }
    batch
}

fn few(seeded: &mut Seeded) -> u32 {
    u32::try_from(1 + seeded.below(FEW)).unwrap()
}

fn employee(seeded: &mut Seeded) -> EmployeeId {
    EmployeeId(few(seeded))
}

fn device(seeded: &mut Seeded) -> DeviceId {
    DeviceId(few(seeded) << 24)
}

fn series(seeded: &mut Seeded) -> Series {
    Series {
        device: device(seeded),
        kind: u8::try_from(seeded.below(3)).unwrap(),
    }
}

fn moment(seeded: &mut Seeded) -> Millis {
    Millis(1_700_000_000_000 + i64::try_from(seeded.below(1 << 32)).unwrap())
}

fn digest(seeded: &mut Seeded) -> Digest {
    Digest((u128::from(seeded.next()) << 64 | u128::from(seeded.next())).to_be_bytes())
}

fn gateway(seeded: &mut Seeded) -> GatewayName {
    GatewayName::new(["reception", "استقبال"][usize::try_from(seeded.below(2)).unwrap()])
}

fn address(seeded: &mut Seeded) -> Address {
    Address::international(&format!("+98910{:07}", seeded.below(10_000_000)))
}

fn operator(seeded: &mut Seeded) -> Operator {
    Operator {
        user: format!("user{}", seeded.below(9)),
        desk: "reception".to_owned(),
    }
}

fn some<T>(seeded: &mut Seeded, value: impl FnOnce(&mut Seeded) -> T) -> Option<T> {
    (!seeded.one_in(3)).then(|| value(seeded))
}

fn action(seeded: &mut Seeded) -> Action {
    [Action::In, Action::Out][usize::try_from(seeded.below(2)).unwrap()]
}

fn entry(seeded: &mut Seeded, wide: bool) -> Entry {
    match seeded.below(13) {
        0 => Entry::Mark(MarkRow {
            by: operator(seeded),
            employee: employee(seeded),
            action: action(seeded),
            at: moment(seeded),
            marked_at: moment(seeded),
            reason: "forgot the phone".to_owned(),
            reverses: some(seeded, |seeded| Seq(seeded.below(99))),
        }),
        1 => Entry::LinkUp {
            gateway: gateway(seeded),
        },
        2 => Entry::LinkDown {
            gateway: gateway(seeded),
            cause: DownCause::Bind(BindFault::Status(13)),
            heard_at: moment(seeded),
        },
        3 => Entry::EngineStarted {
            version: "0.1.0".to_owned(),
            alive_until: some(seeded, moment),
        },
        4 => Entry::EngineStopped {
            cause: StopCause::Asked,
        },
        5 => Entry::Desk {
            by: operator(seeded),
            act: DeskAct::DeviceEnrolled(device(seeded), employee(seeded)),
        },
        6 => Entry::OverBound(OverBound {
            since: moment(seeded),
            unreadable: seeded.below(500),
            copies: seeded.below(10),
        }),
        7 => Entry::Note(NoteRow {
            by: operator(seeded),
            employee: some(seeded, employee),
            about: some(seeded, |seeded| Seq(seeded.below(99))),
            text: "rang".to_owned(),
            reverses: some(seeded, |seeded| Seq(seeded.below(99))),
        }),
        _ => Entry::Message(Box::new(message(seeded, wide))),
    }
}

fn message(seeded: &mut Seeded, wide: bool) -> MessageRow {
    let outcomes = [
        Outcome::Recorded,
        Outcome::Duplicate,
        Outcome::Refused(RefusedReason::Clock),
        Outcome::Unreadable(UnreadableReason::WrongTag),
    ];
    MessageRow {
        received_at: moment(seeded),
        gateway: gateway(seeded),
        sender: address(seeded),
        destination: address(seeded),
        outcome: outcomes[usize::try_from(seeded.below(4)).unwrap()],
        at: some(seeded, moment),
        delayed: seeded.one_in(2),
        link_gap: seeded.one_in(2),
        clock_off: seeded.one_in(2),
        weak: seeded.one_in(2),
        employee: some(seeded, employee),
        device: some(seeded, device),
        counter: some(seeded, |seeded| {
            Counter(u16::try_from(seeded.below(99)).unwrap())
        }),
        action: some(seeded, action),
        claimed_at: some(seeded, moment),
        note: "سلام ".repeat(if wide { 3_000 } else { 3 }),
        digest: some(seeded, digest),
        answer: some(seeded, |seeded| OutboxId(seeded.below(99))),
        retry_of: some(seeded, |seeded| Seq(seeded.below(99))),
        raw: some(seeded, |seeded| RawBody {
            octets: seeded.next().to_le_bytes().to_vec(),
            data_coding: 8,
        }),
    }
}

fn outbox_row(seeded: &mut Seeded, id: OutboxId) -> OutboxRow {
    let states = [
        OutboxState::Queued,
        OutboxState::Sent,
        OutboxState::Deferred,
        OutboxState::Delivered,
        OutboxState::Failed,
    ];
    OutboxRow {
        id,
        seq: Seq(seeded.below(99)),
        kind: AnswerKind::Receipt,
        employee: employee(seeded),
        device: some(seeded, device),
        gateway: gateway(seeded),
        to: address(seeded),
        from: address(seeded),
        body: SmsBody::Binary(seeded.next().to_le_bytes().to_vec()),
        parts: 1,
        priority: Priority::Repeat,
        state: states[usize::try_from(seeded.below(5)).unwrap()],
        attempts: u16::try_from(seeded.below(5)).unwrap(),
        answered: 1,
        queued_at: moment(seeded),
        next_at: some(seeded, moment),
        sent_at: some(seeded, moment),
        message_id: some(seeded, |seeded| seeded.next().to_string()),
        error: some(seeded, |seeded| {
            if seeded.one_in(2) {
                SendError::ByHand
            } else {
                SendError::Undelivered("UNDELIV".to_owned())
            }
        }),
    }
}

fn decided(seeded: &mut Seeded) -> DecidedRow {
    DecidedRow {
        digest: digest(seeded),
        seq: Seq(seeded.below(99)),
        answer: some(seeded, |seeded| OutboxId(seeded.below(99))),
        copies: 2,
    }
}

fn card(seeded: &mut Seeded, id: EmployeeId) -> Employee {
    let phone = format!("+98910{:07}", 2_000_000 + seeded.below(1_000_000));
    Employee {
        id,
        name: "آیدا رستمی".to_owned(),
        short: format!("A{}", seeded.below(100)),
        phone: Msisdn::parse(&phone, Country::default()).unwrap(),
        team: some(seeded, |_| "desk".to_owned()),
        shift: some(seeded, |_| "day".to_owned()),
        legacy: seeded.one_in(2),
        suspended: seeded.one_in(2),
    }
}

fn person(seeded: &mut Seeded, id: EmployeeId) -> PersonState {
    let mut state = PersonState::new(id);
    state.presence = some(seeded, |seeded| Presence {
        action: action(seeded),
        at: moment(seeded),
        seq: Seq(seeded.below(99)),
        device: some(seeded, |seeded| (device(seeded), Counter(7))),
        source: PresenceSource::Sealed,
        note: "late".to_owned(),
        clock_off_min: i16::try_from(seeded.below(99)).unwrap(),
    });
    state.first_in = some(seeded, moment);
    let budget = DayBudget {
        day: 20_777,
        attendance: 3,
        repeats: 1,
    };
    state.budgets.insert(some(seeded, device), budget);
    state
}

fn device_row(seeded: &mut Seeded, id: DeviceId) -> DeviceRow {
    DeviceRow {
        id,
        employee: employee(seeded),
        enrolled_at: moment(seeded),
        enrolled_by: operator(seeded),
        revoked: seeded.one_in(2),
        sealed_key: (0..60)
            .map(|_| u8::try_from(seeded.below(256)).unwrap())
            .collect(),
    }
}

fn alarm(seeded: &mut Seeded, id: AlarmId) -> AlarmRow {
    AlarmRow {
        id,
        kind: AlarmKind::TwoPlaces {
            device: device(seeded),
            employee: employee(seeded),
        },
        since: moment(seeded),
        count: few(seeded),
        seen: some(seeded, |seeded| (operator(seeded), moment(seeded))),
        ended_at: some(seeded, moment),
        shelved_until: some(seeded, moment),
    }
}

fn part(seeded: &mut Seeded, wide: bool) -> PartRow {
    let number = u8::try_from(1 + seeded.below(3)).unwrap();
    let reference = u16::try_from(seeded.below(1 << 16)).unwrap();
    PartRow {
        gateway: gateway(seeded),
        source: address(seeded),
        destination: address(seeded),
        part: Part::new(reference, 3, number).unwrap(),
        body: RawBody {
            octets: vec![number; if wide { 1_000 } else { 134 }],
            data_coding: 8,
        },
        received_at: moment(seeded),
    }
}

fn meta(seeded: &mut Seeded) -> Meta {
    let mut meta = Meta {
        key_check: seeded.next().to_le_bytes().to_vec(),
        alive_at: some(seeded, moment),
        last_alarm: AlarmId(seeded.below(99)),
        ..Meta::default()
    };
    let counters = GatewayCounters {
        received: seeded.below(1_000),
        gap_from: some(seeded, moment),
        ..GatewayCounters::default()
    };
    meta.gateways.insert(gateway(seeded), counters);
    meta
}
