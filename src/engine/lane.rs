use std::collections::BTreeSet;

use super::Tick;
use super::pace::Pace;
use super::settings::GatewaySettings;
use crate::domain::{Millis, OutboxId, Priority};

/// The queue of one gateway.
#[derive(Debug)]
pub(super) struct Lane {
    /// Whether the link is bound.
    pub(super) up: bool,
    /// Handed to the gateway, without a response.
    pub(super) in_flight: BTreeSet<OutboxId>,
    ready: BTreeSet<Place>,
    put_off: BTreeSet<(Tick, Place)>,
    window: usize,
    pace: Pace,
}

/// Where an entry stands in the queue; the least leaves first.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// What a broken link left stands before what is new.
    pub(super) new: bool,
    /// First answers, then repeats and refusals, then what is beyond the day's measure.
    pub(super) priority: Priority,
    /// The oldest first.
    pub(super) queued_at: Millis,
    /// Which.
    pub(super) id: OutboxId,
    /// How many SMS it takes.
    pub(super) parts: u8,
}

impl Lane {
    pub(super) fn new(gateway: &GatewaySettings) -> Self {
        Self {
            up: false,
            in_flight: BTreeSet::new(),
            ready: BTreeSet::new(),
            put_off: BTreeSet::new(),
            window: gateway.window.max(1),
            pace: Pace::new(gateway.max_per_second, gateway.max_per_30_min),
        }
    }

    /// Counts what left before a restart.
    pub(super) fn restore_sent(&mut self, at: Tick, parts: u8) {
        self.pace.count(at, parts);
    }

    /// Puts an entry in its place, not before `due`.
    pub(super) fn put(&mut self, place: Place, due: Tick) {
        self.put_off.insert((due, place));
    }

    pub(super) fn remove(&mut self, id: OutboxId) {
        self.in_flight.remove(&id);
        self.ready.retain(|place| place.id != id);
        self.put_off.retain(|(_, place)| place.id != id);
    }

    /// Moves what is due to its place among what is ready.
    pub(super) fn take_up_due(&mut self, now: Tick) {
        while let Some((due, place)) = self.put_off.first().copied() {
            if due > now {
                break;
            }
            self.put_off.pop_first();
            self.ready.insert(place);
        }
    }

    /// The entry that leaves now, if one may: taken out of the queue and counted.
    pub(super) fn take(&mut self, now: Tick) -> Option<OutboxId> {
        self.take_up_due(now);
        if self.free_at(now)? > now {
            return None;
        }
        let place = self.ready.pop_first()?;
        self.in_flight.insert(place.id);
        self.pace.count(now, place.parts);
        Some(place.id)
    }

    /// When the first in the queue may leave; `None` where it waits for a response or the link.
    fn free_at(&mut self, now: Tick) -> Option<Tick> {
        let first = self.ready.first()?;
        let may_leave = self.up && self.in_flight.len() < self.window;
        may_leave.then(|| self.pace.free_at(now, first.parts))
    }

    /// When something may be due.
    pub(super) fn deadline(&mut self, now: Tick) -> Option<Tick> {
        let due = self.put_off.first().map(|(due, _)| *due);
        due.into_iter().chain(self.free_at(now)).min()
    }

    /// How many wait, and until when for the pace; `None` where the pace allows the next one now.
    pub(super) fn waiting(&mut self, now: Tick) -> (usize, Option<Tick>) {
        let waiting = self.ready.len() + self.put_off.len();
        let free_at = self.pace.free_at(now, 1);
        (waiting, (waiting > 0 && free_at > now).then_some(free_at))
    }
}
