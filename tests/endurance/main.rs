//! The long run of every row of the figures to reach. It takes days as a whole, can be stopped at any time, and goes on
//! where it stopped:
//!
//! ```text
//! HAZIR_SHARE=10 cargo test --locked --profile endurance --test endurance -- --nocapture --test-threads 2 [ROW]
//! ```

#[cfg(test)]
#[path = "../it/draws.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod draws;
#[cfg(test)]
#[path = "../it/faulty_disk.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod faulty_disk;
#[cfg(test)]
#[path = "../it/store_model.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod store_model;
#[cfg(test)]
#[path = "../it/store_rows.rs"]
mod store_rows;
#[cfg(test)]
#[path = "../it/store_script.rs"]
mod store_script;

#[cfg(test)]
mod rows;
#[cfg(test)]
mod run;
