use crate::domain::Action;
use crate::ui::model::Screen;

/// What somebody at the console wants, by key or by name.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intent {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Opens what is selected.
    Open,
    /// Goes back.
    Back,
    /// The next pane.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// A screen.
    Show(Screen),
    /// Reports, which come with a later part.
    Reports,
    /// The log of the person that is selected, or of all again.
    LogOf,
    /// Acknowledges the alarm that is selected, or the one that is shown.
    Acknowledge,
    /// Acknowledges all alarms.
    AcknowledgeAll,
    /// Retries the receipt or unreadable message that is selected.
    Retry,
    /// Retries all failed answers.
    RetryFailed,
    /// Gives up on the entry of the outbox that is selected.
    GiveUp,
    /// Finds as one types.
    Find,
    /// Marks by hand, asked for in or out.
    Mark,
    /// Marks in or out by hand.
    MarkAs(Action),
    /// The next order of people.
    Order,
    /// Writes a note.
    Note,
    /// The day before.
    EarlierDay,
    /// The day after.
    LaterDay,
    /// The next kind of lines in the log.
    Kind,
    /// Takes back the last act.
    Undo,
    /// Pauses the live pane, or lets it go on.
    Pause,
    /// Hushes the bell.
    Hush,
    /// Zooms the pane, or back.
    Zoom,
    /// Shelves the alarm that is selected.
    Shelve,
    /// The pane as plain text, or back.
    Plain,
    /// Copies the line that is selected.
    Copy,
    /// Shows phone numbers in full for a minute.
    Unmask,
    /// The next theme.
    NextTheme,
    /// ASCII alone, or Unicode.
    NextGlyphs,
    /// Help.
    Help,
    /// Acts by name.
    Commands,
    /// Starts the reception where none is running.
    Start,
    /// Closes this window.
    Leave,
    /// Paints anew.
    Redraw,
}
