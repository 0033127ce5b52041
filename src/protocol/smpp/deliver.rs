use bytes::{Bytes, BytesMut};
use rusmpp::decode::DecodeWithLength;
use rusmpp::encode::Length;
use rusmpp::pdus::DeliverSm;
use rusmpp::tlvs::{Tlv, TlvValue};
use rusmpp::values::{Npi, Ton};

use super::frame::Frame;
use super::{lenient, udh};
use crate::domain::{Address, InboundSms, Part};

/// What a deliver_sm or data_sm brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) esm_class: u8,
    /// `registered_delivery`.
    pub(super) receipt_wish: u8,
    pub(super) data_coding: u8,
    /// User data, with its header where it has one: message_payload where that holds anything.
    pub(super) octets: Bytes,
    pub(super) receipted_message_id: Option<Vec<u8>>,
    pub(super) message_state: Option<u8>,
    pub(super) segment: Segment,
    /// Whether it could be read only by being lenient.
    pub(super) is_lenient: bool,
}

/// What the `sar_*` TLVs say.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) reference: Option<u16>,
    pub(super) total: Option<u8>,
    pub(super) number: Option<u8>,
}

impl Segment {
    fn part(self) -> Option<Part> {
        Part::new(self.reference?, self.total?, self.number?)
    }
}

/// What a delivery is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A message of a person.
    Message,
    /// A delivery receipt: what became of a message in the end.
    Receipt,
    /// A notification on the way there.
    Intermediate,
    /// An acknowledgement by a phone or its owner.
    Acknowledgement,
}

impl Delivery {
    const MESSAGE_TYPE: u8 = 0x3c;
    const UDH: u8 = 0x40;

    /// Reads a deliver_sm: with rusmpp where it reads every octet, else as far as it can be read.
    pub(super) fn of_deliver_sm(frame: &Frame) -> Self {
        strictly(frame.body()).unwrap_or_else(|| Self {
            is_lenient: true,
            ..lenient::deliver_sm(frame.body())
        })
    }

    /// Reads a data_sm as far as it can be read.
    pub(super) fn of_data_sm(frame: &Frame) -> Self {
        lenient::data_sm(frame.body())
    }

    /// What it is for. A type that the standard reserves is a message: better kept than dropped.
    ///
    /// Source: SMPP 3.4 section 5.2.12.
    pub(super) const fn purpose(&self) -> Purpose {
        match self.esm_class & Self::MESSAGE_TYPE {
            0x04 => Purpose::Receipt,
            0x20 => Purpose::Intermediate,
            0x08 | 0x10 | 0x18 => Purpose::Acknowledgement,
            _ => Purpose::Message,
        }
    }

    /// The user data without its header.
    pub(super) fn text(&self) -> &[u8] {
        if self.esm_class & Self::UDH == 0 {
            &self.octets
        } else {
            udh::strip(&self.octets)
        }
    }

    /// Which part of a long message it is. The header was written by the phone, the TLVs by a gateway: it goes first.
    fn part(&self) -> Option<Part> {
        let in_header = (self.esm_class & Self::UDH != 0)
            .then(|| udh::part(&self.octets))
            .flatten();
        in_header.or_else(|| self.segment.part())
    }

    pub(super) fn into_sms(self) -> InboundSms {
        InboundSms {
            octets: self.octets.slice_ref(self.text()),
            part: self.part(),
            source: self.source,
            destination: self.destination,
            data_coding: self.data_coding,
        }
    }
}

/// What the strict reader and the lenient one make of the body of a deliver_sm.
pub(super) fn both(body: &[u8]) -> (Option<Delivery>, Delivery) {
    (strictly(body), lenient::deliver_sm(body))
}

