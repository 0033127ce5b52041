use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal as _, Write};

use clap::FromArgMatches as _;
use clap::parser::ValueSource;

use super::args::{Command, CommandLine, ConfigCommand};
use super::config::{Config, Given, settings, template};
use super::console::Opening;
use super::copies::newest_backup;
use super::demo::Demo;
use super::error::{CliError, ExitCode};
use super::fold::Folding;
use super::init::Init;
use super::json::SettingJson;
use super::operator::operator;
use super::place::Place;
use super::reach::{Desk, NoDesk, World};
use super::screen::Screen;
use super::second::Journal;
use super::turn::Turn;
use super::wiring::Wiring;
use super::{commands, doors, files, help, json, parts, sentences, tls};
use crate::domain::{Millis, Operator};
use crate::words::{Language, Words};

/// Runs the command line of this process.
pub fn run() -> std::process::ExitCode {
    doors::write_no_core_file();
    let words = Words::load(Language::default());
    let mut out = BufWriter::new(io::stdout());
    let mut err: Box<dyn Write> = match Screen::of(io::stderr()) {
        Some(screen) => Box::new(Folding::new(io::stderr(), screen.columns)),
        None => Box::new(io::stderr()),
    };
    let shell = Shell {
        out: &mut out,
        screen: Screen::of(io::stdout()),
        err: &mut *err,
        words: &words,
        world: &mut Wiring,
        variables: variables(),
        now: now(),
    };
    shell.run(std::env::args_os()).into()
}

/// What the command line works with.
struct Shell<'a> {
    out: &'a mut dyn Write,
    screen: Option<Screen>,
    err: &'a mut dyn Write,
    words: &'a Words,
    world: &'a mut dyn World,
    variables: Vec<(String, String)>,
    now: Millis,
}

impl Shell<'_> {
    fn run(mut self, args: impl IntoIterator<Item = OsString>) -> ExitCode {
        let mut line = help::command_line(self.words);
        let matches = line.try_get_matches_from_mut(args);
        let parsed = matches.and_then(|matches| {
            let line = CommandLine::from_arg_matches(&matches)?;
            let is_flag = matches.value_source("data") == Some(ValueSource::CommandLine);
            Ok((line, is_flag))
        });
        let (parsed, data_is_flag) = match parsed {
            Ok(parsed) => parsed,
            Err(usage) => return self.usage(&usage),
        };
        let done = self
            .command(parsed, data_is_flag)
            .and_then(|()| self.out.flush().map_err(CliError::Terminal));
        let Err(error) = done else {
            return ExitCode::Ok;
        };
        let code = error.exit_code();
        if code != ExitCode::Ok {
            // Where nobody can be told, the code still says it.
            let _ = writeln!(self.err, "{}", sentences::said(self.words, &error));
        }
        code
    }

    /// Help and version are data; all else that clap says is a fault of the command line.
    fn usage(self, usage: &clap::Error) -> ExitCode {
        let text = usage.render();
        if usage.use_stderr() {
            let _ = write!(self.err, "{text}");
            return ExitCode::Usage;
        }
        let _ = write!(self.out, "{text}").and_then(|()| self.out.flush());
        ExitCode::Ok
    }

    fn command(&mut self, line: CommandLine, data_is_flag: bool) -> Result<(), CliError> {
        let CommandLine {
            data,
            desk,
            set,
            plain,
            command,
        } = line;
        let Some(command) = command else {
            let place = Place::find(data.as_deref())?;
            let config = files::config(&files::read_sheets(&place, &self.variables, &set)?)?;
            let opening = Opening {
                desk: operator(desk).desk,
                is_demo: false,
                is_plain: plain || std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
                given: set,
            };
            return self.world.console(&place, &config, self.words, opening);
        };
        // These need no desk.
        match &command {
            Command::Completions { shell } => return self.completions(*shell),
            Command::Man => return self.manual(),
            Command::Config(ConfigCommand::Template) => {
                let text = template(self.words, &Given(&[]));
                return write!(self.out, "{text}").map_err(CliError::Terminal);
            }
            Command::Demo(args) => {
                let demo = Demo {
                    out: self.out,
                    err: self.err,
                    words: self.words,
                    world: self.world,
                    desk,
                    given: set,
                };
                // Who has a desk in HAZIR_DATA does not mean it for a demo.
                let data = data.filter(|_| data_is_flag);
                return demo.run(args, data.as_deref());
            }
            Command::Serve { .. }
            | Command::Init(_)
            | Command::Employee(_)
            | Command::Device(_)
            | Command::Feed(_)
            | Command::People(_)
            | Command::Outbox(_)
            | Command::Alarms(_)
            | Command::Link(_)
            | Command::Retry(_)
            | Command::Acknowledge(_)
            | Command::Mark(_)
            | Command::Backup(_)
            | Command::Restore(_)
            | Command::Verify(_)
            | Command::Config(_) => {}
        }
        let place = Place::find(data.as_deref())?;
        if let Command::Init(args) = &command {
            let init = Init {
                input: &mut io::stdin().lock(),
                is_terminal: io::stdin().is_terminal(),
                err: self.err,
                words: self.words,
                world: self.world,
                place: &place,
            };
            return init.run(args);
        }
        if let Command::Config(command) = &command {
            return self.config(command, &place, &set);
        }
        let by = operator(desk);
        let config = files::config(&files::read_sheets(&place, &self.variables, &set)?)?;
        if let Command::Serve { detach: true } = &command {
            // It fails where this is a session of its own already.
            let _ = rustix::process::setsid();
        }
        let done = self.at_desk(&place, &config, &by, command);
        done.map_err(|error| with_newest(error, &place, &config))
    }

    fn at_desk(
        &mut self,
        place: &Place,
        config: &Config,
        by: &Operator,
        command: Command,
    ) -> Result<(), CliError> {
        if matches!(command, Command::Serve { .. }) {
            return self.world.serve(place, config, self.words);
        }
        let mut desk: Box<dyn Desk> = match commands::need(&command) {
            Some(need) => match self.world.reach(place, config, by, need) {
                // A look at the store needs an engine or none.
                Err(CliError::NoEngine) if matches!(command, Command::Verify(_)) => {
                    Box::new(NoDesk)
                }
                desk => desk?,
            },
            None => Box::new(NoDesk),
        };
        let is_apart = !desk.is_there();
        let mut turn = Turn {
            out: self.out,
            screen: self.screen,
            err: self.err,
            words: self.words,
            config,
            now: self.now,
            desk: &mut *desk,
        };
        if is_apart && let Some(done) = commands::run_apart(&mut turn, place, &command) {
            return done;
        }
        commands::run(&mut turn, command)
    }

    fn config(
        &mut self,
        command: &ConfigCommand,
        place: &Place,
        set: &[String],
    ) -> Result<(), CliError> {
        let sheets = files::read_sheets(place, &self.variables, set)?;
        let config = files::config(&sheets)?;
        match command {
            ConfigCommand::Template => Ok(()),
            ConfigCommand::Show { origin, json } => {
                for setting in settings(&sheets) {
                    let from = setting.origin.to_string();
                    let written = if *json {
                        let object = SettingJson {
                            key: &setting.path,
                            value: &setting.json,
                            origin: from,
                        };
                        json::line(self.out, &object)
                    } else {
                        let hidden = || self.words.say("config.hidden", &[]);
                        let value = setting.value.unwrap_or_else(hidden);
                        if *origin {
                            writeln!(self.out, "{} = {value}  # {from}", setting.path)
                        } else {
                            writeln!(self.out, "{} = {value}", setting.path)
                        }
                    };
                    written.map_err(CliError::Terminal)?;
                }
                Ok(())
            }
            ConfigCommand::Check => {
                for gateway in &config.gateways {
                    files::gateway_password(place, gateway)?;
                    tls::gateway_tls(place, gateway)?;
                }
                files::store_key(place)?;
                parts::socket_group(&config)?;
                self.check_journal(place, &config)?;
                let file = place.config().display().to_string();
                let gateways = config.gateways.len().to_string();
                self.tell("config.right", &[("file", &file), ("gateways", &gateways)])
            }
        }
    }

    /// Warns of a journal that cannot be written, or that helps less than it could.
    fn check_journal(&mut self, place: &Place, config: &Config) -> Result<(), CliError> {
        let Some(journal) = Journal::of(place, config) else {
            return Ok(());
        };
        let path = journal.path().display().to_string();
        if let Some(fault) = journal.fault() {
            let why = self.words.copy_fault(fault);
            return self.tell("journal.fault", &[("path", &path), ("why", &why)]);
        }
        if journal.is_on_disk_of(place) {
            return self.tell("journal.same_disk", &[("path", &path)]);
        }
        Ok(())
    }

    fn completions(&mut self, shell: clap_complete::Shell) -> Result<(), CliError> {
        let mut line = help::command_line(self.words);
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut line, "hazir", &mut script);
        self.out.write_all(&script).map_err(CliError::Terminal)
    }

    fn manual(&mut self) -> Result<(), CliError> {
        let page = manual(help::command_line(self.words)).map_err(CliError::Terminal)?;
        self.out.write_all(&page).map_err(CliError::Terminal)
    }

    fn tell(&mut self, key: &str, facts: &[(&str, &str)]) -> Result<(), CliError> {
        let said = self.words.say(key, facts);
        writeln!(self.err, "{said}").map_err(CliError::Terminal)
    }
}

