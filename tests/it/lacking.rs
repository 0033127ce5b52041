//! What a test needs and this machine may not have.

use std::io::Write as _;

/// Whether something that a test needs is there, by why it is missing. Where it is not, this says so, or fails where
/// `HAZIR_REQUIRE_PEERS` is set.
pub(crate) fn have(what: &str, missing: Option<&str>) -> bool {
    let Some(why) = missing else {
        return true;
    };
    assert!(
        std::env::var_os("HAZIR_REQUIRE_PEERS").is_none(),
        "{what} is required, and {why}"
    );
    // Written past the harness, which keeps the words of a test that passes.
    let words = format!("\nNOT TESTED for want of {what}: {why}\n");
    std::io::stderr()
        .write_all(words.as_bytes())
        .expect("stderr can be written");
    false
}
