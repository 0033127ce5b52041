use std::time::{Duration, Instant, SystemTime};

use crate::domain::Millis;
use crate::engine::{Now, Tick};

/// The clocks of this machine.
#[derive(Copy, Clone, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts counting.
    #[expect(clippy::disallowed_methods, reason = "the shell's clock is made here")]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// What both clocks say.
    #[expect(clippy::disallowed_methods, reason = "the shell's clock is read here")]
    pub fn now(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let wall = match since_epoch {
            Ok(after) => whole_ms(after),
            Err(before) => -whole_ms(before.duration()),
        };
        Now {
            wall: Millis(wall),
            tick: Tick(whole_ms(self.started.elapsed())),
        }
    }
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
