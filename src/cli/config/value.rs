use std::net::Ipv6Addr;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use toml::de::DeValue;
use zeroize::Zeroizing;

use super::error::{ConfigFault, Wanted};
use crate::domain::Country;

/// What a key may hold.
#[derive(Copy, Clone, Debug)]
pub enum Kind {
    /// A text of at most so many characters.
    Text {
        /// The most.
        most: usize,
    },
    /// Seen characters of ASCII, at most so many, at least one.
    Login {
        /// The most.
        most: usize,
    },
    /// As a login, and never printed; may be empty.
    Secret {
        /// The most.
        most: usize,
    },
    /// A name of a gateway or shift: 1 to 32 letters, digits, `-`, `_`. It is part of file names and variables.
    Name,
    /// A host name or address.
    Host,
    /// Digits with an optional `+`, at most 20; may be empty.
    Address,
    /// A time zone of the IANA database.
    TimeZone,
    /// A country of ISO 3166; may be empty.
    Country,
    /// Hours and minutes.
    TimeOfDay,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// One to `most` whole numbers.
    Numbers {
        /// The least of each.
        min: u32,
        /// The most of each.
        max: u32,
        /// How many.
        most: usize,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One or more of these words.
    Choices(&'static [&'static str]),
    /// Texts without control characters; may be none.
    Texts {
        /// How many.
        most: usize,
    },
    /// How numbers in E.164 may begin, `+98`; may be none.
    Prefixes {
        /// How many.
        most: usize,
    },
}

/// A value that its kind allows.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "it may be a password")]
pub enum Value {
    /// A text.
    Text(String),
    /// A password.
    Secret(Zeroizing<String>),
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(u32),
    /// Whole numbers.
    Numbers(Vec<u32>),
    /// Words.
    Texts(Vec<String>),
}

impl Value {
    /// Takes a value as the file holds it. `key` is for the error.
    ///
    /// # Errors
    /// [`ConfigFault`] where `kind` does not allow it.
    pub fn from_toml(kind: Kind, key: &str, value: &DeValue<'_>) -> Result<Self, ConfigFault> {
        match kind {
            Kind::Flag => {
                let flag = value.as_bool().ok_or_else(|| wrong(key, Wanted::Flag))?;
                Ok(Self::Flag(flag))
            }
            Kind::Number { min, max } => {
                let number = whole(value).ok_or_else(|| wrong(key, Wanted::Number))?;
                ranged(key, number, min, max).map(Self::Number)
            }
            Kind::Numbers { min, max, most } => {
                let list = value.as_array();
                let list = list.ok_or_else(|| wrong(key, Wanted::Numbers))?.iter();
                let numbers: Option<Vec<i64>> = list.map(|entry| whole(entry.get_ref())).collect();
                let numbers = numbers.ok_or_else(|| wrong(key, Wanted::Numbers))?;
                many(key, &numbers, min, max, most)
            }
            Kind::Choices(choices) => {
                let list = value.as_array();
                let list = list.ok_or_else(|| wrong(key, Wanted::Texts))?.iter();
                let texts: Option<Vec<&str>> = list.map(|entry| entry.get_ref().as_str()).collect();
                let texts = texts.ok_or_else(|| wrong(key, Wanted::Texts))?;
                some_of(key, &texts, choices)
            }
            Kind::Texts { most } => {
                let list = value.as_array();
                let list = list.ok_or_else(|| wrong(key, Wanted::Texts))?.iter();
                let texts: Option<Vec<&str>> = list.map(|entry| entry.get_ref().as_str()).collect();
                plain_texts(key, &texts.ok_or_else(|| wrong(key, Wanted::Texts))?, most)
            }
            Kind::Prefixes { most } => {
                let list = value.as_array();
                let list = list.ok_or_else(|| wrong(key, Wanted::Prefixes))?.iter();
                let texts: Option<Vec<&str>> = list.map(|entry| entry.get_ref().as_str()).collect();
                prefixes(
                    key,
                    &texts.ok_or_else(|| wrong(key, Wanted::Prefixes))?,
                    most,
                )
            }
            Kind::Text { .. }
            | Kind::Login { .. }
            | Kind::Secret { .. }
            | Kind::Name
            | Kind::Host
            | Kind::Address
            | Kind::TimeZone
            | Kind::Country
            | Kind::TimeOfDay
            | Kind::Choice(_) => {
                let text = value.as_str().ok_or_else(|| wrong(key, Wanted::Text))?;
                from_text(kind, key, text)
            }
        }
    }

