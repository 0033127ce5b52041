//! What a run is to be: the settings of the office, and the faults with their moments, all drawn from the seed up front.

use hazir::domain::{Country, GatewayName, Millis};
use hazir::engine::{GatewaySettings, Receipts, Rules, Settings};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::faults::{FaultId, Kind, numbers};
use super::faulty_disk::Seeded;

/// Gateways, and the numbers at which they reach the desk.
pub const GATEWAYS: [(&str, &str); 2] = [("g", "+989120000001"), ("h", "+989120000002")];
/// The one that sends answers as links.
pub const LINKED: &str = "h";

const SECOND: i64 = Millis::SECOND;
const MINUTE: i64 = Millis::MINUTE;
const HOUR: i64 = Millis::HOUR;
/// An office is open for so long.
pub const OPEN_MS: i64 = 9 * HOUR;
/// Times when an office opens on the first day, and where: clocks are put forth or back within the week.
const OPENINGS: [(&str, &str); 5] = [
    ("Asia/Tehran", "2026-11-20T05:30:00Z"),
    ("Europe/Berlin", "2027-03-26T07:00:00Z"),
    ("Europe/Berlin", "2026-10-23T06:00:00Z"),
    ("America/New_York", "2027-03-12T13:00:00Z"),
    ("Australia/Lord_Howe", "2027-04-02T22:00:00Z"),
];
const YEARS: i64 = 3_652 * Millis::DAY;

/// How large a run is, and what may go wrong in it.
#[derive(Clone, Debug)]
pub struct Scale {
    /// People with a phone.
    pub people: usize,
    /// Office days.
    pub days: u64,
    /// Which kinds may be on; empty is all.
    pub kinds: &'static [Kind],
    /// Jumps of the clock in the whole run; `None` where they are like other faults.
    pub jumps: Option<usize>,
}

/// Where in the engine's turn a process is killed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// Messages were received and nothing was decided.
    Received,
    /// All is decided, nothing is written.
    Decided,
    /// All is durable, nothing has left.
    Committed,
    /// The responses left, the receipts did not.
    Answered,
    /// The receipts left.
    Submitted,
    /// A response to a receipt came, and the engine has not heard it.
    Responded,
    /// At any moment.
    Now,
}

/// A fault with its moment.
#[derive(Copy, Clone, Debug)]
pub enum Planned {
    /// The connection is cut after so many octets more in one direction.
    Cut { link: usize, up: bool, after: u64 },
    /// Nothing passes any more, and nobody is told.
    HalfOpen { link: usize },
    /// Nothing passes for a time; where it is full, nothing can be written either.
    Stall { link: usize, ms: i64, full: bool },
    /// Nobody listens at the gateway's port for a time.
    Away { link: usize, ms: i64 },
    /// The gateway unbinds.
    Unbind { link: usize },
    /// The gateway sends what nobody asked for.
    Unasked { link: usize, seed: u64 },
    /// SIGKILL.
    Kill(Point),
    /// SIGTERM.
    Stop,
    /// The power goes at the call of this number to the disk, from now.
    PowerCut { calls: u64, seed: u64 },
    /// The call of this number fails.
    IoError { calls: u64 },
    /// There is room for so many octets more, for a time.
    DiskFull { room: usize, ms: i64 },
    /// The office's clock jumps, and back.
    Clock { by: Jump, back_ms: i64 },
    /// A phone is put back to what it was.
    RollBack { phone: usize, ms: i64 },
    /// A phone forgets all but its key.
    Wipe { phone: usize },
    /// A second phone has the same key.
    Clone { phone: usize },
    /// Somebody sends what is not his.
    Stranger { seed: u64 },
    /// A console hears nothing for a time.
    SlowConsole { ms: i64 },
    /// A console is gone.
    DeadConsole,
}

/// How far the office's clock jumps.
#[derive(Copy, Clone, Debug)]
pub enum Jump {
    /// By so much.
    By(i64),
    /// To 1970.
    ToEpoch,
}

/// What a run is to be.
#[derive(Debug)]
pub struct Plan {
    /// When the office opens on the first day, by the true clock.
    pub opens_at: i64,
    /// The settings of the engine.
    pub settings: Settings,
    /// For each kind one in how many strikes.
    pub rates: Vec<u64>,
    /// Faults by their moments.
    pub faults: Vec<(i64, FaultId, Planned)>,
    /// How this office works.
    pub ways: Ways,
}

/// Ways of an office that are no faults.
#[derive(Clone, Debug)]
pub struct Ways {
    /// How late timers are looked at while something waits to be sent.
    pub idle_ms: i64,
    /// And while nothing does.
    pub quiet_ms: i64,
    /// How long the engine may wait for more before it takes what waits.
    pub turn_ms: i64,
    /// How long a slow commit takes.
    pub commit_ms: i64,
    /// Whether the store is settled when nothing happens.
    pub settles: bool,
    /// Silence before the gateway is asked.
    pub enquire_ms: u64,
    /// How long a response may take.
    pub response_ms: u64,
    /// Octets take so long.
    pub latency_ms: i64,
    /// deliver_sm in flight at once.
    pub smsc_window: usize,
    /// Whether gateways send delivery receipts.
    pub reports: bool,
    /// Consoles that are open.
    pub consoles: usize,
    /// How far the office's clock drifts, in millionths.
    pub drift_ppm: i64,
    /// One in so many messages comes in parts; 0: none.
    pub in_parts: u64,
    /// What people at the desks do in a day.
    pub acts: u64,
}

