//! Lists, made anew once a frame where something changed.

use std::collections::BTreeMap;

use super::cursor;
use super::log::{is_history, is_wanted};
use crate::api::{AlarmFact, AlarmState, LogLine, LogWhat};
use crate::domain::{AlarmKind, EmployeeId, Millis, OutboxState, Seq};
use crate::ui::keys::{Intent, TABLE};
use crate::ui::layout::Layout;
use crate::ui::model::{Dirty, Index, Model, Pane, PersonMark, Screen, Sought, line_employee};

/// Brings the lists up to date before a frame is drawn: order, selection, scrolling. Called once for all messages that
/// came together.
pub fn prepare(model: &mut Model) {
    let mut dirty = model.dirty;
    if dirty.names || model.index.len() != model.facts.people.len() {
        model.index = Index::new(&model.facts.people);
        dirty.people = true;
        dirty.log |= !model.find.is_empty();
    }
    if dirty.alarms {
        dirty.people |= alarms(model);
    }
    if dirty.people {
        people(model);
    }
    receipts(model);
    if dirty.log {
        lines(model);
    }
    let mut shown = Layout::of(model).panes.into_iter();
    let is_outbox = shown.any(|(pane, _)| pane == Pane::Outbox);
    if dirty.outbox && is_outbox {
        outbox(model);
    }
    if dirty.links {
        let links = model.facts.links.iter();
        model.lists.links = links.map(|link| link.gateway.clone()).collect();
    }
    if dirty.help {
        help(model);
    }
    cursor::follow_all(model);
    alarm_line(model);
    model.dirty = Dirty {
        // Fifty thousand answers may wait: they are put in order where they are shown.
        outbox: dirty.outbox && !is_outbox,
        ..Dirty::default()
    };
}

/// Returns whether other people than before have an alarm of their own.
fn alarms(model: &mut Model) -> bool {
    let mut alarms: Vec<&AlarmFact> = model.facts.alarms.iter().collect();
    alarms.sort_by_key(|alarm| {
        let priority = alarm.kind.priority();
        (
            alarm.state == AlarmState::Shelved,
            priority,
            alarm.state,
            std::cmp::Reverse(alarm.since),
            alarm.id,
        )
    });
    let mut alarmed: BTreeMap<EmployeeId, PersonMark> = BTreeMap::new();
    for alarm in alarms
        .iter()
        .filter(|alarm| alarm.state != AlarmState::Shelved)
    {
        match &alarm.kind {
            AlarmKind::Key { employee } => {
                alarmed.insert(*employee, PersonMark::Key);
            }
            AlarmKind::TwoPlaces { employee, .. } => {
                alarmed.entry(*employee).or_insert(PersonMark::TwoPlaces);
            }
            AlarmKind::LinkDown { .. }
            | AlarmKind::Store
            | AlarmKind::OutboxFailed { .. }
            | AlarmKind::UnknownSenders
            | AlarmKind::LinkDeaf { .. }
            | AlarmKind::LinkUnstable { .. }
            | AlarmKind::OutboxStuck { .. }
            | AlarmKind::BackupOld { .. }
            | AlarmKind::JournalStopped { .. } => {}
        }
    }
    model.lists.alarms = alarms.iter().map(|alarm| alarm.id).collect();
    let is_other = model.lists.alarmed != alarmed;
    model.lists.alarmed = alarmed;
    is_other
}

fn people(model: &mut Model) {
    let facts = &model.facts.people;
    let alarmed = &model.lists.alarmed;
    let attention = |employee| alarmed.contains_key(&employee);
    let people = model
        .index
        .sorted(facts, model.order, &model.find, attention);
    model.lists.people = people;
    let mut arrivals: Vec<Millis> = facts.values().filter_map(|fact| fact.first_in).collect();
    let middle = arrivals.len() / 2;
    model.lists.median = (!arrivals.is_empty()).then(|| *arrivals.select_nth_unstable(middle).1);
}

/// Says in the lines that are held how far their answers have come.
fn receipts(model: &mut Model) {
    let receipts = std::mem::take(&mut model.receipts);
    if receipts.is_empty() {
        return;
    }
    let history = model.person.as_mut().map(|person| &mut person.history);
    let lines = model.facts.log.values_mut().chain(&mut model.log.lines);
    let lines = lines.chain(history.into_iter().flatten());
    for line in lines.chain(&mut model.line) {
        if let LogWhat::Feed(feed) = &mut line.what
            && let Some(receipt) = &mut feed.receipt
            && let Some(fresh) = receipts.get(&receipt.id)
        {
            receipt.clone_from(fresh);
        }
    }
}

fn lines(model: &mut Model) {
    merge(model);
    let sought = Sought::new(&model.find);
    let is_found = |line: &LogLine| sought.is_all() || sought.is_in(&text_of(model, line));
    let log = &model.facts.log;
    let until = model.paused.map_or(Seq(u64::MAX), |(_, after)| after);
    let shown = log.range(..=until).rev().map(|(_, line)| line);
    let live = shown
        .filter(|line| is_live(line) && is_found(line))
        .map(|line| line.seq)
        .collect();
    let after = Seq(until.0.saturating_add(1));
    let live_new = if model.paused.is_some() {
        log.range(after..).filter(|(_, line)| is_live(line)).count()
    } else {
        0
    };
    let found = |lines: &[LogLine]| {
        lines
            .iter()
            .filter(|line| is_found(line))
            .map(|line| line.seq)
            .collect()
    };
    let page = if model.screen == Screen::Log {
        found(&model.log.lines)
    } else {
        Vec::new()
    };
    let history = model.person.as_ref().map(|person| &person.history);
    let history = history.map_or_else(Vec::new, |lines| {
        lines.iter().map(|line| line.seq).collect()
    });
    let lists = &mut model.lists;
    (lists.live, lists.live_new, lists.history) = (live, live_new, history);
    if model.screen == Screen::Log {
        lists.log = page;
    }
}

