//! An SMPP 3.4 session without input and output: octets and the time go in, PDUs and events come out.
//!
//! [`Session`] is the ESME's end, [`SmscSession`] the SMSC's. Both share the frame splitter, the window,
//! the sequence numbers, enquire_link and the timers, which stand in `line`. rusmpp encodes and decodes whole frames; what it refuses of a deliver_sm is
//! read by `lenient`, so that no message is lost to a stray octet.
//!
//! ```text
//! octets -> handle_bytes    -> poll_event     what happened
//! time   -> handle_timeout  -> poll_transmit  one PDU each
//! orders -> answer, submit  -> deadline       when handle_timeout is due
//! ```
//!
//! After each call that begins with `handle_`, and after `answer`, `submit` and `unbind`, the caller
//! drains events and PDUs.

mod command;
mod deliver;
#[doc(hidden)]
pub mod for_tests;
mod frame;
mod lenient;
mod line;
mod login;
mod long;
mod parcel;
mod report;
mod session;
mod smsc;
mod smsc_command;
mod split;
mod tick;
mod trace;
mod udh;
mod window;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod session_properties;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod smsc_properties;
#[cfg(test)]
mod smsc_tests;

pub use frame::MAX_PDU_OCTETS;
pub use login::{BindMode, Login, LoginError, Password, SystemId};
pub use parcel::{Delivered, Forward, Notice, Parcel, ParcelId};
pub use session::{Full, Session, SessionConfig, SessionEvent};
pub use smsc::{SmscConfig, SmscEvent, SmscSession, WantsReceipt, WindowFull};
pub use tick::{Jitter, Tick};
