//! What the engine answered, and the words for it.

use super::{log, missing, opens, say};
use crate::api::{
    Command, FeedLine, FeedOutcome, LogLine, LogWhat, Refusal, Reply, Retried, Undone,
};
use crate::domain::{Action, Millis, OutboxId, Outcome, Seq};
use crate::ui::keys::Intent;
use crate::ui::model::{Model, Purpose};
use crate::ui::{Effect, Token};

/// For how long phone numbers are shown in full.
const UNMASK_MS: i64 = 60 * Millis::SECOND;

/// Takes an answer in; `None` where the connection broke before it came.
pub(super) fn take(model: &mut Model, out: &mut Vec<Effect>, token: Token, reply: Option<Reply>) {
    let Some(purpose) = model.waiting.remove(&token) else {
        return;
    };
    let Some(reply) = reply else {
        lost(model, &purpose);
        return;
    };
    if let (Reply::Refused(Refusal::NoAlarm(_)), Purpose::Act { command, about }) =
        (&reply, &purpose)
        && matches!(command, Command::Acknowledge(_))
    {
        // It is as it was wanted: nothing failed.
        say::done(model, "notice.gone_already", &[("alarm", about)]);
        return;
    }
    if let Reply::Refused(refusal) = &reply {
        let text = model.words.refusal(refusal);
        let is_act = matches!(
            purpose,
            Purpose::Act { .. } | Purpose::Unmask | Purpose::Line(_)
        );
        want_again(model, &purpose);
        if is_act {
            say::put(model, text, true);
        }
        return;
    }
    match purpose {
        Purpose::Act { about, .. } => acted(model, &about, reply),
        Purpose::Unmask => {
            model.unmasked_until = Some(model.now.plus_ms(UNMASK_MS));
            say::done(model, "notice.unmasked", &[]);
        }
        Purpose::Person(employee) => {
            let page = model
                .person
                .as_mut()
                .filter(|page| page.employee == employee);
            if let (Some(page), Reply::Person(detail)) = (page, reply) {
                page.detail = Some(*detail);
            }
        }
        Purpose::History(employee) => {
            let page = model
                .person
                .as_mut()
                .filter(|page| page.employee == employee);
            if let (Some(page), Reply::Log { lines, next }) = (page, reply) {
                log::merge(&mut page.history, lines);
                // A first page that comes again does not begin the ones after it anew.
                page.next = page.next.zip(next).map(|(before, next)| before.min(next));
                model.dirty.log = true;
            }
        }
        Purpose::Log(filter) => {
            if let (true, Reply::Log { lines, next }) = (filter == model.log.filter, reply) {
                log::merge(&mut model.log.lines, lines);
                model.log.next = next;
                model.dirty.log = true;
            }
        }
        Purpose::Line(seq) => {
            if let Reply::Log { lines, .. } = reply {
                came(model, seq, lines);
            }
        }
        Purpose::People => {
            if let Reply::People(people) = reply {
                let people = people.into_iter().map(|fact| (fact.employee, fact));
                model.facts.people = people.collect();
                model.dirty.names = true;
                model.dirty.people = true;
            }
        }
        Purpose::Unsettled => {
            if let Reply::Outbox { entries, next } = reply {
                model.wants.unsettled = next;
                for fact in entries {
                    // What is here is kept up by what is told.
                    model.facts.outbox.entry(fact.id).or_insert(fact);
                }
                model.dirty.outbox = true;
            }
        }
        Purpose::Arrivals(ago) => arrived(model, ago, &reply),
        Purpose::Replies(gateway) => {
            if let Reply::Replies(samples) = reply {
                model.facts.replies.insert(gateway, samples.into());
            }
        }
        Purpose::Pdus(gateway) => {
            if let Reply::Pdus(pdus) = reply {
                model.facts.pdus.insert(gateway, pdus);
            }
        }
    }
    missing::ask(model, out);
}

fn came(model: &mut Model, seq: Seq, lines: Vec<LogLine>) {
    if model.wants.line.take() != Some(seq) {
        return;
    }
    match lines.into_iter().find(|line| line.seq == seq) {
        Some(line) => opens::show_line(model, line),
        None => say::fault(model, "notice.no_line", &[("seq", &seq.to_string())]),
    }
}

fn arrived(model: &mut Model, ago: u8, reply: &Reply) {
    let (
        Some(day),
        Reply::Arrivals {
            arrivals,
            up_to,
            next,
        },
    ) = (model.facts.days.get_mut(&ago), reply)
    else {
        return;
    };
    log::add(&mut day.arrivals, arrivals);
    day.up_to = day.up_to.max(*up_to);
    day.is_whole = next.is_none();
    if ago > 0 || !day.is_whole {
        return;
    }
    // What came while it was counted is here already, unless more came than is held.
    let oldest = model.facts.log.first_key_value();
    if oldest.is_some_and(|(oldest, _)| oldest.0 > day.up_to.0 + 1) {
        day.is_whole = false;
        return;
    }
    let after = Seq(day.up_to.0 + 1);
    for line in model.facts.log.range(after..).map(|(_, line)| line) {
        if let LogWhat::Feed(feed) = &line.what {
            log::count(day, feed);
        }
    }
}

/// Lets what could not be read now be asked for again, at the next tick.
fn want_again(model: &mut Model, purpose: &Purpose) {
    match purpose {
        Purpose::Person(_) | Purpose::History(_) => model.wants.person = true,
        Purpose::Log(_) => model.wants.log |= model.log.lines.is_empty(),
        Purpose::People => model.wants.people = true,
        Purpose::Replies(gateway) => {
            model.wants.replies.insert(gateway.clone());
        }
        Purpose::Line(_) => model.wants.line = None,
        Purpose::Act { .. }
        | Purpose::Unsettled
        | Purpose::Arrivals(_)
        | Purpose::Pdus(_)
        | Purpose::Unmask => {}
    }
}

