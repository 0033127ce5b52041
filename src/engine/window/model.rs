//! The window beside a reference that forgets nothing: a list of all that was ever decided.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// All decisions of a series, in the order in which they were made.
#[derive(Debug, Default)]
struct Reference {
    decisions: Vec<(u16, DecidedRow)>,
    /// Below this one the window may have forgotten.
    forgotten_below: u16,
}

impl Reference {
    fn highest(&self) -> u16 {
        let counters = self.decisions.iter().map(|(counter, _)| *counter);
        counters.max().unwrap_or(0)
    }

    fn last_of(&self, counter: u16) -> Option<&DecidedRow> {
        let mut last = self.decisions.iter().rev();
        last.find(|(of, _)| *of == counter).map(|(_, row)| row)
    }

    /// What PROTOCOL 1 says in its lines 2 and 3.
    fn judge(&self, counter: u16, digest: Digest) -> Judgement {
        let row = self.last_of(counter);
        if let Some(row) = row.filter(|_| counter >= self.forgotten_below) {
            return if row.digest == digest {
                Judgement::Copy(row.clone())
            } else {
                Judgement::Replay
            };
        }
        let (counter, highest) = (i32::from(counter), i32::from(self.highest()));
        let is_in_window = counter > highest - 128 && counter <= highest + 1_024;
        if is_in_window && counter > 0 {
            assert_eq!(row, None, "the window forgot what it must know");
            Judgement::Fresh
        } else {
            Judgement::Replay
        }
    }

    /// What the window holds, by rising counter.
    fn held(&self) -> Vec<(u16, DecidedRow)> {
        let last: BTreeMap<u16, DecidedRow> = self.decisions.iter().cloned().collect();
        last.into_iter()
            .filter(|(counter, _)| *counter >= self.forgotten_below)
            .collect()
    }
}

/// What happens to a window.
#[derive(Clone, Debug)]
enum Step {
    /// A message comes, its counter so far from the highest one; it is decided where that is due.
    Message(i32, u8),
    /// A message comes with a counter from anywhere.
    Stray(u16, u8),
    /// The engine starts anew.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let near = prop_oneof![6 => Just(1), 3 => -6..8, 2 => -140..140, 1 => 1_010..1_040];
    let step = prop_oneof![
        12 => (near, 0..3_u8).prop_map(|(behind, digest)| Step::Message(behind, digest)),
        1 => (any::<u16>(), 0..3_u8).prop_map(|(counter, digest)| Step::Stray(counter, digest)),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..500)
}

fn counter_of(step: &Step, highest: u16) -> Option<(u16, Digest)> {
    let (counter, digest) = match *step {
        Step::Message(behind, digest) => {
            let counter = (i32::from(highest) + behind).clamp(0, i32::from(u16::MAX));
            (u16::try_from(counter).unwrap(), digest)
        }
        Step::Stray(counter, digest) => (counter, digest),
        Step::Restart => return None,
    };
    Some((counter, Digest([digest; 16])))
}

fn restored(held: &[(u16, DecidedRow)]) -> CounterWindow {
    let mut window = CounterWindow::default();
    for (counter, row) in held {
        window.restore(Counter(*counter), row);
    }
    window
}

/// Keeps a decision in both, and compares what is forgotten.
fn decide(window: &mut CounterWindow, reference: &mut Reference, counter: u16, row: DecidedRow) {
    let forgotten_below = window.decide(Counter(counter), &row);
    reference.decisions.push((counter, row));
    let held = reference.held().len();
    assert_eq!(forgotten_below.is_some(), held > HELD);
    if let Some(Counter(below)) = forgotten_below {
        assert_eq!(below, reference.highest().saturating_sub(BEHIND));
        reference.forgotten_below = below;
    }
}

fn compare(window: &CounterWindow, reference: &Reference) {
    let held = reference.held();
    let in_window = window.decided.iter().map(|one| (one.counter, one.row()));
    assert_eq!(in_window.collect::<Vec<_>>(), held);
    let highest = reference.highest();
    assert_eq!(window.highest(), (highest > 0).then_some(Counter(highest)));
    let next = if highest == u16::MAX { 0 } else { highest + 1 };
    assert_eq!(window.next(), Counter(next));
    for counter in [0, highest.saturating_sub(3), highest, u16::MAX] {
        let above = held.iter().filter(|(of, _)| *of > counter);
        let above: Vec<Seq> = above.map(|(_, row)| row.seq).collect();
        assert_eq!(window.above(Counter(counter)), above);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_window_judges_as_one_that_forgets_nothing(first in any::<u16>(), steps in steps()) {
        let (mut window, mut reference) = (CounterWindow::default(), Reference::default());
        if first > 1_024 {
            // A phone that has sent for years.
            let row = DecidedRow { digest: Digest([9; 16]), seq: Seq(1), answer: None, copies: 0 };
            decide(&mut window, &mut reference, first, row);
        }
        for (seq, step) in (2..).zip(&steps) {
            let Some((counter, digest)) = counter_of(step, reference.highest()) else {
                window = restored(&reference.held());
                continue;
            };
            let judgement = reference.judge(counter, digest);
            prop_assert_eq!(window.judge(Counter(counter), digest), judgement.clone());
            let row = match judgement {
                Judgement::Fresh => DecidedRow {
                    digest,
                    seq: Seq(seq),
                    answer: (seq % 2 == 0).then_some(OutboxId(seq)),
                    copies: 0,
                },
                Judgement::Copy(row) => DecidedRow { copies: row.copies + 1, ..row },
                Judgement::Replay => continue,
            };
            decide(&mut window, &mut reference, counter, row);
            compare(&window, &reference);
        }
    }
}
