//! A proxy on loopback between desk and gateway that does to connections what networks do to them.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::super::loopback::Server;
use super::super::watch::Watch;

/// Octets of one read.
const READ: usize = 4_096;

/// Which way octets go.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToGateway,
    ToDesk,
}

/// How a connection ends.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Both sides get a FIN.
    Close,
    /// Both sides get a RST.
    Reset,
    /// Neither is told anything.
    Vanish,
}

/// What is done to a connection: where, once so many octets have gone this way.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Mischief {
    pub(super) way: Way,
    pub(super) octets: usize,
    pub(super) kind: Kind,
}

/// What is done.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The connection ends.
    Cut(End),
    /// This way ends, the other goes on.
    HalfClose,
    /// Nothing more goes this way, and nothing is said, for so long; then it ends.
    Stall { ms: u64, then: End },
    /// The gateway is gone and nobody says so: nothing goes either way any more, until the desk gives up.
    HalfOpen,
    /// Up to here octets go in pieces of so many: 1 is a dribble.
    Split { piece: usize },
    /// Up to here every piece waits so long.
    Delay { ms: u64 },
}

impl Kind {
    /// Whether the connection ends of it.
    pub(super) const fn ends_it(self) -> bool {
        match self {
            Self::Cut(_) | Self::HalfClose | Self::Stall { .. } | Self::HalfOpen => true,
            Self::Split { .. } | Self::Delay { .. } => false,
        }
    }
}

/// What came of a connection.
#[derive(Copy, Clone, Debug, Default)]
struct Fate {
    is_struck: bool,
    is_over: bool,
}

#[derive(Debug, Default)]
struct State {
    plans: VecDeque<Mischief>,
    fates: Vec<Fate>,
}

/// The proxy. It ends with its owner.
#[derive(Debug)]
pub(super) struct Proxy {
    server: Server,
    state: Arc<Watch<State>>,
}

impl Proxy {
    /// Listens on a free port of loopback, in front of `gateway`.
    pub(super) fn start(gateway: u16) -> Self {
        let state = Arc::new(Watch::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(move |listener| serve(listener, gateway, shared));
        Self { server, state }
    }

    /// Where it listens.
    pub(super) const fn port(&self) -> u16 {
        self.server.port()
    }

    /// What is done to the next connections, one each; those after them are carried as they are.
    pub(super) fn plan(&self, plans: &[Mischief]) {
        self.state
            .change(|state| state.plans = plans.to_vec().into());
    }

    /// How many connections there were.
    pub(super) fn connections(&self) -> usize {
        self.state.read(|state| state.fates.len())
    }

    /// Waits for connection `number`, from 0, to come; false where none does.
    pub(super) fn comes(&self, number: usize, within: Duration) -> bool {
        let came = |state: &mut State| (state.fates.len() > number).then_some(());
        self.state.wait(within, came).is_some()
    }

    /// Waits for the mischief of connection `number`; false where it ends before, or goes on without.
    pub(super) fn strikes(&self, number: usize, within: Duration) -> bool {
        let struck = self.state.wait(within, |state| {
            let fate = state.fates.get(number)?;
            (fate.is_struck || fate.is_over).then_some(fate.is_struck)
        });
        struck == Some(true)
    }
}

async fn serve(listener: TcpListener, gateway: u16, state: Arc<Watch<State>>) {
    let mut connections = JoinSet::new();
    loop {
        let (desk, _) = listener.accept().await.expect("loopback goes on");
        let (number, mischief) = state.change(|state| {
            state.fates.push(Fate::default());
            (state.fates.len() - 1, state.plans.pop_front())
        });
        let state = Arc::clone(&state);
        connections.spawn(async move {
            // Where the gateway is not there, the desk is let go.
            if let Ok(gateway) = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway)).await {
                let strike = || state.change(|state| state.fates[number].is_struck = true);
                carry(desk, gateway, mischief, &strike).await;
            }
            state.change(|state| state.fates[number].is_over = true);
        });
    }
}

async fn carry(
    mut desk: TcpStream,
    mut gateway: TcpStream,
    mischief: Option<Mischief>,
    strike: &(dyn Fn() + Sync),
) {
    for stream in [&desk, &gateway] {
        stream.set_nodelay(true).expect("a socket can be told so");
    }
    let on = |way| mischief.filter(|mischief| mischief.way == way);
    let (from_desk, to_desk) = desk.split();
    let (from_gateway, to_gateway) = gateway.split();
    let ended = tokio::try_join!(
        pump(from_desk, to_gateway, on(Way::ToGateway), strike),
        pump(from_gateway, to_desk, on(Way::ToDesk), strike),
    );
    if ended == Err(End::Vanish) {
        // What the desk still says goes nowhere, and its end of the connection is the last that is heard of it.
        let mut piece = [0; READ];
        while let Ok(1..) = desk.read(&mut piece).await {}
    }
    if ended == Err(End::Reset) {
        for stream in [&desk, &gateway] {
            let zero = Some(Duration::ZERO);
            // Closed so, it is reset.
            rustix::net::sockopt::set_socket_linger(stream, zero).expect("a socket can be told so");
        }
    }
}

/// Carries octets one way until they end, or until the connection is to end.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mischief: Option<Mischief>,
    strike: &(dyn Fn() + Sync),
) -> Result<(), End> {
    let mut piece = [0; READ];
    let mut due = mischief;
    let mut passed = 0;
    loop {
        if let Some(Mischief { octets, kind, .. }) = due.filter(|due| due.octets <= passed) {
            due = None;
            strike();
            match kind {
                Kind::Cut(end) => return Err(end),
                Kind::Stall { ms, then } => {
                    sleep(Duration::from_millis(ms)).await;
                    return Err(then);
                }
                Kind::HalfOpen => return Err(End::Vanish),
                Kind::HalfClose => {
                    // The peer may be gone.
                    let _ = to.shutdown().await;
                    while let Ok(1..) = from.read(&mut piece).await {}
                    return Ok(());
                }
                Kind::Split { .. } | Kind::Delay { .. } => assert_eq!(passed, octets),
            }
        }
        let most = due.map_or(READ, |due| READ.min(due.octets - passed));
        let Ok(count @ 1..) = from.read(&mut piece[..most]).await else {
            let _ = to.shutdown().await;
            return Ok(());
        };
        passed += count;
        let written = match due.map(|due| due.kind) {
            Some(Kind::Split { piece: most }) => split(&mut to, &piece[..count], most).await,
            Some(Kind::Delay { ms }) => {
                sleep(Duration::from_millis(ms)).await;
                to.write_all(&piece[..count]).await
            }
            Some(Kind::Cut(_) | Kind::Stall { .. } | Kind::HalfClose | Kind::HalfOpen) | None => {
                to.write_all(&piece[..count]).await
            }
        };
        if written.is_err() {
            return Ok(());
        }
    }
}

async fn split(to: &mut WriteHalf<'_>, octets: &[u8], most: usize) -> std::io::Result<()> {
    for piece in octets.chunks(most) {
        to.write_all(piece).await?;
        // So that each leaves alone.
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
