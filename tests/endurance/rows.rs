use super::run::Row;
use super::store_rows;

#[test]
fn power_cuts() {
    Row {
        name: "power_cuts",
        cases: "power cuts",
        goal: 2_000_000,
        batch: store_rows::power_cuts,
        replay: "HAZIR_STORE_SEED=SEED cargo test --test it store_rows",
    }
    .run();
}

#[test]
fn io_errors() {
    Row {
        name: "io_errors",
        cases: "calls that failed",
        goal: 100_000,
        batch: store_rows::io_errors,
        replay: "HAZIR_STORE_SEED=SEED cargo test --test it store_rows",
    }
    .run();
}

#[test]
fn damaged_stores() {
    Row {
        name: "damaged_stores",
        cases: "damaged files",
        goal: 50_000,
        batch: store_rows::damage,
        replay: "HAZIR_STORE_SEED=SEED cargo test --test it store_rows",
    }
    .run();
}
