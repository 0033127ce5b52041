//! TLS to a gateway, with real handshakes over loopback.

pub(crate) mod authority;
mod binary;
mod faults;
pub(crate) mod front;
mod link;
