use super::{Intent, Key};
use crate::domain::Action;
use crate::ui::model::Screen;

/// An act that has a name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub intent: Intent,
    /// Its name, for `:` and for binding other keys to it; words apart by spaces.
    pub name: &'static str,
    /// Its keys, where none were bound by hand.
    pub keys: &'static [Key],
    /// The key of its words in a hint: one or two.
    pub hint: &'static str,
    /// The key of its sentence in help.
    pub about: &'static str,
}

/// A line of [`TABLE`]: its words stand under `key.` and `key_about.`.
macro_rules! entry {
    ($intent:expr, $name:literal, [$($key:expr),*], $hint:literal, $about:literal) => {
        Entry { intent: $intent, name: $name, keys: &[$($key),*], hint: $hint, about: $about }
    };
}

use Key::{Char, Ctrl, F};

/// All acts that have a name, in the order in which help lists them.
#[rustfmt::skip]
pub const TABLE: &[Entry] = &[
    entry!(Intent::Acknowledge, "acknowledge", [Char('a')], "key.acknowledge", "key_about.acknowledge"),
    entry!(Intent::Retry, "retry", [Char('r')], "key.retry", "key_about.retry"),
    entry!(Intent::Find, "find", [Char('/'), Char('f')], "key.find", "key_about.find"),
    entry!(Intent::AcknowledgeAll, "acknowledge all", [Char('A')], "key.acknowledge_all", "key_about.acknowledge_all"),
    entry!(Intent::RetryFailed, "retry failed", [Char('R')], "key.retry_failed", "key_about.retry_failed"),
    entry!(Intent::GiveUp, "give up", [Char('x')], "key.give_up", "key_about.give_up"),
    entry!(Intent::Mark, "mark", [Char('m')], "key.mark", "key_about.mark"),
    entry!(Intent::MarkAs(Action::In), "mark in", [], "key.mark_in", "key_about.mark_in"),
    entry!(Intent::MarkAs(Action::Out), "mark out", [], "key.mark_out", "key_about.mark_out"),
    entry!(Intent::Note, "note", [Char('n')], "key.note", "key_about.note"),
    entry!(Intent::Undo, "undo", [Char('u')], "key.undo", "key_about.undo"),
    entry!(Intent::Shelve, "shelve", [Char('s')], "key.shelve", "key_about.shelve"),
    entry!(Intent::Hush, "hush", [Char('h')], "key.hush", "key_about.hush"),
    entry!(Intent::Open, "open", [Key::Enter], "key.open", "key_about.open"),
    entry!(Intent::Back, "back", [Key::Esc], "key.back", "key_about.back"),
    entry!(Intent::NextPane, "next pane", [Key::Tab], "key.next_pane", "key_about.next_pane"),
    entry!(Intent::PreviousPane, "previous pane", [Key::BackTab], "key.previous_pane", "key_about.previous_pane"),
    entry!(Intent::Show(Screen::Desk), "desk", [Char('1')], "key.desk", "key_about.desk"),
    entry!(Intent::Show(Screen::People), "people", [Char('2')], "key.people", "key_about.people"),
    entry!(Intent::Show(Screen::Log), "log", [Char('3')], "key.log", "key_about.log"),
    entry!(Intent::Show(Screen::Outbox), "outbox", [Char('4')], "key.outbox", "key_about.outbox"),
    entry!(Intent::Show(Screen::Link), "link", [Char('5')], "key.link", "key_about.link"),
    entry!(Intent::Reports, "reports", [Char('6')], "key.reports", "key_about.reports"),
    entry!(Intent::Show(Screen::Alarms), "alarms", [Char('!')], "key.alarms", "key_about.alarms"),
    entry!(Intent::Help, "help", [Char('?'), F(1)], "key.help", "key_about.help"),
    entry!(Intent::Commands, "commands", [Char(':'), F(2)], "key.commands", "key_about.commands"),
    entry!(Intent::Order, "order", [Char('o')], "key.order", "key_about.order"),
    entry!(Intent::EarlierDay, "earlier day", [Char('[')], "key.earlier_day", "key_about.earlier_day"),
    entry!(Intent::LaterDay, "later day", [Char(']')], "key.later_day", "key_about.later_day"),
    entry!(Intent::Kind, "kind", [Char('t')], "key.kind", "key_about.kind"),
    entry!(Intent::LogOf, "log of person", [Char('l')], "key.log_of", "key_about.log_of"),
    entry!(Intent::Pause, "pause", [Char('p')], "key.pause", "key_about.pause"),
    entry!(Intent::Zoom, "zoom", [Char('z')], "key.zoom", "key_about.zoom"),
    entry!(Intent::Plain, "plain", [Char('v')], "key.plain", "key_about.plain"),
    entry!(Intent::Copy, "copy", [Char('y')], "key.copy", "key_about.copy"),
    entry!(Intent::Unmask, "unmask", [], "key.unmask", "key_about.unmask"),
    entry!(Intent::NextTheme, "theme", [], "key.theme", "key_about.theme"),
    entry!(Intent::NextGlyphs, "glyphs", [], "key.glyphs", "key_about.glyphs"),
    entry!(Intent::Up, "up", [Key::Up, Char('k')], "key.up", "key_about.up"),
    entry!(Intent::Down, "down", [Key::Down, Char('j')], "key.down", "key_about.down"),
    entry!(Intent::PageUp, "page up", [Key::PageUp], "key.page_up", "key_about.page_up"),
    entry!(Intent::PageDown, "page down", [Key::PageDown], "key.page_down", "key_about.page_down"),
    entry!(Intent::First, "first", [Key::Home, Char('g')], "key.first", "key_about.first"),
    entry!(Intent::Last, "last", [Key::End, Char('G')], "key.last", "key_about.last"),
    entry!(Intent::Start, "start", [], "key.start", "key_about.start"),
    entry!(Intent::Redraw, "redraw", [Ctrl('l')], "key.redraw", "key_about.redraw"),
    entry!(Intent::Leave, "leave", [Char('q'), Ctrl('c')], "key.leave", "key_about.leave"),
];

impl Intent {
    /// The line of the table that says what it is called; `None` for what has no name of its own.
    pub fn entry(self) -> Option<&'static Entry> {
        TABLE.iter().find(|entry| entry.intent == self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_intents_and_keys_stand_once() {
        let names: BTreeSet<_> = TABLE.iter().map(|entry| entry.name).collect();
        let intents: BTreeSet<_> = TABLE.iter().map(|entry| entry.intent).collect();
        let keys: Vec<Key> = TABLE.iter().flat_map(|entry| entry.keys).copied().collect();
        assert_eq!(names.len(), TABLE.len());
        assert_eq!(intents.len(), TABLE.len());
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        for key in keys {
            assert!(!key.is_never_bound(), "{key}");
        }
    }

    #[test]
    fn help_begins_with_acknowledge_retry_and_find() {
        let first: Vec<Intent> = TABLE.iter().take(3).map(|entry| entry.intent).collect();
        assert_eq!(first, [Intent::Acknowledge, Intent::Retry, Intent::Find]);
    }
}
