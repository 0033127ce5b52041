use super::super::fake::{NOW, card, run, run_with};
use crate::api::{Ask, Command, DeviceFact, EnrolKey, Enrolled, Reply};
use crate::cli::error::CliError;
use crate::domain::{DeviceId, EmployeeId, Fingerprint};
use crate::protocol::KeyText;

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
    assert_eq!(names.len(), 4);
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
    assert!(ran.out.starts_with("{\"device\":"), "{}", ran.out);

    let ran = run_with(
        &["device", "enrol", "3"],
        enrolled(),
        Vec::new(),
        WITH_NUMBER,
    );
    ran.done.unwrap();
    let lines = ran.out.lines().count() + ran.err.lines().count();
    assert!(lines <= 23, "{lines} lines and the prompt");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80));
    assert_eq!(ran.out.matches("HZK.").count(), 1);

    let line = ["device", "enrol", "3", "--page", "https://desk.example/p"];
    let ran = run_with(&line, enrolled(), Vec::new(), WITH_NUMBER);
    let last = ran.out.lines().last().unwrap();
    let key = last.strip_prefix("https://desk.example/p#").unwrap();
    assert!(KeyText::parse(key).is_ok());
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
    let ran = run(
        &["device", "list", "--json"],
        vec![Reply::Devices(vec![device.clone()])],
    );
    assert_eq!(
        ran.out,
        "{\"device\":7,\"employee\":3,\"name\":\"Ayşe\",\"revoked\":true,\
         \"enrolled_at\":\"2026-11-20T08:58:01.123Z\",\"highest\":null}\n"
    );
    let ran = run(
        &["device", "unrevoke", "7"],
        vec![Reply::Devices(vec![device])],
    );
    assert_eq!(
        ran.desk.asked,
        [Ask::Command(Command::SetRevoked(DeviceId(7), false))]
    );
    assert!(ran.out.contains("REVOKED"), "{}", ran.out);
}
