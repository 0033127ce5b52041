//! The format of 2023.

use hazir::protocol::{LegacyTime, legacy};

use super::choice;

/// What is read is read again from its own frame; any text comes back from a frame of it; a time is one that there is.
pub fn run(octets: &[u8]) {
    let (data_coding, body) = choice(octets);
    if let Ok(message) = legacy::read(body, data_coding) {
        assert!(message.text.len() <= 256);
        assert_eq!(
            message.when,
            LegacyTime::read(message.text.split_once(' ').map_or("", |(_, time)| time))
        );
        let again = legacy::read(legacy::check_in(&message.text).as_bytes(), 0);
        assert_eq!(again, Ok(message.clone()));
        let receipt = legacy::receipt(&message.text);
        assert_eq!(receipt.len(), 112);
        let opened = legacy::find(receipt.as_bytes(), 0).map(|sealed| legacy::open_text(&sealed));
        assert_eq!(opened, Some(Ok(legacy::receipt_text(&message.text))));
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    let framed = legacy::check_in(text);
    let sealed = legacy::find(framed.as_bytes(), data_coding).expect("a frame is found");
    assert_eq!(legacy::open_text(&sealed).as_deref(), Ok(text));
    let when = LegacyTime::read(text);
    assert_eq!(
        when.at().is_some(),
        when.date.is_some() && when.time.is_some()
    );
    assert!(
        when.date
            .is_none_or(|date| (2000..=2199).contains(&date.year()))
    );
    assert!(when.time.is_none_or(|time| time.second() == 0));
    for word in ["Arrival", "Exit"] {
        let text = format!("{word} {text}");
        let read = legacy::read(legacy::check_in(&text).as_bytes(), data_coding);
        assert_eq!(read.is_ok(), text.len() <= 256);
    }
}
