//! What the program is built from, and how: nothing unsafe, nothing unlocked, and faults of packages are told from no answer.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Done, Process};
use super::smsc::SOON;
use super::tokens::{Token, Tokens};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let all = paths.flat_map(|path| match path.is_dir() {
        true if path.ends_with("node_modules") || path.ends_with("target") => Vec::new(),
        true => sources(&path),
        false => vec![path],
    });
    all.filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}

/// `forbid` holds for the package, and no word of ours could ask for an exception: of a macro's, neither.
#[test]
fn nothing_is_unsafe() {
    let manifest: toml::Value = toml::from_str(&read("Cargo.toml")).unwrap();
    let lint = &manifest["lints"]["rust"]["unsafe_code"];
    assert_eq!(lint.as_str(), Some("forbid"));
    for path in sources(&root().join("src")) {
        let tokens = Tokens::read(&fs::read_to_string(&path).unwrap());
        let is_unsafe = |at: &usize| tokens.get(*at) == Some(&Token::Word("unsafe".to_owned()));
        let found = (0..tokens.len()).find(is_unsafe);
        let place = found.map(|at| tokens.line(at));
        assert_eq!(place, None, "{}", path.display());
    }
}

#[test]
fn what_is_built_is_what_the_lock_says() {
    let builds = ["build", "clippy", "doc", "install", "run", "test"];
    let is_build = |line: &&str| {
        let mut after = line.split("cargo ").skip(1);
        after.any(|rest| builds.iter().any(|word| rest.starts_with(word)))
    };
    let gate = read(".ci/run");
    let gate: Vec<&str> = gate.lines().filter(is_build).collect();
    assert!(gate.len() >= 4, "{gate:?}");
    let readme = read("README.md");
    // Whole lines are what is copied and run.
    let readme = readme
        .lines()
        .filter(|line| line.starts_with("cargo build") || line.starts_with("cargo run"));
    let readme: Vec<&str> = readme.collect();
    assert!(readme.len() >= 3, "{readme:?}");
    for line in gate.into_iter().chain(readme) {
        assert!(line.contains("--locked"), "{line}");
    }
    assert!(root().join("Cargo.lock").exists());
}

/// Runs `.ci/advisories` with a cargo-deny that does this.
fn advisories(deny: &str) -> Done {
    let dir = tempfile::tempdir().unwrap();
    for (name, script) in [
        ("cargo-deny", deny.to_owned()),
        ("cargo", "exec cargo-deny \"$@\"".to_owned()),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(root().join(".ci/advisories"));
    command.env("PATH", format!("{}:{path}", dir.path().display()));
    command.env("HAZIR_ADVISORIES_SECONDS", "1");
    Process::start(&mut command).finish(SOON)
}

#[test]
fn no_answer_about_advisories_is_no_good_answer() {
    let checks = |check: &str| format!("case \"$*\" in *fetch*) exit 0 ;; esac\n{check}");
    for (deny, code, said) in [
        (checks("echo advisories ok"), 0, "LOOKED: nothing"),
        (
            checks("echo advisories FAILED; exit 1"),
            1,
            "LOOKED: something",
        ),
        (checks("echo broken >&2; exit 1"), 2, "NOT LOOKED"),
        (checks("echo advisories ok; exit 1"), 2, "NOT LOOKED"),
        (checks("exit 0"), 2, "NOT LOOKED"),
        ("exit 1".to_owned(), 2, "NOT LOOKED: the database"),
        // A network that lets nothing through and says nothing.
        (
            "exec tail -f /dev/null".to_owned(),
            2,
            "NOT LOOKED: the database",
        ),
    ] {
        let done = advisories(&deny);
        assert_eq!(done.code, Some(code), "{deny}: {}{}", done.out, done.err);
        let all = format!("{}{}", done.out, done.err);
        assert!(all.contains(said), "{deny}: {all}");
    }
}
