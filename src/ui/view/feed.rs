//! What a line of the log says: in the cells of a feed, and as a sentence.

use super::pen::Pen;
use crate::api::{FeedLine, FeedOutcome, LogLine, LogWhat};
use crate::domain::{DeskAct, Millis, OverBound, UnreadableReason};
use crate::ui::look::Role;

/// A line of the log in cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whose message it was.
    pub who: String,
    /// What it is in a word; `None` where [`Told::text`] is a sentence that says all.
    pub word: Option<String>,
    /// The looks of the word, or of the sentence.
    pub role: Role,
    /// What else there is to say.
    pub text: String,
    /// Its looks.
    pub text_role: Role,
}

impl Pen<'_> {
    /// Says a line for columns: the name in `who` cells, and what else there is to say in few where `is_narrow`.
    pub fn tell(&self, line: &LogLine, who: usize, is_narrow: bool) -> Told {
        let LogWhat::Feed(feed) = &line.what else {
            return self.tell_other(line, who, is_narrow);
        };
        let (word, role) = self.feed_word(feed);
        let (text, text_role) = self.feed_rest(feed, is_narrow);
        Told {
            who: self.feed_who(feed, who),
            word: Some(word),
            role,
            text,
            text_role,
        }
    }

    fn tell_other(&self, line: &LogLine, who: usize, is_narrow: bool) -> Told {
        let (about, word) = match &line.what {
            LogWhat::Desk { by, .. } => (by.user.clone(), self.say("log.kind_desk", &[])),
            LogWhat::Note {
                by, employee, name, ..
            } => {
                let about = employee.map(|id| self.person_short(id, name.as_deref(), who));
                let about = about.unwrap_or_else(|| by.user.clone());
                (about, self.say("log.kind_note", &[]))
            }
            LogWhat::Feed(_)
            | LogWhat::LinkUp { .. }
            | LogWhat::LinkDown { .. }
            | LogWhat::EngineStarted { .. }
            | LogWhat::EngineStopped
            | LogWhat::OverBound(_) => (String::new(), String::new()),
        };
        let is_cells = is_narrow && !word.is_empty();
        Told {
            who: about,
            word: is_cells.then_some(word),
            role: log_role(&line.what),
            text: match is_narrow {
                true if is_cells => String::new(),
                true => self.short_sentence(line),
                false => self.sentence(line),
            },
            text_role: Role::Normal,
        }
    }

    /// A line that is nobody's in 25 cells.
    fn short_sentence(&self, line: &LogLine) -> String {
        match &line.what {
            LogWhat::LinkUp {
                gap_from: Some(from),
                ..
            } => {
                let span = self.span(line.at.ms_since(*from));
                self.say("log.short_back", &[("span", &span)])
            }
            LogWhat::LinkUp { gap_from: None, .. } => self.say("log.short_up", &[]),
            LogWhat::LinkDown { .. } => self.say("log.short_down", &[]),
            LogWhat::EngineStarted { .. } => self.say("log.short_started", &[]),
            LogWhat::EngineStopped => self.say("log.stopped", &[]),
            LogWhat::OverBound(over) => {
                let count = over.unreadable.saturating_add(over.copies).to_string();
                self.say("log.short_over", &[("count", &count)])
            }
            LogWhat::Feed(_) | LogWhat::Desk { .. } | LogWhat::Note { .. } => self.sentence(line),
        }
    }

    /// Whose message it was: a name, else a number.
    pub fn feed_who(&self, feed: &FeedLine, width: usize) -> String {
        match (feed.employee, &feed.sender) {
            (Some(employee), _) => self.person_short(employee, feed.name.as_deref(), width),
            (None, Some(sender)) => self.phone_in(sender, width),
            (None, None) => String::new(),
        }
    }

    /// What a message or mark is, in a word of 8 cells at most.
    pub fn feed_word(&self, feed: &FeedLine) -> (String, Role) {
        let action = || {
            feed.action
                .map_or_else(String::new, |action| self.action(action))
        };
        match feed.outcome {
            FeedOutcome::Recorded if feed.delayed => (action(), Role::Dim),
            FeedOutcome::Recorded | FeedOutcome::Imported => (action(), Role::Normal),
            FeedOutcome::Duplicate => (action(), Role::Dim),
            FeedOutcome::Replay => (self.say("feed.replay", &[]), Role::Bad),
            FeedOutcome::Refused(_) => (self.say("feed.refused", &[]), Role::Warn),
            FeedOutcome::ByHand | FeedOutcome::Reversed => {
                (format!("{} ~", action()), Role::Normal)
            }
            FeedOutcome::Unreadable(reason) => match (reason, feed.employee) {
                (UnreadableReason::RevokedDevice, _) => (self.say("feed.forged", &[]), Role::Bad),
                (UnreadableReason::WrongTag | UnreadableReason::UnknownDevice, Some(_)) => {
                    (self.say("feed.key", &[]), Role::Bad)
                }
                (_, Some(_)) => (self.say("feed.unread", &[]), Role::Warn),
                (_, None) => (self.say("feed.unknown", &[]), Role::Warn),
            },
        }
    }

    /// By how many minutes the phone's clock was ahead when the message was written; behind: negative.
    pub fn clock_off_min(feed: &FeedLine) -> Option<i64> {
        let claimed = feed.claimed_at.filter(|_| feed.clock_off)?;
        Some(claimed.ms_since(feed.received_at) / Millis::MINUTE)
    }

    /// A line of the log as a sentence.
    pub fn sentence(&self, line: &LogLine) -> String {
        match &line.what {
            LogWhat::Feed(feed) => {
                let (word, _) = self.feed_word(feed);
                format!("{word} {}", self.feed_rest(feed, false).0)
            }
            LogWhat::LinkUp { gateway, gap_from } => match gap_from {
                Some(from) => {
                    let span = self.span(line.at.ms_since(*from));
                    let facts = [("gateway", &*gateway.0), ("span", &*span)];
                    self.say("log.link_back", &facts)
                }
                None => self.say("log.link_up", &[("gateway", &gateway.0)]),
            },
            LogWhat::LinkDown { gateway, cause } => {
                let cause = self.words().down_cause(*cause);
                let facts = [("gateway", &*gateway.0), ("cause", &*cause)];
                self.say("log.link_down", &facts)
            }
            LogWhat::EngineStarted {
                version,
                alive_until,
            } => match alive_until {
                Some(until) => {
                    let until = self.moment(*until);
                    let facts = [("version", &**version), ("until", &*until)];
                    self.say("log.started", &facts)
                }
                None => self.say("log.started_first", &[("version", version)]),
            },
            LogWhat::EngineStopped => self.say("log.stopped", &[]),
            LogWhat::Desk {
                by,
                act,
                name,
                employee,
            } => {
                let who = employee.map(|id| self.person_name(id, name.as_deref()));
                self.act(&by.user, act, who.as_deref().unwrap_or_default())
            }
            LogWhat::Note {
                by,
                employee,
                name,
                about,
                text,
            } => {
                let about = about.map_or_else(String::new, |about| about.to_string());
                let facts = [("by", &*by.user), ("text", text), ("seq", &*about)];
                if text.is_empty() {
                    return self.say("log.note_taken_back", &facts);
                }
                let Some(employee) = employee else {
                    return self.say("log.note", &facts);
                };
                let name = self.person_name(*employee, name.as_deref());
                self.say("log.note_about", &[facts[0], facts[1], ("name", &name)])
            }
            LogWhat::OverBound(over) => self.over_bound(over),
        }
    }

    fn feed_rest(&self, feed: &FeedLine, is_narrow: bool) -> (String, Role) {
        let by = feed.by.as_ref().map_or("", |by| &by.user);
        let mut parts = Vec::new();
        let mut role = Role::Normal;
        match feed.outcome {
            FeedOutcome::Recorded => {}
            FeedOutcome::Replay => parts.push(self.say("feed.sent_before", &[])),
            FeedOutcome::Duplicate => {
                parts.push(self.words().outcome(feed.outcome));
                role = Role::Dim;
            }
            FeedOutcome::Imported | FeedOutcome::Reversed => {
                parts.push(self.words().outcome(feed.outcome));
            }
            FeedOutcome::Refused(reason) => parts.push(self.words().refused_reason(reason)),
            FeedOutcome::Unreadable(_) if is_narrow => parts.push(self.say("feed.not_read", &[])),
            FeedOutcome::Unreadable(reason) => {
                parts.push(self.words().unreadable_reason(reason));
            }
            FeedOutcome::ByHand if is_narrow || feed.note.is_empty() => {
                parts.push(self.say("feed.by", &[("by", by)]));
            }
            FeedOutcome::ByHand => {
                let facts = [("by", by), ("reason", &*feed.note)];
                parts.push(self.say("feed.by_because", &facts));
            }
        }
        if feed.delayed {
            parts.push(self.say("feed.delayed", &[]));
        }
        if let Some(minutes) = Self::clock_off_min(feed) {
            let minutes = format!("{minutes:+}");
            let key = if is_narrow {
                "feed.clock_short"
            } else {
                "feed.clock"
            };
            parts.push(self.say(key, &[("minutes", &minutes)]));
            role = Role::Warn;
        }
        if let Some(receipt) = &feed.receipt {
            let (word, receipt_role) = self.receipt(receipt, is_narrow);
            let is_wrong = receipt_role != Role::Normal;
            // In few cells only one thing can be said: what is wrong with the answer, else what is odd about the message.
            if is_narrow && is_wrong {
                return (word, receipt_role);
            }
            if !is_narrow || parts.is_empty() {
                parts.push(word);
            }
            role = if is_wrong { receipt_role } else { role };
        }
        if !is_narrow && feed.link_gap {
            parts.push(self.say("feed.waited", &[]));
        }
        let is_message = feed.outcome != FeedOutcome::ByHand;
        if !is_narrow && is_message && !feed.note.is_empty() {
            parts.push(self.say("feed.note", &[("note", &feed.note)]));
        }
        (parts.join(", "), role)
    }

    fn over_bound(&self, over: &OverBound) -> String {
        let (unreadable, copies) = (over.unreadable.to_string(), over.copies.to_string());
        let facts = [("unreadable", &*unreadable), ("copies", &*copies)];
        self.say("log.over_bound", &facts)
    }

    fn act(&self, by: &str, act: &DeskAct, name: &str) -> String {
        let say = |key, facts: &[(&str, &str)]| {
            let mut all = vec![("by", by), ("name", name)];
            all.extend_from_slice(facts);
            self.say(key, &all)
        };
        match act {
            DeskAct::EmployeeAdded(_) => say("act.added", &[]),
            DeskAct::EmployeeEdited(_) => say("act.edited", &[]),
            DeskAct::EmployeeSuspended(_) => say("act.suspended", &[]),
            DeskAct::EmployeeResumed(_) => say("act.resumed", &[]),
            DeskAct::LegacyEnded(_) => say("act.legacy_ended", &[]),
            DeskAct::DeviceEnrolled(device, _) => {
                say("act.enrolled", &[("device", &device.to_string())])
            }
            DeskAct::DeviceRevoked(device) => {
                say("act.revoked", &[("device", &device.to_string())])
            }
            DeskAct::DeviceUnrevoked(device) => {
                say("act.unrevoked", &[("device", &device.to_string())])
            }
            DeskAct::Acknowledged(_, kind) => {
                say("act.acknowledged", &[("alarm", &self.alarm_name(kind))])
            }
            DeskAct::Requeued(id) => say("act.requeued", &[("id", &id.to_string())]),
            DeskAct::Reopened(seq) => say("act.reopened", &[("seq", &seq.to_string())]),
            DeskAct::GaveUp(id) => say("act.gave_up", &[("id", &id.to_string())]),
            DeskAct::Shelved(_, kind, until) => {
                let (alarm, until) = (self.alarm_name(kind), self.moment(*until));
                say("act.shelved", &[("alarm", &alarm), ("until", &until)])
            }
            DeskAct::Unshelved(_, kind) => {
                say("act.unshelved", &[("alarm", &self.alarm_name(kind))])
            }
            DeskAct::Unacknowledged(_, kind) => {
                say("act.unacknowledged", &[("alarm", &self.alarm_name(kind))])
            }
            DeskAct::NumbersShown => say("act.numbers_shown", &[]),
        }
    }
}

/// The looks of a line that is neither message nor mark.
pub const fn log_role(what: &LogWhat) -> Role {
    match what {
        LogWhat::LinkDown { .. } => Role::Bad,
        LogWhat::OverBound(_) => Role::Warn,
        LogWhat::Feed(_)
        | LogWhat::LinkUp { .. }
        | LogWhat::EngineStarted { .. }
        | LogWhat::EngineStopped
        | LogWhat::Note { .. } => Role::Normal,
        LogWhat::Desk { .. } => Role::Dim,
    }
}
