//! A pace as a list of all that left.

/// So many SMS in any span of a gateway's time.
pub(super) struct Span {
    /// How long.
    pub(super) ms: i64,
    /// 0 is no limit.
    pub(super) most: u32,
    /// When SMS left, and how many.
    pub(super) sent: Vec<(i64, i64)>,
}

impl Span {
    pub(super) fn allows(&self, now: i64, parts: i64) -> bool {
        let sent = self.sent.iter().filter(|(at, _)| now - at < self.ms);
        let used: i64 = sent.map(|(_, parts)| parts).sum();
        // What is longer than the limit leaves alone.
        self.most == 0 || used + parts <= i64::from(self.most).max(parts)
    }

    /// The first moment at which it is allowed: now, or when something that was sent does not count any more.
    pub(super) fn free_at(&self, now: i64, parts: i64) -> i64 {
        let ends = self.sent.iter().map(|(at, _)| at + self.ms);
        let moments = ends.filter(|end| *end > now).chain([now]);
        let mut moments: Vec<_> = moments.collect();
        moments.sort_unstable();
        let free = moments.into_iter().find(|at| self.allows(*at, parts));
        free.unwrap_or(now)
    }
}
