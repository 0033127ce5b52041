//! An office, its gateways, its phones and what may go wrong, all from one seed, in one thread and in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use hazir::domain::{Digest, Millis};
use hazir::engine::{Now, Settings, Tick};
use hazir::protocol::Status;

use super::air::Sms;
use super::desk::Console;
use super::disk::{Failure, Platter};
use super::faults::{FaultId, Faults, Kind, subject};
use super::judge::Judge;
use super::phones::{Heard, Phone};
use super::plan::{GATEWAYS, Jump, OPEN_MS, Plan, Planned, Point, Scale, Ways, generous, within};
use super::process::{Planted, Process};
use super::smsc::Smsc;
use super::staff::{enrolled, number_of};
use super::wire::Wire;

const HOUR: i64 = Millis::HOUR;
/// How late timers may be looked at while nothing happens.
const NIGHT: i64 = 2 * Millis::HOUR;

/// Octets, of which a story tells the number only.
#[derive(Clone, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.0.get(4..16);
        write!(f, "{} octets", self.0.len())?;
        command.map_or(Ok(()), |command| write!(f, " {command:02x?}"))
    }
}

/// What happens at a moment.
#[derive(Debug)]
pub enum Happening {
    CheckIn(usize, u64),
    /// A phone sends what it holds no receipt for, where it is still in this envelope.
    Again(usize, usize, Digest),
    AtGateway(usize, Sms),
    AtPhone(usize, String),
    ToSmsc(usize, u32, Octets),
    ToDesk(usize, u32, Octets),
    ClosedAtSmsc(usize, u32),
    ClosedAtDesk(usize, u32),
    SmscSays(usize, u32, Octets),
    Unanswered(usize, u32, u32, u64),
    Fault(usize),
    ClockBack(i64),
    Room,
    Start,
    Act(u64),
    Compare,
    ConsoleWakes(u64),
}

/// An office.
pub struct World {
    pub faults: Faults,
    plan: Vec<(FaultId, Planned)>,
    people: usize,
    days: u64,
    pub ways: Ways,
    pub settings: Settings,
    opens_at: i64,
    pub planted: Planted,
    pub disk: Platter,
    /// How the power goes, where it goes.
    pub cut_seed: u64,
    pub process: Option<Process>,
    pub wires: Vec<Wire>,
    pub last_wire: u32,
    pub smscs: Vec<Smsc>,
    pub tick: i64,
    clock_off: i64,
    /// How late timers may be looked at now where nothing waits.
    pub quiet_ms: i64,
    happenings: BTreeMap<(i64, u64), Happening>,
    count: u64,
    pub phones: Vec<Phone>,
    by_number: BTreeMap<String, usize>,
    pub overheard: VecDeque<Sms>,
    pub judge: Judge,
    pub consoles: Vec<Console>,
    pub consoles_begun: u64,
    pub kill_at: Option<Point>,
    pub starts: u64,
    pub commits: u64,
    pub steps: u64,
    told: Option<Vec<String>>,
}

impl World {
    /// An office of `scale` from a seed. Where it is a replay, only some faults strike; where it tells, what happened can
    /// be read afterwards.
    pub fn new(
        seed: u64,
        scale: &Scale,
        planted: Planted,
        only: Option<BTreeSet<FaultId>>,
        tells: bool,
    ) -> Self {
        let plan = Plan::draw(seed, scale);
        let mut world = Self {
            faults: Faults::new(seed, plan.rates, only),
            plan: Vec::new(),
            people: scale.people,
            days: scale.days,
            quiet_ms: plan.ways.quiet_ms,
            ways: plan.ways,
            settings: plan.settings,
            opens_at: plan.opens_at,
            planted,
            disk: Platter::default(),
            cut_seed: 0,
            process: None,
            wires: vec![Wire::default(); GATEWAYS.len()],
            last_wire: 0,
            smscs: vec![Smsc::default(), Smsc::default()],
            tick: 0,
            clock_off: 0,
            happenings: BTreeMap::new(),
            count: 0,
            phones: Vec::new(),
            by_number: BTreeMap::new(),
            overheard: VecDeque::new(),
            judge: Judge::default(),
            consoles: Vec::new(),
            consoles_begun: 0,
            kill_at: None,
            starts: 0,
            commits: 0,
            steps: 0,
            told: tells.then(Vec::new),
        };
        world.judge.late_ms = NIGHT + 2 * world.ways.commit_ms;
        world.faults.is_over = true;
        world.start();
        world.enrol();
        world.faults.is_over = false;
        if planted == Planted::LyingDisk {
            world.disk.lie();
        }
        for (at, id, what) in plan.faults {
            let place = world.plan.len();
            world.plan.push((id, what));
            world.at(at, Happening::Fault(place));
        }
        world
    }

