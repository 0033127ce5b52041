//! Plain lists, searched from end to end.

use super::span::Span;
use super::*;
use crate::domain::DeliveryState;

#[derive(Clone, Debug)]
struct Entry {
    row: OutboxRow,
    queued: i64,
    /// Not before.
    due: i64,
    /// A broken link left it.
    was_cut: bool,
    /// Since when the gateway has it.
    with_gateway_since: Option<i64>,
}

#[derive(Clone, Debug)]
struct Gateway {
    settings: GatewaySettings,
    is_up: bool,
    down_since: Option<i64>,
    open: usize,
    rest_ms: i64,
    rests_until: i64,
    /// When SMS left, how many, and whether they count for half an hour.
    sent: Vec<(i64, i64, bool)>,
}

impl Gateway {
    fn pace(&self, ms: i64, most: u32, tries_count: bool) -> Span {
        let sent = self.sent.iter();
        let sent = sent.filter(|(_, _, was_sent)| tries_count || *was_sent);
        Span {
            ms,
            most,
            sent: sent.map(|(at, parts, _)| (*at, *parts)).collect(),
        }
    }

    /// What was not sent after all counts as a try in its second.
    fn per_second(&self) -> Span {
        self.pace(1_000, self.settings.max_per_second, true)
    }

    fn per_half_hour(&self) -> Span {
        self.pace(30 * Millis::MINUTE, self.settings.max_per_30_min, false)
    }
}

impl Entry {
    fn waits(&self) -> bool {
        matches!(self.row.state, OutboxState::Queued | OutboxState::Deferred)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Reference {
    gateways: Vec<Gateway>,
    entries: Vec<Entry>,
    early: Vec<(i64, usize, DeliveryReport)>,
    failed: Vec<OutboxId>,
    ladder_ms: Vec<i64>,
}

impl Reference {
    pub(super) fn new(settings: &Settings) -> Self {
        let gateways = settings.gateways.iter().map(|settings| Gateway {
            settings: settings.clone(),
            is_up: false,
            down_since: Some(0),
            open: settings.window,
            rest_ms: 0,
            rests_until: 0,
            sent: Vec::new(),
        });
        Self {
            gateways: gateways.collect(),
            entries: Vec::new(),
            early: Vec::new(),
            failed: Vec::new(),
            ladder_ms: settings.receipts.retry_after_ms.clone(),
        }
    }

    pub(super) fn restarted(settings: &Settings, now: i64, rows: Vec<OutboxRow>) -> Self {
        let mut reference = Self::new(settings);
        for gateway in &mut reference.gateways {
            gateway.down_since = Some(now);
        }
        for row in rows {
            let home = reference.home(&row);
            if let Some(at) = row.sent_at {
                let sent = (at.0, i64::from(row.parts), true);
                reference.gateways[home].sent.push(sent);
            }
            let due = row.next_at.map_or(now, |at| at.0.max(now));
            reference.entries.push(Entry {
                queued: row.queued_at.0.max(now - Millis::DAY),
                due,
                was_cut: false,
                with_gateway_since: None,
                row,
            });
        }
        reference.entries.sort_by_key(|entry| entry.row.id);
        reference
    }

    fn home(&self, row: &OutboxRow) -> usize {
        let mut gateways = self.gateways.iter();
        gateways
            .position(|gateway| gateway.settings.name == row.gateway)
            .unwrap()
    }

    fn entry(&mut self, id: OutboxId) -> &mut Entry {
        self.entries
            .iter_mut()
            .find(|entry| entry.row.id == id)
            .unwrap()
    }

    pub(super) fn any(
        &self,
        of: prop::sample::Index,
        is_wanted: impl Fn(&OutboxRow) -> bool,
    ) -> Option<OutboxRow> {
        let wanted: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| is_wanted(&entry.row))
            .collect();
        let wanted = (!wanted.is_empty()).then(|| wanted[of.index(wanted.len())])?;
        Some(wanted.row.clone())
    }

    pub(super) fn rows(&self) -> Vec<OutboxRow> {
        self.entries.iter().map(|entry| entry.row.clone()).collect()
    }

    pub(super) fn oldest(&self) -> Option<Millis> {
        let open = self
            .entries
            .iter()
            .filter(|entry| entry.row.state.is_open());
        open.min_by_key(|entry| (entry.queued, entry.row.id))
            .map(|entry| entry.row.queued_at)
    }

    pub(super) fn is_up(&self, gateway: usize) -> bool {
        self.gateways[gateway].is_up
    }

    /// How many wait for a gateway, how many it has, and how many it takes at once.
    pub(super) fn queue_of(&self, gateway: usize) -> (usize, (usize, usize)) {
        let own: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| self.home(&entry.row) == gateway)
            .collect();
        let waiting = own.iter().filter(|entry| entry.waits()).count();
        let in_flight = own
            .iter()
            .filter(|entry| entry.with_gateway_since.is_some())
            .count();
        (waiting, (in_flight, self.gateways[gateway].open))
    }

