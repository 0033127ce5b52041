use super::*;
use crate::cli::error::CliError;
use crate::cli::sentences;
use crate::words::{Language, Words};

const GATEWAY_LINES: &str = "[[gateway]]\nname = \"north\"\nhost = \"gw.lan\"\n";

fn said(error: ConfigError) -> String {
    let words = Words::load(Language::English);
    sentences::sentence(&words, &CliError::Config(error))
}

fn layered(text: &str, variables: &[(&str, &str)], flags: &[&str]) -> Result<Config, String> {
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let layers = Layers {
        file: Some((Path::new("hazir.toml"), text)),
        variables: &variables,
        flags: &flags,
    };
    Config::read(layers).map_err(said)
}

#[test]
fn what_is_not_said_is_the_default() {
    let config = layered(GATEWAY_LINES, &[], &[]).ok().unwrap();
    assert_eq!(config.site.name, "Head office");
    assert_eq!(config.site.time_zone.iana_name(), Some("Asia/Tehran"));
    assert_eq!(config.site.country, Country::parse("IR").unwrap());
    assert_eq!(config.site.day_starts, Time::constant(4, 0, 0, 0));
    assert_eq!(config.site.socket_group, None);
    let gateway = &config.gateways[0];
    assert_eq!(
        (gateway.port, gateway.system_id.as_str()),
        (9_500, "smppuser")
    );
    assert_eq!(gateway.source_address, None);
    assert_eq!(gateway.encoding, Encoding::Text);
    assert_eq!((gateway.footer_octets, &gateway.tls), (62, &None));
    assert_eq!(
        (gateway.enquire_link_s, gateway.response_timeout_s),
        (30, 10)
    );
    assert_eq!((gateway.window, gateway.max_per_second), (10, 5));
    assert_eq!(
        (gateway.max_per_30_min, gateway.one_pdu_per_write),
        (30, false)
    );
    let PasswordFrom::File(file) = &gateway.password else {
        panic!("the password is in no file");
    };
    assert_eq!(file, Path::new("keys/north.password"));
    let receipts = &config.receipts;
    assert_eq!(receipts.retry_after_s, [30, 60, 300, 900, 3_600]);
    assert_eq!(receipts.give_up_after_h, 24);
    assert_eq!(receipts.repeats_per_device_per_day, 20);
    assert_eq!(receipts.attendance_per_device_per_day, 30);
    let rules = &config.rules;
    assert_eq!((rules.clock_tolerance_min, rules.delayed_after_h), (5, 4));
    assert_eq!((rules.refuse_ahead_h, rules.refuse_behind_h), (24, 192));
    let backup = Backup {
        directory: None,
        at: Time::constant(2, 30, 0, 0),
        keep: 14,
        old_after_days: 7,
    };
    assert_eq!(config.backup, backup);
    let journal = Journal {
        directory: Some("journal".into()),
        max_mib: 1_024,
    };
    assert_eq!(config.journal, journal);
    assert!(config.shifts.is_empty());
}

const EVERY_KEY: &str = r#"
[site]
name = "Büro"
time_zone = "Europe/Berlin"
country = ""
day_starts = "00:30"
socket_group = "desk"
[[gateway]]
name = "north"
host = "::1"
port = 2775
system_id = "a"
password = "12345678"
source_address = "+989102211824"
encoding = "binary"
footer_octets = 0
tls = false
enquire_link_s = 5
response_timeout_s = 2
window = 1
max_per_second = 0
max_per_30_min = 0
one_pdu_per_write = true
[[gateway]]
name = "south"
host = "fe80::1%eth0"
password_file = "/etc/p"
tls = true
tls_ca = "keys/ca.pem"
tls_certificate = "/etc/desk.pem"
tls_key = "keys/desk.key"
[receipts]
retry_after_s = [1, 0x10]
give_up_after_h = 1
repeats_per_device_per_day = 0
attendance_per_device_per_day = 1
[rules]
clock_tolerance_min = 1
delayed_after_h = 1
refuse_ahead_h = 1
refuse_behind_h = 1
[backup]
directory = "/mnt/copies"
at = "23:59"
keep = 1
old_after_days = 0
[journal]
directory = ""
max_mib = 64
[[shift]]
name = "night"
days = ["mon", "sun"]
start = "22:00"
end = "06:00"
grace_late_min = 1
grace_early_min = 2
break_min = 3
count = "pairs"
"#;

