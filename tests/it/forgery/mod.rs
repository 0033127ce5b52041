//! Forgers at the desk: what nobody with the right key made changes nothing but counters and the event log, costs no SMS, and
//! raises no alarm above priority 3. What a right key sealed counts once.
//!
//! It is shown on two levels. The *opener* alone ([`envelope::open`], which production uses) gets every flipped bit, every cut and
//! every wrong key of 200 messages a batch: masses, at a million a second. The *whole engine*, on a real store in memory, gets
//! every kind of forgery of a few messages a batch, and what it writes, lets out and knows is looked at after each.
//!
//! `HAZIR_FORGERY_SEED` replays a batch, `HAZIR_FORGERY_BATCHES` says how many there are.

mod desk;
mod forms;
mod weak;

use hazir::api::{Command, Reply, Retried};
use hazir::domain::{AnswerKind, Entry, MessageRow, Outcome, Part, SmsBody};
use hazir::protocol::{Answer, MessageKey, Status, envelope, frame};
use hazir::store::Loaded;

use super::draws::setting;
use desk::{Desk, Did};
use forms::{ABROAD, Forged, STRANGER, flipped};

/// Phones of a batch.
const PHONES: u32 = 4;
/// Messages of a batch that go before the opener with every bit turned.
const MESSAGES: usize = 200;
/// Forgeries of an hour: some of them above the quota of one number, and of one device.
const AN_HOUR: usize = 40;
/// Batches of the gate: every bit of 2,000 messages. The long run begins with the 50 that make it 10,000.
const BATCHES: u64 = 10;

/// One batch of forgeries, all drawn from `seed`. Panics with what went wrong. Returns how many it tried.
pub(crate) fn batch(seed: u64) -> u64 {
    let mut desk = Desk::open(seed, PHONES);
    let mut tried = 0;
    for person in 0..desk.people.len() {
        for _ in 0..2 + desk.draws.place(3) {
            assert_taken(&desk.check_in(person), seed);
        }
    }
    for n in 0..MESSAGES {
        let person = desk.draws.place(desk.people.len());
        tried += before_the_opener(&mut desk, person, &format!("seed {seed}, message {n}"));
    }
    let victim = desk.draws.place(desk.people.len());
    tried += before_the_engine(&mut desk, victim, seed);
    tried += with_the_right_key(&mut desk, victim, seed);
    tried += weak::batch(seed);
    // What its owner sealed counts still, under the counter that so many forgers named.
    for person in 0..desk.people.len() {
        assert_taken(&desk.check_in(person), seed);
    }
    tried
}