/// `None` where rusmpp refuses it, leaves octets over, or read a TLV past its own length.
fn strictly(body: &[u8]) -> Option<Delivery> {
    let mut octets = BytesMut::from(body);
    let (pdu, read) = DeliverSm::decode(&mut octets, body.len()).ok()?;
    if read != body.len() || !pdu.tlvs().iter().all(is_as_long_as_it_says) {
        return None;
    }
    let mut delivery = Delivery {
        source: address(
            pdu.source_addr_ton,
            pdu.source_addr_npi,
            pdu.source_addr.as_ref(),
        ),
        destination: address(
            pdu.dest_addr_ton,
            pdu.dest_addr_npi,
            pdu.destination_addr.as_ref(),
        ),
        esm_class: pdu.esm_class.into(),
        receipt_wish: pdu.registered_delivery.into(),
        data_coding: pdu.data_coding.into(),
        ..Delivery::default()
    };
    let mut text: &[u8] = &[];
    for value in pdu.tlvs().iter().filter_map(Tlv::value) {
        if let TlvValue::MessagePayload(payload) = value
            && text.is_empty()
        {
            text = payload.value.as_ref();
        }
        if let TlvValue::ReceiptedMessageId(id) = value {
            let id = lenient::c_string(id.as_ref());
            if !id.is_empty() {
                delivery.receipted_message_id.get_or_insert(id.to_vec());
            }
        }
        if let TlvValue::MessageState(state) = value {
            delivery.message_state.get_or_insert(u8::from(*state));
        }
        let segment = &mut delivery.segment;
        if let TlvValue::SarMsgRefNum(reference) = value {
            segment.reference.get_or_insert(*reference);
        }
        if let TlvValue::SarTotalSegments(total) = value {
            segment.total.get_or_insert(*total);
        }
        if let TlvValue::SarSegmentSeqnum(number) = value {
            segment.number.get_or_insert(*number);
        }
    }
    if text.is_empty() {
        text = pdu.short_message().as_ref();
    }
    delivery.octets = Bytes::copy_from_slice(text);
    Some(delivery)
}

fn is_as_long_as_it_says(tlv: &Tlv) -> bool {
    usize::from(tlv.value_length()) == tlv.value().map_or(0, Length::length)
}

