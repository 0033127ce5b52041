//! Phones, written from the description of the messages alone.

use std::fmt::Write as _;

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use sha2::{Digest as _, Sha256};

const OLD_KEY: [u8; 32] = *b"a7b2c3d4e5f6g789abcdef0123456789";

/// A check-in that a phone sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its counter.
    pub(crate) counter: u16,
    /// 1 in, 2 out.
    pub(crate) action: u8,
    /// What the phone's clock said.
    pub(crate) claimed_at: u32,
    /// What the employee wrote.
    pub(crate) note: String,
    /// The text of the SMS.
    pub(crate) text: String,
    digest: [u8; 16],
    resealed: u8,
}

/// What a phone makes of an SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A valid receipt for the message of this counter.
    Receipt(u16),
    /// A valid refusal, with the message that was sealed anew after status 3.
    Refusal {
        /// Its counter.
        counter: u16,
        /// Its status.
        status: u8,
        /// What is to be sent now.
        again: Option<Message>,
    },
    /// An answer to a message that was answered already.
    Again,
    /// Nothing for this phone.
    Ignored(&'static str),
}

/// A phone that seals.
#[derive(Debug)]
pub(crate) struct Phone {
    /// Its device number.
    pub(crate) device: u32,
    /// Its number in E.164.
    pub(crate) number: String,
    /// The counter of its next message.
    pub(crate) next: u32,
    /// What it holds no answer for.
    pub(crate) waiting: Vec<Message>,
    /// What it holds a receipt for, with the desk's time.
    pub(crate) held: Vec<(Message, u32)>,
    refused: Vec<Message>,
    up: [u8; 32],
    down: [u8; 32],
}

impl Phone {
    /// A phone with this device number and root key.
    pub(crate) fn new(device: u32, root: &[u8; 32], number: &str) -> Self {
        Self {
            device,
            number: number.to_owned(),
            next: 1,
            waiting: Vec::new(),
            held: Vec::new(),
            refused: Vec::new(),
            up: blake3::derive_key("hazir 2026-11-20 device to desk", root),
            down: blake3::derive_key("hazir 2026-11-20 desk to device", root),
        }
    }

    /// Seals a check-in under the next counter.
    pub(crate) fn check_in(&mut self, action: u8, claimed_at: u32, note: &str) -> Message {
        self.seal_next(action, claimed_at, note, 0)
    }

    fn seal_next(&mut self, action: u8, claimed_at: u32, note: &str, resealed: u8) -> Message {
        let counter = u16::try_from(self.next).expect("a counter is left");
        self.next += 1;
        let mut plaintext = vec![action];
        plaintext.extend(claimed_at.to_be_bytes());
        plaintext.extend(note.as_bytes());
        let room = match note.len() {
            0 => 0,
            1..=28 => 28,
            _ => 60,
        };
        plaintext.resize(5 + room, 0);
        let envelope = self.seal(0x11, 0, counter, &plaintext);
        let message = Message {
            counter,
            action,
            claimed_at,
            note: note.to_owned(),
            text: frame(&envelope),
            digest: digest(&envelope),
            resealed,
        };
        self.waiting.push(message.clone());
        message
    }

    /// Seals something that is no check-in under the next counter, and waits for its answer.
    pub(crate) fn seal_odd(&mut self, first: u8, plaintext: &[u8]) -> Message {
        let mut message = self.check_in(0, 0, "");
        let envelope = self.seal(first, 0, message.counter, plaintext);
        message.text = frame(&envelope);
        message.digest = digest(&envelope);
        self.waiting.pop();
        self.waiting.push(message.clone());
        message
    }

    /// An envelope with whatever is asked for, sealed with this phone's key.
    pub(crate) fn seal(&self, first: u8, epoch: u8, counter: u16, plaintext: &[u8]) -> Vec<u8> {
        let header = header(first, self.device, epoch, counter);
        seal_with(&self.up, header, &fresh_nonce(), plaintext)
    }

    /// An answer as the desk seals it.
    pub(crate) fn seal_as_desk(&self, counter: u16, plaintext: &[u8]) -> Vec<u8> {
        let header = header(0x12, self.device, 0, counter);
        seal_with(&self.down, header, &fresh_nonce(), plaintext)
    }

