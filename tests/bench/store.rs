//! What the store costs: `cargo bench --bench store`.
//!
//! Commits batches as the engine makes them, 1, 10, 100 and 1,000 check-ins each, to a file on this disk; in turns with a
//! bare loop over redb that puts rows of the same size under rising numbers, one insert a row. Of each it tells check-ins a
//! second, the median time of a commit, and the processor time of a check-in.
//!
//! `-- --fill N PATH` makes a store with N check-ins and measures how it opens; `-- --at PATH` measures commits to a store
//! that is there; `-- --open PATH` how it opens and loads; `-- --kill PATH` the same after a process that wrote to it was
//! killed.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time, and waits for the process that it kills"
)]

#[path = "store/day.rs"]
mod day;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use hazir::store::{RedbStore, Store};
use redb::{Database, TableDefinition};
use rustix::time::{ClockId, clock_gettime};

use self::day::Day;

const WIDTHS: [usize; 4] = [1, 10, 100, 1_000];
/// Each of the two has its turn so often and for so long.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(700);

type Failure = Box<dyn std::error::Error>;

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).filter(|one| one != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--fill", many, path] => fill(many.parse()?, Path::new(path)),
        ["--open", path] => open(Path::new(path)),
        ["--at", path] => at(Path::new(path)),
        ["--write", path] => write(Path::new(path)),
        ["--kill", path] => kill(Path::new(path)),
        [] => compare(),
        _ => {
            println!("--fill N PATH, --open PATH, --at PATH, --kill PATH, or nothing");
            Ok(())
        }
    }
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn compare() -> Result<(), Failure> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("store-bench");
    println!(
        "{:>6}  {:>34}  {:>34}",
        "", "store", "bare redb, a row an insert"
    );
    for width in WIDTHS {
        // What an earlier run left.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let mut store = RedbStore::open(&directory.join("hazir.redb"))?;
        let mut day = Day::default();
        let mut bare = Bare::create(&directory.join("bare.redb"))?;
        let (mut of_store, mut of_bare) = (Tally::default(), Tally::default());
        store.commit(&Day::first())?;
        for _ in 0..ROUNDS {
            of_store.round(width, || day.batch(width), |batch| Ok(store.commit(batch)?))?;
            of_bare.round(width, || (), |()| bare.commit(width))?;
        }
        println!("{width:>6}  {of_store}  {of_bare}");
    }
    Ok(fs::remove_dir_all(&directory)?)
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn fill(many: u64, path: &Path) -> Result<(), Failure> {
    let mut store = RedbStore::open(path)?;
    let mut day = Day::default();
    store.commit(&Day::first())?;
    let begun = Instant::now();
    let mut marks = 1;
    while day.check_ins() < many {
        store.commit(&day.batch(1_000))?;
        if day.check_ins() * 10 >= many * marks {
            let elapsed = begun.elapsed();
            println!("{:>10} check-ins after {elapsed:.1?}", day.check_ins());
            marks += 1;
        }
    }
    store.settle()?;
    drop(store);
    println!("{} octets", fs::metadata(path)?.len());
    open(path)
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn open(path: &Path) -> Result<(), Failure> {
    let begun = Instant::now();
    let store = RedbStore::open(path)?;
    let opened = begun.elapsed();
    let loaded = store.load()?;
    println!(
        "opened in {opened:.1?}, loaded in {:.1?}; {} rows, {} decisions, {} answers",
        begun.elapsed().saturating_sub(opened),
        loaded.last.as_ref().map_or(0, |row| row.seq.0),
        loaded.decided.len(),
        loaded.outbox.len(),
    );
    println!("memory with what was loaded: {}", memory()?);
    drop(loaded);
    println!("memory without: {}", memory()?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn at(path: &Path) -> Result<(), Failure> {
    let mut store = RedbStore::open(path)?;
    let mut day = Day::after(&store.load()?);
    for width in WIDTHS {
        let mut tally = Tally::default();
        for _ in 0..ROUNDS {
            tally.round(width, || day.batch(width), |batch| Ok(store.commit(batch)?))?;
        }
        println!("{width:>6}  {tally}");
    }
    println!("memory: {}", memory()?);
    Ok(())
}

/// Has another process write, kills it, and opens what it left.
#[expect(clippy::print_stdout, reason = "a bench prints")]
fn kill(path: &Path) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let mut writer = std::process::Command::new(env::current_exe()?)
            .args([OsStr::new("--write"), path.as_os_str()])
            .spawn()?;
        std::thread::sleep(Duration::from_secs(5));
        writer.kill()?;
        writer.wait()?;
        open(path)?;
    }
    let begun = Instant::now();
    RedbStore::look_through(path)?;
    println!("looked through in {:.1?}", begun.elapsed());
    Ok(())
}

/// Writes until it is killed.
fn write(path: &Path) -> Result<(), Failure> {
    let mut store = RedbStore::open(path)?;
    let mut day = Day::after(&store.load()?);
    loop {
        store.commit(&day.batch(100))?;
    }
}

/// What the process holds, and held at most.
fn memory() -> Result<String, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let of = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or("?").trim()
    };
    Ok(format!("{}, at most {}", of("VmRSS:"), of("VmHWM:")))
}

