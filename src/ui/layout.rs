//! Which panes stand where, by the size of the window: shared by `view`, which draws them, and `update`, which must know
//! how many rows each shows.

use ratatui::layout::Rect;

use super::model::{Model, Pane};

/// The least width of a window.
pub const LEAST_COLUMNS: u16 = 60;
/// The least height of a window.
pub const LEAST_ROWS: u16 = 16;

/// Where the panes stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The panes, in the order of Tab.
    pub panes: Vec<(Pane, Rect)>,
}

impl Layout {
    /// Lays the screen of `model` out in its window.
    pub fn of(model: &Model) -> Self {
        let body = Rect::new(0, 2, model.columns, model.rows.saturating_sub(5));
        Self {
            panes: vec![(model.pane, body)],
        }
    }

    /// How many rows of a list `pane` shows; 0 where it is not on the screen.
    pub fn list_rows(&self, pane: Pane) -> usize {
        let place = self.panes.iter().find(|(shown, _)| *shown == pane);
        place.map_or(0, |(_, place)| usize::from(place.height.saturating_sub(2)))
    }
}
