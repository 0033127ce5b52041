//! How a segment of the journal stands on disk.
//!
//! ```text
//! offset  octets  the head of a segment; all numbers of journals are little endian
//! 0       8       "hazirjnl"
//! 8       1       version of this layout: 1
//! 9       8       history of the store
//! 17      8       ordinal of the segment: 1, 2, 3 in the directory
//! 25      8       number of the commit at the end of its first frame
//! 33      8       when it was begun, in ms since 1970
//! 41      4       check: CRC-32C over all before
//!
//! offset  octets  a frame; they follow one another to the end
//! 0       4       f5 'h' 'z' 'f', where reading can go on behind damage
//! 4       4       n, octets of the body
//! 8       4       check: CRC-32C over history, ordinal, n and body
//! 12      n       body
//!
//! offset  octets  a body
//! 0       1       1: one commit, 2: a piece of a catch-up, 3: the last piece of one
//! 1       8       number of the commit that a store is at after it
//! 9       8       when it was committed, or read from the store for a catch-up
//! 17      8       the last row of the ledger then, 0 where there is none
//! 25      4       that row's own check
//! 29      24      of pieces only: the number that a store may be at before it, at least; the row of the ledger after
//!                 which the catch-up begins (8 octets both); which piece it is, from 0 (4); 0 (4)
//! 29, 53          rows, as `pieces` has them
//! ```
//!
//! The check names history and ordinal, so that a frame that strayed from another segment is found too.

use crc32c::{crc32c, crc32c_append};

use crate::domain::{Millis, Seq};

/// What a segment begins with.
const MAGIC: &[u8; 8] = b"hazirjnl";
/// The layout that is written.
const VERSION: u8 = 1;
/// Octets of a head.
pub(super) const HEAD: usize = 45;
/// What a frame begins with.
const MARK: [u8; 4] = [0xf5, b'h', b'z', b'f'];
/// Octets of a frame before its body.
pub(super) const FRAME: usize = 12;

const COMMIT: u8 = 1;
const PIECE: u8 = 2;
const LAST_PIECE: u8 = 3;

/// The head of a segment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) history: u64,
    pub(super) ordinal: u64,
    /// The number of its first frame.
    pub(super) number: u64,
    pub(super) begun_at: Millis,
}

/// Why octets are no head.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum HeadFault {
    /// It is cut short: a crash came when the segment was begun.
    Short,
    /// It is none.
    Foreign,
    /// It is not as it was written.
    Damaged,
    /// A later program wrote it, in this version.
    Newer(u8),
}

impl Head {
    pub(super) fn encode(&self) -> [u8; HEAD] {
        let mut octets = [0; HEAD];
        octets[..8].copy_from_slice(MAGIC);
        octets[8] = VERSION;
        octets[9..17].copy_from_slice(&self.history.to_le_bytes());
        octets[17..25].copy_from_slice(&self.ordinal.to_le_bytes());
        octets[25..33].copy_from_slice(&self.number.to_le_bytes());
        octets[33..41].copy_from_slice(&self.begun_at.0.to_le_bytes());
        let check = crc32c(&octets[..41]);
        octets[41..].copy_from_slice(&check.to_le_bytes());
        octets
    }

    pub(super) fn decode(octets: &[u8]) -> Result<Self, HeadFault> {
        let Some(head) = octets.first_chunk::<HEAD>() else {
            let begins = MAGIC.starts_with(octets) || octets.starts_with(MAGIC);
            let torn = begins || octets.iter().all(|octet| *octet == 0);
            return Err(if torn {
                HeadFault::Short
            } else {
                HeadFault::Foreign
            });
        };
        if head.iter().all(|octet| *octet == 0) {
            return Err(HeadFault::Short);
        }
        let sound = crc32c(&head[..41]).to_le_bytes() == head[41..];
        if !head.starts_with(MAGIC) {
            return Err(if sound {
                HeadFault::Damaged
            } else {
                HeadFault::Foreign
            });
        }
        if !sound {
            return Err(HeadFault::Damaged);
        }
        if head[8] != VERSION {
            return Err(HeadFault::Newer(head[8]));
        }
        let mut fields = head[9..41].as_chunks().0.iter().copied();
        let mut next = || fields.next().map_or(0, u64::from_le_bytes);
        Ok(Self {
            history: next(),
            ordinal: next(),
            number: next(),
            begun_at: Millis(next().cast_signed()),
        })
    }
}

