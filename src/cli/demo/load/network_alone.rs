use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::super::super::clock::Clock;
use super::super::super::error::CliError;
use super::super::super::parts;
use super::super::super::wiring::{finish, runtime};
use super::{Bounds, generator};
use crate::domain::LinkOrder;
use crate::engine::shell::{DRAIN, ORDERS};
use crate::gateway::{self, GatewayConfig, TcpConnect};
use crate::practice::load::{Board, Fleet, Generator, Measured, Run, echo};

/// Measures generator and link against each other: the link of a desk, with an echo in the place of the engine.
pub(super) fn measure(
    mut link: GatewayConfig,
    (people, in_flight): (u16, usize),
    bounds: Bounds<'_>,
    board: &Arc<Board>,
    clock: Clock,
) -> Result<Measured, CliError> {
    let fleet = Fleet::without_keys(people);
    let run = Run {
        waiting: 0,
        check_ins: bounds.check_ins.min(fleet.left()),
        in_flight,
        at_most: bounds.at_most,
        patience: Run::PATIENCE,
        opens: false,
    };
    let generator = Generator::listen(fleet, Arc::clone(board))
        .map_err(|source| CliError::GatewayPort { port: 0, source })?;
    link.port = generator.port();
    let (stop, stopped) = oneshot::channel();
    let running = generator::start(generator, run, clock)?;
    let link = start(link, stopped)?;
    let told = running.told.recv();
    // It may have ended by itself.
    let _ = stop.send(());
    link.join().map_err(|_| CliError::Fallen)??;
    let (_, served) = running.thread.join().map_err(|_| CliError::Fallen)?;
    served.map_err(CliError::Load)?;
    told.map(|(measured, _)| measured)
        .map_err(|_| CliError::Fallen)
}

/// Runs the link and the echo on a thread of their own, until `stopped` comes.
fn start(
    link: GatewayConfig,
    stopped: oneshot::Receiver<()>,
) -> Result<JoinHandle<Result<(), CliError>>, CliError> {
    let seed = parts::seed()?;
    let (orders, orders_rx) = mpsc::channel(ORDERS);
    let (events, mut events_rx) = mpsc::channel(DRAIN);
    let work = async move {
        let connect = TcpConnect::new(&link);
        let runs = gateway::run(link, connect, orders_rx, events, seed);
        let stops = orders.clone();
        let echoes = async {
            let mut came = Vec::with_capacity(DRAIN);
            let mut number = 0;
            while events_rx.recv_many(&mut came, DRAIN).await > 0 {
                let all = came
                    .drain(..)
                    .flat_map(|(_, event)| echo(event, &mut number));
                let all: Vec<LinkOrder> = all.collect();
                // A link that has ended needs no order.
                if !all.is_empty() && orders.send(all).await.is_err() {
                    return;
                }
            }
        };
        let ends = async {
            // Dropped, it means the same.
            let _ = stopped.await;
            let _ = stops.send(vec![LinkOrder::Stop]).await;
        };
        tokio::join!(runs, echoes, ends);
    };
    let thread = std::thread::Builder::new()
        .name("network".to_owned())
        .spawn(|| {
            finish(runtime()?, work);
            Ok(())
        });
    thread.map_err(|cause| CliError::Talk(Box::new(cause)))
}
