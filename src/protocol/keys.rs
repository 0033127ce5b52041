use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::aead::{self, NONCE_OCTETS};
use super::hex;
use crate::domain::{DeviceId, Fingerprint};

const TO_DESK: &str = "hazir 2026-11-20 device to desk";
const TO_DEVICE: &str = "hazir 2026-11-20 desk to device";
const FOUR_WORDS: &str = "hazir 2026-11-26 four words of a key";

/// Why a key cannot be read.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 64 hexadecimal digits.
    #[error("a key is 64 hexadecimal digits")]
    Hex,
    /// Sealed under another store key, for another device, or changed.
    #[error("the sealed key does not open with this store key")]
    Sealed,
    /// Not `HZK.`, Base64 of 41 octets, `.` and a number.
    #[error("this is not a key for a phone")]
    Text,
    /// A version that is not defined.
    #[error("version '{0}' of a key for a phone is not known")]
    Version(u8),
    /// The check octets say that it was mistyped.
    #[error("the key for a phone was changed or mistyped")]
    Check,
    /// The desk's number is not in E.164.
    #[error("the number in the key for a phone is not in E.164")]
    Number,
}

/// The key that a device and the desk share. Never used but to derive others.
#[expect(missing_debug_implementations, reason = "a secret has none")]
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RootKey([u8; 32]);

impl RootKey {
    /// Takes the octets of a key.
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The octets of the key.
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits, with white space around them.
    ///
    /// # Errors
    /// [`KeyError::Hex`] where it is anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        hex::decode(text.trim()).map(Self).ok_or(KeyError::Hex)
    }

    /// By what this key, as the one of `device`, is told from others: desk and phone show it as four words.
    ///
    /// It is the first octets of BLAKE3 derive_key over all octets of its [`KeyText`].
    pub fn fingerprint(&self, device: DeviceId) -> Fingerprint {
        let octets = KeyText::octets(device, self);
        let MessageKey([a, b, c, d, ..]) = &derived(FOUR_WORDS, octets.as_slice());
        Fingerprint([*a, *b, *c, *d])
    }

    /// The key as 64 hexadecimal digits.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(&self.0))
    }
}

/// The key of one direction between a device and the desk.
#[expect(missing_debug_implementations, reason = "a secret has none")]
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MessageKey([u8; 32]);

impl MessageKey {
    /// Takes the octets of a key.
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The octets of the key.
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The two keys of a device.
#[expect(missing_debug_implementations, reason = "a secret has none")]
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DeviceKeys {
    /// For what the device sends.
    pub to_desk: MessageKey,
    /// For what the desk sends.
    pub to_device: MessageKey,
}

impl DeviceKeys {
    /// Derives both keys with BLAKE3 derive_key.
    pub fn derive(root: &RootKey) -> Self {
        Self {
            to_desk: derived(TO_DESK, &root.0),
            to_device: derived(TO_DEVICE, &root.0),
        }
    }
}

/// The key that `material` gives in `context`, with BLAKE3 derive_key.
pub(super) fn derived(context: &str, material: &[u8]) -> MessageKey {
    // The state holds a material as short as a root key as it is.
    let mut state = blake3::Hasher::new_derive_key(context);
    state.update(material);
    let mut derived = state.finalize();
    let key = MessageKey(*derived.as_bytes());
    derived.zeroize();
    state.zeroize();
    key
}

/// The key that seals the device keys in the store.
///
/// ```text
/// a sealed root key
/// offset  octets  meaning
/// 0       12      nonce
/// 12      32      ciphertext (ChaCha20-Poly1305, RFC 8439)
/// 44      16      tag
/// associated data: the device id, 4 octets, big-endian
/// ```
#[expect(missing_debug_implementations, reason = "a secret has none")]
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct StoreKey([u8; 32]);

impl StoreKey {
    /// Octets of a sealed root key.
    pub const SEALED_OCTETS: usize = NONCE_OCTETS + 32 + aead::TAG_OCTETS;

    const CHECK_TEXT: &[u8] = b"hazir store key";
    // Longer than a device id, so that neither is ever taken for the other.
    const CHECK_NAME: &[u8] = b"hazir key check";

    /// Takes the octets of a key.
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Reads the text of `keys/store.key`: 64 hexadecimal digits, with white space around them.
    ///
    /// # Errors
    /// [`KeyError::Hex`] where it is anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        hex::decode(text.trim()).map(Self).ok_or(KeyError::Hex)
    }

