//! What is typed and pasted, and how much of it at once.

use rustix::process::Signal;

use super::super::phone::Phone;
use super::super::{office, smsc};
use super::{console, open};

#[test]
fn more_keys_than_are_read_at_once_all_count() {
    let (office, engine) = open();
    let mut window = console(&office);
    window.shows("IN 1");
    window.signal(Signal::STOP);
    window.keys(&"j".repeat(3_000));
    window.keys("?");
    window.signal(Signal::CONT);
    window.shows("Help");
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}

#[test]
fn what_is_pasted_runs_nothing() {
    let (office, engine) = open();
    let mut window = console(&office);
    window.shows("IN 1");
    let paste = "\x1b[200~q\r\n:leave\r\ny\nA y\n!\x03\x1b[201~";
    window.keys(paste);
    // Also not in a line of input, where the text stays and waits for Enter.
    window.keys_until("/", "Find:");
    window.keys(paste);
    window.shows("Find: q:leave");
    window.keys_while("\x1b", "Find:");
    window.keys(":");
    window.keys("\x1b[200~leave\r\n\x1b[201~");
    window.shows(": leave");
    window.keys_while("\x1b", ": leave");
    window.keys("?");
    window.shows("Help");
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}

#[test]
fn keys_that_were_typed_before_a_question_answer_nothing() {
    let office = office::Office::open_fast();
    let mut phones = office.staff(1);
    let engine = office.serve();
    let mut window = console(&office);
    fail(&office, &mut phones[0]);
    window.shows("OUTBOX FAILED");
    window.shows("1 failed");
    // All that was typed blindly comes together.
    window.keys("Ryyyy");
    window.shows("Send all failed answers again");
    window.keys_while("n", "Send all failed answers again");
    assert_eq!(office.json(&["outbox"])[0]["state"], "failed");
    window.keys_until("R", "Send all failed answers again");
    let from = office.smsc.read(|s| s.submitted.len());
    window.keys_while("y", "Send all failed answers again");
    office.next_heard(&mut phones[0], from);
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}

fn fail(office: &office::Office, phone: &mut Phone) {
    office.smsc.answer_submits_with(&[0x0B]);
    let message = phone.check_in(1, office::now(), "");
    office.send(phone, &message.text);
    let failed = |lines: &[serde_json::Value]| lines.iter().any(|it| it["state"] == "failed");
    office.json_until(&["outbox"], failed);
    assert_eq!(office.smsc.read(smsc::State::unanswered), 0);
}
