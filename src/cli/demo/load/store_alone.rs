use std::time::{Duration, Instant};

use super::super::super::clock::Clock;
use super::super::super::config::Config;
use super::super::super::error::CliError;
use super::super::super::place::Place;
use super::super::super::{files, parts};
use super::super::desk::GATEWAY;
use super::{Bounds, since};
use crate::domain::{GatewayName, LinkEvent, LinkOrder, Ticket};
use crate::engine::{Engine, Now, Then};
use crate::practice::load::{Fleet, Histogram, LoadFault};
use crate::store::{Batch, RedbStore, Store as _};

/// Check-ins whose rows are made before they are written: they take a few MiB.
const AHEAD: usize = 4_096;

/// What the store does alone.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreAlone {
    /// Check-ins that were written.
    pub(super) check_ins: u64,
    /// Rows of all tables that were written; what the store derives from them is not counted.
    pub(super) rows: u64,
    /// Time that the commits took.
    pub(super) took: Duration,
    /// Nanoseconds of each commit.
    pub(super) commits: Histogram,
    /// Rows of the ledger before.
    pub(super) records: u64,
}

/// Commits the rows that an engine makes of check-ins, `in_flight` at a time, in a bare loop: no network, no other thread.
/// Nothing but the commits is timed. The rows are real, and stay.
pub(super) fn measure(
    (place, config): (&Place, &Config),
    fleet: &mut Fleet,
    in_flight: usize,
    bounds: Bounds<'_>,
    clock: Clock,
) -> Result<StoreAlone, CliError> {
    let key = files::store_key(place)?;
    let mut store = RedbStore::open(&place.store()).map_err(parts::store_error)?;
    let loaded = store.load().map_err(parts::store_error)?;
    let mut alone = StoreAlone {
        records: loaded.last.map_or(0, |row| row.seq.0),
        ..StoreAlone::default()
    };
    let mut maker = Maker {
        engine: parts::engine(place, config, key, &store, clock)?,
        gateway: GatewayName::new(GATEWAY),
        clock,
    };
    maker.engine.start(clock.now());
    maker.tell(LinkEvent::Up { connection: 1 }, &store)?;
    while alone.check_ins < bounds.check_ins
        && alone.took < bounds.at_most
        && !bounds.board.is_stopped()
    {
        let mut batches = Vec::new();
        let mut made = 0;
        while made < AHEAD && alone.check_ins < bounds.check_ins {
            let left = usize::try_from(bounds.check_ins - alone.check_ins).unwrap_or(usize::MAX);
            let count = in_flight.min(left);
            batches.push(maker.batch(fleet, count, &store)?);
            made += count;
            alone.check_ins += count as u64;
        }
        for batch in batches {
            let begun = now();
            store.commit(&batch).map_err(parts::store_error)?;
            let took = begun.elapsed();
            alone.took += took;
            alone.commits.add(since(took));
            alone.rows += rows(&batch);
        }
    }
    maker.engine.stop(clock.now());
    let batch = maker.engine.take_batch(clock.now());
    store.commit(&batch).map_err(parts::store_error)?;
    store.settle().map_err(parts::store_error)?;
    Ok(alone)
}

/// Makes rows as the engine's shell does, with a gateway that takes all at once.
struct Maker {
    engine: Engine,
    gateway: GatewayName,
    clock: Clock,
}

impl Maker {
    fn tell(&mut self, event: LinkEvent, store: &RedbStore) -> Result<(), CliError> {
        let now: Now = self.clock.now();
        let told = self.engine.handle_link(now, &self.gateway, event, store);
        told.map_err(parts::store_error)
    }

    fn batch(
        &mut self,
        fleet: &mut Fleet,
        count: usize,
        store: &RedbStore,
    ) -> Result<Batch, CliError> {
        let wall = self.clock.now().wall;
        for sequence in 0..count {
            let sealed = fleet.seal(wall);
            let sealed = sealed.ok_or(CliError::Load(LoadFault::Counters))?;
            let ticket = Ticket {
                connection: 1,
                sequence: u32::try_from(sequence).unwrap_or(u32::MAX),
            };
            let sms = fleet.sms(&sealed);
            self.tell(LinkEvent::Inbound { ticket, sms }, store)?;
        }
        let batch = self.engine.take_batch(self.clock.now());
        // That they were taken is written with the next batch, as in a running desk.
        loop {
            let submits = self.engine.take_then().into_iter().filter_map(submitted);
            let submits: Vec<LinkEvent> = submits.collect();
            if submits.is_empty() {
                return Ok(batch);
            }
            for event in submits {
                self.tell(event, store)?;
            }
        }
    }
}

/// What the gateway says of an order.
fn submitted(then: Then) -> Option<LinkEvent> {
    let Then::Order(_, LinkOrder::Submit { connection, sms }) = then else {
        return None;
    };
    Some(LinkEvent::Submitted {
        connection,
        id: sms.id,
        result: Ok(format!("{:08X}", sms.id.0)),
    })
}

fn rows(batch: &Batch) -> u64 {
    let keyed = [
        batch.ledger.len(),
        batch.outbox.len(),
        batch.decided.len(),
        batch.people.len(),
    ];
    keyed.iter().map(|count| *count as u64).sum()
}

#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn now() -> Instant {
    Instant::now()
}
