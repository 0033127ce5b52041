//! Kannel as an ESME at the gateway of `hazir demo`: the SMSC's end of our SMPP against other people's program. What Kannel
//! hands on by HTTP is held against the octets on the line.
//!
//! Needs `bearerbox` and `smsbox` of Debian's `kannel`, and tshark. `HAZIR_REQUIRE_PEERS=1` makes it a failure where they
//! are not there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use super::lacking::have;
use super::pdu::{self, Pdu, read_submit};
use super::process::Process;
use super::smsc::SOON;
use super::watch::Watch;
use super::wiretap::{Wiretap, missing_tshark};

const BEARERBOX: &str = "/usr/sbin/bearerbox";
const SMSBOX: &str = "/usr/sbin/smsbox";
/// The number of the demo's desk, as an address in a URL.
const DESK: &str = "%2B447700900999";

fn missing_kannel() -> Option<&'static str> {
    let is_there = [BEARERBOX, SMSBOX]
        .iter()
        .all(|path| Path::new(path).exists());
    (!is_there).then_some("kannel is not there")
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
    listener.local_addr().expect("it is bound").port()
}

/// A web server that notes what is asked of it and says nothing.
struct Web {
    port: u16,
    asked: Arc<Watch<Vec<String>>>,
}

impl Web {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let asked = Arc::new(Watch::new(Vec::new()));
        let shared = Arc::clone(&asked);
        std::thread::spawn(move || {
            for link in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&link, &shared));
            }
        });
        Self { port, asked }
    }

    /// Waits for so many requests that begin with this.
    fn wait(&self, begin: &str, count: usize) -> Vec<String> {
        let found = self.asked.wait(SOON, |asked| {
            let mine = asked.iter().filter(|path| path.starts_with(begin));
            let mine: Vec<_> = mine.cloned().collect();
            (mine.len() >= count).then_some(mine)
        });
        found
            .unwrap_or_else(|| panic!("not {count} of {begin}: {:#?}", self.asked.read(Vec::clone)))
    }
}

fn serve(link: &TcpStream, asked: &Watch<Vec<String>>) {
    let mut lines = BufReader::new(link).lines();
    while let Some(Ok(first)) = lines.next() {
        for line in lines.by_ref() {
            if line.unwrap_or_default().is_empty() {
                break;
            }
        }
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        asked.change(|asked| asked.push(path));
        let mut link = link;
        if link
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .is_err()
        {
            return;
        }
    }
}

/// What a web server answers; empty where there is none.
fn get(port: u16, path: &str) -> String {
    let mut text = String::new();
    if let Ok(mut link) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        // One that closes early has said what it had to say.
        let _ = link.write_all(request.as_bytes());
        let _ = link.read_to_string(&mut text);
    }
    text
}

/// The value of a field in the query of a URL.
fn field(path: &str, name: &str) -> String {
    let (_, query) = path.split_once('?').expect("a query");
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let mut octets = Vec::new();
    let mut rest = value
        .unwrap_or_else(|| panic!("no {name} in {path}"))
        .bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let digits =
                    [rest.next(), rest.next()].map(|digit| char::from(digit.expect("two digits")));
                u8::from_str_radix(&digits.iter().collect::<String>(), 16).expect("hexadecimal")
            }
            plain => plain,
        });
    }
    String::from_utf8(octets).expect("UTF-8")
}

struct Kannel {
    bearerbox: Process,
    smsbox: Process,
    admin: u16,
    sendsms: u16,
    web: u16,
}

impl Kannel {
    /// Starts both boxes and waits until the link to the SMSC is up.
    fn start(home: &Path, smsc: u16, password: &str, web: u16) -> Self {
        let [admin, boxes, sendsms] = [(); 3].map(|()| free_port());
        let text = format!(
            r#"group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = hazir
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = hazir
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = smppuser
smsc-password = {password}
system-type = ""
interface-version = 34
enquire-link-interval = 1
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = tester
password = hazir
max-messages = 9
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:{web}/mo?from=%p&to=%P&text=%a"
"#
        );
        let file = home.join("kannel.conf");
        std::fs::write(&file, text).expect("there is room for a file");
        let start = |program: &str| {
            let mut command = Command::new(program);
            command.args(["-v", "1"]).arg(&file).current_dir(home);
            Process::start(&mut command)
        };
        let bearerbox = start(BEARERBOX);
        let kannel = Self {
            bearerbox,
            smsbox: {
                look_until("bearerbox", || {
                    TcpStream::connect((Ipv4Addr::LOCALHOST, boxes)).is_ok()
                });
                start(SMSBOX)
            },
            admin,
            sendsms,
            web,
        };
        look_until("the link", || kannel.status().contains("(online "));
        look_until("smsbox", || {
            let status = kannel.status();
            status.contains("smsbox:") && !get(kannel.sendsms, "/").is_empty()
        });
        kannel
    }

    fn status(&self) -> String {
        get(self.admin, "/status.txt")
    }

    /// Submits a text under a name that its delivery receipts bear.
    fn send(&self, name: &str, to: &str, text: &str) {
        let receipts = format!(
            "http%3A%2F%2F127.0.0.1%3A{}%2F{name}%3Ftype%3D%25d%26id%3D%25F",
            self.web
        );
        let path = format!(
            "/cgi-bin/sendsms?username=tester&password=hazir&from={DESK}&to={}&{text}&dlr-mask=31&dlr-url={receipts}",
            to.replace('+', "%2B"),
        );
        let answer = get(self.sendsms, &path);
        assert!(answer.contains("0: Accepted for delivery"), "{answer}");
    }

