//! Reads segments, and tells what is wrong with them.

use std::io;

use super::frame::{FRAME, Frame, HEAD, Head, HeadFault, Piece, next_mark, open};
use super::segments::{Listing, Name, Segments};

/// What is wrong with a journal, as a part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A file that no journal wrote, or whose name is another's.
    #[error("'{0}' is no segment of a journal")]
    Foreign(String),
    /// A later program wrote it.
    #[error("'{name}' has version {version}, which this program does not know")]
    Newer {
        /// Which file.
        name: String,
        /// Its version.
        version: u8,
    },
    /// Its first octets are not as they were written, and nothing of it can be read.
    #[error("the head of '{0}' is damaged")]
    Head(String),
    /// A crash came when it was begun: nothing was in it.
    #[error("'{0}' was begun and holds nothing")]
    Empty(String),
    /// A segment between others is not there.
    #[error("segment {0} is missing")]
    Missing(u64),
    /// The system does not give it.
    #[error("'{name}' cannot be read: {error}")]
    Unread {
        /// Which file.
        name: String,
        /// What the system says.
        error: String,
    },
    /// The end of a file is a frame that was cut short by a crash.
    #[error("'{name}' ends in {octets} octets of a frame that was cut short")]
    Torn {
        /// Which file.
        name: String,
        /// How many.
        octets: u64,
    },
    /// The end of a file is zeros: its length was durable, what was in it not.
    #[error("'{name}' ends in {octets} octets of zeros")]
    Zeroed {
        /// Which file.
        name: String,
        /// How many.
        octets: u64,
    },
    /// Octets between frames, or at the end, are not as they were written.
    #[error(
        "'{name}' is damaged: {octets} octets from octet {offset} on are not as they were written"
    )]
    Damaged {
        /// Which file.
        name: String,
        /// Where it begins.
        offset: u64,
        /// How many.
        octets: u64,
    },
    /// A commit stands there again.
    #[error("'{name}' holds commit {number} again")]
    Doubled {
        /// Which file.
        name: String,
        /// Which commit.
        number: u64,
    },
    /// A catch-up has a beginning and no end.
    #[error("'{name}' holds a catch-up to commit {number} that was not finished")]
    Unfinished {
        /// Which file.
        name: String,
        /// Where it was to lead.
        number: u64,
    },
}

impl Flaw {
    /// Whether it is what a crash or a full disk leaves in order, and no damage.
    pub const fn is_of_a_crash(&self) -> bool {
        match self {
            Self::Empty(_) | Self::Torn { .. } | Self::Zeroed { .. } | Self::Unfinished { .. } => {
                true
            }
            Self::Foreign(_)
            | Self::Newer { .. }
            | Self::Head(_)
            | Self::Missing(_)
            | Self::Unread { .. }
            | Self::Damaged { .. }
            | Self::Doubled { .. } => false,
        }
    }
}

/// Shows each frame of `history` with its rows, the oldest first, and gathers what is wrong.
pub(super) fn read_all<E: From<io::Error>>(
    segments: &impl Segments,
    listing: &Listing,
    history: u64,
    flaws: &mut Vec<Flaw>,
    mut visit: impl FnMut(&str, Frame, &[u8], &mut Vec<Flaw>) -> Result<(), E>,
) -> Result<(), E> {
    flaws.extend(listing.foreign.iter().cloned().map(Flaw::Foreign));
    flaws.extend(listing.missing(history).into_iter().map(Flaw::Missing));
    for name in listing.of_history(history) {
        read_segment(segments, name, flaws, &mut visit)?;
    }
    Ok(())
}

/// Shows each frame of one segment.
pub(super) fn read_segment<E>(
    segments: &impl Segments,
    name: Name,
    flaws: &mut Vec<Flaw>,
    mut visit: impl FnMut(&str, Frame, &[u8], &mut Vec<Flaw>) -> Result<(), E>,
) -> Result<(), E> {
    let text = name.to_string();
    let octets = match segments.read(&text) {
        Ok(octets) => octets,
        Err(error) => {
            let error = error.to_string();
            flaws.push(Flaw::Unread { name: text, error });
            return Ok(());
        }
    };
    if let Err(flaw) = head_of(name, &octets) {
        flaws.push(flaw);
        return Ok(());
    }
    let place = (name.history, name.ordinal);
    let mut rest = octets.get(HEAD..).unwrap_or_default();
    let offset = |rest: &[u8]| (octets.len() - rest.len()) as u64;
    while !rest.is_empty() {
        let opened = open(place, rest);
        let opened = opened.and_then(|(body, after)| Some((Frame::decode(body)?, after)));
        if let Some(((frame, rows), after)) = opened {
            visit(&text, frame, rows, flaws)?;
            rest = after;
            continue;
        }
        let sound = next_sound(place, rest);
        let bad = rest.get(..sound.unwrap_or(rest.len())).unwrap_or(rest);
        let name = text.clone();
        flaws.push(what_is_wrong(name, offset(rest), bad, sound.is_none()));
        rest = rest.get(bad.len()..).unwrap_or_default();
    }
    Ok(())
}

