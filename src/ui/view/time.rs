//! Moments and ages, as people say them.

use jiff::Zoned;
use jiff::civil::Date;

use super::pen::Pen;
use crate::domain::Millis;

impl Pen<'_> {
    /// The time of day: `09:14`.
    pub fn clock(&self, at: Millis) -> String {
        self.model.clock(at)
    }

    /// The time of day with seconds: `09:14:32`.
    pub fn clock_s(&self, at: Millis) -> String {
        self.model.clock_seconds(at)
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
        self.model.age(ms)
    }

    /// Whether it was today.
    pub fn is_today(&self, at: Millis) -> bool {
        self.date(at) == self.date(self.model.now)
    }

    fn date(&self, at: Millis) -> Date {
        self.zoned(at).date()
    }

    fn zoned(&self, at: Millis) -> Zoned {
        self.model.site.local(at)
    }
}
