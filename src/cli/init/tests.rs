use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::cli::config::Gateway;
use crate::cli::console::Opening;
use crate::cli::error::ExitCode;
use crate::cli::reach::{Desk, LoginFault, Need};
use crate::domain::{Operator, TlsFault};
use crate::gateway::Tls;
use crate::words::Language;
use crate::words::Words;

/// A world with nothing but a gateway that answers a login.
struct Login {
    answer: Result<(), DownCause>,
    tried: Vec<(String, String)>,
}

impl Login {
    const fn new(answer: Result<(), DownCause>) -> Self {
        let tried = Vec::new();
        Self { answer, tried }
    }
}

impl World for Login {
    fn reach(
        &mut self,
        _place: &Place,
        _config: &Config,
        _by: &Operator,
        _need: Need,
    ) -> Result<Box<dyn Desk>, CliError> {
        Err(CliError::NoEngine)
    }

    fn try_login(
        &mut self,
        gateway: &Gateway,
        password: &Secret,
        _: Option<Tls>,
    ) -> Result<(), LoginFault> {
        let name = gateway.name.to_string();
        self.tried.push((name, password.expose().to_owned()));
        self.answer.map_err(LoginFault::from)
    }

    fn serve(&mut self, _: &Place, _: &Config, _: &Words) -> Result<(), CliError> {
        Err(CliError::NoEngine)
    }

    fn console(&mut self, _: &Place, _: &Config, _: &Words, _: Opening) -> Result<(), CliError> {
        Err(CliError::ConsoleTerminal)
    }
}

fn args() -> InitArgs {
    InitArgs {
        non_interactive: true,
        name: None,
        time_zone: Some("Asia/Tehran".to_owned()),
        country: None,
        gateway_name: None,
        host: None,
        port: None,
        system_id: None,
        password: None,
        password_file: None,
        source_address: None,
        no_check: false,
    }
}

fn with_host() -> InitArgs {
    InitArgs {
        host: Some("gw.lan".to_owned()),
        password_file: Some("-".into()),
        ..args()
    }
}

fn run(
    dir: &Path,
    input: &str,
    is_terminal: bool,
    world: &mut Login,
    args: &InitArgs,
) -> (Result<(), CliError>, String) {
    let place = Place::find(Some(dir)).unwrap();
    let words = Words::load(Language::English);
    let mut err = Vec::new();
    let init = Init {
        input: &mut input.as_bytes(),
        is_terminal,
        err: &mut err,
        words: &words,
        world,
        place: &place,
    };
    let done = init.run(args);
    let said = String::from_utf8(err).unwrap();
    assert!(
        !said.contains("[[init") && !said.contains("[[ask"),
        "{said}"
    );
    (done, said)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

#[test]
fn all_is_made_for_its_owner_alone() {
    let above = tempfile::tempdir().unwrap();
    let dir = above.path().join("desk");
    let mut world = Login::new(Ok(()));
    let (done, said) = run(&dir, "secret12\n", false, &mut world, &with_host());
    done.unwrap();
    for (path, expected) in [
        ("", 0o700),
        ("keys", 0o700),
        ("log", 0o700),
        ("hazir.toml", 0o600),
        ("keys/store.key", 0o600),
        ("keys/reception.password", 0o600),
    ] {
        assert_eq!(mode(&dir.join(path)), expected, "{path}");
    }
    assert_eq!(files(&dir).len(), 5, "no temporary file is left");
    let key = fs::read_to_string(dir.join("keys/store.key")).unwrap();
    assert_eq!(key.len(), 65);
    assert!(
        key.trim_end()
            .bytes()
            .all(|octet| octet.is_ascii_hexdigit())
    );
    let password = fs::read(dir.join("keys/reception.password")).unwrap();
    assert_eq!(password, b"secret12\n");
    assert_eq!(
        world.tried,
        [("reception".to_owned(), "secret12".to_owned())]
    );
    assert!(said.contains("took the login"), "{said}");
    assert!(!said.contains("secret12"), "{said}");
    let text = fs::read_to_string(dir.join("hazir.toml")).unwrap();
    assert!(text.contains("\nhost = \"gw.lan\"\n") && text.contains("\n# port = 9500\n"));
    assert!(!text.contains("secret12"));
}

#[test]
fn what_is_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut world = Login::new(Ok(()));
    run(dir, "", false, &mut world, &args()).0.unwrap();
    let before: Vec<Vec<u8>> = files(dir)
        .iter()
        .map(|f| fs::read(f).unwrap_or_default())
        .collect();
    let changed = InitArgs {
        name: Some("Other".to_owned()),
        ..with_host()
    };
    let (done, said) = run(dir, "secret12\n", false, &mut world, &changed);
    done.unwrap();
    let after: Vec<Vec<u8>> = files(dir)
        .iter()
        .map(|f| fs::read(f).unwrap_or_default())
        .collect();
    assert_eq!(before, after);
    assert_eq!(said.matches("kept  ").count(), 5, "{said}");
    assert_eq!(said.matches("made  ").count(), 0, "{said}");
}

#[test]
fn a_missing_password_file_is_made_beside_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = Login::new(Ok(()));
    let named = InitArgs {
        gateway_name: Some("north".to_owned()),
        ..with_host()
    };
    run(dir.path(), "old\n", false, &mut world, &named)
        .0
        .unwrap();
    let file = dir.path().join("keys/north.password");
    fs::remove_file(&file).unwrap();
    let again = InitArgs {
        password_file: Some("-".into()),
        ..args()
    };
    run(dir.path(), "new\n", false, &mut world, &again)
        .0
        .unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new\n");
}

