use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::CliError;
use crate::domain::Millis;

/// Writes a moment as RFC 3339 in UTC with milliseconds, for JSON. Beyond the years that can be written it is the last one.
pub fn rfc3339(at: Millis) -> String {
    format!("{:.3}", timestamp(at))
}

/// Writes a moment in the site's time zone, for people: `2026-11-20 12:28:01`.
pub fn local(at: Millis, zone: &TimeZone) -> String {
    let at = timestamp(at).to_zoned(zone.clone());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What the clock of `zone` shows.
pub fn civil_at(at: Millis, zone: &TimeZone) -> DateTime {
    timestamp(at).to_zoned(zone.clone()).datetime()
}

/// Reads a moment as people write it: RFC 3339, `2026-11-20`, `2026-11-20 09:00`, `09:00` (today), `2h`, `30m` or `3d` ago.
///
/// What has no offset is read in `zone`. `flag` is named in the error.
///
/// # Errors
/// [`CliError::Value`] where it is none of them.
pub fn parse_when(
    text: &str,
    now: Millis,
    zone: &TimeZone,
    flag: &'static str,
) -> Result<Millis, CliError> {
    let text = text.trim();
    let at = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| ago(text, now))
        .or_else(|| in_zone(text, now, zone));
    let value = text.to_owned();
    let at = at.ok_or(CliError::Value { flag, value })?;
    Ok(Millis(at.as_millisecond()))
}

fn ago(text: &str, now: Millis) -> Option<Timestamp> {
    let text = text.strip_suffix(" ago").unwrap_or(text);
    let unit = text.chars().last()?;
    let minutes: i64 = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return None,
    };
    let count: i32 = text.strip_suffix(unit)?.parse().ok()?;
    if count < 0 {
        return None;
    }
    let back = SignedDuration::from_mins(minutes.checked_mul(count.into())?);
    timestamp(now).checked_sub(back).ok()
}

fn in_zone(text: &str, now: Millis, zone: &TimeZone) -> Option<Timestamp> {
    let civil = civil(text).or_else(|| {
        let time = clock(text)?;
        let today = timestamp(now).to_zoned(zone.clone()).date();
        Some(today.to_datetime(time))
    })?;
    zone.to_timestamp(civil).ok()
}

fn civil(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let well_formed = date.len() == 10 && date.as_bytes()[4] == b'-';
    let date: Date = well_formed.then(|| date.parse().ok()).flatten()?;
    Some(date.to_datetime(clock(time)?))
}

fn clock(text: &str) -> Option<Time> {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    match shape.as_str() {
        "00:00" | "0:00" => Time::strptime("%H:%M", text).ok(),
        "00:00:00" => Time::strptime("%H:%M:%S", text).ok(),
        _ => None,
    }
}

fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tehran() -> TimeZone {
        TimeZone::get("Asia/Tehran").unwrap()
    }

    fn now() -> Millis {
        parse_when("2026-11-20T08:58:01.123Z", Millis(0), &TimeZone::UTC, "at").unwrap()
    }

    #[test]
    fn json_times_have_milliseconds() {
        assert_eq!(rfc3339(now()), "2026-11-20T08:58:01.123Z");
        assert_eq!(rfc3339(Millis(0)), "1970-01-01T00:00:00.000Z");
        assert!(rfc3339(Millis(i64::MAX)).starts_with("9999-12-3"));
        assert_eq!(local(now(), &tehran()), "2026-11-20 12:28:01");
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, at) in [
            ("2026-11-20T12:28:01+03:30", "2026-11-20T08:58:01.000Z"),
            ("2026-11-20T09:00Z", "2026-11-20T09:00:00.000Z"),
            ("2026-11-20", "2026-11-19T20:30:00.000Z"),
            ("2026-11-20 09:00", "2026-11-20T05:30:00.000Z"),
            ("2026-11-20T09:00:30", "2026-11-20T05:30:30.000Z"),
            ("09:00", "2026-11-20T05:30:00.000Z"),
            ("9:05", "2026-11-20T05:35:00.000Z"),
            ("2h", "2026-11-20T06:58:01.123Z"),
            ("30m", "2026-11-20T08:28:01.123Z"),
            ("3d ago", "2026-11-17T08:58:01.123Z"),
            (" 0m ", "2026-11-20T08:58:01.123Z"),
        ] {
            let read = parse_when(text, now(), &tehran(), "since");
            assert_eq!(read.map(rfc3339).ok().as_deref(), Some(at), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "m",
            "-2h",
            "2w",
            "25:00",
            "2026-13-01",
            "2026-11-20 9",
            "tomorrow",
            "20261120",
            "99999999999d",
            "2147483647d",
            "é",
        ] {
            assert!(
                parse_when(text, now(), &tehran(), "since").is_err(),
                "{text}"
            );
        }
    }
}
