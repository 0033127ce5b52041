//! The rows of a frame.
//!
//! ```text
//! octets  each row, up to the end of the frame
//! 1       its kind: one of the numbers below
//! n       its key, three numbers (LEB128)
//! n       its length (LEB128); 0 where it is no more, which alarms and parts come to
//! n       the row as the store writes it, with version and check: an older one is still read
//! ```

use super::frame::Mark;
use crate::domain::{
    AlarmId, DeviceId, Digest, EmployeeId, LedgerRow, OutboxId, PartId, Seq, Series,
};
use crate::store::chunk::{put_number, take_number};
use crate::store::redb_store::{legacy_digest, legacy_key};
use crate::store::rows::{Decision, Row, RowError, RowKey, decode, encode_to};
use crate::store::{Batch, Meta};

const LEDGER: u8 = 1;
const OUTBOX: u8 = 2;
const DECISION: u8 = 3;
const EMPLOYEE: u8 = 4;
const DEVICE: u8 = 5;
const PERSON: u8 = 6;
const LEGACY: u8 = 7;
const ALARM: u8 = 8;
const PART: u8 = 9;
const META: u8 = 10;

/// Decisions and single values stand under no key of their own.
const KEY: RowKey = [0; 3];

/// Why octets that passed their check are no rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum PiecesError {
    #[error(transparent)]
    Row(#[from] RowError),
    #[error("a row of a frame is cut short")]
    Short,
    #[error("a row of a frame has kind {0}, which never was")]
    Kind(u8),
}

/// Writes rows to the end of what it was given.
pub(super) struct Pieces<'a> {
    octets: &'a mut Vec<u8>,
    row: &'a mut Vec<u8>,
}

impl<'a> Pieces<'a> {
    /// `row` is room that is used again.
    pub(super) fn new(octets: &'a mut Vec<u8>, row: &'a mut Vec<u8>) -> Self {
        Self { octets, row }
    }

    /// Writes a whole batch.
    pub(super) fn put_batch(&mut self, batch: &Batch, mark: &mut Mark) -> Result<(), RowError> {
        let Batch {
            ledger,
            outbox,
            decided,
            forget_below,
            employees,
            devices,
            people,
            legacy,
            alarms,
            parts,
            meta,
        } = batch;
        for row in ledger {
            self.put_ledger(row, mark)?;
        }
        for (id, row) in outbox {
            self.put(OUTBOX, [id.0, 0, 0], row)?;
        }
        let forgotten = forget_below
            .iter()
            .map(|(series, below)| (series, below, None));
        let decided = decided.iter();
        let decided = decided.map(|((series, counter), row)| (series, counter, Some(row)));
        for (series, counter, row) in decided.chain(forgotten) {
            let decision = Decision {
                device: series.device,
                kind: series.kind,
                counter: *counter,
                number: 0,
                row: row.cloned(),
            };
            self.put(DECISION, KEY, &decision)?;
        }
        for (id, row) in employees {
            self.put(EMPLOYEE, [id.0.into(), 0, 0], row)?;
        }
        for (id, row) in devices {
            self.put(DEVICE, [id.0.into(), 0, 0], row)?;
        }
        for (id, row) in people {
            self.put(PERSON, [id.0.into(), 0, 0], row)?;
        }
        for ((employee, digest), seq) in legacy {
            self.put(LEGACY, legacy_key(employee.0, &digest.0), seq)?;
        }
        for (id, row) in alarms {
            self.put_or_remove(ALARM, [id.0, 0, 0], row.as_ref())?;
        }
        for (id, row) in parts {
            self.put_or_remove(PART, [id.0, 0, 0], row.as_ref())?;
        }
        if let Some(meta) = meta {
            self.put::<Meta>(META, KEY, meta)?;
        }
        Ok(())
    }

    fn put_ledger(&mut self, row: &LedgerRow, mark: &mut Mark) -> Result<(), RowError> {
        self.put(LEDGER, [row.seq.0, 0, 0], row)?;
        mark.seq = row.seq;
        mark.check = check_of(self.row);
        Ok(())
    }

    fn put_or_remove<R: Row>(
        &mut self,
        kind: u8,
        key: RowKey,
        row: Option<&R>,
    ) -> Result<(), RowError> {
        if let Some(row) = row {
            return self.put(kind, key, row);
        }
        self.begin(kind, key, 0);
        Ok(())
    }

