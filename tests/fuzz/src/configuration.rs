//! `hazir.toml`, what `--set` was given, and the environment.

use std::fmt::Write as _;
use std::path::Path;

use hazir::cli::config::{Config, ConfigError, Layers, Origin, Sheets, settings};

/// The file, and behind NULs what `--set` was given, then variables as `NAME=VALUE`.
///
/// A fault names a place that there is. What was read and is shown as a file reads the same.
pub fn run(octets: &[u8]) {
    let Ok(all) = std::str::from_utf8(octets) else {
        return;
    };
    let mut parts = all.split('\0');
    let text = parts.next().unwrap_or_default();
    let (variables, flags): (Vec<&str>, Vec<&str>) =
        parts.partition(|part| part.starts_with("HAZIR_"));
    let flags: Vec<String> = flags.into_iter().map(str::to_owned).collect();
    let variables = variables.into_iter().filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let variables: Vec<_> = variables.collect();
    let layers = Layers {
        file: Some((Path::new("hazir.toml"), text)),
        variables: &variables,
        flags: &flags,
    };
    let sheets = match Sheets::read(layers) {
        Ok(sheets) => sheets,
        Err(error) => return judge(&error, text),
    };
    match Config::from_sheets(&sheets) {
        Ok(config) => within_bounds(&config),
        Err(error) => judge(&error, text),
    }
    let shown = as_file(&sheets);
    let again = Sheets::read(Layers {
        file: Some((Path::new("hazir.toml"), &shown)),
        variables: &[],
        flags: &[],
    });
    let again = again.unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_eq!(as_file(&again), shown);
}

fn judge(error: &ConfigError, text: &str) {
    assert!(!error.to_string().is_empty());
    if let Origin::File { line, column, .. } = &error.at {
        let there = text
            .split('\n')
            .nth(*line - 1)
            .expect("there is such a line");
        assert!(*column <= there.chars().count() + 1, "{error}");
    }
}

fn within_bounds(config: &Config) {
    assert!(!config.receipts.retry_after_s.is_empty());
    for gateway in &config.gateways {
        assert!(gateway.window >= 1 && gateway.port >= 1);
        assert!(gateway.response_timeout_s >= 1 && gateway.enquire_link_s >= 1);
        let name = &gateway.name.0;
        assert!((1..=32).contains(&name.len()) && !name.contains('/'));
        if let Some(link) = &gateway.answer_link {
            // One SMS holds it with `#`, an answer and the footer.
            assert!(link.is_ascii() && !link.contains(['#', ' ']));
            assert!(link.len() + 1 + 92 + usize::from(gateway.footer_octets) <= 160);
        }
    }
}

/// What `hazir config show` says, as a file.
fn as_file(sheets: &Sheets) -> String {
    let mut file = String::new();
    for sheet in sheets.iter() {
        let section = sheet.section.name();
        let _ = match &sheet.name {
            Some(name) => writeln!(file, "[[{section}]]\nname = \"{name}\""),
            None => writeln!(file, "[{section}]"),
        };
        let of_sheet = settings(sheets).into_iter();
        for setting in of_sheet {
            let Some(key) = setting.path.strip_prefix(&sheet.path("")) else {
                continue;
            };
            // A password is never shown.
            let value = setting.value.unwrap_or_else(|| "\"secret\"".to_owned());
            let _ = writeln!(file, "{key} = {value}");
        }
    }
    file
}
