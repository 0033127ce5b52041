//! What the terminal can do, and how large it is.

use super::super::office::Office;
use super::super::pty::Terminal;
use super::{console, open};

/// Every screen, and help.
const SCREENS: &str = "123456!?";

fn with(office: &Office, name: &str, value: &str) -> Terminal {
    let mut command = office.command(&[]);
    command.env(name, value);
    Terminal::start(&command, 80, 24)
}

/// Numbers of all SGR sequences.
fn looks(octets: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(octets);
    let sequences = text.split("\x1b[").skip(1);
    let looks = sequences.filter_map(|text| {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        (text[end..].starts_with('m') && !text.starts_with('?')).then(|| text[..end].to_owned())
    });
    let numbers = looks.flat_map(|look| {
        let numbers = look.split([';', ':']).map(|n| n.parse().unwrap_or(0));
        numbers.collect::<Vec<u16>>()
    });
    numbers.collect()
}

#[test]
fn without_colours_what_is_selected_is_reversed() {
    let (office, engine) = open();
    let mut window = with(&office, "NO_COLOR", "1");
    window.shows("IN 1");
    let reversed = |screen: &vt100::Screen| {
        let mut cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        cells.any(|(row, column)| screen.cell(row, column).is_some_and(vt100::Cell::inverse))
    };
    window.until("a reversed line", |_| true);
    assert!(window.look(reversed), "{}", window.text());
    for screen in SCREENS.chars() {
        window.keys(&screen.to_string());
    }
    window.shows("Help");
    window.keys("q");
    window.ends_restored(0);
    // 39, 49 and 59 are the terminal's own.
    let colours = looks(&window.heard())
        .into_iter()
        .filter(|look| matches!(look, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107));
    assert_eq!(colours.collect::<Vec<_>>(), [0_u16; 0]);
    office.stop(engine);
}

#[test]
fn a_locale_without_unicode_gets_ascii() {
    let (office, engine) = open();
    let mut window = with(&office, "LC_ALL", "C");
    window.shows("IN 1");
    for screen in SCREENS.chars() {
        window.keys(&screen.to_string());
        window.writes_after(window.octets().saturating_sub(1));
        let text = window.text();
        assert!(text.is_ascii(), "{screen}:\n{text}");
    }
    window.shows("Help");
    window.keys("q");
    window.ends_restored(0);
    let octets = window.heard();
    assert!(octets.is_ascii(), "{}", String::from_utf8_lossy(&octets));
    office.stop(engine);
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let (office, engine) = open();
    let mut window = with(&office, "TERM", "dumb");
    window.shows("1 of 2");
    window.look(|screen| assert!(!screen.alternate_screen()));
    assert!(!window.heard().contains(&0x1b));
    window.keys("q\n");
    window.ends_restored(0);
    office.stop(engine);
}

#[test]
fn every_size_is_lived_with() {
    let (office, engine) = open();
    let mut window = console(&office);
    window.shows("IN 1");
    for (columns, rows) in [(1, 1), (20, 5), (59, 16), (60, 15), (300, 100), (2, 60)] {
        window.resize(columns, rows);
        window.writes_after(window.octets());
        window.keys("?1");
    }
    window.resize(60, 15);
    window.shows("60x16 needed");
    window.resize(80, 24);
    window.shows("IN 1");
    window.shows("? help");
    // What nobody can have. The terminal of the tests would believe it.
    window.tell_size(65_535, 65_535);
    window.writes_after(window.octets() + 10_000);
    window.resize(80, 24);
    window.keys("?");
    window.shows("Help");
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}
