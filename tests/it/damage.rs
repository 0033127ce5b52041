//! Files that are not as they were written, opened by the real binary: it shows what was in them, or refuses with words, a
//! way back and exit code 5. It never shows something else, never falls, and never writes over what is left.
//!
//! `HAZIR_DAMAGE_SEED` replays the batch that failed.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::draws::{Draws, setting};
use super::office::Office;
use super::process::Done;
use super::smsc::SOON;

/// Batches of the gate.
const BATCHES: u64 = 3;
const CASES: u64 = 20;
const PHONES: u32 = 2;
const PAGE: usize = 4_096;
/// Where what a file is about begins, behind what says how large it is.
const SIZES: usize = 64;

/// What happened to a file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Damage {
    /// A few bits are others.
    Bits,
    /// One bit of the header, from which all else is found, is another.
    HeaderBit,
    /// A page is all zeros, or anything.
    Page,
    /// Two pages changed places.
    Swap,
    /// The end is missing.
    Cut,
    /// The end is all zeros, as after a crash of a file system.
    ZeroTail,
    /// Something stands behind the end.
    LongTail,
    /// An old copy is in its place.
    OldCopy,
    /// A copy that was made while the desk wrote: the first part is old, and the rest is new, or the other way round.
    TornCopy,
    /// The store of another desk is in its place.
    OtherDesk,
    /// It is no store.
    NoStore,
}

impl Damage {
    fn draw(draws: &mut Draws) -> Self {
        match draws.below(14) {
            0..3 => Self::Bits,
            3 => Self::HeaderBit,
            4 => Self::Page,
            5 => Self::Swap,
            6..8 => Self::Cut,
            8 => Self::ZeroTail,
            9 => Self::LongTail,
            10 => Self::OldCopy,
            11 => Self::TornCopy,
            12 => Self::OtherDesk,
            _ => Self::NoStore,
        }
    }
}

/// A desk, and what its store was at several moments.
struct Shelf {
    office: Office,
    /// Octets, and what a command shows of them.
    now: (Vec<u8>, String),
    old: (Vec<u8>, String),
    other: Vec<u8>,
    /// The engine was killed within a second of its last commit.
    is_cut_off: bool,
    draws: Draws,
}

impl Shelf {
    fn open(seed: u64) -> Self {
        let mut draws = Draws(seed);
        let (office, other) = (Office::open_fast(), Office::open_fast());
        let mut phones = office.staff(PHONES);
        let mut copies = Vec::new();
        let mut is_cut_off = false;
        for _ in 0..2 {
            let mut engine = office.serve();
            for _ in 0..=draws.below(6) {
                for phone in &mut phones {
                    office.check_in(phone, 1);
                }
            }
            is_cut_off = draws.below(2) == 0;
            if is_cut_off {
                engine.kill();
            } else {
                office.stop(engine);
            }
            let octets = std::fs::read(store(&office)).unwrap();
            let shown = office.ok(&["feed", "--json"]).out;
            copies.push((octets, shown));
        }
        let mut stranger = other.staff(1);
        let engine = other.serve();
        other.check_in(&mut stranger[0], 2);
        other.stop(engine);
        let now = copies.pop().expect("there are two");
        let old = copies.pop().expect("there are two");
        let other = std::fs::read(store(&other)).unwrap();
        Self {
            office,
            now,
            old,
            other,
            is_cut_off,
            draws,
        }
    }

    fn damaged(&mut self, damage: Damage) -> Vec<u8> {
        let draws = &mut self.draws;
        let mut octets = self.now.0.clone();
        let pages = octets.len() / PAGE;
        match damage {
            Damage::Bits => {
                for _ in 0..=draws.below(8) {
                    let place = draws.place(octets.len());
                    octets[place] ^= 1 << draws.below(8);
                }
            }
            Damage::HeaderBit => octets[draws.place(320)] ^= 1 << draws.below(8),
            Damage::Page => {
                let at = PAGE * draws.place(pages);
                let is_zero = draws.below(2) == 0;
                for place in &mut octets[at..at + PAGE] {
                    *place = if is_zero { 0 } else { octet(draws) };
                }
            }
            Damage::Swap => {
                let (a, b) = (PAGE * draws.place(pages), PAGE * draws.place(pages));
                let first = octets[a..a + PAGE].to_vec();
                octets.copy_within(b..b + PAGE, a);
                octets[b..b + PAGE].copy_from_slice(&first);
            }
            Damage::Cut => octets.truncate(draws.place(octets.len())),
            Damage::ZeroTail => {
                let from = draws.place(octets.len());
                octets[from..].fill(0);
            }
            Damage::LongTail => {
                let more = 1 + draws.place(3 * PAGE);
                octets.extend((0..more).map(|_| octet(draws)));
            }
            Damage::OldCopy => octets.clone_from(&self.old.0),
            Damage::TornCopy => {
                let cut = draws.place(octets.len().min(self.old.0.len()));
                let (mut first, mut second) = (&self.now.0, &self.old.0);
                if draws.below(2) == 0 {
                    std::mem::swap(&mut first, &mut second);
                }
                octets = [&first[..cut], &second[cut..]].concat();
            }
            Damage::OtherDesk => octets.clone_from(&self.other),
            Damage::NoStore => {
                octets = match draws.below(3) {
                    0 => Vec::new(),
                    1 => b"seq,name,at\n1,Ayse,08:00\n".repeat(400),
                    _ => (0..PAGE * 4).map(|_| octet(draws)).collect(),
                };
            }
        }
        octets
    }

