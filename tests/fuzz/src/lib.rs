//! What the fuzz targets do with an input: more than not to panic. `cargo test` gives them everything in `corpus`, too.

pub mod configuration;
pub mod envelope;
pub mod frame;
pub mod legacy;
pub mod pdus;
pub mod reassembly;
pub mod rows;
pub mod session;
pub mod text;
pub mod words;

/// A target: its name, and what it does with an input.
type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("configuration", configuration::run),
    ("envelope", envelope::run),
    ("frame", frame::run),
    ("legacy", legacy::run),
    ("pdus", pdus::run),
    ("reassembly", reassembly::run),
    ("rows", rows::run),
    ("session", session::run),
    ("text", text::run),
    ("words", words::run),
];

/// Takes the first octet of an input, which says how the others are used; 0 where there is none.
fn choice(octets: &[u8]) -> (u8, &[u8]) {
    octets
        .split_first()
        .map_or((0, octets), |(first, rest)| (*first, rest))
}
