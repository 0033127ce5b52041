//! Everything in `tests/fuzz/corpus` through the targets that it was made for or found by: the fuzzer runs elsewhere, and what
//! it found once is tried with every change.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
mod targets;

use targets::TARGETS;

fn below(path: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let entries = std::fs::read_dir(&directory).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn names(paths: &[PathBuf]) -> BTreeSet<String> {
    let stems = paths.iter().filter_map(|path| path.file_stem()?.to_str());
    stems.map(str::to_owned).collect()
}

#[test]
fn every_input_that_was_kept_passes_its_target() {
    for (name, run) in TARGETS {
        let inputs = below(&format!("tests/fuzz/corpus/{name}"));
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for path in inputs {
            let octets = std::fs::read(&path).unwrap();
            let passed = catch_unwind(|| run(&octets));
            assert!(passed.is_ok(), "{}", path.display());
        }
    }
}

#[test]
fn every_target_is_built_and_every_corpus_has_its_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&below("tests/fuzz/fuzz_targets")), targets);
    assert_eq!(names(&below("tests/fuzz/corpus")), targets);
}

/// The targets have a lock file of their own, and are worth little where another version of a library is fuzzed.
#[test]
fn what_is_fuzzed_is_built_of_what_the_program_is_built_of() {
    let locked = |path: &str| -> BTreeSet<(String, String)> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let packages = file["package"].as_array().unwrap().iter();
        let text = |package: &toml::Value, key| package[key].as_str().unwrap().to_owned();
        packages
            .map(|package| (text(package, "name"), text(package, "version")))
            .collect()
    };
    let (ours, fuzzed) = (locked("Cargo.lock"), locked("tests/fuzz/Cargo.lock"));
    let only_there: BTreeSet<_> = fuzzed.difference(&ours).map(|(name, _)| &**name).collect();
    let of_the_fuzzer = ["arbitrary", "hazir-fuzz", "jobserver", "libfuzzer-sys"].into();
    assert_eq!(
        only_there, of_the_fuzzer,
        "cp Cargo.lock tests/fuzz/, and cargo metadata in there adds what it lacks"
    );
}
