//! What a link that is bound may hide: that no message comes where messages usually come, that it breaks again and
//! again, and that the gateway takes no answer. Looked at once a minute.

use super::core::Engine;
use super::{Now, Tick};
use crate::api::LinkState;
use crate::domain::{AlarmKind, GatewayName, Millis};
use crate::store::GatewayCounters;

/// How often links are looked at.
pub(super) const LOOK_MS: i64 = Millis::MINUTE;

/// Hours of a week, from Monday at midnight by the clock of the site.
const HOURS: usize = 168;
/// An hour by the clock that took less was cut short by a hand or a sleep.
const WHOLE_MS: i64 = 55 * Millis::MINUTE;
/// What an hour usually brings is held in parts of a message.
const PARTS: i64 = 16;
/// The last week counts for one part in so many of what an hour usually brings: a holiday changes little, a new habit is
/// learnt in a month.
const WEEKS: i64 = 4;
/// A link is deaf when whole hours have passed without a message that together usually bring so many. Hours count as a
/// whole, because all may come at once, five minutes before nine. A desk where messages come by chance has such hours
/// once in three thousand times.
const DEAF_MESSAGES: i64 = 8;

/// So many breaks in so long are an alarm.
const UNSTABLE: [(usize, i64); 2] = [(3, 10 * Millis::MINUTE), (5, Millis::HOUR)];
/// It ends after so long without one.
const STABLE_MS: i64 = Millis::HOUR;
/// How many breaks are remembered.
const BREAKS: usize = 16;

/// What is watched of one link.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    hour: Option<Hour>,
    /// Messages at the last look.
    received: u64,
    /// What the whole hours since the last message usually bring, in parts of a message.
    missing: i64,
    /// Which alarms are raised. What was raised before a restart may be over.
    is_deaf: bool,
    is_unstable: bool,
    is_stuck: bool,
}

/// The hour that is being counted.
#[derive(Copy, Clone, Debug)]
struct Hour {
    number: usize,
    begun: Tick,
    /// Messages when it began.
    received: u64,
    /// Whether the link was bound through all of it.
    is_whole: bool,
}

impl Watch {
    pub(super) const fn new(counters: &GatewayCounters) -> Self {
        Self {
            hour: None,
            received: counters.received,
            missing: 0,
            is_deaf: false,
            is_unstable: true,
            is_stuck: false,
        }
    }

    /// The bound link broke: this hour tells nothing of what it usually brings.
    pub(super) fn broke(&mut self, at: Millis, counters: &mut GatewayCounters) {
        if let Some(hour) = &mut self.hour {
            hour.is_whole = false;
        }
        if counters.breaks.len() >= BREAKS {
            counters.breaks.remove(0);
        }
        counters.breaks.push(at);
    }

    /// Looks at the link in hour `number` of the week.
    fn look(&mut self, now: Tick, number: usize, is_bound: bool, counters: &mut GatewayCounters) {
        if !is_bound || self.received != counters.received {
            self.missing = 0;
        }
        self.received = counters.received;
        let begun = Hour {
            number,
            begun: now,
            received: counters.received,
            is_whole: is_bound,
        };
        match &mut self.hour {
            Some(hour) if hour.number == number => hour.is_whole &= is_bound,
            Some(hour) => {
                let ended = std::mem::replace(hour, begun);
                if ended.is_whole && now >= ended.begun.plus_ms(WHOLE_MS) {
                    self.end_hour(ended, counters);
                }
            }
            // It began without us.
            None => {
                self.hour = Some(Hour {
                    is_whole: false,
                    ..begun
                });
            }
        }
    }

    fn end_hour(&mut self, ended: Hour, counters: &mut GatewayCounters) {
        let came = counters.received - ended.received;
        if came == 0 {
            self.missing += usual(counters, ended.number);
        }
        learn(counters, ended.number, came);
    }

    /// How many messages the whole hours since the last one usually bring.
    pub(super) fn missing(&self) -> u32 {
        u32::try_from(self.missing / PARTS).unwrap_or(u32::MAX)
    }

    const fn is_deaf_now(&self) -> bool {
        self.missing >= DEAF_MESSAGES * PARTS
    }
}

/// What an hour of the week usually brings, in parts of a message.
fn usual(counters: &GatewayCounters, number: usize) -> i64 {
    counters.usual.get(number).copied().map_or(0, i64::from)
}

