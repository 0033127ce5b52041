use std::collections::{BTreeMap, VecDeque};

use super::acts::Acts;
use super::alarms::Alarms;
use super::bounds::Bounds;
use super::clock::ClockWatch;
use super::copies::Copies;
use super::facts;
use super::health::LOOK_MS;
use super::journal::Journal;
use super::links::Link;
use super::loading::{as_written, restore_outbox};
use super::numbers::Numbers;
use super::outbox::{Change, Outbox};
use super::parts::Parts;
use super::presence::Day;
use super::roster::Roster;
use super::settings::{Calendar, Settings};
use super::statuses::is_throttling;
use super::{Now, Then, Tick};
use crate::api::{Event, Totals};
use crate::domain::{
    AlarmKind, DeviceId, Digest, DownCause, EmployeeId, Entry, GatewayName, LinkEvent, LinkOrder,
    Millis, OutboxId, PersonState, StopCause, SubmitFault,
};
use crate::protocol::StoreKey;
use crate::store::{Archive, Batch, Loaded, Meta, StoreError};

/// How often the store is told that the engine is alive, and counters are written: what was counted is durable
/// within a minute.
const ALIVE_MS: i64 = 60 * 1_000;

/// Where randomness comes from: the operating system, or a seed in a simulation.
pub trait Entropy: Send {
    /// Fills `octets`.
    fn fill(&mut self, octets: &mut [u8]);
}

/// Why an engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store was written under another store key.
    #[error("the store key is not the one that this store was written under")]
    StoreKey,
    /// A device's key does not open.
    #[error("the sealed key of device {0} does not open")]
    DeviceKey(DeviceId),
}

/// The brain of a desk.
#[expect(
    missing_debug_implementations,
    reason = "it holds keys, and nothing of it belongs in a log"
)]
pub struct Engine {
    pub(super) settings: Settings,
    pub(super) entropy: Box<dyn Entropy>,
    pub(super) store_key: StoreKey,
    pub(super) roster: Roster,
    pub(super) numbers: Numbers,
    pub(super) calendar: Calendar,
    pub(super) people: BTreeMap<EmployeeId, PersonState>,
    pub(super) outbox: Outbox,
    /// Memory for what an input changes of the outbox.
    changed: Vec<(OutboxId, Change)>,
    pub(super) links: BTreeMap<GatewayName, Link>,
    pub(super) alarms: Alarms,
    /// When the links are looked at next.
    pub(super) look_at: Tick,
    pub(super) bounds: Bounds,
    pub(super) parts: Parts,
    pub(super) clock: ClockWatch,
    pub(super) journal: Journal,
    pub(super) acts: Acts,
    pub(super) day: Day,
    /// Alarms that nobody has seen and that are not out of sight.
    pub(super) alarms_new: u32,
    /// The numbers of the desk that the consoles were told last.
    pub(super) told: Totals,
    pub(super) started_at: Millis,
    /// The last envelopes from an employee's number that did not open since one did.
    pub(super) unopened: BTreeMap<EmployeeId, VecDeque<Digest>>,
    pub(super) restored_at: Option<Millis>,
    key_check: Vec<u8>,
    history: u64,
    pub(super) copies: Copies,
    /// Counters of gateways that the configuration has no more.
    idle_gateways: BTreeMap<GatewayName, crate::store::GatewayCounters>,
    pub(super) meta_changed: bool,
    /// Something was counted, which is written with the next that must be, or within a minute.
    counted: bool,
    /// Whether messages are taken in: a command that runs without an engine does not keep the desk alive.
    pub(super) runs: bool,
    /// Until when an engine was surely running, as the store says.
    alive_at: Option<Millis>,
    alive: Tick,
}

