use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::super::super::error::CliError;
use super::super::super::serve::{Signals, Told};
use super::super::super::wiring::{finish, runtime};
use crate::practice::load::Board;

/// Ends measuring early when a signal comes: what is in flight is waited for, and what was measured is told.
#[derive(Debug)]
pub(super) struct Interrupt {
    thread: JoinHandle<Result<Told, CliError>>,
    over: oneshot::Sender<()>,
}

impl Interrupt {
    /// Catches signals, on a thread of its own.
    ///
    /// # Errors
    /// [`CliError::Talk`] where the system does not allow it.
    pub(super) fn catch(board: Arc<Board>) -> Result<Self, CliError> {
        let (over, is_over) = oneshot::channel();
        let (caught, is_caught) = mpsc::channel();
        let work = async move {
            let mut signals = Signals::catch()?;
            // Whoever waits for it waits on this thread's end, too.
            let _ = caught.send(());
            tokio::select! {
                // Dropped, it means the same.
                _ = is_over => Ok(Told::Stop),
                told = signals.next() => {
                    board.stop();
                    Ok(told)
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(|| finish(runtime()?, work))
            .map_err(|cause| CliError::Talk(Box::new(cause)))?;
        let interrupt = Self { thread, over };
        if is_caught.recv().is_err() {
            interrupt.end()?;
            return Err(CliError::Fallen);
        }
        Ok(interrupt)
    }

    /// Waits for signals no more.
    ///
    /// # Errors
    /// [`CliError::HangUp`] where the terminal's going was the signal.
    pub(super) fn end(self) -> Result<(), CliError> {
        // It may have ended by itself.
        let _ = self.over.send(());
        match self.thread.join().map_err(|_| CliError::Fallen)?? {
            Told::Stop => Ok(()),
            Told::HangUp => Err(CliError::HangUp),
        }
    }
}
