//! A line between an ESME and an SMSC that notes every octet, and tshark as its reader.
//!
//! Capturing packets takes rights that not every machine gives. So the octets are noted on their way through a proxy on
//! loopback, and written to a file as the packets that they could have been.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::lacking::works;
use super::loopback::Server;
use super::pdu::{Pdu, number};
use super::process::Process;
use super::smsc::SOON;
use super::watch::Watch;

/// The port of the SMSC in the file.
const SMPP: u16 = 2_775;
/// The first port of an ESME in the file.
const ESME: u16 = 40_000;
/// Octets of one read: a packet of the file holds them.
const READ: usize = 16 * 1_024;

/// What was read at once.
#[derive(Clone, Debug)]
struct Segment {
    connection: u16,
    from_esme: bool,
    octets: Vec<u8>,
}

/// The line. It ends with its owner.
#[derive(Debug)]
pub(crate) struct Wiretap {
    server: Server,
    segments: Arc<Watch<Vec<Segment>>>,
}

impl Wiretap {
    /// Listens on a free port of loopback and hands on to this one.
    pub(crate) fn start(to: u16) -> Self {
        let segments = Arc::new(Watch::default());
        let shared = Arc::clone(&segments);
        let server = Server::start(move |listener| serve(listener, to, shared));
        Self { server, segments }
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.server.port()
    }

    /// Waits until so many PDUs of a command were noted.
    pub(crate) fn wait(&self, command: u32, count: usize) {
        let came = self.segments.wait(SOON, |segments| {
            let pdus = pdus(segments);
            let found = pdus.iter().filter(|pdu| pdu.command == command);
            (found.count() >= count).then_some(())
        });
        assert!(came.is_some(), "not {count} of {command:#010x}");
    }

    /// All PDUs, of all connections and both directions; half a one at an end is left out.
    pub(crate) fn pdus(&self) -> Vec<Pdu> {
        self.segments.read(|segments| pdus(segments))
    }

    /// How many PDUs there are of each command.
    pub(crate) fn counts(&self) -> BTreeMap<u32, usize> {
        counts(self.pdus().into_iter().map(|pdu| pdu.command))
    }

    /// Lets tshark read all of it. No PDU is malformed, and it sees as many of each command as there are.
    pub(crate) fn assert_well_formed(&self, directory: &Path) {
        let file = directory.join("session.pcap");
        self.segments
            .read(|segments| write_pcap(&file, &whole(segments)));
        assert_eq!(faults(&file), Vec::<String>::new());
        let seen = tshark(
            &file,
            &["-Y", "smpp", "-T", "fields", "-e", "smpp.command_id"],
        );
        let ids = seen.split([',', '\n']).filter(|id| !id.is_empty());
        let ids = ids.map(|id| {
            let digits = id.strip_prefix("0x").expect("an id is hexadecimal");
            u32::from_str_radix(digits, 16).expect("an id is a number")
        });
        assert_eq!(counts(ids), self.counts());
    }
}

/// Why tshark cannot be had; nothing where it can.
pub(crate) fn missing_tshark() -> Option<&'static str> {
    let is_there = works(Command::new("tshark").arg("--version"));
    (!is_there).then_some("tshark is not there")
}

fn counts(commands: impl Iterator<Item = u32>) -> BTreeMap<u32, usize> {
    commands.fold(BTreeMap::new(), |mut counts, command| {
        *counts.entry(command).or_default() += 1;
        counts
    })
}

async fn serve(listener: TcpListener, to: u16, segments: Arc<Watch<Vec<Segment>>>) {
    let mut connections = JoinSet::new();
    for connection in 0.. {
        let (esme, _) = listener.accept().await.expect("loopback goes on");
        let segments = Arc::clone(&segments);
        connections.spawn(async move {
            if let Ok(smsc) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await {
                carry(connection, esme, smsc, &segments).await;
            }
        });
    }
}

async fn carry(
    connection: u16,
    mut esme: TcpStream,
    mut smsc: TcpStream,
    segments: &Watch<Vec<Segment>>,
) {
    for stream in [&esme, &smsc] {
        stream.set_nodelay(true).expect("a socket can be told so");
    }
    let note = |from_esme, octets: &[u8]| {
        let octets = octets.to_vec();
        let segment = Segment {
            connection,
            from_esme,
            octets,
        };
        segments.change(|segments| segments.push(segment));
    };
    let (from_esme, to_esme) = esme.split();
    let (from_smsc, to_smsc) = smsc.split();
    tokio::join!(
        pump(from_esme, to_smsc, |octets| note(true, octets)),
        pump(from_smsc, to_esme, |octets| note(false, octets)),
    );
}

async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, note: impl Fn(&[u8])) {
    let mut octets = vec![0; READ];
    while let Ok(count @ 1..) = from.read(&mut octets).await {
        note(&octets[..count]);
        if to.write_all(&octets[..count]).await.is_err() {
            break;
        }
    }
    // The peer may be gone.
    let _ = to.shutdown().await;
}

fn pdus(segments: &[Segment]) -> Vec<Pdu> {
    let mut streams: BTreeMap<(u16, bool), Vec<u8>> = BTreeMap::new();
    for segment in segments {
        let stream = streams.entry((segment.connection, segment.from_esme));
        stream.or_default().extend(&segment.octets);
    }
    streams.values().flat_map(|octets| cut(octets)).collect()
}

