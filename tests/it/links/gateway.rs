//! A gateway that keeps what it has for the desk until it is answered OK, and whose manners are planned.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, split};
use tokio::select;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

use super::super::draws::Draws;
use super::super::session::peer::{
    BIND_TRANSCEIVER, BIND_TRANSCEIVER_RESP, DELIVER_SM_RESP, Deliver, ENQUIRE_LINK,
    ENQUIRE_LINK_RESP, GENERIC_NACK, Pdu, SUBMIT_SM, SUBMIT_SM_RESP, UNBIND, UNBIND_RESP, pdu,
    pdus,
};
use super::judge::Judge;
use super::plan::{Bind, Leaves, Manners, Noise, Submits};
use super::wire::Peer;

/// Messages of a flood.
const FLOOD: usize = 1_500;
/// How long a gateway takes nothing, at most.
const RECOVERS: Duration = Duration::from_mins(1);
/// When a response is too late, in milliseconds.
const LATE_MS: u64 = 10_500;
/// How long the desk waits for a response.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the gateway has for the desk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    /// A message.
    Message(String),
    /// That a message of the desk arrived, by the name that it was given.
    Receipt(String),
    /// One of a flood: nobody keeps it.
    Flood,
}

/// The gateway, over all connections of a case.
pub(super) struct Gateway<'a> {
    judge: &'a RefCell<Judge>,
    draws: Draws,
    backlog: VecDeque<Item>,
    window: usize,
    /// How many names it gave.
    named: u32,
}

/// What is done on a connection at its time.
#[derive(Debug)]
enum Saying {
    Octets(Vec<u8>),
    Deliver(Item),
    /// A response to a submit_sm, which closes that.
    Response(u32, Vec<u8>),
    Unbind,
    Close,
}

/// One connection.
struct Talk {
    number: u32,
    manners: Manners,
    began_at: Instant,
    input: Vec<u8>,
    output: Vec<u8>,
    agenda: BTreeMap<(Instant, u32), Saying>,
    /// The last of the agenda.
    planned: u32,
    sequence: u32,
    /// What was delivered and not answered, by its number.
    waiting: BTreeMap<u32, VecDeque<Item>>,
    /// When each submit_sm without a response came.
    unanswered: BTreeMap<u32, Instant>,
    is_over: bool,
}

impl<'a> Gateway<'a> {
    pub(super) fn new(
        judge: &'a RefCell<Judge>,
        draws: Draws,
        deliveries: usize,
        window: u16,
    ) -> Self {
        judge.borrow_mut().kept = deliveries;
        Self {
            judge,
            draws,
            backlog: (0..deliveries)
                .map(|place| Item::Message(format!("M{place}")))
                .collect(),
            window: usize::from(window),
            named: 0,
        }
    }

    /// Serves one connection after the other until the desk makes no more.
    pub(super) async fn run(mut self, mut peers: UnboundedReceiver<Peer>) {
        while let Some(peer) = peers.recv().await {
            self.serve(peer).await;
        }
    }

    async fn serve(&mut self, peer: Peer) {
        let (mut reader, mut writer) = split(peer.stream);
        let mut talk = Talk::new(peer.number, peer.manners);
        let mut piece = [0; 4_096];
        while !talk.is_over {
            let due = talk.agenda.first_key_value().map(|((at, _), _)| *at);
            select! {
                read = reader.read(&mut piece) => {
                    let Ok(count @ 1..) = read else { break };
                    talk.input.extend(&piece[..count]);
                    while let Some(pdu) = talk.next() {
                        self.hear(&mut talk, &pdu);
                    }
                }
                written = writer.write(&talk.output), if !talk.output.is_empty() => {
                    let Ok(count) = written else { break };
                    talk.output.drain(..count);
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.say(&mut talk);
                }
            }
        }
        let waiting = talk.waiting.into_values().flatten();
        let planned = talk.agenda.into_values().filter_map(|saying| match saying {
            Saying::Deliver(item) => Some(item),
            Saying::Octets(_) | Saying::Response(..) | Saying::Unbind | Saying::Close => None,
        });
        let items = waiting.chain(planned).filter(|item| *item != Item::Flood);
        self.backlog.extend(items);
    }

