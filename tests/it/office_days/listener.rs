//! A console that hears all that is told: it must know what it would know if it began anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use hazir::api::{Event, LogLine, LogWhat, Snapshot};
use hazir::domain::{Millis, OutboxId};
use hazir::engine::Settings;
use hazir::ui::model::Facts;
use hazir::ui::{Look, Message, Model, Site, prepare, update};
use hazir::words::{Language, Words};

static WORDS: LazyLock<Arc<Words>> = LazyLock::new(|| Arc::new(Words::load(Language::English)));

/// How many answers have room in a snapshot.
const SNAPSHOT_OUTBOX: usize = 200;

/// A console that began at some moment and hears events since.
pub struct Listener {
    model: Model,
    revision: u64,
    /// The answers of the snapshot with which it began, where that had no room for all.
    began_with: Option<BTreeSet<OutboxId>>,
}

impl Listener {
    /// Begins with what the engine says.
    pub fn begin(now: Millis, snapshot: Snapshot, settings: &Settings) -> Self {
        let site = Site {
            name: "Office".to_owned(),
            time_zone: settings.time_zone.clone(),
            day_starts: settings.day_starts,
            gateways: Vec::new(),
            desk: "front".to_owned(),
            is_demo: false,
        };
        let mut listener = Self {
            model: Model::new(site, Arc::clone(&WORDS), Look::default(), now, 120, 40),
            revision: 0,
            began_with: None,
        };
        listener.begin_anew(now, snapshot);
        listener
    }

    /// Begins anew.
    pub fn begin_anew(&mut self, now: Millis, snapshot: Snapshot) {
        self.revision = snapshot.revision;
        let entries = snapshot.outbox.iter().map(|entry| entry.id);
        let is_full = entries.len() >= SNAPSHOT_OUTBOX;
        self.began_with = is_full.then(|| entries.collect());
        update(&mut self.model, now, Message::Attached(Box::new(snapshot)));
        prepare(&mut self.model);
    }

    /// Hears an event.
    ///
    /// # Errors
    /// Where one was left out.
    pub fn hear(&mut self, now: Millis, revision: u64, event: Event) -> Result<(), String> {
        self.revision += 1;
        if revision != self.revision {
            return Err(format!("10: before {revision} an event is left out"));
        }
        update(&mut self.model, now, Message::Event(revision, event));
        prepare(&mut self.model);
        Ok(())
    }

    /// Holds what it knows against what it would begin with now.
    ///
    /// # Errors
    /// What it knows otherwise.
    pub fn compare(&self, snapshot: Snapshot) -> Result<(), String> {
        let mut fresh = Facts::default();
        fresh.begin(snapshot);
        let known = &self.model.facts;
        same("revision", &known.revision, &fresh.revision)?;
        same("totals", &known.totals, &fresh.totals)?;
        same("people", &known.people, &fresh.people)?;
        let by_id = |facts: &Facts| -> BTreeMap<_, _> {
            let alarms = facts.alarms.iter();
            alarms.map(|alarm| (alarm.id, alarm.clone())).collect()
        };
        same("alarms", &by_id(known), &by_id(&fresh))?;
        // What it began with stays, and what is newer is told.
        let is_told = |id: &OutboxId| {
            let began_with = self.began_with.as_ref();
            began_with.is_none_or(|ids| ids.contains(id) || ids.last() < Some(id))
        };
        for (id, entry) in &fresh.outbox {
            let held = known.outbox.get(id);
            if held.is_some() || is_told(id) {
                same("answer", &held, &Some(entry))?;
            }
        }
        for (seq, line) in &fresh.log {
            let held = known.log.get(seq);
            same("line", &held.map(told), &Some(told(line)))?;
        }
        for (held, link) in known.links.iter().zip(&fresh.links) {
            same(
                "link",
                &(&held.gateway, held.state, held.since, held.error),
                &(&link.gateway, link.state, link.since, link.error),
            )?;
        }
        Ok(())
    }
}

fn same<T: PartialEq + Debug>(what: &str, known: &T, fresh: &T) -> Result<(), String> {
    if known == fresh {
        return Ok(());
    }
    Err(format!(
        "10: a console knows another {what}: {known:?}, not {fresh:?}"
    ))
}

/// A line without what rows alone cannot tell: that a backlog from before an earlier break had not drained yet.
fn told(line: &LogLine) -> LogLine {
    let mut line = line.clone();
    if let LogWhat::LinkUp { gap_from, .. } = &mut line.what {
        *gap_from = None;
    }
    line
}
