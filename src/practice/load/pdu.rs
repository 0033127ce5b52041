//! PDUs by hand: whole ones are kept as templates in which a few octets change, and of what comes only the octets that
//! are needed are read. SMPP 3.4 sections 3.2 and 4.
//!
//! ```text
//! offset  octets  meaning                   big-endian
//! 0       4       command_length
//! 4       4       command_id
//! 8       4       command_status
//! 12      4       sequence_number
//! ```

use crate::domain::Address;

/// Octets of a PDU's header.
pub(super) const HEADER_OCTETS: usize = 16;
/// The longest PDU that is taken: none of the desk's comes near it.
const LONGEST_OCTETS: usize = 8_192;

pub(super) const GENERIC_NACK: u32 = 0x8000_0000;
pub(super) const BIND_TRANSCEIVER: u32 = 0x0000_0009;
pub(super) const SUBMIT_SM: u32 = 0x0000_0004;
pub(super) const DELIVER_SM: u32 = 0x0000_0005;
pub(super) const UNBIND: u32 = 0x0000_0006;
pub(super) const ENQUIRE_LINK: u32 = 0x0000_0015;
/// What the command_id of a response has over that of its request.
pub(super) const RESPONSE: u32 = 0x8000_0000;

/// What the header of a PDU says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) command: u32,
    pub(super) status: u32,
    pub(super) sequence: u32,
}

/// What stands at the beginning of octets that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A whole PDU, with its body.
    Pdu(Head, &'a [u8]),
    /// The rest of it has not come yet.
    Part,
    /// A length that none of the desk's PDUs has.
    Broken,
}

/// Reads the first PDU of `octets`.
pub(super) fn next(octets: &[u8]) -> Next<'_> {
    let Some((length, _)) = octets.split_first_chunk() else {
        return Next::Part;
    };
    let length = u32::from_be_bytes(*length) as usize;
    if !(HEADER_OCTETS..=LONGEST_OCTETS).contains(&length) {
        return Next::Broken;
    }
    let Some(pdu) = octets.get(..length) else {
        return Next::Part;
    };
    let (head, body) = pdu.split_at(HEADER_OCTETS);
    let head = Head {
        command: word(head, 4),
        status: word(head, 8),
        sequence: word(head, 12),
    };
    Next::Pdu(head, body)
}

fn word(octets: &[u8], at: usize) -> u32 {
    let word = octets.get(at..at + 4).and_then(|it| it.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

/// Appends a PDU.
pub(super) fn put(output: &mut Vec<u8>, head: Head, body: &[u8]) {
    let length = HEADER_OCTETS + body.len();
    output.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    output.extend(head.command.to_be_bytes());
    output.extend(head.status.to_be_bytes());
    output.extend(head.sequence.to_be_bytes());
    output.extend(body);
}

/// Appends the submit_sm_resp that takes a message, under the name `message`.
pub(super) fn put_taken(output: &mut Vec<u8>, sequence: u32, message: u32) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut name = [0; 9];
    for (place, digit) in name[..8].iter_mut().enumerate() {
        let nibble = message >> (28 - 4 * place) & 0xF;
        *digit = DIGITS[nibble as usize];
    }
    let head = Head {
        command: SUBMIT_SM | RESPONSE,
        status: 0,
        sequence,
    };
    put(output, head, &name);
}

/// The deliver_sm of one phone, in which only sequence number and text change.
#[derive(Clone, Debug)]
pub(super) struct DeliverSm(Vec<u8>);

impl DeliverSm {
    /// The deliver_sm of a text from `source` to `destination`, `data_coding` 0.
    pub(super) fn new(source: &Address, destination: &Address) -> Self {
        // service_type is empty.
        let mut body = vec![0];
        for address in [source, destination] {
            body.extend([address.ton, address.npi]);
            body.extend(&address.octets);
            body.push(0);
        }
        // esm_class, protocol_id, priority_flag, two empty times, registered_delivery, replace_if_present_flag,
        // data_coding, sm_default_msg_id.
        body.extend([0; 9]);
        let head = Head {
            command: DELIVER_SM,
            status: 0,
            sequence: 0,
        };
        let mut whole = Vec::with_capacity(HEADER_OCTETS + body.len());
        put(&mut whole, head, &body);
        Self(whole)
    }

    /// Appends it with this sequence number and text, which has at most 254 octets.
    pub(super) fn put(&self, output: &mut Vec<u8>, sequence: u32, text: &[u8]) {
        let from = output.len();
        let length = self.0.len() + 1 + text.len();
        output.extend_from_slice(&self.0);
        output.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        output.extend_from_slice(text);
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        output[from..from + 4].copy_from_slice(&length.to_be_bytes());
        output[from + 12..from + 16].copy_from_slice(&sequence.to_be_bytes());
    }
}

/// The short_message of a submit_sm's body; `None` where it is no such body.
pub(super) fn short_message(body: &[u8]) -> Option<&[u8]> {
    // service_type; ton, npi and address of both; esm_class, protocol_id, priority_flag; two times; and four more.
    let mut rest = after_text(body)?;
    rest = after_text(rest.get(2..)?)?;
    rest = after_text(rest.get(2..)?)?;
    rest = after_text(after_text(rest.get(3..)?)?)?;
    let (length, text) = rest.get(4..)?.split_first()?;
    text.get(..usize::from(*length))
}

fn after_text(octets: &[u8]) -> Option<&[u8]> {
    let end = octets.iter().position(|octet| *octet == 0)?;
    octets.get(end + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(command: u32, sequence: u32) -> Head {
        Head {
            command,
            status: 0,
            sequence,
        }
    }

    #[test]
    fn pdus_are_cut_by_their_length() {
        let mut octets = Vec::new();
        put(&mut octets, head(ENQUIRE_LINK, 7), &[]);
        put_taken(&mut octets, 8, 0x1A);
        assert_eq!(next(&octets), Next::Pdu(head(ENQUIRE_LINK, 7), &[]));
        let taken = head(SUBMIT_SM | RESPONSE, 8);
        assert_eq!(next(&octets[16..]), Next::Pdu(taken, b"0000001A\0"));
        for length in 0..16 {
            assert_eq!(next(&octets[..length]), Next::Part, "{length}");
        }
        for length in [0_u32, 15, 8_193] {
            assert_eq!(next(&length.to_be_bytes()), Next::Broken, "{length}");
        }
    }

    #[test]
    fn a_text_is_found_where_it_was_put() {
        let template = DeliverSm::new(
            &Address::international("+447700900001"),
            &Address::international("+443069990000"),
        );
        let mut octets = Vec::new();
        template.put(&mut octets, 9, b"hello");
        let Next::Pdu(head, body) = next(&octets) else {
            panic!("{octets:?}")
        };
        assert_eq!((head.command, head.sequence), (DELIVER_SM, 9));
        // Both bodies have the same fields.
        assert_eq!(short_message(body), Some(&b"hello"[..]));
        for length in 0..body.len() {
            assert_eq!(short_message(&body[..length]), None, "{length}");
        }
    }
}
