//! A small SMSC on loopback, from raw octets: what it takes and gives is written after SMPP 3.4 and shares no code
//! with the product.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::pdu::{self, Address, Fields, Pdu, Submitted};
use super::watch::Watch;

/// The desk's number in all tests.
pub(crate) const DESK: &str = "+989102211824";
/// deliver_sm in flight: as many as a small gateway has.
const WINDOW: usize = 10;
/// No PDU of this SMSC's peer is larger.
const LARGEST_PDU: usize = 8 * 1_024;

/// A message that the SMSC hands on.
#[derive(Clone, Debug)]
pub(crate) struct Sms {
    /// From whom.
    pub(crate) from: Address,
    /// `esm_class`.
    pub(crate) esm_class: u8,
    /// `data_coding`.
    pub(crate) data_coding: u8,
    /// User data.
    pub(crate) body: Vec<u8>,
}

impl Sms {
    /// A text of characters that are the same in ASCII and GSM 03.38.
    pub(crate) fn text(from: Address, text: &str) -> Self {
        Self {
            from,
            esm_class: 0,
            data_coding: 0,
            body: text.as_bytes().to_vec(),
        }
    }
}

/// What the SMSC saw, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A bind was taken.
    Bound,
    /// A bind was turned down with this status.
    BindRefused(u32),
    /// This message was handed on.
    Handed(u64),
    /// This message was answered with this status.
    Answered(u64, u32),
    /// A submit_sm came: its place among all.
    Submitted(usize),
    /// The response to a submit_sm went out with this status.
    Responded(u32),
    /// unbind came, and was answered.
    Unbind,
    /// The link that was bound is gone.
    Closed,
}

/// What an SMSC knows and was told.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// What it saw.
    pub(crate) seen: Vec<Seen>,
    /// What was submitted and taken.
    pub(crate) submitted: Vec<Submitted>,
    /// What the peer did against the protocol.
    pub(crate) faults: Vec<String>,
    /// The password that it wants.
    password: String,
    /// The statuses of the next responses to a bind; the login decides when there are none.
    bind_statuses: VecDeque<u32>,
    /// The statuses of the next responses to submit_sm; 0 when there are none.
    statuses: VecDeque<u32>,
    /// It reads and says nothing.
    silent: bool,
    /// The responses to submit_sm that it keeps to itself; `None` where it gives them.
    held: Option<Vec<(u32, u32, usize)>>,
    /// It sends a delivery receipt for everything it took.
    receipts: bool,
    messages: BTreeMap<u64, Sms>,
    waiting: VecDeque<u64>,
    flying: BTreeMap<u32, u64>,
    turned_down: Vec<u64>,
    answers: BTreeMap<u64, u32>,
    link: Option<(u32, TcpStream)>,
    /// Connections that were bound, ever: what another one took the place of may still say something.
    bound: BTreeSet<u32>,
    connections: u32,
    sequence: u32,
    stopped: bool,
}

/// The SMSC. It ends with its owner.
#[derive(Debug)]
pub(crate) struct Smsc {
    port: u16,
    state: Arc<Watch<State>>,
}

impl Smsc {
    /// Listens on a free port of loopback and wants the system id `smppuser` and the password `secret`.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(Watch::new(State {
            password: "secret".to_owned(),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || accept(&listener, &shared));
        Self { port, state }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on it wants this password.
    pub(crate) fn want_password(&self, password: &str) {
        self.state.change(|s| password.clone_into(&mut s.password));
    }

    /// It answers the next submit_sm with these statuses.
    pub(crate) fn answer_submits_with(&self, statuses: &[u32]) {
        self.state.change(|s| s.statuses.extend(statuses));
    }

    /// It answers the next binds with these statuses.
    pub(crate) fn answer_binds_with(&self, statuses: &[u32]) {
        self.state.change(|s| s.bind_statuses.extend(statuses));
    }

    /// It sends delivery receipts from now on.
    pub(crate) fn send_receipts(&self) {
        self.state.change(|s| s.receipts = true);
    }

    /// It reads and says nothing, or speaks again.
    pub(crate) fn silence(&self, silent: bool) {
        self.state.change(|s| {
            s.silent = silent;
            s.pump();
        });
    }

    /// It takes submit_sm and keeps its responses, or gives those that it kept and all after them.
    pub(crate) fn hold_responses(&self, is_holding: bool) {
        self.state.change(|s| {
            let held = if is_holding {
                s.held.replace(Vec::new())
            } else {
                s.held.take()
            };
            for (sequence, status, number) in held.into_iter().flatten() {
                s.respond(sequence, status, number);
            }
        });
    }

    /// Cuts the link.
    pub(crate) fn drop_link(&self) {
        self.state.change(|s| {
            if let Some((_, link)) = &s.link {
                // It may be gone already, which is what is wanted.
                let _ = link.shutdown(Shutdown::Both);
            }
        });
    }

    /// Takes a message to be handed on; what is not answered, or is turned down, comes again after the next bind.
    pub(crate) fn deliver(&self, sms: Sms) -> u64 {
        self.state.change(|s| {
            let id = s.messages.len() as u64 + 1;
            s.messages.insert(id, sms);
            s.waiting.push_back(id);
            s.pump();
            id
        })
    }

    /// Hands a message on and waits for its answer: the status.
    pub(crate) fn deliver_and_wait(&self, sms: Sms) -> u32 {
        let id = self.deliver(sms);
        self.wait(SOON, |s| s.answer_of(id))
            .expect("a deliver_sm is answered")
    }

    /// Waits until `find` finds something.
    pub(crate) fn wait<R>(
        &self,
        timeout: Duration,
        find: impl FnMut(&mut State) -> Option<R>,
    ) -> Option<R> {
        self.state.wait(timeout, find)
    }

    /// Waits for the `n`th bind that was taken.
    pub(crate) fn wait_bound(&self, n: usize) {
        let bound = self.wait(SOON, |s| (s.count(&Seen::Bound) >= n).then_some(()));
        assert!(bound.is_some(), "no bind number {n} came");
    }

    /// Reads what is known.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        self.state.read(read)
    }

    /// Asserts that the peer kept to the protocol.
    pub(crate) fn assert_no_faults(&self) {
        self.read(|s| assert_eq!(s.faults, Vec::<String>::new()));
    }
}

