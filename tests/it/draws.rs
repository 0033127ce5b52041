//! What tests draw by lot, from one seed.

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    /// A place among `bound`.
    pub(crate) fn place(&mut self, bound: usize) -> usize {
        let drawn = self.below(u64::try_from(bound).expect("it is small"));
        usize::try_from(drawn).expect("it is small")
    }

    /// A seed of the system.
    pub(crate) fn seed() -> u64 {
        let mut octets = [0; 4];
        getrandom::fill(&mut octets).expect("the system has random octets");
        u64::from(u32::from_le_bytes(octets))
    }
}

/// A number of the environment.
pub(crate) fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}