#[test]
fn every_key_is_taken() {
    let config = layered(EVERY_KEY, &[], &[]).ok().unwrap();
    assert_eq!(config.site.country, Country::default());
    assert_eq!(config.site.socket_group.as_deref(), Some("desk"));
    let [north, south] = config.gateways.as_slice() else {
        panic!("two gateways");
    };
    assert_eq!(north.encoding, Encoding::Binary);
    assert_eq!(north.source_address.as_deref(), Some("+989102211824"));
    assert!(north.one_pdu_per_write);
    let PasswordFrom::Inline(password, Origin::File { line: 13, .. }) = &north.password else {
        panic!("the password stands in line 13");
    };
    assert_eq!(password.expose(), "12345678");
    assert!(matches!(&south.password, PasswordFrom::File(file) if file == Path::new("/etc/p")));
    let file = |key, path: &str, line| TlsFile {
        key,
        path: path.into(),
        at: Origin::File {
            path: "hazir.toml".into(),
            line,
            column: key.len() + 4,
        },
    };
    let tls = TlsConfig {
        at: file("tls", "", 28).at,
        ca: Some(file("tls_ca", "keys/ca.pem", 29)),
        name: TlsName {
            name: "fe80::1".to_owned(),
            at: file("host", "", 26).at,
        },
        identity: Some((
            file("tls_certificate", "/etc/desk.pem", 30),
            file("tls_key", "keys/desk.key", 31),
        )),
    };
    assert_eq!((&north.tls, &south.tls), (&None, &Some(tls)));
    assert_eq!(config.receipts.retry_after_s, [1, 16]);
    let night = Shift {
        name: "night".to_owned(),
        days: vec![Weekday::Monday, Weekday::Sunday],
        start: Time::constant(22, 0, 0, 0),
        end: Time::constant(6, 0, 0, 0),
        grace_late_min: 1,
        grace_early_min: 2,
        break_min: 3,
        count: HoursCount::Pairs,
    };
    assert_eq!(config.shifts, [night]);
    let backup = Backup {
        directory: Some("/mnt/copies".into()),
        at: Time::constant(23, 59, 0, 0),
        keep: 1,
        old_after_days: 0,
    };
    assert_eq!(config.backup, backup);
    let journal = Journal {
        directory: None,
        max_mib: 64,
    };
    assert_eq!(config.journal, journal);
}