fn address(ton: Ton, npi: Npi, octets: &[u8]) -> Address {
    Address {
        octets: lenient::c_string(octets).to_vec(),
        ton: ton.into(),
        npi: npi.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::frame::Splitter;
    use super::super::samples::{deliver_body, octets, pdu, tlv};
    use super::*;

    fn frame(command_id: u32, body: &[u8]) -> Frame {
        let mut splitter = Splitter::default();
        splitter.push(&pdu(command_id, 0, 1, body));
        splitter.pop().unwrap().unwrap()
    }

    fn read(body: &[u8]) -> Delivery {
        strictly(body).unwrap_or_else(|| lenient::deliver_sm(body))
    }

    #[test]
    fn a_plain_deliver_sm_is_read_by_rusmpp() {
        let delivery = strictly(&deliver_body(0, b"HZ.AA.", &[])).unwrap();
        assert_eq!(delivery.source.octets, b"0912");
        assert_eq!(delivery.destination, Address::international("11"));
        assert_eq!(delivery.octets, &b"HZ.AA."[..]);
        assert_eq!(delivery.purpose(), Purpose::Message);
    }

    #[test]
    fn what_rusmpp_refuses_is_read_all_the_same() {
        let cases = [
            (
                "alphanumeric beyond ASCII",
                "00 05 00 e76179 00 00 00 00 00 00 00 00 00 00 00 00 00 02 'HI'",
            ),
            (
                "a sender of 25",
                "00 05 00 '1234567890123456789012345' 00 00 00 00 00 00 00 00 00 00 00 00 00 02 'HI'",
            ),
            (
                "a validity of 12",
                "00 05 00 '1' 00 00 00 00 00 00 00 00 '261120085800' 00 00 00 00 00 02 'HI'",
            ),
            (
                "a text shorter than it says",
                "00 05 00 '1' 00 00 00 00 00 00 00 00 00 00 00 00 00 fe 'HI'",
            ),
            (
                "a text longer than it says",
                "00 05 00 '1' 00 00 00 00 00 00 00 00 00 00 00 00 00 01 'HI, it is longer'",
            ),
            (
                "a stray octet at its end",
                "00 05 00 '1' 00 00 00 00 00 00 00 00 00 00 00 00 00 02 'HI' 00",
            ),
            (
                "half a TLV at its end",
                "00 05 00 '1' 00 00 00 00 00 00 00 00 00 00 00 00 00 02 'HI' 0204 0002 0001 0424",
            ),
            (
                "a payload that overruns",
                "00 05 00 '1' 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0424 ffff 'HI'",
            ),
        ];
        for (name, body) in cases {
            let body = octets(body);
            assert_eq!(strictly(&body), None, "{name}");
            let delivery = read(&body);
            assert!(
                delivery.octets.starts_with(b"HI"),
                "{name}: {:?}",
                delivery.octets
            );
            assert_eq!(delivery.source.ton, 5, "{name}");
            assert!(!delivery.source.octets.is_empty(), "{name}");
        }
        let stray = octets("00 05 00 '1' 00 00 00 00 00 00 00 00 00 00 00 00 04 02 'HI' 00");
        assert_eq!(read(&stray).octets, &b"HI"[..]);
    }

    #[test]
    fn what_was_read_leniently_says_so() {
        let body = deliver_body(0, b"HI", &[]);
        for (tail, is_lenient) in [(&[][..], false), (&[0], true)] {
            let frame = frame(0x05, &[&body[..], tail].concat());
            let delivery = Delivery::of_deliver_sm(&frame);
            assert_eq!(delivery.octets, &b"HI"[..]);
            assert_eq!(delivery.is_lenient, is_lenient);
        }
    }

    #[test]
    fn a_body_that_ends_early_is_kept_whole() {
        let body = octets("00 05 00 '1' 00 00 00 'HZ.AA.'");
        let delivery = read(&body);
        assert_eq!(delivery.octets, body);
        assert_eq!(delivery.source.octets, b"1");
        assert_eq!(delivery.destination.octets, b"HZ.AA.");
        assert_eq!(read(&[]), Delivery::default());
    }

    #[test]
    fn message_payload_wins_unless_it_is_empty() {
        let both = deliver_body(0, b"short", &tlv(0x0424, b"payload"));
        assert_eq!(read(&both).octets, &b"payload"[..]);
        let empty = deliver_body(0, b"short", &tlv(0x0424, b""));
        assert_eq!(read(&empty).octets, &b"short"[..]);
    }

    #[test]
    fn a_tlv_without_its_nul_does_not_eat_the_next() {
        let tlvs = [tlv(0x001e, b"ABC"), tlv(0x0427, &[2])].concat();
        let delivery = read(&deliver_body(4, b"", &tlvs));
        assert_eq!(delivery.receipted_message_id.as_deref(), Some(&b"ABC"[..]));
        assert_eq!(delivery.message_state, Some(2));
    }

    /// The fuzzer's: of an empty id one reader made none, the other an empty one, and that hid the id behind it.
    #[test]
    fn an_empty_id_of_a_receipt_is_none() {
        for empty in [&b""[..], b"\0"] {
            let tlvs = [tlv(0x001e, empty), tlv(0x001e, b"77\0")];
            for (tlvs, id) in [(&tlvs[..1], None), (&tlvs[..], Some(&b"77"[..]))] {
                let body = deliver_body(4, b"", &tlvs.concat());
                let (strict, lenient) = both(&body);
                assert_eq!(lenient.receipted_message_id.as_deref(), id);
                assert_eq!(strict, Some(lenient));
            }
        }
    }

    #[test]
    fn of_a_tlv_that_comes_twice_the_first_holds() {
        let twice = |tag, first: &[u8], second: &[u8]| [tlv(tag, first), tlv(tag, second)].concat();
        let tlvs = [
            twice(0x0424, b"first", b"second"),
            twice(0x001e, b"a\0", b"b\0"),
            twice(0x0427, &[2], &[5]),
            twice(0x020c, &[0, 1], &[0, 2]),
            twice(0x020e, &[3], &[4]),
            twice(0x020f, &[1], &[2]),
        ];
        let (strict, lenient) = both(&deliver_body(4, b"", &tlvs.concat()));
        assert_eq!(lenient.octets, &b"first"[..]);
        assert_eq!(lenient.receipted_message_id.as_deref(), Some(&b"a"[..]));
        assert_eq!(lenient.message_state, Some(2));
        assert_eq!(lenient.segment.part(), Part::new(1, 3, 1));
        assert_eq!(strict, Some(lenient));
    }

    #[test]
    fn a_state_of_more_than_an_octet_is_none() {
        let wrong = tlv(0x0427, &[2, 2]);
        let state = |tlvs: &[u8]| lenient::deliver_sm(&deliver_body(4, b"", tlvs)).message_state;
        assert_eq!(state(&wrong), None);
        assert_eq!(state(&[wrong, tlv(0x0427, &[5])].concat()), Some(5));
    }

    #[test]
    fn the_header_is_no_text() {
        let parts = deliver_body(0x40, b"\x05\x00\x03\x11\x02\x01HZ.", &[]);
        assert_eq!(read(&parts).into_sms().octets, &b"HZ."[..]);
        let plain = deliver_body(0, b"\x05\x00\x03\x11\x02\x01HZ.", &[]);
        assert_eq!(read(&plain).into_sms().octets.len(), 9);
    }

    #[test]
    fn a_part_is_told_by_header_or_tlvs() {
        let part = |body: &[u8]| read(body).into_sms().part;
        let sar = |reference: &[u8], total: &[u8], number: &[u8]| {
            let tlvs = [
                tlv(0x020c, reference),
                tlv(0x020e, total),
                tlv(0x020f, number),
            ];
            tlvs.concat()
        };
        let of = |reference, total, number| Some(Part::new(reference, total, number).unwrap());
        let header = b"\x05\x00\x03\x11\x02\x01HZ.";
        assert_eq!(part(&deliver_body(0x40, header, &[])), of(0x11, 2, 1));
        assert_eq!(part(&deliver_body(0, header, &[])), None);
        let tlvs = sar(&[1, 2], &[3], &[2]);
        assert_eq!(part(&deliver_body(0, b"HZ.", &tlvs)), of(0x0102, 3, 2));
        assert_eq!(part(&deliver_body(0x40, header, &tlvs)), of(0x11, 2, 1));
        for (wrong, name) in [
            (sar(&[1], &[3], &[2]), "a reference of one octet"),
            (sar(&[1, 2], &[0, 3], &[2]), "a total of two"),
            (sar(&[1, 2], &[3], &[]), "a number of none"),
            (sar(&[1, 2], &[1], &[1]), "the only one"),
            (sar(&[1, 2], &[2], &[3]), "more than there are"),
            (tlv(0x020c, &[1, 2]), "a reference alone"),
        ] {
            assert_eq!(part(&deliver_body(0, b"HZ.", &wrong)), None, "{name}");
        }
    }

    #[test]
    fn parts_are_told_where_rusmpp_refuses() {
        let stray = [tlv(0x020c, &[0, 9]), tlv(0x020e, &[2]), tlv(0x020f, &[2])].concat();
        let body = deliver_body(0, b"HZ.", &[stray, vec![0]].concat());
        assert_eq!(strictly(&body), None);
        assert_eq!(read(&body).into_sms().part, Part::new(9, 2, 2));
        let body = deliver_body(0x40, b"\x06\x08\x04\x01\x02\x02\x01HZ.", &[0]);
        assert_eq!(strictly(&body), None);
        assert_eq!(read(&body).into_sms().part, Part::new(0x0102, 2, 1));
    }

    #[test]
    fn a_data_sm_carries_its_text_in_message_payload() {
        let mut body = octets("00 01 01 '0912' 00 01 01 '11' 00 00 00 08");
        body.extend(tlv(0x0424, b"HZ.AA."));
        let delivery = Delivery::of_data_sm(&frame(0x103, &body));
        assert_eq!(delivery.octets, &b"HZ.AA."[..]);
        assert_eq!(delivery.data_coding, 8);
        assert_eq!(delivery.destination, Address::international("11"));
    }

    #[test]
    fn what_a_delivery_is_for_stands_in_esm_class() {
        let purpose = |esm_class| read(&deliver_body(esm_class, b"", &[])).purpose();
        for class in [0x00, 0x03, 0x40, 0x80, 0xc3, 0x3c] {
            assert_eq!(purpose(class), Purpose::Message, "{class:#x}");
        }
        for class in [0x04, 0x07, 0x44] {
            assert_eq!(purpose(class), Purpose::Receipt, "{class:#x}");
        }
        assert_eq!(purpose(0x20), Purpose::Intermediate);
        assert_eq!(purpose(0x08), Purpose::Acknowledgement);
        assert_eq!(purpose(0x10), Purpose::Acknowledgement);
    }

    proptest! {
        #[test]
        fn both_readers_agree_on_what_rusmpp_reads(
            esm_class: u8,
            text in vec(any::<u8>(), 0..255),
            payload in vec(any::<u8>(), 0..600),
            id in "[0-9a-f]{0,20}",
            state: u8,
            reference: u16,
            total: u8,
            number: u8,
        ) {
            let id = [id.as_bytes(), &[0]].concat();
            let sar = [
                tlv(0x020c, &reference.to_be_bytes()),
                tlv(0x020e, &[total]),
                tlv(0x020f, &[number]),
            ];
            let others = [tlv(0x0424, &payload), tlv(0x001e, &id), tlv(0x0427, &[state])];
            let tlvs = [sar.concat(), others.concat()].concat();
            let body = deliver_body(esm_class, &text, &tlvs);
            let strict = strictly(&body).expect("well formed");
            prop_assert_eq!(strict.esm_class, esm_class);
            prop_assert_eq!(strict.segment.part(), Part::new(reference, total, number));
            prop_assert_eq!(strict, lenient::deliver_sm(&body));
        }

        #[test]
        fn both_readers_agree_on_mutated_bodies_that_rusmpp_reads(
            text in vec(any::<u8>(), 0..40),
            at: prop::sample::Index,
            octet: u8,
        ) {
            let mut body = deliver_body(0, &text, &tlv(0x0427, &[2]));
            let at = at.index(body.len());
            body[at] = octet;
            if let Some(strict) = strictly(&body) {
                prop_assert_eq!(strict, lenient::deliver_sm(&body));
            }
        }

        #[test]
        fn no_body_breaks_a_reader(body in vec(any::<u8>(), 0..400)) {
            read(&body);
            lenient::data_sm(&body);
        }
    }
}
