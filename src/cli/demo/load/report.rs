use std::time::Duration;

use serde::Serialize;

use super::machine::{FileSystem, Sample};
use super::store_alone::StoreAlone;
use crate::practice::load::{Drain, Histogram, Measured};

/// All that was measured with one number of check-ins in flight.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) in_flight: u16,
    pub(super) measured: &'a Measured,
    pub(super) samples: &'a [Sample; 2],
    pub(super) store: &'a StoreAlone,
    pub(super) network: Option<&'a Measured>,
    pub(super) store_octets: u64,
    pub(super) file_system: Option<FileSystem>,
    pub(super) people: u16,
    pub(super) ended_early: bool,
}

/// A run as `--json` says it.
#[derive(Debug, Serialize)]
pub(super) struct ReportJson {
    pub(super) in_flight: u16,
    pub(super) check_ins: u64,
    pub(super) seconds: f64,
    pub(super) per_second: f64,
    pub(super) answer_us: TimesJson,
    pub(super) receipt_us: TimesJson,
    pub(super) cpu_us: CpuJson,
    pub(super) memory_kib: Option<MemoryJson>,
    pub(super) store: Option<StoreJson>,
    pub(super) network: Option<NetworkJson>,
    pub(super) drain: Option<DrainJson>,
    /// Half of the answers against half of the commits.
    pub(super) answer_to_commit: Option<f64>,
    pub(super) records: u64,
    pub(super) store_octets: u64,
    pub(super) people: u16,
    pub(super) file_system: Option<FileSystemJson>,
    pub(super) ended_early: bool,
}

#[derive(Copy, Clone, Debug, Serialize)]
pub(super) struct TimesJson {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

/// What a check-in costs, by thread.
#[derive(Copy, Clone, Debug, Serialize)]
pub(super) struct CpuJson {
    pub(super) engine: f64,
    pub(super) network: f64,
    pub(super) generator: f64,
    pub(super) others: f64,
    pub(super) all: f64,
}

/// Of the whole process, with the generator in it.
#[derive(Copy, Clone, Debug, Serialize)]
pub(super) struct MemoryJson {
    pub(super) before: u64,
    pub(super) after: u64,
    pub(super) most: u64,
}

#[derive(Copy, Clone, Debug, Serialize)]
pub(super) struct StoreJson {
    pub(super) check_ins: u64,
    pub(super) commits: u64,
    pub(super) seconds: f64,
    pub(super) commits_per_second: f64,
    pub(super) check_ins_per_second: f64,
    pub(super) rows_per_second: f64,
    pub(super) commit_us: TimesJson,
}

#[derive(Copy, Clone, Debug, Serialize)]
pub(super) struct NetworkJson {
    pub(super) check_ins: u64,
    pub(super) seconds: f64,
    pub(super) per_second: f64,
    pub(super) answer_us: TimesJson,
    pub(super) receipt_us: TimesJson,
}

/// What the gateway took beside the check-ins.
#[derive(Copy, Clone, Debug, Serialize)]
pub(super) struct DrainJson {
    pub(super) receipts: u64,
    pub(super) seconds: f64,
    pub(super) per_second: f64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct FileSystemJson {
    #[serde(rename = "type")]
    kind: String,
    mount: String,
    durable: bool,
}

impl Report<'_> {
    /// The object of `--json`.
    pub(super) fn json(&self) -> ReportJson {
        let Measured {
            check_ins,
            took,
            answers,
            receipts,
            drain,
        } = self.measured;
        let answer_us = TimesJson::of(answers);
        let store = self.store();
        let to_commit = |store: StoreJson| answer_us.p50 / store.commit_us.p50;
        ReportJson {
            in_flight: self.in_flight,
            check_ins: *check_ins,
            seconds: seconds(*took),
            per_second: rate(*check_ins, *took),
            answer_us,
            receipt_us: TimesJson::of(receipts),
            cpu_us: self.cpu(),
            memory_kib: self.memory(),
            answer_to_commit: store.map(|store| rounded(to_commit(store), 2)),
            store,
            network: self.network.map(NetworkJson::of),
            records: self.store.records,
            store_octets: self.store_octets,
            people: self.people,
            file_system: self.file_system.as_ref().map(|it| FileSystemJson {
                kind: it.kind.clone(),
                mount: it.mount.clone(),
                durable: it.is_durable(),
            }),
            drain: drain.map(DrainJson::of),
            ended_early: self.ended_early,
        }
    }

    fn cpu(&self) -> CpuJson {
        let [before, after] = self.samples;
        let all = after.cpu_of_all(before);
        let [engine, network, generator] =
            ["engine", "network", "generator"].map(|name| after.cpu_of(name, before));
        let others = all.saturating_sub(engine + network + generator);
        let each = |ns: u64| rounded(float(ns) / 1_000.0 / float(self.measured.check_ins), 2);
        CpuJson {
            engine: each(engine),
            network: each(network),
            generator: each(generator),
            others: each(others),
            all: each(all),
        }
    }

    fn memory(&self) -> Option<MemoryJson> {
        let [before, after] = self.samples;
        let (after, most) = after.memory_kib?;
        let (before, _) = before.memory_kib?;
        Some(MemoryJson {
            before,
            after,
            most,
        })
    }

    fn store(&self) -> Option<StoreJson> {
        let store = self.store;
        let commits = store.commits.total();
        (commits > 0).then(|| StoreJson {
            check_ins: store.check_ins,
            commits,
            seconds: seconds(store.took),
            commits_per_second: rate(commits, store.took),
            check_ins_per_second: rate(store.check_ins, store.took),
            rows_per_second: rate(store.rows, store.took),
            commit_us: TimesJson::of(&store.commits),
        })
    }
}

impl TimesJson {
    fn of(times: &Histogram) -> Self {
        let us = |ns: u64| rounded(float(ns) / 1_000.0, 1);
        Self {
            p50: us(times.percentile(50)),
            p99: us(times.percentile(99)),
            max: us(times.max()),
        }
    }
}

impl NetworkJson {
    fn of(measured: &Measured) -> Self {
        Self {
            check_ins: measured.check_ins,
            seconds: seconds(measured.took),
            per_second: rate(measured.check_ins, measured.took),
            answer_us: TimesJson::of(&measured.answers),
            receipt_us: TimesJson::of(&measured.receipts),
        }
    }
}

impl DrainJson {
    fn of(drain: Drain) -> Self {
        Self {
            receipts: drain.receipts,
            seconds: seconds(drain.took),
            per_second: rate(drain.receipts, drain.took),
        }
    }
}

fn seconds(took: Duration) -> f64 {
    rounded(took.as_secs_f64(), 6)
}

fn rate(count: u64, took: Duration) -> f64 {
    if took.is_zero() {
        return 0.0;
    }
    rounded(float(count) / took.as_secs_f64(), 1)
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is counted and timed here stays far below 2^52"
)]
pub(super) const fn float(value: u64) -> f64 {
    value as f64
}
