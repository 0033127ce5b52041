//! What the engine says has changed. Nothing is sorted here: that is done once a frame.

use std::collections::VecDeque;

use super::{log, missing, say};
use crate::api::{
    AlarmFact, Event, FeedLine, LinkFact, LinkState, LogLine, LogWhat, OutboxFact, PersonFact,
    ReplySample,
};
use crate::domain::{GatewayName, OutboxId};
use crate::ui::model::Model;
use crate::ui::{Detached, Effect};

/// The last lines of the log that are held: some ten pages of a large window.
const LINES: usize = 1_000;
/// The last entries of the outbox that are held besides those that are not settled.
const ENTRIES: usize = 1_000;
/// Reply times and breaks of a link that are held, as many as an engine tells.
const SAMPLES: usize = 240;

/// Takes in what changed.
pub(super) fn apply(model: &mut Model, out: &mut Vec<Effect>, event: Event) {
    match event {
        Event::Feed(line) => feed(model, line),
        Event::Person(fact) => person(model, fact),
        Event::Outbox(fact) => outbox(model, fact),
        Event::Alarm(fact) => alarm(model, fact),
        Event::AlarmGone(id) => {
            model.facts.alarms.retain(|alarm| alarm.id != id);
            model.dirty.alarms = true;
        }
        Event::Link(fact) => link(model, fact),
        Event::Log(line) => add_line(model, line),
        Event::Totals(totals) => model.facts.totals = totals,
        Event::Roster => {
            model.wants.people = true;
            model.wants.person = true;
        }
        Event::Lost => {
            missing::miss_today(model);
            if model.wants.snapshot.is_none() {
                missing::refresh(model, out);
            }
        }
        Event::Stopping => {
            missing::miss_today(model);
            model.detached = Some((Detached::Stopped, model.now));
        }
    }
}

fn feed(model: &mut Model, line: FeedLine) {
    if let Some(day) = model.facts.days.get_mut(&0)
        && day.is_whole
    {
        log::count(day, &line);
    }
    add_line(
        model,
        LogLine {
            seq: line.seq,
            at: line.received_at,
            what: LogWhat::Feed(Box::new(line)),
        },
    );
}

fn add_line(model: &mut Model, line: LogLine) {
    model.dirty.log = true;
    log::replace(&mut model.log.lines, &line);
    if let Some(person) = &mut model.person {
        log::replace(&mut person.history, &line);
    }
    if let Some(open) = model.line.as_mut().filter(|open| open.seq == line.seq) {
        open.clone_from(&line);
    }
    let oldest = model.facts.log.first_key_value();
    if oldest.is_some_and(|(oldest, _)| line.seq < *oldest) {
        return;
    }
    model.facts.log.insert(line.seq, line);
    // What was on the screen when it was paused stays as long as no more has come than is held.
    let most = if model.paused.is_some() {
        2 * LINES
    } else {
        LINES
    };
    while model.facts.log.len() > most {
        model.facts.log.pop_first();
    }
}

fn person(model: &mut Model, fact: PersonFact) {
    if let Some(detail) = model.person.as_mut().and_then(|page| page.detail.as_mut())
        && detail.fact.employee == fact.employee
    {
        detail.fact = fact.clone();
    }
    let employee = fact.employee;
    let is_named = |before: &PersonFact, fact: &PersonFact| {
        before.name == fact.name && before.short == fact.short && before.team == fact.team
    };
    if let Some(before) = model.facts.people.get_mut(&employee) {
        model.dirty.names |= !is_named(before, &fact);
        *before = fact;
    } else {
        model.dirty.names = true;
        model.facts.people.insert(employee, fact);
    }
    model.dirty.people = true;
}

fn outbox(model: &mut Model, fact: OutboxFact) {
    model.receipts.insert(fact.id, fact.receipt());
    model.facts.outbox.insert(fact.id, fact);
    model.dirty.outbox = true;
    let limit = model.wants.outbox_limit.max(2 * ENTRIES);
    if model.facts.outbox.len() >= limit {
        let newest = model.facts.outbox.keys().nth_back(ENTRIES - 1);
        let newest = newest.copied().unwrap_or(OutboxId(0));
        let outbox = &mut model.facts.outbox;
        outbox.retain(|id, fact| *id >= newest || !fact.is_settled());
        model.wants.outbox_limit = outbox.len() + ENTRIES;
    }
}

fn alarm(model: &mut Model, fact: AlarmFact) {
    let alarms = &mut model.facts.alarms;
    match alarms.iter_mut().find(|alarm| alarm.id == fact.id) {
        Some(alarm) => *alarm = fact,
        None => alarms.push(fact),
    }
    model.dirty.alarms = true;
}

fn link(model: &mut Model, fact: LinkFact) {
    model.dirty.links = true;
    let links = &mut model.facts.links;
    let Some(link) = links.iter_mut().find(|link| link.gateway == fact.gateway) else {
        links.push(fact);
        return;
    };
    let before = std::mem::replace(link, fact.clone());
    let was_bound = before.state == LinkState::Bound;
    let is_bound = fact.state == LinkState::Bound;
    let replied = fact.replied_at.filter(|at| before.replied_at != Some(*at));
    if let (Some(at), Some(ms)) = (replied, fact.reply_ms) {
        sample(
            model,
            &fact.gateway,
            ReplySample {
                at,
                reply_ms: Some(ms),
            },
        );
    }
    if was_bound && !is_bound {
        sample(
            model,
            &fact.gateway,
            ReplySample {
                at: fact.since,
                reply_ms: None,
            },
        );
        let cause = fact.error.map(|cause| model.words.down_cause(cause));
        let facts = [
            ("gateway", &*fact.gateway.0),
            ("cause", &*cause.unwrap_or_default()),
        ];
        say::fault(model, "notice.link_broke", &facts);
    } else if is_bound && !was_bound {
        let key = if fact.drops > 0 {
            "notice.link_back"
        } else {
            "notice.link_up"
        };
        say::done(model, key, &[("gateway", &fact.gateway.0)]);
    }
}

fn sample(model: &mut Model, gateway: &GatewayName, sample: ReplySample) {
    let samples: &mut VecDeque<ReplySample> =
        model.facts.replies.entry(gateway.clone()).or_default();
    if samples.len() == SAMPLES {
        samples.pop_front();
    }
    samples.push_back(sample);
}
