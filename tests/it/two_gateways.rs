//! The real binary at two gateways that bring the same messages.

use super::office::{Office, now, stop};
use super::pdu::{Address, Submitted};
use super::phone::{Heard, Phone};
use super::smsc::{DESK, SOON, Sms, Smsc};

const OTHER: &str = "+989102211825";

/// A desk at two gateways, `first` and `second`, and a phone.
fn open() -> (Office, Smsc, Phone) {
    let office = Office::open();
    let second = Smsc::start();
    let gateway = |name: &str, port, source| {
        format!(
            "[[gateway]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {port}\nsystem_id = \"smppuser\"\n\
             password = \"secret\"\nsource_address = \"{source}\"\n\n"
        )
    };
    let text = [
        "[site]\nname = \"Head office\"\ntime_zone = \"Asia/Tehran\"\ncountry = \"IR\"\n\n",
        &gateway("first", office.smsc.port(), DESK),
        &gateway("second", second.port(), OTHER),
        "[receipts]\nretry_after_s = [2]\nother_gateway_after_s = 1\n",
    ];
    office.configure(&text.concat());
    let phone = office.staff(1).remove(0);
    (office, second, phone)
}

fn outcomes(office: &Office) -> Vec<String> {
    let lines = office.json(&["feed"]);
    let outcome = |line: &serde_json::Value| line["outcome"].as_str().unwrap().to_owned();
    lines.iter().map(outcome).collect()
}

fn sms(phone: &Phone, text: &str) -> Sms {
    Sms::text(Address::number(&phone.number), text)
}

#[test]
fn two_gateways_that_deliver_the_same_message_make_one_record() {
    let (office, second, mut phone) = open();
    let engine = office.serve();
    office.wait_linked();
    for counter in 1..=3 {
        let message = phone.check_in(1, now(), "");
        let by_first = office.smsc.deliver(sms(&phone, &message.text));
        let by_second = second.deliver(sms(&phone, &message.text));
        for (smsc, id) in [(&office.smsc, by_first), (&second, by_second)] {
            let answer = smsc.wait(SOON, |s| s.answer_of(id));
            assert_eq!(answer, Some(0), "both are answered OK");
        }
        let entries = office.json_until(&["outbox"], |entries| {
            entries.len() == counter && entries.iter().all(|entry| entry["state"] == "sent")
        });
        assert_eq!(entries.len(), counter);
    }
    let mut outcomes = outcomes(&office);
    outcomes.sort();
    assert_eq!(outcomes, [&["duplicate"; 3][..], &["recorded"; 3]].concat());
    let sent = |smsc: &Smsc| -> Vec<String> {
        smsc.read(|s| s.submitted.iter().map(Submitted::text).collect())
    };
    let receipts: Vec<String> = [sent(&office.smsc), sent(&second)].concat();
    assert_eq!(receipts.len(), 3, "one receipt each");
    for text in receipts {
        assert!(matches!(phone.hear(&text), Heard::Receipt(_)));
    }
    let pdus = office.json_until(&["link", "--pdus", "second"], |pdus| {
        let answered = pdus
            .iter()
            .filter(|pdu| pdu["command"] == "deliver_sm_resp");
        answered.count() == 3
    });
    assert_eq!(pdus[0]["command"], "bind_transceiver");
    assert_eq!(pdus[0]["direction"], "out");
    assert!(
        pdus.iter().all(|pdu| pdu["status"] == "ESME_ROK"),
        "{pdus:?}"
    );
    stop(engine);
    office.smsc.assert_no_faults();
    second.assert_no_faults();
}

#[test]
fn one_record_is_made_also_where_one_gateway_dies_between_and_the_receipt_goes_round() {
    let (mut office, second, mut phone) = open();
    let engine = office.serve();
    office.wait_linked();
    // Its gateway takes the message, turns the receipt down for now, and is gone.
    office.smsc.answer_submits_with(&[0x58; 100]);
    let message = phone.check_in(1, now(), "");
    office.send(&phone, &message.text);
    office.json_until(&["outbox"], |entries| {
        entries.iter().any(|entry| entry["state"] == "deferred")
    });
    drop(std::mem::replace(&mut office.smsc, Smsc::start()));
    let by_second = second.wait(SOON, |s| {
        s.submitted.first().map(|sms| (sms.text(), sms.from.text()))
    });
    let (text, from) = by_second.expect("the receipt goes by the other gateway");
    assert_eq!(from, OTHER);
    assert_eq!(phone.hear(&text), Heard::Receipt(message.counter));
    // The network hands the same message to the other one, too.
    assert_eq!(second.deliver_and_wait(sms(&phone, &message.text)), 0);
    assert_eq!(outcomes(&office), ["recorded", "duplicate"]);
    let entry = office.json(&["outbox"]).remove(0);
    assert_eq!(
        (&entry["state"], &entry["gateway"]),
        (&"sent".into(), &"second".into())
    );
    assert_eq!(
        second.read(|s| s.submitted.len()),
        1,
        "nothing leaves twice"
    );
    stop(engine);
    second.assert_no_faults();
}
