use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::fleet::{Fleet, Sealed};
use super::histogram::Histogram;
use super::judge::{Judge, Wrong};
use super::line::{Line, ready};
use super::pdu::{self, Head};
use crate::domain::Millis;

/// How far receipts may stay behind before nothing more is sent: beyond any that a desk sends in time, and a few MiB here.
const BEHIND: u64 = 65_536;
/// Messages that are sealed ahead at most: what the next writes need, and no more of the caches.
const AHEAD: usize = 1_024;
/// What a run sends.
#[derive(Copy, Clone, Debug)]
pub struct Run {
    /// So many check-ins are sent before, and their receipts are not taken until all were answered; then they are taken
    /// beside the check-ins that are measured. 0 for none.
    pub waiting: u64,
    /// How many check-ins are measured; fewer where receipts wait and have all been taken before.
    pub check_ins: u64,
    /// How many deliver_sm are unanswered at any time, at most.
    pub in_flight: usize,
    /// After this time no more are sent.
    pub at_most: Duration,
    /// How long the desk may say nothing while something is in flight, or before it binds.
    pub patience: Duration,
    /// Whether receipts are real: one in 16 is opened then.
    pub opens: bool,
}

impl Run {
    /// What is waited for a desk whose disk stalls, and no disk stalls for longer.
    pub const PATIENCE: Duration = Duration::from_secs(30);
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Check-ins that were answered and have their receipt.
    pub check_ins: u64,
    /// From the first deliver_sm to the last receipt.
    pub took: Duration,
    /// Nanoseconds from deliver_sm to deliver_sm_resp.
    pub answers: Histogram,
    /// Nanoseconds from deliver_sm to the submit_sm with its receipt.
    pub receipts: Histogram,
    /// What was taken beside them.
    pub drain: Option<Drain>,
}

/// Receipts that waited and were taken beside the check-ins that were measured.
#[derive(Copy, Clone, Debug)]
pub struct Drain {
    /// How many.
    pub receipts: u64,
    /// From the first deliver_sm that was measured to the last of them.
    pub took: Duration,
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// The connection failed.
    #[error("the connection to the desk failed")]
    Io(#[from] io::Error),
    /// The desk did what it must not do.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// The desk says nothing.
    #[error(
        "the desk has said nothing for 30 s; '{answers}' answers and '{receipts}' receipts are missing"
    )]
    Silent {
        /// Answers that are missing.
        answers: u64,
        /// Receipts that are missing.
        receipts: u64,
    },
    /// The counters of all phones have come to an end.
    #[error("the counters of all phones have come to an end")]
    Counters,
}

/// What others see of a run, and how they end it.
#[derive(Debug, Default)]
pub struct Board {
    answered: AtomicU64,
    stopped: AtomicBool,
}