    /// Takes a value as a flag or variable holds it: texts without quotes, lists with commas.
    ///
    /// # Errors
    /// [`ConfigFault`] where `kind` does not allow it.
    pub fn from_words(kind: Kind, key: &str, words: &str) -> Result<Self, ConfigFault> {
        let parts = || {
            let inner = words.trim().trim_start_matches('[').trim_end_matches(']');
            inner
                .split(',')
                .map(|part| part.trim().trim_matches('"'))
                .filter(|part| !part.is_empty())
        };
        match kind {
            Kind::Flag => match words {
                "true" => Ok(Self::Flag(true)),
                "false" => Ok(Self::Flag(false)),
                _ => Err(wrong(key, Wanted::Flag)),
            },
            Kind::Number { min, max } => {
                let number = words.parse().map_err(|_| wrong(key, Wanted::Number))?;
                ranged(key, number, min, max).map(Self::Number)
            }
            Kind::Numbers { min, max, most } => {
                let numbers: Result<Vec<i64>, _> = parts().map(str::parse).collect();
                let numbers = numbers.map_err(|_| wrong(key, Wanted::Numbers))?;
                many(key, &numbers, min, max, most)
            }
            Kind::Choices(choices) => some_of(key, &parts().collect::<Vec<_>>(), choices),
            Kind::Texts { most } => plain_texts(key, &parts().collect::<Vec<_>>(), most),
            Kind::Prefixes { most } => prefixes(key, &parts().collect::<Vec<_>>(), most),
            Kind::Text { .. }
            | Kind::Login { .. }
            | Kind::Secret { .. }
            | Kind::Name
            | Kind::Host
            | Kind::Address
            | Kind::TimeZone
            | Kind::Country
            | Kind::TimeOfDay
            | Kind::Choice(_) => from_text(kind, key, words),
        }
    }

    /// The value as the file would hold it; `None` for a password.
    pub fn to_toml(&self) -> Option<String> {
        let quoted = |text: &String| toml::Value::String(text.clone()).to_string();
        let listed = |parts: Vec<String>| format!("[{}]", parts.join(", "));
        match self {
            Self::Text(text) => Some(quoted(text)),
            Self::Secret(_) => None,
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Numbers(numbers) => {
                Some(listed(numbers.iter().map(ToString::to_string).collect()))
            }
            Self::Texts(texts) => Some(listed(texts.iter().map(quoted).collect())),
        }
    }

    /// The value for `--json`; null for a password.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Secret(_) => serde_json::Value::Null,
            Self::Flag(flag) => (*flag).into(),
            Self::Number(number) => (*number).into(),
            Self::Numbers(numbers) => numbers.clone().into(),
            Self::Texts(texts) => texts.clone().into(),
        }
    }
}

/// Reads hours and minutes, `09:00`.
pub fn time_of_day(text: &str) -> Option<Time> {
    let well_formed = text.len() == 5 && text.as_bytes()[2] == b':';
    well_formed
        .then(|| Time::strptime("%H:%M", text).ok())
        .flatten()
}

