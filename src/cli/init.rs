//! `hazir init`: makes the directory of a desk, and says what to do next. What is there stays.

use std::io::{self, BufRead};
use std::path::Path;

use jiff::tz::TimeZone;
use zeroize::{Zeroize as _, Zeroizing};

use super::args::InitArgs;
use super::config::{
    Config, ConfigError, ConfigFault, Given, Kind, Origin, Section, Value, template,
};
use super::error::CliError;
use super::files::{self, Made};
use super::place::Place;
use super::questions::Questions;
use super::reach::World;
use super::secret::Secret;
use super::sentences;
use super::tls;
use crate::domain::{BindFault, DownCause};
use crate::protocol::StoreKey;
use crate::words::{Words, safe};

/// What `init` works with.
pub struct Init<'a> {
    /// Where answers come from.
    pub input: &'a mut dyn BufRead,
    /// Whether a person can answer there.
    pub is_terminal: bool,
    /// Where questions and words go.
    pub err: &'a mut dyn io::Write,
    /// The language.
    pub words: &'a Words,
    /// For trying the login.
    pub world: &'a mut dyn World,
    /// Where the desk is to be.
    pub place: &'a Place,
}

/// What was answered.
struct Answers {
    values: Vec<(Section, &'static str, Value)>,
    gateway: Option<String>,
    password: Option<Secret>,
}

impl Init<'_> {
    /// Makes what is missing.
    ///
    /// # Errors
    /// [`CliError`]: what was answered makes no sense, a file cannot be made, the gateway refuses the login.
    pub fn run(mut self, args: &InitArgs) -> Result<(), CliError> {
        let octets = self.place.socket().as_os_str().len();
        if octets > Place::SOCKET_PATH_OCTETS {
            return Err(CliError::SocketPath { octets });
        }
        let is_new = !self.place.config().exists();
        let mut password = self.given_password(args)?;
        let answers = if is_new {
            self.answers(args, password.take())?
        } else {
            Answers {
                values: Vec::new(),
                gateway: self.gateway_of_file(args)?,
                password,
            }
        };
        self.make(&answers)?;
        let config = self.config()?;
        files::store_key(self.place)?;
        let login = if args.no_check {
            Ok(())
        } else {
            self.try_logins(&config)
        };
        self.next_steps(&config)?;
        login
    }

    fn make(&mut self, answers: &Answers) -> Result<(), CliError> {
        for dir in [
            self.place.dir().to_owned(),
            self.place.keys(),
            self.place.log(),
        ] {
            let made = files::make_dir(&dir)?;
            self.tell_made(&dir, made)?;
        }
        let key = new_store_key()?;
        let path = self.place.store_key();
        let made = files::make_file(&path, key.to_text().as_bytes())?;
        self.tell_made(&path, made)?;
        if let (Some(gateway), Some(password)) = (&answers.gateway, &answers.password) {
            let path = self.place.keys().join(format!("{gateway}.password"));
            let line = Zeroizing::new(format!("{}\n", password.expose()));
            let made = files::make_file(&path, line.as_bytes())?;
            self.tell_made(&path, made)?;
        }
        // The configuration comes last: where it stands, the rest stands.
        let path = self.place.config();
        let text = template(self.words, &Given(&answers.values));
        let made = files::make_file(&path, text.as_bytes())?;
        self.tell_made(&path, made)
    }

    fn config(&self) -> Result<Config, CliError> {
        files::config(&files::read_sheets(self.place, &[], &[])?)
    }

    /// The gateway that a password on the command line is for, where the configuration is there already.
    fn gateway_of_file(&self, args: &InitArgs) -> Result<Option<String>, CliError> {
        let config = self.config()?;
        let mut gateways = config.gateways.iter().map(|gateway| &*gateway.name.0);
        let named = match &args.gateway_name {
            Some(name) => gateways.find(|known| known == name),
            None => gateways.next(),
        };
        Ok(named.map(str::to_owned))
    }

    fn given_password(&mut self, args: &InitArgs) -> Result<Option<Secret>, CliError> {
        if let Some(password) = &args.password {
            self.tell("init.password_seen", &[])?;
            return files::checked_password(password, Path::new("--password")).map(Some);
        }
        let Some(path) = &args.password_file else {
            return Ok(None);
        };
        let failed = |cause| CliError::reading(path, cause);
        let mut line = Zeroizing::new(String::new());
        if path == Path::new("-") {
            self.input
                .read_line(&mut line)
                .map_err(CliError::Terminal)?;
        } else {
            line.push_str(&Zeroizing::new(
                std::fs::read_to_string(path).map_err(failed)?,
            ));
        }
        let first = line.lines().next().unwrap_or_default();
        files::checked_password(first, path).map(Some)
    }

