//! How rows stand on disk. A later layout of a kind gets a new version in [`Row`], and the versions before it are still
//! read there.
//!
//! ```text
//! offset  octets  meaning
//! 0       1       version of this kind's layout: 2 of a person and the meta row, 3 of an alarm, 1 of all else
//! 1       n       the row in postcard
//! 1 + n   4       check: CRC-32C over kind, key (three numbers of 8 octets, little endian), version and row;
//!                 little endian
//! ```
//!
//! The check is there because redb looks at the checksums of its pages only after a crash: a bit that flips later would
//! be a wrong time for somebody. It covers the key, so that a row that strayed to another key is found too. It stands
//! last in every version, so that a flipped version is damage and not a later layout.

mod older;
#[cfg(test)]
mod tests;

use crc32c::{crc32c, crc32c_append};
use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Meta, StoreError};
use crate::domain::{
    AlarmRow, Counter, DecidedRow, DeviceId, DeviceRow, Employee, LedgerRow, OutboxRow, PartRow,
    PersonState, Seq,
};

/// The layout of the whole store: which tables there are, and what their keys mean.
pub(super) const LAYOUT: u32 = 2;

const CHECK_OCTETS: usize = 4;

/// A kind of row.
pub(super) trait Row: Serialize + DeserializeOwned {
    /// The kind as the check names it.
    const KIND: &'static str;
    /// The version that is written.
    const VERSION: u8 = 1;

    /// Reads a row of `version`, which is at most [`Row::VERSION`]; `None` where there never was such a version.
    fn read(version: u8, octets: &[u8]) -> Option<Result<Self, postcard::Error>> {
        (version == Self::VERSION).then(|| whole(octets))
    }
}

impl Row for LedgerRow {
    const KIND: &'static str = "ledger";
}
impl Row for OutboxRow {
    const KIND: &'static str = "outbox";
}
impl Row for Decision {
    const KIND: &'static str = "decision";
}
impl Row for OfPerson {
    const KIND: &'static str = "by_person";
}
impl Row for Employee {
    const KIND: &'static str = "employee";
}
impl Row for DeviceRow {
    const KIND: &'static str = "device";
}
impl Row for PersonState {
    const KIND: &'static str = "person";
    const VERSION: u8 = 2;

    fn read(version: u8, octets: &[u8]) -> Option<Result<Self, postcard::Error>> {
        match version {
            1 => Some(whole::<older::PersonState>(octets).map(Self::from)),
            2 => Some(whole(octets)),
            _ => None,
        }
    }
}
impl Row for Seq {
    const KIND: &'static str = "legacy";
}
impl Row for AlarmRow {
    const KIND: &'static str = "alarm";
    /// Version 3 has more kinds of alarms than 2, and the same layout.
    const VERSION: u8 = 3;

    fn read(version: u8, octets: &[u8]) -> Option<Result<Self, postcard::Error>> {
        match version {
            1 => Some(whole::<older::AlarmRow>(octets).map(Self::from)),
            2 | 3 => Some(whole(octets)),
            _ => None,
        }
    }
}
impl Row for PartRow {
    const KIND: &'static str = "part";
}
impl Row for Meta {
    const KIND: &'static str = "meta";
    const VERSION: u8 = 2;

    fn read(version: u8, octets: &[u8]) -> Option<Result<Self, postcard::Error>> {
        match version {
            1 => Some(whole::<older::Meta>(octets).map(Self::from)),
            2 => Some(whole(octets)),
            _ => None,
        }
    }
}

/// What was decided for a counter, or that what was decided is forgotten below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decision {
    pub(super) device: DeviceId,
    pub(super) kind: u8,
    pub(super) counter: Counter,
    /// Which decision of the store it is: it keeps the number where its place changes, and a later one replaces it.
    pub(super) number: u64,
    /// `None` where what was decided before is forgotten below `counter`.
    pub(super) row: Option<DecidedRow>,
}

