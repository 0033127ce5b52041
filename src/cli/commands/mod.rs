//! The commands that ask a desk.

mod alarms;
mod backup;
mod device;
mod employee;
mod enrol;
mod feed;
mod import;
mod link;
mod mark;
mod outbox;
mod people;
mod restore;
mod retry;

use super::args::Command;
use super::error::CliError;
use super::place::Place;
use super::reach::Need;
use super::turn::Turn;

/// What `command` needs of a desk; `None` for a command that asks none.
pub fn need(command: &Command) -> Option<Need> {
    match command {
        Command::Link(_) => Some(Need::Engine),
        Command::Feed(args) if args.follow => Some(Need::Engine),
        Command::Employee(_)
        | Command::Device(_)
        | Command::Feed(_)
        | Command::People(_)
        | Command::Outbox(_)
        | Command::Alarms(_)
        | Command::Retry(_)
        | Command::Acknowledge(_)
        | Command::Mark(_)
        | Command::Backup(_) => Some(Need::Either),
        Command::Verify(args) if args.file.is_none() => Some(Need::Engine),
        Command::Verify(_)
        | Command::Restore(_)
        | Command::Serve { .. }
        | Command::Demo(_)
        | Command::Init(_)
        | Command::Config(_)
        | Command::Completions { .. }
        | Command::Man => None,
    }
}

/// Runs a command that asks a desk; does nothing for the others.
///
/// # Errors
/// [`CliError`] where it was not done.
pub fn run(turn: &mut Turn<'_>, command: Command) -> Result<(), CliError> {
    match command {
        Command::Employee(command) => employee::run(turn, command),
        Command::Device(command) => device::run(turn, command),
        Command::Feed(args) => feed::run(turn, &args),
        Command::People(args) => people::run(turn, &args),
        Command::Outbox(args) => outbox::run(turn, &args),
        Command::Alarms(args) => alarms::run(turn, &args),
        Command::Link(args) => link::run(turn, &args),
        Command::Retry(args) => retry::run(turn, &args),
        Command::Acknowledge(args) => alarms::acknowledge(turn, &args),
        Command::Mark(args) => mark::run(turn, &args),
        Command::Backup(args) => backup::run(turn, &args),
        Command::Verify(args) if args.file.is_none() => backup::verify(turn, &args),
        Command::Verify(_)
        | Command::Restore(_)
        | Command::Serve { .. }
        | Command::Demo(_)
        | Command::Init(_)
        | Command::Config(_)
        | Command::Completions { .. }
        | Command::Man => Ok(()),
    }
}

/// Runs a command that needs files of a desk and nobody who has its store open; `None` for the others. A `verify` of
/// the store is such a one where no engine runs.
pub fn run_apart(
    turn: &mut Turn<'_>,
    place: &Place,
    command: &Command,
) -> Option<Result<(), CliError>> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what a command needs is said in `need`, one by one"
    )]
    match command {
        Command::Verify(args) => Some(backup::verify_file(turn, place, args)),
        Command::Restore(args) => Some(restore::run(turn, place, args)),
        _ => None,
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
