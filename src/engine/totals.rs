//! Numbers of the whole desk. None of them is counted anew: they are told after all that was decided together.

use super::core::Engine;
use super::facts::count;
use crate::api::{Event, Totals};

impl Engine {
    /// The numbers as they are now.
    pub(super) fn totals(&self) -> Totals {
        let tally = self.outbox.tally();
        Totals {
            employees: count(self.roster.employees.len()),
            present: count(self.day.present()),
            outbox_waiting: count(tally.waiting()),
            outbox_sending: count(tally.sending()),
            outbox_failed: count(tally.failed().len()),
            outbox_oldest: self.outbox.oldest(),
            alarms_new: self.alarms_new,
        }
    }

    /// Tells the consoles, where the numbers are others than were told last.
    pub(super) fn publish_totals(&mut self) {
        let totals = self.totals();
        if totals != self.told {
            self.told = totals;
            self.journal.publish(|| Event::Totals(totals));
        }
    }
}
