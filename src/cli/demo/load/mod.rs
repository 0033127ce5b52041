//! `hazir demo --load`: measures what a desk can do on this machine, through the very parts that `hazir serve` runs, with
//! the store alone and the network alone beside it. One store grows through all runs.

mod desk;
mod generator;
mod interrupt;
mod machine;
mod network_alone;
mod report;
mod store_alone;
mod tables;

use std::io::{IsTerminal as _, stderr};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use self::generator::Running;
use self::interrupt::Interrupt;
use self::machine::{FileSystem, Sample};
use self::report::Report;
use self::store_alone::StoreAlone;
use self::tables::Tables;
use super::super::args::DemoArgs;
use super::super::clock::Clock;
use super::super::config::Config;
use super::super::error::CliError;
use super::super::operator::operator;
use super::super::place::Place;
use super::super::screen::Screen;
use super::super::{json, log, parts};
use super::Demo;
use super::network::Network;
use crate::practice::load::{Board, Fleet, Generator, Measured, Run};

/// The file that says that a directory holds a desk under load.
pub(super) const MARK: &str = "LOAD";
/// How many check-ins are in flight where nothing is said.
const IN_FLIGHT: [u16; 4] = [1, 10, 100, 1_000];
/// How many people there are where nothing is said.
const PEOPLE: u16 = 1_000;
/// How long a yardstick is held to the machine at most: enough for a percentile of commits.
const YARDSTICK: Duration = Duration::from_secs(3);
/// Check-ins that a yardstick takes at most: more than its time is enough for.
const YARDSTICK_CHECK_INS: u64 = 1_000_000;
/// How long the desk waits for a response, in seconds, where the gateway lets it wait: longer than any run holds it back.
const NO_RESPONSE_S: u32 = 3_600;
/// How often it is said how far a run has come.
const TELL: Duration = Duration::from_secs(1);

/// What ends a yardstick.
#[derive(Copy, Clone, Debug)]
struct Bounds<'a> {
    check_ins: u64,
    at_most: Duration,
    board: &'a Board,
}

/// What is measured.
struct Load<'a, 'b> {
    demo: &'a mut Demo<'b>,
    place: &'a Place,
    config: Config,
    clock: Clock,
    board: Arc<Board>,
    check_ins: u64,
    waiting: u64,
    people: u16,
    tables: Option<Tables>,
}

/// Measures in `place`, and says what was measured.
pub(super) fn run(
    demo: &mut Demo<'_>,
    args: &DemoArgs,
    check_ins: u64,
    place: &Place,
) -> Result<(), CliError> {
    let in_flight = match &args.in_flight[..] {
        [] => &IN_FLIGHT[..],
        given => given,
    };
    let board = Arc::new(Board::default());
    let interrupt = Interrupt::catch(Arc::clone(&board))?;
    let clock = Clock::start();
    let by = operator(demo.desk.take());
    let mut config = desk::set_up(place, demo.words, &demo.given)?;
    let people = args.people.unwrap_or(PEOPLE);
    let waiting = args.waiting.unwrap_or(0);
    // Each run, and the store alone as often.
    let each = waiting + check_ins + check_ins.min(YARDSTICK_CHECK_INS);
    let all = each * in_flight.len() as u64;
    let devices = desk::enrol(place, &config, (people, all), &by, clock)?;
    let phones = devices.len();
    let fleet = Fleet::new(&devices, parts::seed()?);
    let generator = Generator::listen(fleet, Arc::clone(&board))
        .map_err(|source| CliError::GatewayPort { port: 0, source })?;
    for gateway in &mut config.gateways {
        gateway.port = generator.port();
        if waiting > 0 {
            // The receipts that wait are not to be tried again.
            gateway.response_timeout_s = NO_RESPONSE_S;
        }
    }
    log::open(place)?;
    let window = Screen::of(std::io::stdout()).map(|screen| screen.columns);
    let mut load = Load {
        tables: (!args.json).then(|| Tables::new(demo.words, window)),
        demo,
        place,
        config,
        clock,
        board,
        check_ins,
        waiting,
        people,
    };
    load.begin(phones)?;
    let measured = load.measure_all(generator, in_flight);
    // What was measured before a fault is a measure.
    let told = match &mut load.tables {
        Some(tables) => tables
            .write(load.demo.words, load.demo.out)
            .map_err(CliError::Terminal),
        None => Ok(()),
    };
    measured.and(told).and(interrupt.end())
}

