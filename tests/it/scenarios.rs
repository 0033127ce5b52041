//! Scenarios as text: an office with a real store in memory, real keys and virtual time. See `tests/scenarios/README.md`.

use super::desk_of_text::Office;

/// Runs one scenario; a failure names its line.
fn run(name: &str, text: &str) {
    let mut office = Office::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty()
            && let Err(wrong) = office.step(line)
        {
            panic!("{name}:{}: {line}\n  {wrong}", at + 1);
        }
    }
    office.assert_sound(name);
    let left = office.unexpected();
    assert!(
        left.is_empty(),
        "{name}: not expected at the end: {}",
        left.join(" ")
    );
}

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let file = concat!(stringify!($name), ".txt");
            run(file, include_str!(concat!("../scenarios/", stringify!($name), ".txt")));
        }
    )*

        #[test]
        fn every_scenario_is_run() {
            let listed = [$(concat!(stringify!($name), ".txt")),*];
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
            for file in std::fs::read_dir(folder).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                assert!(!name.ends_with(".txt") || listed.contains(&name.as_str()), "{name}");
            }
        }
    };
}

scenarios![
    check_in,
    duplicate,
    replay,
    unreadable,
    refused,
    delayed,
    link_gap,
    crash,
    retry_ladder,
    pace,
    budgets,
    legacy,
    alarms,
    two_gateways,
    retry_by_hand,
    marks,
    addresses,
    clock,
    delivery_receipts,
    parts,
    parts_bounds,
    cut_link,
    told_waiting,
    throttled,
    legacy_again,
    unanswered_copy,
    replay_again,
    order,
    clock_back,
    gap_ends,
    gateway_gone,
    round_about,
    other_gateway,
    other_gateway_reach,
    other_gateway_pace,
    link_unstable,
    link_deaf,
    outbox_stuck,
    backup_old,
    journal_stopped,
    strangers_bound,
    undo_marks,
    undo_behind,
    undo_seen,
    first_in,
    first_in_clock,
    shelve,
    give_up,
    notes,
    log_lines,
];

#[test]
fn a_scenario_can_fail() {
    let mut office = Office::new();
    for line in [
        "+0s employee ayse +989102211824",
        "+0s link up",
        "+0s deliver ayse IN",
    ] {
        office.step(line).unwrap();
    }
    assert!(office.step("+0s expect answer:ok").is_err());
}
