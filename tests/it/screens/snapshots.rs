//! Whole screens of one office. `INSTA_UPDATE=always cargo test --test it screens` writes them anew; look at each that changed.

use hazir::api::LinkState;
use hazir::domain::{GatewayName, Millis};
use hazir::ui::{Detached, Glyphs, Look, Model, Theme};

use super::fixture::{console, office, press, settle};
use super::shot::{draw, line, looks, text};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

/// The keys that bring each screen up.
const SCREENS: [(&str, &str); 9] = [
    ("desk", ""),
    ("people", "2"),
    ("person", "2~"),
    ("log", "3"),
    ("line", "3_~"),
    ("outbox", "4"),
    ("link", "5"),
    ("alarms", "!"),
    ("help", "?"),
];

const ASCII: Look = Look {
    theme: Theme::Terminal,
    glyphs: Glyphs::Ascii,
};
const MONO: Look = Look {
    theme: Theme::Mono,
    glyphs: Glyphs::Unicode,
};

fn compare(name: &str, model: &Model) {
    let buffer = draw(model);
    let shot = format!("{}\n{}", text(&buffer), looks(&buffer));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shot));
}

fn small(keys: &str) -> Model {
    let mut model = office(Look::default(), 80, 24);
    press(&mut model, keys);
    model
}

#[test]
fn every_screen_at_every_size() {
    for (columns, rows) in SIZES {
        for (name, keys) in SCREENS {
            let mut model = office(Look::default(), columns, rows);
            press(&mut model, keys);
            compare(&format!("{name}_{columns}x{rows}"), &model);
        }
    }
}

#[test]
fn without_colours_and_in_ascii() {
    for (columns, rows) in SIZES {
        for (look, looks_like) in [(ASCII, "ascii"), (MONO, "mono")] {
            for (name, keys) in [("desk", ""), ("alarms", "!")] {
                let mut model = office(look, columns, rows);
                press(&mut model, keys);
                compare(&format!("{name}_{looks_like}_{columns}x{rows}"), &model);
            }
        }
    }
}

#[test]
fn strong_contrast_and_colours_for_the_colour_blind() {
    for (theme, name) in [(Theme::Contrast, "contrast"), (Theme::ColourBlind, "cb")] {
        let glyphs = Glyphs::Unicode;
        compare(
            &format!("desk_{name}_80x24"),
            &office(Look { theme, glyphs }, 80, 24),
        );
    }
}

#[test]
fn dialogs_and_lines_of_input() {
    for (name, keys) in [
        ("question", "R"),
        ("mark", "m"),
        ("reason", "mino phone"),
        ("note", "nwill come later"),
        ("shelve", "!s"),
        ("commands", ":ma"),
        ("no_command", ":qqq"),
        ("find", "/de"),
        ("nobody_found", "/qqq"),
        ("notice", "o"),
    ] {
        compare(&format!("dialog_{name}_80x24"), &small(keys));
    }
}

#[test]
fn a_pane_that_fills_the_window() {
    for (name, keys) in [
        ("zoomed_live", ">z"),
        ("plain_people", "v"),
        ("plain_live", ">v"),
        ("plain_replies", "5>v"),
        ("paused_live", ">p"),
    ] {
        compare(&format!("pane_{name}_80x24"), &small(keys));
    }
    let mut model = office(Look::default(), 120, 40);
    press(&mut model, ">>>>v");
    compare("pane_plain_arrivals_120x40", &model);
}

#[test]
fn narrow_windows_show_every_pane_by_tab() {
    for (name, keys) in [
        ("live", ">"),
        ("alarms", ">>"),
        ("health", ">>>"),
        ("card", "2~>"),
    ] {
        let mut model = office(Look::default(), 60, 16);
        press(&mut model, keys);
        compare(&format!("narrow_{name}_60x16"), &model);
    }
}