#[test]
fn without_a_host_the_gateway_stays_a_comment() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = Login::new(Ok(()));
    let given = InitArgs {
        country: Some(String::new()),
        ..args()
    };
    let (done, said) = run(dir.path(), "", false, &mut world, &given);
    done.unwrap();
    assert!(world.tried.is_empty());
    assert!(said.contains("Set the [[gateway]]"), "{said}");
    let place = Place::find(Some(dir.path())).unwrap();
    let sheets = files::read_sheets(&place, &[], &[]).ok().unwrap();
    let config = files::config(&sheets).ok().unwrap();
    assert!(config.gateways.is_empty());
    assert_eq!(config.site.country, crate::domain::Country::default());
}

#[test]
fn a_refused_login_ends_with_its_own_code_and_silence_does_not() {
    for (cause, expected) in [
        (DownCause::Bind(BindFault::Password), Some(ExitCode::Login)),
        (DownCause::Bind(BindFault::SystemId), Some(ExitCode::Login)),
        (
            DownCause::Bind(BindFault::Status(0x0d)),
            Some(ExitCode::Login),
        ),
        (DownCause::Bind(BindFault::AlreadyBound), None),
        (DownCause::Tls(TlsFault::WrongName), Some(ExitCode::Login)),
        (DownCause::Tls(TlsFault::Silent), None),
        (DownCause::Refused, None),
        (DownCause::NoAnswer, None),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut world = Login::new(Err(cause));
        let (done, said) = run(dir.path(), "secret12\n", false, &mut world, &with_host());
        assert_eq!(
            done.err().map(|error| error.exit_code()),
            expected,
            "{cause:?}"
        );
        assert!(said.contains("What to do next"), "{said}");
        assert_eq!(
            said.contains("could not be tried"),
            expected.is_none(),
            "{said}"
        );
        let unchecked = InitArgs {
            no_check: true,
            ..args()
        };
        run(dir.path(), "", false, &mut world, &unchecked)
            .0
            .unwrap();
        assert_eq!(world.tried.len(), 1);
    }
}

#[test]
fn questions_are_asked_at_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = Login::new(Ok(()));
    let asked = InitArgs {
        non_interactive: false,
        time_zone: None,
        ..args()
    };
    let answers = "Büro\nnowhere\nEurope/Berlin\nDE\ngw.lan\nno name\nnorth\n\n\n\nsecret12\n+4915112345678\n";
    let (done, said) = run(dir.path(), answers, true, &mut world, &asked);
    done.unwrap();
    assert!(said.contains("'nowhere' is not a time zone"), "{said}");
    assert!(
        said.contains("[9500]") && said.contains("[smppuser]"),
        "{said}"
    );
    let place = Place::find(Some(dir.path())).unwrap();
    let sheets = files::read_sheets(&place, &[], &[]).ok().unwrap();
    let config = files::config(&sheets).ok().unwrap();
    assert_eq!(config.site.name, "Büro");
    assert_eq!(config.site.time_zone.iana_name(), Some("Europe/Berlin"));
    let gateway = &config.gateways[0];
    assert_eq!((&*gateway.name.0, gateway.port), ("north", 9_500));
    assert_eq!(gateway.source_address.as_deref(), Some("+4915112345678"));
    assert_eq!(world.tried, [("north".to_owned(), "secret12".to_owned())]);
    let (done, _) = run(&dir.path().join("b"), "Büro\n", true, &mut world, &asked);
    assert!(matches!(done.err(), Some(CliError::Terminal(_))));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let above = tempfile::tempdir().unwrap();
    let mut world = Login::new(Ok(()));
    let long = above.path().join("a".repeat(107));
    let dir = above.path().join("desk");
    let no_password = InitArgs {
        password_file: None,
        ..with_host()
    };
    let interactive = InitArgs {
        non_interactive: false,
        ..args()
    };
    let bad_zone = InitArgs {
        time_zone: Some("Nowhere".to_owned()),
        ..args()
    };
    let bad_password = InitArgs {
        password: Some("123456789".to_owned()),
        ..args()
    };
    for (dir, given, code) in [
        (&long, args(), ExitCode::Usage),
        (&dir, no_password, ExitCode::Usage),
        (&dir, interactive, ExitCode::Usage),
        (&dir, bad_zone, ExitCode::Configuration),
        (&dir, bad_password, ExitCode::Permission),
    ] {
        let (done, _) = run(dir, "", false, &mut world, &given);
        assert_eq!(done.err().map(|error| error.exit_code()), Some(code));
    }
    assert!(files(above.path()).is_empty());
}

#[test]
fn a_password_as_flag_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = Login::new(Ok(()));
    let seen = InitArgs {
        password: Some("secret12".to_owned()),
        password_file: None,
        ..with_host()
    };
    let (done, said) = run(dir.path(), "", false, &mut world, &seen);
    done.unwrap();
    assert!(said.contains("list of processes"), "{said}");
}

#[test]
fn a_directory_is_quoted_for_the_shell() {
    assert_eq!(shell_quoted("/srv/hazir-1"), "/srv/hazir-1");
    assert_eq!(shell_quoted("/a b/it's"), "'/a b/it'\\''s'");
}
