//! Sealed messages, and what else is opened with a key.

use hazir::domain::{Counter, DeviceId};
use hazir::protocol::{
    Answer, Attendance, Header, KeyText, Kind, MessageKey, Padding, StoreKey, envelope,
};

use super::choice;

/// What opens is to the octet what whoever holds the key seals: an input by itself, and a sealed message that the input says
/// how to change. The fuzzer sees what tags are compared with, and makes up sealed messages by that. What is read of a
/// content is written the same.
pub fn run(octets: &[u8]) {
    let key = MessageKey::from_octets([0x5A; 32]);
    assert!(is_sealed_or_shut(&key, octets), "a forgery opened");
    changed(&key, octets);
    if let Ok(header) = Header::parse(octets) {
        assert_eq!(octets[0], 0x10 | header.kind.number());
        assert_eq!(octets[1..5], header.device.0.to_be_bytes());
        assert_eq!(octets[5], 0);
        assert_eq!(octets[6..8], header.counter.0.to_be_bytes());
    }
    contents(octets);
    let store_key = StoreKey::from_octets([0x5A; 32]);
    if let (Ok(root), Some(nonce)) = (store_key.open(DeviceId(7), octets), octets.first_chunk()) {
        let sealed = store_key.seal(DeviceId(7), *nonce, &root);
        assert_eq!(sealed, octets, "another key opened");
    }
    if let (true, Some(nonce)) = (store_key.verify(octets), octets.first_chunk()) {
        assert_eq!(store_key.check(*nonce), octets, "another check was taken");
    }
    if let Some(Ok(key)) = std::str::from_utf8(octets).ok().map(KeyText::parse) {
        let text = String::from_utf8_lossy(octets);
        assert_eq!(*key.encode(), text.trim());
    }
}

/// Two octets a change: where, and which bits; at the end it is cut or grows.
fn changed(key: &MessageKey, octets: &[u8]) {
    let (length, rest) = choice(octets);
    let (counter, rest) = choice(rest);
    let (plaintext, changes) = rest.split_at(usize::from(length % 66).min(rest.len()));
    let header = Header {
        kind: Kind::ATTENDANCE,
        device: DeviceId(0x0102_0304),
        counter: Counter(counter.into()),
    };
    let sealed = envelope::seal(key, header, [counter; 12], plaintext);
    let mut other = sealed.clone();
    for change in changes.chunks(2) {
        match *change {
            [at, bits] if usize::from(at) < other.len() => other[usize::from(at)] ^= bits,
            [at, bits] if bits < 0x80 => other.truncate(usize::from(at)),
            _ => other.extend_from_slice(change),
        }
    }
    let opened = envelope::open(key, &other);
    if other == sealed {
        assert_eq!(opened.map(|text| text.to_vec()), Ok(plaintext.to_vec()));
    } else {
        assert!(is_sealed_or_shut(key, &other), "a changed message opened");
    }
}

/// Whether an envelope does not open, or is what sealing its own content makes.
fn is_sealed_or_shut(key: &MessageKey, octets: &[u8]) -> bool {
    let Ok(plaintext) = envelope::open(key, octets) else {
        return true;
    };
    let header = Header::parse(octets).expect("it opened");
    let nonce = octets[8..].first_chunk().expect("it opened");
    envelope::seal(key, header, *nonce, &plaintext) == octets
}

fn contents(octets: &[u8]) {
    if let Ok(attendance) = Attendance::decode(octets) {
        for padding in [Padding::None, Padding::Phone] {
            let again = attendance.encode(padding).expect("its note is short");
            assert_eq!(Attendance::decode(&again), Ok(attendance.clone()));
        }
        let bare = attendance.encode(Padding::None).expect("its note is short");
        assert_eq!(bare, octets[..bare.len()]);
        assert!(octets[bare.len()..].iter().all(|octet| *octet == 0));
    }
    if let Ok(answer) = Answer::decode(octets) {
        assert_eq!(answer.encode(), octets);
    }
}
