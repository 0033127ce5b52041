use serde::{Deserialize, Serialize};

/// A moment: milliseconds since the Unix epoch, UTC. Negative before 1970.
#[derive(
    Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millis(pub i64);

impl Millis {
    /// One second, in milliseconds.
    pub const SECOND: i64 = 1_000;
    /// One minute, in milliseconds.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// One hour, in milliseconds.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// Twenty-four hours, in milliseconds.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// The moment of `seconds` since the Unix epoch.
    pub const fn from_unix_s(seconds: u32) -> Self {
        Self(seconds as i64 * Self::SECOND)
    }

    /// Whole seconds since the Unix epoch, held between 0 and `u32::MAX`: what fits an envelope.
    pub fn unix_s(self) -> u32 {
        let seconds = self.0.div_euclid(Self::SECOND);
        u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
    }

    /// The moment `ms` milliseconds later; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative where `earlier` is later.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_held_to_what_an_envelope_can_say() {
        assert_eq!(Millis(-1).unix_s(), 0);
        assert_eq!(Millis(1_999).unix_s(), 1);
        assert_eq!(Millis(i64::MAX).unix_s(), u32::MAX);
        assert_eq!(Millis::from_unix_s(u32::MAX).unix_s(), u32::MAX);
    }
}
