use super::{Day, Model};

impl Model {
    /// What came in today.
    pub fn today(&self) -> Option<&Day> {
        self.facts.days.get(&0)
    }

    /// How many usually come in each bin of 10 minutes on this weekday: the mean of those of the four weeks before on which
    /// anything was recorded. Empty before any of them is counted.
    pub fn usual(&self) -> Vec<f32> {
        let days = self.facts.days.iter().filter(|(ago, _)| **ago > 0);
        let days: Vec<&Day> = days
            .map(|(_, day)| day)
            .filter(|day| day.is_whole && day.arrivals.recorded > 0)
            .collect();
        let bins = days.iter().map(|day| day.arrivals.bins.len()).max();
        let mean = |bin: usize| {
            let count = |day: &&Day| day.arrivals.bins.get(bin).copied().unwrap_or(0);
            let counts = days.iter().map(count);
            let sum: f32 = counts
                .map(|count| f32::from(u16::try_from(count).unwrap_or(u16::MAX)))
                .sum();
            sum / f32::from(u16::try_from(days.len()).unwrap_or(1).max(1))
        };
        (0..bins.unwrap_or(0)).map(mean).collect()
    }
}
