//! A line of the log that is open: every fact of it in words.

use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::{FeedLine, FeedOutcome, LogLine, LogWhat};
use crate::domain::Millis;
use crate::ui::look::Role;
use crate::ui::text;

impl Pen<'_> {
    /// Draws the line that is open.
    pub fn open_line(&mut self, place: Rect) {
        let model = self.model;
        let Some(line) = &model.line else {
            return;
        };
        let place = indented(place);
        match &line.what {
            LogWhat::Feed(feed) => self.open_feed(place, line, feed),
            LogWhat::LinkUp { .. }
            | LogWhat::LinkDown { .. }
            | LogWhat::EngineStarted { .. }
            | LogWhat::EngineStopped
            | LogWhat::Desk { .. }
            | LogWhat::OverBound(_) => {
                let sentence = self.sentence(line);
                let y = self.paragraph(place, 0, &sentence, Role::Strong);
                self.when(place, y + 1, line);
            }
            LogWhat::Note { by, about, .. } => {
                let sentence = self.sentence(line);
                let y = self.paragraph(place, 0, &sentence, Role::Strong);
                let mut y = self.when(place, y + 1, line);
                if let Some(about) = about {
                    y = self.said(place, y, "fact.about", &about.to_string());
                }
                self.said(place, y, "fact.desk", &by.desk);
            }
        }
    }

    /// What stands above the line that is open.
    pub fn line_title(&self) -> String {
        let seq = self.model.line.as_ref().map_or(0, |line| line.seq.0);
        self.say("pane.line", &[("seq", &seq.to_string())])
    }

    fn open_feed(&mut self, place: Rect, line: &LogLine, feed: &FeedLine) {
        let (word, role) = self.feed_word(feed);
        let who = self.feed_who(feed, usize::MAX);
        let mut row = self.row(place, 0);
        row.put(&word, role);
        row.skip(2);
        row.put(&who, Role::Strong);
        let mut y = 1;
        // Beside other words it would turn them, too.
        if let Some(name) = feed
            .name
            .as_ref()
            .filter(|name| text::is_right_to_left(name))
        {
            self.line(place, y, name, Role::Normal);
            y += 1;
        }
        let mut y = self.paragraph(place, y, &self.became(feed), Role::Normal) + 1;
        if let Some(at) = feed.at {
            let at = self.moment_in_full(at);
            y = self.said(place, y, "fact.counts_at", &at);
        }
        y = self.when(place, y, line);
        if let Some(claimed) = feed.claimed_at {
            y = self.claimed(place, y, feed, claimed);
        }
        if let Some(sender) = &feed.sender {
            y = self.said(place, y, "fact.sender", &self.phone(sender));
        }
        if let Some(gateway) = &feed.gateway {
            y = self.said(place, y, "fact.gateway", &gateway.0);
        }
        if let Some(by) = &feed.by {
            let by = self.say("fact.by_at", &[("by", &by.user), ("desk", &by.desk)]);
            y = self.said(place, y, "fact.by", &by);
        }
        if let Some(device) = feed.device {
            let device = device.to_string();
            let text = feed.counter.map_or(device.clone(), |counter| {
                let facts = [("device", &*device), ("counter", &*counter.to_string())];
                self.say("fact.device_and_counter", &facts)
            });
            y = self.said(place, y, "fact.device", &text);
        }
        if !feed.note.is_empty() {
            let key = if feed.by.is_some() {
                "fact.reason"
            } else {
                "fact.note"
            };
            y = self.said(place, y, key, &feed.note);
        }
        if let Some(seq) = feed.retry_of {
            y = self.said(place, y, "fact.retry_of", &seq.to_string());
        }
        self.answer(place, y, feed);
    }

    /// What became of it: a sentence, and why, and what is odd about it.
    fn became(&self, feed: &FeedLine) -> String {
        let mut said = vec![match feed.outcome {
            FeedOutcome::Recorded => self.say("became.recorded", &[]),
            FeedOutcome::Duplicate => self.say("became.duplicate", &[]),
            FeedOutcome::Replay => self.say("became.replay", &[]),
            FeedOutcome::Refused(reason) => {
                let reason = self.words().refused_reason(reason);
                self.say("became.refused", &[("reason", &reason)])
            }
            FeedOutcome::Unreadable(reason) => {
                let reason = self.words().unreadable_reason(reason);
                self.say("became.unreadable", &[("reason", &reason)])
            }
            FeedOutcome::ByHand => self.say("became.by_hand", &[]),
            FeedOutcome::Reversed => self.say("became.reversed", &[]),
            FeedOutcome::Imported => self.say("became.imported", &[]),
        }];
        for (is_so, key) in [
            (feed.delayed, "became.delayed"),
            (feed.link_gap, "became.waited"),
            (feed.clock_off, "became.clock_off"),
            (feed.weak, "became.weak"),
        ] {
            if is_so {
                said.push(self.say(key, &[]));
            }
        }
        said.join(" ")
    }

    fn claimed(&mut self, place: Rect, y: usize, feed: &FeedLine, claimed: Millis) -> usize {
        let off = claimed.ms_since(feed.received_at);
        let at = self.moment_in_full(claimed);
        let span = self.span(off.abs());
        let facts = [("at", &*at), ("span", &*span)];
        let text = if off.abs() < Millis::SECOND {
            self.say("fact.claimed_same", &facts)
        } else if off > 0 {
            self.say("fact.claimed_ahead", &facts)
        } else {
            self.say("fact.claimed_behind", &facts)
        };
        self.said(place, y, "fact.claimed", &text)
    }

    /// What became of the answer, how often it was tried, what the gateway calls it.
    fn answer(&mut self, place: Rect, y: usize, feed: &FeedLine) {
        let Some(receipt) = &feed.receipt else {
            self.said(place, y, "fact.receipt", &self.say("fact.no_receipt", &[]));
            return;
        };
        let (state, role) = self.outbox_state(receipt.state);
        let attempts = receipt.attempts.to_string();
        let text = self.say(
            "fact.receipt_state",
            &[("state", &state), ("attempts", &attempts)],
        );
        let label = self.say("fact.receipt", &[]);
        let mut y = self.fact(place, y, &label, &text, role);
        let model = self.model;
        let entry = model
            .facts
            .outbox
            .values()
            .find(|entry| entry.seq == feed.seq);
        if let Some(entry) = entry {
            let (note, role) = self.outbox_note(entry);
            y = self.fact(place, y, "", &note, role);
        }
        if let Some(id) = &receipt.message_id {
            self.said(place, y, "fact.message_id", id);
        }
    }

    fn when(&mut self, place: Rect, y: usize, line: &LogLine) -> usize {
        let at = self.moment_in_full(line.at);
        let age = self.age(line.at);
        let text = self.say("fact.at_and_age", &[("at", &at), ("age", &age)]);
        let key = match &line.what {
            LogWhat::Feed(feed) if feed.sender.is_some() => "fact.received",
            LogWhat::Feed(_)
            | LogWhat::LinkUp { .. }
            | LogWhat::LinkDown { .. }
            | LogWhat::EngineStarted { .. }
            | LogWhat::EngineStopped
            | LogWhat::Desk { .. }
            | LogWhat::Note { .. }
            | LogWhat::OverBound(_) => "fact.written",
        };
        self.said(place, y, key, &text)
    }

    fn said(&mut self, place: Rect, y: usize, key: &str, text: &str) -> usize {
        let label = self.say(key, &[]);
        self.fact(place, y, &label, text, Role::Normal)
    }
}
