//! `hazir demo --load`: the real binary on a small load, and its generator against desks that fail.

mod drain;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use hazir::domain::Millis;
use hazir::practice::load::{Board, Fleet, Generator, LoadFault, Run, Wrong};
use rustix::process::Signal;
use serde_json::Value;

use super::process::{Done, Process};
use super::smsc::SOON;

fn hazir(home: &std::path::Path, args: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazir"));
    for name in ["HAZIR_DATA", "NOTIFY_SOCKET", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    command
        .env("HOME", home)
        .args(["demo", "--load"])
        .args(args);
    Process::start(&mut command)
}

fn lines(done: &Done) -> Vec<Value> {
    assert_eq!(done.code, Some(0), "{}", done.err);
    let read = |line| serde_json::from_str(line).expect("an object a line");
    done.out.lines().map(read).collect()
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

#[test]
fn a_load_is_measured_with_its_yardsticks_and_a_store_goes_on_growing() {
    let home = tempfile::tempdir().expect("there is room for a directory");
    let data = home.path().join("desk");
    let data = data.to_str().expect("our paths are text");
    let args = [
        "300",
        "--in-flight",
        "1,16",
        "--people",
        "20",
        "--json",
        "--data",
        data,
    ];
    let mut records = 0;
    for _ in 0..2 {
        let measured = lines(&hazir(home.path(), &args).finish(SOON));
        assert_eq!(measured.len(), 2);
        for (line, in_flight) in measured.iter().zip([1, 16]) {
            assert_eq!(line["in_flight"], in_flight);
            assert_eq!(line["check_ins"], 300);
            assert_eq!(line["people"], 20);
            assert_eq!(line["ended_early"], false);
            let rate = 300.0 / number(&line["seconds"]);
            assert!(
                (number(&line["per_second"]) - rate).abs() / rate < 0.01,
                "{line}"
            );
            let both = [&line["store"], &line["network"]];
            let times = [line, both[1]].map(|it| [&it["answer_us"], &it["receipt_us"]]);
            let commits = &both[0]["commit_us"];
            for times in times.concat().into_iter().chain([commits]) {
                let [p50, p99, max] = ["p50", "p99", "max"].map(|it| number(&times[it]));
                assert!(0.0 < p50 && p50 <= p99 && p99 <= max, "{line}");
            }
            let cpu = &line["cpu_us"];
            let parts = ["engine", "network", "generator", "others"].map(|it| number(&cpu[it]));
            assert!(parts[..3].iter().all(|part| *part > 0.0), "{cpu}");
            assert!(
                (parts.iter().sum::<f64>() - number(&cpu["all"])).abs() < 0.05,
                "{cpu}"
            );
            assert_eq!(both[0]["check_ins"], 300);
            assert_eq!(both[0]["commits"], if in_flight == 1 { 300 } else { 19 });
            for rate in [
                "commits_per_second",
                "check_ins_per_second",
                "rows_per_second",
            ] {
                assert!(number(&both[0][rate]) > 0.0, "{line}");
            }
            assert!(number(&both[0]["rows_per_second"]) > number(&both[0]["check_ins_per_second"]));
            assert_eq!(both[1]["check_ins"], 300);
            let ratio = number(&line["answer_us"]["p50"]) / number(&commits["p50"]);
            assert!(
                (number(&line["answer_to_commit"]) - ratio).abs() < 0.01,
                "{line}"
            );
            let memory = &line["memory_kib"];
            assert!(
                number(&memory["most"]) >= number(&memory["after"]),
                "{memory}"
            );
            assert!(number(&line["store_octets"]) > 4_096.0);
            assert!(line["file_system"]["type"].is_string(), "{line}");
            assert!(line["file_system"]["durable"].is_boolean(), "{line}");
            // Each run adds its own, and the store alone before it as many.
            let now = line["records"].as_u64().expect("a number");
            assert!(now >= records + 300, "{line}");
            records = now;
        }
    }
    assert!(records >= 7 * 300);
    let done = hazir(home.path(), &["40", "--in-flight", "4", "--people", "5"]).finish(SOON);
    assert_eq!(done.code, Some(0), "{}", done.err);
    for head in ["PER SECOND", "ENGINE", "COMMIT P50", "network alone"] {
        assert!(done.out.contains(head), "{}", done.out);
    }
    assert!(done.err.contains("5 people and 5 phones"), "{}", done.err);
}

#[test]
fn a_load_that_is_ended_early_says_what_was_measured() {
    let home = tempfile::tempdir().expect("there is room for a directory");
    let args = [
        "100000000",
        "--in-flight",
        "8,9",
        "--people",
        "2000",
        "--json",
    ];
    let mut load = hazir(home.path(), &args);
    assert!(
        load.says("Measuring with 2000 people", SOON),
        "{}",
        load.err()
    );
    load.signal(Signal::INT);
    let measured = lines(&load.finish(SOON));
    assert!(measured.len() <= 1, "{measured:?}");
    for line in measured {
        assert_eq!(line["ended_early"], true);
        assert!(
            line["store"].is_null() && line["network"].is_null(),
            "{line}"
        );
    }
    let left = std::fs::read_dir(home.path().join(".cache/hazir"));
    let left = left.expect("a demo made it").flatten();
    assert!(!left.map(|entry| entry.path()).any(|path| path.is_dir()));
}

#[test]
fn what_makes_no_sense_is_a_fault_of_the_command_line() {
    let home = tempfile::tempdir().expect("there is room for a directory");
    let cases: &[&[&str]] = &[
        &["0"],
        &["100000001"],
        &["9", "--in-flight", "0"],
        &["9", "--in-flight", "1,,2"],
        &["9", "--in-flight", "10001"],
        &["9", "--scenario", "flood"],
        &["9", "--gateway-port", "2775"],
        &["9", "--plain"],
        &["9", "--people", "10001"],
        &["9", "--waiting", "0"],
        &["9", "--waiting", "1000001"],
    ];
    for args in cases {
        let done = hazir(home.path(), args).finish(SOON);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.err);
    }
    let without: [&[&str]; 4] = [
        &["--in-flight", "1"],
        &["--json"],
        &["--waiting", "9"],
        &["--people", "801"],
    ];
    for args in without {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hazir"));
        command.env("HOME", home.path()).arg("demo").args(args);
        let done = Process::start(&mut command).finish(SOON);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.err);
    }
}