    pub(super) fn queue(&mut self, now: i64, row: OutboxRow) {
        self.entries.retain(|entry| entry.row.id != row.id);
        let row = OutboxRow {
            state: OutboxState::Queued,
            attempts: 0,
            queued_at: Millis(now),
            next_at: None,
            error: None,
            ..row
        };
        self.entries.push(Entry {
            row,
            queued: now,
            due: now,
            was_cut: false,
            with_gateway_since: None,
        });
        self.entries.sort_by_key(|entry| entry.row.id);
    }

    pub(super) fn link_up(&mut self, gateway: usize) {
        let gateway = &mut self.gateways[gateway];
        gateway.is_up = true;
        gateway.down_since = None;
        gateway.open = gateway.settings.window;
        gateway.rest_ms = 0;
        gateway.rests_until = 0;
    }

    pub(super) fn link_down(&mut self, now: i64, gateway: usize) {
        self.gateways[gateway].is_up = false;
        self.gateways[gateway].down_since.get_or_insert(now);
        let has = |entry: &&Entry| entry.with_gateway_since.is_some();
        let own = self
            .entries
            .iter()
            .filter(|entry| self.home(&entry.row) == gateway);
        let cut: Vec<_> = own.filter(has).map(|entry| entry.row.id).collect();
        for id in cut {
            self.cut(id);
        }
    }

    /// A link that broke is no attempt, and what it left goes first.
    fn cut(&mut self, id: OutboxId) {
        let entry = self.entry(id);
        entry.row.state = OutboxState::Queued;
        entry.row.attempts -= 1;
        entry.row.error = Some(SendError::LinkLost);
        entry.was_cut = true;
        entry.due = 0;
        entry.with_gateway_since = None;
    }

    fn put_off(&mut self, now: i64, id: OutboxId, error: SendError) {
        let attempts = usize::from(self.entry(id).row.attempts);
        let step = (attempts - 1).min(self.ladder_ms.len() - 1);
        let due = now + self.ladder_ms[step];
        let entry = self.entry(id);
        entry.row.state = OutboxState::Deferred;
        entry.row.error = Some(error);
        entry.row.next_at = Some(Millis(due));
        entry.was_cut = false;
        entry.due = due;
    }

    fn end(&mut self, id: OutboxId, error: SendError) {
        let entry = self.entry(id);
        entry.row.state = OutboxState::Failed;
        entry.row.error = Some(error);
        entry.row.next_at = None;
        entry.with_gateway_since = None;
    }

    fn fail(&mut self, id: OutboxId, error: SendError) {
        self.end(id, error);
        self.failed.push(id);
    }

    pub(super) fn take_failed(&mut self) -> Vec<OutboxId> {
        std::mem::take(&mut self.failed)
    }

