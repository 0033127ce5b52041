mod reports;
mod round;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};

use reports::normal;

use super::lane::{Lane, Place};
use super::routes::Routes;
use super::settings::Settings;
use super::statuses::{is_final, is_narrowing, is_throttling};
use super::tally::Tally;
use super::{Now, Tick};
use crate::api::Hold;
use crate::domain::{
    DeliveryReport, GatewayName, Millis, OutboundSms, OutboxId, OutboxRow, OutboxState, SendError,
    Seq, SmsBody, SubmitFault,
};

/// Settled entries held in memory: what delivery receipts may still name.
const SETTLED_HELD: usize = 2_000;

/// The answers that are to be sent, and those that were sent lately.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    entries: BTreeMap<OutboxId, Held>,
    lanes: BTreeMap<GatewayName, Lane>,
    routes: Routes,
    /// Open entries by the moment they were queued.
    ages: BTreeSet<(Tick, OutboxId)>,
    settled: VecDeque<OutboxId>,
    tally: Tally,
    /// Settled entries by the gateway's name for them. Some gateways give many messages one id.
    by_message_id: BTreeSet<(String, OutboxId)>,
    early: VecDeque<(Tick, GatewayName, DeliveryReport)>,
    last: OutboxId,
    give_up_after_ms: i64,
    ladder_ms: Vec<i64>,
    changed: Vec<(OutboxId, Change)>,
    failed: Vec<OutboxId>,
}

#[derive(Debug)]
struct Held {
    row: OutboxRow,
    queued: Tick,
}

/// Whether a change must reach the disk.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Shown only: after a crash the entry is queued.
    Shown,
    /// Written with the next commit.
    Kept,
}

impl Outbox {
    /// The outbox of a desk whose links are not bound at `now`.
    pub(super) fn new(settings: &Settings, last: OutboxId, now: Tick) -> Self {
        let lanes = settings.gateways.iter().enumerate();
        let lanes = lanes
            .map(|(number, gateway)| (gateway.name.clone(), Lane::new(gateway, number, now)))
            .collect();
        Self {
            lanes,
            routes: Routes::new(settings),
            last,
            give_up_after_ms: settings.receipts.give_up_after_ms,
            ladder_ms: settings.receipts.retry_after_ms.clone(),
            ..Self::default()
        }
    }

    /// Takes an entry over from the store.
    pub(super) fn restore(&mut self, now: Now, mut row: OutboxRow) {
        let age_ms = |at: Millis, most: i64| now.wall.ms_since(at).clamp(0, most);
        if let (Some(at), Some(lane)) = (row.sent_at, self.lanes.get_mut(&row.gateway)) {
            lane.restore_sent(now.tick.plus_ms(-age_ms(at, i64::MAX / 2)), row.parts);
        }
        let queued = now
            .tick
            .plus_ms(-age_ms(row.queued_at, self.give_up_after_ms));
        if row.state == OutboxState::Sending {
            row.state = OutboxState::Queued;
        }
        let wait_ms = row.next_at.map_or(0, |at| {
            at.ms_since(now.wall).clamp(0, self.pause_ms(u16::MAX))
        });
        self.insert(row, queued, now.tick.plus_ms(wait_ms));
    }

    /// The number of the next new entry.
    pub(super) fn next_id(&mut self) -> OutboxId {
        self.last.0 += 1;
        self.last
    }

    /// Queues a new entry, or one that was settled or failed, again.
    pub(super) fn queue(&mut self, now: Now, mut row: OutboxRow) {
        self.forget(row.id);
        row.state = OutboxState::Queued;
        row.attempts = 0;
        row.queued_at = now.wall;
        row.next_at = None;
        row.error = None;
        self.mark(row.id, Change::Kept);
        self.insert(row, now.tick, now.tick);
    }

    /// An entry in memory: open, failed, or settled lately.
    pub(super) fn get(&self, id: OutboxId) -> Option<&OutboxRow> {
        self.entries.get(&id).map(|entry| &entry.row)
    }

    /// The latest entry in memory that answers a row.
    pub(super) fn answering(&self, seq: Seq) -> Option<OutboxId> {
        let mut rows = self.rows().rev();
        rows.find(|row| row.seq == seq).map(|row| row.id)
    }

    /// Whether the link of a gateway is bound.
    pub(super) fn is_up(&self, gateway: &GatewayName) -> bool {
        self.lanes.get(gateway).is_some_and(Lane::is_up)
    }

