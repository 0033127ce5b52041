//! What a dialog asks, in words.

use super::{Dialog, Model, Question};
use crate::domain::Action;

impl Model {
    /// What is asked before something is done: a sentence, and which key does it.
    pub fn question(&self, question: &Question) -> String {
        let say = |key, count: usize| self.words.say(key, &[("count", &count.to_string())]);
        match question {
            Question::Start => say("question.start", 0),
            Question::AcknowledgeAll(count) => say("question.acknowledge_all", *count),
            Question::RetryFailed(count) => say("question.retry_failed", *count),
            Question::GiveUp(id) => {
                let facts = [("id", &*id.to_string()), ("to", &*self.recipient(*id))];
                self.words.say("question.give_up", &facts)
            }
            Question::EndDemo => say("question.end_demo", 0),
        }
    }

    /// What stands before the input of a dialog, or what it asks.
    pub fn prompt(&self, dialog: &Dialog) -> String {
        match dialog {
            Dialog::Ask(question) => self.question(question),
            Dialog::Reason {
                employee, action, ..
            } => {
                let key = match action {
                    None => "question.mark",
                    Some(Action::In) => "question.reason_in",
                    Some(Action::Out) => "question.reason_out",
                };
                self.words
                    .say(key, &[("name", &self.short_name(*employee))])
            }
            Dialog::Note {
                employee, about, ..
            } => {
                let name = employee.map(|employee| self.short_name(employee));
                match (name, about) {
                    (Some(name), None) => {
                        self.words.say("question.note_person", &[("name", &name)])
                    }
                    (name, Some(about)) => {
                        let facts = [
                            ("name", &*name.unwrap_or_default()),
                            ("seq", &*about.to_string()),
                        ];
                        self.words.say("question.note_line", &facts)
                    }
                    (None, None) => self.words.say("question.note", &[]),
                }
            }
            Dialog::Shelve(_) => self.words.say("question.shelve", &[]),
            Dialog::Find(_) => self.words.say("question.find", &[]),
            Dialog::Commands { .. } => self.words.say("question.commands", &[]),
        }
    }

    /// To whom an entry of the outbox goes: the short name where it is known, else the number.
    pub fn recipient(&self, id: crate::domain::OutboxId) -> String {
        let Some(entry) = self.facts.outbox.get(&id) else {
            return String::new();
        };
        let employee = self.line_of(entry.seq).and_then(super::line_employee);
        employee.map_or_else(
            || self.masked(&entry.to),
            |employee| self.short_name(employee),
        )
    }
}
