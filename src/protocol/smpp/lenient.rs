//! Reads a deliver_sm or data_sm as far as it can be read, and never over its end.
//!
//! ```text
//! deliver_sm: service_type z · source ton 1, npi 1, address z · destination ton 1, npi 1, address z
//!   · esm_class 1 · protocol_id 1 · priority_flag 1 · schedule_delivery_time z · validity_period z
//!   · registered_delivery 1 · replace_if_present_flag 1 · data_coding 1 · sm_default_msg_id 1
//!   · sm_length 1 · short_message sm_length · TLVs
//! data_sm:    service_type z · source · destination · esm_class 1 · registered_delivery 1
//!   · data_coding 1 · TLVs
//! TLV:        tag 2 · length 2, big-endian · value
//! z: octets up to and with a NUL, of any number and of any kind
//! ```
//!
//! Source: SMPP 3.4 sections 4.1.1, 4.4.1, 4.6.1 and 4.7.1.

use bytes::Bytes;

use super::deliver::{Delivery, Segment};
use crate::domain::Address;

const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
const SAR_MSG_REF_NUM: u16 = 0x020c;
const SAR_TOTAL_SEGMENTS: u16 = 0x020e;
const SAR_SEGMENT_SEQNUM: u16 = 0x020f;
const MESSAGE_PAYLOAD: u16 = 0x0424;
const MESSAGE_STATE: u16 = 0x0427;

/// Octets of the shortest TLV.
const TLV_OCTETS: usize = 4;

pub(super) fn deliver_sm(body: &[u8]) -> Delivery {
    // Where it ran out nobody can say which of these octets the text is, so all of them are kept.
    let (mut delivery, is_whole) = message(body);
    if !is_whole {
        delivery.octets = Bytes::copy_from_slice(body);
    }
    delivery
}

/// Reads a submit_sm, which is laid out as a deliver_sm; `None` where its mandatory part ran out.
pub(super) fn submit_sm(body: &[u8]) -> Option<Delivery> {
    let (submission, is_whole) = message(body);
    is_whole.then_some(submission)
}

/// The `system_id` and the password of a bind, as far as they are there.
///
/// ```text
/// bind: system_id z · password z · system_type z · interface_version 1 · addr_ton 1 · addr_npi 1
///   · address_range z
/// ```
pub(super) fn bind(body: &[u8]) -> (&[u8], &[u8]) {
    let mut cursor = Cursor::new(body);
    (cursor.c_string(), cursor.c_string())
}

/// Reads a deliver_sm or submit_sm, and says whether it is whole; where it ran out, its addresses alone are read.
fn message(body: &[u8]) -> (Delivery, bool) {
    let mut cursor = Cursor::new(body);
    cursor.c_string();
    let source = cursor.address();
    let destination = cursor.address();
    let esm_class = cursor.octet();
    cursor.octet();
    cursor.octet();
    cursor.c_string();
    cursor.c_string();
    let receipt_wish = cursor.octet();
    cursor.octet();
    let data_coding = cursor.octet();
    cursor.octet();
    let sm_length = usize::from(cursor.octet());
    if cursor.ran_out {
        let delivery = Delivery {
            source,
            destination,
            ..Delivery::default()
        };
        return (delivery, false);
    }
    let (short_message, rest) = cursor.rest.split_at(sm_length.min(cursor.rest.len()));
    let tlvs = Tlvs::read(rest);
    let text = if tlvs.count == 0 && rest.len() >= TLV_OCTETS {
        // sm_length was too small: what follows the text is no TLV, but the text's own end.
        cursor.rest
    } else {
        short_message
    };
    let delivery = Delivery {
        receipt_wish,
        ..tlvs.deliver(source, destination, esm_class, data_coding, text)
    };
    (delivery, true)
}

pub(super) fn data_sm(body: &[u8]) -> Delivery {
    let mut cursor = Cursor::new(body);
    cursor.c_string();
    let source = cursor.address();
    let destination = cursor.address();
    let esm_class = cursor.octet();
    let receipt_wish = cursor.octet();
    let data_coding = cursor.octet();
    let tlvs = Tlvs::read(cursor.rest);
    Delivery {
        receipt_wish,
        ..tlvs.deliver(source, destination, esm_class, data_coding, &[])
    }
}

