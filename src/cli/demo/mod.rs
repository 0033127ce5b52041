//! `hazir demo`: everything at once, with invented people and a built-in gateway, in a directory of its own.

mod alone;
mod desk;
mod dir;
mod load;
mod network;

use std::io;
use std::path::Path;

use jiff::Timestamp;

use self::dir::{Begins, DemoDir};
use self::network::Network;
use super::args::{DemoArgs, DemoScenario};
use super::clock::Clock;
use super::console::Opening;
use super::error::CliError;
use super::init::shell_quoted;
use super::operator::operator;
use super::reach::World;
use super::{log, parts};
use crate::domain::Millis;
use crate::practice::{Practice, PracticeConfig, Scenario};
use crate::ui::terminal;
use crate::words::{Words, safe};

/// How many people work at a demo's desk.
const PEOPLE: u16 = 40;

/// What a demo works with.
pub struct Demo<'a> {
    /// Data goes here.
    pub out: &'a mut dyn io::Write,
    /// Words go here.
    pub err: &'a mut dyn io::Write,
    /// The language.
    pub words: &'a Words,
    /// For the console.
    pub world: &'a mut dyn World,
    /// What this desk is called in the log.
    pub desk: Option<String>,
    /// Values over those of the demo's configuration.
    pub given: Vec<String>,
}

impl Demo<'_> {
    /// Runs a demo in `data`, or in a new directory that is removed at the end, until somebody ends it.
    ///
    /// # Errors
    /// [`CliError::NotADemo`], [`CliError::GatewayPort`], [`CliError::HangUp`], and what a reception or a console can fail of.
    pub fn run(mut self, args: &DemoArgs, data: Option<&Path>) -> Result<(), CliError> {
        let begins = match args.load {
            Some(_) => Begins::WhereItEnded { mark: load::MARK },
            None => Begins::Anew,
        };
        let people = args.people.unwrap_or(PEOPLE);
        if args.load.is_none() && usize::from(people) > PracticeConfig::MOST_PEOPLE {
            let (flag, value) = ("--people", people.to_string());
            return Err(CliError::Value { flag, value });
        }
        let dir = DemoDir::open(data, begins)?;
        let path = dir.place().dir().display().to_string();
        let key = if dir.is_kept() {
            "demo.directory_kept"
        } else {
            "demo.directory"
        };
        self.tell(key, &[("path", &path)])?;
        let done = match args.load {
            Some(check_ins) => load::run(&mut self, args, check_ins, dir.place()),
            None => self.perform(args, &dir),
        };
        drop(dir);
        done
    }

    fn perform(&mut self, args: &DemoArgs, dir: &DemoDir) -> Result<(), CliError> {
        let seed = args.seed.map_or_else(parts::seed, Ok)?;
        let clock = Clock::start();
        let zone = jiff::tz::TimeZone::system();
        let now = Timestamp::from_millisecond(clock.now().wall.0).unwrap_or_default();
        let config = PracticeConfig {
            seed,
            scenario: scenario_of(args.scenario),
            people: usize::from(args.people.unwrap_or(PEOPLE)),
            port: args.gateway_port.unwrap_or(0),
            utc_offset_s: zone.to_offset(now).seconds(),
            speed: 1,
        };
        let practice = Practice::open(&config);
        let practice = practice.map_err(|source| CliError::GatewayPort {
            port: config.port,
            source,
        })?;
        let facts = [
            ("people", &*practice.plan().hires.len().to_string()),
            ("scenario", config.scenario.name()),
            ("seed", &seed.to_string()),
        ];
        self.tell("demo.begins", &facts)?;
        if args.gateway_port.is_some() {
            return alone::run(self, dir.place(), practice, clock);
        }
        let by = operator(self.desk.take());
        let place = dir.place();
        let config = desk::set_up(place, self.words, &practice, &self.given)?;
        desk::enrol(place, &config, practice.plan(), &by, clock)?;
        log::open(place)?;
        let network = Network::start(place, &config, Some(practice), clock)?;
        let is_plain = args.plain || !terminal::is_terminal();
        if is_plain {
            let dir = shell_quoted(&place.dir().display().to_string());
            self.tell(
                "demo.commands",
                &[("hazir", &format!("hazir --data {dir}"))],
            )?;
        }
        let opening = Opening {
            desk: by.desk,
            is_demo: true,
            is_plain,
            given: self.given.clone(),
        };
        let shown = self.world.console(place, &config, self.words, opening);
        // What ended the engine says more than that it went.
        network.end()?;
        shown
    }

    fn tell(&mut self, key: &str, facts: &[(&str, &str)]) -> Result<(), CliError> {
        let said = self.words.say(key, facts);
        for line in said.lines() {
            writeln!(self.err, "{}", safe(line)).map_err(CliError::Terminal)?;
        }
        self.err.flush().map_err(CliError::Terminal)
    }
}

const fn scenario_of(scenario: DemoScenario) -> Scenario {
    match scenario {
        DemoScenario::Morning => Scenario::Morning,
        DemoScenario::LinkDown => Scenario::LinkDown,
        DemoScenario::Replay => Scenario::Replay,
        DemoScenario::Flood => Scenario::Flood,
        DemoScenario::GatewaySlow => Scenario::GatewaySlow,
    }
}

/// The clock that the phones show.
fn wall(clock: Clock) -> impl Fn() -> Millis {
    move || clock.now().wall
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn the_command_line_names_scenarios_as_the_practice_does() {
        let names = DemoScenario::value_variants().iter().map(|scenario| {
            let value = scenario.to_possible_value().unwrap();
            assert_eq!(value.get_name(), scenario_of(*scenario).name());
            scenario_of(*scenario)
        });
        assert!(names.eq(Scenario::ALL));
    }
}
