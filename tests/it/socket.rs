//! The socket of a real engine and everybody who may knock at it: strangers, members of the group, octets that no console
//! says, connections that say nothing, and consoles that do not read.
//!
//! `HAZIR_SOCKET_SEED` replays the batch that failed.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hazir::api::{Ask, Command, EnrolKey, LogFilter, NewEmployee, Query, Refusal, Reply, VERSION};
use hazir::domain::{
    Action, AlarmId, Country, DeviceId, EmployeeId, GatewayName, Millis, Msisdn, OutboxId, Seq,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Gid, Signal, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::draws::{Draws, setting};
use super::fleet::Fleet;

use super::lacking::have;
use super::office::{Office, fast_configuration};
use super::process::Process;
use super::pty::Terminal;

use super::smsc::SOON;

/// Check-ins whose events fill all that stands between an engine and a console.
const MANY: usize = 1_202;
/// Hostile connections of a batch.
const CASES: u64 = 60;
/// What an engine may grow by, in KiB, whatever is said to it: a few words of 1 MiB as they are read.
const GROWTH_KIB: u64 = 64 << 10;
/// Nobody, and a group that nobody is in.
const STRANGER: u32 = 65_534;
/// The most octets of a word.
const WORD_OCTETS: usize = 1 << 20;
const GROUP: &str = "games";

/// A connection that says what a test writes.
struct Raw(UnixStream);

impl Raw {
    fn connect(path: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(SOON))?;
        stream.set_write_timeout(Some(SOON))?;
        Ok(Self(stream))
    }

    /// Exchanges the openings; whether the engine did.
    fn open(&mut self) -> bool {
        let [high, low] = VERSION.to_be_bytes();
        let ours = [b"hazir".as_slice(), &[high, low, 0]].concat();
        let mut theirs = [0; 8];
        self.0.write_all(&ours).is_ok()
            && self.0.read_exact(&mut theirs).is_ok()
            && theirs == ours[..]
    }

    fn opened(path: &Path) -> Self {
        let mut raw = Self::connect(path).expect("somebody listens");
        assert!(raw.open(), "no opening came");
        raw
    }

    fn ask(&mut self, desk: &str, ask: &Ask) -> Option<Reply> {
        self.ask_word(&word(desk, ask))
    }

    /// Says a word, and gives the reply; nothing where the engine closed.
    fn ask_word(&mut self, word: &[u8]) -> Option<Reply> {
        self.0.write_all(&frame(word)).ok()?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length).ok()?;
        let mut octets = vec![0; u32::from_le_bytes(length) as usize];
        self.0.read_exact(&mut octets).ok()?;
        let (kind, id, reply): (u32, u32, Reply) = postcard::from_bytes(&octets).expect("a reply");
        assert_eq!((kind, id), (0, 1));
        Some(reply)
    }

    /// Waits until the engine closes, and gives back how much it said before.
    fn closed(&mut self) -> usize {
        let mut rest = Vec::new();
        if let Err(error) = self.0.read_to_end(&mut rest) {
            // Octets that it did not read reset the connection.
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        rest.len()
    }
}

/// A request as it stands on the socket: the first kind of word, number 1.
fn word(desk: &str, ask: &Ask) -> Vec<u8> {
    postcard::to_stdvec(&(0_u32, 1_u32, desk, ask)).expect("memory takes it")
}

/// The beginning of a request.
fn said(ask: &Ask) -> String {
    format!("{ask:?}").chars().take(200).collect()
}

fn frame(word: &[u8]) -> Vec<u8> {
    let length = u32::try_from(word.len()).expect("a word is short");
    [&length.to_le_bytes(), word].concat()
}

fn socket(office: &Office) -> PathBuf {
    office.data.join("hazir.sock")
}

/// KiB of memory that a process holds.
fn memory(engine: &Process) -> u64 {
    let path = format!("/proc/{}/status", engine.id());
    let status = std::fs::read_to_string(path).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.expect("it has memory").trim_end_matches("kB").trim();
    kib.parse().expect("a number")
}

/// Does something as somebody else: on a thread of its own, whose rights alone are others.
fn as_user<R: Send>(uid: u32, groups: &[u32], work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let gids: Vec<Gid> = groups.iter().map(|&gid| Gid::from_raw(gid)).collect();
            set_thread_groups(&gids).expect("root may");
            let gid = Some(Gid::from_raw(STRANGER));
            set_thread_res_gid(gid, gid, gid).expect("root may");
            let uid = Some(Uid::from_raw(uid));
            set_thread_res_uid(uid, uid, uid).expect("root may");
            work()
        });
        worker.join().expect("it does not fall")
    })
}

