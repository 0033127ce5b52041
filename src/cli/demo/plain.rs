use std::collections::BTreeMap;
use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::super::config::Config;
use super::super::error::CliError;
use super::super::reach::Desk;
use super::super::time;
use crate::api::{AlarmState, Event, FeedLine, LinkFact, LinkState, OutboxFact};
use crate::domain::{Action, Address, AlarmId, GatewayName, Millis, OutboxState, Seq};
use crate::words::{Words, safe};

/// Columns of a name.
const NAME_COLUMNS: usize = 24;
/// Columns of what becomes of somebody.
const ACTION_COLUMNS: usize = 4;

/// Writes a line for everything that happens, until the engine ends or nobody reads any more.
pub(super) fn run(
    out: &mut dyn io::Write,
    words: &Words,
    config: &Config,
    desk: &mut dyn Desk,
) -> Result<(), CliError> {
    desk.follow()?;
    let mut lines = Lines {
        words,
        config,
        last: Seq(0),
        alarms: BTreeMap::new(),
        links: BTreeMap::new(),
    };
    loop {
        let event = match desk.next_event() {
            Ok(Some(Event::Stopping) | None) | Err(CliError::EngineStopped) => return Ok(()),
            Ok(Some(event)) => event,
            Err(error) => return Err(error),
        };
        if let Some(line) = lines.of(&event) {
            writeln!(out, "{}", safe(&line))
                .and_then(|()| out.flush())
                .map_err(CliError::Terminal)?;
        }
    }
}

struct Lines<'a> {
    words: &'a Words,
    config: &'a Config,
    /// The last line of the feed that was written.
    last: Seq,
    alarms: BTreeMap<AlarmId, AlarmState>,
    links: BTreeMap<GatewayName, LinkState>,
}

impl Lines<'_> {
    /// The line for an event; `None` where it says nothing new.
    fn of(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Feed(line) if line.seq > self.last => {
                self.last = line.seq;
                Some(self.feed(line))
            }
            Event::Outbox(entry) if entry.state == OutboxState::Failed => Some(self.failed(entry)),
            Event::Alarm(alarm) => {
                let last = self.alarms.insert(alarm.id, alarm.state);
                let is_new = alarm.state == AlarmState::New && last != Some(AlarmState::New);
                let name = alarm.name.as_deref();
                is_new.then(|| {
                    let facts = [
                        ("time", &*self.time(alarm.since)),
                        (
                            "text",
                            &*self.words.alarm_text(&alarm.kind, name, alarm.count),
                        ),
                        ("act", &*self.words.alarm_act(&alarm.kind, name)),
                    ];
                    self.words.say("demo.alarm", &facts)
                })
            }
            Event::Link(link) => {
                let last = self.links.insert(link.gateway.clone(), link.state);
                (last != Some(link.state))
                    .then(|| self.link(link))
                    .flatten()
            }
            Event::Feed(_)
            | Event::Outbox(_)
            | Event::Person(_)
            | Event::AlarmGone(_)
            | Event::Log(_)
            | Event::Totals(_)
            | Event::Roster
            | Event::Lost
            | Event::Stopping => None,
        }
    }

    fn feed(&self, line: &FeedLine) -> String {
        let action = line.action.map_or_else(String::new, |action| {
            let key = match action {
                Action::In => "presence.in",
                Action::Out => "presence.out",
            };
            self.words.say(key, &[])
        });
        // A number says something only where nobody is known by it.
        let sender = line.sender.as_deref();
        let sender = || sender.map(|sender| Address::plain(sender).masked());
        let name = line.name.clone().or_else(sender).unwrap_or_default();
        let mut said = self.words.outcome(line.outcome);
        let marks = [
            (line.delayed, "mark.delayed"),
            (line.link_gap, "mark.link_gap"),
            (line.clock_off, "mark.clock_off"),
            (line.weak, "mark.weak"),
        ];
        for (_, key) in marks.iter().filter(|(is, _)| *is) {
            said.push_str(", ");
            said.push_str(&self.words.say(key, &[]));
        }
        if !line.note.is_empty() {
            said.push_str(": ");
            said.push_str(&line.note);
        }
        let (name, action) = (padded(&name, NAME_COLUMNS), padded(&action, ACTION_COLUMNS));
        format!("{}  {name}  {action}  {said}", self.time(line.received_at))
    }

    fn failed(&self, entry: &OutboxFact) -> String {
        let error = entry.error.as_ref();
        let error = error.map_or_else(String::new, |error| self.words.send_error(error));
        let facts = [
            ("time", &*self.time(entry.queued_at)),
            ("seq", &*entry.seq.to_string()),
            ("error", &*error),
        ];
        self.words.say("demo.failed", &facts)
    }

    fn link(&self, link: &LinkFact) -> Option<String> {
        let cause = link.error.map(|cause| self.words.down_cause(cause));
        // Without a cause it is we who end it.
        if link.state == LinkState::Down && cause.is_none() {
            return None;
        }
        let facts = [
            ("time", &*self.time(link.since)),
            ("gateway", &*link.gateway.0),
            ("cause", &*cause.unwrap_or_default()),
        ];
        match link.state {
            LinkState::Bound => Some(self.words.say("demo.linked", &facts)),
            LinkState::Down => Some(self.words.say("demo.link_down", &facts)),
            LinkState::Connecting => None,
        }
    }

    /// The time of day; a demo seldom lasts longer.
    fn time(&self, at: Millis) -> String {
        let moment = time::local(at, &self.config.site.time_zone);
        let time = moment.split_once(' ').map(|(_, time)| time.to_owned());
        time.unwrap_or(moment)
    }
}

fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}
