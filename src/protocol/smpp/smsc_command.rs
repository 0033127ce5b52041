use bytes::Bytes;
use jiff::Timestamp;
use rusmpp::pdus::{
    BindReceiverResp, BindTransceiverResp, BindTransmitterResp, DataSmResp, DeliverSm, SubmitSmResp,
};
use rusmpp::tlvs::MessageDeliveryRequestTlvValue;
use rusmpp::types::{AnyOctetString, COctetString, OctetString};
use rusmpp::values::{
    DataCoding, EsmClass, InterfaceVersion, MessagePayload, MessageState, RegisteredDelivery,
};

use super::command::{SHORT_MESSAGE_OCTETS, c_string, encode, status, type_and_plan};
use super::{BindMode, Delivered, Forward, Notice, SystemId};
use crate::domain::{Address, Millis};

/// Characters of a message's text that its delivery receipt repeats: as appendix B has it.
const TEXT_CHARACTERS: usize = 20;

/// The response to a bind. Its body stands there with every status: peers that look for one find it.
pub(super) fn bind_resp(mode: BindMode, sequence: u32, status: u32, system_id: &SystemId) -> Bytes {
    let id = c_string(system_id.as_str().as_bytes()).expect("15 ASCII characters at most");
    let version = Some(InterfaceVersion::Smpp3_4);
    match mode {
        BindMode::Receiver => encode(status, sequence, BindReceiverResp::new(id, version)),
        BindMode::Transmitter => encode(status, sequence, BindTransmitterResp::new(id, version)),
        BindMode::Transceiver => encode(status, sequence, BindTransceiverResp::new(id, version)),
    }
}

/// The response to a submit_sm; a message id that does not fit is cut.
pub(super) fn submit_sm_resp(sequence: u32, status: u32, message_id: &str) -> Bytes {
    let id = id_of(message_id);
    encode(
        status,
        sequence,
        SubmitSmResp::builder().message_id(id).build(),
    )
}

/// The response to a data_sm; a message id that does not fit is cut.
pub(super) fn data_sm_resp(sequence: u32, status: u32, message_id: &str) -> Bytes {
    let id = id_of(message_id);
    encode(
        status,
        sequence,
        DataSmResp::builder().message_id(id).build(),
    )
}

fn id_of(message_id: &str) -> COctetString<1, 65> {
    let plain = message_id
        .bytes()
        .filter(|octet| octet.is_ascii() && *octet != 0);
    let id: Vec<u8> = plain.take(64).collect();
    c_string(&id).expect("64 ASCII characters at most")
}

/// A deliver_sm with a message of a phone.
///
/// # Errors
/// The `command_status` of what cannot be sent: an address that does not fit, a body over 65,535 octets.
pub(super) fn forward(sequence: u32, sms: &Forward) -> Result<Bytes, u32> {
    let deliver = addressed(&sms.from, &sms.to)?
        .esm_class(EsmClass::from(0))
        .data_coding(DataCoding::from(sms.data_coding));
    let deliver = if sms.octets.len() <= SHORT_MESSAGE_OCTETS {
        deliver.short_message(short(&sms.octets)?)
    } else {
        if sms.octets.len() > usize::from(u16::MAX) {
            return Err(status::ESME_RINVMSGLEN);
        }
        let payload = MessagePayload::new(AnyOctetString::from_slice(&sms.octets));
        deliver.push_tlv(MessageDeliveryRequestTlvValue::MessagePayload(payload))
    };
    Ok(encode(status::ESME_ROK, sequence, deliver.build()))
}

/// A deliver_sm with a delivery receipt: its text and its TLVs say the same.
///
/// Source: SMPP 3.4 sections 5.3.2.12, 5.3.2.35 and appendix B.
///
/// # Errors
/// The `command_status` of what cannot be sent: an address or a message id that does not fit.
pub(super) fn notice(sequence: u32, notice: &Notice) -> Result<Bytes, u32> {
    let (stat, state) = match notice.state {
        Delivered::Yes => ("DELIVRD", MessageState::Delivered),
        Delivered::No => ("UNDELIV", MessageState::Undeliverable),
        Delivered::Expired => ("EXPIRED", MessageState::Expired),
    };
    let text = format!(
        "id:{} sub:001 dlvrd:{} submit date:{} done date:{} stat:{stat} err:000 text:{}",
        notice.message_id,
        if notice.state == Delivered::Yes {
            "001"
        } else {
            "000"
        },
        date(notice.submitted_at),
        date(notice.done_at),
        notice
            .text
            .chars()
            .filter(|c| c.is_ascii() && !c.is_ascii_control())
            .take(TEXT_CHARACTERS)
            .collect::<String>(),
    );
    let id: COctetString<1, 65> =
        c_string(notice.message_id.as_bytes()).ok_or(status::ESME_RINVMSGLEN)?;
    let deliver = addressed(&notice.from, &notice.to)?
        .esm_class(EsmClass::from(0x04))
        .data_coding(DataCoding::McSpecific)
        .short_message(short(text.as_bytes())?)
        .push_tlv(MessageDeliveryRequestTlvValue::ReceiptedMessageId(id))
        .push_tlv(MessageDeliveryRequestTlvValue::MessageState(state));
    Ok(encode(status::ESME_ROK, sequence, deliver.build()))
}

