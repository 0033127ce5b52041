use super::crowd::{Crowd, Deed};
use super::faults::Fault;
use super::people::{Plan, PracticeConfig};
use super::smsc::{Air, LinkId, Out, Smsc};
use crate::domain::Millis;
use crate::protocol::smpp::Tick;

/// A moment on both clocks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// On the clock that timers go by.
    pub tick: Tick,
    /// On the clock that phones show.
    pub wall: Millis,
}

/// How a practice stands.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// ESMEs that are bound.
    pub bound: usize,
    /// Texts that phones and strangers sent, repeats among them.
    pub sent: u64,
    /// Receipts that phones understood.
    pub receipts: u64,
    /// Refusals that phones understood.
    pub refusals: u64,
    /// Messages that phones hold no answer for.
    pub unanswered: usize,
    /// Messages and delivery receipts that wait for an ESME.
    pub waiting: usize,
    /// submit_sm that the gateway took.
    pub taken: u64,
    /// deliver_sm that were answered well.
    pub delivered: u64,
}

/// The gateway and the phones, without input and output: octets and the time go in, octets come out. The script begins
/// when the first ESME that gets messages has bound.
///
/// After each call the caller drains [`Scene::poll_out`].
#[expect(missing_debug_implementations, reason = "its phones hold keys")]
pub struct Scene {
    smsc: Smsc,
    crowd: Crowd,
}

impl Scene {
    /// Sets the scene.
    pub fn new(config: &PracticeConfig, plan: &Plan) -> Self {
        Self {
            smsc: Smsc::new(config, plan),
            crowd: Crowd::new(config, plan),
        }
    }

    /// Takes a connection; `None` where it is to be closed at once.
    pub fn connect(&mut self, now: Moment) -> Option<LinkId> {
        self.smsc.connect(now)
    }

    /// Takes octets of a connection, cut anywhere.
    pub fn handle_bytes(&mut self, now: Moment, link: LinkId, octets: &[u8]) {
        self.smsc.handle_bytes(now, link, octets);
        self.settle(now);
    }

    /// Takes note that a connection is gone, or takes nothing any more.
    pub fn handle_close(&mut self, now: Moment, link: LinkId) {
        self.smsc.handle_close(now, link);
        self.settle(now);
    }

