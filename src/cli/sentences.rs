//! The sentences of errors: what happened and what to do, in words.

use std::error::Error as _;

use super::config::{ConfigError, ConfigFault, PAGE_CHARACTERS, PageFault, TlsFileFault, Wanted};
use super::error::CliError;
use super::init::shell_quoted;
use crate::domain::PhoneError;
use crate::ui::KeyFault;
use crate::words::{Words, safe};

/// Says an error: one sentence, and under it the causes, each once.
pub fn said(words: &Words, error: &CliError) -> String {
    let mut text = safe(&sentence(words, error)).into_owned();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        text.push('\n');
        text.push_str(&words.say("error.cause", &[("cause", &safe(&inner_text))]));
        cause = inner.source();
    }
    text
}

/// Says what happened and what to do.
pub fn sentence(words: &Words, error: &CliError) -> String {
    let say = |key, facts: &[(&str, &str)]| words.say(key, facts);
    let of_path = |key, path: &std::path::Path| {
        let path = path.display().to_string();
        words.say(key, &[("path", &path)])
    };
    match error {
        CliError::Config(error) => config(words, error),
        CliError::NoDataDir => say("error.no_data_dir", &[]),
        CliError::SocketPath { octets } => {
            say("error.socket_path", &[("octets", &octets.to_string())])
        }
        CliError::OpenToOthers { path } => of_path("error.open_to_others", path),
        CliError::Permission { path, .. } => of_path("error.permission", path),
        CliError::StoreKey { path, .. } => of_path("error.store_key", path),
        CliError::WrongStoreKey { path } => of_path("error.wrong_store_key", path),
        CliError::Password { path } => of_path("error.password", path),
        CliError::Read { path, .. } => of_path("error.read", path),
        CliError::WriteFile { path, .. } => of_path("error.write_file", path),
        CliError::Terminal(_) => say("error.terminal", &[]),
        CliError::Random(_) => say("error.random", &[]),
        CliError::NoTerminal => say("error.no_terminal", &[]),
        CliError::NotADemo { path } => of_path("error.not_a_demo", path),
        CliError::GatewayPort { port, .. } => {
            say("error.gateway_port", &[("port", &port.to_string())])
        }
        CliError::FlagMissing(flag) => say("error.flag_missing", &[("flag", flag)]),
        CliError::Page { page, fault } => {
            let fault = page_fault(words, "page", page, *fault);
            say("error.page", &[("page", page), ("fault", &fault)])
        }
        CliError::PageLength => {
            let most = PAGE_CHARACTERS.to_string();
            say("error.page_length", &[("most", &most)])
        }
        CliError::Value { flag, value } => say("error.value", &[("flag", flag), ("value", value)]),
        CliError::NoEmployee(name) => say("error.no_employee", &[("name", name)]),
        CliError::ManyEmployees { name, ids } => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            say(
                "error.many_employees",
                &[("name", name), ("ids", &ids.join(", "))],
            )
        }
        CliError::NoGateway { name, names } => {
            let names: Vec<&str> = names.iter().map(|name| &*name.0).collect();
            let facts = [("name", &**name), ("names", &names.join(", "))];
            say("error.no_gateway", &facts)
        }
        CliError::Import { lines } => say("error.import", &[("lines", &lines.to_string())]),
        CliError::NoDeskNumber => say("error.no_desk_number", &[]),
        CliError::KeyFile { path, .. } => of_path("error.key_file", path),
        CliError::TooLongForQr => say("error.too_long_for_qr", &[]),
        CliError::Refused(refusal) => words.refusal(refusal),
        CliError::Phone(error) => phone(words, error),
        CliError::Login { cause, .. } => {
            let facts = [
                ("cause", &*words.down_cause(*cause)),
                ("act", &words.down_act(*cause)),
            ];
            say("error.login", &facts)
        }
        CliError::ConsoleTerminal => say("error.console_terminal", &[]),
        CliError::NoEngine => say("error.no_engine", &[]),
        CliError::EngineStopped => say("error.engine_stopped", &[]),
        CliError::Fallen => say("error.fallen", &[]),
        CliError::NoGroup(group) => say("error.no_group", &[("group", group)]),
        CliError::NotInGroup(group) => say("error.not_in_group", &[("group", group)]),
        CliError::InUse => say("error.in_use", &[]),
        CliError::Version { theirs, ours } => {
            let facts = [
                ("theirs", &*theirs.to_string()),
                ("ours", &ours.to_string()),
            ];
            say("error.version", &facts)
        }
        CliError::Damaged(_) => say("error.damaged", &[]),
        CliError::DamagedAndBackedUp { newest, .. } => {
            let file = shell_quoted(&newest.display().to_string());
            say("error.damaged_newest", &[("file", &file)])
        }
        CliError::Faulty(count) => say("error.faulty", &[("count", &count.to_string())]),
        CliError::Backup { path, .. } => of_path("error.backup", path),
        CliError::EngineRuns => say("error.engine_runs", &[]),
        CliError::JournalHole { said } => said.clone(),
        CliError::Newer(_) => say("error.newer", &[]),
        CliError::OpenStore(_) => say("error.open_store", &[]),
        CliError::WriteStore(_) => say("error.write_store", &[]),
        CliError::Talk(_) => say("error.talk", &[]),
        CliError::Answer => say("error.answer", &[]),
        CliError::Load(_) => say("error.load", &[]),
        CliError::HangUp => say("error.hang_up", &[]),
    }
}

