use std::time::Duration;

use crate::domain::DownCause;
use crate::protocol::smpp::Jitter;

/// The longest first pause.
const FIRST_MS: u64 = 5_000;
/// The longest pause of all.
const LONGEST_MS: u64 = 30_000;
/// Between tries where only a hand can mend it, as after a refused login: some gateways lock an account
/// that keeps trying.
const BY_HAND_MS: u64 = 60_000;

/// Pauses between connections: 2.5 to 5 s at first, then twice as long each time, up to 30 s.
#[derive(Debug)]
pub struct Backoff {
    longest_ms: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

impl Backoff {
    /// Begins with the shortest pauses.
    pub const fn new() -> Self {
        Self {
            longest_ms: FIRST_MS,
        }
    }

    /// Begins again: the link was up.
    pub const fn reset(&mut self) {
        self.longest_ms = FIRST_MS;
    }

    /// How long to wait after `cause`. Half of it is scattered, so that desks do not come back in step.
    pub fn pause(&mut self, cause: DownCause, jitter: &mut Jitter) -> Duration {
        if cause.needs_a_hand() {
            return Duration::from_millis(BY_HAND_MS);
        }
        let pause = jitter.between(self.longest_ms / 2, self.longest_ms);
        self.longest_ms = (self.longest_ms * 2).min(LONGEST_MS);
        Duration::from_millis(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BindFault, TlsFault};

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
    fn what_only_a_hand_can_mend_waits_a_minute() {
        let mut backoff = Backoff::new();
        for cause in [
            DownCause::Bind(BindFault::Password),
            DownCause::Bind(BindFault::SystemId),
            DownCause::Tls(TlsFault::Expired),
            DownCause::Tls(TlsFault::UnknownIssuer),
        ] {
            let pause = backoff.pause(cause, &mut Jitter::new(3));
            assert_eq!(pause, Duration::from_mins(1));
        }
        for cause in [
            DownCause::Bind(BindFault::AlreadyBound),
            DownCause::Tls(TlsFault::Closed),
        ] {
            backoff.reset();
            let pause = backoff.pause(cause, &mut Jitter::new(3));
            assert!(pause <= Duration::from_secs(5), "{cause:?}");
        }
    }
}
