//! A store that cannot be written: intake stops with words and an exit code, and nothing that was answered is lost.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::time::Duration;

use super::fleet::{Fleet, key_of};
use super::office::Office;
use super::process::Process;
use super::smsc::{SOON, Seen, State};

const OK: u32 = 0;
const TEMPORARY: u32 = 0x64;
/// Octets that the store may still grow by. The least that lets the engine begin is taken.
const ROOM: [u64; 4] = [64 << 10, 256 << 10, 1 << 20, 4 << 20];
/// Check-ins that fill all of it.
const MANY: usize = 20_000;
const BATCH: usize = 80;
/// How often it is looked whether a process that says nothing has ended.
const TURN: Duration = Duration::from_millis(50);

/// Starts the engine so that no file of it grows past `octets`: writes fail as on a full disk.
fn start_limited(office: &Office, octets: u64) -> Process {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#])
        .arg((octets / 512).to_string())
        .arg(env!("CARGO_BIN_EXE_hazir"))
        .args(["serve", "--data"])
        .arg(&office.data);
    office.clean(&mut command);
    Process::start(&mut command)
}

fn start_with_least_room(office: &Office) -> Process {
    let used = std::fs::metadata(office.data.join("hazir.redb"))
        .unwrap()
        .blocks()
        * 512;
    for room in ROOM {
        let binds = office.smsc.read(|s| s.count(&Seen::Bound));
        let mut engine = start_limited(office, used + room);
        // It is ready before its first commit, of which it may end.
        if engine.says("ready:", Duration::from_secs(5)) && is_bound(&mut engine, binds, office) {
            return engine;
        }
        let done = engine.finish(SOON);
        assert_eq!(done.code, Some(74), "{}", done.err);
    }
    panic!("it never begins");
}

/// Whether the engine bound, after so many binds; false where it ended before.
fn is_bound(engine: &mut Process, binds: usize, office: &Office) -> bool {
    let is_new = |s: &mut State| (s.count(&Seen::Bound) > binds).then_some(());
    let mut waits = std::iter::repeat_with(|| office.smsc.wait(TURN, is_new).is_some());
    let found = waits.find(|bound| *bound || engine.wait(Duration::ZERO).is_some());
    found == Some(true)
}

fn is_over(engine: &mut Process, ids: &[u64], office: &Office) -> bool {
    let answered = |s: &mut State| {
        let all = ids.iter().all(|&id| s.answer_of(id).is_some());
        let lost = s.seen.last() == Some(&Seen::Closed);
        (all || lost).then_some(())
    };
    assert!(
        office.smsc.wait(SOON, answered).is_some(),
        "deliver_sm without an answer"
    );
    let failed = office.smsc.read(|s| {
        s.seen.last() == Some(&Seen::Closed)
            || ids.iter().any(|&id| s.answer_of(id) == Some(TEMPORARY))
    });
    failed || engine.wait(Duration::ZERO).is_some()
}

#[test]
fn a_full_disk_stops_intake_and_loses_nothing() {
    let office = Office::open_fast();
    let mut fleet = Fleet::new(office.staff(8));
    let engine = office.serve();
    for place in 0..fleet.phones.len() {
        fleet.check_in(&office.smsc, place, "", false);
    }
    fleet.settle(&office.smsc);
    office.stop(engine);

    let mut engine = start_with_least_room(&office);
    let note = "n".repeat(60);
    let phones = fleet.phones.len();
    let over = (0..MANY / BATCH).any(|_| {
        let mut one = |n| fleet.check_in(&office.smsc, n % phones, &note, n % 3 == 0);
        let ids: Vec<u64> = (0..BATCH).map(&mut one).collect();
        fleet.listen(&office.smsc);
        is_over(&mut engine, &ids, &office)
    });
    assert!(over, "{MANY} check-ins did not fill the disk");
    let status = engine.wait(SOON).expect("an engine that cannot write ends");
    assert_eq!(status.code(), Some(74), "{}", engine.err());
    let said = engine.err().to_lowercase();
    assert!(
        said.contains("written") || said.contains("check-ins"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    fleet.listen(&office.smsc);

    // What was answered OK, and every receipt, is a record now, before anything comes again.
    let answered = office.smsc.read(|s| {
        let statuses = s.seen.iter().filter_map(|seen| match seen {
            Seen::Answered(_, status) => Some(*status),
            Seen::Bound
            | Seen::BindRefused(_)
            | Seen::Handed(_)
            | Seen::Submitted(_)
            | Seen::Responded(_)
            | Seen::Unbind
            | Seen::Closed => None,
        });
        statuses.collect::<Vec<_>>()
    });
    assert!(
        answered
            .iter()
            .all(|&status| status == OK || status == TEMPORARY),
        "{answered:?}"
    );
    let taken = answered.iter().filter(|&&status| status == OK).count();
    let feed = fleet.assert_nothing_lost_or_doubled(&office);
    let mut recorded: Vec<_> = feed.iter().map(key_of).collect();
    recorded.sort_unstable();
    recorded.dedup();
    assert!(
        recorded.len() >= taken,
        "{taken} were answered OK, {} are kept",
        recorded.len()
    );

    let engine = office.serve();
    fleet.settle(&office.smsc);
    let feed = fleet.assert_nothing_lost_or_doubled(&office);
    let recorded = feed
        .iter()
        .filter(|line| line["outcome"] == "recorded")
        .count();
    assert_eq!(recorded, fleet.sealed.len());
    office.stop(engine);
    println!("the disk was full after {taken} of {recorded} check-ins");
}
