//! The configuration of a desk, `hazir.toml`, as the rest of the program takes it.

mod error;
mod keys;
mod layers;
mod links;
mod show;
mod template;
mod tls;
mod value;

#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

pub use error::{ConfigError, ConfigFault, Origin, TlsFileFault, Wanted};
pub use keys::{DAYS, Key, Section};
pub use layers::{Layers, Sheet, Sheets};
pub use links::{PAGE_CHARACTERS, PageFault, PageUrl};
pub use show::{Setting, settings};
pub use template::{Given, template};
pub use tls::{TlsConfig, TlsFile, TlsName};
pub use value::{Kind, Value, time_of_day};

use super::secret::Secret;
use crate::domain::{Country, GatewayName};
use crate::ui::{Glyphs, Keys, Theme};

/// All of `hazir.toml`, every value within its bounds.
#[expect(missing_debug_implementations, reason = "it may hold a password")]
pub struct Config {
    /// `[site]`
    pub site: Site,
    /// `[[gateway]]`, in the order of the file.
    pub gateways: Vec<Gateway>,
    /// `[receipts]`
    pub receipts: Receipts,
    /// `[rules]`
    pub rules: Rules,
    /// `[backup]`
    pub backup: Backup,
    /// `[journal]`
    pub journal: Journal,
    /// `[console]`
    pub console: Console,
    /// `[[shift]]`, in the order of the file.
    pub shifts: Vec<Shift>,
}

/// Where the desk stands.
#[derive(Clone, Debug)]
pub struct Site {
    /// What the desk is called.
    pub name: String,
    /// Where days begin and how times are shown.
    pub time_zone: TimeZone,
    /// For numbers written without a country code.
    pub country: Country,
    /// Without a shift, who is in is reckoned from here.
    pub day_starts: Time,
    /// Members of this group may use the socket; `None` leaves it to the owner.
    pub socket_group: Option<String>,
    /// The page for phones; `None` shows keys without a link.
    pub page: Option<PageUrl>,
}

/// One gateway.
#[expect(missing_debug_implementations, reason = "it may hold a password")]
pub struct Gateway {
    /// Its name: unique, letters, digits, `-` and `_`.
    pub name: GatewayName,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS; `None` without.
    pub tls: Option<TlsConfig>,
    /// Name of the login, at most 15 octets.
    pub system_id: String,
    /// Where the password comes from.
    pub password: PasswordFrom,
    /// The number that receipts come from; `None` is the address the message was sent to.
    pub source_address: Option<String>,
    /// How envelopes travel.
    pub encoding: Encoding,
    /// What the gateway appends to a text, in characters.
    pub footer_octets: u16,
    /// The page for phones, whose link stands in front of answers; `None` sends them alone.
    pub answer_link: Option<String>,
    /// Silence after which enquire_link is sent, in seconds.
    pub enquire_link_s: u32,
    /// How long a response may take, in seconds.
    pub response_timeout_s: u32,
    /// submit_sm in flight.
    pub window: u16,
    /// SMS a second; 0 is no limit.
    pub max_per_second: u32,
    /// SMS in 30 minutes, parts counted; 0 is no limit.
    pub max_per_30_min: u32,
    /// How the numbers begin to which it carries answers of other gateways; empty is any number.
    pub reaches: Vec<String>,
    /// For peers that read one PDU a segment.
    pub one_pdu_per_write: bool,
}

/// Where a gateway's password comes from.
#[expect(missing_debug_implementations, reason = "it may be the password")]
pub enum PasswordFrom {
    /// The configuration holds it, given here.
    Inline(Secret, Origin),
    /// A file holds it; relative to the data directory.
    File(PathBuf),
}

/// How envelopes travel.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As a frame of text.
    Text,
    /// As octets, for carrier SMSCs alone.
    Binary,
}

