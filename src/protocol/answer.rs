use super::attendance::Malformed;
use crate::domain::{Counter, Digest, Millis};

/// What the desk says to a message; the number is what travels.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// 0: recorded, and desk time is the recorded time.
    Recorded,
    /// 1: the employee is suspended.
    Suspended,
    /// 2: the claimed time is too far off.
    Clock,
    /// 3: the counter was used or is out of the window; go on from `next`.
    Counter,
    /// 4: not understood.
    NotUnderstood,
}

impl Status {
    /// The number of the status, 0 to 4.
    pub const fn number(self) -> u8 {
        match self {
            Self::Recorded => 0,
            Self::Suspended => 1,
            Self::Clock => 2,
            Self::Counter => 3,
            Self::NotUnderstood => 4,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Recorded,
            1 => Self::Suspended,
            2 => Self::Clock,
            3 => Self::Counter,
            4 => Self::NotUnderstood,
            _ => return None,
        })
    }
}

/// A receipt or a refusal: what a message of kind 2 says.
///
/// ```text
/// offset  octets  meaning                                            big-endian
/// 0       16      digest of the message that is answered
/// 16      4       desk time, seconds since the Unix epoch, unsigned
/// 20      1       status
/// 21      1       key epoch to go on with: 0
/// 22      2       counter to go on with; 0: none is left
/// 24      6       AFTSTC where the status is 0, else zero octets
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which message is answered.
    pub digest: Digest,
    /// The recorded time, or the time of the decision; whole seconds.
    pub desk_time: Millis,
    /// What was decided.
    pub status: Status,
    /// The counter to go on with.
    pub next: Counter,
}

impl Answer {
    /// Octets of an answer's plaintext.
    pub const OCTETS: usize = 30;

    const EPOCH: u8 = 0;

    /// The plaintext of an answer.
    pub fn encode(&self) -> [u8; Self::OCTETS] {
        let mut plaintext = [0; Self::OCTETS];
        plaintext[..16].copy_from_slice(&self.digest.0);
        plaintext[16..20].copy_from_slice(&self.desk_time.unix_s().to_be_bytes());
        plaintext[20] = self.status.number();
        plaintext[21] = Self::EPOCH;
        plaintext[22..24].copy_from_slice(&self.next.0.to_be_bytes());
        plaintext[24..].copy_from_slice(closing(self.status));
        plaintext
    }

    /// Reads the plaintext of an answer.
    ///
    /// # Errors
    /// [`Malformed`] where its length, status, epoch or closing octets are not as drawn above.
    pub fn decode(plaintext: &[u8]) -> Result<Self, Malformed> {
        let (&digest, rest) = plaintext.split_first_chunk().ok_or(Malformed)?;
        let (&desk_time, rest) = rest.split_first_chunk().ok_or(Malformed)?;
        let (&[status, epoch, c0, c1], rest) = rest.split_first_chunk().ok_or(Malformed)?;
        let status = Status::of(status).ok_or(Malformed)?;
        if epoch != Self::EPOCH || rest != closing(status) {
            return Err(Malformed);
        }
        Ok(Self {
            digest: Digest(digest),
            desk_time: Millis::from_unix_s(u32::from_be_bytes(desk_time)),
            status,
            next: Counter(u16::from_be_bytes([c0, c1])),
        })
    }
}

const fn closing(status: Status) -> &'static [u8; 6] {
    match status {
        Status::Recorded => b"AFTSTC",
        Status::Suspended | Status::Clock | Status::Counter | Status::NotUnderstood => &[0; 6],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_an_answer_is_malformed() {
        let receipt = Answer {
            digest: Digest([7; 16]),
            desk_time: Millis::from_unix_s(1),
            status: Status::Recorded,
            next: Counter(2),
        };
        let good = receipt.encode();
        assert_eq!(Answer::decode(&good), Ok(receipt));
        assert_eq!(Answer::decode(&good[..29]), Err(Malformed));
        assert_eq!(Answer::decode(&[&good[..], &[0]].concat()), Err(Malformed));
        for (at, octet) in [(20, 1), (20, 5), (21, 1), (24, b'B'), (29, 0)] {
            let mut changed = good;
            changed[at] = octet;
            assert_eq!(Answer::decode(&changed), Err(Malformed), "{at}");
        }
        let mut refusal_with_words = good;
        refusal_with_words[20] = 4;
        assert_eq!(Answer::decode(&refusal_with_words), Err(Malformed));
    }

    proptest! {
        #[test]
        fn an_answer_comes_back(digest: [u8; 16], seconds: u32, status in 0..5_u8, next: u16) {
            let answer = Answer {
                digest: Digest(digest),
                desk_time: Millis::from_unix_s(seconds),
                status: Status::of(status).unwrap(),
                next: Counter(next),
            };
            prop_assert_eq!(answer.status.number(), status);
            prop_assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
        }

        #[test]
        fn what_decodes_is_what_encodes(plaintext in prop::collection::vec(any::<u8>(), 24..34)) {
            if let Ok(answer) = Answer::decode(&plaintext) {
                prop_assert_eq!(answer.encode().to_vec(), plaintext);
            }
        }
    }
}
