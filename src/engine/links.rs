use std::collections::VecDeque;

use super::health::Watch;
use super::{Now, Tick};
use crate::api::{Hold, LinkState, PduFact, ReplySample};
use crate::domain::{DownCause, Millis, Traffic};
use crate::store::GatewayCounters;

/// A link that is not bound for longer than this is an alarm.
const DOWN_ALARM_MS: i64 = 60 * 1_000;
/// A backlog has drained when nothing of it has come for so long.
const QUIET_MS: i64 = 5 * Millis::MINUTE;
/// Reply times and breaks that are kept: two hours where the link is asked every 30 s, and a column each on the widest
/// screen.
const SAMPLES: usize = 240;

/// Consoles hear of what was counted once in so long: a busy link is not worth a word a message.
const TELL_MS: i64 = 2 * Millis::SECOND;

/// What the engine knows of a gateway's link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) state: LinkState,
    pub(super) since: Millis,
    /// Why it is not bound.
    pub(super) cause: Option<DownCause>,
    pub(super) reply_ms: Option<u32>,
    pub(super) replied_at: Option<Millis>,
    /// The oldest first.
    pub(super) samples: VecDeque<ReplySample>,
    pub(super) counters: GatewayCounters,
    /// The last PDUs, oldest first.
    pub(super) pdus: VecDeque<PduFact>,
    pub(super) watch: Watch,
    not_bound_since: Option<Tick>,
    drain: Option<Drain>,
    /// What consoles were told of last, and when.
    told: (Counts, Tick),
    /// Something happened so soon after that they may have to be told again.
    may_be_news: bool,
}

/// What a busy link tells consoles: messages received, answers sent, how many wait and what holds them back.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    received: u64,
    submitted: u64,
    waiting: usize,
    hold: Option<Hold>,
}

/// Messages that waited at the gateway may be coming in.
#[derive(Copy, Clone, Debug)]
struct Drain {
    up_at: Millis,
    quiet_from: Tick,
}

impl Link {
    pub(super) fn new(now: Now, counters: GatewayCounters) -> Self {
        Self {
            state: LinkState::Connecting,
            since: now.wall,
            cause: None,
            reply_ms: None,
            replied_at: None,
            samples: VecDeque::new(),
            told: (
                Counts {
                    received: counters.received,
                    submitted: counters.submitted,
                    ..Counts::default()
                },
                now.tick,
            ),
            may_be_news: false,
            watch: Watch::new(&counters),
            pdus: VecDeque::new(),
            counters,
            not_bound_since: Some(now.tick),
            drain: None,
        }
    }

    /// The peer answered an enquire_link after so long.
    pub(super) fn replied(&mut self, now: Now, reply_ms: u32) {
        self.reply_ms = Some(reply_ms);
        self.replied_at = Some(now.wall);
        self.sample(now, Some(reply_ms));
    }

    /// PDUs crossed the link.
    pub(super) fn crossed(&mut self, now: Now, traffic: Traffic) {
        self.counters.faults.add(&traffic.faults);
        for (ms_ago, header) in traffic.pdus {
            if self.pdus.len() == Traffic::HELD {
                self.pdus.pop_front();
            }
            let ms_ago = i64::try_from(ms_ago).unwrap_or(i64::MAX);
            let at = now.wall.plus_ms(-ms_ago);
            self.pdus.push_back(PduFact { at, header });
        }
    }

    /// A connection is being tried. Returns whether that is news.
    pub(super) fn connecting(&mut self, now: Now) -> bool {
        self.turn(now, LinkState::Connecting)
    }

    /// The link is bound.
    pub(super) fn up(&mut self, now: Now) {
        self.turn(now, LinkState::Bound);
        self.cause = None;
        self.not_bound_since = None;
        self.drain = self.counters.gap_from.map(|_| Drain {
            up_at: now.wall,
            quiet_from: now.tick,
        });
    }

