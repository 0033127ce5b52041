//! What people at two desks do, and a console that listens.

use hazir::api::{Ask, Command, Query, Reply};
use hazir::domain::{AlarmId, Millis, OutboxId};

use super::{World, ask};
use crate::office_days::listener::Listener;

impl World {
    /// Somebody at one of two desks does something.
    pub(super) fn desk(&mut self) {
        let user = ["mina", "ali"][self.one_of(2)];
        let command = self.some_command();
        self.story.push(format!("          {user} {command:?}"));
        let _done = self.command_of(user, command);
    }

    /// A console that listens knows what one that begins now does; where none listens, one begins.
    pub(super) fn listen(&mut self) {
        self.dispatch();
        let snapshot = self.query(Query::Snapshot);
        let Reply::Snapshot(snapshot) = snapshot else {
            panic!("no snapshot")
        };
        match &self.listener {
            Some(listener) => listener.compare(*snapshot),
            None => self.listener = Some(Listener::begin(self.now().wall, *snapshot)),
        }
    }

    fn query(&mut self, query: Query) -> Reply {
        let now = self.now();
        let (engine, store) = (self.engine.as_mut().unwrap(), self.store.as_ref().unwrap());
        ask(engine, now, Ask::Query(query), store)
    }

    fn some_command(&mut self) -> Command {
        let place = self.rng.below(16);
        match self.one_of(9) {
            0 => Command::AcknowledgeAll,
            1 => match self.some_alarm() {
                Some(id) => Command::Acknowledge(id),
                None => Command::Undo,
            },
            2 => match self.some_alarm() {
                Some(id) => {
                    let ahead = 1 + self.within(2 * Millis::HOUR);
                    Command::Shelve(id, self.now().wall.plus_ms(ahead))
                }
                None => Command::Undo,
            },
            3 => match self.some_answer() {
                Some(id) => Command::GiveUp(id),
                None => Command::RetryFailed,
            },
            4 => Command::RetryFailed,
            5 => Command::Note {
                employee: None,
                about: None,
                text: format!("note {place}"),
            },
            _ => Command::Undo,
        }
    }

    fn some_alarm(&mut self) -> Option<AlarmId> {
        let Reply::Alarms(alarms) = self.query(Query::Alarms) else {
            panic!("no alarms")
        };
        let place = self.one_of(alarms.len().max(1));
        alarms.get(place).map(|alarm| alarm.id)
    }

    fn some_answer(&mut self) -> Option<OutboxId> {
        let Reply::Snapshot(snapshot) = self.query(Query::Snapshot) else {
            panic!("no snapshot")
        };
        let open = snapshot.outbox.iter().filter(|entry| !entry.is_settled());
        let open: Vec<_> = open.map(|entry| entry.id).collect();
        let place = self.one_of(open.len().max(1));
        open.get(place).copied()
    }
}
