//! What crosses the socket.
//!
//! Each end opens with its version; the listening end always sends its own, so that a console of another version can
//! say so. Then frames follow.
//!
//! ```text
//! opening                                   frame
//! offset  octets  meaning                   offset  octets  meaning
//! 0       5       "hazir"                   0       4       length of the word, little endian, at most 1 MiB
//! 5       2       version, big endian       4       n       the word in postcard
//! 7       1       0
//! ```

use bytes::{Buf, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::{Zeroize as _, Zeroizing};

use super::PortError;
use crate::api::{Ask, Event, Reply, VERSION};

/// The most octets of a word. A page of the feed with the longest notes is a quarter of it, and so are the cards of
/// 1,000 employees.
const WORD_OCTETS: usize = 1 << 20;

/// The most octets of a desk's name: it stands in rows that are never removed.
const DESK_OCTETS: usize = 64;

/// Room for a word that carries the key of a phone, with the longest name of a desk: a buffer that grows would leave parts of
/// it behind in freed memory.
const KEY_WORD_OCTETS: usize = 256;

const LENGTH_OCTETS: usize = 4;
const MAGIC: [u8; 5] = *b"hazir";

/// What a client says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ClientWord {
    /// Asks; the reply carries the same number.
    Ask { id: u32, desk: String, ask: Ask },
    /// Wants events from now on.
    Follow,
}

/// What a server says.
#[expect(
    clippy::large_enum_variant,
    reason = "a word lives until it is written or handed on"
)]
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ServerWord {
    /// The answer to the request of this number.
    Reply { id: u32, reply: Reply },
    /// Something changed.
    Event { revision: u64, event: Event },
}

/// Whether a desk may be called this.
pub(super) fn is_desk(name: &str) -> bool {
    name.len() <= DESK_OCTETS && !name.chars().any(char::is_control)
}

/// Sends our opening.
pub(super) async fn send_opening(to: &mut (impl AsyncWrite + Unpin)) -> Result<(), PortError> {
    let mut opening = Vec::from(MAGIC);
    opening.extend_from_slice(&VERSION.to_be_bytes());
    opening.push(0);
    Ok(to.write_all(&opening).await?)
}

/// Reads the other end's opening.
///
/// Fails with [`PortError::Foreign`] where it is none, and with [`PortError::Version`] where it has another version.
pub(super) async fn read_opening(from: &mut (impl AsyncRead + Unpin)) -> Result<(), PortError> {
    let mut opening = [0; 8];
    from.read_exact(&mut opening).await?;
    let Some(&[high, low, 0]) = opening.strip_prefix(&MAGIC) else {
        return Err(PortError::Foreign);
    };
    let theirs = u16::from_be_bytes([high, low]);
    if theirs != VERSION {
        let ours = VERSION;
        return Err(PortError::Version { theirs, ours });
    }
    Ok(())
}

/// Appends a frame to `out`.
///
/// Fails with [`PortError::TooLong`] for a word over 1 MiB; `out` is then as before.
pub(super) fn put_frame(out: &mut Vec<u8>, word: &impl Serialize) -> Result<(), PortError> {
    let word = postcard::to_extend(word, Vec::with_capacity(KEY_WORD_OCTETS));
    let word = word.map(Zeroizing::new).map_err(|_| PortError::TooLong)?;
    if word.len() > WORD_OCTETS {
        return Err(PortError::TooLong);
    }
    let length = u32::try_from(word.len()).map_err(|_| PortError::TooLong)?;
    out.reserve(LENGTH_OCTETS + word.len());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&word);
    Ok(())
}

/// Octets that came in and are not words yet. Holds at most one word and what was read with its end. A word that was taken is
/// wiped: it may have been a key.
#[derive(Debug)]
pub(super) struct Incoming {
    octets: BytesMut,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            octets: BytesMut::with_capacity(KEY_WORD_OCTETS),
        }
    }
}

