//! A console that hears all that is told: it must know what it would know if it began anew.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use hazir::api::{Event, LogLine, LogWhat, Snapshot};
use hazir::domain::Millis;
use hazir::ui::model::Facts;
use hazir::ui::{Look, Message, Model, Site, prepare, update};
use hazir::words::{Language, Words};
use jiff::tz::TimeZone;

static WORDS: LazyLock<Arc<Words>> = LazyLock::new(|| Arc::new(Words::load(Language::English)));

/// A console that began at some moment and hears events since.
pub struct Listener {
    model: Model,
    revision: u64,
}

impl Listener {
    /// Begins with what the engine says.
    pub fn begin(now: Millis, snapshot: Snapshot) -> Self {
        let site = Site {
            name: "Office".to_owned(),
            time_zone: TimeZone::get("Asia/Tehran").unwrap(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            gateways: Vec::new(),
            desk: "front".to_owned(),
            is_demo: false,
        };
        let mut model = Model::new(site, Arc::clone(&WORDS), Look::default(), now, 120, 40);
        let revision = snapshot.revision;
        update(&mut model, now, Message::Attached(Box::new(snapshot)));
        Self { model, revision }
    }

    /// Hears an event.
    pub fn hear(&mut self, now: Millis, revision: u64, event: Event) {
        self.revision += 1;
        assert_eq!(revision, self.revision, "an event is left out: {event:?}");
        update(&mut self.model, now, Message::Event(revision, event));
        prepare(&mut self.model);
    }

    /// Holds what it knows against what it would begin with now.
    pub fn compare(&self, snapshot: Snapshot) {
        let mut fresh = Facts::default();
        fresh.begin(snapshot);
        let known = &self.model.facts;
        assert_eq!(known.revision, fresh.revision, "an event is missing");
        assert_eq!(known.totals, fresh.totals);
        assert_eq!(known.people, fresh.people);
        let by_id = |facts: &Facts| -> BTreeMap<_, _> {
            let alarms = facts.alarms.iter();
            alarms.map(|alarm| (alarm.id, alarm.clone())).collect()
        };
        assert_eq!(by_id(known), by_id(&fresh));
        for (id, entry) in &fresh.outbox {
            assert_eq!(known.outbox.get(id), Some(entry));
        }
        for (seq, line) in &fresh.log {
            let held = known.log.get(seq);
            assert_eq!(held.map(told), Some(told(line)));
        }
        for (held, link) in known.links.iter().zip(&fresh.links) {
            assert_eq!(
                (&held.gateway, held.state, held.since, held.error),
                (&link.gateway, link.state, link.since, link.error)
            );
        }
    }
}

/// A line without what rows alone cannot tell: that a backlog from before an earlier break had not drained yet.
fn told(line: &LogLine) -> LogLine {
    let mut line = line.clone();
    if let LogWhat::LinkUp { gap_from, .. } = &mut line.what {
        *gap_from = None;
    }
    line
}
