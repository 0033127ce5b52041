//! A secret in every form in which it may stand somewhere.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hazir::protocol::gsm;

use super::super::phone::hex;

/// Something that must not be found.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    /// What it is.
    pub(crate) name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// Octets, such as a key.
    pub(crate) fn octets(name: &'static str, octets: &[u8]) -> Self {
        let hex = hex(octets);
        let decimal = format!("{octets:?}");
        let decimal = decimal.trim_matches(['[', ']']).to_owned();
        let mut forms = vec![
            ("raw", octets.to_vec()),
            ("raw, backwards", octets.iter().rev().copied().collect()),
            ("hex", hex.clone().into_bytes()),
            ("HEX", hex.to_uppercase().into_bytes()),
            ("hex in UTF-16", utf16(&hex)),
            ("decimal", decimal.into_bytes()),
        ];
        forms.extend(base64_of(octets));
        Self { name, forms }
    }

    /// A text, such as a password, a number or a note.
    pub(crate) fn text(name: &'static str, text: &str) -> Self {
        let mut canary = Self::octets(name, text.as_bytes());
        let big_endian = text.encode_utf16().flat_map(u16::to_be_bytes);
        canary.forms.push(("UTF-16", utf16(text)));
        canary.forms.push(("UTF-16 BE", big_endian.collect()));
        let septets = gsm::encode(text).expect("a canary is of the basic alphabet");
        // It may begin at any of eight places in a packed text; octets at its ends that hold others, too, are left out.
        for before in 0..8 {
            let packed = gsm::pack(&[&vec![0x61; before][..], &septets].concat());
            let first = (before * 7).div_ceil(8);
            let last = (before + septets.len()) * 7 / 8;
            canary
                .forms
                .push(("GSM packed", packed[first..last].to_vec()));
        }
        canary
    }

    /// In which form it stands in `octets`.
    pub(crate) fn in_octets(&self, octets: &[u8]) -> Option<&'static str> {
        let found = self.forms.iter().find(|(_, form)| holds(octets, form));
        found.map(|(name, _)| *name)
    }
}

/// The Base64 of octets wherever they begin in a text: the characters at the ends, which depend on what is beside, are left out.
fn base64_of(octets: &[u8]) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    (0..3).map(|before| {
        let text = STANDARD_NO_PAD.encode([&vec![0; before][..], octets].concat());
        let first = (before * 8).div_ceil(6);
        let last = (before + octets.len()) * 8 / 6;
        ("Base64", text.as_bytes()[first..last].to_vec())
    })
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Whether `needle` stands in `octets`.
pub(crate) fn holds(octets: &[u8], needle: &[u8]) -> bool {
    let (&first, rest) = needle.split_first().expect("a form has octets");
    let mut from = 0;
    while let Some(at) = octets[from..].iter().position(|octet| *octet == first) {
        from += at + 1;
        if octets[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// Asserts that none of the canaries is in these octets.
pub(crate) fn assert_none<'a>(
    canaries: impl IntoIterator<Item = &'a Canary>,
    place: &str,
    octets: &[u8],
) {
    for canary in canaries {
        let found = canary.in_octets(octets);
        assert_eq!(found, None, "{} in {place}", canary.name);
    }
}

/// All files below a directory with their octets.
pub(crate) fn files(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("it is a directory") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.is_file() {
            let octets = std::fs::read(&path).expect("a file can be read");
            all.push((path, octets));
        }
    }
    all
}

#[test]
fn a_canary_is_found_in_each_form() {
    let key: Vec<u8> = (0..32).map(|n| n * 7 + 1).collect();
    let canary = Canary::octets("key", &key);
    let hex = hex(&key).to_uppercase();
    for more in 0..4 {
        let around = [&vec![9; more][..], &key, &[8; 5]].concat();
        let base64 = STANDARD_NO_PAD.encode(&around);
        assert!(canary.in_octets(base64.as_bytes()).is_some(), "{more}");
        assert!(canary.in_octets(&around).is_some());
    }
    assert!(canary.in_octets(format!("key: {hex}").as_bytes()).is_some());
    assert!(canary.in_octets(format!("{key:?}").as_bytes()).is_some());
    assert!(canary.in_octets(&key[1..]).is_none());

    let canary = Canary::text("note", "lavender-zeppelin");
    for text in [
        "lavender-zeppelin",
        "a lavender-zeppelin.",
        "x: lavender-zeppelin, y",
    ] {
        assert!(canary.in_octets(text.as_bytes()).is_some());
        assert!(canary.in_octets(&utf16(text)).is_some());
        let packed = gsm::pack(&gsm::encode(text).unwrap());
        assert_eq!(canary.in_octets(&packed), Some("GSM packed"), "{text}");
    }
    assert!(canary.in_octets(b"lavender zeppelin").is_none());
}
