use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::Zeroizing;

/// Octets of a nonce.
pub(super) const NONCE_OCTETS: usize = 12;
/// Octets of a tag.
pub(super) const TAG_OCTETS: usize = 16;

/// Seals `plaintext`: ciphertext of the same length, then the tag.
///
/// Source: RFC 8439 section 2.8.
pub(super) fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_OCTETS],
    associated: &[u8],
    plaintext: &[u8],
) -> Vec<u8> {
    let payload = Payload {
        msg: plaintext,
        aad: associated,
    };
    ChaCha20Poly1305::new(key.into())
        .encrypt(<&Nonce>::from(nonce), payload)
        .expect("only a plaintext over 256 GiB cannot be sealed")
}

/// Opens what [`seal`] made; `None` where the tag is wrong or missing.
///
/// Source: RFC 8439 section 2.8.
pub(super) fn open(
    key: &[u8; 32],
    nonce: &[u8; NONCE_OCTETS],
    associated: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload {
        msg: sealed,
        aad: associated,
    };
    let opened = ChaCha20Poly1305::new(key.into()).decrypt(<&Nonce>::from(nonce), payload);
    opened.ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    #[test]
    fn the_example_of_rfc_8439_section_2_8_2_holds() {
        let key: [u8; 32] = std::array::from_fn(|at| 0x80 + u8::try_from(at).unwrap());
        let nonce: [u8; 12] = hex::decode("070000004041424344454647").unwrap();
        let associated: [u8; 12] = hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let plaintext =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
            for the future, sunscreen would be it.";
        let expected = concat!(
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6",
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36",
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc",
            "3ff4def08e4b7a9de576d26586cec64b6116",
            "1ae10b594f09e26a7e902ecbd0600691",
        );
        let sealed = seal(&key, &nonce, &associated, plaintext);
        assert_eq!(hex::encode(&sealed), expected);
        let opened = open(&key, &nonce, &associated, &sealed).unwrap();
        assert_eq!(opened.as_slice(), plaintext);
        assert!(open(&key, &nonce, &associated[1..], &sealed).is_none());
        assert!(open(&key, &nonce, &associated, &sealed[..TAG_OCTETS - 1]).is_none());
    }
}
