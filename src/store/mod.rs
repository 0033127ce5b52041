//! Floor 2: the edge to the disk. [`Store`] and [`Archive`] are what the engine knows of it; redb is named in one
//! file, and the layout of rows in another.

mod batch;

pub use batch::{Archive, Batch, GatewayCounters, Loaded, Meta, Store, StoreError};