/// Which rows of a block of the ledger are an employee's: how far behind the first, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OfPerson(pub(super) Vec<u16>);

/// Under which key a row stands, as numbers.
pub(super) type RowKey = [u64; 3];

/// Why octets are no row.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    /// The check is wrong, or there is none.
    #[error("a row of kind '{0}' is not as it was written")]
    Check(&'static str),
    /// The check is right, the row makes no sense.
    #[error("a row of kind '{kind}' cannot be read")]
    Content {
        kind: &'static str,
        source: postcard::Error,
    },
    /// There never was such a version.
    #[error("a row of kind '{kind}' has version {version}")]
    Version { kind: &'static str, version: u8 },
    /// A later program wrote it.
    #[error("a row of kind '{kind}' has version {version}, this program knows {known}")]
    Newer {
        kind: &'static str,
        version: u8,
        known: u8,
    },
}

impl From<RowError> for StoreError {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Newer { version, known, .. } => Self::Newer {
                found: version.into(),
                known: known.into(),
            },
            RowError::Check(_) | RowError::Content { .. } | RowError::Version { .. } => {
                Self::Damaged(Box::new(error))
            }
        }
    }
}

/// Writes a row to the end of `octets`; what was written of one that cannot be is left there.
pub(super) fn encode_to<R: Row>(
    octets: &mut Vec<u8>,
    key: RowKey,
    row: &R,
) -> Result<(), RowError> {
    let from = octets.len();
    octets.push(R::VERSION);
    let kind = R::KIND;
    let written = postcard::serialize_with_flavor(row, End(octets));
    written.map_err(|source| RowError::Content { kind, source })?;
    let check = check(kind, key, octets.get(from..).unwrap_or_default());
    octets.extend_from_slice(&check);
    Ok(())
}

/// Writes a row.
pub(super) fn encode<R: Row>(key: RowKey, row: &R) -> Result<Vec<u8>, RowError> {
    let mut octets = Vec::new();
    encode_to(&mut octets, key, row)?;
    Ok(octets)
}

/// Reads a row.
pub(super) fn decode<R: Row>(key: RowKey, octets: &[u8]) -> Result<R, RowError> {
    let kind = R::KIND;
    let Some((versioned, found)) = octets.split_last_chunk::<CHECK_OCTETS>() else {
        return Err(RowError::Check(kind));
    };
    if *found != check(kind, key, versioned) {
        return Err(RowError::Check(kind));
    }
    let Some((&version, body)) = versioned.split_first() else {
        return Err(RowError::Check(kind));
    };
    if version > R::VERSION {
        return Err(RowError::Newer {
            kind,
            version,
            known: R::VERSION,
        });
    }
    match R::read(version, body) {
        Some(row) => row.map_err(|source| RowError::Content { kind, source }),
        None => Err(RowError::Version { kind, version }),
    }
}

/// CRC-32C finds every change of up to 32 bits in a row.
///
/// Source: RFC 3720 section 12.1.
pub(super) fn check(kind: &str, key: RowKey, versioned: &[u8]) -> [u8; CHECK_OCTETS] {
    let mut of_key = [0; 24];
    for (octets, number) in of_key.as_chunks_mut().0.iter_mut().zip(key) {
        *octets = number.to_le_bytes();
    }
    let crc = crc32c_append(crc32c(kind.as_bytes()), &of_key);
    crc32c_append(crc, versioned).to_le_bytes()
}

/// Where a row is written to.
struct End<'a>(&'a mut Vec<u8>);

impl Flavor for End<'_> {
    type Output = ();

    fn try_push(&mut self, octet: u8) -> postcard::Result<()> {
        self.0.push(octet);
        Ok(())
    }

    fn try_extend(&mut self, octets: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(octets);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Reads a value that takes up all of `octets`.
fn whole<T: DeserializeOwned>(octets: &[u8]) -> Result<T, postcard::Error> {
    let (value, rest) = postcard::take_from_bytes(octets)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(postcard::Error::DeserializeBadEncoding)
    }
}
