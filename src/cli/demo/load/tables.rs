use std::io;

use super::super::super::table::Table;
use super::report::{Report, TimesJson, float};
use crate::words::Words;

/// What is said to people: a table for each question.
#[derive(Debug)]
pub(super) struct Tables {
    all: [(String, Table); 4],
}

impl Tables {
    /// Tables for a window of so many columns.
    pub(super) fn new(words: &Words, window: Option<usize>) -> Self {
        let table = |about: &str, heads: &[&str]| {
            let heads = heads.iter().map(|key| (words.say(key, &[]), false));
            let about = words.say(about, &[]);
            (about, Table::new(heads.collect(), window))
        };
        let all = [
            table(
                "load.about_desk",
                &[
                    "load.in_flight",
                    "load.per_second",
                    "load.answer_half",
                    "load.answer_most",
                    "load.answer_max",
                    "load.receipt_half",
                    "load.receipt_most",
                    "load.receipt_max",
                ],
            ),
            table(
                "load.about_cost",
                &[
                    "load.in_flight",
                    "load.engine",
                    "load.network",
                    "load.generator",
                    "load.others",
                    "load.all",
                    "load.memory",
                    "load.memory_most",
                ],
            ),
            table(
                "load.about_store",
                &[
                    "load.in_flight",
                    "load.per_second",
                    "load.commits",
                    "load.commit_half",
                    "load.commit_most",
                    "load.commit_max",
                    "load.ratio",
                    "load.records",
                ],
            ),
            table(
                "load.about_network",
                &[
                    "load.in_flight",
                    "load.per_second",
                    "load.answer_half",
                    "load.answer_most",
                    "load.answer_max",
                    "load.receipt_half",
                    "load.receipt_most",
                    "load.receipt_max",
                ],
            ),
        ];
        Self { all }
    }

    /// Adds what was measured.
    pub(super) fn add(&mut self, report: &Report<'_>) {
        let json = report.json();
        let in_flight = json.in_flight.to_string();
        let [(_, desk), (_, cost), (_, alone), (_, network)] = &mut self.all;
        let times = (json.answer_us, json.receipt_us);
        add_times(desk, &in_flight, json.per_second, times);
        let cpu = json.cpu_us;
        let mib = |kib: u64| format!("{:.1}", float(kib) / 1_024.0);
        let memory = json.memory_kib.map(|it| (mib(it.after), mib(it.most)));
        let (after, most) = memory.unwrap_or_default();
        cost.row([
            &in_flight,
            &cpu.engine.to_string(),
            &cpu.network.to_string(),
            &cpu.generator.to_string(),
            &cpu.others.to_string(),
            &cpu.all.to_string(),
            &after,
            &most,
        ]);
        if let Some(store) = json.store {
            let [p50, p99, max] = cells(store.commit_us);
            let ratio = json.answer_to_commit.unwrap_or_default();
            alone.row([
                &in_flight,
                &whole(store.check_ins_per_second),
                &whole(store.commits_per_second),
                &p50,
                &p99,
                &max,
                &ratio.to_string(),
                &json.records.to_string(),
            ]);
        }
        if let Some(it) = json.network {
            let times = (it.answer_us, it.receipt_us);
            add_times(network, &in_flight, it.per_second, times);
        }
    }

    /// Writes the tables, each under what it is about.
    ///
    /// # Errors
    /// As writing to `out`.
    pub(super) fn write(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        for (about, table) in &mut self.all {
            if table.is_empty() {
                continue;
            }
            writeln!(out, "{about}")?;
            table.flush(out)?;
            writeln!(out)?;
        }
        out.flush()
    }
}

fn add_times(
    table: &mut Table,
    in_flight: &str,
    per_second: f64,
    (answer, receipt): (TimesJson, TimesJson),
) {
    let [p50, p99, max] = cells(answer);
    let [to_p50, to_p99, to_max] = cells(receipt);
    let per_second = whole(per_second);
    table.row([
        in_flight,
        &per_second,
        &p50,
        &p99,
        &max,
        &to_p50,
        &to_p99,
        &to_max,
    ]);
}

fn cells(times: TimesJson) -> [String; 3] {
    [times.p50, times.p99, times.max].map(whole)
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}