    /// Plays all days, and then on until every phone has its answers.
    pub fn play(&mut self) {
        for day in 0..self.days {
            self.office_day(day);
        }
        self.settle();
    }

    /// What happened, for whoever reads a failure.
    pub fn told(&self) -> &[String] {
        self.told.as_deref().unwrap_or_default()
    }

    /// Notes something for whoever reads a failure.
    pub fn story(&mut self, what: impl FnOnce() -> String) {
        let tick = self.tick;
        if let Some(told) = &mut self.told {
            told.push(format!("{tick:>9} {}", what()));
        }
    }

    /// Whether this goes wrong now.
    pub fn strikes(&mut self, kind: Kind, about: u64) -> bool {
        let strikes = self.faults.strikes(self.tick, kind, about);
        if strikes {
            self.story(|| {
                format!(
                    "fault {}",
                    FaultId {
                        kind,
                        subject: about
                    }
                )
            });
        }
        strikes
    }

    /// A day of nine hours, and its night.
    fn office_day(&mut self, day: u64) {
        let opened = self.tick;
        for person in 0..self.people {
            let mut lot = self.faults.numbers(70, subject(day, person as u64, 0));
            for nth in 0..2 + lot.below(3) {
                let span = if nth == 0 { HOUR / 2 } else { OPEN_MS };
                let at = within(&mut lot, span);
                let about = subject(day, person as u64, nth + 1);
                self.later(at, Happening::CheckIn(person, about));
            }
        }
        let mut lot = self.faults.numbers(71, day);
        for nth in 0..self.ways.acts {
            let at = within(&mut lot, OPEN_MS);
            self.later(at, Happening::Act(subject(day, nth, 0)));
        }
        self.later(within(&mut lot, OPEN_MS), Happening::Compare);
        self.later(OPEN_MS, Happening::Compare);
        self.quiet_ms = self.ways.quiet_ms;
        self.run_until(opened + OPEN_MS + 1);
        self.quiet_ms = NIGHT;
        self.run_until(opened + Millis::DAY);
    }

    /// Nothing goes wrong any more, and people try again: every phone is settled in the end.
    fn settle(&mut self) {
        if self.is_broken() {
            return;
        }
        self.story(|| "nothing goes wrong any more".to_owned());
        self.faults.is_over = true;
        self.kill_at = None;
        self.disk.mend();
        self.quiet_ms = NIGHT;
        self.settings = generous(&self.settings);
        // The new settings count from the next start on.
        self.stop();
        for smsc in &mut self.smscs {
            smsc.away_until = 0;
        }
        // A copy that is late may come once all is settled, and its answer may need more than one try.
        let mut settled = 0;
        for _ in 0..150 {
            let is_settled = self.unsettled().is_empty() && self.judge.open() == 0;
            settled = if is_settled { settled + 1 } else { 0 };
            if self.is_broken() || settled == 2 {
                break;
            }
            self.run_until(self.tick + HOUR);
        }
        self.compare();
        self.judge_the_end();
    }

    fn judge_the_end(&mut self) {
        let unsettled = self.unsettled();
        if !unsettled.is_empty() {
            self.judge
                .breaks(format!("11: without an answer: {unsettled:?}"));
        }
        let open = self.judge.unsettled();
        if !open.is_empty() {
            self.judge
                .breaks(format!("5: neither sent nor given up: {open:?}"));
        }
        let mut lost = Vec::new();
        for one in self.phones.iter().flat_map(|phone| &phone.wanted) {
            let is_recorded = self.judge.count(&one.note) > 0;
            let should = match one.ended {
                Some((_, Status::Recorded)) => Some(true),
                Some(_) if one.undone == 0 => Some(false),
                Some(_) | None => None,
            };
            if should.is_some_and(|should| should != is_recorded) {
                lost.push((one.note.clone(), one.ended));
            }
        }
        if !lost.is_empty() {
            self.judge
                .breaks(format!("1: phone and ledger differ: {lost:?}"));
        }
        if let Some(process) = &self.process {
            self.judge.looks_through(&process.store);
        }
    }

    /// Whether something is wrong.
    pub const fn is_broken(&self) -> bool {
        self.judge.broken.is_some()
    }

