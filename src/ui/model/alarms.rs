//! What alarms are called, and what to do about them at this console.

use super::{Model, Screen};
use crate::domain::{AlarmId, AlarmKind};
use crate::ui::keys::Intent;

impl Model {
    /// What an alarm is called.
    pub fn alarm_name(&self, kind: &AlarmKind) -> String {
        let say = |key| self.words.say(key, &[]);
        match kind {
            AlarmKind::LinkDown { .. } => say("alarm_name.link_down"),
            AlarmKind::Store => say("alarm_name.store"),
            AlarmKind::OutboxFailed { .. } => say("alarm_name.outbox_failed"),
            AlarmKind::TwoPlaces { .. } => say("alarm_name.two_places"),
            AlarmKind::Key { .. } => say("alarm_name.key"),
            AlarmKind::UnknownSenders => say("alarm_name.unknown_senders"),
            AlarmKind::LinkDeaf { .. } => say("alarm_name.link_deaf"),
            AlarmKind::LinkUnstable { .. } => say("alarm_name.link_unstable"),
            AlarmKind::OutboxStuck { .. } => say("alarm_name.outbox_stuck"),
            AlarmKind::BackupOld { .. } => say("alarm_name.backup_old"),
            AlarmKind::JournalStopped { .. } => say("alarm_name.journal_stopped"),
        }
    }

    /// What an alarm is called, and whom or which gateway it is about. Empty for one that is gone.
    pub fn alarm_title(&self, id: AlarmId) -> String {
        let Some(alarm) = self.alarm(id) else {
            return String::new();
        };
        let name = self.alarm_name(&alarm.kind);
        match &alarm.kind {
            AlarmKind::LinkDown { gateway, .. }
            | AlarmKind::LinkDeaf { gateway, .. }
            | AlarmKind::LinkUnstable { gateway }
            | AlarmKind::OutboxStuck { gateway } => format!("{name} {gateway}"),
            AlarmKind::TwoPlaces { employee, .. } | AlarmKind::Key { employee } => {
                format!("{name} {}", self.short_name(*employee))
            }
            AlarmKind::Store
            | AlarmKind::OutboxFailed { .. }
            | AlarmKind::UnknownSenders
            | AlarmKind::BackupOld { .. }
            | AlarmKind::JournalStopped { .. } => name,
        }
    }

    /// Says what to do about an alarm, by the keys of this console where there are some: whole sentences. `name` is the
    /// employee's.
    pub fn act_here(&self, kind: &AlarmKind, name: Option<&str>) -> String {
        match kind {
            AlarmKind::OutboxFailed { .. } => {
                let outbox = self.key_or_name(Intent::Show(Screen::Outbox));
                let retry_failed = self.key_or_name(Intent::RetryFailed);
                let facts = [("outbox", &*outbox), ("retry_failed", &*retry_failed)];
                self.words.say("alarm.outbox_failed.act_here", &facts)
            }
            AlarmKind::Key { employee } => {
                let employee = employee.to_string();
                let facts = [
                    ("employee", &*employee),
                    ("name", name.unwrap_or(&employee)),
                    ("mark", &*self.key_or_name(Intent::Mark)),
                ];
                self.words.say("alarm.key.act_here", &facts)
            }
            AlarmKind::UnknownSenders => {
                let log = self.key_or_name(Intent::Show(Screen::Log));
                let acknowledge = self.key_or_name(Intent::Acknowledge);
                let facts = [("log", &*log), ("acknowledge", &*acknowledge)];
                self.words.say("alarm.unknown_senders.act_here", &facts)
            }
            AlarmKind::LinkDeaf { .. } => {
                let link = self.key_or_name(Intent::Show(Screen::Link));
                let acknowledge = self.key_or_name(Intent::Acknowledge);
                let facts = [("link", &*link), ("acknowledge", &*acknowledge)];
                self.words.say("alarm.link_deaf.act_here", &facts)
            }
            AlarmKind::LinkUnstable { .. } => {
                let link = self.key_or_name(Intent::Show(Screen::Link));
                self.words
                    .say("alarm.link_unstable.act_here", &[("link", &link)])
            }
            AlarmKind::OutboxStuck { .. } => {
                let outbox = self.key_or_name(Intent::Show(Screen::Outbox));
                self.words
                    .say("alarm.outbox_stuck.act_here", &[("outbox", &outbox)])
            }
            // The console enrols no phones, and mends no gateway and no disk.
            AlarmKind::LinkDown { .. }
            | AlarmKind::Store
            | AlarmKind::TwoPlaces { .. }
            | AlarmKind::BackupOld { .. }
            | AlarmKind::JournalStopped { .. } => self.words.alarm_act(kind, name),
        }
    }

    /// The first key of an act; where it has none, how it is called by name, such as `:retry failed`.
    pub fn key_or_name(&self, intent: Intent) -> String {
        if let Some(key) = self.keys.of_intent(intent).first() {
            return key.to_string();
        }
        intent
            .entry()
            .map_or_else(String::new, |entry| format!(":{}", entry.name))
    }
}
