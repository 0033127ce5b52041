use std::collections::VecDeque;

use super::{Now, Tick};
use crate::domain::{
    AlarmId, AlarmRow, MarkRow, Millis, NoteRow, Operator, OutboxId, Presence, Seq,
};

/// Acts that are remembered: ten desks that each act every 20 s do 300 in the time in which an act may be taken back, and
/// no office has so many hands.
const HELD: usize = 256;
/// How long an act may be taken back.
const UNDO_MS: i64 = 10 * Millis::MINUTE;

/// What was done at desks lately and may be taken back. It is forgotten when the engine ends.
#[derive(Debug, Default)]
pub(super) struct Acts {
    /// The oldest first.
    done: VecDeque<Done>,
}

#[derive(Debug)]
struct Done {
    by: Operator,
    at: Tick,
    what: Act,
}

/// An act, with what is needed to take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Somebody was marked.
    Mark {
        /// The row that says so.
        seq: Seq,
        /// What it says.
        mark: MarkRow,
        /// The record that stood before it.
        below: Option<Presence>,
    },
    /// A note was written.
    Note {
        /// The row that holds it.
        seq: Seq,
        /// What it says.
        note: NoteRow,
    },
    /// Alarms were seen.
    Acknowledged {
        /// When.
        at: Millis,
        /// As they were before.
        before: Vec<AlarmRow>,
    },
    /// An alarm was put out of sight.
    Shelved {
        /// Which.
        id: AlarmId,
        /// Until when.
        until: Millis,
        /// Until when it was out of sight before.
        before: Option<Millis>,
    },
    /// An answer was given up.
    GaveUp(OutboxId),
}

impl Acts {
    /// Remembers an act.
    pub(super) fn push(&mut self, now: Now, by: &Operator, what: Act) {
        if self.done.len() == HELD {
            self.done.pop_front();
        }
        self.done.push_back(Done {
            by: by.clone(),
            at: now.tick,
            what,
        });
    }

    /// Takes the last act of an operator, where that may be taken back still.
    pub(super) fn take_last(&mut self, now: Now, by: &Operator) -> Option<Act> {
        let in_time = |done: &Done| now.tick <= done.at.plus_ms(UNDO_MS);
        let place = self
            .done
            .iter()
            .rposition(|done| done.by == *by && in_time(done))?;
        self.done.remove(place).map(|done| done.what)
    }

    /// The record that stood before a mark, where the mark may still be taken back.
    pub(super) fn below_mark(&mut self, mark: Seq) -> Option<&mut Option<Presence>> {
        self.done
            .iter_mut()
            .rev()
            .find_map(|done| match &mut done.what {
                Act::Mark { seq, below, .. } if *seq == mark => Some(below),
                Act::Mark { .. }
                | Act::Note { .. }
                | Act::Acknowledged { .. }
                | Act::Shelved { .. }
                | Act::GaveUp(_) => None,
            })
    }

    /// A mark was taken back: another that stood over it stands over what was below.
    pub(super) fn relink(&mut self, gone: Seq, now_below: Option<&Presence>) {
        for done in &mut self.done {
            match &mut done.what {
                Act::Mark { below, .. } => {
                    if below.as_ref().is_some_and(|below| below.seq == gone) {
                        *below = now_below.cloned();
                    }
                }
                Act::Note { .. }
                | Act::Acknowledged { .. }
                | Act::Shelved { .. }
                | Act::GaveUp(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Now {
        Now {
            wall: Millis(ms),
            tick: Tick(ms),
        }
    }

    fn who(user: &str, desk: &str) -> Operator {
        Operator {
            user: user.into(),
            desk: desk.into(),
        }
    }

    #[test]
    fn each_operator_takes_back_their_own_last_act_in_time() {
        let mut acts = Acts::default();
        let (mina, ali, other_desk) = (
            who("mina", "front"),
            who("ali", "front"),
            who("mina", "back"),
        );
        for (ms, by, id) in [(0, &mina, 1), (1, &mina, 2), (2, &ali, 3)] {
            acts.push(at(ms), by, Act::GaveUp(OutboxId(id)));
        }
        assert_eq!(acts.take_last(at(3), &other_desk), None);
        assert_eq!(acts.take_last(at(3), &mina), Some(Act::GaveUp(OutboxId(2))));
        assert_eq!(acts.take_last(at(UNDO_MS + 1), &mina), None);
        assert_eq!(
            acts.take_last(at(UNDO_MS + 2), &ali),
            Some(Act::GaveUp(OutboxId(3)))
        );
    }

    #[test]
    fn no_more_than_its_measure_is_remembered() {
        let mut acts = Acts::default();
        let mina = who("mina", "front");
        for id in 0..=HELD as u64 {
            acts.push(at(0), &mina, Act::GaveUp(OutboxId(id)));
        }
        let taken = std::iter::from_fn(|| acts.take_last(at(0), &mina));
        assert_eq!(taken.last(), Some(Act::GaveUp(OutboxId(1))));
    }
}