    fn hear(&mut self, talk: &mut Talk, pdu: &Pdu) {
        match pdu.id {
            BIND_TRANSCEIVER => self.bind(talk, pdu.sequence),
            DELIVER_SM_RESP => self.answered(talk, pdu),
            SUBMIT_SM => self.submitted(talk, pdu),
            ENQUIRE_LINK if talk.manners.is_deaf => {}
            ENQUIRE_LINK => talk.put(&self::pdu(ENQUIRE_LINK_RESP, 0, pdu.sequence, &[])),
            UNBIND => {
                talk.put(&self::pdu(UNBIND_RESP, 0, pdu.sequence, &[]));
            }
            UNBIND_RESP => talk.is_over = true,
            // To what nobody asked for.
            GENERIC_NACK => assert!(talk.manners.noise == Noise::Babbles, "{pdu:?}"),
            ENQUIRE_LINK_RESP => {}
            other => panic!("{other:#x}"),
        }
    }

    fn bind(&mut self, talk: &mut Talk, sequence: u32) {
        let response = |status| pdu(BIND_TRANSCEIVER_RESP, status, sequence, b"SMSC\0");
        let after = match talk.manners.bind {
            Bind::Takes => 0,
            Bind::TakesAfter(ms) => ms,
            Bind::Refuses(status) => return talk.put(&response(status)),
            Bind::Nacks(status) => return talk.put(&pdu(GENERIC_NACK, status, sequence, &[])),
            Bind::Ignores => return,
            Bind::Closes => return talk.plan(0, Saying::Close),
        };
        talk.plan(after, Saying::Octets(response(0)));
        let slowness = talk.manners.slowness;
        let ask = pdu(ENQUIRE_LINK, 0, talk.sequence.wrapping_add(7_000), &[]);
        talk.plan(after + self.draws.below(slowness + 1), Saying::Octets(ask));
        for item in std::mem::take(&mut self.backlog) {
            let at = after + self.draws.below(slowness + 1);
            talk.plan(at, Saying::Deliver(item));
        }
        if talk.manners.noise == Noise::Floods {
            for _ in 0..FLOOD {
                talk.plan(after, Saying::Deliver(Item::Flood));
            }
        }
        if talk.manners.noise == Noise::Babbles {
            let nonsense = [
                pdu(SUBMIT_SM_RESP, 0, 500_000, b"nonsense\0"),
                pdu(ENQUIRE_LINK_RESP, 0, 500_001, &[]),
                pdu(DELIVER_SM_RESP, 0, 1, b"\0"),
                pdu(BIND_TRANSCEIVER_RESP, 0, 1, b"SMSC\0"),
                pdu(UNBIND_RESP, 0, 1, &[]),
                pdu(GENERIC_NACK, 0x03, 500_002, &[]),
                pdu(0x0999, 0, 500_003, b"what"),
            ];
            for octets in nonsense {
                let at = after + self.draws.below(slowness + 1);
                talk.plan(at, Saying::Octets(octets));
            }
        }
        match talk.manners.leaves {
            Some(Leaves::Unbinds(ms)) => talk.plan(after + ms, Saying::Unbind),
            Some(Leaves::Closes(ms)) => talk.plan(after + ms, Saying::Close),
            Some(Leaves::AtLast) | None => {}
        }
    }

    /// Does what is due.
    fn say(&mut self, talk: &mut Talk) {
        let now = Instant::now();
        while let Some(entry) = talk.agenda.first_entry().filter(|it| it.key().0 <= now) {
            match entry.remove() {
                Saying::Octets(octets) => talk.put(&octets),
                Saying::Response(sequence, octets) => {
                    talk.unanswered.remove(&sequence);
                    talk.put(&octets);
                }
                Saying::Deliver(item) => self.deliver(talk, item),
                Saying::Unbind => {
                    let sequence = talk.next_sequence();
                    talk.put(&pdu(UNBIND, 0, sequence, &[]));
                }
                Saying::Close => talk.is_over = true,
            }
        }
    }

    fn deliver(&mut self, talk: &mut Talk, item: Item) {
        let sequence = talk.next_sequence();
        let deliver = match &item {
            Item::Message(text) => Deliver::text(text.as_bytes()),
            Item::Flood => Deliver::text(b"F"),
            Item::Receipt(name) => Deliver {
                esm_class: 0x04,
                ..Deliver::text(format!("id:{name} stat:DELIVRD err:000").as_bytes())
            },
        };
        let octets = deliver.pdu(sequence);
        talk.put(&octets);
        let mut judge = self.judge.borrow_mut();
        judge.delivers((talk.number, sequence), &item, octets.len());
        talk.waiting.entry(sequence).or_default().push_back(item);
    }

