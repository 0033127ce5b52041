//! The bell and the title of the window.

use std::collections::BTreeSet;

use crate::api::{AlarmFact, AlarmState};
use crate::domain::{AlarmId, Millis};
use crate::ui::{Effect, Model};

/// The bell rings no oftener, so that a burst of alarms is at most seven sounds a minute.
const PAUSE_MS: i64 = 10 * Millis::SECOND;
/// It rings again after this while an alarm of the first priority is not acknowledged.
const AGAIN_MS: i64 = 5 * Millis::MINUTE;
/// What nobody authenticated stands below this priority, and never rings.
const RINGS: u8 = 2;

/// Rings where an alarm calls for it, and sets the title.
pub(super) fn announce(model: &mut Model, out: &mut Vec<Effect>) {
    title(model, out);
    if model.detached.is_some() || model.hushed_until.is_some_and(|until| model.now < until) {
        return;
    }
    // What was seen or shelved and is new again rings again; what only ended and came back does not.
    let unseen = |alarm: &&AlarmFact| matches!(alarm.state, AlarmState::New | AlarmState::Ended);
    let unseen = model.facts.alarms.iter().filter(unseen);
    let unseen: BTreeSet<AlarmId> = unseen.map(|alarm| alarm.id).collect();
    model.announced.retain(|id| unseen.contains(id));
    let calls =
        |alarm: &&AlarmFact| alarm.state == AlarmState::New && alarm.kind.priority() <= RINGS;
    let calling = model.facts.alarms.iter().filter(calls);
    let fresh: Vec<AlarmId> = calling
        .clone()
        .map(|alarm| alarm.id)
        .filter(|id| !model.announced.contains(id))
        .collect();
    let is_first = calling.clone().any(|alarm| alarm.kind.priority() == 1);
    let quiet_ms = model.rang_at.map(|at| model.now.ms_since(at));
    let is_quiet = |least| quiet_ms.is_none_or(|ms| ms >= least);
    let rings = (!fresh.is_empty() && is_quiet(PAUSE_MS)) || (is_first && is_quiet(AGAIN_MS));
    if rings {
        model.announced.extend(fresh);
        model.rang_at = Some(model.now);
        out.push(Effect::Bell);
    }
}

fn title(model: &mut Model, out: &mut Vec<Effect>) {
    let alarms = model.facts.alarms.iter();
    let new = alarms
        .filter(|alarm| alarm.state == AlarmState::New)
        .count();
    let title = match new {
        0 => "hazir".to_owned(),
        new => format!("({new}!) hazir"),
    };
    if model.title != title {
        model.title.clone_from(&title);
        out.push(Effect::Title(title));
    }
}