/// Every bit, every cut, some octets more, every other key.
fn before_the_opener(desk: &mut Desk, person: usize, place: &str) -> u64 {
    let counter = 1 + u16::try_from(desk.draws.below(65_535)).expect("it is small");
    let whole = desk.sealed(person, counter);
    let right = &desk.phone(person).keys.to_desk;
    let refused = |key: &MessageKey, envelope: &[u8], how: &str, at: usize| {
        let opened = envelope::open(key, envelope).is_ok();
        assert!(!opened, "{place}: {how} {at} of {whole:02x?} opens");
    };
    assert!(envelope::open(right, &whole).is_ok(), "{place}");
    let bits = whole.len() * 8;
    let mut changed = whole.clone();
    for bit in 0..bits {
        changed[bit / 8] ^= 1 << (bit % 8);
        refused(right, &changed, "bit", bit);
        changed[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..whole.len() {
        refused(right, &whole[..length], "cut", length);
    }
    for more in 1..8 {
        refused(right, &[&whole[..], &[0; 8][..more]].concat(), "more", more);
    }
    refused(
        &desk.phone(person).keys.to_device,
        &whole,
        "the answer key",
        0,
    );
    for other in (0..desk.people.len()).filter(|other| *other != person) {
        let keys = &desk.phone(other).keys;
        refused(&keys.to_desk, &whole, "the key of", other);
        refused(&keys.to_device, &whole, "the answer key of", other);
        let mut swapped = whole.clone();
        swapped[1..5].copy_from_slice(&desk.phone(other).device.0.to_be_bytes());
        refused(right, &swapped, "as device", other);
        refused(&keys.to_desk, &swapped, "as device, with the key of", other);
    }
    let tried = bits + whole.len() + 7 + 1 + 4 * (desk.people.len() - 1);
    u64::try_from(tried).expect("it is small")
}

/// All forms of forgery, before the whole engine.
fn before_the_engine(desk: &mut Desk, victim: usize, seed: u64) -> u64 {
    let next = desk.phone(victim).counter + 1;
    let envelope = desk.sealed(victim, next);
    let mut forged = forms::of(desk, victim, &envelope);
    forged.extend(of_a_revoked_phone(desk, seed));
    let mut known = Vec::new();
    let durable = desk.durable();
    for (n, Forged { how, body }) in forged.iter().enumerate() {
        if n % AN_HOUR == 0 {
            desk.next_hour();
            known = desk.known();
        }
        let from = match desk.draws.below(3) {
            0 => STRANGER.to_owned(),
            1 => desk.people[victim].number.clone(),
            _ => desk.people[desk.draws.place(desk.people.len())]
                .number
                .clone(),
        };
        let place = format!("seed {seed}: {how}, from {from}");
        for did in in_parts_or_whole(desk, &from, body) {
            assert_nothing(&did, &place);
        }
        assert_eq!(desk.known(), known, "{place}");
    }
    assert_same(&desk.durable(), &durable, &format!("seed {seed}"));
    let tried = forged.len() + opened_again_by_hand(desk, seed);
    assert_same(&desk.durable(), &durable, &format!("seed {seed}, retried"));
    u64::try_from(tried).expect("it is small")
}

/// Brings a message whole, or now and then in two parts.
fn in_parts_or_whole(desk: &mut Desk, from: &str, body: &[u8]) -> Vec<Did> {
    if body.len() < 2 || desk.draws.below(8) > 0 {
        return vec![desk.deliver(from, body, None)];
    }
    let (first, second) = body.split_at(1 + desk.draws.place(body.len() - 1));
    // One that was not used lately: what follows on a late copy of a part waits, as is meant.
    let reference = desk.reference();
    let part = |number| Part::new(reference, 2, number);
    let waits = desk.deliver(from, first, part(1));
    let mut whole = desk.deliver(from, second, part(2));
    // The part that waited is gone again, or neither was kept.
    assert!(waits.answered && waits.submitted.is_empty());
    let kept = waits.batch.parts.values().filter(|row| row.is_some());
    let gone = whole.batch.parts.values().filter(|row| row.is_none());
    assert_eq!(kept.count(), gone.count(), "a part stays");
    whole.batch.parts.clear();
    vec![whole]
}

/// A phone is revoked, and goes on to seal as before.
fn of_a_revoked_phone(desk: &mut Desk, seed: u64) -> Vec<Forged> {
    desk.hire_with_phone(90);
    let person = desk.people.len() - 1;
    assert_taken(&desk.check_in(person), seed);
    let device = desk.phone(person).device;
    desk.command(Command::SetRevoked(device, true));
    let sealed = desk.sealed(person, desk.phone(person).counter + 1);
    let recorded = desk.phone(person).recorded[0].clone();
    // Its owner is no victim of the rest.
    desk.people.pop();
    [sealed, recorded, flipped(&desk.sealed(0, 1), 3)]
        .map(|envelope| Forged {
            how: "of a revoked phone".to_owned(),
            body: frame::encode(&envelope).into_bytes(),
        })
        .into()
}

/// Somebody at the desk opens kept forgeries again: they are as unreadable as before.
fn opened_again_by_hand(desk: &mut Desk, seed: u64) -> usize {
    let mut kept = std::mem::take(&mut desk.unreadable);
    kept.truncate(60);
    for seq in &kept {
        let (reply, did) = desk.retry(*seq);
        let Reply::Retried(retried) = reply else {
            panic!("seed {seed}: row {seq}: {reply:?}")
        };
        let still = Retried::StillUnreadable(*seq);
        assert_eq!(retried, [still], "seed {seed}: row {seq}");
        assert_nothing(&did, &format!("seed {seed}: row {seq} again"));
        assert!(did.batch.ledger.is_empty(), "seed {seed}: row {seq}");
    }
    kept.len()
}

/// What the right key sealed, and is too old, too new, or of a counter that was used: refused to the owner, and nothing else. A copy
/// counts no second time.
fn with_the_right_key(desk: &mut Desk, victim: usize, seed: u64) -> u64 {
    let counter = desk.phone(victim).counter;
    let mut counters = vec![0, counter, counter.saturating_add(1_025), u16::MAX];
    counters.extend((1..=counter).rev().skip(128).step_by(97));
    let own = desk.people[victim].number.clone();
    let mut tried = 0;
    let durable = desk.durable();
    let numbers = [own.as_str(), ABROAD];
    for counter in counters {
        desk.next_hour();
        let envelope = desk.sealed(victim, counter);
        let body = frame::encode(&envelope).into_bytes();
        for from in numbers {
            let did = desk.deliver(from, &body, None);
            let place = format!("seed {seed}: counter {counter} from {from}");
            assert_refused(desk, victim, &did, &place);
            tried += 1;
        }
    }
    for recorded in desk.phone(victim).recorded.clone() {
        desk.next_hour();
        for from in numbers {
            let did = desk.deliver(from, frame::encode(&recorded).as_bytes(), None);
            let place = format!("seed {seed}: a copy from {from}");
            assert!(did.answered, "{place}");
            assert!(messages(&did).all(|row| row.outcome == Outcome::Duplicate));
            assert_only_the_owner_is_answered(desk, victim, &did, &place);
            tried += 1;
        }
    }
    let mut now = desk.durable();
    assert_eq!(now.decided.len(), durable.decided.len());
    for (key, row) in &durable.decided {
        let now = &now.decided[key];
        assert_eq!((now.digest, now.seq), (row.digest, row.seq), "{key:?}");
    }
    for (employee, state) in &durable.people {
        let now = &now.people[employee];
        assert_eq!(now.presence, state.presence, "employee {employee}");
        assert_eq!(now.first_in, state.first_in, "employee {employee}");
    }
    // Looked at above, or an answer to the owner.
    now.decided.clone_from(&durable.decided);
    now.people.clone_from(&durable.people);
    now.outbox.clone_from(&durable.outbox);
    now.last_outbox = durable.last_outbox;
    assert_same(&now, &durable, &format!("seed {seed}, with the right key"));
    tried
}

/// Table by table, so that a failure names one.
fn assert_same(now: &Loaded, before: &Loaded, place: &str) {
    assert_eq!(now.people, before.people, "{place}");
    assert_eq!(now.decided, before.decided, "{place}");
    assert_eq!(now.outbox, before.outbox, "{place}");
    assert_eq!(now.parts, before.parts, "{place}");
    assert_eq!(now.devices, before.devices, "{place}");
    assert_eq!(now, before, "{place}");
}

fn messages(did: &Did) -> impl Iterator<Item = &MessageRow> {
    let rows = did.batch.ledger.iter();
    rows.filter_map(|row| row.entry.message())
}

/// Asserts that a check-in was recorded and its phone got the receipt.
fn assert_taken(did: &Did, seed: u64) {
    let outcomes: Vec<Outcome> = messages(did).map(|row| row.outcome).collect();
    assert_eq!(outcomes, [Outcome::Recorded], "seed {seed}");
    assert_eq!(did.submitted.len(), 1, "seed {seed}");
}

/// Invariant 4: answered OK, and nothing but counters and the event log has changed.
fn assert_nothing(did: &Did, place: &str) {
    let mut batch = did.batch.clone();
    batch.meta = None;
    for row in std::mem::take(&mut batch.ledger) {
        let Entry::Message(row) = row.entry else {
            panic!("{place}: {row:?}")
        };
        let unreadable = matches!(row.outcome, Outcome::Unreadable(_));
        assert!(unreadable, "{place}: {row:?}");
        assert_eq!(row.answer, None, "{place}");
    }
    for alarm in std::mem::take(&mut batch.alarms).into_values().flatten() {
        assert!(alarm.kind.priority() >= 3, "{place}: {alarm:?}");
    }
    assert!(batch.is_empty(), "{place}: {batch:?}");
    assert_eq!(did.submitted, [], "{place}");
}

/// Line 3 of the desk: not recorded; its owner, and nobody else, is told where to go on.
fn assert_refused(desk: &Desk, victim: usize, did: &Did, place: &str) {
    for row in messages(did) {
        assert_eq!(row.outcome, Outcome::Replay, "{place}");
    }
    assert!(did.batch.decided.is_empty(), "{place}");
    for sms in &did.submitted {
        let row = &did.batch.outbox[&sms.id];
        assert_eq!(row.kind, AnswerKind::Refusal, "{place}");
    }
    assert_only_the_owner_is_answered(desk, victim, did, place);
}

fn assert_only_the_owner_is_answered(desk: &Desk, victim: usize, did: &Did, place: &str) {
    let own = &desk.people[victim];
    let phone = desk.phone(victim);
    for sms in &did.submitted {
        let to = sms.to.text();
        assert_ne!(to, ABROAD, "{place}");
        let SmsBody::Text(text) = &sms.body else {
            panic!("{place}: a text was due")
        };
        let envelope = frame::find(text).expect("an answer is framed");
        let answer = envelope::open(&phone.keys.to_device, &envelope);
        let answer = Answer::decode(&answer.expect("its owner opens it"));
        let status = answer.expect("it is an answer").status;
        assert!(matches!(status, Status::Recorded | Status::Counter));
        assert!(did.batch.people.keys().all(|one| *one == own.employee));
    }
}

#[test]
fn nothing_forged_is_taken() {
    let batches = setting("HAZIR_FORGERY_BATCHES").unwrap_or(BATCHES);
    let tried: u64 = match setting("HAZIR_FORGERY_SEED") {
        Some(seed) => batch(seed),
        None => (1..=batches).map(batch).sum(),
    };
    println!("{tried} forgeries in {batches} batches, none taken");
}
