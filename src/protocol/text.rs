//! The ways in which user data can be read as text. `data_coding` says which is likely, not which is true: gateways differ
//! in what 0 means, and some say nothing that holds.
//!
//! ```text
//! data_coding                       alphabet
//! 0x00                              what the SMSC means: GSM 03.38, unpacked or packed, ASCII or Latin-1
//! 0x01                              ASCII
//! 0x03                              Latin-1
//! 0x02, 0x04                        octets
//! 0x08                              UCS-2, big-endian
//! 0x10 to 0x7F, bits 3 and 2        00 GSM, 01 octets, 10 UCS-2
//! 0xC0 to 0xDF                      GSM, message waiting
//! 0xE0 to 0xEF                      UCS-2, message waiting
//! 0xF0 to 0xFF, bit 2               0 GSM, 1 octets
//! all others                        read as 0x00
//! ```
//!
//! Source: SMPP 3.4 section 5.2.19, 3GPP TS 23.038 section 4.

use super::envelope::Header;
use super::{frame, gsm, hex, legacy};

/// Finds the envelope of the first well-formed frame in user data, in whatever way it has to be read.
///
/// The reading that `data_coding` names comes first; the others follow, because a frame that is found is never an accident.
pub fn find_envelope(octets: &[u8], data_coding: u8) -> Option<Vec<u8>> {
    search(octets, data_coding, |text| frame::find(text))
}

/// Finds the envelope in the user data of a gateway whose encoding is `binary`: the whole of it, else a frame in it.
pub fn find_binary_envelope(octets: &[u8], data_coding: u8) -> Option<Vec<u8>> {
    match Header::parse(octets) {
        Ok(_) => Some(octets.to_vec()),
        Err(_) => find_envelope(octets, data_coding),
    }
}

/// The user data of a long message, from that of its parts in their order.
///
/// It is their octets, one after another. Where GSM packed text was cut, though, each part begins at a septet of its own,
/// and after as many spare bits as its header left: where a frame shows that way alone, its septets are given instead, one in
/// each octet.
///
/// Source: 3GPP TS 23.040 section 9.2.3.24.
pub fn join(parts: &[&[u8]], data_coding: u8) -> Vec<u8> {
    let whole = parts.concat();
    if holds_frame(&whole, data_coding) {
        return whole;
    }
    let realigned = |fill_bits| gsm::unpack_parts(parts.iter().copied(), fill_bits);
    let mut readings = (0..7).map(realigned);
    readings
        .find(|septets| holds_frame(septets, data_coding))
        .unwrap_or(whole)
}

/// The text that a person most likely meant, or hexadecimal digits where it is no text.
///
/// It is foreign: control characters and the like are still in it.
pub fn display_text(octets: &[u8], data_coding: u8) -> String {
    match Alphabet::of(data_coding) {
        Alphabet::Ucs2 => ucs2(octets),
        Alphabet::Latin1 | Alphabet::Ascii => utf8(octets).unwrap_or_else(|| latin1(octets)),
        Alphabet::Octets => utf8(octets)
            .filter(|text| share_of_plain(text) == 100)
            .unwrap_or_else(|| hex::encode(octets)),
        Alphabet::Smsc => smsc(octets),
    }
}

/// Gives `find` one reading of the user data after another, until it finds something.
///
/// A reading has one octet for each character, because all that is looked for is ASCII; another character is an octet of
/// 0x80 or more. The septets of GSM 03.38 stand as they are.
pub(super) fn search<T>(
    octets: &[u8],
    data_coding: u8,
    find: impl Fn(&[u8]) -> Option<T>,
) -> Option<T> {
    let one_by_one = || find(octets);
    // After a user data header, and in later parts of a long message, packed text begins at any bit of an octet.
    let packed = || (0..7).find_map(|fill_bits| find(&gsm::unpack(octets, fill_bits)));
    let two_by_two = || find(&narrowed(octets));
    match Alphabet::of(data_coding) {
        Alphabet::Ucs2 => two_by_two().or_else(one_by_one).or_else(packed),
        Alphabet::Smsc | Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Octets => {
            one_by_one().or_else(packed).or_else(two_by_two)
        }
    }
}

