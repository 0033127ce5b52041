use std::collections::BTreeMap;
use std::ops::Bound;

use crate::domain::{Counter, DecidedRow, Digest, Seq};

/// Counters this far below the highest are out of the window.
const BEHIND: u16 = 128;
/// Counters further than this above the highest are out of the window.
const AHEAD: u16 = 1_024;
/// Decisions held for a series before those out of the window are forgotten, in one sweep: twice what must be kept.
const HELD: usize = 256;

/// What was decided in one series of counters.
#[derive(Clone, Debug, Default)]
pub(super) struct CounterWindow {
    highest: u16,
    decided: BTreeMap<u16, DecidedRow>,
}

/// What a counter and a digest are to a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Not decided yet.
    Fresh,
    /// Decided for this very message.
    Copy(DecidedRow),
    /// Used for another message, or out of the window.
    Replay,
}

impl CounterWindow {
    /// Takes a decision over from the store.
    pub(super) fn restore(&mut self, counter: Counter, row: DecidedRow) {
        self.highest = self.highest.max(counter.0);
        self.decided.insert(counter.0, row);
    }

    /// What a message is. PROTOCOL 1, lines 2 and 3.
    pub(super) fn judge(&self, counter: Counter, digest: Digest) -> Judgement {
        match self.decided.get(&counter.0) {
            Some(row) if row.digest == digest => return Judgement::Copy(row.clone()),
            Some(_) => return Judgement::Replay,
            None => {}
        }
        let too_old = u32::from(counter.0) + u32::from(BEHIND) <= u32::from(self.highest);
        let too_new = u32::from(counter.0) > u32::from(self.highest) + u32::from(AHEAD);
        if counter.0 == 0 || too_old || too_new {
            Judgement::Replay
        } else {
            Judgement::Fresh
        }
    }

    /// Keeps a decision. Returns below which counter decisions were forgotten, where some were.
    pub(super) fn decide(&mut self, counter: Counter, row: DecidedRow) -> Option<Counter> {
        self.restore(counter, row);
        if self.decided.len() <= HELD {
            return None;
        }
        let keep_from = self.highest.saturating_sub(BEHIND);
        self.decided = self.decided.split_off(&keep_from);
        Some(Counter(keep_from))
    }

    /// A decision that may be changed: its answer and how often it came again.
    pub(super) fn decided_mut(&mut self, counter: Counter) -> Option<&mut DecidedRow> {
        self.decided.get_mut(&counter.0)
    }

    /// The rows that say what was decided for higher counters than this one.
    pub(super) fn above(&self, counter: Counter) -> Vec<Seq> {
        let above = self
            .decided
            .range((Bound::Excluded(counter.0), Bound::Unbounded));
        above.map(|(_, row)| row.seq).collect()
    }

    /// The highest counter that was decided; `None` before the first.
    pub(super) fn highest(&self) -> Option<Counter> {
        (self.highest > 0).then_some(Counter(self.highest))
    }

    /// Where the phone goes on; 0 where no counter is left.
    pub(super) fn next(&self) -> Counter {
        Counter(self.highest.checked_add(1).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(digest: u8) -> DecidedRow {
        DecidedRow {
            digest: Digest([digest; 16]),
            seq: Seq(1),
            answer: None,
            copies: 0,
        }
    }

    fn window(counters: &[u16]) -> CounterWindow {
        let mut window = CounterWindow::default();
        for counter in counters {
            window.decide(Counter(*counter), row(1));
        }
        window
    }

    #[test]
    fn the_window_is_128_behind_and_1024_ahead() {
        let fresh = |highest: &[u16], counter| {
            window(highest).judge(Counter(counter), Digest([2; 16])) == Judgement::Fresh
        };
        assert!(!fresh(&[], 0));
        assert!(fresh(&[], 1));
        assert!(fresh(&[], 1_024));
        assert!(!fresh(&[], 1_025));
        assert!(!fresh(&[1_000], 872));
        assert!(fresh(&[1_000], 873));
        assert!(fresh(&[1_000], 2_024));
        assert!(!fresh(&[1_000], 2_025));
        assert!(!fresh(&[1_000], 1_000));
        assert!(fresh(&[65_000], 65_535));
        assert!(!fresh(&[128], 0));
    }

    #[test]
    fn a_copy_is_known_and_another_message_is_not() {
        let window = window(&[7]);
        assert_eq!(
            window.judge(Counter(7), Digest([1; 16])),
            Judgement::Copy(row(1))
        );
        assert_eq!(window.judge(Counter(7), Digest([2; 16])), Judgement::Replay);
        assert_eq!(window.next(), Counter(8));
    }

    #[test]
    fn the_last_counter_leaves_no_next() {
        let window = window(&[64_600, 65_535]);
        assert_eq!(window.next(), Counter(0));
        assert_eq!(window.highest(), Some(Counter(65_535)));
    }

    proptest! {
        #[test]
        fn no_counter_is_fresh_twice(counters in prop::collection::vec(1u16..600, 1..900)) {
            let mut window = CounterWindow::default();
            let mut taken = std::collections::BTreeSet::new();
            for counter in counters {
                if window.judge(Counter(counter), Digest([3; 16])) == Judgement::Fresh {
                    prop_assert!(taken.insert(counter));
                    window.decide(Counter(counter), row(1));
                }
                prop_assert!(window.decided.len() <= HELD + 1);
            }
        }
    }
}
