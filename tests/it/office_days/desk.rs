//! What people at two desks do, and consoles that listen: quick, slow and dead ones.

use hazir::api::{Ask, Command, Event, PersonPresence, Query, Reply, Request, Snapshot};
use hazir::domain::{Action, AlarmId, Millis, OutboxId, OutboxState};
use hazir::engine::{Engine, Now};
use hazir::store::{RedbStore, StoreError};

use super::listener::Listener;
use super::plan::{one_of, within};
use super::process::Planted;
use super::staff::operator;
use super::world::{Happening, World};

const USERS: [&str; 2] = ["mina", "ali"];
/// Events that a slow console may lag behind; a small number, so that it happens.
const QUEUE: usize = 64;

/// An open console.
pub struct Console {
    id: u64,
    listener: Listener,
    /// What it has not heard yet, while it is slow; `None` while it is not.
    missed: Option<Vec<(u64, Event)>>,
}

impl World {
    /// Somebody at one of two desks does something.
    pub fn act(&mut self, about: u64) {
        let mut lot = self.faults.numbers(80, about);
        let user = one_of(&mut lot, &USERS);
        let Some(command) = self.some_command(about) else {
            return;
        };
        let is_mark = matches!(command, Command::Mark { .. });
        self.story(|| format!("{user} {command:?}"));
        self.command(user, command);
        // What is done at a desk and taken back is taken back soon. The next act of 0 would be 0 again, and so without end.
        if is_mark && about != 0 && lot.one_in(2) {
            let after = within(&mut lot, 12 * Millis::MINUTE);
            self.later(after, Happening::Act(about << 8));
        }
    }

    /// Gives a command, as the shell takes it; `None` where no engine runs, or it ended of it.
    pub fn command(&mut self, user: &str, command: Command) -> Option<Reply> {
        let reply = self.request(user, Ask::Command(command))?;
        self.let_go();
        self.plan_wake();
        Some(reply)
    }

    fn request(&mut self, user: &str, asked: Ask) -> Option<Reply> {
        let now = self.now();
        // What is read must be written; while a commit goes on, the engine takes no calls.
        let process = self.process.as_ref()?;
        if process.is_busy() || !self.commit() {
            return None;
        }
        self.dispatch();
        let process = self.process.as_mut()?;
        let reply = ask(user, &mut process.engine, now, asked, &process.store);
        if reply.is_err() {
            self.store_fails();
        }
        reply.ok()
    }

    fn some_command(&mut self, about: u64) -> Option<Command> {
        let mut lot = self.faults.numbers(81, about);
        Some(match lot.below(12) {
            0 => Command::AcknowledgeAll,
            1 => Command::Acknowledge(self.some_alarm(about)?),
            2 => {
                let ahead = 1 + within(&mut lot, 2 * Millis::HOUR);
                Command::Shelve(self.some_alarm(about)?, self.now().wall.plus_ms(ahead))
            }
            3 => Command::GiveUp(self.some_answer(about)?),
            4 => Command::RetryFailed,
            5 => Command::Note {
                employee: None,
                about: None,
                text: format!("note {}", lot.below(16)),
            },
            6..=8 => {
                let count = self.phones.len() as u64;
                let phone = usize::try_from(lot.below(count)).unwrap();
                let ago = within(&mut lot, Millis::HOUR);
                let ago = one_of(&mut lot, &[0, 0, ago]);
                Command::Mark {
                    employee: self.phones[phone].employee,
                    action: one_of(&mut lot, &[Action::In, Action::Out]),
                    at: Some(self.now().wall.plus_ms(-ago)),
                    reason: "no phone".into(),
                }
            }
            _ => Command::Undo,
        })
    }

    fn some_alarm(&mut self, about: u64) -> Option<AlarmId> {
        let Reply::Alarms(alarms) = self.request(USERS[0], Ask::Query(Query::Alarms))? else {
            return None;
        };
        let place = self
            .faults
            .numbers(82, about)
            .below(alarms.len().max(1) as u64);
        let alarm = alarms.get(usize::try_from(place).unwrap())?;
        Some(alarm.id)
    }

    fn some_answer(&mut self, about: u64) -> Option<OutboxId> {
        let snapshot = self.snapshot()?;
        let open = snapshot.outbox.iter().filter(|entry| !entry.is_settled());
        let open: Vec<_> = open.map(|entry| entry.id).collect();
        let place = self
            .faults
            .numbers(83, about)
            .below(open.len().max(1) as u64);
        open.get(usize::try_from(place).unwrap()).copied()
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        let reply = self.request(USERS[0], Ask::Query(Query::Snapshot))?;
        let Reply::Snapshot(snapshot) = reply else {
            return None;
        };
        Some(*snapshot)
    }

    /// Tells the consoles of an event.
    pub fn publish(&mut self, revision: u64, event: &Event) {
        let now = self.now().wall;
        for console in &mut self.consoles {
            match &mut console.missed {
                Some(missed) if missed.len() > QUEUE => {}
                Some(missed) => missed.push((revision, event.clone())),
                None => {
                    if let Err(fault) = console.listener.hear(now, revision, event.clone()) {
                        self.judge.breaks(fault);
                    }
                }
            }
        }
    }

    /// A console hears nothing for a time.
    pub fn slow_console(&mut self, about: u64, ms: i64) {
        let count = self.consoles.len() as u64;
        if count > 0 {
            let place = usize::try_from(about % count).unwrap();
            let console = &mut self.consoles[place];
            console.missed.get_or_insert_default();
            let id = console.id;
            self.later(ms, Happening::ConsoleWakes(id));
        }
    }