fn head_of(name: Name, octets: &[u8]) -> Result<Head, Flaw> {
    let text = name.to_string();
    match Head::decode(octets) {
        // A copy of another segment under this name would be that one once more.
        Ok(head) if (head.history, head.ordinal) != (name.history, name.ordinal) => {
            Err(Flaw::Foreign(text))
        }
        Ok(head) => Ok(head),
        Err(HeadFault::Short) => Err(Flaw::Empty(text)),
        Err(HeadFault::Foreign) => Err(Flaw::Foreign(text)),
        Err(HeadFault::Damaged) => Err(Flaw::Head(text)),
        Err(HeadFault::Newer(version)) => {
            let name = text;
            Err(Flaw::Newer { name, version })
        }
    }
}

/// How far the next frame is that is as it was written.
fn next_sound(place: (u64, u64), octets: &[u8]) -> Option<usize> {
    let mut skipped = 0;
    loop {
        let rest = octets.get(skipped..)?;
        skipped += next_mark(rest)?;
        if open(place, octets.get(skipped..)?).is_some() {
            return Some(skipped);
        }
    }
}

fn what_is_wrong(name: String, offset: u64, bad: &[u8], is_end: bool) -> Flaw {
    let octets = bad.len() as u64;
    if is_end && bad.iter().all(|octet| *octet == 0) {
        return Flaw::Zeroed { name, octets };
    }
    let len = bad.get(4..8).and_then(|len| len.try_into().ok());
    let len = len.map(u32::from_le_bytes).map(u64::from);
    // A frame whose length goes past the end, or which is too short to have one.
    let is_short = len.is_none_or(|len| len.saturating_add(FRAME as u64) > octets);
    if is_end && is_short {
        return Flaw::Torn { name, octets };
    }
    Flaw::Damaged {
        name,
        offset,
        octets,
    }
}

/// What a frame is among the pieces around it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// A commit, or the last piece of a catch-up whose others are there.
    Whole,
    /// A piece, and those before it are there.
    Piece,
    /// A piece whose others are not there.
    Stray,
}

/// Follows the pieces of catch-ups.
#[derive(Debug, Default)]
pub(super) struct Gathering(Option<(u64, Piece)>);

impl Gathering {
    /// Takes note of a frame; also the number of a catch-up that it shows to be unfinished.
    pub(super) fn take(&mut self, frame: &Frame) -> (Taken, Option<u64>) {
        let number = frame.mark.number;
        let before = self.0.take();
        let unfinished = before.map(|(number, _)| number);
        let Some(piece) = frame.piece else {
            return (Taken::Whole, unfinished);
        };
        let follows = match before {
            Some((of, last)) => {
                let (from, after, index) = (last.from, last.after, last.index + 1);
                (of, from, after, index) == (number, piece.from, piece.after, piece.index)
            }
            None => false,
        };
        if !follows && piece.index > 0 {
            return (Taken::Stray, unfinished);
        }
        let unfinished = unfinished.filter(|_| !follows);
        if piece.is_last {
            return (Taken::Whole, unfinished);
        }
        self.0 = Some((number, piece));
        (Taken::Piece, unfinished)
    }
}

/// The last frame of a history after which a store has a number, and the segments from where it begins to the newest.
pub(super) fn last_frame(
    segments: &impl Segments,
    listing: &Listing,
    history: u64,
) -> Option<(Frame, Vec<Name>)> {
    let mut names = Vec::new();
    let mut frames: Vec<Frame> = Vec::new();
    for name in listing.of_history(history).rev() {
        names.push(name);
        let mut of_segment = Vec::new();
        let visit = |_: &str, frame: Frame, _: &[u8], _: &mut Vec<Flaw>| {
            of_segment.push(frame);
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok(()) = read_segment(segments, name, &mut Vec::new(), visit);
        of_segment.append(&mut frames);
        frames = of_segment;
        let mut gathering = Gathering::default();
        let whole = frames
            .iter()
            .filter(|frame| gathering.take(frame).0 == Taken::Whole);
        if let Some(last) = whole.last() {
            return Some((*last, names));
        }
    }
    None
}