    /// The connection by which what leaves by a gateway now is to leave.
    pub(super) fn connection(&self, gateway: &GatewayName) -> u32 {
        self.lanes.get(gateway).map_or(0, Lane::connection)
    }

    /// All entries in memory.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &OutboxRow> {
        self.entries.values().map(|entry| &entry.row)
    }

    /// How many entries are how far.
    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// When the oldest that is still to be sent was queued. After a restart, among those older than the time for which
    /// an answer is tried, the one of the lowest number.
    pub(super) fn oldest(&self) -> Option<Millis> {
        let (_, id) = self.ages.first()?;
        self.get(*id).map(|row| row.queued_at)
    }

    /// Entries that are not settled and come after this one, oldest first.
    pub(super) fn unsettled(&self, after: OutboxId) -> impl Iterator<Item = &OutboxRow> {
        let entries = self.entries.range((Excluded(after), Unbounded));
        let rows = entries.map(|(_, entry)| &entry.row);
        rows.filter(|row| !row.is_settled())
    }

    /// The latest `most` entries in memory, oldest first: those that failed before those that wait, and those before any
    /// other.
    pub(super) fn latest(&self, most: usize) -> impl Iterator<Item = &OutboxRow> {
        let failed = self.tally.failed().iter().rev();
        let open = self.ages.iter().rev().map(|(_, id)| id);
        let settled = self.settled.iter().rev();
        let latest = failed.chain(open).chain(settled).take(most);
        let ids: BTreeSet<_> = latest.copied().collect();
        ids.into_iter().filter_map(|id| self.get(id))
    }

    /// How many wait for a gateway's response, and how many it takes at once now.
    pub(super) fn in_flight(&self, gateway: &GatewayName) -> (usize, usize) {
        self.lanes.get(gateway).map_or((0, 0), Lane::in_flight)
    }

    /// Gives an entry up by hand: it is settled, and no alarm says so. Returns whether there was anything to give up.
    pub(super) fn give_up(&mut self, id: OutboxId) -> bool {
        let row = self.get(id).filter(|row| !row.is_settled());
        if row.is_none_or(|row| row.state == OutboxState::Sending) {
            return false;
        }
        self.end(id, SendError::ByHand);
        self.remember(id);
        true
    }

    /// How many wait for a gateway.
    pub(super) fn waiting(&self, gateway: &GatewayName) -> usize {
        self.lanes.get(gateway).map_or(0, Lane::waiting)
    }

    /// What holds back the next of those that wait for a gateway, and until when.
    pub(super) fn hold(
        &mut self,
        gateway: &GatewayName,
        now: Tick,
    ) -> Option<(Hold, Option<Tick>)> {
        let hold = self.lanes.get_mut(gateway)?.hold(now)?;
        if hold.0 == Hold::Link && self.goes_round(gateway, now) {
            return Some((Hold::Round, None));
        }
        Some(hold)
    }

    /// Whether a bound gateway takes nothing any more. To be asked often.
    pub(super) fn is_stuck(&mut self, gateway: &GatewayName, now: Tick) -> bool {
        let lane = self.lanes.get_mut(gateway);
        lane.is_some_and(|lane| lane.is_stuck(now))
    }

    /// Entries that changed since they were asked for last, by number and once each. `into` is emptied first: it comes back
    /// with every input, so that none needs memory of its own.
    pub(super) fn take_changed(&mut self, into: &mut Vec<(OutboxId, Change)>) {
        into.clear();
        std::mem::swap(into, &mut self.changed);
        // What matters most stands first and stays.
        into.sort_unstable_by_key(|(id, change)| (*id, std::cmp::Reverse(*change)));
        into.dedup_by_key(|(id, _)| *id);
    }

    /// Entries that were given up since they were asked for last.
    pub(super) fn take_failed(&mut self) -> Vec<OutboxId> {
        std::mem::take(&mut self.failed)
    }

    pub(super) fn link_up(&mut self, gateway: &GatewayName, connection: u32) {
        if let Some(lane) = self.lanes.get_mut(gateway) {
            lane.link_up(connection);
        }
    }

    pub(super) fn link_down(&mut self, now: Tick, gateway: &GatewayName) {
        let Some(lane) = self.lanes.get_mut(gateway) else {
            return;
        };
        for id in lane.link_down(now) {
            self.cut(id);
        }
    }

    /// Hands over what may leave now.
    pub(super) fn pump(&mut self, now: Now) -> Vec<(GatewayName, OutboundSms)> {
        let mut leaving = self.pump_round(now);
        // What a helper sends next may be of another gateway: nothing of its own passes that by.
        let helpers = self.helpers(now.tick);
        for (name, lane) in &mut self.lanes {
            if helpers.iter().any(|(helper, _)| helper == name) {
                continue;
            }
            while let Some(id) = lane.take(now.tick) {
                let Some(entry) = self.entries.get_mut(&id) else {
                    continue;
                };
                self.changed.push((id, Change::Shown));
                let body = self.routes.body_of(&entry.row);
                let sms = hand_over(&mut self.tally, &mut entry.row, body);
                leaving.push((name.clone(), sms));
            }
        }
        leaving
    }

    /// The gateway answered, or did not. Returns whether it took the message. What is told of an entry that goes by
    /// another gateway now is late, and so is what is told of an older connection.
    pub(super) fn submitted(
        &mut self,
        now: Now,
        (gateway, connection): (&GatewayName, u32),
        id: OutboxId,
        result: Result<String, SubmitFault>,
    ) -> bool {
        let entry = self.entries.get_mut(&id);
        let Some(entry) = entry.filter(|entry| entry.row.gateway == *gateway) else {
            return false;
        };
        let lane = self.lanes.get_mut(gateway);
        let Some(lane) = lane.filter(|lane| lane.connection() == connection) else {
            return false;
        };
        let is_throttled =
            matches!(result, Err(SubmitFault::Status(status)) if is_throttling(status));
        let was_in_flight = if is_throttled {
            lane.throttled(now.tick, id)
        } else {
            lane.responded(id)
        };
        if !was_in_flight {
            return false;
        }
        match result {
            Ok(message_id) => {
                lane.accepted(now.tick);
                let row = &mut entry.row;
                self.tally.remove(row);
                row.state = OutboxState::Sent;
                row.sent_at = Some(now.wall);
                row.error = None;
                row.message_id = (!message_id.is_empty()).then_some(message_id);
                self.settle(id);
                self.match_early(now.tick, gateway);
                true
            }
            Err(SubmitFault::LinkLost) => {
                // Told of each message before the link says that it is down: what left now would come back, too.
                lane.stop();
                self.cut(id);
                false
            }
            Err(SubmitFault::Timeout) => {
                self.put_off(now, id, SendError::Timeout);
                false
            }
            Err(SubmitFault::Status(status)) if is_final(status) => {
                self.fail(id, SendError::Status(status));
                false
            }
            Err(SubmitFault::Status(status)) => {
                if is_narrowing(status) {
                    lane.narrow();
                }
                self.put_off(now, id, SendError::Status(status));
                false
            }
        }
    }

    /// Takes up what is due, gives up what is too old.
    pub(super) fn handle_timeout(&mut self, now: Now) {
        for lane in self.lanes.values_mut() {
            lane.take_up_due(now.tick);
        }
        while let Some((queued, id)) = self.oldest_here()
            && now.tick >= queued.plus_ms(self.give_up_after_ms)
        {
            self.ages.remove(&(queued, id));
            self.fail(id, SendError::GaveUp);
        }
    }

    /// The oldest open entry that no gateway has. What one has is not given up: it may have left, and its outcome comes.
    fn oldest_here(&self) -> Option<(Tick, OutboxId)> {
        let is_here = |id| {
            let row = self.get(id);
            row.is_none_or(|row| row.state != OutboxState::Sending)
        };
        self.ages.iter().copied().find(|(_, id)| is_here(*id))
    }

    /// When something may be due.
    pub(super) fn deadline(&mut self, now: Tick) -> Option<Tick> {
        let helpers = self.helpers(now);
        let lanes = self.lanes.iter_mut().filter_map(|(name, lane)| {
            let helps = helpers.iter().any(|(helper, _)| helper == name);
            if helps {
                lane.due()
            } else {
                lane.deadline(now)
            }
        });
        let lanes = lanes.min();
        let oldest = self
            .oldest_here()
            .map(|(queued, _)| queued.plus_ms(self.give_up_after_ms));
        let round = self.round_deadline(now);
        lanes.into_iter().chain(oldest).chain(round).min()
    }

    fn insert(&mut self, row: OutboxRow, queued: Tick, due: Tick) {
        let (id, state) = (row.id, row.state);
        self.last = self.last.max(id);
        if state.is_open() {
            self.ages.insert((queued, id));
            if let Some(lane) = self.lanes.get_mut(&row.gateway) {
                lane.put(place_of(&row, &self.routes, false), due);
            }
        }
        self.tally.add(&row);
        let settled = row.is_settled();
        self.entries.insert(id, Held { row, queued });
        if settled {
            self.remember(id);
        }
    }

    fn forget(&mut self, id: OutboxId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.tally.remove(&entry.row);
        self.ages.remove(&(entry.queued, id));
        self.settled.retain(|settled| *settled != id);
        self.forget_message_id(&entry.row);
        if let Some(lane) = self.lanes.get_mut(&entry.row.gateway) {
            lane.remove(id);
        }
    }

    fn forget_message_id(&mut self, row: &OutboxRow) {
        self.by_message_id.remove(&key_of(row));
    }

    fn mark(&mut self, id: OutboxId, change: Change) {
        self.changed.push((id, change));
    }

    /// Back to the front of the queue: a link that broke is no attempt.
    fn cut(&mut self, id: OutboxId) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        self.tally.remove(&entry.row);
        entry.row.state = OutboxState::Queued;
        entry.row.attempts = entry.row.attempts.saturating_sub(1);
        entry.row.error = Some(SendError::LinkLost);
        self.tally.add(&entry.row);
        let place = place_of(&entry.row, &self.routes, true);
        if let Some(lane) = self.lanes.get_mut(&entry.row.gateway) {
            lane.put(place, Tick(i64::MIN));
        }
        self.mark(id, Change::Shown);
    }

    fn put_off(&mut self, now: Now, id: OutboxId, error: SendError) {
        let Some(attempts) = self.entries.get(&id).map(|entry| entry.row.attempts) else {
            return;
        };
        let pause_ms = self.pause_ms(attempts);
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        self.tally.remove(&entry.row);
        entry.row.state = OutboxState::Deferred;
        entry.row.error = Some(error);
        self.tally.add(&entry.row);
        entry.row.next_at = Some(now.wall.plus_ms(pause_ms));
        let place = place_of(&entry.row, &self.routes, false);
        if let Some(lane) = self.lanes.get_mut(&entry.row.gateway) {
            lane.put(place, now.tick.plus_ms(pause_ms));
        }
        self.mark(id, Change::Kept);
    }

    fn pause_ms(&self, attempts: u16) -> i64 {
        let step = usize::from(attempts.max(1) - 1).min(self.ladder_ms.len().saturating_sub(1));
        self.ladder_ms.get(step).copied().unwrap_or(Millis::MINUTE)
    }

    fn fail(&mut self, id: OutboxId, error: SendError) {
        if self.end(id, error) {
            self.failed.push(id);
        }
    }

    fn end(&mut self, id: OutboxId, error: SendError) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        self.tally.remove(&entry.row);
        entry.row.state = OutboxState::Failed;
        entry.row.next_at = None;
        entry.row.error = Some(error);
        self.tally.add(&entry.row);
        self.ages.remove(&(entry.queued, id));
        if let Some(lane) = self.lanes.get_mut(&entry.row.gateway) {
            lane.remove(id);
        }
        self.mark(id, Change::Kept);
        true
    }

    fn settle(&mut self, id: OutboxId) {
        if let Some(entry) = self.entries.get(&id) {
            self.ages.remove(&(entry.queued, id));
        }
        self.remember(id);
        self.mark(id, Change::Kept);
    }

    fn remember(&mut self, id: OutboxId) {
        if let Some(row) = self.get(id) {
            let key = key_of(row);
            self.by_message_id.insert(key);
        }
        self.settled.push_back(id);
        if self.settled.len() > SETTLED_HELD
            && let Some(oldest) = self.settled.pop_front()
            && let Some(entry) = self.entries.remove(&oldest)
        {
            self.forget_message_id(&entry.row);
        }
    }
}

/// The entry is with the gateway from now on, which sends `body`.
fn hand_over(tally: &mut Tally, row: &mut OutboxRow, body: SmsBody) -> OutboundSms {
    tally.remove(row);
    row.state = OutboxState::Sending;
    row.attempts = row.attempts.saturating_add(1);
    row.next_at = None;
    tally.add(row);
    OutboundSms {
        id: row.id,
        to: row.to.clone(),
        from: row.from.clone(),
        body,
    }
}

fn place_of(row: &OutboxRow, routes: &Routes, cut: bool) -> Place {
    Place {
        new: !cut,
        priority: row.priority,
        queued_at: row.queued_at,
        id: row.id,
        parts: row.parts,
        others: routes.others(row),
    }
}

/// Under which id an entry was sent; gateways without ids give the empty one.
fn key_of(row: &OutboxRow) -> (String, OutboxId) {
    let message_id = row.message_id.as_deref().unwrap_or_default();
    (normal(message_id), row.id)
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
