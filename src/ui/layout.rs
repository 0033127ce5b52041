//! Which panes stand where, by the size of the window: shared by `view`, which draws them, and `update`, which must know
//! how many rows each shows.

use ratatui::layout::Rect;

use super::model::{Model, Pane, Screen};

/// The least width of a window.
pub const LEAST_COLUMNS: u16 = 60;
/// The least height of a window.
pub const LEAST_ROWS: u16 = 16;

/// From this width on two panes stand beside each other.
const TWO: u16 = 80;
/// From this width on alarms, the selected person, arrivals and the link stand on the desk too.
const MANY: u16 = 120;
/// From this width on there is a third column.
const WIDE: u16 = 200;

/// Lines above the body: header and alarm line.
const ABOVE: u16 = 2;
/// Lines below the body: link line, hint line, notice line.
const BELOW: u16 = 3;

/// Where the panes stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The panes that are shown.
    pub panes: Vec<(Pane, Rect)>,
    /// The panes of this screen in the order of Tab. Where one pane fills the body, Tab brings the others there.
    pub order: Vec<Pane>,
    /// The pane that keys go to: that of the model, or the first one where that is not on this screen.
    pub focus: Pane,
    /// Whether panes have frames.
    is_framed: bool,
    /// How many alarms and gateways there are: what is below their lists begins after the last one.
    alarms: usize,
    links: usize,
}

impl Layout {
    /// Lays the screen of `model` out in its window.
    pub fn of(model: &Model) -> Self {
        let body = body(model.columns, model.rows);
        let shown = screen(model, body);
        let order: Vec<Pane> = shown.iter().map(|(pane, _)| *pane).collect();
        let focus = order.iter().copied().find(|pane| *pane == model.pane);
        let focus = focus.or(order.first().copied()).unwrap_or_default();
        let is_log = model.screen == Screen::Log && model.columns < MANY;
        let is_single = model.columns < TWO || model.is_zoomed || model.is_plain || is_log;
        Self {
            panes: if is_single {
                vec![(focus, body)]
            } else {
                shown
            },
            order,
            focus,
            is_framed: !model.is_plain,
            alarms: model.lists.alarms.len(),
            links: model.lists.links.len(),
        }
    }

    /// The pane that Tab goes to, or with `is_back` Tab with shift.
    pub fn next(&self, is_back: bool) -> Pane {
        let count = self.order.len().max(1);
        let at = self.order.iter().position(|pane| *pane == self.focus);
        let step = if is_back { count - 1 } else { 1 };
        let to = (at.unwrap_or_default() + step) % count;
        self.order.get(to).copied().unwrap_or(self.focus)
    }

    /// How many rows of a list `pane` shows; 0 where it is not on the screen.
    pub fn list_rows(&self, pane: Pane) -> usize {
        let place = self.panes.iter().find(|(shown, _)| *shown == pane);
        let Some((_, place)) = place else {
            return 0;
        };
        let rows = usize::from(self.inner(*place).height);
        match pane {
            // Below a head, and above what is known of the selected answer.
            Pane::Outbox if rows >= 8 => rows - 5,
            // Above the sentence of the selected act.
            Pane::Help if rows >= 8 => rows - 3,
            Pane::People | Pane::Log | Pane::Outbox => rows.saturating_sub(1),
            Pane::Live | Pane::History | Pane::Help => rows,
            Pane::Alarms => rows.saturating_sub(alarm_rows(rows)).min(self.alarms),
            Pane::Links => (rows / 3).max(1).min(self.links).min(rows),
            Pane::Person
            | Pane::Line
            | Pane::Arrivals
            | Pane::Replies
            | Pane::Pdus
            | Pane::Health => 0,
        }
    }

    /// What of `place` is inside its frame.
    pub fn inner(&self, place: Rect) -> Rect {
        let edge = u16::from(self.is_framed);
        Rect {
            x: place.x + edge.min(place.width),
            y: place.y + edge.min(place.height),
            width: place.width.saturating_sub(2 * edge),
            height: place.height.saturating_sub(2 * edge),
        }
    }
}

/// The lines between the alarm line and the link line.
pub fn body(columns: u16, rows: u16) -> Rect {
    let height = rows.saturating_sub(ABOVE + BELOW);
    Rect::new(0, ABOVE.min(rows), columns, height)
}

/// Below the list of alarms, this many of `rows` say what the selected one is about and what to do.
const fn alarm_rows(rows: usize) -> usize {
    match rows {
        0..=3 => 0,
        4..=8 => 3,
        9..=13 => 5,
        _ => 8,
    }
}

