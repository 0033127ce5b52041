//! Office days from a seed: phones that repeat until they hold an answer, two gateways, and everything that may go wrong
//! between them. After every step: one record for each check-in, answers and receipts for what is durable only.

mod judge;
mod listener;
mod phones;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::world::World;

/// Plays a week of one office, until every phone has its answers.
fn play(seed: u64) {
    let mut world = World::new(seed);
    let played = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..5 {
            world.office_day();
        }
        world.settle();
    }));
    if let Err(fault) = played {
        let from = world.story.len().saturating_sub(80);
        for line in &world.story[from..] {
            eprintln!("{line}");
        }
        eprintln!("office days of seed {seed}");
        std::panic::resume_unwind(fault);
    }
}

#[test]
fn two_hundred_office_days_lose_and_double_nothing() {
    for seed in 1..=40 {
        play(seed);
    }
}
