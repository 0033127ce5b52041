use serde::{Deserialize, Serialize};

use crate::domain::OutboxId;
use crate::store::Batch;

/// Commits of a span: with two whole spans before it there are more than a second can hold.
const SPAN: u64 = 4_096;
/// Spans that are known.
const SPANS: usize = 3;
/// Where no settled entry was written.
const NONE: OutboxId = OutboxId(u64::MAX);

/// How many commits a store has had, and from where on the last of them changed the outbox.
///
/// A journal that was cut off finds by it what it must read again: what is not settled is few, what was settled long
/// ago is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Commits {
    /// The number of the last commit.
    pub(in crate::store) number: u64,
    /// The number of a span's first commit, and the lowest settled entry of the outbox that the span wrote.
    spans: Vec<(u64, OutboxId)>,
}

impl Commits {
    /// Takes note that `batch` is what brings the store to `number`.
    pub(in crate::store) fn count(&mut self, number: u64, batch: &Batch) {
        self.number = number;
        let settled = batch.outbox.iter().find(|(_, row)| row.is_settled());
        let lowest = settled.map_or(NONE, |(id, _)| *id);
        match self.spans.last_mut() {
            Some((begin, known)) if number < begin.saturating_add(SPAN) => {
                *known = lowest.min(*known);
            }
            Some(_) | None => {
                if self.spans.len() == SPANS {
                    self.spans.remove(0);
                }
                self.spans.push((number, lowest));
            }
        }
    }

    /// No settled entry below this one was written after commit `from`; 0 where that is not known any more.
    pub(in crate::store) fn lowest_settled_since(&self, from: u64) -> OutboxId {
        let Some((first, _)) = self.spans.first() else {
            return OutboxId(0);
        };
        if from.saturating_add(1) < *first {
            return OutboxId(0);
        }
        let ends = self.spans.iter().skip(1).map(|(begin, _)| *begin);
        let ends = ends.chain([u64::MAX]);
        let since = self.spans.iter().zip(ends);
        let since = since.filter(|(_, end)| from.saturating_add(1) < *end);
        since.map(|((_, lowest), _)| *lowest).min().unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Address, AnswerKind, EmployeeId, GatewayName, Millis, OutboxRow, OutboxState, Priority,
        Seq, SmsBody,
    };

    fn batch(settled: Option<u64>) -> Batch {
        let mut batch = Batch::default();
        if let Some(id) = settled.map(OutboxId) {
            let row = OutboxRow {
                id,
                seq: Seq(1),
                kind: AnswerKind::Receipt,
                employee: EmployeeId(1),
                device: None,
                gateway: GatewayName::new("g"),
                to: Address::plain("1"),
                from: Address::plain("2"),
                body: SmsBody::Binary(Vec::new()),
                parts: 1,
                priority: Priority::Repeat,
                state: OutboxState::Sent,
                attempts: 1,
                answered: 1,
                queued_at: Millis(0),
                next_at: None,
                sent_at: None,
                message_id: None,
                error: None,
            };
            batch.outbox.insert(id, row);
        }
        batch
    }

    #[test]
    fn what_was_settled_lately_is_known_as_far_as_it_is_remembered() {
        let mut commits = Commits::default();
        assert_eq!(commits.lowest_settled_since(0), OutboxId(0));
        for number in 1..=5 * SPAN {
            commits.count(
                number,
                &batch((number % 1_000 == 0).then_some(1_000_000 - number)),
            );
        }
        assert_eq!(commits.number, 5 * SPAN);
        assert_eq!(commits.lowest_settled_since(2 * SPAN - 1), OutboxId(0));
        let last = 1_000_000 - 5 * SPAN / 1_000 * 1_000;
        assert_eq!(commits.lowest_settled_since(2 * SPAN), OutboxId(last));
        commits.count(5 * SPAN + 1, &batch(Some(7)));
        assert_eq!(commits.lowest_settled_since(5 * SPAN), OutboxId(7));
        assert_eq!(commits.lowest_settled_since(3 * SPAN), OutboxId(0));
        assert_eq!(commits.lowest_settled_since(5 * SPAN + 1), OutboxId(7));
        // It never says more than it knows.
        assert_eq!(Commits::default().lowest_settled_since(9), OutboxId(0));
    }
}
