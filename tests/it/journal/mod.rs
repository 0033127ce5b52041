//! The journal beside the store.

mod shelf;
pub(crate) mod whole;