impl Incoming {
    /// Reads the next word; `None` where the other end closed. A cancelled call loses nothing.
    pub(super) async fn read<T: DeserializeOwned>(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Result<Option<T>, PortError> {
        loop {
            if let Some(word) = self.take()? {
                return Ok(Some(word));
            }
            if from.read_buf(&mut self.octets).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Takes the next word, where it is there whole.
    fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, PortError> {
        let Some(length) = self.octets.first_chunk::<LENGTH_OCTETS>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > WORD_OCTETS {
            return Err(PortError::Foreign);
        }
        let Some(word) = self.octets.get_mut(LENGTH_OCTETS..LENGTH_OCTETS + length) else {
            return Ok(None);
        };
        let (read, rest) = postcard::take_from_bytes(word).map_err(|_| PortError::Foreign)?;
        if !rest.is_empty() {
            return Err(PortError::Foreign);
        }
        word.zeroize();
        self.octets.advance(LENGTH_OCTETS + length);
        Ok(Some(read))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::{EnrolKey, Query, Refusal};
    use crate::domain::{EmployeeId, Millis, Seq};

    fn ask() -> ClientWord {
        ClientWord::Ask {
            id: 7,
            desk: "reception".to_owned(),
            ask: Ask::Query(Query::Feed {
                after: Seq(12),
                since: Some(Millis(-1)),
                employee: Some(EmployeeId(3)),
            }),
        }
    }

    #[test]
    fn words_come_out_as_they_went_in_wherever_they_are_split() {
        let enrol = crate::api::Command::EnrolDevice(EmployeeId(1), EnrolKey::Root([9; 32]));
        let words = [
            ask(),
            ClientWord::Follow,
            ClientWord::Ask {
                id: u32::MAX,
                desk: String::new(),
                ask: Ask::Command(enrol),
            },
        ];
        let mut octets = Vec::new();
        for word in &words {
            put_frame(&mut octets, word).unwrap();
        }
        for split in 0..octets.len() {
            let mut incoming = Incoming::default();
            let mut read = Vec::new();
            for part in [&octets[..split], &octets[split..]] {
                incoming.octets.extend_from_slice(part);
                while let Some(word) = incoming.take::<ClientWord>().unwrap() {
                    read.push(word);
                }
            }
            assert_eq!(read, words, "split at {split}");
            assert!(incoming.octets.is_empty());
        }
    }

    #[test]
    fn a_word_stands_on_the_socket_as_drawn() {
        let mut octets = Vec::new();
        let reply = Reply::Refused(Refusal::Busy);
        put_frame(&mut octets, &ServerWord::Reply { id: 7, reply }).unwrap();
        assert_eq!(octets, [4, 0, 0, 0, 0, 7, 21, 13]);
    }

    #[test]
    fn a_word_over_the_bound_is_neither_sent_nor_read() {
        let desk = "x".repeat(WORD_OCTETS);
        let ask = Ask::Query(Query::People);
        let long = ClientWord::Ask { id: 0, desk, ask };
        let mut octets = vec![1];
        assert!(matches!(
            put_frame(&mut octets, &long),
            Err(PortError::TooLong)
        ));
        assert_eq!(octets, [1]);

        let mut incoming = Incoming::default();
        let too_long = u32::try_from(WORD_OCTETS + 1).unwrap();
        incoming.octets.extend_from_slice(&too_long.to_le_bytes());
        assert!(matches!(
            incoming.take::<ClientWord>(),
            Err(PortError::Foreign)
        ));
    }

    #[test]
    fn octets_after_a_word_within_its_frame_are_foreign() {
        let mut octets = Vec::new();
        put_frame(&mut octets, &ClientWord::Follow).unwrap();
        octets[0] += 1;
        octets.push(0);
        let mut incoming = Incoming::default();
        incoming.octets.extend_from_slice(&octets);
        assert!(matches!(
            incoming.take::<ClientWord>(),
            Err(PortError::Foreign)
        ));
    }

    #[test]
    fn desks_have_short_names_of_printable_characters() {
        assert!(is_desk("reception"));
        assert!(is_desk("پذیرش"));
        assert!(is_desk(&"x".repeat(DESK_OCTETS)));
        assert!(!is_desk(&"x".repeat(DESK_OCTETS + 1)));
        assert!(!is_desk("\u{1b}[2J"));
        assert!(!is_desk("two\nlines"));
    }

    proptest! {
        #[test]
        fn any_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let length = u32::try_from(octets.len()).unwrap();
            for framed in [octets.clone(), [&length.to_le_bytes(), &*octets].concat()] {
                let mut incoming = Incoming::default();
                incoming.octets.extend_from_slice(&framed);
                while let Ok(Some(_)) = incoming.take::<ClientWord>() {}
                let mut incoming = Incoming::default();
                incoming.octets.extend_from_slice(&framed);
                while let Ok(Some(_)) = incoming.take::<ServerWord>() {}
            }
        }
    }
}
