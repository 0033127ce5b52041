//! The verbs of the desk, and those that look at what was done there.

use hazir::api::{
    Ask, Command, FeedOutcome, LogFilter, LogKind, LogWhat, PersonFact, Query, Reply,
};
use hazir::domain::{Action, AlarmId, DeviceId, EmployeeId, OutboxId, Seq};

use super::checks::compare;
use super::{Office, span};

impl Office {
    /// `desk suspend|resume|revoke NAME`, `desk acknowledge all`, `desk mark NAME IN -1h`, `desk retry SEQ|failed`,
    /// `desk enrol NAME`, `desk unrevoke NAME`, `desk acknowledge KIND`, `desk shelve KIND +1h`, `desk giveup ID`,
    /// `desk note NAME|-|@SEQ WORDS`, `desk undo`, `desk numbers`.
    pub(super) fn desk(&mut self, words: &[&str]) -> Result<(), String> {
        if let ["enrol", name] = words {
            let employee = self.id(name)?;
            return self.enrol(name, employee);
        }
        match self.act(words)? {
            Reply::Refused(refusal) => Err(format!("refused: {refusal:?}")),
            Reply::Retried(retried) => {
                let words = retried.iter().map(|one| first_word(&format!("{one:?}")));
                self.seen
                    .extend(words.map(|word| format!("retried:{word}")));
                Ok(())
            }
            Reply::Employees(_)
            | Reply::Devices(_)
            | Reply::Enrolled(_)
            | Reply::Feed { .. }
            | Reply::People(_)
            | Reply::Outbox { .. }
            | Reply::Alarms(_)
            | Reply::Links(_)
            | Reply::Snapshot(_)
            | Reply::Acknowledged(_)
            | Reply::Marked(_)
            | Reply::Log { .. }
            | Reply::Person(_)
            | Reply::Arrivals { .. }
            | Reply::Replies(_)
            | Reply::Pdus(_)
            | Reply::BackedUp(_)
            | Reply::Examined(_)
            | Reply::Noted(_)
            | Reply::GaveUp(_)
            | Reply::Shelved(_)
            | Reply::Undone(_)
            | Reply::Logged => Ok(()),
        }
    }

    /// `ali WORDS`: what `desk` does, by Ali and not by Mina.
    pub(super) fn ali(&mut self, words: &[&str]) -> Result<(), String> {
        let mina = std::mem::replace(&mut self.who, "ali");
        let done = self.desk(words);
        self.who = mina;
        done
    }

    /// `denied REFUSAL WORDS`: what `desk` does, and is turned down.
    pub(super) fn denied(&mut self, words: &[&str]) -> Result<(), String> {
        let [expected, words @ ..] = words else {
            return Err("REFUSAL".into());
        };
        let reply = self.act(words)?;
        let Reply::Refused(refusal) = reply else {
            return Err(format!("{reply:?}"));
        };
        let is = first_word(&format!("{refusal:?}"));
        (is == *expected).then_some(()).ok_or(format!("is: {is}"))
    }

