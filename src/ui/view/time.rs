//! Moments and ages, as people say them.

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};

use super::pen::Pen;
use crate::domain::Millis;

impl Pen<'_> {
    /// The time of day: `09:14`.
    pub fn clock(&self, at: Millis) -> String {
        self.zoned(at).strftime("%H:%M").to_string()
    }

    /// The time of day with seconds: `09:14:32`.
    pub fn clock_s(&self, at: Millis) -> String {
        self.zoned(at).strftime("%H:%M:%S").to_string()
    }

    /// The day: `Fri 20 Nov`.
    pub fn day(&self, at: Millis) -> String {
        self.zoned(at).strftime("%a %-d %b").to_string()
    }

    /// The day of the week: `Fri`.
    pub fn weekday_short(&self, at: Millis) -> String {
        self.zoned(at).strftime("%a").to_string()
    }

    /// The day of the week, in full.
    pub fn weekday(&self, at: Millis) -> String {
        self.zoned(at).strftime("%A").to_string()
    }

    /// The year.
    pub fn year(&self, at: Millis) -> String {
        self.zoned(at).strftime("%Y").to_string()
    }

    /// Day of the month and time: `20 Nov 09:14`.
    pub fn day_and_clock(&self, at: Millis) -> String {
        self.zoned(at).strftime("%-d %b %H:%M").to_string()
    }

    /// The time of day, and the day where it is not today: `Thu 19 Nov 18:04`.
    pub fn moment(&self, at: Millis) -> String {
        if self.is_today(at) {
            return self.clock(at);
        }
        self.zoned(at).strftime("%a %-d %b %H:%M").to_string()
    }

    /// Day and time in full: `Fri 20 Nov 2026 09:14:32`.
    pub fn moment_in_full(&self, at: Millis) -> String {
        self.zoned(at).strftime("%a %-d %b %Y %H:%M:%S").to_string()
    }

    /// The time of day, or where it is not today the day of the week before it, in 9 cells: `Thu 18:04`.
    pub fn short_moment(&self, at: Millis) -> String {
        if self.is_today(at) {
            return self.clock(at);
        }
        self.zoned(at).strftime("%a %H:%M").to_string()
    }

    /// How long ago it was: `18 min`.
    pub fn age(&self, at: Millis) -> String {
        self.span(self.model.now.ms_since(at))
    }

    /// A span of time in its two largest units at most: `3 h 5 min`.
    pub fn span(&self, ms: i64) -> String {
        let ms = ms.max(0);
        let [seconds, minutes, hours, days] =
            [Millis::SECOND, Millis::MINUTE, Millis::HOUR, Millis::DAY].map(|unit| ms / unit);
        let say = |key, n: i64| self.say(key, &[("n", &n.to_string())]);
        if minutes == 0 {
            return say("age.seconds", seconds);
        }
        if hours == 0 {
            return say("age.minutes", minutes);
        }
        if days < 2 {
            let rest = minutes % 60;
            let (hours, rest) = (hours.to_string(), rest.to_string());
            return self.say("age.hours", &[("n", &hours), ("m", &rest)]);
        }
        say("age.days", days)
    }

    /// Whether it was today.
    pub fn is_today(&self, at: Millis) -> bool {
        self.date(at) == self.date(self.model.now)
    }

    fn date(&self, at: Millis) -> Date {
        self.zoned(at).date()
    }

    fn zoned(&self, at: Millis) -> Zoned {
        let end = if at.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let at = Timestamp::from_millisecond(at.0).unwrap_or(end);
        at.to_zoned(self.model.site.time_zone.clone())
    }
}