/// How receipts are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipts {
    /// Pauses after a temporary refusal, in seconds; the last repeats. Never empty.
    pub retry_after_s: Vec<u32>,
    /// After how many hours an answer is given up.
    pub give_up_after_h: u32,
    /// After how many seconds without a link its answers go by another gateway; 0 is never.
    pub other_gateway_after_s: u32,
    /// Repeats and refusals that are answered for a device in a day.
    pub repeats_per_device_per_day: u16,
    /// Check-ins of a device in a day; beyond, they are answered last.
    pub attendance_per_device_per_day: u16,
}

/// What is done with a phone's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Past so many minutes the row says that the clock is off.
    pub clock_tolerance_min: u32,
    /// Claimed more than so many hours before arrival: delayed.
    pub delayed_after_h: u32,
    /// Claimed more than so many hours after arrival: refused.
    pub refuse_ahead_h: u32,
    /// Claimed more than so many hours before arrival: refused.
    pub refuse_behind_h: u32,
}

/// Copies of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Where one is made each night, relative to the data directory; `None` makes none.
    pub directory: Option<PathBuf>,
    /// When, by the clock of the site.
    pub at: Time,
    /// So many of the newest are kept there.
    pub keep: u32,
    /// Without one for so many days there is an alarm; 0 never.
    pub old_after_days: u32,
}

/// What is committed, once more, a second later at the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Where, relative to the data directory; `None` keeps none.
    pub directory: Option<PathBuf>,
    /// The oldest files go when there are more MiB.
    pub max_mib: u32,
}

/// How consoles look and which keys they take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Colours.
    pub theme: Theme,
    /// Characters; `None` goes by the terminal's locale.
    pub glyphs: Option<Glyphs>,
    /// Whether a new alarm rings.
    pub bell: bool,
    /// Keys that are bound otherwise.
    pub keys: Keys,
}

/// A shift. It is read and checked; it acts with the attendance rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Its name.
    pub name: String,
    /// On which days it begins.
    pub days: Vec<Weekday>,
    /// When it begins.
    pub start: Time,
    /// When it ends; before the start means the next day.
    pub end: Time,
    /// Minutes after the start that are not late.
    pub grace_late_min: u32,
    /// Minutes before the end that are not early.
    pub grace_early_min: u32,
    /// Minutes that do not count as work.
    pub break_min: u32,
    /// How hours are counted.
    pub count: HoursCount,
}

/// How the hours of a day are counted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HoursCount {
    /// From the first in to the last out.
    FirstLast,
    /// Each in to its out.
    Pairs,
}

impl Config {
    /// Makes the configuration of the layers.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn read(layers: Layers<'_>) -> Result<Self, ConfigError> {
        Self::from_sheets(&Sheets::read(layers)?)
    }

    /// Makes the configuration of tables that were read.
    ///
    /// # Errors
    /// [`ConfigError`] where something is missing, or two values do not go together.
    #[expect(
        clippy::missing_panics_doc,
        reason = "tables that stand once are always there"
    )]
    pub fn from_sheets(sheets: &Sheets) -> Result<Self, ConfigError> {
        let one = |section| {
            let sheet = sheets.of(section).next();
            sheet.expect("tables that stand once are always there")
        };
        let gateways = sheets.of(Section::Gateway).map(gateway);
        let shifts = sheets.of(Section::Shift).map(shift);
        Ok(Self {
            site: site(one(Section::Site))?,
            gateways: gateways.collect::<Result<_, _>>()?,
            receipts: receipts(one(Section::Receipts))?,
            rules: rules(one(Section::Rules))?,
            backup: backup(one(Section::Backup))?,
            journal: journal(one(Section::Journal))?,
            console: console(one(Section::Console))?,
            shifts: shifts.collect::<Result<_, _>>()?,
        })
    }
}

fn site(sheet: &Sheet) -> Result<Site, ConfigError> {
    let text = |name| text(sheet, name);
    let zone = text("time_zone")?;
    let country = text("country")?;
    let group = text("socket_group")?;
    Ok(Site {
        name: text("name")?,
        time_zone: TimeZone::get(&zone)
            .map_err(|_| fault_at(sheet, "time_zone", ConfigFault::TimeZone(zone)))?,
        country: Country::parse(&country)
            .map_err(|_| fault_at(sheet, "country", ConfigFault::Country(country)))?,
        day_starts: time(sheet, "day_starts")?,
        socket_group: (!group.is_empty()).then_some(group),
        page: links::page(sheet)?,
    })
}

