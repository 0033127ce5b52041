//! Days at the desk, where clocks are put back and forth: engine and console must mean the same ones.

use hazir::domain::{Country, Millis};
use hazir::engine::{Receipts, Rules, Settings};
use hazir::ui::Site;
use jiff::Timestamp;
use jiff::civil::time;
use jiff::tz::TimeZone;

/// 2026-01-01T00:00:00Z.
const YEAR: i64 = 1_767_225_600_000;

#[test]
fn every_moment_lies_in_one_day_for_engine_and_console() {
    // Cairo and Santiago put clocks forth at midnight, Lord Howe by half an hour.
    let zones = [
        "Asia/Tehran",
        "Europe/Berlin",
        "Africa/Cairo",
        "America/Santiago",
        "Australia/Lord_Howe",
    ];
    let hours = [(0, 0), (0, 30), (2, 0), (2, 30), (4, 0), (23, 30)];
    for (zone, (hour, minute)) in zones
        .iter()
        .flat_map(|zone| hours.iter().map(move |hour| (*zone, *hour)))
    {
        let day_starts = time(hour, minute, 0, 0);
        let time_zone = TimeZone::get(zone).unwrap();
        let settings = Settings {
            time_zone: time_zone.clone(),
            country: Country::default(),
            day_starts,
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: Vec::new(),
            released_at: Millis(0),
            version: String::new(),
        };
        let site = Site {
            name: String::new(),
            time_zone,
            day_starts,
            gateways: Vec::new(),
            desk: String::new(),
            is_demo: false,
        };
        // An ordinary day, and those on which clocks are changed.
        let begin = Timestamp::from_millisecond(YEAR).unwrap();
        let changes = site.time_zone.following(begin);
        let changes = changes.map(|change| change.timestamp().as_millisecond());
        let changes = changes.take_while(|at| *at < YEAR + 365 * Millis::DAY);
        for around in changes.chain([YEAR]) {
            look_through(&site, &settings, around);
        }
    }
}

/// Looks at every quarter of an hour from two days before until two days after a moment.
fn look_through(site: &Site, settings: &Settings, around: i64) {
    let first = around - 2 * Millis::DAY;
    let mut day = site.day_before(Millis(first), 0);
    for quarter in 0..4 * 24 * 4 {
        let now = Millis(first + quarter * 15 * Millis::MINUTE);
        let (from, until) = site.day_before(now, 0);
        let said = format!("{:?} {} {now:?}", site.time_zone, site.day_starts);
        assert!(from <= now && now < until, "{said}: {from:?} to {until:?}");
        assert_eq!(settings.day_start(now), from, "{said}");
        assert_eq!(site.day_start(now), from, "{said}");
        if (from, until) != day {
            assert_eq!(from, day.1, "{said}: a day begins where the last one ends");
            day = (from, until);
        }
    }
}
