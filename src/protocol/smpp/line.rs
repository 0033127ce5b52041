use std::collections::VecDeque;

use bytes::Bytes;

use super::command;
use super::frame::{Frame, Splitter, WrongLength};
use super::tick::Tick;
use super::trace::Trace;
use super::window::Window;

/// How long a peer may leave half a PDU and say nothing.
const HALF_PDU_MS: u64 = 10_000;

/// How long an enquire_link may go unanswered, at most. With 30 s of silence before the first of two,
/// a half-open link is found 44 s after its last octet: within the 45 s that are allowed.
const PROBE_MS: u64 = 7_000;

/// How many enquire_link go unanswered before the link is dead.
const PROBES: u8 = 2;

const LAST_SEQUENCE: u32 = 0x7fff_ffff;

/// What the timers of a line found.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// Nothing.
    Good,
    /// Half a PDU and then silence.
    HalfPdu,
    /// The peer answers no enquire_link.
    Silent,
}

/// What both ends of a session share: frames in and out, sequence numbers, the window, enquire_link.
///
/// `T` is what a request that waits for its response stands for. Ticks in here come from
/// [`Line::local`]: a clock that stands still while nobody reads the octets that may be waiting.
#[derive(Debug)]
pub(super) struct Line<T> {
    pub(super) window: Window<T>,
    pub(super) trace: Trace,
    splitter: Splitter,
    outgoing: VecDeque<Bytes>,
    last_sequence: u32,
    heard_at: Tick,
    probe: Option<Probe>,
    quiet_ms: u64,
    response_ms: u64,
    stood_still_ms: u64,
    stands_still_since: Option<Tick>,
}

/// An enquire_link of ours.
#[derive(Copy, Clone, Debug)]
struct Probe {
    sequence: u32,
    sent_at: Tick,
    sent_count: u8,
}

impl<T> Line<T> {
    /// A line that opens at `now`, asks after `quiet_ms` of silence and waits `response_ms` for a response.
    pub(super) fn new(now: Tick, window: u16, quiet_ms: u64, response_ms: u64) -> Self {
        Self {
            window: Window::new(window),
            trace: Trace::default(),
            splitter: Splitter::default(),
            outgoing: VecDeque::new(),
            last_sequence: 0,
            heard_at: now,
            probe: None,
            quiet_ms,
            response_ms,
            stood_still_ms: 0,
            stands_still_since: None,
        }
    }

    /// The line's own time at `now`.
    pub(super) fn local(&self, now: Tick) -> Tick {
        let now = self.stands_still_since.unwrap_or(now);
        Tick(now.0.saturating_sub(self.stood_still_ms))
    }

    /// When the line's own time `local` comes; `None` while the clock stands still.
    pub(super) fn outside(&self, local: Tick) -> Option<Tick> {
        let moves = self.stands_still_since.is_none();
        moves.then(|| local.after_ms(self.stood_still_ms))
    }

    /// Stops the clock, or lets it go on.
    pub(super) fn set_reading(&mut self, now: Tick, is_reading: bool) {
        if !is_reading {
            self.stands_still_since.get_or_insert(now);
            return;
        }
        if let Some(since) = self.stands_still_since.take() {
            self.stood_still_ms = self.stood_still_ms.saturating_add(now.ms_since(since));
        }
    }

    /// Takes octets of the peer: a sign of life, whatever they are.
    pub(super) fn hear(&mut self, now: Tick, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        self.heard_at = now;
        self.splitter.push(octets);
    }

    /// The next whole frame.
    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, WrongLength> {
        let frame = self.splitter.pop();
        match &frame {
            Ok(Some(frame)) => self.trace.note(false, frame.octets()),
            Ok(None) => {}
            // Its length lies; the rest of it may say what it was.
            Err(WrongLength) => self.trace.note(false, self.splitter.held()),
        }
        frame
    }

    /// How many octets wait for the rest of their PDU.
    pub(super) fn held_octets(&self) -> usize {
        self.splitter.held().len()
    }

