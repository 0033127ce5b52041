//! A store that takes longer than a link needs to come back, between the real link and the real engine.

use std::sync::mpsc::channel;
use std::time::Duration;

use hazir::domain::GatewayName;
use hazir::gateway::{GatewayConfig, run};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::super::session::peer::{Deliver, SUBMIT_SM, UNBIND, config, dial};
use super::desk::{Desk, Probe, seconds};

/// Lets the link do what is to be done at this moment.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// The commit of a check-in took longer than the link was away. Its receipt was ordered for the session before and left
/// by the new one; the engine heard only then that the old one had ended, and sent it again.
#[tokio::test(start_paused = true)]
async fn a_receipt_leaves_once_though_its_commit_outlasts_the_session() {
    let (mut desk, engine) = Desk::apart(Probe::default(), 64);
    // The engine has a thread and a clock of its own, as it has in earnest: while the store keeps it, the link goes on.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let engine = std::thread::spawn(move || runtime.block_on(engine));
    let mut phone = desk.enrol().await.unwrap();
    let (enters, entered) = channel();
    let (go, goes) = channel();
    desk.probe.look(|probe| {
        probe.at_commit = Some(Box::new(move |batch| {
            // After the first, the test has no end of it any more.
            if !batch.outbox.is_empty() && enters.send(()).is_ok() {
                goes.recv().expect("the test goes on");
            }
        }));
    });

    let (dial, mut peers) = dial([]);
    let config = GatewayConfig {
        name: GatewayName::new("g"),
        ..config()
    };
    let mut links = JoinSet::new();
    let events = desk.links.take().unwrap();
    let orders = std::mem::replace(&mut desk.orders, mpsc::channel(1).1);
    links.spawn(run(config, dial, orders, events, 7));
    let mut peer = peers.recv().await.unwrap();
    peer.bind(0).await;
    let message = phone.check_in(1, seconds(), "");
    peer.send(&Deliver::text(message.text.as_bytes()).pdu(1))
        .await;
    settle().await;
    entered.recv().unwrap();
    drop(entered);
    drop(peer);
    let mut peer = peers.recv().await.unwrap();
    peer.bind(0).await;
    settle().await;
    go.send(()).unwrap();
    desk.stop();
    engine.join().unwrap().unwrap();

    let mut receipts = 0;
    loop {
        let pdu = peer.pdu().await;
        match pdu.id {
            SUBMIT_SM => receipts += 1,
            UNBIND => break,
            other => panic!("{other:#x}"),
        }
        peer.answer(&pdu).await;
    }
    assert_eq!(receipts, 1);
}
