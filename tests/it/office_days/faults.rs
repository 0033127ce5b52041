//! What may go wrong: in kinds that can be switched, each fault with a name by which it is taken out or played again.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use hazir::domain::Millis;

use super::faulty_disk::Seeded;

/// A kind is switched on and off anew after this time.
const SPELL_MS: i64 = 2 * Millis::HOUR;

macro_rules! kinds {
    ($($kind:ident $word:literal,)+) => {
        /// A kind of fault.
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($kind,)+
        }

        impl Kind {
            /// All kinds, with the words that stand for them.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$kind, $word),)+];
        }
    };
}

kinds! {
    SmsLost "sms-lost",
    SmsDoubled "sms-doubled",
    SmsLate "sms-late",
    OtherGateway "other-gateway",
    PartLost "part-lost",
    PartDoubled "part-doubled",
    PartLate "part-late",
    AnswerLost "answer-lost",
    WrongPhoneClock "wrong-phone-clock",
    Throttled "throttled",
    TurnedDown "turned-down",
    NoResponse "no-response",
    LateResponse "late-response",
    DoubledResponse "doubled-response",
    WrongSequence "wrong-sequence",
    OddSequence "odd-sequence",
    EarlyReport "early-report",
    OddId "odd-id",
    Undelivered "undelivered",
    Hasty "hasty-gateway",
    BindRefused "bind-refused",
    Unasked "unasked",
    Unbind "unbind",
    Away "gateway-away",
    Cut "cut",
    HalfOpen "half-open",
    Stall "stall",
    Split "split",
    SlowCommit "slow-commit",
    Kill "kill",
    Stop "stop",
    PowerCut "power-cut",
    IoError "io-error",
    DiskFull "disk-full",
    ClockJump "clock-jump",
    RollBack "roll-back",
    Wipe "wipe",
    Clone "clone",
    Stranger "stranger",
    SlowConsole "slow-console",
    DeadConsole "dead-console",
}

impl Kind {
    const fn place(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        Self::ALL[self.place()].1
    }
}

/// One fault: its kind, and what it strikes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId {
    /// Of which kind.
    pub kind: Kind,
    /// What it strikes: the same in every run of one seed, whatever else goes wrong.
    pub subject: u64,
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:x}", self.kind.word(), self.subject)
    }
}

impl FromStr for FaultId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no fault");
        let (word, subject) = text.split_once('@').ok_or_else(wrong)?;
        let known = Kind::ALL.iter().find(|(_, known)| *known == word);
        let (kind, _) = known.ok_or_else(wrong)?;
        let subject = u64::from_str_radix(subject, 16).map_err(|_| wrong())?;
        let kind = *kind;
        Ok(Self { kind, subject })
    }
}

/// Three small numbers as one.
pub const fn subject(a: u64, b: u64, c: u64) -> u64 {
    a << 42 | b << 21 | c
}

/// Which faults strike in a run.
#[derive(Clone, Debug)]
pub struct Faults {
    seed: u64,
    /// One in so many strikes; 0 where the kind is off for the whole run.
    rates: Vec<u64>,
    /// Where only some may strike: which.
    only: Option<BTreeSet<FaultId>>,
    /// Nothing goes wrong any more.
    pub is_over: bool,
    /// What struck, in its order.
    pub struck: Vec<(i64, FaultId)>,
    known: BTreeSet<FaultId>,
}

impl Faults {
    /// The faults of a run: `rates` for each kind, and where it is a replay, which alone may strike.
    pub fn new(seed: u64, rates: Vec<u64>, only: Option<BTreeSet<FaultId>>) -> Self {
        Self {
            seed,
            rates,
            only,
            is_over: false,
            struck: Vec::new(),
            known: BTreeSet::new(),
        }
    }

    /// Whether a kind is on in this run at all.
    pub fn has(&self, kind: Kind) -> bool {
        self.rates[kind.place()] > 0
    }

    /// Numbers for one purpose: they depend on the seed and on what they are for, and on nothing that happened before.
    pub fn numbers(&self, purpose: u64, subject: u64) -> Seeded {
        numbers(self.seed, purpose, subject)
    }

    /// Whether this goes wrong now. What comes every moment is drawn by lot here, from its own name alone.
    pub fn strikes(&mut self, now: i64, kind: Kind, subject: u64) -> bool {
        let rate = self.rates[kind.place()];
        if rate == 0 || self.is_over {
            return false;
        }
        if self.only.is_none() {
            let purpose = 1_000 + kind.place() as u64;
            let spell = now.div_euclid(SPELL_MS).unsigned_abs();
            let is_on = !numbers(self.seed, purpose, spell << 1 | 1).one_in(4);
            if !is_on || !numbers(self.seed, purpose, subject << 1).one_in(rate) {
                return false;
            }
        }
        self.may_strike(now, FaultId { kind, subject })
    }

    /// Whether a fault that stands in the plan goes wrong now.
    pub fn may_strike(&mut self, now: i64, fault: FaultId) -> bool {
        let is_wanted = self.only.as_ref().is_none_or(|only| only.contains(&fault));
        let strikes = is_wanted && !self.is_over && self.known.insert(fault);
        if strikes {
            self.struck.push((now, fault));
        }
        strikes
    }
}

/// Numbers for one purpose of one seed.
pub fn numbers(seed: u64, purpose: u64, subject: u64) -> Seeded {
    let first = Seeded(seed ^ purpose.rotate_left(32)).next();
    Seeded(Seeded(first ^ subject).next())
}
