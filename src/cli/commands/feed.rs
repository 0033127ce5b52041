use super::super::args::FeedArgs;
use super::super::error::CliError;
use super::super::json::FeedJson;
use super::super::table::Table;
use super::super::time::parse_when;
use super::super::turn::Turn;
use super::outbox;
use crate::api::{Event, FeedLine, Query, Reply};
use crate::domain::{Action, Address, EmployeeId, Millis, Seq};

pub(super) fn run(turn: &mut Turn<'_>, args: &FeedArgs) -> Result<(), CliError> {
    let zone = &turn.config.site.time_zone;
    let since = args.since.as_deref();
    let since = since.map(|text| parse_when(text, turn.now, zone, "--since"));
    let since = since.transpose()?;
    let employee = match &args.employee {
        Some(text) => Some(turn.employee(text)?.id),
        None => None,
    };
    let mut printer = Printer {
        since,
        employee,
        json: args.json,
        lines: 0,
        last: Seq(0),
        table: turn.heads([
            "head.seq",
            "head.received",
            "head.name",
            "head.action",
            "head.outcome",
            "head.receipt",
            "head.note",
        ]),
    };
    if args.follow {
        // Events are kept before the first page is read, so nothing falls between the two.
        turn.desk.follow()?;
    }
    printer.pages(turn)?;
    if !args.follow {
        let is_empty = printer.lines == 0 && !args.json;
        return if is_empty {
            turn.tell("said.no_lines", &[])
        } else {
            Ok(())
        };
    }
    while let Some(event) = turn.desk.next_event()? {
        let is_news = match event {
            Event::Feed(line) => line.seq > printer.last,
            Event::Lost => true,
            Event::Stopping => return Err(CliError::EngineStopped),
            Event::Person(_)
            | Event::Outbox(_)
            | Event::Alarm(_)
            | Event::AlarmGone(_)
            | Event::Link(_)
            | Event::Log(_)
            | Event::Totals(_)
            | Event::Roster => false,
        };
        if is_news {
            printer.pages(turn)?;
        }
    }
    Ok(())
}

struct Printer {
    since: Option<Millis>,
    employee: Option<EmployeeId>,
    json: bool,
    lines: usize,
    last: Seq,
    table: Table,
}

impl Printer {
    /// Prints all that comes after the last line that was printed.
    fn pages(&mut self, turn: &mut Turn<'_>) -> Result<(), CliError> {
        let mut after = Some(self.last);
        while let Some(page) = after {
            let query = Query::Feed {
                after: page,
                since: self.since,
                employee: self.employee,
            };
            let Reply::Feed { lines, next } = turn.query(query)? else {
                return Err(CliError::Answer);
            };
            after = next.filter(|next| *next > page);
            self.lines += lines.len();
            let printed = lines.last().map(|line| line.seq);
            self.last = self.last.max(printed.or(after).unwrap_or_default());
            if self.json {
                turn.objects(lines.iter().map(FeedJson::from))?;
                continue;
            }
            for line in &lines {
                self.row(turn, line);
            }
            turn.table(&mut self.table)?;
        }
        Ok(())
    }

    fn row(&mut self, turn: &Turn<'_>, line: &FeedLine) {
        let words = turn.words;
        let action = line.action.map_or_else(String::new, |action| {
            words.say(
                match action {
                    Action::In => "presence.in",
                    Action::Out => "presence.out",
                },
                &[],
            )
        });
        let receipt = line.receipt.as_ref();
        let receipt = receipt.map(|receipt| outbox::state(words, receipt.state));
        // A number says something only where nobody is known by it.
        let sender = line.sender.as_deref();
        let sender = || sender.map(|sender| Address::plain(sender).masked());
        let name = line.name.clone().or_else(sender);
        self.table.row([
            &line.seq.to_string(),
            &turn.local(Some(line.received_at)),
            &name.unwrap_or_default(),
            &action,
            &outcome_with_marks(turn, line),
            &receipt.unwrap_or_default(),
            &line.note,
        ]);
    }
}

fn outcome_with_marks(turn: &Turn<'_>, line: &FeedLine) -> String {
    let mut said = turn.words.outcome(line.outcome);
    let marks = [
        (line.delayed, "mark.delayed"),
        (line.link_gap, "mark.link_gap"),
        (line.clock_off, "mark.clock_off"),
        (line.weak, "mark.weak"),
    ];
    for (is, key) in marks {
        if is {
            said.push_str(", ");
            said.push_str(&turn.words.say(key, &[]));
        }
    }
    said
}
