//! A phone is enrolled: what a window shows of its key, read back by a scanner that is not ours, and the four words by which
//! desk and phone are compared.

use std::path::Path;
use std::process::Command;

use hazir::protocol::KeyText;
use hazir::words::four_words;
use serde_json::Value;

use super::lacking::{have, works};
use super::office::Office;
use super::process::Process;
use super::pty::Terminal;
use super::smsc::SOON;

const PAGE: &str = "https://example.org/phone.html";
const LONG_PAGE: &str = "https://attendance.example.org/the/desk/at/the/front/phone.html";

/// The window.
const COLUMNS: u16 = 80;
const ROWS: u16 = 24;
/// Pixels of a cell: each half is a square, as modules are.
const CELL: (usize, usize) = (8, 16);

/// How a terminal looks: grey of its own letters, and of its ground.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Looks {
    letters: u8,
    ground: u8,
}

const DARK: Looks = Looks {
    letters: 200,
    ground: 25,
};
const LIGHT: Looks = Looks {
    letters: 20,
    ground: 245,
};

/// Enrols a phone in a window of 80x24, as a shell would run it, with its prompt before and after.
fn enrol(office: &Office, more: &[&str], has_colour: bool) -> Terminal {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"printf '$ hazir\n'; "$@"; printf '$ '"#, "sh"]);
    shell.arg(env!("CARGO_BIN_EXE_hazir"));
    shell.args(["device", "enrol", "1"]).args(more);
    shell.arg("--data").arg(&office.data);
    office.clean(&mut shell);
    if has_colour {
        shell.env_remove("NO_COLOR");
    } else {
        shell.env("NO_COLOR", "1");
    }
    let mut window = Terminal::start(&shell, COLUMNS, ROWS);
    window.ends_restored(0);
    window
}

fn grey(colour: vt100::Color, own: u8) -> u8 {
    match colour {
        vt100::Color::Default => own,
        // As a usual terminal has black and bright white: neither is quite that.
        vt100::Color::Idx(0) => 12,
        vt100::Color::Idx(15) => 235,
        vt100::Color::Idx(_) | vt100::Color::Rgb(..) => panic!("no code is drawn so: {colour:?}"),
    }
}

/// The window as a picture in PGM.
fn picture(window: &Terminal, looks: Looks) -> Vec<u8> {
    let (width, height) = (usize::from(COLUMNS) * CELL.0, usize::from(ROWS) * CELL.1);
    let mut pixels = vec![looks.ground; width * height];
    window.look(|screen| {
        for (row, column) in (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |c| (row, c))) {
            let cell = screen.cell(row, column).expect("it is in the window");
            let ink = grey(cell.fgcolor(), looks.letters);
            let paper = grey(cell.bgcolor(), looks.ground);
            let (upper, lower) = match cell.contents() {
                "█" => (ink, ink),
                "▀" => (ink, paper),
                "▄" => (paper, ink),
                _ => (paper, paper),
            };
            let has_letter = !matches!(cell.contents(), "█" | "▀" | "▄" | " " | "");
            for (x, y) in (0..CELL.0).flat_map(|x| (0..CELL.1).map(move |y| (x, y))) {
                // What a letter looks like does not matter; that there is something does.
                let is_ink = has_letter && (2..6).contains(&x) && (4..12).contains(&y);
                let half = if y < CELL.1 / 2 { upper } else { lower };
                let at = (usize::from(row) * CELL.1 + y) * width + usize::from(column) * CELL.0 + x;
                pixels[at] = if is_ink { ink } else { half };
            }
        }
    });
    [format!("P5\n{width} {height}\n255\n").as_bytes(), &pixels].concat()
}

/// Makes light of dark in a picture, and dark of light.
fn invert(picture: &mut [u8]) {
    let pixels = usize::from(COLUMNS) * CELL.0 * usize::from(ROWS) * CELL.1;
    let begin = picture.len() - pixels;
    for pixel in &mut picture[begin..] {
        *pixel = u8::MAX - *pixel;
    }
}

/// What a scanner reads in a picture; nothing where it finds no code.
fn scanned(directory: &Path, picture: &[u8]) -> String {
    let file = directory.join("window.pgm");
    std::fs::write(&file, picture).expect("there is room");
    let mut zbar = Command::new("zbarimg");
    zbar.args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]);
    let done = Process::start(zbar.arg(file)).finish(SOON);
    done.out.trim_end().to_owned()
}

/// The rows of a window as they stand, without the room behind them.
fn rows(window: &Terminal) -> Vec<String> {
    let text = window.look(|screen| screen.rows(0, COLUMNS).collect::<Vec<_>>());
    text.iter().map(|row| row.trim_end().to_owned()).collect()
}

/// Enrols a phone of employee 1 in a window: what a scanner reads in it, and what stands in it.
pub(crate) fn enrol_and_scan(office: &Office) -> (String, String) {
    let window = enrol(office, &[], true);
    let pictures = tempfile::tempdir().expect("there is room for a directory");
    let read = scanned(pictures.path(), &picture(&window, DARK));
    (read, rows(&window).join("\n"))
}

pub(crate) fn missing_zbar() -> Option<&'static str> {
    let is_there = works(Command::new("zbarimg").arg("--version"));
    (!is_there).then_some("zbarimg is not there (Debian's zbar-tools)")
}

/// The device that was enrolled last, as scripts see it.
fn newest(office: &Office) -> Value {
    let devices = office.json(&["device", "list"]);
    devices.last().expect("a phone is enrolled").clone()
}