/// What a store holds after a frame, so far as one can hold it against the frame.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The number of its last commit.
    pub(super) number: u64,
    /// The last row of its ledger, 0 where there is none.
    pub(super) seq: Seq,
    /// The check of that row.
    pub(super) check: [u8; 4],
}

/// What a piece says of its catch-up.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// A store that is at this number or behind it is caught up.
    pub(super) from: u64,
    /// The ledger begins after this row.
    pub(super) after: Seq,
    pub(super) index: u32,
    pub(super) is_last: bool,
}

/// A frame without its rows.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) mark: Mark,
    pub(super) at: Millis,
    /// `None` for a commit.
    pub(super) piece: Option<Piece>,
}

impl Frame {
    /// Writes the frame, with the rows that `put` writes, to the end of `octets`.
    pub(super) fn encode<E>(
        mut self,
        (history, ordinal): (u64, u64),
        octets: &mut Vec<u8>,
        put: impl FnOnce(&mut Vec<u8>, &mut Mark) -> Result<(), E>,
    ) -> Result<Mark, E> {
        let start = octets.len();
        octets.extend_from_slice(&MARK);
        octets.extend_from_slice(&[0; FRAME - 4 + 29]);
        if let Some(piece) = self.piece {
            octets.extend_from_slice(&piece.from.to_le_bytes());
            octets.extend_from_slice(&piece.after.0.to_le_bytes());
            octets.extend_from_slice(&u64::from(piece.index).to_le_bytes());
        }
        put(octets, &mut self.mark)?;
        let frame = &mut octets[start..];
        let len = u32::try_from(frame.len() - FRAME).unwrap_or(u32::MAX);
        let body = &mut frame[FRAME..];
        body[0] = match self.piece {
            None => COMMIT,
            Some(piece) if piece.is_last => LAST_PIECE,
            Some(_) => PIECE,
        };
        body[1..9].copy_from_slice(&self.mark.number.to_le_bytes());
        body[9..17].copy_from_slice(&self.at.0.to_le_bytes());
        body[17..25].copy_from_slice(&self.mark.seq.0.to_le_bytes());
        body[25..29].copy_from_slice(&self.mark.check);
        let check = check(history, ordinal, len, body);
        frame[4..8].copy_from_slice(&len.to_le_bytes());
        frame[8..FRAME].copy_from_slice(&check);
        Ok(self.mark)
    }

    /// Reads a body whose check was right: the frame, and its rows.
    pub(super) fn decode(body: &[u8]) -> Option<(Self, &[u8])> {
        let (fixed, rows) = body.split_at_checked(29)?;
        let number = |at: usize| {
            let octets = fixed
                .get(at..at + 8)
                .and_then(|octets| octets.try_into().ok());
            octets.map_or(0, u64::from_le_bytes)
        };
        let mark = Mark {
            number: number(1),
            seq: Seq(number(17)),
            check: fixed[25..].try_into().ok()?,
        };
        let at = Millis(number(9).cast_signed());
        let (piece, rows) = match fixed[0] {
            COMMIT => (None, rows),
            kind @ (PIECE | LAST_PIECE) => {
                let (of_piece, rows) = rows.split_first_chunk::<24>()?;
                let mut fields = of_piece.as_chunks().0.iter().copied();
                let mut next = || fields.next().map_or(0, u64::from_le_bytes);
                let piece = Piece {
                    from: next(),
                    after: Seq(next()),
                    index: u32::try_from(next()).ok()?,
                    is_last: kind == LAST_PIECE,
                };
                (Some(piece), rows)
            }
            _ => return None,
        };
        Some((Self { mark, at, piece }, rows))
    }
}

/// The body of the frame that `octets` begin with, and what is behind it.
pub(super) fn open((history, ordinal): (u64, u64), octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = octets.strip_prefix(&MARK)?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let (found, rest) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len);
    let (body, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    (*found == check(history, ordinal, len, body)).then_some((body, rest))
}