fn lost(model: &mut Model, purpose: &Purpose) {
    want_again(model, purpose);
    match purpose {
        Purpose::Act { .. } | Purpose::Unmask => say::fault(model, "notice.not_known", &[]),
        Purpose::Person(_)
        | Purpose::History(_)
        | Purpose::Log(_)
        | Purpose::Line(_)
        | Purpose::People
        | Purpose::Unsettled
        | Purpose::Arrivals(_)
        | Purpose::Replies(_)
        | Purpose::Pdus(_) => {}
    }
}

fn acted(model: &mut Model, about: &str, reply: Reply) {
    let count = |count: usize| count.to_string();
    match reply {
        Reply::Acknowledged(ids) if ids.is_empty() => say::done(model, "notice.no_alarm", &[]),
        Reply::Acknowledged(_) if !about.is_empty() => {
            say::done(model, "notice.acknowledged", &[("alarm", about)]);
        }
        Reply::Acknowledged(ids) => say::done(
            model,
            "notice.acknowledged_all",
            &[("count", &count(ids.len()))],
        ),
        Reply::Retried(retried) => retried_words(model, &retried),
        Reply::Marked(line) => marked(model, &line, about),
        Reply::Noted(_) if about.is_empty() => say::done(model, "notice.noted", &[]),
        Reply::Noted(_) => say::done(model, "notice.noted_on", &[("name", about)]),
        Reply::GaveUp(id) => say::done(
            model,
            "notice.gave_up",
            &[("id", &id.to_string()), ("to", about)],
        ),
        Reply::Shelved(alarm) => {
            let until = alarm.shelved_until.map(|until| model.moment(until));
            let facts = [("alarm", about), ("until", &until.unwrap_or_default())];
            say::done(model, "notice.shelved", &facts);
        }
        Reply::Undone(undone) => undone_words(model, &undone),
        Reply::Logged => say::done(model, "notice.done", &[]),
        Reply::Employees(_)
        | Reply::Devices(_)
        | Reply::Enrolled(_)
        | Reply::Feed { .. }
        | Reply::People(_)
        | Reply::Outbox { .. }
        | Reply::Alarms(_)
        | Reply::Links(_)
        | Reply::Snapshot(_)
        | Reply::Log { .. }
        | Reply::Person(_)
        | Reply::Arrivals { .. }
        | Reply::Replies(_)
        | Reply::Pdus(_)
        | Reply::BackedUp(_)
        | Reply::Examined(_)
        | Reply::Refused(_) => {
            say::fault(model, "notice.answer", &[]);
        }
    }
}

fn retried_words(model: &mut Model, retried: &[Retried]) {
    let (key, seq, id, outcome) = match retried {
        [] => {
            say::done(model, "notice.nothing_failed", &[]);
            return;
        }
        [Retried::Opened { now, outcome, .. }] => {
            let outcome = model.words.outcome(fed(*outcome));
            ("notice.opened", *now, None, outcome)
        }
        [Retried::StillUnreadable(seq)] => ("notice.still_unreadable", *seq, None, String::new()),
        [Retried::Requeued(id)] => ("notice.requeued", Seq(0), Some(*id), String::new()),
        [Retried::AlreadyQueued(id)] => ("notice.already_queued", Seq(0), Some(*id), String::new()),
        many => {
            say::done(
                model,
                "notice.requeued_all",
                &[("count", &many.len().to_string())],
            );
            return;
        }
    };
    let to = id.map_or_else(String::new, |id: OutboxId| model.recipient(id));
    let id = id.map_or_else(String::new, |id| id.to_string());
    let facts = [
        ("seq", &*seq.to_string()),
        ("id", &*id),
        ("to", &*to),
        ("outcome", &*outcome),
    ];
    say::done(model, key, &facts);
}

const fn fed(outcome: Outcome) -> FeedOutcome {
    match outcome {
        Outcome::Recorded => FeedOutcome::Recorded,
        Outcome::Duplicate => FeedOutcome::Duplicate,
        Outcome::Replay => FeedOutcome::Replay,
        Outcome::Refused(reason) => FeedOutcome::Refused(reason),
        Outcome::Unreadable(reason) => FeedOutcome::Unreadable(reason),
    }
}

fn marked(model: &mut Model, line: &FeedLine, about: &str) {
    let key = match line.action {
        Some(Action::Out) => "notice.marked_out",
        Some(Action::In) | None => "notice.marked_in",
    };
    let at = model.clock(line.at.unwrap_or(line.received_at));
    let undo = model.key_or_name(Intent::Undo);
    let facts = [("name", about), ("at", &*at), ("undo", &*undo)];
    say::done(model, key, &facts);
}

fn undone_words(model: &mut Model, undone: &Undone) {
    match undone {
        Undone::Mark(line) => {
            let name = line.employee.map(|employee| model.short_name(employee));
            say::done(
                model,
                "notice.undone_mark",
                &[("name", &name.unwrap_or_default())],
            );
        }
        Undone::Acknowledged(ids) => {
            say::done(
                model,
                "notice.undone_acknowledged",
                &[("count", &ids.len().to_string())],
            );
        }
        Undone::Shelved(id) => {
            let alarm = model.alarm_title(*id);
            say::done(model, "notice.undone_shelved", &[("alarm", &alarm)]);
        }
        Undone::GaveUp(id) => {
            let facts = [("id", &*id.to_string()), ("to", &*model.recipient(*id))];
            say::done(model, "notice.requeued", &facts);
        }
        Undone::Note(seq) => say::done(model, "notice.undone_note", &[("seq", &seq.to_string())]),
    }
}
