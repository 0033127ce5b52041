//! No nonce is used twice under one key, whatever is restarted, killed or put back: randomness is the system's, and nothing of
//! it is kept on disk.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hazir::store::{RedbStore, Store as _};

use super::super::office::{Office, now, stop};
use super::super::pdu::Submitted;
use super::super::phone::Heard;

/// Restarts, every second of them after a kill.
const STARTS: usize = 8;

fn nonce(octets: &[u8]) -> [u8; 12] {
    octets[..12].try_into().expect("a nonce has 12 octets")
}

/// The nonces of all answers that left so far.
fn of_answers(office: &Office) -> Vec<[u8; 12]> {
    let texts = office
        .smsc
        .read(|s| s.submitted.iter().map(Submitted::text).collect::<Vec<_>>());
    let envelope = |text: &String| {
        let inner = text
            .strip_prefix("HZ.")
            .and_then(|rest| rest.split('.').next());
        let octets = STANDARD_NO_PAD.decode(inner.expect("an answer is framed"));
        nonce(&octets.expect("it is Base64")[8..])
    };
    texts.iter().map(envelope).collect()
}

#[test]
fn no_nonce_comes_twice_over_restarts_kills_and_old_copies() {
    let office = Office::open_fast();
    let mut phones = office.staff(3);
    for start in 0..STARTS {
        let mut engine = office.serve();
        for phone in &mut phones {
            office.check_in(phone, 1);
            office.check_in(phone, 2);
        }
        phones.extend(office.staff_from(100 + u32::try_from(start).expect("it is small"), 1));
        if start % 2 == 0 {
            engine.kill();
        } else {
            stop(engine);
        }
    }
    // The same state of a desk and the same message, again and again: as a copy that is put back, or a clone.
    let (store, copy) = (office.data.join("hazir.redb"), office.data.join("copy"));
    std::fs::copy(&store, &copy).expect("the store can be copied");
    let message = phones[0].check_in(1, now(), "");
    for _ in 0..4 {
        std::fs::copy(&copy, &store).expect("the copy can be put back");
        // It would bring back what came since.
        std::fs::remove_dir_all(office.data.join("journal")).expect("the desk keeps a journal");
        let engine = office.serve();
        let from = office.smsc.read(|s| s.submitted.len());
        office.send(&phones[0], &message.text);
        let heard = office.next_heard(&mut phones[0], from);
        assert!(
            matches!(heard, Heard::Receipt(_) | Heard::Again),
            "{heard:?}"
        );
        stop(engine);
    }
    let answers = of_answers(&office);
    assert!(answers.len() > 6 * STARTS);
    let held = RedbStore::open(&store).expect("nobody has it");
    let held = held.load().expect("it can be read");
    let keys = held.devices.values().map(|row| nonce(&row.sealed_key));
    let check = nonce(&held.meta.key_check);
    let all: Vec<_> = answers.into_iter().chain(keys).chain([check]).collect();
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "a nonce came twice");
    assert!(!distinct.contains(&[0; 12]), "a nonce of zeros");
}