fn gateway(sheet: &Sheet) -> Result<Gateway, ConfigError> {
    let name = sheet.name.clone().unwrap_or_default();
    let source = text(sheet, "source_address")?;
    let password = password(sheet, &name)?;
    let host = text(sheet, "host")?;
    let encoding = match text(sheet, "encoding")?.as_str() {
        "binary" => Encoding::Binary,
        _ => Encoding::Text,
    };
    let footer_octets = small(sheet, "footer_octets")?;
    Ok(Gateway {
        name: GatewayName::new(&name),
        port: small(sheet, "port")?,
        tls: tls::read(sheet, &host)?,
        host,
        system_id: text(sheet, "system_id")?,
        password,
        source_address: (!source.is_empty()).then_some(source),
        encoding,
        footer_octets,
        answer_link: links::answer_link(sheet, encoding, footer_octets)?,
        enquire_link_s: number(sheet, "enquire_link_s")?,
        response_timeout_s: number(sheet, "response_timeout_s")?,
        window: small(sheet, "window")?,
        max_per_second: number(sheet, "max_per_second")?,
        max_per_30_min: number(sheet, "max_per_30_min")?,
        reaches: texts(sheet, "reaches")?,
        one_pdu_per_write: flag(sheet, "one_pdu_per_write")?,
    })
}

fn password(sheet: &Sheet, gateway: &str) -> Result<PasswordFrom, ConfigError> {
    let Some((Value::Secret(password), at)) = sheet.given("password") else {
        return Ok(PasswordFrom::File(text(sheet, "password_file")?.into()));
    };
    if sheet.given("password_file").is_some() {
        let fault = ConfigFault::TwoPasswords(gateway.to_owned());
        let at = at.clone();
        return Err(ConfigError { at, fault });
    }
    let password = Secret::new(password.as_str().to_owned());
    Ok(PasswordFrom::Inline(password, at.clone()))
}

fn receipts(sheet: &Sheet) -> Result<Receipts, ConfigError> {
    let Value::Numbers(retry_after_s) = required(sheet, "retry_after_s")? else {
        return Err(missing(sheet, "retry_after_s"));
    };
    Ok(Receipts {
        retry_after_s,
        give_up_after_h: number(sheet, "give_up_after_h")?,
        other_gateway_after_s: number(sheet, "other_gateway_after_s")?,
        repeats_per_device_per_day: small(sheet, "repeats_per_device_per_day")?,
        attendance_per_device_per_day: small(sheet, "attendance_per_device_per_day")?,
    })
}

fn rules(sheet: &Sheet) -> Result<Rules, ConfigError> {
    Ok(Rules {
        clock_tolerance_min: number(sheet, "clock_tolerance_min")?,
        delayed_after_h: number(sheet, "delayed_after_h")?,
        refuse_ahead_h: number(sheet, "refuse_ahead_h")?,
        refuse_behind_h: number(sheet, "refuse_behind_h")?,
    })
}

fn backup(sheet: &Sheet) -> Result<Backup, ConfigError> {
    let directory = text(sheet, "directory")?;
    Ok(Backup {
        directory: (!directory.is_empty()).then(|| directory.into()),
        at: time(sheet, "at")?,
        keep: number(sheet, "keep")?,
        old_after_days: number(sheet, "old_after_days")?,
    })
}

fn journal(sheet: &Sheet) -> Result<Journal, ConfigError> {
    let directory = text(sheet, "directory")?;
    Ok(Journal {
        directory: (!directory.is_empty()).then(|| directory.into()),
        max_mib: number(sheet, "max_mib")?,
    })
}

