//! A front that takes TLS and hands on what is in it, as stunnel does.

use std::net::{Ipv4Addr, TcpListener};

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The front. It ends with its owner.
#[derive(Debug)]
pub(crate) struct Front {
    port: u16,
    _stop: oneshot::Sender<()>,
}

impl Front {
    /// Listens on a free port of loopback, in front of `port`.
    pub(crate) fn start(acceptor: TlsAcceptor, inner: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let (stop, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                tokio::select! {
                    () = serve(listener, acceptor, inner) => {}
                    // Dropped, it means the same.
                    _ = stopped => {}
                }
            });
        });
        Self { port, _stop: stop }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, inner: u16) {
    listener
        .set_nonblocking(true)
        .expect("a socket can be told so");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a socket of ours");
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