impl Plan {
    /// Draws a plan.
    pub fn draw(seed: u64, scale: &Scale) -> Self {
        let mut lot = numbers(seed, 1, 0);
        let (zone, opens) = OPENINGS[pick(&mut lot, OPENINGS.len())];
        let opens: Timestamp = opens.parse().unwrap();
        let opens_at = opens.as_millisecond();
        let rates = rates(&mut numbers(seed, 2, 0), scale);
        let settings = settings(&mut numbers(seed, 3, 0), zone, opens_at);
        let faults = planned(&mut numbers(seed, 4, 0), scale, &rates);
        let ways = Ways::draw(&mut numbers(seed, 5, 0));
        Self {
            opens_at,
            settings,
            rates,
            faults,
            ways,
        }
    }
}

impl Ways {
    fn draw(lot: &mut Seeded) -> Self {
        Self {
            idle_ms: one_of(lot, &[1, 10 * MINUTE, 10 * MINUTE, 10 * MINUTE]),
            quiet_ms: if lot.one_in(10) {
                MINUTE
            } else {
                one_of(lot, &[10 * MINUTE, HOUR, HOUR])
            },
            turn_ms: one_of(lot, &[0, 2, 40, 1_000]),
            commit_ms: one_of(lot, &[5, 700, 8 * SECOND, 40 * SECOND]),
            settles: lot.one_in(8),
            enquire_ms: if lot.one_in(10) {
                30_000
            } else {
                one_of(lot, &[600_000, 3_600_000, 3_600_000])
            },
            response_ms: one_of(lot, &[2_000, 10_000]),
            latency_ms: one_of(lot, &[1, 20, 900]),
            smsc_window: one_of(lot, &[1, 3, 10, 50]),
            reports: lot.one_in(2),
            consoles: one_of(lot, &[0, 0, 0, 1, 2]),
            drift_ppm: one_of(lot, &[0, 0, 50, -200]),
            in_parts: one_of(lot, &[0, 10, 2]),
            acts: one_of(lot, &[0, 3, 12]),
        }
    }
}

fn pick(lot: &mut Seeded, count: usize) -> usize {
    usize::try_from(lot.below(count as u64)).unwrap()
}

/// One of these, by lot.
pub fn one_of<T: Copy>(lot: &mut Seeded, all: &[T]) -> T {
    all[pick(lot, all.len())]
}

/// A time within a span.
pub fn within(lot: &mut Seeded, span: i64) -> i64 {
    i64::try_from(lot.below(span.max(1).unsigned_abs())).unwrap()
}

fn rates(lot: &mut Seeded, scale: &Scale) -> Vec<u64> {
    let kinds = Kind::ALL.iter();
    kinds
        .map(|(kind, _)| {
            let rate = one_of(lot, &[2, 6, 20, 60]);
            let is_on = lot.one_in(2);
            let is_chosen = scale.kinds.is_empty() || scale.kinds.contains(kind);
            if is_on && is_chosen { rate } else { 0 }
        })
        .collect()
}

fn settings(lot: &mut Seeded, zone: &str, opens_at: i64) -> Settings {
    let max_per_30_min = one_of(lot, &[0, 20, 60]);
    let gateways = GATEWAYS.map(|(name, number)| GatewaySettings {
        name: GatewayName::new(name),
        source_address: Some(number.to_owned()),
        binary: false,
        // One of them sends answers as links, and another one what waits for it: each with what is its own.
        footer_octets: if name == LINKED { 0 } else { 62 },
        answer_link: (name == LINKED).then(|| "https://desk.example/p".to_owned()),
        window: one_of(lot, &[1, 2, 10]),
        max_per_second: one_of(lot, &[0, 1, 5]),
        max_per_30_min,
        reaches: Vec::new(),
    });
    let ladders: [&[i64]; 3] = [
        &[SECOND],
        &[5 * SECOND, MINUTE],
        &[30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR],
    ];
    Settings {
        time_zone: TimeZone::get(zone).unwrap(),
        country: Country::parse("IR").unwrap(),
        day_starts: jiff::civil::time(4, 0, 0, 0),
        rules: Rules::default(),
        receipts: Receipts {
            retry_after_ms: one_of(lot, &ladders).to_vec(),
            give_up_after_ms: one_of(lot, &[5 * MINUTE, HOUR, 24 * HOUR]),
            other_gateway_after_ms: one_of(lot, &[0, SECOND, 2 * MINUTE]),
            repeats_per_device_per_day: one_of(lot, &[1, 5, 20]),
            attendance_per_device_per_day: one_of(lot, &[1, 3, 30]),
        },
        gateways: gateways.to_vec(),
        released_at: Millis(opens_at - 30 * Millis::DAY),
        version: "test".to_owned(),
    }
}