    pub(super) fn give_up(&mut self, id: OutboxId) -> bool {
        let row = &self.entry(id).row;
        let may = match row.state {
            OutboxState::Queued | OutboxState::Deferred => true,
            OutboxState::Failed => row.error != Some(SendError::ByHand),
            OutboxState::Sending | OutboxState::Sent | OutboxState::Delivered => false,
        };
        if may {
            self.end(id, SendError::ByHand);
        }
        may
    }

    pub(super) fn handle_timeout(&mut self, now: i64) {
        let open = self.entries.iter().filter(|entry| {
            let state = entry.row.state;
            state.is_open() && state != OutboxState::Sending
        });
        let mut old: Vec<_> = open
            .filter(|entry| now - entry.queued >= Millis::DAY)
            .map(|entry| (entry.queued, entry.row.id))
            .collect();
        old.sort();
        for (_, id) in old {
            self.fail(id, SendError::GaveUp);
        }
    }

    pub(super) fn submitted(
        &mut self,
        now: i64,
        gateway: usize,
        id: OutboxId,
        result: Result<String, SubmitFault>,
    ) -> bool {
        let row = self.entry(id).row.clone();
        let home = self.home(&row);
        if home != gateway {
            return false;
        }
        let Some(since) = self.entry(id).with_gateway_since.take() else {
            return false;
        };
        let lane = &mut self.gateways[gateway];
        match result {
            Ok(message_id) => {
                lane.open = (lane.open + 1).min(lane.settings.window);
                lane.rest_ms = 0;
                let row = &mut self.entry(id).row;
                row.state = OutboxState::Sent;
                row.sent_at = Some(Millis(now));
                row.error = None;
                row.message_id = Some(message_id).filter(|id| !id.is_empty());
                self.hear_early(now, gateway);
                return true;
            }
            Err(SubmitFault::LinkLost) => {
                lane.is_up = false;
                self.cut(id);
            }
            Err(SubmitFault::Timeout) => self.put_off(now, id, SendError::Timeout),
            Err(SubmitFault::Status(status)) => {
                match status {
                    0x14 | 0x58 => {
                        let parts = i64::from(self.entry(id).row.parts);
                        self.throttled(now, gateway, since, parts);
                    }
                    0x45 | 0x401 => lane.open = (lane.open / 2).max(1),
                    _ => {}
                }
                let error = SendError::Status(status);
                if matches!(status, 0x0B | 0xC0) {
                    self.fail(id, error);
                } else {
                    self.put_off(now, id, error);
                }
            }
        }
        false
    }

    /// It was not sent, and the gateway rests, unless it rests already.
    fn throttled(&mut self, now: i64, gateway: usize, since: i64, parts: i64) {
        let lane = &mut self.gateways[gateway];
        let mut latest = lane.sent.iter_mut().rev();
        if let Some(sent) = latest.find(|sent| **sent == (since, parts, true)) {
            sent.2 = false;
        }
        if now >= lane.rests_until {
            lane.open = (lane.open / 2).max(1);
            lane.rest_ms = (lane.rest_ms * 2).clamp(1_000, 30_000);
            lane.rests_until = now + lane.rest_ms;
        }
    }

    pub(super) fn report(&mut self, now: i64, gateway: usize, report: DeliveryReport) {
        if report.state == DeliveryState::Pending || self.apply(gateway, &report) {
            return;
        }
        self.early.push((now, gateway, report));
        if self.early.len() > 32 {
            self.early.remove(0);
        }
    }

    fn hear_early(&mut self, now: i64, gateway: usize) {
        for (at, from, report) in std::mem::take(&mut self.early) {
            if now - at >= Millis::MINUTE || (from == gateway && self.apply(gateway, &report)) {
                continue;
            }
            self.early.push((at, from, report));
        }
    }

    fn apply(&mut self, gateway: usize, report: &DeliveryReport) -> bool {
        let Some(id) = self.named_by(gateway, report) else {
            return false;
        };
        if report.state == DeliveryState::Delivered {
            self.entry(id).row.state = OutboxState::Delivered;
        } else {
            self.fail(id, SendError::Undelivered(report.stat.clone()));
        }
        true
    }