impl Board {
    /// How many check-ins of the present run were answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Ends runs early: what is in flight is waited for, and nothing more is sent.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether runs are to end early.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// The SMSC that sends the load.
#[expect(missing_debug_implementations, reason = "it holds keys")]
pub struct Generator {
    listener: TcpListener,
    port: u16,
    fleet: Fleet,
    board: Arc<Board>,
    ahead: VecDeque<Sealed>,
    /// Messages that were taken from desks.
    taken: u32,
}

impl Generator {
    /// Listens on 127.0.0.1, on a port that is free.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen(fleet: Fleet, board: Arc<Board>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            listener,
            fleet,
            board,
            ahead: VecDeque::with_capacity(AHEAD),
            taken: 0,
        })
    }

    /// The port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The phones.
    pub const fn fleet(&mut self) -> &mut Fleet {
        &mut self.fleet
    }

    /// Waits for a desk, sends it the load of `run`, gives what was measured to `tell`, and serves the desk until it
    /// leaves. `wall` is the clock that the phones show; `probe` is called right before the first deliver_sm, `tell` right
    /// after the last receipt.
    ///
    /// # Errors
    /// [`LoadFault`] where the desk fails; it is left alone then.
    pub fn serve(
        &mut self,
        run: Run,
        wall: impl Fn() -> Millis,
        probe: impl FnOnce(),
        tell: impl FnOnce(Measured),
    ) -> Result<(), LoadFault> {
        self.board.answered.store(0, Ordering::Relaxed);
        let mut line = self.accept(run)?;
        Self::bind(run, &mut line)?;
        let judge = Judge::new(&self.fleet);
        let mut working = Working {
            run,
            judge,
            line,
            sent: 0,
            started: now(),
            untaken: None,
            drained_after: Duration::ZERO,
        };
        let measured = self.work(&mut working, wall, probe)?;
        tell(measured);
        self.farewell(&mut working)
    }

    fn accept(&self, run: Run) -> Result<Line, LoadFault> {
        let until = now() + run.patience;
        while now() < until {
            if !ready(&self.listener, PollFlags::IN)?.is_empty() {
                let (stream, _) = self.listener.accept()?;
                return Ok(Line::new(stream)?);
            }
        }
        Err(LoadFault::Silent {
            answers: 0,
            receipts: 0,
        })
    }

    /// Lets the desk bind, whatever its password: nobody else knows the port.
    fn bind(run: Run, line: &mut Line) -> Result<(), LoadFault> {
        let until = now() + run.patience;
        while now() < until {
            line.wait()?;
            while let Some((head, _)) = line.input.take()? {
                if head.command == pdu::BIND_TRANSCEIVER {
                    pdu::put(&mut line.output, response(head), b"load\0");
                    line.flush()?;
                    return Ok(());
                }
                answer_other(&mut line.output, head);
            }
            line.flush()?;
        }
        Err(LoadFault::Silent {
            answers: 0,
            receipts: 0,
        })
    }

    fn work(
        &mut self,
        working: &mut Working,
        wall: impl Fn() -> Millis,
        probe: impl FnOnce(),
    ) -> Result<Measured, LoadFault> {
        let run = working.run;
        if run.waiting > 0 {
            let hold = Run {
                check_ins: run.waiting,
                in_flight: AHEAD,
                ..run
            };
            working.begin(hold);
            working.untaken = Some(Vec::new());
            self.pass(working, &wall)?;
            working.judge.hold();
            // Sent after others, they would be replays.
            self.ahead.clear();
        }
        self.top_up(run, 0, &wall)?;
        probe();
        working.begin(run);
        self.take(working);
        let heard_at = self.pass(working, &wall)?;
        // As above.
        self.ahead.clear();
        let took = heard_at - working.started;
        let drain = (run.waiting > 0).then_some(Drain {
            receipts: working.judge.drained,
            took: working.drained_after,
        });
        Ok(Measured {
            check_ins: working.sent,
            took,
            answers: working.judge.answers.clone(),
            receipts: working.judge.receipts.clone(),
            drain,
        })
    }

    /// Sends what the present run says, until all is answered, and where receipts are taken, has its receipt. Gives when
    /// something was heard last.
    fn pass(
        &mut self,
        working: &mut Working,
        wall: impl Fn() -> Millis,
    ) -> Result<Instant, LoadFault> {
        let mut heard_at = working.started;
        loop {
            let is_over = self.board.is_stopped()
                || heard_at - working.started >= working.run.at_most
                || working.is_drained();
            if !is_over {
                self.send(working);
            }
            working.line.flush()?;
            let sends = !is_over && working.sent < working.run.check_ins;
            if !sends && working.left() == 0 {
                return Ok(heard_at);
            }
            if sends {
                self.top_up(working.run, working.sent, &wall)?;
            }
            let heard = working.heard();
            if working.line.wait()? {
                self.hear(working)?;
            }
            let at = now();
            // A desk that asks and answers enquire_link and nothing else is no better than one that is silent.
            if working.heard() != heard {
                heard_at = at;
            } else if at - heard_at >= working.run.patience {
                return Err(working.silent());
            }
        }
    }

    /// Takes the receipts that had to wait, and those that come from now on.
    fn take(&mut self, working: &mut Working) {
        for sequence in working.untaken.take().into_iter().flatten() {
            self.taken = self.taken.wrapping_add(1);
            pdu::put_taken(&mut working.line.output, sequence, self.taken);
        }
    }

    /// Sends what there is room for.
    fn send(&mut self, working: &mut Working) {
        let Working {
            run,
            judge,
            line,
            sent,
            started,
            ..
        } = working;
        let at = nanos(*started);
        let behind = run.in_flight as u64 + BEHIND + run.waiting;
        while *sent < run.check_ins
            && judge.unanswered(*sent) < run.in_flight as u64
            && (judge.in_flight() as u64) < behind
        {
            let Some(sealed) = self.ahead.pop_front() else {
                return;
            };
            let sequence = judge.sent(&sealed, at);
            self.fleet.put(&mut line.output, sequence, &sealed);
            *sent += 1;
        }
    }

    /// Seals ahead while the desk works.
    fn top_up(&mut self, run: Run, sent: u64, wall: impl Fn() -> Millis) -> Result<(), LoadFault> {
        let wanted = run.in_flight.min(AHEAD) as u64;
        let wanted = wanted.min(run.check_ins - sent);
        let claimed_at = wall();
        while (self.ahead.len() as u64) < wanted {
            let sealed = self.fleet.seal(claimed_at);
            self.ahead.push_back(sealed.ok_or(LoadFault::Counters)?);
        }
        Ok(())
    }

    /// Takes all PDUs that came.
    fn hear(&mut self, working: &mut Working) -> Result<(), LoadFault> {
        let at = nanos(working.started);
        let Working {
            judge,
            line,
            run,
            untaken,
            ..
        } = working;
        let undrained = judge.undrained();
        while let Some((head, body)) = line.input.take()? {
            match head.command {
                DELIVERED => judge.answered(head.sequence, head.status, at)?,
                pdu::SUBMIT_SM => {
                    let text = pdu::short_message(body).ok_or(Wrong::NoReceipt)?;
                    judge.heard(text, at, &self.fleet, run.opens)?;
                    if let Some(untaken) = untaken {
                        untaken.push(head.sequence);
                    } else {
                        self.taken = self.taken.wrapping_add(1);
                        pdu::put_taken(&mut line.output, head.sequence, self.taken);
                    }
                }
                _ => answer_other(&mut line.output, head),
            }
        }
        let answered = judge.answers.total();
        self.board.answered.store(answered, Ordering::Relaxed);
        if undrained > 0 {
            working.drained_after = Duration::from_nanos(at);
        }
        Ok(())
    }

    /// Serves a desk that has nothing to do, until it leaves. One receipt more would be one too many.
    fn farewell(&mut self, working: &mut Working) -> Result<(), LoadFault> {
        loop {
            working.line.flush()?;
            match working.line.wait() {
                Ok(true) => self.hear(working)?,
                Ok(false) => {}
                Err(error) if is_over(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

const DELIVERED: u32 = pdu::DELIVER_SM | pdu::RESPONSE;

/// A run under way.
struct Working {
    run: Run,
    judge: Judge,
    line: Line,
    sent: u64,
    started: Instant,
    /// The submit_sm that get no response yet, where none does.
    untaken: Option<Vec<u32>>,
    /// When the last came of the receipts that had to wait.
    drained_after: Duration,
}

impl Working {
    fn begin(&mut self, run: Run) {
        self.run = run;
        self.sent = 0;
        self.started = now();
    }

    /// Whether all receipts that had to wait have come: what is sent from now on is sent beside nothing.
    fn is_drained(&self) -> bool {
        self.run.waiting > 0 && self.untaken.is_none() && self.judge.undrained() == 0
    }

    /// How much of what was sent is still to be waited for.
    fn left(&self) -> u64 {
        match self.untaken {
            Some(_) => self.judge.unanswered(self.sent),
            None => self.judge.in_flight() as u64,
        }
    }

    /// How many answers and receipts came.
    fn heard(&self) -> u64 {
        let judge = &self.judge;
        judge.answers.total() + judge.receipts.total() + judge.drained
    }

    fn silent(&self) -> LoadFault {
        LoadFault::Silent {
            answers: self.sent - self.judge.answers.total(),
            receipts: self.sent - self.judge.receipts.total() + self.judge.undrained(),
        }
    }
}

/// The response to a request, with status OK.
const fn response(head: Head) -> Head {
    Head {
        command: head.command | pdu::RESPONSE,
        status: 0,
        sequence: head.sequence,
    }
}

/// Answers what has nothing to do with messages.
fn answer_other(output: &mut Vec<u8>, head: Head) {
    match head.command {
        pdu::ENQUIRE_LINK | pdu::UNBIND => pdu::put(output, response(head), &[]),
        command if command & pdu::RESPONSE != 0 => {}
        _ => {
            // ESME_RINVCMDID.
            let nack = Head {
                command: pdu::GENERIC_NACK,
                status: 3,
                sequence: head.sequence,
            };
            pdu::put(output, nack, &[]);
        }
    }
}

fn is_over(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::UnexpectedEof || kind == io::ErrorKind::ConnectionReset
}

fn nanos(since: Instant) -> u64 {
    u64::try_from((now() - since).as_nanos()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn now() -> Instant {
    Instant::now()
}
