use std::io;
use std::time::Duration;

use hazir::domain::{BindFault, DownCause, LinkEvent};
use hazir::gateway::{Connect, GatewayConfig, TcpConnect, try_login};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::join;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::peer::{
    BIND_TRANSCEIVER, BIND_TRANSCEIVER_RESP, Desk, ENQUIRE_LINK, ENQUIRE_LINK_RESP, GENERIC_NACK,
    Line, UNBIND, config, dial, pdu, pdus,
};

#[tokio::test(start_paused = true)]
async fn a_bind_is_a_transceiver_of_version_3_4() {
    let mut desk = Desk::open();
    let mut peer = desk.peer().await;
    let bind = peer.pdu().await;
    assert_eq!(bind.header(), (BIND_TRANSCEIVER, 0, 1));
    assert_eq!(bind.body, b"smppuser\0secret08\0\0\x34\0\0\0");
    peer.send(&pdu(BIND_TRANSCEIVER_RESP, 0, 1, b"SMSC\0"))
        .await;
    assert_eq!(desk.event().await, LinkEvent::Connecting);
    assert_eq!(desk.event().await, LinkEvent::Up { connection: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_bind_resp_without_body_is_a_bind() {
    for status in [0, 0x0e] {
        let mut desk = Desk::open();
        let mut peer = desk.peer().await;
        let bind = peer.pdu().await;
        peer.send(&pdu(BIND_TRANSCEIVER_RESP, status, bind.sequence, &[]))
            .await;
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        let expected = if status == 0 {
            LinkEvent::Up { connection: 1 }
        } else {
            LinkEvent::Down {
                cause: DownCause::Bind(BindFault::Password),
                heard_ms_ago: None,
            }
        };
        assert_eq!(desk.event().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bind_that_is_turned_down_has_a_name() {
    let cases = [
        (0x0e, BindFault::Password),
        (0x0f, BindFault::SystemId),
        (0x05, BindFault::AlreadyBound),
        (0x0d, BindFault::Status(0x0d)),
        (0x0403, BindFault::Status(0x0403)),
    ];
    for (status, fault) in cases {
        let mut desk = Desk::open();
        let mut peer = desk.peer().await;
        peer.bind(status).await;
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        assert_eq!(
            desk.down().await,
            (DownCause::Bind(fault), None),
            "{status:#x}"
        );
        peer.expect_close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_generic_nack_turns_a_bind_down_even_with_sequence_0() {
    for sequence in [0, 1] {
        let mut desk = Desk::open();
        let mut peer = desk.peer().await;
        peer.pdu().await;
        peer.send(&pdu(GENERIC_NACK, 0x03, sequence, &[])).await;
        desk.event().await;
        let cause = DownCause::Bind(BindFault::Status(0x03));
        assert_eq!(desk.down().await, (cause, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bind_that_is_never_answered_ends_after_10_s() {
    let mut desk = Desk::open();
    let mut peer = desk.peer().await;
    let bind = peer.pdu().await;
    let wrong = pdu(BIND_TRANSCEIVER_RESP, 0, bind.sequence + 1, b"SMSC\0");
    peer.send(&wrong).await;
    desk.event().await;
    assert_eq!(desk.down().await, (DownCause::NoAnswer, None));
    assert_eq!(peer.opened_at.elapsed(), Duration::from_secs(10));
    peer.expect_close().await;
}

#[tokio::test(start_paused = true)]
async fn enquire_link_is_answered_before_the_bind_is() {
    let mut desk = Desk::open();
    let mut peer = desk.peer().await;
    let bind = peer.pdu().await;
    peer.send(&pdu(ENQUIRE_LINK, 0, 0, &[])).await;
    peer.send(&pdu(ENQUIRE_LINK, 0, 0xffff_ffff, b"with a body"))
        .await;
    peer.expect(ENQUIRE_LINK_RESP, 0, 0).await;
    peer.expect(ENQUIRE_LINK_RESP, 0, 0xffff_ffff).await;
    peer.send(&pdu(BIND_TRANSCEIVER_RESP, 0, bind.sequence, &[]))
        .await;
    desk.event().await;
    assert_eq!(desk.event().await, LinkEvent::Up { connection: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_about_says_why() {
    let lines = [
        Line::Fails(io::ErrorKind::ConnectionRefused),
        Line::Fails(io::ErrorKind::HostUnreachable),
        Line::Fails(io::ErrorKind::TimedOut),
        Line::Hangs,
    ];
    let mut desk = Desk::with(config(), lines, 64);
    for cause in [
        DownCause::Refused,
        DownCause::Unreachable,
        DownCause::NoAnswer,
        DownCause::NoAnswer,
    ] {
        assert_eq!(desk.event().await, LinkEvent::Connecting);
        assert_eq!(desk.down().await, (cause, None));
    }
    desk.rebind().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_before_its_bind_resp_is_closed() {
    let mut desk = Desk::open();
    drop(desk.peer().await);
    desk.event().await;
    assert_eq!(desk.down().await, (DownCause::Closed, None));
}

#[tokio::test(start_paused = true)]
async fn a_try_binds_and_unbinds_once() {
    let (dial, mut peers) = dial([]);
    let gateway = async {
        let mut peer = peers.recv().await.unwrap();
        peer.bind(0).await;
        let unbind = peer.pdu().await;
        assert_eq!(unbind.id, UNBIND);
        peer.answer(&unbind).await;
        peer.expect_close().await;
    };
    let config = config();
    let (result, ()) = join!(try_login(&config, dial), gateway);
    assert_eq!(result, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_try_says_why_there_is_no_link() {
    let (refused, _peers) = dial([Line::Fails(io::ErrorKind::ConnectionRefused)]);
    assert_eq!(try_login(&config(), refused).await, Err(DownCause::Refused));

    let (silent, _peers) = dial([]);
    let began = Instant::now();
    assert_eq!(try_login(&config(), silent).await, Err(DownCause::NoAnswer));
    assert_eq!(began.elapsed(), Duration::from_secs(10));

    let (dial, mut peers) = dial([]);
    let gateway = async {
        let mut peer = peers.recv().await.unwrap();
        peer.bind(0x0e).await;
        peer.expect_close().await;
    };
    let config = config();
    let (result, ()) = join!(try_login(&config, dial), gateway);
    assert_eq!(result, Err(DownCause::Bind(BindFault::Password)));
}

#[tokio::test]
async fn a_login_is_tried_over_tcp() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let config = GatewayConfig {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        ..config()
    };
    let gateway = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bind = [0; 39];
        stream.read_exact(&mut bind).await.unwrap();
        assert_eq!(pdus(&bind)[0].id, BIND_TRANSCEIVER);
        let bind_resp = pdu(BIND_TRANSCEIVER_RESP, 0, 1, b"SMSC\0");
        stream.write_all(&bind_resp).await.unwrap();
        let mut unbind = [0; 16];
        stream.read_exact(&mut unbind).await.unwrap();
        assert_eq!(pdus(&unbind)[0].id, UNBIND);
    };
    let (result, ()) = join!(try_login(&config, TcpConnect::new(&config)), gateway);
    assert_eq!(result, Ok(()));
    let mut connect = TcpConnect::new(&config);
    assert!(connect.connect().await.unwrap().tcp().nodelay().unwrap());
    drop(listener);
    let result = try_login(&config, connect).await;
    assert_eq!(result, Err(DownCause::Refused));
}
