//! Cursors: they stand on things, and follow them.

use crate::domain::Millis;
use crate::ui::layout::Layout;
use crate::ui::model::{Cursor, Model, Pane, RowId};

/// The panes that hold a list.
pub(super) const LISTS: [Pane; 8] = [
    Pane::People,
    Pane::Live,
    Pane::Alarms,
    Pane::History,
    Pane::Log,
    Pane::Outbox,
    Pane::Links,
    Pane::Help,
];
/// A row that moved under the cursor takes no act for so long.
const STILL_MS: i64 = 400;

/// Where the cursor of a pane stands.
pub(super) fn of(model: &Model, pane: Pane) -> Cursor {
    model.cursors.get(&pane).cloned().unwrap_or_default()
}

/// How many rows the list of a pane has.
pub(super) fn len(model: &Model, pane: Pane) -> usize {
    let lists = &model.lists;
    match pane {
        Pane::People => lists.people.len(),
        Pane::Live => lists.live.len(),
        Pane::Alarms => lists.alarms.len(),
        Pane::History => lists.history.len(),
        Pane::Log => lists.log.len(),
        Pane::Outbox => lists.outbox.len(),
        Pane::Links => lists.links.len(),
        Pane::Help => lists.help.len(),
        Pane::Person | Pane::Line | Pane::Arrivals | Pane::Replies | Pane::Pdus | Pane::Health => 0,
    }
}

/// What stands in a row.
pub(super) fn row(model: &Model, pane: Pane, at: usize) -> Option<RowId> {
    let lists = &model.lists;
    match pane {
        Pane::People => lists.people.get(at).map(|id| RowId::Person(*id)),
        Pane::Live => lists.live.get(at).map(|seq| RowId::Line(*seq)),
        Pane::Alarms => lists.alarms.get(at).map(|id| RowId::Alarm(*id)),
        Pane::History => lists.history.get(at).map(|seq| RowId::Line(*seq)),
        Pane::Log => lists.log.get(at).map(|seq| RowId::Line(*seq)),
        Pane::Outbox => lists.outbox.get(at).map(|id| RowId::Outbox(*id)),
        Pane::Links => lists.links.get(at).map(|name| RowId::Gateway(name.clone())),
        Pane::Help => lists.help.get(at).map(|intent| RowId::Help(*intent)),
        Pane::Person | Pane::Line | Pane::Arrivals | Pane::Replies | Pane::Pdus | Pane::Health => {
            None
        }
    }
}

/// The row in which a thing stands; where it does not, `Err` of the row that is nearest to it, if that can be told.
fn place(model: &Model, pane: Pane, row: &RowId) -> Result<usize, Option<usize>> {
    let lists = &model.lists;
    let found = |at: Option<usize>| at.ok_or(None);
    match row {
        RowId::Person(id) => found(lists.people.iter().position(|other| other == id)),
        RowId::Line(seq) => {
            let lines = match pane {
                Pane::Live => &lists.live,
                Pane::History => &lists.history,
                Pane::Log
                | Pane::People
                | Pane::Alarms
                | Pane::Person
                | Pane::Line
                | Pane::Outbox
                | Pane::Links
                | Pane::Arrivals
                | Pane::Replies
                | Pane::Pdus
                | Pane::Health
                | Pane::Help => &lists.log,
            };
            lines.binary_search_by(|other| seq.cmp(other)).map_err(Some)
        }
        RowId::Outbox(id) => found(lists.outbox.iter().position(|other| other == id)),
        RowId::Alarm(id) => found(lists.alarms.iter().position(|other| other == id)),
        RowId::Gateway(name) => found(lists.links.iter().position(|other| other == name)),
        RowId::Help(intent) => found(lists.help.iter().position(|other| other == intent)),
    }
}

/// Moves the cursor of a pane to a row, by a key.
pub(super) fn move_to(model: &mut Model, pane: Pane, at: usize) {
    let at = at.min(len(model, pane).saturating_sub(1));
    let row = row(model, pane, at);
    let follows = at == 0 && pane == Pane::Live && model.paused.is_none();
    let cursor = model.cursors.entry(pane).or_default();
    cursor.on = row.clone().filter(|_| !follows);
    cursor.shown = row;
    cursor.index = at;
    cursor.moved_at = None;
}

/// Puts the cursor of a pane on a thing, by a key; `prepare` finds its row.
pub(super) fn put_on(model: &mut Model, pane: Pane, row: RowId) {
    let cursor = model.cursors.entry(pane).or_default();
    cursor.shown = Some(row.clone());
    cursor.on = Some(row);
    cursor.moved_at = None;
}

/// Puts the cursor of a pane back to the first row, by a key.
pub(super) fn reset(model: &mut Model, pane: Pane) {
    model.cursors.insert(pane, Cursor::default());
    model.dirty.by_key = true;
}

/// Whether what stands under the cursor of a pane came there by itself a moment ago.
pub(super) fn has_moved(model: &Model, pane: Pane) -> bool {
    let moved_at = model.cursors.get(&pane).and_then(|cursor| cursor.moved_at);
    is_recent(model, moved_at)
}

/// Whether something moved so lately that nobody can have seen it.
pub(super) fn is_recent(model: &Model, moved_at: Option<Millis>) -> bool {
    moved_at.is_some_and(|at| model.now.ms_since(at) < STILL_MS)
}

/// Lets every cursor follow its thing, and every list scroll to its cursor.
pub(super) fn follow_all(model: &mut Model) {
    let layout = Layout::of(model);
    // A window that became smaller may not show the pane any more.
    model.pane = layout.focus;
    for pane in LISTS {
        let rows = layout.list_rows(pane);
        let cursor = follow(model, pane, &of(model, pane), rows);
        model.cursors.insert(pane, cursor);
    }
}

fn follow(model: &Model, pane: Pane, before: &Cursor, rows: usize) -> Cursor {
    let mut cursor = before.clone();
    let count = len(model, pane);
    let found = cursor.on.as_ref().map(|on| place(model, pane, on));
    let last = count.saturating_sub(1);
    cursor.index = match found {
        Some(Ok(at)) => at,
        // What it stood on is gone: the next thing takes its place.
        Some(Err(near)) => near.unwrap_or(before.index).min(last),
        None => 0,
    };
    let under = row(model, pane, cursor.index);
    if let (Some(Err(_)), Some(under)) = (found, &under) {
        cursor.on = Some(under.clone());
    }
    if under != before.shown {
        let by_key = model.dirty.by_key;
        cursor.moved_at = (!by_key && under.is_some()).then_some(model.now);
        cursor.shown = under;
    }
    let last_top = count.saturating_sub(rows);
    let moved_down = cursor.index.saturating_sub(before.index);
    let moved_up = before.index.saturating_sub(cursor.index);
    let follows_thing = matches!(found, Some(Ok(_))) && before.on == before.shown;
    if follows_thing {
        cursor.top = (before.top + moved_down).saturating_sub(moved_up);
    }
    cursor.top = cursor.top.min(last_top);
    if cursor.index < cursor.top {
        cursor.top = cursor.index;
    } else if rows > 0 && cursor.index >= cursor.top + rows {
        cursor.top = cursor.index + 1 - rows;
    }
    cursor
}