    /// Does what is due; to be called at [`Scene::deadline`], harmless at any other time.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.smsc.handle_timeout(now);
        self.crowd.handle_timeout(now);
        self.settle(now);
    }

    /// When something is due; `None` before the first connection.
    pub fn deadline(&mut self) -> Option<Tick> {
        let crowd = self.crowd.deadline();
        self.smsc.deadline().into_iter().chain(crowd).min()
    }

    /// Says whether the octets of a connection are being read.
    pub fn set_reading(&mut self, now: Moment, link: LinkId, is_reading: bool) {
        self.smsc.set_reading(now, link, is_reading);
    }

    /// Throws a switch.
    pub fn throw(&mut self, now: Moment, fault: Fault) {
        self.smsc.throw(now, fault);
        self.settle(now);
    }

    /// Unbinds all ESMEs.
    pub fn unbind(&mut self, now: Moment) {
        self.smsc.unbind(now);
    }

    /// The next thing for a socket.
    pub fn poll_out(&mut self) -> Option<Out> {
        self.smsc.poll_out()
    }

    /// How it stands.
    pub fn tally(&self) -> Tally {
        let (bound, waiting, taken, delivered) = self.smsc.counts();
        let (sent, receipts, refusals, unanswered) = self.crowd.counts();
        Tally {
            bound,
            sent,
            receipts,
            refusals,
            unanswered,
            waiting,
            taken,
            delivered,
        }
    }

    /// Carries what phones and gateway have for each other.
    fn settle(&mut self, now: Moment) {
        loop {
            if let Some(air) = self.smsc.poll_air() {
                match air {
                    Air::Bound => self.crowd.start(now),
                    Air::Sms {
                        number,
                        text,
                        receipt,
                    } => {
                        let has_arrived = self.crowd.hear(now, &number, &text);
                        if let Some(receipt) = receipt {
                            self.smsc.tell(now, receipt, has_arrived);
                        }
                    }
                }
            } else if let Some(deed) = self.crowd.poll_deed() {
                match deed {
                    Deed::Send { from, text } => self.smsc.send(now, &from, &text),
                    Deed::Fault(fault) => self.smsc.throw(now, fault),
                }
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Act, Scenario, Script};
    use super::*;
    use crate::domain::Msisdn;

    const DELIVER_SM: u32 = 5;

    /// A scene with ESMEs that are written as octets.
    struct Stage {
        scene: Scene,
        plan: Plan,
        now: Moment,
        came: BTreeMap<LinkId, Vec<Vec<u8>>>,
        closed: Vec<LinkId>,
    }

    impl Stage {
        fn open(people: usize) -> Self {
            let config = PracticeConfig {
                seed: 3,
                scenario: Scenario::Morning,
                people,
                port: 0,
                utc_offset_s: 0,
                speed: 1,
            };
            let plan = Plan::draw(&config);
            Self {
                scene: Scene::new(&config, &plan),
                plan,
                now: Moment {
                    tick: Tick(0),
                    wall: Millis(1_795_161_600_000),
                },
                came: BTreeMap::new(),
                closed: Vec::new(),
            }
        }

        fn bind(&mut self, command_id: u32, password: &str) -> LinkId {
            let link = self.scene.connect(self.now).unwrap();
            let body = [b"smppuser\0", password.as_bytes(), b"\0\0\x34\0\0\0"].concat();
            self.say(link, command_id, 0, 1, &body);
            link
        }

        fn say(&mut self, link: LinkId, command_id: u32, status: u32, sequence: u32, body: &[u8]) {
            let length = u32::try_from(16 + body.len()).unwrap();
            let header = [length, command_id, status, sequence].map(u32::to_be_bytes);
            let pdu = [&header.concat(), body].concat();
            self.scene.handle_bytes(self.now, link, &pdu);
            self.drain();
        }

        /// Lets the time go on, and answers every deliver_sm with `status` where one is given.
        fn wait(&mut self, ms: u64, status: Option<u32>) {
            let until = self.now.tick.after_ms(ms);
            loop {
                self.answer(status);
                let due = self.scene.deadline().filter(|at| *at <= until);
                let Some(at) = due else { break };
                let at = at.max(self.now.tick);
                let gone = i64::try_from(at.ms_since(self.now.tick)).unwrap();
                self.now = Moment {
                    tick: at,
                    wall: self.now.wall.plus_ms(gone),
                };
                self.scene.handle_timeout(self.now);
                self.drain();
            }
            self.now.tick = until;
        }

        fn answer(&mut self, status: Option<u32>) {
            let Some(status) = status else { return };
            let came = std::mem::take(&mut self.came);
            for (link, pdu) in came
                .iter()
                .flat_map(|(link, pdus)| pdus.iter().map(|it| (*link, it)))
            {
                if word(pdu, 4) == DELIVER_SM {
                    self.say(link, DELIVER_SM | 0x8000_0000, status, word(pdu, 12), &[0]);
                }
            }
            for (link, pdus) in came {
                self.came.entry(link).or_default().splice(0..0, pdus);
            }
        }

        fn drain(&mut self) {
            while let Some(out) = self.scene.poll_out() {
                match out {
                    Out::Octets(link, pdu) => self.came.entry(link).or_default().push(pdu.to_vec()),
                    Out::Close(link) => self.closed.push(link),
                }
            }
        }

        fn take(&mut self, link: LinkId) -> Vec<Vec<u8>> {
            self.came.remove(&link).unwrap_or_default()
        }
    }

    fn word(pdu: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(pdu[at..at + 4].try_into().unwrap())
    }

    fn submit(to: &str, text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).unwrap();
        let mut body = [b"\0\x01\x01+447700900999\0\x01\x01", to.as_bytes(), b"\0"].concat();
        body.extend([0, 0, 0, 0, 0, 1, 0, 0, 0, length]);
        body.extend(text.as_bytes());
        body
    }

    #[test]
    fn a_wrong_password_is_refused_and_put_out() {
        let mut stage = Stage::open(3);
        let link = stage.bind(9, "wrong");
        assert_eq!(word(&stage.take(link)[0], 8), 0x0e);
        assert_eq!(stage.closed, [link]);
        assert_eq!(stage.scene.deadline(), None);
    }

    #[test]
    fn a_transmitter_submits_and_a_receiver_hears_of_it() {
        let mut stage = Stage::open(1);
        let password = stage.plan.password.clone();
        let sends = stage.bind(2, &password);
        stage.wait(5_000, Some(0));
        // Nobody gets messages yet, so nobody sends any.
        assert_eq!(stage.scene.tally().sent, 0);
        let gets = stage.bind(1, &password);
        stage.wait(1_000, Some(0));
        assert_eq!(stage.scene.tally().sent, 1);
        let number = stage.plan.hires[0].phone.as_str().to_owned();
        for (sequence, to) in [(7, &*number), (8, "+447700900950"), (9, "Bakery")] {
            stage.say(sends, 4, 0, sequence, &submit(to, "hello"));
        }
        stage.wait(5_000, Some(0));
        let mut statuses: Vec<(u32, u32)> = stage
            .take(sends)
            .iter()
            .filter(|pdu| word(pdu, 4) == 0x8000_0004)
            .map(|pdu| (word(pdu, 12), word(pdu, 8)))
            .collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [(7, 0), (8, 0), (9, 0x0b)]);
        let came = stage.take(gets);
        let texts: Vec<String> = came
            .iter()
            .map(|pdu| String::from_utf8_lossy(pdu).into_owned())
            .collect();
        for word in ["HZ.", "stat:DELIVRD", "stat:UNDELIV"] {
            let count = texts.iter().filter(|text| text.contains(word)).count();
            assert_eq!(count, 1, "{word} in {texts:?}");
        }
    }

    #[test]
    fn what_is_refused_or_not_answered_comes_again() {
        for (status, pause_ms) in [(Some(0x64), 5_000), (None, 15_000)] {
            let mut stage = Stage::open(1);
            let password = stage.plan.password.clone();
            let link = stage.bind(9, &password);
            stage.wait(1_000, status);
            let first = stage.take(link);
            let first = first
                .iter()
                .find(|pdu| word(pdu, 4) == DELIVER_SM)
                .unwrap()
                .clone();
            stage.wait(pause_ms + 500, status);
            let again = stage.take(link);
            let again = again.iter().find(|pdu| word(pdu, 4) == DELIVER_SM).unwrap();
            assert_eq!(first[16..], again[16..], "{status:?}");
            assert_ne!(word(&first, 12), word(again, 12));
            // After a new bind it comes at once.
            stage.scene.handle_close(stage.now, link);
            let link = stage.bind(9, &password);
            stage.wait(5_000, status);
            assert!(stage.take(link).iter().any(|pdu| pdu[16..] == first[16..]));
            let tally = stage.scene.tally();
            assert_eq!(u64::try_from(tally.waiting), Ok(tally.sent), "{tally:?}");
        }
    }

    #[test]
    fn one_seed_gives_one_morning_to_the_octet() {
        let play = || {
            let mut stage = Stage::open(20);
            let password = stage.plan.password.clone();
            let link = stage.bind(9, &password);
            // Longer than the link is asked for and found silent.
            stage.wait(25_000, Some(0));
            stage.take(link)
        };
        let came = play();
        assert!(came.len() > 8, "{}", came.len());
        assert_eq!(came, play());
    }

    #[test]
    fn numbers_of_strangers_are_nobodys() {
        let stage = Stage::open(800);
        let numbers: Vec<&Msisdn> = stage.plan.hires.iter().map(|hire| &hire.phone).collect();
        let config = PracticeConfig {
            seed: 3,
            scenario: Scenario::Flood,
            people: 800,
            port: 0,
            utc_offset_s: 0,
            speed: 1,
        };
        let script = Script::new(&config, &stage.plan).take(2_000);
        let strangers = script.filter_map(|step| {
            let Act::Stranger { from, .. } = step.act else {
                return None;
            };
            Some(from)
        });
        let mut strangers = strangers.peekable();
        assert!(strangers.peek().is_some());
        assert!(strangers.all(|from| !numbers.contains(&&from)));
    }
}
