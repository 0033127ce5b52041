//! No key, no password, no text of a message and no whole number stands where it has no business: a desk with canaries is
//! kept busy, crashes, and all that it left is searched. The soak searches a desk that ran for long in the same way.

mod closed;
mod files;
mod forms;
mod nonces;
mod types;

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hazir::protocol::{DeviceKeys, RootKey, StoreKey};
use rustix::process::Signal;

use super::office::{Office, fast_configuration, now, stop};
use super::pdu::{Address, Submitted};
use super::phone::{Heard, OldPhone, Phone, frame, hex, unhex};
use super::process::Process;
use super::pty::Terminal;
use super::smsc::{DESK, SOON, Seen, Sms, State};
use super::watch::Watch;
use forms::{Canary, assert_none, files as files_below};

const PASSWORD: &str = "kN7-q2Zx";
const NUMBER: &str = "+989123456789";
const OLD_NUMBER: &str = "+989127654321";
pub(crate) const NOTE: &str = "lavender-zeppelin";
const OLD_TEXT: &str = "Exit marmalade-quasar";
const WORDS: &str = "tangerine-monsoon";

/// What is looked for.
pub(crate) struct Canaries {
    /// Keys and the password: nowhere but in their files, and the root key in the one answer that gives it.
    keys: Vec<Canary>,
    /// What phones wrote: in the store, and on the screens of those who may read it.
    texts: Vec<Canary>,
    /// Whole numbers: in the store and on the socket, masked elsewhere.
    numbers: Vec<Canary>,
}

impl Canaries {
    fn all(&self) -> Vec<Canary> {
        [&self.keys[..], &self.texts, &self.numbers].concat()
    }

    /// Asserts that a terminal got no key and no whole number.
    pub(crate) fn assert_not_shown(&self, terminal: &[u8]) {
        assert_none(&self.keys, "the terminal", terminal);
        assert_none(&self.numbers, "the terminal", terminal);
    }

    /// Asserts that no key crossed the socket.
    pub(crate) fn assert_not_said(&self, socket: &[u8]) {
        assert_none(&self.keys, "the socket", socket);
    }

    /// Asserts that an engine wrote nothing of it all.
    pub(crate) fn assert_not_written(&self, out: &str, err: &str) {
        assert_none(&self.all(), "stdout", out.as_bytes());
        assert_none(&self.all(), "stderr", err.as_bytes());
    }
}

/// A desk whose secrets are known, and its phone.
pub(crate) fn desk(root: [u8; 32]) -> (Office, Phone, Canaries) {
    let office = Office::bare();
    office.smsc.want_password(PASSWORD);
    let home = office.data.parent().expect("it is in a directory");
    let (password, key) = (home.join("password"), home.join("phone.key"));
    std::fs::write(&password, PASSWORD).unwrap();
    std::fs::write(&key, hex(&root)).unwrap();
    let port = office.smsc.port().to_string();
    let mut args = vec!["init", "--non-interactive", "--name", "Head office"];
    args.extend(["--time-zone", "Asia/Tehran", "--country", "IR"]);
    args.extend(["--gateway-name", "reception", "--host", "127.0.0.1"]);
    args.extend(["--port", &port, "--system-id", "smppuser", "--no-check"]);
    args.extend(["--source-address", DESK, "--password-file"]);
    args.push(password.to_str().unwrap());
    office.ok(&args);
    let text = fast_configuration(office.smsc.port());
    office.configure(&text.replace("password = \"secret\"\n", ""));
    office.employ("Canary", NUMBER, &[]);
    office.employ("Old canary", OLD_NUMBER, &["--legacy"]);
    let enrol = ["device", "enrol", "1", "--key-file", key.to_str().unwrap()];
    let enrolled = office.json(&enrol).remove(0);
    let device = u32::try_from(enrolled["device"].as_u64().unwrap()).unwrap();
    let store_key = std::fs::read_to_string(office.data.join("keys/store.key")).unwrap();
    assert!(StoreKey::parse(&store_key).is_ok());
    let derived = DeviceKeys::derive(&RootKey::from_octets(root));
    let canaries = Canaries {
        keys: vec![
            Canary::octets("the root key", &root),
            Canary::octets("the key to the desk", derived.to_desk.octets()),
            Canary::octets("the key to the phone", derived.to_device.octets()),
            Canary::octets("the store key", &unhex(store_key.trim())),
            Canary::text("the password", PASSWORD),
        ],
        texts: vec![
            Canary::text("a note", NOTE),
            Canary::text("a text of 2023", OLD_TEXT),
            Canary::text("a plain text", WORDS),
        ],
        numbers: vec![
            Canary::text("a number", &NUMBER[3..]),
            Canary::text("a number", &OLD_NUMBER[3..]),
        ],
    };
    (office, Phone::new(device, &root, NUMBER), canaries)
}

