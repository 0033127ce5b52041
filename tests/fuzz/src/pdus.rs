//! The frame splitter, and the two readers of a deliver_sm.

use hazir::protocol::smpp::MAX_PDU_OCTETS;
use hazir::protocol::smpp::for_tests::{Cut, Cutter, compare_readers};

use super::choice;

/// A stream is cut where its lengths say, however it comes in; less than a PDU is held. Where the strict reader takes a body,
/// the lenient one reads the same.
pub fn run(octets: &[u8]) {
    let (step, stream) = choice(octets);
    let step = usize::from(step) + 1;
    let (pdus, end) = naively(stream);
    let mut cutter = Cutter::default();
    let mut cut = Vec::new();
    let mut last = Cut::Half;
    for piece in stream.chunks(step) {
        cutter.push(piece);
        loop {
            last = cutter.pop();
            let Cut::Pdu(pdu) = &last else { break };
            cut.push(pdu.to_vec());
        }
        if last == Cut::WrongLength {
            break;
        }
        assert!(cutter.held_octets() < MAX_PDU_OCTETS);
    }
    assert_eq!(cut, pdus);
    assert_eq!(last, end);
    let bodies = pdus.iter().map(|pdu| &pdu[16..]);
    for body in bodies.chain([stream]) {
        if let Err(difference) = compare_readers(body) {
            panic!("{difference}");
        }
    }
}

/// The PDUs of a whole stream, and what stands behind them.
fn naively(mut stream: &[u8]) -> (Vec<Vec<u8>>, Cut) {
    let mut pdus = Vec::new();
    loop {
        let [a, b, c, d, ..] = *stream else {
            return (pdus, Cut::Half);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if !(16..=MAX_PDU_OCTETS).contains(&length) {
            return (pdus, Cut::WrongLength);
        }
        if stream.len() < length {
            return (pdus, Cut::Half);
        }
        pdus.push(stream[..length].to_vec());
        stream = &stream[length..];
    }
}