fn missing_root() -> Option<&'static str> {
    (!rustix::process::geteuid().is_root()).then_some("only root may be somebody else")
}

fn people() -> Ask {
    Ask::Query(Query::People)
}

/// Opens the ways to the socket that a desk keeps shut: what is left is what the engine itself looks at.
fn open_wide(office: &Office, socket_mode: u32) {
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(office.data.parent().unwrap(), 0o755);
    set(&office.data, 0o755);
    set(&socket(office), socket_mode);
}

#[test]
fn the_engine_looks_who_knocks() {
    if !have("the right to be somebody else", missing_root()) {
        return;
    }
    let office = Office::open();
    office.staff(1);
    let path = socket(&office);
    let engine = office.serve();
    let connect = || Raw::connect(&path).map_err(|error| error.kind());
    let denied = as_user(STRANGER, &[], connect).err();
    assert_eq!(denied, Some(ErrorKind::PermissionDenied));
    // Also where somebody opened directory and socket to all.
    open_wide(&office, 0o666);
    let mut stranger = as_user(STRANGER, &[], connect).unwrap();
    assert_eq!(stranger.closed(), 0);
    assert!(Raw::opened(&path).ask("a", &people()).is_some());
    office.stop(engine);

    let gid = nix::unistd::Group::from_name(GROUP)
        .unwrap()
        .expect("Debian has it");
    let text = fast_configuration(office.smsc.port());
    let site = "[site]";
    office.configure(&text.replace(site, &format!("{site}\nsocket_group = \"{GROUP}\"")));
    let engine = office.serve();
    open_wide(&office, 0o660);
    let gid = gid.gid.as_raw();
    let denied = as_user(STRANGER, &[], connect).err();
    assert_eq!(denied, Some(ErrorKind::PermissionDenied));
    let mut member = as_user(STRANGER, &[gid], connect).unwrap();
    assert!(member.open());
    let note = Command::Note {
        employee: Some(EmployeeId(1)),
        about: None,
        text: "it was me".to_owned(),
    };
    let noted = member.ask("b", &Ask::Command(note));
    assert!(
        matches!(&noted, Some(reply) if !matches!(reply, Reply::Refused(_))),
        "{noted:?}"
    );
    drop(member);

    // One member takes all that there is, and the owner gets in nevertheless.
    let mut greedy: Vec<_> = (0..80)
        .filter_map(|_| as_user(STRANGER, &[gid], connect).ok())
        .collect();
    let open = greedy.iter_mut().filter_map(|raw| raw.open().then_some(()));
    assert_eq!(open.count(), 16);
    let other = as_user(STRANGER - 1, &[gid], connect);
    assert!(other.unwrap().open(), "another member is kept out");
    assert_eq!(office.json(&["people"]).len(), 1);
    // What they leave is free again.
    drop(greedy);
    let is_free =
        (0..100).any(|_| as_user(STRANGER, &[gid], connect).is_ok_and(|mut raw| raw.open()));
    assert!(is_free);
    office.stop(engine);
}

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let office = Office::open();
    office.staff(1);
    let engine = office.serve();
    // As many as are served, and as many as wait in the system.
    let silent: Vec<_> = (0..128)
        .map_while(|_| Raw::connect(&socket(&office)).ok())
        .collect();
    assert!(silent.len() > 64);
    assert_eq!(office.json(&["people"]).len(), 1);
    drop(silent);
    office.stop(engine);
}