    /// What is read as it stands goes before a number that is read as decimal, and that before one in hexadecimal.
    fn named_by(&self, gateway: usize, report: &DeliveryReport) -> Option<OutboxId> {
        let said = bare(&report.message_id);
        let number = seven(&report.recipient);
        if said.is_empty() && number.is_empty() {
            return None;
        }
        let as_decimal = said.parse::<u64>().ok().map(|id| format!("{id:x}"));
        let as_hex = u64::from_str_radix(&said, 16).ok().map(|id| id.to_string());
        for wanted in [Some(said), as_decimal, as_hex].into_iter().flatten() {
            let sent = self.entries.iter().filter(|entry| {
                let ours = entry.row.message_id.as_deref().unwrap_or_default();
                entry.row.state == OutboxState::Sent
                    && self.home(&entry.row) == gateway
                    && bare(ours) == wanted
                    && (number.is_empty() || seven(&entry.row.to) == number)
            });
            let sent: Vec<_> = sent.map(|entry| entry.row.id).collect();
            match sent.as_slice() {
                [] => {}
                [.., _, _] if number.is_empty() => return None,
                [.., last] => return Some(*last),
            }
        }
        None
    }

    /// What leaves: first by gateways that help out, each time by the one for which the fewest wait, then by each its own.
    pub(super) fn pump(&mut self, now: i64) -> Vec<(GatewayName, OutboxId)> {
        let mut left = Vec::new();
        while let Some((gateway, at)) = self.next_by_helpers(now) {
            left.push(self.send(now, gateway, at));
        }
        let helpers: Vec<_> = (0..self.gateways.len())
            .filter(|gateway| self.first_round(now, *gateway).is_some())
            .collect();
        for gateway in 0..self.gateways.len() {
            while !helpers.contains(&gateway)
                && let Some(at) = self.first_own(now, gateway)
                && self.takes(now, gateway, at)
            {
                left.push(self.send(now, gateway, at));
            }
        }
        left
    }

    fn next_by_helpers(&self, now: i64) -> Option<(usize, usize)> {
        let mut may: Vec<_> = (0..self.gateways.len())
            .filter_map(|gateway| {
                let round = self.first_round(now, gateway)?;
                let own = self.first_own(now, gateway);
                let first = own
                    .into_iter()
                    .chain([round])
                    .min_by_key(|at| self.place(*at))?;
                let (waiting, _) = self.queue_of(gateway);
                self.takes(now, gateway, first)
                    .then_some((waiting, gateway, first))
            })
            .collect();
        may.sort_unstable();
        may.first().map(|(_, gateway, at)| (*gateway, *at))
    }

    /// Where an entry stands: what was cut off, the more urgent, the older.
    fn place(&self, at: usize) -> (bool, Priority, Millis, OutboxId) {
        let Entry { row, was_cut, .. } = &self.entries[at];
        (!was_cut, row.priority, row.queued_at, row.id)
    }

    fn first_own(&self, now: i64, gateway: usize) -> Option<usize> {
        let ready = (0..self.entries.len()).filter(|at| self.is_ready(now, *at));
        let own = ready.filter(|at| self.home(&self.entries[*at].row) == gateway);
        own.min_by_key(|at| self.place(*at))
    }

    /// The first of another gateway, long not bound, that may go by this one, which is.
    fn first_round(&self, now: i64, gateway: usize) -> Option<usize> {
        self.round_by(now, gateway).min_by_key(|at| self.place(*at))
    }

    fn round_by(&self, now: i64, gateway: usize) -> impl Iterator<Item = usize> {
        let helper = &self.gateways[gateway];
        let ready = (0..self.entries.len()).filter(move |at| self.is_ready(now, *at));
        ready.filter(move |at| {
            let row = &self.entries[*at].row;
            let home = self.home(row);
            let down_since = self.gateways[home].down_since;
            let is_late = down_since.is_some_and(|since| now - since >= 2 * Millis::MINUTE);
            let reaches =
                helper.settings.reaches.is_empty() || row.to.text().ends_with("9121111111");
            let keeps_number = row.device.is_some() || helper.settings.source_address.is_some();
            helper.is_up && home != gateway && is_late && reaches && keeps_number
        })
    }