    /// Reads an SMS.
    pub(crate) fn hear(&mut self, text: &str) -> Heard {
        let Some(envelope) = find_frame(text) else {
            return Heard::Ignored("no frame");
        };
        if envelope[0] != 0x12 || envelope[1..5] != self.device.to_be_bytes() || envelope[5] != 0 {
            return Heard::Ignored("another header");
        }
        let Some(plaintext) = open_with(&self.down, &envelope) else {
            return Heard::Ignored("wrong tag");
        };
        let Ok(plaintext) = <[u8; 30]>::try_from(plaintext) else {
            return Heard::Ignored("wrong length");
        };
        let status = plaintext[20];
        let mark: &[u8] = if status == 0 { b"AFTSTC" } else { &[0; 6] };
        if &plaintext[24..] != mark {
            return Heard::Ignored("wrong mark");
        }
        let counter = u16::from_be_bytes([envelope[6], envelope[7]]);
        let answers = |m: &Message| m.digest == plaintext[..16] && m.counter == counter;
        let Some(place) = self.waiting.iter().position(answers) else {
            let mut known = self.held.iter().map(|(m, _)| m).chain(&self.refused);
            return if known.any(answers) {
                Heard::Again
            } else {
                Heard::Ignored("no message of this digest")
            };
        };
        let message = self.waiting.swap_remove(place);
        if status == 0 {
            let desk_time = u32::from_be_bytes(plaintext[16..20].try_into().expect("four octets"));
            self.held.push((message, desk_time));
            return Heard::Receipt(counter);
        }
        let next = u16::from_be_bytes([plaintext[22], plaintext[23]]);
        let again = (status == 3 && message.resealed < 2 && next > 0).then(|| {
            self.next = u32::from(next);
            let resealed = message.resealed + 1;
            self.seal_next(message.action, message.claimed_at, &message.note, resealed)
        });
        self.refused.push(message);
        Heard::Refusal {
            counter,
            status,
            again,
        }
    }
}

/// A phone with the app of 2023.
#[derive(Debug, Default)]
pub(crate) struct OldPhone {
    /// Texts that it holds no receipt for.
    pub(crate) waiting: Vec<String>,
    /// Texts that it holds a receipt for.
    pub(crate) held: Vec<String>,
}

impl OldPhone {
    /// The text of the SMS for a plaintext.
    pub(crate) fn send(&mut self, plaintext: &str) -> String {
        self.waiting.push(plaintext.to_owned());
        let sealed = cbc::Encryptor::<Aes256>::new(&OLD_KEY.into(), &[0; 16].into())
            .encrypt_padded_vec::<Pkcs7>(plaintext.as_bytes());
        format!("$${}\n$$", STANDARD.encode(sealed))
    }

    /// Whether an SMS is a valid receipt: 112 characters, between signs that a gateway may have translated.
    pub(crate) fn hear(&mut self, text: &str) -> bool {
        let text = text.replace('\u{2}', "$");
        let Some((_, rest)) = text.split_once("$$") else {
            return false;
        };
        let Some((body, _)) = rest.split_once("$$") else {
            return false;
        };
        if body.len() != 108 {
            return false;
        }
        let Ok(sealed) = STANDARD.decode(body) else {
            return false;
        };
        let opened = cbc::Decryptor::<Aes256>::new(&OLD_KEY.into(), &[0; 16].into())
            .decrypt_padded_vec::<Pkcs7>(&sealed);
        let Ok(opened) = opened else {
            return false;
        };
        let answers = |sent: &String| {
            let receipt = format!("{} | AFTSTC", hex(&Sha256::digest(sent.as_bytes())));
            opened == receipt.as_bytes()
        };
        let Some(place) = self.waiting.iter().position(answers) else {
            return self.held.iter().any(answers);
        };
        self.held.push(self.waiting.swap_remove(place));
        true
    }
}

/// The text of an envelope.
pub(crate) fn frame(envelope: &[u8]) -> String {
    format!("HZ.{}.", STANDARD_NO_PAD.encode(envelope))
}

fn find_frame(text: &str) -> Option<Vec<u8>> {
    text.match_indices("HZ.").find_map(|(at, _)| {
        let (body, _) = text[at + 3..].split_once('.')?;
        let body = body.replace([' ', '\t', '\r', '\n'], "");
        let envelope = STANDARD_NO_PAD.decode(body).ok()?;
        (envelope.len() >= 36).then_some(envelope)
    })
}

fn header(first: u8, device: u32, epoch: u8, counter: u16) -> [u8; 8] {
    let [d0, d1, d2, d3] = device.to_be_bytes();
    let [c0, c1] = counter.to_be_bytes();
    [first, d0, d1, d2, d3, epoch, c0, c1]
}

