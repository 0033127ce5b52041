//! The unix socket, with a task in the engine's place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as BlockingListener;
use std::path::PathBuf;
use std::time::Duration;

use hazir::api::{Ask, Command, EnrolKey, Event, Query, Refusal, Reply, Request, Retried, VERSION};
use hazir::domain::{AlarmId, EmployeeId, OutboxId, Seq};
use hazir::port::{Call, Client, Listener, PortError};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A directory with a socket, and what the engine has of it.
struct Desk {
    directory: TempDir,
    listener: Listener,
    calls: (mpsc::Sender<Call>, mpsc::Receiver<Call>),
    events: broadcast::Sender<(u64, Event)>,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&directory.path().join("hazir.sock"), None).unwrap();
        Self {
            directory,
            listener,
            calls: mpsc::channel(1),
            events: broadcast::channel(16).0,
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("hazir.sock")
    }

    /// Serves the next connection.
    async fn serve(&self) -> JoinHandle<()> {
        let connection = self.listener.accept().await;
        let served = connection.serve(self.calls.0.clone(), self.events.subscribe());
        spawn(served)
    }

    async fn client(&self) -> (Client, JoinHandle<()>) {
        let path = self.path();
        let (client, served) = tokio::join!(Client::connect(&path, "reception"), self.serve());
        (client.unwrap(), served)
    }

    /// A connection that says what the test writes; the openings are exchanged.
    async fn raw(&self) -> (UnixStream, JoinHandle<()>) {
        let mut stream = UnixStream::connect(self.path()).await.unwrap();
        let served = self.serve().await;
        stream.write_all(&opening(VERSION)).await.unwrap();
        assert_eq!(read(&mut stream, 8).await, opening(VERSION));
        (stream, served)
    }

    /// Answers the next request and returns it.
    async fn answer(&mut self, reply: Reply) -> Request {
        let (request, answer) = self.calls.1.recv().await.unwrap();
        answer.send(reply).unwrap();
        request
    }
}

#[expect(clippy::disallowed_methods, reason = "the test stands where cli does")]
fn spawn(future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(future)
}

fn opening(version: u16) -> Vec<u8> {
    let [high, low] = version.to_be_bytes();
    [b"hazir".as_slice(), &[high, low, 0]].concat()
}

async fn read(stream: &mut UnixStream, octets: usize) -> Vec<u8> {
    let mut read = vec![0; octets];
    stream.read_exact(&mut read).await.unwrap();
    read
}

/// That the other end closed without another word.
async fn assert_closed(stream: &mut UnixStream) {
    let mut rest = Vec::new();
    // Closing with octets unread resets the connection.
    let ended = stream.read_to_end(&mut rest).await;
    assert!(
        ended.is_ok()
            || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
    );
    assert!(rest.is_empty(), "{rest:?}");
}

