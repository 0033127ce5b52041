use std::cell::Cell;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use super::super::super::clock::Clock;
use super::super::super::error::CliError;
use super::machine::Sample;
use crate::practice::load::{Generator, LoadFault, Measured, Run};

/// A run under way.
pub(super) struct Running {
    /// Ends when the desk has left; the generator comes back.
    pub(super) thread: JoinHandle<(Generator, Result<(), LoadFault>)>,
    /// What was measured, before the desk leaves, with a sample at the beginning and at the end; closed without where the
    /// run fails.
    pub(super) told: Receiver<(Measured, [Sample; 2])>,
}

/// Starts a run on a thread of its own.
pub(super) fn start(mut generator: Generator, run: Run, clock: Clock) -> Result<Running, CliError> {
    let (tell, told) = mpsc::channel();
    let work = move || {
        let wall = || clock.now().wall;
        let begun = Cell::default();
        let probe = || begun.set(Sample::begin());
        let tell = |measured| {
            // Whoever waits may have failed.
            let _ = tell.send((measured, [begun.take(), Sample::take()]));
        };
        let served = generator.serve(run, wall, probe, tell);
        (generator, served)
    };
    let thread = std::thread::Builder::new()
        .name("generator".to_owned())
        .spawn(work)
        .map_err(|cause| CliError::Talk(Box::new(cause)))?;
    Ok(Running { thread, told })
}
