//! What a console looks like.

use ratatui::Frame;
use ratatui::text::Line;

use super::Model;

/// Draws the console.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let people = model.facts.people.values();
    let lines: Vec<Line<'_>> = people
        .map(|fact| Line::from(super::text::fit(&fact.name, 20, "…")))
        .collect();
    frame.render_widget(ratatui::text::Text::from(lines), frame.area());
}
