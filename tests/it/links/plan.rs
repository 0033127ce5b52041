//! What is drawn for a case: what becomes of the first connections, how gateway and desk behave, and how much there is
//! to do.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::super::draws::Draws;

/// A gateway's answers to a bind that turn it down, beside those that have a name of their own: ESME_RSYSERR,
/// ESME_RINVSYSTYP, ESME_RTHROTTLED, ESME_RX_T_APPN and one of a vendor.
const REFUSALS: [u32; 10] = [0x05, 0x0D, 0x0E, 0x0F, 0x08, 0x53, 0x58, 0x64, 0xFF, 0x0403];

/// Which way octets go.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToDesk,
    ToGateway,
}

/// What is done to a connection: where, once so many octets have gone this way.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Mischief {
    pub(super) way: Way,
    pub(super) octets: usize,
    pub(super) kind: Kind,
}

/// What is done.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Both ends see the other one close.
    Cut,
    /// The same, with an error for the desk.
    Reset,
    /// The peer is gone and nobody says so: what is written vanishes.
    HalfOpen,
    /// Nothing comes and nothing is taken any more.
    Stall,
}

/// What becomes of a try to connect.
#[derive(Clone, Debug)]
pub(super) enum Try {
    Fails(io::ErrorKind),
    Hangs,
    Opens(Opening),
}

/// A connection that comes about.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) mischief: Option<Mischief>,
    /// Octets that a read or a write moves, at most.
    pub(super) piece: usize,
    /// Octets under way in each direction, at most.
    pub(super) room: usize,
    pub(super) manners: Manners,
}

/// How the gateway behaves on a connection.
#[derive(Copy, Clone, Debug)]
pub(super) struct Manners {
    pub(super) bind: Bind,
    pub(super) submits: Submits,
    /// The number before that of its first request.
    pub(super) before: u32,
    /// Whether all that it delivers has the same number.
    pub(super) is_stuck: bool,
    pub(super) leaves: Option<Leaves>,
    pub(super) noise: Noise,
    /// Answers no enquire_link.
    pub(super) is_deaf: bool,
    /// Waits for so long before it does anything, at most, in milliseconds.
    pub(super) slowness: u64,
}

/// What a gateway says to a bind.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Bind {
    Takes,
    TakesAfter(u64),
    Refuses(u32),
    Nacks(u32),
    Ignores,
    Closes,
}

/// What a gateway says to submit_sm.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Submits {
    Takes,
    /// Draws each time whether it takes it, turns it down, answers late, twice, with a wrong number, or not.
    Draws,
    /// Has too much to do.
    Throttles,
    /// Answers nothing.
    Ignores,
}

/// What a gateway says that has nothing to do with this desk's messages.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Noise {
    No,
    /// Responses that nobody asked for, with any number, and requests that nobody knows.
    Babbles,
    /// Message after message, for a while.
    Floods,
}

/// How a gateway ends a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    /// It unbinds when nothing is left to do.
    AtLast,
    /// It unbinds after so many milliseconds.
    Unbinds(u64),
    /// It closes after so many milliseconds.
    Closes(u64),
}

impl Opening {
    /// A connection to which nothing happens, at a gateway that behaves.
    pub(super) const fn sound() -> Self {
        Self {
            mischief: None,
            piece: usize::MAX,
            room: 1 << 16,
            manners: Manners {
                bind: Bind::Takes,
                submits: Submits::Takes,
                before: 0,
                is_stuck: false,
                leaves: None,
                noise: Noise::No,
                is_deaf: false,
                slowness: 0,
            },
        }
    }
}

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What becomes of the first connections; those after them are sound.
    pub(super) tries: VecDeque<Try>,
    /// Messages that the gateway has for the desk.
    pub(super) deliveries: usize,
    /// Messages that the desk has to send without one that asks for it.
    pub(super) own: usize,
    pub(super) window: u16,
    /// Whether the desk orders all at once, or no more than the window takes.
    pub(super) is_eager: bool,
    /// Events that may wait for the desk.
    pub(super) events: usize,
    /// How long a commit of the desk takes, at most.
    pub(super) commit: Duration,
    pub(super) one_pdu_per_write: bool,
}