/// What is done at desks besides marks and notes stands in the log alone: the live pane is about people and links.
const fn is_live(line: &LogLine) -> bool {
    !matches!(line.what, LogWhat::Desk { .. })
}

/// Puts what came in since the last frame before the lines of the pages that are shown.
fn merge(model: &mut Model) {
    let log = &model.facts.log;
    let Some(((oldest, _), (newest, _))) = log.first_key_value().zip(log.last_key_value()) else {
        return;
    };
    // More came since than is held: the page has a gap.
    let has_gap = |up_to: Seq| up_to > Seq(0) && oldest.0 > up_to.0 + 1;
    let wants = &mut model.wants;
    if model.screen == Screen::Log {
        wants.log |= has_gap(wants.log_up_to);
        let filter = &model.log.filter;
        let lines = &mut model.log.lines;
        put_fresh(lines, log, wants.log_up_to, |line| is_wanted(filter, line));
        wants.log_up_to = *newest;
        if lines.len() > super::missing::MOST_LINES {
            lines.truncate(super::missing::MOST_LINES);
            model.log.next = lines.last().map(|line| line.seq);
        }
    }
    if let Some(person) = &mut model.person {
        wants.person |= has_gap(wants.history_up_to);
        let lines = &mut person.history;
        let employee = person.employee;
        put_fresh(lines, log, wants.history_up_to, |line| {
            is_history(employee, line)
        });
        wants.history_up_to = *newest;
        if lines.len() > super::missing::MOST_LINES {
            lines.truncate(super::missing::MOST_LINES);
            person.next = lines.last().map(|line| line.seq);
        }
    }
}

/// Puts the lines of `log` after `up_to` that belong there before those that are there.
fn put_fresh(
    lines: &mut Vec<LogLine>,
    log: &BTreeMap<Seq, LogLine>,
    up_to: Seq,
    belongs: impl Fn(&LogLine) -> bool,
) {
    let newest = lines.first().map_or(Seq(0), |line| line.seq).max(up_to);
    let fresh = log.range(Seq(newest.0 + 1)..).rev().map(|(_, line)| line);
    let fresh: Vec<_> = fresh.filter(|line| belongs(line)).cloned().collect();
    lines.splice(0..0, fresh);
}

/// What a line is looked through for: name, short name and number of the card, and who sent it.
fn text_of(model: &Model, line: &LogLine) -> String {
    let person = line_employee(line).and_then(|id| model.facts.people.get(&id));
    let mut text = person.map_or_else(String::new, |fact| {
        format!("{} {} {} ", fact.name, fact.short, fact.employee)
    });
    match &line.what {
        LogWhat::Feed(feed) => {
            for part in [&feed.name, &feed.sender].into_iter().flatten() {
                text.push_str(part);
                text.push(' ');
            }
            text.push_str(&feed.note);
        }
        LogWhat::Note {
            text: note, name, ..
        } => {
            text.push_str(name.as_deref().unwrap_or_default());
            text.push_str(note);
        }
        LogWhat::Desk { name, .. } => text.push_str(name.as_deref().unwrap_or_default()),
        LogWhat::LinkUp { gateway, .. } | LogWhat::LinkDown { gateway, .. } => {
            text.push_str(&gateway.0);
        }
        LogWhat::EngineStarted { .. } | LogWhat::EngineStopped | LogWhat::OverBound(_) => {}
    }
    text
}

fn outbox(model: &mut Model) {
    let sought = Sought::new(&model.find);
    let is_found =
        |id, to: &str| sought.is_all() || sought.is_in(&format!("{} {to}", model.recipient(id)));
    let entries = model.facts.outbox.values();
    let mut keyed: Vec<_> = entries
        .filter(|fact| is_found(fact.id, &fact.to))
        .map(|fact| (rank(fact.state), std::cmp::Reverse(fact.id)))
        .collect();
    keyed.sort_unstable();
    model.lists.outbox = keyed.into_iter().map(|(_, id)| id.0).collect();
}

/// What needs a hand stands first.
const fn rank(state: OutboxState) -> u8 {
    match state {
        OutboxState::Failed => 0,
        OutboxState::Deferred => 1,
        OutboxState::Sending => 2,
        OutboxState::Queued => 3,
        OutboxState::Sent | OutboxState::Delivered => 4,
    }
}

fn help(model: &mut Model) {
    let sought = Sought::new(&model.help_find);
    let is_found = |intent: Intent| {
        let keys = model.keys.of_intent(intent).iter();
        let keys: Vec<String> = keys.map(ToString::to_string).collect();
        let entry = intent
            .entry()
            .map(|entry| format!("{} {}", entry.name, model.words.say(entry.about, &[])));
        sought.is_in(&format!("{} {}", keys.join(" "), entry.unwrap_or_default()))
    };
    let help = TABLE
        .iter()
        .map(|entry| entry.intent)
        .filter(|intent| is_found(*intent));
    model.lists.help = help.collect();
}

fn alarm_line(model: &mut Model) {
    let shown = model.shown_alarm().map(|alarm| alarm.id);
    model.alarm_line = shown.map(|id| match model.alarm_line {
        Some((before, since)) if before == id => (id, since),
        Some(_) | None => (id, model.now),
    });
}