/// The settings of an office whose budgets last.
pub fn generous(settings: &Settings) -> Settings {
    let receipts = Receipts {
        repeats_per_device_per_day: 1_000,
        ..Receipts::default()
    };
    let mut settings = Settings {
        receipts,
        ..settings.clone()
    };
    for gateway in &mut settings.gateways {
        gateway.window = gateway.window.max(2);
        gateway.max_per_30_min = 0;
    }
    settings
}

/// Kinds that strike at moments of the plan, and how often a day they may.
const PLANNED: [(Kind, u64); 19] = [
    (Kind::Cut, 4),
    (Kind::HalfOpen, 2),
    (Kind::Stall, 3),
    (Kind::Away, 2),
    (Kind::Unbind, 2),
    (Kind::Unasked, 6),
    (Kind::Kill, 4),
    (Kind::Stop, 2),
    (Kind::PowerCut, 2),
    (Kind::IoError, 2),
    (Kind::DiskFull, 1),
    (Kind::ClockJump, 1),
    (Kind::RollBack, 2),
    (Kind::Wipe, 1),
    (Kind::Clone, 1),
    (Kind::Stranger, 12),
    (Kind::SlowConsole, 2),
    (Kind::DeadConsole, 1),
    (Kind::Stop, 1),
];

fn planned(lot: &mut Seeded, scale: &Scale, rates: &[u64]) -> Vec<(i64, FaultId, Planned)> {
    let mut all = Vec::new();
    let mut add = |at: i64, kind: Kind, what: Planned| {
        let subject = all.len() as u64;
        all.push((at, FaultId { kind, subject }, what));
    };
    for day in 0..scale.days {
        let opened = i64::try_from(day).unwrap() * Millis::DAY;
        for (kind, most) in PLANNED {
            let count = lot.below(most + 1);
            for _ in 0..count {
                let at = opened + within(lot, OPEN_MS);
                let what = planned_of(lot, kind, scale.people);
                let is_own = kind == Kind::ClockJump && scale.jumps.is_some();
                if rates[kind as usize] > 0 && !is_own {
                    add(at, kind, what);
                }
            }
        }
    }
    let spread = i64::try_from(scale.days).unwrap() * OPEN_MS;
    for _ in 0..scale.jumps.unwrap_or(0) {
        let at = within(lot, spread);
        let at = at / OPEN_MS * Millis::DAY + at % OPEN_MS;
        let what = planned_of(lot, Kind::ClockJump, scale.people);
        add(at, Kind::ClockJump, what);
    }
    all
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "kinds that strike message by message stand in no plan"
)]
fn planned_of(lot: &mut Seeded, kind: Kind, people: usize) -> Planned {
    let link = pick(lot, GATEWAYS.len());
    let phone = pick(lot, people);
    let ms = one_of(lot, &[3 * SECOND, 40 * SECOND, 10 * MINUTE, 2 * HOUR]);
    let calls = match lot.below(3) {
        0 => 0,
        1 => lot.below(40),
        _ => lot.below(400),
    };
    let seed = lot.next();
    match kind {
        Kind::Cut => Planned::Cut {
            link,
            up: lot.one_in(2),
            after: lot.below(400),
        },
        Kind::HalfOpen => Planned::HalfOpen { link },
        Kind::Stall => Planned::Stall {
            link,
            ms: ms.min(10 * MINUTE),
            full: lot.one_in(2),
        },
        Kind::Away => Planned::Away { link, ms },
        Kind::Unbind => Planned::Unbind { link },
        Kind::Unasked => Planned::Unasked { link, seed },
        Kind::Kill => Planned::Kill(one_of(
            lot,
            &[
                Point::Received,
                Point::Decided,
                Point::Committed,
                Point::Answered,
                Point::Submitted,
                Point::Responded,
                Point::Now,
            ],
        )),
        Kind::PowerCut => Planned::PowerCut { calls, seed },
        Kind::IoError => Planned::IoError { calls },
        Kind::DiskFull => Planned::DiskFull {
            room: pick(lot, 200_000),
            ms,
        },
        Kind::ClockJump => Planned::Clock {
            by: jump(lot),
            back_ms: within(lot, OPEN_MS),
        },
        Kind::RollBack => Planned::RollBack {
            phone,
            ms: within(lot, 2 * Millis::DAY),
        },
        Kind::Wipe => Planned::Wipe { phone },
        Kind::Clone => Planned::Clone { phone },
        Kind::Stranger => Planned::Stranger { seed },
        Kind::SlowConsole => Planned::SlowConsole { ms },
        Kind::DeadConsole => Planned::DeadConsole,
        _ => Planned::Stop,
    }
}

fn jump(lot: &mut Seeded) -> Jump {
    let by = one_of(
        lot,
        &[30 * SECOND, HOUR, 25 * HOUR, 30 * Millis::DAY, YEARS, YEARS],
    );
    match lot.below(5) {
        0 => Jump::ToEpoch,
        1 | 2 => Jump::By(by),
        _ => Jump::By(-by),
    }
}
