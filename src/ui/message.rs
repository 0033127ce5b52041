use super::Key;
use crate::api::{Ask, Event, Reply, Snapshot};

/// Names a request, so that its reply finds back.
pub type Token = u32;

/// What happens to a console.
#[expect(
    clippy::large_enum_variant,
    reason = "most that comes are events: a box for each would cost more than the room"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted. It goes into an open line of input and nowhere else.
    Paste(String),
    /// The window has another size.
    Resize {
        /// Its width.
        columns: u16,
        /// Its height.
        rows: u16,
    },
    /// Time has passed; comes once a second.
    Tick,
    /// The window is connected to a running engine, perhaps again: all that was shown before is void.
    Attached(Box<Snapshot>),
    /// Something changed. With its revision: what the snapshot had already is left out.
    Event(u64, Event),
    /// A request was answered; `None` where the connection broke before, so that nobody knows whether it was done.
    Reply(Token, Option<Reply>),
    /// The window is not connected to an engine.
    Detached(Detached),
    /// The engine that was asked to start ended at once, with this exit code, and this is what it said last.
    StartFailed(Option<i32>, String),
    /// How much of the disk that holds the desk is free, in percent.
    DiskFree(u8),
}

/// Why a window is not connected.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Detached {
    /// No engine runs on this desk.
    NotRunning,
    /// The engine that was asked to start has not opened its socket yet.
    Starting,
    /// The engine that was asked to start ended at once, with this exit code.
    StartFailed(Option<i32>),
    /// The connection broke; it is tried again every half second.
    Lost,
    /// The engine said that it stops.
    Stopped,
    /// The engine is of another version than this window.
    Version,
    /// The user may not use the socket.
    Denied,
    /// As many windows as an engine serves are open.
    Busy,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the engine; the answer comes as [`Message::Reply`].
    Ask(Token, Ask),
    /// Ask for a snapshot; the answer comes as [`Message::Attached`].
    Refresh,
    /// Start the reception, detached from this terminal.
    Start,
    /// Close this window. The reception keeps running, but that of a demo.
    Leave,
    /// Give the terminal a text for its clipboard (OSC 52).
    Copy(String),
    /// Ring.
    Bell,
    /// Set the title of the window.
    Title(String),
    /// Paint everything anew.
    Redraw,
}
