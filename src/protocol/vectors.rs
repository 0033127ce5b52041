//! The published vectors, computed with other libraries than this program uses.

use serde_json::Value;

use super::{
    Answer, Attendance, DeviceKeys, Header, KeyText, Kind, LegacyTime, Malformed, OpenError,
    Padding, RootKey, Status, envelope, frame, gsm, hex, legacy, text,
};
use crate::domain::{Action, Counter, DeviceId, Digest, Millis};

const JSON: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/vectors/messages.json"
));

fn cases(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(JSON).unwrap();
    let cases = all[section].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn string<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn number<T: TryFrom<u64, Error: std::fmt::Debug>>(case: &Value, name: &str) -> T {
    case[name].as_u64().unwrap().try_into().unwrap()
}

fn octets(case: &Value, name: &str) -> Vec<u8> {
    let pairs = string(case, name).as_bytes().chunks(2);
    let octet = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(octet).collect()
}

fn keys(case: &Value) -> DeviceKeys {
    DeviceKeys::derive(&RootKey::parse(string(case, "root_key")).ok().unwrap())
}

fn header(case: &Value, kind: Kind) -> Header {
    Header {
        kind,
        device: DeviceId(number(case, "device")),
        counter: Counter(number(case, "counter")),
    }
}

fn attendance(case: &Value) -> Result<Attendance, Malformed> {
    let action = match case["action"].as_u64().unwrap() {
        1 => Action::In,
        2 => Action::Out,
        _ => return Err(Malformed),
    };
    Ok(Attendance {
        action,
        claimed_at: Millis::from_unix_s(number(case, "claimed_at")),
        note: string(case, "note").to_owned(),
    })
}

fn answer(case: &Value) -> Answer {
    const STATUSES: [Status; 5] = [
        Status::Recorded,
        Status::Suspended,
        Status::Clock,
        Status::Counter,
        Status::NotUnderstood,
    ];
    assert_eq!(case["next_epoch"], 0);
    Answer {
        digest: Digest(octets(case, "digest").try_into().unwrap()),
        desk_time: Millis::from_unix_s(number(case, "desk_time")),
        status: STATUSES[number::<usize>(case, "status")],
        next: Counter(number(case, "next_counter")),
    }
}

#[test]
fn the_two_keys_are_derived_as_published() {
    for case in cases("hz1") {
        let keys = keys(&case);
        assert_eq!(
            keys.to_desk.octets().to_vec(),
            octets(&case, "key_device_to_desk")
        );
        assert_eq!(
            keys.to_device.octets().to_vec(),
            octets(&case, "key_desk_to_device")
        );
    }
}

#[test]
fn what_a_phone_seals_is_what_is_published() {
    for case in cases("hz1") {
        let plaintext = octets(&case, "plaintext_up");
        if let Ok(attendance) = attendance(&case) {
            let padded = string(&case, "name").contains("padded");
            let padding = if padded {
                Padding::Phone
            } else {
                Padding::None
            };
            assert_eq!(attendance.encode(padding), Ok(plaintext.clone()));
        }
        let nonce = octets(&case, "nonce_up").try_into().unwrap();
        let header = header(&case, Kind::ATTENDANCE);
        let sealed = envelope::seal(&keys(&case).to_desk, header, nonce, &plaintext);
        assert_eq!(sealed, octets(&case, "envelope_up"));
        assert_eq!(frame::encode(&sealed), string(&case, "frame_up"));
        assert_eq!(
            envelope::digest(&sealed).0.to_vec(),
            octets(&case, "digest")
        );
    }
}

#[test]
fn what_a_phone_sent_opens_to_what_is_published() {
    for case in cases("hz1") {
        let envelope = frame::find(string(&case, "frame_up")).unwrap();
        assert_eq!(envelope, octets(&case, "envelope_up"));
        assert_eq!(
            Header::parse(&envelope),
            Ok(header(&case, Kind::ATTENDANCE))
        );
        let plaintext = envelope::open(&keys(&case).to_desk, &envelope).unwrap();
        assert_eq!(Attendance::decode(&plaintext), attendance(&case));
        let turned = envelope::open(&keys(&case).to_device, &envelope);
        assert_eq!(turned.unwrap_err(), OpenError::Tag);
    }
}

#[test]
fn answers_are_sealed_and_open_as_published() {
    for case in cases("hz1") {
        let answer = answer(&case);
        let nonce = octets(&case, "nonce_down").try_into().unwrap();
        let header = header(&case, Kind::ANSWER);
        let sealed = envelope::seal(&keys(&case).to_device, header, nonce, &answer.encode());
        assert_eq!(sealed, octets(&case, "envelope_down"));
        assert_eq!(frame::encode(&sealed), string(&case, "frame_down"));

        let envelope = frame::find(string(&case, "frame_down")).unwrap();
        assert_eq!(Header::parse(&envelope), Ok(header));
        let plaintext = envelope::open(&keys(&case).to_device, &envelope).unwrap();
        assert_eq!(Answer::decode(&plaintext), Ok(answer));
    }
}

#[test]
fn key_texts_are_written_and_read_as_published() {
    for case in cases("hz1") {
        let published = string(&case, "key_text");
        let key_text = KeyText::parse(published).ok().unwrap();
        assert_eq!(key_text.device, DeviceId(number(&case, "device")));
        assert_eq!(key_text.root.octets().to_vec(), octets(&case, "root_key"));
        assert_eq!(key_text.desk_number, "+989102211824");
        assert_eq!(*key_text.encode(), published);
    }
}

/// What becomes of user data where only device 7 of the vectors is known.
fn outcome(octets: &[u8], data_coding: u8) -> &'static str {
    let Some(envelope) = text::find_envelope(octets, data_coding) else {
        return "no frame";
    };
    let Ok(header) = Header::parse(&envelope) else {
        return "unreadable";
    };
    if header.device != DeviceId(7) {
        return "unknown device";
    }
    let Ok(plaintext) = envelope::open(&keys(&cases("hz1")[0]).to_desk, &envelope) else {
        return "wrong tag";
    };
    if header.counter == Counter(0) {
        return "replay";
    }
    match Attendance::decode(&plaintext) {
        Ok(attendance) if Ok(&attendance) == self::attendance(&cases("hz1")[0]).as_ref() => "opens",
        Ok(_) => "another message",
        Err(Malformed) => "not understood",
    }
}

