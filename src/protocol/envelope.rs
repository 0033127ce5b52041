//! The envelope of HZ1: a header that all can read, and a content that only the two ends can.
//!
//! ```text
//! offset  octets  meaning                                             big-endian
//! 0       1       version 1 in the high half, kind in the low half
//! 1       4       device id
//! 5       1       key epoch: 0
//! 6       2       counter
//! 8       12      nonce
//! 20      n       ciphertext (ChaCha20-Poly1305, RFC 8439)
//! 20+n    16      tag
//! ```
//!
//! The associated data is the header, octets 0 to 8.

use zeroize::Zeroizing;

use super::aead::{self, NONCE_OCTETS, TAG_OCTETS};
use super::keys::MessageKey;
use crate::domain::{Counter, DeviceId, Digest};

/// Octets of the smallest envelope: header, nonce and tag around nothing.
pub const SHORTEST_OCTETS: usize = CIPHERTEXT_AT + TAG_OCTETS;

const VERSION: u8 = 1;
const EPOCH: u8 = 0;
const HEADER_OCTETS: usize = 8;
const CIPHERTEXT_AT: usize = HEADER_OCTETS + NONCE_OCTETS;

/// What a message is: the low half of the first octet.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u8);

impl Kind {
    /// A check-in, from a device to the desk.
    pub const ATTENDANCE: Self = Self(1);
    /// A receipt or a refusal, from the desk to a device.
    pub const ANSWER: Self = Self(2);

    /// The kind of a number, of which only the low half counts.
    pub const fn new(number: u8) -> Self {
        Self(number & 0x0F)
    }

    /// The number of the kind, 0 to 15.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// What an envelope says in the clear.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// Which device sent it, or is to read it.
    pub device: DeviceId,
    /// Its counter; 0 can be sent, too, and is a replay.
    pub counter: Counter,
}

/// Why octets are no envelope that this program knows.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Fewer than [`SHORTEST_OCTETS`].
    #[error("an envelope of '{0}' octets is too short")]
    Short(usize),
    /// A version that is not defined.
    #[error("version '{0}' is not known")]
    Version(u8),
    /// A key epoch that is not defined.
    #[error("key epoch '{0}' is not known")]
    Epoch(u8),
}

/// Why an envelope does not open.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is none.
    #[error("this is not an envelope")]
    Header(#[from] HeaderError),
    /// Another key sealed it, or it was changed on the way.
    #[error("the tag is wrong")]
    Tag,
}

impl Header {
    /// Reads the header of a whole envelope; what it says is proven only when the envelope opens.
    ///
    /// # Errors
    /// [`HeaderError`] where the envelope is too short or of another version or epoch.
    pub fn parse(envelope: &[u8]) -> Result<Self, HeaderError> {
        Parts::split(envelope)?.header()
    }

    fn encode(self) -> [u8; HEADER_OCTETS] {
        let [d0, d1, d2, d3] = self.device.0.to_be_bytes();
        let [c0, c1] = self.counter.0.to_be_bytes();
        [VERSION << 4 | self.kind.0, d0, d1, d2, d3, EPOCH, c0, c1]
    }
}

/// Seals `plaintext` into an envelope.
///
/// `nonce` is fresh random octets of the operating system for every call: the same one twice gives the content away.
pub fn seal(
    key: &MessageKey,
    header: Header,
    nonce: [u8; NONCE_OCTETS],
    plaintext: &[u8],
) -> Vec<u8> {
    let head = header.encode();
    let sealed = aead::seal(key.octets(), &nonce, &head, plaintext);
    [&head[..], &nonce[..], &sealed[..]].concat()
}

/// Opens an envelope and gives its plaintext.
///
/// # Errors
/// [`OpenError::Header`] where it is none, [`OpenError::Tag`] where the key is another or anything was changed.
pub fn open(key: &MessageKey, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let parts = Parts::split(envelope)?;
    parts.header()?;
    aead::open(key.octets(), parts.nonce, parts.head, parts.sealed).ok_or(OpenError::Tag)
}