fn screen(model: &Model, body: Rect) -> Vec<(Pane, Rect)> {
    if model.pane == Pane::Line && model.line.is_some() && model.screen != Screen::Log {
        return vec![(Pane::Line, body)];
    }
    match model.screen {
        Screen::Desk => desk(body),
        Screen::People => people(model, body),
        Screen::Log => log(model, body),
        Screen::Outbox => vec![(Pane::Outbox, body)],
        Screen::Link => link(body),
        Screen::Alarms => vec![(Pane::Alarms, body)],
        Screen::Help => vec![(Pane::Help, body)],
    }
}

fn desk(body: Rect) -> Vec<(Pane, Rect)> {
    if body.width < TWO {
        // One at a time: their places do not count.
        return [Pane::People, Pane::Live, Pane::Alarms, Pane::Health]
            .map(|pane| (pane, body))
            .into();
    }
    if body.width < MANY {
        let (people, live) = across(body, body.width * 23 / 40);
        return vec![(Pane::People, people), (Pane::Live, live)];
    }
    if body.width < WIDE {
        return desk_of_two_columns(body);
    }
    desk_of_three_columns(body)
}

/// Heights from which more panes fit under each other.
const LOW: u16 = 15;
const HIGH: u16 = 30;

fn desk_of_two_columns(body: Rect) -> Vec<(Pane, Rect)> {
    let (left, right) = across(body, body.width * 11 / 20);
    if body.height < LOW {
        return vec![(Pane::People, left), (Pane::Live, right)];
    }
    if body.height < HIGH {
        let (alarms, rest) = down(right, 7);
        if body.height < 24 {
            return vec![
                (Pane::People, left),
                (Pane::Live, rest),
                (Pane::Alarms, alarms),
            ];
        }
        let (live, person) = down(rest, rest.height - 9);
        return vec![
            (Pane::People, left),
            (Pane::Live, live),
            (Pane::Alarms, alarms),
            (Pane::Person, person),
        ];
    }
    let (people, arrivals) = down(left, left.height - 10);
    let (alarms, rest) = down(right, 9);
    let (rest, health) = down(rest, rest.height - 10);
    let (live, person) = down(rest, rest.height - 8);
    vec![
        (Pane::People, people),
        (Pane::Live, live),
        (Pane::Alarms, alarms),
        (Pane::Person, person),
        (Pane::Arrivals, arrivals),
        (Pane::Health, health),
    ]
}

fn desk_of_three_columns(body: Rect) -> Vec<(Pane, Rect)> {
    let (left, rest) = across(body, body.width * 3 / 8);
    let (middle, right) = across(rest, rest.width / 2);
    if body.height < LOW {
        return vec![
            (Pane::People, left),
            (Pane::Live, middle),
            (Pane::Outbox, right),
        ];
    }
    if body.height < HIGH {
        let (alarms, live) = down(middle, 7);
        let (person, outbox) = down(right, body.height / 2);
        return vec![
            (Pane::People, left),
            (Pane::Live, live),
            (Pane::Alarms, alarms),
            (Pane::Person, person),
            (Pane::Outbox, outbox),
        ];
    }
    let (people, arrivals) = down(left, left.height - 12);
    let (alarms, rest) = down(middle, 12);
    let (live, health) = down(rest, rest.height - 12);
    let (person, rest) = down(right, 12);
    let (history, outbox) = down(rest, rest.height / 2);
    vec![
        (Pane::People, people),
        (Pane::Live, live),
        (Pane::Alarms, alarms),
        (Pane::Person, person),
        (Pane::History, history),
        (Pane::Outbox, outbox),
        (Pane::Arrivals, arrivals),
        (Pane::Health, health),
    ]
}

fn people(model: &Model, body: Rect) -> Vec<(Pane, Rect)> {
    let is_open = model.person.as_ref().is_some_and(|page| page.is_open);
    if is_open {
        let (person, history) = if body.width < MANY {
            down(body, (body.height / 2).clamp(5.min(body.height), 14))
        } else {
            across(body, body.width * 9 / 20)
        };
        return vec![(Pane::History, history), (Pane::Person, person)];
    }
    if body.width < MANY {
        return vec![(Pane::People, body)];
    }
    let (table, rest) = across(body, body.width * 3 / 5);
    let (person, history) = down(rest, (rest.height / 2).min(14));
    vec![
        (Pane::People, table),
        (Pane::Person, person),
        (Pane::History, history),
    ]
}

