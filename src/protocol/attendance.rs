use crate::domain::{Action, Millis};

/// A check-in: what a message of kind 1 says.
///
/// ```text
/// offset  octets  meaning                                            big-endian
/// 0       1       action: 1 in, 2 out
/// 1       4       claimed time, seconds since the Unix epoch, unsigned
/// 5       0..60   note, UTF-8; zero octets at its end are padding
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// In or out.
    pub action: Action,
    /// What the phone's clock said, whole seconds.
    pub claimed_at: Millis,
    /// What the employee wrote, at most [`Attendance::NOTE_OCTETS`].
    pub note: String,
}

/// How a note is lengthened, so that its length says less.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Not at all.
    None,
    /// As phones do: to 28 octets or to 60; an empty note stays empty.
    Phone,
}

/// The tag is right, but the content makes no sense.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content makes no sense")]
pub struct Malformed;

/// A note has more than [`Attendance::NOTE_OCTETS`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a note of '{0}' octets is too long")]
pub struct NoteTooLong(pub usize);

impl Attendance {
    /// The most octets of a note.
    pub const NOTE_OCTETS: usize = 60;

    /// The longest note that leaves room for one SMS with a gateway's footer.
    const SHORT_NOTE_OCTETS: usize = 28;

    /// The plaintext of a check-in.
    ///
    /// # Errors
    /// [`NoteTooLong`] where the note does not fit.
    pub fn encode(&self, padding: Padding) -> Result<Vec<u8>, NoteTooLong> {
        let note = self.note.as_bytes();
        if note.len() > Self::NOTE_OCTETS {
            return Err(NoteTooLong(note.len()));
        }
        let padded = match (padding, note.len()) {
            (Padding::None, length) => length,
            (Padding::Phone, 0) => 0,
            (Padding::Phone, 1..=Self::SHORT_NOTE_OCTETS) => Self::SHORT_NOTE_OCTETS,
            (Padding::Phone, _) => Self::NOTE_OCTETS,
        };
        let action = match self.action {
            Action::In => 1,
            Action::Out => 2,
        };
        let mut plaintext = vec![action];
        plaintext.extend(self.claimed_at.unix_s().to_be_bytes());
        plaintext.extend(note);
        plaintext.resize(5 + padded, 0);
        Ok(plaintext)
    }

    /// Reads the plaintext of a check-in.
    ///
    /// # Errors
    /// [`Malformed`] where it is too short or too long, the action is unknown, or the note is not UTF-8.
    pub fn decode(plaintext: &[u8]) -> Result<Self, Malformed> {
        let (&[action, t0, t1, t2, t3], note) = plaintext.split_first_chunk().ok_or(Malformed)?;
        let action = match action {
            1 => Action::In,
            2 => Action::Out,
            _ => return Err(Malformed),
        };
        if note.len() > Self::NOTE_OCTETS {
            return Err(Malformed);
        }
        let end = note.iter().rposition(|octet| *octet != 0);
        let note = &note[..end.map_or(0, |at| at + 1)];
        let note = std::str::from_utf8(note).map_err(|_| Malformed)?;
        Ok(Self {
            action,
            claimed_at: Millis::from_unix_s(u32::from_be_bytes([t0, t1, t2, t3])),
            note: note.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attendance(note: &str) -> Attendance {
        Attendance {
            action: Action::In,
            claimed_at: Millis::from_unix_s(1_795_161_600),
            note: note.to_owned(),
        }
    }

    #[test]
    fn phones_pad_a_note_to_one_of_two_lengths() {
        for (note, octets) in [(0, 5), (1, 33), (28, 33), (29, 65), (60, 65)] {
            let padded = attendance(&"n".repeat(note)).encode(Padding::Phone);
            assert_eq!(padded.unwrap().len(), octets, "{note}");
        }
        assert_eq!(
            attendance(&"n".repeat(61)).encode(Padding::Phone),
            Err(NoteTooLong(61))
        );
    }

    #[test]
    fn what_makes_no_sense_is_malformed() {
        let good = attendance("note").encode(Padding::None).unwrap();
        assert_eq!(Attendance::decode(&good), Ok(attendance("note")));
        for length in 0..5 {
            assert_eq!(Attendance::decode(&good[..length]), Err(Malformed));
        }
        for action in (0..=255).filter(|action| ![1, 2].contains(action)) {
            let changed = [&[action], &good[1..]].concat();
            assert_eq!(Attendance::decode(&changed), Err(Malformed), "{action}");
        }
        let zeros = |octets| [&good[..5], &vec![0; octets]].concat();
        assert_eq!(Attendance::decode(&zeros(60)), Ok(attendance("")));
        assert_eq!(Attendance::decode(&zeros(61)), Err(Malformed));
        let cut = [&good[..5], &"ن".as_bytes()[..1], &[0, 0]].concat();
        assert_eq!(Attendance::decode(&cut), Err(Malformed));
    }

    proptest! {
        #[test]
        fn a_check_in_comes_back(out: bool, seconds: u32, note in "\\PC{0,15}", padded: bool) {
            prop_assume!(note.len() <= Attendance::NOTE_OCTETS);
            let attendance = Attendance {
                action: if out { Action::Out } else { Action::In },
                claimed_at: Millis::from_unix_s(seconds),
                note,
            };
            let padding = if padded { Padding::Phone } else { Padding::None };
            let plaintext = attendance.encode(padding).unwrap();
            prop_assert_eq!(Attendance::decode(&plaintext), Ok(attendance));
        }

        #[test]
        fn arbitrary_octets_never_panic(plaintext in prop::collection::vec(any::<u8>(), 0..80)) {
            let known = matches!(plaintext.first(), Some(1 | 2));
            prop_assert!(known || Attendance::decode(&plaintext).is_err());
        }
    }
}
