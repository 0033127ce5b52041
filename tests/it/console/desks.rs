//! Two windows on one desk.

use hazir::domain::{DeskAct, Entry, Seq};
use hazir::store::{Archive as _, RedbStore};
use rustix::process::Signal;

use super::super::office::{Office, now};
use super::super::phone::Phone;
use super::super::pty::Terminal;
use super::console;

fn fail_receipt(office: &Office, phone: &mut Phone) {
    office.smsc.answer_submits_with(&[0x0B]);
    let message = phone.check_in(1, now(), "");
    office.send(phone, &message.text);
}

/// Waits until the alarm has stood still for so long that keys act on it.
fn rests(desk: &mut Terminal) {
    desk.keys_until("s", "Out of sight");
    desk.keys_while("\x1b", "Out of sight");
}

fn acts(office: &Office) -> Vec<DeskAct> {
    let store = RedbStore::open(&office.data.join("hazir.redb")).unwrap();
    let rows = store.ledger_page(Seq(0), 10_000).unwrap();
    let acts = rows.into_iter().filter_map(|row| {
        let Entry::Desk { act, .. } = row.entry else {
            return None;
        };
        Some(act)
    });
    acts.collect()
}

fn is_seen(act: &DeskAct) -> bool {
    matches!(act, DeskAct::Acknowledged(..))
}

#[test]
fn two_desks_acknowledge_one_alarm() {
    let office = Office::open_fast();
    let mut phones = office.staff(2);
    let engine = office.serve();
    let mut desks = [console(&office), console(&office)];
    fail_receipt(&office, &mut phones[0]);
    for desk in &desks {
        desk.shows("OUTBOX FAILED");
        desk.hides("0 failed");
    }
    // The line has just come to where the key would act.
    desks[0].keys_while("a", "OUTBOX FAILED");
    desks[1].hides("OUTBOX FAILED");
    desks[1].keys_until("a", "No alarm is");

    // Both at once: the engine hears the second when the first has done it.
    fail_receipt(&office, &mut phones[1]);
    for desk in &desks {
        desk.shows("OUTBOX FAILED");
    }
    for desk in &mut desks {
        rests(desk);
    }
    office.wait_linked();
    engine.signal(Signal::STOP);
    for desk in &mut desks {
        desk.keys("a");
        // What was typed after it is shown: it was taken.
        desk.keys_until("?", "Help");
    }
    engine.signal(Signal::CONT);
    let gone = |desk: &Terminal| {
        let text = desk.text();
        text.contains("gone already") || text.contains("Acknowledged:")
    };
    for desk in &desks {
        desk.until("what became of it", |text| {
            text.contains("gone already") || text.contains("Acknowledged:")
        });
        desk.until("no alarm", |text| text.contains("\n No alarms."));
    }
    let told = desks
        .iter()
        .filter(|desk| desk.text().contains("gone already"));
    assert_eq!(told.count(), 1);
    assert!(desks.iter().all(gone));
    for desk in &mut desks {
        desk.keys("q");
        desk.ends_restored(0);
    }
    office.stop(engine);
    assert_eq!(acts(&office).iter().filter(|act| is_seen(act)).count(), 2);
}

#[test]
fn what_is_asked_just_before_leaving_is_done() {
    let office = Office::open_fast();
    let mut phones = office.staff(1);
    let engine = office.serve();
    let mut desk = console(&office);
    fail_receipt(&office, &mut phones[0]);
    desk.shows("OUTBOX FAILED");
    rests(&mut desk);
    office.wait_linked();
    engine.signal(Signal::STOP);
    // As over a line that stood still: all comes together.
    desk.keys("aq");
    engine.signal(Signal::CONT);
    desk.ends_restored(0);
    office.stop(engine);
    assert_eq!(acts(&office).iter().filter(|act| is_seen(act)).count(), 1);
}

#[test]
fn a_window_that_opens_late_has_all_that_failed_and_all_that_waits() {
    let office = Office::open_fast();
    let mut phones = office.staff(1);
    let phone = &mut phones[0];
    let engine = office.serve();
    fail_receipt(&office, phone);
    office.json_until(&["outbox"], |outbox| {
        outbox.iter().any(|entry| entry["state"] == "failed")
    });
    office.smsc.hold_responses(true);
    for _ in 0..500 {
        let message = phone.check_in(1, now(), "");
        office.send(phone, &message.text);
    }

    let mut window = console(&office);
    window.shows("500 open, 1 failed");
    window.keys_until("4", "Answer 1,");
    // Below what is on its way stands what waits longest.
    window.keys_until("G", "Answer 12,");
    window.keys("q");
    office.smsc.hold_responses(false);
    office.stop(engine);
}
