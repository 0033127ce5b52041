//! The console as lines, for screen readers, pipes and terminals that cannot place a cursor: what happens is said as it
//! comes, and a line that is typed is a key, the name of an act, or what a question asks for.

use std::io::{self, BufRead as _, IsTerminal as _};

use tokio::sync::mpsc;

use super::super::config::Config;
use super::super::error::CliError;
use super::super::place::Place;
use super::super::serve::{Signals, Told};
use super::super::wiring::{finish, runtime};
use super::pump::Pump;
use super::screen::Writer;
use super::window::Window;
use super::{DRAIN, Heard, Opening, Seconds, spawn};
use crate::domain::{AlarmId, Millis, Seq};
use crate::ui::{
    Dialog, Key, Message, Model, Notice, alarm_line, log_line, pane_lines, prepare, selected_line,
    status_line,
};
use crate::words::{Words, safe};

/// How wide the lines of a pane are, and how many rows of it are said at a time.
const PAGE: (u16, u16) = (100, 80);
/// Lines of the log that are said where a window opens.
const LAST_LINES: usize = 10;

/// Opens a console of lines on the desk in `place`, until somebody leaves it or nothing more can be read.
///
/// # Errors
/// [`CliError::HangUp`] where the terminal went, [`CliError::Terminal`] where nothing can be written.
pub fn plain(
    place: &Place,
    config: &Config,
    words: &Words,
    opening: Opening,
) -> Result<(), CliError> {
    finish(runtime()?, async {
        let mut signals = Signals::catch()?;
        let (messages_tx, messages) = mpsc::channel(DRAIN);
        read_lines(messages_tx.clone())?;
        let pump = Pump::start(
            place.socket(),
            opening.desk.clone(),
            !opening.is_demo,
            messages_tx,
        );
        let mut lines = Lines {
            window: Window::open(place, config, words, opening, pump, PAGE),
            teller: Teller::default(),
            writer: Writer::open()?,
            is_piped: !io::stdin().is_terminal(),
            early: (!io::stdin().is_terminal()).then(Vec::new),
            said: Vec::new(),
        };
        lines.run(messages, &mut signals).await
    })
}

/// A console of lines.
struct Lines<'a> {
    window: Window<'a>,
    teller: Teller,
    writer: Writer,
    /// Whether lines come from a pipe.
    is_piped: bool,
    /// What is to be written.
    said: Vec<String>,
    /// Lines of a pipe that came before it was known whether an engine runs; `None` where that is known, or somebody types.
    early: Option<Vec<String>>,
}

impl Lines<'_> {
    async fn run(
        &mut self,
        mut messages: mpsc::Receiver<Heard>,
        signals: &mut Signals,
    ) -> Result<(), CliError> {
        let mut heard = Vec::with_capacity(DRAIN);
        let mut seconds = Seconds::start();
        self.window.model.is_plain = true;
        self.window.model.is_zoomed = true;
        // Whether there may be something to say. It is made when it can be written: who reads slowly hears the newest.
        let mut is_due = true;
        loop {
            let is_over = self.window.is_over();
            if is_over && !is_due {
                // What was said last is read, but for a signal, as slowly as it may be.
                return tokio::select! {
                    _ = signals.next() => Ok(()),
                    written = self.writer.ready() => written.map_err(CliError::Terminal),
                };
            }
            tokio::select! {
                biased;
                told = signals.next() => match told {
                    Told::Stop => return Ok(()),
                    Told::HangUp => return Err(CliError::HangUp),
                },
                written = self.writer.ready(), if is_due => {
                    written.map_err(CliError::Terminal)?;
                    self.say();
                    is_due = false;
                    continue;
                }
                () = seconds.next() => self.window.tick(),
                count = messages.recv_many(&mut heard, DRAIN) => {
                    if count == 0 {
                        return Ok(());
                    }
                    for heard in heard.drain(..) {
                        if self.take(heard) {
                            return Ok(());
                        }
                    }
                }
            }
            is_due = true;
        }
    }

    /// Takes in what was heard; returns whether the terminal is gone.
    fn take(&mut self, heard: Heard) -> bool {
        match (heard, &mut self.early) {
            (Heard::HangUp, _) => return true,
            (Heard::Line(line), Some(early)) if early.len() < DRAIN => early.push(line),
            (Heard::Line(line), _) => self.obey(&line),
            (Heard::Message(message), _) => {
                let is_known = matches!(message, Message::Attached(_) | Message::Detached(_));
                self.window.take(message);
                if is_known {
                    for line in self.early.take().unwrap_or_default() {
                        self.obey(&line);
                    }
                }
            }
        }
        false
    }

    fn obey(&mut self, line: &str) {
        let model = &mut self.window.model;
        prepare(model);
        if self.is_piped {
            // Nobody looks at rows that may have moved.
            let cursors = model.cursors.values_mut();
            cursors.for_each(|cursor| cursor.moved_at = None);
            model.alarm_line = model.alarm_line.map(|(alarm, _)| (alarm, Millis(0)));
        }
        let shown = obey(&mut self.window, line.trim());
        self.teller.shown = self.teller.shown.max(shown);
        // What came of it is said before the next line is obeyed, unless nobody reads.
        if self.said.len() < DRAIN {
            self.gather();
        }
    }

    fn gather(&mut self) {
        let model = &mut self.window.model;
        // Keys that change it are of use on a screen alone.
        model.is_plain = true;
        model.is_zoomed = true;
        prepare(model);
        self.said.extend(self.teller.news(model));
    }

    fn say(&mut self) {
        // The clipboard, the bell and the title are a terminal's.
        drop(self.window.displays());
        self.gather();
        if !self.said.is_empty() {
            self.writer
                .write((self.said.join("\n") + "\n").into_bytes());
            self.said.clear();
        }
    }
}