impl Load<'_, '_> {
    fn begin(&mut self, phones: usize) -> Result<(), CliError> {
        let file_system = FileSystem::of(self.place.dir()).unwrap_or_default();
        let facts = [
            ("people", &*self.people.to_string()),
            ("phones", &phones.to_string()),
            ("kind", &file_system.kind),
            ("mount", &file_system.mount),
        ];
        self.demo.tell("load.begins", &facts)?;
        if cfg!(debug_assertions) {
            self.demo.tell("load.unoptimised", &[])?;
        }
        if file_system.is_durable() {
            return Ok(());
        }
        self.demo.tell("load.not_durable", &facts)
    }

    fn measure_all(&mut self, mut generator: Generator, all: &[u16]) -> Result<(), CliError> {
        for in_flight in all {
            if self.board.is_stopped() {
                return self.demo.tell("load.stopped", &[]);
            }
            generator = self.measure(generator, *in_flight)?;
        }
        Ok(())
    }

    fn measure(&mut self, generator: Generator, count: u16) -> Result<Generator, CliError> {
        let in_flight = usize::from(count);
        let run = Run {
            waiting: self.waiting,
            check_ins: self.check_ins,
            in_flight,
            at_most: Duration::MAX,
            patience: Run::PATIENCE,
            opens: true,
        };
        let running = generator::start(generator, run, self.clock)?;
        let network = Network::start(self.place, &self.config, None, self.clock)?;
        let measured = self.wait(&running, count);
        network.end()?;
        let (mut generator, served) = running.thread.join().map_err(|_| CliError::Fallen)?;
        served.map_err(CliError::Load)?;
        let (measured, samples) = measured?.ok_or(CliError::Fallen)?;
        if measured.check_ins == 0 {
            return Ok(generator);
        }
        let bounds = Bounds {
            check_ins: self.check_ins.min(YARDSTICK_CHECK_INS),
            at_most: YARDSTICK,
            board: &self.board,
        };
        // What is measured beside a drain is held to no yardstick: it is the drain that it is about.
        let desk = (self.place, &self.config);
        let store = match measured.drain {
            Some(_) => StoreAlone::default(),
            None => store_alone::measure(desk, generator.fleet(), in_flight, bounds, self.clock)?,
        };
        let mut links = match measured.drain {
            Some(_) => Vec::new(),
            None => parts::gateway_configs(self.place, &self.config)?,
        };
        let network = match links.pop() {
            Some(link) if !self.board.is_stopped() => {
                let size = (self.people, in_flight);
                Some(network_alone::measure(
                    link,
                    size,
                    bounds,
                    &self.board,
                    self.clock,
                )?)
            }
            Some(_) | None => None,
        };
        let report = Report {
            in_flight: count,
            measured: &measured,
            samples: &samples,
            store: &store,
            network: network.as_ref(),
            store_octets: self.place.store().metadata().map_or(0, |it| it.len()),
            file_system: FileSystem::of(self.place.dir()),
            people: self.people,
            ended_early: self.board.is_stopped(),
        };
        if let Some(tables) = &mut self.tables {
            tables.add(&report);
        } else {
            let out = &mut *self.demo.out;
            let written = json::line(out, &report.json()).and_then(|()| out.flush());
            written.map_err(CliError::Terminal)?;
        }
        Ok(generator)
    }

    /// Waits for what was measured, and says on a terminal how far it has come. `None` where the run failed.
    fn wait(
        &mut self,
        running: &Running,
        in_flight: u16,
    ) -> Result<Option<(Measured, [Sample; 2])>, CliError> {
        loop {
            match running.told.recv_timeout(TELL) {
                Ok(measured) => return Ok(Some(measured)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if stderr().is_terminal() => {
                    let facts = [
                        ("in_flight", &*in_flight.to_string()),
                        ("answered", &self.board.answered().to_string()),
                        ("check_ins", &self.check_ins.to_string()),
                    ];
                    self.demo.tell("load.progress", &facts)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Nanoseconds of a duration.
fn since(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