/// A file, and how its error begins.
const WRONG_FILES: &[(&str, &str)] = &[
    ("[site\n", "hazir.toml:1:6: this is not TOML"),
    (
        "[site]\nname = \"é\" x\n",
        "hazir.toml:2:12: this is not TOML",
    ),
    (
        "[site]\nname = \"a\"\nname = \"b\"\n",
        "hazir.toml:3:1: this is not TOML",
    ),
    (
        "[sites]\n",
        "hazir.toml:1:2: there is no key 'sites'; the nearest is 'site'",
    ),
    (
        "zzz = 1\n",
        "hazir.toml:1:1: there is no key 'zzz'; 'hazir config template' shows all",
    ),
    (
        "[site]\n  names = \"x\"\n",
        "hazir.toml:2:3: there is no key 'names'; the nearest is 'name'",
    ),
    ("site = 3\n", "hazir.toml:1:8: 'site' takes keys below"),
    (
        "[gateway]\nname = \"a\"\n",
        "hazir.toml:1:1: 'gateway' takes keys below",
    ),
    (
        "gateway = [1]\n",
        "hazir.toml:1:12: 'gateway' takes keys below",
    ),
    ("[site]\nname = 3\n", "hazir.toml:2:8: 'name' takes a text"),
    (
        "[site]\nname = \"a\\u001b\"\n",
        "hazir.toml:2:8: 'name' takes a text",
    ),
    (
        "[site]\ntime_zone = \"Asia/Teheran\"\n",
        "hazir.toml:2:13: 'Asia/Teheran' is not a time zone",
    ),
    (
        "[site]\ncountry = \"Iran\"\n",
        "hazir.toml:2:11: 'Iran' is not a country",
    ),
    (
        "[site]\nday_starts = \"4:00\"\n",
        "hazir.toml:2:14: 'day_starts' takes a time of day",
    ),
    (
        "[site]\nday_starts = \"24:00\"\n",
        "hazir.toml:2:14: 'day_starts' takes a time of day",
    ),
    (
        "[site]\nday_starts = \"été\"\n",
        "hazir.toml:2:14: 'day_starts' takes a time of day",
    ),
    (
        "[[gateway]]\nhost = \"a\"\n",
        "hazir.toml:1:1: 'gateway.name' is missing",
    ),
    (
        "\n[[gateway]]\nname = \"a\"\n",
        "hazir.toml:2:1: 'gateway.a.host' is missing",
    ),
    (
        "[[gateway]]\nname = \"../a\"\n",
        "hazir.toml:2:8: 'name' takes letters",
    ),
    (
        "[receipts]\nretry_after_s = []\n",
        "hazir.toml:2:17: 'retry_after_s' is empty or too long",
    ),
    (
        "[receipts]\nretry_after_s = [1, \"2\"]\n",
        "hazir.toml:2:17: 'retry_after_s' takes a list",
    ),
    (
        "[receipts]\nretry_after_s = [1, 0]\n",
        "hazir.toml:2:17: 'retry_after_s' takes 1 to 86400",
    ),
    (
        "[rules]\nrefuse_ahead_h = 0\n",
        "hazir.toml:2:18: 'refuse_ahead_h' takes 1 to 720",
    ),
    ("[[shift]]\n", "hazir.toml:1:1: 'shift.name' is missing"),
    (
        "[[shift]]\nname = \"d\"\ndays = [\"samstag\"]\n",
        "hazir.toml:3:8: 'days' does not take 'samstag'",
    ),
    (
        "[[shift]]\nname = \"d\"\ncount = \"last\"\n",
        "hazir.toml:3:9: 'count' does not take 'last'; it takes first_last, pairs",
    ),
];

/// What stands in a gateway's fourth line, and how the error goes on.
const WRONG_GATEWAYS: &[(&str, &str)] = &[
    ("port = 0", "4:8: 'port' takes 1 to 65535"),
    ("port = 65536", "4:8: 'port' takes 1 to 65535"),
    ("port = -1", "4:8: 'port' takes 1 to 65535"),
    ("port = \"9500\"", "4:8: 'port' takes a whole number"),
    ("port = 9500.0", "4:8: 'port' takes a whole number"),
    (
        "system_id = \"sixteen-octets-x\"",
        "4:13: 'system_id' is empty or too long: it takes at most 15",
    ),
    (
        "system_id = \"a b\"",
        "4:13: 'system_id' takes characters of ASCII",
    ),
    (
        "password = \"123456789\"",
        "4:12: 'password' is empty or too long: it takes at most 8",
    ),
    (
        "password = \"1\"\npassword_file = \"a\"",
        "4:12: gateway 'north' has both",
    ),
    (
        "source_address = \"desk\"",
        "4:18: 'source_address' takes digits",
    ),
    (
        "encoding = \"txt\"",
        "4:12: 'encoding' does not take 'txt'; it takes text, binary",
    ),
    (
        "tls_ca = \"ca.pem\"",
        "4:10: 'tls_ca' works only with tls = true",
    ),
    (
        "tls = false\ntls_name = \"gw.lan\"",
        "5:12: 'tls_name' works only with tls = true",
    ),
    (
        "tls = true\ntls_certificate = \"desk.pem\"",
        "5:19: 'tls_certificate' needs 'tls_key' beside it",
    ),
    (
        "tls = true\ntls_key = \"desk.key\"",
        "5:11: 'tls_key' needs 'tls_certificate' beside it",
    ),
    ("tls = 1", "4:7: 'tls' takes true or false"),
    (
        "[[gateway]]\nname = \"North\"\nhost = \"b\"",
        "5:8: the name 'North' stands twice",
    ),
];

