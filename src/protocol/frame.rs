//! The frame that carries an envelope as text: `HZ.`, standard Base64 without padding, `.`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::envelope::SHORTEST_OCTETS;

const PREFIX: &str = "HZ";

/// The frame of an envelope. All its characters have the same octet in ASCII, Latin-1, UTF-8 and GSM 03.38.
pub fn encode(envelope: &[u8]) -> String {
    [PREFIX, ".", &STANDARD_NO_PAD.encode(envelope), "."].concat()
}

/// Finds the first well-formed frame anywhere in a text and gives its envelope, at least 36 octets.
///
/// Spaces, tabs, CR and LF inside the Base64 are dropped; what is not well formed is skipped. Takes time in proportion to
/// the text, whatever is in it.
pub fn find(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    // Base64 has no dot: a frame is a piece between two dots, after a piece that ends with the prefix.
    let mut pieces = text.as_ref().split(|octet| *octet == b'.').peekable();
    let mut before = pieces.next()?;
    while let Some(piece) = pieces.next() {
        pieces.peek()?;
        if before.ends_with(PREFIX.as_bytes())
            && let Some(envelope) = decode(piece)
        {
            return Some(envelope);
        }
        before = piece;
    }
    None
}

fn decode(piece: &[u8]) -> Option<Vec<u8>> {
    let dropped = |octet: &u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
    let base64: Vec<u8> = piece
        .iter()
        .copied()
        .filter(|octet| !dropped(octet))
        .collect();
    let envelope = STANDARD_NO_PAD.decode(base64).ok()?;
    (envelope.len() >= SHORTEST_OCTETS).then_some(envelope)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_well_formed_frame_is_found() {
        let first = encode(&[1; 36]);
        let second = encode(&[2; 40]);
        let short = encode(&[3; 35]);
        for text in [
            first.clone(),
            format!("HZ.{first}"),
            format!("HZ.HZ.HZ.hello.. {first}"),
            format!("xHZ. ..{first}{second}"),
            format!("{short}{first}"),
            format!("hz.{}{first}", &second[3..]),
            format!("{}?.{first}", &second[..second.len() - 1]),
            format!("HZ. {}\r\n\t.", &first[3..first.len() - 1]),
        ] {
            assert_eq!(find(&text), Some(vec![1; 36]), "{text}");
        }
        for text in [
            "",
            ".",
            "HZ",
            "HZ.",
            "HZ..",
            "HZ. .",
            &short,
            &first[1..],
            "H Z.AAAA.",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn many_beginnings_make_no_frame() {
        let full = "HZ.".repeat(22_000);
        assert_eq!(find(&full), None);
        assert_eq!(find(full + "AAAA"), None);
        let bodies = format!("HZ.{}!.", "A".repeat(100)).repeat(600);
        assert_eq!(find(bodies), None);
    }

    proptest! {
        #[test]
        fn a_frame_is_found_in_any_text(
            envelope in prop::collection::vec(any::<u8>(), 36..120), before in "[^.]*", after in "\\PC*",
        ) {
            let text = format!("{before}{}{after}", encode(&envelope));
            prop_assert_eq!(find(text), Some(envelope));
        }

        #[test]
        fn arbitrary_octets_never_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(find(&text).is_none_or(|envelope| envelope.len() >= SHORTEST_OCTETS));
        }

        #[test]
        fn what_is_found_is_canonical(text in "(HZ\\.)?[HZa-z.+/ ]{40,90}\\.") {
            if let Some(envelope) = find(&text) {
                let bare: String = text.chars().filter(|c| *c != ' ').collect();
                prop_assert!(bare.contains(&encode(&envelope)));
            }
        }
    }
}
