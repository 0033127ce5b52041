use super::Words;
use crate::api::{FeedOutcome, Problem, Refusal};

impl Words {
    /// Says why the engine turned a request down: a whole sentence.
    pub fn refusal(&self, refusal: &Refusal) -> String {
        let say = |key, name: &str, fact: String| self.say(key, &[(name, &fact)]);
        match refusal {
            Refusal::NoEmployee(id) => say("error.no_employee", "name", id.to_string()),
            Refusal::NoDevice(id) => say("refusal.no_device", "device", id.to_string()),
            Refusal::NoRow(seq) => say("refusal.no_row", "seq", seq.to_string()),
            Refusal::NoAlarm(id) => say("refusal.no_alarm", "id", id.to_string()),
            Refusal::Cards(problems) => match problems.as_slice() {
                [(_, problem)] => say("refusal.card", "problem", self.problem(problem)),
                problems => say("error.import", "lines", problems.len().to_string()),
            },
            Refusal::DeviceTaken(id) => say("refusal.device_taken", "device", id.to_string()),
            Refusal::NothingToRetry(seq) => say("refusal.nothing_to_retry", "seq", seq.to_string()),
            Refusal::NoReason => self.say("refusal.no_reason", &[]),
            Refusal::InTheFuture => self.say("refusal.in_the_future", &[]),
            Refusal::NoteLength => self.say("refusal.note_length", &[]),
            Refusal::NothingToGiveUp(id) => say("refusal.nothing_to_give_up", "id", id.to_string()),
            Refusal::ShelveTime => self.say("refusal.shelve_time", &[]),
            Refusal::NothingToUndo => self.say("refusal.nothing_to_undo", &[]),
            Refusal::Busy => self.say("refusal.busy", &[]),
            Refusal::Store => self.say("error.write_store", &[]),
            Refusal::NotYours => self.say("refusal.not_yours", &[]),
            Refusal::FileExists => self.say("refusal.file_exists", &[]),
            Refusal::Copy(fault) => say("refusal.copy", "why", self.copy_fault(*fault)),
            Refusal::Stopped => self.say("refusal.stopped", &[]),
        }
    }

    /// Says what is wrong with a card: part of a sentence, without a full stop.
    pub fn problem(&self, problem: &Problem) -> String {
        match problem {
            Problem::Name => self.say("problem.name", &[]),
            Problem::PhoneTaken(id) => {
                self.say("problem.phone_taken", &[("employee", &id.to_string())])
            }
            Problem::PhoneTwice => self.say("problem.phone_twice", &[]),
            Problem::Short => self.say("problem.short", &[]),
            Problem::Team => self.say("problem.team", &[]),
        }
    }

    /// The word for what became of a line of the feed, with its reason.
    pub fn outcome(&self, outcome: FeedOutcome) -> String {
        let because = |key, reason: &str| self.say(key, &[("reason", reason)]);
        match outcome {
            FeedOutcome::Recorded => self.say("outcome.recorded", &[]),
            FeedOutcome::Duplicate => self.say("outcome.duplicate", &[]),
            FeedOutcome::Replay => self.say("outcome.replay", &[]),
            FeedOutcome::Refused(reason) => {
                because("outcome.refused", &self.refused_reason(reason))
            }
            FeedOutcome::Unreadable(reason) => {
                because("outcome.unreadable", &self.unreadable_reason(reason))
            }
            FeedOutcome::ByHand => self.say("outcome.by_hand", &[]),
            FeedOutcome::Reversed => self.say("outcome.reversed", &[]),
            FeedOutcome::Imported => self.say("outcome.imported", &[]),
        }
    }
}
