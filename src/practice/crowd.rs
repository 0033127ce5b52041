use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;

use super::dice::Dice;
use super::faults::Fault;
use super::people::{Plan, PracticeConfig};
use super::phone::{Heard, Phone};
use super::scene::Moment;
use super::script::{Act, Script};
use crate::domain::Action;
use crate::protocol::RootKey;
use crate::protocol::smpp::Tick;

/// What the people do.
#[derive(Debug)]
pub(super) enum Deed {
    /// A phone sends a text to the desk.
    Send {
        /// Its number.
        from: String,
        /// The text.
        text: String,
    },
    /// Something goes wrong.
    Fault(Fault),
}

/// People with phones, and what they do according to the script.
pub(super) struct Crowd {
    phones: Vec<Phone>,
    by_number: BTreeMap<String, usize>,
    script: Peekable<Script>,
    dice: Dice,
    speed: u64,
    started_at: Option<Tick>,
    deeds: VecDeque<Deed>,
    sent: u64,
}

impl Crowd {
    pub(super) fn new(config: &PracticeConfig, plan: &Plan) -> Self {
        let mut phones = Vec::new();
        let mut by_number = BTreeMap::new();
        for (at, hire) in plan.hires.iter().enumerate() {
            let number = hire.phone.as_str();
            by_number.insert(number.to_owned(), at);
            phones.push(match &hire.device {
                Some((device, root)) => Phone::with_key(number, *device, root),
                None => Phone::of_2023(number, config.utc_offset_s),
            });
        }
        Self {
            phones,
            by_number,
            script: Script::new(config, plan).peekable(),
            dice: Dice::new(config.seed, "nonces"),
            speed: u64::from(config.speed.max(1)),
            started_at: None,
            deeds: VecDeque::new(),
            sent: 0,
        }
    }

    /// Begins the script, where it has not begun.
    pub(super) fn start(&mut self, now: Moment) {
        self.started_at.get_or_insert(now.tick);
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Moment) {
        while let Some(at) = self.next_step_at()
            && at <= now.tick
        {
            if let Some(step) = self.script.next() {
                self.act(now, step.act);
            }
        }
        for at in 0..self.phones.len() {
            for text in self.phones[at].take_repeats(now.tick, self.speed) {
                self.send(at, text);
            }
        }
    }

    /// When something is due.
    pub(super) fn deadline(&mut self) -> Option<Tick> {
        let speed = self.speed;
        let phones = self.phones.iter().filter_map(|it| it.deadline(speed)).min();
        self.next_step_at().into_iter().chain(phones).min()
    }

    /// Hands an SMS to the phone with this number; false where there is none.
    pub(super) fn hear(&mut self, now: Moment, number: &str, text: &str) -> bool {
        let Some(&at) = self.by_number.get(number) else {
            return false;
        };
        let heard = self.phones[at].hear(now.tick, text, &mut self.dice);
        if let Heard::Refusal(_, Some(again)) = heard {
            self.send(at, again);
        }
        true
    }

    pub(super) fn poll_deed(&mut self) -> Option<Deed> {
        self.deeds.pop_front()
    }

    /// Texts that were sent; receipts and refusals that were understood; messages that wait for theirs.
    pub(super) fn counts(&self) -> (u64, u64, u64, usize) {
        let start = (self.sent, 0, 0, 0);
        self.phones.iter().fold(start, |(sent, yes, no, open), it| {
            let (receipts, refusals) = it.answers();
            (sent, yes + receipts, no + refusals, open + it.waiting())
        })
    }

    fn next_step_at(&mut self) -> Option<Tick> {
        let started_at = self.started_at?;
        let step = self.script.peek()?;
        Some(started_at.after_ms(step.at_ms / self.speed))
    }

    fn act(&mut self, now: Moment, act: Act) {
        match act {
            Act::CheckIn {
                person,
                action,
                note,
            } => self.check_in(now, person, action, note),
            Act::SendAgain { person, from } => {
                let phone = &self.phones[person];
                let Some(text) = phone.last().map(str::to_owned) else {
                    return;
                };
                let from = from.map_or_else(|| phone.number.clone(), |it| it.as_str().to_owned());
                self.put(from, text);
            }
            Act::LoseStorage(person) => self.phones[person].lose_storage(),
            Act::RollBack(person, back) => self.phones[person].roll_back(back),
            Act::Reset(person) => {
                let root = RootKey::from_octets(self.dice.octets());
                self.phones[person].replace_key(&root);
            }
            Act::Sleep(person) => self.phones[person].repeats = false,
            Act::Skew(person, ms) => self.phones[person].skew_ms = ms,
            Act::Stranger { from, text } => self.put(from.as_str().to_owned(), text),
            Act::Fault(fault) => self.deeds.push_back(Deed::Fault(fault)),
        }
    }

    fn check_in(&mut self, now: Moment, person: usize, action: Action, note: &str) {
        let at = (now.tick, now.wall);
        let text = self.phones[person].check_in(at, action, note, &mut self.dice);
        if let Some(text) = text {
            self.send(person, text);
        }
    }

    fn send(&mut self, person: usize, text: String) {
        let from = self.phones[person].number.clone();
        self.put(from, text);
    }

    fn put(&mut self, from: String, text: String) {
        self.sent += 1;
        self.deeds.push_back(Deed::Send { from, text });
    }
}