/// Reads a data_sm that is submitted; `None` where its mandatory part ran out.
pub(super) fn submitted_data_sm(body: &[u8]) -> Option<Delivery> {
    let mut cursor = Cursor::new(body);
    cursor.c_string();
    cursor.address();
    cursor.address();
    for _ in 0..3 {
        cursor.octet();
    }
    (!cursor.ran_out).then(|| data_sm(body))
}

/// What stands before the first NUL.
pub(super) fn c_string(octets: &[u8]) -> &[u8] {
    octets.split(|octet| *octet == 0).next().unwrap_or_default()
}

#[derive(Default)]
struct Tlvs<'a> {
    count: usize,
    message_payload: &'a [u8],
    receipted_message_id: Option<&'a [u8]>,
    message_state: Option<u8>,
    segment: Segment,
}

impl<'a> Tlvs<'a> {
    fn read(mut octets: &'a [u8]) -> Self {
        let mut tlvs = Self::default();
        while let [tag_1, tag_2, length_1, length_2, after @ ..] = octets {
            let tag = u16::from_be_bytes([*tag_1, *tag_2]);
            let length = usize::from(u16::from_be_bytes([*length_1, *length_2]));
            let is_whole = length <= after.len();
            if !is_whole && tag != MESSAGE_PAYLOAD {
                break;
            }
            let (value, next) = after.split_at(length.min(after.len()));
            tlvs.note(tag, value);
            octets = next;
        }
        tlvs
    }

    fn note(&mut self, tag: u16, value: &'a [u8]) {
        self.count += 1;
        match tag {
            MESSAGE_PAYLOAD if self.message_payload.is_empty() => self.message_payload = value,
            // One that names nothing hides no other.
            RECEIPTED_MESSAGE_ID if self.receipted_message_id.is_none() => {
                self.receipted_message_id = Some(c_string(value)).filter(|id| !id.is_empty());
            }
            MESSAGE_STATE if self.message_state.is_none() && value.len() == 1 => {
                self.message_state = value.first().copied();
            }
            SAR_MSG_REF_NUM => self.segment.reference = self.segment.reference.or(word(value)),
            SAR_TOTAL_SEGMENTS => self.segment.total = self.segment.total.or(octet(value)),
            SAR_SEGMENT_SEQNUM => self.segment.number = self.segment.number.or(octet(value)),
            _ => {}
        }
    }

    fn deliver(
        &self,
        source: Address,
        destination: Address,
        esm_class: u8,
        data_coding: u8,
        short_message: &[u8],
    ) -> Delivery {
        let octets = if self.message_payload.is_empty() {
            short_message
        } else {
            self.message_payload
        };
        Delivery {
            source,
            destination,
            esm_class,
            data_coding,
            octets: Bytes::copy_from_slice(octets),
            receipted_message_id: self.receipted_message_id.map(<[u8]>::to_vec),
            message_state: self.message_state,
            segment: self.segment,
            ..Delivery::default()
        }
    }
}

/// A value of one octet; `None` where it has another length.
fn octet(value: &[u8]) -> Option<u8> {
    match value {
        [octet] => Some(*octet),
        _ => None,
    }
}

/// A value of two octets; `None` where it has another length.
fn word(value: &[u8]) -> Option<u16> {
    value.try_into().ok().map(u16::from_be_bytes)
}

struct Cursor<'a> {
    rest: &'a [u8],
    ran_out: bool,
}

impl<'a> Cursor<'a> {
    const fn new(octets: &'a [u8]) -> Self {
        Self {
            rest: octets,
            ran_out: false,
        }
    }

    /// The next octet; 0 at the end.
    fn octet(&mut self) -> u8 {
        let Some((octet, rest)) = self.rest.split_first() else {
            self.ran_out = true;
            return 0;
        };
        self.rest = rest;
        *octet
    }

    /// What stands before the next NUL, or before the end.
    fn c_string(&mut self) -> &'a [u8] {
        let text = c_string(self.rest);
        self.rest = self.rest.get(text.len() + 1..).unwrap_or_else(|| {
            self.ran_out = true;
            &[]
        });
        text
    }

    fn address(&mut self) -> Address {
        let ton = self.octet();
        let npi = self.octet();
        Address {
            octets: self.c_string().to_vec(),
            ton,
            npi,
        }
    }
}