    fn unsettled(&self) -> Vec<String> {
        let wanted = self.phones.iter().flat_map(|phone| &phone.wanted);
        let open = wanted.filter(|one| one.is_open());
        open.map(|one| one.note.clone()).collect()
    }

    /// Something happens after a while.
    pub fn later(&mut self, after: i64, happening: Happening) {
        self.at(self.tick + after, happening);
    }

    /// Something happens at a moment.
    pub fn at(&mut self, at: i64, happening: Happening) {
        self.count += 1;
        self.happenings.insert((at, self.count), happening);
    }

    /// What both clocks of the office say.
    pub fn now(&self) -> Now {
        let drift = self.tick * self.ways.drift_ppm / 1_000_000;
        Now {
            wall: Millis(self.opens_at + self.tick + self.clock_off + drift),
            tick: Tick(self.tick),
        }
    }

    fn run_until(&mut self, end: i64) {
        while !self.is_broken() {
            let first = self.happenings.first_key_value();
            let first = first.map_or(i64::MAX, |((at, _), _)| *at);
            let process = self.process.as_ref();
            let engine = process.map_or(i64::MAX, |process| process.wake_at);
            let links = process.iter().flat_map(|process| &process.links);
            let due = links.enumerate().map(|(place, link)| (link.wake_at, place));
            let (link, place) = due.min().unwrap_or((i64::MAX, 0));
            let next = first.min(engine).min(link);
            if next >= end {
                self.tick = end;
                return;
            }
            self.tick = self.tick.max(next);
            self.steps += 1;
            if first == next {
                let (_, happening) = self.happenings.pop_first().unwrap();
                self.happen(happening);
            } else if engine == next {
                self.wake();
            } else {
                self.link_due(place);
            }
            self.judge.look(self.tick);
        }
    }

    fn happen(&mut self, happening: Happening) {
        if self.told.is_some() {
            let what = format!("{happening:?}");
            self.story(|| what);
        }
        match happening {
            Happening::CheckIn(phone, about) => self.check_in(phone, about),
            Happening::Again(phone, place, digest) => {
                let one = &self.phones[phone].wanted[place];
                if one.is_open() && one.last().digest == digest {
                    self.phones[phone].by_hand(self.tick, place);
                    self.send(phone, place);
                }
            }
            Happening::AtGateway(link, sms) => self.at_gateway(link, sms),
            Happening::AtPhone(phone, text) => self.at_phone(phone, &text),
            Happening::ToSmsc(link, wire, octets) => self.smsc_hears(link, wire, &octets.0),
            Happening::ToDesk(link, wire, octets) => self.desk_hears(link, wire, &octets.0),
            Happening::ClosedAtSmsc(link, wire) => self.gone(link, wire),
            Happening::ClosedAtDesk(link, wire) => self.closed_at_desk(link, wire),
            Happening::SmscSays(link, wire, octets) => self.put(link, wire, false, octets.0),
            Happening::Unanswered(link, wire, sequence, nth) => {
                self.unanswered(link, wire, sequence, nth);
            }
            Happening::Fault(place) => self.fault(place),
            Happening::ClockBack(by) => self.turn_clock(by),
            Happening::Room => self.disk.set_room(None),
            Happening::Start => self.start(),
            Happening::Act(about) => self.act(about),
            Happening::Compare => self.compare(),
            Happening::ConsoleWakes(id) => self.console_wakes(id),
        }
    }

