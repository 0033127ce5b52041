use bytes::{BufMut, Bytes, BytesMut};
use rusmpp::encode::Length;
use rusmpp::encode::owned::Encode;
use rusmpp::pdus::{BindTransceiver, DataSmResp, DeliverSmResp, SubmitSm};
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::{DataCoding, EsmClass, InterfaceVersion, Npi, RegisteredDelivery, Ton};
use rusmpp::{Command, CommandStatus, Pdu};

use super::split::UserData;
use super::{Password, SystemId};
use crate::domain::{Address, OutboundSms, SmsBody};

/// `command_id`, SMPP 3.4 section 5.1.2.1.
pub(super) mod id {
    pub(in super::super) const RESPONSE: u32 = 0x8000_0000;
    pub(in super::super) const GENERIC_NACK: u32 = 0x8000_0000;
    pub(in super::super) const BIND_RECEIVER: u32 = 0x0000_0001;
    pub(in super::super) const BIND_TRANSMITTER: u32 = 0x0000_0002;
    pub(in super::super) const QUERY_SM: u32 = 0x0000_0003;
    pub(in super::super) const SUBMIT_SM: u32 = 0x0000_0004;
    pub(in super::super) const REPLACE_SM: u32 = 0x0000_0007;
    pub(in super::super) const CANCEL_SM: u32 = 0x0000_0008;
    pub(in super::super) const SUBMIT_MULTI: u32 = 0x0000_0021;
    pub(in super::super) const DELIVER_SM_RESP: u32 = 0x8000_0005;
    pub(in super::super) const BIND_TRANSCEIVER: u32 = 0x0000_0009;
    pub(in super::super) const SUBMIT_SM_RESP: u32 = 0x8000_0004;
    pub(in super::super) const DELIVER_SM: u32 = 0x0000_0005;
    pub(in super::super) const UNBIND: u32 = 0x0000_0006;
    pub(in super::super) const UNBIND_RESP: u32 = 0x8000_0006;
    pub(in super::super) const BIND_TRANSCEIVER_RESP: u32 = 0x8000_0009;
    pub(in super::super) const ENQUIRE_LINK: u32 = 0x0000_0015;
    pub(in super::super) const ENQUIRE_LINK_RESP: u32 = 0x8000_0015;
    pub(in super::super) const ALERT_NOTIFICATION: u32 = 0x0000_0102;
    pub(in super::super) const DATA_SM: u32 = 0x0000_0103;
}

/// `command_status`, SMPP 3.4 section 5.1.3.
pub(super) mod status {
    pub(in super::super) const ESME_ROK: u32 = 0x00;
    pub(in super::super) const ESME_RINVMSGLEN: u32 = 0x01;
    pub(in super::super) const ESME_RINVCMDLEN: u32 = 0x02;
    pub(in super::super) const ESME_RINVCMDID: u32 = 0x03;
    pub(in super::super) const ESME_RINVBNDSTS: u32 = 0x04;
    pub(in super::super) const ESME_RALYBND: u32 = 0x05;
    pub(in super::super) const ESME_RINVSRCADR: u32 = 0x0a;
    pub(in super::super) const ESME_RINVDSTADR: u32 = 0x0b;
    pub(in super::super) const ESME_RINVPASWD: u32 = 0x0e;
    pub(in super::super) const ESME_RINVSYSID: u32 = 0x0f;
    pub(in super::super) const ESME_RCANCELFAIL: u32 = 0x11;
    pub(in super::super) const ESME_RREPLACEFAIL: u32 = 0x13;
    pub(in super::super) const ESME_RSUBMITFAIL: u32 = 0x45;
    pub(in super::super) const ESME_RQUERYFAIL: u32 = 0x67;
    pub(in super::super) const ESME_RUNKNOWNERR: u32 = 0xff;
}

/// `command_length` of a PDU without a body.
const HEADER_OCTETS: u32 = 16;

/// Octets of user data that go into `short_message`; more goes into message_payload.
pub(super) const SHORT_MESSAGE_OCTETS: usize = 254;

pub(super) fn bind_transceiver(sequence: u32, system_id: &SystemId, password: &Password) -> Bytes {
    let bind = BindTransceiver::builder()
        .system_id(c_string(system_id.as_str().as_bytes()).expect("15 ASCII characters at most"))
        .password(c_string(password.expose().as_bytes()).expect("8 ASCII characters at most"))
        .interface_version(InterfaceVersion::Smpp3_4)
        .build();
    encode(status::ESME_ROK, sequence, bind)
}

