//! Vectors that others published, through the very functions that open and seal here. `tests/vectors/README.md` says where they
//! are from.

use serde_json::Value;

use super::aead::{self, NONCE_OCTETS};
use super::{envelope, hex, keys};

const CHACHA20_POLY1305: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/vectors/chacha20_poly1305.json"
));
const BLAKE3: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/vectors/blake3.json"
));

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn octets(case: &Value, name: &str) -> Vec<u8> {
    let pairs = text(case, name).as_bytes().chunks(2);
    let octet = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(octet).collect()
}

#[test]
fn wycheproof_opens_what_is_valid_and_nothing_else() {
    let all: Value = serde_json::from_str(CHACHA20_POLY1305).unwrap();
    let cases = all["tests"].as_array().unwrap();
    let (mut valid, mut forged, mut other_nonce) = (0, 0, 0);
    for case in cases {
        let id = &case["tcId"];
        let key: [u8; 32] = hex::decode(text(case, "key")).unwrap();
        let Ok(nonce) = <[u8; NONCE_OCTETS]>::try_from(octets(case, "iv")) else {
            // The type of a nonce leaves no room for it.
            assert_eq!(case["flags"][0], "InvalidNonceSize", "{id}");
            other_nonce += 1;
            continue;
        };
        let (associated, plaintext) = (octets(case, "aad"), octets(case, "msg"));
        let sealed = [octets(case, "ct"), octets(case, "tag")].concat();
        let opened = aead::open(&key, &nonce, &associated, &sealed);
        let right = aead::seal(&key, &nonce, &associated, &plaintext);
        if text(case, "result") == "valid" {
            assert_eq!(opened.unwrap().as_slice(), plaintext, "{id}");
            assert_eq!(right, sealed, "{id}");
            valid += 1;
        } else {
            assert!(opened.is_none(), "{id}");
            assert_ne!(right, sealed, "{id}");
            forged += 1;
        }
    }
    assert_eq!((valid, forged, other_nonce), (256, 60, 9));
    assert_eq!(all["numberOfTests"], cases.len());
}

#[test]
fn blake3_hashes_and_derives_as_published() {
    let all: Value = serde_json::from_str(BLAKE3).unwrap();
    let cases = all["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 35);
    for case in cases {
        let length: usize = case["input_len"].as_u64().unwrap().try_into().unwrap();
        let all_octets = (0..=250_u8).cycle();
        let input: Vec<u8> = all_octets.take(length).collect();
        let digest = envelope::digest(&input);
        assert_eq!(digest.0, octets(case, "hash")[..16], "{length}");
        let derived = keys::derived(text(&all, "context_string"), &input);
        assert_eq!(derived.octets(), &*octets(case, "derive_key"), "{length}");
    }
}
