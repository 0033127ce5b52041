use unicode_width::UnicodeWidthStr as _;

use super::super::fake::{NOW, Ran, card, run, run_on, run_with};
use crate::api::{Ask, Command, DeviceFact, EnrolKey, Enrolled, Reply};
use crate::cli::config::PageFault;
use crate::cli::error::CliError;
use crate::cli::screen::Screen;
use crate::domain::{DeviceId, EmployeeId, Fingerprint};
use crate::protocol::{KeyText, RootKey};
use crate::words::four_words;

const WITH_NUMBER: &str =
    "[[gateway]]\nname = \"north\"\nhost = \"h\"\nsource_address = \"09102211824\"\n";

fn enrolled() -> Vec<Reply> {
    let enrolled = Enrolled {
        device: DeviceId(2_417_839_106),
        employee: EmployeeId(3),
        root_key: [0xA5; 32],
    };
    vec![
        Reply::Employees(vec![card(3, "Ayşe", "A")]),
        Reply::Enrolled(enrolled),
    ]
}

#[test]
fn an_enrolment_prints_the_key_once() {
    let ran = run_with(
        &["device", "enrol", "3", "--json"],
        enrolled(),
        Vec::new(),
        WITH_NUMBER,
    );
    ran.done.unwrap();
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let names: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 6);
    assert_eq!(object["device"], 2_417_839_106_u32);
    assert_eq!(object["employee"], 3);
    assert_eq!(object["root_key"], "a5".repeat(32));
    let key = KeyText::parse(object["key_text"].as_str().unwrap())
        .ok()
        .unwrap();
    assert_eq!(
        (key.device, *key.root.octets()),
        (DeviceId(2_417_839_106), [0xA5; 32])
    );
    assert_eq!(key.desk_number, "+989102211824");
    assert!(object["page"].is_null());
    let root = RootKey::from_octets([0xA5; 32]);
    let words = four_words(root.fingerprint(key.device));
    assert_eq!(object["words"], serde_json::json!(words));
    assert!(ran.out.starts_with("{\"device\":"), "{}", ran.out);
}

/// Runs an enrolment in a window of this size; without colour, so that each character is a cell.
fn shown((columns, rows): (usize, usize), card_name: &str, more: &[&str]) -> Ran {
    let screen = Screen {
        columns,
        rows,
        colour: false,
    };
    let mut replies = enrolled();
    replies[0] = Reply::Employees(vec![card(3, card_name, card_name)]);
    let line = [&["device", "enrol", "3"], more].concat();
    run_on(Some(screen), &line, replies, Vec::new(), WITH_NUMBER)
}

/// The lines that a window of so many columns shows, and how many of them hold a code.
fn lines(ran: &Ran, columns: usize) -> (usize, usize) {
    let lines = ran
        .out
        .lines()
        .map(|line| line.width().max(1).div_ceil(columns));
    let of_code = ran.out.lines().filter(|line| line.contains('█'));
    (lines.sum(), of_code.count())
}

const PAGE: &str = "https://example.org/phone.html";

#[test]
fn without_a_window_a_key_comes_as_code_and_text_and_the_words_apart() {
    let ran = run_with(
        &["device", "enrol", "3"],
        enrolled(),
        Vec::new(),
        WITH_NUMBER,
    );
    ran.done.unwrap();
    assert_eq!(ran.out.matches("HZK.").count(), 1);
    let key = KeyText::parse(ran.out.lines().last().unwrap())
        .ok()
        .unwrap();
    let words = four_words(key.root.fingerprint(key.device)).join(" ");
    assert_eq!(ran.err.lines().count(), 2);
    assert!(ran.err.contains(&format!("show: {words}\n")), "{}", ran.err);

    let config = format!("[site]\npage = \"{PAGE}\"\n{WITH_NUMBER}");
    for (more, page) in [
        (&[][..], Some(PAGE)),
        (
            &["--page", "https://desk.example/p"],
            Some("https://desk.example/p"),
        ),
        (&["--page", ""], None),
    ] {
        let line = [&["device", "enrol", "3"], more].concat();
        let ran = run_with(&line, enrolled(), Vec::new(), &config);
        let last = ran.out.lines().last().unwrap();
        let begin = page.map_or(String::new(), |page| format!("{page}#"));
        assert!(KeyText::parse(last.strip_prefix(&begin).unwrap()).is_ok());
        let line = [&line[..], &["--json"]].concat();
        let ran = run_with(&line, enrolled(), Vec::new(), &config);
        let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(object["page"].as_str(), page.map(|_| last), "{object}");
    }
}

