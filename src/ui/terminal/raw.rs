use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::sequences;

/// How long a terminal that is to be restored may take no octets, as after Ctrl-S: 200 ms.
const SOON: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// Writes after which a terminal that takes a few octets at a time is left as it is.
const TRIES: usize = 100;

/// Standard output, to be opened once more.
const STDOUT: &str = "/proc/self/fd/1";

/// The largest window, in columns and rows: more than the smallest letters make of the largest screen.
const MOST: (u16, u16) = (1_000, 500);

/// How the terminal was before; `None` where nothing is to be restored. A panic hook reaches it from any thread.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A terminal in raw mode on its alternate screen. Dropped, it is as it was before; a panic restores it, too.
#[derive(Debug)]
pub struct Raw(());

impl Raw {
    /// Takes the terminal over, and sees to it that a panic gives it back before it says anything.
    ///
    /// # Errors
    /// Where standard input or output is no terminal, or cannot be written.
    pub fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let entered = Self(());
        let said = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore(true);
            said(panic);
        }));
        write(sequences::ENTER.as_bytes())?;
        Ok(entered)
    }

    /// Gives the terminal back where it may not take octets any more: its modes alone.
    pub fn abandon(self) {
        restore(false);
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore(true);
    }
}

fn restore(writes: bool) {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(before) = before else {
        return;
    };
    if writes {
        // A terminal that is gone, or takes nothing, cannot be restored.
        let _ = write_soon(sequences::LEAVE.as_bytes());
    }
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
}

/// Writes `octets` to the terminal at standard output, past any buffer and lock; blocks while the terminal takes none.
///
/// # Errors
/// Where the terminal is gone.
pub fn write(mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), octets) {
            Ok(count) => octets = octets.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            // Another program that shares the terminal may have said that its writes are not to block.
            Err(rustix::io::Errno::AGAIN) => {
                let stdout = rustix::stdio::stdout();
                match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes a few `octets` where the terminal takes them within [`SOON`] each time; never blocks for longer.
///
/// A terminal may have room for a part of them only, and a write that stands still in another thread holds up all others
/// of the same opening, whatever poll(2) says. So they go through one of its own that is not to block.
fn write_soon(mut octets: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let own = rustix::fs::open(STDOUT, flags, Mode::empty())?;
    for _ in 0..TRIES {
        if octets.is_empty() {
            return Ok(());
        }
        let mut fds = [PollFd::new(&own, PollFlags::OUT)];
        if poll(&mut fds, Some(&SOON))? == 0 {
            break;
        }
        match rustix::io::write(&own, octets) {
            Ok(count) => octets = octets.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// Whether both standard input and standard output are a terminal.
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Columns and rows of the terminal at standard output; 80 times 24 where it does not say, and never more than can be
/// drawn: a terminal may say anything up to 65,535.
pub fn size() -> (u16, u16) {
    let size = tcgetwinsize(io::stdout()).ok();
    let size = size.map(|size| (size.ws_col, size.ws_row));
    size.filter(|(columns, rows)| *columns > 0 && *rows > 0)
        .map_or((80, 24), |(columns, rows)| {
            (columns.min(MOST.0), rows.min(MOST.1))
        })
}