/// A request with everything at its bounds, or beyond.
fn extreme(draws: &mut Draws) -> Ask {
    let millis = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let mut at = || Millis(millis[draws.place(millis.len())]);
    let (from, until) = (at(), at());
    let number = [0, 1, 2, u64::MAX - 1, u64::MAX][draws.place(5)];
    let small = [0, 1, 2, u32::MAX - 1, u32::MAX][draws.place(5)];
    let texts = ["", " ", "\u{1b}[2J", "a\nb", "\u{202e}abc", "\0"];
    let text = match draws.below(3) {
        0 => texts[draws.place(texts.len())].to_owned(),
        1 => "x".repeat([280, 281, 4_096, 900 << 10][draws.place(4)]),
        _ => "پ".repeat([280, 281, 100_000][draws.place(3)]),
    };
    let phone = Msisdn::parse("+989120009999", Country::default()).unwrap();
    let card = NewEmployee {
        name: text.clone(),
        phone,
        short: Some(text.clone()),
        team: Some(text.clone()),
        shift: None,
        legacy: false,
    };
    let employee = EmployeeId(small);
    let command = match draws.below(21) {
        0 => Command::Mark {
            employee,
            action: Action::In,
            at: Some(from),
            reason: text,
        },
        1 => Command::Note {
            employee: Some(employee),
            about: Some(Seq(number)),
            text,
        },
        2 => Command::Note {
            employee: None,
            about: None,
            text,
        },
        3 => Command::Shelve(AlarmId(number), from),
        4 => Command::Acknowledge(AlarmId(number)),
        5 => Command::GiveUp(OutboxId(number)),
        6 => Command::Retry(Seq(number)),
        7 => Command::AddEmployees(vec![card; 1 + draws.place(3)]),
        8 => Command::EnrolDevice(employee, EnrolKey::Device(DeviceId(small), [0; 32])),
        9 => Command::SetRevoked(DeviceId(small), true),
        10 => {
            return Ask::Query(Query::Feed {
                after: Seq(number),
                since: Some(from),
                employee: Some(employee),
            });
        }
        11 => {
            return Ask::Query(Query::Arrivals {
                after: Seq(number),
                from,
                until,
            });
        }
        12 => {
            return Ask::Query(Query::Outbox {
                after: OutboxId(number),
            });
        }
        20 => {
            return Ask::Query(Query::Unsettled {
                after: OutboxId(number),
            });
        }
        13 => return Ask::Query(Query::Replies(GatewayName::new(&text))),
        14 => return Ask::Query(Query::Pdus(GatewayName::new(&text))),
        15 => return Ask::Query(Query::Person(employee)),
        16 => {
            return Ask::Query(Query::Log {
                before: Some(Seq(number)),
                filter: LogFilter::default(),
            });
        }
        17 => Command::Undo,
        18 => Command::AddEmployees(Vec::new()),
        _ => Command::SetSuspended(employee, true),
    };
    Ask::Command(command)
}