    fn fault(&mut self, place: usize) {
        let (id, what) = self.plan[place];
        if !self.faults.may_strike(self.tick, id) {
            return;
        }
        self.story(|| format!("fault {id}: {what:?}"));
        let tick = self.tick;
        match what {
            Planned::Cut { link, up, after } => self.wires[link].cut_after(up, after),
            Planned::HalfOpen { link } => self.go_silent(link),
            Planned::Stall { link, ms, full } => {
                self.wires[link].stall(tick + ms);
                if full {
                    self.wires[link].full_until = tick + ms;
                }
            }
            Planned::Away { link, ms } => {
                self.smscs[link].away_until = tick + ms;
                self.cut(link);
            }
            Planned::Unbind { link } => self.unbind(link),
            Planned::Unasked { link, seed } => self.unasked(link, seed),
            Planned::Kill(Point::Now) => self.kill(),
            Planned::Kill(point) => self.kill_at = Some(point),
            Planned::Stop => self.stop(),
            Planned::PowerCut { calls, seed } => {
                self.cut_seed = seed;
                if calls == 0 {
                    self.power_off();
                } else {
                    self.disk.fail_after(calls, Failure::Power);
                }
            }
            Planned::IoError { calls } => self.disk.fail_after(calls, Failure::Error),
            Planned::DiskFull { room, ms } => {
                self.disk.set_room(Some(room));
                self.later(ms, Happening::Room);
            }
            Planned::Clock { by, back_ms } => {
                let by = match by {
                    Jump::By(by) => by,
                    Jump::ToEpoch => -self.now().wall.0,
                };
                self.turn_clock(by);
                self.later(back_ms, Happening::ClockBack(-by));
                self.later(Millis::MINUTE, Happening::Compare);
            }
            Planned::RollBack { phone, ms } => {
                for place in self.phones[phone].roll_back(tick, tick - ms) {
                    self.send(phone, place);
                }
            }
            Planned::Wipe { phone } => self.phones[phone].wipe(tick),
            Planned::Clone { phone } => self.clone_phone(phone),
            Planned::Stranger { seed } => self.stranger(seed),
            Planned::SlowConsole { ms } => self.slow_console(id.subject, ms),
            Planned::DeadConsole => self.drop_console(id.subject),
        }
    }

    fn turn_clock(&mut self, by: i64) {
        self.clock_off += by;
        self.judge.jumps += 1;
        self.judge.clock_off = self.clock_off;
        // The engine's shell looks at its clock within a minute.
        self.plan_wake();
    }

    /// Whether the office's clock ever jumped.
    pub const fn has_jumped(&self) -> bool {
        self.judge.jumps > 0
    }

    fn check_in(&mut self, phone: usize, about: u64) {
        let mut lot = self.faults.numbers(72, about);
        let now = Millis(self.opens_at + self.tick);
        let phone = match self.phones.iter().rposition(|one| one.owner == phone) {
            Some(clone) if lot.one_in(2) => clone,
            Some(_) | None => phone,
        };
        let off = if self.strikes(Kind::WrongPhoneClock, about) {
            within(&mut lot, 20 * Millis::DAY) - 10 * Millis::DAY
        } else {
            0
        };
        self.phones[phone].clock_off = off;
        let is_long = lot.one_in(4);
        let place = self.phones[phone].check_in(self.tick, &mut lot, now, is_long);
        self.send(phone, place);
    }

    fn at_phone(&mut self, phone: usize, text: &str) {
        match self.phones[phone].hear(self.tick, text) {
            Err(fault) => self.judge.breaks(format!("4: to phone {phone}: {fault}")),
            Ok(Heard::Anew(place)) => self.send(phone, place),
            Ok(Heard::Ended(place, status)) => {
                self.story(|| format!("{phone}.{place} ended: {status:?}"));
            }
            Ok(Heard::Nothing) => {}
        }
    }

    fn enrol(&mut self) {
        let (now, people) = (self.now(), self.people);
        let process = self.process.as_mut().expect("it starts");
        let devices = enrolled(&mut process.engine, &process.store, now, people);
        self.let_go();
        self.plan_wake();
        let seed = self.faults.numbers(73, 0).next();
        for (place, (employee, device, root)) in devices.into_iter().enumerate() {
            let number = number_of(place);
            self.add_phone(Phone::new(seed, place, number, employee, device, root));
        }
    }

    fn add_phone(&mut self, phone: Phone) {
        let tail = phone.number[3..].to_owned();
        self.by_number.insert(tail, phone.place);
        self.phones.push(phone);
    }

    fn clone_phone(&mut self, phone: usize) {
        let place = self.phones.len();
        let number = format!("+989122{place:06}");
        let clone = self.phones[phone].cloned(place, number);
        self.add_phone(clone);
    }

    /// Whose number that is, however it is written.
    pub fn phone_of(&self, number: &str) -> Option<usize> {
        let tail = number.len().checked_sub(10)?;
        self.by_number.get(number.get(tail..)?).copied()
    }

    /// What a run cost and brought, in a line.
    pub fn summary(&self) -> String {
        let [recorded, duplicate, replay, refused, unreadable] = self.judge.tally;
        format!(
            "{} steps, {} commits, {} starts, {} faults; {recorded} recorded, {duplicate} duplicates, {replay} replays, \
             {refused} refused, {unreadable} unreadable",
            self.steps,
            self.commits,
            self.starts,
            self.faults.struck.len()
        )
    }
}
