use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::faults::Fault;
use super::people::{Plan, PracticeConfig};
use super::scene::{Moment, Scene, Tally};
use super::smsc::{LinkId, Out};
use crate::domain::Millis;
use crate::protocol::smpp::Tick;

/// Switches that may wait to be thrown: more than anybody throws at once.
const SWITCHES: usize = 64;
/// Octets that may wait to be written to a peer before it is read no more.
const UNWRITTEN_OCTETS: usize = 64 * 1_024;
/// Octets of one read: two of the longest PDUs.
const READ_OCTETS: usize = 16 * 1_024;
/// How long a peer may take no octet while some wait for it.
const STALL: Duration = Duration::from_secs(10);
/// The pause after the system gave no connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// How long the ESMEs may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// The built-in gateway and its phones, listening on loopback.
#[expect(missing_debug_implementations, reason = "it holds keys")]
pub struct Practice {
    plan: Plan,
    port: u16,
    listener: StdListener,
    scene: Scene,
    switch: (mpsc::Sender<Fault>, mpsc::Receiver<Fault>),
    tally: watch::Sender<Tally>,
}

impl Practice {
    /// Draws a plan and listens on 127.0.0.1. Nothing happens before [`Practice::run`] is polled.
    ///
    /// # Errors
    /// What the system says where the port cannot be had.
    pub fn open(config: &PracticeConfig) -> io::Result<Self> {
        let plan = Plan::draw(config);
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            scene: Scene::new(config, &plan),
            plan,
            listener,
            switch: mpsc::channel(SWITCHES),
            tally: watch::Sender::new(Tally::default()),
        })
    }

    /// What a desk has to know to take part.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Throws switches while it runs.
    pub fn faults(&self) -> mpsc::Sender<Fault> {
        self.switch.0.clone()
    }

    /// How it stands while it runs.
    pub fn tally(&self) -> watch::Receiver<Tally> {
        self.tally.subscribe()
    }

    /// Runs until `stop` comes, then unbinds its ESMEs. `wall` is the clock that the phones show.
    ///
    /// # Errors
    /// What the system says where the runtime cannot take the listener.
    pub async fn run(
        self,
        wall: impl Fn() -> Millis,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let (_, mut switch) = self.switch;
        let mut shell = Shell {
            listener: TcpListener::from_std(self.listener)?,
            scene: self.scene,
            opened_at: Instant::now(),
            wall,
            sockets: BTreeMap::new(),
            accepts_at: None,
        };
        tokio::pin!(stop);
        let mut ends_at: Option<Instant> = None;
        loop {
            shell.settle();
            let tally = shell.scene.tally();
            self.tally.send_if_modified(|last| {
                let is_new = *last != tally;
                *last = tally;
                is_new
            });
            let is_over =
                ends_at.is_some_and(|at| at <= Instant::now() || shell.sockets.is_empty());
            if is_over {
                return Ok(());
            }
            let deadline = shell.deadline().into_iter().chain(ends_at).min();
            select! {
                () = &mut stop, if ends_at.is_none() => {
                    ends_at = Some(Instant::now() + GOODBYE);
                    shell.scene.unbind(shell.now());
                }
                Some(fault) = switch.recv() => shell.scene.throw(shell.now(), fault),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    shell.handle_timeout();
                }
                ready = shell.ready(ends_at.is_none()) => shell.serve(ready),
            }
        }
    }
}

/// The sockets around a scene.
struct Shell<W> {
    listener: TcpListener,
    scene: Scene,
    opened_at: Instant,
    wall: W,
    sockets: BTreeMap<LinkId, Socket>,
    /// Where the system gave no connection: when it is asked again.
    accepts_at: Option<Instant>,
}

/// One connection.
struct Socket {
    stream: TcpStream,
    unwritten: BytesMut,
    /// When something was written last, or had nothing before it that waited.
    moved_at: Instant,
    /// Close it when all is written.
    closes: bool,
}

/// What the sockets are ready for.
#[derive(Default)]
struct Ready {
    accepted: Option<io::Result<TcpStream>>,
    readable: Vec<LinkId>,
    writable: bool,
}

impl<W: Fn() -> Millis> Shell<W> {
    fn now(&self) -> Moment {
        let ms = self.opened_at.elapsed().as_millis();
        Moment {
            tick: Tick(u64::try_from(ms).unwrap_or(u64::MAX)),
            wall: (self.wall)(),
        }
    }