fn holds_frame(octets: &[u8], data_coding: u8) -> bool {
    find_envelope(octets, data_coding).is_some() || legacy::find(octets, data_coding).is_some()
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Alphabet {
    Smsc,
    Ascii,
    Latin1,
    Octets,
    Ucs2,
}

impl Alphabet {
    const fn of(data_coding: u8) -> Self {
        match data_coding {
            0x01 => Self::Ascii,
            0x02 | 0x04 => Self::Octets,
            0x03 => Self::Latin1,
            0x08 | 0xE0..=0xEF => Self::Ucs2,
            0x10..=0x7F => match data_coding & 0x0C {
                0x04 => Self::Octets,
                0x08 => Self::Ucs2,
                _ => Self::Smsc,
            },
            0xF0..=0xFF if data_coding & 0x04 != 0 => Self::Octets,
            _ => Self::Smsc,
        }
    }
}

fn narrowed(octets: &[u8]) -> Vec<u8> {
    let (units, _) = octets.as_chunks();
    let narrow = |unit: &[u8; 2]| match *unit {
        [0, octet] => octet,
        _ => 0xFF,
    };
    units.iter().map(narrow).collect()
}

fn ucs2(octets: &[u8]) -> String {
    let (units, _) = octets.as_chunks();
    let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
    char::decode_utf16(units)
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|character| *character != '\u{FEFF}')
        .collect()
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

fn utf8(octets: &[u8]) -> Option<String> {
    std::str::from_utf8(octets).ok().map(str::to_owned)
}

fn smsc(octets: &[u8]) -> String {
    let one_by_one = match utf8(octets) {
        // Longer sequences of UTF-8 do not come about by chance.
        Some(text) if !text.is_ascii() && !text.contains(is_control) => return text,
        // Septets below 0x20 are letters in GSM 03.38 and nothing that people write in ASCII.
        Some(text) if text.is_ascii() && text.contains(is_control) => gsm::decode(octets),
        Some(text) => text,
        None => latin1(octets),
    };
    let packed = packed(octets);
    if share_of_plain(&packed) > share_of_plain(&one_by_one) {
        return packed;
    }
    one_by_one
}

fn packed(octets: &[u8]) -> String {
    let mut septets = gsm::unpack(octets, 0);
    // Seven spare bits look like an '@'.
    if septets.len().is_multiple_of(8) && septets.last() == Some(&0) {
        septets.pop();
    }
    gsm::decode(&septets)
}

fn is_control(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t')
}

/// How many of a hundred characters are what most messages consist of: ASCII that prints, and scripts without Latin.
fn share_of_plain(text: &str) -> usize {
    let plain = |c: &char| match c {
        '\n' | '\r' | '\t' | ' '..='~' => true,
        _ => *c >= '\u{400}' && c.is_alphanumeric(),
    };
    let (mut count, mut plain_count) = (0, 0);
    for character in text.chars() {
        count += 1;
        plain_count += usize::from(plain(&character));
    }
    (plain_count * 100).checked_div(count).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn data_coding_is_read_as_the_standards_say() {
        for (data_codings, alphabet) in [
            (
                &[0x00, 0x05, 0x0D, 0x10, 0x11, 0x13, 0x33, 0x40][..],
                Alphabet::Smsc,
            ),
            (
                &[0x80, 0xBF, 0xC0, 0xC8, 0xD3, 0xF0, 0xF3, 0xF8],
                Alphabet::Smsc,
            ),
            (&[0x01], Alphabet::Ascii),
            (&[0x03], Alphabet::Latin1),
            (
                &[0x02, 0x04, 0x14, 0x17, 0x54, 0xF4, 0xF7],
                Alphabet::Octets,
            ),
            (&[0x08, 0x18, 0x1B, 0x58, 0xE0, 0xE8], Alphabet::Ucs2),
        ] {
            for data_coding in data_codings {
                assert_eq!(Alphabet::of(*data_coding), alphabet, "{data_coding:#04x}");
            }
        }
    }

    #[test]
    fn a_frame_is_found_whatever_data_coding_says() {
        let frame = frame::encode(&[0xA5; 41]);
        let text = format!("Hi {frame} sent by");
        let bodies = [
            text.as_bytes().to_vec(),
            format!("né {text}").into_bytes(),
            gsm::encode(&format!("@€ {text}")).unwrap(),
            gsm::pack(text.as_bytes()),
            utf16(&format!("سلام 😀 {text}")),
        ];
        for data_coding in 0..=255 {
            for body in &bodies {
                let found = find_envelope(body, data_coding);
                assert_eq!(found, Some(vec![0xA5; 41]), "{data_coding:#04x}");
            }
            assert_eq!(find_envelope(&[0xA5; 41], data_coding), None);
        }
    }

    #[test]
    fn packed_text_after_a_header_is_found_at_any_bit() {
        let text = frame::encode(&[0xA5; 41]);
        for before in 0..8 {
            let septets = [&vec![b'x'; before], text.as_bytes()].concat();
            let later = &gsm::pack(&septets)[before * 7 / 8..];
            assert_eq!(find_envelope(later, 0), Some(vec![0xA5; 41]), "{before}");
        }
    }

    #[test]
    fn parts_are_joined_as_they_are_unless_septets_say_more() {
        let text = frame::encode(&[0xA5; 41]);
        let (one, two) = text.as_bytes().split_at(23);
        assert_eq!(join(&[one, two], 0), text.as_bytes());
        assert_eq!(
            join(&[&gsm::pack(one), &gsm::pack(two)], 0),
            text.as_bytes()
        );
        assert_eq!(join(&[&utf16("HZ."), &utf16("AA")], 8), utf16("HZ.AA"));
        let stranger = [&b"\xffwhat"[..], b"ever\x00"];
        assert_eq!(join(&stranger, 0), stranger.concat());
        assert_eq!(join(&[], 0), b"");
    }

    #[test]
    fn a_binary_gateway_brings_envelopes_bare_or_framed() {
        let mut envelope = vec![0x11; 41];
        envelope[5] = 0;
        assert_eq!(find_binary_envelope(&envelope, 4), Some(envelope.clone()));
        let frame = frame::encode(&envelope);
        assert_eq!(
            find_binary_envelope(frame.as_bytes(), 0),
            Some(envelope.clone())
        );
        assert_eq!(find_binary_envelope(&envelope[..35], 4), None);
        envelope[0] = 0x21;
        assert_eq!(find_binary_envelope(&envelope, 4), None);
        assert_eq!(find_binary_envelope(&[], 4), None);
    }

    #[test]
    fn people_see_what_was_meant() {
        let cases: [(&[u8], u8, &str); 15] = [
            (b"", 0, ""),
            (b"Hello, I am late_2 @ 5", 0, "Hello, I am late_2 @ 5"),
            (b"10 \x1b\x65 \x00 home", 0, "10 € @ home"),
            ("سلام، دیر می‌آیم".as_bytes(), 0, "سلام، دیر می‌آیم"),
            ("؟👍".as_bytes(), 0, "؟👍"),
            (b"Gr\xFC\xDFe aus M\xFCnchen", 0, "Grüße aus München"),
            (b"Gr\xFC\xDFe", 3, "Grüße"),
            ("ça va".as_bytes(), 1, "ça va"),
            (&gsm::pack(b"I am on my way"), 0, "I am on my way"),
            (&gsm::pack(b"late by 20 mins"), 0xF0, "late by 20 mins"),
            (&utf16("سلام 😀"), 8, "سلام 😀"),
            (&utf16("\u{FEFF}Hi"), 0x18, "Hi"),
            (&[0xD8, 0x3D, 0x00], 8, "\u{FFFD}"),
            (b"plain", 4, "plain"),
            (&[0x11, 0x00, 0xFF], 4, "1100ff"),
        ];
        for (octets, data_coding, text) in cases {
            assert_eq!(display_text(octets, data_coding), text);
        }
    }

    #[test]
    fn packed_text_is_read_without_its_spare_bits_and_with_all_that_is_none() {
        for text in [
            // One septet is spare, no bit is, and the last one is a letter of its own.
            "late by 20 mins",
            "late by 20 mins.",
            "write to me @",
            // Its octets are UTF-8 beyond ASCII, with control characters.
            "the by 10 late",
        ] {
            let packed = gsm::pack(&gsm::encode(text).unwrap());
            assert_eq!(display_text(&packed, 0), text);
        }
    }

    /// As packed septets it would be "Ab", which is as plain.
    #[test]
    fn what_reads_as_well_either_way_is_not_packed() {
        assert_eq!(packed(b"A1"), "Ab");
        assert_eq!(display_text(b"A1", 0), "A1");
    }

    #[test]
    fn plain_is_ascii_that_prints_and_scripts_without_latin() {
        for (text, share) in [
            ("", 100),
            ("Late, 5 min!\r\n", 100),
            ("سلام", 100),
            ("é", 0),
            ("\u{FFFD}", 0),
            ("👍", 0),
            ("\u{7F}", 0),
            ("aé", 50),
        ] {
            assert_eq!(share_of_plain(text), share, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200), data_coding: u8) {
            prop_assert_eq!(find_envelope(&octets, data_coding), None);
            prop_assert!(display_text(&octets, data_coding).chars().count() <= octets.len() * 2);
            prop_assert!(find_binary_envelope(&octets, data_coding).is_none_or(|found| found == octets));
        }

        #[test]
        fn a_frame_is_found_through_every_reading(
            envelope in prop::collection::vec(any::<u8>(), 36..102), before in "[a-zA-Z ,]{0,20}", data_coding: u8,
        ) {
            let text = format!("{before}{}.", frame::encode(&envelope));
            for body in [text.as_bytes().to_vec(), gsm::pack(text.as_bytes()), utf16(&text)] {
                let found = find_envelope(&body, data_coding);
                prop_assert_eq!(found.as_ref(), Some(&envelope));
            }
        }
    }
}
