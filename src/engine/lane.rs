use std::collections::{BTreeMap, BTreeSet};

use super::Tick;
use super::pace::Pace;
use super::settings::GatewaySettings;
use crate::domain::{Millis, OutboxId, Priority};

/// How long a gateway rests after it said that it has too much to do; doubled each time that it says so again.
const REST_MS: i64 = Millis::SECOND;
/// The longest rest.
const LONGEST_REST_MS: i64 = 30 * Millis::SECOND;

/// The queue of one gateway.
#[derive(Debug)]
pub(super) struct Lane {
    up: bool,
    /// Handed to the gateway, without a response; since when.
    in_flight: BTreeMap<OutboxId, (Tick, u8)>,
    ready: BTreeSet<Place>,
    put_off: BTreeSet<(Tick, Place)>,
    /// Where each that waits is to be found: many may wait, and all may be given up at once.
    places: BTreeMap<OutboxId, (Tick, Place)>,
    /// The most in flight.
    window: usize,
    /// How many the gateway takes now.
    open: usize,
    rest_ms: i64,
    rests_until: Tick,
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
        let window = gateway.window.max(1);
        Self {
            up: false,
            in_flight: BTreeMap::new(),
            ready: BTreeSet::new(),
            put_off: BTreeSet::new(),
            places: BTreeMap::new(),
            window,
            open: window,
            rest_ms: 0,
            rests_until: Tick(i64::MIN),
            pace: Pace::new(gateway.max_per_second, gateway.max_per_30_min),
        }
    }

    /// How many wait for a response, and how many the gateway takes at once now.
    pub(super) fn in_flight(&self) -> (usize, usize) {
        (self.in_flight.len(), self.open)
    }

    /// Whether the link is bound.
    pub(super) const fn is_up(&self) -> bool {
        self.up
    }

    /// The link is bound: what it may take is to be found out anew.
    pub(super) const fn link_up(&mut self) {
        self.up = true;
        self.open = self.window;
        self.rest_ms = 0;
        self.rests_until = Tick(i64::MIN);
    }

    /// Nothing leaves until the link is bound again; what is in flight may still be answered.
    pub(super) const fn stop(&mut self) {
        self.up = false;
    }

    /// The link is not bound. Returns what was in flight.
    pub(super) fn link_down(&mut self) -> Vec<OutboxId> {
        self.stop();
        std::mem::take(&mut self.in_flight).into_keys().collect()
    }

    /// A response came, or will not come. Returns whether one was waited for.
    pub(super) fn responded(&mut self, id: OutboxId) -> bool {
        self.in_flight.remove(&id).is_some()
    }

    /// The gateway took a message: the window opens again, one by one.
    pub(super) fn accepted(&mut self) {
        self.open = (self.open + 1).min(self.window);
        self.rest_ms = 0;
    }

    /// The gateway has too much to do: half the window, and a rest. Returns whether a response was waited for.
    pub(super) fn throttled(&mut self, now: Tick, id: OutboxId) -> bool {
        let Some((at, parts)) = self.in_flight.remove(&id) else {
            return false;
        };
        self.pace.give_back(at, parts);
        // All that were in flight together are told together.
        if now >= self.rests_until {
            self.open = (self.open / 2).max(1);
            self.rest_ms = (2 * self.rest_ms).clamp(REST_MS, LONGEST_REST_MS);
            self.rests_until = now.plus_ms(self.rest_ms);
        }
        true
    }

    /// The gateway turned a message down that may pass later: half the window.
    pub(super) fn narrow(&mut self) {
        self.open = (self.open / 2).max(1);
    }

    /// Counts what left before a restart.
    pub(super) fn restore_sent(&mut self, at: Tick, parts: u8) {
        self.pace.count(at, parts);
    }

    /// Puts an entry in its place, not before `due`.
    pub(super) fn put(&mut self, place: Place, due: Tick) {
        self.remove(place.id);
        self.put_off.insert((due, place));
        self.places.insert(place.id, (due, place));
    }

    pub(super) fn remove(&mut self, id: OutboxId) {
        self.in_flight.remove(&id);
        if let Some((due, place)) = self.places.remove(&id) {
            self.ready.remove(&place);
            self.put_off.remove(&(due, place));
        }
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
        self.places.remove(&place.id);
        self.in_flight.insert(place.id, (now, place.parts));
        self.pace.count(now, place.parts);
        Some(place.id)
    }

    /// When the first in the queue may leave; `None` where it waits for a response or the link.
    fn free_at(&mut self, now: Tick) -> Option<Tick> {
        let first = self.ready.first()?;
        let may_leave = self.up && self.in_flight.len() < self.open;
        may_leave.then(|| self.pace.free_at(now, first.parts).max(self.rests_until))
    }

    /// When something may be due.
    pub(super) fn deadline(&mut self, now: Tick) -> Option<Tick> {
        let due = self.put_off.first().map(|(due, _)| *due);
        due.into_iter().chain(self.free_at(now)).min()
    }

    /// How many wait, and until when for the pace; `None` where the pace allows the next one now.
    pub(super) fn waiting(&mut self, now: Tick) -> (usize, Option<Tick>) {
        let waiting = self.ready.len() + self.put_off.len();
        let free_at = self.pace.free_at(now, 1).max(self.rests_until);
        (waiting, (waiting > 0 && free_at > now).then_some(free_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::GatewayName;

    fn lane(window: usize) -> Lane {
        let mut lane = Lane::new(&GatewaySettings {
            name: GatewayName::new("g"),
            source_address: None,
            binary: false,
            footer_octets: 0,
            window,
            max_per_second: 0,
            max_per_30_min: 0,
        });
        lane.link_up();
        for id in 1..=100 {
            let place = Place {
                new: true,
                priority: Priority::First,
                queued_at: Millis(0),
                id: OutboxId(id),
                parts: 1,
            };
            lane.put(place, Tick(0));
        }
        lane
    }

    fn leaving(lane: &mut Lane, now: i64) -> Vec<OutboxId> {
        std::iter::from_fn(|| lane.take(Tick(now))).collect()
    }

    #[test]
    fn a_gateway_with_too_much_to_do_gets_less_and_later() {
        let mut lane = lane(8);
        for (now, count, next) in [(0, 8, 1_000), (1_000, 4, 3_000), (3_000, 2, 7_000)] {
            let left = leaving(&mut lane, now);
            assert_eq!(left.len(), count);
            for id in left {
                assert!(lane.throttled(Tick(now), id));
                assert!(!lane.throttled(Tick(now), id));
            }
            assert_eq!(leaving(&mut lane, now), []);
            assert_eq!(lane.deadline(Tick(now)), Some(Tick(next)));
        }
        for count in [1, 2, 3, 4] {
            let left = leaving(&mut lane, 7_000);
            assert_eq!(left.len(), count);
            assert!(lane.responded(left[0]));
            lane.accepted();
            for id in &left[1..] {
                assert!(lane.responded(*id));
            }
        }
        lane.link_up();
        assert_eq!(leaving(&mut lane, 7_000).len(), 8);
    }

    #[test]
    fn what_is_removed_is_nowhere() {
        let mut lane = lane(1);
        let left = leaving(&mut lane, 0);
        assert_eq!(left, [OutboxId(1)]);
        for id in 1..=100 {
            lane.remove(OutboxId(id));
        }
        assert_eq!(leaving(&mut lane, 0), []);
        assert_eq!(lane.waiting(Tick(0)), (0, None));
        assert!(lane.places.is_empty());
    }
}
