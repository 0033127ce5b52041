//! What tests and fuzz targets outside this crate have to reach of the inside. Nothing else uses it.

use super::Meta;
use super::chunk;
use super::rows::{self, Decision, OfPerson, Row, RowKey};
use crate::domain::{
    AlarmRow, DeviceRow, Employee, LedgerRow, OutboxRow, PartRow, PersonState, Seq,
};

/// How many kinds of rows there are.
pub const KINDS: u8 = 11;

const KEY: RowKey = [7, 8, 9];

/// Reads `content` as a row of the kind of this number, in `version` and with the check that it has to have; gives the row as
/// it is written today. `None` where it is no such row.
pub fn row_again(kind: u8, version: u8, content: &[u8]) -> Option<Vec<u8>> {
    match kind {
        0 => again::<LedgerRow>(version, content),
        1 => again::<OutboxRow>(version, content),
        2 => again::<Decision>(version, content),
        3 => again::<OfPerson>(version, content),
        4 => again::<Employee>(version, content),
        5 => again::<DeviceRow>(version, content),
        6 => again::<PersonState>(version, content),
        7 => again::<Seq>(version, content),
        8 => again::<AlarmRow>(version, content),
        9 => again::<PartRow>(version, content),
        10 => again::<Meta>(version, content),
        _ => None,
    }
}

fn again<R: Row>(version: u8, content: &[u8]) -> Option<Vec<u8>> {
    let mut octets = vec![version];
    octets.extend_from_slice(content);
    let check = rows::check(R::KIND, KEY, &octets);
    octets.extend_from_slice(&check);
    let row: R = rows::decode(KEY, &octets).ok()?;
    Some(rows::encode(KEY, &row).expect("what was read can be written"))
}

/// Reads `content` as the chunk that stands at `first`, with the version and the check that it has to have: its rows.
/// `None` where they cannot be read.
pub fn chunk_rows(first: u64, content: &[u8]) -> Option<Vec<(u64, Vec<u8>)>> {
    const KIND: u8 = 1;
    let mut octets = vec![1];
    octets.extend_from_slice(content);
    let check = chunk::check(KIND, first, &octets);
    octets.extend_from_slice(&check);
    let rows = chunk::open(KIND, first, &octets).ok()?;
    let rows: Result<Vec<_>, _> = rows.collect();
    let rows = rows.ok()?.into_iter();
    Some(rows.map(|(number, row)| (number, row.to_vec())).collect())
}

/// Writes a chunk of these rows, which have rising numbers: what stands between its version and its check. `None` where there
/// are none.
pub fn chunk_of(rows: &[(u64, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut writer = chunk::Writer::default();
    for (number, row) in rows {
        writer.push(*number, row);
    }
    let (_, octets) = writer.end(1)?;
    let content = octets.get(1..octets.len() - 4)?;
    Some(content.to_vec())
}
