use crate::domain::Millis;

/// Milliseconds of a clock that never jumps; only differences mean something.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub i64);

impl Tick {
    /// The moment `ms` milliseconds later; stays at the ends of time instead of wrapping.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// What both clocks say.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// Office time; it may jump.
    pub wall: Millis,
    /// For pauses and timers.
    pub tick: Tick,
}

/// The two clocks may drift apart by this much between two inputs before it is a jump.
const JUMP_MS: i64 = 2 * Millis::MINUTE;
/// A clock may be behind the newest record by this much: time servers move it a little.
const BEHIND_MS: i64 = 5 * Millis::SECOND;

/// Watches whether office time can be believed.
#[derive(Debug)]
pub(super) struct ClockWatch {
    last: Now,
    jumped: bool,
    released_at: Millis,
}

impl ClockWatch {
    pub(super) const fn new(now: Now, released_at: Millis) -> Self {
        Self {
            last: now,
            jumped: false,
            released_at,
        }
    }

    /// Looks at the clocks. A jump is remembered until the engine starts again.
    pub(super) fn look(&mut self, now: Now) {
        let wall_ms = now.wall.ms_since(self.last.wall);
        let tick_ms = now.tick.0.saturating_sub(self.last.tick.0);
        if wall_ms.saturating_sub(tick_ms).saturating_abs() > JUMP_MS {
            self.jumped = true;
        }
        self.last = now;
    }

    /// Whether nothing may be refused for its time.
    pub(super) fn is_unsure(&self, newest_record: Millis) -> bool {
        let wall = self.last.wall;
        self.jumped || wall < self.released_at || newest_record.ms_since(wall) > BEHIND_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(wall: i64, tick: i64) -> Now {
        Now {
            wall: Millis(wall),
            tick: Tick(tick),
        }
    }

    #[test]
    fn a_clock_is_unsure_before_the_release_behind_a_record_and_after_a_jump() {
        let mut watch = ClockWatch::new(now(1_000_000, 0), Millis(1_000_000));
        assert!(!watch.is_unsure(Millis(1_005_000)));
        assert!(watch.is_unsure(Millis(1_005_001)));
        watch.look(now(1_060_000, 60_000));
        assert!(!watch.is_unsure(Millis(0)));
        watch.look(now(1_060_000 + JUMP_MS + 2, 60_001));
        assert!(watch.is_unsure(Millis(0)));
        let early = ClockWatch::new(now(999_999, 0), Millis(1_000_000));
        assert!(early.is_unsure(Millis(0)));
    }
}