    /// Waits until a socket is ready for something. A cancelled call loses nothing.
    async fn ready(&mut self, accepts: bool) -> Ready {
        let accepts = accepts && self.accepts_at.is_none();
        let (listener, sockets) = (&self.listener, &self.sockets);
        poll_fn(|cx| {
            let mut ready = Ready::default();
            if accepts && let Poll::Ready(accepted) = listener.poll_accept(cx) {
                ready.accepted = Some(accepted.map(|(stream, _)| stream));
            }
            for (link, socket) in sockets {
                if socket.is_reading() && socket.stream.poll_read_ready(cx).is_ready() {
                    ready.readable.push(*link);
                }
                if !socket.unwritten.is_empty() && socket.stream.poll_write_ready(cx).is_ready() {
                    ready.writable = true;
                }
            }
            if ready.accepted.is_none() && ready.readable.is_empty() && !ready.writable {
                return Poll::Pending;
            }
            Poll::Ready(ready)
        })
        .await
    }

    fn serve(&mut self, ready: Ready) {
        match ready.accepted {
            Some(Ok(stream)) => self.accept(stream),
            Some(Err(_)) => self.accepts_at = Some(Instant::now() + ACCEPT_AGAIN),
            None => {}
        }
        for link in ready.readable {
            self.read(link);
        }
    }

    fn accept(&mut self, stream: TcpStream) {
        // Without it a peer waits 41 ms for what comes in two writes.
        let _ = stream.set_nodelay(true);
        // One that is not taken is closed by being dropped.
        if let Some(link) = self.scene.connect(self.now()) {
            let socket = Socket {
                stream,
                unwritten: BytesMut::new(),
                moved_at: Instant::now(),
                closes: false,
            };
            self.sockets.insert(link, socket);
        }
    }

    fn read(&mut self, link: LinkId) {
        let Some(socket) = self.sockets.get(&link) else {
            return;
        };
        let mut octets = [0; READ_OCTETS];
        let now = self.now();
        match socket.stream.try_read(&mut octets) {
            Ok(count @ 1..) => self.scene.handle_bytes(now, link, &octets[..count]),
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => {
                self.scene.handle_close(now, link);
                self.settle();
                self.sockets.remove(&link);
            }
        }
    }

    /// Writes what can be written, and closes what is done.
    fn settle(&mut self) {
        while let Some(out) = self.scene.poll_out() {
            match out {
                Out::Octets(link, octets) => {
                    if let Some(socket) = self.sockets.get_mut(&link) {
                        socket.unwritten.extend_from_slice(&octets);
                    }
                }
                Out::Close(link) => {
                    if let Some(socket) = self.sockets.get_mut(&link) {
                        socket.closes = true;
                    }
                }
            }
        }
        let now = self.now();
        let mut failed = Vec::new();
        for (link, socket) in &mut self.sockets {
            if socket.write().is_err() {
                failed.push(*link);
            }
            self.scene.set_reading(now, *link, socket.is_reading());
        }
        for link in failed {
            self.sockets.remove(&link);
            self.scene.handle_close(now, link);
        }
        self.sockets
            .retain(|_, socket| !socket.closes || !socket.unwritten.is_empty());
    }

    fn handle_timeout(&mut self) {
        let instant = Instant::now();
        self.accepts_at = self.accepts_at.filter(|at| *at > instant);
        let now = self.now();
        let stalls = |socket: &Socket| socket.stalls_at().is_some_and(|at| at <= instant);
        let stalled = self.sockets.iter().filter(|(_, socket)| stalls(socket));
        let stalled: Vec<LinkId> = stalled.map(|(link, _)| *link).collect();
        for link in stalled {
            self.sockets.remove(&link);
            self.scene.handle_close(now, link);
        }
        self.scene.handle_timeout(now);
    }

    fn deadline(&mut self) -> Option<Instant> {
        let scene = self.scene.deadline();
        let scene = scene.map(|tick| self.opened_at + Duration::from_millis(tick.0));
        let stalls = self.sockets.values().filter_map(Socket::stalls_at).min();
        [scene, stalls, self.accepts_at].into_iter().flatten().min()
    }
}

impl Socket {
    fn is_reading(&self) -> bool {
        !self.closes && self.unwritten.len() <= UNWRITTEN_OCTETS
    }

    fn stalls_at(&self) -> Option<Instant> {
        (!self.unwritten.is_empty()).then(|| self.moved_at + STALL)
    }

    fn write(&mut self) -> io::Result<()> {
        if self.unwritten.is_empty() {
            self.moved_at = Instant::now();
        }
        while !self.unwritten.is_empty() {
            match self.stream.try_write(&self.unwritten) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.unwritten.advance(count);
                    self.moved_at = Instant::now();
                }
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }
}
