use super::super::args::{AcknowledgeArgs, JsonArgs};
use super::super::error::CliError;
use super::super::json::{AcknowledgedJson, AlarmJson};
use super::super::turn::Turn;
use crate::api::{AlarmState, Command, Query, Reply};
use crate::domain::AlarmId;

pub(super) fn run(turn: &mut Turn<'_>, args: &JsonArgs) -> Result<(), CliError> {
    let Reply::Alarms(alarms) = turn.query(Query::Alarms)? else {
        return Err(CliError::Answer);
    };
    if args.json {
        let words = turn.words;
        return turn.objects(alarms.iter().map(|alarm| AlarmJson::new(alarm, words)));
    }
    if alarms.is_empty() {
        return turn.tell("said.no_alarms", &[]);
    }
    let mut table = turn.heads([
        "head.id",
        "head.priority",
        "head.state",
        "head.since",
        "head.alarm",
    ]);
    for alarm in &alarms {
        let name = alarm.name.as_deref();
        let state = match alarm.state {
            AlarmState::New => "alarm_state.new",
            AlarmState::Seen => "alarm_state.seen",
            AlarmState::Ended => "alarm_state.ended",
            AlarmState::Shelved => "alarm_state.shelved",
        };
        let text = turn.words.alarm_text(&alarm.kind, name, alarm.count);
        let act = turn.words.alarm_act(&alarm.kind, name);
        table.row([
            &alarm.id.to_string(),
            &alarm.kind.priority().to_string(),
            &turn.words.say(state, &[]),
            &turn.local(Some(alarm.since)),
            &text,
        ]);
        table.row(["", "", "", "", &act]);
    }
    turn.table(&mut table)
}

pub(super) fn acknowledge(turn: &mut Turn<'_>, args: &AcknowledgeArgs) -> Result<(), CliError> {
    let command = args.id.map_or(Command::AcknowledgeAll, |id| {
        Command::Acknowledge(AlarmId(id))
    });
    let Reply::Acknowledged(ids) = turn.command(command)? else {
        return Err(CliError::Answer);
    };
    if args.json {
        return turn.objects(ids.iter().map(|id| AcknowledgedJson { id: id.0 }));
    }
    let count = ids.len().to_string();
    turn.tell("said.acknowledged", &[("count", &count)])
}
