//! A reception that a window is to start.

use std::path::Path;

use hazir::store::RedbStore;

use super::super::office::{Office, end};
use super::super::pty::Terminal;
use super::console;

const ASKS: &str = "y starts it";

/// Says yes until it is taken, and waits until it is said that it did not start, and why.
fn fails(window: &mut Terminal, why: &str) {
    window.shows(ASKS);
    window.keys_until("y", "did not start");
    window.shows(why);
}

fn starts(office: &Office, window: &mut Terminal) {
    window.shows(ASKS);
    window.keys_while("y", ASKS);
    window.shows("Reception is running.");
    window.shows("IN 0");
    assert!(
        !window.text().contains("did not start"),
        "{}",
        window.text()
    );
    office.wait_linked();
}

#[test]
fn what_cannot_start_says_why_and_is_tried_again() {
    let office = Office::open();
    office.employ("Employee 1", "+989120000001", &[]);
    let mut window = console(&office);
    window.shows(ASKS);
    let config = office.data.join("hazir.toml");
    let was = std::fs::read_to_string(&config).unwrap();
    office.configure(&format!("{was}\n[nonsense]\nx = 1\n"));
    fails(&mut window, "nonsense");
    office.configure(&was);
    let key = office.data.join("keys/store.key");
    let right = std::fs::read_to_string(&key).unwrap();
    let wrong = Office::open();
    std::fs::copy(wrong.data.join("keys/store.key"), &key).unwrap();
    fails(&mut window, "key");
    std::fs::write(&key, right).unwrap();
    starts(&office, &mut window);

    // It ran, and ends in order: that is no failure to start.
    let engine = office.engine_pid();
    end(engine);
    window.shows("Reception stopped");
    assert!(
        !window.text().contains("did not start"),
        "{}",
        window.text()
    );
    // The window lets it go within a second.
    let entry = format!("/proc/{}", engine.as_raw_nonzero());
    let is_gone = |_: &str| !Path::new(&entry).exists();
    window.until("that nothing of it stays in the system", is_gone);
    window.keys("q");
    window.ends_restored(0);
}

#[test]
fn a_store_that_is_in_use_is_said_and_tried_again() {
    let office = Office::open();
    let mut window = console(&office);
    window.shows(ASKS);
    let other = RedbStore::open(&office.data.join("hazir.redb")).unwrap();
    window.keys_while("y", ASKS);
    window.shows("Reception is starting");
    window.shows("did not start");
    window.shows("in use");
    drop(other);
    starts(&office, &mut window);
    window.keys("q");
    window.ends_restored(0);
    end(office.engine_pid());
}

#[test]
fn a_reception_that_is_stopped_says_so() {
    let (office, engine) = super::open();
    let window = console(&office);
    window.shows("IN 1");
    office.stop(engine);
    window.shows("Reception stopped");
}