fn read_lines(lines: mpsc::Sender<Heard>) -> Result<(), CliError> {
    spawn("lines", move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if lines.blocking_send(Heard::Line(line)).is_err() {
                return;
            }
        }
        // Lines that were piped are over, and the console goes on without; somebody at a terminal wants to leave.
        if io::stdin().is_terminal() {
            let _ = lines.blocking_send(Heard::HangUp);
        }
    })
}

/// Does what a line says, and says what of the pane is to be said then.
fn obey(window: &mut Window<'_>, line: &str) -> Shown {
    let before = View::of(&window.model);
    let mut letters = line.chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    match (&window.model.dialog, letter) {
        // A question is answered by `y` alone; a choice by its letter.
        (
            Some((Dialog::Ask(_) | Dialog::Shelve(_) | Dialog::Reason { action: None, .. }, _)),
            _,
        ) => {
            let letter = line.chars().next().map_or(Key::Esc, Key::Char);
            window.take(Message::Key(letter));
        }
        (Some(_), _) => {
            window.take(Message::Paste(line.to_owned()));
            window.take(Message::Key(Key::Enter));
        }
        (None, Some(letter)) => window.take(Message::Key(Key::Char(letter))),
        (None, None) if line.is_empty() => return Shown::Pane,
        (None, None) => {
            window.take(Message::Key(Key::Char(':')));
            window.take(Message::Paste(line.to_owned()));
            window.take(Message::Key(Key::Enter));
        }
    }
    before.turned_to(&View::of(&window.model))
}

/// How much of the pane is to be said.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    #[default]
    Nothing,
    Row,
    Pane,
}

/// What is looked at.
#[derive(PartialEq, Eq)]
struct View {
    /// Screen, pane, person, line, and what is looked for.
    what: String,
    row: Option<usize>,
}

impl View {
    fn of(model: &Model) -> Self {
        let person = model.person.as_ref().filter(|person| person.is_open);
        let what = (
            (
                model.screen,
                model.pane,
                model.order,
                &model.find,
                &model.help_find,
            ),
            (&model.log.filter, model.log.days_ago),
            person.map(|person| person.employee),
            model.line.as_ref().map(|line| line.seq),
        );
        Self {
            what: format!("{what:?}"),
            row: model.cursors.get(&model.pane).map(|cursor| cursor.index),
        }
    }

    fn turned_to(&self, now: &Self) -> Shown {
        if self.what != now.what {
            Shown::Pane
        } else if self.row != now.row {
            Shown::Row
        } else {
            Shown::Nothing
        }
    }
}

/// Knows what was said already.
#[derive(Debug, Default)]
struct Teller {
    last: Option<Seq>,
    notice: Option<Notice>,
    alarm: Option<(AlarmId, u32)>,
    asked: Option<Millis>,
    status: String,
    shown: Shown,
}