#[test]
fn a_window_of_80x24_shows_a_code_that_scanners_read_with_words_and_text() {
    if !have("zbarimg", missing_zbar()) {
        return;
    }
    let office = Office::open();
    office.employ("Ayşe Yılmaz", "+905321234567", &[]);
    let pictures = tempfile::tempdir().unwrap();
    for (more, begin, holds_link) in [
        (&[][..], String::new(), false),
        (&["--page", PAGE], format!("{PAGE}#"), true),
        (&["--page", LONG_PAGE], format!("{LONG_PAGE}#"), false),
    ] {
        for has_colour in [true, false] {
            let window = enrol(&office, more, has_colour);
            let rows = rows(&window);
            // All of the code is in the window with the light around it, and the next prompt under the text.
            let first = rows.iter().position(|row| row.contains('█')).unwrap();
            assert!(rows[first].starts_with(&"█".repeat(41)), "{rows:#?}");
            let last = rows.iter().rposition(|row| row.contains('█')).unwrap();
            let prompt = rows.iter().rposition(|row| !row.is_empty()).unwrap();
            assert_eq!(rows[prompt], "$", "{rows:#?}");
            let text = rows[last + 1..prompt].concat();
            let key = text
                .strip_prefix(&begin)
                .unwrap_or_else(|| panic!("{text}"));
            let parsed = KeyText::parse(key).expect("it is whole");

            let device = newest(&office);
            assert_eq!(device["device"], parsed.device.0);
            let words = four_words(parsed.root.fingerprint(parsed.device));
            assert_eq!(device["words"], serde_json::json!(words));
            let whole = rows.join("\n");
            assert!(whole.contains(&words.join(" ")), "{whole}");
            assert!(whole.contains("Ayşe Yılmaz, device"), "{whole}");

            let expected = if holds_link { &text } else { key };
            for looks in [DARK, LIGHT] {
                let mut picture = picture(&window, looks);
                if !has_colour && looks == LIGHT {
                    // Drawn for dark windows, it is inverted in a light one: as scanners that take that, too, see it.
                    invert(&mut picture);
                }
                let read = scanned(pictures.path(), &picture);
                assert_eq!(read, *expected, "{more:?} {has_colour} {looks:?}\n{whole}");
            }
        }
    }
}

#[test]
fn the_scanner_reads_nothing_where_the_code_is_spoilt() {
    if !have("zbarimg", missing_zbar()) {
        return;
    }
    let office = Office::open();
    office.employ("Ayşe Yılmaz", "+905321234567", &[]);
    let pictures = tempfile::tempdir().unwrap();
    let window = enrol(&office, &[], true);
    let whole = picture(&window, DARK);
    assert!(scanned(pictures.path(), &whole).starts_with("HZK."));
    // The upper third of the window, as if it had scrolled away.
    let mut spoilt = whole;
    let line = usize::from(COLUMNS) * CELL.0 * CELL.1;
    let begin = spoilt.len() - usize::from(ROWS) * line;
    spoilt[begin..begin + 8 * line].fill(DARK.ground);
    assert_eq!(scanned(pictures.path(), &spoilt), "");
}

#[test]
fn the_page_of_the_site_is_linked_and_a_flag_wins_over_it() {
    let office = Office::open();
    office.employ("Ayşe Yılmaz", "+905321234567", &[]);
    let file = office.data.join("hazir.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\n# page = \"\"\n"), "{text}");
    office.configure(&text.replace("\n# page = \"\"\n", &format!("\npage = \"{PAGE}\"\n")));
    office.ok(&["config", "check"]);
    let page = |more: &[&str]| {
        let enrolled = office.json(&[&["device", "enrol", "1"], more].concat());
        let key = enrolled[0]["key_text"].as_str().unwrap().to_owned();
        let page = enrolled[0]["page"].as_str().map(str::to_owned);
        (page, key)
    };
    let (link, key) = page(&[]);
    assert_eq!(link, Some(format!("{PAGE}#{key}")));
    let (link, key) = page(&["--page", LONG_PAGE]);
    assert_eq!(link, Some(format!("{LONG_PAGE}#{key}")));
    assert_eq!(page(&["--page", ""]).0, None);
    let done = office.run(&["device", "enrol", "1", "--page", "http://example.org/"]);
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(done.err.contains("https://"), "{}", done.err);
    assert_eq!(office.json(&["device", "list"]).len(), 3);
}

#[test]
fn the_words_are_those_of_the_vectors_and_a_running_engine_has_them_too() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../vectors/enrolment.json")).unwrap();
    assert!(vectors.len() >= 3);
    for vector in &vectors {
        let key = KeyText::parse(vector["key_text"].as_str().unwrap());
        let key = key.expect("a vector is a key");
        let words = four_words(key.root.fingerprint(key.device));
        assert_eq!(serde_json::json!(words), vector["words"], "{vector}");
    }

    let office = Office::open();
    office.employ("Ayşe Yılmaz", "+905321234567", &[]);
    let file = office.data.join("a.key");
    let text = vectors[0]["key_text"].as_str().unwrap();
    std::fs::write(&file, text).unwrap();
    let engine = office.serve();
    let enrol = ["device", "enrol", "1", "--key-file", file.to_str().unwrap()];
    let enrolled = office.json(&enrol).remove(0);
    assert_eq!(enrolled["key_text"], vectors[0]["key_text"]);
    assert_eq!(enrolled["words"], vectors[0]["words"]);
    let table = |office: &Office| {
        let table = office.ok(&["device", "list"]).out;
        let words: Vec<&str> = vectors[0]["words"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap())
            .collect();
        assert!(table.contains(&words.join(" ")), "{table}");
    };
    table(&office);
    office.stop(engine);
    // From the sealed key in the store.
    table(&office);
    assert_eq!(newest(&office)["words"], vectors[0]["words"]);
}
