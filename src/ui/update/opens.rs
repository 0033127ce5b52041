//! What Enter opens.

use super::{acts, cursor, dialogs, goes, missing, say};
use crate::api::{Ask, LogFilter, LogKind, LogLine, Query};
use crate::domain::{AlarmId, AlarmKind, EmployeeId, Seq};
use crate::ui::model::{Model, Pane, Purpose, RowId, Screen};
use crate::ui::{Detached, Effect};

/// Opens what is selected.
pub(super) fn open(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some((Detached::NotRunning | Detached::StartFailed(_), _)) = model.detached
        && dialogs::ask_to_start(model)
    {
        return;
    }
    match model.pane {
        Pane::Person => {
            if let Some(employee) = model.subject() {
                person(model, employee);
            }
        }
        Pane::Arrivals => lines_of(model, LogKind::CheckIns),
        Pane::Replies | Pane::Pdus | Pane::Health => goes::show(model, Screen::Link),
        Pane::Line => {}
        Pane::People
        | Pane::Live
        | Pane::Alarms
        | Pane::History
        | Pane::Log
        | Pane::Outbox
        | Pane::Links
        | Pane::Help => {
            if let Some(selected) = model.selected(model.pane).cloned() {
                row(model, out, &selected);
            }
        }
    }
}

fn row(model: &mut Model, out: &mut Vec<Effect>, row: &RowId) {
    match row {
        RowId::Person(employee) => person(model, *employee),
        RowId::Line(seq) => line(model, out, *seq),
        RowId::Outbox(id) => {
            if let Some(seq) = model.facts.outbox.get(id).map(|entry| entry.seq) {
                line(model, out, seq);
            }
        }
        RowId::Alarm(id) => alarm(model, *id),
        RowId::Gateway(_) => lines_of(model, LogKind::Link),
        RowId::Help(intent) => {
            goes::pop(model);
            acts::run(model, out, *intent);
        }
    }
}

fn person(model: &mut Model, employee: EmployeeId) {
    cursor::reset(model, Pane::History);
    let is_here = model
        .person
        .as_ref()
        .is_some_and(|person| person.employee == employee);
    if !is_here {
        missing::turn_to(model, employee);
    }
    // Going opens the page: what was left before has to be known as it was.
    goes::go(model, Screen::People, Pane::History);
    cursor::put_on(model, Pane::People, RowId::Person(employee));
}

fn line(model: &mut Model, out: &mut Vec<Effect>, seq: Seq) {
    if let Some(line) = model.line_of(seq).cloned() {
        show_line(model, line);
    } else if model.detached.is_some() {
        say::fault(model, "notice.detached", &[]);
    } else {
        let before = Some(Seq(seq.0.saturating_add(1)));
        let query = Query::Log {
            before,
            filter: LogFilter::default(),
        };
        model.wants.line = Some(seq);
        missing::send(model, out, Purpose::Line(seq), Ask::Query(query));
    }
}

/// Opens a line of the log.
pub(super) fn show_line(model: &mut Model, line: LogLine) {
    model.wants.line = None;
    cursor::put_on(model, Pane::Log, RowId::Line(line.seq));
    if model.screen == Screen::Log && model.line.is_some() {
        model.pane = Pane::Line;
    } else {
        goes::go(model, Screen::Log, Pane::Line);
    }
    model.line = Some(line);
}

fn alarm(model: &mut Model, id: AlarmId) {
    let Some(alarm) = model.alarm(id) else {
        return;
    };
    match alarm.kind.clone() {
        AlarmKind::TwoPlaces { employee, .. } | AlarmKind::Key { employee } => {
            person(model, employee);
        }
        AlarmKind::LinkDown { gateway, .. }
        | AlarmKind::LinkDeaf { gateway, .. }
        | AlarmKind::LinkUnstable { gateway } => {
            goes::show(model, Screen::Link);
            cursor::put_on(model, Pane::Links, RowId::Gateway(gateway));
        }
        AlarmKind::OutboxFailed { last } => {
            goes::show(model, Screen::Outbox);
            cursor::put_on(model, Pane::Outbox, RowId::Outbox(last));
        }
        AlarmKind::OutboxStuck { .. } => goes::show(model, Screen::Outbox),
        AlarmKind::UnknownSenders => lines_of(model, LogKind::Problems),
        kind @ (AlarmKind::Store
        | AlarmKind::BackupOld { .. }
        | AlarmKind::JournalStopped { .. }) => {
            let act = model.act_here(&kind, None);
            say::put(model, act, false);
        }
    }
}

fn lines_of(model: &mut Model, kind: LogKind) {
    goes::set_filter(
        model,
        LogFilter {
            kind: Some(kind),
            ..LogFilter::default()
        },
    );
    model.log.days_ago = None;
    goes::show(model, Screen::Log);
}
