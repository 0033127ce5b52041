use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::pdu::{self, Head, Next};

/// Octets of one read: what a desk writes after a commit of 1,000 check-ins.
const READ_OCTETS: usize = 256 * 1_024;
/// How long nothing may come before the caller looks around, in milliseconds.
const LOOK_AROUND_MS: i64 = 100;

/// A connection that reads and writes without ever waiting for one while the other could go on.
#[derive(Debug)]
pub(super) struct Line {
    stream: TcpStream,
    pub(super) input: Input,
    /// What is to be written; callers append.
    pub(super) output: Vec<u8>,
    written: usize,
}

/// What came and was not taken yet.
#[derive(Debug)]
pub(super) struct Input {
    octets: Vec<u8>,
    from: usize,
    to: usize,
}

impl Line {
    /// Takes a connection.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            input: Input {
                octets: vec![0; READ_OCTETS],
                from: 0,
                to: 0,
            },
            output: Vec::with_capacity(READ_OCTETS),
            written: 0,
        })
    }

    /// Writes as much as the system takes.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if waits(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(())
    }

    /// Waits until something can be read, or what waits can be written, a tenth of a second at most; reads what there is.
    /// Gives whether anything came.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::UnexpectedEof`] where the peer closed.
    pub(super) fn wait(&mut self) -> io::Result<bool> {
        let mut flags = PollFlags::IN;
        if !self.output.is_empty() {
            flags |= PollFlags::OUT;
        }
        let ready = ready(&self.stream, flags)?;
        if ready.contains(PollFlags::OUT) {
            self.flush()?;
        }
        if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return self.input.read(&mut self.stream);
        }
        Ok(false)
    }
}

impl Input {
    /// The next PDU that came whole.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it has a length that none can have.
    pub(super) fn take(&mut self) -> io::Result<Option<(Head, &[u8])>> {
        match pdu::next(&self.octets[self.from..self.to]) {
            Next::Pdu(head, body) => {
                self.from += pdu::HEADER_OCTETS + body.len();
                Ok(Some((head, body)))
            }
            Next::Part => Ok(None),
            Next::Broken => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn read(&mut self, stream: &mut TcpStream) -> io::Result<bool> {
        // What is left is a part of one PDU.
        self.octets.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        match stream.read(&mut self.octets[self.to..]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                self.to += read;
                Ok(true)
            }
            Err(error) if waits(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Waits until one of `flags` is true of a socket, a tenth of a second at most, and gives those that are.
///
/// # Errors
/// What the system says.
pub(super) fn ready(socket: &impl AsFd, flags: PollFlags) -> io::Result<PollFlags> {
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: LOOK_AROUND_MS * 1_000_000,
    };
    let mut polled = [PollFd::new(socket, flags)];
    match poll(&mut polled, Some(&timeout)) {
        Ok(0) | Err(Errno::INTR) => Ok(PollFlags::empty()),
        Ok(_) => Ok(polled[0].revents()),
        Err(error) => Err(error.into()),
    }
}

fn waits(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::WouldBlock || kind == io::ErrorKind::Interrupted
}
