use std::io;

use rustix::event::{PollFd, PollFlags, poll};

/// Waits for the terminal to be gone.
///
/// poll(2) reports a hang-up whatever was asked for, so nothing is asked for: the wait costs nothing, and it ends also
/// where the thread that reads keys is stuck in half an escape sequence.
#[derive(Copy, Clone, Debug, Default)]
pub struct HangUp;

impl HangUp {
    /// Returns when the terminal at standard input is gone. Blocks until then.
    pub fn wait(self) {
        let stdin = io::stdin();
        loop {
            let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
                Ok(_) if is_gone(fds[0].revents()) => return,
                Ok(_) => {}
            }
        }
    }
}

/// Whether these flags say that nothing more will come.
pub(super) const fn is_gone(flags: PollFlags) -> bool {
    let gone = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);
    flags.intersects(gone)
}
