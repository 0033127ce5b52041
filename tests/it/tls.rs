//! TLS to a gateway, with real handshakes over loopback.

mod authority;
mod binary;
mod faults;
mod front;
mod link;