    fn put<R: Row>(&mut self, kind: u8, key: RowKey, row: &R) -> Result<(), RowError> {
        self.row.clear();
        encode_to(self.row, key, row)?;
        self.begin(kind, key, self.row.len());
        self.octets.extend_from_slice(self.row);
        Ok(())
    }

    fn begin(&mut self, kind: u8, key: RowKey, len: usize) {
        self.octets.push(kind);
        for number in key {
            put_number(self.octets, number);
        }
        put_number(self.octets, len as u64);
    }
}

/// The check that a row of the ledger ends with.
pub(super) fn check_of(row: &[u8]) -> [u8; 4] {
    row.last_chunk().copied().unwrap_or_default()
}

/// Reads the rows of a frame.
pub(super) fn take_batch(mut octets: &[u8]) -> Result<Batch, PiecesError> {
    let mut batch = Batch::default();
    while let Some((&kind, rest)) = octets.split_first() {
        octets = rest;
        let mut number = || take_number(&mut octets).ok_or(PiecesError::Short);
        let key = [number()?, number()?, number()?];
        let len = usize::try_from(number()?).map_err(|_| PiecesError::Short)?;
        let (row, rest) = octets.split_at_checked(len).ok_or(PiecesError::Short)?;
        octets = rest;
        take_row(&mut batch, kind, key, row)?;
    }
    Ok(batch)
}

fn take_row(batch: &mut Batch, kind: u8, key: RowKey, row: &[u8]) -> Result<(), PiecesError> {
    let [id, ..] = key;
    let small = || u32::try_from(id).map_err(|_| PiecesError::Short);
    match kind {
        LEDGER => batch.ledger.push(decode(key, row)?),
        OUTBOX => drop(batch.outbox.insert(OutboxId(id), decode(key, row)?)),
        DECISION => {
            let decision: Decision = decode(key, row)?;
            let series = Series {
                device: decision.device,
                kind: decision.kind,
            };
            match decision.row {
                Some(row) => drop(batch.decided.insert((series, decision.counter), row)),
                None => drop(batch.forget_below.insert(series, decision.counter)),
            }
        }
        EMPLOYEE => drop(
            batch
                .employees
                .insert(EmployeeId(small()?), decode(key, row)?),
        ),
        DEVICE => drop(batch.devices.insert(DeviceId(small()?), decode(key, row)?)),
        PERSON => drop(batch.people.insert(EmployeeId(small()?), decode(key, row)?)),
        LEGACY => {
            let digest = Digest(legacy_digest(key));
            let seq: Seq = decode(key, row)?;
            batch.legacy.insert((EmployeeId(small()?), digest), seq);
        }
        ALARM => drop(batch.alarms.insert(AlarmId(id), passing(key, row)?)),
        PART => drop(batch.parts.insert(PartId(id), passing(key, row)?)),
        META => batch.meta = Some(decode(key, row)?),
        kind => return Err(PiecesError::Kind(kind)),
    }
    Ok(())
}

fn passing<R: Row>(key: RowKey, row: &[u8]) -> Result<Option<R>, RowError> {
    (!row.is_empty()).then(|| decode(key, row)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_as_the_first_version_wrote_them() {
        let mut batch = Batch::default();
        let digest = Digest([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        batch.legacy.insert((EmployeeId(5), digest), Seq(9));
        batch.alarms.insert(AlarmId(300), None);
        let (mut octets, mut row) = (Vec::new(), Vec::new());
        let mut pieces = Pieces::new(&mut octets, &mut row);
        pieces.put_batch(&batch, &mut Mark::default()).unwrap();
        let hex: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let expected = concat!(
            "070581848ca0d0c0c183088994ace0d0c1c387100601093ec4bff608",
            "ac02000000",
        );
        assert_eq!(hex.concat(), expected);
        assert_eq!(take_batch(&octets).unwrap(), batch);
    }

    #[test]
    fn rows_that_are_cut_short_or_of_no_kind_are_refused() {
        let mut batch = Batch::default();
        batch.alarms.insert(AlarmId(300), None);
        let (mut octets, mut row) = (Vec::new(), Vec::new());
        let mut pieces = Pieces::new(&mut octets, &mut row);
        pieces.put_batch(&batch, &mut Mark::default()).unwrap();
        for len in 1..octets.len() {
            let taken = take_batch(&octets[..len]);
            assert!(matches!(taken, Err(PiecesError::Short)), "{len}");
        }
        octets[0] = 99;
        assert!(matches!(take_batch(&octets), Err(PiecesError::Kind(99))));
    }
}
