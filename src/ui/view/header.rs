//! Header and alarm line: what time, how many are in, is anything wrong.

use ratatui::layout::Rect;

use super::hints::SCREENS;
use super::pen::Pen;
use crate::api::{AlarmFact, AlarmState};
use crate::ui::Detached;
use crate::ui::keys::Intent;
use crate::ui::look::Role;
use crate::ui::model::Screen;
use crate::ui::text;

impl Pen<'_> {
    /// Draws the first line.
    pub fn header(&mut self, place: Rect) {
        let model = self.model;
        let width = usize::from(place.width);
        let (time, day) = (self.clock_s(model.now), self.day(model.now));
        let weekday = self.weekday_short(model.now);
        let totals = model.facts.totals;
        let out = totals.employees.saturating_sub(totals.present);
        let [present, out, all] = [totals.present, out, totals.employees].map(|n| n.to_string());
        let is_known = model.facts.started_at.is_some();
        let counts = self.say(
            "header.counts",
            &[("in", &present), ("out", &out), ("all", &all)],
        );
        let demo = self.say("header.demo", &[]);
        let screens = self.screen_names(width);
        let taken = screens
            .iter()
            .map(|(name, _)| text::width(name) + 2)
            .sum::<usize>();
        let demo_wide = if model.site.is_demo {
            text::width(&demo) + 1
        } else {
            0
        };
        let counts_wide = if is_known {
            text::width(&counts) + GAP
        } else {
            0
        };
        let free =
            width.saturating_sub(taken + 1 + "hazir".len() + demo_wide + GAP + counts_wide + 1);
        let dates = [
            format!("{day} {} {time}", self.year(model.now)),
            format!("{day} {time}"),
            format!("{weekday} {time}"),
            time,
        ];
        let date = dates.iter().find(|date| text::width(date) <= free);
        let bar = format!(" {} ", self.signs.bar);
        let facts = [("site", &*model.site.name), ("desk", &*model.site.desk)];
        let site = self.say("header.site", &facts);
        let mut row = self.row(place, 0);
        row.skip(1);
        row.put("hazir", Role::Strong);
        if model.site.is_demo {
            row.skip(1);
            row.put(&demo, Role::Alarm);
        }
        if let Some(date) = date {
            row.put(&bar, Role::Dim);
            row.put(date, Role::Normal);
        }
        if is_known {
            row.put(&bar, Role::Dim);
            row.put(&counts, Role::Strong);
        }
        if row.room() > taken + GAP + text::width(&site) {
            row.put(&bar, Role::Dim);
            row.put(&site, Role::Normal);
        }
        row.leave(taken);
        for (name, role) in screens {
            row.put(&name, role);
            row.skip(2);
        }
    }

    /// Draws the second line: what is wrong.
    pub fn alarm_line(&mut self, place: Rect) {
        let model = self.model;
        if let Some((why, since)) = model.detached {
            let text = self.detached(why, self.model.now.ms_since(since));
            let sign = self.signs.alarm_new;
            let mut row = self.row(place, 0);
            row.skip(1);
            row.put(&format!("{sign} {text}"), Role::Alarm);
            return;
        }
        let counts = |state| {
            model
                .facts
                .alarms
                .iter()
                .filter(|a| a.state == state)
                .count()
        };
        let Some(alarm) = model.shown_alarm() else {
            let seen = counts(AlarmState::Seen);
            let (text, role) = if seen == 0 {
                (self.say("alarm_line.none", &[]), Role::Dim)
            } else {
                let key = self.key_label(Intent::Show(Screen::Alarms));
                let facts = [("count", &*seen.to_string()), ("key", &*key)];
                let text = self.say("alarm_line.all_seen", &facts);
                (format!("{} {text}", self.signs.alarm_seen), Role::Warn)
            };
            let mut row = self.row(place, 0);
            row.skip(1);
            row.put(&text, role);
            return;
        };
        self.shown_alarm(place, alarm, counts(AlarmState::New));
    }

    fn shown_alarm(&mut self, place: Rect, alarm: &AlarmFact, new: usize) {
        let state = self.alarm_state(alarm);
        let title = self.alarm_name(&alarm.kind);
        let (sentence, _) = self.alarm_words(alarm);
        let about = self.alarm_about_whom(alarm);
        let since = self.short_moment(alarm.since);
        let count = if new == 0 {
            state.word.clone()
        } else {
            self.say("alarm_line.new", &[("count", &new.to_string())])
        };
        let hint = self.key_hint(Intent::Acknowledge);
        let all = self.key_hint(Intent::Show(Screen::Alarms));
        let hints = if usize::from(place.width) < MANY {
            hint
        } else {
            format!("{hint}   {all}")
        };
        let bar = self.signs.bar;
        let mut row = self.row(place, 0);
        row.skip(1);
        row.put(&format!("{} {count}", state.glyph), state.role);
        row.skip(1);
        row.put(bar, Role::Dim);
        row.skip(1);
        row.put(&title, Role::Strong);
        row.skip(1);
        let after = hints.len() + 3;
        let room = row.room().saturating_sub(after);
        // A sentence that does not fit says less than whom it is about.
        let short = format!("{about} {since}");
        let said = if text::width(&sentence) <= room {
            &sentence
        } else {
            &short
        };
        row.cell(said.trim_start(), room, Role::Normal);
        row.skip(1);
        row.put(bar, Role::Dim);
        row.skip(1);
        row.put(&hints, Role::Normal);
    }

    /// The screens with their keys; where there is little room, the name of the one that is shown.
    fn screen_names(&self, width: usize) -> Vec<(String, Role)> {
        let current = self.model.screen;
        let names = SCREENS
            .iter()
            .filter(|(screen, _)| width >= MANY || *screen == current);
        names
            .map(|(screen, key)| {
                let name = self.say(key, &[]);
                if width < MANY {
                    return (name, Role::Strong);
                }
                let is_help = *screen == Screen::Help;
                let intent = if is_help {
                    Intent::Help
                } else {
                    Intent::Show(*screen)
                };
                let role = if *screen == current {
                    Role::Strong
                } else {
                    Role::Dim
                };
                (format!("{} {name}", self.key_label(intent)), role)
            })
            .collect()
    }

    /// Why this window is not connected: a sentence.
    pub fn detached(&self, why: Detached, ms: i64) -> String {
        let span = self.span(ms);
        let is_first = self.model.facts.started_at.is_none();
        match why {
            Detached::NotRunning if self.model.site.is_demo => {
                let leave = self.model.key_or_name(Intent::Leave);
                self.say("detached.demo_over", &[("leave", &leave)])
            }
            Detached::NotRunning if is_first => self.say("detached.not_running", &[]),
            Detached::NotRunning => self.say("detached.gone", &[]),
            Detached::Starting => self.say("detached.starting", &[]),
            Detached::StartFailed(Some(code)) => {
                self.say("detached.start_failed_with", &[("code", &code.to_string())])
            }
            Detached::StartFailed(None) => self.say("detached.start_failed", &[]),
            Detached::Lost if is_first => self.say("detached.connecting", &[]),
            Detached::Lost => self.say("detached.lost", &[("span", &span)]),
            Detached::Stopped => self.say("detached.stopped", &[("span", &span)]),
            Detached::Version => self.say("detached.version", &[]),
            Detached::Denied => self.say("detached.denied", &[]),
            Detached::Busy => self.say("detached.busy", &[]),
        }
    }
}

/// From this width on all screens are named.
const MANY: usize = 120;
/// Between the parts of the header.
const GAP: usize = 3;
