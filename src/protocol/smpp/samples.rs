//! PDUs for the tests of this module, written as octets so that no encoder judges itself.

/// Reads hexadecimal digits and 'text'; blanks only part them.
pub(super) fn octets(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for (at, part) in text.split('\'').enumerate() {
        if at % 2 == 1 {
            octets.extend_from_slice(part.as_bytes());
            continue;
        }
        let digits: Vec<u8> = part.bytes().filter(u8::is_ascii_hexdigit).collect();
        for pair in digits.chunks(2) {
            let pair = std::str::from_utf8(pair).unwrap();
            octets.push(u8::from_str_radix(pair, 16).unwrap());
        }
    }
    octets
}

/// A PDU with the right length in front.
pub(super) fn pdu(command_id: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let header = [length, command_id, status, sequence].map(u32::to_be_bytes);
    [&header.concat(), body].concat()
}

/// The body of a deliver_sm from 0912 to 11 with this `esm_class`, text and TLVs.
pub(super) fn deliver_body(esm_class: u8, text: &[u8], tlvs: &[u8]) -> Vec<u8> {
    let mut body = octets("00 00 00 '0912' 00 01 01 '11' 00");
    body.push(esm_class);
    body.extend(octets("00 00 00 00 00 00 00 00"));
    body.push(u8::try_from(text.len()).unwrap());
    body.extend_from_slice(text);
    body.extend_from_slice(tlvs);
    body
}

/// A TLV with the right length.
pub(super) fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&tag.to_be_bytes(), &length.to_be_bytes(), value].concat()
}
