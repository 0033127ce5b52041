//! The link under all that networks, gateways and desks do to it.

use super::draws::{Draws, setting};
use super::links::{PLACES, Plan, STRUCK, batch, play, struck};

/// Batches of the gate: with them the session is cut at every place.
const BATCHES: u64 = 20;

#[test]
fn a_link_holds_whatever_happens_to_it() {
    if let Some(seed) = setting("HAZIR_LINKS_SEED") {
        batch(seed);
        return;
    }
    let cases: u64 = (1..=BATCHES).map(batch).sum();
    assert!(cases >= 2_000);
}

#[tokio::test(start_paused = true)]
async fn desks_that_lose_their_link_at_one_moment_come_back_one_by_one() {
    let mut pauses = Vec::new();
    for desk in 0..400 {
        let cut = struck(100);
        pauses.extend(play(cut, &mut Draws(desk)).await.1);
    }
    assert_eq!(pauses.len(), 400);
    for quarter in 0..4 {
        let from = 2_500 + 625 * quarter;
        let some = pauses.iter().filter(|ms| (from..from + 625).contains(*ms));
        let count = some.count();
        assert!(
            (60..140).contains(&count),
            "{count} in {from} ms: {pauses:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_batches_of_the_gate_cut_a_session_after_every_octet() {
    let (pulses, _) = play(Plan::whole(None), &mut Draws(1)).await;
    let (to_desk, to_gateway) = (pulses[0].to_desk + 1, pulses[0].to_gateway + 1);
    println!("{to_desk} places on the way to the desk, {to_gateway} to the gateway");
    assert!(to_desk > 200 && to_gateway > 150);
    assert!(to_desk <= PLACES.0 && to_gateway <= PLACES.1);
    let places = u64::try_from(PLACES.0 + PLACES.1).unwrap();
    assert!(places <= BATCHES * STRUCK);
}