/// The socket of a desk with somebody between it and its consoles, who notes every octet.
pub(crate) struct Tap(Arc<Watch<Vec<u8>>>);

impl Tap {
    pub(crate) fn between(office: &Office) -> Self {
        let path = office.data.join("hazir.sock");
        let real = office.data.join("real.sock");
        std::fs::rename(&path, &real).unwrap();
        let door = UnixListener::bind(&path).unwrap();
        let noted = Arc::new(Watch::new(Vec::new()));
        let shared = Arc::clone(&noted);
        std::thread::spawn(move || {
            for console in door.incoming() {
                let console = console.unwrap();
                let Ok(engine) = UnixStream::connect(&real) else {
                    return;
                };
                for (from, to) in [(&console, &engine), (&engine, &console)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let noted = Arc::clone(&shared);
                    std::thread::spawn(move || carry(from, to, &noted));
                }
            }
        });
        Self(noted)
    }

    /// All octets that went by since this was asked last.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.0.change(std::mem::take)
    }

    /// Goes from between: an engine that ends in order unlinks the socket that it made.
    pub(crate) fn remove(office: &Office) {
        let [real, path] = ["real.sock", "hazir.sock"].map(|name| office.data.join(name));
        std::fs::rename(real, path).unwrap();
    }
}

fn carry(mut from: UnixStream, mut to: UnixStream, noted: &Watch<Vec<u8>>) {
    let mut some = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut some) {
        noted.change(|all| all.extend_from_slice(&some[..count]));
        if to.write_all(&some[..count]).is_err() {
            break;
        }
    }
    // Either may have hung up.
    let _ = to.shutdown(Shutdown::Both);
}

/// An engine that says all that it can say, and could leave a core file in the desk's directory.
pub(crate) fn talkative(office: &Office) -> Process {
    let serve = office.command(&["serve"]);
    let mut command = Command::new("sh");
    // As much as this user may have.
    let allow = "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$@\"";
    command.args(["-c", allow, "sh"]).arg(serve.get_program());
    command.args(serve.get_args()).env("HAZIR_LOG", "trace");
    office.clean(&mut command);
    let mut engine = Process::start(command.current_dir(&office.data));
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    engine
}

