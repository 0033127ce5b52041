use serde::{Deserialize, Serialize};

/// What a check-in says.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Arrived.
    In,
    /// Left.
    Out,
}

/// What was decided of a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// A check-in that counts.
    Recorded,
    /// The same octets again: the same answer again.
    Duplicate,
    /// The right tag, but a counter that was used or is out of the window.
    Replay,
    /// Understood and turned down.
    Refused(RefusedReason),
    /// Kept as it came.
    Unreadable(UnreadableReason),
}

/// Why a message was turned down.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RefusedReason {
    /// The employee is suspended.
    Suspended,
    /// The phone's clock is too far off.
    Clock,
}

/// Why a message could not be read.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum UnreadableReason {
    /// No frame in it: plain words, a notice of the gateway, a broken frame, an unknown version or epoch.
    NotAFrame,
    /// A frame of a device that is not enrolled here.
    UnknownDevice,
    /// A frame of a device that was revoked.
    RevokedDevice,
    /// The tag is wrong: another key, or changed on the way.
    WrongTag,
    /// The tag is right, the content makes no sense.
    Malformed,
    /// The 2023 format from a number for which it is not switched on.
    LegacyOff,
}
