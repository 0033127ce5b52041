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

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Meta, StoreError};
use crate::domain::{
    AlarmRow, DecidedRow, DeviceRow, Employee, LedgerRow, OutboxRow, PartRow, PersonState, Seq,
};

/// The layout of the whole store: which tables there are, and what their keys mean.
pub(super) const LAYOUT: u32 = 1;

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
impl Row for DecidedRow {
    const KIND: &'static str = "decided";
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

/// Writes a row.
pub(super) fn encode<R: Row>(key: RowKey, row: &R) -> Result<Vec<u8>, RowError> {
    let body = postcard::to_extend(row, vec![R::VERSION]);
    let mut octets = body.map_err(|source| RowError::Content {
        kind: R::KIND,
        source,
    })?;
    let check = check(R::KIND, key, &octets);
    octets.extend_from_slice(&check);
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

fn check(kind: &str, key: RowKey, versioned: &[u8]) -> [u8; CHECK_OCTETS] {
    let of_kind = crc32c(0, kind.as_bytes());
    let of_key = key
        .iter()
        .fold(of_kind, |crc, number| crc32c(crc, &number.to_le_bytes()));
    crc32c(of_key, versioned).to_le_bytes()
}

/// Goes on with a CRC-32C, 0 at the beginning. It finds every change of up to 32 bits in a row.
///
/// Source: RFC 3720 section 12.1.
fn crc32c(crc: u32, octets: &[u8]) -> u32 {
    let mut crc = !crc;
    for octet in octets {
        let [low, ..] = crc.to_le_bytes();
        crc = CRC_OF_OCTET[usize::from(low ^ octet)] ^ (crc >> 8);
    }
    !crc
}

const CRC_OF_OCTET: [u32; 256] = {
    /// The polynomial 0x1edc6f41 with its bits in reverse order.
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut table = [0; 256];
    let mut octet = 0_u32;
    while octet < 256 {
        let mut crc = octet;
        let mut bit = 0;
        while bit < 8 {
            let carry = crc & 1 == 1;
            crc >>= 1;
            if carry {
                crc ^= POLYNOMIAL;
            }
            bit += 1;
        }
        table[octet as usize] = crc;
        octet += 1;
    }
    table
};

/// Reads a value that takes up all of `octets`.
fn whole<T: DeserializeOwned>(octets: &[u8]) -> Result<T, postcard::Error> {
    let (value, rest) = postcard::take_from_bytes(octets)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(postcard::Error::DeserializeBadEncoding)
    }
}
