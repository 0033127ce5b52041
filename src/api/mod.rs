//! Floor 1: what consoles and commands say to the engine and hear from it. Facts only: the words for people stand in
//! `assets/words`. All of it crosses the socket, so a change of layout raises [`VERSION`].

mod facts;
mod log;
mod reply;
mod request;

pub use facts::{
    AlarmFact, AlarmState, DeviceFact, FeedLine, FeedOutcome, Hold, LinkFact, LinkState,
    OutboxFact, PduFact, PersonFact, PersonPresence, ReceiptFact, ReplySample, Totals,
};
pub use log::{Arrivals, LogFilter, LogKind, LogLine, LogWhat, Undone};
pub use reply::{Enrolled, Event, PersonDetail, Problem, Refusal, Reply, Retried, Snapshot};
pub use request::{Ask, CardEdit, Command, CopyAsk, EnrolKey, NewEmployee, Query, Request};

/// Version of these words. Both ends of a socket must have the same one.
pub const VERSION: u16 = 6;

/// The most rows that one query returns: a page takes the engine about a millisecond.
pub const PAGE: usize = 256;
