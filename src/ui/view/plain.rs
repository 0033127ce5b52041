//! The console as lines of text: for screen readers, pipes, and terminals that cannot place a cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw;
use super::pen::Pen;
use crate::api::{AlarmFact, LogLine, LogWhat};
use crate::ui::Model;
use crate::ui::layout::Layout;
use crate::ui::text;

/// The most columns of a name.
const NAME: usize = 40;

/// What the pane that keys go to shows, a line each, as of the last `prepare`.
pub fn pane_lines(model: &Model) -> Vec<String> {
    let window = Rect::new(0, 0, model.columns, model.rows);
    let mut buffer = Buffer::empty(window);
    let layout = Layout::of(model);
    let mut pen = Pen::new(model, &mut buffer);
    pen.set_colourless(true);
    for (pane, place) in &layout.panes {
        draw(&mut pen, &layout, *pane, place.intersection(window));
    }
    let columns = usize::from(window.width).max(1);
    let rows = buffer.content.chunks(columns).map(|row| {
        let mut line = String::new();
        let mut cells = row.iter();
        while let Some(cell) = cells.next() {
            line.push_str(cell.symbol());
            // The cells that a wide character covers hold nothing of their own.
            for _ in 1..text::width(cell.symbol()) {
                cells.next();
            }
        }
        line.trim_end().to_owned()
    });
    rows.filter(|row| !row.is_empty()).collect()
}

/// The line of that pane that is selected.
pub fn selected_line(model: &Model) -> Option<String> {
    let sign = model.look.glyphs.signs().cursor;
    let lines = pane_lines(model).into_iter();
    let mut selected = lines.filter(|line| line.trim_start().starts_with(sign));
    selected.next()
}

/// How many are in, or why this window is not connected: a sentence.
pub fn status_line(model: &Model) -> String {
    with_pen(model, |pen| {
        if let Some((why, _)) = model.detached {
            return pen.detached(why, 0);
        }
        let totals = model.facts.totals;
        let facts = [
            ("in", &*totals.present.to_string()),
            ("all", &totals.employees.to_string()),
        ];
        pen.say("plain.status", &facts)
    })
}

/// A line of the log: when, who, what.
pub fn log_line(model: &Model, line: &LogLine) -> String {
    with_pen(model, |pen| {
        let at = model.clock_seconds(line.at);
        let what = pen.sentence(line);
        match &line.what {
            LogWhat::Feed(feed) => {
                let who = pen.feed_who(feed, NAME);
                pen.say("plain.feed", &[("at", &at), ("who", &who), ("what", &what)])
            }
            LogWhat::LinkUp { .. }
            | LogWhat::LinkDown { .. }
            | LogWhat::EngineStarted { .. }
            | LogWhat::EngineStopped
            | LogWhat::Desk { .. }
            | LogWhat::Note { .. }
            | LogWhat::OverBound(_) => pen.say("plain.line", &[("at", &at), ("what", &what)]),
        }
    })
}

/// An alarm: what happened, and what to do.
pub fn alarm_line(model: &Model, alarm: &AlarmFact) -> String {
    let name = with_pen(model, |pen| pen.alarm_person(alarm));
    let name = name.as_deref();
    let text = model.words.alarm_text(&alarm.kind, name, alarm.count);
    let act = model.act_here(&alarm.kind, name);
    let facts = [("text", &*text), ("act", &act)];
    model.words.say("plain.alarm", &facts)
}

fn with_pen<R>(model: &Model, say: impl FnOnce(&Pen<'_>) -> R) -> R {
    let mut nothing = Buffer::empty(Rect::default());
    say(&Pen::new(model, &mut nothing))
}