    /// The link is not bound, or a try failed. Returns whether it was bound before.
    pub(super) fn down(&mut self, now: Now, cause: DownCause, heard_at: Millis) -> bool {
        let was_bound = self.state == LinkState::Bound;
        self.turn(now, LinkState::Down);
        self.cause = Some(cause);
        self.not_bound_since.get_or_insert(now.tick);
        if was_bound {
            if cause != DownCause::Stopping {
                self.counters.drops += 1;
                self.watch.broke(now.wall, &mut self.counters);
            }
            self.reply_ms = None;
            self.replied_at = None;
            self.sample(now, None);
            self.counters.gap_from.get_or_insert(heard_at);
            self.drain = None;
        }
        was_bound
    }

    /// Since when messages may have waited, and until when, where such messages may be coming in now.
    pub(super) fn gap(&self) -> Option<(Millis, Millis)> {
        Some((self.counters.gap_from?, self.drain?.up_at))
    }

    /// A message of the backlog came: it has not drained yet.
    pub(super) fn backlog_came(&mut self, now: Tick) {
        if let Some(drain) = &mut self.drain {
            drain.quiet_from = now;
        }
    }

    /// Ends the gap where the backlog has drained. Returns whether it did.
    pub(super) fn end_drain(&mut self, now: Tick) -> bool {
        let drained = self.drain_ends().is_some_and(|at| at <= now);
        if drained {
            self.drain = None;
            self.counters.gap_from = None;
        }
        drained
    }

    /// Why this is an alarm now; `None` where it is none.
    pub(super) fn alarm(&self, now: Tick) -> Option<DownCause> {
        if let Some(cause) = self.cause.filter(|cause| cause.needs_a_hand()) {
            return Some(cause);
        }
        let late = self.alarm_at().is_some_and(|at| at <= now);
        late.then_some(self.cause.unwrap_or(DownCause::NoAnswer))
    }

    /// When something may be due.
    pub(super) fn deadline(&self, now: Tick) -> Option<Tick> {
        let alarm = self.alarm_at().filter(|at| *at > now);
        let news = self.may_be_news.then(|| self.tells_at());
        let all = [alarm, self.drain_ends(), news];
        all.into_iter().flatten().min()
    }

    /// Whether it is time to see what consoles were not told of yet. Where it is not, it will be once that is due.
    pub(super) fn may_tell(&mut self, now: Tick) -> bool {
        self.may_be_news = now < self.tells_at();
        !self.may_be_news
    }

    /// Whether consoles are to be told what was counted, how many wait and what holds them back: it changed.
    pub(super) fn tells(&mut self, now: Tick, waiting: usize, hold: Option<Hold>) -> bool {
        let counts = Counts {
            received: self.counters.received,
            submitted: self.counters.submitted,
            waiting,
            hold,
        };
        let is_news = self.told.0 != counts;
        if is_news {
            self.told = (counts, now);
        }
        is_news
    }

    fn tells_at(&self) -> Tick {
        self.told.1.plus_ms(TELL_MS)
    }

