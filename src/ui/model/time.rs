use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, Zoned};

use super::{Model, Site};
use crate::domain::Millis;

impl Site {
    /// When the day that `now` lies in started, by the wall clock of the site.
    pub fn day_start(&self, now: Millis) -> Millis {
        self.start_of(self.day_of(now)).unwrap_or(now)
    }

    /// From when until when the day lasts that is `days` days before that of `now`.
    pub fn day_before(&self, now: Millis, days: u16) -> (Millis, Millis) {
        let today = self.day_of(now);
        let date = today.checked_sub(i64::from(days).days()).unwrap_or(today);
        let next = date.tomorrow().unwrap_or(date);
        let from = self.start_of(date).unwrap_or(now);
        let until = self.start_of(next).unwrap_or(now);
        (from, until)
    }

    fn day_of(&self, now: Millis) -> Date {
        let date = self.local(now).date();
        let has_begun = self.start_of(date).is_none_or(|start| start <= now);
        let day = if has_begun {
            Ok(date)
        } else {
            date.yesterday()
        };
        day.unwrap_or(date)
    }

    fn start_of(&self, date: Date) -> Option<Millis> {
        let start = date.to_datetime(self.day_starts);
        let start = start.to_zoned(self.time_zone.clone()).ok()?;
        Some(Millis(start.timestamp().as_millisecond()))
    }

    /// A moment by the wall clock of the site; beyond the years that there are it is the first or last one.
    pub fn local(&self, at: Millis) -> Zoned {
        let end = if at.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let at = Timestamp::from_millisecond(at.0).unwrap_or(end);
        at.to_zoned(self.time_zone.clone())
    }
}

impl Model {
    /// The time of day at the site: `08:58`.
    pub fn clock(&self, at: Millis) -> String {
        self.site.local(at).strftime("%H:%M").to_string()
    }

    /// The time of day at the site with its seconds: `08:58:01`.
    pub fn clock_seconds(&self, at: Millis) -> String {
        self.site.local(at).strftime("%H:%M:%S").to_string()
    }

    /// The date at the site: `2026-11-20`.
    pub fn date(&self, at: Millis) -> String {
        self.site.local(at).strftime("%Y-%m-%d").to_string()
    }

    /// The time of day for what lies within today, else the date as well.
    pub fn moment(&self, at: Millis) -> String {
        if self.site.day_start(at) == self.site.day_start(self.now) {
            return self.clock(at);
        }
        format!("{} {}", self.date(at), self.clock(at))
    }

    /// A span of time in words, in its two largest units at most: `12 s`, `18 min`, `3 h 5 min`, `5 days`. What is negative
    /// counts as nothing.
    pub fn age(&self, ms: i64) -> String {
        let ms = ms.max(0);
        let say = |key, count: i64, rest: i64| {
            let facts = [("n", &*count.to_string()), ("m", &*rest.to_string())];
            self.words.say(key, &facts)
        };
        if ms < Millis::MINUTE {
            return say("age.seconds", ms / Millis::SECOND, 0);
        }
        if ms < Millis::HOUR {
            return say("age.minutes", ms / Millis::MINUTE, 0);
        }
        if ms < 2 * Millis::DAY {
            let minutes = ms % Millis::HOUR / Millis::MINUTE;
            return say("age.hours", ms / Millis::HOUR, minutes);
        }
        say("age.days", ms / Millis::DAY, 0)
    }
}
