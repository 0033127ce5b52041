use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::unistd::{Group, Uid, User};
use rustix::fs::{Mode, fchmod};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::wire::{
    ClientWord, Incoming, ServerWord, is_desk, put_frame, read_opening, send_opening,
};
use super::{PATH_OCTETS, PortError};
use crate::api::{Ask, CopyAsk, Event, Refusal, Reply, Request};
use crate::domain::Operator;

/// A request on its way to the engine, and where its answer goes.
pub type Call = (Request, oneshot::Sender<Reply>);

/// How many windows and commands are served at once. A desk has a few; scripts that run wild wait their turn.
const CONNECTIONS: usize = 64;

/// How many connections wait in the system to be accepted: as many again.
const BACKLOG: u32 = 64;

/// How many of them one member of the socket's group may have, and how many all members: what is left is the owner's and
/// root's, so that no member keeps a desk from them.
const OF_ONE_MEMBER: usize = 16;
const OF_ALL_MEMBERS: usize = 48;

/// How long a peer may leave unread what is to be written. A terminal that stands still for longer gets a new connection
/// and a snapshot.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a peer may leave its opening unsaid. Where all places and the whole backlog are taken by peers that say
/// nothing, a console comes to its turn within the 10 s for which it waits.
const OPENING_TIMEOUT: Duration = Duration::from_secs(3);

/// Events that wait are written together up to this size: about what a socket takes at once.
const WRITE_OCTETS: usize = 64 << 10;

/// The pause after the system could not accept a connection, as when all descriptors are taken.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The engine's end of the socket. Removes the socket file when it is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    file: SocketFile,
    group: bool,
    places: Arc<Semaphore>,
    members: Members,
}

/// One window or command that is connected.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    user: String,
    /// Whether it is the user of this process, or root.
    is_owner: bool,
    /// Held until the connection ends.
    place: (OwnedSemaphorePermit, Option<Member>),
}

/// Whoever may not connect, or has too many connections.
#[derive(Debug)]
struct TurnedAway;

/// How many connections each member of the socket's group has.
#[derive(Clone, Debug, Default)]
struct Members(Arc<Mutex<BTreeMap<u32, usize>>>);

/// A connection of a member, counted until it is dropped.
#[derive(Debug)]
struct Member {
    uid: u32,
    members: Members,
}

impl Members {
    /// Counts one more of `uid`.
    fn enter(&self, uid: u32) -> Result<Member, TurnedAway> {
        let mut counts = self.lock();
        let all: usize = counts.values().sum();
        let one = counts.get(&uid).copied().unwrap_or(0);
        if all >= OF_ALL_MEMBERS || one >= OF_ONE_MEMBER {
            return Err(TurnedAway);
        }
        counts.insert(uid, one + 1);
        let members = self.clone();
        Ok(Member { uid, members })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut counts = self.members.lock();
        let left = counts.get(&self.uid).map_or(0, |count| count - 1);
        if left == 0 {
            counts.remove(&self.uid);
        } else {
            counts.insert(self.uid, left);
        }
    }
}