#[test]
fn a_window_shows_code_words_and_text_at_once_with_the_prompt() {
    let long = format!("https://example.org/{}", "p".repeat(180));
    for (page, holds) in [
        (None, "app or page"),
        (Some(PAGE), "camera"),
        (
            Some("https://attendance.example.org/desk/phone.html"),
            "no room",
        ),
        (Some(&*long), "no room"),
    ] {
        let more = page.map(|page| ["--page", page]);
        let ran = shown(
            (80, 24),
            "Ayşe",
            more.as_ref().map_or(&[], |more| &more[..]),
        );
        ran.done.as_ref().unwrap();
        assert_eq!(ran.err, "");
        let (all, of_code) = lines(&ran, 80);
        assert!(all < 24, "{all} lines and the prompt:\n{}", ran.out);
        // A code is less high than a window, and wider than high.
        assert!((19..=21).contains(&of_code), "{}", ran.out);
        assert_eq!(ran.out.matches("HZK.").count(), 1);
        let text = ran.out.lines().last().unwrap();
        let key = text.rsplit('#').next().unwrap();
        let key = KeyText::parse(key).ok().unwrap();
        assert_eq!(
            text.strip_suffix(&*key.encode()),
            Some(&*page.map_or(String::new(), |page| format!("{page}#")))
        );
        let of_code = ran.out.lines().filter(|line| line.contains('█'));
        let side = of_code.map(|line| line.rsplit(['█', '▀', '▄']).next().unwrap().trim());
        let beside = side.collect::<Vec<_>>().join(" ");
        let words = four_words(key.root.fingerprint(key.device)).join(" ");
        for said in ["Ayşe, device 2417839106", holds, &words, "shown this once"] {
            assert!(beside.contains(said), "no '{said}' in: {beside}");
        }
        assert_eq!(beside.contains("do not send it"), page.is_some());
    }
}

#[test]
fn a_larger_window_has_room_for_a_longer_link_and_a_smaller_one_for_the_key() {
    let page = ["--page", "https://attendance.example.org/desk/phone.html"];
    for (size, holds) in [
        ((80, 24), "no room"),
        ((80, 25), "no room"),
        ((80, 26), "camera"),
        ((80, 60), "camera"),
        ((200, 60), "camera"),
        ((70, 24), "no room"),
        ((40, 10), "no room"),
    ] {
        let ran = shown(size, "Ayşe", &page);
        ran.done.as_ref().unwrap();
        let said: String = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = said.replace(['█', '▀', '▄'], "");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(holds), "{size:?}: {said}");
        let (all, _) = lines(&ran, size.0);
        assert!(size.1 < 24 || all < size.1, "{size:?}: {all} lines");
    }
}

#[test]
fn no_name_turns_a_line_of_the_code_round() {
    let ran = shown((80, 24), "رضا احمدی", &[]);
    assert!(ran.out.contains("3, device 2417839106"), "{}", ran.out);
    assert!(!crate::ui::is_right_to_left(&ran.out), "{}", ran.out);
}

