use super::Tls;
use crate::domain::GatewayName;
use crate::protocol::smpp::{Password, SessionConfig, SystemId};

/// What the configuration says of one gateway, as far as the link needs it.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Its name.
    pub name: GatewayName,
    /// Where it listens: a name or an address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS over the connection; `None` without.
    pub tls: Option<Tls>,
    /// Name by which we bind.
    pub system_id: SystemId,
    /// Password of the bind.
    pub password: Password,
    /// Silence, in seconds, before enquire_link. A half-open link is found 14 s after it, 44 s in all by default.
    pub enquire_link_s: u16,
    /// How long a connection, a bind_resp and a submit_sm_resp may take, in seconds each.
    pub response_timeout_s: u16,
    /// How many submit_sm may wait for their response; 0 means 1.
    pub window: u16,
    /// Whether each PDU leaves in a write of its own, for peers that read one PDU a segment.
    pub one_pdu_per_write: bool,
}

impl GatewayConfig {
    pub(super) fn session(&self) -> SessionConfig {
        SessionConfig {
            system_id: self.system_id.clone(),
            password: self.password.clone(),
            enquire_link_ms: u64::from(self.enquire_link_s) * 1_000,
            response_timeout_ms: u64::from(self.response_timeout_s) * 1_000,
            window: self.window,
        }
    }
}