#[test]
fn windows_without_an_engine_say_so() {
    let since = |model: &Model| model.now.plus_ms(-12 * Millis::SECOND);
    for (name, why) in [
        ("not_running", Detached::NotRunning),
        ("lost", Detached::Lost),
        ("stopped", Detached::Stopped),
        ("start_failed", Detached::StartFailed(Some(4))),
        ("version", Detached::Version),
    ] {
        let mut model = office(Look::default(), 80, 24);
        model.detached = Some((why, since(&model)));
        compare(&format!("detached_{name}_80x24"), &model);
    }
    let mut first = console(Look::default(), 80, 24);
    settle(&mut first);
    compare("detached_connecting_80x24", &first);
}

#[test]
fn a_demo_says_so_at_every_size() {
    for (columns, rows) in SIZES {
        let mut model = office(Look::default(), columns, rows);
        model.site.is_demo = true;
        let header = text(&draw(&model));
        let header = header.lines().next().unwrap();
        assert!(header.contains("DEMO"), "{header}");
        assert!(header.contains("09:14:32"), "{header}");
        assert!(header.contains("IN 31  OUT 9  of 40"), "{header}");
        assert!(header.contains("Desk"), "{header}");
    }
}

#[test]
fn the_name_of_a_gateway_takes_the_room_that_is_there() {
    let mut model = office(Look::default(), 80, 24);
    press(&mut model, "5");
    let name = GatewayName::new("reception-phone-of-the-northwing");
    for link in &mut model.facts.links {
        link.gateway = name.clone();
    }
    model.lists.links = vec![name.clone()];
    let row = |model: &Model| line(&draw(model), 3);
    assert!(row(&model).contains(&*name.0), "{}", row(&model));
    (model.columns, model.rows) = (60, 16);
    settle(&mut model);
    let narrow = row(&model);
    assert!(narrow.contains("reception-phone-of-the-no"), "{narrow}");
    assert!(narrow.contains("up "), "{narrow}");
}

#[test]
fn nothing_may_leave_by_a_link_that_is_down() {
    let mut model = office(Look::default(), 120, 40);
    press(&mut model, "5");
    for link in &mut model.facts.links {
        (link.state, link.hold, link.waiting) = (LinkState::Down, None, 0);
    }
    let shown = text(&draw(&model));
    assert!(shown.contains("answers wait for the link"), "{shown}");
    assert!(!shown.contains("may leave now"), "{shown}");
}

#[test]
fn breaks_without_reply_times_are_no_reply_times() {
    let mut model = office(Look::default(), 80, 24);
    press(&mut model, "5>v");
    for samples in model.facts.replies.values_mut() {
        for sample in samples {
            sample.reply_ms = None;
        }
    }
    let shown = text(&draw(&model));
    assert!(shown.contains("no reply times yet, breaks "), "{shown}");
    assert!(!shown.contains("longest"), "{shown}");
}

#[test]
fn a_window_that_is_too_small_says_so() {
    for (columns, rows) in [(59, 24), (80, 15), (20, 5)] {
        let shown = text(&draw(&office(Look::default(), columns, rows)));
        let words: Vec<&str> = shown.split_whitespace().collect();
        let sentence = "Window too small: 60x16 needed. Reception keeps running.";
        assert_eq!(words.join(" "), sentence);
    }
}

#[test]
fn numbers_are_shown_in_full_only_while_they_may_be() {
    let mut model = office(Look::default(), 120, 40);
    press(&mut model, "2_~");
    let shown = |model: &Model| text(&draw(model));
    let masked = shown(&model);
    assert!(masked.contains("+90 533 ••• •• 05"), "{masked}");
    assert!(!masked.contains("+905331234505"), "{masked}");
    model.unmasked_until = Some(model.now.plus_ms(1));
    assert!(shown(&model).contains("+905331234505"));
    model.now = model.now.plus_ms(1);
    assert_eq!(shown(&model), masked);
}

#[test]
fn names_from_right_to_left_stand_on_a_line_of_their_own() {
    let mut model = office(Look::default(), 200, 60);
    press(&mut model, "/rahimi~");
    let shown = text(&draw(&model));
    let table: Vec<&str> = shown
        .lines()
        .filter(|line| line.contains("▶● IN"))
        .collect();
    let [row] = table.as_slice() else {
        panic!("one person was found: {shown}");
    };
    assert!(row.contains("Rahimi S."), "{row}");
}
