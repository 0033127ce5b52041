//! Floor 2: the edge to the disk. [`Store`] and [`Archive`] are what the engine knows of it; redb is named in one
//! directory, and the layout of rows in a file of its own.

mod batch;
mod chunk;
#[doc(hidden)]
pub mod for_tests;
mod redb_store;
mod rows;

pub use batch::{Archive, Batch, GatewayCounters, Loaded, Meta, Store, StoreError};
pub use redb_store::RedbStore;
