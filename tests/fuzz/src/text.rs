//! The ways in which user data can be read as text.

use hazir::protocol::envelope::SHORTEST_OCTETS;
use hazir::protocol::{frame, gsm, text};

use super::choice;

/// Texts are no longer than their octets allow. Septets come back from any alignment. A frame is found in every reading, and
/// parts are joined to nothing but their octets or their septets.
pub fn run(octets: &[u8]) {
    let (data_coding, rest) = choice(octets);
    let (at, body) = choice(rest);
    shown(body, data_coding);
    septets(body, usize::from(at));
    joined(body, data_coding, usize::from(at));
    for found in [
        text::find_envelope(body, data_coding),
        text::find_binary_envelope(body, data_coding),
    ] {
        assert!(found.is_none_or(|envelope| envelope.len() >= SHORTEST_OCTETS));
    }
    if body.len() >= SHORTEST_OCTETS {
        found_in_every_reading(body, data_coding);
    }
}

fn shown(body: &[u8], data_coding: u8) {
    // Two hexadecimal digits an octet, or eight septets for seven.
    let shown = text::display_text(body, data_coding);
    assert!(shown.chars().count() <= body.len() * 2);
}

fn septets(body: &[u8], fill_bits: usize) {
    let septets: Vec<u8> = body.iter().map(|octet| octet & 0x7F).collect();
    let packed = gsm::pack(&septets);
    assert_eq!(packed.len(), (septets.len() * 7).div_ceil(8));
    let back = gsm::unpack(&packed, 0);
    let (text, spare) = back.split_at(septets.len());
    assert_eq!(text, septets);
    assert!(matches!(spare, [] | [0]));
    assert!(
        gsm::unpack(body, fill_bits)
            .iter()
            .all(|septet| *septet < 0x80)
    );
    let decoded = gsm::decode(body);
    assert!(decoded.chars().count() <= body.len());
    if let Some(encoded) = gsm::encode(&decoded) {
        assert_eq!(gsm::decode(&encoded), decoded);
    }
}

fn joined(body: &[u8], data_coding: u8, at: usize) {
    let (one, two) = body.split_at(at.min(body.len()));
    let whole = text::join(&[one, two], data_coding);
    if whole != body {
        assert_eq!(text::find_envelope(body, data_coding), None);
        let as_septets = |fill_bits| gsm::unpack_parts([one, two].into_iter(), fill_bits);
        assert!((0..7).any(|fill_bits| whole == as_septets(fill_bits)));
    }
}

fn found_in_every_reading(envelope: &[u8], data_coding: u8) {
    let framed = frame::encode(envelope);
    let wide: Vec<u8> = framed.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let packed = gsm::pack(framed.as_bytes());
    for body in [framed.as_bytes(), &wide, &packed] {
        let found = text::find_envelope(body, data_coding);
        assert_eq!(found.as_deref(), Some(envelope));
    }
}
