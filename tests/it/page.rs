//! The phone page in a real browser against the real binary: what the page hands to the SMS app goes through the SMSC to
//! an engine, and the engine's answer back into the page.
//!
//! Needs node and Debian's `chromium`; where `tests/page/node_modules` is missing, `npm ci` fetches it.
//! `HAZIR_REQUIRE_PEERS=1` makes what is not there a failure.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::enrolment::{enrol_and_scan, missing_zbar};
use super::fleet::{key_of, unix_s};
use super::lacking::{have, missing_packages, works};
use super::office::{Office, fast_configuration};
use super::pdu::{Address, Submitted};
use super::smsc::{DESK, SOON, Sms};

/// A browser that starts on a busy machine does so well within this time.
const PATIENCE: Duration = Duration::from_mins(2);
const NUMBER: &str = "+989121234567";
/// Where the desk believes the page to be.
const LINK: &str = "https://example.org/phone.html";
/// The time zone of desk and browser: Tehran's clock has been 3:30 ahead of UTC all year since 2022.
const AHEAD_S: i64 = 12_600;

/// Where the browser's tests stand.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page")
}

/// Why the page cannot be driven; nothing where it can.
fn missing() -> Option<&'static str> {
    if !works(Command::new("/usr/bin/chromium").arg("--version")) {
        return Some("chromium is not there");
    }
    missing_packages(&directory(), "npm ci in tests/page failed")
}

/// The page in its browser, as a child that takes orders.
struct Page {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Page {
    fn open() -> Self {
        let mut child = Command::new("node")
            .arg("engine.js")
            .current_dir(directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there");
        let (tell, answers) = sync_channel(1);
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // The test may have failed, and be gone.
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            orders: child.stdin.take(),
            child,
            answers,
        }
    }

    /// Gives an order and waits for its answer.
    fn order(&mut self, order: &Value) -> Value {
        let orders = self.orders.as_mut().expect("it is piped");
        writeln!(orders, "{order}").expect("node reads");
        let line = self.answers.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|e| panic!("no answer to {order}: {e}"));
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"))
    }

    /// Presses a button: the text of the SMS.
    fn press(&mut self, button: &str) -> String {
        text_of(&self.order(&json!({ "do": "press", "button": button })))
    }

    /// Pastes an answer.
    fn paste(&mut self, text: &str) -> Value {
        self.order(&json!({ "do": "paste", "text": text }))
    }