impl Listener {
    /// Listens at `path`. Needs a tokio runtime around it.
    ///
    /// The file has mode 0600 from its first moment; with a `group` it gets that group and then 0660, before anybody
    /// can connect. A socket that nobody listens at any more is replaced.
    ///
    /// # Errors
    /// [`PortError::InUse`] where somebody listens there, [`PortError::NotASocket`] where the file there is something
    /// else, [`PortError::PathTooLong`], [`PortError::NoGroup`], [`PortError::NotInGroup`], and what the system fails with.
    pub fn bind(path: &Path, group: Option<&str>) -> Result<Self, PortError> {
        let octets = path.as_os_str().len();
        if octets > PATH_OCTETS {
            return Err(PortError::PathTooLong(octets));
        }
        let group = group.map(|name| Ok::<_, PortError>((name, gid_of(name)?)));
        let group = group.transpose()?;
        remove_stale(path)?;
        let socket = UnixSocket::new_stream()?;
        // The file takes over the mode of the descriptor, see unix(7): no umask of the whole process is touched.
        fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(io::Error::from)?;
        if let Err(error) = socket.bind(path) {
            let taken = error.kind() == io::ErrorKind::AddrInUse;
            return Err(if taken {
                PortError::InUse
            } else {
                error.into()
            });
        }
        let file = SocketFile::at(path)?;
        if let Some((name, gid)) = group {
            chown(path, None, Some(gid)).map_err(|error| {
                if error.kind() == io::ErrorKind::PermissionDenied {
                    return PortError::NotInGroup(name.to_owned());
                }
                error.into()
            })?;
            fs::set_permissions(path, Permissions::from_mode(0o660))?;
        }
        Ok(Self {
            socket: socket.listen(BACKLOG)?,
            file,
            group: group.is_some(),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            members: Members::default(),
        })
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Waits for the next connection of somebody who may connect: the user of this process, root, and with a group
    /// set whoever the permissions let through. Others are dropped. At most 64 are open at once; the next one waits. A
    /// member of the group who has 16 open gets no more, and nor does any where members have 48.
    #[expect(clippy::missing_panics_doc, reason = "the semaphore is never closed")]
    pub async fn accept(&self) -> Connection {
        loop {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.expect("the semaphore is never closed");
            let accepted = self.socket.accept().await;
            let accepted = accepted.and_then(|(stream, _)| Ok((stream.peer_cred()?.uid(), stream)));
            let Ok((uid, stream)) = accepted else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Ok(member) = self.let_in(uid) else {
                continue;
            };
            let user = user_name(uid);
            return Connection {
                stream,
                user,
                is_owner: is_owner(uid),
                place: (place, member),
            };
        }
    }

    /// What counts `uid`, where it is neither the owner's nor root's.
    fn let_in(&self, uid: u32) -> Result<Option<Member>, TurnedAway> {
        if is_owner(uid) {
            return Ok(None);
        }
        if !self.group {
            return Err(TurnedAway);
        }
        self.members.enter(uid).map(Some)
    }
}

fn is_owner(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

impl Connection {
    /// Who is connected, as the system names the user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Serves the connection until it ends: one request at a time, and events after the other end wants them.
    ///
    /// A request that finds `calls` full is refused with [`Refusal::Busy`]. Where `events` ran ahead,
    /// [`Event::Lost`] is sent with the revision of the last event that was sent. A peer that reads nothing for 10 s
    /// while something is to be written, or says what no console says, is dropped.
    pub async fn serve(self, calls: mpsc::Sender<Call>, events: broadcast::Receiver<(u64, Event)>) {
        let Self {
            stream,
            user,
            is_owner,
            place,
        } = self;
        let (from, to) = stream.into_split();
        let session = Session {
            from,
            to,
            incoming: Incoming::default(),
            user,
            is_owner,
            calls,
            events,
            following: false,
            revision: 0,
        };
        // Whatever ended it ended this window only: the engine goes on, and the window says why at its own end.
        let _ended = session.run().await;
        drop(place);
    }
}

struct Session {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    incoming: Incoming,
    user: String,
    is_owner: bool,
    calls: mpsc::Sender<Call>,
    events: broadcast::Receiver<(u64, Event)>,
    following: bool,
    /// Of the last event that was sent.
    revision: u64,
}

/// What to do next.
enum Turn {
    Word(ClientWord),
    Answer(u32, Reply),
    Event(Result<(u64, Event), RecvError>),
    Unanswered,
    End,
}

impl Session {
    async fn run(mut self) -> Result<(), PortError> {
        let opened = timeout(OPENING_TIMEOUT, async {
            send_opening(&mut self.to).await?;
            read_opening(&mut self.from).await
        });
        opened.await.map_err(|_| PortError::Timeout)??;
        let mut asked: Option<(u32, oneshot::Receiver<Reply>)> = None;
        loop {
            // While a request is under way no further one is read; they wait in the socket.
            let turn = tokio::select! {
                word = self.incoming.read(&mut self.from), if asked.is_none() => {
                    word?.map_or(Turn::End, Turn::Word)
                }
                turn = answer(&mut asked), if asked.is_some() => turn,
                event = self.events.recv(), if self.following => Turn::Event(event),
            };
            match turn {
                Turn::Word(ClientWord::Ask { id, desk, ask }) => {
                    if !is_desk(&desk) {
                        return Err(PortError::Foreign);
                    }
                    if matches!(ask, Ask::Copy(CopyAsk::Backup { .. })) && !self.is_owner {
                        // The engine would write the file with rights that its peer does not have.
                        self.reply(id, Reply::Refused(Refusal::NotYours)).await?;
                        continue;
                    }
                    let user = self.user.clone();
                    let by = Operator { user, desk };
                    let (to_us, answer) = oneshot::channel();
                    match self.calls.try_send((Request { by, ask }, to_us)) {
                        Ok(()) => asked = Some((id, answer)),
                        Err(TrySendError::Full(_)) => {
                            self.reply(id, Reply::Refused(Refusal::Busy)).await?;
                        }
                        Err(TrySendError::Closed(_)) => return self.send_last().await,
                    }
                }
                Turn::Word(ClientWord::Follow) => {
                    self.following = true;
                    self.events = self.events.resubscribe();
                }
                Turn::Unanswered => return self.send_last().await,
                Turn::Answer(id, reply) => {
                    asked = None;
                    self.reply(id, reply).await?;
                }
                Turn::Event(Err(RecvError::Closed)) if asked.is_some() => self.following = false,
                Turn::Event(Err(RecvError::Closed)) | Turn::End => return Ok(()),
                Turn::Event(Err(RecvError::Lagged(_))) => self.send_events(Event::Lost).await?,
                Turn::Event(Ok((revision, event))) => {
                    self.revision = revision;
                    self.send_events(event).await?;
                }
            }
        }
    }

    async fn reply(&mut self, id: u32, reply: Reply) -> Result<(), PortError> {
        let mut out = Zeroizing::new(Vec::new());
        put_frame(&mut out, &ServerWord::Reply { id, reply })?;
        self.write(&out).await
    }

    /// Sends `first`, which has the present revision, and the events that wait behind it.
    async fn send_events(&mut self, first: Event) -> Result<(), PortError> {
        let mut out = Vec::new();
        let mut next = Some(first);
        while let Some(event) = next.take() {
            let revision = self.revision;
            put_frame(&mut out, &ServerWord::Event { revision, event })?;
            if out.len() >= WRITE_OCTETS {
                break;
            }
            next = match self.events.try_recv() {
                Ok((revision, event)) => {
                    self.revision = revision;
                    Some(event)
                }
                Err(TryRecvError::Lagged(_)) => Some(Event::Lost),
                Err(TryRecvError::Empty | TryRecvError::Closed) => None,
            };
        }
        self.write(&out).await
    }

    /// Sends what the engine said before it ended: why it did is the last of it.
    async fn send_last(&mut self) -> Result<(), PortError> {
        while self.following {
            match self.events.recv().await {
                Ok((revision, event)) => {
                    self.revision = revision;
                    self.send_events(event).await?;
                }
                Err(RecvError::Lagged(_)) => self.send_events(Event::Lost).await?,
                Err(RecvError::Closed) => break,
            }
        }
        Ok(())
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), PortError> {
        let written = timeout(PEER_TIMEOUT, self.to.write_all(octets));
        Ok(written.await.map_err(|_| PortError::Timeout)??)
    }
}

/// Waits for the answer of the engine, which gives none where it ended.
async fn answer(asked: &mut Option<(u32, oneshot::Receiver<Reply>)>) -> Turn {
    match asked {
        Some((id, answer)) => match answer.await {
            Ok(reply) => Turn::Answer(*id, reply),
            Err(_) => Turn::Unanswered,
        },
        None => std::future::pending().await,
    }
}

/// The file of a socket that is ours.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode: a file that came in its place later is not ours.
    inode: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> Result<Self, PortError> {
        Ok(Self {
            path: path.to_owned(),
            inode: inode(path)?,
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if inode(&self.path).is_ok_and(|inode| inode == self.inode) {
            // One that stays is stale, and replaced by the next engine.
            let _removed = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

fn remove_stale(path: &Path) -> Result<(), PortError> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if !metadata.file_type().is_socket() {
        return Err(PortError::NotASocket(path.to_owned()));
    }
    match BlockingStream::connect(path) {
        Ok(_) => Err(PortError::InUse),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Ok(fs::remove_file(path)?)
        }
        Err(error) => Err(error.into()),
    }
}

fn gid_of(group: &str) -> Result<u32, PortError> {
    match Group::from_name(group) {
        Ok(Some(found)) => Ok(found.gid.as_raw()),
        Ok(None) => Err(PortError::NoGroup(group.to_owned())),
        Err(error) => Err(PortError::Io(error.into())),
    }
}

fn user_name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => format!("uid {uid}"),
    }
}