#[test]
fn every_error_names_its_place_and_what_mends_it() {
    let files = WRONG_FILES.iter();
    let files = files.map(|(text, expected)| ((*text).to_owned(), (*expected).to_owned()));
    let gateways = WRONG_GATEWAYS.iter().map(|(line, expected)| {
        let text = format!("{GATEWAY_LINES}{line}\n");
        (text, format!("hazir.toml:{expected}"))
    });
    for (text, expected) in files.chain(gateways) {
        let error = layered(&text, &[], &[]).err();
        let error = error.unwrap_or_else(|| panic!("no error: {text}"));
        assert!(error.starts_with(&expected), "{text}\n{error}");
    }
}

#[test]
fn flags_lie_over_variables_over_the_file_over_defaults() {
    let text = format!("[site]\nname = \"file\"\n{GATEWAY_LINES}port = 1\npassword_file = \"p\"\n");
    let name = |variables: &[(&str, &str)], flags: &[&str]| {
        let config = layered(&text, variables, flags);
        config.map(|config| config.site.name)
    };
    let variable = ("HAZIR_SITE_NAME", "variable");
    assert_eq!(name(&[], &[]).as_deref(), Ok("file"));
    assert_eq!(name(&[variable], &[]).as_deref(), Ok("variable"));
    assert_eq!(
        name(&[variable], &["site.name=one", "site.name=a=b"]).as_deref(),
        Ok("a=b")
    );
    let config = layered(
        &text,
        &[
            ("HAZIR_GATEWAY_NORTH_HOST", "10.0.0.1"),
            ("HAZIR_GATEWAY_NORTH_PASSWORD", "secret"),
            ("HAZIR_RECEIPTS_RETRY_AFTER_S", "1, 2"),
            ("HAZIR_DATA", "/x"),
            ("PATH", "/bin"),
        ],
        &[
            "gateway.north.port=2775",
            "gateway.north.one_pdu_per_write=true",
        ],
    );
    let config = config.ok().unwrap();
    let gateway = &config.gateways[0];
    assert_eq!((gateway.host.as_str(), gateway.port), ("10.0.0.1", 2_775));
    assert!(gateway.one_pdu_per_write);
    assert_eq!(config.receipts.retry_after_s, [1, 2]);
    assert!(matches!(
        &gateway.password,
        PasswordFrom::Inline(_, Origin::Variable(_))
    ));
}

#[test]
fn every_setting_can_be_given_again_as_flag_and_as_variable() {
    let text = format!("{GATEWAY_LINES}[[shift]]\nname = \"day\"\n");
    let sheets = Sheets::read(Layers {
        file: Some((Path::new("hazir.toml"), &text)),
        variables: &[],
        flags: &[],
    });
    let settings = settings(&sheets.ok().unwrap());
    assert!(settings.len() > 30);
    for setting in settings {
        let value = setting.value.unwrap();
        let value = value.trim_matches('"');
        let flag = format!("{}={value}", setting.path);
        assert_eq!(layered(&text, &[], &[&flag]).err(), None, "{flag}");
        let variable = format!("HAZIR_{}", setting.path.replace('.', "_").to_uppercase());
        assert_eq!(
            layered(&text, &[(&variable, value)], &[]).err(),
            None,
            "{variable}"
        );
    }
}

