use super::super::args::JsonArgs;
use super::super::error::CliError;
use super::super::json::LinkJson;
use super::super::turn::Turn;
use crate::api::{LinkState, Query, Reply};

pub(super) fn run(turn: &mut Turn<'_>, args: &JsonArgs) -> Result<(), CliError> {
    let Reply::Links(links) = turn.query(Query::Links)? else {
        return Err(CliError::Answer);
    };
    if args.json {
        return turn.objects(links.iter().map(LinkJson::from));
    }
    if links.is_empty() {
        return turn.tell("said.no_gateways", &[]);
    }
    let mut table = turn.heads([
        "head.gateway",
        "head.state",
        "head.since",
        "head.reply",
        "head.last_message",
        "head.received",
        "head.submitted",
        "head.drops",
        "head.waiting",
        "head.error",
    ]);
    for link in &links {
        let state = match link.state {
            LinkState::Bound => "link.bound",
            LinkState::Connecting => "link.connecting",
            LinkState::Down => "link.down",
        };
        let reply = link.reply_ms.map_or_else(String::new, |ms| {
            turn.words.say("link.reply_ms", &[("ms", &ms.to_string())])
        });
        let error = link.error.map(|cause| turn.words.down_cause(cause));
        table.row([
            &link.gateway.0,
            &turn.words.say(state, &[]),
            &turn.local(Some(link.since)),
            &reply,
            &turn.local(link.last_message_at),
            &link.received.to_string(),
            &link.submitted.to_string(),
            &link.drops.to_string(),
            &link.waiting.to_string(),
            &error.unwrap_or_default(),
        ]);
    }
    turn.table(&mut table)
}
