use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::timeout;

use crate::domain::{GatewayName, LinkEvent, LinkOrder, OutboxId, SubmitFault};

/// How many events wait here before orders wait, too. Reading stops with the first, so what comes
/// on top is one event for each submit_sm: more than the engine orders without taking events
/// (4,096 inputs a turn) can only be a fault.
const WAITING_EVENTS: usize = 16_384;

/// How long the last events may wait for an engine that is stopping itself.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// The engine's side of a link: orders come from it, events go to it and wait while it is busy.
#[derive(Debug)]
pub(super) struct Desk {
    name: GatewayName,
    orders: Receiver<Vec<LinkOrder>>,
    events: Sender<(GatewayName, LinkEvent)>,
    waiting: VecDeque<LinkEvent>,
    presence: Presence,
}

/// Whether somebody gives orders and takes events.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Presence {
    There,
    /// Not any more, and the link does not know yet.
    Left,
    /// Not any more.
    Gone,
}

/// What came of a turn.
#[derive(Debug)]
pub(super) enum Turn {
    /// An event that waited was taken.
    Taken,
    /// Orders of one batch.
    Orders(Vec<LinkOrder>),
    /// Nobody gives orders or takes events any more.
    Gone,
}

impl Desk {
    pub(super) const fn new(
        name: GatewayName,
        orders: Receiver<Vec<LinkOrder>>,
        events: Sender<(GatewayName, LinkEvent)>,
    ) -> Self {
        Self {
            name,
            orders,
            events,
            waiting: VecDeque::new(),
            presence: Presence::There,
        }
    }

    pub(super) const fn name(&self) -> &GatewayName {
        &self.name
    }

    /// Whether the engine keeps up: no event waits here.
    pub(super) fn is_clear(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Gives an event to the engine, or keeps it behind those that wait.
    pub(super) fn tell(&mut self, event: LinkEvent) {
        if !self.waiting.is_empty() {
            self.waiting.push_back(event);
            return;
        }
        match self.events.try_send((self.name.clone(), event)) {
            Ok(()) => {}
            Err(TrySendError::Full((_, event))) => self.waiting.push_back(event),
            Err(TrySendError::Closed(_)) => self.leave(),
        }
    }

    /// Waits for orders, or for room for the event that waits. May be dropped before it is done.
    pub(super) async fn turn(&mut self) -> Turn {
        if self.presence == Presence::Left {
            // An engine that failed said first what is to be answered.
            if let Ok(orders) = self.orders.try_recv() {
                return Turn::Orders(orders);
            }
            self.presence = Presence::Gone;
            return Turn::Gone;
        }
        let is_there = self.presence == Presence::There;
        let takes_orders = is_there && self.waiting.len() < WAITING_EVENTS;
        select! {
            room = self.events.reserve(), if !self.waiting.is_empty() => {
                match (room, self.waiting.pop_front()) {
                    (Ok(room), Some(event)) => room.send((self.name.clone(), event)),
                    (Ok(_), None) => {}
                    (Err(_), _) => {
                        self.waiting.clear();
                        self.presence = Presence::Left;
                    }
                }
                Turn::Taken
            }
            orders = self.orders.recv(), if takes_orders => {
                orders.map_or_else(
                    || {
                        self.presence = Presence::Gone;
                        Turn::Gone
                    },
                    Turn::Orders,
                )
            }
            else => pending().await,
        }
    }

    fn leave(&mut self) {
        if self.presence == Presence::There {
            self.presence = Presence::Left;
        }
    }

    /// Turns orders down that come while there is no link. Says whether one of them was to stop.
    pub(super) fn turn_down(&mut self, orders: Vec<LinkOrder>) -> bool {
        let mut stops = false;
        for order in orders {
            match order {
                LinkOrder::Submit { connection, sms } => self.lost(connection, sms.id),
                // It belongs to a connection that is gone; the message comes again on the next.
                LinkOrder::Answer { .. } => {}
                LinkOrder::Stop => stops = true,
            }
        }
        stops
    }

    /// Tells that a message does not leave by the connection for which it was ordered.
    pub(super) fn lost(&mut self, connection: u32, id: OutboxId) {
        self.tell(LinkEvent::Submitted {
            connection,
            id,
            result: Err(SubmitFault::LinkLost),
        });
    }

    /// Hands over the last events, as far as somebody takes them.
    pub(super) async fn close(mut self) {
        let hand_over = async {
            while let Some(event) = self.waiting.pop_front() {
                if self.events.send((self.name.clone(), event)).await.is_err() {
                    break;
                }
            }
        };
        if timeout(LAST_EVENTS, hand_over).await.is_err() {
            tracing::warn!(gateway = %self.name, "the engine did not take the last events");
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::*;
    use crate::domain::Ticket;

    fn answers() -> Vec<LinkOrder> {
        let ticket = Ticket {
            connection: 1,
            sequence: 5,
        };
        let status = 0x64;
        vec![LinkOrder::Answer { ticket, status }]
    }

    /// The engine said its last orders and is gone; `waiting` events were told to it while it had no room.
    async fn last_turns(waiting: usize) -> Vec<Turn> {
        let (to_link, orders) = channel(1);
        let (events, from_link) = channel(1);
        let mut desk = Desk::new(GatewayName::new("g"), orders, events);
        desk.tell(LinkEvent::Connecting);
        for _ in 0..waiting {
            desk.tell(LinkEvent::Up { connection: 1 });
        }
        to_link.send(answers()).await.unwrap();
        drop(from_link);
        desk.tell(LinkEvent::Up { connection: 1 });
        let mut turns = Vec::new();
        while !matches!(turns.last(), Some(Turn::Gone)) {
            turns.push(desk.turn().await);
        }
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_failed_engine_ordered_last_comes_before_its_end() {
        for waiting in [0, 2] {
            let turns = last_turns(waiting).await;
            let ordered = turns
                .iter()
                .filter(|turn| matches!(turn, Turn::Orders(orders) if *orders == answers()));
            assert_eq!(ordered.count(), 1, "{waiting} waiting: {turns:?}");
        }
    }
}
