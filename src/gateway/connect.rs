use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::tls::{self, Tls};
use super::{GatewayConfig, Transport};
use crate::domain::{DownCause, GatewayName, TlsFault};

/// Opens connections to one gateway.
pub trait Connect: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// Opens a connection. May be dropped before it is done.
    ///
    /// # Errors
    /// What the system says, where there is no connection to be had.
    fn connect(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Says what a connection that was never bound really ended of, where more is known here than `cause`.
    fn explain(&self, cause: DownCause) -> DownCause {
        cause
    }
}

impl<C: Connect> Connect for &mut C {
    type Stream = C::Stream;

    fn connect(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send {
        (**self).connect()
    }

    fn explain(&self, cause: DownCause) -> DownCause {
        (**self).explain(cause)
    }
}

/// Opens TCP connections that send at once (TCP_NODELAY), with TLS over them where the configuration wants it.
#[derive(Clone, Debug)]
pub struct TcpConnect {
    name: GatewayName,
    host: String,
    port: u16,
    tls: Option<Tls>,
    is_shaking_hands: bool,
    detail: Option<String>,
}

impl TcpConnect {
    /// Connects to where the configuration says.
    pub fn new(config: &GatewayConfig) -> Self {
        Self {
            name: config.name.clone(),
            host: config.host.clone(),
            port: config.port,
            tls: config.tls.clone(),
            is_shaking_hands: false,
            detail: None,
        }
    }

    /// What TLS says of the last handshake, where that failed: which names a certificate has, and the like. It is
    /// for experts, in English, and may hold foreign text.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl Connect for TcpConnect {
    type Stream = Transport;

    async fn connect(&mut self) -> io::Result<Transport> {
        self.is_shaking_hands = false;
        self.detail = None;
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        // With Nagle a receipt waits 41 ms for the peer's delayed ACK.
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            return Ok(Transport::Plain(stream));
        };
        self.is_shaking_hands = true;
        let shaken = tls.shake_hands(stream).await;
        self.is_shaking_hands = false;
        match shaken {
            Ok(stream) => {
                let agreed = tls::agreed(stream.get_ref().1);
                tracing::info!(gateway = %self.name, agreed, "TLS");
                Ok(Transport::Tls(Box::new(stream)))
            }
            Err(error) => {
                let detail = error.to_string();
                // Names of a certificate are foreign text: they are shown with their escapes.
                tracing::warn!(gateway = %self.name, ?detail, "no TLS");
                self.detail = Some(detail);
                let fault = tls::handshake_fault(&error, tls.lacks_certificate());
                Err(fault.map_or(error, |fault| io::Error::other(Handshake(fault))))
            }
        }
    }

    fn explain(&self, cause: DownCause) -> DownCause {
        let lacks_certificate = self.tls.as_ref().is_some_and(Tls::lacks_certificate);
        match cause {
            DownCause::NoAnswer if self.is_shaking_hands => DownCause::Tls(TlsFault::Silent),
            // In TLS 1.3 a gateway that wants one says so after the handshake, or only closes.
            DownCause::Closed if lacks_certificate => DownCause::Tls(TlsFault::ClientCertificate),
            DownCause::Refused
            | DownCause::Unreachable
            | DownCause::NoAnswer
            | DownCause::Bind(_)
            | DownCause::Closed
            | DownCause::Unbound
            | DownCause::Silent
            | DownCause::Protocol
            | DownCause::Stopping
            | DownCause::Tls(_) => cause,
        }
    }
}

/// A handshake that failed.
#[derive(Debug, thiserror::Error)]
#[error("no TLS: {0:?}")]
struct Handshake(TlsFault);

/// Opens a connection, within the time that the configuration gives.
pub(super) async fn open<C: Connect>(
    config: &GatewayConfig,
    connect: &mut C,
) -> Result<C::Stream, DownCause> {
    let within = Duration::from_millis(config.session().response_timeout_ms.max(1));
    let cause = match timeout(within, connect.connect()).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => cause_of(&error),
        Err(_) => DownCause::NoAnswer,
    };
    Err(connect.explain(cause))
}

fn cause_of(error: &io::Error) -> DownCause {
    let inner = error.get_ref();
    if let Some(Handshake(fault)) = inner.and_then(|inner| inner.downcast_ref()) {
        DownCause::Tls(*fault)
    } else if error.kind() == io::ErrorKind::ConnectionRefused {
        DownCause::Refused
    } else if error.kind() == io::ErrorKind::TimedOut {
        DownCause::NoAnswer
    } else {
        DownCause::Unreachable
    }
}
