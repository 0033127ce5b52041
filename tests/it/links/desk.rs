//! A desk that decides as the engine does: on what it has heard of the link, before a commit that may take longer than
//! the link is away.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use hazir::domain::{LinkEvent, LinkOrder, OutboundSms, OutboxId, SmsBody, SubmitFault};
use tokio::select;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::draws::Draws;
use super::super::session::peer::sms;
use super::judge::Judge;
use super::plan::Plan;
use super::wire::Pulses;

/// A message that was turned down waits so long.
const RETRY: Duration = Duration::from_secs(1);
/// How often the desk looks whether all is done.
const LOOK: Duration = Duration::from_secs(5);
/// The commit under which a flood comes: shorter than a peer that nobody reads waits to be found.
const UNDER_FLOOD: Duration = Duration::from_secs(9);
/// Messages without an answer, and octets of a read, at which a link stops reading.
const UNANSWERED: usize = 1_024 + 1;
const READ: usize = 16 * 1_024;
/// ESME_RX_T_APPN: try again later.
const LATER: u32 = 0x64;

pub(super) struct Desk<'a> {
    judge: &'a RefCell<Judge>,
    pulses: &'a Pulses,
    draws: Draws,
    commit_ms: u64,
    most_ordered: usize,
    /// The connection that is bound, as far as it was heard.
    connection: Option<u32>,
    /// A message was lost on it: it will soon be down.
    is_breaking: bool,
    /// Messages of the desk that wait, by when they may leave.
    waits: BTreeSet<(Instant, u64)>,
    /// Those that were ordered.
    ordered: BTreeSet<u64>,
    wished: u64,
    known: BTreeSet<Vec<u8>>,
    /// The last connection by which a flood came, and whether its commit is still due.
    flooded: (u32, bool),
    decided: Vec<LinkOrder>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        judge: &'a RefCell<Judge>,
        pulses: &'a Pulses,
        draws: Draws,
        plan: &Plan,
    ) -> Self {
        let mut desk = Self {
            judge,
            pulses,
            draws,
            commit_ms: u64::try_from(plan.commit.as_millis()).unwrap(),
            most_ordered: if plan.is_eager {
                usize::MAX
            } else {
                usize::from(plan.window)
            },
            connection: None,
            is_breaking: false,
            waits: BTreeSet::new(),
            ordered: BTreeSet::new(),
            wished: 0,
            known: BTreeSet::new(),
            flooded: (0, false),
            decided: Vec::new(),
        };
        for _ in 0..plan.own {
            desk.wish();
        }
        desk
    }

    /// Works until all is done, stops the link, and hears it out.
    pub(super) async fn run<G>(
        mut self,
        orders: Sender<Vec<LinkOrder>>,
        mut events: Receiver<(G, LinkEvent)>,
    ) {
        let mut heard = Vec::new();
        while !self.is_done() {
            select! {
                count = events.recv_many(&mut heard, 64) => assert!(count > 0, "the link ended"),
                () = sleep_until(self.due()) => {}
            }
            for (_, event) in heard.drain(..) {
                self.hear(event);
                self.decide();
            }
            self.decide();
            if !self.decided.is_empty() {
                self.commit().await;
                let decided = std::mem::take(&mut self.decided);
                orders.send(decided).await.expect("the link goes on");
            }
        }
        if self.draws.below(2) == 0 {
            let stop = vec![LinkOrder::Stop];
            orders.send(stop).await.expect("the link goes on");
        }
        drop(orders);
        while let Some((_, event)) = events.recv().await {
            self.hear(event);
        }
    }

    fn hear(&mut self, event: LinkEvent) {
        let mut judge = self.judge.borrow_mut();
        match event {
            LinkEvent::Connecting => judge.connects(),
            LinkEvent::Up { connection } => {
                judge.up(connection);
                self.connection = Some(connection);
                self.is_breaking = false;
            }
            LinkEvent::Down {
                cause,
                heard_ms_ago,
            } => {
                judge.down(cause, heard_ms_ago);
                self.connection = None;
                let now = Instant::now();
                let cut = std::mem::take(&mut self.ordered);
                self.waits.extend(cut.into_iter().map(|id| (now, id)));
            }
            LinkEvent::Inbound { ticket, sms } => {
                let key = (ticket.connection, ticket.sequence);
                judge.hands_on(key, std::str::from_utf8(&sms.octets).unwrap());
                let status = match self.draws.below(10) {
                    0 => LATER,
                    _ => 0,
                };
                judge.answers(key, status);
                drop(judge);
                self.decided.push(LinkOrder::Answer { ticket, status });
                if &sms.octets[..] == b"F" {
                    if self.flooded.0 != ticket.connection {
                        self.flooded = (ticket.connection, true);
                    }
                } else if status == 0 && self.known.insert(sms.octets.to_vec()) {
                    self.wish();
                }
            }
            LinkEvent::Submitted {
                connection,
                id,
                result,
            } => {
                judge.submitted(connection, id, &result);
                if Some(connection) != self.connection || !self.ordered.remove(&id.0) {
                    return;
                }
                let later = match result {
                    Ok(_) => None,
                    Err(SubmitFault::LinkLost) => {
                        self.is_breaking = true;
                        Some(Instant::now())
                    }
                    Err(SubmitFault::Status(_) | SubmitFault::Timeout) => {
                        Some(Instant::now() + RETRY)
                    }
                };
                self.waits.extend(later.map(|at| (at, id.0)));
            }
            LinkEvent::Report(report) => judge.reports(&report.message_id),
            LinkEvent::ReplyTime(_) | LinkEvent::Traffic(_) => {}
        }
    }

    fn is_done(&self) -> bool {
        self.waits.is_empty() && self.ordered.is_empty() && self.judge.borrow().kept == 0
    }

    fn wish(&mut self) {
        self.wished += 1;
        self.waits.insert((Instant::now(), self.wished));
    }

    /// Orders what may leave by the connection of which was heard last.
    fn decide(&mut self) {
        let Some(connection) = self.connection.filter(|_| !self.is_breaking) else {
            return;
        };
        let now = Instant::now();
        while self.ordered.len() < self.most_ordered
            && self.waits.first().is_some_and(|(at, _)| *at <= now)
            && let Some((_, id)) = self.waits.pop_first()
        {
            self.ordered.insert(id);
            let id = OutboxId(id);
            self.judge.borrow_mut().orders(connection, id);
            let body = SmsBody::Text(format!("{:08}", id.0));
            let sms = OutboundSms { body, ..sms(id.0) };
            self.decided.push(LinkOrder::Submit { connection, sms });
        }
    }

    /// When something may leave, or is to be looked at.
    fn due(&self) -> Instant {
        let now = Instant::now();
        let next = self.waits.first().filter(|(at, _)| *at > now);
        next.map_or(now + LOOK, |(at, _)| *at).min(now + LOOK)
    }

    /// Does nothing else while the store is busy.
    async fn commit(&mut self) {
        if !std::mem::take(&mut self.flooded.1) {
            let took = self.draws.below(self.commit_ms + 1);
            return sleep(Duration::from_millis(took)).await;
        }
        let place = usize::try_from(self.flooded.0 - 1).unwrap();
        let read = || self.pulses.lock().unwrap()[place].to_desk;
        let before = read();
        sleep(UNDER_FLOOD).await;
        let most = UNANSWERED * self.judge.borrow().flood_octets + READ;
        let taken = read() - before;
        assert!(taken <= most, "{taken} octets, {most} at most");
    }
}