impl Engine {
    /// Sets an engine up from what the store holds.
    ///
    /// # Errors
    /// [`StartError`] where `store_key` is not the one that the store was written under.
    pub fn new(
        settings: Settings,
        store_key: StoreKey,
        mut loaded: Loaded,
        mut entropy: Box<dyn Entropy>,
        now: Now,
    ) -> Result<Self, StartError> {
        let mut meta = std::mem::take(&mut loaded.meta);
        let is_new = meta.key_check.is_empty();
        if is_new {
            let mut nonce = [0; 12];
            entropy.fill(&mut nonce);
            meta.key_check = store_key.check(nonce);
        } else if !store_key.verify(&meta.key_check) {
            return Err(StartError::StoreKey);
        }
        let has_history = meta.history != 0;
        if !has_history {
            let mut octets = [0; 8];
            entropy.fill(&mut octets);
            meta.history = u64::from_le_bytes(octets).max(1);
        }
        let roster = Roster::load(&mut loaded, &store_key)?;
        let waiting = std::mem::take(&mut loaded.parts);
        let parts = Parts::restore(waiting, &roster, settings.country, now);
        let mut bounds = Bounds::default();
        bounds.turn_hour(now.wall);
        let outbox = restore_outbox(&settings, &mut loaded, now);
        let mut links = BTreeMap::new();
        for gateway in &settings.gateways {
            let counters = meta.gateways.remove(&gateway.name).unwrap_or_default();
            links.insert(gateway.name.clone(), Link::new(now, counters));
        }
        let mut engine = Self {
            roster,
            numbers: Numbers::new(&settings),
            calendar: Calendar::default(),
            people: std::mem::take(&mut loaded.people),
            outbox,
            changed: Vec::new(),
            links,
            alarms: Alarms::new(std::mem::take(&mut loaded.alarms), meta.last_alarm),
            look_at: now.tick.plus_ms(LOOK_MS),
            bounds,
            parts,
            clock: ClockWatch::new(now, settings.released_at),
            journal: Journal::new(loaded.last.as_ref()),
            acts: Acts::default(),
            day: Day::new(&settings, now.wall),
            alarms_new: 0,
            told: Totals::default(),
            started_at: now.wall,
            unopened: BTreeMap::new(),
            restored_at: meta.restored_at,
            key_check: meta.key_check,
            history: meta.history,
            copies: Copies::new(loaded.began_at, meta.backed_up_at, now),
            idle_gateways: meta.gateways,
            meta_changed: is_new || !has_history,
            counted: false,
            runs: false,
            alive_at: meta.alive_at,
            alive: now.tick,
            settings,
            entropy,
            store_key,
        };
        engine.count_day(now);
        engine.count_alarms(now);
        engine.told = engine.totals();
        Ok(engine)
    }

    /// Writes down that the engine starts to take messages in. Without it only requests are served.
    pub fn start(&mut self, now: Now) {
        self.runs = true;
        self.started_at = now.wall;
        self.copies.began_at.get_or_insert(now.wall);
        self.meta_changed = true;
        for link in self.links.values_mut() {
            link.counters.gap_from = link.counters.gap_from.or(self.alive_at);
        }
        let version = self.settings.version.clone();
        let alive_until = self.alive_at;
        self.journal.append(
            now,
            Entry::EngineStarted {
                version,
                alive_until,
            },
        );
        let links = &self.links;
        self.alarms.end_all(now.wall, |kind| match kind {
            AlarmKind::LinkDown { gateway, .. } | AlarmKind::LinkUnstable { gateway } => {
                !links.contains_key(gateway)
            }
            // They are raised anew where they are still true.
            AlarmKind::Store
            | AlarmKind::LinkDeaf { .. }
            | AlarmKind::OutboxStuck { .. }
            | AlarmKind::JournalStopped { .. } => true,
            AlarmKind::BackupOld { .. }
            | AlarmKind::OutboxFailed { .. }
            | AlarmKind::TwoPlaces { .. }
            | AlarmKind::Key { .. }
            | AlarmKind::UnknownSenders => false,
        });
        self.finish(now);
    }

    /// Writes down that the engine stops in order.
    pub fn stop(&mut self, now: Now) {
        if let Some(over) = self.bounds.take_over() {
            self.journal.append(now, Entry::OverBound(over));
        }
        for (name, link) in &mut self.links {
            if link.down(now, DownCause::Stopping, now.wall) {
                let entry = Entry::LinkDown {
                    gateway: name.clone(),
                    cause: DownCause::Stopping,
                    heard_at: now.wall,
                };
                self.journal.append(now, entry);
            }
        }
        self.journal.append(
            now,
            Entry::EngineStopped {
                cause: StopCause::Asked,
            },
        );
        self.meta_changed = true;
        self.publish_log();
        self.publish_totals();
        self.journal.publish(|| Event::Stopping);
    }

