//! Whatever comes in is answered OK and kept for what it is; strangers cost no SMS.

use std::time::Duration;

use serde_json::Value;

use super::office::{Office, now};
use super::pdu::Address;
use super::phone::{Heard, OldPhone, frame};
use super::smsc::{Sms, Smsc};

const STRANGER: &str = "+989350000001";

fn text_from(smsc: &Smsc, from: &str, text: &str) {
    let sms = Sms::text(Address::number(from), text);
    assert_eq!(smsc.deliver_and_wait(sms), 0, "'{text}'");
}

/// Outcome and reason of each line.
fn outcomes(feed: &[Value]) -> Vec<(String, Option<String>)> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    feed.iter()
        .map(|line| (word(&line["outcome"]).unwrap(), word(&line["reason"])))
        .collect()
}

fn assert_outcomes(feed: &[Value], expected: &[(&str, Option<&str>)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(outcome, reason)| ((*outcome).to_owned(), reason.map(str::to_owned)))
        .collect();
    assert_eq!(outcomes(feed), expected);
}

#[test]
fn what_nobody_authenticated_is_kept_and_costs_nothing() {
    let office = Office::open_fast();
    let mut phones = office.staff(3);
    let engine = office.serve();
    let smsc = &office.smsc;
    let mut owner = phones.remove(0);
    office.check_in(&mut owner, 1);
    office.ok(&["device", "revoke", &phones[0].device.to_string()]);

    let good = owner.check_in(2, now(), "").text;
    let middle = good.len() / 2;
    let flipped = if &good[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let mut tampered = good.clone();
    tampered.replace_range(middle..=middle, flipped);
    let answer_back = frame(&owner.seal_as_desk(2, &[0; 30]));
    let mut nobody = super::phone::Phone::new(owner.device ^ 1, &[7; 32], STRANGER);
    let unknown = nobody.check_in(1, now(), "").text;
    let revoked = phones[0].check_in(1, now(), "").text;
    let epoch = frame(&owner.seal(0x11, 1, 2, &[1, 0, 0, 0, 0]));
    let version = frame(&owner.seal(0x21, 0, 2, &[1, 0, 0, 0, 0]));
    let old = OldPhone::default().send("Arrival 08.58");

    text_from(smsc, &owner.number, &tampered);
    text_from(smsc, STRANGER, &tampered);
    text_from(smsc, &owner.number, &answer_back);
    text_from(smsc, STRANGER, &unknown);
    text_from(smsc, &phones[0].number, &revoked);
    text_from(smsc, STRANGER, &epoch);
    text_from(smsc, STRANGER, &version);
    text_from(smsc, &owner.number, &good[..good.len() - 1]);
    text_from(smsc, &owner.number, "I am late, sorry");
    text_from(smsc, STRANGER, "You have won");
    text_from(smsc, STRANGER, "");
    text_from(smsc, &phones[1].number, &old);
    text_from(smsc, STRANGER, &old);
    for from in [
        Address::new(0, 0, "11111"),
        Address::name("Ozeki"),
        Address::new(0, 0, ""),
    ] {
        let sms = Sms::text(from, "Ozeki SMPP SMS Gateway has started");
        assert_eq!(smsc.deliver_and_wait(sms), 0);
    }
    let mut odd = Sms::text(Address::new(5, 0, ""), "\u{1b}[2J\u{202e}gpj.exe");
    odd.from.octets = vec![0xff, 0x1b, b'[', 0x80];
    odd.data_coding = 0x2a;
    assert_eq!(smsc.deliver_and_wait(odd), 0);
    for esm_class in [0x04, 0x20, 0x08, 0x10] {
        let text = "id:0 sub:001 dlvrd:001 stat:DELIVRD err:000 text:";
        let mut sms = Sms::text(Address::number(STRANGER), text);
        sms.esm_class = esm_class;
        assert_eq!(smsc.deliver_and_wait(sms), 0, "a delivery receipt");
    }

    let feed = office.json(&["feed"]);
    let not_a_frame = ("unreadable", Some("not_a_frame"));
    let wrong_tag = ("unreadable", Some("wrong_tag"));
    let mut expected = vec![("recorded", None), wrong_tag, wrong_tag, wrong_tag];
    expected.push(("unreadable", Some("unknown_device")));
    expected.push(("unreadable", Some("revoked_device")));
    expected.extend([not_a_frame; 6]);
    expected.extend([("unreadable", Some("legacy_off")); 2]);
    expected.extend([not_a_frame; 4]);
    assert_outcomes(&feed, &expected);
    assert!(
        feed[1..].iter().all(|line| line["receipt"].is_null()),
        "an answer to a stranger"
    );
    assert_eq!(office.json(&["outbox"]).len(), 1);

    // The counter was not consumed by any of it.
    let from = smsc.read(|s| s.submitted.len());
    office.send(&owner, &good);
    assert_eq!(office.next_heard(&mut owner, from), Heard::Receipt(2));
    assert_eq!(smsc.read(|s| s.submitted.len()), 2);
    office.stop(engine);
}

#[test]
fn what_a_key_opened_is_always_answered() {
    let office = Office::open_fast();
    let mut phones = office.staff(2);
    let engine = office.serve();
    let mut suspended = phones.pop().unwrap();
    let mut phone = phones.pop().unwrap();
    office.ok(&["employee", "suspend", "2"]);

    let exchange = |phone: &mut super::phone::Phone, text: &str| {
        let from = office.smsc.read(|s| s.submitted.len());
        office.send(phone, text);
        office.next_heard(phone, from)
    };
    let refusal = |heard: Heard, expected: u8| {
        let Heard::Refusal { status, again, .. } = heard else {
            panic!("status {expected} was due: {heard:?}");
        };
        assert_eq!(status, expected);
        again
    };

    let first = phone.check_in(1, now(), "at the client's");
    assert_eq!(exchange(&mut phone, &first.text), Heard::Receipt(1));

    // A phone that was rolled back, one that ran ahead, and one that counts from 0 are put right.
    for counter in [1, 1_500, 0] {
        phone.next = counter;
        let message = phone.check_in(2, now(), "");
        let again = refusal(exchange(&mut phone, &message.text), 3).expect("it is sealed anew");
        assert_eq!(
            exchange(&mut phone, &again.text),
            Heard::Receipt(again.counter)
        );
        assert_eq!(again.claimed_at, message.claimed_at);
    }
    assert_eq!(phone.held.len(), 4);

    for (first, plaintext) in [
        (0x11, [9, 0, 0, 0, 0].as_slice()),
        (0x11, &[]),
        (0x11, &[1, 0, 0, 0, 0, 0xff, 0xfe]),
        (0x14, &[1, 0, 0, 0, 0]),
    ] {
        let odd = phone.seal_odd(first, plaintext);
        assert_eq!(refusal(exchange(&mut phone, &odd.text), 4), None);
    }

    for claimed_at in [0, now() + 2 * 86_400] {
        let message = phone.check_in(1, claimed_at, "");
        assert_eq!(refusal(exchange(&mut phone, &message.text), 2), None);
    }
    let message = suspended.check_in(1, now(), "");
    assert_eq!(refusal(exchange(&mut suspended, &message.text), 1), None);

    let malformed = ("unreadable", Some("malformed"));
    let mut expected = vec![("recorded", None)];
    expected.extend([("replay", None), ("recorded", None)].repeat(3));
    expected.extend([malformed; 4]);
    expected.extend([("refused", Some("clock")); 2]);
    expected.push(("refused", Some("suspended")));
    let feed = office.json(&["feed"]);
    assert_outcomes(&feed, &expected);
    assert!(
        feed.iter().all(|line| !line["receipt"].is_null()),
        "{feed:?}"
    );
    assert_eq!(feed[0]["note"], "at the client's");
    assert!(
        !office.json(&["alarms"]).is_empty(),
        "a rolled back phone raises an alarm"
    );
    office.stop(engine);
}

#[test]
fn an_answer_goes_where_it_may() {
    let office = Office::open_fast();
    let mut phones = office.staff(5);
    let engine = office.serve();
    let local = |phone: &super::phone::Phone| phone.number.replace("+98", "0");
    let as_received = |address: Address| (address.clone(), Some(address));
    let ways = [
        as_received(Address::new(2, 1, &local(&phones[0]))),
        as_received(Address::new(0, 0, "+989350000009")),
        (Address::name("HAMRAH"), None),
        (Address::number("+905321234588"), None),
        (Address::new(0, 0, "11111"), None),
    ];
    for (phone, (from, to)) in phones.iter_mut().zip(ways) {
        let message = phone.check_in(1, now(), "");
        let before = office.smsc.read(|s| s.submitted.len());
        let sms = Sms::text(from, &message.text);
        assert_eq!(office.smsc.deliver_and_wait(sms), 0);
        let submitted = office
            .smsc
            .wait(super::smsc::SOON, |s| s.submitted.get(before).cloned())
            .expect("it is answered");
        assert_eq!(phone.hear(&submitted.text()), Heard::Receipt(1));
        assert_eq!(submitted.from.text(), super::smsc::DESK);
        assert_eq!(submitted.data_coding & 0x0F, 0);
        match to {
            Some(to) => assert_eq!(submitted.to, to),
            None => assert_eq!(
                submitted.to.text().trim_start_matches('+'),
                phone.number.trim_start_matches('+')
            ),
        }
    }
    let feed = office.json(&["feed"]);
    assert!(
        feed.iter().all(|line| line["outcome"] == "recorded"),
        "{feed:?}"
    );
    office.stop(engine);
}

#[test]
fn the_format_of_2023_ends_with_the_first_sealed_message() {
    let office = Office::open_fast();
    let number = "+989121112233";
    let employee = office.employ("Ayşe Kaya", number, &["--legacy"]);
    let engine = office.serve();
    let mut old = OldPhone::default();
    let hear = |old: &mut OldPhone, text: &str, nth: usize| {
        text_from(&office.smsc, number, text);
        let submitted = office
            .smsc
            .wait(super::smsc::SOON, |s| s.submitted.get(nth).cloned())
            .expect("it is answered");
        assert!(old.hear(&submitted.text()), "not a receipt: {submitted:?}");
    };
    let text = old.send("Arrival 08.58");
    hear(&mut old, &text, 0);
    // `$` where GSM 03.38 was not translated.
    let text = old.send("Exit Tue, 4 Jul 2023, 22:40");
    hear(&mut old, &text.replace('$', "\u{2}"), 1);
    assert_eq!(old.held.len(), 2);

    let mut phone = office.enrol(employee, number);
    office.check_in(&mut phone, 2);
    let text = old.send("Arrival 09.12");
    text_from(&office.smsc, number, &text);

    let feed = office.json(&["feed"]);
    let expected = [("recorded", None), ("recorded", None), ("recorded", None)];
    assert_outcomes(&feed[..3], &expected);
    assert_outcomes(&feed[3..], &[("unreadable", Some("legacy_off"))]);
    let weak: Vec<_> = feed.iter().map(|line| line["weak"] == true).collect();
    assert_eq!(weak[..3], [true, true, false]);
    assert_eq!(feed[1]["delayed"], true, "a date of 2023");
    assert_eq!(office.smsc.read(|s| s.submitted.len()), 3);
    office.stop(engine);
}

#[test]
fn strangers_fill_a_bounded_quota() {
    const SENT: usize = 40;
    const KEPT: usize = 30;
    let office = Office::open_fast();
    let mut phone = office.staff(1).remove(0);
    let engine = office.serve();
    for n in 0..SENT {
        text_from(&office.smsc, STRANGER, &format!("You have won {n} times"));
    }
    let over = |links: &[Value]| links[0]["unreadable_over_bound"] == SENT - KEPT;
    office.json_until(&["link"], over);
    assert_eq!(office.json(&["feed"]).len(), KEPT);
    // Others still have room.
    office.check_in(&mut phone, 1);
    text_from(&office.smsc, "+989350000002", "hello");
    assert_eq!(office.json(&["feed"]).len(), KEPT + 2);
    office.stop(engine);
    assert_eq!(office.json(&["feed"]).len(), KEPT + 2);
    assert_eq!(office.smsc.read(|s| s.submitted.len()), 1);
}

#[test]
fn copies_are_kept_to_a_bound_and_counted() {
    const COPIES: usize = 25;
    let office = Office::open_fast();
    let mut phone = office.staff(1).remove(0);
    let engine = office.serve();
    office.check_in(&mut phone, 1);
    let text = phone.held[0].0.text.clone();
    for _ in 0..COPIES {
        office.send(&phone, &text);
    }
    let links = office.json_until(&["link"], |links| links[0]["copies_over_bound"] != 0);
    let over = usize::try_from(links[0]["copies_over_bound"].as_u64().unwrap()).unwrap();
    let feed = office.json(&["feed"]);
    assert_eq!(
        feed.iter()
            .filter(|line| line["outcome"] == "recorded")
            .count(),
        1
    );
    let kept = feed
        .iter()
        .filter(|line| line["outcome"] == "duplicate")
        .count();
    assert!(kept <= 10, "{kept} copies were kept");
    assert_eq!(kept + over, COPIES);
    // A repeat adds nothing within 60 s of its answer.
    let more = office
        .smsc
        .wait(Duration::from_millis(500), |s| s.submitted.get(1).cloned());
    assert!(more.is_none(), "{more:?}");
    office.stop(engine);
}
