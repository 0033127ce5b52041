//! `hazir demo --load`: measures what a desk can do on this machine, through the very parts that `hazir serve` runs.

mod desk;
mod generator;

use std::sync::Arc;
use std::time::Duration;

use super::super::args::DemoArgs;
use super::super::clock::Clock;
use super::super::error::CliError;
use super::super::operator::operator;
use super::super::place::Place;
use super::super::{log, parts};
use super::Demo;
use super::network::Network;
use crate::practice::load::{Board, Fleet, Generator, Run};

/// The file that says that a directory holds a desk under load.
pub(super) const MARK: &str = "LOAD";

/// How many check-ins are in flight where nothing is said.
const IN_FLIGHT: [u16; 4] = [1, 10, 100, 1_000];
/// How many people there are where nothing is said.
const PEOPLE: u16 = 1_000;
/// A run may take as long as it takes.
const WITHOUT_END: Duration = Duration::MAX;

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
    let clock = Clock::start();
    let by = operator(demo.desk.take());
    let mut config = desk::set_up(place, demo.words, &demo.given)?;
    let people = args.people.unwrap_or(PEOPLE);
    let all = check_ins * in_flight.len() as u64 * 2;
    let devices = desk::enrol(place, &config, (people, all), &by, clock)?;
    let fleet = Fleet::new(devices, parts::seed()?);
    let board = Arc::new(Board::default());
    let mut generator = Generator::listen(fleet, Arc::clone(&board))
        .map_err(|source| CliError::GatewayPort { port: 0, source })?;
    for gateway in &mut config.gateways {
        gateway.port = generator.port();
    }
    log::open(place)?;
    for in_flight in in_flight {
        let run = Run {
            check_ins,
            in_flight: usize::from(*in_flight),
            at_most: WITHOUT_END,
            opens: true,
        };
        let (back, measured) = generator::start(generator, run, clock)?;
        let network = Network::start(place, &config, None, clock)?;
        let measured = measured.recv();
        network.end()?;
        let (returned, served) = back.join().map_err(|_| CliError::Fallen)?;
        generator = returned;
        served.map_err(CliError::Load)?;
        let measured = measured.map_err(|_| CliError::Fallen)?;
        let micros = |nanos: u64| nanos / 1_000;
        let seconds = measured.took.as_secs_f64();
        let line = format!(
            "in flight {in_flight}: {} in {seconds:.3} s, {:.0}/s, answer {} {} {} us, receipt {} {} {} us",
            measured.check_ins,
            measured.check_ins as f64 / seconds,
            micros(measured.answers.percentile(50)),
            micros(measured.answers.percentile(99)),
            micros(measured.answers.max()),
            micros(measured.receipts.percentile(50)),
            micros(measured.receipts.percentile(99)),
            micros(measured.receipts.max()),
        );
        writeln!(demo.out, "{line}")
            .and_then(|()| demo.out.flush())
            .map_err(CliError::Terminal)?;
    }
    Ok(())
}