    /// A console that was slow hears what it missed; where that was too much, it begins anew.
    pub fn console_wakes(&mut self, id: u64) {
        let now = self.now().wall;
        let place = self.consoles.iter().position(|console| console.id == id);
        let Some(place) = place else {
            return;
        };
        let missed = self.consoles[place].missed.take().unwrap_or_default();
        if missed.len() > QUEUE {
            let Some(snapshot) = self.snapshot() else {
                // A commit goes on: its question waits until the engine takes questions again.
                if let Some(console) = self.consoles.get_mut(place) {
                    console.missed = Some(missed);
                    self.later(Millis::SECOND, Happening::ConsoleWakes(id));
                }
                return;
            };
            let place = self.consoles.iter().position(|console| console.id == id);
            if let Some(place) = place {
                self.consoles[place].listener.begin_anew(now, snapshot);
            }
            return;
        }
        for (revision, event) in missed {
            if let Err(fault) = self.consoles[place].listener.hear(now, revision, event) {
                self.judge.breaks(fault);
            }
        }
    }

    /// A console is gone.
    pub fn drop_console(&mut self, about: u64) {
        let count = self.consoles.len() as u64;
        if count > 0 {
            self.consoles
                .remove(usize::try_from(about % count).unwrap());
        }
    }

    /// An engine that starts now knows what the one that runs knows; and both know who is in, and so do consoles.
    pub fn compare(&mut self) {
        let now = self.now();
        let Some(process) = &mut self.process else {
            return;
        };
        if process.is_busy() {
            return;
        }
        process.engine.handle_timeout(now);
        if !self.commit() {
            return;
        }
        self.dispatch();
        if !self.commit() || self.planted != Planted::Nothing {
            return;
        }
        let Some(mut process) = self.process.take() else {
            return;
        };
        let fresh = self.fresh(&process.store, now);
        if let Some(mut fresh) = fresh {
            let running = facts(&mut process.engine, now, &process.store);
            let known = facts(&mut fresh, now, &process.store);
            if let (Ok(running), Ok(known)) = (running, known) {
                self.compare_facts(now, &running, &known);
            }
        }
        self.process = Some(process);
        self.listen();
        self.plan_wake();
    }

    fn compare_facts(&mut self, now: Now, running: &[Reply], fresh: &[Reply]) {
        for (a, b) in running.iter().zip(fresh) {
            if a != b {
                self.judge
                    .breaks(format!("9: a restart changes what is known: {a:?} {b:?}"));
            }
        }
        let Reply::People(people) = &running[2] else {
            return;
        };
        let day_start = self.settings.day_start(now.wall);
        let has_jumped = self.has_jumped();
        for fact in people {
            let present = self.judge.presences.present(fact.employee, day_start);
            let is_in = present.is_some_and(|(action, _)| action == Action::In);
            let since = present.map(|(_, at)| at);
            let first_in = self.judge.presences.first_in(fact.employee, day_start);
            let is_so = (fact.state == PersonPresence::In) == is_in
                && fact.since == since
                && (has_jumped || fact.first_in == first_in);
            if !is_so {
                self.judge.breaks(format!(
                    "6: {fact:?} should be in: {is_in}, since {since:?}, first {first_in:?}"
                ));
            }
        }
    }

    /// Consoles that listen know what one that begins now does; where too few do, one begins.
    fn listen(&mut self) {
        if self.ways.consoles == 0 {
            return;
        }
        let now = self.now().wall;
        let Some(process) = &mut self.process else {
            return;
        };
        process.engine.set_heard(true);
        let Some(snapshot) = self.snapshot() else {
            return;
        };
        for console in self.consoles.iter().filter(|one| one.missed.is_none()) {
            if let Err(fault) = console.listener.compare(snapshot.clone()) {
                self.judge.breaks(fault);
                return;
            }
        }
        if self.consoles.len() < self.ways.consoles {
            let site = &self.settings;
            let listener = Listener::begin(now, snapshot, site);
            self.consoles_begun += 1;
            self.consoles.push(Console {
                id: self.consoles_begun,
                listener,
                missed: None,
            });
        }
    }
}

fn ask(
    user: &str,
    engine: &mut Engine,
    now: Now,
    ask: Ask,
    store: &RedbStore,
) -> Result<Reply, StoreError> {
    let by = operator(user);
    engine.handle_request(now, Request { by, ask }, store)
}

fn facts(engine: &mut Engine, now: Now, store: &RedbStore) -> Result<Vec<Reply>, StoreError> {
    let mut replies = Vec::new();
    for query in [
        Query::Employees,
        Query::Devices,
        Query::People,
        Query::Alarms,
    ] {
        replies.push(ask(USERS[0], engine, now, Ask::Query(query), store)?);
    }
    let mut after = OutboxId(0);
    loop {
        let query = Ask::Query(Query::Outbox { after });
        let Reply::Outbox { entries, next } = ask(USERS[0], engine, now, query, store)? else {
            return Ok(replies);
        };
        for mut entry in entries {
            if entry.state.is_open() {
                // What is on its way again is told, and not kept.
                entry.state = OutboxState::Queued;
                (entry.attempts, entry.error, entry.next_at) = (0, None, None);
            }
            let entries = vec![entry];
            replies.push(Reply::Outbox {
                entries,
                next: None,
            });
        }
        let Some(next) = next else {
            return Ok(replies);
        };
        after = next;
    }
}
