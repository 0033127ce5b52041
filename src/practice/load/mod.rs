//! A lean SMSC that measures: it sends real check-ins of many devices, keeps so many of them in flight, and takes the
//! time until each is answered and until its receipt comes. It costs as little as it can, because it runs on the machine
//! that it measures.
//!
//! ```text
//! Fleet (devices, sealed ahead) -> Generator (the loop) -> Line (octets)      what was sent and came is told to
//! Judge (what is in flight, times)                                            and the times are kept in a Histogram
//! ```

mod echo;
mod fleet;
mod generator;
mod histogram;
mod judge;
mod line;
mod pdu;

pub use echo::echo;
pub use fleet::{Fleet, LoadDevice, LoadPlan, Sealed};
pub use generator::{Board, Drain, Generator, LoadFault, Measured, Run};
pub use histogram::Histogram;
pub use judge::Wrong;
