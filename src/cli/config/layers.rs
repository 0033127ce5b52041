//! The layers of the configuration: flag over environment over file over default.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ConfigFault, Origin, Wanted};
use super::keys::{Key, Section};
use super::value::{Kind, Value};

/// What the layers above the defaults say.
#[derive(Copy, Clone, Debug)]
pub struct Layers<'a> {
    /// Path and text of the file; `None` where there is none.
    pub file: Option<(&'a Path, &'a str)>,
    /// Variables of the environment; those that do not begin with `HAZIR_` are passed over.
    pub variables: &'a [(String, String)],
    /// What `--set` was given: `KEY=VALUE`.
    pub flags: &'a [String],
}

/// One table with its values.
#[expect(missing_debug_implementations, reason = "it may hold a password")]
pub struct Sheet {
    /// Which table.
    pub section: Section,
    /// Its name, where it may stand several times.
    pub name: Option<String>,
    /// Where it stands.
    pub at: Origin,
    values: BTreeMap<&'static str, (Value, Origin)>,
}

impl Sheet {
    fn new(section: Section) -> Self {
        Self {
            section,
            name: None,
            at: Origin::Default,
            values: BTreeMap::new(),
        }
    }

    /// What was given for `key`, or its default; `None` where it has none.
    pub fn get(&self, key: &Key) -> Option<(Value, Origin)> {
        if let Some((value, origin)) = self.values.get(key.name) {
            return Some((value.clone(), origin.clone()));
        }
        Some((self.default_of(key)?, Origin::Default))
    }

    /// What was given for the key of that name.
    pub fn given(&self, name: &str) -> Option<&(Value, Origin)> {
        self.values.get(name)
    }

    /// The path of a key of this table: `gateway.reception.port`.
    pub fn path(&self, key: &str) -> String {
        let section = self.section.name();
        match &self.name {
            Some(name) => format!("{section}.{name}.{key}"),
            None => format!("{section}.{key}"),
        }
    }

    fn default_of(&self, key: &Key) -> Option<Value> {
        if let ("password_file", Some(name)) = (key.name, &self.name) {
            let own = !self.values.contains_key("password");
            return own.then(|| Value::Text(format!("keys/{name}.password")));
        }
        let default = DeValue::parse(key.default?).expect("defaults are TOML: a test reads each");
        let default = Value::from_toml(key.kind, key.name, default.get_ref());
        Some(default.expect("defaults are allowed: a test reads each"))
    }

    fn set(&mut self, key: &'static Key, value: Value, origin: Origin) {
        // A password from a higher layer takes the place of one from below, of either kind.
        let other = match key.name {
            "password" => Some("password_file"),
            "password_file" => Some("password"),
            _ => None,
        };
        let height = origin.height();
        if let Some(other) = other
            && let Some((_, below)) = self.values.get(other)
            && below.height() < height
        {
            self.values.remove(other);
        }
        self.values.insert(key.name, (value, origin));
    }
}

/// All tables with their values, in the order of the template.
#[expect(missing_debug_implementations, reason = "it may hold a password")]
pub struct Sheets(Vec<Sheet>);

impl Sheets {
    /// Lays the layers over each other.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong: an unknown key or a value that its key does not take.
    pub fn read(layers: Layers<'_>) -> Result<Self, ConfigError> {
        let mut sheets = Self(Vec::new());
        for section in Section::ALL {
            if !section.repeats() {
                sheets.0.push(Sheet::new(section));
            }
        }
        if let Some((path, text)) = layers.file {
            sheets.read_file(&Source { path, text })?;
        }
        for (name, value) in layers.variables {
            sheets.read_variable(name, value)?;
        }
        for flag in layers.flags {
            sheets.read_flag(flag)?;
        }
        sheets.0.sort_by_key(|sheet| sheet.section);
        Ok(sheets)
    }

    /// All tables.
    pub fn iter(&self) -> impl Iterator<Item = &Sheet> {
        self.0.iter()
    }

    /// The tables of one section.
    pub fn of(&self, section: Section) -> impl Iterator<Item = &Sheet> {
        self.0.iter().filter(move |sheet| sheet.section == section)
    }

