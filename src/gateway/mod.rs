//! Floor 2: the network's edge. One task a gateway keeps one SMPP session alive: it connects, binds,
//! reads and writes, and connects again. It knows nothing of check-ins.
//!
//! ```text
//! socket -> Session -> events -> engine        waits while the engine is slow: then nobody reads the socket
//! engine -> orders  -> Session -> socket       all that one batch of orders gives leaves in one write
//! ```

mod backoff;
mod config;
mod connect;
mod connection;
mod desk;
mod outgoing;
mod run;
mod tls;
mod try_login;

pub use crate::protocol::smpp::{LoginError, Password, SystemId};
pub use backoff::Backoff;
pub use config::GatewayConfig;
pub use connect::{Connect, TcpConnect};
pub use run::run;
pub use tls::{Tls, TlsError, TlsParts, Transport};
pub use try_login::try_login;
