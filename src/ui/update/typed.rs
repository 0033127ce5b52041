//! What is typed into a line of input: reasons, notes, what is looked for, names of acts.

use tui_input::Input;

use super::dialogs::is;
use super::input::{SEARCH, TEXT, edit};
use super::{acts, cursor, palette, say};
use crate::api::Command;
use crate::domain::{Action, EmployeeId, Seq};
use crate::ui::keys::Intent;
use crate::ui::model::{Dialog, Model, Screen};
use crate::ui::{Effect, Key};

/// Lets a key into the reason of a mark.
pub(super) fn reason(
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

/// Lets a key into a note.
pub(super) fn note(
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

/// Looks for a text among people and lines, or in help.
pub(super) fn look_for(model: &mut Model, text: String) {
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

/// Lets a key into what is looked for.
pub(super) fn type_to_find(
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

/// Lets a key into the name of an act.
pub(super) fn type_name(
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