/// A submit_sm that asks for a delivery receipt.
///
/// Text that is not ASCII leaves as UTF-8: [`SmsBody::Text`] rules it out.
///
/// # Errors
/// The `command_status` with which every SMSC would turn it down: an address that does not fit, a
/// body over 255 octets.
pub(super) fn submit_sm(sequence: u32, sms: &OutboundSms) -> Result<Bytes, u32> {
    let (data_coding, octets) = match &sms.body {
        SmsBody::Text(text) => (DataCoding::McSpecific, text.as_bytes()),
        SmsBody::Binary(octets) => (DataCoding::OctetUnspecified2, octets.as_slice()),
    };
    submit(sequence, &sms.to, &sms.from, (0, data_coding, octets))
}

/// A submit_sm with one part of a long message; else as [`submit_sm`].
///
/// # Errors
/// As [`submit_sm`].
pub(super) fn submit_part(
    sequence: u32,
    to: &Address,
    from: &Address,
    part: &UserData,
) -> Result<Bytes, u32> {
    let user_data = (part.esm_class, part.data_coding, part.octets.as_slice());
    submit(sequence, to, from, user_data)
}

fn submit(
    sequence: u32,
    to: &Address,
    from: &Address,
    (esm_class, data_coding, octets): (u8, DataCoding, &[u8]),
) -> Result<Bytes, u32> {
    let (source_ton, source_npi) = type_and_plan(from);
    let (dest_ton, dest_npi) = type_and_plan(to);
    let submit = SubmitSm::builder()
        .source_addr_ton(source_ton)
        .source_addr_npi(source_npi)
        .source_addr(c_string(&from.octets).ok_or(status::ESME_RINVSRCADR)?)
        .dest_addr_ton(dest_ton)
        .dest_addr_npi(dest_npi)
        .destination_addr(c_string(&to.octets).ok_or(status::ESME_RINVDSTADR)?)
        // The Default of rusmpp is 0x08, a delivery acknowledgement.
        .esm_class(EsmClass::from(esm_class))
        // request_all() of rusmpp is 0x1d, acknowledgements by the phone's owner too.
        .registered_delivery(RegisteredDelivery::from(1))
        .data_coding(data_coding)
        .short_message(OctetString::from_slice(octets).map_err(|_| status::ESME_RINVMSGLEN)?);
    Ok(encode(status::ESME_ROK, sequence, submit.build()))
}

pub(super) fn deliver_sm_resp(sequence: u32, status: u32) -> Bytes {
    encode(status, sequence, DeliverSmResp::default())
}

pub(super) fn data_sm_resp(sequence: u32, status: u32) -> Bytes {
    encode(status, sequence, DataSmResp::default())
}

pub(super) fn enquire_link(sequence: u32) -> Bytes {
    encode(status::ESME_ROK, sequence, Pdu::EnquireLink)
}

pub(super) fn enquire_link_resp(sequence: u32) -> Bytes {
    encode(status::ESME_ROK, sequence, Pdu::EnquireLinkResp)
}

pub(super) fn unbind(sequence: u32) -> Bytes {
    encode(status::ESME_ROK, sequence, Pdu::Unbind)
}

pub(super) fn unbind_resp(sequence: u32) -> Bytes {
    encode(status::ESME_ROK, sequence, Pdu::UnbindResp)
}

pub(super) fn generic_nack(sequence: u32, status: u32) -> Bytes {
    encode(status, sequence, Pdu::GenericNack)
}

/// A response that is a header alone, as every response may be that says what went wrong.
pub(super) fn bare_resp(request: u32, sequence: u32, status: u32) -> Bytes {
    let header = [HEADER_OCTETS, request | id::RESPONSE, status, sequence];
    let octets: Vec<u8> = header.into_iter().flat_map(u32::to_be_bytes).collect();
    octets.into()
}

pub(super) fn encode(status: u32, sequence: u32, pdu: impl Into<Pdu>) -> Bytes {
    let command = Command::new(CommandStatus::from(status), sequence, pdu);
    let octets = 4 + command.length();
    let mut frame = BytesMut::with_capacity(octets);
    frame.put_u32(u32::try_from(octets).expect("a body is 65,535 octets at most"));
    command.encode(&mut frame);
    frame.freeze()
}

