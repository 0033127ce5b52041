use super::super::args::JsonArgs;
use super::super::error::CliError;
use super::super::json::PersonJson;
use super::super::turn::Turn;
use crate::api::{PersonPresence, Query, Reply};

pub(super) fn run(turn: &mut Turn<'_>, args: &JsonArgs) -> Result<(), CliError> {
    let Reply::People(people) = turn.query(Query::People)? else {
        return Err(CliError::Answer);
    };
    if args.json {
        return turn.objects(people.iter().map(PersonJson::from));
    }
    if people.is_empty() {
        return turn.tell("said.no_employees", &[]);
    }
    let mut table = turn.heads(["head.id", "head.name", "head.state", "head.since"]);
    for person in &people {
        let state = match person.state {
            PersonPresence::In => "presence.in",
            PersonPresence::Out => "presence.out",
        };
        table.row([
            &person.employee.to_string(),
            &person.name,
            &turn.words.say(state, &[]),
            &turn.local(person.since),
        ]);
    }
    turn.table(&mut table)
}
