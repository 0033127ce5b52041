//! The command line as clap reads it. Its words stand in `assets/words`, set by [`super::help`].

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// The whole command line.
#[derive(Parser)]
#[command(name = "hazir", version, disable_help_subcommand = true)]
pub struct CommandLine {
    /// The directory of the desk.
    #[arg(long, global = true, env = "HAZIR_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// What this desk is called in the log.
    #[arg(long, global = true, env = "HAZIR_DESK", value_name = "NAME")]
    pub desk: Option<String>,
    /// Values over those of file and environment.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The console as lines.
    #[arg(long)]
    pub plain: bool,
    /// What to do; the console where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Runs the engine.
    Serve {
        /// In a session of its own.
        #[arg(long, hide = true)]
        detach: bool,
    },
    /// Shows a desk with invented people.
    Demo(DemoArgs),
    /// Makes a desk.
    Init(Box<InitArgs>),
    /// Cards.
    #[command(subcommand)]
    Employee(EmployeeCommand),
    /// Phones.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Messages and marks.
    Feed(FeedArgs),
    /// Who is in.
    People(JsonArgs),
    /// Answers.
    Outbox(JsonArgs),
    /// Alarms.
    Alarms(JsonArgs),
    /// Links.
    Link(LinkArgs),
    /// Tries again.
    Retry(RetryArgs),
    /// Has seen an alarm.
    Acknowledge(AcknowledgeArgs),
    /// Marks by hand.
    Mark(MarkArgs),
    /// Writes a copy of the store.
    Backup(BackupArgs),
    /// Puts one in the place of the store.
    Restore(RestoreArgs),
    /// Looks at every row.
    Verify(VerifyArgs),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Completions of a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// The manual page.
    Man,
}

/// For commands that take nothing but `--json`.
#[derive(Debug, Args)]
pub struct JsonArgs {
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `link` takes.
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// The last PDUs, of one gateway or of all.
    #[arg(long, value_name = "GATEWAY", num_args = 0..=1, default_missing_value = "")]
    pub pdus: Option<String>,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `demo` takes.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// What happens.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "morning",
        hide_possible_values = true
    )]
    #[arg(hide_default_value = true)]
    pub scenario: DemoScenario,
    /// How many people work there.
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub people: Option<u16>,
    /// Fixes keys, people, script and faults.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Lines instead of the console.
    #[arg(long)]
    pub plain: bool,
    /// Leaves the gateway to others.
    #[arg(long, value_name = "PORT")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub gateway_port: Option<u16>,
    /// Measures with so many check-ins.
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    #[arg(conflicts_with_all = ["scenario", "seed", "plain", "gateway_port"])]
    pub load: Option<u64>,
    /// So many at once.
    #[arg(long, value_name = "W", requires = "load", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub in_flight: Vec<u16>,
    /// Beside so many receipts that waited.
    #[arg(long, value_name = "N", requires = "load")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub waiting: Option<u64>,
    /// One object a line.
    #[arg(long, requires = "load")]
    pub json: bool,
}

/// What a demo shows.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub enum DemoScenario {
    /// Everybody arrives.
    Morning,
    /// The gateway goes away.
    LinkDown,
    /// Old messages come again.
    Replay,
    /// A stranger sends without end.
    Flood,
    /// The gateway takes its time.
    GatewaySlow,
}

/// What `init` takes.
#[derive(Args)]
pub struct InitArgs {
    /// Asks nothing.
    #[arg(long)]
    pub non_interactive: bool,
    /// Name of the site.
    #[arg(long)]
    pub name: Option<String>,
    /// Its time zone.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Its country.
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// Name of the gateway.
    #[arg(long, value_name = "NAME")]
    pub gateway_name: Option<String>,
    /// Its host.
    #[arg(long)]
    pub host: Option<String>,
    /// Its port.
    #[arg(long)]
    pub port: Option<u16>,
    /// Name of the login.
    #[arg(long, value_name = "ID")]
    pub system_id: Option<String>,
    /// The password itself.
    #[arg(long, conflicts_with = "password_file")]
    pub password: Option<String>,
    /// A file with the password; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The number that receipts come from.
    #[arg(long, value_name = "NUMBER")]
    pub source_address: Option<String>,
    /// Does not try the login.
    #[arg(long)]
    pub no_check: bool,
}

