mod ready;

use std::collections::{BTreeMap, BTreeSet};

use ready::Ready;

use super::Tick;
use super::pace::Pace;
use super::routes::Others;
use super::settings::GatewaySettings;
use crate::api::Hold;
use crate::domain::{Millis, OutboxId, Priority};

/// How long a gateway rests after it said that it has too much to do; doubled each time that it says so again.
const REST_MS: i64 = Millis::SECOND;
/// The longest rest.
const LONGEST_REST_MS: i64 = 30 * Millis::SECOND;

/// A bound gateway that took nothing for so long though something may leave is stuck.
const STUCK_MS: i64 = 5 * Millis::MINUTE;

/// The queue of one gateway.
#[derive(Debug)]
pub(super) struct Lane {
    /// Its place in the configuration.
    number: usize,
    up: bool,
    /// Which connection was bound last: all that is in flight left by it.
    connection: u32,
    /// Since when the link is not bound.
    down_since: Option<Tick>,
    /// Handed to the gateway, without a response; since when.
    in_flight: BTreeMap<OutboxId, (Tick, u8)>,
    ready: Ready,
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
    /// When the gateway last took something, or was seen to have nothing to take.
    moved: Tick,
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
    /// By which other gateways it may go.
    pub(super) others: Others,
}

impl Lane {
    /// The queue of the gateway at `number` of the configuration, whose link is not bound at `now`.
    pub(super) fn new(gateway: &GatewaySettings, number: usize, now: Tick) -> Self {
        let window = gateway.window.max(1);
        Self {
            number,
            up: false,
            connection: 0,
            down_since: Some(now),
            in_flight: BTreeMap::new(),
            ready: Ready::default(),
            put_off: BTreeSet::new(),
            places: BTreeMap::new(),
            window,
            open: window,
            rest_ms: 0,
            rests_until: Tick(i64::MIN),
            pace: Pace::new(gateway.max_per_second, gateway.max_per_30_min),
            moved: now,
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

    /// Which connection is bound, or was bound last.
    pub(super) const fn connection(&self) -> u32 {
        self.connection
    }

    /// The link is bound: what it may take is to be found out anew.
    pub(super) const fn link_up(&mut self, connection: u32) {
        self.up = true;
        self.connection = connection;
        self.down_since = None;
        self.open = self.window;
        self.rest_ms = 0;
        self.rests_until = Tick(i64::MIN);
    }

    /// Nothing leaves until the link is bound again; what is in flight may still be answered.
    pub(super) const fn stop(&mut self) {
        self.up = false;
    }

    /// The link is not bound. Returns what was in flight.
    pub(super) fn link_down(&mut self, now: Tick) -> Vec<OutboxId> {
        self.stop();
        self.down_since.get_or_insert(now);
        std::mem::take(&mut self.in_flight).into_keys().collect()
    }

    /// A response came, or will not come. Returns whether one was waited for.
    pub(super) fn responded(&mut self, id: OutboxId) -> bool {
        self.in_flight.remove(&id).is_some()
    }

    /// The gateway took a message: the window opens again, one by one.
    pub(super) fn accepted(&mut self, now: Tick) {
        self.moved = now;
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
        self.leave(now, place.id, place.parts);
        Some(place.id)
    }

    /// Counts an entry that leaves now.
    pub(super) fn leave(&mut self, now: Tick, id: OutboxId, parts: u8) {
        self.in_flight.insert(id, (now, parts));
        self.pace.count(now, parts);
    }

    /// Its place in the configuration.
    pub(super) const fn number(&self) -> usize {
        self.number
    }

    /// When its answers go round where that is after `after_ms` without a link; `None` where it is bound, or nothing is
    /// ready.
    pub(super) fn goes_round_at(&self, after_ms: i64) -> Option<Tick> {
        let since = self.down_since.filter(|_| !self.ready.is_empty());
        since.map(|since| since.plus_ms(after_ms))
    }

    /// What leaves first of all that is ready.
    pub(super) fn first(&self) -> Option<&Place> {
        self.ready.first()
    }

    /// What leaves first of all that is ready and may go by the gateway at `other` of the configuration.
    pub(super) fn first_by(&self, other: usize) -> Option<&Place> {
        self.ready.first_by(other)
    }

    /// When the first in the queue may leave; `None` where it waits for a response or the link.
    fn free_at(&mut self, now: Tick) -> Option<Tick> {
        let parts = self.ready.first()?.parts;
        self.free_for(now, parts)
    }

    /// When a message of `parts` SMS may leave; `None` where it waits for a response or the link.
    pub(super) fn free_for(&mut self, now: Tick, parts: u8) -> Option<Tick> {
        let may_leave = self.up && self.in_flight.len() < self.open;
        may_leave.then(|| self.pace.free_at(now, parts).max(self.rests_until))
    }

    /// When something that was put off is due.
    pub(super) fn due(&self) -> Option<Tick> {
        self.put_off.first().map(|(due, _)| *due)
    }

    /// When something may be due.
    pub(super) fn deadline(&mut self, now: Tick) -> Option<Tick> {
        self.due().into_iter().chain(self.free_at(now)).min()
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.ready.len() + self.put_off.len()
    }

    /// What holds the next one back, and until when where that is known; `None` where nothing waits, or it may leave now.
    pub(super) fn hold(&mut self, now: Tick) -> Option<(Hold, Option<Tick>)> {
        let Some(parts) = self.ready.first().map(|first| first.parts) else {
            let (due, _) = self.put_off.first()?;
            return Some(match self.up {
                true if *due > now => (Hold::Retry, Some(*due)),
                true => return None,
                false => (Hold::Link, None),
            });
        };
        if !self.up {
            return Some((Hold::Link, None));
        }
        if self.in_flight.len() >= self.open {
            return Some((Hold::Response, None));
        }
        let paced = self.pace.free_at(now, parts);
        if self.rests_until > now && self.rests_until >= paced {
            return Some((Hold::Rest, Some(self.rests_until)));
        }
        let (most, is_long) = self.pace.held_by(now, parts)?;
        let hold = if is_long {
            Hold::HalfHour(most)
        } else {
            Hold::Second(most)
        };
        Some((hold, Some(paced)))
    }

    /// Whether a bound gateway took nothing for 5 min though something waits that the pace allows. To be asked often.
    pub(super) fn is_stuck(&mut self, now: Tick) -> bool {
        let is_idle = self.waiting() == 0 && self.in_flight.is_empty();
        let is_paced = matches!(self.hold(now), Some((Hold::HalfHour(_), _)));
        if !self.up || is_idle || is_paced {
            self.moved = now;
        }
        now >= self.moved.plus_ms(STUCK_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::samples;

    fn lane(window: usize) -> Lane {
        let gateway = GatewaySettings {
            window,
            ..samples::gateway("g")
        };
        filled(&gateway)
    }

    fn filled(gateway: &GatewaySettings) -> Lane {
        let mut lane = Lane::new(gateway, 0, Tick(0));
        lane.link_up(1);
        for id in 1..=100 {
            lane.put(place(id), Tick(0));
        }
        lane
    }

    fn place(id: u64) -> Place {
        Place {
            new: true,
            priority: Priority::First,
            queued_at: Millis(0),
            id: OutboxId(id),
            parts: 1,
            others: Others::default(),
        }
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
            lane.accepted(Tick(7_000));
            for id in &left[1..] {
                assert!(lane.responded(*id));
            }
        }
        lane.link_up(1);
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
        assert_eq!((lane.waiting(), lane.hold(Tick(0))), (0, None));
        assert!(lane.places.is_empty());
    }

    #[test]
    fn what_holds_the_next_one_back_is_named() {
        let gateway = GatewaySettings {
            max_per_second: 3,
            max_per_30_min: 4,
            ..samples::gateway("g")
        };
        let mut lane = filled(&gateway);
        lane.stop();
        assert_eq!(lane.hold(Tick(0)), Some((Hold::Link, None)));
        lane.link_up(1);
        lane.take_up_due(Tick(0));
        assert_eq!(lane.hold(Tick(0)), None);
        assert_eq!(leaving(&mut lane, 0).len(), 3);
        let hold = lane.hold(Tick(5));
        assert_eq!(hold, Some((Hold::Second(3), Some(Tick(1_000)))));
        assert_eq!(leaving(&mut lane, 1_000).len(), 1);
        let hold = lane.hold(Tick(1_000));
        let half_hour = 30 * Millis::MINUTE;
        assert_eq!(hold, Some((Hold::HalfHour(4), Some(Tick(half_hour)))));
        for id in 1..=10 {
            lane.remove(OutboxId(id));
        }
        let later = half_hour + 60_000;
        let left = leaving(&mut lane, later);
        lane.throttled(Tick(later), left[0]);
        let hold = lane.hold(Tick(later + 1));
        assert_eq!(hold, Some((Hold::Rest, Some(Tick(later + 1_000)))));
        assert_eq!(lane.hold(Tick(later + 1_000)), None);
        for id in 1..=100 {
            lane.remove(OutboxId(id));
        }
        assert_eq!(lane.hold(Tick(later)), None);
    }

    #[test]
    fn a_full_window_and_a_retry_hold_back_too() {
        let mut lane = lane(2);
        let left = leaving(&mut lane, 0);
        assert_eq!(lane.hold(Tick(0)), Some((Hold::Response, None)));
        for id in 3..=100 {
            lane.remove(OutboxId(id));
        }
        lane.responded(left[0]);
        lane.put(place(1), Tick(30_000));
        let hold = lane.hold(Tick(10));
        assert_eq!(hold, Some((Hold::Retry, Some(Tick(30_000)))));
    }

    #[test]
    fn a_pace_that_holds_longer_than_a_rest_is_named() {
        let gateway = GatewaySettings {
            max_per_30_min: 2,
            ..samples::gateway("g")
        };
        let mut lane = Lane::new(&gateway, 0, Tick(0));
        lane.link_up(1);
        for (id, parts) in [(1, 1), (2, 1), (3, 2)] {
            let place = Place { parts, ..place(id) };
            lane.put(place, Tick(0));
        }
        let left = leaving(&mut lane, 0);
        assert_eq!(left, [OutboxId(1), OutboxId(2)]);
        assert!(lane.throttled(Tick(0), left[0]));
        let until = Tick(30 * Millis::MINUTE);
        assert_eq!(lane.hold(Tick(1)), Some((Hold::HalfHour(2), Some(until))));
    }

    #[test]
    fn what_goes_round_is_what_is_ready_and_has_no_link() {
        let mut lane = Lane::new(&samples::gateway("g"), 0, Tick(5));
        assert_eq!(lane.goes_round_at(100), None);
        lane.put(place(1), Tick(10));
        lane.take_up_due(Tick(9));
        assert_eq!(lane.goes_round_at(100), None);
        lane.take_up_due(Tick(10));
        assert_eq!(lane.goes_round_at(100), Some(Tick(105)));
        lane.remove(OutboxId(1));
        assert_eq!(lane.goes_round_at(100), None);
        lane.put(place(1), Tick(10));
        lane.take_up_due(Tick(10));
        lane.link_up(1);
        assert_eq!(lane.goes_round_at(100), None);
    }

    #[test]
    fn what_is_due_now_is_held_back_by_nothing() {
        let mut lane = Lane::new(&samples::gateway("g"), 0, Tick(0));
        lane.link_up(1);
        lane.put(place(1), Tick(10));
        let retry = Some((Hold::Retry, Some(Tick(10))));
        assert_eq!(lane.hold(Tick(9)), retry);
        assert_eq!(lane.hold(Tick(10)), None);
    }

    #[test]
    fn a_gateway_that_takes_nothing_for_five_minutes_is_stuck() {
        let mut lane = lane(2);
        let left = leaving(&mut lane, 0);
        assert!(!lane.is_stuck(Tick(STUCK_MS - 1)));
        assert!(lane.is_stuck(Tick(STUCK_MS)));
        lane.responded(left[0]);
        lane.accepted(Tick(STUCK_MS + 1));
        assert!(!lane.is_stuck(Tick(STUCK_MS + 2)));
        assert!(lane.is_stuck(Tick(2 * STUCK_MS + 1)));
        // A link that is down is another alarm.
        lane.stop();
        assert!(!lane.is_stuck(Tick(9 * STUCK_MS)));
        lane.link_up(1);
        assert!(!lane.is_stuck(Tick(10 * STUCK_MS - 1)));
    }

    #[test]
    fn stuck_is_who_has_something_to_take_or_to_answer() {
        let gateway = samples::gateway("g");
        let lane = || {
            let mut lane = Lane::new(&gateway, 0, Tick(0));
            lane.link_up(1);
            lane
        };
        let mut idle = lane();
        assert!(!idle.is_stuck(Tick(9 * STUCK_MS)));
        let mut waiting = lane();
        waiting.put(place(1), Tick(0));
        assert!(waiting.is_stuck(Tick(STUCK_MS)));
        let mut in_flight = lane();
        in_flight.put(place(1), Tick(0));
        assert_eq!(leaving(&mut in_flight, 0), [OutboxId(1)]);
        assert!(in_flight.is_stuck(Tick(STUCK_MS)));
    }

    #[test]
    fn the_pace_of_half_an_hour_is_not_stuck() {
        let mut lane = filled(&GatewaySettings {
            max_per_30_min: 1,
            ..samples::gateway("g")
        });
        let left = leaving(&mut lane, 0);
        lane.responded(left[0]);
        lane.accepted(Tick(0));
        for now in (0..30 * Millis::MINUTE).step_by(60_000) {
            assert!(!lane.is_stuck(Tick(now)));
        }
    }
}
