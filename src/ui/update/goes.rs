//! Where the eye goes: screens, panes, rows, days.

use super::{cursor, say, typed};
use crate::api::{LogFilter, LogKind};
use crate::ui::layout::Layout;
use crate::ui::model::{Model, Order, Pane, Screen};

/// How many screens back Esc goes.
const BACK: usize = 16;
/// The most days back that `[` goes: ten years.
const DAYS: u16 = 3_660;

/// Shows a screen; what was shown is where Esc goes back to.
pub(super) fn show(model: &mut Model, screen: Screen) {
    if model.screen == screen && model.line.is_none() && !is_person_open(model) {
        return;
    }
    go(model, screen, screen.first_pane());
}

/// Shows a pane of a screen.
pub(super) fn go(model: &mut Model, screen: Screen, pane: Pane) {
    if model.back.len() == BACK {
        model.back.remove(0);
    }
    // What is open is gone back to by its first pane, and only what is open.
    let pane_now = match (model.screen, is_person_open(model)) {
        (Screen::People, true) => Pane::History,
        (Screen::People, false) => Pane::People,
        _ => model.pane,
    };
    model.back.push((model.screen, pane_now));
    turn(model, screen, pane);
}

fn turn(model: &mut Model, screen: Screen, pane: Pane) {
    model.screen = screen;
    model.pane = pane;
    model.is_zoomed = false;
    model.is_plain = false;
    if pane != Pane::Line {
        model.line = None;
    }
    if let Some(person) = &mut model.person {
        person.is_open = (screen, pane) == (Screen::People, Pane::History);
    }
    if screen == Screen::Help && !model.help_find.is_empty() {
        model.help_find.clear();
        model.dirty.help = true;
    }
    model.dirty.log = true;
    model.dirty.by_key = true;
}

fn is_person_open(model: &Model) -> bool {
    model.person.as_ref().is_some_and(|person| person.is_open)
}

/// Goes back by one step; where there is none, nothing happens.
pub(super) fn back(model: &mut Model) {
    if model.is_plain {
        model.is_plain = false;
    } else if model.is_zoomed {
        model.is_zoomed = false;
    } else if model.line.is_some() || is_person_open(model) || !typed::stop_finding(model) {
        pop(model);
    }
}

/// Shows what was shown before.
pub(super) fn pop(model: &mut Model) {
    let Some((screen, pane)) = model.back.pop() else {
        let screen = model.screen;
        turn(model, screen, screen.first_pane());
        return;
    };
    // What is no longer open cannot be gone back to.
    let pane = match pane {
        Pane::History if model.person.is_none() => Pane::People,
        Pane::Line => Pane::Log,
        Pane::History
        | Pane::People
        | Pane::Live
        | Pane::Alarms
        | Pane::Person
        | Pane::Log
        | Pane::Outbox
        | Pane::Links
        | Pane::Arrivals
        | Pane::Replies
        | Pane::Pdus
        | Pane::Health
        | Pane::Help => pane,
    };
    turn(model, screen, pane);
}

/// Goes to the next pane, or the one before. Where the window shows one alone, it shows another.
pub(super) fn next_pane(model: &mut Model, forward: bool) {
    model.pane = Layout::of(model).next(!forward);
}

/// The pane whose cursor the keys move.
fn list_pane(model: &Model) -> Pane {
    if model.pane == Pane::Line {
        Pane::Log
    } else {
        model.pane
    }
}

/// Moves by so many rows.
pub(super) fn step(model: &mut Model, rows: isize) {
    let pane = list_pane(model);
    let at = cursor::of(model, pane).index;
    move_to(model, pane, at.saturating_add_signed(rows));
}

/// Moves by so many pages.
pub(super) fn page(model: &mut Model, pages: isize) {
    let rows = Layout::of(model).list_rows(list_pane(model));
    let rows = isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    step(model, rows.saturating_mul(pages));
}

/// Moves to the first or last row.
pub(super) fn to_end(model: &mut Model, last: bool) {
    let pane = list_pane(model);
    move_to(model, pane, if last { usize::MAX } else { 0 });
}

