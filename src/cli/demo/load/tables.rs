use std::io;

use super::super::super::fold::fold;
use super::super::super::table::Table;
use super::report::{Report, TimesJson, float};
use crate::words::Words;

/// What is said to people: a table for each question.
#[derive(Debug)]
pub(super) struct Tables {
    all: [(Vec<String>, Table); 5],
    most: Option<Most>,
    window: Option<usize>,
}

/// The run with the most check-ins in a second.
#[derive(Copy, Clone, Debug)]
struct Most {
    in_flight: u16,
    per_second: f64,
}

impl Tables {
    /// Tables for a window of so many columns.
    pub(super) fn new(words: &Words, window: Option<usize>) -> Self {
        let table = |about: &str, heads: &[&str]| {
            let heads = heads.iter().map(|key| (words.say(key, &[]), false));
            let about = folded(&words.say(about, &[]), window);
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
                "load.about_drain",
                &[
                    "load.in_flight",
                    "load.waiting",
                    "load.seconds",
                    "load.per_second",
                    "load.beside",
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
        Self {
            all,
            most: None,
            window,
        }
    }

    /// Adds what was measured.
    pub(super) fn add(&mut self, report: &Report<'_>) {
        let json = report.json();
        let in_flight = json.in_flight.to_string();
        let [(_, desk), (_, drain), (_, cost), (_, alone), (_, network)] = &mut self.all;
        let times = (json.answer_us, json.receipt_us);
        add_times(desk, &in_flight, json.per_second, times);
        if self.most.is_none_or(|it| it.per_second < json.per_second) {
            self.most = Some(Most {
                in_flight: json.in_flight,
                per_second: json.per_second,
            });
        }
        if let Some(it) = json.drain {
            drain.row([
                &*in_flight,
                &it.receipts.to_string(),
                &tenths(it.seconds),
                &whole(it.per_second),
                &json.check_ins.to_string(),
            ]);
        }
        let cpu = json.cpu_us;
        let mib = |kib: u64| format!("{:.1}", float(kib) / 1_024.0);
        let memory = json.memory_kib.map(|it| (mib(it.after), mib(it.most)));
        let (after, most) = memory.unwrap_or_default();
        cost.row([
            &in_flight,
            &tenths(cpu.engine),
            &tenths(cpu.network),
            &tenths(cpu.generator),
            &tenths(cpu.others),
            &tenths(cpu.all),
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
                &format!("{ratio:.2}"),
                &json.records.to_string(),
            ]);
        }
        if let Some(it) = json.network {
            let times = (it.answer_us, it.receipt_us);
            add_times(network, &in_flight, it.per_second, times);
        }
    }

    /// Writes the tables, each under what it is about, and in a sentence what they come to.
    ///
    /// # Errors
    /// As writing to `out`.
    pub(super) fn write(&mut self, words: &Words, out: &mut dyn io::Write) -> io::Result<()> {
        for (about, table) in &mut self.all {
            if table.is_empty() {
                continue;
            }
            lines(out, about)?;
            table.flush(out)?;
            writeln!(out)?;
        }
        if let Some(most) = self.most.filter(|most| most.per_second > 0.0) {
            let text = most.sentence(words);
            lines(out, &folded(&text, self.window))?;
        }
        out.flush()
    }
}

impl Most {
    /// What it is for an office whose people all come at once.
    fn sentence(self, words: &Words) -> String {
        const OFFICE: f64 = 1_000.0;
        let facts = [
            ("per_second", &*whole(self.per_second)),
            ("in_flight", &self.in_flight.to_string()),
            ("people", &whole(OFFICE)),
            ("seconds", &format!("{:.2}", OFFICE / self.per_second)),
        ];
        words.say("load.most", &facts)
    }
}

fn folded(text: &str, window: Option<usize>) -> Vec<String> {
    window.map_or_else(|| vec![text.to_owned()], |columns| fold(text, columns))
}

fn lines(out: &mut dyn io::Write, lines: &[String]) -> io::Result<()> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn tenths(value: f64) -> String {
    format!("{value:.1}")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn what_stands_above_a_table_is_folded_to_the_window() {
        let words = Words::load(Language::English);
        let tables = Tables::new(&words, Some(60));
        let abouts = tables.all.iter().flat_map(|(about, _)| about);
        assert!(abouts.clone().count() > 4);
        assert!(abouts.clone().all(|line| line.len() <= 60));
        let unfolded = Tables::new(&words, None);
        assert!(unfolded.all.iter().all(|(about, _)| about.len() == 1));
    }

    #[test]
    fn the_end_says_what_the_figures_are_for_an_office() {
        let words = Words::load(Language::English);
        let mut tables = Tables::new(&words, None);
        tables.most = Some(Most {
            in_flight: 100,
            per_second: 6_091.4,
        });
        let mut out = Vec::new();
        tables.write(&words, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "At most 6091 check-ins in a second, with 100 in flight: when 1000 people check in at the same moment, the \
             last is on disk after about 0.16 s.\n"
        );
    }
}
