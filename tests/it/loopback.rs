//! Servers of the tests on loopback.

use std::future::Future;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server on a thread of its own. It ends with its owner, and its connections with it.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Serves a free port of loopback.
    pub(crate) fn start<F: Future<Output = ()>>(
        serve: impl FnOnce(TcpListener) -> F + Send + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        listener
            .set_nonblocking(true)
            .expect("a socket can be told so");
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::from_std(listener).expect("a socket of ours");
                tokio::select! {
                    () = serve(listener) => {}
                    // Dropped, it means the same.
                    _ = stopped => {}
                }
            });
        });
        Self { port, _stop: stop }
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }
}
