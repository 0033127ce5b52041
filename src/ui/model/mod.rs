//! All that a console knows and shows. Rows are indices and identities, never widgets, so that `view` borrows it.

mod alarms;
mod asked;
mod curve;
mod dialog;
mod facts;
mod index;
mod lists;
mod marks;
mod screens;
mod select;
mod time;
mod wants;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Time;
use jiff::tz::TimeZone;

pub use dialog::{Dialog, Question};
pub use facts::{Day, Facts};
pub use index::fold;
pub(super) use index::{Index, Sought};
pub use lists::{Cursor, Lists, Order, RowId};
pub use marks::PersonMark;
pub use screens::{Pane, Screen};
pub(super) use select::line_employee;
pub(super) use wants::{Dirty, Receipts, Wants};

use super::Look;
use super::keys::Keys;
use super::message::{Detached, Token};
use crate::api::{Command, LogFilter, LogLine, PersonDetail};
use crate::domain::{AlarmId, EmployeeId, GatewayName, Millis, Seq};
use crate::words::Words;

/// What the configuration says of the desk.
#[derive(Clone, Debug)]
pub struct Site {
    /// Name of the site.
    pub name: String,
    /// Its time zone.
    pub time_zone: TimeZone,
    /// When its day starts.
    pub day_starts: Time,
    /// Its gateways.
    pub gateways: Vec<SiteGateway>,
    /// Name of the desk that this window stands at.
    pub desk: String,
    /// Whether people and phones are invented. Leaving ends a demo.
    pub is_demo: bool,
}

/// What the configuration says of a gateway.
#[derive(Clone, Debug)]
pub struct SiteGateway {
    /// Its name.
    pub name: GatewayName,
    /// Host and port.
    pub address: String,
    /// The number that answers come from; `None` is that which the message was sent to.
    pub source_address: Option<String>,
}

/// A console.
#[derive(Debug)]
pub struct Model {
    /// The desk.
    pub site: Site,
    /// The language.
    pub words: Arc<Words>,
    /// Colours and characters.
    pub look: Look,
    /// The time of the last message.
    pub now: Millis,
    /// Width of the window.
    pub columns: u16,
    /// Its height.
    pub rows: u16,
    /// Why no engine is connected, since when; `None` where one is.
    pub detached: Option<(Detached, Millis)>,
    /// What the engine said.
    pub facts: Facts,
    /// How much of the disk is free, in percent.
    pub disk_free: Option<u8>,
    /// The screen that is shown.
    pub screen: Screen,
    /// Where Esc goes back to.
    pub back: Vec<(Screen, Pane)>,
    /// The pane that keys go to.
    pub pane: Pane,
    /// Where each pane's cursor stands.
    pub cursors: BTreeMap<Pane, Cursor>,
    /// The rows of each pane, made by `prepare`.
    pub lists: Lists,
    /// In which order people stand.
    pub order: Order,
    /// What people's names and lines are looked through for; empty shows all.
    pub find: String,
    /// The person that is selected, or open, whole.
    pub person: Option<PersonPage>,
    /// The line of the log that is open.
    pub line: Option<LogLine>,
    /// What the log screen shows.
    pub log: LogPage,
    /// What is open over the screen, and since when.
    pub dialog: Option<(Dialog, Millis)>,
    /// Since when the live pane is paused, and after which row.
    pub paused: Option<(Millis, Seq)>,
    /// Whether the pane fills the window.
    pub is_zoomed: bool,
    /// Whether the pane stands as plain text, without frames, for the mouse.
    pub is_plain: bool,
    /// Until when phone numbers are shown in full.
    pub unmasked_until: Option<Millis>,
    /// Until when the bell is hushed.
    pub hushed_until: Option<Millis>,
    /// What was done last, or what could not be: the last line of the window.
    pub notice: Option<Notice>,
    /// Requests that wait for their reply, with what they are for.
    pub waiting: BTreeMap<Token, Purpose>,
    /// The last number that a request got.
    pub last_token: Token,
    /// When the bell rang last.
    pub rang_at: Option<Millis>,
    /// The title that the window has.
    pub title: String,
    /// Which key does what.
    pub keys: Keys,
    /// What help is looked through for; empty shows all.
    pub help_find: String,
    /// The alarm of the alarm line when a frame was drawn last, and since when it stands there.
    pub alarm_line: Option<(AlarmId, Millis)>,
    /// Alarms that were rung for.
    pub(super) announced: BTreeSet<AlarmId>,
    /// What is still to be asked.
    pub(super) wants: Wants,
    /// Which lists are not up to date.
    pub(super) dirty: Dirty,
    /// How far answers have come since the last frame.
    pub(super) receipts: Receipts,
    /// People's names in their order.
    pub(super) index: Index,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonPage {
    /// Who.
    pub employee: EmployeeId,
    /// Card, state, phones; `None` until the reply came.
    pub detail: Option<PersonDetail>,
    /// History, the newest first.
    pub history: Vec<LogLine>,
    /// Before which row the next page begins: the highest number where none was asked for, `None` where all is here.
    pub next: Option<Seq>,
    /// Whether it fills the People screen.
    pub is_open: bool,
}

/// The log screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// What is wanted.
    pub filter: LogFilter,
    /// By how many days before today; `None` shows all days.
    pub days_ago: Option<u16>,
    /// The lines, the newest first.
    pub lines: Vec<LogLine>,
    /// Before which row the next page begins; `None` where all is here.
    pub next: Option<Seq>,
}

/// A sentence about what was done, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether it could not be done.
    pub is_fault: bool,
    /// When it was said.
    pub at: Millis,
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An act: its reply is said in the notice.
    Act {
        /// What is done.
        command: Command,
        /// What it is about, in words: a name, an alarm.
        about: String,
    },
    /// Who is in, after cards have changed.
    People,
    /// One line of the log, to be opened.
    Line(Seq),
    /// A person's card and phones.
    Person(EmployeeId),
    /// A page of a person's history.
    History(EmployeeId),
    /// A page of the log for the filter that stood when it was asked.
    Log(LogFilter),
    /// Arrivals of the day that is so many days before today: 0, 7, 14, 21 or 28.
    Arrivals(u8),
    /// A page of the outbox that is not settled.
    Unsettled,
    /// Reply times.
    Replies(GatewayName),
    /// The last PDUs of a link.
    Pdus(GatewayName),
    /// Numbers are shown once this stands in the log.
    Unmask,
}

impl Model {
    /// A console that is not connected yet, in a window of `columns` times `rows`.
    pub fn new(
        site: Site,
        words: Arc<Words>,
        look: Look,
        now: Millis,
        columns: u16,
        rows: u16,
    ) -> Self {
        Self {
            site,
            words,
            look,
            now,
            columns,
            rows,
            detached: Some((Detached::Lost, now)),
            facts: Facts::default(),
            disk_free: None,
            screen: Screen::default(),
            back: Vec::new(),
            pane: Pane::default(),
            cursors: BTreeMap::new(),
            lists: Lists::default(),
            order: Order::default(),
            find: String::new(),
            person: None,
            line: None,
            log: LogPage::default(),
            dialog: None,
            paused: None,
            is_zoomed: false,
            is_plain: false,
            unmasked_until: None,
            hushed_until: None,
            notice: None,
            waiting: BTreeMap::new(),
            last_token: 0,
            rang_at: None,
            title: String::new(),
            keys: Keys::default(),
            help_find: String::new(),
            alarm_line: None,
            announced: BTreeSet::new(),
            wants: Wants::default(),
            dirty: Dirty::ALL,
            receipts: Receipts::default(),
            index: Index::default(),
        }
    }
}