fn log(model: &Model, body: Rect) -> Vec<(Pane, Rect)> {
    if model.line.is_none() {
        return vec![(Pane::Log, body)];
    }
    let (log, line) = across(body, body.width * 11 / 20);
    vec![(Pane::Line, line), (Pane::Log, log)]
}

fn link(body: Rect) -> Vec<(Pane, Rect)> {
    let (links, replies, pdus) = if body.width < MANY {
        let (links, below) = down(body, (body.height * 3 / 5).max(11.min(body.height)));
        let (pdus, replies) = across(below, below.width / 2);
        (links, replies, pdus)
    } else {
        let (left, pdus) = across(body, body.width / 2);
        let (links, replies) = down(left, (left.height * 3 / 5).max(13.min(left.height)));
        (links, replies, pdus)
    };
    vec![
        (Pane::Links, links),
        (Pane::Replies, replies),
        (Pane::Pdus, pdus),
    ]
}

/// The first `width` columns of `place`, and the others.
fn across(place: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(place.width);
    let left = Rect { width, ..place };
    let right = Rect {
        x: place.x + width,
        width: place.width - width,
        ..place
    };
    (left, right)
}

/// The first `height` lines of `place`, and the others.
fn down(place: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(place.height);
    let top = Rect { height, ..place };
    let bottom = Rect {
        y: place.y + height,
        height: place.height - height,
        ..place
    };
    (top, bottom)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use jiff::civil::Time;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::{EmployeeId, Millis};
    use crate::ui::model::PersonPage;
    use crate::ui::{Look, Site};
    use crate::words::{Language, Words};

    fn model() -> Model {
        let site = Site {
            name: String::new(),
            time_zone: TimeZone::UTC,
            day_starts: Time::midnight(),
            gateways: Vec::new(),
            desk: String::new(),
            is_demo: false,
        };
        let words = Arc::new(Words::load(Language::English));
        Model::new(site, words, Look::default(), Millis(0), 80, 24)
    }

    const SCREENS: [Screen; 7] = [
        Screen::Desk,
        Screen::People,
        Screen::Log,
        Screen::Outbox,
        Screen::Link,
        Screen::Alarms,
        Screen::Help,
    ];

    /// Calls `check` for every screen, with and without a person open, in windows of many sizes.
    fn everywhere(check: impl Fn(&mut Model)) {
        let mut model = model();
        for screen in SCREENS {
            model.screen = screen;
            for is_open in [false, true] {
                model.person = is_open.then(|| PersonPage {
                    employee: EmployeeId(1),
                    detail: None,
                    history: Vec::new(),
                    next: None,
                    is_open,
                });
                for columns in (1..=240).step_by(3) {
                    for rows in 1..=80 {
                        (model.columns, model.rows) = (columns, rows);
                        check(&mut model);
                    }
                }
            }
        }
    }

    #[test]
    fn panes_fill_the_body_and_never_overlap() {
        everywhere(|model| {
            let layout = Layout::of(model);
            let body = body(model.columns, model.rows);
            let mut area = 0;
            for (at, (_, place)) in layout.panes.iter().enumerate() {
                assert_eq!(place.intersection(body), *place, "{layout:?}");
                for (_, other) in &layout.panes[..at] {
                    assert_eq!(place.intersection(*other).area(), 0, "{layout:?}");
                }
                area += place.area();
            }
            assert_eq!(area, body.area(), "{layout:?}");
        });
    }

    #[test]
    fn tab_goes_round_all_panes_and_back_and_each_is_shown() {
        everywhere(|model| {
            let layout = Layout::of(model);
            model.pane = layout.focus;
            let mut seen = BTreeSet::new();
            for _ in &layout.order {
                let here = Layout::of(model);
                assert!(here.panes.iter().any(|(pane, _)| *pane == here.focus));
                assert_eq!(here.focus, model.pane);
                seen.insert(model.pane);
                model.pane = here.next(false);
                assert_eq!(Layout::of(model).next(true), here.focus);
            }
            assert_eq!(model.pane, layout.focus);
            assert_eq!(seen.len(), layout.order.len());
        });
    }

    #[test]
    fn lists_have_rows_where_they_are_shown() {
        let mut model = model();
        (model.columns, model.rows) = (80, 24);
        let rows = |model: &Model, pane| Layout::of(model).list_rows(pane);
        assert_eq!(rows(&model, Pane::People), 16);
        assert_eq!(rows(&model, Pane::Live), 17);
        assert_eq!(rows(&model, Pane::Outbox), 0);
        model.is_plain = true;
        assert_eq!(rows(&model, Pane::People), 18);
        assert_eq!(rows(&model, Pane::Live), 0);
    }
}
