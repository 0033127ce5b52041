/// Places of a histogram for each doubling: what is told is at most 1 in 128 too high.
const PLACES: u64 = 128;
/// The doublings that 128 places cover already.
const FIRST: u32 = PLACES.ilog2();

/// How often something took how long, in 58 KiB whatever is counted.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; place_of(u64::MAX) + 1],
            total: 0,
            max: 0,
        }
    }
}

impl Histogram {
    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        self.counts[place_of(value)] += 1;
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// How many were counted.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The largest that was counted, exactly; 0 where there is none.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// What so many of a hundred do not exceed, at most 1 in 128 too high; 0 where nothing was counted.
    pub fn percentile(&self, percent: u64) -> u64 {
        let rank = self.total.saturating_mul(percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return last_of(place).min(self.max);
            }
        }
        self.max
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "there are fewer than 10,000 places"
)]
fn place_of(value: u64) -> usize {
    let Some(doubling) = value.checked_ilog2().filter(|it| *it >= FIRST) else {
        // It is below 128.
        return value as usize;
    };
    let shift = doubling - FIRST;
    let within = (value >> shift) % PLACES;
    ((u64::from(shift) + 1) * PLACES + within) as usize
}

/// The largest value that has this place.
const fn last_of(place: usize) -> u64 {
    let place = place as u64;
    let (row, within) = (place / PLACES, place % PLACES);
    if row == 0 {
        return within;
    }
    let shift = row - 1;
    let first = (within + PLACES) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_counted() {
        let mut all = Histogram::default();
        assert_eq!((all.percentile(50), all.max(), all.total()), (0, 0, 0));
        for value in 1..=100 {
            all.add(value);
        }
        assert_eq!(
            [0, 1, 50, 99, 100].map(|it| all.percentile(it)),
            [1, 1, 50, 99, 100]
        );
        all.add(1_000_000);
        assert_eq!(all.percentile(50), 51);
        assert_eq!((all.percentile(100), all.max()), (1_000_000, 1_000_000));
    }

    proptest! {
        #[test]
        fn a_value_is_told_at_most_a_little_too_high(value: u64, shift in 0..64_u32) {
            let value = value >> shift;
            let place = place_of(value);
            prop_assert!(place < Histogram::default().counts.len());
            let told = last_of(place);
            prop_assert!(told >= value && told - value <= value / 128);
            if let Some(before) = place.checked_sub(1) {
                prop_assert!(last_of(before) < value);
            }
        }
    }
}
