//! Floor 1: what travels in an SMS, and over SMPP. Pure functions between octets and meaning: the sealed
//! envelope and its keys, what is inside it, the frame that carries it as text, the ways in which a
//! gateway may hand that text over, the 2023 format, and the session that brings it all ([`smpp`]).

mod aead;
mod answer;
mod attendance;
pub mod envelope;
pub mod frame;
pub mod gsm;
mod hex;
mod keys;
pub mod legacy;
mod legacy_time;
pub mod smpp;
pub mod text;

#[cfg(test)]
mod published;
#[cfg(test)]
mod vectors;

pub use answer::{Answer, Status};
pub use attendance::{Attendance, Malformed, NoteTooLong, Padding};
pub use envelope::{Header, HeaderError, Kind, OpenError};
pub use keys::{DeviceKeys, KeyError, KeyText, MessageKey, RootKey, StoreKey};
pub use legacy::{LegacyError, LegacyMessage};
pub use legacy_time::LegacyTime;
