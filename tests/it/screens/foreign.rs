//! What strangers write: it never steers the terminal, and never breaks a column.

use hazir::api::LogWhat;
use hazir::domain::{GatewayName, Seq};
use hazir::ui::{Look, Model};
use proptest::prelude::*;
use ratatui::buffer::Buffer;

use super::fixture::{office, press, settle};
use super::shot::{draw, text};

/// Letters of many scripts, marks that join, wide and narrow ones, and what steers a terminal.
fn foreign() -> impl Strategy<Value = String> {
    let nasty = prop_oneof![
        Just("\x1b[2J"),
        Just("\x1b]0;owned\x07"),
        Just("\u{9b}31m"),
        Just("\u{202e}"),
        Just("\u{2066}"),
        Just("\u{200f}"),
        Just("\n\r\t\0"),
        Just("\u{feff}"),
        Just("e\u{301}\u{302}\u{303}"),
        Just("👩‍👩‍👧‍👦"),
        Just("山"),
        Just("ﾞﾟ"),
        Just("لا"),
        Just("क्षि"),
        Just("\u{200d}"),
        Just("🇹🇷"),
        Just("☺\u{fe0f}"),
    ];
    prop::collection::vec(
        prop_oneof![nasty.prop_map(str::to_owned), any::<String>()],
        0..6,
    )
    .prop_map(|parts| parts.concat())
}

/// Everything that comes from outside says `texts`, each in another place.
fn tell(model: &mut Model, texts: &[String]) {
    let mut next = texts.iter().cycle().cloned();
    let mut said = || next.next().unwrap_or_default();
    for fact in model.facts.people.values_mut() {
        (fact.name, fact.short, fact.note) = (said(), said(), said());
        fact.team = Some(said());
    }
    for alarm in &mut model.facts.alarms {
        alarm.name = Some(said());
    }
    for link in &mut model.facts.links {
        link.gateway = GatewayName::new(&said());
    }
    for entry in model.facts.outbox.values_mut() {
        entry.to = said();
    }
    for line in model.facts.log.values_mut() {
        match &mut line.what {
            LogWhat::Feed(feed) => {
                feed.name = Some(said());
                feed.sender = Some(said());
                feed.note = said();
                if line.seq.0 % 2 == 0 {
                    feed.employee = None;
                }
                if let Some(receipt) = &mut feed.receipt {
                    receipt.message_id = Some(said());
                }
            }
            LogWhat::Note { text, name, by, .. } => {
                (*text, *name, by.user) = (said(), Some(said()), said());
            }
            LogWhat::LinkUp { gateway, .. } | LogWhat::LinkDown { gateway, .. } => {
                *gateway = GatewayName::new(&said());
            }
            LogWhat::Desk { by, .. } => by.user = said(),
            LogWhat::EngineStarted { version, .. } => *version = said(),
            LogWhat::EngineStopped | LogWhat::OverBound(_) => {}
        }
    }
    model.lists.links = model
        .facts
        .links
        .iter()
        .map(|link| link.gateway.clone())
        .collect();
    model.line = model.facts.log.get(&Seq(976)).cloned();
    (model.site.name, model.site.desk, model.facts.version) = (said(), said(), said());
    model.find = String::new();
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn judge(buffer: &Buffer, edges: &[u16]) -> Result<(), TestCaseError> {
    for cell in buffer.content() {
        prop_assert!(
            cell.symbol().chars().all(is_harmless),
            "{:?}",
            cell.symbol()
        );
    }
    for y in 3..buffer.area.height - 4 {
        for x in edges {
            let edge = buffer[(*x, y)].symbol();
            prop_assert!(
                ["│", "┃", "┌", "└", "┏", "┗", "┐", "┘", "┓", "┛"].contains(&edge),
                "{edge} at {x},{y}"
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_strangers_write_stays_in_its_place(texts in prop::collection::vec(foreign(), 1..12)) {
        for (columns, rows, keys, edges) in [
            (60, 16, "", &[0, 59][..]),
            (80, 24, "", &[0, 45, 46, 79]),
            (120, 40, "", &[0, 65, 66, 119]),
            (200, 60, "", &[0, 74, 75, 136, 137, 199]),
            (80, 24, "2", &[0, 79]),
            (120, 40, "2~", &[0, 53, 54, 119]),
            (80, 24, "3", &[0, 79]),
            (120, 40, "3_~", &[0, 65, 66, 119]),
            (80, 24, "4", &[0, 79]),
            (120, 40, "5", &[0, 59, 60, 119]),
            (80, 24, "!", &[0, 79]),
        ] {
            let mut model = office(Look::default(), columns, rows);
            press(&mut model, keys);
            tell(&mut model, &texts);
            judge(&draw(&model), edges)?;
            settle(&mut model);
            judge(&draw(&model), edges)?;
        }
    }
}

#[test]
fn a_dialog_cuts_no_wide_character_in_two() {
    let mut model = office(Look::default(), 80, 24);
    for fact in model.facts.people.values_mut() {
        fact.note = "山".repeat(40);
        fact.short = "山".repeat(9);
        fact.name = "山".repeat(9);
    }
    press(&mut model, ":");
    let buffer = draw(&model);
    for y in 5..18 {
        assert_eq!(buffer[(4, y)].symbol(), "┃", "{y}");
        assert_ne!(buffer[(3, y)].symbol(), "山", "{y}");
    }
}

#[test]
fn wide_letters_stand_together_in_lines() {
    let mut model = office(Look::default(), 100, 80);
    for fact in model.facts.people.values_mut() {
        fact.name = "王小明".to_owned();
    }
    press(&mut model, "2");
    settle(&mut model);
    model.is_plain = true;
    let lines = hazir::ui::pane_lines(&model);
    assert!(
        lines.iter().any(|line| line.contains("王小明  ")),
        "{lines:#?}"
    );
}

#[test]
fn names_from_right_to_left_stand_alone_in_their_line() {
    const WRITTEN: &str = "رضا احمدی";
    let mut model = office(Look::default(), 80, 24);
    for fact in model.facts.people.values_mut() {
        (fact.name, fact.short) = (WRITTEN.to_owned(), "Reza A.".to_owned());
    }
    for alarm in &mut model.facts.alarms {
        alarm.name = alarm.name.as_ref().map(|_| WRITTEN.to_owned());
    }
    for line in model.facts.log.values_mut() {
        if let LogWhat::Feed(feed) = &mut line.what {
            feed.name = feed.name.as_ref().map(|_| WRITTEN.to_owned());
        }
    }
    for keys in ["1", "2", "3", "3_~", "4", "!", "1~"] {
        press(&mut model, keys);
        settle(&mut model);
        let shown = text(&draw(&model));
        assert!(shown.contains("Reza A."), "{keys}: {shown}");
        for line in shown.lines().filter(|line| line.contains('ر')) {
            let rest = line.replace(WRITTEN, "");
            assert!(!rest.contains(char::is_alphanumeric), "{keys}: {line}");
        }
    }
}
