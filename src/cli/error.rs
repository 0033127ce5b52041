use std::io;
use std::path::PathBuf;

use super::config::{ConfigError, PageFault};
use crate::api::Refusal;
use crate::domain::{CopyFault, DownCause, EmployeeId, GatewayName, PhoneError};
use crate::practice::load::LoadFault;
use crate::protocol::KeyError;

/// How the program ends.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// All went well.
    Ok = 0,
    /// It could not be done.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The configuration is wrong.
    Configuration = 3,
    /// The store is in use, or an engine is needed and none runs.
    InUse = 4,
    /// The store is damaged, or of a later version.
    Damaged = 5,
    /// The gateway refused the login.
    Login = 6,
    /// A key or a permission is wrong.
    Permission = 8,
    /// The store cannot be written.
    Write = 74,
    /// The engine has too much to do.
    Busy = 75,
    /// The terminal hung up.
    HangUp = 129,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// A cause from another floor.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is wrong.
    #[error("the configuration is wrong: {0}")]
    Config(ConfigError),
    /// There is no home directory to find the data directory in.
    #[error("no data directory")]
    NoDataDir,
    /// The socket's path does not fit the system's limit.
    #[error("the path of the socket has {octets} octets")]
    SocketPath {
        /// How many it would have.
        octets: usize,
    },
    /// A file that members of the group or others can read.
    #[error("'{}' is open to others", path.display())]
    OpenToOthers {
        /// Which.
        path: PathBuf,
    },
    /// A file or directory that may not be read or written.
    #[error("'{}' may not be used", path.display())]
    Permission {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The store's key is missing or is no key.
    #[error("'{}' is no key", path.display())]
    StoreKey {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: Cause,
    },
    /// The store's key is not the one that sealed the keys in the store.
    #[error("'{}' is the key of another store", path.display())]
    WrongStoreKey {
        /// Where it is.
        path: PathBuf,
    },
    /// A gateway's password file is missing, empty, or holds what no gateway takes.
    #[error("'{}' holds no password", path.display())]
    Password {
        /// Which.
        path: PathBuf,
    },
    /// A file that cannot be read.
    #[error("'{}' cannot be read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("'{}' cannot be written", path.display())]
    WriteFile {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Standard output or standard input is gone.
    #[error("the terminal cannot be used")]
    Terminal(#[source] io::Error),
    /// The system has no random octets.
    #[error("no random octets")]
    Random(#[source] Cause),
    /// Questions need a terminal.
    #[error("no terminal")]
    NoTerminal,
    /// The console was to be opened where there is no terminal.
    #[error("the console needs a terminal")]
    ConsoleTerminal,
    /// A directory that is to hold a demo and holds something else.
    #[error("'{}' holds no demo", path.display())]
    NotADemo {
        /// Which.
        path: PathBuf,
    },
    /// The built-in gateway cannot listen.
    #[error("port {port} cannot be had")]
    GatewayPort {
        /// Where.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// A flag that is needed where no question is asked.
    #[error("'--{0}' is missing")]
    FlagMissing(&'static str),
    /// A value on the command line that its flag does not take.
    #[error("'{value}' is no value of '{flag}'")]
    Value {
        /// Which flag or argument.
        flag: &'static str,
        /// As it was written.
        value: String,
    },
    /// A value of `--page` that is no address of the page for phones.
    #[error("'{page}' is no page")]
    Page {
        /// As it was written.
        page: String,
        /// What is wrong with it.
        fault: PageFault,
    },
    /// A value of `--page` that is too long.
    #[error("the address of the page is too long")]
    PageLength,
    /// No employee of that number or name.
    #[error("no employee '{0}'")]
    NoEmployee(String),
    /// Several employees of that name.
    #[error("several employees '{name}'")]
    ManyEmployees {
        /// The name.
        name: String,
        /// Their numbers.
        ids: Vec<EmployeeId>,
    },
    /// No gateway of that name in the running engine.
    #[error("no gateway '{name}'")]
    NoGateway {
        /// The name.
        name: String,
        /// Those that it has.
        names: Vec<GatewayName>,
    },
    /// A list of cards with wrong lines; they were said one by one.
    #[error("wrong lines: {lines}")]
    Import {
        /// How many.
        lines: usize,
    },
    /// No gateway says from which number receipts come.
    #[error("no source address")]
    NoDeskNumber,
    /// A key file that holds no key.
    #[error("'{}' holds no device key", path.display())]
    KeyFile {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: KeyError,
    },
    /// Too much text for a QR code.
    #[error("too long for a QR code")]
    TooLongForQr,
    /// The engine said no.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A phone number that is none.
    #[error("{0}")]
    Phone(PhoneError),
    /// The gateway turned the login down.
    #[error("login refused: {cause:?}")]
    Login {
        /// Why.
        cause: DownCause,
        /// What TLS says of it.
        #[source]
        detail: Option<Cause>,
    },
    /// An engine is needed and none runs.
    #[error("no engine runs")]
    NoEngine,
    /// The engine ended while it was listened to.
    #[error("the engine stopped")]
    EngineStopped,
    /// A part of the engine panicked.
    #[error("the engine has fallen")]
    Fallen,
    /// The system knows no group of that name.
    #[error("there is no group '{0}'")]
    NoGroup(String),
    /// Who is not in a group may not give it a file.
    #[error("not in group '{0}'")]
    NotInGroup(String),
    /// Another process has the store.
    #[error("the store is in use")]
    InUse,
    /// The engine is of another version.
    #[error("the engine speaks version {theirs}, this program {ours}")]
    Version {
        /// What the engine speaks.
        theirs: u16,
        /// What this program speaks.
        ours: u16,
    },
    /// The store is damaged.
    #[error("the store is damaged")]
    Damaged(#[source] Cause),
    /// The store is damaged, and there is a backup.
    #[error("the store is damaged")]
    DamagedAndBackedUp {
        /// What is wrong.
        #[source]
        cause: Cause,
        /// The newest backup.
        newest: PathBuf,
    },
    /// A store or backup whose rows are wrong; they were said one by one.
    #[error("faults: {0}")]
    Faulty(u64),
    /// A backup that is damaged.
    #[error("'{}' is damaged", path.display())]
    Backup {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        #[source]
        cause: Cause,
    },
    /// A restore needs the store for itself.
    #[error("the engine runs")]
    EngineRuns,
    /// The store has lost what its journal does not hold whole.
    #[error("the journal does not hold all that the store has lost")]
    JournalHole {
        /// What is missing, in words.
        said: String,
    },
    /// The store was written by a later version.
    #[error("the store is of a later version")]
    Newer(#[source] Cause),
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    OpenStore(#[source] Cause),
    /// The store cannot be written.
    #[error("the store cannot be written")]
    WriteStore(#[source] Cause),
    /// The engine hung up, or said what it should not.
    #[error("the engine cannot be understood")]
    Talk(#[source] Cause),
    /// The engine answered something else than was asked.
    #[error("an answer to another question")]
    Answer,
    /// What was measured is no measure: the desk failed under load.
    #[error("the desk failed under load")]
    Load(#[source] LoadFault),
    /// The terminal hung up.
    #[error("hung up")]
    HangUp,
}

impl CliError {
    /// With which code the program ends.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Terminal(cause) if cause.kind() == io::ErrorKind::BrokenPipe => ExitCode::Ok,
            Self::Config(_) | Self::NoDeskNumber | Self::NoGroup(_) => ExitCode::Configuration,
            Self::OpenStore(cause) if is_denied(&**cause) => ExitCode::Permission,
            Self::NoDataDir
            | Self::SocketPath { .. }
            | Self::NoTerminal
            | Self::ConsoleTerminal
            | Self::Phone(_)
            | Self::FlagMissing(_)
            | Self::NotADemo { .. }
            | Self::Page { .. }
            | Self::PageLength
            | Self::Value { .. } => ExitCode::Usage,
            Self::OpenToOthers { .. }
            | Self::Permission { .. }
            | Self::StoreKey { .. }
            | Self::WrongStoreKey { .. }
            | Self::Password { .. }
            | Self::NotInGroup(_) => ExitCode::Permission,
            Self::Refused(Refusal::Busy) => ExitCode::Busy,
            Self::Refused(Refusal::NotYours | Refusal::Copy(CopyFault::NotPermitted)) => {
                ExitCode::Permission
            }
            Self::Refused(
                Refusal::Store | Refusal::Copy(CopyFault::NoRoom | CopyFault::Failed),
            )
            | Self::WriteStore(_)
            | Self::WriteFile { .. } => ExitCode::Write,
            Self::Login { .. } => ExitCode::Login,
            Self::NoEngine | Self::EngineStopped | Self::InUse | Self::EngineRuns => {
                ExitCode::InUse
            }
            Self::Refused(Refusal::Copy(CopyFault::Damaged))
            | Self::Damaged(_)
            | Self::DamagedAndBackedUp { .. }
            | Self::Faulty(_)
            | Self::Backup { .. }
            | Self::JournalHole { .. }
            | Self::Newer(_) => ExitCode::Damaged,
            Self::HangUp => ExitCode::HangUp,
            Self::Read { .. }
            | Self::Terminal(_)
            | Self::Random(_)
            | Self::NoEmployee(_)
            | Self::ManyEmployees { .. }
            | Self::NoGateway { .. }
            | Self::Import { .. }
            | Self::KeyFile { .. }
            | Self::TooLongForQr
            | Self::Refused(
                Refusal::NoEmployee(_)
                | Refusal::NoDevice(_)
                | Refusal::NoRow(_)
                | Refusal::NoAlarm(_)
                | Refusal::Cards(_)
                | Refusal::DeviceTaken(_)
                | Refusal::NothingToRetry(_)
                | Refusal::NoReason
                | Refusal::InTheFuture
                | Refusal::NoteLength
                | Refusal::NothingToGiveUp(_)
                | Refusal::ShelveTime
                | Refusal::NothingToUndo
                | Refusal::FileExists
                | Refusal::Stopped
                | Refusal::Copy(CopyFault::NotThere),
            )
            | Self::Version { .. }
            | Self::OpenStore(_)
            | Self::Talk(_)
            | Self::Answer
            | Self::GatewayPort { .. }
            | Self::Load(_)
            | Self::Fallen => ExitCode::Failed,
        }
    }

    /// Says of a file that cannot be used which of the errors it is: what is forbidden, or what failed.
    pub fn reading(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Self::Permission { path, source };
        }
        Self::Read { path, source }
    }

    /// As [`CliError::reading`], of a file that is written.
    pub fn writing(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Self::Permission { path, source };
        }
        Self::WriteFile { path, source }
    }
}

/// Whether `cause` is that the system does not allow it.
fn is_denied(cause: &(dyn std::error::Error + 'static)) -> bool {
    let cause = cause.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::PermissionDenied)
}
