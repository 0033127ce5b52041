use hazir::domain::{DownCause, GatewayName, TlsFault};
use hazir::gateway::{
    GatewayConfig, Password, SystemId, TcpConnect, Tls, TlsError, TlsParts, try_login,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::super::pdu;
use super::authority::{Authority, BOTH, Dates, Leaf, acceptor};

const NAME: &str = "gateway.example";

pub(super) fn config(port: u16, tls: Option<Tls>) -> GatewayConfig {
    GatewayConfig {
        name: GatewayName::new("carrier"),
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        system_id: SystemId::parse("smppuser").unwrap(),
        password: Password::parse("secret").unwrap(),
        enquire_link_s: 30,
        response_timeout_s: 1,
        window: 10,
        one_pdu_per_write: false,
    }
}

pub(super) fn trusting(ca: &str, name: &str) -> Tls {
    let parts = TlsParts {
        name,
        ca: Some(ca),
        identity: None,
    };
    Tls::open(parts).unwrap()
}

fn identified(ca: &Authority, leaf: &Leaf) -> Tls {
    let parts = TlsParts {
        name: NAME,
        ca: Some(&ca.pem()),
        identity: Some((&leaf.certificate, &leaf.key)),
    };
    Tls::open(parts).unwrap()
}

/// Reads a PDU: command and sequence; `None` where the peer is gone.
pub(super) async fn read_pdu(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u32, u32)> {
    let mut header = [0; 16];
    stream.read_exact(&mut header).await.ok()?;
    let length = usize::try_from(pdu::number(&header[..4])).unwrap();
    let mut body = vec![0; length - 16];
    stream.read_exact(&mut body).await.ok()?;
    Some((pdu::number(&header[4..8]), pdu::number(&header[12..])))
}

/// Takes every bind and every unbind.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    while let Some((command, sequence)) = read_pdu(&mut stream).await {
        let body: &[u8] = if command == pdu::BIND_TRANSCEIVER {
            b"SMSC\0"
        } else {
            b""
        };
        let response = pdu::encode(command | 0x8000_0000, 0, sequence, body);
        // The peer may be gone.
        let _ = stream.write_all(&response).await;
    }
}

/// What comes of a login at what `gateway` makes of a connection.
async fn login<F: Future<Output = ()>>(
    tls: Option<Tls>,
    gateway: impl Fn(TcpStream) -> F,
) -> Result<(), DownCause> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let config = config(listener.local_addr().unwrap().port(), tls);
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            gateway(stream).await;
        }
    };
    select! {
        result = try_login(&config, TcpConnect::new(&config)) => result,
        () = serving => unreachable!("it serves for ever"),
    }
}

async fn login_at(tls: Option<Tls>, acceptor: &TlsAcceptor) -> Result<(), DownCause> {
    login(tls, async |stream| {
        // What the handshake fails of is for the other side to say.
        if let Ok(stream) = acceptor.accept(stream).await {
            serve(stream).await;
        }
    })
    .await
}

const fn no(fault: TlsFault) -> Result<(), DownCause> {
    Err(DownCause::Tls(fault))
}

