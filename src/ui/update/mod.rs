//! What a message changes.

mod acts;
mod bell;
mod clock;
mod copy;
mod cursor;
mod dialogs;
mod events;
mod goes;
mod input;
mod log;
mod missing;
mod opens;
mod palette;
mod prepare;
mod replies;
mod say;
mod selected;
mod typed;

pub use prepare::prepare;

use super::model::{Dialog, Question};
use super::{Detached, Effect, Key, Message, Model};
use crate::api::{Event, Snapshot};
use crate::domain::{Millis, OutboxId, Seq};

/// How long it stands what was done.
const DONE_MS: i64 = 30 * Millis::SECOND;
/// How long it stands what could not be done or broke.
const FAULT_MS: i64 = 60 * Millis::SECOND;

/// Takes a message in at `now`, and says what is to be done outside.
pub fn update(model: &mut Model, now: Millis, message: Message) -> Vec<Effect> {
    let mut out = Vec::new();
    clock::turn(model, now);
    match message {
        Message::Key(key) => {
            press(model, &mut out, key);
            missing::ask(model, &mut out);
        }
        Message::Paste(text) => dialogs::paste(model, &text),
        Message::Resize { columns, rows } => {
            (model.columns, model.rows) = (columns, rows);
            missing::ask(model, &mut out);
        }
        Message::Tick => tick(model, &mut out),
        Message::Attached(snapshot) => attached(model, &mut out, *snapshot),
        Message::Event(revision, event) => happened(model, &mut out, revision, event),
        Message::Reply(token, reply) => replies::take(model, &mut out, token, reply),
        Message::Detached(why) => detached(model, &mut out, why),
        Message::StartFailed(code, said) => {
            detached(model, &mut out, Detached::StartFailed(code));
            if !said.is_empty() {
                say::put(model, said, true);
            }
        }
        Message::DiskFree(percent) => model.disk_free = Some(percent),
    }
    out
}

fn press(model: &mut Model, out: &mut Vec<Effect>, key: Key) {
    if key == Key::Ctrl('c') {
        out.push(Effect::Leave);
        return;
    }
    if let Some((dialog, since)) = model.dialog.take() {
        dialogs::press(model, out, dialog, since, key);
    } else if let Some(intent) = model.keys.intent(key) {
        acts::run(model, out, intent);
    }
}

fn happened(model: &mut Model, out: &mut Vec<Effect>, revision: u64, event: Event) {
    // What says that events are missing has the revision of the one before them.
    if revision <= model.facts.revision && event != Event::Lost {
        return;
    }
    model.facts.revision = model.facts.revision.max(revision);
    let is_alarm = matches!(event, Event::Alarm(_) | Event::AlarmGone(_));
    events::apply(model, out, event);
    if is_alarm {
        bell::announce(model, out);
    }
}

fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let is_over = |until: &Millis| now >= *until;
    model.unmasked_until = model.unmasked_until.filter(|until| !is_over(until));
    model.hushed_until = model.hushed_until.filter(|until| !is_over(until));
    model.notice.take_if(|said| {
        let stands_ms = if said.is_fault { FAULT_MS } else { DONE_MS };
        now.ms_since(said.at) >= stands_ms
    });
    goes::keep_day(model);
    missing::refresh_again(model, out);
    missing::ask(model, out);
    bell::announce(model, out);
}

fn attached(model: &mut Model, out: &mut Vec<Effect>, snapshot: Snapshot) {
    let was = model.detached.take();
    model.facts.begin(snapshot);
    model.dirty = super::model::Dirty::ALL;
    model.wants.snapshot = None;
    model.wants.log = true;
    model.wants.person = true;
    model.wants.people = false;
    model.wants.unsettled = model.facts.lacks_unsettled().then_some(OutboxId(0));
    model.wants.log_up_to = Seq(0);
    model.wants.history_up_to = Seq(0);
    model.wants.replies = model
        .facts
        .links
        .iter()
        .map(|link| link.gateway.clone())
        .collect();
    missing::miss_today(model);
    let asks_to_start = matches!(&model.dialog, Some((Dialog::Ask(Question::Start), _)));
    if asks_to_start {
        model.dialog = None;
    }
    match was {
        Some((Detached::Starting, _)) => say::done(model, "notice.started", &[]),
        Some(_) if model.wants.was_attached => say::done(model, "notice.attached_again", &[]),
        Some(_) | None => {}
    }
    model.wants.was_attached = true;
    missing::ask(model, out);
    bell::announce(model, out);
}

fn detached(model: &mut Model, out: &mut Vec<Effect>, why: Detached) {
    let before = model.detached;
    model.wants.snapshot = None;
    missing::miss_today(model);
    let why = match (before, why) {
        // Who stopped it is known already; that the connection is gone says less.
        (Some((Detached::Stopped, _)), Detached::Lost) => Detached::Stopped,
        (_, why) => why,
    };
    let since = before
        .filter(|(was, _)| *was == why)
        .map(|(_, since)| since);
    model.detached = Some((why, since.unwrap_or(model.now)));
    let is_news = before.is_none_or(|(was, _)| was != why);
    let can_start = matches!(why, Detached::NotRunning | Detached::StartFailed(_));
    if can_start && model.site.is_demo {
        // Its reception is of this process, and nothing could be started in its place.
        out.push(Effect::Leave);
    } else if can_start && is_news && model.dialog.is_none() {
        dialogs::ask_to_start(model);
    }
    bell::announce(model, out);
}

#[cfg(test)]
mod tests;
