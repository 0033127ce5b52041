use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::domain::{Country, GatewayName, Millis};

/// What the configuration says to the engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The site's time zone.
    pub time_zone: TimeZone,
    /// The country in which numbers without a country code are read.
    pub country: Country,
    /// Who is in is reckoned from here.
    pub day_starts: Time,
    /// Rules of time.
    pub rules: Rules,
    /// How answers are sent.
    pub receipts: Receipts,
    /// The gateways, in the order of the configuration.
    pub gateways: Vec<GatewaySettings>,
    /// When this program was released: a clock that shows less is wrong.
    pub released_at: Millis,
    /// Version of this program.
    pub version: String,
}

/// Rules of time.
#[derive(Copy, Clone, Debug)]
pub struct Rules {
    /// Past this the phone's clock is off.
    pub clock_tolerance_ms: i64,
    /// Claimed longer ago than this, a check-in changes nobody's presence.
    pub delayed_after_ms: i64,
    /// Claimed further ahead than this, it is refused.
    pub refuse_ahead_ms: i64,
    /// Claimed longer ago than this, it is refused.
    pub refuse_behind_ms: i64,
    /// Without a whole backup for so long, that is an alarm; 0 never.
    pub backup_old_after_ms: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            clock_tolerance_ms: 5 * Millis::MINUTE,
            delayed_after_ms: 4 * Millis::HOUR,
            refuse_ahead_ms: 24 * Millis::HOUR,
            refuse_behind_ms: 192 * Millis::HOUR,
            backup_old_after_ms: 7 * Millis::DAY,
        }
    }
}

/// How answers are sent.
#[derive(Clone, Debug)]
pub struct Receipts {
    /// Pauses after temporary refusals; the last repeats. Never empty.
    pub retry_after_ms: Vec<i64>,
    /// How long an answer is tried.
    pub give_up_after_ms: i64,
    /// How long a link is not bound before its answers go by another gateway; 0 is never.
    pub other_gateway_after_ms: i64,
    /// Repeats and refusals that a device gets in a day.
    pub repeats_per_device_per_day: u16,
    /// Check-ins of a day beyond which answers leave last.
    pub attendance_per_device_per_day: u16,
}

impl Default for Receipts {
    fn default() -> Self {
        Self {
            retry_after_ms: [30, 60, 300, 900, 3_600]
                .map(|s| s * Millis::SECOND)
                .to_vec(),
            give_up_after_ms: 24 * Millis::HOUR,
            other_gateway_after_ms: 2 * Millis::MINUTE,
            repeats_per_device_per_day: 20,
            attendance_per_device_per_day: 30,
        }
    }
}

/// What the engine knows of a gateway.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Its name.
    pub name: GatewayName,
    /// Answers come from this number; `None`: from the one that the message was sent to.
    pub source_address: Option<String>,
    /// Whether envelopes travel as octets and not as text.
    pub binary: bool,
    /// Characters that the gateway appends to each message.
    pub footer_octets: usize,
    /// The page for phones, whose link stands in front of sealed answers that travel as text.
    pub answer_link: Option<String>,
    /// Answers in flight at once; at least 1.
    pub window: usize,
    /// SMS a second; 0 is no limit.
    pub max_per_second: u32,
    /// SMS in 30 minutes; 0 is no limit.
    pub max_per_30_min: u32,
    /// How the numbers begin, in E.164, to which answers of other gateways may go by it; empty is any number.
    pub reaches: Vec<String>,
}

impl Settings {
    /// When the day that `now` lies in started: `day_starts` by the wall clock of the site. Where clocks are put forth over
    /// it, the day starts as much later; where they are put back, the first time.
    pub fn day_start(&self, now: Millis) -> Millis {
        let date = self.local(now).date();
        let starts = [Ok(date), date.yesterday()].into_iter().flatten();
        let mut starts = starts.filter_map(|date| self.moment(date.to_datetime(self.day_starts)));
        starts.find(|start| *start <= now).unwrap_or(now)
    }

    /// The calendar day of `now` at the site, in days since 1970-01-01.
    pub fn day(&self, now: Millis) -> i32 {
        days_since_epoch(self.local(now).date())
    }

    /// The moment of a wall clock time at the site.
    pub fn moment(&self, civil: jiff::civil::DateTime) -> Option<Millis> {
        let zoned = civil.to_zoned(self.time_zone.clone()).ok()?;
        Some(Millis(zoned.timestamp().as_millisecond()))
    }

    /// The date of `now` at the site.
    pub fn date(&self, now: Millis) -> jiff::civil::Date {
        self.local(now).date()
    }

    /// The hour of the week of `now` at the site: 0 is Monday from midnight to one.
    pub fn hour_of_week(&self, now: Millis) -> usize {
        let local = self.local(now);
        let hours =
            24 * i16::from(local.weekday().to_monday_zero_offset()) + i16::from(local.hour());
        usize::try_from(hours).unwrap_or_default()
    }

    /// The settings of a gateway; `None` where the configuration has none of that name.
    pub fn gateway(&self, name: &GatewayName) -> Option<&GatewaySettings> {
        self.gateways.iter().find(|gateway| gateway.name == *name)
    }

