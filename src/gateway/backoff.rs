use std::time::Duration;

use crate::domain::{BindFault, DownCause};
use crate::protocol::smpp::Jitter;

/// The longest first pause.
const FIRST_MS: u64 = 5_000;
/// The longest pause of all.
const LONGEST_MS: u64 = 30_000;
/// Between tries where the login was refused: only a hand can mend that, and some gateways lock an
/// account that keeps trying.
const LOGIN_MS: u64 = 60_000;

/// Pauses between connections: 2.5 to 5 s at first, then twice as long each time, up to 30 s.
#[derive(Debug)]
pub(super) struct Backoff {
    longest_ms: u64,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self {
            longest_ms: FIRST_MS,
        }
    }

    /// Begins again: the link was up.
    pub(super) const fn reset(&mut self) {
        self.longest_ms = FIRST_MS;
    }

    /// How long to wait after `cause`. Half of it is scattered, so that desks do not come back in step.
    pub(super) fn pause(&mut self, cause: DownCause, jitter: &mut Jitter) -> Duration {
        if let DownCause::Bind(BindFault::Password | BindFault::SystemId) = cause {
            return Duration::from_millis(LOGIN_MS);
        }
        let pause = jitter.between(self.longest_ms / 2, self.longest_ms);
        self.longest_ms = (self.longest_ms * 2).min(LONGEST_MS);
        Duration::from_millis(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_30_s_and_begin_again() {
        let mut jitter = Jitter::new(3);
        let mut backoff = Backoff::new();
        for round in 0..50 {
            for longest in [5_000, 10_000, 20_000, 30_000, 30_000] {
                let pause = backoff.pause(DownCause::Closed, &mut jitter).as_millis();
                assert!((longest / 2..=longest).contains(&pause), "{round}: {pause}");
            }
            backoff.reset();
        }
    }

    #[test]
    fn a_refused_login_waits_a_minute() {
        let mut backoff = Backoff::new();
        for fault in [BindFault::Password, BindFault::SystemId] {
            let pause = backoff.pause(DownCause::Bind(fault), &mut Jitter::new(3));
            assert_eq!(pause, Duration::from_mins(1));
        }
        let busy = DownCause::Bind(BindFault::AlreadyBound);
        assert!(backoff.pause(busy, &mut Jitter::new(3)) <= Duration::from_secs(5));
    }
}
