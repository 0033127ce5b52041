//! A scripted SMSC, and the desk that the link under test speaks to.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hazir::domain::{
    Address, DownCause, GatewayName, InboundSms, LinkEvent, LinkOrder, OutboundSms, OutboxId,
    SmsBody, Ticket, Traffic,
};
use hazir::gateway::{Connect, GatewayConfig, Password, SystemId, run};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::sync::mpsc::{
    Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

pub const GENERIC_NACK: u32 = 0x8000_0000;
pub const SUBMIT_SM: u32 = 0x0000_0004;
pub const SUBMIT_SM_RESP: u32 = 0x8000_0004;
pub const DELIVER_SM: u32 = 0x0000_0005;
pub const DELIVER_SM_RESP: u32 = 0x8000_0005;
pub const UNBIND: u32 = 0x0000_0006;
pub const UNBIND_RESP: u32 = 0x8000_0006;
pub const BIND_TRANSCEIVER: u32 = 0x0000_0009;
pub const BIND_TRANSCEIVER_RESP: u32 = 0x8000_0009;
pub const ENQUIRE_LINK: u32 = 0x0000_0015;
pub const ENQUIRE_LINK_RESP: u32 = 0x8000_0015;

/// Longer than anything here may take: what waits so long hangs.
const HANGS: Duration = Duration::from_hours(1);

/// A PDU as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    pub id: u32,
    pub status: u32,
    pub sequence: u32,
    pub body: Vec<u8>,
}

impl Pdu {
    pub fn header(&self) -> (u32, u32, u32) {
        (self.id, self.status, self.sequence)
    }
}

/// The octets of a PDU.
pub fn pdu(id: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let header = [length, id, status, sequence].map(u32::to_be_bytes);
    [&header.concat(), body].concat()
}

/// Cuts octets into PDUs; they must end with one.
pub fn pdus(mut octets: &[u8]) -> Vec<Pdu> {
    let mut pdus = Vec::new();
    while !octets.is_empty() {
        let word = |at: usize| u32::from_be_bytes(octets[at..at + 4].try_into().unwrap());
        let length = usize::try_from(word(0)).unwrap();
        pdus.push(Pdu {
            id: word(4),
            status: word(8),
            sequence: word(12),
            body: octets[16..length].to_vec(),
        });
        octets = &octets[length..];
    }
    pdus
}

/// The body of a deliver_sm, each part of it for a test to bend.
#[derive(Clone)]
pub struct Deliver {
    /// Type of number and numbering plan of the sender.
    pub kind: (u8, u8),
    pub source: Vec<u8>,
    pub esm_class: u8,
    pub schedule: Vec<u8>,
    pub validity: Vec<u8>,
    pub data_coding: u8,
    pub sm_length: Option<u8>,
    pub text: Vec<u8>,
    pub tlvs: Vec<u8>,
}

impl Deliver {
    pub fn text(text: &[u8]) -> Self {
        Self {
            kind: (2, 8),
            source: b"09102211824".to_vec(),
            esm_class: 0,
            schedule: Vec::new(),
            validity: Vec::new(),
            data_coding: 0,
            sm_length: None,
            text: text.to_vec(),
            tlvs: Vec::new(),
        }
    }

    pub fn tlv(mut self, tag: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).unwrap();
        self.tlvs.extend(tag.to_be_bytes());
        self.tlvs.extend(length.to_be_bytes());
        self.tlvs.extend(value);
        self
    }

    pub fn body(&self) -> Vec<u8> {
        let length = u8::try_from(self.text.len()).unwrap();
        [
            &[0, self.kind.0, self.kind.1][..],
            &self.source,
            b"\0\x01\x01+989000000000\0",
            &[self.esm_class, 0, 0],
            &self.schedule,
            &[0],
            &self.validity,
            &[0, 0, 0, self.data_coding, 0],
            &[self.sm_length.unwrap_or(length)],
            &self.text,
            &self.tlvs,
        ]
        .concat()
    }

    pub fn pdu(&self, sequence: u32) -> Vec<u8> {
        pdu(DELIVER_SM, 0, sequence, &self.body())
    }
}

/// The gateway's end of one connection.
pub struct Peer {
    stream: DuplexStream,
    /// When the link opened it.
    pub opened_at: Instant,
}

impl Peer {
    pub async fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    /// The next PDU; `None` where the link closed the connection.
    pub async fn receive(&mut self) -> Option<Pdu> {
        let mut length = [0; 4];
        let read = timeout(HANGS, self.stream.read_exact(&mut length)).await;
        read.expect("the link says nothing").ok()?;
        let rest = usize::try_from(u32::from_be_bytes(length)).unwrap() - 4;
        let mut octets = vec![0; rest];
        self.stream.read_exact(&mut octets).await.ok()?;
        pdus(&[&length[..], &octets].concat()).pop()
    }

