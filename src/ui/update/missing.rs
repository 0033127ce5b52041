//! What is still to be asked of the engine: one page at a time, and only what is shown.

use super::cursor;
use crate::api::{Ask, LogFilter, Query};
use crate::domain::{Millis, Seq};
use crate::ui::layout::Layout;
use crate::ui::model::{Day, Model, Pane, PersonPage, Purpose, Screen};
use crate::ui::{Effect, Token};

/// Today, and the same weekday of the four weeks before.
const DAYS: [u8; 5] = [0, 7, 14, 21, 28];
/// People are asked for no oftener, however often cards change.
const PEOPLE_MS: i64 = Millis::SECOND;
/// The PDUs of a link that is shown are asked for no oftener: the engine hears of them once a second.
const PDUS_MS: i64 = 2 * Millis::SECOND;
/// A snapshot comes within this, or the connection is given up.
const SNAPSHOT_MS: i64 = 15 * Millis::SECOND;
/// A selection rests after this, and the person is asked for.
const REST_MS: i64 = 150;
/// The next page is asked for when the cursor is so near to the end.
const NEAR: usize = 50;
/// The most lines that a list of pages holds: who looks further back chooses a day.
pub(super) const MOST_LINES: usize = 10_000;

/// Sends a request.
pub(super) fn send(model: &mut Model, out: &mut Vec<Effect>, purpose: Purpose, ask: Ask) {
    let token: Token = model.last_token.wrapping_add(1);
    model.last_token = token;
    model.waiting.insert(token, purpose);
    out.push(Effect::Ask(token, ask));
}

/// Asks for what is shown and not here.
pub(super) fn ask(model: &mut Model, out: &mut Vec<Effect>) {
    if model.detached.is_some() {
        return;
    }
    replies(model, out);
    pdus(model, out);
    people(model, out);
    arrivals(model, out);
    unsettled(model, out);
    person(model, out);
    log(model, out);
}

/// Asks for a snapshot, because events are missing.
pub(super) fn refresh(model: &mut Model, out: &mut Vec<Effect>) {
    model.wants.snapshot = Some(model.now);
    out.push(Effect::Refresh);
}

/// Asks for a snapshot again that does not come: too much waited to be asked.
pub(super) fn refresh_again(model: &mut Model, out: &mut Vec<Effect>) {
    let is_late = |at: Millis| model.now.ms_since(at).abs() >= SNAPSHOT_MS;
    if model.wants.snapshot.is_some_and(is_late) {
        refresh(model, out);
    }
}

/// Says that today's counts lack what came since.
pub(super) fn miss_today(model: &mut Model) {
    if let Some(day) = model.facts.days.get_mut(&0) {
        day.is_whole = false;
    }
}

fn query(model: &mut Model, out: &mut Vec<Effect>, purpose: Purpose, query: Query) {
    send(model, out, purpose, Ask::Query(query));
}

fn waits(model: &Model, is_it: impl Fn(&Purpose) -> bool) -> bool {
    model.waiting.values().any(is_it)
}

fn shows(model: &Model, pane: Pane) -> bool {
    let mut panes = Layout::of(model).panes.into_iter();
    panes.any(|(shown, place)| shown == pane && place.area() > 0)
}

fn replies(model: &mut Model, out: &mut Vec<Effect>) {
    for gateway in std::mem::take(&mut model.wants.replies) {
        query(
            model,
            out,
            Purpose::Replies(gateway.clone()),
            Query::Replies(gateway),
        );
    }
}

fn pdus(model: &mut Model, out: &mut Vec<Effect>) {
    if model.screen != Screen::Link || waits(model, |it| matches!(it, Purpose::Pdus(_))) {
        return;
    }
    if !shows(model, Pane::Pdus) {
        return;
    }
    let index = model.cursors.get(&Pane::Links).map_or(0, |it| it.index);
    let selected = model.lists.links.get(index).cloned();
    let first = || model.facts.links.first().map(|link| link.gateway.clone());
    let Some(gateway) = selected.or_else(first) else {
        return;
    };
    let asked = model.wants.pdus_at.as_ref();
    if asked.is_some_and(|(of, at)| *of == gateway && model.now.ms_since(*at) < PDUS_MS) {
        return;
    }
    model.wants.pdus_at = Some((gateway.clone(), model.now));
    let purpose = Purpose::Pdus(gateway.clone());
    query(model, out, purpose, Query::Pdus(gateway));
}

/// A desk that begins while much waits is told of a part; the rest is asked for by who looks at it.
fn unsettled(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(after) = model.wants.unsettled else {
        return;
    };
    if shows(model, Pane::Outbox) && !waits(model, |purpose| *purpose == Purpose::Unsettled) {
        query(model, out, Purpose::Unsettled, Query::Unsettled { after });
    }
}

fn people(model: &mut Model, out: &mut Vec<Effect>) {
    let rested = model
        .wants
        .people_at
        .is_none_or(|at| model.now.ms_since(at) >= PEOPLE_MS);
    if model.wants.people && rested && !waits(model, |purpose| *purpose == Purpose::People) {
        model.wants.people = false;
        model.wants.people_at = Some(model.now);
        query(model, out, Purpose::People, Query::People);
    }
}