impl Plan {
    /// A whole session: bind, enquire_link, a message with its answer, its receipt with its response, a delivery receipt,
    /// unbind.
    pub(crate) fn whole(mischief: Option<Mischief>) -> Self {
        let mut opening = Opening::sound();
        opening.mischief = mischief;
        opening.manners.leaves = Some(Leaves::AtLast);
        Self {
            tries: [Try::Opens(opening)].into(),
            deliveries: 1,
            own: 0,
            window: 10,
            is_eager: false,
            events: 64,
            commit: Duration::from_millis(3),
            one_pdu_per_write: false,
        }
    }

    /// Whether the desk takes at once what it is told.
    pub(super) fn is_quick(&self) -> bool {
        let floods = |one: &Try| matches!(one, Try::Opens(opening) if opening.manners.noise == Noise::Floods);
        let is_small = self.own < 100 && !self.tries.iter().any(floods);
        is_small && self.events >= 64 && self.commit < Duration::from_millis(100)
    }

    /// Whatever there is.
    pub(super) fn draw(draws: &mut Draws) -> Self {
        let tries = 1 + draws.below(3);
        let tries: VecDeque<Try> = (0..tries).map(|_| a_try(draws)).collect();
        let commit = match draws.below(8) {
            0 => Duration::from_secs(12),
            1 => Duration::from_secs(2),
            _ => Duration::from_millis(5),
        };
        let own = match draws.below(1_000) {
            // More than the link queues.
            0 => 4_200,
            1..=100 => 30,
            _ => draws.place(3),
        };
        Self {
            tries,
            deliveries: 1 + draws.place(5),
            own,
            window: [1, 2, 10][draws.place(3)],
            is_eager: own > 100 || draws.below(4) == 0,
            events: [1, 4, 64, 4_096][draws.place(4)],
            commit,
            one_pdu_per_write: draws.below(4) == 0,
        }
    }
}

fn a_try(draws: &mut Draws) -> Try {
    match draws.below(12) {
        0 => Try::Fails(
            [
                io::ErrorKind::ConnectionRefused,
                io::ErrorKind::HostUnreachable,
                io::ErrorKind::TimedOut,
            ][draws.place(3)],
        ),
        1 => Try::Hangs,
        2 if draws.below(24) == 0 => {
            let mut flood = Opening::sound();
            flood.manners.noise = Noise::Floods;
            Try::Opens(flood)
        }
        _ => Try::Opens(Opening {
            mischief: (draws.below(2) == 0).then(|| mischief(draws)),
            piece: [1, 7, 60, usize::MAX, usize::MAX][draws.place(5)],
            room: [64, 4_096, 1 << 16][draws.place(3)],
            manners: manners(draws),
        }),
    }
}

fn mischief(draws: &mut Draws) -> Mischief {
    Mischief {
        way: [Way::ToDesk, Way::ToGateway][draws.place(2)],
        octets: draws.place(1_500),
        kind: [Kind::Cut, Kind::Reset, Kind::HalfOpen, Kind::Stall][draws.place(4)],
    }
}

fn manners(draws: &mut Draws) -> Manners {
    let bind = match draws.below(20) {
        0..=2 => Bind::Refuses(REFUSALS[draws.place(REFUSALS.len())]),
        3 => Bind::Nacks([0, 3, 0x05][draws.place(3)]),
        4 => Bind::Ignores,
        5 => Bind::Closes,
        6 | 7 => Bind::TakesAfter(draws.below(9_900)),
        _ => Bind::Takes,
    };
    let submits = match draws.below(8) {
        0 => Submits::Takes,
        1 => Submits::Throttles,
        2 => Submits::Ignores,
        _ => Submits::Draws,
    };
    let leaves = match draws.below(6) {
        0 => Some(Leaves::AtLast),
        1 => Some(Leaves::Unbinds(draws.below(9_000))),
        2 => Some(Leaves::Closes(draws.below(9_000))),
        _ => None,
    };
    Manners {
        bind,
        submits,
        before: [0, 0, 6, 0x7FFF_FFFD, u32::MAX - 1][draws.place(5)],
        is_stuck: draws.below(6) == 0,
        leaves,
        noise: if draws.below(3) == 0 {
            Noise::Babbles
        } else {
            Noise::No
        },
        is_deaf: draws.below(8) == 0,
        slowness: [0, 30, 4_000][draws.place(3)],
    }
}