    pub async fn pdu(&mut self) -> Pdu {
        self.receive().await.expect("the link closed")
    }

    pub async fn expect(&mut self, id: u32, status: u32, sequence: u32) {
        assert_eq!(self.pdu().await.header(), (id, status, sequence));
    }

    pub async fn expect_close(&mut self) {
        assert_eq!(self.receive().await, None);
    }

    /// Takes the bind and answers it.
    pub async fn bind(&mut self, status: u32) {
        let bind = self.pdu().await;
        assert_eq!(bind.id, BIND_TRANSCEIVER);
        self.send(&pdu(
            BIND_TRANSCEIVER_RESP,
            status,
            bind.sequence,
            b"SMSC\0",
        ))
        .await;
    }

    /// Answers whatever is asked with enquire_link until the link is silent for `ms`.
    pub async fn idle(&mut self, ms: u64) {
        let until = Instant::now() + Duration::from_millis(ms);
        while let Ok(pdu) = tokio::time::timeout_at(until, self.receive()).await {
            let asked = pdu.expect("the link closed");
            assert_eq!(asked.id, ENQUIRE_LINK);
            self.answer(&asked).await;
        }
    }

    pub async fn answer(&mut self, request: &Pdu) {
        self.send(&pdu(request.id | 0x8000_0000, 0, request.sequence, &[]))
            .await;
    }
}

/// What a try to connect gives.
pub enum Line {
    /// A connection that holds so many octets in each direction.
    Open(usize),
    /// The system turns it down.
    Fails(io::ErrorKind),
    /// Nothing for ever.
    Hangs,
}

/// Writes as the link made them.
pub type Writes = Arc<Mutex<Vec<Vec<u8>>>>;

pub struct Dial {
    lines: VecDeque<Line>,
    peers: UnboundedSender<Peer>,
    pub writes: Writes,
}

impl Connect for Dial {
    type Stream = Recorded;

    async fn connect(&mut self) -> io::Result<Recorded> {
        let octets = match self.lines.pop_front() {
            Some(Line::Open(octets)) => octets,
            Some(Line::Fails(kind)) => return Err(kind.into()),
            Some(Line::Hangs) => std::future::pending().await,
            None => 1 << 20,
        };
        let (ours, theirs) = duplex(octets);
        let peer = Peer {
            stream: theirs,
            opened_at: Instant::now(),
        };
        self.peers
            .send(peer)
            .map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(Recorded {
            stream: ours,
            writes: Arc::clone(&self.writes),
        })
    }
}

