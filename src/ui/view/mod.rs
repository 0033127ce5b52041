//! What a console looks like: a pure function of the model. Header, alarm line, link line, hint line and notice line stand
//! at every size; between them the panes of [`Layout`].

mod alarms;
mod arrivals;
mod dialog;
mod feed;
mod foot;
mod header;
mod health;
mod help;
mod hints;
mod line;
mod links;
mod live;
mod log;
mod outbox;
mod pdus;
mod pen;
mod people;
mod person;
mod plain;
mod replies;
mod state;
mod time;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Model;
use super::keys::Intent;
use super::layout::{LEAST_COLUMNS, LEAST_ROWS, Layout, body};
use super::look::Role;
use super::model::Pane;
use pen::Pen;

pub use plain::{alarm_line, log_line, pane_lines, selected_line, status_line};

/// Draws the console.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let window = frame.area();
    let mut pen = Pen::new(model, frame.buffer_mut());
    if window.width < LEAST_COLUMNS || window.height < LEAST_ROWS {
        let text = model.words.say("screen.too_small", &[]);
        pen.paragraph(window, 0, &text, Role::Normal);
        return;
    }
    let line = |y| Rect::new(window.x, y, window.width, 1);
    let layout = Layout::of(model);
    let body = body(window.width, window.height);
    pen.header(line(0));
    pen.alarm_line(line(1));
    pen.set_colourless(model.is_plain);
    for (pane, place) in &layout.panes {
        draw(&mut pen, &layout, *pane, place.intersection(body));
    }
    pen.set_colourless(false);
    if model.detached.is_some() {
        pen.dim(body);
    }
    pen.dialog(body);
    pen.link_line(line(body.bottom()));
    pen.hint_line(line(body.bottom() + 1), layout.focus, layout.order.len());
    pen.notice_line(line(body.bottom() + 2));
    if model.detached.is_some() {
        pen.dim(line(body.bottom()));
    }
}

fn draw(pen: &mut Pen<'_>, layout: &Layout, pane: Pane, place: Rect) {
    let is_focus = layout.focus == pane;
    if !pen.model.is_plain {
        let (title, hint) = title(pen, pane);
        pen.frame(place, &title, &hint, is_focus);
    }
    let rows = layout.list_rows(pane);
    let inner = layout.inner(place);
    match pane {
        Pane::People => pen.people(inner, rows, is_focus),
        Pane::Live => pen.live(inner, rows, is_focus),
        Pane::Alarms => pen.alarms(inner, rows, is_focus),
        Pane::Person => pen.person(inner),
        Pane::History => pen.history(inner, rows, is_focus),
        Pane::Log => pen.log(inner, rows, is_focus),
        Pane::Line => pen.open_line(inner),
        Pane::Outbox => pen.outbox(inner, rows, is_focus),
        Pane::Links => pen.links(inner, rows, is_focus),
        Pane::Arrivals => pen.arrivals(inner),
        Pane::Replies => pen.replies(inner),
        Pane::Pdus => pen.pdus(inner),
        Pane::Health => pen.health(inner),
        Pane::Help => pen.help(inner, rows, is_focus),
    }
}

/// What stands above a pane, and what below.
fn title(pen: &Pen<'_>, pane: Pane) -> (String, String) {
    let say = |key| pen.say(key, &[]);
    match pane {
        Pane::People => (pen.people_title(), pen.people_order()),
        Pane::Live => (pen.live_title(), pen.key_hint(Intent::Pause)),
        Pane::Alarms => {
            let hints = [Intent::Acknowledge, Intent::Shelve].map(|intent| pen.key_hint(intent));
            (pen.alarms_title(), hints.join("  "))
        }
        Pane::Person => (pen.person_title(), String::new()),
        Pane::History => (pen.history_title(), String::new()),
        Pane::Log => (say("pane.log"), String::new()),
        Pane::Line => (pen.line_title(), String::new()),
        Pane::Outbox => (pen.outbox_title(), String::new()),
        Pane::Links => (say("pane.links"), String::new()),
        Pane::Arrivals => (pen.arrivals_title(), pen.arrivals_numbers()),
        Pane::Replies => (pen.replies_title(), String::new()),
        Pane::Pdus => (pen.pdus_title(), String::new()),
        Pane::Health => (say("pane.health"), String::new()),
        Pane::Help => (pen.help_title(), String::new()),
    }
}
