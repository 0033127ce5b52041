//! Which keys are worth a hint, by what is shown; the table of keys says how they are called.

use super::pen::Pen;
use crate::ui::keys::Intent;
use crate::ui::model::{Dialog, Pane, Screen};

/// All screens, in the order of their keys.
pub const SCREENS: [(Screen, &str); 7] = [
    (Screen::Desk, "screen.desk"),
    (Screen::People, "screen.people"),
    (Screen::Log, "screen.log"),
    (Screen::Outbox, "screen.outbox"),
    (Screen::Link, "screen.link"),
    (Screen::Alarms, "screen.alarms"),
    (Screen::Help, "screen.help"),
];

/// Fits every screen.
const ALWAYS: [Intent; 4] = [
    Intent::Find,
    Intent::NextPane,
    Intent::Commands,
    Intent::Help,
];

impl Pen<'_> {
    /// The first key of an act: `a`.
    pub fn key_label(&self, intent: Intent) -> String {
        let key = self.model.keys.of_intent(intent).first();
        key.map_or_else(String::new, ToString::to_string)
    }

    /// The first key of an act and the act in a word or two: `a acknowledge`. Empty where it has no key.
    pub fn key_hint(&self, intent: Intent) -> String {
        let label = self.key_label(intent);
        match intent.entry() {
            Some(entry) if !label.is_empty() => format!("{label} {}", self.say(entry.hint, &[])),
            Some(_) | None => String::new(),
        }
    }

    /// The acts of the hint line, the most useful first.
    pub fn hints(&self, pane: Pane, panes: usize) -> Vec<String> {
        let model = self.model;
        if let Some((dialog, _)) = &model.dialog {
            return self.dialog_hints(dialog);
        }
        let arrows = self.signs.arrows;
        let mut hints = vec![format!("{arrows} {}", self.say("hint.move", &[]))];
        if model.is_plain || model.is_zoomed {
            let leave = if model.is_plain {
                Intent::Plain
            } else {
                Intent::Zoom
            };
            hints.push(format!(
                "{} {}",
                self.key_label(leave),
                self.say("hint.leave_zoom", &[])
            ));
        }
        let is_open = model.screen != Screen::Desk || pane == Pane::Line;
        if is_open {
            hints.push(self.key_hint(Intent::Back));
        }
        let mut intents = of_pane(pane).to_vec();
        if model.columns < 80 {
            // Other panes are seen by Tab alone.
            intents.retain(|intent| *intent != Intent::NextPane);
            intents.insert(0, Intent::NextPane);
        }
        let more = ALWAYS
            .into_iter()
            .filter(|intent| !intents.contains(intent));
        intents.extend(more.collect::<Vec<_>>());
        let useless = [
            (Intent::NextPane, panes < 2),
            (Intent::Zoom, model.is_zoomed),
            (Intent::Plain, model.is_plain),
        ];
        intents.retain(|intent| !useless.contains(&(*intent, true)));
        hints.extend(intents.into_iter().map(|intent| self.key_hint(intent)));
        hints
    }

    fn dialog_hints(&self, dialog: &Dialog) -> Vec<String> {
        let keys: &[&str] = match dialog {
            Dialog::Ask(_) => &["hint.yes", "hint.no"],
            Dialog::Reason { action: None, .. } => {
                &["hint.mark_in", "hint.mark_out", "hint.cancel"]
            }
            Dialog::Reason { .. } | Dialog::Note { .. } => &["hint.save", "hint.cancel"],
            Dialog::Shelve(_) => &["hint.shelve", "hint.cancel"],
            Dialog::Find(_) => &["hint.keep", "hint.show_all"],
            Dialog::Commands { .. } => &["hint.choose", "hint.run", "hint.cancel"],
        };
        keys.iter()
            .map(|key| self.say(key, &[("arrows", self.signs.arrows)]))
            .collect()
    }
}

const fn of_pane(pane: Pane) -> &'static [Intent] {
    match pane {
        Pane::People => &[
            Intent::Open,
            Intent::Acknowledge,
            Intent::Mark,
            Intent::Find,
            Intent::NextPane,
            Intent::Order,
            Intent::Note,
            Intent::Undo,
            Intent::Zoom,
            Intent::Plain,
        ],
        Pane::Live => &[
            Intent::Open,
            Intent::Pause,
            Intent::Retry,
            Intent::NextPane,
            Intent::Acknowledge,
            Intent::Note,
            Intent::Copy,
        ],
        Pane::Alarms => &[
            Intent::Acknowledge,
            Intent::Shelve,
            Intent::Open,
            Intent::Hush,
            Intent::AcknowledgeAll,
        ],
        Pane::Person | Pane::History => &[
            Intent::Mark,
            Intent::Note,
            Intent::Open,
            Intent::LogOf,
            Intent::Undo,
        ],
        Pane::Log => &[
            Intent::Open,
            Intent::Kind,
            Intent::EarlierDay,
            Intent::LaterDay,
            Intent::LogOf,
            Intent::Retry,
        ],
        Pane::Line => &[Intent::Retry, Intent::Note, Intent::Copy, Intent::LogOf],
        Pane::Outbox => &[
            Intent::Retry,
            Intent::GiveUp,
            Intent::RetryFailed,
            Intent::Open,
        ],
        Pane::Links | Pane::Replies | Pane::Pdus | Pane::Arrivals | Pane::Health => {
            &[Intent::Acknowledge, Intent::Zoom, Intent::Plain]
        }
        Pane::Help => &[Intent::Open],
    }
}
