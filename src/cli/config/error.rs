use std::fmt;
use std::path::PathBuf;

use super::links::PageFault;
use crate::ui::KeyFault;

/// Where a value of the configuration was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// In the file, at this line and column; both count from 1, columns in characters.
    File {
        /// The file.
        path: PathBuf,
        /// Its line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// In a variable of the environment, of this name.
    Variable(String),
    /// By this flag: `--set site.name`.
    Flag(String),
}

impl Origin {
    /// How high its layer lies: 0 for the default.
    pub const fn height(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Variable(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct ConfigError {
    /// Where.
    pub at: Origin,
    /// What.
    pub fault: ConfigFault,
}

/// What can be wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// It is not TOML; what the reader of TOML says.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// There is no such key.
    #[error("unknown key '{key}'")]
    UnknownKey {
        /// As it was written.
        key: String,
        /// The nearest key that exists; `None` where none is near.
        nearest: Option<String>,
    },
    /// `--set` without a key, `=` and a value.
    #[error("'{0}' is not KEY=VALUE")]
    NotAssignment(String),
    /// A value of another type.
    #[error("'{key}' must be {wanted}")]
    Type {
        /// Which key.
        key: String,
        /// What it takes.
        wanted: Wanted,
    },
    /// A number out of its range.
    #[error("'{key}' must be {min} to {max}")]
    Range {
        /// Which key.
        key: String,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// A text or list that is too long, or a list that is empty.
    #[error("'{key}' takes 1 to {most} entries or at most {most} characters")]
    Length {
        /// Which key.
        key: String,
        /// The most.
        most: usize,
    },
    /// None of the words that the key takes.
    #[error("'{value}' is no value of '{key}'")]
    Choice {
        /// Which key.
        key: String,
        /// As it was written.
        value: String,
        /// What it takes, with commas.
        choices: String,
    },
    /// No time zone of the IANA database.
    #[error("'{0}' is not a time zone")]
    TimeZone(String),
    /// No country of ISO 3166.
    #[error("'{0}' is not a country")]
    Country(String),
    /// Something that must be given is not.
    #[error("'{0}' is missing")]
    Missing(String),
    /// Two tables of one name.
    #[error("'{0}' stands twice")]
    Twice(String),
    /// Both `password` and `password_file`.
    #[error("gateway '{0}' has both 'password' and 'password_file'")]
    TwoPasswords(String),
    /// A key of TLS where TLS is off.
    #[error("'{0}' needs 'tls'")]
    TlsOff(&'static str),
    /// One of two keys that go together.
    #[error("'{given}' needs '{missing}'")]
    TlsPair {
        /// Which is there.
        given: &'static str,
        /// Which is not.
        missing: &'static str,
    },
    /// A name that no certificate has.
    #[error("'{0}' cannot stand in a certificate")]
    TlsName(String),
    /// A file of TLS that cannot be used.
    #[error("'{}' is no file for '{key}'", path.display())]
    TlsFile {
        /// Which key names it.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        fault: TlsFileFault,
    },
    /// The system trusts no CA.
    #[error("the system trusts no CA")]
    TlsNoSystemCa,
    /// What is no address of the page for phones.
    #[error("'{page}' is no value of '{key}'")]
    Page {
        /// Which key.
        key: &'static str,
        /// As it was written.
        page: String,
        /// What is wrong with it.
        fault: PageFault,
    },
    /// A link before answers that travel as octets.
    #[error("'answer_link' needs text")]
    LinkInBinary,
    /// A link that does not fit one SMS with an answer.
    #[error("'answer_link' has {characters} characters of {room}")]
    LinkTooLong {
        /// How many it has.
        characters: usize,
        /// How many there is room for.
        room: usize,
    },
    /// Keys that cannot be bound as it is written.
    #[error("keys cannot be bound so")]
    Keys(#[source] KeyFault),
    /// The file is not there.
    #[error("no configuration")]
    NoFile,
}

/// What is wrong with a file of TLS.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TlsFileFault {
    /// It is not there.
    Missing,
    /// It holds nothing of the kind in PEM.
    NotPem,
    /// One of its certificates cannot be read.
    Certificate,
    /// Its key is not the one of the certificate.
    OtherKey,
}

/// What a key takes, for the words of an error.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A text in quotes.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A list of whole numbers.
    Numbers,
    /// A list of texts.
    Texts,
    /// A table such as `[site]`.
    Table,
    /// A table that may stand several times, such as `[[gateway]]`.
    Tables,
    /// A time of day such as `"09:00"`.
    TimeOfDay,
    /// Letters, digits, `-` and `_`.
    Name,
    /// A host name or address without spaces.
    Host,
    /// Digits, perhaps with `+` in front.
    Address,
    /// A list of beginnings of numbers such as `"+98"`.
    Prefixes,
    /// Characters of ASCII that can be seen.
    Ascii,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Number => "a whole number",
            Self::Numbers => "a list of whole numbers",
            Self::Texts => "a list of texts",
            Self::Table => "a table",
            Self::Tables => "a table of several",
            Self::TimeOfDay => "a time of day",
            Self::Name => "a name",
            Self::Host => "a host",
            Self::Address => "an address",
            Self::Prefixes => "a list of beginnings of numbers",
            Self::Ascii => "characters of ASCII",
        })
    }
}
