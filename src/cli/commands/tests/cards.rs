use super::super::fake::{card, run};
use crate::api::{Ask, CardEdit, Command, NewEmployee, Problem, Refusal, Reply};
use crate::cli::error::{CliError, ExitCode};
use crate::domain::{Country, EmployeeId, Msisdn};

#[test]
fn cards_are_one_object_a_line() {
    let ran = run(
        &["employee", "list", "--json"],
        vec![Reply::Employees(vec![
            card(3, "Ayşe \"A\"", "A"),
            card(4, "B", "B"),
        ])],
    );
    ran.done.unwrap();
    assert_eq!(
        ran.out,
        "{\"id\":3,\"name\":\"Ayşe \\\"A\\\"\",\"short\":\"A\",\"phone\":\"+989102211823\",\
         \"team\":null,\"shift\":null,\"legacy\":false,\"suspended\":false}\n\
         {\"id\":4,\"name\":\"B\",\"short\":\"B\",\"phone\":\"+989102211824\",\
         \"team\":null,\"shift\":null,\"legacy\":false,\"suspended\":false}\n"
    );
}

#[test]
fn a_table_of_cards_shows_whole_numbers() {
    let mut suspended = card(3, "山田", "Y");
    suspended.suspended = true;
    suspended.legacy = true;
    let ran = run(
        &["employee", "list"],
        vec![Reply::Employees(vec![suspended])],
    );
    assert_eq!(
        ran.out,
        "ID  NAME  SHORT  PHONE          TEAM  SHIFT\n\
         3   山田  Y      +989102211823               legacy, SUSPENDED\n"
    );
}

#[test]
fn a_new_card_reads_numbers_of_the_country() {
    let replies = vec![Reply::Employees(vec![card(1, "A", "A")])];
    let line = [
        "employee",
        "add",
        "--name",
        "A",
        "--phone",
        "0910 221 1821",
        "--team",
        "T",
    ];
    let ran = run(&line, replies);
    ran.done.unwrap();
    let new = NewEmployee {
        name: "A".to_owned(),
        phone: Msisdn::parse("+989102211821", Country::default()).unwrap(),
        short: None,
        team: Some("T".to_owned()),
        shift: None,
        legacy: false,
    };
    let asked = Ask::Command(Command::AddEmployees(vec![new]));
    assert_eq!(ran.desk.asked, [asked]);
    let ran = run(
        &["employee", "add", "--name", "A", "--phone", "x"],
        Vec::new(),
    );
    assert_eq!(ran.done.err().map(|e| e.exit_code()), Some(ExitCode::Usage));
    assert_eq!(ran.desk.asked, []);
}

#[test]
fn an_employee_is_a_number_or_an_exact_name() {
    let cards = vec![
        card(1, "Ayşe", "A"),
        card(2, "Ben", "B"),
        card(3, "Ben", "2"),
    ];
    for (text, expected) in [
        ("1", 1),
        ("Ayşe", 1),
        ("A", 1),
        ("3", 3),
        ("2", 2),
        ("B", 2),
    ] {
        let replies = vec![
            Reply::Employees(cards.clone()),
            Reply::Employees(Vec::new()),
        ];
        let ran = run(&["employee", "suspend", text], replies);
        ran.done.unwrap();
        let command = Command::SetSuspended(EmployeeId(expected), true);
        assert_eq!(ran.desk.asked[1], Ask::Command(command), "{text}");
    }
    let find = |text| {
        let ran = run(
            &["employee", "resume", text],
            vec![Reply::Employees(cards.clone())],
        );
        ran.done.unwrap_err()
    };
    assert!(matches!(find("ayşe"), CliError::NoEmployee(_)));
    assert!(matches!(find("9"), CliError::NoEmployee(_)));
    let CliError::ManyEmployees { ids, .. } = find("Ben") else {
        panic!("two are called so");
    };
    assert_eq!(ids, [EmployeeId(2), EmployeeId(3)]);
}

#[test]
fn an_edit_changes_what_is_given() {
    let replies = vec![
        Reply::Employees(vec![card(1, "A", "A")]),
        Reply::Employees(vec![card(1, "A", "A")]),
    ];
    let ran = run(
        &["employee", "edit", "1", "--legacy", "off", "--team", ""],
        replies,
    );
    ran.done.unwrap();
    let edit = CardEdit {
        team: Some(String::new()),
        legacy: Some(false),
        ..CardEdit::default()
    };
    let asked = Ask::Command(Command::EditEmployee(EmployeeId(1), edit));
    assert_eq!(ran.desk.asked[1], asked);
}

#[test]
fn a_list_is_taken_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("list.csv");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "name,phone\nA,09102211821\n\nB,09102211822\n").unwrap();
    let problems = vec![(1, Problem::PhoneTaken(EmployeeId(9)))];
    let refused = vec![Reply::Refused(Refusal::Cards(problems))];
    let ran = run(&["employee", "import", path], refused);
    assert!(matches!(ran.done, Err(CliError::Import { lines: 1 })));
    assert!(ran.err.starts_with(&format!("{path}:4: ")), "{}", ran.err);
    assert!(ran.err.contains("employee 9"), "{}", ran.err);
    let added = vec![Reply::Employees(vec![card(1, "A", "A"), card(2, "B", "B")])];
    let ran = run(&["employee", "import", path, "--json"], added);
    ran.done.unwrap();
    assert_eq!(ran.out.lines().count(), 2);
    std::fs::write(&file, "name,phone,nick\nA,09102211821,x\n").unwrap();
    let ran = run(&["employee", "import", path], Vec::new());
    assert!(matches!(ran.done, Err(CliError::Import { lines: 1 })));
    assert!(
        ran.err.contains(":1: column 'nick' is unknown"),
        "{}",
        ran.err
    );
    assert_eq!(ran.desk.asked, []);
}
