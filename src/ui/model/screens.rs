/// A screen.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Screen {
    /// People, live feed, alarms, link.
    #[default]
    Desk,
    /// The full table; a person.
    People,
    /// Every event.
    Log,
    /// Answers.
    Outbox,
    /// Gateways.
    Link,
    /// Alarms.
    Alarms,
    /// Help.
    Help,
}

/// A pane.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    /// People.
    #[default]
    People,
    /// The live feed.
    Live,
    /// Alarms.
    Alarms,
    /// The person that is selected: no list.
    Person,
    /// The history of the person that is open.
    History,
    /// The log.
    Log,
    /// The line of the log that is open: no list.
    Line,
    /// The outbox.
    Outbox,
    /// Gateways.
    Links,
    /// Arrivals: no list.
    Arrivals,
    /// Reply times: no list.
    Replies,
    /// The last PDUs of a link: no list.
    Pdus,
    /// Link and outbox in short: no list.
    Health,
    /// Help.
    Help,
}

impl Screen {
    /// The pane that keys go to when the screen is shown anew.
    pub const fn first_pane(self) -> Pane {
        match self {
            Self::Desk | Self::People => Pane::People,
            Self::Log => Pane::Log,
            Self::Outbox => Pane::Outbox,
            Self::Link => Pane::Links,
            Self::Alarms => Pane::Alarms,
            Self::Help => Pane::Help,
        }
    }
}
