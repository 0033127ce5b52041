//! The verbs that look.

use std::ops::ControlFlow;

use hazir::api::{Ask, Query, Reply};
use hazir::domain::{Entry, Millis, OutboxId, Seq};
use hazir::store::{Archive as _, Store as _};

use super::Office;

impl Office {
    /// Every row of the store is as it was written, and all of them agree.
    pub fn assert_sound(&self, name: &str) {
        let copier = self.store.as_ref().unwrap().copier();
        let found = copier.examine(&mut |_, _| ControlFlow::Continue(()));
        let found = found.unwrap();
        assert_eq!(found.faults, [""; 0], "{name}");
        assert!(found.counts.ledger > 0, "{name}");
    }

    pub(super) fn expect(&mut self, words: &[&str]) -> Result<(), String> {
        let mut seen = std::mem::take(&mut self.seen);
        if !words.contains(&"commit") {
            seen.retain(|word| word != "commit");
        }
        seen.dedup_by(|a, b| a == "commit" && b == "commit");
        let expected: Vec<_> = words.iter().filter(|word| **word != "nothing").collect();
        if seen.iter().eq(expected.iter().map(|word| **word)) {
            return Ok(());
        }
        Err(format!(
            "came: {}",
            if seen.is_empty() {
                "nothing".into()
            } else {
                seen.join(" ")
            }
        ))
    }

    /// `person NAME in|out [HH:MM]`, local time.
    pub(super) fn person(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, state, rest @ ..] = words else {
            return Err("NAME STATE".into());
        };
        let Reply::People(people) = self.ask(Ask::Query(Query::People)) else {
            unreachable!()
        };
        let fact = people
            .iter()
            .find(|fact| fact.name == *name)
            .ok_or("no such person")?;
        let mut is = format!("{:?}", fact.state).to_lowercase();
        if let Some(since) = fact.since {
            is = format!("{is} {}", self.local(since));
        }
        let expected = [&[*state], rest].concat().join(" ");
        self.check_told(fact)?;
        if is == expected || (rest.is_empty() && is.starts_with(state)) {
            return Ok(());
        }
        Err(format!("is: {is}"))
    }

    pub(super) fn local(&self, at: Millis) -> String {
        let at = jiff::Timestamp::from_millisecond(at.0).unwrap();
        at.to_zoned(self.settings.time_zone.clone())
            .strftime("%H:%M")
            .to_string()
    }

    /// `outbox queued sent sent …`: the states of all entries.
    pub(super) fn outbox(&mut self, words: &[&str]) -> Result<(), String> {
        let ask = Ask::Query(Query::Outbox { after: OutboxId(0) });
        let Reply::Outbox { entries, .. } = self.ask(ask) else {
            unreachable!()
        };
        let states = entries
            .iter()
            .map(|entry| format!("{:?}", entry.state).to_lowercase());
        compare(states, words)
    }

    /// `alarms kind:state …`, the most urgent first.
    pub(super) fn alarms(&mut self, words: &[&str]) -> Result<(), String> {
        let Reply::Alarms(alarms) = self.ask(Ask::Query(Query::Alarms)) else {
            unreachable!()
        };
        for fact in &alarms {
            if let Some(told) = self.told_of.alarms.get(&fact.id)
                && told != fact
            {
                return Err(format!("told: {told:?}"));
            }
        }
        let alarms = alarms.iter().map(|alarm| {
            let kind = format!("{:?}", alarm.kind);
            let kind = kind
                .split([' ', '{', '('])
                .next()
                .unwrap_or_default()
                .to_lowercase();
            format!("{kind}:{:?}:{}", alarm.state, alarm.count).to_lowercase()
        });
        compare(alarms, words)
    }

    /// `feed outcome[+flag…] …`: the last lines, as many as are named.
    pub(super) fn feed(&mut self, words: &[&str]) -> Result<(), String> {
        let after = Seq(0);
        let ask = Ask::Query(Query::Feed {
            after,
            since: None,
            employee: None,
        });
        let Reply::Feed { lines, .. } = self.ask(ask) else {
            unreachable!()
        };
        let lines: Vec<_> = lines
            .iter()
            .map(|line| {
                let mut word = format!("{:?}", line.outcome).to_lowercase();
                for (flag, is) in [
                    ("delayed", line.delayed),
                    ("gap", line.link_gap),
                    ("clock", line.clock_off),
                    ("weak", line.weak),
                ] {
                    if is {
                        word = format!("{word}+{flag}");
                    }
                }
                word
            })
            .collect();
        compare(lines.into_iter().rev().take(words.len()).rev(), words)
    }

    /// `waiting N`: how many parts wait on disk.
    pub(super) fn waiting(&mut self, words: &[&str]) -> Result<(), String> {
        let loaded = self.parts().1.load().map_err(|e| e.to_string())?;
        compare([loaded.parts.len().to_string()].into_iter(), words)
    }

    /// Outcomes of all messages, oldest first.
    pub fn outcomes(&mut self) -> Vec<String> {
        let rows = self.parts().1.ledger_page(Seq(0), usize::MAX).unwrap();
        let outcomes = rows.into_iter().filter_map(|row| match row.entry {
            Entry::Message(message) => Some(format!("{:?}", message.outcome).to_lowercase()),
            Entry::Mark(_)
            | Entry::LinkUp { .. }
            | Entry::LinkDown { .. }
            | Entry::EngineStarted { .. }
            | Entry::EngineStopped { .. }
            | Entry::Desk { .. }
            | Entry::Note(_)
            | Entry::OverBound(_) => None,
        });
        outcomes.collect()
    }
}

pub(super) fn compare(is: impl Iterator<Item = String>, words: &[&str]) -> Result<(), String> {
    let is: Vec<_> = is.collect();
    let expected: Vec<_> = words.iter().filter(|word| **word != "none").collect();
    if is.iter().eq(expected.iter().map(|word| **word)) {
        return Ok(());
    }
    Err(format!(
        "is: {}",
        if is.is_empty() {
            "none".into()
        } else {
            is.join(" ")
        }
    ))
}