/// What a desk of the tests does with each check-in.
#[derive(Copy, Clone)]
enum Desk {
    Silent,
    /// Asks with enquire_link, and does nothing else.
    Asks,
    Refuses,
    AnswersTwice,
    SendsNonsense,
    Closes,
    Babbles,
}

fn pdu(command: u32, status: u32, sequence: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("it is short");
    [
        &length.to_be_bytes()[..],
        &command.to_be_bytes(),
        &status.to_be_bytes(),
        &sequence,
        body,
    ]
    .concat()
}

/// Binds and takes one check-in.
fn visit(port: u16, desk: Desk) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    let bind = pdu(9, 0, [0, 0, 0, 1], b"load\0load\0\0\x34\0\0\0");
    stream.write_all(&bind).expect("it reads");
    let mut read = || {
        let mut head = [0; 16];
        stream.read_exact(&mut head).expect("a whole PDU");
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let mut body = vec![0; length - 16];
        stream.read_exact(&mut body).expect("a whole PDU");
        head
    };
    assert_eq!(read()[4..8], 0x8000_0009_u32.to_be_bytes());
    let deliver = read();
    assert_eq!(deliver[4..8], 5_u32.to_be_bytes());
    let sequence = [deliver[12], deliver[13], deliver[14], deliver[15]];
    let answer = |status| pdu(0x8000_0005, status, sequence, b"\0");
    let octets = match desk {
        Desk::Silent | Desk::Asks | Desk::Closes => Vec::new(),
        Desk::Refuses => answer(0x64),
        Desk::AnswersTwice => [answer(0), answer(0)].concat(),
        Desk::SendsNonsense => pdu(
            4,
            0,
            [0, 0, 0, 9],
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02hi",
        ),
        Desk::Babbles => vec![0; 16],
    };
    stream.write_all(&octets).expect("it reads");
    let ask = pdu(0x15, 0, [0, 0, 0, 2], &[]);
    while matches!(desk, Desk::Asks) && stream.write_all(&ask).is_ok() {
        if stream.read_exact(&mut [0; 16]).is_err() {
            break;
        }
    }
    if !matches!(desk, Desk::Closes) {
        // Until the generator leaves.
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    }
}

fn fault(desk: Desk) -> LoadFault {
    let board = Arc::new(Board::default());
    let generator = Generator::listen(Fleet::without_keys(2), Arc::clone(&board));
    let mut generator = generator.expect("there is a port");
    let run = Run {
        waiting: 0,
        check_ins: 1,
        in_flight: 1,
        at_most: Duration::MAX,
        patience: match desk {
            Desk::Silent | Desk::Asks => Duration::from_secs(2),
            Desk::Refuses
            | Desk::AnswersTwice
            | Desk::SendsNonsense
            | Desk::Closes
            | Desk::Babbles => SOON,
        },
        opens: true,
    };
    let port = generator.port();
    let visitor = std::thread::spawn(move || visit(port, desk));
    let wall = || Millis(1_795_161_600_000);
    let served = generator.serve(run, wall, || {}, |_| panic!("nothing was measured"));
    visitor.join().expect("the desk does what it is to do");
    served.expect_err("the desk fails")
}

#[test]
fn a_desk_that_fails_is_no_measure() {
    let missing = LoadFault::Silent {
        answers: 1,
        receipts: 1,
    };
    for desk in [Desk::Silent, Desk::Asks] {
        assert_eq!(format!("{:?}", fault(desk)), format!("{missing:?}"));
    }
    let wrong = |desk| match fault(desk) {
        LoadFault::Wrong(wrong) => wrong,
        other @ (LoadFault::Io(_) | LoadFault::Silent { .. } | LoadFault::Counters) => {
            panic!("{other:?}")
        }
    };
    assert_eq!(wrong(Desk::Refuses), Wrong::Refused(0x64));
    assert_eq!(wrong(Desk::AnswersTwice), Wrong::Answer(1));
    assert_eq!(wrong(Desk::SendsNonsense), Wrong::NoReceipt);
    assert!(matches!(fault(Desk::Closes), LoadFault::Io(_)));
    assert!(matches!(fault(Desk::Babbles), LoadFault::Io(_)));
}
