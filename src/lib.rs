//! hazir, "present!": attendance by encrypted SMS.
//!
//! The modules are floors; each imports only floors below its own. `tests/it/layers.rs` judges that.
//!
//! ```text
//! 5  cli
//! 4  port       practice
//! 3  engine     ui
//! 2  store      gateway       words
//! 1  api        protocol
//! 0  domain
//! ```

pub mod api;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod gateway;
pub mod port;
pub mod practice;
pub mod protocol;
pub mod store;
pub mod ui;
pub mod words;
