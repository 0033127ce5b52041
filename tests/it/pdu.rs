//! The few PDUs that a small SMSC needs, as octets.
//!
//! ```text
//! offset  octets  meaning                     big-endian
//! 0       4       command_length
//! 4       4       command_id
//! 8       4       command_status
//! 12      4       sequence_number
//! 16      n       body
//! ```

use super::smsc::Sms;

pub(crate) const SUBMIT_SM: u32 = 0x0000_0004;
pub(crate) const SUBMIT_SM_RESP: u32 = 0x8000_0004;
pub(crate) const DELIVER_SM: u32 = 0x0000_0005;
pub(crate) const DELIVER_SM_RESP: u32 = 0x8000_0005;
pub(crate) const UNBIND: u32 = 0x0000_0006;
pub(crate) const UNBIND_RESP: u32 = 0x8000_0006;
pub(crate) const BIND_TRANSCEIVER: u32 = 0x0000_0009;
pub(crate) const BIND_TRANSCEIVER_RESP: u32 = 0x8000_0009;
pub(crate) const ENQUIRE_LINK: u32 = 0x0000_0015;
pub(crate) const ENQUIRE_LINK_RESP: u32 = 0x8000_0015;

/// A PDU.
#[derive(Debug)]
pub(crate) struct Pdu {
    /// `command_id`.
    pub(crate) command: u32,
    /// `command_status`.
    pub(crate) status: u32,
    /// `sequence_number`.
    pub(crate) sequence: u32,
    /// What follows the header.
    pub(crate) body: Vec<u8>,
}

/// An address on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    /// Type of number.
    pub(crate) ton: u8,
    /// Numbering plan indicator.
    pub(crate) npi: u8,
    /// The octets without NUL.
    pub(crate) octets: Vec<u8>,
}

impl Address {
    /// An address of type `ton` and plan `npi`.
    pub(crate) fn new(ton: u8, npi: u8, text: &str) -> Self {
        Self {
            ton,
            npi,
            octets: text.as_bytes().to_vec(),
        }
    }

    /// An international number.
    pub(crate) fn number(text: &str) -> Self {
        Self::new(1, 1, text)
    }

    /// A name of letters.
    pub(crate) fn name(text: &str) -> Self {
        Self::new(5, 0, text)
    }

    /// The octets as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }
}

/// What a submit_sm said.
#[derive(Clone, Debug)]
pub(crate) struct Submitted {
    /// From which number.
    pub(crate) from: Address,
    /// To whom.
    pub(crate) to: Address,
    /// `esm_class`.
    pub(crate) esm_class: u8,
    /// `registered_delivery`.
    pub(crate) registered_delivery: u8,
    /// `data_coding`.
    pub(crate) data_coding: u8,
    /// User data.
    pub(crate) body: Vec<u8>,
}

impl Submitted {
    /// The user data as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Reads a big-endian number.
pub(crate) fn number(octets: &[u8]) -> u32 {
    octets
        .iter()
        .fold(0, |all, &octet| all << 8 | u32::from(octet))
}

/// Puts a header in front of a body.
pub(crate) fn encode(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("a PDU is short");
    let header = [length, command, status, sequence];
    let mut octets: Vec<u8> = header.into_iter().flat_map(u32::to_be_bytes).collect();
    octets.extend_from_slice(body);
    octets
}

/// A deliver_sm; user data over 254 octets goes as `message_payload`.
pub(crate) fn deliver_sm(sequence: u32, sms: &Sms, to: &str) -> Vec<u8> {
    let mut body = vec![0];
    put_address(&mut body, &sms.from);
    put_address(&mut body, &Address::number(to));
    body.extend([sms.esm_class, 0, 0, 0, 0, 0, 0, sms.data_coding, 0]);
    match u8::try_from(sms.body.len()) {
        Ok(length) if length < 255 => {
            body.push(length);
            body.extend_from_slice(&sms.body);
        }
        Ok(_) | Err(_) => {
            let length = u16::try_from(sms.body.len()).expect("user data is under 64 KiB");
            body.extend([0, 0x04, 0x24]);
            body.extend(length.to_be_bytes());
            body.extend_from_slice(&sms.body);
        }
    }
    encode(DELIVER_SM, 0, sequence, &body)
}

fn put_address(body: &mut Vec<u8>, address: &Address) {
    body.extend([address.ton, address.npi]);
    body.extend_from_slice(&address.octets);
    body.push(0);
}

/// Reads the body of a submit_sm.
pub(crate) fn read_submit(body: &[u8]) -> Submitted {
    let mut fields = Fields::new(body);
    let _service_type = fields.text();
    let from = fields.address();
    let to = fields.address();
    let esm_class = fields.octet();
    let _protocol_id = fields.octet();
    let _priority = fields.octet();
    let _schedule = fields.text();
    let _validity = fields.text();
    let registered_delivery = fields.octet();
    let _replace = fields.octet();
    let data_coding = fields.octet();
    let _default_message = fields.octet();
    let length = usize::from(fields.octet());
    Submitted {
        from,
        to,
        esm_class,
        registered_delivery,
        data_coding,
        body: fields.octets(length),
    }
}

/// Reads fields one after another; what is missing reads as zero or empty.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Begins at the first octet.
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// One octet.
    pub(crate) fn octet(&mut self) -> u8 {
        self.octets(1).first().copied().unwrap_or(0)
    }

    /// So many octets, or what there is.
    pub(crate) fn octets(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken.to_vec()
    }

    /// Octets up to a NUL.
    pub(crate) fn text(&mut self) -> Vec<u8> {
        let end = self.rest.iter().position(|&octet| octet == 0);
        let text = self.octets(end.unwrap_or(self.rest.len()));
        let _nul = self.octet();
        text
    }

    fn address(&mut self) -> Address {
        Address {
            ton: self.octet(),
            npi: self.octet(),
            octets: self.text(),
        }
    }
}
