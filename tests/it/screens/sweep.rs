//! Every size is drawn; `tests/long` draws all of them, here are some.

use hazir::ui::{Glyphs, Look, Model, Theme};
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::fixture::{latin, office, press, settle};
use super::shot::draw;

/// The keys that bring up what can be seen.
pub(crate) const SCREENS: [&str; 16] = [
    "", "v", ">z", ">>", "2", "2~", "2~>", "3", "3_~", "4", "5", "5>v", "!", "?", ":m", "mino",
];

/// Draws every screen of a console in windows of these sizes.
pub(crate) fn sweep(
    look: Look,
    sizes: &(impl Iterator<Item = (u16, u16)> + Clone),
    mut check: impl FnMut(&Model, &Buffer),
) {
    for keys in SCREENS {
        let mut model = office(look, 80, 24);
        latin(&mut model);
        press(&mut model, keys);
        for (columns, rows) in sizes.clone() {
            (model.columns, model.rows) = (columns, rows);
            settle(&mut model);
            check(&model, &draw(&model));
        }
    }
}

#[test]
fn every_size_is_drawn() {
    let sizes = (1..=240)
        .step_by(17)
        .flat_map(|c| (1..=80).step_by(9).map(move |r| (c, r)));
    let mut count = 0;
    sweep(Look::default(), &sizes, |model, buffer| {
        assert_eq!(
            (buffer.area.width, buffer.area.height),
            (model.columns, model.rows)
        );
        count += 1;
    });
    assert_eq!(count, SCREENS.len() * 15 * 9);
}

#[test]
fn ascii_is_ascii_and_mono_has_no_colour() {
    let look = Look {
        theme: Theme::Mono,
        glyphs: Glyphs::Ascii,
    };
    let sizes = [(60, 16), (80, 24), (120, 40), (200, 60)].into_iter();
    sweep(look, &sizes, |_, buffer| {
        for cell in buffer.content() {
            assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    });
}