    /// The settings of a gateway, or of the first where the configuration has none of that name.
    pub fn gateway_or_first(&self, name: &GatewayName) -> Option<&GatewaySettings> {
        self.gateway(name).or_else(|| self.gateways.first())
    }

    fn local(&self, now: Millis) -> Zoned {
        let timestamp = Timestamp::from_millisecond(now.0);
        timestamp
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.time_zone.clone())
    }
}

/// The calendar day at the site, looked up once a minute: no clock turns its date between two.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    minute: Option<i64>,
    day: i32,
}

impl Calendar {
    /// [`Settings::day`] of `now`.
    pub(super) fn day(&mut self, settings: &Settings, now: Millis) -> i32 {
        let minute = Some(now.0.div_euclid(Millis::MINUTE));
        if minute != self.minute {
            *self = Self {
                minute,
                day: settings.day(now),
            };
        }
        self.day
    }
}

fn days_since_epoch(date: jiff::civil::Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.until(date).map_or(0, |span| span.get_days())
}

impl GatewaySettings {
    /// How many SMS a text of `characters` takes with the gateway's footer: 160 in one, 153 in each of several. What is
    /// over 160 before the footer leaves in several messages, and each of them gets one. Octets, where the gateway is
    /// `binary`, get none: 140 in one, 134 in each of several.
    pub fn parts(&self, characters: usize) -> u8 {
        let (one, each, footer) = if self.binary {
            (140, 134, 0)
        } else {
            (160, 153, self.footer_octets)
        };
        let parts = if characters + footer <= one {
            1
        } else if characters <= one {
            (characters + footer).div_ceil(each)
        } else {
            let last = match characters % each {
                0 => 0,
                rest => (rest + footer).div_ceil(each),
            };
            characters / each * (each + footer).div_ceil(each) + last
        };
        u8::try_from(parts).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(zone: &str) -> Settings {
        Settings {
            time_zone: TimeZone::get(zone).unwrap(),
            country: Country::default(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: Vec::new(),
            released_at: Millis(0),
            version: String::new(),
        }
    }

    fn at(text: &str) -> Millis {
        Millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_day_starts_at_four_by_the_wall_clock() {
        let tehran = settings("Asia/Tehran");
        assert_eq!(
            tehran.day_start(at("2026-11-20T05:28:00Z")),
            at("2026-11-20T00:30:00Z")
        );
        assert_eq!(
            tehran.day_start(at("2026-11-20T00:29:00Z")),
            at("2026-11-19T00:30:00Z")
        );
        let berlin = settings("Europe/Berlin");
        assert_eq!(
            berlin.day_start(at("2026-10-25T10:00:00Z")),
            at("2026-10-25T03:00:00Z")
        );
        assert_eq!(
            berlin.day_start(at("2026-10-24T10:00:00Z")),
            at("2026-10-24T02:00:00Z")
        );
    }

    #[test]
    fn days_are_counted_by_the_calendar_of_the_site() {
        let tehran = settings("Asia/Tehran");
        let before = tehran.day(at("2026-11-20T20:29:59Z"));
        assert_eq!(tehran.day(at("2026-11-20T20:30:00Z")), before + 1);
        assert_eq!(tehran.day(Millis(0)), 0);
        assert_eq!(tehran.day(Millis(i64::MAX)), 0);
    }

    #[test]
    fn a_day_that_is_looked_up_is_the_one_that_is_reckoned() {
        let new_york = settings("America/New_York");
        let mut calendar = Calendar::default();
        for text in [
            "1970-01-01T00:00:30Z",
            "2026-11-20T04:59:59.999Z",
            "2026-11-20T05:00:00Z",
            "2026-11-20T04:59:00Z",
            "1969-12-31T04:59:59.999Z",
            "1969-12-31T05:00:00Z",
        ] {
            let expected = new_york.day(at(text));
            assert_eq!(calendar.day(&new_york, at(text)), expected, "{text}");
        }
    }

    #[test]
    fn parts_count_the_footer() {
        let mut gateway = GatewaySettings {
            name: GatewayName::new("g"),
            source_address: None,
            binary: false,
            footer_octets: 62,
            answer_link: None,
            window: 10,
            max_per_second: 5,
            max_per_30_min: 30,
            reaches: Vec::new(),
        };
        assert_eq!(gateway.parts(92), 1);
        assert_eq!(gateway.parts(98), 1);
        assert_eq!(gateway.parts(99), 2);
        assert_eq!(gateway.parts(112), 2);
        assert_eq!(gateway.parts(160), 2);
        assert_eq!(gateway.parts(161), 3);
        assert_eq!(gateway.parts(306), 4);
        gateway.footer_octets = 0;
        assert_eq!([160, 161, 306, 307].map(|n| gateway.parts(n)), [1, 2, 2, 3]);
        gateway.binary = true;
        gateway.footer_octets = 62;
        assert_eq!([140, 141, 268, 269].map(|n| gateway.parts(n)), [1, 2, 2, 3]);
    }
}
