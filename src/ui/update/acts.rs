//! What somebody wants done.

use super::{copy, cursor, dialogs, goes, missing, opens, say, selected};
use crate::api::{Ask, Command};
use crate::domain::{Millis, Seq};
use crate::ui::keys::Intent;
use crate::ui::model::{Model, Pane, Purpose, Question, Screen};
use crate::ui::{Detached, Effect, Glyphs, Theme};

/// For how long the bell is hushed.
const HUSH_MS: i64 = 10 * Millis::MINUTE;
/// The most acts that wait for their reply: an engine that takes longer has a fault, and pressing on mends none.
const MOST_ACTS: usize = 64;

/// Does what somebody wants.
pub(super) fn run(model: &mut Model, out: &mut Vec<Effect>, intent: Intent) {
    if acts_on_a_row(intent) && has_moved(model, intent) {
        say::fault(model, "notice.moved", &[]);
        return;
    }
    match intent {
        Intent::Up => goes::step(model, -1),
        Intent::Down => goes::step(model, 1),
        Intent::PageUp => goes::page(model, -1),
        Intent::PageDown => goes::page(model, 1),
        Intent::First => goes::to_end(model, false),
        Intent::Last => goes::to_end(model, true),
        Intent::Open => opens::open(model, out),
        Intent::Back => goes::back(model),
        Intent::NextPane => goes::next_pane(model, true),
        Intent::PreviousPane => goes::next_pane(model, false),
        Intent::Show(screen) => goes::show(model, screen),
        Intent::Help => goes::show(model, Screen::Help),
        Intent::Reports => say::fault(model, "notice.reports", &[]),
        Intent::LogOf => goes::log_of(model),
        Intent::Acknowledge => selected::acknowledge(model, out),
        Intent::AcknowledgeAll => selected::acknowledge_all(model),
        Intent::Retry => selected::retry(model, out),
        Intent::RetryFailed => selected::retry_failed(model),
        Intent::GiveUp => selected::give_up(model),
        Intent::Find => dialogs::find(model),
        Intent::Mark => selected::mark(model, None),
        Intent::MarkAs(action) => selected::mark(model, Some(action)),
        Intent::Order => goes::order(model),
        Intent::Note => selected::note(model),
        Intent::EarlierDay => goes::day(model, true),
        Intent::LaterDay => goes::day(model, false),
        Intent::Kind => goes::kind(model),
        Intent::Undo => {
            act(model, out, Command::Undo, String::new());
        }
        Intent::Pause => pause(model),
        Intent::Hush => {
            model.hushed_until = Some(model.now.plus_ms(HUSH_MS));
            say::done(model, "notice.hushed", &[]);
        }
        Intent::Zoom => model.is_zoomed = !model.is_zoomed,
        Intent::Shelve => selected::shelve(model),
        Intent::Plain => model.is_plain = !model.is_plain,
        Intent::Copy => copy::copy(model, out),
        Intent::Unmask => unmask(model, out),
        Intent::NextTheme => next_theme(model),
        Intent::NextGlyphs => {
            model.look.glyphs = match model.look.glyphs {
                Glyphs::Unicode => Glyphs::Ascii,
                Glyphs::Ascii => Glyphs::Unicode,
            };
        }
        Intent::Commands => dialogs::commands(model),
        Intent::Start => start(model),
        Intent::Leave if model.site.is_demo => dialogs::question(model, Question::EndDemo),
        Intent::Leave => out.push(Effect::Leave),
        Intent::Redraw => out.push(Effect::Redraw),
    }
}

/// Whether an intent only moves the cursor.
pub(super) fn is_move(intent: Intent) -> bool {
    use Intent::{Down, First, Last, PageDown, PageUp, Up};
    [Up, Down, PageUp, PageDown, First, Last].contains(&intent)
}

/// Does what was asked about and answered with yes.
pub(super) fn confirmed(model: &mut Model, out: &mut Vec<Effect>, question: &Question) {
    match question {
        Question::Start => {
            model.detached = Some((Detached::Starting, model.now));
            out.push(Effect::Start);
        }
        Question::AcknowledgeAll(_) => {
            act(model, out, Command::AcknowledgeAll, String::new());
        }
        Question::RetryFailed(_) => {
            act(model, out, Command::RetryFailed, String::new());
        }
        Question::GiveUp(id) => {
            let about = model.recipient(*id);
            act(model, out, Command::GiveUp(*id), about);
        }
        Question::EndDemo => out.push(Effect::Leave),
    }
}

