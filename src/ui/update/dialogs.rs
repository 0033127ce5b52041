//! What is open over the screen: questions, lines of input, acts by name.

use tui_input::Input;

use super::input::{SEARCH, TEXT, edit, paste as paste_into};
use super::{acts, cursor, goes, palette, say};
use crate::api::Command;
use crate::domain::{Action, AlarmId, EmployeeId, Millis, Seq};
use crate::ui::keys::{Intent, means};
use crate::ui::model::{Dialog, Model, Question, Screen};
use crate::ui::{Effect, Key};

/// Keys are dead for so long after a question opened: what was typed before is no answer to it.
const DEAD_MS: i64 = 300;

/// Asks before something is done.
pub(super) fn question(model: &mut Model, question: Question) {
    open(model, Dialog::Ask(question));
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
    let text = if model.screen == Screen::Help {
        &model.help_find
    } else {
        &model.find
    };
    let input = Input::new(text.clone());
    open(model, Dialog::Find(input));
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
            look_for(model, input.value().to_owned());
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
        } => reason(model, out, employee, action, input, key),
        Dialog::Note {
            employee,
            about,
            input,
        } => note(model, out, employee, about, input, key),
        Dialog::Shelve(alarm) => shelve(model, out, alarm, key),
        Dialog::Find(input) => type_to_find(model, out, input, key),
        Dialog::Commands {
            input,
            matches,
            selected,
        } => type_name(model, out, input, matches, selected, key),
    };
    if let Some(dialog) = stays {
        model.dialog = Some((dialog, since));
    }
}

fn is(key: Key, letter: char) -> bool {
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

fn reason(
    model: &mut Model,
    out: &mut Vec<Effect>,
    employee: EmployeeId,
    action: Option<Action>,
    mut input: Input,
    key: Key,
) -> Option<Dialog> {
    if key == Key::Esc {
        return None;
    }
    let Some(said) = action else {
        let said = [('i', Action::In), ('o', Action::Out)];
        let said = said.into_iter().find(|(letter, _)| is(key, *letter));
        let action = said.map(|(_, action)| action);
        return Some(Dialog::Reason {
            employee,
            action,
            input,
        });
    };
    if key != Key::Enter {
        edit(&mut input, key, TEXT);
        return Some(Dialog::Reason {
            employee,
            action,
            input,
        });
    }
    let reason = input.value().trim().to_owned();
    if reason.is_empty() {
        say::fault(model, "notice.reason", &[]);
        return Some(Dialog::Reason {
            employee,
            action,
            input,
        });
    }
    let about = model.short_name(employee);
    let command = Command::Mark {
        employee,
        action: said,
        at: None,
        reason,
    };
    // What was typed is not lost where it cannot be asked for now.
    let is_asked = acts::act(model, out, command, about);
    (!is_asked).then_some(Dialog::Reason {
        employee,
        action,
        input,
    })
}

fn note(
    model: &mut Model,
    out: &mut Vec<Effect>,
    employee: Option<EmployeeId>,
    about: Option<Seq>,
    mut input: Input,
    key: Key,
) -> Option<Dialog> {
    if key == Key::Esc {
        return None;
    }
    if key != Key::Enter {
        edit(&mut input, key, TEXT);
        return Some(Dialog::Note {
            employee,
            about,
            input,
        });
    }
    let text = input.value().trim().to_owned();
    if text.is_empty() {
        say::fault(model, "notice.note_empty", &[]);
        return Some(Dialog::Note {
            employee,
            about,
            input,
        });
    }
    let name = employee.map_or_else(String::new, |employee| model.short_name(employee));
    let command = Command::Note {
        employee,
        about,
        text,
    };
    let is_asked = acts::act(model, out, command, name);
    (!is_asked).then_some(Dialog::Note {
        employee,
        about,
        input,
    })
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
    let about = acts::alarm_words(model, alarm);
    acts::act(model, out, Command::Shelve(alarm, until), about);
    None
}

fn look_for(model: &mut Model, text: String) {
    if model.screen == Screen::Help {
        model.help_find = text;
        model.dirty.help = true;
    } else {
        model.find = text;
        model.dirty.people = true;
        model.dirty.log = true;
        model.dirty.outbox = true;
    }
    model.dirty.by_key = true;
}

/// Shows all again, where something was looked for; returns whether it was.
pub(super) fn stop_finding(model: &mut Model) -> bool {
    let text = if model.screen == Screen::Help {
        &model.help_find
    } else {
        &model.find
    };
    let was = !text.is_empty();
    if was {
        look_for(model, String::new());
    }
    was
}

fn type_to_find(
    model: &mut Model,
    out: &mut Vec<Effect>,
    mut input: Input,
    key: Key,
) -> Option<Dialog> {
    if key == Key::Esc {
        stop_finding(model);
        return None;
    }
    if key == Key::Enter {
        return None;
    }
    if matches!(key, Key::Up | Key::Down | Key::PageUp | Key::PageDown) {
        if let Some(intent) = model
            .keys
            .intent(key)
            .filter(|intent| acts::is_move(*intent))
        {
            acts::run(model, out, intent);
        }
    } else if edit(&mut input, key, SEARCH) {
        look_for(model, input.value().to_owned());
        cursor::reset(model, model.pane);
    }
    Some(Dialog::Find(input))
}

fn type_name(
    model: &mut Model,
    out: &mut Vec<Effect>,
    mut input: Input,
    mut matches: Vec<Intent>,
    mut selected: usize,
    key: Key,
) -> Option<Dialog> {
    if key == Key::Esc {
        return None;
    }
    if key == Key::Enter {
        match matches.get(selected) {
            Some(intent) => acts::run(model, out, *intent),
            None => say::fault(model, "notice.no_act", &[("name", input.value())]),
        }
        return None;
    }
    if key == Key::Up {
        selected = selected.saturating_sub(1);
    } else if key == Key::Down {
        selected = (selected + 1).min(matches.len().saturating_sub(1));
    } else if edit(&mut input, key, SEARCH) {
        matches = palette::find(model, input.value());
        selected = 0;
    }
    Some(Dialog::Commands {
        input,
        matches,
        selected,
    })
}