/// All forms of user data that can carry a text, with the `data_coding` that fits each.
fn carried(text: &str) -> Vec<(u8, Vec<u8>)> {
    let utf16 = || text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut bodies = vec![
        (0x00, text.as_bytes().to_vec()),
        (0x08, utf16()),
        (0x18, utf16()),
    ];
    if text.is_ascii() {
        bodies.push((0x01, text.as_bytes().to_vec()));
    }
    let latin1: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    if let Ok(latin1) = latin1 {
        bodies.extend([
            (0x00, latin1.clone()),
            (0x03, latin1.clone()),
            (0x04, latin1),
        ]);
    }
    if let Some(septets) = gsm::encode(text) {
        let packed = gsm::pack(&septets);
        for data_coding in [0x00, 0x10, 0xF1] {
            bodies.push((data_coding, septets.clone()));
            bodies.push((data_coding, packed.clone()));
        }
    }
    bodies
}

#[test]
fn bodies_have_their_outcome_however_they_are_carried() {
    for case in cases("bodies") {
        for (data_coding, body) in carried(string(&case, "text")) {
            let expected = string(&case, "outcome");
            let name = string(&case, "name");
            assert_eq!(
                outcome(&body, data_coding),
                expected,
                "{name}, {data_coding:#04x}"
            );
        }
    }
}

#[test]
fn the_2023_format_is_read_and_written_as_published() {
    let time = |at: jiff::civil::DateTime| LegacyTime {
        date: Some(at.date()),
        time: Some(at.time()),
        has_year: true,
    };
    let july = |hour, minute| time(jiff::civil::date(2023, 7, 4).at(hour, minute, 0, 0));
    let only_time = LegacyTime {
        time: Some(jiff::civil::time(15, 15, 0, 0)),
        ..LegacyTime::default()
    };
    let expected = [
        (Action::In, july(22, 12)),
        (Action::Out, july(22, 40)),
        (Action::Out, only_time),
        (Action::In, july(22, 12)),
    ];
    let cases = cases("legacy");
    assert_eq!(cases.len(), expected.len());
    for (case, (action, when)) in cases.iter().zip(expected) {
        let plaintext = string(case, "plaintext");
        let (up, down) = (string(case, "frame_up"), string(case, "frame_down"));
        for (data_coding, body) in carried(up) {
            let message = legacy::read(&body, data_coding).unwrap();
            assert_eq!(message.action, action);
            assert_eq!(message.text, plaintext);
            assert_eq!(message.when, when);
        }
        assert_eq!(legacy::check_in(plaintext), up);
        assert_eq!(
            legacy::receipt_text(plaintext),
            string(case, "receipt_plaintext")
        );
        assert_eq!(legacy::receipt(plaintext), down);
        let opened = legacy::open_text(&legacy::find(down.as_bytes(), 0).unwrap()).unwrap();
        assert_eq!(opened, string(case, "receipt_plaintext"));
        let digest: [u8; 16] = hex::decode(&opened[..32]).unwrap();
        assert_eq!(legacy::digest(plaintext), Digest(digest));
    }
}