    /// Ends both in order.
    fn stop(self) {
        for (name, it) in [("smsbox", self.smsbox), ("bearerbox", self.bearerbox)] {
            it.signal(Signal::TERM);
            let done = it.finish(SOON);
            assert_eq!(done.code, Some(0), "{name}: {}", done.err);
        }
    }
}

/// Looks until something is so. Kannel tells nobody, and between looks it needs the processor itself.
fn look_until(what: &str, mut is: impl FnMut() -> bool) {
    let nothing = Watch::new(());
    let mut looks = 0..2_000;
    let found = looks.any(|_| {
        is() || {
            nothing.wait(Duration::from_millis(10), |()| None::<()>);
            false
        }
    });
    assert!(found, "{what} does not come");
}

/// Every request has its response, and none says that something is wrong.
fn assert_answered(pdus: &[Pdu], request: u32, refused: usize) {
    let sequences = |command: u32| -> BTreeMap<u32, u32> {
        let mine = pdus.iter().filter(|pdu| pdu.command == command);
        mine.map(|pdu| (pdu.sequence, pdu.status)).collect()
    };
    let (asked, answered) = (sequences(request), sequences(request | 0x8000_0000));
    let keys = |all: &BTreeMap<u32, u32>| all.keys().copied().collect::<BTreeSet<_>>();
    assert_eq!(keys(&asked), keys(&answered), "{request:#010x}");
    let bad = answered.values().filter(|status| **status != 0);
    assert_eq!(bad.count(), refused, "{answered:?}");
}

#[test]
fn kannel_is_an_esme_at_the_gateway_of_a_demo() {
    if !have("kannel", missing_kannel()) || !have("tshark", missing_tshark()) {
        return;
    }
    let home = tempfile::Builder::new()
        .prefix("hz")
        .tempdir()
        .expect("there is room");
    let (port, data) = (free_port(), home.path().join("demo"));
    let mut demo = Command::new(env!("CARGO_BIN_EXE_hazir"));
    demo.args([
        "demo",
        "--people",
        "12",
        "--seed",
        "7",
        "--gateway-port",
        &port.to_string(),
        "--data",
    ]);
    demo.arg(&data)
        .env("HOME", home.path())
        .env("LC_ALL", "C.UTF-8");
    let mut demo = Process::start(&mut demo);
    assert!(demo.says("hazir serve", SOON), "{}", demo.err());
    let password =
        std::fs::read_to_string(data.join("keys/practice.password")).expect("a password");
    let people = std::fs::read_to_string(data.join("people.csv")).expect("people");
    let number = people
        .lines()
        .nth(1)
        .and_then(|line| line.split(',').nth(1));
    let number = number.expect("somebody with a number");

    let line = Wiretap::start(port);
    let web = Web::start();
    let kannel = Kannel::start(home.path(), line.port(), password.trim(), web.port);

    // Phones write to it.
    let came = web.wait("/mo?", 2);
    for path in &came {
        assert_eq!(field(path, "to"), "+447700900999");
        assert!(people.contains(&field(path, "from")), "{path}");
    }

    // And it to them: one SMS, three parts, UCS-2, and one that goes nowhere.
    kannel.send("one", number, "text=hello+there");
    kannel.send("long", number, &format!("text={}", "0123456789".repeat(40)));
    kannel.send(
        "wide",
        number,
        "coding=2&charset=UTF-8&text=%D8%B3%D9%84%D8%A7%D9%85",
    );
    kannel.send("nobody", "0", "text=hello");
    for (name, ends_with) in [("one", "1"), ("long", "1"), ("wide", "1"), ("nobody", "16")] {
        let end = format!("/{name}?type={ends_with}&");
        web.wait(&end, 1);
    }
    let taken = web.wait("/one?type=8&", 1).remove(0);
    let delivered = web.wait("/one?type=1&", 1).remove(0);
    assert_eq!(field(&taken, "id"), field(&delivered, "id"));
    line.wait(pdu::ENQUIRE_LINK_RESP, 2);
    let status = kannel.status();
    assert!(status.contains("failed 1, queued 0 msgs"), "{status}");
    kannel.stop();
    line.wait(pdu::UNBIND_RESP, 1);
    demo.signal(Signal::TERM);
    assert_eq!(demo.finish(SOON).code, Some(0));

    let pdus = line.pdus();
    assert_answered(&pdus, pdu::BIND_TRANSCEIVER, 0);
    assert_answered(&pdus, pdu::DELIVER_SM, 0);
    assert_answered(&pdus, pdu::SUBMIT_SM, 1);
    assert_answered(&pdus, pdu::UNBIND, 0);
    let submits = pdus.iter().filter(|pdu| pdu.command == pdu::SUBMIT_SM);
    let submits: Vec<_> = submits.map(|pdu| read_submit(&pdu.body)).collect();
    let shapes: Vec<_> = submits
        .iter()
        .map(|it| (it.esm_class, it.data_coding))
        .collect();
    assert_eq!(
        shapes.iter().filter(|it| **it == (0x43, 0)).count(),
        3,
        "{shapes:?}"
    );
    assert!(submits.iter().any(|it| it.data_coding == 8), "{shapes:?}");
    // What Kannel handed on is what stood in the deliver_sm.
    let texts = pdus.iter().filter(|pdu| pdu.command == pdu::DELIVER_SM);
    let texts: Vec<_> = texts.map(|pdu| read_submit(&pdu.body).text()).collect();
    for path in came {
        let text = field(&path, "text");
        assert!(texts.contains(&text) || text.starts_with("$$"), "{text}");
    }
    line.assert_well_formed(home.path());
}