    fn answers(&mut self, args: &InitArgs, password: Option<Secret>) -> Result<Answers, CliError> {
        let asks = !args.non_interactive;
        if asks && !self.is_terminal {
            return Err(CliError::NoTerminal);
        }
        let zone = system_zone();
        let mut form = Form {
            questions: asks.then_some(Questions {
                input: self.input,
                err: self.err,
                words: self.words,
            }),
            values: Vec::new(),
        };
        form.field(
            Section::Site,
            "name",
            ("--name", "ask.name"),
            args.name.as_deref(),
            None,
        )?;
        form.field(
            Section::Site,
            "time_zone",
            ("--time-zone", "ask.time_zone"),
            args.time_zone.as_deref(),
            Some(&zone),
        )?;
        form.field(
            Section::Site,
            "country",
            ("--country", "ask.country"),
            args.country.as_deref(),
            None,
        )?;
        let Some(host) = form.host(args.host.as_deref())? else {
            return Ok(Answers {
                values: form.values,
                gateway: None,
                password: None,
            });
        };
        let gateway = Section::Gateway;
        let name = form.field(
            gateway,
            "name",
            ("--gateway-name", "ask.gateway_name"),
            args.gateway_name.as_deref(),
            Some("reception"),
        )?;
        let name = name.unwrap_or_else(|| "reception".to_owned());
        form.values.push((gateway, "host", Value::Text(host)));
        let port = args.port.map(|port| port.to_string());
        form.field(
            gateway,
            "port",
            ("--port", "ask.port"),
            port.as_deref(),
            None,
        )?;
        form.field(
            gateway,
            "system_id",
            ("--system-id", "ask.system_id"),
            args.system_id.as_deref(),
            None,
        )?;
        let password = match password {
            Some(password) => password,
            None => form.password()?,
        };
        let file = Value::Text(format!("keys/{name}.password"));
        form.values.push((gateway, "password_file", file));
        form.field(
            gateway,
            "source_address",
            ("--source-address", "ask.source_address"),
            args.source_address.as_deref(),
            None,
        )?;
        Ok(Answers {
            values: form.values,
            gateway: Some(name),
            password: Some(password),
        })
    }

    fn try_logins(&mut self, config: &Config) -> Result<(), CliError> {
        for gateway in &config.gateways {
            let name = &*gateway.name.0;
            let password = files::gateway_password(self.place, gateway)?;
            let tls = tls::gateway_tls(self.place, gateway)?;
            self.tell("init.trying", &[("gateway", name)])?;
            let Err(fault) = self.world.try_login(gateway, &password, tls) else {
                self.tell("init.login_ok", &[("gateway", name)])?;
                continue;
            };
            let cause = fault.cause;
            if is_refusal(cause) {
                let detail = fault.detail.map(Into::into);
                return Err(CliError::Login { cause, detail });
            }
            let facts = [
                ("gateway", name),
                ("cause", &*self.words.down_cause(cause)),
                ("act", &self.words.down_act(cause)),
            ];
            self.tell("init.login_later", &facts)?;
        }
        Ok(())
    }

    fn next_steps(&mut self, config: &Config) -> Result<(), CliError> {
        let dir = self.place.dir().display().to_string();
        let hazir = if self.place.is_default() {
            "hazir".to_owned()
        } else {
            format!("hazir --data {}", shell_quoted(&dir))
        };
        let file = self.place.config().display().to_string();
        let facts = [("hazir", &*hazir), ("file", &*file)];
        self.tell("init.next", &facts)?;
        if config.gateways.is_empty() {
            self.tell("init.next_gateway", &facts)?;
        } else if config.gateways[0].source_address.is_none() {
            self.tell("init.next_source", &facts)?;
        }
        self.tell("init.next_employee", &facts)?;
        self.tell("init.next_device", &facts)?;
        self.tell("init.next_serve", &facts)?;
        self.tell("init.next_keys", &facts)
    }

    fn tell_made(&mut self, path: &Path, made: Made) -> Result<(), CliError> {
        let path = path.display().to_string();
        let key = match made {
            Made::New => "init.made",
            Made::Kept => "init.kept",
        };
        self.tell(key, &[("path", &path)])
    }