fn addressed(
    from: &Address,
    to: &Address,
) -> Result<rusmpp::pdus::builders::DeliverSmBuilder, u32> {
    let (source_ton, source_npi) = type_and_plan(from);
    let (dest_ton, dest_npi) = type_and_plan(to);
    Ok(DeliverSm::builder()
        .source_addr_ton(source_ton)
        .source_addr_npi(source_npi)
        .source_addr(c_string(&from.octets).ok_or(status::ESME_RINVSRCADR)?)
        .dest_addr_ton(dest_ton)
        .dest_addr_npi(dest_npi)
        .destination_addr(c_string(&to.octets).ok_or(status::ESME_RINVDSTADR)?)
        .registered_delivery(RegisteredDelivery::from(0)))
}

fn short(octets: &[u8]) -> Result<OctetString<0, 255>, u32> {
    OctetString::from_slice(octets).map_err(|_| status::ESME_RINVMSGLEN)
}

/// A moment as `YYMMDDhhmm`, in UTC; zeros where no calendar has it.
fn date(at: Millis) -> String {
    let moment = Timestamp::from_millisecond(at.0);
    moment.map_or_else(
        |_| "0000000000".to_owned(),
        |moment| moment.strftime("%y%m%d%H%M").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples::octets;
    use super::*;

    #[test]
    fn responses_say_their_mode() {
        let smsc = SystemId::parse("SMSC").unwrap();
        for (mode, id) in [
            (BindMode::Receiver, "80000001"),
            (BindMode::Transmitter, "80000002"),
            (BindMode::Transceiver, "80000009"),
        ] {
            let expected = format!("0000001a {id} 0000000e 00000007 'SMSC' 00 0210 0001 34");
            assert_eq!(bind_resp(mode, 7, 0x0e, &smsc), octets(&expected));
        }
        assert_eq!(
            submit_sm_resp(3, 0, "4F"),
            octets("00000013 80000004 00000000 00000003 '4F' 00")
        );
        assert_eq!(submit_sm_resp(3, 0, &"x".repeat(99)).len(), 16 + 65);
        assert_eq!(
            submit_sm_resp(3, 0, "é4\0F"),
            submit_sm_resp(3, 0, "4F"),
            "what fits no C string is left out"
        );
    }

    #[test]
    fn a_message_of_a_phone_is_a_plain_deliver_sm() {
        let mut sms = Forward {
            from: Address::international("447700900001"),
            to: Address::plain("11"),
            octets: b"HZ.AA.".to_vec(),
            data_coding: 0,
        };
        let expected = octets(
            "00000035 00000005 00000000 00000009 00 01 01 '447700900001' 00 00 00 '11' 00 \
             00 00 00 00 00 00 00 00 00 06 'HZ.AA.'",
        );
        assert_eq!(forward(9, &sms), Ok(Bytes::from(expected)));
        let shown = format!("{sms:?}");
        assert!(
            shown.starts_with("6 octets of ") && !shown.contains("HZ."),
            "{shown}"
        );
        sms.octets = vec![b'x'; 300];
        let long = forward(9, &sms).unwrap();
        assert_eq!(long.len(), 0x35 - 6 + 4 + 300);
        sms.octets = vec![b'x'; 65_535];
        assert!(forward(9, &sms).is_ok());
        sms.octets = vec![b'x'; 65_536];
        assert_eq!(forward(9, &sms), Err(status::ESME_RINVMSGLEN));
        sms.from.octets = vec![b'1'; 21];
        assert_eq!(forward(9, &sms), Err(status::ESME_RINVSRCADR));
    }

    #[test]
    fn a_receipt_says_it_twice() {
        let said = notice(
            1,
            &Notice {
                from: Address::plain("0912"),
                to: Address::plain("11"),
                message_id: "4F".to_owned(),
                state: Delivered::Yes,
                submitted_at: Millis(1_795_132_800_000),
                done_at: Millis(1_795_132_860_000),
                text: "HZ.0123456789012345678901234567890.".to_owned(),
            },
        );
        let said = said.unwrap();
        let text = "id:4F sub:001 dlvrd:001 submit date:2611200000 done date:2611200001 \
                    stat:DELIVRD err:000 text:HZ.01234567890123456";
        let body = [
            &octets("00 00 00 '0912' 00 00 00 '11' 00 04 00 00 00 00 00 00 00 00")[..],
            &[u8::try_from(text.len()).unwrap()],
            text.as_bytes(),
            &octets("001e 0003 '4F' 00 0427 0001 02"),
        ]
        .concat();
        assert_eq!(said[16..], body);
    }
}