    /// The text of `keys/store.key`: 64 hexadecimal digits and a newline.
    pub fn to_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(&self.0));
        let mut text = Zeroizing::new(String::with_capacity(digits.len() + 1));
        text.push_str(&digits);
        text.push('\n');
        text
    }

    /// Seals the root key of `device`. `nonce` is fresh random octets for every call.
    pub fn seal(&self, device: DeviceId, nonce: [u8; NONCE_OCTETS], root: &RootKey) -> Vec<u8> {
        self.seal_named(&device.0.to_be_bytes(), nonce, &root.0)
    }

    /// Opens the sealed root key of `device`.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] where it was sealed under another key or for another device, or was changed.
    pub fn open(&self, device: DeviceId, sealed: &[u8]) -> Result<RootKey, KeyError> {
        let opened = self.open_named(&device.0.to_be_bytes(), sealed);
        let octets = opened.and_then(|octets| octets.as_slice().try_into().ok());
        octets.map(RootKey).ok_or(KeyError::Sealed)
    }

    /// Seals a known text, by which [`StoreKey::verify`] tells the right key. `nonce` is fresh random octets.
    pub fn check(&self, nonce: [u8; NONCE_OCTETS]) -> Vec<u8> {
        self.seal_named(Self::CHECK_NAME, nonce, Self::CHECK_TEXT)
    }

    /// Whether this is the key that made `check`.
    pub fn verify(&self, check: &[u8]) -> bool {
        self.open_named(Self::CHECK_NAME, check)
            .is_some_and(|text| text.as_slice() == Self::CHECK_TEXT)
    }

    fn seal_named(&self, name: &[u8], nonce: [u8; NONCE_OCTETS], plaintext: &[u8]) -> Vec<u8> {
        let sealed = aead::seal(&self.0, &nonce, name, plaintext);
        [&nonce[..], &sealed[..]].concat()
    }

    fn open_named(&self, name: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk()?;
        aead::open(&self.0, nonce, name, sealed)
    }
}

/// A key for a phone, as it is shown once as QR and text.
///
/// ```text
/// HZK. Base64 . number in E.164
/// offset  octets  meaning                                 big-endian
/// 0       1       0x10
/// 1       4       device id
/// 5       32      root key
/// 37      4       first octets of BLAKE3 of octets 0 to 37
/// ```
#[expect(missing_debug_implementations, reason = "a secret has none")]
pub struct KeyText {
    /// Which device it makes of the phone.
    pub device: DeviceId,
    /// The key that phone and desk share.
    pub root: RootKey,
    /// The number that the phone writes to, in E.164.
    pub desk_number: String,
}

impl KeyText {
    const VERSION: u8 = 0x10;
    const CHECKED_OCTETS: usize = 37;
    const OCTETS: usize = Self::CHECKED_OCTETS + 4;

    /// The text for the phone.
    pub fn encode(&self) -> Zeroizing<String> {
        let octets = Self::octets(self.device, &self.root);
        let base64 = Zeroizing::new(STANDARD_NO_PAD.encode(octets.as_slice()));
        Zeroizing::new(["HZK.", &base64, ".", &self.desk_number].concat())
    }

    /// Reads the text for a phone, with white space around it.
    ///
    /// # Errors
    /// [`KeyError`]: `Text`, `Version`, `Check` or `Number`, whichever shows first.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let body = text.trim().strip_prefix("HZK.").ok_or(KeyError::Text)?;
        let (base64, number) = body.split_once('.').ok_or(KeyError::Text)?;
        let octets = STANDARD_NO_PAD.decode(base64).map(Zeroizing::new);
        let octets = octets.map_err(|_| KeyError::Text)?;
        if octets.len() != Self::OCTETS {
            return Err(KeyError::Text);
        }
        let (checked, check) = octets.split_at(Self::CHECKED_OCTETS);
        if check_octets(checked) != check {
            return Err(KeyError::Check);
        }
        let (&version, rest) = checked.split_first().ok_or(KeyError::Text)?;
        if version != Self::VERSION {
            return Err(KeyError::Version(version));
        }
        let (&device, root) = rest.split_first_chunk().ok_or(KeyError::Text)?;
        let root = root.try_into().map_err(|_| KeyError::Text)?;
        if !is_e164(number) {
            return Err(KeyError::Number);
        }
        Ok(Self {
            device: DeviceId(u32::from_be_bytes(device)),
            root: RootKey(root),
            desk_number: number.to_owned(),
        })
    }

    fn octets(device: DeviceId, root: &RootKey) -> Zeroizing<[u8; Self::OCTETS]> {
        let mut octets = Zeroizing::new([0; Self::OCTETS]);
        octets[0] = Self::VERSION;
        octets[1..5].copy_from_slice(&device.0.to_be_bytes());
        octets[5..Self::CHECKED_OCTETS].copy_from_slice(&root.0);
        let check = check_octets(&octets[..Self::CHECKED_OCTETS]);
        octets[Self::CHECKED_OCTETS..].copy_from_slice(&check);
        octets
    }
}