/// Says of a damaged store which backup is the newest.
fn with_newest(error: CliError, place: &Place, config: &Config) -> CliError {
    match (error, newest_backup(place, config)) {
        (CliError::Damaged(cause), Some(newest)) => CliError::DamagedAndBackedUp { cause, newest },
        (error, _) => error,
    }
}

/// One manual page of all commands, each with its help: pages of their own would have to be installed one by one.
fn manual(command: clap::Command) -> io::Result<Vec<u8>> {
    /// What a page of 80 columns has room for between its margins.
    const COLUMNS: usize = 72;
    let mut all = command.clone();
    all.build();
    let man = clap_mangen::Man::new(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    writeln!(page, ".SH COMMANDS")?;
    let mut waiting: Vec<clap::Command> = all.get_subcommands().cloned().collect();
    waiting.reverse();
    while let Some(command) = waiting.pop() {
        let mut command = command.term_width(COLUMNS);
        let name = command.get_bin_name().unwrap_or(command.get_name());
        writeln!(page, ".SS \"{name}\"\n.nf")?;
        for line in command.render_help().to_string().lines() {
            writeln!(page, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
        }
        writeln!(page, ".fi")?;
        let below = command.get_subcommands().cloned().collect::<Vec<_>>();
        waiting.extend(below.into_iter().rev());
    }
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// Variables of the environment that may be the configuration's.
fn variables() -> Vec<(String, String)> {
    let ours = |(name, value): (OsString, OsString)| {
        let name = name.into_string().ok()?;
        let value = value.into_string().ok()?;
        name.starts_with("HAZIR_").then_some((name, value))
    };
    std::env::vars_os().filter_map(ours).collect()
}

/// What the clock says.
#[expect(clippy::disallowed_methods, reason = "the shell reads the clock")]
pub fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}