    /// Puts a PDU out.
    pub(super) fn send(&mut self, pdu: Bytes) {
        self.trace.note(true, &pdu);
        self.outgoing.push_back(pdu);
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Bytes> {
        self.outgoing.pop_front()
    }

    /// The next sequence number: 1 to 0x7FFFFFFF and from the start again, without those that wait.
    pub(super) fn next_sequence(&mut self) -> u32 {
        loop {
            self.last_sequence = if self.last_sequence >= LAST_SEQUENCE {
                1
            } else {
                self.last_sequence + 1
            };
            let sequence = self.last_sequence;
            let asked = self.probe.is_some_and(|probe| probe.sequence == sequence);
            if !asked && !self.window.holds(sequence) {
                return sequence;
            }
        }
    }

    /// Puts a request into the window, its response due in `response_ms`.
    pub(super) fn open(&mut self, now: Tick, sequence: u32, request: T) {
        let deadline = now.after_ms(self.response_ms);
        self.window.open(sequence, request, deadline);
    }

    /// How long the answered enquire_link took, if it was ours.
    pub(super) fn close_probe(&mut self, now: Tick, sequence: u32) -> Option<u32> {
        let probe = self.probe.take_if(|probe| probe.sequence == sequence)?;
        Some(u32::try_from(now.ms_since(probe.sent_at)).unwrap_or(u32::MAX))
    }

    /// Whether an enquire_link of ours waits for its response.
    pub(super) fn is_probing(&self) -> bool {
        self.probe.is_some()
    }

    /// When [`Line::check`] is due, `asks` where enquire_link may be sent.
    pub(super) fn deadline(&self, asks: bool) -> Option<Tick> {
        let probe = match self.probe {
            _ if !asks => None,
            Some(probe) => Some(probe.sent_at.after_ms(self.probe_ms())),
            None => Some(self.heard_at.after_ms(self.quiet_ms)),
        };
        let half_pdu = self.splitter.is_holding();
        let half_pdu = half_pdu.then(|| self.heard_at.after_ms(HALF_PDU_MS));
        [probe, half_pdu, self.window.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Looks at the timers: asks a peer that is silent, and says where it answers no more.
    pub(super) fn check(&mut self, now: Tick, asks: bool) -> Health {
        if self.splitter.is_holding() && now.ms_since(self.heard_at) >= HALF_PDU_MS {
            return Health::HalfPdu;
        }
        if !asks {
            return Health::Good;
        }
        let Some(probe) = self.probe else {
            if now.ms_since(self.heard_at) >= self.quiet_ms {
                self.ask(now, 1);
            }
            return Health::Good;
        };
        if now.ms_since(probe.sent_at) < self.probe_ms() {
            return Health::Good;
        }
        if self.heard_at > probe.sent_at {
            self.probe = None;
        } else if probe.sent_count < PROBES {
            self.ask(now, probe.sent_count + 1);
        } else {
            return Health::Silent;
        }
        Health::Good
    }

    /// Ends the line's timers and forgets what came in half.
    pub(super) fn close(&mut self) {
        self.splitter.clear();
        self.probe = None;
    }

    fn ask(&mut self, now: Tick, sent_count: u8) {
        let sequence = self.next_sequence();
        self.send(command::enquire_link(sequence));
        self.probe = Some(Probe {
            sequence,
            sent_at: now,
            sent_count,
        });
    }

    fn probe_ms(&self) -> u64 {
        self.response_ms.min(PROBE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line<char> {
        Line::new(Tick(0), 3, 30_000, 10_000)
    }

    #[test]
    fn sequence_numbers_wrap_and_skip_what_waits() {
        let mut line = line();
        line.last_sequence = LAST_SEQUENCE - 1;
        line.open(Tick(0), 1, 'a');
        line.open(Tick(0), 2, 'b');
        let drawn = [(); 3].map(|()| line.next_sequence());
        assert_eq!(drawn, [LAST_SEQUENCE, 3, 4]);
    }

    #[test]
    fn a_silent_peer_is_found_within_45_s() {
        let mut line = line();
        assert_eq!(line.deadline(true), Some(Tick(30_000)));
        let mut now = Tick(0);
        let mut asked = 0;
        while line.check(now, true) == Health::Good {
            asked += u32::from(line.poll_transmit().is_some());
            now = line.deadline(true).expect("a line that asks always waits");
        }
        assert_eq!((now, asked), (Tick(44_000), 2));
    }

    #[test]
    fn an_enquire_link_is_sent_again_when_its_time_is_over_and_not_before() {
        let mut line = line();
        let mut asked = |now, asks| {
            assert_eq!(line.check(Tick(now), asks), Health::Good);
            std::iter::from_fn(|| line.poll_transmit()).count()
        };
        assert_eq!(asked(29_999, true), 0);
        assert_eq!(asked(40_000, false), 0);
        assert_eq!(asked(40_000, true), 1);
        assert_eq!(asked(46_999, true), 0);
        assert_eq!(asked(47_001, true), 1);
        assert_eq!(asked(54_000, true), 0);
        assert_eq!(line.check(Tick(54_001), true), Health::Silent);
    }

    #[test]
    fn a_line_that_may_not_ask_waits_for_nothing() {
        let mut line = line();
        assert_eq!(line.deadline(false), None);
        line.check(Tick(30_000), true);
        assert_eq!(line.deadline(false), None);
        line.hear(Tick(30_001), &[0]);
        assert_eq!(line.deadline(false), Some(Tick(40_001)));
    }

    #[test]
    fn the_answer_to_an_enquire_link_is_timed_once() {
        let mut line = line();
        line.check(Tick(30_000), true);
        assert!(line.is_probing());
        let sequence = line.last_sequence;
        assert_eq!(line.close_probe(Tick(30_250), sequence + 1), None);
        assert!(line.is_probing());
        assert_eq!(line.close_probe(Tick(30_250), sequence), Some(250));
        assert!(!line.is_probing());
        assert_eq!(line.close_probe(Tick(30_260), sequence), None);
    }

    /// It may have been on its way before.
    #[test]
    fn an_octet_in_the_moment_of_an_enquire_link_is_no_answer_to_it() {
        let mut line = line();
        line.check(Tick(30_000), true);
        line.hear(Tick(30_000), &command::unbind(7));
        assert!(line.next_frame().is_ok_and(|frame| frame.is_some()));
        assert!(line.poll_transmit().is_some());
        assert_eq!(line.check(Tick(37_000), true), Health::Good);
        assert!(line.is_probing());
        assert!(line.poll_transmit().is_some());
    }

    #[test]
    fn any_octet_after_an_enquire_link_counts_as_life() {
        let mut line = line();
        line.check(Tick(30_000), true);
        line.hear(Tick(30_001), &[0, 0]);
        line.hear(Tick(36_000), &[0]);
        assert_eq!(line.check(Tick(37_000), true), Health::Good);
        assert!(!line.is_probing());
        assert_eq!(line.check(Tick(46_000), true), Health::HalfPdu);
    }

    #[test]
    fn what_waits_for_the_rest_of_its_pdu_is_counted() {
        let mut line = line();
        let pdu = command::unbind(7);
        line.hear(Tick(1), &pdu[..11]);
        assert_eq!(line.next_frame(), Ok(None));
        assert_eq!(line.held_octets(), 11);
        line.hear(Tick(2), &pdu[11..]);
        assert!(line.next_frame().is_ok_and(|frame| frame.is_some()));
        assert_eq!(line.held_octets(), 0);
    }

    #[test]
    fn the_clock_stands_still_while_nobody_reads() {
        let mut line = line();
        line.set_reading(Tick(10_000), false);
        line.set_reading(Tick(20_000), false);
        assert_eq!(line.local(Tick(90_000)), Tick(10_000));
        assert_eq!(line.outside(Tick(30_000)), None);
        line.set_reading(Tick(90_000), true);
        assert_eq!(line.local(Tick(90_000)), Tick(10_000));
        assert_eq!(line.outside(Tick(30_000)), Some(Tick(110_000)));
    }
}