fn check_octets(octets: &[u8]) -> [u8; 4] {
    // As above: what is checked holds a key.
    let mut state = blake3::Hasher::new();
    state.update(octets);
    let [a, b, c, d, ..] = *state.finalize().as_bytes();
    state.zeroize();
    [a, b, c, d]
}

/// Source: ITU-T E.164 section 6.1: at most 15 digits.
fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_store_key_comes_back_from_its_file() {
        let key = StoreKey::from_octets([0xA5; 32]);
        let text = key.to_text();
        assert_eq!(*text, format!("{}\n", "a5".repeat(32)));
        assert_eq!(StoreKey::parse(&text).ok().unwrap().0, key.0);
        for text in ["", "a5", &"a5".repeat(33), &"g5".repeat(32)] {
            assert_eq!(StoreKey::parse(text).err(), Some(KeyError::Hex), "{text}");
            assert_eq!(RootKey::parse(text).err(), Some(KeyError::Hex), "{text}");
        }
    }

    #[test]
    fn a_root_key_comes_back_from_its_digits() {
        let key = RootKey::from_octets([0xA5; 32]);
        assert_eq!(*key.to_hex(), "a5".repeat(32));
        assert_eq!(RootKey::parse(&key.to_hex()).ok().unwrap().0, key.0);
    }

    #[test]
    fn a_sealed_root_key_opens_for_its_device_and_its_store_only() {
        let key = StoreKey::from_octets([1; 32]);
        let root = RootKey::from_octets([2; 32]);
        let sealed = key.seal(DeviceId(7), [3; 12], &root);
        assert_eq!(sealed.len(), StoreKey::SEALED_OCTETS);
        assert_eq!(key.open(DeviceId(7), &sealed).ok().unwrap().0, root.0);
        let other = StoreKey::from_octets([4; 32]);
        assert_eq!(
            other.open(DeviceId(7), &sealed).err(),
            Some(KeyError::Sealed)
        );
        assert_eq!(key.open(DeviceId(8), &sealed).err(), Some(KeyError::Sealed));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(DeviceId(7), &changed).is_err(), "bit {bit}");
        }
        assert!(!key.verify(&sealed));
    }

    #[test]
    fn the_check_tells_the_right_key() {
        let key = StoreKey::from_octets([1; 32]);
        let check = key.check([5; 12]);
        assert!(key.verify(&check));
        assert!(!StoreKey::from_octets([2; 32]).verify(&check));
        assert!(!key.verify(&[]));
        assert!(!key.verify(&check[1..]));
    }

    #[test]
    fn a_mistyped_key_text_is_told_from_a_foreign_one() {
        let text = KeyText {
            device: DeviceId(7),
            root: RootKey::from_octets([6; 32]),
            desk_number: "+989102211824".to_owned(),
        };
        let text = text.encode();
        assert!(KeyText::parse(&format!(" {}\n", *text)).is_ok());
        let cases = [
            (text.replace("BgYGBg", "BgYHBg"), KeyError::Check),
            (text.replace("HZK.EA", "HZK.IA"), KeyError::Check),
            (text.replace("HZK.EA", "HZK.EA="), KeyError::Text),
            (text.replace("HZK.EA", "HZK."), KeyError::Text),
            (text.replace("HZK.", "HZ."), KeyError::Text),
            (text.replace(".+98", ".98"), KeyError::Number),
            (text.replace(".+98", ".+98-"), KeyError::Number),
            (text.replace("1824", "18249999"), KeyError::Number),
        ];
        for (text, error) in cases {
            assert_eq!(KeyText::parse(&text).err(), Some(error), "{text}");
        }
        let mut octets = [0; KeyText::OCTETS];
        octets[0] = 0x20;
        let check = check_octets(&octets[..KeyText::CHECKED_OCTETS]);
        octets[KeyText::CHECKED_OCTETS..].copy_from_slice(&check);
        let later = format!("HZK.{}.+98", STANDARD_NO_PAD.encode(octets));
        assert_eq!(KeyText::parse(&later).err(), Some(KeyError::Version(0x20)));
    }

    proptest! {
        #[test]
        fn a_key_text_comes_back(device: u32, root: [u8; 32], number in "\\+[0-9]{1,15}") {
            let text = KeyText {
                device: DeviceId(device),
                root: RootKey::from_octets(root),
                desk_number: number.clone(),
            };
            let back = KeyText::parse(&text.encode()).ok().unwrap();
            prop_assert_eq!(back.device, DeviceId(device));
            prop_assert_eq!(back.root.octets(), &root);
            prop_assert_eq!(back.desk_number, number);
        }

        #[test]
        fn arbitrary_text_is_no_key(text in "(HZK\\.)?\\PC*") {
            prop_assert!(KeyText::parse(&text).is_err());
        }
    }
}
