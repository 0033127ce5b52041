//! What is too long for one SMS, cut into parts.
//!
//! ```text
//! offset  octets  meaning
//! 0       1       5, octets of the header after this one
//! 1       1       0x00, part of a long message
//! 2       1       3, octets of the element
//! 3       1       reference, the same in all parts
//! 4       1       how many parts
//! 5       1       which part, from 1 on
//! 6       n       text: a character in each octet, or octets
//! ```
//!
//! Source: 3GPP TS 23.040 section 9.2.3.24.1; SMPP 3.4 section 5.2.12 for `esm_class`.

use rusmpp::values::DataCoding;

use crate::domain::SmsBody;

/// Characters of a text in one SMS, and in each of several: the header takes the room of seven.
const CHARACTERS: (usize, usize) = (160, 153);
/// Octets in one SMS, and in each of several.
const OCTETS: (usize, usize) = (140, 134);

/// User data of one submit_sm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserData {
    pub(super) esm_class: u8,
    pub(super) data_coding: DataCoding,
    pub(super) octets: Vec<u8>,
}

/// Cuts a body into parts, as many as it needs: one without a header where it fits one SMS. `None` where a message
/// cannot have so many.
pub(super) fn split(body: &SmsBody, reference: u8) -> Option<Vec<UserData>> {
    let (data_coding, octets, (one, each)) = match body {
        SmsBody::Text(text) => (DataCoding::McSpecific, text.as_bytes(), CHARACTERS),
        SmsBody::Binary(octets) => (DataCoding::OctetUnspecified2, octets.as_slice(), OCTETS),
    };
    if octets.len() <= one {
        return Some(vec![UserData {
            esm_class: 0,
            data_coding,
            octets: octets.to_vec(),
        }]);
    }
    let pieces = octets.chunks(each);
    let total = u8::try_from(pieces.len()).ok()?;
    let part = |(number, piece): (u8, &[u8])| UserData {
        esm_class: 0x40,
        data_coding,
        octets: [&[5, 0, 3, reference, total, number], piece].concat(),
    };
    Some((1..=total).zip(pieces).map(part).collect())
}

/// Whether a body leaves in more than one SMS.
pub(super) fn is_long(body: &SmsBody) -> bool {
    match body {
        SmsBody::Text(text) => text.len() > CHARACTERS.0,
        SmsBody::Binary(octets) => octets.len() > OCTETS.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::udh;
    use super::*;

    #[test]
    fn no_message_has_more_than_255_parts() {
        let most = 255 * OCTETS.1;
        let parts = split(&SmsBody::Binary(vec![1; most]), 7);
        assert_eq!(parts.map(|parts| parts.len()), Some(255));
        assert_eq!(split(&SmsBody::Binary(vec![1; most + 1]), 7), None);
    }

    #[test]
    fn long_is_what_leaves_in_more_than_one_part() {
        for (octets, text, binary) in [
            (0, false, false),
            (140, false, false),
            (141, false, true),
            (160, false, true),
            (161, true, true),
        ] {
            let bodies = [
                (SmsBody::Text("x".repeat(octets)), text),
                (SmsBody::Binary(vec![1; octets]), binary),
            ];
            for (body, long) in bodies {
                let parts = split(&body, 7).unwrap().len();
                assert_eq!((is_long(&body), parts > 1), (long, long), "{octets}");
            }
        }
    }

    proptest! {
        #[test]
        fn parts_are_whole_again_when_they_are_joined(text in "[ -~]{0,900}", reference: u8) {
            let parts = split(&SmsBody::Text(text.clone()), reference).unwrap();
            let mut whole: Vec<u8> = Vec::new();
            for (number, part) in (1..).zip(&parts) {
                let room = if parts.len() == 1 { 160 } else { 159 };
                prop_assert!(part.octets.len() <= room);
                if part.esm_class == 0 {
                    whole.extend(&part.octets);
                    continue;
                }
                let named = udh::part(&part.octets).unwrap();
                prop_assert_eq!(named.reference, u16::from(reference));
                prop_assert_eq!((usize::from(named.total), named.number), (parts.len(), number));
                whole.extend(udh::strip(&part.octets));
            }
            prop_assert_eq!(whole, text.as_bytes());
        }
    }
}
