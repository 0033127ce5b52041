use std::collections::VecDeque;

use super::dice::Dice;
use super::faults::Fault;
use super::people::{OLD_PHONE, Plan, PracticeConfig};
use crate::domain::{Action, Msisdn};

/// What a practice shows.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Everybody arrives within three minutes, with the small troubles of a morning; then life goes on.
    #[default]
    Morning,
    /// The gateway goes away for 75 s in the middle of it.
    LinkDown,
    /// Old messages are sent again, and phones come back from old backups.
    Replay,
    /// A stranger sends hundreds of messages a minute, and a phone repeats without end.
    Flood,
    /// The gateway takes seconds to answer, and throttles.
    GatewaySlow,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 5] = [
        Self::Morning,
        Self::LinkDown,
        Self::Replay,
        Self::Flood,
        Self::GatewaySlow,
    ];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::LinkDown => "link-down",
            Self::Replay => "replay",
            Self::Flood => "flood",
            Self::GatewaySlow => "gateway-slow",
        }
    }
}

/// What is done at one moment of a script. People are places in [`Plan::hires`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Somebody comes or goes.
    CheckIn {
        /// Who.
        person: usize,
        /// In or out.
        action: Action,
        /// What they write.
        note: &'static str,
    },
    /// The last message of somebody is sent again, from this number.
    SendAgain {
        /// Whose message.
        person: usize,
        /// From where; `None` is the phone itself.
        from: Option<Msisdn>,
    },
    /// A phone loses all but its key.
    LoseStorage(usize),
    /// A phone goes on from a backup that is so many messages old.
    RollBack(usize, u16),
    /// A phone is reset, and its key is another one from now on.
    Reset(usize),
    /// A phone puts the app to sleep: it repeats nothing any more.
    Sleep(usize),
    /// A phone's clock is ahead by so many milliseconds.
    Skew(usize, i64),
    /// Somebody whom nobody knows writes.
    Stranger {
        /// From where.
        from: Msisdn,
        /// What.
        text: String,
    },
    /// Something goes wrong at the gateway.
    Fault(Fault),
}

/// An act and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds after the first ESME has bound.
    pub at_ms: u64,
    /// What is done.
    pub act: Act,
}

/// All that happens, in its order: a scenario, and then the life of an office without an end. The same configuration
/// gives the same script.
#[derive(Clone, Debug)]
pub struct Script {
    /// What was written down before.
    list: VecDeque<Step>,
    dice: Dice,
    /// Who is in.
    inside: Vec<bool>,
    /// When the last act of the life that goes on was.
    at_ms: u64,
}

/// Places of people with a part to play, where there are so many.
const FORGOTTEN_ANSWER: usize = 1;
const LOST_STORAGE: usize = 2;
const RESET: usize = 4;
const FAILED_RECEIPT: usize = 5;
const WRONG_CLOCK: usize = 6;

/// The last arrival of a morning.
const ARRIVED_MS: u64 = 175_000;
/// After the morning, each person comes or goes about so often.
const EACH_MS: u64 = 360_000;

/// Numbers of strangers, far from those of the people.
const PASSER_BY: usize = 901;
const THIEF: usize = 902;
const PEST: usize = 903;

const NOTES: [&str; 8] = [
    "train late",
    "by bike",
    "dentist, back at 11",
    "otobüs kaçtı",
    "دیر رسیدم",
    "à la poste",
    "key at the porter",
    "zaraz wracam",
];

impl Script {
    /// Writes the script of a scenario for these people.
    pub fn new(config: &PracticeConfig, plan: &Plan) -> Self {
        let numbers: Vec<&Msisdn> = plan.hires.iter().map(|hire| &hire.phone).collect();
        let mut dice = Dice::new(config.seed, "script");
        let mut writer = Writer {
            people: numbers.len(),
            steps: Vec::new(),
        };
        writer.morning(&numbers, &mut dice);
        match config.scenario {
            Scenario::Morning => {}
            Scenario::LinkDown => writer.fault(20_000, Fault::Gone { for_ms: 75_000 }),
            Scenario::Replay => writer.replay(&mut dice),
            Scenario::Flood => writer.flood(&mut dice),
            Scenario::GatewaySlow => {
                writer.fault(5_000, Fault::AnswerSlowly { ms: 3_000 });
                writer.fault(15_000, Fault::Throttle(true));
                writer.fault(90_000, Fault::Throttle(false));
                writer.fault(150_000, Fault::AnswerSlowly { ms: 0 });
            }
        }
        let mut steps = writer.steps;
        steps.sort_by_key(|step| step.at_ms);
        let last_ms = steps.last().map_or(0, |step| step.at_ms);
        Self {
            list: steps.into(),
            dice,
            inside: vec![true; numbers.len()],
            at_ms: last_ms.max(ARRIVED_MS),
        }
    }

    /// Somebody comes or goes, at a pace that suits their number.
    fn life(&mut self) -> Step {
        let people = u64::try_from(self.inside.len()).unwrap_or(1).max(1);
        let pause = (EACH_MS / people).clamp(3_000, 30_000);
        self.at_ms += self.dice.between(pause / 2, pause * 3 / 2);
        let mut person = self.dice.place(self.inside.len());
        if person == RESET {
            person = 0;
        }
        let action = if self.inside[person] {
            Action::Out
        } else {
            Action::In
        };
        self.inside[person] = !self.inside[person];
        let note = note(&mut self.dice);
        Step {
            at_ms: self.at_ms,
            act: Act::CheckIn {
                person,
                action,
                note,
            },
        }
    }
}

