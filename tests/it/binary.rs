//! The real binary: signals, a second engine, commands with and without an engine, keys, configuration, damage.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustix::process::Signal;

use super::fleet::Fleet;
use super::office::{Office, fast_configuration, now, stop};
use super::pdu::Address;
use super::phone::Heard;
use super::process::Done;
use super::smsc::{SOON, Seen, Sms};

/// What an engine may take to end: 2 s for the answer to unbind, and some for itself.
const TO_THE_END: Duration = Duration::from_millis(2_500);
/// A second engine waits 5 s for the first one.
const TO_GIVE_UP: Duration = Duration::from_secs(9);

fn assert_failed(done: &Done, code: i32, words: &[&str]) {
    assert_eq!(done.code, Some(code), "{}{}", done.out, done.err);
    let said = done.err.to_lowercase();
    let found = words.iter().any(|word| said.contains(&word.to_lowercase()));
    assert!(found, "none of {words:?} in: {}", done.err);
    assert!(!said.contains("panicked"), "{}", done.err);
}

#[test]
fn sigterm_unbinds_and_ends() {
    let office = Office::open();
    let mut engine = office.serve();
    office.wait_linked();
    engine.signal(Signal::TERM);
    let status = engine.wait(TO_THE_END).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", engine.err());
    assert_eq!(office.smsc.read(|s| s.count(&Seen::Unbind)), 1);
    assert!(
        !office.data.join("hazir.sock").exists(),
        "the socket stays behind"
    );
    office.smsc.assert_no_faults();
}

#[test]
fn sigterm_does_not_wait_for_a_gateway_that_says_nothing() {
    let office = Office::open();
    let mut engine = office.serve();
    office.smsc.wait_bound(1);
    office.smsc.silence(true);
    engine.signal(Signal::TERM);
    let status = engine.wait(TO_THE_END).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", engine.err());
}

#[test]
fn sigterm_ends_an_engine_whose_gateway_is_not_there() {
    let office = Office::bare();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    assert_eq!(office.init(port, &["--no-check"]).code, Some(0));
    let mut engine = office.serve();
    engine.signal(Signal::TERM);
    let status = engine.wait(TO_THE_END).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", engine.err());
}

#[test]
fn sighup_is_ignored() {
    let office = Office::open();
    let mut phone = office.staff(1).remove(0);
    let engine = office.serve();
    office.check_in(&mut phone, 1);
    engine.signal(Signal::HUP);
    office.check_in(&mut phone, 2);
    office.stop(engine);
}

#[test]
fn a_second_engine_ends_and_says_so() {
    let office = Office::open();
    let mut phone = office.staff(1).remove(0);
    let engine = office.serve();
    let done = office.start().finish(TO_GIVE_UP);
    assert_failed(&done, 4, &["in use", "running"]);
    office.check_in(&mut phone, 1);
    office.stop(engine);
}

