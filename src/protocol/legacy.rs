//! The format of 2023, for employees for whom it is switched on: one key for all phones, no counter, a fixed IV. Its key is
//! public; what opens proves nothing but that somebody knows the format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use jiff::Timestamp;
use jiff::tz::Offset;
use sha2::{Digest as _, Sha256};

use super::{LegacyTime, hex, text};
use crate::domain::{Action, Digest, Millis};

/// The key of the published app, ASCII characters used as they are.
const KEY: &[u8; 32] = b"a7b2c3d4e5f6g789abcdef0123456789";
const IV: &[u8; 16] = &[0; 16];
const BLOCK_OCTETS: usize = 16;

/// The longest text that is understood: no phone writes a date with so many octets, and a record is no place for letters.
const TEXT_OCTETS: usize = 256;

/// A check-in in the 2023 format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyMessage {
    /// In or out.
    pub action: Action,
    /// The whole text.
    pub text: String,
    /// What the text says of the time, as far as it can be read.
    pub when: LegacyTime,
}

/// Why user data is no check-in in the 2023 format.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LegacyError {
    /// No `$$`, Base64 of whole blocks, `$$` in it.
    #[error("there is no frame of the 2023 format")]
    NotAFrame,
    /// It does not open with the key of the published app.
    #[error("the message in the 2023 format does not open")]
    WrongKey,
    /// It opens, and says neither arrival nor exit, or says too much.
    #[error("the message in the 2023 format makes no sense")]
    Malformed,
}

/// Finds the first frame of the 2023 format in user data and gives its ciphertext, in whatever way it has to be read.
///
/// `$` is 0x24, or 0x02 where GSM 03.38 was not translated; white space inside the Base64 is dropped.
pub fn find(octets: &[u8], data_coding: u8) -> Option<Vec<u8>> {
    text::search(octets, data_coding, find_in_text)
}

/// Finds and opens a check-in.
///
/// # Errors
/// [`LegacyError`], whichever shows first.
pub fn read(octets: &[u8], data_coding: u8) -> Result<LegacyMessage, LegacyError> {
    open(&find(octets, data_coding).ok_or(LegacyError::NotAFrame)?)
}

/// Opens the ciphertext of a check-in.
///
/// # Errors
/// [`LegacyError::WrongKey`] or [`LegacyError::Malformed`].
pub fn open(ciphertext: &[u8]) -> Result<LegacyMessage, LegacyError> {
    let text = open_text(ciphertext)?;
    let (word, time) = text.split_once(' ').unwrap_or((&text, ""));
    let action = match word {
        "Arrival" => Action::In,
        "Exit" => Action::Out,
        _ => return Err(LegacyError::Malformed),
    };
    if text.len() > TEXT_OCTETS {
        return Err(LegacyError::Malformed);
    }
    let when = LegacyTime::read(time);
    Ok(LegacyMessage { action, text, when })
}

/// Opens any ciphertext of the 2023 format, a receipt too.
///
/// # Errors
/// [`LegacyError::WrongKey`] where the padding is wrong or the text is not UTF-8.
pub fn open_text(ciphertext: &[u8]) -> Result<String, LegacyError> {
    let cipher = cbc::Decryptor::<aes::Aes256>::new(KEY.into(), IV.into());
    let plaintext = cipher.decrypt_padded_vec::<Pkcs7>(ciphertext);
    let plaintext = plaintext.map_err(|_| LegacyError::WrongKey)?;
    String::from_utf8(plaintext).map_err(|_| LegacyError::WrongKey)
}

/// The frame of a check-in as the published app sends it, with a newline after the Base64.
pub fn check_in(text: &str) -> String {
    ["$$", &seal(text), "\n$$"].concat()
}

/// The text of a check-in as a phone that is set to English writes it, `Arrival Tue, 4 Jul 2023, 22:12`. `utc_offset_s` is how
/// far the phone's zone is ahead of UTC, in seconds; one that no zone has counts as 0.
pub fn check_in_text(action: Action, at: Millis, utc_offset_s: i32) -> String {
    let word = match action {
        Action::In => "Arrival",
        Action::Out => "Exit",
    };
    let moment = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = Offset::from_seconds(utc_offset_s).unwrap_or(Offset::UTC);
    let local = offset.to_datetime(moment);
    format!("{word} {}", local.strftime("%a, %-d %b %Y, %H:%M"))
}

/// The framed receipt for a check-in with this text; 112 characters.
pub fn receipt(text: &str) -> String {
    ["$$", &seal(&receipt_text(text)), "$$"].concat()
}

/// What the receipt for a check-in with this text says: the SHA-256 of the text, and that it was recorded.
pub fn receipt_text(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())) + " | AFTSTC"
}

/// Which text it was: the first 16 octets of its SHA-256.
pub fn digest(text: &str) -> Digest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    Digest(digest)
}

fn seal(text: &str) -> String {
    let cipher = cbc::Encryptor::<aes::Aes256>::new(KEY.into(), IV.into());
    STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes()))
}

