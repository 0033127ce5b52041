//! Lines of the log: which belong to a filter, and how pages and news come together.

use crate::api::{Arrivals, FeedLine, FeedOutcome, LogFilter, LogKind, LogLine, LogWhat};
use crate::domain::{Action, EmployeeId, Millis, Seq};
use crate::ui::model::{Day, line_employee};

/// How much of the clock a bin of arrivals holds.
const BIN_MS: i64 = 10 * Millis::MINUTE;
/// A day on which clocks are put back.
const DAY_MS: i64 = 25 * Millis::HOUR;

/// Whether a line is one of those that a filter asks for.
pub(super) fn is_wanted(filter: &LogFilter, line: &LogLine) -> bool {
    filter.from.is_none_or(|from| line.at >= from)
        && filter.until.is_none_or(|until| line.at < until)
        && filter.kind.is_none_or(|kind| kind_of(line) == kind)
        && filter.employee.is_none_or(|id| is_history(id, line))
}

/// Whether a line is one of a person's messages, marks and notes: what the engine keeps a list of for everybody.
pub(super) fn is_history(employee: EmployeeId, line: &LogLine) -> bool {
    !matches!(line.what, LogWhat::Desk { .. }) && line_employee(line) == Some(employee)
}

fn kind_of(line: &LogLine) -> LogKind {
    match &line.what {
        LogWhat::Feed(feed) => match feed.outcome {
            FeedOutcome::Recorded | FeedOutcome::Duplicate | FeedOutcome::Imported => {
                LogKind::CheckIns
            }
            FeedOutcome::Replay | FeedOutcome::Refused(_) | FeedOutcome::Unreadable(_) => {
                LogKind::Problems
            }
            FeedOutcome::ByHand | FeedOutcome::Reversed => LogKind::Desk,
        },
        LogWhat::OverBound(_) => LogKind::Problems,
        LogWhat::Desk { .. } | LogWhat::Note { .. } => LogKind::Desk,
        LogWhat::LinkUp { .. }
        | LogWhat::LinkDown { .. }
        | LogWhat::EngineStarted { .. }
        | LogWhat::EngineStopped => LogKind::Link,
    }
}

/// Puts a fresher line in the place of the one that is there.
pub(super) fn replace(lines: &mut [LogLine], line: &LogLine) {
    if let Some(held) = held(lines, line.seq) {
        held.clone_from(line);
    }
}

/// The line of that row, where it is among `lines`, the newest first.
pub(super) fn held(lines: &mut [LogLine], seq: Seq) -> Option<&mut LogLine> {
    lines.first().filter(|newest| seq <= newest.seq)?;
    let at = lines.binary_search_by(|other| seq.cmp(&other.seq));
    lines.get_mut(at.ok()?)
}

/// Brings a page together with the lines that are there, the newest first; of a line that is in both, what is there stays.
pub(super) fn merge(lines: &mut Vec<LogLine>, page: Vec<LogLine>) {
    lines.extend(page);
    lines.sort_by_key(|line| std::cmp::Reverse(line.seq));
    lines.dedup_by_key(|line| line.seq);
}

/// Counts a line that is new among the arrivals of its day.
pub(super) fn count(day: &mut Day, line: &FeedLine) {
    if line.seq <= day.up_to {
        return;
    }
    day.up_to = line.seq;
    let (Some(from), at) = (day.from, line.at.unwrap_or(line.received_at)) else {
        return;
    };
    let into = at.ms_since(from);
    if !(0..DAY_MS).contains(&into) {
        return;
    }
    let arrivals = &mut day.arrivals;
    match line.outcome {
        FeedOutcome::Recorded => {
            arrivals.recorded += 1;
            let bin = usize::try_from(into / BIN_MS).ok();
            let bin = bin.and_then(|bin| arrivals.bins.get_mut(bin));
            if let (Some(bin), Some(Action::In)) = (bin, line.action) {
                *bin += 1;
            }
        }
        FeedOutcome::ByHand => arrivals.recorded += 1,
        FeedOutcome::Reversed => arrivals.recorded = arrivals.recorded.saturating_sub(1),
        FeedOutcome::Duplicate => arrivals.copies += 1,
        FeedOutcome::Replay | FeedOutcome::Refused(_) | FeedOutcome::Unreadable(_) => {
            arrivals.problems += 1;
        }
        FeedOutcome::Imported => {}
    }
}

/// Adds the counts of more rows.
pub(super) fn add(arrivals: &mut Arrivals, more: &Arrivals) {
    if arrivals.bins.len() < more.bins.len() {
        arrivals.bins.resize(more.bins.len(), 0);
    }
    for (bin, count) in arrivals.bins.iter_mut().zip(&more.bins) {
        *bin = bin.saturating_add(*count);
    }
    arrivals.recorded = arrivals.recorded.saturating_add(more.recorded);
    arrivals.copies = arrivals.copies.saturating_add(more.copies);
    arrivals.problems = arrivals.problems.saturating_add(more.problems);
}
