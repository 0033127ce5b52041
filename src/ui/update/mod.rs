//! What a message changes.

use super::{Effect, Message, Model};
use crate::domain::Millis;

/// Takes a message in at `now`, and says what is to be done outside.
pub fn update(model: &mut Model, now: Millis, message: Message) -> Vec<Effect> {
    model.now = now;
    match message {
        Message::Resize { columns, rows } => (model.columns, model.rows) = (columns, rows),
        Message::Attached(snapshot) => {
            model.detached = None;
            model.facts.begin(*snapshot);
        }
        Message::Detached(why) => model.detached = Some((why, now)),
        Message::DiskFree(percent) => model.disk_free = Some(percent),
        Message::Key(super::Key::Char('q')) => return vec![Effect::Leave],
        Message::Key(_)
        | Message::Paste(_)
        | Message::Tick
        | Message::Event(..)
        | Message::Reply(..) => {}
    }
    Vec::new()
}

/// Brings the lists up to date before a frame is drawn: order, selection, scrolling. Called once for all messages that
/// came together.
pub fn prepare(model: &mut Model) {
    model.lists.people = model.facts.people.keys().copied().collect();
}