fn fresh_nonce() -> [u8; 12] {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).expect("the system has random octets");
    nonce
}

fn seal_with(key: &[u8; 32], header: [u8; 8], nonce: &[u8; 12], plaintext: &[u8]) -> Vec<u8> {
    let payload = Payload {
        msg: plaintext,
        aad: &header,
    };
    let sealed = ChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(&(*nonce).into(), payload)
        .expect("a short plaintext can be sealed");
    [header.as_slice(), nonce, &sealed].concat()
}

fn open_with(key: &[u8; 32], envelope: &[u8]) -> Option<Vec<u8>> {
    let nonce = <[u8; 12]>::try_from(envelope.get(8..20)?).ok()?;
    let payload = Payload {
        msg: &envelope[20..],
        aad: &envelope[..8],
    };
    ChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&nonce.into(), payload)
        .ok()
}

fn digest(envelope: &[u8]) -> [u8; 16] {
    blake3::hash(envelope).as_bytes()[..16]
        .try_into()
        .expect("a hash has 32 octets")
}

/// Octets as hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").expect("a text can grow");
        text
    })
}

/// Octets of hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .map(|digit| u8::try_from(char::from(digit).to_digit(16).expect("a digit")).expect("small"))
        .collect();
    digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors(kind: &str) -> Vec<Value> {
        let all: Value = serde_json::from_str(include_str!("../vectors/messages.json")).unwrap();
        all[kind].as_array().unwrap().clone()
    }

    fn octets(vector: &Value, name: &str) -> Vec<u8> {
        unhex(vector[name].as_str().unwrap())
    }

    #[test]
    fn the_phone_agrees_with_the_vectors() {
        for vector in vectors("hz1") {
            let root = octets(&vector, "root_key").try_into().unwrap();
            let device = u32::try_from(vector["device"].as_u64().unwrap()).unwrap();
            let mut phone = Phone::new(device, &root, "");
            assert_eq!(phone.up.to_vec(), octets(&vector, "key_device_to_desk"));
            assert_eq!(phone.down.to_vec(), octets(&vector, "key_desk_to_device"));

            let counter = u16::try_from(vector["counter"].as_u64().unwrap()).unwrap();
            let nonce = octets(&vector, "nonce_up").try_into().unwrap();
            let plaintext = octets(&vector, "plaintext_up");
            let header = header(0x11, device, 0, counter);
            let envelope = seal_with(&phone.up, header, &nonce, &plaintext);
            assert_eq!(frame(&envelope), vector["frame_up"]);
            assert_eq!(find_frame(&frame(&envelope)).unwrap(), envelope);
            assert_eq!(digest(&envelope).to_vec(), octets(&vector, "digest"));

            phone.waiting.push(Message {
                counter,
                action: 1,
                claimed_at: 0,
                note: String::new(),
                text: String::new(),
                digest: digest(&envelope),
                resealed: 2,
            });
            let answer = vector["frame_down"].as_str().unwrap();
            let status = u8::try_from(vector["status"].as_u64().unwrap()).unwrap();
            let expected = match status {
                0 => Heard::Receipt(counter),
                _ => Heard::Refusal {
                    counter,
                    status,
                    again: None,
                },
            };
            assert_eq!(phone.hear(answer), expected);
            assert_eq!(phone.hear(answer), Heard::Again);
        }
    }

    #[test]
    fn the_old_phone_agrees_with_the_vectors() {
        for vector in vectors("legacy") {
            let mut phone = OldPhone::default();
            let sent = phone.send(vector["plaintext"].as_str().unwrap());
            assert_eq!(sent, vector["frame_up"]);
            assert!(!phone.hear(&sent));
            let receipt = vector["frame_down"].as_str().unwrap();
            assert!(phone.hear(&receipt.replace('$', "\u{2}")));
            assert_eq!(phone.held.len(), 1);
        }
    }

    #[test]
    fn a_phone_ignores_an_answer_to_somebody_else() {
        let mut phone = Phone::new(5, &[9; 32], "");
        phone.check_in(1, 1_795_161_600, "door");
        let answer = vectors("hz1")[0]["frame_down"].as_str().unwrap().to_owned();
        assert_eq!(phone.hear(&answer), Heard::Ignored("another header"));
        phone.device = 7;
        assert_eq!(phone.hear(&answer), Heard::Ignored("wrong tag"));
        assert_eq!(phone.hear("on my way"), Heard::Ignored("no frame"));
        assert_eq!(phone.waiting.len(), 1);
    }
}
