use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::Heard;
use crate::api::{Ask, Query, Reply, Snapshot};
use crate::port::{Client, PortError};
use crate::ui::{Detached, Message, Token};

/// The pause between two tries to reach an engine.
const AGAIN: Duration = Duration::from_millis(500);
/// An engine that was there and is not comes back by itself within this time, where a service manager keeps it; after it
/// somebody has to start it.
const COMES_BACK: Duration = Duration::from_secs(5);
/// Requests that may wait: a person gives one at a time, and the console asks for a few pages beside.
const ORDERS: usize = 64;

/// Carries words between a console and the engine, and comes back to an engine that went.
#[derive(Debug)]
pub struct Pump {
    orders: mpsc::Sender<(Token, Ask)>,
    /// A snapshot is wanted: once, however often it is said, and also where too much is asked already.
    refresh: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Pump {
    /// Starts on the socket at `path`, for the window called `desk`. Where the engine `comes_back` by itself, it is waited
    /// for.
    #[expect(clippy::disallowed_methods, reason = "cli starts tasks")]
    pub fn start(
        path: PathBuf,
        desk: String,
        comes_back: bool,
        messages: mpsc::Sender<Heard>,
    ) -> Self {
        let (orders, orders_rx) = mpsc::channel(ORDERS);
        let refresh = Arc::new(Notify::new());
        let line = Line {
            refresh: Arc::clone(&refresh),
            path,
            desk,
            comes_back: if comes_back {
                COMES_BACK
            } else {
                Duration::ZERO
            },
            messages,
            orders: orders_rx,
        };
        let task = tokio::spawn(async move {
            // It ends where nobody listens any more.
            let _ = line.run().await;
        });
        Self {
            orders,
            refresh,
            task,
        }
    }

    /// Asks the engine, and says the reply; `false` where too much waits.
    pub fn ask(&self, token: Token, ask: Ask) -> bool {
        self.orders.try_send((token, ask)).is_ok()
    }

    /// Asks for a snapshot.
    pub fn refresh(&self) {
        self.refresh.notify_one();
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The console has gone.
#[derive(Debug)]
struct Gone;

struct Line {
    path: PathBuf,
    desk: String,
    /// How long an engine that went may stay away before somebody has to start it.
    comes_back: Duration,
    messages: mpsc::Sender<Heard>,
    orders: mpsc::Receiver<(Token, Ask)>,
    refresh: Arc<Notify>,
}

impl Line {
    async fn run(mut self) -> Result<(), Gone> {
        let mut said = None;
        // Why and when the connection to an engine broke.
        let mut broke: Option<(Detached, Instant)> = None;
        loop {
            let why = match self.attach().await {
                Ok((client, snapshot)) => {
                    self.say(Message::Attached(snapshot)).await?;
                    said = None;
                    let why = self.talk(client).await?;
                    broke = Some((why, Instant::now()));
                    why
                }
                Err(error) => match (why(&error), broke) {
                    (Detached::NotRunning, Some((why, at))) if at.elapsed() < self.comes_back => {
                        why
                    }
                    (why, _) => why,
                },
            };
            if said != Some(why) {
                said = Some(why);
                self.say(Message::Detached(why)).await?;
            }
            self.refuse_for(AGAIN).await?;
        }
    }

    /// Connects and follows, then asks for a snapshot: nothing that happens meanwhile is missed.
    async fn attach(&mut self) -> Result<(Client, Box<Snapshot>), PortError> {
        let mut client = Client::connect(&self.path, &self.desk).await?;
        client.follow().await?;
        let snapshot = snapshot(&mut client).await?;
        Ok((client, snapshot))
    }

    /// Carries words until the connection breaks, and says why it did.
    async fn talk(&mut self, mut client: Client) -> Result<Detached, Gone> {
        loop {
            tokio::select! {
                order = self.orders.recv() => {
                    let (token, ask) = order.ok_or(Gone)?;
                    if let Some(why) = self.ask(&mut client, token, ask).await? {
                        return self.hear_out(client, why).await;
                    }
                }
                () = self.refresh.notified() => match snapshot(&mut client).await {
                    Ok(snapshot) => self.say(Message::Attached(snapshot)).await?,
                    Err(error) => return self.hear_out(client, lost(&error)).await,
                },
                event = client.next_event() => match event {
                    Ok((revision, event)) => {
                        let stops = event == crate::api::Event::Stopping;
                        self.say(Message::Event(revision, event)).await?;
                        if stops {
                            return Ok(Detached::Stopped);
                        }
                    }
                    Err(_) => return Ok(Detached::Lost),
                }
            }
        }
    }

    /// Says what was said before the connection broke, and why it did: the engine may have said that it stops.
    async fn hear_out(&self, mut client: Client, why: Detached) -> Result<Detached, Gone> {
        if why != Detached::Lost {
            return Ok(why);
        }
        while let Ok((revision, event)) = client.next_event().await {
            let stops = event == crate::api::Event::Stopping;
            self.say(Message::Event(revision, event)).await?;
            if stops {
                return Ok(Detached::Stopped);
            }
        }
        Ok(why)
    }

    async fn ask(
        &mut self,
        client: &mut Client,
        token: Token,
        ask: Ask,
    ) -> Result<Option<Detached>, Gone> {
        let (reply, why) = match client.ask(ask).await {
            Ok(reply) => (Some(reply), None),
            Err(error) => (None, Some(lost(&error))),
        };
        self.say(Message::Reply(token, reply)).await?;
        Ok(why)
    }

    /// Waits, and turns down what is asked meanwhile.
    async fn refuse_for(&mut self, pause: Duration) -> Result<(), Gone> {
        let pause = sleep(pause);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return Ok(()),
                order = self.orders.recv() => {
                    let (token, _) = order.ok_or(Gone)?;
                    self.say(Message::Reply(token, None)).await?;
                }
            }
        }
    }

    async fn say(&self, message: Message) -> Result<(), Gone> {
        let said = self.messages.send(Heard::Message(message)).await;
        said.map_err(|_| Gone)
    }
}

async fn snapshot(client: &mut Client) -> Result<Box<Snapshot>, PortError> {
    let reply = client.ask(Ask::Query(Query::Snapshot)).await?;
    if let Reply::Snapshot(snapshot) = reply {
        return Ok(snapshot);
    }
    // An engine whose store fails says no, and ends.
    Err(PortError::Closed)
}

fn lost(error: &PortError) -> Detached {
    let why = why(error);
    if why == Detached::NotRunning {
        return Detached::Lost;
    }
    why
}

fn why(error: &PortError) -> Detached {
    match error {
        PortError::NotRunning => Detached::NotRunning,
        PortError::Version { .. } | PortError::Foreign => Detached::Version,
        PortError::Denied(_) => Detached::Denied,
        PortError::Timeout => Detached::Busy,
        PortError::InUse
        | PortError::NotASocket(_)
        | PortError::PathTooLong(_)
        | PortError::NoGroup(_)
        | PortError::NotInGroup(_)
        | PortError::Desk(_)
        | PortError::TooLong
        | PortError::Closed
        | PortError::Io(_) => Detached::Lost,
    }
}
