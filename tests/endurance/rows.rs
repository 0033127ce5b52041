//! The rows of the figures to reach, with what the long run is to come to.

use super::it;
use super::run::Row;

/// Each row is a test of its own, so that a filter chooses among them.
macro_rules! rows {
    ($($name:ident: $goal:literal $cases:literal by $batch:path, again $replay:literal;)*) => {$(
        #[test]
        fn $name() {
            Row {
                name: stringify!($name),
                cases: $cases,
                goal: $goal,
                batch: $batch,
                replay: $replay,
            }
            .run();
        }
    )*};
}

rows! {
    office_days: 365_000 "office days of 40 people" by it::office_days::batch_of_days,
        again "HAZIR_SIM_SEED=SEED cargo test --test it office_days";
    clock: 20_000 "jumps of the clock" by it::office_days::batch_of_jumps,
        again "HAZIR_SIM_SEED=SEED cargo test --test it office_days";
    messages: 100_000_000 "messages" by it::office_days::batch_of_messages,
        again "HAZIR_SIM_SEED=SEED cargo test --test it office_days";
    kills: 10_000 "kills" by it::kill::batch,
        again "HAZIR_KILL_SEED=SEED cargo test --test it kill";
    power_cuts: 2_000_000 "power cuts" by it::store_rows::power_cuts,
        again "HAZIR_STORE_SEED=SEED cargo test --test it store_rows";
    io_errors: 100_000 "calls that failed" by it::store_rows::io_errors,
        again "HAZIR_STORE_SEED=SEED cargo test --test it store_rows";
    disk_faults: 10_000 "calls that failed under the program" by it::disk_faults::batch,
        again "HAZIR_DISK_SEED=SEED cargo test --test it disk_faults";
    damaged_stores: 50_000 "damaged files" by it::store_rows::damage,
        again "HAZIR_STORE_SEED=SEED cargo test --test it store_rows";
    damaged_files: 2_000 "damaged files given to the program" by it::damage::batch,
        again "HAZIR_DAMAGE_SEED=SEED cargo test --test it damage";
    copies: 10_000 "damaged backups" by it::copies::batch,
        again "HAZIR_COPIES_SEED=SEED cargo test --test it copies";
    copies_killed: 1_000 "kills of backup and restore" by it::copies::kills::batch,
        again "HAZIR_COPIES_SEED=SEED cargo test --test it copies::kills";
    journal: 100_000 "stores brought back" by it::journal::whole::batch,
        again "HAZIR_JOURNAL_SEED=SEED cargo test --test it journal::whole";
    pdus: 10_000_000_000 "PDUs" by it::pdus::batch,
        again "HAZIR_PDUS_SEED=SEED cargo test --test it pdus";
    forgeries: 100_000_000 "forgeries" by it::forgery::batch,
        again "HAZIR_FORGERY_SEED=SEED cargo test --test it forgery";
    links: 1_000_000 "links" by it::links::batch,
        again "HAZIR_LINKS_SEED=SEED cargo test --test it link_faults";
    bad_networks: 2_000 "days behind a bad network" by it::chaos::batch,
        again "HAZIR_CHAOS_SEED=SEED cargo test --test it network";
    consoles: 10_000 "consoles that ended" by it::hang_ups::batch,
        again "HAZIR_HANG_UP_SEED=SEED cargo test --test it hang_ups";
    sockets: 100_000 "connections of hostile peers" by it::socket::batch,
        again "HAZIR_SOCKET_SEED=SEED cargo test --test it socket";
}

/// 72 hours, or the share of them, in one go: what grows is to be seen.
#[test]
fn soak() {
    let share = it::draws::setting("HAZIR_SHARE").unwrap_or(100);
    let minutes = it::draws::setting("HAZIR_MINUTES").unwrap_or(72 * 60 * share / 100);
    it::soak::soak(minutes * 60, 1);
}