fn learn(counters: &mut GatewayCounters, number: usize, came: u64) {
    counters.usual.resize(HOURS, 0);
    let came = i64::try_from(came).unwrap_or(i64::MAX).min(1 << 20) * PARTS;
    let before = usual(counters, number);
    // Away from zero, so that an hour that always brings the same is learnt in full.
    let step = came - before;
    let learnt = before + (step + step.signum() * (WEEKS - 1)) / WEEKS;
    if let Some(slot) = counters.usual.get_mut(number) {
        *slot = u16::try_from(learnt).unwrap_or(u16::MAX);
    }
}

/// Whether a link broke so often lately that somebody should look at it.
fn is_unstable(breaks: &[Millis], now: Millis) -> bool {
    UNSTABLE.iter().any(|(count, span_ms)| {
        // What lies ahead was noted before the clock was put back.
        let lately = breaks.iter();
        let lately = lately.filter(|at| (0..*span_ms).contains(&now.ms_since(**at)));
        lately.count() >= *count
    })
}

impl Engine {
    /// Looks at all links where that is due, and at each message that ends a silence.
    pub(super) fn look_at_links(&mut self, now: Now) {
        let is_due = now.tick >= self.look_at;
        if is_due {
            self.look_at = now.tick.plus_ms(LOOK_MS);
        }
        let is_heard = |watch: &Watch, received| watch.is_deaf && watch.received != received;
        let mut links = self.links.values();
        if !is_due && !links.any(|link| is_heard(&link.watch, link.counters.received)) {
            return;
        }
        let number = self.settings.hour_of_week(now.wall);
        let names: Vec<_> = self.links.keys().cloned().collect();
        for gateway in names {
            self.look_at_link(now, &gateway, number);
        }
    }

    /// The bound link broke.
    pub(super) fn link_broke(&mut self, now: Now, gateway: &GatewayName) {
        if let Some(link) = self.links.get_mut(gateway)
            && is_unstable(&link.counters.breaks, now.wall)
        {
            link.watch.is_unstable = true;
            let gateway = gateway.clone();
            self.alarms
                .raise(now.wall, AlarmKind::LinkUnstable { gateway });
        }
    }