    /// What holds back the next that waits for a gateway, and until when.
    pub(super) fn hold(&self, now: i64, gateway: usize) -> Option<(Hold, Option<i64>)> {
        let lane = &self.gateways[gateway];
        let (waiting, (in_flight, open)) = self.queue_of(gateway);
        if waiting == 0 {
            return None;
        }
        let Some(first) = self.first_own(now, gateway) else {
            let own = self.entries.iter();
            let own = own.filter(|entry| self.home(&entry.row) == gateway && entry.waits());
            let due = own.map(|entry| entry.due).min();
            return Some(if lane.is_up {
                (Hold::Retry, due)
            } else {
                (Hold::Link, None)
            });
        };
        if !lane.is_up {
            let goes_round = (0..self.gateways.len()).any(|helper| {
                let is_own = |at: &usize| self.home(&self.entries[*at].row) == gateway;
                self.round_by(now, helper).any(|at| is_own(&at))
            });
            let hold = if goes_round { Hold::Round } else { Hold::Link };
            return Some((hold, None));
        }
        if in_flight >= open {
            return Some((Hold::Response, None));
        }
        let parts = i64::from(self.entries[first].row.parts);
        let (second, half_hour) = (lane.per_second(), lane.per_half_hour());
        // Where both hold it back as long, the one that allows more is named.
        let second = (second.free_at(now, parts), second.most, false);
        let half_hour = (half_hour.free_at(now, parts), half_hour.most, true);
        let (at, most, is_long) = second.max(half_hour);
        if lane.rests_until > now && lane.rests_until >= at {
            return Some((Hold::Rest, Some(lane.rests_until)));
        }
        let hold = if is_long {
            Hold::HalfHour(most)
        } else {
            Hold::Second(most)
        };
        (at > now).then_some((hold, Some(at)))
    }

    fn is_ready(&self, now: i64, at: usize) -> bool {
        let entry = &self.entries[at];
        entry.waits() && entry.due <= now
    }

    /// Whether a gateway takes an entry now: bound, with room, not at rest, and within its pace.
    fn takes(&self, now: i64, gateway: usize, at: usize) -> bool {
        let lane = &self.gateways[gateway];
        let (_, (in_flight, open)) = self.queue_of(gateway);
        let parts = i64::from(self.entries[at].row.parts);
        lane.is_up
            && in_flight < open
            && now >= lane.rests_until
            && lane.per_second().allows(now, parts)
            && lane.per_half_hour().allows(now, parts)
    }

    fn send(&mut self, now: i64, gateway: usize, at: usize) -> (GatewayName, OutboxId) {
        let home = self.home(&self.entries[at].row);
        let lane = &mut self.gateways[gateway];
        let Entry {
            row,
            with_gateway_since,
            ..
        } = &mut self.entries[at];
        if home != gateway {
            row.gateway = lane.settings.name.clone();
            let source = lane.settings.source_address.as_deref();
            row.from = source.map(Address::international).unwrap_or_default();
        }
        row.state = OutboxState::Sending;
        row.attempts += 1;
        row.next_at = None;
        *with_gateway_since = Some(now);
        lane.sent.push((now, i64::from(row.parts), true));
        (row.gateway.clone(), row.id)
    }
}

/// A message id without what gateways write around it.
fn bare(message_id: &str) -> String {
    let lower = message_id.to_lowercase();
    let digits = lower.trim_start_matches("0x");
    digits.chars().skip_while(|c| *c == '0').collect()
}

/// The last seven digits of a number.
fn seven(address: &Address) -> String {
    let digits: Vec<char> = address
        .text()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    digits.iter().rev().take(7).collect()
}
