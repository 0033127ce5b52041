//! The real binary as a child, with its output collected and its end awaited.

use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::watch::Watch;

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Done {
    /// Its exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote on stdout.
    pub(crate) out: String,
    /// What it wrote on stderr.
    pub(crate) err: String,
}

/// A child. It is killed with its owner.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    ended: Receiver<()>,
    readers: Vec<JoinHandle<()>>,
    out: Arc<Watch<Heard>>,
    err: Arc<Watch<Heard>>,
    status: Option<ExitStatus>,
}

/// What came out of a pipe.
#[derive(Debug, Default)]
struct Heard {
    octets: Vec<u8>,
    /// Nothing more will come.
    is_over: bool,
}

impl Heard {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }
}

impl Process {
    /// Starts `command` with stdout and stderr collected.
    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self::start_as_it_is(command)
    }

    /// Starts `command` with the stdin, stdout and stderr that it has; what is piped is collected.
    pub(crate) fn start_as_it_is(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the program is there");
        let pid = Pid::from_child(&child);
        let (end, ended) = sync_channel(1);
        std::thread::spawn(move || {
            // The child stays a zombie until its owner reaps it, so its number is not given to another one.
            let told = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            );
            told.expect("the child is ours");
            // The owner may be gone.
            let _ = end.send(());
        });
        let mut readers = Vec::new();
        let out = collect(child.stdout.take(), &mut readers);
        let err = collect(child.stderr.take(), &mut readers);
        Self {
            child,
            pid,
            ended,
            readers,
            out,
            err,
            status: None,
        }
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the child is ours");
    }

    /// Writes to its stdin, which is a pipe.
    pub(crate) fn says_to(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        // It may have ended.
        let _ = stdin.write_all(text.as_bytes());
    }

    /// Waits for the end, at most for `timeout`; `None` where it still runs.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.ended.recv_timeout(timeout).ok()?;
            self.status = Some(self.child.wait().expect("the child is ours"));
            for reader in self.readers.drain(..) {
                reader.join().expect("reading a pipe does not fail");
            }
        }
        self.status
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if self.status.is_none() {
            self.signal(Signal::KILL);
            self.wait(Duration::MAX);
        }
    }

    /// Waits until stderr holds `text`; false where it ended or the time went by before.
    pub(crate) fn says(&mut self, text: &str, timeout: Duration) -> bool {
        comes(&self.err, text, timeout)
    }

    /// As [`Process::says`], of stdout.
    pub(crate) fn prints(&mut self, text: &str, timeout: Duration) -> bool {
        comes(&self.out, text, timeout)
    }

    /// What it wrote on stdout so far.
    pub(crate) fn out(&self) -> String {
        self.out.read(Heard::text)
    }

    /// What it wrote on stderr so far.
    pub(crate) fn err(&self) -> String {
        self.err.read(Heard::text)
    }

    /// Waits for the end and takes what it left; kills it and fails where it does not end in time.
    pub(crate) fn finish(mut self, timeout: Duration) -> Done {
        let status = self.wait(timeout);
        let (out, err) = (self.out(), self.err());
        let status = status.unwrap_or_else(|| panic!("it did not end in {timeout:?}: {out}{err}"));
        Done {
            code: status.code(),
            out,
            err,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn comes(stream: &Watch<Heard>, text: &str, timeout: Duration) -> bool {
    let needle = text.as_bytes();
    let came = stream.wait(timeout, |heard| {
        let mut places = heard.octets.windows(needle.len());
        let came = places.any(|window| window == needle);
        (came || heard.is_over).then_some(came)
    });
    came.unwrap_or(false)
}

fn collect(
    pipe: Option<impl Read + Send + 'static>,
    readers: &mut Vec<JoinHandle<()>>,
) -> Arc<Watch<Heard>> {
    let is_over = pipe.is_none();
    let octets = Vec::new();
    let heard = Arc::new(Watch::new(Heard { octets, is_over }));
    let Some(mut pipe) = pipe else {
        return heard;
    };
    let shared = Arc::clone(&heard);
    readers.push(std::thread::spawn(move || {
        let mut some = [0; 4_096];
        while let Ok(count @ 1..) = pipe.read(&mut some) {
            shared.change(|heard| heard.octets.extend_from_slice(&some[..count]));
        }
        // Wakes whoever waits for words that do not come any more.
        shared.change(|heard| heard.is_over = true);
    }));
    heard
}
