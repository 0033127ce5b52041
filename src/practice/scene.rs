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
