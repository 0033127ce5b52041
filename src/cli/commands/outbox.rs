use super::super::args::JsonArgs;
use super::super::error::CliError;
use super::super::json::OutboxJson;
use super::super::turn::Turn;
use crate::api::{Query, Reply};
use crate::domain::{Address, AnswerKind, OutboxId, OutboxState};
use crate::words::Words;

pub(super) fn run(turn: &mut Turn<'_>, args: &JsonArgs) -> Result<(), CliError> {
    // Where there is one gateway, nobody asks by which an answer goes.
    let several = turn.config.gateways.len() > 1;
    let by = several.then_some("head.gateway");
    let heads = ["head.id", "head.seq", "head.to"].into_iter().chain(by);
    let mut table = turn.heads(heads.chain([
        "head.kind",
        "head.state",
        "head.attempts",
        "head.next",
        "head.error",
    ]));
    let mut is_empty = true;
    let mut after = Some(OutboxId(0));
    while let Some(page) = after {
        let Reply::Outbox { entries, next } = turn.query(Query::Outbox { after: page })? else {
            return Err(CliError::Answer);
        };
        after = next.filter(|next| *next > page);
        is_empty &= entries.is_empty();
        if args.json {
            turn.objects(entries.iter().map(OutboxJson::from))?;
            continue;
        }
        for entry in &entries {
            let kind = match entry.kind {
                AnswerKind::Receipt => "kind.receipt",
                AnswerKind::Refusal => "kind.refusal",
                AnswerKind::Message => "kind.message",
            };
            let error = entry.error.as_ref();
            let (id, seq) = (entry.id.to_string(), entry.seq.to_string());
            let to = Address::plain(&entry.to).masked();
            let by = several.then_some(&*entry.gateway.0);
            table.cells([&*id, &*seq, &*to].into_iter().chain(by).chain([
                &*turn.words.say(kind, &[]),
                &*state(turn.words, entry.state),
                &*entry.attempts.to_string(),
                &*turn.local(entry.next_at),
                &*error.map_or_else(String::new, |error| turn.words.send_error(error)),
            ]));
        }
        turn.table(&mut table)?;
    }
    if is_empty && !args.json {
        return turn.tell("said.no_answers", &[]);
    }
    Ok(())
}

/// The word for how far an answer has come.
pub(super) fn state(words: &Words, state: OutboxState) -> String {
    let key = match state {
        OutboxState::Queued => "outbox.queued",
        OutboxState::Sending => "outbox.sending",
        OutboxState::Sent => "outbox.sent",
        OutboxState::Deferred => "outbox.deferred",
        OutboxState::Delivered => "outbox.delivered",
        OutboxState::Failed => "outbox.failed",
    };
    words.say(key, &[])
}
