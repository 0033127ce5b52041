use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep_until};

use super::backoff::Backoff;
use super::connection::{Closing, drive};
use super::desk::{Desk, Turn};
use super::{Connect, GatewayConfig, connect};
use crate::domain::{DownCause, GatewayName, LinkEvent, LinkOrder};
use crate::protocol::smpp::Jitter;

/// Keeps a gateway's link alive until it is told to stop, or until nobody gives orders any more.
///
/// Orders come in the batches in which they should leave: one write each. An event that finds no room
/// in `events` waits, and nothing is read from the gateway meanwhile. Connections are numbered from 1.
/// What was ordered for another one than is bound now does not leave: a message comes back as
/// [`crate::domain::SubmitFault::LinkLost`], an answer is dropped. `seed` scatters the pauses between
/// connections.
pub async fn run<C: Connect>(
    config: GatewayConfig,
    mut connect: C,
    orders: Receiver<Vec<LinkOrder>>,
    events: Sender<(GatewayName, LinkEvent)>,
    seed: u64,
) {
    let mut desk = Desk::new(config.name.clone(), orders, events);
    let mut jitter = Jitter::new(seed);
    let mut backoff = Backoff::new();
    let mut number = 0_u32;
    loop {
        desk.tell(LinkEvent::Connecting);
        number = number.wrapping_add(1);
        let Some(opened) = open(&config, &mut connect, &mut desk).await else {
            break;
        };
        let closing = match opened {
            Ok(stream) => drive(&config, stream, &mut desk, number, jitter.draw()).await,
            Err(cause) => Closing::unopened(cause),
        };
        let cause = match closing.heard_ms_ago {
            Some(_) => closing.cause,
            None => connect.explain(closing.cause),
        };
        tracing::info!(gateway = %desk.name(), ?cause, "link down");
        desk.tell(LinkEvent::Down {
            cause,
            heard_ms_ago: closing.heard_ms_ago,
        });
        if closing.stops {
            break;
        }
        if closing.heard_ms_ago.is_some() {
            backoff.reset();
        }
        if rest(backoff.pause(cause, &mut jitter), &mut desk)
            .await
            .is_none()
        {
            break;
        }
    }
    desk.close().await;
}

/// Opens a connection; `None` where the link is to stop.
async fn open<C: Connect>(
    config: &GatewayConfig,
    connect: &mut C,
    desk: &mut Desk,
) -> Option<Result<C::Stream, DownCause>> {
    let opened = connect::open(config, connect);
    tokio::pin!(opened);
    loop {
        select! {
            opened = &mut opened => return Some(opened),
            turn = desk.turn() => serve_down(desk, turn)?,
        }
    }
}

/// Waits, and longer where the engine has not taken what it was told: events do not pile up.
async fn rest(pause: Duration, desk: &mut Desk) -> Option<()> {
    let until = Instant::now() + pause;
    loop {
        select! {
            () = sleep_until(until), if desk.is_clear() => return Some(()),
            turn = desk.turn() => serve_down(desk, turn)?,
        }
    }
}

/// Serves the engine while there is no link; `None` where the link is to stop.
fn serve_down(desk: &mut Desk, turn: Turn) -> Option<()> {
    let stops = match turn {
        Turn::Taken => false,
        Turn::Orders(orders) => desk.turn_down(orders),
        Turn::Gone => true,
    };
    (!stops).then_some(())
}
