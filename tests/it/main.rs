//! Tests of the whole.

mod faulty_disk;
mod store;
mod store_model;