    /// `first NAME HH:MM|none`: when somebody first came today.
    pub(super) fn first(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, expected] = words else {
            return Err("NAME TIME".into());
        };
        let fact = self.fact(name)?;
        let is = fact.first_in.map_or("none".into(), |at| self.local(at));
        (is == *expected).then_some(()).ok_or(format!("is: {is}"))
    }

    /// `says NAME NOTE MINUTES`: the note of the record that says where somebody is, and how far the clock is off.
    pub(super) fn says(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, expected @ ..] = words else {
            return Err("NAME".into());
        };
        let fact = self.fact(name)?;
        let is = format!("{} {}", fact.note, fact.clock_off_min);
        (is.trim() == expected.join(" "))
            .then_some(())
            .ok_or(format!("is: {is}"))
    }

    /// `log [of=NAME] [kind=KIND] WORD…`: the last lines, as many as are named.
    pub(super) fn log(&mut self, words: &[&str]) -> Result<(), String> {
        let mut filter = LogFilter::default();
        let mut expected = Vec::new();
        for word in words {
            if let Some(name) = word.strip_prefix("of=") {
                filter.employee = Some(self.id(name)?);
            } else if let Some(kind) = word.strip_prefix("kind=") {
                filter.kind = Some(match kind {
                    "check-ins" => LogKind::CheckIns,
                    "problems" => LogKind::Problems,
                    "desk" => LogKind::Desk,
                    "link" => LogKind::Link,
                    _ => return Err("no such kind".into()),
                });
            } else {
                expected.push(*word);
            }
        }
        let ask = Ask::Query(Query::Log {
            before: None,
            filter,
        });
        let Reply::Log { lines, .. } = self.ask(ask) else {
            unreachable!()
        };
        for line in &lines {
            let is_feed = matches!(line.what, LogWhat::Feed(_));
            let first = self.told_of.log.first().map(|told| told.seq);
            let since = first.is_some_and(|first| line.seq >= first);
            let is_told = self.told_of.log.iter().any(|told| {
                (told.seq, told.at) == (line.seq, line.at)
                    && word_of(&told.what) == word_of(&line.what)
            });
            if since && !is_feed && !is_told {
                return Err(format!("not told: {line:?}"));
            }
        }
        let lines = lines.iter().take(expected.len().max(1)).rev();
        compare(lines.map(|line| word_of(&line.what)), &expected)
    }

    /// `totals in=N waiting=N sending=N failed=N new=N`, as many as are named; the consoles were told the same.
    pub(super) fn totals(&mut self, words: &[&str]) -> Result<(), String> {
        let Reply::Snapshot(snapshot) = self.ask(Ask::Query(Query::Snapshot)) else {
            unreachable!()
        };
        let totals = snapshot.totals;
        if let Some(told) = self.told_of.totals.filter(|told| *told != totals) {
            return Err(format!("told: {told:?}"));
        }
        let all = [
            format!("in={}", totals.present),
            format!("waiting={}", totals.outbox_waiting),
            format!("sending={}", totals.outbox_sending),
            format!("failed={}", totals.outbox_failed),
            format!("new={}", totals.alarms_new),
        ];
        let wrong = words
            .iter()
            .find(|word| !all.iter().any(|one| one == *word));
        wrong.map_or(Ok(()), |_| Err(format!("is: {}", all.join(" "))))
    }

    /// The consoles were told of somebody what a query says.
    pub(super) fn check_told(&self, fact: &PersonFact) -> Result<(), String> {
        let told = self.told_of.people.get(&fact.employee);
        match told.filter(|told| *told != fact) {
            Some(told) => Err(format!("told: {told:?}")),
            None => Ok(()),
        }
    }

    fn fact(&mut self, name: &str) -> Result<PersonFact, String> {
        let id = self.id(name)?;
        let Reply::Person(detail) = self.ask(Ask::Query(Query::Person(id))) else {
            return Err("no such person".into());
        };
        self.check_told(&detail.fact)?;
        Ok(detail.fact)
    }

    fn id(&self, name: &str) -> Result<EmployeeId, String> {
        let person = self.people.get(name);
        person
            .map(|(id, _)| *id)
            .ok_or_else(|| "no such person".to_owned())
    }

    fn device(&self, name: &str) -> Result<DeviceId, String> {
        let phone = self.phones.get(name);
        phone
            .map(|phone| phone.device)
            .ok_or_else(|| "no phone".to_owned())
    }

    fn alarm(&mut self, kind: &str) -> Result<AlarmId, String> {
        let Reply::Alarms(alarms) = self.ask(Ask::Query(Query::Alarms)) else {
            unreachable!()
        };
        let alarm = alarms
            .iter()
            .find(|alarm| first_word(&format!("{:?}", alarm.kind)) == kind);
        alarm
            .map(|alarm| alarm.id)
            .ok_or_else(|| "no such alarm".to_owned())
    }

    fn act(&mut self, words: &[&str]) -> Result<Reply, String> {
        let number = |word: &str| word.parse::<u64>().map_err(|_| "a number".to_owned());
        let command = match words {
            ["suspend", name] => Command::SetSuspended(self.id(name)?, true),
            ["resume", name] => Command::SetSuspended(self.id(name)?, false),
            ["revoke", name] => Command::SetRevoked(self.device(name)?, true),
            ["unrevoke", name] => Command::SetRevoked(self.device(name)?, false),
            ["acknowledge", "all"] => Command::AcknowledgeAll,
            ["acknowledge", kind] => Command::Acknowledge(self.alarm(kind)?),
            ["shelve", kind, time] => {
                let until = self.now.wall.plus_ms(span(time)?);
                Command::Shelve(self.alarm(kind)?, until)
            }
            ["giveup", id] => Command::GiveUp(OutboxId(number(id)?)),
            ["undo"] => Command::Undo,
            ["numbers"] => Command::ShowNumbers,
            ["note", about, text @ ..] => {
                let seq = about.strip_prefix('@').map(number).transpose()?;
                let employee = match (*about, seq) {
                    ("-", _) | (_, Some(_)) => None,
                    ("nobody", _) => Some(EmployeeId(99)),
                    (name, None) => Some(self.id(name)?),
                };
                Command::Note {
                    employee,
                    about: seq.map(Seq),
                    text: text.join(" "),
                }
            }
            ["retry", "failed"] => Command::RetryFailed,
            ["retry", seq] => Command::Retry(Seq(number(seq)?)),
            ["mark", name, action, ago] => Command::Mark {
                employee: self.id(name)?,
                action: if *action == "IN" {
                    Action::In
                } else {
                    Action::Out
                },
                at: Some(self.now.wall.plus_ms(span(ago)?)),
                reason: "no phone".into(),
            },
            _ => return Err("no such act".into()),
        };
        Ok(self.ask(Ask::Command(command)))
    }
}

/// The first word of what `Debug` writes, in small letters.
fn first_word(debug: &str) -> String {
    let word = debug.split([' ', '(', '{']).next().unwrap_or_default();
    word.to_lowercase()
}

fn word_of(what: &LogWhat) -> String {
    match what {
        LogWhat::Feed(line) if line.outcome == FeedOutcome::ByHand => "mark".into(),
        LogWhat::Feed(line) => first_word(&format!("{:?}", line.outcome)),
        LogWhat::LinkUp { gap_from, .. } if gap_from.is_some() => "linkup+gap".into(),
        LogWhat::Desk { act, name, .. } => {
            let act = first_word(&format!("{act:?}"));
            name.as_ref()
                .map_or(act.clone(), |name| format!("{act}:{name}"))
        }
        LogWhat::Note { text, name, .. } => {
            let word = if text.is_empty() { "struck" } else { "note" };
            name.as_ref()
                .map_or(word.to_owned(), |name| format!("{word}:{name}"))
        }
        LogWhat::LinkUp { .. }
        | LogWhat::LinkDown { .. }
        | LogWhat::EngineStarted { .. }
        | LogWhat::EngineStopped
        | LogWhat::OverBound(_) => first_word(&format!("{what:?}")),
    }
}
