//! The real binary against other people's SMPP and cryptography: an SMSC on npm `smpp` with phones on noble and
//! `node:crypto` behind it. It shares no code with the product, nor with the other tests.
//!
//! Needs node; where `tests/peers/node_modules` is missing, `npm ci` fetches it. `HAZIR_REQUIRE_PEERS=1` makes a peer
//! that is not there a failure.

mod shapes;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::fleet::{key_of, unix_s};
use super::lacking::{have, missing_packages};
use super::office::{Office, fast_configuration, stop};
use super::process::Process;
use super::smsc::DESK;
use super::watch::Watch;

/// Phones that seal: enough for each way in which a gateway hands on a text, more than once.
const SEALED: usize = 20;
/// Phones with the app of 2023.
const OLD: usize = 2;
/// All of it is through well within this time, reconnecting included.
const THROUGH: Duration = Duration::from_mins(1);
const STYLES: [&str; 8] = [
    "gsm", "latin", "ucs2", "footer", "payload", "parts", "sms", "sar",
];

/// Where the peers stand.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// Why the node peer cannot be had; nothing where it can.
fn missing() -> Option<&'static str> {
    static MISSING: OnceLock<Option<&'static str>> = OnceLock::new();
    *MISSING.get_or_init(|| missing_packages(&directory(), "npm ci in tests/peers failed"))
}

/// Whether the node peer is there.
pub(crate) fn have_peer() -> bool {
    have("the node peer", missing())
}

/// The SMSC with its phones, as a child.
struct Peer {
    child: Child,
    orders: ChildStdin,
    events: Arc<Watch<Vec<Value>>>,
    reader: Option<JoinHandle<()>>,
}

impl Peer {
    fn start() -> Self {
        let settings = json!({
            "system_id": "smppuser", "password": "secret", "desk": DESK,
            "time_zone": "Asia/Tehran", "scale": 0.05,
        });
        let mut child = Command::new("node")
            .arg("smsc.js")
            .arg(settings.to_string())
            .current_dir(directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there");
        let events = Arc::new(Watch::new(Vec::new()));
        let shared = Arc::clone(&events);
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let reader = std::thread::spawn(move || {
            for line in out.lines() {
                let line = line.expect("node writes UTF-8");
                let event = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
                shared.change(|events: &mut Vec<Value>| events.push(event));
            }
        });
        Self {
            orders: child.stdin.take().expect("it is piped"),
            child,
            events,
            reader: Some(reader),
        }
    }

    fn order(&mut self, order: &Value) {
        writeln!(self.orders, "{order}").expect("node reads");
    }

    /// Waits until `count` events are of this kind, and gives them.
    fn wait(&self, count: usize, is: impl Fn(&Value) -> bool) -> Vec<Value> {
        let enough = |events: &mut Vec<Value>| {
            let found: Vec<_> = events.iter().filter(|event| is(event)).cloned().collect();
            (found.len() >= count).then_some(found)
        };
        let found = self.events.wait(THROUGH, enough);
        found.unwrap_or_else(|| panic!("not {count} of them: {:#?}", self.events.read(Vec::clone)))
    }

    fn named(&self, name: &str, count: usize) -> Vec<Value> {
        self.wait(count, |event| event["event"] == name)
    }

    fn receipts(&self, count: usize) {
        self.wait(count, |event| {
            event["event"] == "heard" && event["kind"] == "receipt"
        });
    }

    fn report(&mut self, nth: usize) -> Value {
        self.order(&json!({ "cmd": "report" }));
        self.named("report", nth).remove(nth - 1)
    }

    /// Where it listens.
    fn port(&self) -> u16 {
        let port = self.named("listening", 1)[0]["port"].as_u64();
        u16::try_from(port.expect("a port")).expect("a port")
    }

    /// Asks for reports until one has nothing on its way any more.
    fn last_report(&mut self) -> Value {
        let before = self.events.read(|events| {
            let reports = events.iter().filter(|event| event["event"] == "report");
            reports.count()
        });
        for nth in before + 1..before + 2_000 {
            let report = self.report(nth);
            if report["waiting"] == 0 && report["delivered"].as_u64() >= expected_at_least(&report)
            {
                return report;
            }
        }
        panic!("the SMSC does not come to rest");
    }
}

/// Every SMS that was taken has a delivery receipt that was answered, and every check-in was.
fn expected_at_least(report: &Value) -> Option<u64> {
    report["submitted"].as_u64().map(|submitted| 2 * submitted)
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take()
            && reader.join().is_err()
        {
            eprintln!("node wrote what is no JSON");
        }
    }
}

