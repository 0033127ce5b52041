//! Acts by name.

use crate::ui::Model;
use crate::ui::keys::{Entry, Intent, TABLE};
use crate::ui::model::{Sought, fold};

/// The acts that a text may mean, the best first: those whose name begins so, then those with words that begin so, then
/// those whose name or sentence has the words somewhere.
pub(super) fn find(model: &Model, typed: &str) -> Vec<Intent> {
    let typed = fold(typed.trim()).replace(['-', '_'], " ");
    let mut found: Vec<(u8, usize)> = TABLE
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| Some((rank(model, entry, &typed)?, at)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, at)| TABLE[at].intent).collect()
}

fn rank(model: &Model, entry: &Entry, typed: &str) -> Option<u8> {
    let begins = |word: &str| {
        entry
            .name
            .split(' ')
            .any(|of_name| of_name.starts_with(word))
    };
    if entry.name == typed {
        return Some(0);
    }
    if entry.name.starts_with(typed) {
        return Some(1);
    }
    if typed.split(' ').all(begins) {
        return Some(2);
    }
    let sought = Sought::new(typed);
    if sought.is_in(entry.name) {
        return Some(3);
    }
    let about = model.words.say(entry.about, &[]);
    sought.is_in(&about).then_some(4)
}
