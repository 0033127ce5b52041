//! Foreign text, cut to the width that a terminal gives it.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::words::safe;

/// Makes foreign text safe and cuts it to `columns`, with an ellipsis where something is left out.
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    let text = safe(text);
    if text.width() <= columns {
        return text.into_owned();
    }
    let room = columns.saturating_sub(ellipsis.width());
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        cut.push_str(grapheme);
    }
    if ellipsis.width() <= columns {
        cut.push_str(ellipsis);
    }
    cut
}