/// How a gateway shows the number of phone `n`, with type and plan, and how it stands on the card.
fn address(n: usize) -> (String, u8, u8, String) {
    let national = format!("912{n:07}");
    let (shown, ton, npi) = match n % 4 {
        0 => (format!("+98{national}"), 1, 1),
        1 => (format!("98{national}"), 1, 1),
        2 => (format!("0{national}"), 0, 1),
        _ => (format!("0098{national}"), 0, 0),
    };
    (shown, ton, npi, format!("+98{national}"))
}

fn hire(office: &Office, peer: &mut Peer, n: usize) {
    let (shown, ton, npi, card) = address(n);
    let name = ["Ayşe Kaya", "سارا کریمی", "John O'Neill"][n % 3];
    let name = format!("{name} {n}");
    let more: &[&str] = if n < SEALED { &[] } else { &["--legacy"] };
    let employee = office.employ(&name, &card, more);
    let mut phone = json!({
        "cmd": "phone", "number": shown, "ton": ton, "npi": npi, "style": STYLES[n % STYLES.len()],
    });
    if n < SEALED {
        let enrolled = office
            .json(&["device", "enrol", &employee.to_string()])
            .remove(0);
        let by_text = n.is_multiple_of(2);
        let names: &[&str] = if by_text {
            &["key_text"]
        } else {
            &["device", "root_key"]
        };
        for name in names {
            phone[name] = enrolled[*name].clone();
        }
    } else {
        phone["style"] = json!("gsm");
    }
    peer.order(&phone);
}

fn check_in(peer: &mut Peer, action: &str) {
    for n in 0..SEALED + OLD {
        let note = ["", "at the client's", "نزد مشتری"][n % 3];
        let order = json!({ "cmd": "check_in", "phone": n, "action": action, "note": note });
        peer.order(&order);
    }
}

fn assert_fields(lines: &[Value], names: &[&str]) {
    for line in lines {
        let object = line.as_object().expect("a line is an object");
        for name in names {
            assert!(object.contains_key(*name), "no '{name}' in {line}");
        }
    }
}