    fn look_at_link(&mut self, now: Now, gateway: &GatewayName, number: usize) {
        let Some(link) = self.links.get_mut(gateway) else {
            return;
        };
        let is_bound = link.state == LinkState::Bound;
        let known = link.counters.usual.clone();
        link.watch
            .look(now.tick, number, is_bound, &mut link.counters);
        self.meta_changed |= known != link.counters.usual;
        let is_stuck = self.outbox.is_stuck(gateway, now.tick);
        let expected = link.watch.missing();
        let (is_deaf, was_deaf) = (link.watch.is_deaf_now(), link.watch.is_deaf);
        let was_stuck = link.watch.is_stuck;
        let last_break = link.counters.breaks.last();
        let is_stable =
            last_break.is_none_or(|at| !(0..STABLE_MS).contains(&now.wall.ms_since(*at)));
        let is_over = link.watch.is_unstable && is_stable;
        (link.watch.is_deaf, link.watch.is_stuck) = (is_deaf, is_stuck);
        link.watch.is_unstable &= !is_over;
        let name = || gateway.clone();
        let deaf = AlarmKind::LinkDeaf {
            gateway: name(),
            expected,
        };
        let stuck = AlarmKind::OutboxStuck { gateway: name() };
        for (kind, is, was) in [(deaf, is_deaf, was_deaf), (stuck, is_stuck, was_stuck)] {
            if is && !was {
                self.alarms.raise(now.wall, kind);
            } else if was && !is {
                self.alarms.end(now.wall, &kind);
            }
        }
        if is_over {
            let unstable = AlarmKind::LinkUnstable { gateway: name() };
            self.alarms.end(now.wall, &unstable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = Millis::MINUTE;

    /// A bound link that is looked at each minute.
    struct Bench {
        watch: Watch,
        counters: GatewayCounters,
        now: Tick,
    }

    impl Bench {
        fn new(counters: GatewayCounters) -> Self {
            let watch = Watch::new(&counters);
            let now = Tick(0);
            Self {
                watch,
                counters,
                now,
            }
        }

        /// A link that has brought so many messages at eight and at nine for so many weeks.
        fn learnt(came: u64, weeks: usize) -> Self {
            let mut bench = Self::new(GatewayCounters::default());
            bench.run(&[(7, 0)]);
            for _ in 0..weeks {
                bench.run(&[(8, came), (9, came), (10, 0)]);
            }
            bench
        }

        fn look(&mut self, number: usize, is_bound: bool) {
            self.now = self.now.plus_ms(MINUTE);
            self.watch
                .look(self.now, number, is_bound, &mut self.counters);
        }

        /// Goes through hours of the week with so many messages at the beginning of each.
        fn run(&mut self, hours: &[(usize, u64)]) {
            for (number, came) in hours {
                for minute in 0..60 {
                    self.look(*number, true);
                    self.counters.received += u64::from(minute < *came);
                }
            }
        }

        fn usual(&self, number: usize) -> i64 {
            usual(&self.counters, number)
        }
    }

    #[test]
    fn what_an_hour_usually_brings_is_learnt_in_weeks_and_one_week_off_changes_little() {
        let bench = Bench::learnt(20, 1);
        assert_eq!((bench.usual(8), bench.usual(7)), (5 * PARTS, 0));
        let mut bench = Bench::learnt(20, 12);
        let usually = bench.usual(8);
        assert!((19 * PARTS..=20 * PARTS).contains(&usually), "{usually}");
        bench.run(&[(8, 0), (9, 0), (10, 0)]);
        assert_eq!(bench.usual(8), usually - (usually + 3) / 4);
        learn(&mut bench.counters, 8, u64::MAX);
        assert_eq!(bench.counters.usual[8], u16::MAX);
    }

    #[test]
    fn a_link_is_deaf_after_whole_hours_that_usually_bring_eight_messages() {
        // All come in the first five minutes of their hour.
        let mut bench = Bench::learnt(5, 40);
        let is_deaf = |bench: &Bench| (bench.watch.missing(), bench.watch.is_deaf_now());
        assert_eq!(is_deaf(&bench), (0, false), "the rest of it is silent");
        bench.run(&[(8, 0), (9, 0)]);
        assert_eq!(is_deaf(&bench), (5, false));
        bench.run(&[(30, 0), (31, 0)]);
        assert_eq!(is_deaf(&bench), (10, true), "at night no more is missing");
        bench.counters.received += 1;
        bench.look(31, true);
        assert_eq!(is_deaf(&bench), (0, false));
        bench.run(&[(8, 0), (9, 0), (10, 0)]);
        assert!(bench.watch.missing() > 0);
        bench.look(10, false);
        assert_eq!(is_deaf(&bench), (0, false), "down is another alarm");
    }

    #[test]
    fn an_hour_with_a_break_or_cut_short_or_begun_without_us_teaches_nothing() {
        let mut bench = Bench::learnt(20, 1);
        let before = bench.counters.usual.clone();
        bench.run(&[(8, 40)]);
        bench.watch.broke(Millis(1), &mut bench.counters);
        bench.run(&[(9, 40)]);
        assert_eq!(bench.counters.usual, before);
        // The clock is put forth by a day, again and again.
        for number in [33, 57, 81] {
            bench.look(number, true);
            bench.counters.received += 40;
        }
        bench.look(105, true);
        assert_eq!((bench.usual(33), bench.usual(57)), (0, 0));
        let mut bench = Bench::new(GatewayCounters {
            usual: before.clone(),
            ..bench.counters
        });
        bench.run(&[(8, 40), (10, 0)]);
        assert_eq!(bench.counters.usual, before);
    }

    #[test]
    fn three_breaks_in_ten_minutes_or_five_in_an_hour_are_an_alarm() {
        let at = |minutes: &[i64]| -> Vec<Millis> {
            minutes
                .iter()
                .map(|minute| Millis(minute * MINUTE))
                .collect()
        };
        for (breaks, expected) in [
            (&[0, 1][..], false),
            (&[0, 5, 9], true),
            (&[0, 5, 10], false),
            (&[0, 15, 30, 45], false),
            (&[0, 15, 30, 45, 59], true),
            (&[0, 15, 30, 45, 60], false),
            // The clock was put back.
            (&[90_000, 90_001, 90_002, 5], false),
            (&[90_000, 90_001, 3, 4, 5], true),
        ] {
            let now = Millis(breaks[breaks.len() - 1] * MINUTE);
            assert_eq!(is_unstable(&at(breaks), now), expected, "{breaks:?}");
        }
    }

    #[test]
    fn the_last_breaks_are_remembered() {
        let mut counters = GatewayCounters::default();
        let mut watch = Watch::new(&counters);
        for at in 0..40 {
            watch.broke(Millis(at), &mut counters);
        }
        assert_eq!(
            (counters.breaks.len(), counters.breaks[0]),
            (BREAKS, Millis(24))
        );
    }
}
