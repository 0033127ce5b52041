//! The objects of `backup`, `verify` and `restore` with `--json`. Their fields stay; more may be added at the end of each.

use serde::Serialize;

use super::super::time::rfc3339;
use super::restore::Restored;
use crate::domain::{Copied, Examined, Millis, Seq, StoreCounts};
use crate::store::journal::Replayed;

/// How many rows there are of each kind.
#[derive(Debug, Serialize)]
struct CountsJson {
    ledger: u64,
    outbox: u64,
    decisions: u64,
    people: u64,
    employees: u64,
    devices: u64,
    legacy: u64,
    alarms: u64,
    parts: u64,
    lists: u64,
}

impl From<&StoreCounts> for CountsJson {
    fn from(counts: &StoreCounts) -> Self {
        Self {
            ledger: counts.ledger,
            outbox: counts.outbox,
            decisions: counts.decisions,
            people: counts.people,
            employees: counts.employees,
            devices: counts.devices,
            legacy: counts.legacy,
            alarms: counts.alarms,
            parts: counts.parts,
            lists: counts.lists,
        }
    }
}

fn seq(last: Option<(Seq, Millis)>) -> Option<u64> {
    last.map(|(seq, _)| seq.0)
}

fn at(last: Option<(Seq, Millis)>) -> Option<String> {
    last.map(|(_, at)| rfc3339(at))
}

/// A backup that was made.
#[derive(Debug, Serialize)]
pub struct CopiedJson<'a> {
    file: &'a str,
    at: String,
    seq: Option<u64>,
    last_at: Option<String>,
    octets: u64,
    rows: CountsJson,
}

impl<'a> CopiedJson<'a> {
    pub fn new(file: &'a str, copied: &Copied) -> Self {
        Self {
            file,
            at: rfc3339(copied.at),
            seq: seq(copied.last),
            last_at: at(copied.last),
            octets: copied.octets,
            rows: (&copied.counts).into(),
        }
    }
}

/// What was found in a store or backup.
#[derive(Debug, Serialize)]
pub struct ExaminedJson<'a> {
    file: Option<&'a str>,
    copied_at: Option<String>,
    seq: Option<u64>,
    last_at: Option<String>,
    rows: CountsJson,
    faults: &'a [String],
    more_faults: u64,
}

impl<'a> ExaminedJson<'a> {
    pub fn new(file: Option<&'a str>, found: &'a Examined) -> Self {
        Self {
            file,
            copied_at: found.copied_at.map(rfc3339),
            seq: seq(found.last),
            last_at: at(found.last),
            rows: (&found.counts).into(),
            faults: &found.faults,
            more_faults: found.more_faults,
        }
    }
}

/// What a restore did.
#[derive(Debug, Serialize)]
pub struct RestoredJson<'a> {
    file: &'a str,
    copied_at: Option<String>,
    backup_seq: Option<u64>,
    backup_last_at: Option<String>,
    seq: Option<u64>,
    last_at: Option<String>,
    delayed_before: String,
    kept: Option<String>,
    kept_seq: Option<u64>,
    kept_last_at: Option<String>,
    rows: CountsJson,
    journal: Option<ReplayedJson>,
}

/// What a journal brought back.
#[derive(Debug, Serialize)]
struct ReplayedJson {
    commits: u64,
    records: u64,
    rows: u64,
    from: u64,
    number: u64,
    first_at: Option<String>,
    last_at: Option<String>,
    missing: Option<MissingJson>,
    flaws: Vec<String>,
}

/// Commits that no journal has.
#[derive(Debug, Serialize)]
struct MissingJson {
    first: u64,
    last: u64,
    after: Option<String>,
    before: String,
    behind: u64,
    until: u64,
    until_at: String,
}

impl From<&Replayed> for ReplayedJson {
    fn from(replayed: &Replayed) -> Self {
        Self {
            commits: replayed.commits,
            records: replayed.records,
            rows: replayed.rows,
            from: replayed.from,
            number: replayed.number,
            first_at: replayed.first_at.map(rfc3339),
            last_at: replayed.last_at.map(rfc3339),
            missing: replayed.missing.as_ref().map(|missing| MissingJson {
                first: missing.first,
                last: missing.last,
                after: missing.after.map(rfc3339),
                before: rfc3339(missing.before),
                behind: missing.behind,
                until: missing.until,
                until_at: rfc3339(missing.until_at),
            }),
            flaws: replayed.flaws.iter().map(ToString::to_string).collect(),
        }
    }
}

impl<'a> RestoredJson<'a> {
    pub fn new(file: &'a str, restored: &Restored) -> Self {
        let kept = restored.kept.as_ref();
        Self {
            file,
            copied_at: restored.copied_at.map(rfc3339),
            backup_seq: seq(restored.backup),
            backup_last_at: at(restored.backup),
            seq: seq(restored.last),
            last_at: at(restored.last),
            delayed_before: rfc3339(restored.delayed_before),
            kept: kept.map(|path| path.display().to_string()),
            kept_seq: seq(restored.was),
            kept_last_at: at(restored.was),
            rows: (&restored.found.counts).into(),
            journal: restored.replayed.as_ref().map(ReplayedJson::from),
        }
    }
}
