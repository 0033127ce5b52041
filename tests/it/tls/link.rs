use std::time::Duration;

use hazir::domain::{Address, LinkEvent, LinkOrder, OutboundSms, OutboxId, SmsBody};
use hazir::gateway::{Connect, TcpConnect, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::channel;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::super::pdu;
use super::super::smsc::{DESK, SOON, Sms};
use super::authority::{Authority, BOTH, Dates, acceptor};
use super::faults::{config, read_pdu, trusting};

/// Messages in each direction, all at once.
const MESSAGES: u32 = 1_000;

#[tokio::test]
async fn a_session_over_tls_is_a_session_and_ends_with_a_goodbye() {
    let ca = Authority::new("CA");
    let leaf = ca.issue(&["gateway.example"], Dates::Now);
    for versions in [&[&TLS12], &[&TLS13]] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let tls = trusting(&ca.pem(), "gateway.example");
        let config = config(listener.local_addr().unwrap().port(), Some(tls));
        let connect = TcpConnect::new(&config);
        let (order, orders) = channel(8);
        let (events, mut happens) = channel(4_096);
        let mut link = JoinSet::new();
        link.spawn(run(config, connect, orders, events, 7));
        let gateway = acceptor(&leaf, versions, None);
        let gateway = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = gateway.accept(stream).await.unwrap();
            let (bind, sequence) = read_pdu(&mut stream).await.unwrap();
            assert_eq!(bind, pdu::BIND_TRANSCEIVER);
            let mut octets = pdu::encode(pdu::BIND_TRANSCEIVER_RESP, 0, sequence, b"SMSC\0");
            for sequence in 1..=MESSAGES {
                let sms = Sms::text(pdu::Address::number("+989120000001"), "HZ.AA.");
                octets.extend(pdu::deliver_sm(sequence, &sms, DESK));
            }
            stream.write_all(&octets).await.unwrap();
            stream.flush().await.unwrap();
            let mut answered = 0;
            loop {
                let (command, sequence) = read_pdu(&mut stream).await.unwrap();
                if command == pdu::DELIVER_SM_RESP {
                    answered += 1;
                    assert_eq!(sequence, answered);
                    continue;
                }
                let body: &[u8] = if command == pdu::SUBMIT_SM {
                    b"A1\0"
                } else {
                    b""
                };
                let response = pdu::encode(command | 0x8000_0000, 0, sequence, body);
                stream.write_all(&response).await.unwrap();
                stream.flush().await.unwrap();
                if command == pdu::UNBIND {
                    break;
                }
            }
            assert_eq!(answered, MESSAGES);
            // A connection that is cut without close_notify is an error here.
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        };
        let desk = async {
            let (mut came, mut sent) = (0, 0);
            while came + sent < 2 * MESSAGES {
                let (_, event) = happens.recv().await.unwrap();
                if let LinkEvent::Up { connection } = event {
                    let sms = |id| LinkOrder::Submit {
                        connection,
                        sms: sms(id),
                    };
                    let all = (1..=MESSAGES).map(sms).collect();
                    order.send(all).await.unwrap();
                } else if let LinkEvent::Inbound { ticket, .. } = event {
                    came += 1;
                    assert_eq!(ticket.sequence, came);
                    let answer = LinkOrder::Answer { ticket, status: 0 };
                    order.send(vec![answer]).await.unwrap();
                } else if let LinkEvent::Submitted { id, result, .. } = event {
                    sent += 1;
                    assert_eq!((id, result), (OutboxId(sent.into()), Ok("A1".to_owned())));
                } else {
                    assert!(!matches!(event, LinkEvent::Down { .. }), "{event:?}");
                }
            }
            order.send(vec![LinkOrder::Stop]).await.unwrap();
        };
        let all = timeout(SOON, async { tokio::join!(gateway, desk) });
        all.await.expect("it comes to an end");
        link.join_next().await.unwrap().unwrap();
    }
}

fn sms(id: u32) -> OutboundSms {
    OutboundSms {
        id: OutboxId(id.into()),
        to: Address::plain("09102211824"),
        from: Address::international("+989000000000"),
        body: SmsBody::Text("HZ.AA.".to_owned()),
    }
}

#[tokio::test]
async fn tls_sends_at_once_too() {
    let ca = Authority::new("CA");
    let gateway = acceptor(&ca.issue(&["gateway.example"], Dates::Now), BOTH, None);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = trusting(&ca.pem(), "gateway.example");
    let mut connect = TcpConnect::new(&config(port, Some(tls)));
    let accepted = async {
        let (stream, _) = listener.accept().await.unwrap();
        gateway.accept(stream).await.unwrap()
    };
    let all = timeout(Duration::from_secs(20), async {
        tokio::join!(connect.connect(), accepted)
    });
    let (stream, _theirs) = all.await.unwrap();
    assert!(stream.unwrap().tcp().nodelay().unwrap());
}