    fn answered(&mut self, talk: &mut Talk, pdu: &Pdu) {
        let key = (talk.number, pdu.sequence);
        let waiting = talk.waiting.get_mut(&pdu.sequence);
        // The link answers what is for itself at once, also where messages of the same number wait before it.
        let own = waiting.and_then(|items| {
            let is_own = self.judge.borrow_mut().is_answered_by_desk(key, pdu.status);
            let place = items
                .iter()
                .position(|item| matches!(item, Item::Receipt(_)) != is_own)?;
            items.remove(place)
        });
        let item = own.expect("it answers what was asked");
        if pdu.status == 0 {
            self.judge.borrow_mut().is_through_with(&item);
        } else if item != Item::Flood {
            talk.plan(1_000, Saying::Deliver(item));
        }
        let is_idle = talk.waiting.values().all(VecDeque::is_empty) && talk.agenda.is_empty();
        let is_all = is_idle && self.judge.borrow().kept == 0;
        if is_all && talk.manners.leaves == Some(Leaves::AtLast) && self.named > 0 {
            talk.plan(0, Saying::Unbind);
        }
    }

    fn submitted(&mut self, talk: &mut Talk, submit: &Pdu) {
        let text = &submit.body[submit.body.len() - 8..];
        let id = std::str::from_utf8(text).unwrap().parse().unwrap();
        let key = (talk.number, id);
        self.judge.borrow_mut().leaves(key);
        let (now, sequence) = (Instant::now(), submit.sequence);
        talk.unanswered.retain(|_, at| now < *at + PATIENCE);
        talk.unanswered.insert(sequence, now);
        assert!(talk.unanswered.len() <= self.window, "the window is kept");
        let response = |status, name: &str| {
            pdu(
                SUBMIT_SM_RESP,
                status,
                sequence,
                format!("{name}\0").as_bytes(),
            )
        };
        let after = self.draws.below(talk.manners.slowness + 1);
        let has_recovered = now > talk.began_at + RECOVERS;
        let fate = match talk.manners.submits {
            Submits::Draws => self.draws.below(20),
            Submits::Throttles if !has_recovered => 11,
            Submits::Ignores if !has_recovered => 19,
            Submits::Takes | Submits::Throttles | Submits::Ignores => 0,
        };
        let turned_down = match fate {
            11 => Some(response(0x58, "")),
            12 => Some(response(0x14, "")),
            13 => Some(response(0x45, "")),
            14 => Some(pdu(GENERIC_NACK, 0x08, sequence, &[])),
            15 => Some(pdu(GENERIC_NACK, 0x08, 0, &[])),
            _ => None,
        };
        if let Some(octets) = turned_down {
            return talk.plan(after, Saying::Response(sequence, octets));
        }
        if fate == 19 {
            return;
        }
        self.named += 1;
        let name = format!("{:X}", 0xA000 + self.named);
        let mut judge = self.judge.borrow_mut();
        judge.names(key, &name, fate == 18);
        let taken = response(0, &name);
        if fate == 18 {
            return talk.plan(LATE_MS + after, Saying::Octets(taken));
        }
        match fate {
            16 => talk.plan(after, Saying::Octets(taken.clone())),
            17 => {
                let wrong = pdu(SUBMIT_SM_RESP, 0, sequence.wrapping_add(900), b"wrong\0");
                talk.plan(after, Saying::Octets(wrong));
            }
            _ => {}
        }
        talk.plan(after, Saying::Response(sequence, taken));
        judge.kept += 1;
        // Some gateways say that it arrived before they say that they took it.
        let at = self.draws.below(talk.manners.slowness + 1);
        talk.plan(at, Saying::Deliver(Item::Receipt(name)));
    }
}

impl Talk {
    fn new(number: u32, manners: Manners) -> Self {
        Self {
            number,
            manners,
            began_at: Instant::now(),
            input: Vec::new(),
            output: Vec::new(),
            agenda: BTreeMap::new(),
            planned: 0,
            sequence: manners.before,
            waiting: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            is_over: false,
        }
    }

    fn put(&mut self, octets: &[u8]) {
        self.output.extend(octets);
    }

    /// Does something after so many milliseconds.
    fn plan(&mut self, after_ms: u64, saying: Saying) {
        self.planned += 1;
        let at = Instant::now() + Duration::from_millis(after_ms);
        self.agenda.insert((at, self.planned), saying);
    }

    fn next_sequence(&mut self) -> u32 {
        if !self.manners.is_stuck {
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.sequence
    }

    /// The next PDU that came whole.
    fn next(&mut self) -> Option<Pdu> {
        let length = self.input.first_chunk().map(|it| u32::from_be_bytes(*it))?;
        let length = usize::try_from(length).unwrap();
        assert!((16..=8_192).contains(&length), "{length} octets");
        if self.input.len() < length {
            return None;
        }
        let octets: Vec<u8> = self.input.drain(..length).collect();
        pdus(&octets).pop()
    }
}