pub(super) fn c_string<const MAX: usize>(octets: &[u8]) -> Option<COctetString<1, MAX>> {
    let mut closed = octets.to_vec();
    closed.push(0);
    COctetString::from_vec(closed).ok()
}

pub(super) fn type_and_plan(address: &Address) -> (Ton, Npi) {
    (Ton::from(address.ton), Npi::from(address.npi))
}

#[cfg(test)]
mod tests {
    use super::super::samples::octets;
    use super::*;
    use crate::domain::OutboxId;

    fn sms(body: SmsBody) -> OutboundSms {
        OutboundSms {
            id: OutboxId(1),
            to: Address {
                octets: b"+98912".to_vec(),
                ton: 9,
                npi: 77,
            },
            from: Address::plain("11"),
            body,
        }
    }

    #[test]
    fn a_bind_is_a_transceiver_of_version_3_4() {
        let system_id = SystemId::parse("smppuser").unwrap();
        let password = Password::parse("secret08").unwrap();
        let expected = octets(
            "00000027 00000009 00000000 00000001 'smppuser' 00 'secret08' 00 00 34 00 00 00",
        );
        assert_eq!(bind_transceiver(1, &system_id, &password), expected);
    }

    #[test]
    fn a_submit_says_nothing_but_what_it_must() {
        let text = submit_sm(7, &sms(SmsBody::Text("HZ.AA.".into()))).unwrap();
        let expected = octets(
            "0000002f 00000004 00000000 00000007 00 00 00 '11' 00 09 4d '+98912' 00 \
             00 00 00 00 00 01 00 00 00 06 'HZ.AA.'",
        );
        assert_eq!(text, expected);
        let binary = submit_sm(7, &sms(SmsBody::Binary(vec![0x12, 0, 0xff]))).unwrap();
        let expected = octets(
            "0000002c 00000004 00000000 00000007 00 00 00 '11' 00 09 4d '+98912' 00 \
             00 00 00 00 00 01 00 04 00 03 1200ff",
        );
        assert_eq!(binary, expected);
    }

    #[test]
    fn a_part_says_that_it_has_a_header() {
        let whole = sms(SmsBody::Text(String::new()));
        let part = UserData {
            esm_class: 0x40,
            data_coding: DataCoding::McSpecific,
            octets: octets("05 00 03 2a 02 01 'HI'"),
        };
        let part = submit_part(7, &whole.to, &whole.from, &part).unwrap();
        let expected = octets(
            "00000031 00000004 00000000 00000007 00 00 00 '11' 00 09 4d '+98912' 00 \
             40 00 00 00 00 01 00 00 00 08 05 00 03 2a 02 01 'HI'",
        );
        assert_eq!(part, expected);
        let over = sms(SmsBody::Binary(vec![1; 256]));
        assert_eq!(submit_sm(1, &over), Err(status::ESME_RINVMSGLEN));
    }

    #[test]
    fn an_address_that_does_not_fit_is_a_fault() {
        for address in [&b"123456789012345678901"[..], b"\xe7ay", b"1\x002"] {
            let mut to = sms(SmsBody::Text(String::new()));
            to.to.octets = address.to_vec();
            assert_eq!(submit_sm(1, &to), Err(status::ESME_RINVDSTADR));
            let mut from = sms(SmsBody::Text(String::new()));
            from.from.octets = address.to_vec();
            assert_eq!(submit_sm(1, &from), Err(status::ESME_RINVSRCADR));
        }
        let mut fits = sms(SmsBody::Text(String::new()));
        fits.to.octets = b"12345678901234567890".to_vec();
        assert!(submit_sm(1, &fits).is_ok());
    }

    #[test]
    fn responses_carry_their_sequence_and_status() {
        let cases = [
            (
                deliver_sm_resp(5, 0x64),
                "00000011 80000005 00000064 00000005 00",
            ),
            (data_sm_resp(5, 0), "00000011 80000103 00000000 00000005 00"),
            (enquire_link(9), "00000010 00000015 00000000 00000009"),
            (enquire_link_resp(0), "00000010 80000015 00000000 00000000"),
            (unbind(3), "00000010 00000006 00000000 00000003"),
            (unbind_resp(3), "00000010 80000006 00000000 00000003"),
            (generic_nack(4, 3), "00000010 80000000 00000003 00000004"),
            (
                generic_nack(4, 0x0400),
                "00000010 80000000 00000400 00000004",
            ),
        ];
        for (frame, expected) in cases {
            assert_eq!(frame, octets(expected));
        }
    }
}
