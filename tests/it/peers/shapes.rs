//! The shapes in which a gateway hands a text on, and the ways in which it treats what it is given. tshark reads along.

use serde_json::{Value, json};

use super::super::fleet::key_of;
use super::super::office::{Office, fast_configuration, stop};
use super::super::pdu;
use super::super::wiretap::{Wiretap, missing_tshark};
use super::{Peer, have, have_peer};

/// A style of the peer, and how it shows the sender; an empty one is the phone's number.
const SHAPES: [(&str, &str); 11] = [
    ("gsm", ""),
    ("latin", ""),
    ("ucs2", ""),
    ("payload", ""),
    ("parts", ""),
    ("sms", ""),
    ("sar", ""),
    ("gsm", "Front desk"),
    ("octets", ""),
    ("dressed", ""),
    ("footer", "11111"),
];
/// Long enough for several parts in UCS-2.
const NOTE: &str = "at the client's until noon";

fn number(n: usize) -> String {
    format!("+98912444{n:04}")
}

fn hire(office: &Office, peer: &mut Peer, n: usize, (style, shown): (&str, &str)) {
    let number = number(n);
    let employee = office.employ(&format!("Shape {n}"), &number, &[]);
    let enrolled = office.json(&["device", "enrol", &employee.to_string()]);
    let mut phone = json!({
        "cmd": "phone", "number": number, "style": style, "key_text": enrolled[0]["key_text"],
    });
    if !shown.is_empty() {
        phone["source"] = json!({ "number": shown, "ton": 5, "npi": 0 });
    }
    peer.order(&phone);
}

fn check_in(peer: &mut Peer, action: &str) {
    for n in 0..SHAPES.len() {
        let order = json!({ "cmd": "check_in", "phone": n, "action": action, "note": NOTE });
        peer.order(&order);
    }
}

/// Every shape is one record of its phone for each round, and every receipt is known to have arrived.
fn assert_recorded(office: &Office, report: &Value, rounds: usize) {
    assert_eq!(report["faults"], json!([]));
    office.json_until(&["outbox"], |entries| {
        entries.len() == rounds * SHAPES.len()
            && entries.iter().all(|it| it["state"] == "delivered")
    });
    let feed = office.json(&["feed"]);
    for (phone, (n, (style, shown))) in report["phones"]
        .as_array()
        .expect("phones")
        .iter()
        .zip(SHAPES.iter().enumerate())
    {
        let mine = feed.iter().filter(|line| line["device"] == phone["device"]);
        let mine: Vec<_> = mine.filter(|line| line["outcome"] == "recorded").collect();
        assert_eq!(mine.len(), rounds, "{style}");
        for line in mine {
            let sender = if shown.is_empty() {
                number(n)
            } else {
                (*shown).to_owned()
            };
            assert_eq!(line["sender"], sender, "{style}");
            assert_eq!(line["note"], NOTE, "{style}");
            assert!(key_of(line).1 > 0);
            let held = phone["held"].as_array().expect("receipts");
            let counter = |it: &&Value| it["counter"] == line["counter"];
            assert_eq!(held.iter().filter(counter).count(), 1, "{style}");
        }
    }
}

#[test]
fn every_shape_of_deliver_sm_is_read_from_whole_and_from_slow_segments() {
    if !have_peer() || !have("tshark", missing_tshark()) {
        return;
    }
    let mut peer = Peer::start();
    let line = Wiretap::start(peer.port());
    let office = Office::bare();
    let done = office.init(line.port(), &["--no-check"]);
    assert_eq!(done.code, Some(0), "init: {}{}", done.out, done.err);
    office.configure(&fast_configuration(line.port()));
    for (n, shape) in SHAPES.into_iter().enumerate() {
        hire(&office, &mut peer, n, shape);
    }
    peer.named("added", SHAPES.len());
    let engine = office.serve();
    peer.named("bound", 1);

    // Receipts are texts that follow the response.
    check_in(&mut peer, "in");
    peer.receipts(SHAPES.len());
    let report = peer.last_report();
    assert_recorded(&office, &report, 1);

    // Receipts are TLVs that come before the response, and all comes in pieces of seven octets.
    peer.order(&json!({ "cmd": "receipts", "tlv": true, "early": true }));
    peer.order(&json!({ "cmd": "slow", "octets": 7 }));
    peer.order(&json!({ "cmd": "throttle", "count": 2 }));
    check_in(&mut peer, "out");
    peer.receipts(2 * SHAPES.len());
    peer.order(&json!({ "cmd": "slow", "octets": 0 }));
    let report = peer.last_report();
    assert_recorded(&office, &report, 2);

    // An empty body, octets that are none of ours, and a link that breaks.
    let stranger = json!({ "number": "+989355555555", "ton": 1, "npi": 1 });
    for (data_coding, hex) in [(0, ""), (4, "1100ff")] {
        let order =
            json!({ "cmd": "octets", "from": stranger, "data_coding": data_coding, "hex": hex });
        peer.order(&order);
    }
    // What is on its way when the link breaks would come again.
    peer.last_report();
    peer.order(&json!({ "cmd": "drop" }));
    check_in(&mut peer, "in");
    peer.receipts(3 * SHAPES.len());
    let report = peer.last_report();
    assert_recorded(&office, &report, 3);
    let feed = office.json(&["feed"]);
    let unreadable = feed.iter().filter(|line| line["outcome"] == "unreadable");
    assert_eq!(unreadable.count(), 2);
    let statuses = report["statuses"].as_object().expect("statuses");
    assert_eq!(statuses.keys().collect::<Vec<_>>(), ["0"]);

    office.wait_linked();
    stop(engine);
    peer.wait(1, |event| event["event"] == "unbound");
    let counts = line.counts();
    let of = |command: u32| counts.get(&command).copied().unwrap_or(0);
    assert_eq!(of(pdu::BIND_TRANSCEIVER), 2);
    assert_eq!(of(pdu::BIND_TRANSCEIVER_RESP), 2);
    assert_eq!((of(pdu::UNBIND), of(pdu::UNBIND_RESP)), (1, 1));
    let submitted = report["submitted"].as_u64().expect("a number");
    // Two were throttled.
    assert_eq!(of(pdu::SUBMIT_SM) as u64, submitted + 2);
    assert_eq!(of(0x8000_0000), 0, "nothing was nacked");
    line.assert_well_formed(&office.data);
}
