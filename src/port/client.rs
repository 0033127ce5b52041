use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::wire::{
    ClientWord, Incoming, ServerWord, is_desk, put_frame, read_opening, send_opening,
};
use super::{PATH_OCTETS, PortError};
use crate::api::{Ask, Event, Reply};

/// How long an answer may take. The slowest request waits for a commit; a disk that takes longer has failed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a copy, or a look at every row, may take: ten million rows take minutes, on a slow stick an hour.
const COPY_TIMEOUT: Duration = Duration::from_hours(6);

/// The pause between two tries where no more may wait to be let in.
const AGAIN: Duration = Duration::from_millis(100);

/// How many events wait while an answer is awaited. It is as many as change on a screen in those 10 s at most.
const EVENTS: usize = 1_024;

/// A console's or command's end of the socket.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    incoming: Incoming,
    desk: String,
    last_id: u32,
    /// Heard while an answer was awaited.
    events: VecDeque<(u64, Event)>,
    /// A word was written in part: what follows would not be understood.
    broken: bool,
}

impl Client {
    /// Connects to the engine that listens at `path`, for the window called `desk`, at most 64 octets.
    ///
    /// # Errors
    /// [`PortError::NotRunning`] where nobody listens, [`PortError::Version`] where the engine is of another version,
    /// [`PortError::Denied`] where the permissions of the socket say so, [`PortError::Timeout`] where it does not
    /// open within 10 s, [`PortError::Desk`] and [`PortError::PathTooLong`] for what was given.
    pub async fn connect(path: &Path, desk: &str) -> Result<Self, PortError> {
        if !is_desk(desk) {
            return Err(PortError::Desk(desk.to_owned()));
        }
        let octets = path.as_os_str().len();
        if octets > PATH_OCTETS {
            return Err(PortError::PathTooLong(octets));
        }
        let opened = timeout(ANSWER_TIMEOUT, async {
            let mut stream = loop {
                match UnixStream::connect(path).await {
                    // As many wait to be let in as the system holds: there is nothing to wait on but time.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(AGAIN).await,
                    connected => break connected.map_err(of_connecting)?,
                }
            };
            // An engine of another version may have closed already; what it said comes first.
            let sent = send_opening(&mut stream).await;
            read_opening(&mut stream).await?;
            sent.map(|()| stream)
        });
        Ok(Self {
            stream: opened.await.map_err(|_| PortError::Timeout)??,
            incoming: Incoming::default(),
            desk: desk.to_owned(),
            last_id: 0,
            events: VecDeque::new(),
            broken: false,
        })
    }

    /// Asks, and waits for the answer for up to 10 s. Events that come before it are kept for
    /// [`Client::next_event`].
    ///
    /// # Errors
    /// [`PortError::Timeout`] where no answer came, [`PortError::TooLong`] where nothing was sent, and what the
    /// socket fails with. Whether the engine did what was asked is not known after any but `TooLong`.
    pub async fn ask(&mut self, ask: Ask) -> Result<Reply, PortError> {
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        let desk = self.desk.clone();
        let limit = match &ask {
            Ask::Command(_) | Ask::Query(_) => ANSWER_TIMEOUT,
            Ask::Copy(_) => COPY_TIMEOUT,
        };
        let answered = timeout(limit, async {
            self.send(&ClientWord::Ask { id, desk, ask }).await?;
            loop {
                match self.hear().await? {
                    ServerWord::Reply { id: of, reply } if of == id => return Ok(reply),
                    // The answer to a request that was given up.
                    ServerWord::Reply { .. } => {}
                    ServerWord::Event { revision, event } => self.keep(revision, event),
                }
            }
        });
        answered.await.map_err(|_| PortError::Timeout)?
    }

    /// Wants events from now on. A snapshot that is asked for afterwards has all that is not told as an event.
    ///
    /// # Errors
    /// What the socket fails with; [`PortError::Timeout`] where the engine does not read for 10 s.
    pub async fn follow(&mut self) -> Result<(), PortError> {
        let sent = timeout(ANSWER_TIMEOUT, self.send(&ClientWord::Follow));
        sent.await.map_err(|_| PortError::Timeout)?
    }

    /// Waits for the next event, with its revision. [`Event::Lost`] says that events are missing before the next one;
    /// it carries the revision of the last event that was not lost. A cancelled call loses nothing.
    ///
    /// # Errors
    /// [`PortError::Closed`] where the engine ended, and what the socket fails with.
    pub async fn next_event(&mut self) -> Result<(u64, Event), PortError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            match self.hear().await? {
                ServerWord::Reply { .. } => {}
                ServerWord::Event { revision, event } => return Ok((revision, event)),
            }
        }
    }

    async fn hear(&mut self) -> Result<ServerWord, PortError> {
        let word = self.incoming.read(&mut self.stream).await?;
        word.ok_or(PortError::Closed)
    }

    async fn send(&mut self, word: &ClientWord) -> Result<(), PortError> {
        if self.broken {
            return Err(PortError::Closed);
        }
        let mut frame = Zeroizing::new(Vec::new());
        put_frame(&mut frame, word)?;
        // Stays set where the call is cancelled half-way.
        self.broken = true;
        self.stream.write_all(&frame).await?;
        self.broken = false;
        Ok(())
    }

    fn keep(&mut self, revision: u64, event: Event) {
        if self.events.len() < EVENTS {
            self.events.push_back((revision, event));
            return;
        }
        let before = self
            .events
            .front()
            .map_or(0, |(revision, _)| revision.saturating_sub(1));
        self.events.clear();
        self.events.push_back((before, Event::Lost));
        self.events.push_back((revision, event));
    }
}

fn of_connecting(error: io::Error) -> PortError {
    let nobody = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
    if nobody.contains(&error.kind()) {
        PortError::NotRunning
    } else {
        error.into()
    }
}