impl Teller {
    /// What is to be said now: the link's state, lines of the log, the alarm, what was done, what is asked.
    fn news(&mut self, model: &Model) -> Vec<String> {
        let mut said = Vec::new();
        let status = status_line(model);
        if status != self.status {
            self.status.clone_from(&status);
            said.push(status);
        }
        if model.detached.is_none() {
            said.extend(self.lines(model));
            said.extend(self.alarm(model));
        }
        if model.dialog.is_none() {
            match std::mem::take(&mut self.shown) {
                Shown::Nothing => {}
                Shown::Row => said.extend(selected_line(model)),
                Shown::Pane => said.extend(pane_lines(model)),
            }
        }
        let notice = model.notice.as_ref();
        if let Some(notice) = notice.filter(|notice| self.notice.as_ref() != Some(notice)) {
            self.notice = Some(notice.clone());
            said.push(safe(&notice.text).into_owned());
        }
        let asked = model.dialog.as_ref();
        if let Some((dialog, at)) = asked.filter(|(_, at)| self.asked != Some(*at)) {
            self.asked = Some(*at);
            said.push(safe(&model.prompt(dialog)).into_owned());
        }
        said
    }

    fn lines(&mut self, model: &Model) -> Vec<String> {
        let after = |last: Seq| (std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded);
        let log = &model.facts.log;
        let lines: Vec<_> = match self.last {
            Some(last) => log.range(after(last)).collect(),
            None => log
                .iter()
                .skip(log.len().saturating_sub(LAST_LINES))
                .collect(),
        };
        if let Some((seq, _)) = lines.last() {
            self.last = Some(**seq);
        }
        lines
            .into_iter()
            .map(|(_, line)| log_line(model, line))
            .collect()
    }

    fn alarm(&mut self, model: &Model) -> Option<String> {
        let alarm = model.shown_alarm()?;
        // A stranger makes the count of the least urgent ones rise as often as they like.
        let count = if alarm.kind.priority() < 3 {
            alarm.count
        } else {
            0
        };
        let key = (alarm.id, count);
        if self.alarm == Some(key) {
            return None;
        }
        self.alarm = Some(key);
        Some(alarm_line(model, alarm))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::time;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::api::{AlarmFact, AlarmState, Snapshot, Totals};
    use crate::domain::{AlarmKind, OutboxId};
    use crate::ui::{Look, Site, update};
    use crate::words::Language;

    const NINE: Millis = Millis(1_795_166_072_000);

    fn connected() -> Model {
        let site = Site {
            name: "Office".to_owned(),
            time_zone: TimeZone::UTC,
            day_starts: time(4, 0, 0, 0),
            gateways: Vec::new(),
            desk: "mina".to_owned(),
            is_demo: false,
        };
        let words = Arc::new(Words::load(Language::English));
        let mut model = Model::new(site, words, Look::default(), NINE, PAGE.0, PAGE.1);
        let snapshot = Snapshot {
            revision: 0,
            version: "0.1.0".to_owned(),
            started_at: NINE,
            totals: Totals::default(),
            people: Vec::new(),
            alarms: Vec::new(),
            links: Vec::new(),
            outbox: Vec::new(),
            log: Vec::new(),
        };
        update(&mut model, NINE, Message::Attached(Box::new(snapshot)));
        model
    }

    fn alarms_said(kind: &AlarmKind, counts: [u32; 3]) -> usize {
        let (mut model, mut teller) = (connected(), Teller::default());
        let mut said = Vec::new();
        for count in counts {
            model.facts.alarms = vec![AlarmFact {
                id: AlarmId(1),
                kind: kind.clone(),
                state: AlarmState::New,
                since: NINE,
                ended_at: None,
                shelved_until: None,
                count,
                name: None,
                employee: None,
                seen_by: None,
            }];
            prepare(&mut model);
            said.extend(teller.news(&model));
        }
        said.iter().filter(|line| line.starts_with("ALARM")).count()
    }

    #[test]
    fn a_stranger_is_said_once_and_each_failed_answer() {
        assert_eq!(alarms_said(&AlarmKind::UnknownSenders, [1, 2, 3]), 1);
        let failed = AlarmKind::OutboxFailed { last: OutboxId(9) };
        assert_eq!(alarms_said(&failed, [1, 1, 2]), 2);
    }
}
