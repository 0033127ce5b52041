use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::GatewayConfig;
use crate::domain::DownCause;

/// Opens connections to one gateway.
pub trait Connect: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// Opens a connection. May be dropped before it is done.
    ///
    /// # Errors
    /// What the system says, where there is no connection to be had.
    fn connect(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Opens TCP connections that send at once (TCP_NODELAY).
#[derive(Clone, Debug)]
pub struct TcpConnect {
    host: String,
    port: u16,
}

impl TcpConnect {
    /// Connects to where the configuration says.
    pub fn new(config: &GatewayConfig) -> Self {
        Self {
            host: config.host.clone(),
            port: config.port,
        }
    }
}

impl Connect for TcpConnect {
    type Stream = TcpStream;

    async fn connect(&mut self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        // With Nagle a receipt waits 41 ms for the peer's delayed ACK.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Opens a connection, within the time that the configuration gives.
pub(super) async fn open<C: Connect>(
    config: &GatewayConfig,
    connect: &mut C,
) -> Result<C::Stream, DownCause> {
    let within = Duration::from_millis(config.session().response_timeout_ms.max(1));
    match timeout(within, connect.connect()).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(cause_of(&error)),
        Err(_) => Err(DownCause::NoAnswer),
    }
}

fn cause_of(error: &io::Error) -> DownCause {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        DownCause::Refused
    } else if error.kind() == io::ErrorKind::TimedOut {
        DownCause::NoAnswer
    } else {
        DownCause::Unreachable
    }
}
