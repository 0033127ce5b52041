//! What tests and fuzz targets outside this crate have to reach of the inside. Nothing else uses it.

use bytes::Bytes;

use super::deliver;
use super::frame::{Splitter, WrongLength};

/// Cuts a stream into PDUs, as both sessions do.
#[derive(Debug, Default)]
pub struct Cutter(Splitter);

/// What stands at the front of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A whole PDU, its header with it.
    Pdu(Bytes),
    /// Less than a PDU.
    Half,
    /// A `command_length` that no PDU has.
    WrongLength,
}

impl Cutter {
    /// Takes octets in.
    pub fn push(&mut self, octets: &[u8]) {
        self.0.push(octets);
    }

    /// Takes the next PDU.
    pub fn pop(&mut self) -> Cut {
        match self.0.pop() {
            Ok(Some(frame)) => Cut::Pdu(frame.into_octets()),
            Ok(None) => Cut::Half,
            Err(WrongLength) => Cut::WrongLength,
        }
    }

    /// How many octets wait for more.
    pub fn held_octets(&self) -> usize {
        self.0.held().len()
    }
}

/// Reads the body of a deliver_sm with both readers, and says whether the strict one takes it.
///
/// # Errors
/// What each of them read, where both take it and do not agree.
pub fn compare_readers(body: &[u8]) -> Result<bool, String> {
    let (strict, lenient) = deliver::both(body);
    match strict {
        None => Ok(false),
        Some(strict) if strict == lenient => Ok(true),
        Some(strict) => Err(format!("{strict:?} is not {lenient:?}")),
    }
}
