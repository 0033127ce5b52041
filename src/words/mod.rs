//! Floor 2: the words for people. They stand in one file for each language, `assets/words`; all other code carries facts.

mod facts;
mod fingerprint;
mod links;
mod replies;
mod safe;

pub use fingerprint::four_words;
pub use safe::safe;

use std::collections::BTreeMap;

/// A language that there is a file of words for.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 1] = [Self::English];

    const fn file(self) -> &'static str {
        match self {
            Self::English => include_str!("../../assets/words/en.toml"),
        }
    }
}

/// The words of one language, by keys such as `error.no_engine`.
#[derive(Clone, Debug)]
pub struct Words {
    entries: BTreeMap<String, String>,
}

impl Words {
    /// Takes in the words of `language`, which are part of the program.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the files are part of the program, and a test reads each"
    )]
    pub fn load(language: Language) -> Self {
        let file: toml::Table = language
            .file()
            .parse()
            .expect("the files of words are part of the program, and a test reads each");
        let mut entries = BTreeMap::new();
        flatten("", file, &mut entries);
        Self { entries }
    }

    /// Says `key`, with each `{name}` in it replaced by its fact.
    ///
    /// A fact that ends with a point, such as a short name, takes the place of the full stop after it, too.
    ///
    /// A key that is missing is said as `[[key]]`, and a fact that is missing stays `{name}`: both are defects to be seen.
    pub fn say(&self, key: &str, facts: &[(&str, &str)]) -> String {
        let Some(template) = self.entries.get(key) else {
            return format!("[[{key}]]");
        };
        let mut said = String::with_capacity(template.len());
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let fact = after.split_once('}').and_then(|(name, tail)| {
                let (_, fact) = facts.iter().find(|(known, _)| *known == name)?;
                Some((*fact, tail))
            });
            if let Some((fact, tail)) = fact {
                said.push_str(fact);
                rest = tail;
                if fact.ends_with('.') && is_full_stop(rest) {
                    rest = &rest[1..];
                }
            } else {
                said.push('{');
                rest = after;
            }
        }
        said.push_str(rest);
        said
    }

    /// Whether there are words for `key`.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

/// Whether a text begins with the end of a sentence.
fn is_full_stop(text: &str) -> bool {
    let rest = text.strip_prefix('.');
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn flatten(path: &str, table: toml::Table, entries: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if path.is_empty() {
            name
        } else {
            format!("{path}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, entries),
            toml::Value::String(text) => {
                entries.insert(key, text);
            }
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn facts_take_their_places() {
        let mut words = Words::load(Language::English);
        words
            .entries
            .insert("test".to_owned(), "{a} and {b}, {a} {".to_owned());
        let said = words.say("test", &[("a", "{b}"), ("b", "2")]);
        assert_eq!(said, "{b} and 2, {b} {");
        assert_eq!(words.say("test", &[("b", "2")]), "{a} and 2, {a} {");
        assert_eq!(words.say("no.such", &[]), "[[no.such]]");
    }

    #[test]
    fn a_name_that_ends_with_a_point_ends_its_sentence() {
        let mut words = Words::load(Language::English);
        let template = "{a}. {a}.5 {a}... {a}.".to_owned();
        words.entries.insert("test".to_owned(), template);
        assert_eq!(words.say("test", &[("a", "S.")]), "S. S..5 S.... S.");
        assert_eq!(words.say("test", &[("a", "S")]), "S. S.5 S... S.");
    }

    #[test]
    fn every_language_has_the_same_keys() {
        let english: Vec<String> = Words::load(Language::English)
            .keys()
            .map(str::to_owned)
            .collect();
        assert!(!english.is_empty());
        for language in Language::ALL {
            let keys: Vec<String> = Words::load(language).keys().map(str::to_owned).collect();
            assert_eq!(keys, english, "{language:?}");
        }
    }

    /// Help and the words of configuration keys are found by their paths, so no source names them; their own tests
    /// walk them.
    const BY_PATH: [&str; 2] = ["help.", "config_key."];

    #[test]
    fn the_source_names_every_key_and_no_other() {
        let words = Words::load(Language::English);
        let sections: BTreeSet<&str> = words
            .keys()
            .filter_map(|key| key.split_once('.'))
            .map(|(section, _)| section)
            .collect();
        let mut named = BTreeSet::new();
        read_sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut named,
        );
        named.retain(|text| {
            text.split_once('.')
                .is_some_and(|(section, _)| sections.contains(section))
        });
        assert!(named.len() > 50, "{named:?}");
        for key in &named {
            assert!(words.has(key), "no words for {key}");
        }
        for key in words.keys() {
            let by_path = BY_PATH.iter().any(|path| key.starts_with(path));
            assert!(by_path || named.contains(key), "nobody says {key}");
        }
    }

    fn read_sources(dir: &Path, named: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_sources(&path, named);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let product = source.split("#[cfg(test)]").next().unwrap_or_default();
            let literals = product.split('"').skip(1);
            named.extend(literals.filter(|text| is_key(text)).map(str::to_owned));
        }
    }

    fn is_key(text: &str) -> bool {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|octet| octet.is_ascii_lowercase() || octet == b'_')
        };
        text.contains('.') && text.split('.').all(part)
    }
}
