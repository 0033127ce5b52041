//! Floor 4: the unix socket between a running engine and its consoles and commands. The words are those of the api; the
//! port adds frames, bounds, and who is asking.

mod client;
#[doc(hidden)]
pub mod for_tests;
mod server;
mod wire;

use std::io;

pub use client::Client;
pub use server::{Call, Connection, Listener};

/// The most octets of a socket's path, `sun_path` of unix(7) without its closing NUL.
pub const PATH_OCTETS: usize = 107;

/// What can go wrong on the socket.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Nobody listens there.
    #[error("no engine is running")]
    NotRunning,
    /// Another engine listens there.
    #[error("an engine is running already")]
    InUse,
    /// The file there is no socket.
    #[error("'{0}' is not a socket")]
    NotASocket(std::path::PathBuf),
    /// The path does not fit a socket address.
    #[error("the path of the socket has {0} octets, more than {PATH_OCTETS}")]
    PathTooLong(usize),
    /// The system knows no such group.
    #[error("there is no group '{0}'")]
    NoGroup(String),
    /// The user of the process is not in the group, so that it may not give it the socket.
    #[error("this user is not in the group '{0}'")]
    NotInGroup(String),
    /// The name of the desk is over 64 octets or holds control characters.
    #[error("'{}' cannot be the name of a desk", .0.escape_debug())]
    Desk(String),
    /// The permissions do not allow it.
    #[error("the socket may not be used")]
    Denied(#[source] io::Error),
    /// The other end has another version: this window is older or newer than the engine.
    #[error("the other end has version {theirs}, this program has {ours}")]
    Version {
        /// What the other end says.
        theirs: u16,
        /// What we say.
        ours: u16,
    },
    /// The other end says what no version of this program says.
    #[error("the other end does not speak as an engine or a console")]
    Foreign,
    /// A word is over 1 MiB.
    #[error("the request or answer is too long")]
    TooLong,
    /// The other end did not answer or did not read for 10 s.
    #[error("no answer in time")]
    Timeout,
    /// The other end closed.
    #[error("the connection was closed")]
    Closed,
    /// The system failed us.
    #[error("the socket failed")]
    Io(#[source] io::Error),
}

impl From<io::Error> for PortError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, PermissionDenied, UnexpectedEof};
        let kind = error.kind();
        if [BrokenPipe, ConnectionReset, UnexpectedEof].contains(&kind) {
            Self::Closed
        } else if kind == PermissionDenied {
            Self::Denied(error)
        } else {
            Self::Io(error)
        }
    }
}