    fn read_file(&mut self, source: &Source<'_>) -> Result<(), ConfigError> {
        let root = DeTable::parse(source.text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            source.error(start, ConfigFault::Syntax(message))
        })?;
        for (name, value) in root.get_ref() {
            let section = Section::ALL
                .into_iter()
                .find(|section| section.name() == name.get_ref());
            let Some(section) = section else {
                let known = Section::ALL.map(Section::name);
                let fault = unknown(name.get_ref(), known.into_iter());
                return Err(source.error(name.span().start, fault));
            };
            if section.repeats() {
                self.read_tables(source, section, value)?;
            } else {
                let Some(table) = value.get_ref().as_table() else {
                    let fault = wrong(section.name(), Wanted::Table);
                    return Err(source.error(value.span().start, fault));
                };
                let sheet = self.0.iter_mut().find(|sheet| sheet.section == section);
                let sheet = sheet.expect("tables that stand once are made first");
                read_table(source, sheet, table)?;
            }
        }
        Ok(())
    }

    fn read_tables(
        &mut self,
        source: &Source<'_>,
        section: Section,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ConfigError> {
        let not_tables = || wrong(section.name(), Wanted::Tables);
        let Some(tables) = value.get_ref().as_array() else {
            return Err(source.error(value.span().start, not_tables()));
        };
        for entry in tables {
            let start = entry.span().start;
            let Some(table) = entry.get_ref().as_table() else {
                return Err(source.error(start, not_tables()));
            };
            let mut sheet = Sheet::new(section);
            sheet.at = source.origin(start);
            read_table(source, &mut sheet, table)?;
            let Some((Value::Text(name), at)) = sheet.values.remove("name") else {
                let path = format!("{}.name", section.name());
                return Err(source.error(start, ConfigFault::Missing(path)));
            };
            let same = |other: &Sheet| {
                let taken = other.name.as_deref().map(variable_part);
                taken == Some(variable_part(&name))
            };
            if self.of(section).any(same) {
                let fault = ConfigFault::Twice(name);
                return Err(ConfigError { at, fault });
            }
            sheet.name = Some(name);
            self.0.push(sheet);
        }
        Ok(())
    }

    fn read_variable(&mut self, variable: &str, words: &str) -> Result<(), ConfigError> {
        let ours = Section::ALL.iter().any(|section| {
            variable.starts_with(&format!("HAZIR_{}_", variable_part(section.name())))
        });
        if !ours {
            return Ok(());
        }
        let at = Origin::Variable(variable.to_owned());
        let name_of = |path: &str| format!("HAZIR_{}", variable_part(path));
        self.set_named(variable, words, at, name_of)
    }

    fn read_flag(&mut self, flag: &str) -> Result<(), ConfigError> {
        // What is no path may be a password, and is not said.
        let is_path = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let flag = flag.trim_start();
        let end = flag.find(|c| !is_path(c)).unwrap_or(flag.len());
        let (path, rest) = flag.split_at(end);
        let Some(words) = rest.trim_start().strip_prefix('=') else {
            let at = Origin::Flag("--set".to_owned());
            let fault = ConfigFault::NotAssignment(path.to_owned());
            return Err(ConfigError { at, fault });
        };
        let at = Origin::Flag(format!("--set {path}"));
        self.set_named(path, words, at, str::to_owned)
    }

    /// Sets the key whose path `name_of` turns into `wanted`.
    fn set_named(
        &mut self,
        wanted: &str,
        words: &str,
        at: Origin,
        name_of: impl Fn(&str) -> String,
    ) -> Result<(), ConfigError> {
        let mut known = Vec::new();
        for sheet in &mut self.0 {
            for key in settable(sheet.section) {
                let name = name_of(&sheet.path(key.name));
                if name != wanted {
                    known.push(name);
                    continue;
                }
                return match Value::from_words(key.kind, key.name, words) {
                    Ok(value) => {
                        sheet.set(key, value, at);
                        Ok(())
                    }
                    Err(fault) => Err(ConfigError { at, fault }),
                };
            }
        }
        let fault = unknown(wanted, known.iter().map(String::as_str));
        Err(ConfigError { at, fault })
    }
}

/// The file, for places in it.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Origin::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn error(&self, offset: usize, fault: ConfigFault) -> ConfigError {
        ConfigError {
            at: self.origin(offset),
            fault,
        }
    }
}

fn read_table(
    source: &Source<'_>,
    sheet: &mut Sheet,
    table: &DeTable<'_>,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        let Some(key) = sheet.section.key(name.get_ref()) else {
            let known = sheet.section.keys().iter().map(|key| key.name);
            let fault = unknown(name.get_ref(), known);
            return Err(source.error(name.span().start, fault));
        };
        let start = value.span().start;
        let value = Value::from_toml(key.kind, key.name, value.get_ref());
        let value = value.map_err(|fault| source.error(start, fault))?;
        sheet.set(key, value, source.origin(start));
    }
    Ok(())
}

/// Keys that flags and variables may give: a name says which table it is and stays.
fn settable(section: Section) -> impl Iterator<Item = &'static Key> {
    let keys = section.keys().iter();
    keys.filter(|key| !matches!(key.kind, Kind::Name))
}

fn variable_part(path: &str) -> String {
    path.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> ConfigFault {
    /// Below this likeness, of 1, a suggestion is a guess.
    const LIKE: f64 = 0.75;
    let nearest = known
        .map(|name| (strsim::jaro_winkler(key, name), name))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned());
    ConfigFault::UnknownKey {
        key: key.to_owned(),
        nearest,
    }
}

fn wrong(key: &str, wanted: Wanted) -> ConfigFault {
    let key = key.to_owned();
    ConfigFault::Type { key, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_and_example_is_allowed_by_its_key() {
        for section in Section::ALL {
            let mut sheet = Sheet::new(section);
            sheet.name = section.repeats().then(|| "reception".to_owned());
            for key in section.keys() {
                let given = sheet.get(key);
                assert_eq!(
                    given.is_some(),
                    key.default.is_some() || key.name == "password_file"
                );
                let example = DeValue::parse(key.example).unwrap();
                let allowed = Value::from_toml(key.kind, key.name, example.get_ref()).is_ok();
                assert_eq!(allowed, key.name != "password", "{}", key.name);
            }
        }
    }
}
