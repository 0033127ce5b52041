//! A line as text, for the clipboard.

use super::say;
use crate::api::{LogLine, PersonPresence};
use crate::domain::{AlarmId, EmployeeId, GatewayName, OutboxId, OutboxState};
use crate::ui::model::{Model, Pane, RowId};
use crate::ui::{Effect, log_line};
use crate::words::safe;

/// Gives the line that is selected to the clipboard, with phone numbers as they are shown.
pub(super) fn copy(model: &mut Model, out: &mut Vec<Effect>) {
    let text = match model.pane {
        Pane::Line => model.line.as_ref().map(|line| line_text(model, line)),
        Pane::Person => model
            .subject()
            .and_then(|employee| person_text(model, employee)),
        Pane::People
        | Pane::Live
        | Pane::Alarms
        | Pane::History
        | Pane::Log
        | Pane::Outbox
        | Pane::Links
        | Pane::Arrivals
        | Pane::Replies
        | Pane::Pdus
        | Pane::Health
        | Pane::Help => model
            .selected(model.pane)
            .and_then(|row| text_of(model, row)),
    };
    match text {
        Some(text) => {
            let text = safe(&text).into_owned();
            say::done(model, "notice.copied", &[("text", &text)]);
            out.push(Effect::Copy(text));
        }
        None => say::fault(model, "notice.nothing_to_copy", &[]),
    }
}

fn text_of(model: &Model, row: &RowId) -> Option<String> {
    match row {
        RowId::Person(employee) => person_text(model, *employee),
        RowId::Line(seq) => model.line_of(*seq).map(|line| line_text(model, line)),
        RowId::Outbox(id) => entry_text(model, *id),
        RowId::Alarm(id) => alarm_text(model, *id),
        RowId::Gateway(name) => link_text(model, name),
        RowId::Help(intent) => {
            let entry = intent.entry()?;
            Some(format!(
                "{}: {}",
                entry.name,
                model.words.say(entry.about, &[])
            ))
        }
    }
}

fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("  ")
}

fn person_text(model: &Model, employee: EmployeeId) -> Option<String> {
    let fact = model.facts.people.get(&employee)?;
    let state = match fact.state {
        PersonPresence::In => "presence.in",
        PersonPresence::Out => "presence.out",
    };
    let since = fact.since.map_or_else(String::new, |at| model.moment(at));
    let state = model.words.say(state, &[]);
    Some(joined([fact.name.clone(), state, since, fact.note.clone()]))
}

/// The day, and the line as the log shows it: the clipboard outlives the day.
fn line_text(model: &Model, line: &LogLine) -> String {
    format!("{} {}", model.date(line.at), log_line(model, line))
}

fn state_text(model: &Model, state: OutboxState) -> String {
    let key = match state {
        OutboxState::Queued => "outbox.queued",
        OutboxState::Sending => "outbox.sending",
        OutboxState::Sent => "outbox.sent",
        OutboxState::Deferred => "outbox.deferred",
        OutboxState::Delivered => "outbox.delivered",
        OutboxState::Failed => "outbox.failed",
    };
    model.words.say(key, &[])
}

fn entry_text(model: &Model, id: OutboxId) -> Option<String> {
    let entry = model.facts.outbox.get(&id)?;
    let error = entry
        .error
        .as_ref()
        .map(|error| model.words.send_error(error));
    Some(joined([
        id.to_string(),
        model.recipient(id),
        model.masked(&entry.to),
        state_text(model, entry.state),
        error.unwrap_or_default(),
    ]))
}

fn alarm_text(model: &Model, id: AlarmId) -> Option<String> {
    let alarm = model.alarm(id)?;
    let since = model.moment(alarm.since);
    let name = alarm.employee.map(|employee| model.short_name(employee));
    let (words, name) = (&model.words, name.as_deref());
    let text = words.alarm_text(&alarm.kind, name, alarm.count);
    // What is copied is read elsewhere, where the keys of this console do nothing.
    Some(joined([since, text, words.alarm_act(&alarm.kind, name)]))
}

fn link_text(model: &Model, name: &GatewayName) -> Option<String> {
    let links = &model.facts.links;
    let link = links.iter().find(|link| link.gateway == *name)?;
    let facts = [
        ("received", &*link.received.to_string()),
        ("submitted", &*link.submitted.to_string()),
        ("drops", &*link.drops.to_string()),
        ("waiting", &*link.waiting.to_string()),
    ];
    let error = link.error.map(|cause| model.words.down_cause(cause));
    let counts = model.words.say("link.counts", &facts);
    Some(joined([
        name.to_string(),
        error.unwrap_or_default(),
        counts,
    ]))
}
