//! The real link between gateways and networks that do what gateways and networks do, and a desk that is slow; with
//! paused time. Two in five cases are whole sessions that are struck after any octet in either direction, the others are
//! drawn: half-open and stalled connections, refused binds, gateways that throttle, leave, babble and number as they
//! like. After each case both ends are compared.
//!
//! `HAZIR_LINKS_SEED` replays a batch: the draws are the same, and which of two things that happen at one moment comes
//! first is not.

mod desk;
mod gateway;
mod judge;
mod plan;
mod wire;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use hazir::gateway::{GatewayConfig, run};
use tokio::sync::mpsc::{channel, unbounded_channel};
use tokio::time::timeout;

use self::desk::Desk;
use self::gateway::Gateway;
use self::judge::{Judge, assert_scattered};
pub(crate) use self::plan::Plan;
use self::plan::{Kind, Mischief, Way};
pub(crate) use self::wire::Pulse;
use self::wire::{Dial, Pulses};
use super::draws::Draws;
use super::session::peer::config;

/// Cases of a batch.
const CASES: u64 = 100;
/// Of them, sessions that are struck at a place that follows from the seed.
pub(crate) const STRUCK: u64 = 40;
/// What takes longer hangs.
const HANGS: Duration = Duration::from_hours(24);

/// Runs one case. Returns what is known of its connections, and the pauses after those that were bound.
pub(crate) async fn play(plan: Plan, draws: &mut Draws) -> (Vec<Pulse>, Vec<u64>) {
    let judge = RefCell::new(Judge::new(plan.is_quick()));
    let pulses = Pulses::default();
    let config = GatewayConfig {
        window: plan.window,
        one_pdu_per_write: plan.one_pdu_per_write,
        ..config()
    };
    let mut part = || Draws(draws.below(u64::MAX));
    let gateway = Gateway::new(&judge, part(), plan.deliveries, plan.window);
    let desk = Desk::new(&judge, &pulses, part(), &plan);
    let (peers, arriving) = unbounded_channel();
    let (orders, ordered) = channel(64);
    let (events, happened) = channel(plan.events);
    let dial = Dial {
        tries: plan.tries,
        peers,
        pulses: Pulses::clone(&pulses),
    };
    let link = run(config, dial, ordered, events, part().0);
    let all = async {
        tokio::join!(link, gateway.run(arriving), desk.run(orders, happened));
    };
    let ended = timeout(HANGS, all).await;
    assert!(ended.is_ok(), "it hangs: {judge:?} {pulses:?}");
    let pulses = pulses.lock().unwrap().clone();
    let pauses = judge.borrow().conclude(&pulses);
    (pulses, pauses)
}

/// Places of a whole session at which it may be struck, on the way to the desk and to the gateway: before its first octet,
/// and after each. The end may be a PDU longer, as both may say goodbye at once.
pub(crate) const PLACES: (usize, usize) = (220, 190);

/// The session that is struck, of all that there are: first cut everywhere, then reset, and so on.
pub(crate) fn struck(number: u64) -> Plan {
    let (to_desk, to_gateway) = PLACES;
    let places = u64::try_from(to_desk + to_gateway).unwrap();
    let kinds = [Kind::Cut, Kind::Reset, Kind::HalfOpen, Kind::Stall];
    let kind = kinds[usize::try_from(number / places % 4).unwrap()];
    let place = usize::try_from(number % places).unwrap();
    let (way, octets) = match place.checked_sub(to_desk) {
        None => (Way::ToDesk, place),
        Some(place) => (Way::ToGateway, place),
    };
    Plan::whole(Some(Mischief { way, octets, kind }))
}

/// One batch of links, all drawn from `seed`. Panics with what went wrong. Returns how many cases it tried.
pub(crate) fn batch(seed: u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let case = RefCell::default();
    let all = async {
        let mut draws = Draws(seed);
        let mut pauses = Vec::new();
        for number in 0..CASES {
            let plan = if number < STRUCK {
                struck(
                    seed.wrapping_sub(1)
                        .wrapping_mul(STRUCK)
                        .wrapping_add(number),
                )
            } else {
                Plan::draw(&mut draws)
            };
            case.replace(Some((number, plan.clone())));
            let (_, some) = play(plan, &mut draws).await;
            pauses.extend(some);
        }
        assert_scattered(&pauses);
    };
    let played = catch_unwind(AssertUnwindSafe(|| runtime.block_on(all)));
    if let Err(cause) = played {
        println!(
            "{:?}\nreplay with HAZIR_LINKS_SEED={seed} cargo test --test it link_faults",
            case.take()
        );
        resume_unwind(cause);
    }
    CASES
}