/// Says why a text is no phone number.
pub fn phone(words: &Words, error: &PhoneError) -> String {
    match error {
        PhoneError::NotANumber(text) => words.say("phone.not_a_number", &[("text", text)]),
        PhoneError::Impossible(text) => words.say("phone.impossible", &[("text", text)]),
        PhoneError::Country(text) => words.say("config.country", &[("country", text)]),
    }
}

fn config(words: &Words, error: &ConfigError) -> String {
    let fault = config_fault(words, &error.fault);
    let at = error.at.to_string();
    words.say("config.fault", &[("at", &at), ("fault", &fault)])
}

pub(super) fn config_fault(words: &Words, fault: &ConfigFault) -> String {
    let say = |key, facts: &[(&str, &str)]| words.say(key, facts);
    match fault {
        ConfigFault::Syntax(message) => say("config.syntax", &[("message", message)]),
        ConfigFault::UnknownKey {
            key,
            nearest: Some(nearest),
        } => say("config.unknown_near", &[("key", key), ("nearest", nearest)]),
        ConfigFault::UnknownKey { key, nearest: None } => say("config.unknown", &[("key", key)]),
        ConfigFault::NotAssignment(text) => say("config.not_assignment", &[("text", text)]),
        ConfigFault::Type { key, wanted } => {
            let facts = [
                ("key", &**key),
                ("wanted", &*words.say(takes(*wanted), &[])),
            ];
            say("config.type", &facts)
        }
        ConfigFault::Range { key, min, max } => {
            let facts = [
                ("key", &**key),
                ("min", &*min.to_string()),
                ("max", &max.to_string()),
            ];
            say("config.range", &facts)
        }
        ConfigFault::Length { key, most } => say(
            "config.length",
            &[("key", key), ("most", &most.to_string())],
        ),
        ConfigFault::Choice {
            key,
            value,
            choices,
        } => say(
            "config.choice",
            &[("key", key), ("value", value), ("choices", choices)],
        ),
        ConfigFault::TimeZone(zone) => say("config.time_zone", &[("zone", zone)]),
        ConfigFault::Country(country) => say("config.country", &[("country", country)]),
        ConfigFault::Missing(key) => say("config.missing", &[("key", key)]),
        ConfigFault::Twice(name) => say("config.twice", &[("name", name)]),
        ConfigFault::TwoPasswords(gateway) => say("config.two_passwords", &[("gateway", gateway)]),
        ConfigFault::Keys(fault) => key_fault(words, fault),
        ConfigFault::TlsOff(key) => say("config.tls_off", &[("key", key)]),
        ConfigFault::TlsPair { given, missing } => {
            say("config.tls_pair", &[("given", given), ("missing", missing)])
        }
        ConfigFault::TlsName(name) => say("config.tls_name", &[("name", name)]),
        ConfigFault::TlsFile { key, path, fault } => {
            let path = path.display().to_string();
            let facts = [("key", *key), ("path", &*path)];
            match fault {
                TlsFileFault::Missing => say("config.tls_missing", &facts),
                TlsFileFault::NotPem => say("config.tls_not_pem", &facts),
                TlsFileFault::Certificate => say("config.tls_bad_certificate", &facts),
                TlsFileFault::OtherKey => say("config.tls_other_key", &facts),
            }
        }
        ConfigFault::TlsNoSystemCa => say("config.tls_no_system_ca", &[]),
        ConfigFault::Page { key, page, fault } => {
            let fault = page_fault(words, key, page, *fault);
            say("config.page", &[("key", key), ("fault", &fault)])
        }
        ConfigFault::LinkInBinary => say("config.link_in_binary", &[]),
        ConfigFault::LinkTooLong { characters, room } => {
            let facts = [
                ("characters", &*characters.to_string()),
                ("room", &room.to_string()),
            ];
            say("config.link_too_long", &facts)
        }
        ConfigFault::NoFile => say("config.no_file", &[]),
    }
}