#[test]
fn an_error_of_a_layer_names_flag_or_variable() {
    for (variables, flags, expected) in [
        (
            &[][..],
            &["site.names=x"][..],
            "--set site.names: there is no key 'site.names'; the nearest is 'site.name'",
        ),
        (&[], &["name"], "--set: 'name' is not KEY=VALUE"),
        (
            &[],
            &["gateway.north.password kN7-q2Zx"],
            "--set: 'gateway.north.password' is not KEY=VALUE",
        ),
        (
            &[],
            &["gateway.south.port=1"],
            "--set gateway.south.port: there is no key",
        ),
        (
            &[],
            &["gateway.north.name=x"],
            "--set gateway.north.name: there is no key",
        ),
        (
            &[],
            &["gateway.north.port=x"],
            "--set gateway.north.port: 'port' takes a whole number",
        ),
        (
            &[],
            &["gateway.north.tls_key=x"],
            "--set gateway.north.tls_key: 'tls_key' works only with tls = true",
        ),
        (
            &[],
            &["gateway.north.tls=yes"],
            "--set gateway.north.tls: 'tls' takes true or false",
        ),
        (
            &[],
            &["site.time_zone=X"],
            "--set site.time_zone: 'X' is not a time zone",
        ),
        (
            &[("HAZIR_SITE_NAMES", "x")],
            &[],
            "HAZIR_SITE_NAMES: there is no key 'HAZIR_SITE_NAMES'; the nearest is 'HAZIR_SITE_NAME'",
        ),
        (
            &[("HAZIR_GATEWAY_NORTH_PORT", "0")],
            &[],
            "HAZIR_GATEWAY_NORTH_PORT: 'port' takes 1 to 65535",
        ),
        (
            &[("HAZIR_RECEIPTS_GIVE_UP_AFTER_H", "")],
            &[],
            "HAZIR_RECEIPTS_GIVE_UP_AFTER_H: 'give_up_after_h' takes a whole number",
        ),
    ] {
        let error = layered(GATEWAY_LINES, variables, flags).err();
        let error = error.unwrap_or_else(|| panic!("no error: {variables:?} {flags:?}"));
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let text = format!("{GATEWAY_LINES}password = \"hidden12\"\n");
    let layers = Layers {
        file: Some((Path::new("hazir.toml"), &text)),
        variables: &[],
        flags: &[],
    };
    let settings = settings(&Sheets::read(layers).ok().unwrap());
    assert!(!format!("{settings:?}").contains("hidden12"));
    let password = settings.iter().find(|s| s.path == "gateway.north.password");
    let password = password.unwrap();
    assert_eq!(
        (&password.value, &password.json),
        (&None, &serde_json::Value::Null)
    );
    assert_eq!(password.origin.to_string(), "hazir.toml:4:12");
    assert!(!settings.iter().any(|s| s.path.ends_with("password_file")));
}

#[test]
fn a_host_has_neither_port_nor_brackets() {
    let read = |host: &str| read_text(&format!("[[gateway]]\nname = \"g\"\nhost = \"{host}\"\n"));
    for host in ["gw.lan", "10.0.0.1", "::1", "2001:db8::7", "fe80::1%eth0"] {
        assert_eq!(read(host).ok().unwrap().gateways[0].host, host);
    }
    for host in [
        "gw.lan:9500",
        "10.0.0.1:9500",
        "[::1]",
        "[::1]:9500",
        "::g",
        ":",
    ] {
        let error = read(host).err().unwrap();
        let wanted = Wanted::Host;
        let key = "host".to_owned();
        assert_eq!(error.fault, ConfigFault::Type { key, wanted }, "{host}");
    }
}

#[test]
fn a_gateway_reaches_beginnings_of_numbers_in_e164() {
    let read = |reaches: &str| {
        read_text(&format!(
            "[[gateway]]\nname = \"g\"\nhost = \"gw.lan\"\nreaches = {reaches}\n"
        ))
    };
    let config = read("[\"+98\", \"+90532\"]").ok().unwrap();
    assert_eq!(config.gateways[0].reaches, ["+98", "+90532"]);
    assert!(read("[]").ok().unwrap().gateways[0].reaches.is_empty());
    for wrong in [
        "[\"98\"]",
        "[\"+\"]",
        "[\"+9a\"]",
        "[\"+1234567890123456\"]",
        "[98]",
        "\"+98\"",
    ] {
        let error = read(wrong).err().unwrap();
        let (key, wanted) = ("reaches".to_owned(), Wanted::Prefixes);
        assert_eq!(error.fault, ConfigFault::Type { key, wanted }, "{wrong}");
    }
}
