//! Answers whose link is not bound for longer than set go round by another gateway. They stay in the queue of their own
//! until the moment in which the other one takes them, so that nothing stands in two queues, nothing has to come back
//! when the link does, and no outage rewrites thousands of rows. Whoever waits longest leaves first, of the other
//! gateway's own answers and of those that go round by it.

use super::{Change, Outbox, hand_over};
use crate::domain::{GatewayName, OutboundSms, OutboxRow};
use crate::engine::lane::Place;
use crate::engine::{Now, Tick};

/// What a gateway that helps out sends next.
enum Next {
    Own,
    Round(Box<OutboxRow>),
}

impl Outbox {
    /// Hands over what leaves by gateways that help others out: each time by the one for which the fewest wait.
    pub(super) fn pump_round(&mut self, now: Now) -> Vec<(GatewayName, OutboundSms)> {
        let mut leaving = Vec::new();
        if self.routes.after_ms().is_none() {
            return leaving;
        }
        for lane in self.lanes.values_mut() {
            lane.take_up_due(now.tick);
        }
        while let Some((gateway, next)) = self.next_by_turn(now.tick) {
            let sent = match next {
                Next::Own => self.send_own(now.tick, &gateway),
                Next::Round(row) => self.send_round(now.tick, *row),
            };
            let Some(sms) = sent else { break };
            leaving.push((gateway, sms));
        }
        leaving
    }

    /// When something begins to go round, or the next of it may leave.
    pub(super) fn round_deadline(&mut self, now: Tick) -> Option<Tick> {
        let after_ms = self.routes.after_ms()?;
        let begins = self.lanes.values();
        let begins = begins.filter_map(|lane| lane.goes_round_at(after_ms));
        let begins = begins.filter(|at| *at > now).min();
        let helpers = self.helpers(now);
        let leaves = helpers.into_iter().filter_map(|(gateway, first)| {
            let (_, at) = self.next_of(now, &gateway, &first)?;
            Some(at)
        });
        leaves.min().into_iter().chain(begins).min()
    }

    /// Whether something that waits for a gateway goes by another one now.
    pub(super) fn goes_round(&self, gateway: &GatewayName, now: Tick) -> bool {
        let after_ms = self.routes.after_ms();
        let (Some(after_ms), Some(lane)) = (after_ms, self.lanes.get(gateway)) else {
            return false;
        };
        let is_late = lane.goes_round_at(after_ms).is_some_and(|at| at <= now);
        let mut up = self.lanes.values().filter(|other| other.is_up());
        is_late && up.any(|other| lane.first_by(other.number()).is_some())
    }

    /// What leaves next, and by which gateway.
    fn next_by_turn(&mut self, now: Tick) -> Option<(GatewayName, Next)> {
        let mut best: Option<(usize, GatewayName, Next)> = None;
        for (gateway, first) in self.helpers(now) {
            let Some((next, at)) = self.next_of(now, &gateway, &first) else {
                continue;
            };
            let waiting = self.waiting(&gateway);
            if at <= now && best.as_ref().is_none_or(|(fewest, ..)| waiting < *fewest) {
                best = Some((waiting, gateway, next));
            }
        }
        best.map(|(_, gateway, next)| (gateway, next))
    }

    /// Bound gateways by which something may go round now, with the first of it.
    pub(super) fn helpers(&self, now: Tick) -> Vec<(GatewayName, Place)> {
        let Some(after_ms) = self.routes.after_ms() else {
            return Vec::new();
        };
        let is_late = |at: Option<Tick>| at.is_some_and(|at| at <= now);
        let late = self.lanes.values();
        let late: Vec<_> = late
            .filter(|lane| is_late(lane.goes_round_at(after_ms)))
            .collect();
        if late.is_empty() {
            return Vec::new();
        }
        let up = self.lanes.iter().filter(|(_, lane)| lane.is_up());
        let helpers = up.filter_map(|(gateway, lane)| {
            let firsts = late.iter().filter_map(|late| late.first_by(lane.number()));
            Some((gateway.clone(), *firsts.min()?))
        });
        helpers.collect()
    }

    /// What a gateway sends next where `round` is the first that may go round by it, and when; `None` where it waits
    /// for a response.
    fn next_of(&mut self, now: Tick, gateway: &GatewayName, round: &Place) -> Option<(Next, Tick)> {
        let lane = self.lanes.get_mut(gateway)?;
        if let Some(parts) = lane.first().filter(|own| *own < round).map(|own| own.parts) {
            return Some((Next::Own, lane.free_for(now, parts)?));
        }
        let row = &self.entries.get(&round.id)?.row;
        let row = self.routes.round_by(row, gateway)?;
        let at = lane.free_for(now, row.parts)?;
        Some((Next::Round(Box::new(row)), at))
    }

    fn send_own(&mut self, now: Tick, gateway: &GatewayName) -> Option<OutboundSms> {
        let id = self.lanes.get_mut(gateway)?.take(now)?;
        let entry = self.entries.get_mut(&id)?;
        self.changed.push((id, Change::Shown));
        let body = self.routes.body_of(&entry.row);
        Some(hand_over(&mut self.tally, &mut entry.row, body))
    }

    /// Sends an entry that was made anew for another gateway; its row is written before it leaves.
    fn send_round(&mut self, now: Tick, row: OutboxRow) -> Option<OutboundSms> {
        let entry = self.entries.get_mut(&row.id)?;
        if let Some(home) = self.lanes.get_mut(&entry.row.gateway) {
            home.remove(row.id);
        }
        self.lanes
            .get_mut(&row.gateway)?
            .leave(now, row.id, row.parts);
        let (id, state) = (row.id, entry.row.state);
        debug_assert!(state.is_open(), "only what waits goes round");
        entry.row = row;
        let body = self.routes.body_of(&entry.row);
        let sms = hand_over(&mut self.tally, &mut entry.row, body);
        self.mark(id, Change::Kept);
        Some(sms)
    }
}
