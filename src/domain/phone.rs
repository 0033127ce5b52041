use std::fmt;
use std::str::FromStr;

use rlibphonenumber::enums::{PhoneNumberType, Region};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use serde::{Deserialize, Serialize};

use super::address::mask;

/// A phone number in E.164: `+`, country code, national number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Msisdn(String);

/// Why a text is no phone number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// It does not read as a number.
    #[error("'{0}' is not a phone number")]
    NotANumber(String),
    /// It reads as a number that no network gives out.
    #[error("'{0}' is not a number that can exist")]
    Impossible(String),
    /// The country code is none of ISO 3166.
    #[error("'{0}' is not a country code of two letters")]
    Country(String),
}

/// The country in which numbers without a country code are read; none where only international ones count.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Country(Option<Region>);

impl Country {
    /// Reads an ISO 3166 code of two letters; empty means none.
    ///
    /// # Errors
    /// [`PhoneError::Country`] where there is no such country.
    pub fn parse(code: &str) -> Result<Self, PhoneError> {
        if code.is_empty() {
            return Ok(Self(None));
        }
        let region = Region::from_str(&code.to_ascii_uppercase()).ok();
        match region.filter(|r| PHONE_NUMBER_UTIL.get_country_code_for_region(*r).is_some()) {
            Some(region) => Ok(Self(Some(region))),
            None => Err(PhoneError::Country(code.to_owned())),
        }
    }
}

/// A number that was written before, from a store or a socket: it has the shape of one.
impl TryFrom<String> for Msisdn {
    type Error = PhoneError;

    fn try_from(text: String) -> Result<Self, PhoneError> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let is_number = (1..=Self::MOST_DIGITS).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number {
            return Err(PhoneError::NotANumber(text));
        }
        Ok(Self(text))
    }
}

impl Msisdn {
    /// Digits of the longest number: three of the country and 17 more, which is what plans that break E.164 have.
    const MOST_DIGITS: usize = 20;
    /// Characters of the shortest number that is not a short code with a country code in front: `+` and 8 digits.
    const SHORTEST: usize = 9;

    /// Reads a number as people and gateways write it: `+98…`, `0098…`, `98…`, `0…`, with spaces and Persian digits.
    ///
    /// # Errors
    /// [`PhoneError`] where it is none, or one that cannot exist.
    pub fn parse(text: &str, country: Country) -> Result<Self, PhoneError> {
        let number = PHONE_NUMBER_UTIL
            .parse(text, country.0)
            .map_err(|_| PhoneError::NotANumber(text.to_owned()))?;
        let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
        let short_code = e164.len() < Self::SHORTEST && !number.is_valid();
        if short_code || !PHONE_NUMBER_UTIL.is_possible_number(&number) {
            return Err(PhoneError::Impossible(text.to_owned()));
        }
        Ok(Self(e164))
    }

    /// The number in E.164.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a mobile number of `country`: what an answer may cost an SMS for.
    pub fn is_mobile_of(&self, country: Country) -> bool {
        let Some(region) = country.0 else {
            return false;
        };
        let Ok(number) = PHONE_NUMBER_UTIL.parse(&self.0, None) else {
            return false;
        };
        number.is_valid()
            && PHONE_NUMBER_UTIL.get_region_for_number(&number) == Some(region)
            && matches!(
                number.get_type(),
                PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile
            )
    }

    /// The number with all but its last two digits hidden, for logs and screens.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_gateways_write_them() {
        let iran = Country::parse("ir").unwrap();
        for text in [
            "+989102211824",
            "00989102211824",
            "989102211824",
            "09102211824",
            "۰۹۱۰۲۲۱۱۸۲۴",
        ] {
            assert_eq!(
                Msisdn::parse(text, iran).unwrap().as_str(),
                "+989102211824",
                "{text}"
            );
        }
        for text in ["", "OZEKI", "1", "11111", "+8888888888888888888888"] {
            assert!(Msisdn::parse(text, iran).is_err(), "{text}");
        }
        assert!(Msisdn::parse("09102211824", Country::default()).is_err());
        assert!(Country::parse("QQ").is_err());
        assert!(Country::parse("Iran").is_err());
    }

    #[test]
    fn only_mobile_numbers_of_the_country_count() {
        let iran = Country::parse("IR").unwrap();
        let mobile = |text: &str| Msisdn::parse(text, iran).unwrap().is_mobile_of(iran);
        assert!(mobile("+989102211824"));
        assert!(!mobile("+982188776655"));
        assert!(!mobile("+905321234588"));
    }

    #[test]
    fn a_number_hides_itself_in_debug() {
        let number = Msisdn::parse("+989102211824", Country::default()).unwrap();
        assert_eq!(format!("{number:?}"), "***********24");
    }
}
