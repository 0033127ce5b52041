//! Tests of the whole.

mod session;
