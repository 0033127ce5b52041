//! Answers with a link in front, which opens the page for phones with the answer: the real binary at an SMSC.

use super::office::{Office, fast_configuration, now};
use super::pdu::Submitted;
use super::phone::{Heard, OldPhone, Phone};
use super::smsc::SOON;

const LINK: &str = "https://example.org/phone.html";
/// The longest that fits: with `#` and an answer it is one SMS.
const LONGEST: &str = "https://attendance.example.org/office/desk/1/phone.html?l=fa&x=%20a";

fn configured(port: u16, link: &str) -> String {
    let lines = format!("footer_octets = 0\nanswer_link = \"{link}\"\nmax_per_second = 0\n");
    fast_configuration(port).replace("max_per_second = 0\n", &lines)
}

/// Sends a text and waits for its answer.
fn answer(office: &Office, number: &str, send: impl FnOnce()) -> Submitted {
    let from = office.smsc.read(|s| s.submitted.len());
    send();
    let answer = office.smsc.wait(SOON, |s| {
        let mut later = s.submitted[from..].iter();
        later.find(|sms| sms.to.text() == number).cloned()
    });
    answer.unwrap_or_else(|| panic!("no answer to {number}"))
}

fn check_in(office: &Office, phone: &mut Phone) -> Submitted {
    let message = phone.check_in(1, now(), "");
    answer(office, &phone.number, || office.send(phone, &message.text))
}

/// The frame behind the link, where there is nothing else in the SMS.
fn behind(sms: &Submitted, link: &str) -> String {
    let text = sms.text();
    let frame = text.strip_prefix(&format!("{link}#"));
    let frame = frame
        .unwrap_or_else(|| panic!("no link in '{text}'"))
        .to_owned();
    assert!(frame.starts_with("HZ.") && frame.ends_with('.'), "{text}");
    assert_eq!(frame.len(), 92, "{text}");
    assert!(text.len() <= 160);
    assert_eq!((sms.esm_class, sms.data_coding), (0, 0));
    frame
}

#[test]
fn an_answer_is_a_link_that_hands_the_frame_to_the_page() {
    assert_eq!(LONGEST.len() + 1 + 92, 160);
    for link in [LINK, LONGEST] {
        let office = Office::open();
        office.configure(&configured(office.smsc.port(), link));
        let mut phone = office.staff(1).remove(0);
        let engine = office.serve();
        let sms = check_in(&office, &mut phone);
        let frame = behind(&sms, link);
        // What a phone takes is the frame, alone and in the whole SMS.
        assert_eq!(phone.hear(&sms.text()), Heard::Receipt(1));
        assert_eq!(phone.hear(&frame), Heard::Again);
        office.ok(&["employee", "suspend", "1"]);
        let refusal = check_in(&office, &mut phone);
        let heard = phone.hear(&behind(&refusal, link));
        assert!(
            matches!(heard, Heard::Refusal { status: 1, .. }),
            "{heard:?}"
        );
        office.ok(&["employee", "resume", "1"]);
        // Sent once more by hand: the same answer by the same link.
        let seq = office.json(&["feed"])[0]["seq"].to_string();
        let again = answer(&office, &phone.number, || {
            office.ok(&["retry", &seq]);
        });
        assert_eq!(again.text(), sms.text());
        office.stop(engine);

        // What is kept is the frame: without the link in the configuration it leaves alone.
        office.configure(&configured(office.smsc.port(), ""));
        let engine = office.serve();
        let again = answer(&office, &phone.number, || {
            office.ok(&["retry", &seq]);
        });
        assert_eq!(again.text(), frame);
        let sms = check_in(&office, &mut phone);
        assert_eq!(sms.text().len(), 92);
        assert_eq!(phone.hear(&sms.text()), Heard::Receipt(3));
        office.stop(engine);
    }
}

#[test]
fn the_app_of_2023_gets_no_link() {
    let office = Office::open();
    office.configure(&configured(office.smsc.port(), LINK));
    let number = "+989121234567";
    office.employ("Ayşe Kaya", number, &["--legacy"]);
    let engine = office.serve();
    let mut old = OldPhone::default();
    let text = old.send("Arrival Tue, 4 Jul 2023, 22:12");
    let phone = Phone::new(1, &[0; 32], number);
    let sms = answer(&office, number, || office.send(&phone, &text));
    assert_eq!(sms.text().len(), 112);
    assert!(old.hear(&sms.text()));
    office.stop(engine);
}

#[test]
fn a_link_that_does_not_fit_or_survive_is_named_with_its_place() {
    let office = Office::open();
    let port = office.smsc.port();
    for (link, footer, says) in [
        (LINK, 62, "footer_octets"),
        ("https://example.org/my_page", 0, "'_'"),
        ("https://example.org/#answer", 0, "'#'"),
        ("ftp://example.org/", 0, "https://"),
    ] {
        let footer = format!("footer_octets = {footer}\n");
        office.configure(&configured(port, link).replace("footer_octets = 0\n", &footer));
        for command in [&["config", "check"][..], &["serve"]] {
            let done = office.run(command);
            assert_eq!(done.code, Some(3), "{command:?}: {}", done.err);
            assert!(done.err.contains("hazir.toml:14:15"), "{}", done.err);
            assert!(
                done.err.contains("answer_link") && done.err.contains(says),
                "{}",
                done.err
            );
        }
    }
}