fn from_text(kind: Kind, key: &str, text: &str) -> Result<Value, ConfigFault> {
    let plain = || Ok(Value::Text(text.to_owned()));
    let length = |most: usize| {
        let key = key.to_owned();
        if text.chars().count() > most {
            Err(ConfigFault::Length { key, most })
        } else {
            Ok(())
        }
    };
    let seen = |text: &str| text.bytes().all(|octet| octet.is_ascii_graphic());
    match kind {
        Kind::Text { most } => {
            length(most)?;
            if text.chars().any(char::is_control) {
                return Err(wrong(key, Wanted::Text));
            }
            plain()
        }
        Kind::Login { most } => {
            length(most)?;
            if text.is_empty() || !seen(text) {
                return Err(wrong(key, Wanted::Ascii));
            }
            plain()
        }
        Kind::Secret { most } => {
            length(most)?;
            if !seen(text) {
                return Err(wrong(key, Wanted::Ascii));
            }
            Ok(Value::Secret(Zeroizing::new(text.to_owned())))
        }
        Kind::Name => {
            length(32)?;
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if text.is_empty() || !text.chars().all(allowed) {
                return Err(wrong(key, Wanted::Name));
            }
            plain()
        }
        Kind::Host => {
            length(253)?;
            if text.is_empty() || !seen(text) || text.contains('/') || !is_host(text) {
                return Err(wrong(key, Wanted::Host));
            }
            plain()
        }
        Kind::Address => {
            length(20)?;
            let digits = text.strip_prefix('+').unwrap_or(text);
            if !digits.bytes().all(|octet| octet.is_ascii_digit()) || text == "+" {
                return Err(wrong(key, Wanted::Address));
            }
            plain()
        }
        Kind::TimeZone => match TimeZone::get(text) {
            Ok(_) => plain(),
            Err(_) => Err(ConfigFault::TimeZone(text.to_owned())),
        },
        Kind::Country => match Country::parse(text) {
            Ok(_) => plain(),
            Err(_) => Err(ConfigFault::Country(text.to_owned())),
        },
        Kind::TimeOfDay => match time_of_day(text) {
            Some(_) => plain(),
            None => Err(wrong(key, Wanted::TimeOfDay)),
        },
        Kind::Choice(choices) => {
            chosen(key, text, choices)?;
            plain()
        }
        Kind::Flag
        | Kind::Number { .. }
        | Kind::Numbers { .. }
        | Kind::Choices(_)
        | Kind::Texts { .. }
        | Kind::Prefixes { .. } => Err(wrong(key, Wanted::Text)),
    }
}

/// Only an address of IPv6 has colons; it stands without brackets and port.
fn is_host(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    !text.contains([':', '[', ']']) || address.parse::<Ipv6Addr>().is_ok()
}

fn wrong(key: &str, wanted: Wanted) -> ConfigFault {
    let key = key.to_owned();
    ConfigFault::Type { key, wanted }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn ranged(key: &str, number: i64, min: u32, max: u32) -> Result<u32, ConfigFault> {
    let key = key.to_owned();
    u32::try_from(number)
        .ok()
        .filter(|number| (min..=max).contains(number))
        .ok_or(ConfigFault::Range { key, min, max })
}

fn many(key: &str, numbers: &[i64], min: u32, max: u32, most: usize) -> Result<Value, ConfigFault> {
    if numbers.is_empty() || numbers.len() > most {
        let key = key.to_owned();
        return Err(ConfigFault::Length { key, most });
    }
    let numbers = numbers.iter().map(|number| ranged(key, *number, min, max));
    Ok(Value::Numbers(numbers.collect::<Result<_, _>>()?))
}

fn chosen(key: &str, text: &str, choices: &[&str]) -> Result<(), ConfigFault> {
    if choices.contains(&text) {
        return Ok(());
    }
    Err(ConfigFault::Choice {
        key: key.to_owned(),
        value: text.to_owned(),
        choices: choices.join(", "),
    })
}

fn some_of(key: &str, texts: &[&str], choices: &[&str]) -> Result<Value, ConfigFault> {
    if texts.is_empty() || texts.len() > choices.len() {
        let (key, most) = (key.to_owned(), choices.len());
        return Err(ConfigFault::Length { key, most });
    }
    for text in texts {
        chosen(key, text, choices)?;
    }
    Ok(Value::Texts(
        texts.iter().map(|text| (*text).to_owned()).collect(),
    ))
}

fn prefixes(key: &str, texts: &[&str], most: usize) -> Result<Value, ConfigFault> {
    let is_prefix = |text: &&str| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        (1..=15).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit())
    };
    if !texts.iter().all(is_prefix) {
        return Err(wrong(key, Wanted::Prefixes));
    }
    plain_texts(key, texts, most)
}

fn plain_texts(key: &str, texts: &[&str], most: usize) -> Result<Value, ConfigFault> {
    if texts.len() > most {
        let key = key.to_owned();
        return Err(ConfigFault::Length { key, most });
    }
    if texts.iter().any(|text| text.chars().any(char::is_control)) {
        return Err(wrong(key, Wanted::Texts));
    }
    let texts = texts.iter().map(|text| (*text).to_owned());
    Ok(Value::Texts(texts.collect()))
}