/// Asks the engine to do something; `about` is what it is about, for the words afterwards. Returns
/// whether it was asked; where it was not, that is said.
pub(super) fn act(
    model: &mut Model,
    out: &mut Vec<Effect>,
    command: Command,
    about: String,
) -> bool {
    if is_detached(model) {
        return false;
    }
    let acts = model.waiting.values().filter_map(|purpose| match purpose {
        Purpose::Act { command, .. } => Some(command),
        Purpose::Person(_)
        | Purpose::History(_)
        | Purpose::Log(_)
        | Purpose::Line(_)
        | Purpose::People
        | Purpose::Arrivals(_)
        | Purpose::Replies(_)
        | Purpose::Pdus(_)
        | Purpose::Unsettled
        | Purpose::Unmask => None,
    });
    let is_twice = acts.clone().any(|other| *other == command);
    if is_twice || acts.count() >= MOST_ACTS {
        say::fault(model, "notice.waits", &[]);
        return false;
    }
    let purpose = Purpose::Act {
        command: command.clone(),
        about,
    };
    missing::send(model, out, purpose, Ask::Command(command));
    true
}

/// Says that nothing can be done while no engine is connected; returns whether that is so.
pub(super) fn is_detached(model: &mut Model) -> bool {
    let is_detached = model.detached.is_some();
    if is_detached {
        say::fault(model, "notice.detached", &[]);
    }
    is_detached
}

const fn acts_on_a_row(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Acknowledge
            | Intent::Retry
            | Intent::GiveUp
            | Intent::Mark
            | Intent::MarkAs(_)
            | Intent::Note
            | Intent::Shelve
    )
}

/// Whether another thing has just come to where an act would be done.
fn has_moved(model: &Model, intent: Intent) -> bool {
    let on_alarm = matches!(intent, Intent::Acknowledge | Intent::Shelve);
    if on_alarm && model.selected_alarm().is_none() {
        return cursor::is_recent(model, model.alarm_line.map(|(_, since)| since));
    }
    let has_list = cursor::LISTS.contains(&model.pane);
    let pane = if has_list { model.pane } else { Pane::People };
    cursor::has_moved(model, pane)
}

fn pause(model: &mut Model) {
    if model.paused.take().is_none() {
        let last = model.facts.log.last_key_value();
        let last = last.map_or(Seq(0), |(seq, _)| *seq);
        model.paused = Some((model.now, last));
    } else {
        cursor::reset(model, Pane::Live);
    }
    model.dirty.log = true;
    model.dirty.by_key = true;
}

fn unmask(model: &mut Model, out: &mut Vec<Effect>) {
    let is_asked = model
        .waiting
        .values()
        .any(|purpose| *purpose == Purpose::Unmask);
    if !is_detached(model) && !is_asked {
        missing::send(
            model,
            out,
            Purpose::Unmask,
            Ask::Command(Command::ShowNumbers),
        );
    }
}

fn next_theme(model: &mut Model) {
    let (theme, key) = match model.look.theme {
        Theme::Terminal => (Theme::Contrast, "notice.theme_contrast"),
        Theme::Contrast => (Theme::ColourBlind, "notice.theme_cb"),
        Theme::ColourBlind => (Theme::Mono, "notice.theme_mono"),
        Theme::Mono => (Theme::Terminal, "notice.theme_terminal"),
    };
    model.look.theme = theme;
    say::done(model, key, &[]);
}

fn start(model: &mut Model) {
    match model.detached {
        Some((Detached::NotRunning | Detached::StartFailed(_), _)) => {
            if !dialogs::ask_to_start(model) {
                say::fault(model, "notice.detached", &[]);
            }
        }
        Some((Detached::Starting, _)) => say::done(model, "notice.starting", &[]),
        Some((
            Detached::Lost
            | Detached::Stopped
            | Detached::Version
            | Detached::Denied
            | Detached::Busy,
            _,
        )) => say::fault(model, "notice.detached", &[]),
        None => say::done(model, "notice.runs", &[]),
    }
}