/// Says why a text is no address of the page for phones.
fn page_fault(words: &Words, key: &str, page: &str, fault: PageFault) -> String {
    match fault {
        PageFault::Scheme if key == "answer_link" => words.say("page.scheme_of_link", &[]),
        PageFault::Scheme => words.say("page.scheme", &[]),
        PageFault::Host => words.say("page.host", &[("page", page)]),
        PageFault::Fragment => words.say("page.fragment", &[]),
        PageFault::Character(c) => {
            let sign = c.to_string();
            let facts = [("sign", &*sign)];
            if key == "answer_link" {
                words.say("page.sign_of_link", &facts)
            } else {
                words.say("page.sign", &facts)
            }
        }
    }
}

fn key_fault(words: &Words, fault: &KeyFault) -> String {
    match fault {
        KeyFault::NoAct(name) => words.say("config.no_act", &[("name", name)]),
        KeyFault::NotAKey(key) => words.say("config.not_a_key", &[("key", key)]),
        KeyFault::Never(key) => words.say("config.never_bound", &[("key", &key.to_string())]),
        KeyFault::Twice { key, first, second } => {
            let key = key.to_string();
            let facts = [("key", &*key), ("first", first), ("second", second)];
            words.say("config.bound_twice", &facts)
        }
    }
}