#[test]
fn a_page_that_is_none_enrols_nobody() {
    let long = format!("{PAGE}?{}", "p".repeat(200));
    for (page, fault) in [
        ("http://desk.example/p", Some(PageFault::Scheme)),
        ("https://desk.example/p#x", Some(PageFault::Fragment)),
        ("https://desk example/p", Some(PageFault::Character(' '))),
        (&long, None),
    ] {
        let line = ["device", "enrol", "3", "--page", page];
        let ran = run_with(&line, enrolled(), Vec::new(), WITH_NUMBER);
        match (ran.done, fault) {
            (Err(CliError::Page { fault, .. }), Some(expected)) => assert_eq!(fault, expected),
            (Err(CliError::PageLength), None) => {}
            (done, _) => panic!("{page}: {done:?}"),
        }
        assert_eq!(ran.desk.asked, []);
    }
}

#[test]
fn a_key_that_exists_is_read_from_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let path = file.to_str().unwrap();
    let line = ["device", "enrol", "3", "--json", "--key-file", path];
    let text = run_with(&line[..4], enrolled(), Vec::new(), WITH_NUMBER).out;
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    let text = text["key_text"].as_str().unwrap().to_owned();
    for (content, expected) in [
        (format!("{}\n", "a5".repeat(32)), EnrolKey::Root([0xA5; 32])),
        (
            format!(" {text}\n"),
            EnrolKey::Device(DeviceId(2_417_839_106), [0xA5; 32]),
        ),
    ] {
        std::fs::write(&file, content).unwrap();
        let ran = run_with(&line, enrolled(), Vec::new(), WITH_NUMBER);
        ran.done.unwrap();
        let command = Command::EnrolDevice(EmployeeId(3), expected);
        assert!(ran.desk.asked[1] == Ask::Command(command));
    }
    for content in [
        &b""[..],
        b"a5",
        b"\xff",
        &text.as_bytes()[..text.len() - 20],
    ] {
        std::fs::write(&file, content).unwrap();
        let ran = run_with(&line, enrolled(), Vec::new(), WITH_NUMBER);
        assert!(matches!(ran.done, Err(CliError::KeyFile { .. })));
        assert_eq!(ran.desk.asked, []);
    }
}

#[test]
fn nothing_is_enrolled_where_phones_would_not_know_the_number() {
    let short_code = WITH_NUMBER.replace("09102211824", "1234");
    let none = WITH_NUMBER.replace("09102211824", "");
    for config in ["", &none, &short_code] {
        let ran = run_with(&["device", "enrol", "3"], enrolled(), Vec::new(), config);
        assert!(matches!(ran.done, Err(CliError::NoDeskNumber)), "{config}");
        assert_eq!(ran.desk.asked, []);
    }
}

#[test]
fn phones_have_every_field() {
    let device = DeviceFact {
        device: DeviceId(7),
        employee: EmployeeId(3),
        name: "Ayşe".to_owned(),
        revoked: true,
        enrolled_at: NOW,
        highest: None,
        fingerprint: Fingerprint([0, 255, 1, 0]),
    };
    let words = four_words(device.fingerprint);
    let ran = run(
        &["device", "list", "--json"],
        vec![Reply::Devices(vec![device.clone()])],
    );
    let expected = format!(
        "{{\"device\":7,\"employee\":3,\"name\":\"Ayşe\",\"revoked\":true,\
         \"enrolled_at\":\"2026-11-20T08:58:01.123Z\",\"highest\":null,\
         \"words\":[\"{}\"]}}\n",
        words.join("\",\"")
    );
    assert_eq!(ran.out, expected);
    let ran = run(
        &["device", "unrevoke", "7"],
        vec![Reply::Devices(vec![device])],
    );
    assert_eq!(
        ran.desk.asked,
        [Ask::Command(Command::SetRevoked(DeviceId(7), false))]
    );
    assert!(ran.out.contains("REVOKED"), "{}", ran.out);
    assert!(ran.out.contains(&words.join(" ")), "{}", ran.out);
}
