//! Runs, and the shortest list of faults with which one still fails.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::draws::setting;
use super::faults::{FaultId, Kind};
use super::plan::Scale;
use super::process::Planted;
use super::world::World;

/// Lines of a story that are shown.
const LINES: u64 = 120;
/// How long a list may be made shorter.
const PATIENCE: Duration = Duration::from_secs(90);

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was wrong; `None` where nothing was.
    pub fault: Option<String>,
    /// What struck.
    pub struck: Vec<FaultId>,
    /// What happened, where it was to be told.
    pub story: Vec<String>,
    /// What it cost, in a line.
    pub summary: String,
}

/// A run that can be made again.
#[derive(Clone, Debug)]
pub struct Case {
    /// All follows from it.
    pub seed: u64,
    /// How large it is.
    pub scale: Scale,
    /// A fault of the product that was put in.
    pub planted: Planted,
}

impl Case {
    /// Plays it: with all faults of its seed, or with some of them only.
    pub fn play(&self, only: Option<BTreeSet<FaultId>>, tells: bool) -> Outcome {
        let mut world = World::new(self.seed, &self.scale, self.planted, only, tells);
        let played = catch_unwind(AssertUnwindSafe(|| world.play()));
        let panicked = played.err().map(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            format!("panic: {}", text.unwrap_or_default())
        });
        let summary = world.summary();
        Outcome {
            fault: panicked.or_else(|| world.judge.broken.take()),
            struck: world.faults.struck.iter().map(|(_, id)| *id).collect(),
            story: world.told().to_vec(),
            summary,
        }
    }

    /// Plays it; panics with all that is known where something is wrong.
    pub fn must_hold(&self, test: &str) -> Outcome {
        let only = wanted();
        let outcome = self.play(only.clone(), false);
        let Some(fault) = &outcome.fault else {
            println!("seed {}: {}", self.seed, outcome.summary);
            return outcome;
        };
        let shortest = match only {
            Some(only) => only,
            None => self.shrink(fault, &outcome.struck),
        };
        let again = self.play(Some(shortest.clone()), true);
        let lines = setting("HAZIR_SIM_LINES").unwrap_or(LINES);
        let lines = usize::try_from(lines).unwrap();
        let from = again.story.len().saturating_sub(lines);
        let story = again.story[from..].join("\n");
        let names: Vec<_> = shortest.iter().map(ToString::to_string).collect();
        let (seed, names) = (self.seed, names.join(","));
        panic!(
            "{story}\nseed {seed}: invariant {fault}\nwith the fewest faults: {}\n{names}\n\
             HAZIR_SIM_SEED={seed} cargo test --test it {test}\n\
             HAZIR_SIM_SEED={seed} HAZIR_SIM_FAULTS={names} cargo test --test it {test}",
            again.fault.as_deref().unwrap_or("nothing is wrong")
        );
    }

    /// The shortest list of faults that was found with which the same invariant breaks.
    pub fn shrink(&self, fault: &str, struck: &[FaultId]) -> BTreeSet<FaultId> {
        let deadline = now() + PATIENCE;
        let mut list = struck.to_vec();
        let fails = |list: &[FaultId]| {
            let only = list.iter().copied().collect();
            let outcome = self.play(Some(only), false);
            now() < deadline && outcome.fault.is_some_and(|other| is_same(fault, &other))
        };
        for (kind, _) in Kind::ALL {
            let without = without(&list, |id| id.kind == *kind);
            if without.len() < list.len() && fails(&without) {
                list = without;
            }
        }
        let mut parts = 2;
        while list.len() > 1 && now() < deadline {
            let each = list.len().div_ceil(parts);
            let chunks: Vec<Vec<FaultId>> = list.chunks(each).map(<[_]>::to_vec).collect();
            let shorter = chunks.iter().find_map(|chunk| {
                let rest = without(&list, |id| chunk.contains(id));
                fails(&rest).then_some(rest)
            });
            match shorter {
                Some(rest) => {
                    list = rest;
                    parts = (parts - 1).max(2);
                }
                None if each == 1 => break,
                None => parts = (2 * parts).min(list.len()),
            }
        }
        if list.len() == 1 && fails(&[]) {
            list.clear();
        }
        list.into_iter().collect()
    }
}

fn without(list: &[FaultId], is_out: impl Fn(&FaultId) -> bool) -> Vec<FaultId> {
    list.iter().copied().filter(|id| !is_out(id)).collect()
}

/// Whether two failures are of one invariant.
fn is_same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    number(a) == number(b)
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever waits for a shorter list waits by a real clock"
)]
fn now() -> Instant {
    Instant::now()
}

/// The faults that alone may strike, as the environment says.
fn wanted() -> Option<BTreeSet<FaultId>> {
    let list = std::env::var("HAZIR_SIM_FAULTS").ok()?;
    let list = list.split(',').filter(|id| !id.is_empty());
    Some(list.map(|id| id.parse().unwrap()).collect())
}

/// The seed that is to be played again.
pub fn replayed() -> Option<u64> {
    setting("HAZIR_SIM_SEED")
}
