use super::super::args::RetryArgs;
use super::super::error::CliError;
use super::super::json::{RetriedJson, of_message};
use super::super::turn::Turn;
use crate::api::{Command, Reply, Retried};
use crate::domain::Seq;

pub(super) fn run(turn: &mut Turn<'_>, args: &RetryArgs) -> Result<(), CliError> {
    let command = args
        .seq
        .map_or(Command::RetryFailed, |seq| Command::Retry(Seq(seq)));
    let Reply::Retried(done) = turn.command(command)? else {
        return Err(CliError::Answer);
    };
    if args.json {
        return turn.objects(done.iter().map(RetriedJson::from));
    }
    if done.is_empty() {
        return turn.tell("said.nothing_failed", &[]);
    }
    for retried in &done {
        match retried {
            Retried::Opened { seq, now, outcome } => {
                let outcome = turn.words.outcome(of_message(*outcome));
                let facts = [
                    ("seq", &*seq.to_string()),
                    ("now", &now.to_string()),
                    ("outcome", &outcome),
                ];
                turn.tell("said.opened", &facts)?;
            }
            Retried::StillUnreadable(seq) => {
                turn.tell("said.still_unreadable", &[("seq", &seq.to_string())])?;
            }
            Retried::Requeued(id) => turn.tell("said.requeued", &[("id", &id.to_string())])?,
            Retried::AlreadyQueued(id) => {
                turn.tell("said.already_queued", &[("id", &id.to_string())])?;
            }
        }
    }
    Ok(())
}
