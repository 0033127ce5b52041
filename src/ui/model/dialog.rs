use tui_input::Input;

use crate::domain::{Action, AlarmId, EmployeeId, OutboxId, Seq};
use crate::ui::keys::Intent;

/// What is open over the screen and takes the keys.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// A question: `y` does it, everything else does not. Keys are dead for 300 ms after it opened.
    Ask(Question),
    /// The reason of a mark.
    Reason {
        /// Whom.
        employee: EmployeeId,
        /// In or out; `None` asks that first, `i` or `o`.
        action: Option<Action>,
        /// What was typed.
        input: Input,
    },
    /// A note.
    Note {
        /// About whom.
        employee: Option<EmployeeId>,
        /// About which row.
        about: Option<Seq>,
        /// What was typed.
        input: Input,
    },
    /// For how long an alarm is shelved: `1` an hour, `2` four hours, `3` until the day ends.
    Shelve(AlarmId),
    /// Find as one types; [`crate::ui::Model::find`] follows.
    Find(Input),
    /// Acts by name.
    Commands {
        /// What was typed.
        input: Input,
        /// The acts that match, the best first.
        matches: Vec<Intent>,
        /// Which of them is selected.
        selected: usize,
    },
}

/// What is asked before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Reception is not running: start it?
    Start,
    /// Acknowledge so many alarms?
    AcknowledgeAll(usize),
    /// Send so many failed answers again?
    RetryFailed(usize),
    /// Give up on this answer?
    GiveUp(OutboxId),
    /// Leave and end the demo?
    EndDemo,
}
