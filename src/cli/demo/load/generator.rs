use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use super::super::super::clock::Clock;
use super::super::super::error::CliError;
use crate::practice::load::{Generator, LoadFault, Measured, Run};

/// What the thread of a generator gives back.
type Served = (Generator, Result<(), LoadFault>);

/// Starts a run on a thread of its own: the generator comes back when the desk has left, what was measured before that.
pub(super) fn start(
    mut generator: Generator,
    run: Run,
    clock: Clock,
) -> Result<(JoinHandle<Served>, Receiver<Measured>), CliError> {
    let (tell, told) = mpsc::channel();
    let work = move || {
        let wall = || clock.now().wall;
        let tell = |measured| drop(tell.send(measured));
        let served = generator.serve(run, wall, || {}, tell);
        (generator, served)
    };
    let thread = std::thread::Builder::new()
        .name("generator".to_owned())
        .spawn(work);
    let thread = thread.map_err(|cause| CliError::Talk(Box::new(cause)))?;
    Ok((thread, told))
}
