use std::collections::VecDeque;

use super::Tick;

const SECOND: i64 = 1_000;
const HALF_HOUR: i64 = 30 * 60 * SECOND;

/// How fast a gateway may send: so many SMS in any second, and in any 30 minutes.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    limits: Vec<Limit>,
}

#[derive(Clone, Debug)]
struct Limit {
    span_ms: i64,
    most: u32,
    /// When SMS left, oldest first, with their parts; never more entries than `most`.
    sent: VecDeque<(i64, u32)>,
    used: u32,
}

impl Pace {
    /// A pace of so many SMS; 0 is no limit.
    pub(super) fn new(max_per_second: u32, max_per_30_min: u32) -> Self {
        let limits = [(SECOND, max_per_second), (HALF_HOUR, max_per_30_min)];
        let limits = limits.into_iter().filter(|(_, most)| *most > 0);
        let limits = limits.map(|(span_ms, most)| Limit {
            span_ms,
            most,
            sent: VecDeque::new(),
            used: 0,
        });
        Self {
            limits: limits.collect(),
        }
    }

    /// When a message of `parts` SMS may leave: `now`, or later.
    pub(super) fn free_at(&mut self, now: Tick, parts: u8) -> Tick {
        let at = self
            .limits
            .iter_mut()
            .map(|limit| limit.free_at(now.0, u32::from(parts)));
        Tick(at.max().unwrap_or(now.0))
    }

    /// Which limit holds a message of `parts` SMS back for the longest time: so many SMS, and whether in 30 minutes and
    /// not in a second. `None` where it may leave now.
    pub(super) fn held_by(&mut self, now: Tick, parts: u8) -> Option<(u32, bool)> {
        let limits = self.limits.iter_mut().map(|limit| {
            let free_at = limit.free_at(now.0, u32::from(parts));
            (free_at, limit.most, limit.span_ms > SECOND)
        });
        let (free_at, most, is_long) = limits.max()?;
        (free_at > now.0).then_some((most, is_long))
    }

    /// Takes back what was counted at `at` and was not sent. It still counts as a try in its second.
    pub(super) fn give_back(&mut self, at: Tick, parts: u8) {
        let one = (at.0, u32::from(parts));
        let long = self.limits.iter_mut();
        for limit in long.filter(|limit| limit.span_ms > SECOND) {
            if let Some(place) = limit.sent.iter().rposition(|sent| *sent == one) {
                limit.sent.remove(place);
                limit.used -= one.1;
            }
        }
    }

    /// Counts a message that leaves at `at`.
    pub(super) fn count(&mut self, at: Tick, parts: u8) {
        for limit in &mut self.limits {
            limit.sent.push_back((at.0, u32::from(parts)));
            limit.used += u32::from(parts);
        }
    }
}

impl Limit {
    fn free_at(&mut self, now: i64, parts: u32) -> i64 {
        while let Some((at, parts)) = self.sent.front().copied() {
            if at + self.span_ms > now {
                break;
            }
            self.used -= parts;
            self.sent.pop_front();
        }
        let mut over = (self.used + parts).saturating_sub(self.most.max(parts));
        let mut free_at = now;
        for (at, parts) in &self.sent {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(*parts);
            free_at = at + self.span_ms;
        }
        free_at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_limit_waits_for_nothing() {
        let mut pace = Pace::new(0, 0);
        pace.count(Tick(0), 9);
        assert_eq!(pace.free_at(Tick(0), 1), Tick(0));
    }

    #[test]
    fn the_half_hour_counts_parts() {
        let mut pace = Pace::new(0, 3);
        pace.count(Tick(0), 1);
        pace.count(Tick(10_000), 2);
        assert_eq!(pace.free_at(Tick(20_000), 1), Tick(HALF_HOUR));
        assert_eq!(pace.free_at(Tick(20_000), 2), Tick(10_000 + HALF_HOUR));
        assert_eq!(pace.free_at(Tick(HALF_HOUR), 1), Tick(HALF_HOUR));
    }

    #[test]
    fn the_limit_that_holds_longest_is_named() {
        let mut pace = Pace::new(1, 2);
        assert_eq!(pace.held_by(Tick(0), 1), None);
        pace.count(Tick(0), 1);
        assert_eq!(pace.held_by(Tick(10), 1), Some((1, false)));
        assert_eq!(pace.held_by(Tick(10), 2), Some((2, true)));
        pace.count(Tick(1_000), 1);
        assert_eq!(pace.held_by(Tick(1_001), 1), Some((2, true)));
        assert_eq!(pace.held_by(Tick(HALF_HOUR), 1), None);
    }

    #[test]
    fn what_is_longer_than_the_limit_leaves_alone() {
        let mut pace = Pace::new(1, 0);
        assert_eq!(pace.free_at(Tick(5), 2), Tick(5));
        pace.count(Tick(5), 2);
        assert_eq!(pace.free_at(Tick(6), 2), Tick(1_005));
    }

    #[test]
    fn what_was_not_sent_counts_for_its_second_only() {
        let mut pace = Pace::new(1, 2);
        pace.count(Tick(0), 1);
        pace.count(Tick(2_000), 1);
        pace.give_back(Tick(2_000), 1);
        assert_eq!(pace.free_at(Tick(2_001), 1), Tick(3_000));
        pace.give_back(Tick(5), 1);
        pace.count(Tick(3_000), 1);
        assert_eq!(pace.free_at(Tick(9_000), 1), Tick(HALF_HOUR));
    }

    proptest! {
        #[test]
        fn no_span_holds_more_than_its_limit(
            asks in prop::collection::vec((0i64..400, 1u8..3), 1..200)
        ) {
            let mut pace = Pace::new(5, 0);
            let (mut now, mut sent) = (0, Vec::new());
            for (pause, parts) in asks {
                now = pace.free_at(Tick(now + pause), parts).0;
                pace.count(Tick(now), parts);
                sent.push((now, u32::from(parts)));
                let recent = sent.iter().filter(|(at, _)| at + SECOND > now);
                prop_assert!(recent.map(|(_, parts)| parts).sum::<u32>() <= 5);
            }
        }
    }
}
