use super::super::args::{EmployeeCommand, Switch};
use super::super::error::CliError;
use super::super::json::EmployeeJson;
use super::super::turn::Turn;
use super::import;
use crate::api::{CardEdit, Command, NewEmployee, Reply};
use crate::domain::{Employee, Msisdn};

pub(super) fn run(turn: &mut Turn<'_>, command: EmployeeCommand) -> Result<(), CliError> {
    match command {
        EmployeeCommand::Add {
            name,
            phone,
            short,
            team,
            shift,
            legacy,
            json,
        } => {
            let card = NewEmployee {
                name,
                phone: number(turn, &phone)?,
                short,
                team,
                shift,
                legacy,
            };
            let cards = change(turn, Command::AddEmployees(vec![card]))?;
            show(turn, &cards, json)
        }
        EmployeeCommand::Edit {
            employee,
            name,
            phone,
            short,
            team,
            shift,
            legacy,
            json,
        } => {
            let phone = phone.map(|phone| number(turn, &phone)).transpose()?;
            let edit = CardEdit {
                name,
                phone,
                short,
                team,
                shift,
                legacy: legacy.map(|legacy| legacy == Switch::On),
            };
            let id = turn.employee(&employee)?.id;
            let cards = change(turn, Command::EditEmployee(id, edit))?;
            show(turn, &cards, json)
        }
        EmployeeCommand::List(args) => {
            let cards = turn.employees()?;
            if cards.is_empty() && !args.json {
                return turn.tell("said.no_employees", &[]);
            }
            show(turn, &cards, args.json)
        }
        EmployeeCommand::Suspend(args) => suspend(turn, &args.employee, true, args.json),
        EmployeeCommand::Resume(args) => suspend(turn, &args.employee, false, args.json),
        EmployeeCommand::Import { file, json } => {
            let cards = import::run(turn, &file)?;
            if json {
                return show(turn, &cards, true);
            }
            turn.tell("said.imported", &[("count", &cards.len().to_string())])
        }
    }
}

/// Asks for a change of cards.
///
/// # Errors
/// As [`Turn::command`].
pub(super) fn change(turn: &mut Turn<'_>, command: Command) -> Result<Vec<Employee>, CliError> {
    let Reply::Employees(cards) = turn.command(command)? else {
        return Err(CliError::Answer);
    };
    Ok(cards)
}

fn suspend(
    turn: &mut Turn<'_>,
    employee: &str,
    suspended: bool,
    json: bool,
) -> Result<(), CliError> {
    let id = turn.employee(employee)?.id;
    let cards = change(turn, Command::SetSuspended(id, suspended))?;
    show(turn, &cards, json)
}

fn number(turn: &Turn<'_>, text: &str) -> Result<Msisdn, CliError> {
    Msisdn::parse(text, turn.config.site.country).map_err(CliError::Phone)
}

fn show(turn: &mut Turn<'_>, cards: &[Employee], json: bool) -> Result<(), CliError> {
    if json {
        return turn.objects(cards.iter().map(EmployeeJson::from));
    }
    let mut table = turn.heads([
        "head.id",
        "head.name",
        "head.short",
        "head.phone",
        "head.team",
        "head.shift",
        "head.marks",
    ]);
    let legacy = turn.words.say("mark.legacy", &[]);
    let suspended = turn.words.say("mark.suspended", &[]);
    for card in cards {
        let marks = [(card.legacy, &*legacy), (card.suspended, &*suspended)];
        let marks = marks
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| word);
        table.row([
            &card.id.to_string(),
            &card.name,
            &card.short,
            card.phone.as_str(),
            card.team.as_deref().unwrap_or_default(),
            card.shift.as_deref().unwrap_or_default(),
            &marks.collect::<Vec<_>>().join(", "),
        ]);
    }
    turn.table(&mut table)
}
