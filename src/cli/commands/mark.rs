use super::super::args::{MarkArgs, Way};
use super::super::error::CliError;
use super::super::json::FeedJson;
use super::super::time::parse_when;
use super::super::turn::Turn;
use crate::api::{Command, Reply};
use crate::domain::Action;

pub(super) fn run(turn: &mut Turn<'_>, args: &MarkArgs) -> Result<(), CliError> {
    let zone = &turn.config.site.time_zone;
    let at = args.at.as_deref();
    let at = at.map(|text| parse_when(text, turn.now, zone, "--at"));
    let at = at.transpose()?;
    let card = turn.employee(&args.employee)?;
    let (action, said) = match args.action {
        Way::In => (Action::In, "said.marked_in"),
        Way::Out => (Action::Out, "said.marked_out"),
    };
    let command = Command::Mark {
        employee: card.id,
        action,
        at,
        reason: args.reason.clone(),
    };
    let Reply::Marked(line) = turn.command(command)? else {
        return Err(CliError::Answer);
    };
    if args.json {
        return turn.objects([FeedJson::from(&*line)]);
    }
    let at = turn.local(line.at.or(Some(line.received_at)));
    turn.tell(said, &[("name", &card.name), ("at", &at)])
}