/// Lets everything happen that a desk writes about: messages of all kinds, alarms, breaks, commands.
fn keep_busy(office: &Office, phone: &mut Phone) {
    let smsc = &office.smsc;
    let from = |number: &str, text: &str| {
        let sms = Sms::text(Address::number(number), text);
        assert_eq!(smsc.deliver_and_wait(sms), 0, "'{text}'");
    };
    let next = phone.check_in(1, now(), NOTE);
    let submitted = smsc.read(|s| s.submitted.len());
    from(NUMBER, &next.text);
    // What the engine before left waiting may come first.
    let receipt = smsc.wait(SOON, |s| {
        let mut texts = s.submitted[submitted..].iter().map(Submitted::text);
        let is_receipt = |text: String| phone.hear(&text) == Heard::Receipt(next.counter);
        texts.any(is_receipt).then_some(())
    });
    assert!(receipt.is_some(), "no receipt");
    // A copy, a used counter, a wrong tag, plain words, the old format.
    from(NUMBER, &next.text);
    let other = phone.seal(0x11, 0, next.counter, &[2, 0, 0, 0, 0]);
    from(NUMBER, &frame(&other));
    for n in 0..2 {
        let mut forged = phone.seal(0x11, 0, next.counter + 1, &[1, 0, 0, 0, n]);
        forged[30] ^= 1;
        from(NUMBER, &frame(&forged));
    }
    from(NUMBER, WORDS);
    from("+989350000001", WORDS);
    from(OLD_NUMBER, &OldPhone::default().send(OLD_TEXT));
    smsc.answer_submits_with(&[0x58, 0x0B]);
    let odd = phone.seal_odd(0x11, WORDS.as_bytes());
    from(NUMBER, &odd.text);
    // From here on there is no link: a refused login is tried again after a minute.
    smsc.answer_binds_with(&[0x0E]);
    let refused = |s: &State| s.count(&Seen::BindRefused(0x0E));
    let before = smsc.read(refused);
    smsc.drop_link();
    let came = smsc.wait(SOON, |s| (refused(s) > before).then_some(()));
    assert!(came.is_some(), "no bind");
    for command in [
        &["mark", "2", "in", "--reason", NOTE][..],
        &["feed"],
        &["people"],
        &["outbox"],
        &["alarms"],
        &["link"],
        &["link", "--pdus"],
        &["device", "list"],
        &["employee", "list"],
        &["retry", "--failed"],
        &["acknowledge", "--all"],
        &["config", "show", "--origin"],
    ] {
        office.run(command);
    }
}

/// Goes through the screens of a console; gives back all that the terminal got.
fn look_around(office: &Office) -> Vec<u8> {
    let mut window = Terminal::start(&office.command(&[]), 200, 60);
    window.shows("Canary");
    let mut shown = String::new();
    for keys in ["1", "2", "\r", "\x1b", "3", "4", "5", "!", "?", "\x1b", "1"] {
        let before = window.octets();
        window.keys(keys);
        window.writes_after(before);
        shown += &window.text();
    }
    window.keys("q");
    window.ends_restored(0);
    let mut octets = window.heard();
    octets.extend(shown.into_bytes());
    octets
}

/// Ends an engine by a signal. The first SIGSEGV only takes away the handler by which Rust tells of a stack that is used up.
fn end_by(engine: &mut Process, signal: Signal) -> ExitStatus {
    for _ in 0..100 {
        engine.signal(signal);
        if let Some(status) = engine.wait(Duration::from_millis(200)) {
            return status;
        }
    }
    panic!("it does not end by {signal:?}")
}

/// What the system shows of a process to everybody, and whether it could leave a core file.
pub(crate) fn assert_shows_nothing(engine: &Process, canaries: &Canaries) {
    let pid = engine.id();
    for name in ["cmdline", "environ", "comm", "status", "limits"] {
        let octets = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        assert_none(&canaries.all(), name, &octets);
    }
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core"));
    let words: Vec<&str> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{words:?}");
}

/// No file of a desk but those that are for it holds a key; no diagnostics hold a text or a number.
pub(crate) fn assert_clean(dir: &Path, canaries: &Canaries) {
    let (mut notes, mut numbers) = (0, 0);
    for (path, octets) in files_below(dir) {
        let place = path.display().to_string();
        let name = path.strip_prefix(dir).unwrap();
        assert!(!name.display().to_string().contains("core"), "{place}");
        if name.starts_with("keys") {
            continue;
        }
        assert_none(&canaries.keys, &place, &octets);
        if name.starts_with("log") {
            assert_none(&canaries.all(), &place, &octets);
        }
        notes += usize::from(canaries.texts[0].in_octets(&octets).is_some());
        numbers += usize::from(canaries.numbers[0].in_octets(&octets).is_some());
    }
    // Where they have to be, or nothing was searched.
    assert!(notes > 0 && numbers > 0, "the store holds neither");
    let key = std::fs::read(dir.join("keys/store.key")).unwrap();
    assert_eq!(canaries.keys[3].in_octets(&key), Some("hex"));
}

