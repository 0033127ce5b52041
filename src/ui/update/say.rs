//! What is said in the last line of the window.

use crate::ui::Model;
use crate::ui::model::Notice;

/// Says what was done.
pub(super) fn done(model: &mut Model, key: &str, facts: &[(&str, &str)]) {
    let text = model.words.say(key, facts);
    put(model, text, false);
}

/// Says why something could not be done.
pub(super) fn fault(model: &mut Model, key: &str, facts: &[(&str, &str)]) {
    let text = model.words.say(key, facts);
    put(model, text, true);
}

/// Says a sentence that is made already.
pub(super) fn put(model: &mut Model, text: String, is_fault: bool) {
    let at = model.now;
    model.notice = Some(Notice { text, is_fault, at });
}
