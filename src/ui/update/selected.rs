//! Acts on what is selected.

use tui_input::Input;

use super::acts::{act, is_detached};
use super::{dialogs, say};
use crate::api::{AlarmState, Command, FeedOutcome, LogLine, LogWhat};
use crate::domain::{Action, AlarmId, EmployeeId, OutboxId, Seq};
use crate::ui::Effect;
use crate::ui::model::{Dialog, Model, Pane, Question, line_employee};

fn alarm_meant(model: &Model) -> Option<AlarmId> {
    let shown = model.alarm_line.map(|(id, _)| id);
    model.selected_alarm().or(shown)
}

/// Acknowledges the alarm that is selected among the alarms, else the one of the alarm line.
pub(super) fn acknowledge(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(id) = alarm_meant(model).filter(|id| model.alarm(*id).is_some()) else {
        say::done(model, "notice.no_alarm", &[]);
        return;
    };
    if model
        .alarm(id)
        .is_some_and(|alarm| alarm.state == AlarmState::Seen)
    {
        say::done(model, "notice.seen_already", &[]);
        return;
    }
    let about = model.alarm_title(id);
    act(model, out, Command::Acknowledge(id), about);
}

/// Asks whether all alarms are to be acknowledged.
pub(super) fn acknowledge_all(model: &mut Model) {
    let unseen = |state| matches!(state, AlarmState::New | AlarmState::Ended);
    let alarms = model.facts.alarms.iter();
    match alarms.filter(|alarm| unseen(alarm.state)).count() {
        0 => say::done(model, "notice.no_alarm", &[]),
        count if !is_detached(model) => dialogs::question(model, Question::AcknowledgeAll(count)),
        _ => {}
    }
}

/// Asks for how long an alarm is to be out of sight.
pub(super) fn shelve(model: &mut Model) {
    match alarm_meant(model).filter(|id| model.alarm(*id).is_some()) {
        Some(id) if !is_detached(model) => dialogs::open(model, Dialog::Shelve(id)),
        Some(_) => {}
        None => say::done(model, "notice.no_alarm", &[]),
    }
}

/// Retries what is selected; of a person, the latest line that can be.
pub(super) fn retry(model: &mut Model, out: &mut Vec<Effect>) {
    let entry = model.selected_entry();
    let seq = if let Some(id) = entry {
        model.facts.outbox.get(&id).map(|entry| entry.seq)
    } else if let Some(seq) = model.selected_line() {
        let line = model.line_of(seq).filter(|line| can_retry(line));
        line.map(|line| line.seq)
    } else if matches!(model.pane, Pane::Alarms | Pane::Links | Pane::Help) {
        None
    } else {
        model
            .subject()
            .and_then(|employee| latest_to_retry(model, employee))
    };
    let Some(seq) = seq else {
        say::fault(model, "notice.nothing_to_retry", &[]);
        return;
    };
    let about = model.line_of(seq).and_then(line_employee);
    let about = about.map_or_else(String::new, |employee| model.short_name(employee));
    act(model, out, Command::Retry(seq), about);
}

/// Whether a line has an answer that can be sent again, or could not be read.
fn can_retry(line: &LogLine) -> bool {
    match &line.what {
        LogWhat::Feed(feed) => {
            feed.receipt.is_some() || matches!(feed.outcome, FeedOutcome::Unreadable(_))
        }
        LogWhat::LinkUp { .. }
        | LogWhat::LinkDown { .. }
        | LogWhat::EngineStarted { .. }
        | LogWhat::EngineStopped
        | LogWhat::Desk { .. }
        | LogWhat::Note { .. }
        | LogWhat::OverBound(_) => false,
    }
}

fn latest_to_retry(model: &Model, employee: EmployeeId) -> Option<Seq> {
    let is_theirs = |line: &&LogLine| line_employee(line) == Some(employee) && can_retry(line);
    let page = model
        .person
        .as_ref()
        .filter(|person| person.employee == employee);
    let history = page.map_or(&[][..], |person| &person.history);
    let fresh = model.facts.log.values().rev();
    fresh.chain(history).find(is_theirs).map(|line| line.seq)
}

/// Asks whether all failed answers are to be sent again.
pub(super) fn retry_failed(model: &mut Model) {
    match usize::try_from(model.facts.totals.outbox_failed).unwrap_or(usize::MAX) {
        0 => say::done(model, "notice.nothing_failed", &[]),
        count if !is_detached(model) => dialogs::question(model, Question::RetryFailed(count)),
        _ => {}
    }
}

/// Asks whether the answer that is selected, or that of the line, is to be given up.
pub(super) fn give_up(model: &mut Model) {
    let of_line = |seq: Seq| {
        let entries = model.facts.outbox.values();
        let mut of_line = entries.filter(|entry| entry.seq == seq);
        of_line.next_back().map(|entry| entry.id)
    };
    let id: Option<OutboxId> = model
        .selected_entry()
        .or_else(|| model.selected_line().and_then(of_line));
    let entry = id.and_then(|id| model.facts.outbox.get(&id));
    match entry
        .filter(|entry| !entry.is_settled())
        .map(|entry| entry.id)
    {
        Some(id) if !is_detached(model) => dialogs::question(model, Question::GiveUp(id)),
        Some(_) => {}
        None => say::fault(model, "notice.nothing_to_give_up", &[]),
    }
}

/// Asks why somebody is marked by hand, and before it whether in or out where that is not said.
pub(super) fn mark(model: &mut Model, action: Option<Action>) {
    let Some(employee) = model.subject() else {
        say::fault(model, "notice.select_person", &[]);
        return;
    };
    if !is_detached(model) {
        dialogs::open(
            model,
            Dialog::Reason {
                employee,
                action,
                input: Input::default(),
            },
        );
    }
}

/// Opens a note on the line or person that is selected.
pub(super) fn note(model: &mut Model) {
    let about = model.selected_line();
    let employee = match about {
        Some(seq) => model.line_of(seq).and_then(line_employee),
        None => model.subject(),
    };
    if employee.is_none() && about.is_none() {
        say::fault(model, "notice.select_for_note", &[]);
    } else if !is_detached(model) {
        dialogs::open(
            model,
            Dialog::Note {
                employee,
                about,
                input: Input::default(),
            },
        );
    }
}