/// What commits cost.
#[derive(Default)]
struct Tally {
    commits: Vec<Duration>,
    processor: Duration,
    check_ins: usize,
}

impl Tally {
    fn round<T>(
        &mut self,
        width: usize,
        mut make: impl FnMut() -> T,
        mut commit: impl FnMut(&T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut spent = Duration::ZERO;
        while spent < ROUND {
            let batch = make();
            let before = processor_time();
            let begun = Instant::now();
            commit(&batch)?;
            let elapsed = begun.elapsed();
            self.processor += processor_time().saturating_sub(before);
            self.commits.push(elapsed);
            self.check_ins += width;
            spent += elapsed;
        }
        Ok(())
    }
}

impl std::fmt::Display for Tally {
    #[expect(clippy::cast_precision_loss, reason = "figures to look at")]
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut commits = self.commits.clone();
        commits.sort();
        let median = commits.get(commits.len() / 2).copied().unwrap_or_default();
        let width = self.check_ins as f64 / commits.len() as f64;
        let each_us = self.processor.as_secs_f64() * 1e6 / self.check_ins as f64;
        let rate = width / median.as_secs_f64();
        let median_us = median.as_micros();
        write!(f, "{rate:>9.0}/s {median_us:>6} us {each_us:>6.2} us CPU")
    }
}

/// Time that this thread was on a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// redb with as little around it as can be.
struct Bare {
    database: Database,
    next: u64,
}

const LEDGER: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("ledger");
const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
const PEOPLE: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("people");
/// Octets of a row of each table, as a check-in has them.
const ROWS: [usize; 3] = [109, 137, 72];

impl Bare {
    fn create(path: &Path) -> Result<Self, Failure> {
        let mut builder = Database::builder();
        builder.set_cache_size(8 << 20);
        Ok(Self {
            database: builder.create(path)?,
            next: 0,
        })
    }

    /// A row of the ledger and of a person, and an answer that is queued now and sent in the next commit.
    fn commit(&mut self, width: usize) -> Result<(), Failure> {
        let octets = [0x5e; 200];
        let [of_ledger, of_outbox, of_person] = ROWS.map(|len| &octets[..len]);
        let txn = self.database.begin_write()?;
        {
            let mut ledger = txn.open_table(LEDGER)?;
            let mut outbox = txn.open_table(OUTBOX)?;
            let mut people = txn.open_table(PEOPLE)?;
            let width = u64::try_from(width)?;
            for number in self.next.saturating_sub(width)..self.next {
                outbox.insert(number, of_outbox)?;
            }
            for number in self.next..self.next + width {
                ledger.insert(number, of_ledger)?;
                outbox.insert(number, of_outbox)?;
                people.insert(u32::try_from(number % 1_000)?, of_person)?;
            }
            self.next += width;
        }
        Ok(txn.commit()?)
    }
}