const fn takes(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Text => "takes.text",
        Wanted::Flag => "takes.flag",
        Wanted::Number => "takes.number",
        Wanted::Numbers => "takes.numbers",
        Wanted::Texts => "takes.texts",
        Wanted::Table => "takes.table",
        Wanted::Tables => "takes.tables",
        Wanted::TimeOfDay => "takes.time_of_day",
        Wanted::Name => "takes.name",
        Wanted::Host => "takes.host",
        Wanted::Address => "takes.address",
        Wanted::Prefixes => "takes.prefixes",
        Wanted::Ascii => "takes.ascii",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::api::{Problem, Refusal};
    use crate::cli::config::Origin;
    use crate::cli::error::ExitCode;
    use crate::domain::{
        AlarmId, BindFault, CopyFault, DeviceId, DownCause, EmployeeId, GatewayName, Seq,
    };
    use crate::protocol::KeyError;
    use crate::words::Language;

    fn cause() -> Box<dyn std::error::Error + Send + Sync> {
        "the cause".into()
    }

    fn path() -> std::path::PathBuf {
        "/desk/x".into()
    }

    fn system() -> io::Error {
        io::ErrorKind::NotFound.into()
    }

    fn page_faults() -> impl Iterator<Item = PageFault> {
        let character = PageFault::Character('|');
        [
            PageFault::Scheme,
            PageFault::Host,
            PageFault::Fragment,
            character,
        ]
        .into_iter()
    }

    fn faults() -> Vec<ConfigFault> {
        let key = || "key".to_owned();
        let mut faults = vec![
            ConfigFault::Syntax(key()),
            ConfigFault::UnknownKey {
                key: key(),
                nearest: None,
            },
            ConfigFault::UnknownKey {
                key: key(),
                nearest: Some(key()),
            },
            ConfigFault::NotAssignment(key()),
            ConfigFault::Range {
                key: key(),
                min: 1,
                max: 2,
            },
            ConfigFault::Length {
                key: key(),
                most: 3,
            },
            ConfigFault::Choice {
                key: key(),
                value: key(),
                choices: key(),
            },
            ConfigFault::TimeZone(key()),
            ConfigFault::Country(key()),
            ConfigFault::Missing(key()),
            ConfigFault::Twice(key()),
            ConfigFault::TwoPasswords(key()),
            ConfigFault::TlsOff("tls_ca"),
            ConfigFault::TlsPair {
                given: "tls_key",
                missing: "tls_certificate",
            },
            ConfigFault::TlsName(key()),
            ConfigFault::TlsNoSystemCa,
            ConfigFault::LinkInBinary,
            ConfigFault::LinkTooLong {
                characters: 18,
                room: 5,
            },
            ConfigFault::NoFile,
        ];
        for key in ["page", "answer_link"] {
            faults.extend(page_faults().map(|fault| {
                let page = "https://".to_owned();
                ConfigFault::Page { key, page, fault }
            }));
        }
        for fault in [
            TlsFileFault::Missing,
            TlsFileFault::NotPem,
            TlsFileFault::Certificate,
            TlsFileFault::OtherKey,
        ] {
            let (key, path) = ("tls_ca", path());
            faults.push(ConfigFault::TlsFile { key, path, fault });
        }
        for wanted in [
            Wanted::Text,
            Wanted::Flag,
            Wanted::Number,
            Wanted::Numbers,
            Wanted::Texts,
            Wanted::Table,
            Wanted::Tables,
            Wanted::TimeOfDay,
            Wanted::Name,
            Wanted::Host,
            Wanted::Address,
            Wanted::Prefixes,
            Wanted::Ascii,
        ] {
            faults.push(ConfigFault::Type { key: key(), wanted });
        }
        faults
    }

    fn refusals() -> impl Iterator<Item = (CliError, u8)> {
        let refusals = [
            (Refusal::NoEmployee(EmployeeId(1)), 1),
            (Refusal::NoDevice(DeviceId(1)), 1),
            (Refusal::NoRow(Seq(1)), 1),
            (Refusal::NoAlarm(AlarmId(1)), 1),
            (Refusal::Cards(vec![(0, Problem::Name)]), 1),
            (
                Refusal::Cards(vec![(0, Problem::PhoneTaken(EmployeeId(1)))]),
                1,
            ),
            (Refusal::Cards(vec![(0, Problem::PhoneTwice)]), 1),
            (Refusal::Cards(vec![(0, Problem::Short)]), 1),
            (Refusal::Cards(vec![(0, Problem::Team)]), 1),
            (
                Refusal::Cards(vec![(0, Problem::Team), (1, Problem::Name)]),
                1,
            ),
            (Refusal::DeviceTaken(DeviceId(1)), 1),
            (Refusal::NothingToRetry(Seq(1)), 1),
            (Refusal::NoReason, 1),
            (Refusal::InTheFuture, 1),
            (Refusal::Busy, 75),
            (Refusal::Store, 74),
            (Refusal::NotYours, 8),
            (Refusal::FileExists, 1),
            (Refusal::Stopped, 1),
            (Refusal::Copy(CopyFault::NoRoom), 74),
            (Refusal::Copy(CopyFault::NotPermitted), 8),
            (Refusal::Copy(CopyFault::NotThere), 1),
            (Refusal::Copy(CopyFault::Failed), 74),
            (Refusal::Copy(CopyFault::Damaged), 5),
        ];
        let refusals = refusals.into_iter();
        refusals.map(|(refusal, code)| (CliError::Refused(refusal), code))
    }

    fn errors_of_stores() -> Vec<(CliError, u8)> {
        vec![
            (CliError::Damaged(cause()), 5),
            (
                CliError::DamagedAndBackedUp {
                    cause: cause(),
                    newest: path(),
                },
                5,
            ),
            (CliError::Faulty(7), 5),
            (
                CliError::Backup {
                    path: path(),
                    cause: cause(),
                },
                5,
            ),
            (CliError::EngineRuns, 4),
            (CliError::Newer(cause()), 5),
            (CliError::OpenStore(cause()), 1),
            (
                CliError::OpenStore(io::Error::from(io::ErrorKind::PermissionDenied).into()),
                8,
            ),
            (CliError::WriteStore(cause()), 74),
        ]
    }

    fn errors() -> Vec<(CliError, u8)> {
        let mut errors = vec![
            (CliError::NoDataDir, 2),
            (CliError::SocketPath { octets: 108 }, 2),
            (CliError::OpenToOthers { path: path() }, 8),
            (
                CliError::writing(path(), io::ErrorKind::PermissionDenied.into()),
                8,
            ),
            (
                CliError::reading(path(), io::ErrorKind::PermissionDenied.into()),
                8,
            ),
            (
                CliError::StoreKey {
                    path: path(),
                    cause: cause(),
                },
                8,
            ),
            (CliError::WrongStoreKey { path: path() }, 8),
            (CliError::Password { path: path() }, 8),
            (CliError::reading(path(), system()), 1),
            (CliError::writing(path(), system()), 74),
            (CliError::Terminal(system()), 1),
            (CliError::Terminal(io::ErrorKind::BrokenPipe.into()), 0),
            (CliError::Random(cause()), 1),
            (CliError::NoTerminal, 2),
            (CliError::FlagMissing("--host"), 2),
            (
                CliError::Value {
                    flag: "--at",
                    value: "x".to_owned(),
                },
                2,
            ),
            (CliError::NoEmployee("x".to_owned()), 1),
            (
                CliError::ManyEmployees {
                    name: "x".to_owned(),
                    ids: vec![EmployeeId(1), EmployeeId(2)],
                },
                1,
            ),
            (
                CliError::NoGateway {
                    name: "x".to_owned(),
                    names: vec![GatewayName::new("reception")],
                },
                1,
            ),
            (CliError::Import { lines: 2 }, 1),
            (CliError::NoDeskNumber, 3),
            (
                CliError::KeyFile {
                    path: path(),
                    cause: KeyError::Check,
                },
                1,
            ),
            (CliError::TooLongForQr, 1),
            (CliError::PageLength, 2),
            (CliError::Phone(PhoneError::NotANumber("x".to_owned())), 2),
            (CliError::Phone(PhoneError::Impossible("x".to_owned())), 2),
            (CliError::Phone(PhoneError::Country("x".to_owned())), 2),
            (
                CliError::Login {
                    cause: DownCause::Bind(BindFault::Password),
                    detail: None,
                },
                6,
            ),
            (CliError::NoEngine, 4),
            (CliError::EngineStopped, 4),
            (CliError::Fallen, 1),
            (CliError::NoGroup("x".to_owned()), 3),
            (CliError::NotInGroup("x".to_owned()), 8),
            (CliError::InUse, 4),
            (CliError::Version { theirs: 2, ours: 1 }, 1),
            (CliError::Talk(cause()), 1),
            (CliError::Answer, 1),
            (CliError::HangUp, 129),
        ];
        errors.extend(errors_of_stores());
        errors.extend(page_faults().map(|fault| {
            let page = "https://".to_owned();
            (CliError::Page { page, fault }, 2)
        }));
        errors.extend(refusals());
        for fault in faults() {
            let at = Origin::Flag("--set a".to_owned());
            errors.push((CliError::Config(ConfigError { at, fault }), 3));
        }
        errors
    }

    #[test]
    fn every_error_has_its_words_and_its_code() {
        for language in Language::ALL {
            let words = Words::load(language);
            for (error, code) in errors() {
                let said = said(&words, &error);
                let without_header = said.replace("[[gateway]]", "");
                assert!(!without_header.contains("[["), "{said}");
                assert!(!said.contains('{'), "{said}");
                assert_eq!(error.exit_code() as u8, code, "{said}");
            }
        }
    }

    #[test]
    fn the_cause_is_said_once_below_and_made_safe() {
        let words = Words::load(Language::English);
        let said = said(&words, &CliError::Talk("a\x1b[2J".into()));
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1], "  because: a\\x1b[2J");
        assert_eq!(ExitCode::HangUp as u8, 129);
    }
}
