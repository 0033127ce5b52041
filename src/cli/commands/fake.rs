use std::collections::VecDeque;

use crate::api::{Ask, Event, Reply};
use crate::cli::args::Command;
use crate::cli::config::{Config, read_text};
use crate::cli::error::CliError;
use crate::cli::help;
use crate::cli::reach::Desk;
use crate::cli::screen::Screen;
use crate::cli::turn::Turn;
use crate::domain::{Country, Employee, EmployeeId, Millis, Msisdn};
use crate::words::{Language, Words};
use clap::FromArgMatches as _;

/// 2026-11-20T08:58:01.123Z
pub(super) const NOW: Millis = Millis(1_795_165_081_123);

/// A desk that gives answers in order and notes what it was asked.
#[derive(Default)]
pub(super) struct FakeDesk {
    pub replies: VecDeque<Reply>,
    pub events: VecDeque<Event>,
    pub asked: Vec<Ask>,
    pub follows: bool,
}

impl Desk for FakeDesk {
    fn ask(&mut self, ask: Ask) -> Result<Reply, CliError> {
        self.asked.push(ask);
        self.replies.pop_front().ok_or(CliError::NoEngine)
    }

    fn follow(&mut self) -> Result<(), CliError> {
        assert!(
            self.asked.is_empty(),
            "events are kept before anything is read"
        );
        self.follows = true;
        Ok(())
    }

    fn next_event(&mut self) -> Result<Option<Event>, CliError> {
        assert!(self.follows);
        Ok(self.events.pop_front())
    }
}

pub(super) struct Ran {
    pub done: Result<(), CliError>,
    pub out: String,
    pub err: String,
    pub desk: FakeDesk,
}

/// Runs one command line against a desk with these answers.
pub(super) fn run(line: &[&str], replies: Vec<Reply>) -> Ran {
    run_with(line, replies, Vec::new(), "[site]\n")
}

pub(super) fn run_with(
    line: &[&str],
    replies: Vec<Reply>,
    events: Vec<Event>,
    config: &str,
) -> Ran {
    run_on(None, line, replies, events, config)
}

/// Runs one command line in a window of 80 columns, with colour.
pub(super) fn run_in_window(line: &[&str], replies: Vec<Reply>) -> Ran {
    let screen = Screen {
        columns: 80,
        rows: 24,
        colour: true,
    };
    let config = "[site]\n[[gateway]]\nname = \"reception\"\nhost = \"gw.lan\"\nsource_address = \"+989102211824\"\n";
    run_on(Some(screen), line, replies, Vec::new(), config)
}

/// Runs one command line in this window, or in none.
pub(super) fn run_on(
    screen: Option<Screen>,
    line: &[&str],
    replies: Vec<Reply>,
    events: Vec<Event>,
    config: &str,
) -> Ran {
    let words = Words::load(Language::English);
    let mut desk = FakeDesk {
        replies: replies.into(),
        events: events.into(),
        ..FakeDesk::default()
    };
    let config: Config = read_text(config).ok().unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut turn = Turn {
        out: &mut out,
        screen,
        err: &mut err,
        words: &words,
        config: &config,
        now: NOW,
        desk: &mut desk,
    };
    let done = super::run(&mut turn, parsed(&words, line));
    let err = String::from_utf8(err).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(!out.contains("[[") && !err.contains("[["), "{out}{err}");
    Ran {
        done,
        out,
        err,
        desk,
    }
}

pub(super) fn card(id: u32, name: &str, short: &str) -> Employee {
    Employee {
        id: EmployeeId(id),
        name: name.to_owned(),
        short: short.to_owned(),
        phone: Msisdn::parse(&format!("+98910221182{id}"), Country::default()).unwrap(),
        team: None,
        shift: None,
        legacy: false,
        suspended: false,
    }
}

fn parsed(words: &Words, line: &[&str]) -> Command {
    let matches = help::command_line(words)
        .try_get_matches_from([&["hazir"], line].concat())
        .unwrap();
    let line = crate::cli::args::CommandLine::from_arg_matches(&matches);
    line.unwrap().command.unwrap()
}