/// Octets that no console says, behind the opening.
fn hostile(draws: &mut Draws) -> Vec<u8> {
    let noise = |draws: &mut Draws, most: usize| -> Vec<u8> {
        let count = 1 + draws.place(most);
        (0..count)
            .map(|_| u8::try_from(draws.below(256)).unwrap())
            .collect()
    };
    match draws.below(7) {
        0 => noise(draws, 4_096),
        // A length that lies, and nothing behind it.
        1 => {
            let lie = (1 << 20) + 1 + draws.below((1 << 32) - (1 << 20) - 1);
            u32::try_from(lie).unwrap().to_le_bytes().to_vec()
        }
        2 => frame(&noise(draws, 200)),
        // As many cards as a length can say.
        3 => frame(&[0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        // As many cards as a word can hold, each of them empty.
        4 => {
            let cards = 1_usize << 17;
            let head = postcard::to_stdvec(&(0_u32, 1_u32, "", 0_u32, 0_u32, cards)).unwrap();
            frame(&[head, vec![0; 7 * cards]].concat())
        }
        // Two words in the frame of one.
        5 => frame(&[word("a", &people()), vec![1]].concat()),
        _ => frame(&word(&"x".repeat(65 + draws.place(1_000)), &people())),
    }
}

/// One batch of hostile peers at one engine, all drawn from `seed`: octets that no console says, and requests at their
/// bounds. Panics with what went wrong. Returns how many connections it were.
pub(crate) fn batch(seed: u64) -> u64 {
    println!("replay: HAZIR_SOCKET_SEED={seed} cargo test --test it socket");
    let mut draws = Draws(seed);
    let office = Office::open_fast();
    let mut phones = office.staff(1);
    let engine = office.serve();
    office.check_in(&mut phones[0], 1);
    let path = socket(&office);
    let before = memory(&engine);
    // Half a word, and silence, from the beginning to the end.
    let mut idle = Raw::opened(&path);
    idle.0
        .write_all(&frame(&word("a", &people()))[..3])
        .unwrap();
    for _ in 0..CASES {
        if draws.below(2) == 0 {
            let octets = hostile(&mut draws);
            let mut raw = Raw::opened(&path);
            // The engine may close before it has read all.
            let _ = raw.0.write_all(&octets);
            let _ = raw.0.shutdown(std::net::Shutdown::Write);
            assert_eq!(raw.closed(), 0, "{:?}", &octets[..octets.len().min(100)]);
        } else {
            let ask = extreme(&mut draws);
            let reply = Raw::opened(&path).ask("a", &ask);
            let fits = word("a", &ask).len() <= WORD_OCTETS;
            assert_eq!(reply.is_some(), fits, "{}", said(&ask));
            let has_failed = matches!(reply, Some(Reply::Refused(Refusal::Store)));
            assert!(!has_failed, "{}", said(&ask));
        }
    }
    let reply = Raw::opened(&path).ask("a", &people());
    assert!(matches!(reply, Some(Reply::People(_))), "{reply:?}");
    let grown = memory(&engine).saturating_sub(before);
    assert!(grown < GROWTH_KIB, "{grown} KiB more");
    idle.0
        .write_all(&frame(&word("a", &people()))[3..])
        .unwrap();
    office.stop(engine);
    CASES
}

#[test]
fn hostile_peers_reach_nothing() {
    match setting("HAZIR_SOCKET_SEED") {
        Some(seed) => batch(seed),
        None => (1..=3).map(batch).sum(),
    };
}

#[test]
fn as_many_cards_as_a_word_holds_do_not_stop_the_engine() {
    let office = Office::open();
    let engine = office.serve();
    // Each was once looked for among all before it: minutes of standing still for a word of less than 1 MiB.
    let cards = 60_000_u32;
    let mut word = postcard::to_stdvec(&(0_u32, 1_u32, "a", 0_u32, 0_u32, cards)).unwrap();
    for n in 0..cards {
        let card = (
            "",
            format!("+98{n:07}"),
            None::<()>,
            None::<()>,
            None::<()>,
            false,
        );
        word.extend(postcard::to_stdvec(&card).unwrap());
    }
    assert!(word.len() <= WORD_OCTETS, "{}", word.len());
    let mut raw = Raw::opened(&socket(&office));
    let reply = raw.ask_word(&word);
    let Some(Reply::Refused(Refusal::Cards(problems))) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(problems.len(), 60_000);
    // What is no number is not even read.
    for phone in [
        "",
        "+",
        "989120000001",
        "+98912\u{1b}[2J",
        "+123456789012345678901",
    ] {
        let card = ("A", phone, None::<()>, None::<()>, None::<()>, false);
        let word = postcard::to_stdvec(&(0_u32, 1_u32, "a", 0_u32, 0_u32, [card].as_slice()));
        let reply = Raw::opened(&socket(&office)).ask_word(&word.unwrap());
        assert_eq!(reply, None, "{phone:?}");
    }
    assert_eq!(office.json(&["employee", "list"]).len(), 0);
    office.stop(engine);
}

/// Whether the engine has closed this connection, of which nothing was read, within `timeout`.
fn is_dropped(raw: &Raw, timeout: Duration) -> bool {
    let mut fds = [PollFd::new(&raw.0, PollFlags::empty())];
    let timeout = Timespec::try_from(timeout).unwrap();
    poll(&mut fds, Some(&timeout)).unwrap() > 0
}

#[test]
fn consoles_that_do_not_read_slow_nobody_and_begin_anew() {
    let office = Office::open_fast();
    let mut fleet = Fleet::new(office.staff(2));
    let engine = office.serve();
    let mut window = Terminal::start(&office.command(&[]), 80, 24);
    window.shows("IN 0");
    let mut deaf = Raw::opened(&socket(&office));
    deaf.0.write_all(&frame(&[1])).unwrap();
    assert!(deaf.ask_word(&word("a", &people())).is_some());
    window.signal(Signal::STOP);
    let before = memory(&engine);
    let note = "n".repeat(60);
    // More than sockets and the engine keep for a console: it waits with the first octet that nobody takes.
    for n in 0..MANY {
        fleet.check_in(&office.smsc, n % 2, &note, true);
    }
    fleet.settle(&office.smsc);
    assert_eq!(office.json(&["people"]).len(), 2);
    assert!(is_dropped(&deaf, SOON), "what does not read is kept");
    let grown = memory(&engine).saturating_sub(before);
    assert!(grown < GROWTH_KIB, "{grown} KiB more");
    window.signal(Signal::CONT);
    window.shows(if MANY / 2 % 2 == 1 { "IN 2" } else { "IN 0" });
    window.hides("lost");
    fleet.check_in(&office.smsc, 0, "", true);
    fleet.settle(&office.smsc);
    window.shows("IN 1");
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}
