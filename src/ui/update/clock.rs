//! The clock of the window, which somebody may put back.

use crate::domain::Millis;
use crate::ui::Model;

/// Turns to the time `now`. Where the clock was put back, what the window keeps of moments goes with it: a question would be
/// deaf to keys, the bell hushed and numbers unmasked for as long as the clock was put back by.
pub(super) fn turn(model: &mut Model, now: Millis) {
    let by = now.ms_since(model.now);
    model.now = now;
    if by >= 0 {
        return;
    }
    let cursors = model.cursors.values_mut();
    let moved = cursors.filter_map(|cursor| cursor.moved_at.as_mut());
    let moments = [
        model.dialog.as_mut().map(|(_, at)| at),
        model.notice.as_mut().map(|notice| &mut notice.at),
        model.alarm_line.as_mut().map(|(_, at)| at),
        model.wants.people_at.as_mut(),
        model.wants.pdus_at.as_mut().map(|(_, at)| at),
        model.wants.rest.as_mut().map(|(_, at)| at),
        model.detached.as_mut().map(|(_, at)| at),
        model.paused.as_mut().map(|(at, _)| at),
        model.unmasked_until.as_mut(),
        model.hushed_until.as_mut(),
        model.rang_at.as_mut(),
    ];
    for at in moments.into_iter().flatten().chain(moved) {
        *at = at.plus_ms(by);
    }
}