#[tokio::test]
async fn a_certificate_of_our_ca_is_taken_by_name_and_by_address() {
    let ca = Authority::new("CA");
    let leaf = ca.issue(&[NAME, "127.0.0.1"], Dates::Now);
    for versions in [BOTH, &[&TLS12], &[&TLS13]] {
        let gateway = acceptor(&leaf, versions, None);
        for name in [NAME, "127.0.0.1"] {
            let result = login_at(Some(trusting(&ca.pem(), name)), &gateway).await;
            assert_eq!(result, Ok(()), "{name} {versions:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_certificate_is_refused_with_its_reason() {
    let ca = Authority::new("CA");
    let others = Authority::new("another CA");
    let namesake = Authority::new("CA");
    let good = &[NAME, "127.0.0.1"][..];
    for (leaf, expected) in [
        (
            ca.issue(&["other.example"], Dates::Now),
            TlsFault::WrongName,
        ),
        (ca.issue(&[], Dates::Now), TlsFault::WrongName),
        (ca.issue(good, Dates::Past), TlsFault::Expired),
        (ca.issue(good, Dates::Future), TlsFault::NotYetValid),
        (others.issue(good, Dates::Now), TlsFault::UnknownIssuer),
        (namesake.issue(good, Dates::Now), TlsFault::UnknownIssuer),
        (
            Leaf::alone(good, Dates::Now, false),
            TlsFault::UnknownIssuer,
        ),
        (Leaf::alone(good, Dates::Now, true), TlsFault::Certificate),
    ] {
        for versions in [&[&TLS12], &[&TLS13]] {
            let tls = trusting(&ca.pem(), NAME);
            let result = login_at(Some(tls), &acceptor(&leaf, versions, None)).await;
            assert_eq!(result, no(expected), "{versions:?}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_was_given_itself_is_taken() {
    let good = &[NAME][..];
    for is_ca in [false, true] {
        for (names, dates, expected) in [
            (good, Dates::Now, Ok(())),
            // Who has only a common name is known by its octets.
            (&[][..], Dates::Now, Ok(())),
            (&["other.example"][..], Dates::Now, no(TlsFault::WrongName)),
            (good, Dates::Past, no(TlsFault::Expired)),
            (&[][..], Dates::Past, no(TlsFault::Expired)),
            (good, Dates::Future, no(TlsFault::NotYetValid)),
        ] {
            let leaf = Leaf::alone(names, dates, is_ca);
            let tls = trusting(&leaf.certificate, NAME);
            let result = login_at(Some(tls), &acceptor(&leaf, BOTH, None)).await;
            assert_eq!(result, expected, "{names:?} {dates:?} CA: {is_ca}");
        }
        // The same name, another certificate.
        let given = Leaf::alone(good, Dates::Now, is_ca);
        let other = Leaf::alone(good, Dates::Now, is_ca);
        let tls = trusting(&given.certificate, NAME);
        let result = login_at(Some(tls), &acceptor(&other, BOTH, None)).await;
        assert!(matches!(result, Err(DownCause::Tls(_))), "{result:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_wants_a_certificate_takes_the_right_one_alone() {
    let ca = Authority::new("CA");
    let clients = Authority::new("carrier's clients");
    let leaf = ca.issue(&[NAME], Dates::Now);
    let desk = clients.issue(&["desk.example"], Dates::Now);
    let stranger = ca.issue(&["desk.example"], Dates::Now);
    for versions in [&[&TLS12], &[&TLS13]] {
        let gateway = acceptor(&leaf, versions, Some(&clients));
        for (tls, expected) in [
            (identified(&ca, &desk), Ok(())),
            (identified(&ca, &stranger), no(TlsFault::ClientCertificate)),
            (trusting(&ca.pem(), NAME), no(TlsFault::ClientCertificate)),
        ] {
            let result = login_at(Some(tls), &gateway).await;
            assert_eq!(result, expected, "{versions:?}");
        }
    }
}

#[tokio::test]
async fn a_peer_without_tls_is_said_to_be_one() {
    let ca = Authority::new("CA").pem();
    let tls = || Some(trusting(&ca, NAME));
    let nack = pdu::encode(0x8000_0000, 3, 0, b"");
    let old = [21, 3, 1, 0, 2, 2, 70];
    let no_cipher = [21, 3, 3, 0, 2, 2, 40];
    for (answer, expected) in [
        (&nack[..], TlsFault::NoTls),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TlsFault::NoTls),
        (&old, TlsFault::Version),
        (&no_cipher, TlsFault::Version),
        (&[], TlsFault::Closed),
        // The head of a record that never comes to its end.
        (&[22, 3, 3, 1, 0], TlsFault::Closed),
    ] {
        let gateway = async |mut stream: TcpStream| {
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).await.unwrap();
            let rest = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
            stream.read_exact(&mut vec![0; rest]).await.unwrap();
            stream.write_all(answer).await.unwrap();
        };
        assert_eq!(login(tls(), gateway).await, no(expected), "{answer:?}");
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_is_left_in_time() {
    let ca = Authority::new("CA").pem();
    let gateway = async |mut stream: TcpStream| {
        // Until the other side gives up.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let result = login(Some(trusting(&ca, NAME)), gateway).await;
    assert_eq!(result, no(TlsFault::Silent));
}

#[tokio::test]
async fn a_gateway_that_wants_tls_is_said_to_want_it() {
    let ca = Authority::new("CA");
    let gateway = acceptor(&ca.issue(&[NAME], Dates::Now), BOTH, None);
    assert_eq!(login_at(None, &gateway).await, no(TlsFault::OnlyTls));
}

#[test]
fn what_cannot_be_used_is_told_apart() {
    let ca = Authority::new("CA");
    let ca_pem = ca.pem();
    let one = ca.issue(&[NAME], Dates::Now);
    let other = ca.issue(&[NAME], Dates::Now);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &ca_pem[..ca_pem.len() / 2];
    for (name, ca, identity, expected) in [
        ("a b", &*ca_pem, None, TlsError::Name),
        ("", &ca_pem, None, TlsError::Name),
        (NAME, "", None, TlsError::NoCa),
        (NAME, &one.key, None, TlsError::NoCa),
        (NAME, broken, None, TlsError::Ca),
        (NAME, cut, None, TlsError::Ca),
        (
            NAME,
            &ca_pem,
            Some(("", &*one.key)),
            TlsError::NoCertificate,
        ),
        (
            NAME,
            &ca_pem,
            Some((&one.certificate, &one.certificate)),
            TlsError::NoKey,
        ),
        (
            NAME,
            &ca_pem,
            Some((&one.certificate, &other.key)),
            TlsError::Identity,
        ),
    ] {
        let ca = Some(ca);
        let tls = Tls::open(TlsParts { name, ca, identity });
        assert_eq!(tls.err(), Some(expected));
    }
}
