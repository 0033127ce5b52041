//! Tests that take long: `cargo test --test long`.

#[cfg(test)]
#[path = "../it/screens/mod.rs"]
mod screens;

#[cfg(test)]
mod sizes;