    fn sample(&mut self, now: Now, reply_ms: Option<u32>) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        let at = now.wall;
        self.samples.push_back(ReplySample { at, reply_ms });
    }

    fn alarm_at(&self) -> Option<Tick> {
        self.not_bound_since
            .map(|since| since.plus_ms(DOWN_ALARM_MS))
    }

    fn drain_ends(&self) -> Option<Tick> {
        self.drain.map(|drain| drain.quiet_from.plus_ms(QUIET_MS))
    }

    fn turn(&mut self, now: Now, state: LinkState) -> bool {
        // A link that tries and fails and tries again is down since it was last bound, not since the last try.
        let is_bound = state == LinkState::Bound;
        if is_bound != (self.state == LinkState::Bound) {
            self.since = now.wall;
        }
        std::mem::replace(&mut self.state, state) != state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BindFault, TlsFault};

    fn at(ms: i64) -> Now {
        Now {
            wall: Millis(1_000_000 + ms),
            tick: Tick(ms),
        }
    }

    #[test]
    fn a_link_that_tries_again_is_down_since_it_broke() {
        let mut link = Link::new(at(0), GatewayCounters::default());
        link.up(at(10));
        assert!(link.down(at(20), DownCause::Closed, at(15).wall));
        for ms in [30, 40, 50] {
            assert!(link.connecting(at(ms)));
            assert!(!link.down(at(ms + 5), DownCause::Refused, at(ms + 5).wall));
        }
        assert_eq!((link.since, link.counters.drops), (at(20).wall, 1));
        assert_eq!(link.counters.gap_from, Some(at(15).wall));
    }

    #[test]
    fn what_only_a_hand_can_mend_is_an_alarm_at_once() {
        let by_hand = [
            DownCause::Bind(BindFault::Password),
            DownCause::Tls(TlsFault::Expired),
            DownCause::Tls(TlsFault::UnknownIssuer),
        ];
        for cause in by_hand {
            let mut link = Link::new(at(0), GatewayCounters::default());
            link.down(at(20), cause, at(20).wall);
            assert_eq!(link.alarm(Tick(20)), Some(cause));
        }
        let by_itself = [DownCause::Refused, DownCause::Tls(TlsFault::Closed)];
        for cause in by_itself {
            let mut link = Link::new(at(0), GatewayCounters::default());
            link.down(at(20), cause, at(20).wall);
            assert_eq!(link.alarm(Tick(DOWN_ALARM_MS - 1)), None);
            assert_eq!(link.alarm(Tick(DOWN_ALARM_MS)), Some(cause));
        }
    }

    #[test]
    fn reply_times_are_kept_with_the_breaks_between_them() {
        let mut link = Link::new(at(0), GatewayCounters::default());
        link.up(at(0));
        for ms in 1..=300 {
            link.replied(at(ms), 41);
        }
        assert_eq!(
            (link.samples.len(), link.replied_at),
            (240, Some(at(300).wall))
        );
        link.down(at(400), DownCause::Closed, at(400).wall);
        link.down(at(401), DownCause::Refused, at(401).wall);
        assert_eq!((link.reply_ms, link.replied_at), (None, None));
        let last: Vec<_> = link.samples.iter().rev().take(2).rev().collect();
        let reply_ms = Some(41);
        let replied = ReplySample {
            at: at(300).wall,
            reply_ms,
        };
        let broke = ReplySample {
            at: at(400).wall,
            reply_ms: None,
        };
        assert_eq!(last, [&replied, &broke]);
    }

    #[test]
    fn a_busy_link_is_told_of_now_and_then() {
        let mut link = Link::new(at(0), GatewayCounters::default());
        link.up(at(0));
        let tells = |link: &mut Link, at: i64, waiting: usize| {
            let hold = (waiting > 0).then_some(Hold::Response);
            link.may_tell(Tick(at)) && link.tells(Tick(at), waiting, hold)
        };
        assert!(!tells(&mut link, TELL_MS, 0));
        link.counters.received += 1;
        assert!(tells(&mut link, TELL_MS, 0));
        assert_eq!(link.deadline(Tick(TELL_MS)), None);
        link.counters.submitted += 1;
        assert!(!tells(&mut link, TELL_MS + 1, 0));
        assert_eq!(link.deadline(Tick(TELL_MS + 1)), Some(Tick(2 * TELL_MS)));
        assert!(tells(&mut link, 2 * TELL_MS, 0));
        assert!(!tells(&mut link, 9 * TELL_MS, 0));
        assert!(tells(&mut link, 9 * TELL_MS, 1), "one waits");
        assert!(!tells(&mut link, 11 * TELL_MS, 1));
        assert_eq!(link.deadline(Tick(11 * TELL_MS)), None);
    }

    #[test]
    fn a_stop_in_order_is_no_break() {
        let mut link = Link::new(at(0), GatewayCounters::default());
        link.up(at(10));
        assert!(link.down(at(20), DownCause::Stopping, at(20).wall));
        assert_eq!(link.counters.drops, 0);
    }

    #[test]
    fn a_gap_lasts_until_its_backlog_has_been_quiet_for_five_minutes() {
        let mut link = Link::new(at(0), GatewayCounters::default());
        link.up(at(0));
        assert_eq!(link.gap(), None);
        link.down(at(1_000), DownCause::Silent, at(500).wall);
        assert_eq!(link.gap(), None);
        link.up(at(60_000));
        assert_eq!(link.gap(), Some((at(500).wall, at(60_000).wall)));
        link.backlog_came(Tick(200_000));
        assert!(!link.end_drain(Tick(60_000 + QUIET_MS)));
        assert!(link.end_drain(Tick(200_000 + QUIET_MS)));
        assert_eq!(link.gap(), None);
    }
}
