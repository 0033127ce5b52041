use crate::protocol::smpp::Jitter;

/// Numbers for everything that is drawn, from a seed and what they are for: the same two give the same numbers. Not for
/// secrets that matter.
#[derive(Clone, Debug)]
pub(super) struct Dice(Jitter);

impl Dice {
    /// Dice for one purpose; each purpose has numbers of its own, so that drawing more for one changes no other.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mixed = purpose.bytes().fold(seed, |mixed, octet| {
            Jitter::new(mixed ^ u64::from(octet)).draw()
        });
        Self(Jitter::new(mixed))
    }

    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.between(low, high)
    }

    /// A place in a list of `count`; 0 where it is empty.
    pub(super) fn place(&mut self, count: usize) -> usize {
        let last = u64::try_from(count.saturating_sub(1)).unwrap_or(u64::MAX);
        usize::try_from(self.0.between(0, last)).unwrap_or(0)
    }

    /// One of `all`, which is not empty.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.place(all.len())]
    }

    /// Whether it happens, once in `times`.
    pub(super) fn once_in(&mut self, times: u64) -> bool {
        self.0.between(1, times.max(1)) == 1
    }

    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.place(last + 1));
        }
    }

    pub(super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| {
            let [octet, ..] = self.0.draw().to_be_bytes();
            octet
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_has_numbers_of_its_own() {
        let draw = |seed, purpose| Dice::new(seed, purpose).octets::<16>();
        assert_eq!(draw(1, "keys"), draw(1, "keys"));
        assert_ne!(draw(1, "keys"), draw(2, "keys"));
        assert_ne!(draw(1, "keys"), draw(1, "people"));
    }

    #[test]
    fn a_shuffle_keeps_all() {
        let mut all: Vec<u8> = (0..50).collect();
        Dice::new(3, "order").shuffle(&mut all);
        assert!(!all.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<u8>>());
    }
}