/// What comes at all comes well within this time, on a busy machine too.
pub(crate) const SOON: Duration = Duration::from_secs(20);

impl Drop for Smsc {
    fn drop(&mut self) {
        self.state.change(|s| s.stopped = true);
        self.drop_link();
        // Wakes the thread that accepts; it may be gone already.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl State {
    /// How often something was seen.
    pub(crate) fn count(&self, what: &Seen) -> usize {
        self.seen.iter().filter(|seen| *seen == what).count()
    }

    /// The status that a message was answered with last.
    pub(crate) fn answer_of(&self, message: u64) -> Option<u32> {
        self.answers.get(&message).copied()
    }

    /// Messages that were not answered OK yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.waiting.len() + self.flying.len() + self.turned_down.len()
    }

    fn pump(&mut self) {
        while self.link.is_some() && !self.silent && self.flying.len() < WINDOW {
            let Some(id) = self.waiting.pop_front() else {
                return;
            };
            let sequence = self.next_sequence();
            let octets = pdu::deliver_sm(sequence, &self.messages[&id], DESK);
            self.flying.insert(sequence, id);
            self.seen.push(Seen::Handed(id));
            self.write(&octets);
        }
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence % 0x7FFF_FFFF + 1;
        self.sequence
    }

    fn write(&mut self, octets: &[u8]) {
        if self.silent {
            return;
        }
        if let Some((_, link)) = &mut self.link {
            // A link that broke is seen by the thread that reads it.
            let _ = link.write_all(octets);
        }
    }

    /// The link is gone: what flew comes again before what waits.
    fn lose(&mut self, connection: u32) {
        if self
            .link
            .as_ref()
            .is_none_or(|(bound, _)| *bound != connection)
        {
            return;
        }
        self.link = None;
        if let Some(held) = &mut self.held {
            held.clear();
        }
        self.seen.push(Seen::Closed);
        let again = std::mem::take(&mut self.turned_down).into_iter();
        let flown = std::mem::take(&mut self.flying).into_values().chain(again);
        for (place, id) in flown.enumerate() {
            self.waiting.insert(place, id);
        }
    }

    fn bind(&mut self, connection: u32, link: &TcpStream, pdu: &Pdu) {
        if self.silent {
            return;
        }
        let status = self.judge_bind(pdu);
        let body: &[u8] = if status == 0 { b"SMSC\0" } else { b"" };
        let response = pdu::encode(pdu::BIND_TRANSCEIVER_RESP, status, pdu.sequence, body);
        let mut link = link.try_clone().expect("a socket can be cloned");
        // As above.
        let _ = link.write_all(&response);
        if status != 0 {
            self.seen.push(Seen::BindRefused(status));
            return;
        }
        if let Some((old, _)) = &self.link {
            let old = *old;
            self.lose(old);
        }
        self.link = Some((connection, link));
        self.bound.insert(connection);
        self.seen.push(Seen::Bound);
        self.pump();
    }

    fn judge_bind(&mut self, pdu: &Pdu) -> u32 {
        let mut fields = Fields::new(&pdu.body);
        let system_id = fields.text();
        let password = fields.text();
        let _system_type = fields.text();
        let version = fields.octet();
        if version != 0x34 {
            self.faults
                .push(format!("interface_version {version:#04x}"));
        }
        match () {
            () if !self.bind_statuses.is_empty() => self.bind_statuses.pop_front().unwrap_or(0),
            () if system_id != b"smppuser" => 0x0F,
            () if password != self.password.as_bytes() => 0x0E,
            () => 0,
        }
    }

