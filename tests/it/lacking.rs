//! What a test needs and this machine may not have.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

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

/// Whether a program can be run and says that all went well.
pub(crate) fn works(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Why node, or the npm packages of a directory, cannot be had; nothing where they can. Packages that are missing are
/// fetched; `failed` says that this failed.
pub(crate) fn missing_packages(directory: &Path, failed: &'static str) -> Option<&'static str> {
    if !works(Command::new("node").arg("--version")) {
        return Some("node is not there");
    }
    let packages = directory.join("node_modules/.package-lock.json");
    let fetch = ["ci", "--no-audit", "--no-fund"];
    let are_there =
        packages.exists() || works(Command::new("npm").args(fetch).current_dir(directory));
    (!are_there).then_some(failed)
}