impl Iterator for Script {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let step = self.list.pop_front();
        Some(step.unwrap_or_else(|| self.life()))
    }
}

/// Writes the steps that are known before.
struct Writer {
    people: usize,
    steps: Vec<Step>,
}

impl Writer {
    fn morning(&mut self, numbers: &[&Msisdn], dice: &mut Dice) {
        self.arrive(200, 0, "");
        for person in 1..self.people {
            // The first after seven have their own times.
            if person > WRONG_CLOCK {
                let at = dice.between(1_200, ARRIVED_MS);
                let note = note(dice);
                self.arrive(at, person, note);
            }
        }
        if let Some(number) = numbers.get(FORGOTTEN_ANSWER) {
            self.fault(3_000, Fault::LoseAnswer((*number).clone()));
            self.arrive(3_000, FORGOTTEN_ANSWER, "");
        }
        self.arrive(7_000, LOST_STORAGE, "");
        self.of(LOST_STORAGE, 38_000, Act::LoseStorage(LOST_STORAGE));
        self.arrive(39_000, LOST_STORAGE, "new app");
        self.arrive(12_000, OLD_PHONE, "");
        self.of(RESET, 16_000, Act::Reset(RESET));
        self.arrive(16_000, RESET, "");
        self.arrive(27_000, RESET, "once more");
        if let Some(number) = numbers.get(FAILED_RECEIPT) {
            self.fault(22_000, Fault::RejectAnswer((*number).clone()));
            self.of(FAILED_RECEIPT, 22_000, Act::Sleep(FAILED_RECEIPT));
            self.arrive(22_000, FAILED_RECEIPT, "");
        }
        self.of(WRONG_CLOCK, 5_000, Act::Skew(WRONG_CLOCK, 9 * 60_000));
        self.arrive(5_000, WRONG_CLOCK, "");
        self.stranger(31_000, PASSER_BY, "Hello, is this the bakery?".to_owned());
    }

    fn replay(&mut self, dice: &mut Dice) {
        for round in 0..24_u64 {
            let at = 20_000 + round * 6_000;
            let person = dice.place(self.people);
            let from = dice.once_in(2).then(|| super::people::number(THIEF));
            self.add(at, Act::SendAgain { person, from });
            if round % 6 == 1 {
                // A backup gives these two nothing to go on from.
                let person = dice.place(self.people);
                let has_counter = ![OLD_PHONE, RESET].contains(&person);
                let person = if has_counter { person } else { 0 };
                self.add(at + 2_000, Act::RollBack(person, 1));
                self.arrive(at + 3_000, person, "restored");
            }
        }
    }

    fn flood(&mut self, dice: &mut Dice) {
        for round in 0..1_200_u64 {
            let at = 10_000 + round * 150;
            let text = if dice.once_in(3) {
                "WIN A FREE PHONE now".to_owned()
            } else {
                crate::protocol::frame::encode(&dice.octets::<41>())
            };
            self.stranger(at, PEST, text);
            if round % 5 == 0 {
                let act = Act::SendAgain {
                    person: 0,
                    from: None,
                };
                self.add(at, act);
            }
        }
    }

    fn arrive(&mut self, at_ms: u64, person: usize, note: &'static str) {
        let act = Act::CheckIn {
            person,
            action: Action::In,
            note,
        };
        self.of(person, at_ms, act);
    }

    fn stranger(&mut self, at_ms: u64, place: usize, text: String) {
        let from = super::people::number(place);
        self.add(at_ms, Act::Stranger { from, text });
    }

    fn fault(&mut self, at_ms: u64, fault: Fault) {
        self.add(at_ms, Act::Fault(fault));
    }

    /// An act of somebody, where there are so many people.
    fn of(&mut self, person: usize, at_ms: u64, act: Act) {
        if person < self.people {
            self.add(at_ms, act);
        }
    }

    fn add(&mut self, at_ms: u64, act: Act) {
        self.steps.push(Step { at_ms, act });
    }
}

fn note(dice: &mut Dice) -> &'static str {
    if dice.once_in(8) {
        NOTES[dice.place(NOTES.len())]
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(seed: u64, scenario: Scenario, people: usize) -> Vec<Step> {
        let config = PracticeConfig {
            seed,
            scenario,
            people,
            port: 0,
            utc_offset_s: 0,
            speed: 1,
        };
        Script::new(&config, &Plan::draw(&config))
            .take(1_800)
            .collect()
    }

    #[test]
    fn one_seed_gives_one_script_in_its_order() {
        for scenario in Scenario::ALL {
            let steps = script(5, scenario, 40);
            assert_eq!(steps, script(5, scenario, 40));
            assert_ne!(steps, script(6, scenario, 40));
            assert!(steps.is_sorted_by_key(|step| step.at_ms), "{scenario:?}");
            assert_eq!(steps.len(), 1_800);
        }
    }

    #[test]
    fn all_arrive_within_three_minutes_and_the_first_at_once() {
        for people in [1, 3, 40, 800] {
            let mut missing: Vec<usize> = (0..people).collect();
            let steps = script(5, Scenario::Morning, people);
            let first = steps
                .iter()
                .find(|step| matches!(step.act, Act::CheckIn { .. }));
            assert!(first.is_some_and(|step| step.at_ms <= 300));
            for step in steps.iter().filter(|step| step.at_ms <= 180_000) {
                if let Act::CheckIn { person, .. } = step.act {
                    missing.retain(|it| *it != person);
                }
            }
            assert_eq!(missing, Vec::<usize>::new());
        }
    }

    #[test]
    fn notes_fit_one_sms() {
        assert!(NOTES.iter().all(|note| note.len() <= 28));
    }
}
