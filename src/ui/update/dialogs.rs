//! What is open over the screen: questions, lines of input, acts by name.

use tui_input::Input;

use super::input::{SEARCH, TEXT, paste as paste_into};
use super::{acts, goes, palette, say, typed};
use crate::api::Command;
use crate::domain::{AlarmId, Millis};
use crate::ui::keys::{Intent, means};
use crate::ui::model::{Dialog, Model, Question, Screen};
use crate::ui::{Effect, Key};

/// Keys are dead for so long after a question opened: what was typed before is no answer to it.
const DEAD_MS: i64 = 300;

/// Asks before something is done.
pub(super) fn question(model: &mut Model, question: Question) {
    open(model, Dialog::Ask(question));
}

/// Asks whether the reception is to be started, and returns whether that was asked: what a demo had is gone with it.
pub(super) fn ask_to_start(model: &mut Model) -> bool {
    if !model.site.is_demo {
        question(model, Question::Start);
    }
    !model.site.is_demo
}

/// Opens a dialog.
pub(super) fn open(model: &mut Model, dialog: Dialog) {
    model.dialog = Some((dialog, model.now));
}

/// Opens the line in which is typed what is looked for.
pub(super) fn find(model: &mut Model) {
    if matches!(model.screen, Screen::Link | Screen::Alarms) {
        goes::show(model, Screen::People);
    }
    // Who looks for the next person does not think of the last one.
    typed::look_for(model, String::new());
    open(model, Dialog::Find(Input::default()));
}

/// Opens the acts by name.
pub(super) fn commands(model: &mut Model) {
    let matches = palette::find(model, "");
    open(
        model,
        Dialog::Commands {
            input: Input::default(),
            matches,
            selected: 0,
        },
    );
}

/// Lets pasted text into the line of input that is open, if there is one.
pub(super) fn paste(model: &mut Model, text: &str) {
    let Some((mut dialog, since)) = model.dialog.take() else {
        return;
    };
    match &mut dialog {
        Dialog::Reason {
            action: Some(_),
            input,
            ..
        }
        | Dialog::Note { input, .. } => paste_into(input, text, TEXT),
        Dialog::Find(input) => {
            paste_into(input, text, SEARCH);
            typed::look_for(model, input.value().to_owned());
        }
        Dialog::Commands {
            input,
            matches,
            selected,
        } => {
            paste_into(input, text, SEARCH);
            *matches = palette::find(model, input.value());
            *selected = 0;
        }
        Dialog::Ask(_) | Dialog::Reason { action: None, .. } | Dialog::Shelve(_) => {}
    }
    model.dialog = Some((dialog, since));
}

/// Lets a key into the dialog that was open since `since`.
pub(super) fn press(
    model: &mut Model,
    out: &mut Vec<Effect>,
    dialog: Dialog,
    since: Millis,
    key: Key,
) {
    let stays = match dialog {
        Dialog::Ask(question) => answer(model, out, question, since, key),
        Dialog::Reason {
            employee,
            action,
            input,
        } => typed::reason(model, out, employee, action, input, key),
        Dialog::Note {
            employee,
            about,
            input,
        } => typed::note(model, out, employee, about, input, key),
        Dialog::Shelve(alarm) => shelve(model, out, alarm, key),
        Dialog::Find(input) => typed::type_to_find(model, out, input, key),
        Dialog::Commands {
            input,
            matches,
            selected,
        } => typed::type_name(model, out, input, matches, selected, key),
    };
    if let Some(dialog) = stays {
        model.dialog = Some((dialog, since));
    }
}

/// Whether a key is a letter, by itself or by its place.
pub(super) fn is(key: Key, letter: char) -> bool {
    means(key).any(|key| key == Key::Char(letter))
}

fn answer(
    model: &mut Model,
    out: &mut Vec<Effect>,
    question: Question,
    since: Millis,
    key: Key,
) -> Option<Dialog> {
    if model.now.ms_since(since) < DEAD_MS {
        return Some(Dialog::Ask(question));
    }
    if is(key, 'y') {
        acts::confirmed(model, out, &question);
        return None;
    }
    // Who is asked to start it and wants to leave says so with the same key as ever.
    let leaves = question == Question::Start && model.keys.intent(key) == Some(Intent::Leave);
    if leaves {
        acts::run(model, out, Intent::Leave);
    } else {
        say::done(model, "notice.not_done", &[]);
    }
    None
}

fn shelve(model: &mut Model, out: &mut Vec<Effect>, alarm: AlarmId, key: Key) -> Option<Dialog> {
    if key == Key::Esc {
        return None;
    }
    let (_, end) = model.site.day_before(model.now, 0);
    // A day on which clocks are put back is longer than an alarm may be shelved.
    let end = end.min(model.now.plus_ms(Millis::DAY));
    let hours = |hours| model.now.plus_ms(hours * Millis::HOUR);
    let choices = [('1', hours(1)), ('2', hours(4)), ('3', end)];
    let chosen = choices.into_iter().find(|(digit, _)| is(key, *digit));
    let Some((_, until)) = chosen else {
        return Some(Dialog::Shelve(alarm));
    };
    let about = model.alarm_title(alarm);
    acts::act(model, out, Command::Shelve(alarm, until), about);
    None
}
