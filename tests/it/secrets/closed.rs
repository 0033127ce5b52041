//! What of a program's memory others can get at.

use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::process::Stdio;

use hazir::protocol::{DeviceKeys, RootKey};

use super::super::edges::{as_nobody, look_until};
use super::super::office::{Office, stop};
use super::super::phone::unhex;
use super::super::process::Process;
use super::super::smsc::SOON;
use super::PASSWORD;
use super::forms::Canary;

/// Who owns the memory of a process: root where it may not be dumped, and then no other process of its user reads it.
fn owner(pid: u32) -> Option<u32> {
    let memory = std::fs::metadata(format!("/proc/{pid}/mem"));
    memory.ok().map(|memory| memory.uid())
}

/// A command that opens the store holds all its keys; it was an open book while it ran, for every process of its user and for
/// whoever collects core dumps.
#[test]
fn a_command_hides_its_memory_as_an_engine_does() {
    let office = Office::bare();
    std::fs::create_dir(&office.data).unwrap();
    let args = ["init", "--non-interactive", "--no-check", "--name", "x"];
    let more = [
        "--country",
        "IR",
        "--host",
        "127.0.0.1",
        "--password-file",
        "-",
    ];
    let mut command = as_nobody(&office, &[&args[..], &more].concat());
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut init = Process::start_as_it_is(&mut command);
    let pid = init.id();
    look_until("its memory is root's", || owner(pid) == Some(0));
    init.says_to(&format!("{PASSWORD}\n"));
    let done = init.finish(SOON);
    assert_eq!(done.code, Some(0), "{}", done.err);
}

/// Octets of a page.
const PAGE: u64 = 4_096;
const ZEROS: [u8; 4_096] = [0; 4_096];

/// Where in the memory of a process some octets stand; `None` where this user may not look.
fn in_memory(pid: u32, canary: &Canary) -> Option<Vec<String>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, rest) = line.split_once('-')?;
        let (to, _) = rest.split_once(' ')?;
        let [from, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let pages = usize::try_from((to - from) / PAGE).unwrap();
        let held = (0..pages).filter_map(|page| {
            // Most of what an allocator reserves was never touched.
            let mut octets = vec![0; ZEROS.len()];
            let at = from + PAGE * u64::try_from(page).unwrap();
            memory.read_exact_at(&mut octets, at).ok()?;
            (octets != ZEROS).then_some(octets)
        });
        if canary
            .in_octets(&held.collect::<Vec<_>>().concat())
            .is_some()
        {
            found.push(line.to_owned());
        }
    }
    Some(found)
}

#[test]
fn an_engine_forgets_the_root_key_that_it_gave() {
    let office = Office::open();
    let engine = office.serve();
    let employee = office.employ("Ayşe Kaya", "+989120000001", &[]);
    let enrolled = office
        .json(&["device", "enrol", &employee.to_string()])
        .remove(0);
    let root = unhex(enrolled["root_key"].as_str().unwrap());
    let canary = Canary::octets("a root key", &root);
    // What follows runs over the stack that the key went by.
    for n in 2..6 {
        let number = format!("+98912000000{n}");
        let other = office.employ(&format!("Employee {n}"), &number, &[]);
        office.enrol(other, &number);
    }
    office.json(&["people"]);
    let keys = DeviceKeys::derive(&RootKey::from_octets(root.try_into().unwrap()));
    let derived = Canary::octets("a derived key", keys.to_desk.octets());
    let found = [&canary, &derived].map(|canary| in_memory(engine.id(), canary));
    stop(engine);
    let [Some(root), Some(derived)] = found else {
        println!("NOT TESTED: this user may not read the memory of an engine");
        return;
    };
    assert_eq!(root, Vec::<String>::new());
    assert!(!derived.is_empty(), "what it holds was not found either");
}
