//! A second copy that is at most a second behind: what each commit wrote, frame after frame, in files beside the store or on
//! another disk.
//!
//! The store commits, answers leave, and then the commit goes by value to a thread of the journal, which writes it at once and
//! syncs it half a second later at the latest; the other half of the promised second is the disk's. Nobody waits for it. A
//! journal that cannot be written stops nothing: it is told, tried again, and what it has missed is read from the store and
//! written as a *catch-up*, so that there is never a silent hole: backup and journal together are the store.
//!
//! ```text
//! journal/                                a directory of mode 0700, files of mode 0600
//!   0123456789abcdef-00000001.journal     history of the store, ordinal: head, then frames
//!   0123456789abcdef-00000002.journal     a new one at each start, after each fault, at 16 MiB, and each day
//! ```
//!
//! * The store counts its commits, and each copy of it carries the count: a frame of a higher number is missing in it.
//! * A segment is only ever written at its end, and by one process. After a crash the next one begins a new segment; what is
//!   torn at the end of the old one stays.
//! * Each restore draws a new history; a store passes over segments of others.
//! * A catch-up takes a store of any number from its beginning on to its end; a journal that begins has one from 0, which
//!   holds the whole store (of a ledger of millions of rows the newest half `max_mib` only).
//! * When a store is opened and its journal is ahead, the disk had lost what it called durable, or an old copy was put back:
//!   what is missing is brought back first. Where commits are missing between, nothing is done, and it is told which.
//! * What is in it is what is in the store: names, numbers, messages. The keys of devices are sealed under the store's key,
//!   as they are there.

mod catch_up;
mod frame;
mod journaled;
mod keeper;
mod pieces;
mod reader;
mod replay;
mod segments;

pub use journaled::Journaled;
pub use keeper::{Commit, JournalEvent, Keeper, Moment};
pub use reader::Flaw;
pub use replay::{Joined, Missing, ReplayError, Replayed, join, replay, replay_from};
pub use segments::{Folder, Segments};
