//! What a forger makes of a message: none of it may be taken.

use hazir::protocol::frame;

use super::super::draws::Draws;
use super::desk::{ATTENDANCE, Desk, head, seal};

/// A mobile number of the desk's country that is on no card.
pub(super) const STRANGER: &str = "+989350000001";
/// A number that no answer goes to, whatever came from it.
pub(super) const ABROAD: &str = "+905321234588";
/// The characters of a frame's inside.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Bits beyond the head that are flipped before the whole engine; before the opener all are.
const BITS: usize = 40;
/// Edits of a frame's characters.
const EDITS: usize = 40;

/// A message that nobody with the right key made.
pub(super) struct Forged {
    /// What was done.
    pub(super) how: String,
    /// The user data.
    pub(super) body: Vec<u8>,
}

/// All forms for a check-in of `victim` that its phone sealed and did not send.
pub(super) fn of(desk: &mut Desk, victim: usize, envelope: &[u8]) -> Vec<Forged> {
    let mut all = Vec::new();
    let mut put = |how: String, envelope: &[u8]| {
        let body = frame::encode(envelope).into_bytes();
        all.push(Forged { how, body });
    };
    let head_bits = 0..64;
    let drawn: Vec<usize> = (0..BITS)
        .map(|_| 64 + desk.draws.place((envelope.len() - 8) * 8))
        .collect();
    for bit in head_bits.chain(drawn) {
        put(format!("bit {bit}"), &flipped(envelope, bit));
    }
    for length in 0..envelope.len() {
        put(format!("cut to {length}"), &envelope[..length]);
    }
    for more in [1, 2, 3, 16, 60] {
        let tail: [u8; 60] = desk.draws.octets();
        let longer = [envelope, &tail[..more]].concat();
        put(format!("{more} more"), &longer);
    }
    let own = desk.phone(victim).device;
    for other in desk.people.iter().filter_map(|one| one.phone.as_ref()) {
        if other.device != own {
            let mut swapped = envelope.to_vec();
            swapped[1..5].copy_from_slice(&other.device.0.to_be_bytes());
            put("another device".to_owned(), &swapped);
        }
    }
    for (how, sealed) in with_other_keys(desk, victim) {
        put(how, &sealed);
    }
    for (how, sealed) in with_other_heads(desk, victim) {
        put(how, &sealed);
    }
    for answer in desk.people.iter().filter_map(|one| one.phone.as_ref()) {
        for answer in &answer.answers {
            put("an answer sent back".to_owned(), answer);
            let mut turned = answer.clone();
            turned[0] = ATTENDANCE;
            put("an answer as a check-in".to_owned(), &turned);
        }
    }
    all.extend(edited(&mut desk.draws, envelope));
    all.push(Forged {
        how: "without a frame".to_owned(),
        body: envelope.to_vec(),
    });
    all
}

/// Sealed under the victim's device number with every key but the right one.
fn with_other_keys(desk: &mut Desk, victim: usize) -> Vec<(String, Vec<u8>)> {
    let plaintext = desk.plaintext();
    let nonce = desk.draws.octets();
    let other_office: [u8; 32] = desk.draws.octets();
    let phone = desk.phone(victim);
    let head = head(ATTENDANCE, phone.device, 0, phone.counter + 1);
    let mut keys = vec![
        ("the answer key".to_owned(), *phone.keys.to_device.octets()),
        ("the root key".to_owned(), phone.root),
        ("another office's key".to_owned(), other_office),
        ("zeros".to_owned(), [0; 32]),
    ];
    let others = desk.people.iter().filter_map(|one| one.phone.as_ref());
    for other in others.filter(|other| other.device != phone.device) {
        let of = other.device;
        keys.push((format!("the key of {of}"), *other.keys.to_desk.octets()));
        keys.push((format!("answers' of {of}"), *other.keys.to_device.octets()));
    }
    let sealed = |(how, key)| (how, seal(&key, head, nonce, &plaintext));
    keys.into_iter().map(sealed).collect()
}

/// Sealed with the right key by somebody who is of another version or epoch: what those mean is not defined.
fn with_other_heads(desk: &mut Desk, victim: usize) -> Vec<(String, Vec<u8>)> {
    let plaintext = desk.plaintext();
    let nonce = desk.draws.octets();
    let epoch = 1 + u8::try_from(desk.draws.below(255)).expect("it is small");
    let phone = desk.phone(victim);
    let key = phone.keys.to_desk.octets();
    let counter = phone.counter + 1;
    let versions = (0..16).filter(|version| *version != 1);
    let versions = versions.map(|version| (version << 4 | 1, 0));
    let heads = versions.chain([(ATTENDANCE, epoch), (ATTENDANCE, 1)]);
    let sealed = |(first, epoch)| {
        let head = head(first, phone.device, epoch, counter);
        let how = format!("first {first:#04x}, epoch {epoch}");
        (how, seal(key, head, nonce, &plaintext))
    };
    heads.map(sealed).collect()
}

/// The frame with single characters changed, left out, put in or swapped.
fn edited(draws: &mut Draws, envelope: &[u8]) -> Vec<Forged> {
    let whole = frame::encode(envelope).into_bytes();
    let mut all = Vec::new();
    while all.len() < EDITS {
        let mut body = whole.clone();
        let at = draws.place(body.len());
        let how = match draws.below(5) {
            0 => {
                body[at] = BASE64[draws.place(64)];
                "another character"
            }
            1 => {
                body.remove(at);
                "a character less"
            }
            2 => {
                body.insert(at, BASE64[draws.place(64)]);
                "a character more"
            }
            3 => {
                let next = (at + 1).min(body.len() - 1);
                body.swap(at, next);
                "two characters swapped"
            }
            _ => {
                body.truncate(at);
                "cut"
            }
        };
        // What is around a frame is not its matter, and a character may take its own place.
        if frame::find(&body).is_none_or(|found| found != envelope) {
            let how = format!("{how} at {at}");
            all.push(Forged { how, body });
        }
    }
    all
}

/// An envelope with one bit turned.
pub(super) fn flipped(envelope: &[u8], bit: usize) -> Vec<u8> {
    let mut changed = envelope.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}
