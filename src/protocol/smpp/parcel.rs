use std::fmt;

use crate::domain::{Address, Millis};

/// A message of a phone, on its way to an ESME.
#[derive(Clone, PartialEq, Eq)]
pub struct Forward {
    /// Who sent it.
    pub from: Address,
    /// To which of the ESME's numbers.
    pub to: Address,
    /// User data, at most 65,535 octets.
    pub octets: Vec<u8>,
    /// `data_coding`, SMPP 3.4 section 5.2.19.
    pub data_coding: u8,
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets of {:?}", self.octets.len(), self.from)
    }
}

/// Whether a phone has a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It has: DELIVRD.
    Yes,
    /// It will not: UNDELIV.
    No,
    /// It did not come back in time: EXPIRED.
    Expired,
}

/// A delivery receipt for a message that an ESME submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Where the message went.
    pub from: Address,
    /// Where it came from.
    pub to: Address,
    /// The name that its response gave it.
    pub message_id: String,
    /// What became of it.
    pub state: Delivered,
    /// When it was submitted.
    pub submitted_at: Millis,
    /// When it was settled.
    pub done_at: Millis,
    /// Its text, of which 20 characters are repeated.
    pub text: String,
}

/// What is delivered to an ESME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// A message of a phone.
    Forward(Forward),
    /// A delivery receipt.
    Notice(Notice),
}

/// The caller's number for a [`Parcel`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParcelId(pub u64);
