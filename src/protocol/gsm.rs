//! The GSM 7 bit default alphabet with its extension table, and the packing of septets into octets.
//!
//! Source: 3GPP TS 23.038 sections 6.1.2.1 and 6.2.1.

const ESCAPE: u8 = 0x1B;

/// The default alphabet by septet; the escape at 0x1B stands as a no-break space, as the standard shows it.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{A0}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', //
];

const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The text of septets, one in each octet.
///
/// After an escape, a septet that the extension table lacks counts as in the default alphabet. An octet of 0x80 or more is
/// no septet and becomes U+FFFD.
pub fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut septets = septets.iter().copied();
    while let Some(septet) = septets.next() {
        let character = match septet {
            ESCAPE => septets
                .next()
                .map(|next| extended(next).unwrap_or_else(|| basic(next))),
            _ => Some(basic(septet)),
        };
        text.extend(character);
    }
    text
}

/// The septets of a text, one in each octet; `None` where the alphabet lacks one of its characters.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for character in text.chars() {
        if let Some((septet, _)) = EXTENSION.iter().find(|(_, c)| *c == character) {
            septets.extend([ESCAPE, *septet]);
            continue;
        }
        let septet = (0..).zip(BASIC).find(|(_, c)| *c == character)?.0;
        if septet == ESCAPE {
            return None;
        }
        septets.push(septet);
    }
    Some(septets)
}

/// Packs septets, of which the low seven bits count, into octets; the spare bits at the end are zero.
pub fn pack(septets: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; (septets.len() * 7).div_ceil(8)];
    for (at, septet) in septets.iter().enumerate() {
        let (octet, shift) = (at * 7 / 8, at * 7 % 8);
        let [low, high] = (u16::from(septet & 0x7F) << shift).to_le_bytes();
        octets[octet] |= low;
        if high != 0 {
            octets[octet + 1] |= high;
        }
    }
    octets
}

/// The septets of parts that were packed each by itself, after `fill_bits` bits in each, as those of one text.
///
/// What may be spare bits at the end of a part is none of them: a 0x00 in a part's last place, which is an '@', is lost.
pub fn unpack_parts<'a>(parts: impl Iterator<Item = &'a [u8]>, fill_bits: usize) -> Vec<u8> {
    let mut septets = Vec::new();
    for part in parts {
        septets.extend(unpack(part, fill_bits));
        let is_full = (part.len() * 8).saturating_sub(fill_bits).is_multiple_of(7);
        if is_full && septets.last() == Some(&0) {
            septets.pop();
        }
    }
    septets
}

/// Unpacks all whole septets after the first `fill_bits` bits, which a user data header may leave before the text.
///
/// Seven spare bits at the end cannot be told from a septet 0x00.
pub fn unpack(octets: &[u8], fill_bits: usize) -> Vec<u8> {
    let count = (octets.len() * 8).saturating_sub(fill_bits) / 7;
    let septet = |at: usize| {
        let bit = fill_bits + at * 7;
        let low = octets.get(bit / 8).copied().unwrap_or_default();
        let high = octets.get(bit / 8 + 1).copied().unwrap_or_default();
        let [septet, _] = (u16::from_le_bytes([low, high]) >> (bit % 8)).to_le_bytes();
        septet & 0x7F
    };
    (0..count).map(septet).collect()
}

fn basic(septet: u8) -> char {
    let known = BASIC.get(usize::from(septet)).copied();
    known.unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn extended(septet: u8) -> Option<char> {
    let found = EXTENSION.iter().find(|(number, _)| *number == septet);
    found.map(|(_, character)| *character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tables_are_those_of_the_standard() {
        for (septets, text) in [
            (&b"\x00\x02\x11\x1b\x65"[..], "@$_€"),
            (b"\x40\x24\x5f\x60", "¡¤§¿"),
            (
                b"\x1b\x28\x1b\x29\x1b\x3c\x1b\x3e\x1b\x2f\x1b\x3d\x1b\x40\x1b\x14",
                "{}[]\\~|^",
            ),
            (b"\x10\x12\x13\x14\x15\x16\x17\x18\x19\x1a", "ΔΦΓΛΩΠΨΣΘΞ"),
            (b"\x5b\x5c\x5d\x5e\x7b\x7c\x7d\x7e\x7f", "ÄÖÑÜäöñüà"),
        ] {
            assert_eq!(decode(septets), text);
            assert_eq!(encode(text).unwrap(), septets);
        }
        assert_eq!(decode(b"\x1bA\x1b\x1b\x80\x1b"), "A\u{A0}\u{FFFD}");
        assert_eq!(encode("ن"), None);
        assert_eq!(encode("\u{A0}"), None);
    }

    #[test]
    fn the_packing_is_that_of_the_standard() {
        // The usual example: "hellohello" in nine octets.
        let packed = [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37];
        assert_eq!(pack(b"hellohello"), packed);
        assert_eq!(unpack(&packed, 0), b"hellohello");
        assert_eq!(unpack(&[0xFF], 9), b"");
        assert_eq!(unpack(&[], 3), b"");
    }

    #[test]
    fn parts_that_were_packed_each_by_itself_are_one_text() {
        // Eight septets after one bit leave seven bits spare.
        for length in 0..40 {
            let text = &b"HZ.The quick brown fox jumps over the lazy"[..length];
            for fill_bits in 0..7 {
                let parts = text.chunks(8).map(|part| {
                    let mut shifted = pack(part);
                    shifted.push(0);
                    for at in (0..shifted.len()).rev() {
                        let below = at.checked_sub(1).map_or(0, |below| shifted[below]);
                        let pair = u16::from_le_bytes([below, shifted[at]]) << fill_bits;
                        shifted[at] = pair.to_le_bytes()[1];
                    }
                    shifted.truncate((part.len() * 7 + fill_bits).div_ceil(8));
                    shifted
                });
                let parts: Vec<_> = parts.collect();
                let parts = parts.iter().map(Vec::as_slice);
                assert_eq!(unpack_parts(parts, fill_bits), text, "{fill_bits}");
            }
        }
    }

    proptest! {
        #[test]
        fn septets_come_back_from_any_alignment(septets in prop::collection::vec(0..128_u8, 0..200), fill in 0..7_usize) {
            let packed = pack(&septets);
            let back = unpack(&packed, 0);
            prop_assert_eq!(&back[..septets.len()], &septets[..]);
            prop_assert!(back[septets.len()..].iter().all(|spare| *spare == 0));
            prop_assert!(back.len() <= septets.len() + 1);

            let mut shifted = vec![0; packed.len() + 1];
            for (at, octet) in packed.iter().enumerate() {
                let [low, high] = (u16::from(*octet) << fill).to_le_bytes();
                shifted[at] |= low;
                shifted[at + 1] |= high;
            }
            let shifted = unpack(&shifted, fill);
            prop_assert_eq!(&shifted[..septets.len()], &septets[..]);
        }

        #[test]
        fn what_encodes_decodes(septets in prop::collection::vec(0..128_u8, 0..80)) {
            let text = decode(&septets);
            if let Some(again) = encode(&text) {
                prop_assert_eq!(decode(&again), text);
            }
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..80), fill in 0..2_000_usize) {
            prop_assert!(decode(&octets).chars().count() <= octets.len());
            prop_assert!(unpack(&octets, fill).iter().all(|septet| *septet < 0x80));
        }
    }
}