#[test]
fn canaries_are_nowhere_where_they_have_no_business() {
    let root = std::array::from_fn(|n| u8::try_from(n * 37 % 251).unwrap() ^ 0x5A);
    let (office, mut phone, canaries) = desk(root);
    let ends = [Signal::KILL, Signal::ABORT, Signal::SEGV, Signal::TERM];
    for signal in ends {
        let mut engine = talkative(&office);
        let tap = Tap::between(&office);
        keep_busy(&office, &mut phone);
        let terminal = look_around(&office);
        canaries.assert_not_shown(&terminal);
        canaries.assert_not_said(&tap.heard());
        assert_shows_nothing(&engine, &canaries);
        let status = end_by(&mut engine, signal);
        assert!(!status.core_dumped(), "{signal:?} dumped a core");
        canaries.assert_not_written(&engine.out(), &engine.err());
        // What is left of the tap, and of an engine that crashed.
        for socket in ["hazir.sock", "real.sock"] {
            let _ = std::fs::remove_file(office.data.join(socket));
        }
        assert_clean(&office.data, &canaries);
    }
}

#[test]
fn a_new_key_crosses_the_socket_once_and_is_said_once() {
    let (office, _, _) = desk([7; 32]);
    let engine = talkative(&office);
    let tap = Tap::between(&office);
    let enrolled = office.json(&["device", "enrol", "1"]).remove(0);
    let root = unhex(enrolled["root_key"].as_str().unwrap());
    let canary = Canary::octets("a new root key", &root);
    let heard = tap.heard();
    assert_eq!(canary.in_octets(&heard), Some("raw"));
    let first = heard.windows(32).position(|octets| octets == root).unwrap();
    assert_eq!(canary.in_octets(&heard[first + 1..]), None, "twice");
    for command in [["device", "list"], ["employee", "list"]] {
        for more in [&[][..], &["--json"]] {
            let done = office.ok(&[&command[..], more].concat());
            assert_none([&canary], "a list", done.out.as_bytes());
        }
    }
    assert_none([&canary], "the socket", &tap.heard());
    Tap::remove(&office);
    stop(engine);
    for (path, octets) in files_below(&office.data) {
        assert_none([&canary], &path.display().to_string(), &octets);
    }
}

#[test]
fn a_password_on_the_way_in_is_not_shown() {
    let office = Office::bare();
    let mut init = office.command(&["init", "--no-check", "--host", "127.0.0.1"]);
    init.args(["--name", "x", "--time-zone", "UTC", "--country", "IR"]);
    init.args(["--gateway-name", "reception", "--port", "1"]);
    init.args(["--system-id", "u", "--source-address", DESK]);
    let mut window = Terminal::start(&init, 120, 40);
    window.shows("assword");
    window.keys(&format!("{PASSWORD}\r"));
    window.shows("What to do next");
    let status = window.wait(Duration::from_secs(10)).expect("it ends");
    assert_eq!(status.exit_code(), 0, "{}", window.text());
    let canary = Canary::text("the password", PASSWORD);
    assert_none([&canary], "the terminal", &window.heard());
    let kept = std::fs::read(office.data.join("keys/reception.password")).unwrap();
    assert!(canary.in_octets(&kept).is_some());
    let mut show = office.command(&["config", "show", "--origin"]);
    let shown = Process::start(show.stdin(Stdio::null())).finish(SOON);
    assert_none([&canary], "config show", shown.out.as_bytes());
}
