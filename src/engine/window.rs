use crate::domain::{Counter, DecidedRow, Digest, OutboxId, Seq};

/// Counters this far below the highest are out of the window.
const BEHIND: u16 = 128;
/// Counters further than this above the highest are out of the window.
const AHEAD: u16 = 1_024;
/// Decisions held for a series before those out of the window are forgotten, in one sweep: half as many again as must be
/// kept.
const HELD: usize = 192;
/// For so many more memory is taken at once: a thousand phones hold no more than they need.
const STEP: usize = 16;

/// What was decided in one series of counters.
#[derive(Clone, Debug, Default)]
pub(super) struct CounterWindow {
    highest: u16,
    /// By rising counter: nearly all come after the last.
    decided: Vec<Decided>,
}

/// A decision, in 40 octets.
#[derive(Copy, Clone, Debug)]
struct Decided {
    counter: u16,
    copies: u16,
    digest: Digest,
    seq: Seq,
    /// 0 where there is none: entries of the outbox are counted from 1.
    answer: OutboxId,
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

impl Decided {
    fn new(counter: u16, row: &DecidedRow) -> Self {
        Self {
            counter,
            copies: row.copies,
            digest: row.digest,
            seq: row.seq,
            answer: row.answer.unwrap_or_default(),
        }
    }

    fn row(&self) -> DecidedRow {
        DecidedRow {
            digest: self.digest,
            seq: self.seq,
            answer: (self.answer.0 > 0).then_some(self.answer),
            copies: self.copies,
        }
    }
}

impl CounterWindow {
    /// Takes a decision over, from the store or a new one.
    pub(super) fn restore(&mut self, counter: Counter, row: &DecidedRow) {
        let decided = Decided::new(counter.0, row);
        if self.decided.len() == self.decided.capacity() {
            self.decided.reserve_exact(STEP);
        }
        match self.place(counter) {
            Ok(at) => self.decided[at] = decided,
            Err(at) => self.decided.insert(at, decided),
        }
        self.highest = self.highest.max(counter.0);
    }

    /// What a message is. PROTOCOL 1, lines 2 and 3.
    pub(super) fn judge(&self, counter: Counter, digest: Digest) -> Judgement {
        if let Some(row) = self.decided(counter) {
            return if row.digest == digest {
                Judgement::Copy(row)
            } else {
                Judgement::Replay
            };
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
    pub(super) fn decide(&mut self, counter: Counter, row: &DecidedRow) -> Option<Counter> {
        self.restore(counter, row);
        if self.decided.len() <= HELD {
            return None;
        }
        let keep_from = self.highest.saturating_sub(BEHIND);
        let forgotten = self.decided.partition_point(|one| one.counter < keep_from);
        self.decided.drain(..forgotten);
        Some(Counter(keep_from))
    }

    /// What was decided for a counter.
    pub(super) fn decided(&self, counter: Counter) -> Option<DecidedRow> {
        let at = self.place(counter).ok()?;
        self.decided.get(at).map(Decided::row)
    }

    /// The rows that say what was decided for higher counters than this one.
    pub(super) fn above(&self, counter: Counter) -> Vec<Seq> {
        let from = match self.place(counter) {
            Ok(at) => at + 1,
            Err(at) => at,
        };
        let above = self.decided.get(from..).unwrap_or_default();
        above.iter().map(|one| one.seq).collect()
    }

    /// The highest counter that was decided; `None` before the first.
    pub(super) fn highest(&self) -> Option<Counter> {
        (self.highest > 0).then_some(Counter(self.highest))
    }

    /// Where the phone goes on; 0 where no counter is left.
    pub(super) fn next(&self) -> Counter {
        Counter(self.highest.checked_add(1).unwrap_or(0))
    }

    /// Where a counter stands, or where it would.
    fn place(&self, counter: Counter) -> Result<usize, usize> {
        if counter.0 > self.highest {
            // What is new is not looked for.
            return Err(self.decided.len());
        }
        self.decided
            .binary_search_by_key(&counter.0, |one| one.counter)
    }
}

#[cfg(test)]
mod model;
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
            window.decide(Counter(*counter), &row(1));
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
    fn a_phone_that_sent_nothing_has_no_highest_counter_and_begins_with_1() {
        let window = window(&[]);
        assert_eq!((window.highest(), window.next()), (None, Counter(1)));
    }

    #[test]
    fn what_is_forgotten_lies_below_the_counter_that_is_named() {
        let counters: Vec<u16> = (1..=191).collect();
        let mut window = window(&counters);
        assert_eq!(window.decide(Counter(192), &row(1)), None);
        assert!(window.decided(Counter(1)).is_some());
        assert_eq!(window.decide(Counter(193), &row(1)), Some(Counter(65)));
        assert_eq!(window.decided(Counter(64)), None);
        assert_eq!(window.decided(Counter(65)), Some(row(1)));
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
                    window.decide(Counter(counter), &row(1));
                }
                prop_assert!(window.decided.len() <= HELD + 1);
            }
        }
    }
}