/// What can be done with cards.
#[derive(Debug, Subcommand)]
pub enum EmployeeCommand {
    /// A new card.
    Add {
        /// The name as it is written.
        #[arg(long)]
        name: String,
        /// The number.
        #[arg(long)]
        phone: String,
        /// The short name.
        #[arg(long)]
        short: Option<String>,
        /// Team.
        #[arg(long)]
        team: Option<String>,
        /// Shift.
        #[arg(long)]
        shift: Option<String>,
        /// The 2023 format counts.
        #[arg(long)]
        legacy: bool,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// Changes a card.
    #[command(override_usage = "hazir employee edit <EMPLOYEE> [OPTIONS]")]
    #[command(group = ArgGroup::new("change").required(true).multiple(true)
        .args(["name", "phone", "short", "team", "shift", "legacy"]))]
    Edit {
        /// Whose.
        employee: String,
        /// The name as it is written.
        #[arg(long)]
        name: Option<String>,
        /// The number.
        #[arg(long)]
        phone: Option<String>,
        /// The short name.
        #[arg(long)]
        short: Option<String>,
        /// Team.
        #[arg(long)]
        team: Option<String>,
        /// Shift.
        #[arg(long)]
        shift: Option<String>,
        /// Whether the 2023 format counts.
        #[arg(long, value_name = "on|off", hide_possible_values = true)]
        legacy: Option<Switch>,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// All cards.
    List(JsonArgs),
    /// Turns check-ins down.
    Suspend(EmployeeArgs),
    /// Takes them again.
    Resume(EmployeeArgs),
    /// Many cards at once.
    Import {
        /// The list.
        file: PathBuf,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
}

/// On or off.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// One employee.
#[derive(Debug, Args)]
pub struct EmployeeArgs {
    /// Number, name or short name.
    pub employee: String,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What can be done with phones.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// A key for a phone.
    Enrol {
        /// Whose.
        employee: String,
        /// A key that exists.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// Address of the page for phones.
        #[arg(long, value_name = "URL")]
        page: Option<String>,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// All phones.
    List(JsonArgs),
    /// Stops a phone.
    Revoke(DeviceArgs),
    /// Lets it go on.
    Unrevoke(DeviceArgs),
}

/// One phone.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    /// Number of the device.
    pub device: u32,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `feed` takes.
#[derive(Debug, Args)]
pub struct FeedArgs {
    /// Goes on with what comes.
    #[arg(long)]
    pub follow: bool,
    /// Not before.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Of one employee.
    #[arg(long)]
    pub employee: Option<String>,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `retry` takes.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["seq", "failed"]))]
pub struct RetryArgs {
    /// A line of the feed.
    pub seq: Option<u64>,
    /// All answers that failed.
    #[arg(long)]
    pub failed: bool,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `acknowledge` takes.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["id", "all"]))]
pub struct AcknowledgeArgs {
    /// An alarm.
    pub id: Option<u64>,
    /// All alarms.
    #[arg(long)]
    pub all: bool,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// In or out.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Came.
    In,
    /// Went.
    Out,
}

/// What `mark` takes.
#[derive(Debug, Args)]
pub struct MarkArgs {
    /// Whom.
    pub employee: String,
    /// Came or went.
    #[arg(value_name = "in|out", hide_possible_values = true)]
    pub action: Way,
    /// When; now where it is not said.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `backup` takes.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Where to.
    pub file: PathBuf,
    /// Over a file that is there.
    #[arg(long)]
    pub force: bool,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `restore` takes.
#[expect(
    clippy::option_option,
    reason = "it is given or not, and with a directory or without"
)]
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup.
    pub file: PathBuf,
    /// What the journal has, too.
    #[arg(long, value_name = "DIR")]
    pub journal: Option<Option<PathBuf>>,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `verify` takes.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A backup.
    pub file: Option<PathBuf>,
    /// One object a line.
    #[arg(long)]
    pub json: bool,
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every key with its value.
    Show {
        /// Where each comes from, too.
        #[arg(long)]
        origin: bool,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// A file with every key.
    Template,
    /// Whether it is right.
    Check,
}