fn find_in_text(text: &[u8]) -> Option<Vec<u8>> {
    // A piece lies between two marks; a mark is two dollars or more, and Base64 has none.
    let mut piece: Option<Vec<u8>> = None;
    let mut dollars = 0;
    for &octet in text {
        if is_dollar(octet) {
            dollars += 1;
            if dollars == 2 {
                if let Some(ciphertext) = piece.take().and_then(|base64| decode(&base64)) {
                    return Some(ciphertext);
                }
                piece = Some(Vec::new());
            }
            continue;
        }
        if dollars == 1 {
            piece = None;
        }
        dollars = 0;
        if let Some(piece) = &mut piece
            && !matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
        {
            piece.push(octet);
        }
    }
    None
}

const fn is_dollar(octet: u8) -> bool {
    matches!(octet, b'$' | 0x02)
}

fn decode(base64: &[u8]) -> Option<Vec<u8>> {
    let ciphertext = STANDARD.decode(base64).ok()?;
    let whole_blocks = !ciphertext.is_empty() && ciphertext.len().is_multiple_of(BLOCK_OCTETS);
    whole_blocks.then_some(ciphertext)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gsm;
    use super::*;

    const TEXT: &str = "Arrival Tue, 4 Jul 2023, 22:12";

    fn ciphertext(text: &str) -> Vec<u8> {
        STANDARD.decode(seal(text)).unwrap()
    }

    #[test]
    fn a_frame_is_found_however_it_comes() {
        let frame = check_in(TEXT);
        let base64 = seal(TEXT);
        let utf16: Vec<u8> = frame.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let septets = gsm::encode(&format!("Hi {frame} bye")).unwrap();
        for body in [
            frame.clone().into_bytes(),
            frame.replace('\n', "").into_bytes(),
            frame.replace('\n', "\r\n").into_bytes(),
            frame.replace('$', "\u{2}").into_bytes(),
            format!("$5 {frame} $$").into_bytes(),
            format!("$$$${frame}").into_bytes(),
            format!("$$hello${frame}").into_bytes(),
            format!("$$hello{frame}").into_bytes(),
            format!("$$hello$$ {base64}$$").into_bytes(),
            format!("$${}\n{}\n$$", &base64[..30], &base64[30..]).into_bytes(),
            gsm::pack(&septets),
            septets,
            utf16,
        ] {
            let message = read(&body, 0).unwrap();
            assert_eq!((message.action, message.text.as_str()), (Action::In, TEXT));
        }
    }

    #[test]
    fn a_phone_writes_what_can_be_read() {
        let at = Millis(1_688_508_720_000);
        assert_eq!(
            check_in_text(Action::In, at, 0),
            "Arrival Tue, 4 Jul 2023, 22:12"
        );
        let text = check_in_text(Action::Out, at, 12_600);
        assert_eq!(text, "Exit Wed, 5 Jul 2023, 01:42");
        let read = open(&ciphertext(&text)).unwrap();
        assert_eq!((read.action, read.when.has_year), (Action::Out, true));
    }

    #[test]
    fn what_is_no_frame_is_told_from_what_does_not_open() {
        let base64 = seal(TEXT);
        for body in [
            String::new(),
            "$$".to_owned(),
            "$$$$".to_owned(),
            base64.clone(),
            format!("$${base64}"),
            format!("$${base64}$"),
            format!("$${base64}$ $"),
            format!("$${}$${}$$", &base64[..10], &base64[10..]),
            format!("$${}$$", base64.trim_end_matches('=')),
            "$$AAAA$$".to_owned(),
        ] {
            let read = read(body.as_bytes(), 0);
            assert_eq!(read, Err(LegacyError::NotAFrame), "{body}");
        }
        let mut changed = ciphertext(TEXT);
        changed[17] ^= 1;
        assert_eq!(open(&changed), Err(LegacyError::WrongKey));
        assert_eq!(open(&[]), Err(LegacyError::WrongKey));
        for text in [
            "",
            "Hello",
            "arrival 15.15",
            "ArrivalTue",
            &format!("Exit {}", "x".repeat(252)),
        ] {
            assert_eq!(
                open(&ciphertext(text)),
                Err(LegacyError::Malformed),
                "{text}"
            );
        }
        assert_eq!(open(&ciphertext("Exit")).unwrap().action, Action::Out);
        let longest = format!("Exit {}", "x".repeat(TEXT_OCTETS - 5));
        assert_eq!(open(&ciphertext(&longest)).unwrap().text, longest);
    }

    #[test]
    fn many_marks_make_no_frame() {
        for hostile in ["$$", "$$A", "$$AAAA", "$\u{2}A$"] {
            let body = hostile.repeat(64 * 1024 / hostile.len());
            assert_eq!(find(body.as_bytes(), 0), None);
        }
    }

    proptest! {
        #[test]
        fn a_text_comes_back(text in "(Arrival|Exit) \\PC{0,60}") {
            let message = read(check_in(&text).as_bytes(), 0).unwrap();
            prop_assert_eq!(message.text, text.clone());
            let receipt = receipt(&text);
            prop_assert_eq!(receipt.len(), 112);
            let opened = open_text(&find(receipt.as_bytes(), 0).unwrap());
            prop_assert_eq!(opened, Ok(receipt_text(&text)));
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200), data_coding: u8) {
            prop_assert_eq!(read(&octets, data_coding), Err(LegacyError::NotAFrame));
            prop_assert!(open(&octets).is_err());
        }
    }
}