/// The feed says of every phone what the phone knows.
fn assert_feed(feed: &[Value], report: &Value) {
    let names = "seq received_at gateway sender outcome delayed at link_gap reason employee name device counter action \
                 claimed_at note weak receipt";
    assert_fields(feed, &names.split_whitespace().collect::<Vec<_>>());
    let seqs: Vec<_> = feed.iter().map(|line| line["seq"].as_u64()).collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
    let recorded: Vec<_> = feed
        .iter()
        .filter(|line| line["outcome"] == "recorded")
        .collect();
    let mut unreadable = feed.iter().filter(|line| line["outcome"] == "unreadable");
    assert!(
        unreadable.all(|line| line["sender"] == "11111"),
        "only the gateway's own notice is no check-in"
    );
    let phones = report["phones"].as_array().expect("phones");
    let held: usize = phones
        .iter()
        .map(|p| p["held"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(recorded.len(), held);
    for line in &recorded {
        assert_fields(
            &[line["receipt"].clone()],
            &["state", "attempts", "message_id"],
        );
        assert_eq!(line["receipt"]["state"], "delivered", "{line}");
        assert_eq!(line["delayed"], false, "{line}");
        assert_eq!(line["gateway"], "reception");
        assert!(line["reason"].is_null());
    }
    for phone in phones {
        let number = &phone["number"];
        assert_eq!(phone["waiting"], 0, "{number}");
        assert_eq!(phone["refused"], json!([]), "{number}");
        let mut mine = recorded.iter().filter(|line| &line["sender"] == number);
        let mut held = phone["held"].as_array().expect("receipts").clone();
        held.sort_by_key(|receipt| receipt["counter"].as_u64());
        for receipt in held {
            let line = mine
                .next()
                .unwrap_or_else(|| panic!("{number}: no record of {receipt}"));
            assert_eq!(line["action"], receipt["action"]);
            assert_eq!(line["note"], receipt["note"]);
            if phone["device"].is_null() {
                assert_eq!(line["weak"], true);
                continue;
            }
            assert_eq!(line["weak"], false);
            let (device, counter) = key_of(line);
            assert_eq!(phone["device"], device);
            assert_eq!(receipt["counter"], counter);
            assert_eq!(receipt["claimed_at"], unix_s(&line["claimed_at"]));
            assert_eq!(receipt["desk_time"], unix_s(&line["at"]));
        }
        assert!(
            mine.next().is_none(),
            "{number}: a record without a receipt"
        );
    }
}

/// What is the same with an engine and without one.
fn queries(office: &Office) -> [Vec<Value>; 4] {
    [["feed"], ["people"], ["outbox"], ["alarms"]].map(|query| office.json(&query))
}

fn assert_queries([feed, people, outbox, alarms]: &[Vec<Value>; 4], report: &Value) {
    assert_feed(feed, report);
    assert_fields(people, &["employee", "name", "state", "since"]);
    assert_eq!(people.len(), SEALED + OLD);
    for person in people {
        // A phone that waited for its receipt may have sent a copy since.
        let mut recorded = feed.iter().filter(|line| line["outcome"] == "recorded");
        let last = recorded.rfind(|line| line["employee"] == person["employee"]);
        let last = last.expect("everybody checked in");
        assert_eq!(person["state"], last["action"], "{person}");
        assert_eq!(person["name"], last["name"]);
        assert_eq!(person["since"], last["at"]);
    }
    assert_fields(
        outbox,
        &[
            "id", "seq", "to", "kind", "state", "attempts", "next_at", "error",
        ],
    );
    let answered = feed
        .iter()
        .filter(|line| line["outcome"] == "recorded")
        .count();
    assert_eq!(outbox.len(), answered);
    for entry in outbox {
        assert_eq!(entry["kind"], "receipt");
        assert_eq!(entry["state"], "delivered", "{entry}");
        let line = feed
            .iter()
            .find(|line| line["seq"] == entry["seq"])
            .expect("its line");
        assert_eq!(line["sender"], entry["to"]);
    }
    assert_fields(
        alarms,
        &["id", "kind", "priority", "state", "since", "text", "act"],
    );
}

fn assert_link(office: &Office, report: &Value, drops: u64) {
    let names = "gateway state since reply_ms last_message_at received submitted drops error";
    let links = office.json(&["link"]);
    assert_fields(&links, &names.split_whitespace().collect::<Vec<_>>());
    assert_eq!(links.len(), 1);
    assert_eq!(links[0]["gateway"], "reception");
    assert_eq!(links[0]["state"], "bound");
    // What was on its way when the link was cut may have been taken without the desk's knowledge.
    let submitted = links[0]["submitted"].as_u64();
    assert!(submitted <= report["submitted"].as_u64(), "{links:?}");
    assert_eq!(links[0]["drops"], drops);
    assert!(links[0]["error"].is_null());
    let phones = report["phones"].as_array().expect("phones");
    let held: usize = phones
        .iter()
        .map(|p| p["held"].as_array().map_or(0, Vec::len))
        .sum();
    assert!(
        links[0]["received"].as_u64() >= u64::try_from(held).ok(),
        "{links:?}"
    );
}

#[test]
fn the_phones_of_the_peer_agree_with_the_vectors() {
    if !have_peer() {
        return;
    }
    let mut command = Command::new("node");
    let done = Process::start(command.arg("--test").current_dir(directory())).finish(THROUGH);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
}

#[test]
fn a_day_at_an_office_with_other_peoples_phones() {
    if !have_peer() {
        return;
    }
    let all = SEALED + OLD;
    let mut peer = Peer::start();
    let port = peer.port();
    let office = Office::bare();
    let done = office.init(port, &[]);
    assert_eq!(done.code, Some(0), "init: {}{}", done.out, done.err);
    let unbound = peer.named("unbound", 1).len();
    office.configure(&fast_configuration(port));

    for n in 0..all / 2 {
        hire(&office, &mut peer, n);
    }
    let engine = office.serve();
    for n in all / 2..all {
        hire(&office, &mut peer, n);
    }
    peer.named("added", all);

    peer.order(&json!({ "cmd": "throttle", "count": 3 }));
    peer.order(&json!({ "cmd": "notice" }));
    check_in(&mut peer, "in");
    peer.receipts(all);
    let report = peer.last_report();
    assert_eq!(report["faults"], json!([]));
    let inside = office.json_until(&["people"], |people| {
        people.iter().all(|p| p["state"] == "in")
    });
    assert_eq!(inside.len(), all);

    peer.order(&json!({ "cmd": "drop" }));
    check_in(&mut peer, "out");
    peer.receipts(2 * all);
    peer.order(&json!({ "cmd": "refuse", "on": true }));
    peer.named("refusing", 1);
    peer.order(&json!({ "cmd": "drop" }));
    peer.named("bind_refused", 1);
    peer.order(&json!({ "cmd": "check_in", "phone": 0, "action": "in" }));
    peer.order(&json!({ "cmd": "refuse", "on": false }));
    peer.receipts(2 * all + 1);

    let report = peer.last_report();
    assert_eq!(report["faults"], json!([]));
    let answers = report["statuses"].as_object().expect("statuses");
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["0"], "{answers:?}");
    office.json_until(&["outbox"], |entries| {
        entries.iter().all(|entry| entry["state"] == "delivered")
    });
    assert_link(&office, &report, 2);
    let running = queries(&office);
    assert_queries(&running, &report);

    stop(engine);
    peer.named("unbound", unbound + 1);
    let stopped = queries(&office);
    assert_queries(&stopped, &report);
    assert_eq!(stopped[..3], running[..3]);
    assert_eq!(office.run(&["link", "--json"]).code, Some(4));
}