fn people() -> Ask {
    Ask::Query(Query::People)
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_is_answered_and_says_who_asks() {
    let mut desk = Desk::new();
    let (mut client, _served) = desk.client().await;
    let enrol = Ask::Command(Command::EnrolDevice(EmployeeId(3), EnrolKey::Root([7; 32])));
    let replies = [
        (people(), Reply::People(Vec::new())),
        (enrol, Reply::Refused(Refusal::NoEmployee(EmployeeId(3)))),
        (
            Ask::Command(Command::Retry(Seq(9))),
            Reply::Retried(vec![Retried::Requeued(OutboxId(4))]),
        ),
    ];
    for (ask, reply) in replies {
        let (answered, request) = tokio::join!(client.ask(ask.clone()), desk.answer(reply.clone()));
        assert_eq!(answered.unwrap(), reply);
        assert_eq!(request.ask, ask);
        assert_eq!(request.by.desk, "reception");
        let uid = nix::unistd::geteuid();
        let user = nix::unistd::User::from_uid(uid).unwrap();
        let user = user.map_or_else(|| format!("uid {uid}"), |user| user.name);
        assert_eq!(request.by.user, user);
    }
}

#[tokio::test(start_paused = true)]
async fn events_come_to_those_who_follow() {
    let mut desk = Desk::new();
    let (mut client, _served) = desk.client().await;
    desk.events.send((1, Event::Roster)).unwrap();
    client.follow().await.unwrap();
    // The answer comes after the word before it was read.
    let (answered, _) = tokio::join!(client.ask(people()), desk.answer(Reply::People(Vec::new())));
    answered.unwrap();
    desk.events.send((2, Event::AlarmGone(AlarmId(1)))).unwrap();
    desk.events.send((3, Event::Stopping)).unwrap();
    let gone = (2, Event::AlarmGone(AlarmId(1)));
    assert_eq!(client.next_event().await.unwrap(), gone);
    assert_eq!(client.next_event().await.unwrap(), (3, Event::Stopping));

    // An event that comes before an answer waits for its turn.
    desk.events.send((4, Event::Roster)).unwrap();
    let (answered, _) = tokio::join!(client.ask(people()), desk.answer(Reply::People(Vec::new())));
    assert_eq!(answered.unwrap(), Reply::People(Vec::new()));
    assert_eq!(client.next_event().await.unwrap(), (4, Event::Roster));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_engine_is_told() {
    let mut desk = Desk::new();
    let (mut client, served) = desk.client().await;
    client.follow().await.unwrap();
    let (answered, _) = tokio::join!(client.ask(people()), desk.answer(Reply::People(Vec::new())));
    answered.unwrap();
    desk.events.send((1, Event::Stopping)).unwrap();
    drop(desk);
    served.await.unwrap();
    assert_eq!(client.next_event().await.unwrap(), (1, Event::Stopping));
    assert!(matches!(client.next_event().await, Err(PortError::Closed)));
    assert!(matches!(client.ask(people()).await, Err(PortError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_full_engine_is_busy() {
    let desk = Desk::new();
    let (mut first, _served) = desk.client().await;
    let (mut second, _served) = desk.client().await;
    let waiting = async {
        // Its call fills the channel, and nobody takes it.
        let answered = first.ask(people()).await;
        assert!(matches!(answered, Err(PortError::Timeout)), "{answered:?}");
    };
    let refused = async {
        loop {
            if desk.calls.0.capacity() == 0 {
                break second.ask(people()).await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), refused) = tokio::join!(waiting, refused);
    assert_eq!(refused, Reply::Refused(Refusal::Busy));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_is_not_taken_for_the_next() {
    let mut desk = Desk::new();
    let (mut client, _served) = desk.client().await;
    let asked = Instant::now();
    let answered = client.ask(people()).await;
    assert!(matches!(answered, Err(PortError::Timeout)), "{answered:?}");
    assert_eq!(asked.elapsed(), Duration::from_secs(10));
    let late = desk.answer(Reply::Refused(Refusal::Store));
    late.await;
    let (answered, _) = tokio::join!(client.ask(people()), desk.answer(Reply::People(Vec::new())));
    assert_eq!(answered.unwrap(), Reply::People(Vec::new()));
}

#[tokio::test]
async fn what_an_engine_said_last_comes_also_where_it_was_asked() {
    let mut desk = Desk::new();
    let (mut client, _served) = desk.client().await;
    client.follow().await.unwrap();
    let ends = async {
        let (_, answer) = desk.calls.1.recv().await.unwrap();
        desk.events.send((7, Event::Stopping)).unwrap();
        drop(answer);
        drop(desk);
    };
    let (answered, ()) = tokio::join!(client.ask(people()), ends);
    assert!(answered.is_err(), "{answered:?}");
    assert_eq!(client.next_event().await.unwrap(), (7, Event::Stopping));
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_too_slow_hears_that_events_are_lost() {
    let mut desk = Desk::new();
    let (mut client, _served) = desk.client().await;
    client.follow().await.unwrap();
    let (answered, _) = tokio::join!(client.ask(people()), desk.answer(Reply::People(Vec::new())));
    answered.unwrap();
    desk.events.send((7, Event::Roster)).unwrap();
    assert_eq!(client.next_event().await.unwrap(), (7, Event::Roster));
    for revision in 8..=100 {
        desk.events.send((revision, Event::Roster)).unwrap();
    }
    assert_eq!(client.next_event().await.unwrap(), (7, Event::Lost));
    for revision in 85..=100 {
        assert_eq!(
            client.next_event().await.unwrap(),
            (revision, Event::Roster)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_pile_up_behind_an_answer_are_lost_in_words() {
    let mut desk = Desk::new();
    let (mut client, _served) = desk.client().await;
    client.follow().await.unwrap();
    let (answered, _) = tokio::join!(client.ask(people()), desk.answer(Reply::People(Vec::new())));
    answered.unwrap();
    let engine = async {
        let (_, answer) = desk.calls.1.recv().await.unwrap();
        for revision in 1..=1_100 {
            desk.events.send((revision, Event::Roster)).unwrap();
            while !desk.events.is_empty() {
                tokio::task::yield_now().await;
            }
        }
        answer.send(Reply::People(Vec::new())).unwrap();
    };
    let (answered, ()) = tokio::join!(client.ask(people()), engine);
    answered.unwrap();
    assert_eq!(client.next_event().await.unwrap(), (0, Event::Lost));
    for revision in 1_025..=1_100 {
        assert_eq!(
            client.next_event().await.unwrap(),
            (revision, Event::Roster)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_dropped() {
    let desk = Desk::new();
    let (mut stream, mut served) = desk.raw().await;
    stream.write_all(&[1, 0, 0, 0, 1]).await.unwrap();
    let event = Event::Outbox(outbox_fact("x".repeat(50_000)));
    let begun = Instant::now();
    loop {
        let _ = desk.events.send((1, event.clone()));
        let turn = tokio::time::timeout(Duration::from_millis(1), &mut served);
        if let Ok(ended) = turn.await {
            ended.unwrap();
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(1));
    }
    assert!(begun.elapsed() >= Duration::from_secs(10));
}

fn outbox_fact(to: String) -> hazir::api::OutboxFact {
    hazir::api::OutboxFact {
        id: OutboxId(1),
        seq: Seq(1),
        to,
        kind: hazir::domain::AnswerKind::Receipt,
        state: hazir::domain::OutboxState::Queued,
        attempts: 0,
        next_at: None,
        message_id: None,
        error: None,
        gateway: hazir::domain::GatewayName::new("reception"),
        queued_at: hazir::domain::Millis(0),
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_opens_is_dropped() {
    let desk = Desk::new();
    let mut stream = UnixStream::connect(desk.path()).await.unwrap();
    let served = desk.serve().await;
    let begun = Instant::now();
    served.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    assert_eq!(read(&mut stream, 8).await, opening(VERSION));
    assert_closed(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn a_console_of_another_version_hears_ours_and_is_closed() {
    let desk = Desk::new();
    let mut stream = UnixStream::connect(desk.path()).await.unwrap();
    stream.write_all(&opening(VERSION + 1)).await.unwrap();
    let served = desk.serve().await;
    assert_eq!(read(&mut stream, 8).await, opening(VERSION));
    assert_closed(&mut stream).await;
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn where_no_more_may_wait_to_be_let_in_it_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.sock");
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let engine = socket.listen(0).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = UnixStream::connect(&path).await {
        waiting.push(stream);
    }
    let begun = Instant::now();
    let client = Client::connect(&path, "reception").await;
    assert!(matches!(client, Err(PortError::Timeout)), "{client:?}");
    assert_eq!(begun.elapsed(), Duration::from_secs(10));

    let let_in = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for _ in &waiting {
            engine.accept().await.unwrap();
        }
        let (mut stream, _) = engine.accept().await.unwrap();
        stream.write_all(&opening(VERSION)).await.unwrap();
        stream
    };
    let (client, _stream) = tokio::join!(Client::connect(&path, "reception"), let_in);
    client.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_engine_of_another_version_is_told_from_one_that_is_none() {
    type Expected = fn(&PortError) -> bool;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.sock");
    let engine = UnixListener::bind(&path).unwrap();
    let said: [(Vec<u8>, Expected); 4] = [
        (opening(0x0102), |error| {
            matches!(
                error,
                PortError::Version {
                    theirs: 0x0102,
                    ours: VERSION
                }
            )
        }),
        (b"SSH-2.0-".to_vec(), |error| {
            matches!(error, PortError::Foreign)
        }),
        (b"hazir\0\x01\x01".to_vec(), |error| {
            matches!(error, PortError::Foreign)
        }),
        (b"haz".to_vec(), |error| matches!(error, PortError::Closed)),
    ];
    for (octets, expected) in said {
        let answer = async {
            let (mut stream, _) = engine.accept().await.unwrap();
            stream.write_all(&octets).await.unwrap();
        };
        let (client, ()) = tokio::join!(Client::connect(&path, "reception"), answer);
        let error = client.unwrap_err();
        assert!(expected(&error), "{octets:?}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_console_says_ends_the_connection() {
    let mut desk = Desk::new();
    let ask = |name: &[u8]| {
        // Ask, number 1, the name, Query, People.
        let length = u8::try_from(name.len()).unwrap();
        let word = [&[0, 1, length], name, &[1, 7]].concat();
        [
            &u32::try_from(word.len()).unwrap().to_le_bytes(),
            word.as_slice(),
        ]
        .concat()
    };
    let hostile: [Vec<u8>; 8] = [
        ((1 << 20) + 1_u32).to_le_bytes().to_vec(),
        u32::MAX.to_le_bytes().to_vec(),
        vec![1, 0, 0, 0, 9],
        vec![0, 0, 0, 0],
        vec![2, 0, 0, 0, 1, 1],
        ask(&[b'x'; 65]),
        ask(b"\x1b[2J"),
        ask(&[0xff, 0xfe]),
    ];
    for octets in hostile {
        let (mut stream, served) = desk.raw().await;
        stream.write_all(&octets).await.unwrap();
        assert_closed(&mut stream).await;
        served.await.unwrap();
        assert!(desk.calls.1.try_recv().is_err(), "{octets:?}");
    }
    // The same with a name that can be is heard.
    let (mut stream, _served) = desk.raw().await;
    stream.write_all(&ask(&[b'x'; 64])).await.unwrap();
    let request = desk.answer(Reply::People(Vec::new())).await;
    assert_eq!(request.ask, people());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_long_is_not_sent() {
    let mut desk = Desk::new();
    let (mut client, _served) = desk.client().await;
    let reason = "x".repeat(1 << 20);
    let mark = Command::Mark {
        employee: EmployeeId(1),
        action: hazir::domain::Action::In,
        at: None,
        reason,
    };
    let answered = client.ask(Ask::Command(mark)).await;
    assert!(matches!(answered, Err(PortError::TooLong)), "{answered:?}");
    let (answered, _) = tokio::join!(client.ask(people()), desk.answer(Reply::People(Vec::new())));
    answered.unwrap();
}

#[tokio::test(start_paused = true)]
async fn desks_without_a_fit_name_do_not_connect() {
    let desk = Desk::new();
    for name in ["\u{7}".to_owned(), "x".repeat(65)] {
        let client = Client::connect(&desk.path(), &name).await;
        assert!(matches!(client, Err(PortError::Desk(_))), "{client:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_65th_window_waits_for_a_place() {
    let desk = Desk::new();
    let mut open = Vec::new();
    for _ in 0..64 {
        let stream = UnixStream::connect(desk.path()).await.unwrap();
        open.push((stream, desk.listener.accept().await));
    }
    let _next = UnixStream::connect(desk.path()).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_mins(1), desk.listener.accept());
    assert!(waits.await.is_err());
    open.pop();
    desk.listener.accept().await;
}

#[tokio::test]
async fn the_file_is_the_owners_and_goes_with_the_listener() {
    let desk = Desk::new();
    let path = desk.path();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    drop(desk.listener);
    assert!(!path.exists());
    let client = Client::connect(&path, "reception").await;
    assert!(matches!(client, Err(PortError::NotRunning)), "{client:?}");
}

#[tokio::test]
async fn a_group_may_use_the_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.sock");
    let own = nix::unistd::Group::from_gid(nix::unistd::getegid()).unwrap();
    let own = own.expect("the tests run in a group that has a name");
    let _listener = Listener::bind(&path, Some(&own.name)).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o660);

    let none = Listener::bind(&directory.path().join("other"), Some("no such group"));
    assert!(matches!(none, Err(PortError::NoGroup(_))), "{none:?}");
    assert!(!directory.path().join("other").exists());
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.sock");
    drop(BlockingListener::bind(&path).unwrap());
    assert!(path.exists());
    let client = Client::connect(&path, "reception").await;
    assert!(matches!(client, Err(PortError::NotRunning)), "{client:?}");

    let live = Listener::bind(&path, None).unwrap();
    let second = Listener::bind(&path, None);
    assert!(matches!(second, Err(PortError::InUse)), "{second:?}");
    assert!(path.exists());

    // A file that came in its place is not removed with it.
    fs::remove_file(&path).unwrap();
    let newer = Listener::bind(&path, None).unwrap();
    drop(live);
    assert!(path.exists());
    assert_eq!(newer.path(), path);
}

#[tokio::test]
async fn what_is_no_socket_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.sock");
    fs::write(&path, "mine").unwrap();
    let bound = Listener::bind(&path, None);
    assert!(matches!(bound, Err(PortError::NotASocket(_))), "{bound:?}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");

    let long = directory.path().join("x".repeat(108));
    let bound = Listener::bind(&long, None);
    assert!(matches!(bound, Err(PortError::PathTooLong(_))), "{bound:?}");
    let client = Client::connect(&long, "reception").await;
    assert!(
        matches!(client, Err(PortError::PathTooLong(_))),
        "{client:?}"
    );
}