/// A connection that notes each write.
pub struct Recorded {
    stream: DuplexStream,
    writes: Writes,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        if let Poll::Ready(Ok(count)) = written {
            self.writes.lock().unwrap().push(octets[..count].to_vec());
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

pub fn config() -> GatewayConfig {
    GatewayConfig {
        name: GatewayName::new("reception"),
        host: "smsc.invalid".into(),
        port: 9500,
        tls: None,
        system_id: SystemId::parse("smppuser").unwrap(),
        password: Password::parse("secret08").unwrap(),
        enquire_link_s: 30,
        response_timeout_s: 10,
        window: 10,
        one_pdu_per_write: false,
    }
}

pub fn dial(lines: impl IntoIterator<Item = Line>) -> (Dial, UnboundedReceiver<Peer>) {
    let (peers, arriving) = unbounded_channel();
    let dial = Dial {
        lines: lines.into_iter().collect(),
        peers,
        writes: Writes::default(),
    };
    (dial, arriving)
}

/// The engine's side of a running link.
pub struct Desk {
    orders: Option<Sender<Vec<LinkOrder>>>,
    events: Receiver<(GatewayName, LinkEvent)>,
    /// The connections of the link, in their order.
    peers: UnboundedReceiver<Peer>,
    writes: Writes,
    link: JoinHandle<()>,
    /// The one that was bound last.
    connection: u32,
}

impl Desk {
    pub fn open() -> Self {
        Self::with(config(), [], 4_096)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "here the test takes the place of the cli"
    )]
    pub fn with(
        config: GatewayConfig,
        lines: impl IntoIterator<Item = Line>,
        events_bound: usize,
    ) -> Self {
        let (dial, peers) = dial(lines);
        let writes = Arc::clone(&dial.writes);
        let (orders, ordered) = channel(64);
        let (events, happened) = channel(events_bound);
        Self {
            orders: Some(orders),
            events: happened,
            peers,
            writes,
            link: tokio::spawn(run(config, dial, ordered, events, 7)),
            connection: 1,
        }
    }

    /// A link that is bound, with its peer.
    pub async fn bound() -> (Self, Peer) {
        Self::open().bind().await
    }

    pub async fn bind(mut self) -> (Self, Peer) {
        let peer = self.rebind().await;
        (self, peer)
    }

    pub async fn rebind(&mut self) -> Peer {
        assert_eq!(self.event().await, LinkEvent::Connecting);
        let mut peer = self.peer().await;
        peer.bind(0).await;
        let LinkEvent::Up { connection } = self.event().await else {
            panic!("it does not bind");
        };
        self.connection = connection;
        peer
    }

    pub async fn peer(&mut self) -> Peer {
        let peer = timeout(HANGS, self.peers.recv()).await;
        peer.expect("the link does not connect")
            .expect("the link ended")
    }

    /// What happened next; what crossed the link is asked for with [`Desk::traffic`].
    pub async fn event(&mut self) -> LinkEvent {
        loop {
            let event = self.next().await;
            if !matches!(event, LinkEvent::Traffic(_)) {
                return event;
            }
        }
    }

    /// What crossed the link next; all that happens before is passed over.
    pub async fn traffic(&mut self) -> Traffic {
        loop {
            if let LinkEvent::Traffic(traffic) = self.next().await {
                return *traffic;
            }
        }
    }

    pub async fn next(&mut self) -> LinkEvent {
        let event = timeout(HANGS, self.events.recv()).await;
        let (name, event) = event.expect("nothing happens").expect("the link ended");
        assert_eq!(name, config().name);
        event
    }

    pub async fn inbound(&mut self) -> (Ticket, InboundSms) {
        let event = self.event().await;
        let LinkEvent::Inbound { ticket, sms } = event else {
            panic!("{event:?}");
        };
        (ticket, sms)
    }

    pub async fn down(&mut self) -> (DownCause, Option<u64>) {
        let event = self.event().await;
        let LinkEvent::Down {
            cause,
            heard_ms_ago,
        } = event
        else {
            panic!("{event:?}");
        };
        (cause, heard_ms_ago)
    }

    /// How often it was told what crossed the link, and nothing else, since it was asked last.
    pub fn told(&mut self) -> usize {
        let told = std::iter::from_fn(|| self.events.try_recv().ok());
        told.inspect(|(_, event)| assert!(matches!(event, LinkEvent::Traffic(_)), "{event:?}"))
            .count()
    }

    /// Whatever happened and was not taken yet.
    pub fn happened(&mut self) -> Vec<LinkEvent> {
        std::iter::from_fn(|| self.events.try_recv().ok())
            .map(|(_, event)| event)
            .filter(|event| !matches!(event, LinkEvent::Traffic(_)))
            .collect()
    }

    pub async fn order(&self, orders: Vec<LinkOrder>) {
        let sender = self.orders.as_ref().unwrap();
        timeout(HANGS, sender.send(orders))
            .await
            .expect("no order is taken")
            .unwrap();
    }

    pub async fn answer(&self, ticket: Ticket, status: u32) {
        self.order(vec![LinkOrder::Answer { ticket, status }]).await;
    }

    /// The order that a message leaves by the connection that was bound last.
    pub const fn leave(&self, sms: OutboundSms) -> LinkOrder {
        let connection = self.connection;
        LinkOrder::Submit { connection, sms }
    }

    pub async fn submit(&self, id: u64) {
        self.order(vec![self.leave(sms(id))]).await;
    }

    /// The writes since the last call.
    pub fn writes(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }

    /// How many octets the link writes, once it writes.
    pub async fn written(&self) -> usize {
        loop {
            let octets = self.writes().iter().map(Vec::len).sum();
            if octets > 0 {
                return octets;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Drops the orders' end, as an engine does that is gone.
    pub fn hang_up(&mut self) {
        self.orders = None;
    }

    /// Takes no events any more.
    pub fn stop_listening(&mut self) {
        self.events.close();
    }

    /// Waits until the link returned, and gives what happened last.
    pub async fn returned(mut self) -> Vec<LinkEvent> {
        let link = timeout(HANGS, &mut self.link).await;
        link.expect("the link does not return").unwrap();
        self.happened()
    }
}

pub fn sms(id: u64) -> OutboundSms {
    OutboundSms {
        id: OutboxId(id),
        to: Address::plain("09102211824"),
        from: Address::international("+989000000000"),
        body: SmsBody::Text("HZ.AA.".into()),
    }
}

pub fn inbound(text: &[u8]) -> InboundSms {
    InboundSms {
        source: Address {
            octets: b"09102211824".to_vec(),
            ton: 2,
            npi: 8,
        },
        destination: Address::international("+989000000000"),
        octets: Bytes::copy_from_slice(text),
        data_coding: 0,
        part: None,
    }
}