/// Where in `octets` the next frame may begin, not at their beginning.
pub(super) fn next_mark(octets: &[u8]) -> Option<usize> {
    let behind = octets.get(1..)?;
    let at = behind.windows(MARK.len()).position(|four| four == MARK)?;
    Some(at + 1)
}

fn check(history: u64, ordinal: u64, len: u32, body: &[u8]) -> [u8; 4] {
    let crc = crc32c_append(crc32c(&history.to_le_bytes()), &ordinal.to_le_bytes());
    let crc = crc32c_append(crc, &len.to_le_bytes());
    crc32c_append(crc, body).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD_OF_TEST: Head = Head {
        history: 0x0807_0605_0403_0201,
        ordinal: 3,
        number: 258,
        begun_at: Millis(1_795_152_600_000),
    };

    fn hex(octets: &[u8]) -> String {
        use std::fmt::Write as _;
        octets.iter().fold(String::new(), |mut hex, octet| {
            write!(hex, "{octet:02x}").unwrap();
            hex
        })
    }

    fn frame(piece: Option<Piece>) -> (Frame, Vec<u8>) {
        let mark = Mark {
            number: 258,
            seq: Seq(7),
            check: [1, 2, 3, 4],
        };
        let at = Millis(1_795_152_600_001);
        let frame = Frame { mark, at, piece };
        let mut octets = Vec::new();
        let put = |octets: &mut Vec<u8>, _: &mut Mark| {
            octets.extend_from_slice(b"rows");
            Ok::<(), ()>(())
        };
        frame.encode((9, 3), &mut octets, put).unwrap();
        (frame, octets)
    }

    #[test]
    fn a_head_stands_as_the_first_version_wrote_it() {
        let octets = HEAD_OF_TEST.encode();
        let expected = concat!(
            "68617a69726a6e6c",
            "01",
            "0102030405060708",
            "0300000000000000",
            "0201000000000000",
            "c0c7d4f7a1010000",
        );
        assert_eq!(hex(&octets[..41]), expected);
        assert_eq!(hex(&octets[41..]), "GOLDEN_HEAD");
        assert_eq!(Head::decode(&octets), Ok(HEAD_OF_TEST));
    }

    #[test]
    fn frames_stand_as_the_first_version_wrote_them() {
        let (commit, octets) = frame(None);
        assert_eq!(hex(&octets), "GOLDEN_COMMIT");
        let (body, rest) = open((9, 3), &octets).unwrap();
        assert_eq!(Frame::decode(body), Some((commit, b"rows".as_slice())));
        assert!(rest.is_empty());

        let (piece, octets) = frame(Some(Piece {
            from: 200,
            after: Seq(5),
            index: 2,
            is_last: true,
        }));
        assert_eq!(hex(&octets), "GOLDEN_PIECE");
        let (body, _) = open((9, 3), &octets).unwrap();
        assert_eq!(Frame::decode(body), Some((piece, b"rows".as_slice())));
    }

    #[test]
    fn a_head_that_is_torn_changed_or_none_is_told_apart() {
        let octets = HEAD_OF_TEST.encode();
        for len in 0..HEAD {
            assert_eq!(Head::decode(&octets[..len]), Err(HeadFault::Short), "{len}");
        }
        assert_eq!(Head::decode(&[0; HEAD]), Err(HeadFault::Short));
        for bit in 0..HEAD * 8 {
            let mut changed = octets;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::decode(&changed).is_err(), "bit {bit}");
        }
        assert_eq!(Head::decode(&[7; HEAD]), Err(HeadFault::Foreign));
        let mut newer = octets;
        newer[8] = 2;
        let check = crc32c(&newer[..41]);
        newer[41..].copy_from_slice(&check.to_le_bytes());
        assert_eq!(Head::decode(&newer), Err(HeadFault::Newer(2)));
    }

    #[test]
    fn a_frame_that_was_changed_cut_or_moved_is_refused() {
        let (_, octets) = frame(None);
        for bit in 0..octets.len() * 8 {
            let mut changed = octets.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open((9, 3), &changed), None, "bit {bit}");
        }
        for len in 0..octets.len() {
            assert_eq!(open((9, 3), &octets[..len]), None, "{len} octets");
        }
        assert_eq!(open((9, 4), &octets), None);
        assert_eq!(open((8, 3), &octets), None);
    }
}