/// The same octets in segments that end with a PDU, each when its last octet came: tshark 4.0 does not join a header that
/// came in three pieces. Half a PDU at an end is left out.
fn whole(segments: &[Segment]) -> Vec<Segment> {
    let mut held: BTreeMap<(u16, bool), Vec<u8>> = BTreeMap::new();
    let mut whole = Vec::new();
    for segment in segments {
        let held = held
            .entry((segment.connection, segment.from_esme))
            .or_default();
        held.extend(&segment.octets);
        let octets: usize = cut(held).iter().map(|pdu| 16 + pdu.body.len()).sum();
        if octets > 0 {
            whole.push(Segment {
                octets: held.drain(..octets).collect(),
                ..*segment
            });
        }
    }
    whole
}

fn cut(mut octets: &[u8]) -> Vec<Pdu> {
    let mut pdus = Vec::new();
    while octets.len() >= 16 {
        let length = usize::try_from(number(&octets[..4])).expect("32 bits");
        let Some((pdu, rest)) = octets.split_at_checked(length.max(16)) else {
            break;
        };
        pdus.push(Pdu {
            command: number(&pdu[4..8]),
            status: number(&pdu[8..12]),
            sequence: number(&pdu[12..16]),
            body: pdu[16..].to_vec(),
        });
        octets = rest;
    }
    pdus
}

/// What tshark finds wrong in a file.
fn faults(file: &Path) -> Vec<String> {
    let wrong = "_ws.malformed || _ws.unreassembled || _ws.expert.severity == \"Error\"";
    let shown = tshark(file, &["-Y", wrong]);
    shown.lines().map(str::to_owned).collect()
}

fn tshark(file: &Path, more: &[&str]) -> String {
    let mut command = Command::new("tshark");
    let home = file.parent().expect("a file is in a directory");
    command.env("HOME", home).env("XDG_CONFIG_HOME", home);
    command
        .args(["-n", "-d"])
        .arg(format!("tcp.port=={SMPP},smpp"));
    command.args(more).arg("-r").arg(file);
    let done = Process::start(&mut command).finish(SOON);
    assert_eq!(done.code, Some(0), "tshark: {}", done.err);
    done.out
}

/// Writes a file of packets.
///
/// ```text
/// file      magic 4, version 2 + 2, zone 4, accuracy 4, longest packet 4, link type 4 (101: IPv4)    little-endian
/// packet    seconds 4, microseconds 4, octets here 4, octets in all 4, then the packet               little-endian
/// ```
fn write_pcap(file: &Path, segments: &[Segment]) {
    let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    for word in [0, 0, 0x0001_0000, 101_u32] {
        octets.extend(word.to_le_bytes());
    }
    let mut sent: BTreeMap<(u16, bool), u32> = BTreeMap::new();
    for (at, segment) in (0_u32..).zip(segments) {
        let heard = (segment.connection, !segment.from_esme);
        let heard = sent.get(&heard).copied().unwrap_or(0);
        let said = sent.entry((segment.connection, segment.from_esme));
        let said = said.or_default();
        let packet = packet(segment, *said, heard);
        *said += u32::try_from(segment.octets.len()).expect("a segment is short");
        let length = u32::try_from(packet.len()).expect("a packet is short");
        for word in [
            1_795_152_600 + at / 1_000,
            at % 1_000 * 1_000,
            length,
            length,
        ] {
            octets.extend(word.to_le_bytes());
        }
        octets.extend(packet);
    }
    std::fs::write(file, octets).expect("there is room for a file");
}

/// An IPv4 packet with a TCP segment; the checksums are left out, as a network card does that makes them itself.
fn packet(segment: &Segment, said: u32, heard: u32) -> Vec<u8> {
    let esme = ESME + segment.connection;
    let (from, to) = if segment.from_esme {
        (esme, SMPP)
    } else {
        (SMPP, esme)
    };
    let length = u16::try_from(40 + segment.octets.len()).expect("a segment is short");
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    packet.extend(from.to_be_bytes());
    packet.extend(to.to_be_bytes());
    packet.extend((1 + said).to_be_bytes());
    packet.extend((1 + heard).to_be_bytes());
    packet.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(&segment.octets);
    packet
}

mod tests {
    use super::super::pdu::{DELIVER_SM, ENQUIRE_LINK, encode};
    use super::*;

    fn segment(octets: Vec<u8>) -> Segment {
        Segment {
            connection: 0,
            from_esme: false,
            octets,
        }
    }

    #[test]
    fn tshark_finds_what_is_malformed() {
        if !super::super::lacking::have("tshark", missing_tshark()) {
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("lies.pcap");
        let good = encode(ENQUIRE_LINK, 0, 1, b"");
        let lie = encode(
            DELIVER_SM,
            0,
            2,
            b"\0\x01\x01912\0\x01\x01911\0\0\0\0\0\0\0\0\0\0\xf0HI",
        );
        let pdus = [good.clone(), good.clone()].concat();
        write_pcap(&file, &[segment(pdus.clone()), segment(good)]);
        assert_eq!(faults(&file), Vec::<String>::new());
        write_pcap(&file, &[segment(pdus), segment(lie)]);
        assert_eq!(faults(&file).len(), 1);
    }
}
