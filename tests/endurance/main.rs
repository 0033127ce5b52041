//! The long run of every row of the figures to reach. It takes days as a whole, can be stopped at any time, and goes on
//! where it stopped:
//!
//! ```text
//! HAZIR_SHARE=10 cargo test --locked --profile endurance --test endurance rows::ROW -- --nocapture --test-threads 1
//! ```
//!
//! Without `ROW` all rows run, without `HAZIR_SHARE` until each has reached its goal.

#[cfg(test)]
#[path = "../it/main.rs"]
mod it;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod run;

/// The allocator of the program itself.
#[cfg(test)]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