fn move_to(model: &mut Model, pane: Pane, at: usize) {
    if cursor::len(model, pane) == 0 {
        return;
    }
    cursor::move_to(model, pane, at);
    if model.pane == Pane::Line {
        let at = cursor::of(model, Pane::Log).index;
        let seq = model.lists.log.get(at).copied();
        let line = seq.and_then(|seq| model.line_of(seq)).cloned();
        model.line = line.or(model.line.take());
    }
}

/// Takes the next order of people.
pub(super) fn order(model: &mut Model) {
    let (order, key) = match model.order {
        Order::Attention => (Order::Name, "notice.order_name"),
        Order::Name => (Order::Time, "notice.order_time"),
        Order::Time => (Order::Team, "notice.order_team"),
        Order::Team => (Order::Attention, "notice.order_attention"),
    };
    model.order = order;
    model.dirty.people = true;
    model.dirty.by_key = true;
    say::done(model, key, &[]);
}

/// Goes a day back or forth in the log.
pub(super) fn day(model: &mut Model, earlier: bool) {
    if !is_log(model) {
        return;
    }
    model.log.days_ago = match (model.log.days_ago, earlier) {
        (None, true) => Some(0),
        (Some(days), true) => Some((days + 1).min(DAYS)),
        (Some(0) | None, false) => None,
        (Some(days), false) => Some(days - 1),
    };
    let days = model
        .log
        .days_ago
        .map(|days| model.site.day_before(model.now, days));
    let day = days.map(|(from, _)| model.date(from));
    set_filter(
        model,
        LogFilter {
            from: days.map(|(from, _)| from),
            until: days.map(|(_, until)| until),
            ..model.log.filter.clone()
        },
    );
    match day {
        Some(day) => say::done(model, "notice.log_day", &[("day", &day)]),
        None => say::done(model, "notice.log_all_days", &[]),
    }
}

/// Keeps the day that the log shows where a new one has begun: what was today is yesterday.
pub(super) fn keep_day(model: &mut Model) {
    let (Some(days), Some(from)) = (model.log.days_ago, model.log.filter.from) else {
        return;
    };
    let starts = |days: &u16| model.site.day_before(model.now, *days).0 == from;
    if !starts(&days) {
        model.log.days_ago = (0..=DAYS).find(starts);
    }
}

/// Takes the next kind of lines in the log.
pub(super) fn kind(model: &mut Model) {
    if !is_log(model) {
        return;
    }
    let (kind, key) = match model.log.filter.kind {
        None => (Some(LogKind::CheckIns), "notice.kind_check_ins"),
        Some(LogKind::CheckIns) => (Some(LogKind::Problems), "notice.kind_problems"),
        Some(LogKind::Problems) => (Some(LogKind::Desk), "notice.kind_desk"),
        Some(LogKind::Desk) => (Some(LogKind::Link), "notice.kind_link"),
        Some(LogKind::Link) => (None, "notice.kind_all"),
    };
    set_filter(
        model,
        LogFilter {
            kind,
            ..model.log.filter.clone()
        },
    );
    say::done(model, key, &[]);
}

/// Shows the log of the person that is selected; where it is shown, that of all again.
pub(super) fn log_of(model: &mut Model) {
    let employee = match model.log.filter.employee {
        Some(_) if model.screen == Screen::Log => None,
        Some(_) | None => {
            let Some(employee) = model.subject() else {
                say::fault(model, "notice.select_person", &[]);
                return;
            };
            Some(employee)
        }
    };
    set_filter(
        model,
        LogFilter {
            employee,
            ..model.log.filter.clone()
        },
    );
    show(model, Screen::Log);
    match employee {
        Some(employee) => {
            let name = model.short_name(employee);
            say::done(model, "notice.log_of", &[("name", &name)]);
        }
        None => say::done(model, "notice.log_of_all", &[]),
    }
}

/// Chooses which lines the log screen shows.
pub(super) fn set_filter(model: &mut Model, filter: LogFilter) {
    model.log.filter = filter;
    model.log.lines.clear();
    model.log.next = None;
    model.wants.log = true;
    model.line = None;
    if model.pane == Pane::Line {
        model.pane = Pane::Log;
    }
    model.dirty.log = true;
    cursor::reset(model, Pane::Log);
}

fn is_log(model: &mut Model) -> bool {
    let is_log = model.screen == Screen::Log;
    if !is_log {
        say::fault(model, "notice.log_only", &[]);
    }
    is_log
}
