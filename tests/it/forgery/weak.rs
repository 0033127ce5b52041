//! The 2023 format: its key is public and the sender's number is all the identity there is, so whoever knows a number can be its owner.
//! What must hold all the same: nobody else is touched, and it costs six SMS a day.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hazir::domain::Outcome;
use hazir::protocol::{frame, legacy};

use super::desk::{Desk, Did};
use super::forms::STRANGER;
use super::{assert_nothing, messages};

/// Answers that a number gets in a day.
const ANSWERS_A_DAY: usize = 6;
/// Octets of a block of AES.
const BLOCK: usize = 16;
/// Hours of a batch: a new day is among them.
const HOURS: usize = 26;
/// Bits of the first block that are turned in an hour.
const BITS: usize = 4;

/// One batch for a desk where the format is switched on for one of three. Returns how many forgeries it tried.
pub(super) fn batch(seed: u64) -> u64 {
    let mut desk = Desk::open(seed.wrapping_mul(31), 1);
    desk.hire(50, true);
    desk.hire(51, false);
    let [sealed, old, neither] = [0, 1, 2].map(|at| desk.people[at].number.clone());
    desk.check_in(0);
    let first = desk.old_text();
    let did = desk.deliver(&old, legacy::check_in(&first).as_bytes(), None);
    assert!(messages(&did).all(|row| row.weak && row.outcome == Outcome::Recorded));
    let mut tried = 0;
    let mut answers = (desk.day(), did.submitted.len());
    for hour in 0..HOURS {
        desk.next_hour();
        if answers.0 != desk.day() {
            answers = (desk.day(), 0);
        }
        let place = format!("seed {seed}, hour {hour}");
        let text = desk.old_text();
        let known = desk.known();
        let durable = desk.durable();
        let ciphertext = ciphertext(&text);
        for from in [&sealed, &neither, STRANGER] {
            let did = desk.deliver(from, &framed(&ciphertext), None);
            assert_nothing(&did, &format!("{place}: from {from}"));
            tried += 1;
        }
        // The block that says in or out is garbled by every bit of it.
        for _ in 0..BITS {
            let bit = desk.draws.place(BLOCK * 8);
            let mut changed = ciphertext.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let did = desk.deliver(&old, &framed(&changed), None);
            assert_nothing(&did, &format!("{place}: bit {bit}"));
            tried += 1;
        }
        assert_eq!(desk.known(), known, "{place}");
        assert_eq!(desk.durable(), durable, "{place}");
        // What has the right form is the number's, whoever sent it.
        let mut later = ciphertext.clone();
        let at = BLOCK + desk.draws.place(later.len() - BLOCK);
        later[at] ^= 1 + desk.draws.octet() % 255;
        let again = legacy::check_in(&first).into_bytes();
        for body in [again.clone(), framed(&later), framed(&ciphertext), again] {
            let did = desk.deliver(&old, &body, None);
            assert_touches_its_number_only(&desk, &did, &place);
            answers.1 += did.submitted.len();
            assert!(answers.1 <= ANSWERS_A_DAY, "{place}: {} SMS", answers.1);
            tried += 1;
        }
    }
    tried + ends_with_the_first_sealed_message(seed)
}

/// Who has sent one sealed message cannot be forged in the old format any more.
fn ends_with_the_first_sealed_message(seed: u64) -> u64 {
    let mut desk = Desk::open(seed.wrapping_mul(37), 0);
    desk.hire(60, true);
    desk.enrol();
    desk.check_in(0);
    let number = desk.people[0].number.clone();
    let recorded = frame::encode(&desk.phone(0).recorded[0]);
    for _ in 0..3 {
        desk.next_hour();
        let known = desk.known();
        let text = desk.old_text();
        let did = desk.deliver(&number, legacy::check_in(&text).as_bytes(), None);
        assert_nothing(&did, &format!("seed {seed}: after a sealed message"));
        assert_eq!(desk.known(), known, "seed {seed}");
    }
    let did = desk.deliver(&number, recorded.as_bytes(), None);
    assert!(messages(&did).all(|row| row.outcome == Outcome::Duplicate));
    4
}

fn assert_touches_its_number_only(desk: &Desk, did: &Did, place: &str) {
    let own = &desk.people[1];
    for row in messages(did) {
        assert!(row.weak || row.answer.is_none(), "{place}: {row:?}");
        assert_eq!(row.employee, Some(own.employee), "{place}: {row:?}");
    }
    let batch = &did.batch;
    assert!(batch.decided.is_empty() && batch.forget_below.is_empty());
    assert!(batch.employees.is_empty() && batch.devices.is_empty());
    assert!(batch.parts.is_empty(), "{place}");
    assert!(batch.people.keys().all(|one| *one == own.employee));
    assert!(batch.legacy.keys().all(|(one, _)| *one == own.employee));
    let rows = batch.outbox.values();
    assert!(rows.map(|row| row.employee).all(|one| one == own.employee));
    for alarm in batch.alarms.values().flatten() {
        assert!(alarm.kind.priority() >= 3, "{place}: {alarm:?}");
    }
    assert!(did.submitted.iter().all(|sms| sms.to.text() == own.number));
}

fn ciphertext(text: &str) -> Vec<u8> {
    legacy::find(legacy::check_in(text).as_bytes(), 0).expect("it is framed")
}

fn framed(ciphertext: &[u8]) -> Vec<u8> {
    ["$$", &STANDARD.encode(ciphertext), "\n$$"]
        .concat()
        .into_bytes()
}
