use std::io;

use serde::Serialize;

use super::config::Config;
use super::error::CliError;
use super::reach::Desk;
use super::screen::Screen;
use super::table::Table;
use super::{json, time};
use crate::api::{Ask, Command, CopyAsk, Query, Reply};
use crate::domain::{Employee, EmployeeId, Millis};
use crate::words::Words;

/// Heads of columns that are folded where a window is too narrow for all.
const FOLDED: [&str; 11] = [
    "head.name",
    "head.short",
    "head.team",
    "head.outcome",
    "head.note",
    "head.next",
    "head.error",
    "head.alarm",
    "head.words",
    "head.marks",
    "head.link",
];

/// One command's turn at a desk: what it reads, asks and prints with.
pub struct Turn<'a> {
    /// Data goes here.
    pub out: &'a mut dyn io::Write,
    /// The window that data is shown in; `None` where it goes elsewhere.
    pub screen: Option<Screen>,
    /// Words go here.
    pub err: &'a mut dyn io::Write,
    /// The language.
    pub words: &'a Words,
    /// The configuration.
    pub config: &'a Config,
    /// When the turn began.
    pub now: Millis,
    /// The desk.
    pub desk: &'a mut dyn Desk,
}

impl Turn<'_> {
    /// Asks the desk to change something.
    ///
    /// # Errors
    /// [`CliError::Refused`] where it says no; others as [`Desk::ask`].
    pub fn command(&mut self, command: Command) -> Result<Reply, CliError> {
        self.ask(Ask::Command(command))
    }

    /// Asks the desk for facts.
    ///
    /// # Errors
    /// As [`Turn::command`].
    pub fn query(&mut self, query: Query) -> Result<Reply, CliError> {
        self.ask(Ask::Query(query))
    }

    /// Asks for a copy of the store, or for a look at all of it.
    ///
    /// # Errors
    /// As [`Turn::command`].
    pub fn copy(&mut self, ask: CopyAsk) -> Result<Reply, CliError> {
        self.ask(Ask::Copy(ask))
    }

    /// All cards.
    ///
    /// # Errors
    /// As [`Turn::command`].
    pub fn employees(&mut self) -> Result<Vec<Employee>, CliError> {
        let Reply::Employees(cards) = self.query(Query::Employees)? else {
            return Err(CliError::Answer);
        };
        Ok(cards)
    }

    /// Finds an employee by number, else by exact name or short name.
    ///
    /// # Errors
    /// [`CliError::NoEmployee`], [`CliError::ManyEmployees`]; others as [`Turn::command`].
    pub fn employee(&mut self, text: &str) -> Result<Employee, CliError> {
        let cards = self.employees()?;
        let id = text.parse().ok().map(EmployeeId);
        if let Some(card) = cards.iter().find(|card| Some(card.id) == id) {
            return Ok(card.clone());
        }
        let mut named: Vec<Employee> = cards
            .into_iter()
            .filter(|card| card.name == text || card.short == text)
            .collect();
        match (named.pop(), named.as_slice()) {
            (None, _) => Err(CliError::NoEmployee(text.to_owned())),
            (Some(card), []) => Ok(card),
            (Some(last), others) => {
                let ids = others.iter().map(|card| card.id);
                Err(CliError::ManyEmployees {
                    name: text.to_owned(),
                    ids: ids.chain([last.id]).collect(),
                })
            }
        }
    }

    /// Writes objects, one a line.
    ///
    /// # Errors
    /// [`CliError::Terminal`].
    pub fn objects<T: Serialize>(
        &mut self,
        objects: impl IntoIterator<Item = T>,
    ) -> Result<(), CliError> {
        for object in objects {
            json::line(self.out, &object).map_err(CliError::Terminal)?;
        }
        self.out.flush().map_err(CliError::Terminal)
    }

    /// Writes the rows that a table has.
    ///
    /// # Errors
    /// [`CliError::Terminal`].
    pub fn table(&mut self, table: &mut Table) -> Result<(), CliError> {
        table.flush(self.out).map_err(CliError::Terminal)
    }

    /// Says something to the person who gave the command.
    ///
    /// # Errors
    /// [`CliError::Terminal`].
    pub fn tell(&mut self, key: &str, facts: &[(&str, &str)]) -> Result<(), CliError> {
        let said = self.words.say(key, facts);
        writeln!(self.err, "{said}").map_err(CliError::Terminal)
    }

    /// The heads of a table, from their keys.
    pub fn heads<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Table {
        let head = |key| (self.words.say(key, &[]), FOLDED.contains(&key));
        let window = self.screen.map(|screen| screen.columns);
        Table::new(keys.into_iter().map(head).collect(), window)
    }

    /// A moment in the site's time zone; empty where there is none. A window shows of today the time alone.
    pub fn local(&self, at: Option<Millis>) -> String {
        let Some(at) = at else { return String::new() };
        let zone = &self.config.site.time_zone;
        let (moment, now) = (time::local(at, zone), time::local(self.now, zone));
        let (now_date, _) = now.split_once(' ').unwrap_or_default();
        match moment.split_once(' ') {
            Some((date, time)) if self.screen.is_some() && date == now_date => time.to_owned(),
            _ => moment,
        }
    }

    fn ask(&mut self, ask: Ask) -> Result<Reply, CliError> {
        let reply = self.desk.ask(ask)?;
        if let Reply::Refused(refusal) = reply {
            return Err(CliError::Refused(refusal));
        }
        Ok(reply)
    }
}