/// Which message it is: the first 16 octets of BLAKE3 over the whole envelope.
pub fn digest(envelope: &[u8]) -> Digest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(envelope).as_bytes()[..16]);
    Digest(digest)
}

struct Parts<'a> {
    head: &'a [u8; HEADER_OCTETS],
    nonce: &'a [u8; NONCE_OCTETS],
    sealed: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(envelope: &'a [u8]) -> Result<Self, HeaderError> {
        let short = HeaderError::Short(envelope.len());
        let (head, rest) = envelope.split_first_chunk().ok_or(short)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(short)?;
        if sealed.len() < TAG_OCTETS {
            return Err(short);
        }
        Ok(Self {
            head,
            nonce,
            sealed,
        })
    }

    fn header(&self) -> Result<Header, HeaderError> {
        let [first, d0, d1, d2, d3, epoch, c0, c1] = *self.head;
        if first >> 4 != VERSION {
            return Err(HeaderError::Version(first >> 4));
        }
        if epoch != EPOCH {
            return Err(HeaderError::Epoch(epoch));
        }
        Ok(Header {
            kind: Kind::new(first),
            device: DeviceId(u32::from_be_bytes([d0, d1, d2, d3])),
            counter: Counter(u16::from_be_bytes([c0, c1])),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(kind: u8, device: u32, counter: u16) -> Header {
        Header {
            kind: Kind::new(kind),
            device: DeviceId(device),
            counter: Counter(counter),
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let key = MessageKey::from_octets([7; 32]);
        let whole = seal(&key, header(1, 7, 1), [9; 12], b"\x01\x6a\xff\xfe\x00note");
        assert!(open(&key, &whole).is_ok());
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, &changed).is_err(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(open(&key, &whole[..length]).is_err(), "{length} octets");
        }
    }

    #[test]
    fn a_kind_is_the_low_half_of_an_octet() {
        assert_eq!(Kind::new(0x12), Kind::ANSWER);
        assert_eq!(
            (Kind::ATTENDANCE.number(), Kind::new(0xFF).number()),
            (1, 15)
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        let key = MessageKey::from_octets([7; 32]);
        let mut envelope = seal(&key, header(1, 7, 1), [9; 12], b"");
        assert_eq!(envelope.len(), SHORTEST_OCTETS);
        assert_eq!(Header::parse(&envelope[1..]), Err(HeaderError::Short(35)));
        assert_eq!(Header::parse(&[]), Err(HeaderError::Short(0)));
        envelope[5] = 1;
        assert_eq!(Header::parse(&envelope), Err(HeaderError::Epoch(1)));
        envelope[0] = 0x21;
        assert_eq!(Header::parse(&envelope), Err(HeaderError::Version(2)));
        assert_eq!(open(&key, &envelope), Err(HeaderError::Version(2).into()));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_with_its_key_only(
            key: [u8; 32], other: [u8; 32], kind in 0..16_u8, device: u32, counter: u16, nonce: [u8; 12],
            plaintext in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let key = MessageKey::from_octets(key);
            let header = header(kind, device, counter);
            let envelope = seal(&key, header, nonce, &plaintext);
            prop_assert_eq!(envelope.len(), SHORTEST_OCTETS + plaintext.len());
            prop_assert_eq!(Header::parse(&envelope), Ok(header));
            prop_assert_eq!(open(&key, &envelope).unwrap().to_vec(), plaintext);
            let other = MessageKey::from_octets(other);
            prop_assert_eq!(open(&other, &envelope).unwrap_err(), OpenError::Tag);
        }

        #[test]
        fn arbitrary_octets_do_not_open(envelope in prop::collection::vec(any::<u8>(), 0..120), key: [u8; 32]) {
            let key = MessageKey::from_octets(key);
            prop_assert!(open(&key, &envelope).is_err());
            let with_head = [&[0x11, 0, 0, 0, 7, 0, 0, 1], &envelope[..]].concat();
            prop_assert!(open(&key, &with_head).is_err());
        }
    }
}
