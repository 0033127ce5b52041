use super::super::args::JsonArgs;
use super::super::error::CliError;
use super::super::json::LinkJson;
use super::super::turn::Turn;
use crate::api::{LinkFact, LinkState, Query, Reply};

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
    let mut table = turn.heads(["head.gateway", "head.link"]);
    for link in &links {
        let [state, last_message, counts] = facts(turn, link);
        let limits = limits(turn, link);
        table.row([&link.gateway.0, &state]);
        if let Some(cause) = link.error {
            table.row(["", &turn.words.down_act(cause)]);
        }
        table.row(["", &last_message]);
        table.row(["", &counts]);
        for limit in limits.into_iter().flatten() {
            table.row(["", &limit]);
        }
    }
    turn.table(&mut table)
}

/// How a link stands, when the last message came, and what was counted: a line each.
fn facts(turn: &Turn<'_>, link: &LinkFact) -> [String; 3] {
    let words = turn.words;
    let since = turn.local(Some(link.since));
    let state = match link.state {
        LinkState::Bound => words.say("link.bound", &[("since", &since)]),
        LinkState::Connecting => words.say("link.connecting", &[("since", &since)]),
        LinkState::Down => {
            let cause = link.error.map(|cause| words.down_cause(cause));
            let cause = cause.unwrap_or_else(|| words.say("link.no_cause", &[]));
            words.say("link.down", &[("since", &since), ("cause", &cause)])
        }
    };
    let last_message = match link.last_message_at {
        Some(at) => words.say("link.last_message", &[("at", &turn.local(Some(at)))]),
        None => words.say("link.no_message", &[]),
    };
    let [received, submitted, drops, waiting] = [
        link.received.to_string(),
        link.submitted.to_string(),
        link.drops.to_string(),
        link.waiting.to_string(),
    ];
    let counts = words.say(
        "link.counts",
        &[
            ("received", &received),
            ("submitted", &submitted),
            ("drops", &drops),
            ("waiting", &waiting),
        ],
    );
    let reply = link.reply_ms.map(|ms| ms.to_string());
    let reply = reply.map(|ms| words.say("link.reply", &[("ms", &ms)]));
    [state, last_message, counts + &reply.unwrap_or_default()]
}

/// What holds answers back, and what was not kept; a line each where there is any.
fn limits(turn: &Turn<'_>, link: &LinkFact) -> [Option<String>; 2] {
    let words = turn.words;
    let pace = link.pace_until.map(|at| turn.local(Some(at)));
    let (unreadable, copies) = (link.unreadable_over_bound, link.copies_over_bound);
    let facts = [
        ("unreadable", &*unreadable.to_string()),
        ("copies", &copies.to_string()),
    ];
    [
        pace.map(|at| words.say("link.pace", &[("at", &at)])),
        (unreadable + copies > 0).then(|| words.say("link.over_bound", &facts)),
    ]
}
