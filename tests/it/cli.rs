//! The real binary, as scripts see it: exit codes, what goes where, and files.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary on the desk in `dir`, with nothing of this machine's own settings.
fn hazir(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazir"));
    command.env_clear();
    command.env("HAZIR_DATA", dir);
    command
}

fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    said(&hazir(dir).args(args).output().unwrap())
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

/// A desk that `init` made.
fn desk() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let init = [
        "init",
        "--non-interactive",
        "--no-check",
        "--time-zone",
        "UTC",
    ];
    let (code, out, err) = run(dir.path(), &init);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    dir
}

#[test]
fn help_and_version_are_data() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["employee", "add", "--help"],
        &["device", "enrol", "--help"],
        &["config", "show", "--help"],
    ] {
        let (code, out, err) = run(dir.path(), args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        assert!(!out.is_empty() && !out.contains("[["), "{out}");
        assert!(!out.contains('\u{1b}'), "{out}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn help_lists_no_command_that_does_not_exist() {
    let dir = tempfile::tempdir().unwrap();
    let (_, out, _) = run(dir.path(), &["--help"]);
    for later in ["report", "muster", "doctor", "help"] {
        let begins = format!("\n  {later} ");
        assert!(!out.contains(&begins), "{later}");
        assert_eq!(run(dir.path(), &[later]).0, 2, "{later}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let dir = desk();
    for args in [
        &["bogus"][..],
        &["feed", "--bogus"],
        &["employee"],
        &["employee", "add", "--name", "A"],
        &["employee", "edit", "3"],
        &["retry"],
        &["retry", "3", "--failed"],
        &["retry", "x"],
        &["acknowledge"],
        &["mark", "3", "in"],
        &["mark", "3", "away", "--reason", "x"],
        &["device", "revoke", "x"],
        &["completions", "cmd"],
        &["init", "--password", "a", "--password-file", "b"],
        &["--data"],
    ] {
        let (code, out, err) = run(dir.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(!err.is_empty(), "{args:?}");
    }
    let fresh = dir.path().join("fresh");
    let (code, _, err) = run(&fresh, &["init"]);
    assert_eq!(code, 2);
    assert!(err.contains("--non-interactive"), "{err}");
    assert!(!fresh.exists());
}

#[test]
fn a_wrong_configuration_ends_with_3_and_names_its_place() {
    let dir = desk();
    let file = dir.path().join("hazir.toml");
    fs::write(&file, "[site]\n\n  names = \"x\"\n").unwrap();
    for args in [
        &["people"][..],
        &["config", "check"],
        &["config", "show"],
        &["serve"],
    ] {
        let (code, out, err) = run(dir.path(), args);
        assert_eq!((code, out.as_str()), (3, ""), "{args:?}");
        let expected = format!("{}:3:3: there is no key 'names'", file.display());
        assert!(err.starts_with(&expected), "{err}");
        assert!(err.contains("'name'"), "{err}");
    }
    fs::remove_file(&file).unwrap();
    let (code, _, err) = run(dir.path(), &["people"]);
    assert_eq!(code, 3);
    assert!(err.contains("'hazir init' makes one"), "{err}");
}

#[test]
fn a_layer_of_the_command_line_names_itself() {
    let dir = desk();
    let (code, _, err) = run(
        dir.path(),
        &["config", "check", "--set", "site.time_zone=Mars"],
    );
    assert_eq!(code, 3);
    assert!(err.starts_with("--set site.time_zone: 'Mars'"), "{err}");
    let output = hazir(dir.path())
        .env("HAZIR_RULES_REFUSE_AHEAD_H", "never")
        .args(["config", "check"])
        .output();
    let (code, _, err) = said(&output.unwrap());
    assert_eq!(code, 3);
    assert!(err.starts_with("HAZIR_RULES_REFUSE_AHEAD_H: "), "{err}");
}

#[test]
fn show_says_where_each_value_comes_from() {
    let dir = desk();
    let output = hazir(dir.path())
        .env("HAZIR_SITE_NAME", "Büro")
        .args([
            "--set",
            "rules.refuse_ahead_h=7",
            "config",
            "show",
            "--origin",
        ])
        .output();
    let (code, out, _) = said(&output.unwrap());
    assert_eq!(code, 0);
    for line in [
        "site.name = \"Büro\"  # HAZIR_SITE_NAME",
        "rules.refuse_ahead_h = 7  # --set rules.refuse_ahead_h",
        "rules.refuse_behind_h = 192  # default",
    ] {
        assert!(out.lines().any(|shown| shown == line), "{out}");
    }
    let (_, out, _) = run(dir.path(), &["config", "show", "--json"]);
    for line in out.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object.as_object().unwrap().len(), 3, "{line}");
    }
    let first = r#"{"key":"site.name","value":"Head office","origin":"default"}"#;
    assert_eq!(out.lines().next(), Some(first));
}

#[test]
fn the_template_is_a_configuration() {
    let dir = desk();
    let (code, out, err) = run(dir.path(), &["config", "template"]);
    assert_eq!((code, err.as_str()), (0, ""));
    fs::write(dir.path().join("hazir.toml"), out).unwrap();
    let (code, out, err) = run(dir.path(), &["config", "check"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
}

#[test]
fn a_key_or_password_that_others_may_read_ends_with_8() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = hazir(dir.path());
    command.args([
        "init",
        "--non-interactive",
        "--no-check",
        "--host",
        "127.0.0.1",
    ]);
    command.args(["--password-file", "-"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"secret12\n")
        .unwrap();
    assert_eq!(said(&child.wait_with_output().unwrap()).0, 0);
    assert_eq!(run(dir.path(), &["config", "check"]).0, 0);
    for name in ["keys/reception.password", "keys/store.key"] {
        let file = dir.path().join(name);
        let set = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        set(0o644);
        let (code, _, err) = run(dir.path(), &["config", "check"]);
        assert_eq!(code, 8, "{err}");
        assert!(
            err.contains(&format!("chmod 600 {}", file.display())),
            "{err}"
        );
        set(0o600);
    }
    fs::remove_file(dir.path().join("keys/store.key")).unwrap();
    assert_eq!(run(dir.path(), &["config", "check"]).0, 8);
}

#[test]
fn init_refuses_what_a_socket_cannot_reach() {
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("x".repeat(100));
    let (code, _, err) = run(&long, &["init", "--non-interactive"]);
    assert_eq!(code, 2);
    assert!(err.contains("107"), "{err}");
    assert!(!long.exists());
}

#[test]
fn the_data_directory_defaults_to_xdg() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazir"));
    command.env_clear().env("HOME", home.path());
    command.args(["init", "--non-interactive"]);
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    assert!(home.path().join(".local/share/hazir/hazir.toml").is_file());
}

#[test]
fn alone_and_without_a_desk_it_says_what_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = run(dir.path(), &[]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(
        err.contains("hazir init") && err.contains("hazir demo"),
        "{err}"
    );
}

#[test]
fn completions_and_manual_are_printed_without_a_desk() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, err) = run(dir.path(), &["completions", shell]);
        assert_eq!((code, err.as_str()), (0, ""), "{shell}");
        assert!(out.contains("acknowledge"), "{shell}");
    }
    let (code, out, err) = run(dir.path(), &["man"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains(".TH hazir"), "{out}");
    assert!(out.contains(".SS \"hazir device enrol\""), "{out}");
    assert!(!out.contains("hazir\\-serve(1)"), "{out}");
    let help = out.lines().filter(|line| line.starts_with("\\&"));
    let widest = help.map(|line| line.replace("\\-", "-").chars().count() - 2);
    assert!(widest.max().is_some_and(|widest| widest <= 72), "{out}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let dir = desk();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = hazir(dir.path())
        .args(["config", "template"])
        .stdout(writer)
        .output();
    assert_eq!(said(&output.unwrap()), (0, String::new(), String::new()));
}
