/// A moment of a monotonic clock: milliseconds since a start that the shell chose.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(pub u64);

impl Tick {
    /// The moment `ms` milliseconds later; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn after_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; 0 where `earlier` is later.
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Numbers that scatter timers, from a seed: the same seed gives the same numbers.
///
/// Not for secrets. Source: SplitMix64, Steele, Lea and Flood, 2014.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    /// Starts from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number from `low` to `high`, both included; `low` where the two are the wrong way round.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.draw() % span)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_between_its_ends_and_reaches_both() {
        let mut jitter = Jitter::new(7);
        let drawn: Vec<u64> = (0..200).map(|_| jitter.between(3, 6)).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&6));
        assert_eq!(jitter.between(9, 2), 9);
        jitter.between(0, u64::MAX);
    }

    #[test]
    fn jitter_is_splitmix64() {
        let mut jitter = Jitter::new(1_234_567);
        assert_eq!(jitter.draw(), 6_457_827_717_110_365_317);
        assert_eq!(jitter.draw(), 3_203_168_211_198_807_973);
    }
}
