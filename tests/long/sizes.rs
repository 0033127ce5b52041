use hazir::ui::{Glyphs, Look, Theme};
use ratatui::style::Color;

use super::screens::sweep::sweep;

#[test]
fn every_size_is_drawn() {
    let sizes = (1..=240).flat_map(|columns| (1..=80).map(move |rows| (columns, rows)));
    sweep(Look::default(), &sizes, |model, buffer| {
        assert_eq!(
            (buffer.area.width, buffer.area.height),
            (model.columns, model.rows)
        );
    });
}

#[test]
fn many_sizes_are_drawn_in_ascii_without_colour() {
    let look = Look {
        theme: Theme::Mono,
        glyphs: Glyphs::Ascii,
    };
    let sizes = (60..=240)
        .step_by(7)
        .flat_map(|columns| (16..=80).step_by(3).map(move |rows| (columns, rows)));
    sweep(look, &sizes, |_, buffer| {
        for cell in buffer.content() {
            assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    });
}