    /// Ends it in order: the page broke no rule of its own, and asked the network for nothing.
    fn close(mut self) {
        drop(self.orders.take());
        let status = self.child.wait().expect("the child is ours");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text_of(answer: &Value) -> String {
    answer["text"].as_str().expect("a text").to_owned()
}

/// What the page has to show for a line of the desk's: the word of the action and the desk's time.
fn recorded(action: &str, line: &Value) -> String {
    let minutes = (unix_s(&line["at"]) + AHEAD_S).rem_euclid(86_400) / 60;
    format!("{action}, recorded {:02}:{:02}", minutes / 60, minutes % 60)
}

/// Hands an SMS to the gateway, and waits for the answer that the desk gives: its text.
fn exchange(office: &Office, text: &str) -> String {
    let from = office.smsc.read(|s| s.submitted.len());
    deliver(office, text);
    let answer = office.smsc.wait(SOON, |s| {
        let mut mine = s.submitted[from..].iter();
        mine.find(|sms| sms.to.text() == NUMBER)
            .map(Submitted::text)
    });
    answer.unwrap_or_else(|| panic!("no answer to {text}"))
}

fn deliver(office: &Office, text: &str) {
    let sms = Sms::text(Address::number(NUMBER), text);
    assert_eq!(office.smsc.deliver_and_wait(sms), 0, "{text}");
}

fn feed(office: &Office, count: usize) -> Vec<Value> {
    office.json_until(&["feed"], |lines| lines.len() == count)
}

/// What a browser that opens a link to the page gives it.
fn fragment(link: &str) -> &str {
    let rest = link
        .strip_prefix(LINK)
        .and_then(|rest| rest.strip_prefix('#'));
    rest.unwrap_or_else(|| panic!("{link} is no link to the page"))
}

/// The way of a new employee: the code in the window at reception, the words, In, and a tap on the answer.
#[test]
fn a_new_employee_goes_from_the_code_at_reception_to_recorded() {
    if !have("the phone page in a browser", missing()) || !have("zbarimg", missing_zbar()) {
        return;
    }
    let office = Office::open_fast();
    let text = fast_configuration(office.smsc.port());
    let text = text.replace("[[gateway]]", &format!("page = \"{LINK}\"\n\n[[gateway]]"));
    let link = format!("footer_octets = 0\nanswer_link = \"{LINK}\"\n\n[receipts]");
    office.configure(&text.replace("[receipts]", &link));
    office.employ("Ayşe Yılmaz", NUMBER, &[]);
    let engine = office.serve();
    office.smsc.wait_bound(1);

    let (code, window) = enrol_and_scan(&office);
    let mut page = Page::open();
    let seen = page.order(&json!({ "do": "enrol", "key": fragment(&code) }));
    let words = seen["words"].as_array().expect("they are shown");
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    assert!(window.contains(&words.join(" ")), "{words:?} in\n{window}");
    let text = page.press("in");
    let answer = exchange(&office, &text);
    let heard = page.order(&json!({ "do": "follow", "text": fragment(&answer) }));
    let lines = feed(&office, 1);
    assert_eq!(heard["state"], recorded("In", &lines[0]));
    assert!(
        heard["said"]
            .as_str()
            .is_some_and(|said| said.starts_with("Right")),
        "{heard}"
    );
    page.close();
    office.stop(engine);
}

#[test]
fn the_page_checks_in_at_a_real_desk() {
    if !have("the phone page in a browser", missing()) {
        return;
    }
    let office = Office::open_fast();
    let employee = office.employ("Ayşe Yılmaz", NUMBER, &[]).to_string();
    let enrolled = office.json(&["device", "enrol", &employee]).remove(0);
    let engine = office.serve();
    office.smsc.wait_bound(1);
    let mut page = Page::open();

    let seen = page.order(&json!({ "do": "enrol", "key": enrolled["key_text"] }));
    assert_eq!(seen["device"], enrolled["device"]);
    assert_eq!(seen["words"], enrolled["words"]);
    let blank = page.order(&json!({ "do": "backup" }));
    assert_eq!(blank["state"], "Nothing sent yet");

    // In, and the same SMS once more: it counts once, and nothing more is said of it.
    let text = page.press("in");
    let answer = exchange(&office, &text);
    let again = page.order(&json!({ "do": "again" }));
    assert_eq!(text_of(&again), text);
    deliver(&office, &text);
    let lines = feed(&office, 2);
    assert_eq!(lines[0]["outcome"], "recorded");
    assert_eq!(lines[1]["outcome"], "duplicate");
    let heard = page.paste(&format!("{DESK}: {answer} sent by an app"));
    assert_eq!(heard["state"], recorded("In", &lines[0]));
    let heard = page.order(&json!({ "do": "follow", "text": answer }));
    assert_eq!(heard["said"], "You had this answer already.");

    // The storage is rolled back: the counter is an old one, the desk says so, and the page goes on from there.
    page.order(&json!({ "do": "restore" }));
    let stale = page.press("out");
    let refusal = exchange(&office, &stale);
    let heard = page.paste(&refusal);
    assert!(
        heard["said"]
            .as_str()
            .is_some_and(|said| said.contains("One more SMS")),
        "{heard}"
    );
    let anew = text_of(&page.order(&json!({ "do": "again" })));
    assert_ne!(anew, stale);
    let answer = exchange(&office, &anew);

    // One octet is changed on the way back; then it comes as it was, by link and without its last dot.
    let place = answer.len() - 9;
    let other = if &answer[place..=place] == "A" {
        "B"
    } else {
        "A"
    };
    let changed = [&answer[..place], other, &answer[place + 1..]].concat();
    let heard = page.paste(&changed);
    assert!(
        heard["said"]
            .as_str()
            .is_some_and(|said| said.contains("not right")),
        "{heard}"
    );
    let heard = page.order(&json!({ "do": "follow", "text": answer.trim_end_matches('.') }));
    let lines = feed(&office, 4);
    assert_eq!(lines[2]["outcome"], "replay");
    assert_eq!(lines[3]["outcome"], "recorded");
    assert_eq!(key_of(&lines[2]).1, 1);
    assert_eq!(key_of(&lines[3]).1, 2);
    assert_eq!(heard["state"], recorded("Out", &lines[3]));
    assert!(lines[3]["claimed_at"].is_string(), "{lines:#?}");
    assert_eq!(lines[3]["claimed_at"], lines[2]["claimed_at"]);

    // The employee is suspended.
    office.ok(&["employee", "suspend", &employee]);
    let text = page.press("in");
    let heard = page.paste(&exchange(&office, &text));
    assert!(
        heard["state"]
            .as_str()
            .is_some_and(|state| state.ends_with("not recorded")),
        "{heard}"
    );
    assert!(
        heard["detail"]
            .as_str()
            .is_some_and(|why| why.contains("suspended")),
        "{heard}"
    );

    page.close();
    office.stop(engine);
}