    /// Takes what a gateway's link tells.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn handle_link(
        &mut self,
        now: Now,
        gateway: &GatewayName,
        event: LinkEvent,
        archive: &dyn Archive,
    ) -> Result<(), StoreError> {
        self.clock.look(now);
        match event {
            LinkEvent::Connecting => self.on_link(now, gateway, |link| link.connecting(now)),
            LinkEvent::Up { connection } => self.link_up(now, gateway, connection),
            LinkEvent::Down {
                cause,
                heard_ms_ago,
            } => {
                self.link_down(now, gateway, cause, heard_ms_ago);
            }
            LinkEvent::Inbound { ticket, sms } => {
                self.take_in_sms(now, gateway, sms, archive)?;
                self.journal
                    .order(gateway, LinkOrder::Answer { ticket, status: 0 });
            }
            LinkEvent::Submitted {
                connection,
                id,
                result,
            } => self.submitted(now, (gateway, connection), id, result),
            LinkEvent::Report(report) => self.outbox.report(now.tick, gateway, report),
            LinkEvent::ReplyTime(ms) => self.on_link(now, gateway, |link| {
                link.replied(now, ms);
                true
            }),
            LinkEvent::Traffic(traffic) => {
                self.counted |= !traffic.faults.is_empty();
                self.on_link(now, gateway, |link| {
                    link.crossed(now, *traffic);
                    false
                });
            }
        }
        self.finish(now);
        Ok(())
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.clock.look(now);
        self.outbox.handle_timeout(now);
        if let Some(over) = self.bounds.turn_hour(now.wall) {
            self.journal.append(now, Entry::OverBound(over));
        }
        self.give_up_parts(now);
        if now.tick >= self.alive.plus_ms(ALIVE_MS) {
            self.meta_changed = true;
        }
        self.finish(now);
    }

    /// When [`Engine::handle_timeout`] is to be called next.
    pub fn deadline(&mut self, now: Now) -> Tick {
        let alive = self.alive.plus_ms(ALIVE_MS);
        let links = self
            .links
            .values()
            .filter_map(|link| link.deadline(now.tick))
            .min();
        let outbox = self.outbox.deadline(now.tick);
        let by_clock = [Some(self.day.end()), self.alarms.comes_back_at()];
        let by_clock = by_clock.into_iter().flatten().min();
        let by_clock = by_clock.map(|at| now.tick.plus_ms(at.ms_since(now.wall).max(0)));
        [
            Some(alive),
            Some(self.look_at),
            links,
            outbox,
            self.parts.deadline(),
            by_clock,
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(alive)
    }

    /// Whether something waits for the disk; what else is unwritten may wait for the next commit.
    pub const fn is_urgent(&self) -> bool {
        self.journal.urgent
    }

    /// Whether there is anything to be written.
    pub fn has_unwritten(&self) -> bool {
        self.journal.has_unwritten()
    }

    /// Whether counters are to be written though nothing else is: once a minute.
    pub fn must_say_alive(&self, now: Now) -> bool {
        (self.meta_changed || self.counted) && now.tick >= self.alive.plus_ms(ALIVE_MS)
    }

    /// Takes the rows to be written.
    pub fn take_batch(&mut self, now: Now) -> Batch {
        self.journal.urgent = false;
        let mut batch = std::mem::take(&mut self.journal.batch);
        for employee in self.journal.take_touched() {
            if let Some(state) = self.people.get(&employee) {
                batch.people.insert(employee, state.clone());
            }
        }
        if self.meta_changed || self.must_say_alive(now) {
            self.meta_changed = false;
            self.counted = false;
            self.alive = now.tick;
            if self.runs {
                self.alive_at = Some(now.wall);
            }
            batch.meta = Some(self.meta());
        }
        batch
    }

    /// Takes what is to be done once everything that was taken before is durable.
    pub fn take_then(&mut self) -> Vec<Then> {
        self.publish_totals();
        self.journal.take_then()
    }

    /// The store cannot be written: raises the alarm, which only those who listen now can see.
    pub fn store_failed(&mut self, now: Now) {
        self.alarms.raise(now.wall, AlarmKind::Store);
        self.publish_alarms(now);
    }

    /// Says whether a console listens: for none, no facts are put together. It may change at any time, as whoever begins
    /// to listen asks for a snapshot first; at the start somebody does.
    pub const fn set_heard(&mut self, is_heard: bool) {
        self.journal.set_heard(is_heard);
    }

    /// How many gateways and employees there are.
    pub fn size(&self) -> (usize, usize) {
        (self.links.len(), self.roster.employees.len())
    }

    /// Says that something was counted.
    pub(super) const fn count(&mut self) {
        self.counted = true;
    }

    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.entropy.fill(&mut octets);
        octets
    }

    /// Carries what changed to the batch, the links and the consoles. Ends every input.
    pub(super) fn finish(&mut self, now: Now) {
        let mut leaving = Vec::new();
        for (gateway, sms) in self.outbox.pump(now) {
            leaving.push(sms.id);
            let connection = self.outbox.connection(&gateway);
            let order = LinkOrder::Submit { connection, sms };
            self.journal.order(&gateway, order);
        }
        for id in self.outbox.take_failed() {
            self.alarms
                .raise(now.wall, AlarmKind::OutboxFailed { last: id });
        }
        let mut changed = std::mem::take(&mut self.changed);
        self.outbox.take_changed(&mut changed);
        for (id, change) in changed.iter().copied() {
            let Some(row) = self.outbox.get(id) else {
                continue;
            };
            if change == Change::Kept {
                self.journal.batch.outbox.insert(id, as_written(row));
            }
            self.journal.publish(|| Event::Outbox(facts::outbox(row)));
        }
        self.changed = changed;
        let unwritten = &self.journal.batch.outbox;
        // What leaves is durable before, also where nothing else waits for the disk.
        self.journal.urgent |= leaving.iter().any(|id| unwritten.contains_key(id));
        for (name, link) in &mut self.links {
            if link.end_drain(now.tick) {
                self.meta_changed = true;
            }
            if link.may_tell(now.tick) {
                let hold = self.outbox.hold(name, now.tick).map(|(hold, _)| hold);
                if link.tells(now.tick, self.outbox.waiting(name), hold) {
                    let fact = facts::link(name, link, &mut self.outbox, now);
                    self.journal.publish(|| Event::Link(fact));
                }
            }
            if let Some(cause) = link.alarm(now.tick) {
                self.alarms.raise(
                    now.wall,
                    AlarmKind::LinkDown {
                        gateway: name.clone(),
                        cause,
                    },
                );
            }
        }
        self.look_at_links(now);
        self.look_at_copies(now);
        self.alarms.bring_back(now.wall);
        self.publish_alarms(now);
        self.turn_day(now);
        self.publish_log();
    }

    /// Tells the consoles of rows that are neither messages nor marks.
    fn publish_log(&mut self) {
        for row in self.journal.take_untold() {
            if let Ok(line) = self.log_line(&row, &[], None) {
                self.journal.publish(|| Event::Log(line));
            }
        }
    }

    fn count_alarms(&mut self, now: Now) {
        self.alarms_new = facts::count(self.alarms.unseen(now.wall).len());
    }

    fn publish_alarms(&mut self, now: Now) {
        let changed = self.alarms.take_changed();
        if changed.is_empty() {
            return;
        }
        self.count_alarms(now);
        for (id, row) in changed {
            match &row {
                Some(row) => {
                    let fact = facts::alarm(row, &self.roster, now.wall);
                    self.journal.publish(|| Event::Alarm(fact));
                }
                None => self.journal.publish(|| Event::AlarmGone(id)),
            }
            self.journal.batch.alarms.insert(id, row);
            self.meta_changed = true;
        }
    }

    fn link_up(&mut self, now: Now, gateway: &GatewayName, connection: u32) {
        self.on_link(now, gateway, |link| {
            link.up(now);
            true
        });
        self.outbox.link_up(gateway, connection);
        self.journal.append(
            now,
            Entry::LinkUp {
                gateway: gateway.clone(),
            },
        );
        let cause = DownCause::Closed;
        self.alarms.end(
            now.wall,
            &AlarmKind::LinkDown {
                gateway: gateway.clone(),
                cause,
            },
        );
    }

    fn link_down(
        &mut self,
        now: Now,
        gateway: &GatewayName,
        cause: DownCause,
        heard_ms_ago: Option<u64>,
    ) {
        let ago_ms = heard_ms_ago.map_or(0, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
        let heard_at = now.wall.plus_ms(-ago_ms);
        let mut was_bound = false;
        self.on_link(now, gateway, |link| {
            was_bound = link.down(now, cause, heard_at);
            true
        });
        self.outbox.link_down(now.tick, gateway);
        if was_bound {
            let entry = Entry::LinkDown {
                gateway: gateway.clone(),
                cause,
                heard_at,
            };
            self.journal.append(now, entry);
            self.meta_changed = true;
            self.link_broke(now, gateway);
        }
    }

    /// A message that was submitted got its response, or none.
    fn submitted(
        &mut self,
        now: Now,
        (gateway, connection): (&GatewayName, u32),
        id: OutboxId,
        result: Result<String, SubmitFault>,
    ) {
        let throttled = matches!(result, Err(SubmitFault::Status(status)) if is_throttling(status));
        let timeout = matches!(result, Err(SubmitFault::Timeout));
        let by = (gateway, connection);
        let taken = self.outbox.submitted(now, by, id, result);
        if let Some(link) = self.links.get_mut(gateway)
            && (taken || throttled || timeout)
        {
            link.counters.submitted += u64::from(taken);
            link.counters.faults.throttled += u64::from(throttled);
            link.counters.faults.timeouts += u64::from(timeout);
            self.counted = true;
        }
    }

    fn on_link(&mut self, now: Now, gateway: &GatewayName, change: impl FnOnce(&mut Link) -> bool) {
        let Some(link) = self.links.get_mut(gateway) else {
            return;
        };
        if change(link) {
            let fact = facts::link(gateway, link, &mut self.outbox, now);
            self.journal.publish(|| Event::Link(fact));
        }
    }

    fn meta(&self) -> Meta {
        let mut gateways = self.idle_gateways.clone();
        let counters = self
            .links
            .iter()
            .map(|(name, link)| (name.clone(), link.counters.clone()));
        gateways.extend(counters);
        Meta {
            key_check: self.key_check.clone(),
            alive_at: self.alive_at,
            restored_at: self.restored_at,
            last_alarm: self.alarms.last(),
            gateways,
            history: self.history,
            backed_up_at: self.copies.backed_up_at,
        }
    }
}