    fn try_out(&mut self, damage: Damage) {
        let octets = self.damaged(damage);
        let file = store(&self.office);
        std::fs::write(&file, &octets).unwrap();
        let by_engine = self.draws.below(4) == 0;
        let done = if by_engine {
            start_and_stop(&self.office)
        } else {
            self.office.run(&["feed", "--json"])
        };
        let what = format!("{damage:?}, by the engine: {by_engine}: {done:?}");
        assert!(!done.err.contains("panicked"), "{what}");
        match done.code {
            Some(0) => {
                let shown = self.office.ok(&["feed", "--json"]).out;
                assert!(by_engine || done.out == shown, "{what}");
                self.assert_right(damage, &shown, &what);
            }
            // The key says whose store it is.
            Some(8) => assert_eq!(damage, Damage::OtherDesk, "{what}"),
            _ => {
                assert_refused(&done, &what);
                let left = std::fs::read(&file).unwrap();
                // redb corrects the size in the head of a file before it looks further.
                let rest = |all: &[u8]| all[SIZES.min(all.len())..].to_vec();
                let is_left = left.len() == octets.len() && rest(&left) == rest(&octets);
                assert!(is_left, "{what}: it was written over");
            }
        }
    }

    fn assert_right(&self, damage: Damage, shown: &str, what: &str) {
        let (now, old) = (shown == self.now.1, shown == self.old.1);
        let is_right = match damage {
            // The journal knows what came after it.
            Damage::OldCopy => now,
            Damage::TornCopy => now || old || self.is_one_commit_less(shown),
            Damage::Bits
            | Damage::HeaderBit
            | Damage::Page
            | Damage::Swap
            | Damage::Cut
            | Damage::ZeroTail
            | Damage::LongTail => now || self.is_one_commit_less(shown),
            Damage::OtherDesk | Damage::NoStore => false,
        };
        assert!(is_right, "{what}: it is not what was in it: {shown}");
    }

    /// What a commit wrote that was cut off cannot be told from what was damaged in it later. An engine that rests for a
    /// second, or ends in order, leaves no such commit.
    fn is_one_commit_less(&self, shown: &str) -> bool {
        let seqs = |text: &str| -> Vec<u64> {
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            let seqs = lines.map(|line: serde_json::Value| line["seq"].as_u64().unwrap());
            seqs.collect()
        };
        let (now, shown) = (seqs(&self.now.1), seqs(shown));
        // Here each check-in waits for the receipt of the one before.
        self.is_cut_off && now.starts_with(&shown) && now.len() <= shown.len() + 1
    }
}

fn octet(draws: &mut Draws) -> u8 {
    u8::try_from(draws.below(256)).expect("it is below 256")
}

fn store(office: &Office) -> PathBuf {
    office.data.join("hazir.redb")
}

fn start_and_stop(office: &Office) -> Done {
    let mut engine = office.start();
    if engine.says("ready:", SOON) {
        engine.signal(Signal::TERM);
    }
    engine.finish(SOON)
}

fn assert_refused(done: &Done, what: &str) {
    assert_eq!(done.code, Some(5), "{what}");
    assert!(done.err.contains("damaged"), "{what}");
    assert!(done.err.contains("hazir restore FILE"), "{what}");
}

/// One batch of damaged files, all drawn from `seed`. Panics with what went wrong. Returns how many were opened.
pub(crate) fn batch(seed: u64) -> u64 {
    println!("replay: HAZIR_DAMAGE_SEED={seed} cargo test --test it damage");
    let mut shelf = Shelf::open(seed);
    for _ in 0..CASES {
        let damage = Damage::draw(&mut shelf.draws);
        shelf.try_out(damage);
    }
    CASES
}

#[test]
fn damaged_files_open_right_or_are_refused() {
    match setting("HAZIR_DAMAGE_SEED") {
        Some(seed) => batch(seed),
        None => (1..=BATCHES).map(batch).sum(),
    };
}

#[test]
fn what_is_no_file_is_no_store() {
    let office = Office::open();
    office.ok(&["feed"]);
    let file = store(&office);
    let make: [fn(&Path); 3] = [
        |path| std::fs::create_dir(path).unwrap(),
        |path| symlink("/dev/null", path).unwrap(),
        |path| {
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
        },
    ];
    for make in make {
        std::fs::rename(&file, file.with_extension("kept")).unwrap();
        make(&file);
        for done in [start_and_stop(&office), office.run(&["feed"])] {
            assert_refused(&done, &format!("{done:?}"));
        }
        if file.is_dir() {
            std::fs::remove_dir(&file).unwrap();
        } else {
            std::fs::remove_file(&file).unwrap();
        }
        std::fs::rename(file.with_extension("kept"), &file).unwrap();
    }
    office.ok(&["feed"]);
}
