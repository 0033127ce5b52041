//! What stood in the log of the office that morning.

use hazir::api::{FeedLine, FeedOutcome, LogLine, LogWhat, ReceiptFact};
use hazir::domain::{
    Action, AlarmId, AlarmKind, Counter, DeskAct, DeviceId, DownCause, EmployeeId, Millis,
    OutboxId, OutboxState, OverBound, RefusedReason, Seq, UnreadableReason,
};

use super::fixture::{NOW, PEOPLE, ago, gateway, mina, number};

pub(super) fn line(seq: u64, at: Millis, what: LogWhat) -> LogLine {
    let mut line = LogLine {
        seq: Seq(seq),
        at,
        what,
    };
    if let LogWhat::Feed(feed) = &mut line.what {
        feed.seq = line.seq;
        feed.received_at = at;
        feed.at = feed.at.map(|_| at);
    }
    line
}

fn receipt(state: OutboxState) -> ReceiptFact {
    ReceiptFact {
        id: OutboxId(1),
        state,
        attempts: 1,
        message_id: (state == OutboxState::Sent).then(|| "7f3a".to_owned()),
    }
}

fn with_receipt(employee: u32, action: Action, state: OutboxState) -> LogWhat {
    with(employee, action, |line| line.receipt = Some(receipt(state)))
}

fn with(employee: u32, action: Action, change: impl Fn(&mut FeedLine)) -> LogWhat {
    let mut line = feed(employee, action);
    change(&mut line);
    LogWhat::Feed(Box::new(line))
}

fn feed(employee: u32, action: Action) -> FeedLine {
    let row = PEOPLE.get((employee as usize).wrapping_sub(1));
    FeedLine {
        seq: Seq(0),
        received_at: NOW,
        gateway: Some(gateway()),
        sender: Some(number(employee)),
        outcome: FeedOutcome::Recorded,
        delayed: false,
        at: Some(NOW),
        link_gap: false,
        clock_off: false,
        employee: row.map(|_| EmployeeId(employee)),
        name: row.map(|(name, _, _)| (*name).to_owned()),
        device: Some(DeviceId(2_417_839_106)),
        counter: Some(Counter(413)),
        action: Some(action),
        claimed_at: None,
        note: String::new(),
        weak: false,
        by: None,
        retry_of: None,
        receipt: Some(receipt(OutboxState::Delivered)),
    }
}

pub(super) fn recorded(employee: u32, action: Action) -> LogWhat {
    LogWhat::Feed(Box::new(feed(employee, action)))
}

fn unanswered(employee: u32, outcome: FeedOutcome) -> LogWhat {
    LogWhat::Feed(Box::new(FeedLine {
        outcome,
        at: None,
        action: None,
        counter: None,
        receipt: None,
        ..feed(employee, Action::In)
    }))
}

/// The last lines of the log, oldest first.
pub(super) fn lines() -> Vec<LogLine> {
    let whats = early().into_iter().chain(late()).zip(950..);
    whats
        .map(|((minutes, what), seq)| line(seq, ago(minutes), what))
        .collect()
}

/// What happened until the link was back, with how many minutes ago.
fn early() -> Vec<(i64, LogWhat)> {
    let down = LogWhat::LinkDown {
        gateway: gateway(),
        cause: DownCause::Closed,
    };
    let up = LogWhat::LinkUp {
        gateway: gateway(),
        gap_from: Some(ago(22)),
    };
    let clock_off = with(7, Action::In, |line| {
        line.clock_off = true;
        line.claimed_at = Some(ago(26));
    });
    vec![
        (41, recorded(21, Action::In)),
        (38, recorded(12, Action::In)),
        (35, recorded(24, Action::In)),
        (33, clock_off),
        (31, recorded(4, Action::In)),
        (30, recorded(22, Action::In)),
        (27, recorded(10, Action::In)),
        (25, with(20, Action::In, |line| line.weak = true)),
        (24, with_receipt(19, Action::In, OutboxState::Failed)),
        (23, unanswered(13, FeedOutcome::Replay)),
        (22, down),
        (18, up),
        (18, with(28, Action::In, |line| line.link_gap = true)),
    ]
}

/// What happened after that.
fn late() -> Vec<(i64, LogWhat)> {
    let copy = with(11, Action::In, |line| {
        line.outcome = FeedOutcome::Duplicate;
    });
    let note = LogWhat::Note {
        by: mina(),
        employee: Some(EmployeeId(1)),
        name: Some("Demir Rıza".to_owned()),
        about: None,
        text: "will bring the new phone".to_owned(),
    };
    let mark = with(9, Action::In, |line| {
        line.outcome = FeedOutcome::ByHand;
        line.by = Some(mina());
        line.sender = None;
        line.gateway = None;
        line.note = "no phone".to_owned();
        line.receipt = None;
    });
    let field = with(13, Action::Out, |line| line.note = "field visit".to_owned());
    let seen = LogWhat::Desk {
        by: mina(),
        act: DeskAct::Acknowledged(AlarmId(12), AlarmKind::OutboxFailed { last: OutboxId(70) }),
        employee: None,
        name: None,
    };
    let over = LogWhat::OverBound(OverBound {
        since: ago(60),
        unreadable: 12,
        copies: 3,
    });
    let refused = FeedOutcome::Refused(RefusedReason::Suspended);
    let stranger = FeedOutcome::Unreadable(UnreadableReason::NotAFrame);
    let wrong_key = FeedOutcome::Unreadable(UnreadableReason::WrongTag);
    vec![
        (17, recorded(18, Action::In)),
        (16, recorded(6, Action::In)),
        (15, recorded(11, Action::In)),
        (14, copy),
        (13, note),
        (12, mark),
        (9, field),
        (8, seen),
        (7, over),
        (6, unanswered(26, refused)),
        (5, unanswered(88, stranger)),
        (3, with_receipt(14, Action::Out, OutboxState::Sent)),
        (2, unanswered(1, wrong_key)),
        (1, with_receipt(22, Action::In, OutboxState::Sending)),
    ]
}