    fn take(&mut self, connection: u32, pdu: &Pdu) {
        match &self.link {
            Some((bound, _)) if *bound == connection => {}
            Some(_) => return,
            None if self.bound.contains(&connection) => return,
            None => {
                let command = pdu.command;
                self.faults
                    .push(format!("command_id {command:#010x} before a bind"));
                return;
            }
        }
        match pdu.command {
            pdu::ENQUIRE_LINK => {
                let octets = pdu::encode(pdu::ENQUIRE_LINK_RESP, 0, pdu.sequence, b"");
                self.write(&octets);
            }
            pdu::DELIVER_SM_RESP => self.take_answer(pdu),
            pdu::SUBMIT_SM => self.take_submit(pdu),
            pdu::UNBIND => {
                let octets = pdu::encode(pdu::UNBIND_RESP, 0, pdu.sequence, b"");
                self.write(&octets);
                self.seen.push(Seen::Unbind);
            }
            pdu::ENQUIRE_LINK_RESP | pdu::UNBIND_RESP => {}
            other => self.faults.push(format!("command_id {other:#010x}")),
        }
    }

    fn take_answer(&mut self, pdu: &Pdu) {
        let Some(id) = self.flying.remove(&pdu.sequence) else {
            let sequence = pdu.sequence;
            self.faults
                .push(format!("an answer to {sequence}, which does not wait"));
            return;
        };
        self.seen.push(Seen::Answered(id, pdu.status));
        self.answers.insert(id, pdu.status);
        if pdu.status != 0 {
            self.turned_down.push(id);
        }
        self.pump();
    }

    fn take_submit(&mut self, pdu: &Pdu) {
        let submitted = pdu::read_submit(&pdu.body);
        if submitted.esm_class != 0 || submitted.registered_delivery != 1 {
            self.faults.push(format!("{submitted:?}"));
        }
        if self.silent {
            return;
        }
        let status = self.statuses.pop_front().unwrap_or(0);
        let to = submitted.to.clone();
        if status == 0 {
            self.submitted.push(submitted);
            self.seen.push(Seen::Submitted(self.submitted.len() - 1));
        }
        let number = 0x00A1_B200 + self.submitted.len();
        if let Some(held) = &mut self.held {
            held.push((pdu.sequence, status, number));
            return;
        }
        self.respond(pdu.sequence, status, number);
        if status == 0 && self.receipts {
            let text = format!("id:{number:010} sub:001 dlvrd:001 stat:DELIVRD err:000 text:");
            let mut sms = Sms::text(to, &text);
            sms.esm_class = 0x04;
            let id = self.messages.len() as u64 + 1;
            self.messages.insert(id, sms);
            self.waiting.push_back(id);
            self.pump();
        }
    }

    fn respond(&mut self, sequence: u32, status: u32, number: usize) {
        let id = match status {
            0 => format!("{number:X}\0"),
            _ => String::new(),
        };
        let response = pdu::encode(pdu::SUBMIT_SM_RESP, status, sequence, id.as_bytes());
        self.write(&response);
        self.seen.push(Seen::Responded(status));
    }
}

fn accept(listener: &TcpListener, state: &Arc<Watch<State>>) {
    for link in listener.incoming() {
        if state.read(|s| s.stopped) {
            return;
        }
        let Ok(link) = link else { continue };
        let state = Arc::clone(state);
        std::thread::spawn(move || serve(&link, &state));
    }
}

fn serve(link: &TcpStream, state: &Watch<State>) {
    let connection = state.change(|s| {
        s.connections += 1;
        s.connections
    });
    link.set_nodelay(true).expect("a socket can be told so");
    link.set_write_timeout(Some(SOON))
        .expect("a socket can be told so");
    loop {
        match read_pdu(link) {
            Ok(pdu) if pdu.command == pdu::BIND_TRANSCEIVER => {
                state.change(|s| s.bind(connection, link, &pdu));
            }
            Ok(pdu) => {
                state.change(|s| s.take(connection, &pdu));
                if pdu.command == pdu::UNBIND {
                    break;
                }
            }
            Err(Cut::Gone) => break,
            Err(Cut::Lies(length)) => {
                state.change(|s| s.faults.push(format!("command_length {length}")));
                break;
            }
        }
    }
    state.change(|s| s.lose(connection));
    // The peer may have closed it first.
    let _ = link.shutdown(Shutdown::Both);
}

enum Cut {
    Gone,
    Lies(usize),
}

fn read_pdu(mut link: &TcpStream) -> Result<Pdu, Cut> {
    let mut header = [0; 16];
    link.read_exact(&mut header).map_err(|_| Cut::Gone)?;
    let length = pdu::number(&header[..4]) as usize;
    if !(16..=LARGEST_PDU).contains(&length) {
        return Err(Cut::Lies(length));
    }
    let mut body = vec![0; length - 16];
    link.read_exact(&mut body).map_err(|_| Cut::Gone)?;
    Ok(Pdu {
        command: pdu::number(&header[4..8]),
        status: pdu::number(&header[8..12]),
        sequence: pdu::number(&header[12..]),
        body,
    })
}
