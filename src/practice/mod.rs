//! Floor 4: a built-in gateway with simulated phones, to show and to practise with. The gateway listens on loopback and
//! speaks real SMPP; the phones hold real keys and keep to PROTOCOL to the letter. One seed fixes keys, people, script and faults.
//!
//! ```text
//! Script -> Crowd (phones) -> Smsc (routing, faults) -> SmscSession -> octets      pure: time is an argument
//! Practice                                                                        the listener, the sockets, the timer
//! ```

mod crowd;
mod dice;
mod faults;
pub mod load;
mod names;
mod people;
mod phone;
mod run;
mod scene;
mod script;
mod smsc;

pub use faults::Fault;
pub use people::{Hire, Plan, PracticeConfig};
pub use run::Practice;
pub use scene::{Moment, Scene, Tally};
pub use script::{Act, Scenario, Script, Step};
pub use smsc::{LinkId, Out};

/// How much faster than real ones the demo's phones repeat: what PROTOCOL says of 3, 10, 30 and 120 minutes comes after 20 s,
/// 66.7 s, 200 s and 800 s, so that somebody who looks on sees it.
pub const HASTE: u64 = 9;
