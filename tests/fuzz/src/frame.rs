//! The frame that carries an envelope as text.

use hazir::protocol::envelope::SHORTEST_OCTETS;
use hazir::protocol::frame;

/// What is found is an envelope whose frame stands in the text. A frame of any envelope is found behind any text.
pub fn run(octets: &[u8]) {
    if let Some(envelope) = frame::find(octets) {
        assert!(envelope.len() >= SHORTEST_OCTETS);
        let written = frame::encode(&envelope);
        let bare: Vec<u8> = octets
            .iter()
            .copied()
            .filter(|octet| !octet.is_ascii_whitespace() || *octet == 0x0C)
            .collect();
        assert!(
            bare.windows(written.len())
                .any(|part| part == written.as_bytes()),
            "a frame that is not there"
        );
        assert_eq!(frame::find(&written), Some(envelope));
    }
    if octets.len() >= SHORTEST_OCTETS {
        let (before, envelope) = octets.split_at(octets.len() - SHORTEST_OCTETS);
        let before: Vec<u8> = before
            .iter()
            .copied()
            .filter(|octet| *octet != b'.')
            .collect();
        let text = [&before, frame::encode(envelope).as_bytes(), octets].concat();
        assert_eq!(frame::find(text).as_deref(), Some(envelope));
    }
}
