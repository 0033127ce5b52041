use std::collections::BTreeSet;

use crate::domain::Msisdn;
use crate::protocol::smpp::Tick;

/// Something that goes wrong at the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every link is cut; the connections may come back at once.
    Cut,
    /// Every link is cut, and for so many milliseconds new connections are closed at once.
    Gone {
        /// For how long.
        for_ms: u64,
    },
    /// For so many milliseconds every bind is answered with ESME_RBINDFAIL.
    RefuseBinds {
        /// For how long.
        for_ms: u64,
    },
    /// Answers to submit_sm take so many milliseconds more.
    AnswerSlowly {
        /// How many; 0 is as ever.
        ms: u64,
    },
    /// Every second submit_sm is answered with ESME_RTHROTTLED, or none any more.
    Throttle(bool),
    /// The next SMS to this number is taken and lost on the air.
    LoseAnswer(Msisdn),
    /// The next SMS to this number is refused with ESME_RINVDSTADR.
    RejectAnswer(Msisdn),
    /// The next message of this number is delivered twice.
    DeliverTwice(Msisdn),
}

/// What goes wrong at the moment.
#[derive(Debug, Default)]
pub(super) struct Faults {
    gone_until: Option<Tick>,
    refuses_until: Option<Tick>,
    slow_ms: u64,
    throttles: bool,
    submit_count: u64,
    lose: BTreeSet<String>,
    reject: BTreeSet<String>,
    twice: BTreeSet<String>,
}

impl Faults {
    /// Begins a fault; what it says of milliseconds goes by `speed` times faster.
    pub(super) fn throw(&mut self, now: Tick, fault: Fault, speed: u64) {
        match fault {
            Fault::Cut => {}
            Fault::Gone { for_ms } => self.gone_until = Some(now.after_ms(for_ms / speed)),
            Fault::RefuseBinds { for_ms } => {
                self.refuses_until = Some(now.after_ms(for_ms / speed));
            }
            Fault::AnswerSlowly { ms } => self.slow_ms = ms,
            Fault::Throttle(throttles) => self.throttles = throttles,
            Fault::LoseAnswer(number) => {
                self.lose.insert(number.as_str().to_owned());
            }
            Fault::RejectAnswer(number) => {
                self.reject.insert(number.as_str().to_owned());
            }
            Fault::DeliverTwice(number) => {
                self.twice.insert(number.as_str().to_owned());
            }
        }
    }

    /// Whether connections are closed at once.
    pub(super) fn is_gone(&self, now: Tick) -> bool {
        self.gone_until.is_some_and(|until| now < until)
    }

    /// Whether binds are refused.
    pub(super) fn refuses(&self, now: Tick) -> bool {
        self.refuses_until.is_some_and(|until| now < until)
    }

    /// How many milliseconds more an answer takes.
    pub(super) const fn slow_ms(&self) -> u64 {
        self.slow_ms
    }

    /// Whether this submit_sm is throttled.
    pub(super) const fn throttles(&mut self) -> bool {
        self.submit_count += 1;
        self.throttles && self.submit_count.is_multiple_of(2)
    }

    /// Whether this SMS to a number is lost.
    pub(super) fn loses(&mut self, number: &str) -> bool {
        self.lose.remove(number)
    }

    /// Whether this SMS to a number is refused.
    pub(super) fn rejects(&mut self, number: &str) -> bool {
        self.reject.remove(number)
    }

    /// Whether this message of a number is delivered twice.
    pub(super) fn doubles(&mut self, number: &str) -> bool {
        self.twice.remove(number)
    }
}
