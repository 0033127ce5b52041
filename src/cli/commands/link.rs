use super::super::args::LinkArgs;
use super::super::error::CliError;
use super::super::json::{LinkJson, PduJson};
use super::super::turn::Turn;
use crate::api::{LinkFact, LinkState, Query, Reply};

pub(super) fn run(turn: &mut Turn<'_>, args: &LinkArgs) -> Result<(), CliError> {
    let Reply::Links(links) = turn.query(Query::Links)? else {
        return Err(CliError::Answer);
    };
    if links.is_empty() && !args.json {
        return turn.tell("said.no_gateways", &[]);
    }
    if let Some(gateway) = &args.pdus {
        return pdus(turn, &links, gateway, args.json);
    }
    if args.json {
        return turn.objects(links.iter().map(LinkJson::from));
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

/// The last PDUs of `gateway`, or of all where it is empty, oldest first.
fn pdus(
    turn: &mut Turn<'_>,
    links: &[LinkFact],
    gateway: &str,
    json: bool,
) -> Result<(), CliError> {
    let is_asked = |link: &&LinkFact| gateway.is_empty() || *link.gateway.0 == *gateway;
    let asked: Vec<_> = links.iter().filter(is_asked).collect();
    if asked.is_empty() && !gateway.is_empty() {
        return Err(CliError::NoGateway {
            name: gateway.to_owned(),
            names: links.iter().map(|link| link.gateway.clone()).collect(),
        });
    }
    let mut table = turn.heads([
        "head.time",
        "head.gateway",
        "head.direction",
        "head.command",
        "head.status",
        "head.sequence",
        "head.octets",
    ]);
    for link in asked {
        let Reply::Pdus(pdus) = turn.query(Query::Pdus(link.gateway.clone()))? else {
            return Err(CliError::Answer);
        };
        if json {
            turn.objects(pdus.iter().map(|pdu| PduJson::of(&link.gateway, pdu)))?;
            continue;
        }
        for pdu in pdus {
            let header = pdu.header;
            let way = if header.is_ours {
                turn.words.say("pdu.sent", &[])
            } else {
                turn.words.say("pdu.came", &[])
            };
            let code = |code: u32| format!("{code:#010x}");
            let command = header.command().map(str::to_owned);
            let status = header.status_name().map(str::to_owned);
            table.row([
                &turn.local(Some(pdu.at)),
                &link.gateway.0,
                &way,
                &command.unwrap_or_else(|| code(header.command_id)),
                &status.unwrap_or_else(|| code(header.status)),
                &header.sequence.to_string(),
                &header.octets.to_string(),
            ]);
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
fn limits(turn: &Turn<'_>, link: &LinkFact) -> [Option<String>; 5] {
    /// The last of them say how it is now.
    const BREAKS: usize = 3;
    let words = turn.words;
    let until = link.pace_until.map(|at| turn.local(Some(at)));
    let hold = link
        .hold
        .map(|hold| words.hold(hold, link.waiting, until.as_deref()));
    let breaks = link.breaks.iter().rev().take(BREAKS);
    let breaks: Vec<_> = breaks.map(|at| turn.local(Some(*at))).collect();
    let faults = words.link_faults(&link.faults);
    let expected = link.expected.to_string();
    let (unreadable, copies) = (link.unreadable_over_bound, link.copies_over_bound);
    let facts = [
        ("unreadable", &*unreadable.to_string()),
        ("copies", &copies.to_string()),
    ];
    [
        hold,
        (link.expected > 0).then(|| words.say("link.expected", &[("expected", &expected)])),
        (!breaks.is_empty()).then(|| words.say("link.breaks", &[("times", &breaks.join(", "))])),
        (!faults.is_empty()).then(|| words.say("link.faults", &[("faults", &faults)])),
        (unreadable + copies > 0).then(|| words.say("link.over_bound", &facts)),
    ]
}
