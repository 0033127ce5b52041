//! Runs a row for as long as is asked, remembers how far it came, and goes on there the next time.
//!
//! ```text
//! HAZIR_SHARE=10     per cent of the row's goal to reach in all; 100 where nothing is said
//! HAZIR_MINUTES=20   stop before that after so many minutes
//! HAZIR_THREADS=2    try so many seeds at once; for rows that measure no time
//! ```
//!
//! What was reached stands in `target/tmp/endurance/ROW`, one `name=value` a line; a row begins anew where that file is
//! removed. A batch that fails ends the row with its seed, which is tried first the next time.

use std::any::Any;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::it::draws::setting;

/// How often progress is told and kept.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// How many cases a seed was, or what it panicked with.
type Tried = thread::Result<u64>;

/// A row of the figures to reach.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What a case is, in the plural.
    pub(crate) cases: &'static str,
    /// How many are to be reached in all.
    pub(crate) goal: u64,
    /// Tries the cases of one seed and returns how many they were.
    pub(crate) batch: fn(u64) -> u64,
    /// How one seed is played again.
    pub(crate) replay: &'static str,
}

/// How far a row came.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
struct Reached {
    /// The last seed that passed; seeds begin at 1.
    seed: u64,
    cases: u64,
    millis: u64,
}

impl Reached {
    fn read(text: &str) -> Self {
        let number = |name: &str| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.map_or(0, |value| value.parse().expect("a number"))
        };
        Self {
            seed: number("seed"),
            cases: number("cases"),
            millis: number("millis"),
        }
    }

    fn text(self) -> String {
        let Self {
            seed,
            cases,
            millis,
        } = self;
        format!("seed={seed}\ncases={cases}\nmillis={millis}\n")
    }
}

impl Row {
    /// Goes on with the row until its share is reached.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it takes is one of the figures"
    )]
    pub(crate) fn run(self) {
        let share = setting("HAZIR_SHARE").unwrap_or(100);
        let minutes = setting("HAZIR_MINUTES").unwrap_or(u64::MAX / 60);
        let wanted = (self.goal / 100).saturating_mul(share).max(1);
        let threads = setting("HAZIR_THREADS").unwrap_or(1);
        // Seeds take unlike times, and what is reached has no holes: each thread has several in a turn.
        let turn = if threads == 1 { 1 } else { 16 * threads };
        let file = self.file();
        let mut reached = fs::read_to_string(&file)
            .map_or_else(|_| Reached::default(), |text| Reached::read(&text));
        let started = Instant::now();
        let before = reached.millis;
        let mut told = started;
        while reached.cases < wanted && started.elapsed() < Duration::from_secs(minutes * 60) {
            let seeds = reached.seed + 1..reached.seed + 1 + turn;
            for (seed, tried) in seeds.clone().zip(self.try_all(seeds, threads)) {
                match tried {
                    Ok(cases) => {
                        reached.seed = seed;
                        reached.cases += cases;
                    }
                    Err(fault) => self.failed(reached, seed, fault),
                }
            }
            let millis = u64::try_from(started.elapsed().as_millis()).expect("it is less");
            reached.millis = before + millis;
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                self.tell(reached);
                fs::write(&file, reached.text()).expect("the target directory can be written");
            }
        }
        fs::write(&file, reached.text()).expect("the target directory can be written");
        self.tell(reached);
    }

    /// Tries seeds in so many threads at once, and gives what each came to in their order.
    fn try_all(self, seeds: Range<u64>, threads: u64) -> Vec<Tried> {
        let next = AtomicU64::new(seeds.start);
        let one_by_one = || {
            let mut tried = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if !seeds.contains(&seed) {
                    return tried;
                }
                let batch = AssertUnwindSafe(|| (self.batch)(seed));
                tried.push((seed, catch_unwind(batch)));
            }
        };
        let mut tried = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(one_by_one)).collect();
            let mut tried = one_by_one();
            for other in others {
                tried.extend(other.join().expect("it catches panics"));
            }
            tried
        });
        tried.sort_unstable_by_key(|(seed, _)| *seed);
        tried.into_iter().map(|(_, tried)| tried).collect()
    }

    fn failed(self, reached: Reached, seed: u64, fault: Box<dyn Any + Send>) -> ! {
        self.tell(reached);
        let replay = self.replay;
        println!("{}: FAILED with seed {seed}; again: {replay}", self.name);
        resume_unwind(fault)
    }

    fn tell(self, reached: Reached) {
        let Reached {
            seed,
            cases,
            millis,
        } = reached;
        let Self {
            name,
            cases: what,
            goal,
            ..
        } = self;
        let per_second = cases.saturating_mul(1_000) / millis.max(1);
        let mut line = format!("{name}: {cases} {what} of {goal}, seeds 1 to {seed}");
        let seconds = millis / 1_000;
        write!(line, ", {seconds} s, {per_second}/s, none failed").expect("a text takes all");
        println!("{line}");
    }

    fn file(self) -> PathBuf {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("endurance");
        fs::create_dir_all(&directory).expect("the target directory can be written");
        directory.join(self.name)
    }
}

#[test]
fn threads_try_each_seed_once_and_tell_in_order() {
    let row = Row {
        name: "",
        cases: "",
        goal: 0,
        batch: |seed| {
            assert_ne!(seed, 5, "the fifth fails");
            seed * 10
        },
        replay: "",
    };
    for threads in [1, 3] {
        let tried = row.try_all(3..8, threads);
        let cases: Vec<Option<u64>> = tried.into_iter().map(Result::ok).collect();
        assert_eq!(cases, [Some(30), Some(40), None, Some(60), Some(70)]);
    }
}

#[test]
fn what_was_reached_is_read_as_it_was_written() {
    let reached = Reached {
        seed: 7,
        cases: 12_000,
        millis: 345,
    };
    assert_eq!(Reached::read(&reached.text()), reached);
    assert_eq!(Reached::read(""), Reached::default());
}
