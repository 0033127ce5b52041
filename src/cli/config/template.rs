use std::fmt::Write as _;

use super::keys::{Key, Section};
use super::value::Value;
use crate::words::Words;

/// Values that stand in a template without a comment sign: section, key, value.
#[expect(missing_debug_implementations, reason = "it may hold a password")]
pub struct Given<'a>(pub &'a [(Section, &'static str, Value)]);

impl Given<'_> {
    fn value(&self, section: Section, key: &Key) -> Option<String> {
        let given = |(of, name, _): &&(Section, &str, Value)| *of == section && *name == key.name;
        self.0.iter().find(given)?.2.to_toml()
    }

    fn has(&self, section: Section) -> bool {
        self.0.iter().any(|(of, _, _)| *of == section)
    }
}

/// Writes a `hazir.toml` with every key: those of `given` set, the others as comments with their defaults.
pub fn template(words: &Words, given: &Given<'_>) -> String {
    let mut text = comment(&words.say("template.head", &[]));
    for section in Section::ALL {
        let name = section.name();
        let header = if section.repeats() {
            format!("[[{name}]]")
        } else {
            format!("[{name}]")
        };
        // A header alone would be a gateway without a host.
        let sign = if section.repeats() && !given.has(section) {
            "# "
        } else {
            ""
        };
        text.push('\n');
        text.push_str(&comment(
            &words.say(&format!("config_key.{name}.about"), &[]),
        ));
        let _ = writeln!(text, "{sign}{header}");
        for key in section.keys() {
            text.push('\n');
            let about = words.say(&format!("config_key.{name}.{}", key.name), &[]);
            text.push_str(&comment(&about));
            let _ = match given.value(section, key) {
                Some(value) => writeln!(text, "{} = {value}", key.name),
                None => writeln!(text, "# {} = {}", key.name, key.example),
            };
        }
    }
    text
}

fn comment(words: &str) -> String {
    words.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "# {line}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::config::{Layers, Sheets, read_text, settings};
    use crate::words::Language;

    fn all_settings(text: &str) -> Vec<(String, Option<String>)> {
        let sheets = Sheets::read(Layers {
            file: Some((Path::new("hazir.toml"), text)),
            variables: &[],
            flags: &[],
        });
        let sheets = sheets.map_err(|error| error.to_string()).ok().unwrap();
        let settings = settings(&sheets);
        settings.into_iter().map(|s| (s.path, s.value)).collect()
    }

    #[test]
    fn the_template_changes_no_default() {
        let template = template(&Words::load(Language::English), &Given(&[]));
        assert!(!template.contains("[[config_key"), "{template}");
        assert_eq!(all_settings(&template), all_settings(""));
        assert!(read_text(&template).is_ok());
    }

    #[test]
    fn what_the_template_shows_is_the_default() {
        let template = template(&Words::load(Language::English), &Given(&[]));
        let is_key = |line: &str| {
            let name = line.split(" = ").next().unwrap_or_default();
            line.contains(" = ")
                && name != "password"
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
        };
        let bare: String = template
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .filter(|line| line.starts_with('[') || is_key(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        let least = "[[gateway]]\nname = \"reception\"\nhost = \"192.168.1.143\"\n[[shift]]\nname = \"day\"\n";
        assert_eq!(all_settings(&bare), all_settings(least));
        let all = Section::ALL.map(|section| section.keys().len());
        let all_but_password = all.iter().sum::<usize>() - 1;
        assert_eq!(bare.matches(" = ").count(), all_but_password);
    }

    #[test]
    fn given_values_stand_without_a_comment_sign() {
        let given = [
            (Section::Site, "name", Value::Text("Büro \"2\"".to_owned())),
            (Section::Gateway, "name", Value::Text("north".to_owned())),
            (Section::Gateway, "host", Value::Text("gw.lan".to_owned())),
            (Section::Gateway, "port", Value::Number(2_775)),
        ];
        let text = template(&Words::load(Language::English), &Given(&given));
        let config = read_text(&text).ok().unwrap();
        assert_eq!(config.site.name, "Büro \"2\"");
        assert_eq!(&*config.gateways[0].name.0, "north");
        assert_eq!(config.gateways[0].port, 2_775);
        assert!(config.shifts.is_empty());
    }
}
