//! Connections to which networks do things, and what is known of each of them beside both ends.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hazir::gateway::Connect;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::plan::{Kind, Manners, Mischief, Opening, Try, Way};

/// What a half-open connection takes of us before its buffers are full.
const INTO_THE_VOID: usize = 64 * 1_024;

/// What is known of one try to connect.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Pulse {
    pub(super) tried_at: Instant,
    /// When the link gave it up, or was told that it comes to nothing.
    pub(super) ended_at: Option<Instant>,
    /// When the last octet came.
    pub(super) heard_at: Instant,
    /// Octets that the link read.
    pub(crate) to_desk: usize,
    /// Octets that the link wrote.
    pub(crate) to_gateway: usize,
}

/// The tries, in their order: the first is connection 1.
pub(super) type Pulses = Arc<Mutex<Vec<Pulse>>>;

/// The gateway's end of a connection.
pub(super) struct Peer {
    pub(super) number: u32,
    pub(super) stream: DuplexStream,
    pub(super) manners: Manners,
}

/// Opens connections as they are planned; when all plans are used up, sound ones.
pub(super) struct Dial {
    pub(super) tries: VecDeque<Try>,
    pub(super) peers: UnboundedSender<Peer>,
    pub(super) pulses: Pulses,
}

/// The end of a try, however it ends.
struct Ending(Pulses, usize);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.lock().unwrap()[self.1].ended_at = Some(Instant::now());
    }
}

impl Connect for Dial {
    type Stream = Wire;

    async fn connect(&mut self) -> io::Result<Wire> {
        let now = Instant::now();
        let place = {
            let mut pulses = self.pulses.lock().unwrap();
            pulses.push(Pulse {
                tried_at: now,
                ended_at: None,
                heard_at: now,
                to_desk: 0,
                to_gateway: 0,
            });
            pulses.len() - 1
        };
        let ending = Ending(Arc::clone(&self.pulses), place);
        let Opening {
            mischief,
            piece,
            room,
            manners,
        } = match self.tries.pop_front() {
            Some(Try::Opens(opening)) => opening,
            Some(Try::Fails(kind)) => return Err(kind.into()),
            Some(Try::Hangs) => std::future::pending().await,
            None => Opening::sound(),
        };
        let (ours, stream) = duplex(room);
        let number = u32::try_from(place + 1).expect("they are few");
        let peer = Peer {
            number,
            stream,
            manners,
        };
        // A gateway that is through with its case refuses.
        let sent = self.peers.send(peer);
        sent.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(Wire {
            stream: Some(ours),
            mischief,
            struck: false,
            piece,
            lost: 0,
            ending,
        })
    }
}

/// The link's end of a connection.
pub(super) struct Wire {
    /// `None` once it was cut.
    stream: Option<DuplexStream>,
    mischief: Option<Mischief>,
    struck: bool,
    /// Octets that move at once, at most.
    piece: usize,
    /// Octets that were taken and go nowhere.
    lost: usize,
    ending: Ending,
}

impl Wire {
    fn pulse<T>(&self, look: impl FnOnce(&mut Pulse) -> T) -> T {
        let Ending(pulses, place) = &self.ending;
        look(&mut pulses.lock().unwrap()[*place])
    }

    /// How many octets may move this way now; what is due to happen has happened then.
    fn room(&mut self, way: Way) -> usize {
        let Some(mischief) = self.mischief else {
            return self.piece;
        };
        let passed = self.pulse(|pulse| match mischief.way {
            Way::ToDesk => pulse.to_desk,
            Way::ToGateway => pulse.to_gateway,
        });
        if passed >= mischief.octets {
            self.struck = true;
            if matches!(mischief.kind, Kind::Cut | Kind::Reset) {
                self.stream = None;
            }
        }
        if way == mischief.way {
            self.piece.min(mischief.octets.saturating_sub(passed))
        } else {
            self.piece
        }
    }

    /// What has happened to the connection, where something has.
    fn fate(&self) -> Option<Kind> {
        self.mischief.filter(|_| self.struck).map(|it| it.kind)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = self.room(Way::ToDesk).min(buffer.remaining());
        match self.fate() {
            Some(Kind::Cut) => return Poll::Ready(Ok(())),
            Some(Kind::Reset) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            Some(Kind::HalfOpen | Kind::Stall) => return Poll::Pending,
            None => {}
        }
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Ok(()));
        };
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        let read = Pin::new(stream).poll_read(context, &mut part);
        let count = part.filled().len();
        buffer.advance(count);
        if count > 0 {
            self.pulse(|pulse| {
                pulse.to_desk += count;
                pulse.heard_at = Instant::now();
            });
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = self.room(Way::ToGateway).min(octets.len());
        match self.fate() {
            Some(Kind::Cut | Kind::Reset) => {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            Some(Kind::HalfOpen) if self.lost + octets.len() <= INTO_THE_VOID => {
                self.lost += octets.len();
                return Poll::Ready(Ok(octets.len()));
            }
            Some(Kind::HalfOpen | Kind::Stall) => return Poll::Pending,
            None => {}
        }
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let written = Pin::new(stream).poll_write(context, &octets[..count]);
        if let Poll::Ready(Ok(count)) = written {
            self.pulse(|pulse| pulse.to_gateway += count);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}
