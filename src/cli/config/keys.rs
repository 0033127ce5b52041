//! Every key of `hazir.toml` with what it may hold and its default: the one list that reading, layers, template and
//! `config show` go by.

use super::links::PAGE_CHARACTERS;
use super::value::Kind;

/// A table of the configuration.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `[site]`
    Site,
    /// `[[gateway]]`
    Gateway,
    /// `[receipts]`
    Receipts,
    /// `[rules]`
    Rules,
    /// `[backup]`
    Backup,
    /// `[journal]`
    Journal,
    /// `[console]`
    Console,
    /// `[[shift]]`
    Shift,
}

impl Section {
    /// All tables, in the order of the template.
    pub const ALL: [Self; 8] = [
        Self::Site,
        Self::Gateway,
        Self::Receipts,
        Self::Rules,
        Self::Backup,
        Self::Journal,
        Self::Console,
        Self::Shift,
    ];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Gateway => "gateway",
            Self::Receipts => "receipts",
            Self::Rules => "rules",
            Self::Backup => "backup",
            Self::Journal => "journal",
            Self::Console => "console",
            Self::Shift => "shift",
        }
    }

    /// Whether it may stand several times, each with a name.
    pub const fn repeats(self) -> bool {
        match self {
            Self::Gateway | Self::Shift => true,
            Self::Site
            | Self::Receipts
            | Self::Rules
            | Self::Backup
            | Self::Journal
            | Self::Console => false,
        }
    }

    /// Its keys, in the order of the template.
    pub const fn keys(self) -> &'static [Key] {
        match self {
            Self::Site => SITE,
            Self::Gateway => GATEWAY,
            Self::Receipts => RECEIPTS,
            Self::Rules => RULES,
            Self::Backup => BACKUP,
            Self::Journal => JOURNAL,
            Self::Console => CONSOLE,
            Self::Shift => SHIFT,
        }
    }

    /// The key of that name.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().iter().find(|key| key.name == name)
    }
}

/// A key of a table.
#[derive(Copy, Clone, Debug)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// Its default as it would stand in the file; `None` where it must be given or follows from another key.
    pub default: Option<&'static str>,
    /// What the template shows where there is no default.
    pub example: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str) -> Key {
    Key {
        name,
        kind,
        default: Some(default),
        example: default,
    }
}

const fn given(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        kind,
        default: None,
        example,
    }
}

const fn number(name: &'static str, min: u32, max: u32, default: &'static str) -> Key {
    key(name, Kind::Number { min, max }, default)
}

const SITE: &[Key] = &[
    key("name", Kind::Text { most: 60 }, "\"Head office\""),
    key("time_zone", Kind::TimeZone, "\"Asia/Tehran\""),
    key("country", Kind::Country, "\"IR\""),
    key("day_starts", Kind::TimeOfDay, "\"04:00\""),
    key("socket_group", Kind::Text { most: 32 }, "\"\""),
    key(
        "page",
        Kind::Text {
            most: PAGE_CHARACTERS,
        },
        "\"\"",
    ),
];

const GATEWAY: &[Key] = &[
    given("name", Kind::Name, "\"reception\""),
    given("host", Kind::Host, "\"192.168.1.143\""),
    number("port", 1, 65_535, "9500"),
    key("system_id", Kind::Login { most: 15 }, "\"smppuser\""),
    given(
        "password_file",
        Kind::Text { most: 4_096 },
        "\"keys/reception.password\"",
    ),
    given("password", Kind::Secret { most: 8 }, "\"…\""),
    key("source_address", Kind::Address, "\"\""),
    key("encoding", Kind::Choice(&["text", "binary"]), "\"text\""),
    number("footer_octets", 0, 150, "62"),
    key("answer_link", Kind::Text { most: 160 }, "\"\""),
    key("tls", Kind::Flag, "false"),
    key("tls_ca", Kind::Text { most: 4_096 }, "\"\""),
    key("tls_name", Kind::Text { most: 253 }, "\"\""),
    key("tls_certificate", Kind::Text { most: 4_096 }, "\"\""),
    key("tls_key", Kind::Text { most: 4_096 }, "\"\""),
    number("enquire_link_s", 1, 3_600, "30"),
    number("response_timeout_s", 1, 300, "10"),
    number("window", 1, 1_000, "10"),
    number("max_per_second", 0, 1_000, "5"),
    number("max_per_30_min", 0, 1_000_000, "30"),
    key("reaches", Kind::Prefixes { most: 64 }, "[]"),
    key("one_pdu_per_write", Kind::Flag, "false"),
];

const RECEIPTS: &[Key] = &[
    key(
        "retry_after_s",
        Kind::Numbers {
            min: 1,
            max: 86_400,
            most: 32,
        },
        "[30, 60, 300, 900, 3600]",
    ),
    number("give_up_after_h", 1, 720, "24"),
    number("other_gateway_after_s", 0, 86_400, "120"),
    number("repeats_per_device_per_day", 0, 65_535, "20"),
    number("attendance_per_device_per_day", 1, 65_535, "30"),
];

const RULES: &[Key] = &[
    number("clock_tolerance_min", 1, 1_440, "5"),
    number("delayed_after_h", 1, 720, "4"),
    number("refuse_ahead_h", 1, 720, "24"),
    number("refuse_behind_h", 1, 8_760, "192"),
];

const BACKUP: &[Key] = &[
    key("directory", Kind::Text { most: 4_096 }, "\"\""),
    key("at", Kind::TimeOfDay, "\"02:30\""),
    number("keep", 1, 10_000, "14"),
    number("old_after_days", 0, 3_650, "7"),
];

const JOURNAL: &[Key] = &[
    key("directory", Kind::Text { most: 4_096 }, "\"journal\""),
    number("max_mib", 64, 1_048_576, "1024"),
];

const CONSOLE: &[Key] = &[
    key(
        "theme",
        Kind::Choice(&["terminal", "contrast", "cb", "mono"]),
        "\"terminal\"",
    ),
    key(
        "glyphs",
        Kind::Choice(&["auto", "unicode", "ascii"]),
        "\"auto\"",
    ),
    key("bell", Kind::Flag, "true"),
    key("keys", Kind::Texts { most: 100 }, "[]"),
];

/// The words for the days of a week, as the file writes them, Monday first.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const SHIFT: &[Key] = &[
    given("name", Kind::Name, "\"day\""),
    key(
        "days",
        Kind::Choices(&DAYS),
        "[\"sat\", \"sun\", \"mon\", \"tue\", \"wed\"]",
    ),
    key("start", Kind::TimeOfDay, "\"09:00\""),
    key("end", Kind::TimeOfDay, "\"17:00\""),
    number("grace_late_min", 0, 720, "10"),
    number("grace_early_min", 0, 720, "10"),
    number("break_min", 0, 720, "0"),
    key(
        "count",
        Kind::Choice(&["first_last", "pairs"]),
        "\"first_last\"",
    ),
];