#[test]
fn a_stale_socket_is_replaced() {
    let office = Office::open();
    let mut phone = office.staff(1).remove(0);
    let mut engine = office.serve();
    engine.kill();
    assert!(
        office.data.join("hazir.sock").exists(),
        "a killed engine leaves its socket"
    );
    assert_eq!(office.json(&["people"]).len(), 1);
    let engine = office.serve();
    let mode = std::fs::metadata(office.data.join("hazir.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    office.check_in(&mut phone, 1);
    office.stop(engine);
}

#[test]
fn commands_reach_a_running_engine() {
    let office = Office::open();
    let engine = office.serve();
    let mut phone = office.staff(1).remove(0);
    office.check_in(&mut phone, 1);
    let people = office.json(&["people"]);
    assert_eq!(people[0]["state"], "in", "{people:?}");

    office.ok(&["employee", "suspend", "1"]);
    let from = office.smsc.read(|s| s.submitted.len());
    let message = phone.check_in(2, now(), "");
    office.send(&phone, &message.text);
    let heard = office.next_heard(&mut phone, from);
    assert!(
        matches!(heard, Heard::Refusal { status: 1, .. }),
        "{heard:?}"
    );
    office.ok(&["employee", "resume", "1"]);
    assert_eq!(office.json(&["employee", "list"])[0]["suspended"], false);

    office.ok(&["mark", "1", "out", "--reason", "forgot the phone"]);
    let feed = office.json(&["feed"]);
    let outcomes: Vec<_> = feed.iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["recorded", "refused", "by_hand"]);
    assert_eq!(feed[2]["note"], "forgot the phone");
    assert_eq!(office.json(&["people"])[0]["state"], "out");
    office.stop(engine);
}

#[test]
fn retry_sends_a_receipt_again() {
    let office = Office::open();
    let mut phone = office.staff(1).remove(0);
    let engine = office.serve();
    office.check_in(&mut phone, 1);
    let sent = |lines: &[serde_json::Value]| lines[0]["receipt"]["state"] == "sent";
    let seq = office.json_until(&["feed"], sent)[0]["seq"].to_string();
    let from = office.smsc.read(|s| s.submitted.len());
    office.ok(&["retry", &seq]);
    assert_eq!(office.next_heard(&mut phone, from), Heard::Again);
    office.stop(engine);
}

#[test]
fn commands_work_without_an_engine() {
    let office = Office::open();
    let mut phone = office.staff(1).remove(0);
    office.ok(&["employee", "edit", "1", "--short", "E1"]);
    assert_eq!(office.json(&["employee", "list"])[0]["short"], "E1");
    let people = office.json(&["people"]);
    assert_eq!(people[0]["state"], "out");
    assert!(people[0]["since"].is_null(), "{people:?}");
    assert_eq!(office.json(&["feed"]).len(), 0);
    assert_eq!(office.json(&["outbox"]).len(), 0);
    assert_failed(&office.run(&["link"]), 4, &["running", "engine"]);
    assert_failed(&office.run(&["employee", "suspend", "9"]), 1, &["9"]);
    assert_eq!(office.run(&["employee", "promote", "1"]).code, Some(2));

    let engine = office.serve();
    office.check_in(&mut phone, 1);
    office.stop(engine);
    assert_eq!(office.json(&["people"])[0]["state"], "in");
    assert_eq!(office.json(&["feed"])[0]["outcome"], "recorded");
}

#[test]
fn a_wrong_password_is_said_and_tried_slowly() {
    let office = Office::open();
    office.smsc.want_password("other");
    let mut engine = office.serve();
    let refused = |n| {
        move |s: &mut super::smsc::State| (s.count(&Seen::BindRefused(0x0E)) >= n).then_some(())
    };
    assert!(office.smsc.wait(SOON, refused(1)).is_some(), "no bind came");
    let alarms = office.json_until(&["alarms"], |alarms| !alarms.is_empty());
    assert_eq!(alarms[0]["kind"], "link_down");
    assert_eq!(alarms[0]["priority"], 1);
    assert_eq!(alarms[0]["state"], "new");
    let text = alarms[0]["text"].as_str().unwrap().to_lowercase();
    assert!(text.contains("password"), "{text}");
    assert!(!alarms[0]["act"].as_str().unwrap().is_empty());
    let link = office.json(&["link"]).remove(0);
    assert_ne!(link["state"], "bound");
    assert!(!link["error"].is_null(), "{link}");
    let hasty = office.smsc.wait(Duration::from_secs(8), refused(2));
    assert!(hasty.is_none(), "a refused login is tried again at once");
    assert!(engine.wait(Duration::ZERO).is_none(), "{}", engine.err());
    stop(engine);
    assert_eq!(office.json(&["alarms"])[0]["kind"], "link_down");
}

#[test]
fn init_tries_the_login() {
    let office = Office::bare();
    let port = office.smsc.port();
    office.smsc.want_password("other");
    assert_failed(&office.init(port, &[]), 6, &["password"]);
    office.smsc.want_password("secret");
    let done = office.init(port, &[]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert_eq!(office.smsc.read(|s| s.count(&Seen::Bound)), 1);
}

#[test]
fn init_keeps_what_is_there() {
    let office = Office::open();
    office.employ("Ayşe Kaya", "+989120000001", &[]);
    let key = || std::fs::read(office.data.join("keys/store.key")).unwrap();
    let configuration = || std::fs::read_to_string(office.data.join("hazir.toml")).unwrap();
    let before = (key(), configuration());
    let mode = std::fs::metadata(office.data.join("keys/store.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let done = office.init(1, &["--no-check"]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert_eq!((key(), configuration()), before);
    assert_eq!(office.json(&["employee", "list"]).len(), 1);
}

#[test]
fn a_key_that_is_missing_wrong_or_open_to_all_is_refused() {
    let office = Office::open();
    office.staff(1);
    let key = office.data.join("keys/store.key");
    let right = std::fs::read(&key).unwrap();
    let mode =
        |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    let refused = || {
        let done = office.start().finish(TO_GIVE_UP);
        assert_failed(&done, 8, &["store.key"]);
        assert_eq!(office.smsc.read(|s| s.count(&Seen::Bound)), 0);
    };

    mode(0o644);
    refused();
    mode(0o600);

    let other = Office::open();
    std::fs::copy(other.data.join("keys/store.key"), &key).unwrap();
    mode(0o600);
    refused();

    std::fs::write(&key, b"short").unwrap();
    refused();

    std::fs::remove_file(&key).unwrap();
    refused();
    assert!(!key.exists(), "a new key was made for an old store");

    std::fs::write(&key, right).unwrap();
    mode(0o600);
    let engine = office.serve();
    office.smsc.wait_bound(1);
    office.stop(engine);
}

#[test]
fn faults_in_the_configuration_are_named_by_place() {
    let office = Office::open();
    let right = fast_configuration(office.smsc.port());
    let port = format!("port = {}", office.smsc.port());
    for (wrong, instead, word) in [
        (port.as_str(), "prot = 9500", "port"),
        (port.as_str(), "port = \"many\"", "port"),
        (port.as_str(), "port = = 3", ""),
        ("\"Asia/Tehran\"", "\"Asia/Teheran\"", "Asia/Teheran"),
        ("\"IR\"", "\"Iran\"", "Iran"),
        ("[receipts]", "[recipes]", "receipts"),
        ("retry_after_s = [1, 2, 5]", "retry_after_s = \"soon\"", ""),
    ] {
        let text = right.replace(wrong, instead);
        let line = 1 + text
            .lines()
            .position(|line| line.contains(instead))
            .unwrap();
        office.configure(&text);
        let done = office.start().finish(TO_GIVE_UP);
        assert_failed(&done, 3, &[word]);
        let place = format!("hazir.toml:{line}:");
        let (_, column) = done.err.split_once(&place).unwrap_or_else(|| {
            panic!("'{place}' is not in: {}", done.err);
        });
        assert!(
            column.starts_with(|c: char| c.is_ascii_digit()),
            "{}",
            done.err
        );
    }
    office.configure(&right);
    let engine = office.serve();
    office.smsc.wait_bound(1);
    office.stop(engine);
}

#[test]
fn a_damaged_store_is_refused() {
    let office = Office::open();
    let mut phones = office.staff(3);
    let engine = office.serve();
    for phone in &mut phones {
        office.check_in(phone, 1);
    }
    office.stop(engine);
    let store = office.data.join("hazir.redb");
    let right = std::fs::read(&store).unwrap();
    let bound = office.smsc.read(|s| s.count(&Seen::Bound));

    let noise: Vec<u8> = (0..65_536_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let half = right[..right.len() / 2].to_vec();
    for damaged in [noise, half, right[..100].to_vec()] {
        std::fs::write(&store, &damaged).unwrap();
        let done = office.start().finish(TO_GIVE_UP);
        assert_failed(&done, 5, &["damaged"]);
        assert_failed(&office.run(&["people"]), 5, &["damaged"]);
        assert_eq!(
            std::fs::read(&store).unwrap(),
            damaged,
            "what is left was written over"
        );
    }
    assert_eq!(office.smsc.read(|s| s.count(&Seen::Bound)), bound);

    std::fs::write(&store, &right[..right.len() - 4_096]).unwrap();
    let done = office.run(&["feed", "--json"]);
    match done.code {
        Some(0) => assert_eq!(done.out.lines().count(), 3),
        other => assert_eq!(other, Some(5), "{}", done.err),
    }

    std::fs::write(&store, right).unwrap();
    assert_eq!(office.json(&["feed"]).len(), 3);
}

#[test]
fn a_link_that_breaks_comes_back_and_loses_nothing() {
    let office = Office::open_fast();
    office.smsc.send_receipts();
    let mut phones = office.staff(3);
    let engine = office.serve();
    for (n, phone) in (1..).zip(&mut phones) {
        office.smsc.wait_bound(n);
        office.check_in(phone, 1);
        office.smsc.drop_link();
    }
    office.smsc.wait_bound(4);
    let link = office.json(&["link"]).remove(0);
    assert_eq!(link["drops"], 3, "{link}");
    office.json_until(&["outbox"], |entries| {
        entries.len() == 3 && entries.iter().all(|entry| entry["state"] == "delivered")
    });
    office.stop(engine);
}

#[test]
fn a_refused_receipt_is_tried_again_where_that_can_help() {
    let office = Office::open_fast();
    let mut phones = office.staff(2);
    let engine = office.serve();
    office.smsc.answer_submits_with(&[0x58, 0x14]);
    office.check_in(&mut phones[0], 1);
    let link = office.json_until(&["link"], |links| links[0]["submitted"] == 1);
    assert_eq!(link[0]["received"], 1);

    office.smsc.answer_submits_with(&[0x0B]);
    let message = phones[1].check_in(1, now(), "");
    office.send(&phones[1], &message.text);
    let failed = |lines: &[serde_json::Value]| lines[1]["receipt"]["state"] == "failed";
    let feed = office.json_until(&["feed"], failed);
    assert_eq!(feed[1]["outcome"], "recorded");
    let alarms = office.json(&["alarms"]);
    assert!(
        !alarms.is_empty(),
        "an answer that was given up raises an alarm"
    );
    let from = office.smsc.read(|s| s.submitted.len());
    office.ok(&["retry", "--failed"]);
    let heard = office.next_heard(&mut phones[1], from);
    assert_eq!(heard, Heard::Receipt(message.counter));
    office.stop(engine);
}

#[test]
fn a_gateway_that_falls_silent_is_left() {
    let office = Office::open();
    let text = fast_configuration(office.smsc.port()).replace(
        "max_per_second = 0",
        "max_per_second = 0\nenquire_link_s = 1\nresponse_timeout_s = 1",
    );
    office.configure(&text);
    let mut phone = office.staff(1).remove(0);
    let engine = office.serve();
    office.smsc.wait_bound(1);
    office.smsc.silence(true);
    let closed = office
        .smsc
        .wait(SOON, |s| (s.count(&Seen::Closed) > 0).then_some(()));
    assert!(closed.is_some(), "a deaf link was kept");
    office.smsc.silence(false);
    office.smsc.wait_bound(2);
    office.check_in(&mut phone, 1);
    let name = Sms::text(Address::name("Ozeki"), "restarted");
    assert_eq!(office.smsc.deliver_and_wait(name), 0);
    office.stop(engine);
}

#[test]
fn throttled_receipts_among_many_are_sent_again() {
    let office = Office::open_fast();
    let mut fleet = Fleet::new(office.staff(12));
    let engine = office.serve();
    office.smsc.wait_bound(1);
    office.smsc.answer_submits_with(&[0x58, 0x58, 0x14]);
    for place in 0..fleet.phones.len() {
        fleet.check_in(&office.smsc, place, "", true);
    }
    let all = |s: &mut super::smsc::State| (s.submitted.len() == 12).then_some(());
    let sent = office.smsc.wait(SOON, all);
    assert!(sent.is_some(), "{:#?}", office.json(&["outbox"]));
    fleet.settle(&office.smsc);
    office.stop(engine);
}
