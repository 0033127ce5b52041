//! A list of cards in CSV: all or nothing, errors by line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::error::CliError;
use super::super::sentences;
use super::super::turn::Turn;
use super::employee;
use crate::api::{Command, NewEmployee, Refusal};
use crate::domain::{Country, Employee, Msisdn, PhoneError};
use crate::words::{Words, safe};

/// The largest list: a hundred octets for each of 100,000 cards.
const LARGEST: u64 = 10_000_000;

const COLUMNS: [&str; 5] = ["name", "phone", "short", "team", "legacy"];

/// What is wrong with a line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    UnknownColumn(String),
    ColumnTwice(String),
    NoColumn(&'static str),
    NotUtf8,
    Fields { found: usize, wanted: usize },
    Phone(PhoneError),
    NumberTwice { first: u64 },
    Legacy(String),
    NoName,
    NoCards,
}

pub(super) fn run(turn: &mut Turn<'_>, file: &Path) -> Result<Vec<Employee>, CliError> {
    let octets = read(file)?;
    let (cards, lines, faults) = parse(&octets, turn.config.site.country);
    let said: BTreeMap<u64, String> = faults
        .into_iter()
        .map(|(line, fault)| (line, say(turn.words, &fault)))
        .collect();
    if !said.is_empty() {
        return Err(refuse(turn, file, said)?);
    }
    match employee::change(turn, Command::AddEmployees(cards)) {
        Err(CliError::Refused(Refusal::Cards(problems))) => {
            let said = problems.iter().map(|(place, problem)| {
                let line = lines.get(*place).copied().unwrap_or(0);
                (line, turn.words.problem(problem))
            });
            let said = said.collect();
            Err(refuse(turn, file, said)?)
        }
        done => done,
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |cause| CliError::reading(file, cause);
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > LARGEST {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read(file).map_err(failed)
}

/// Says each wrong line.
fn refuse(
    turn: &mut Turn<'_>,
    file: &Path,
    said: BTreeMap<u64, String>,
) -> Result<CliError, CliError> {
    let lines = said.len();
    let name = file.display().to_string();
    for (line, fault) in said {
        let (name, fault) = (safe(&name), safe(&fault));
        writeln!(turn.err, "{name}:{line}: {fault}").map_err(CliError::Terminal)?;
    }
    Ok(CliError::Import { lines })
}

type Parsed = (Vec<NewEmployee>, Vec<u64>, Vec<(u64, Fault)>);

/// Reads a list: its cards, the line of each, and what is wrong by line.
fn parse(octets: &[u8], country: Country) -> Parsed {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(octets);
    let (mut cards, mut lines, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let mut heads: Option<Vec<&'static str>> = None;
    let mut numbers: BTreeMap<Msisdn, u64> = BTreeMap::new();
    let mut place = Place::new(octets);
    // Reading from memory fails nowhere, and fields may be any number of any octets.
    for record in reader.byte_records().map_while(Result::ok) {
        let begins = record.position().map_or(0, csv::Position::byte);
        let line = place.line_at(begins);
        let Ok(record) = csv::StringRecord::from_byte_record(record) else {
            faults.push((line, Fault::NotUtf8));
            if heads.is_none() {
                break;
            }
            continue;
        };
        let Some(heads) = &heads else {
            match columns(&record) {
                Ok(found) => heads = Some(found),
                Err(fault) => {
                    faults.push((line, fault));
                    break;
                }
            }
            continue;
        };
        match card(heads, &record, country) {
            Ok(card) => {
                if let Some(first) = numbers.get(&card.phone) {
                    faults.push((line, Fault::NumberTwice { first: *first }));
                } else {
                    numbers.insert(card.phone.clone(), line);
                }
                cards.push(card);
                lines.push(line);
            }
            Err(fault) => faults.push((line, fault)),
        }
    }
    if cards.is_empty() && faults.is_empty() {
        faults.push((1, Fault::NoCards));
    }
    (cards, lines, faults)
}

/// Counts lines as people do: csv's own count leaves out those that are empty.
struct Place<'a> {
    octets: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Place<'a> {
    const fn new(octets: &'a [u8]) -> Self {
        Self {
            octets,
            at: 0,
            line: 1,
        }
    }

    /// The line of the record that begins at or after `offset`; asked by rising offset.
    fn line_at(&mut self, offset: u64) -> u64 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        while let Some(octet) = self.octets.get(self.at) {
            if self.at >= offset && !matches!(octet, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*octet == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn columns(record: &csv::StringRecord) -> Result<Vec<&'static str>, Fault> {
    let mut seen = BTreeSet::new();
    let mut heads = Vec::new();
    for head in record {
        let known = COLUMNS.into_iter().find(|known| *known == head);
        let known = known.ok_or_else(|| Fault::UnknownColumn(head.to_owned()))?;
        if !seen.insert(known) {
            return Err(Fault::ColumnTwice(head.to_owned()));
        }
        heads.push(known);
    }
    match ["name", "phone"]
        .into_iter()
        .find(|head| !seen.contains(head))
    {
        Some(head) => Err(Fault::NoColumn(head)),
        None => Ok(heads),
    }
}

fn card(
    heads: &[&'static str],
    record: &csv::StringRecord,
    country: Country,
) -> Result<NewEmployee, Fault> {
    if record.len() != heads.len() {
        return Err(Fault::Fields {
            found: record.len(),
            wanted: heads.len(),
        });
    }
    let field = |head: &str| {
        let place = heads.iter().position(|known| *known == head)?;
        record.get(place).filter(|text| !text.is_empty())
    };
    let legacy = match field("legacy").map(str::to_ascii_lowercase).as_deref() {
        None | Some("no" | "false" | "0") => false,
        Some("yes" | "true" | "1") => true,
        Some(other) => return Err(Fault::Legacy(other.to_owned())),
    };
    let phone = Msisdn::parse(field("phone").unwrap_or_default(), country);
    Ok(NewEmployee {
        name: field("name").ok_or(Fault::NoName)?.to_owned(),
        phone: phone.map_err(Fault::Phone)?,
        short: field("short").map(str::to_owned),
        team: field("team").map(str::to_owned),
        shift: None,
        legacy,
    })
}

fn say(words: &Words, fault: &Fault) -> String {
    match fault {
        Fault::UnknownColumn(column) => {
            let columns = COLUMNS.join(", ");
            let facts = [("column", &**column), ("columns", &*columns)];
            words.say("import.unknown_column", &facts)
        }
        Fault::ColumnTwice(column) => words.say("import.column_twice", &[("column", column)]),
        Fault::NoColumn(column) => words.say("import.no_column", &[("column", column)]),
        Fault::NotUtf8 => words.say("import.not_utf", &[]),
        Fault::Fields { found, wanted } => {
            let facts = [
                ("found", &*found.to_string()),
                ("wanted", &wanted.to_string()),
            ];
            words.say("import.fields", &facts)
        }
        Fault::Phone(error) => sentences::phone(words, error),
        Fault::NumberTwice { first } => {
            words.say("import.number_twice", &[("first", &first.to_string())])
        }
        Fault::Legacy(text) => words.say("import.legacy", &[("text", text)]),
        Fault::NoName => words.say("problem.name", &[]),
        Fault::NoCards => words.say("import.no_cards", &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(list: &[u8]) -> Vec<(u64, Fault)> {
        parse(list, Country::parse("IR").unwrap()).2
    }

    #[test]
    fn a_list_becomes_cards() {
        let list = "\u{feff}phone, name ,legacy,team,short\r\n09102211824,\"Yılmaz, Ayşe\",yes,Front,\r\n\r\n+989121234567,Ben,,,B\r\n";
        let (cards, lines, faults) = parse(list.as_bytes(), Country::parse("IR").unwrap());
        assert_eq!(faults, []);
        assert_eq!(lines, [2, 4]);
        assert_eq!(cards[0].name, "Yılmaz, Ayşe");
        assert_eq!(cards[0].phone.as_str(), "+989102211824");
        assert_eq!(cards[0].team.as_deref(), Some("Front"));
        assert_eq!((cards[0].legacy, cards[1].legacy), (true, false));
        assert_eq!(cards[0].short, None);
        assert_eq!(cards[1].short.as_deref(), Some("B"));
    }

    #[test]
    fn every_wrong_line_is_named() {
        let impossible = PhoneError::NotANumber("x".to_owned());
        for (list, expected) in [
            (&b""[..], vec![(1, Fault::NoCards)]),
            (b"name,phone\n", vec![(1, Fault::NoCards)]),
            (b"name\nA\n", vec![(1, Fault::NoColumn("phone"))]),
            (
                b"name,phone,nick\nA,1,2\n",
                vec![(1, Fault::UnknownColumn("nick".to_owned()))],
            ),
            (
                b"name,phone,name\n",
                vec![(1, Fault::ColumnTwice("name".to_owned()))],
            ),
            (b"na\xffme,phone\nA,x\n", vec![(1, Fault::NotUtf8)]),
            (
                b"name,phone,legacy\nA,x,\n\nB\n,09102211824,\nC\xff,09102211824,\nD,09102211824,maybe\nE,09102211824,\nF,+989102211824,1\n",
                vec![
                    (2, Fault::Phone(impossible)),
                    (4, Fault::Fields { found: 1, wanted: 3 }),
                    (5, Fault::NoName),
                    (6, Fault::NotUtf8),
                    (7, Fault::Legacy("maybe".to_owned())),
                    (9, Fault::NumberTwice { first: 8 }),
                ],
            ),
        ] {
            assert_eq!(faults(list), expected, "{}", String::from_utf8_lossy(list));
        }
    }

    #[test]
    fn every_fault_has_its_words() {
        let words = Words::load(crate::words::Language::English);
        for fault in [
            Fault::UnknownColumn("a".to_owned()),
            Fault::ColumnTwice("a".to_owned()),
            Fault::NoColumn("name"),
            Fault::NotUtf8,
            Fault::Fields {
                found: 1,
                wanted: 2,
            },
            Fault::Phone(PhoneError::Impossible("1".to_owned())),
            Fault::NumberTwice { first: 2 },
            Fault::Legacy("x".to_owned()),
            Fault::NoName,
            Fault::NoCards,
        ] {
            let said = say(&words, &fault);
            assert!(!said.contains("[[") && !said.contains('{'), "{said}");
        }
    }
}