fn arrivals(model: &mut Model, out: &mut Vec<Effect>) {
    let today = model.site.day_start(model.now);
    if model.facts.days.get(&0).and_then(|day| day.from) != Some(today) {
        model
            .waiting
            .retain(|_, purpose| !matches!(purpose, Purpose::Arrivals(_)));
        model.facts.days.clear();
        for ago in DAYS {
            let (from, _) = model.site.day_before(model.now, ago.into());
            let day = Day {
                from: Some(from),
                ..Day::default()
            };
            model.facts.days.insert(ago, day);
        }
    }
    let next = model.facts.days.iter().find(|(_, day)| !day.is_whole);
    let Some((ago, after)) = next.map(|(ago, day)| (*ago, day.up_to)) else {
        return;
    };
    if waits(model, |purpose| matches!(purpose, Purpose::Arrivals(_))) {
        return;
    }
    let (from, until) = model.site.day_before(model.now, ago.into());
    query(
        model,
        out,
        Purpose::Arrivals(ago),
        Query::Arrivals { after, from, until },
    );
}

fn person(model: &mut Model, out: &mut Vec<Effect>) {
    let is_open = model.person.as_ref().is_some_and(|person| person.is_open);
    let layout = Layout::of(model);
    let is_shown = layout
        .panes
        .iter()
        .any(|(pane, _)| matches!(pane, Pane::Person | Pane::History));
    if !is_open && !is_shown {
        return;
    }
    let here = model.person.as_ref().map(|person| person.employee);
    let wanted = if is_open { here } else { model.subject() };
    let Some(wanted) = wanted else {
        model.person = None;
        return;
    };
    if model
        .wants
        .rest
        .is_none_or(|(employee, _)| employee != wanted)
    {
        model.wants.rest = Some((wanted, model.now));
    }
    let is_asked = waits(model, |purpose| matches!(purpose, Purpose::Person(_)));
    if here != Some(wanted) {
        let since = model.wants.rest.map_or(model.now, |(_, since)| since);
        if model.now.ms_since(since) >= REST_MS && !is_asked {
            turn_to(model, wanted);
            ask_person(model, out);
        }
        return;
    }
    if model.wants.person && !is_asked {
        ask_person(model, out);
        return;
    }
    let is_near = cursor::of(model, Pane::History).index + NEAR >= model.lists.history.len();
    let next = model
        .person
        .as_ref()
        .filter(|page| page.history.len() < MOST_LINES);
    let next = next.and_then(|page| page.next);
    let asked = waits(model, |purpose| matches!(purpose, Purpose::History(_)));
    if let (Some(before), true, false) = (next, is_near, asked) {
        history(model, out, Some(before));
    }
}

/// Puts an empty page in the place of the person that was there.
pub(super) fn turn_to(model: &mut Model, employee: crate::domain::EmployeeId) {
    let history = Vec::new();
    model.person = Some(PersonPage {
        employee,
        detail: None,
        history,
        next: Some(Seq(u64::MAX)),
        is_open: false,
    });
    model.wants.history_up_to = Seq(0);
    model.wants.person = true;
    model.dirty.log = true;
}

fn ask_person(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(employee) = model.person.as_ref().map(|person| person.employee) else {
        return;
    };
    model.wants.person = false;
    query(
        model,
        out,
        Purpose::Person(employee),
        Query::Person(employee),
    );
    history(model, out, None);
}

fn history(model: &mut Model, out: &mut Vec<Effect>, before: Option<Seq>) {
    let Some(employee) = model.person.as_ref().map(|person| person.employee) else {
        return;
    };
    let filter = LogFilter {
        employee: Some(employee),
        ..LogFilter::default()
    };
    query(
        model,
        out,
        Purpose::History(employee),
        Query::Log { before, filter },
    );
}

fn log(model: &mut Model, out: &mut Vec<Effect>) {
    if model.screen != Screen::Log {
        return;
    }
    let filter = model.log.filter.clone();
    if model.wants.log {
        model.wants.log = false;
        model.log.lines.clear();
        model.log.next = None;
        model.wants.log_up_to = Seq(0);
        model.dirty.log = true;
        query(
            model,
            out,
            Purpose::Log(filter.clone()),
            Query::Log {
                before: None,
                filter,
            },
        );
        return;
    }
    let rows = Layout::of(model).list_rows(Pane::Log);
    let at = cursor::of(model, Pane::Log).index;
    let is_near =
        at + rows.max(NEAR) >= model.lists.log.len() && model.log.lines.len() < MOST_LINES;
    let asked = waits(model, |purpose| *purpose == Purpose::Log(filter.clone()));
    if let (Some(before), true, false) = (model.log.next, is_near, asked) {
        let before = Some(before);
        query(
            model,
            out,
            Purpose::Log(filter.clone()),
            Query::Log { before, filter },
        );
    }
}
