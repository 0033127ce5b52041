//! The engine's shell between channels, on a store in a file.

use std::collections::BTreeMap;

use hazir::domain::{Country, Entry, GatewayName, LinkEvent, Millis, Seq};
use hazir::engine::shell::{self, Wires};
use hazir::engine::{Engine, Entropy, GatewaySettings, Now, Receipts, Rules, Settings, Tick};
use hazir::protocol::StoreKey;
use hazir::store::{Archive as _, RedbStore, Store as _};
use tokio::sync::{broadcast, mpsc, oneshot};

const NOW: Now = Now {
    wall: Millis(1_795_176_000_000),
    tick: Tick(0),
};

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(0);
    }
}

fn settings() -> Settings {
    Settings {
        time_zone: jiff::tz::TimeZone::UTC,
        country: Country::default(),
        day_starts: jiff::civil::time(4, 0, 0, 0),
        rules: Rules::default(),
        receipts: Receipts::default(),
        gateways: vec![GatewaySettings {
            name: GatewayName::new("g"),
            source_address: None,
            binary: false,
            footer_octets: 62,
            window: 10,
            max_per_second: 0,
            max_per_30_min: 0,
        }],
        released_at: Millis(0),
        version: "test".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn what_links_told_before_the_stop_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hazir.redb");
    let store = RedbStore::open(&path).unwrap();
    let key = StoreKey::from_octets([7; 32]);
    let loaded = store.load().unwrap();
    let engine = Engine::new(settings(), key, loaded, Box::new(Zeros), NOW).unwrap();
    let (link, links) = mpsc::channel(4);
    let (_calls, calls) = mpsc::channel(1);
    let (stop, stopped) = oneshot::channel();
    let wires = Wires {
        links,
        calls,
        orders: BTreeMap::new(),
        events: broadcast::channel(16).0,
        stop: stopped,
    };
    // As at the end of the program: the links told their last, ended, and only then the engine is stopped.
    link.try_send((GatewayName::new("g"), LinkEvent::Up))
        .unwrap();
    drop(link);
    stop.send(()).unwrap();
    shell::run(engine, store, wires, || NOW).await.unwrap();

    let store = RedbStore::open(&path).unwrap();
    let rows = store.ledger_page(Seq(0), 10).unwrap();
    let was_up = rows
        .iter()
        .any(|row| matches!(row.entry, Entry::LinkUp { .. }));
    assert!(was_up, "{rows:?}");
    assert!(matches!(
        rows.last().unwrap().entry,
        Entry::EngineStopped { .. }
    ));
}