fn console(sheet: &Sheet) -> Result<Console, ConfigError> {
    let changes = texts(sheet, "keys")?;
    let changes: Vec<(&str, Vec<&str>)> = changes
        .iter()
        .map(|change| {
            let (name, keys) = change.split_once('=').unwrap_or((change, ""));
            (name.trim(), keys.split_whitespace().collect())
        })
        .collect();
    let keys = Keys::with(&changes);
    Ok(Console {
        theme: match text(sheet, "theme")?.as_str() {
            "contrast" => Theme::Contrast,
            "cb" => Theme::ColourBlind,
            "mono" => Theme::Mono,
            _ => Theme::Terminal,
        },
        glyphs: match text(sheet, "glyphs")?.as_str() {
            "unicode" => Some(Glyphs::Unicode),
            "ascii" => Some(Glyphs::Ascii),
            _ => None,
        },
        bell: flag(sheet, "bell")?,
        keys: keys.map_err(|fault| fault_at(sheet, "keys", ConfigFault::Keys(fault)))?,
    })
}

fn shift(sheet: &Sheet) -> Result<Shift, ConfigError> {
    let days = texts(sheet, "days")?;
    let weekday = |day: &String| {
        let place = DAYS.iter().position(|known| known == day)?;
        Weekday::from_monday_zero_offset(i8::try_from(place).ok()?).ok()
    };
    Ok(Shift {
        name: sheet.name.clone().unwrap_or_default(),
        days: days.iter().filter_map(weekday).collect(),
        start: time(sheet, "start")?,
        end: time(sheet, "end")?,
        grace_late_min: number(sheet, "grace_late_min")?,
        grace_early_min: number(sheet, "grace_early_min")?,
        break_min: number(sheet, "break_min")?,
        count: match text(sheet, "count")?.as_str() {
            "pairs" => HoursCount::Pairs,
            _ => HoursCount::FirstLast,
        },
    })
}

fn required(sheet: &Sheet, name: &str) -> Result<Value, ConfigError> {
    let value = sheet.section.key(name).and_then(|key| sheet.get(key));
    value
        .map(|(value, _)| value)
        .ok_or_else(|| missing(sheet, name))
}

fn text(sheet: &Sheet, name: &str) -> Result<String, ConfigError> {
    let Value::Text(text) = required(sheet, name)? else {
        return Err(missing(sheet, name));
    };
    Ok(text)
}

fn texts(sheet: &Sheet, name: &str) -> Result<Vec<String>, ConfigError> {
    let Value::Texts(texts) = required(sheet, name)? else {
        return Err(missing(sheet, name));
    };
    Ok(texts)
}

fn number(sheet: &Sheet, name: &str) -> Result<u32, ConfigError> {
    let Value::Number(number) = required(sheet, name)? else {
        return Err(missing(sheet, name));
    };
    Ok(number)
}

fn small(sheet: &Sheet, name: &str) -> Result<u16, ConfigError> {
    let number = number(sheet, name)?;
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}

fn flag(sheet: &Sheet, name: &str) -> Result<bool, ConfigError> {
    let Value::Flag(flag) = required(sheet, name)? else {
        return Err(missing(sheet, name));
    };
    Ok(flag)
}

fn time(sheet: &Sheet, name: &str) -> Result<Time, ConfigError> {
    time_of_day(&text(sheet, name)?).ok_or_else(|| missing(sheet, name))
}

fn missing(sheet: &Sheet, name: &str) -> ConfigError {
    ConfigError {
        at: sheet.at.clone(),
        fault: ConfigFault::Missing(sheet.path(name)),
    }
}

fn fault_at(sheet: &Sheet, name: &str, fault: ConfigFault) -> ConfigError {
    let at = sheet
        .given(name)
        .map_or(Origin::Default, |(_, at)| at.clone());
    ConfigError { at, fault }
}

/// Reads the configuration of a text, for tests of other files.
///
/// # Errors
/// [`ConfigError`] for the first thing that is wrong.
#[cfg(test)]
pub fn read_text(text: &str) -> Result<Config, ConfigError> {
    Config::read(Layers {
        file: Some((Path::new("hazir.toml"), text)),
        variables: &[],
        flags: &[],
    })
}

#[cfg(test)]
mod tests;
