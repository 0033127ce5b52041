//! What is typed, and how much of it at once.

use super::{console, open};

#[test]
fn more_keys_than_are_read_at_once_all_count() {
    let (office, engine) = open();
    let mut window = console(&office);
    window.shows("IN 1");
    window.signal(rustix::process::Signal::STOP);
    window.keys(&"j".repeat(3_000));
    window.keys("?");
    window.signal(rustix::process::Signal::CONT);
    window.shows("Help");
    window.keys("q");
    window.ends_restored(0);
    office.stop(engine);
}
