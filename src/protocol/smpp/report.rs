use super::deliver::{Delivery, Purpose};
use crate::domain::{DeliveryReport, DeliveryState};

/// Characters kept of a message id: twice what the standard allows.
const MESSAGE_ID_CHARACTERS: usize = 128;
/// Characters kept of a `stat` word: twice the longest in use.
const STAT_CHARACTERS: usize = 16;

/// Reads a delivery receipt: TLVs first, then its text, and what neither says stays empty.
///
/// Text: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`, in any order and any
/// case, every field optional. What stands after `text:` is somebody else's, and read only where nothing stands before it.
///
/// Source: SMPP 3.4 sections 5.3.2.12, 5.3.2.35 and appendix B.
pub(super) fn read(delivery: Delivery) -> DeliveryReport {
    // NULs go first: a receipt in UCS-2 then reads like one in ASCII.
    let octets: Vec<u8> = delivery
        .text()
        .iter()
        .copied()
        .filter(|octet| *octet != 0)
        .collect();
    let text = String::from_utf8_lossy(&octets);
    let stat = match delivery.message_state {
        Some(state) => word_of(state),
        None => shorten(&field(&text, "stat"), STAT_CHARACTERS),
    };
    let message_id = match &delivery.receipted_message_id {
        Some(id) if !id.is_empty() => message_id(id),
        Some(_) | None => shorten(&field(&text, "id"), MESSAGE_ID_CHARACTERS),
    };
    let state = match delivery.purpose() {
        Purpose::Intermediate => DeliveryState::Pending,
        Purpose::Receipt | Purpose::Message | Purpose::Acknowledgement => state_of(&stat),
    };
    DeliveryReport {
        message_id,
        recipient: delivery.source,
        state,
        stat,
    }
}

/// A message id as text, cut where it is too long to be one.
pub(super) fn message_id(octets: &[u8]) -> String {
    shorten(&String::from_utf8_lossy(octets), MESSAGE_ID_CHARACTERS)
}

fn shorten(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn word_of(message_state: u8) -> String {
    match message_state {
        1 => "ENROUTE".into(),
        2 => "DELIVRD".into(),
        3 => "EXPIRED".into(),
        4 => "DELETED".into(),
        5 => "UNDELIV".into(),
        6 => "ACCEPTD".into(),
        7 => "UNKNOWN".into(),
        8 => "REJECTD".into(),
        other => other.to_string(),
    }
}

fn state_of(stat: &str) -> DeliveryState {
    match stat.to_ascii_uppercase().as_str() {
        "DELIVRD" | "DELIVERED" => DeliveryState::Delivered,
        "EXPIRED" | "DELETED" | "UNDELIV" | "UNDELIVERABLE" | "REJECTD" | "REJECTED" => {
            DeliveryState::Undeliverable
        }
        _ => DeliveryState::Pending,
    }
}

/// The word after `name:`. Text is searched only where nothing stands before it.
fn field(text: &str, name: &str) -> String {
    let ours = match key(text, "text") {
        Some((start, _)) if !text[..start].trim().is_empty() => &text[..start],
        Some(_) | None => text,
    };
    key(ours, name).map_or_else(String::new, |(_, end)| first_word(&ours[end..]))
}

/// Where `name:` begins and ends as a word of its own.
fn key(text: &str, name: &str) -> Option<(usize, usize)> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices(name).find_map(|(start, found)| {
        let end = start + found.len();
        let is_word = lower[..start]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        let is_key = is_word && lower[end..].starts_with(':');
        is_key.then_some((start, end + 1))
    })
}

/// The first word; empty where the next key stands at once.
fn first_word(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let is_key = word.contains(':') || matches!(word, "submit" | "done");
    if is_key {
        String::new()
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn report(esm_class: u8, text: &[u8], id: Option<&str>, state: Option<u8>) -> DeliveryReport {
        read(Delivery {
            esm_class,
            octets: Bytes::copy_from_slice(text),
            receipted_message_id: id.map(|id| id.as_bytes().to_vec()),
            message_state: state,
            ..Delivery::default()
        })
    }

    #[test]
    fn receipts_are_read_in_every_form() {
        use DeliveryState::{Delivered, Pending, Undeliverable};
        let cases = [
            (
                "id:0A1b sub:001 dlvrd:001 submit date:2611200858 done date:261120085801 stat:DELIVRD err:000 text:HZ.",
                "0A1b",
                Delivered,
            ),
            ("ID:12 STAT:expired ERR:1", "12", Undeliverable),
            ("stat:UNDELIV id:12", "12", Undeliverable),
            ("stat:REJECTD id: sub:001", "", Undeliverable),
            ("id: submit date:2611200858 stat:ACCEPTD", "", Pending),
            ("id:9 text:stat:DELIVRD id:8", "9", Pending),
            ("text:hello id:8 stat:DELIVRD", "8", Delivered),
            ("msgid:7 id:8 substat:DELETED stat:DELIVRD", "8", Delivered),
            ("id: 55 stat: DELIVRD", "55", Delivered),
            ("", "", Pending),
            ("stat:", "", Pending),
            ("id", "", Pending),
            ("ıd:5 İstat:x stat:DELIVRD", "", Delivered),
        ];
        for (text, id, state) in cases {
            let read = report(4, text.as_bytes(), None, None);
            assert_eq!(
                (read.message_id.as_str(), read.state),
                (id, state),
                "{text}"
            );
        }
    }

    #[test]
    fn tlvs_win_over_the_text() {
        let text = b"id:text stat:UNDELIV";
        let read = report(4, text, Some("tlv"), Some(2));
        assert_eq!(read.message_id, "tlv");
        assert_eq!(read.state, DeliveryState::Delivered);
        assert_eq!(read.stat, "DELIVRD");
        let empty = report(4, text, Some(""), None);
        assert_eq!(empty.message_id, "text");
        assert_eq!(empty.stat, "UNDELIV");
        assert_eq!(report(4, text, None, Some(99)).stat, "99");
    }

    #[test]
    fn an_intermediate_notification_decides_nothing() {
        let read = report(0x20, b"id:1 stat:UNDELIV", None, None);
        assert_eq!(read.state, DeliveryState::Pending);
        assert_eq!(read.stat, "UNDELIV");
    }

    #[test]
    fn a_receipt_in_ucs_2_is_read() {
        let wide: Vec<u8> = b"id:5 stat:DELIVRD"
            .iter()
            .flat_map(|octet| [0, *octet])
            .collect();
        let read = report(4, &wide, None, None);
        assert_eq!(
            (read.message_id.as_str(), read.state),
            ("5", DeliveryState::Delivered)
        );
    }

    #[test]
    fn what_is_kept_of_a_receipt_is_bounded() {
        let text = format!("id:{} stat:{}", "7".repeat(5_000), "X".repeat(5_000));
        let read = report(4, text.as_bytes(), None, None);
        assert_eq!(read.message_id.len(), MESSAGE_ID_CHARACTERS);
        assert_eq!(read.stat.len(), STAT_CHARACTERS);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "(id|stat|text|:| |\\PC){0,40}", state: Option<u8>) {
            report(4, text.as_bytes(), None, state);
        }
    }
}
