use crate::domain::Fingerprint;

/// One word for each octet. Pages for phones have the same list: a word that changes here is another one there.
const WORDS: &str = include_str!("../../assets/words/enrolment.txt");

/// The words by which a person compares the key of a phone with the one that the desk has.
#[expect(
    clippy::missing_panics_doc,
    reason = "the file is part of the program, and a test counts its lines"
)]
pub fn four_words(fingerprint: Fingerprint) -> [&'static str; 4] {
    let word = |octet: u8| {
        let word = WORDS.lines().nth(usize::from(octet));
        word.expect("the file is part of the program, and a test counts its lines")
    };
    fingerprint.0.map(word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_octet_has_a_word_of_its_own() {
        let octets = 0..=u8::MAX;
        let words: Vec<&str> = octets.map(|n| four_words(Fingerprint([n; 4]))[3]).collect();
        assert!(words.is_sorted());
        assert_eq!(BTreeSet::from_iter(&words).len(), 256);
        assert_eq!(WORDS.lines().count(), 256);
        // No longer than what stands beside a QR code in a window of 80 columns.
        let is_word = |word: &&str| {
            (3..=7).contains(&word.len()) && word.bytes().all(|octet| octet.is_ascii_lowercase())
        };
        assert!(words.iter().all(is_word), "{words:?}");
    }

    #[test]
    fn the_words_stand_in_the_order_of_the_octets() {
        let first_and_last = four_words(Fingerprint([0, 255, 0, 1]));
        let lines: Vec<&str> = WORDS.lines().collect();
        assert_eq!(first_and_last, [lines[0], lines[255], lines[0], lines[1]]);
    }
}
