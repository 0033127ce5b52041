//! How neighbouring rows stand together on disk: an insert for each of them would cost more than all else in a commit.
//!
//! ```text
//! offset  octets  meaning
//! 0       1       version of this layout: 1
//! 1       n       for each row, in rising order: its number less the first one's, its length (LEB128 both), the row
//! 1 + n   4       check: CRC-32C over "chunk", what the table calls the kind, the number of the first row (8 octets,
//!                 little endian) and all octets before; little endian
//! ```
//!
//! Each row has a version and a check of its own. The one here finds rows that are missing.

use crc32c::{crc32c, crc32c_append};

/// How long a chunk of more than one row may be: two fill a page of 4,096 octets, which is what is written.
pub(super) const CHUNK_OCTETS: usize = 2_030;

const VERSION: u8 = 1;
const CHECK_OCTETS: usize = 4;
/// An empty chunk, and what a row adds to one at most beyond itself.
const FRAME_OCTETS: usize = 1 + CHECK_OCTETS;
const ROW_OCTETS: usize = 10 + 5;

/// Why octets are no chunk.
#[derive(Debug, thiserror::Error)]
#[error("rows from number {0} on are not as they were written")]
pub(super) struct ChunkError(pub(super) u64);

/// The rows of a chunk that was checked, in rising order.
#[derive(Clone, Debug)]
pub(super) struct Rows<'a> {
    first: u64,
    rest: &'a [u8],
}

/// Opens the chunk that stands at `first`.
pub(super) fn open(kind: u8, first: u64, octets: &[u8]) -> Result<Rows<'_>, ChunkError> {
    let Some((body, found)) = octets.split_last_chunk::<CHECK_OCTETS>() else {
        return Err(ChunkError(first));
    };
    let Some((&VERSION, rest)) = body.split_first() else {
        return Err(ChunkError(first));
    };
    if *found != check(kind, first, body) {
        return Err(ChunkError(first));
    }
    Ok(Rows { first, rest })
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<(u64, &'a [u8]), ChunkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let row = take_row(&mut self.rest);
        let row = row.and_then(|(behind, octets)| Some((self.first.checked_add(behind)?, octets)));
        Some(row.ok_or(ChunkError(self.first)))
    }
}

fn take_row<'a>(rest: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let behind = take_number(rest)?;
    let len = usize::try_from(take_number(rest)?).ok()?;
    let (row, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some((behind, row))
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&octet, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(octet & 0x7f) << shift;
        if octet < 0x80 {
            return Some(number);
        }
    }
    None
}

fn put_number(octets: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        octets.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    octets.push(low);
}

pub(super) fn check(kind: u8, first: u64, body: &[u8]) -> [u8; CHECK_OCTETS] {
    let mut key = *b"chunk\0\0\0\0\0\0\0\0\0";
    key[5] = kind;
    key[6..].copy_from_slice(&first.to_le_bytes());
    crc32c_append(crc32c(&key), body).to_le_bytes()
}

/// A chunk that is being written; used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Writer {
    octets: Vec<u8>,
    first: Option<u64>,
}

impl Writer {
    /// Whether a row of `len` octets has room.
    pub(super) fn has_room(&self, len: usize) -> bool {
        self.first.is_none() || has_room(self.octets.len() + CHECK_OCTETS, len)
    }

    /// Adds a row; its number is above those before it.
    pub(super) fn push(&mut self, number: u64, row: &[u8]) {
        let first = *self.first.get_or_insert_with(|| {
            self.octets.clear();
            self.octets.push(VERSION);
            number
        });
        put_number(&mut self.octets, number - first);
        put_number(&mut self.octets, row.len() as u64);
        self.octets.extend_from_slice(row);
    }

    /// Ends the chunk: the number of its first row, and its octets. `None` where nothing was added.
    pub(super) fn end(&mut self, kind: u8) -> Option<(u64, &[u8])> {
        let first = self.first.take()?;
        let check = check(kind, first, &self.octets);
        self.octets.extend_from_slice(&check);
        Some((first, &self.octets))
    }
}

/// Whether a chunk of `octets` has room for one more row of `len`.
pub(super) fn has_room(octets: usize, len: usize) -> bool {
    octets.max(FRAME_OCTETS) + len + ROW_OCTETS <= CHUNK_OCTETS
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn written(kind: u8, rows: &[(u64, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::default();
        for (number, row) in rows {
            writer.push(*number, row);
        }
        writer.end(kind).unwrap().1.to_vec()
    }

    fn hex(octets: &[u8]) -> String {
        let mut hex = String::new();
        for octet in octets {
            write!(hex, "{octet:02x}").unwrap();
        }
        hex
    }

    #[test]
    fn a_chunk_stands_as_the_first_version_wrote_it() {
        let octets = written(3, &[(7, b"ab"), (8, b""), (300, &[0xee; 130])]);
        let expected = format!("010002616201{}{}", "00a5028201", "ee".repeat(130));
        let (body, check) = octets.split_last_chunk::<CHECK_OCTETS>().unwrap();
        assert_eq!(hex(body), expected);
        assert_eq!(hex(check), "0881c3c1");
    }

    #[test]
    fn a_chunk_that_was_changed_or_moved_is_refused() {
        let octets = written(3, &[(7, b"ab"), (9, b"cde")]);
        for at in 0..octets.len() * 8 {
            let mut changed = octets.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert!(open(3, 7, &changed).is_err(), "bit {at}");
        }
        for len in 0..octets.len() {
            assert!(open(3, 7, &octets[..len]).is_err(), "{len} octets");
        }
        assert!(open(3, 8, &octets).is_err());
        assert!(open(2, 7, &octets).is_err());
    }

    #[test]
    fn a_chunk_takes_rows_until_it_is_full_and_any_first_one() {
        let mut writer = Writer::default();
        assert!(writer.has_room(60_000));
        let mut rows = 0;
        while writer.has_room(100) {
            writer.push(rows, &[1; 100]);
            rows += 1;
        }
        let (_, octets) = writer.end(1).unwrap();
        assert!(rows >= 18 && octets.len() <= CHUNK_OCTETS, "{rows}");
        assert!(writer.end(1).is_none());
    }

    proptest! {
        #[test]
        fn rows_come_back(rows in prop::collection::btree_map(any::<u64>(), prop::collection::vec(any::<u8>(), 0..300), 1..9)) {
            let rows: Vec<_> = rows.iter().map(|(number, row)| (*number, row.as_slice())).collect();
            let octets = written(1, &rows);
            let read: Result<Vec<_>, _> = open(1, rows[0].0, &octets).unwrap().collect();
            prop_assert_eq!(read.unwrap(), rows);
        }

        #[test]
        fn any_octets_with_the_right_check_never_panic(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut chunk = vec![VERSION];
            chunk.extend(octets);
            chunk.extend(check(1, u64::MAX - 3, &chunk));
            let _ = open(1, u64::MAX - 3, &chunk).unwrap().last();
        }
    }
}
