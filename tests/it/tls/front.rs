//! A front that takes TLS and hands on what is in it, as stunnel does.

use std::net::Ipv4Addr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::super::loopback::Server;

/// The front. It ends with its owner.
#[derive(Debug)]
pub(crate) struct Front(Server);

impl Front {
    /// Listens on a free port of loopback, in front of `port`.
    pub(crate) fn start(acceptor: TlsAcceptor, inner: u16) -> Self {
        Self(Server::start(move |listener| {
            serve(listener, acceptor, inner)
        }))
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.0.port()
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, inner: u16) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("loopback goes on");
        let acceptor = acceptor.clone();
        connections.spawn(async move {
            // Whoever breaks it off knows.
            let Ok(mut outside) = acceptor.accept(stream).await else {
                return;
            };
            let Ok(mut inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, inner)).await else {
                return;
            };
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}