    fn tell(&mut self, key: &str, facts: &[(&str, &str)]) -> Result<(), CliError> {
        let said = self.words.say(key, facts);
        for line in said.lines() {
            writeln!(self.err, "{}", safe(line)).map_err(CliError::Terminal)?;
        }
        Ok(())
    }
}

/// Fills in values from flags, or by asking.
struct Form<'a> {
    questions: Option<Questions<'a>>,
    values: Vec<(Section, &'static str, Value)>,
}

impl Form<'_> {
    /// Takes one value: the flag's, else the answer, else `otherwise`. What equals none of them keeps its default.
    fn field(
        &mut self,
        section: Section,
        name: &'static str,
        (flag, question): (&'static str, &str),
        given: Option<&str>,
        otherwise: Option<&str>,
    ) -> Result<Option<String>, CliError> {
        let key = section
            .key(name)
            .expect("init asks for keys that there are");
        let text = match (given, &mut self.questions) {
            (Some(given), _) => Some(given.to_owned()),
            (None, Some(questions)) => {
                let shown = match otherwise {
                    Some(otherwise) => otherwise,
                    None => key.example.trim_matches('"'),
                };
                let words = questions.words;
                let check = |text: &str| check(words, key.kind, name, text);
                Some(questions.ask(question, shown, check)?)
            }
            (None, None) => otherwise.map(str::to_owned),
        };
        if let Some(text) = &text {
            let value = allowed(flag, key.kind, name, text)?;
            self.values.push((section, name, value));
        }
        Ok(text)
    }

    /// Takes the host; none leaves the gateway for later.
    fn host(&mut self, given: Option<&str>) -> Result<Option<String>, CliError> {
        let host = match (given, &mut self.questions) {
            (Some(given), _) => given.to_owned(),
            (None, Some(questions)) => {
                let words = questions.words;
                let check = |text: &str| match text {
                    "" => Ok(()),
                    text => check(words, Kind::Host, "host", text),
                };
                questions.ask("ask.host", "", check)?
            }
            (None, None) => return Ok(None),
        };
        if host.is_empty() && given.is_none() {
            return Ok(None);
        }
        allowed("--host", Kind::Host, "host", &host)?;
        Ok(Some(host))
    }

    fn password(&mut self) -> Result<Secret, CliError> {
        let Some(questions) = &mut self.questions else {
            return Err(CliError::FlagMissing("--password-file"));
        };
        let words = questions.words;
        let check = |text: &str| match text {
            "" => Err(words.say("ask.password_empty", &[])),
            text => check(words, Kind::Secret { most: 8 }, "password", text),
        };
        let mut answer = questions.ask_hidden("ask.password", check)?;
        let password = Secret::new(answer.to_string());
        answer.zeroize();
        Ok(password)
    }
}

fn check(words: &Words, kind: Kind, key: &str, text: &str) -> Result<(), String> {
    let allowed = Value::from_words(kind, key, text);
    allowed
        .map(|_| ())
        .map_err(|fault| sentences::config_fault(words, &fault))
}

fn allowed(flag: &'static str, kind: Kind, key: &str, text: &str) -> Result<Value, CliError> {
    let wrong = |fault: ConfigFault| {
        let at = Origin::Flag(flag.to_owned());
        CliError::Config(ConfigError { at, fault })
    };
    Value::from_words(kind, key, text).map_err(wrong)
}

/// A key of the system's random octets.
///
/// # Errors
/// [`CliError::Random`].
pub(super) fn new_store_key() -> Result<StoreKey, CliError> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|cause| CliError::Random(cause.into()))?;
    let key = StoreKey::from_octets(octets);
    octets.zeroize();
    Ok(key)
}

/// The IANA name of the system's time zone.
pub(super) fn system_zone() -> String {
    let zone = TimeZone::try_system().ok();
    let name = zone.as_ref().and_then(TimeZone::iana_name);
    name.unwrap_or("UTC").to_owned()
}

const fn is_refusal(cause: DownCause) -> bool {
    match cause {
        DownCause::Bind(BindFault::Status(_)) => true,
        DownCause::Bind(BindFault::Password | BindFault::SystemId | BindFault::AlreadyBound)
        | DownCause::Refused
        | DownCause::Unreachable
        | DownCause::NoAnswer
        | DownCause::Closed
        | DownCause::Unbound
        | DownCause::Silent
        | DownCause::Protocol
        | DownCause::Stopping
        | DownCause::Tls(_) => cause.needs_a_hand(),
    }
}

/// The text as one word of a shell.
pub fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
