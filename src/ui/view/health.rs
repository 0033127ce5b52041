use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::{LinkFact, LinkState};
use crate::ui::look::Role;
use crate::ui::text;

impl Pen<'_> {
    /// Draws link, outbox, counts, disk and engine in short.
    pub fn health(&mut self, place: Rect) {
        let place = indented(place);
        let model = self.model;
        if model.facts.started_at.is_none() {
            let text = self.say("empty.nothing_known", &[]);
            self.paragraph(place, 1, &text, Role::Dim);
            return;
        }
        let mut y = 0;
        for link in &model.facts.links {
            y = self.health_of_link(place, y, link);
        }
        let totals = self.outbox_counts();
        let role = self.outbox_role();
        y = self.health_line(place, y, "health.outbox", &totals, role);
        if let Some(day) = model.today() {
            let arrivals = &day.arrivals;
            let [recorded, copies, problems] =
                [arrivals.recorded, arrivals.copies, arrivals.problems].map(|n| n.to_string());
            let facts = [
                ("recorded", &*recorded),
                ("copies", &*copies),
                ("problems", &*problems),
            ];
            let text = self.say("health.today_is", &facts);
            y = self.health_line(place, y, "health.today", &text, Role::Normal);
        }
        if let Some((text, role)) = self.disk() {
            y = self.health_line(place, y, "health.disk", &text, role);
        }
        if let Some(started) = model.facts.started_at {
            let age = self.age(started);
            let facts = [("version", &*model.facts.version), ("age", &*age)];
            let text = self.say("health.engine_is", &facts);
            self.health_line(place, y, "health.engine", &text, Role::Normal);
        }
    }

    /// Answers that are still to be sent, and those that failed.
    pub fn outbox_short(&self) -> String {
        let totals = &self.model.facts.totals;
        let open = totals.outbox_sending.saturating_add(totals.outbox_waiting);
        let facts = [
            ("open", &*open.to_string()),
            ("failed", &*totals.outbox_failed.to_string()),
        ];
        self.say("health.outbox_short", &facts)
    }

    /// Says `key` with how many answers are being sent, wait, and failed.
    pub fn say_outbox(&self, key: &str) -> String {
        let totals = &self.model.facts.totals;
        let facts = [
            ("sending", &*totals.outbox_sending.to_string()),
            ("waiting", &*totals.outbox_waiting.to_string()),
            ("failed", &*totals.outbox_failed.to_string()),
        ];
        self.say(key, &facts)
    }

    /// Answers that are being sent, that wait, and that failed, and how old the oldest is.
    pub fn outbox_counts(&self) -> String {
        let counts = self.say_outbox("health.outbox_is");
        match self.model.facts.totals.outbox_oldest {
            Some(oldest) => {
                let age = self.age(oldest);
                format!("{counts}, {}", self.say("health.oldest", &[("age", &age)]))
            }
            None => counts,
        }
    }

    /// The looks of the counts of answers.
    pub fn outbox_role(&self) -> Role {
        if self.model.facts.totals.outbox_failed > 0 {
            Role::Bad
        } else {
            Role::Normal
        }
    }

    /// How much of the disk is free.
    pub fn disk(&self) -> Option<(String, Role)> {
        /// Below this there is not much.
        const LITTLE: u8 = 10;
        let free = self.model.disk_free?;
        let role = if free < LITTLE {
            Role::Bad
        } else {
            Role::Normal
        };
        Some((
            self.say("health.disk_is", &[("free", &free.to_string())]),
            role,
        ))
    }

    fn health_of_link(&mut self, place: Rect, y: usize, link: &LinkFact) -> usize {
        let state = self.link_state(link.state);
        let age = self.age(link.since);
        let address = self.gateway_address(link);
        let room = usize::from(place.width).saturating_sub(13);
        let text = format!("{address}  {} {} {age}", state.glyph, state.word);
        let text = if text::width(&text) > room {
            format!("{} {} {age}", state.glyph, state.word)
        } else {
            text
        };
        let label = self.say("health.gateway", &[]);
        let mut y = self.fact(place, y, &label, &text, state.role);
        if link.state != LinkState::Bound {
            if let Some(cause) = link.error {
                let cause = self.words().down_cause(cause);
                y = self.fact(place, y, "", &cause, Role::Bad);
            }
            return y;
        }
        let Some(ms) = link.reply_ms else {
            return y;
        };
        let time = self.reply_time(ms);
        let columns = room.saturating_sub(time.len() + 16);
        // Bars are no text.
        let columns = if self.model.is_plain { 0 } else { columns };
        let spark = self.sparkline(&link.gateway, columns);
        let max = self.longest_reply(&link.gateway).to_string();
        let label = self.say("health.reply", &[]);
        let longest = self.say("reply.longest", &[("max", &max)]);
        let mut row = self.row(place, y);
        row.cell(&label, 13, Role::Dim);
        row.put(&time, Role::Normal);
        row.skip(2);
        row.put(&spark, Role::Normal);
        row.skip(2);
        row.put_whole(&longest, Role::Dim);
        let breaks = link.drops.to_string();
        self.health_line(place, y + 1, "health.breaks", &breaks, Role::Normal)
    }

    fn health_line(&mut self, place: Rect, y: usize, key: &str, text: &str, role: Role) -> usize {
        let label = self.say(key, &[]);
        self.fact(place, y, &label, text, role)
    }
}
