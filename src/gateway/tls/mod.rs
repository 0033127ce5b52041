//! TLS to a gateway: whom we trust, who we are, and what went wrong.

mod fault;
mod identity;
mod transport;
mod trust;

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tokio::io;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

pub(super) use fault::{handshake_fault, is_alert, session_fault};
use identity::Identity;
pub use transport::Transport;

/// Octets that are sealed and wait for the socket: what is sealed counts as written, and a slow line that has not
/// taken them for 10 s would look like one that takes none.
const SEALED_OCTETS: usize = 8 * 1_024;

/// What the configuration says of TLS to one gateway: the contents of files, and a name.
#[derive(Copy, Clone)]
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct TlsParts<'a> {
    /// The name or IP address that the gateway's certificate must have.
    pub name: &'a str,
    /// Certificates of CAs, or the gateway's own, as PEM; `None` for the CAs that the system trusts.
    pub ca: Option<&'a str>,
    /// Our certificate with those up to its CA, and its key, as PEM.
    pub identity: Option<(&'a str, &'a str)>,
}

/// Why TLS cannot be had as it is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// No certificate can have this name.
    #[error("no certificate can have this name")]
    Name,
    /// There is no certificate in the text of the CA.
    #[error("there is no certificate of a CA")]
    NoCa,
    /// A certificate of the CA cannot be read.
    #[error("a certificate of a CA cannot be read")]
    Ca,
    /// The system trusts no CA.
    #[error("the system trusts no CA")]
    NoSystemCa,
    /// There is no certificate in the text of our own.
    #[error("there is no certificate of our own")]
    NoCertificate,
    /// There is no key in the text of our key.
    #[error("there is no key of our own")]
    NoKey,
    /// Our key is not the one of our certificate, or one of them is of an unknown kind.
    #[error("our certificate and our key do not belong together")]
    Identity,
}

/// TLS to one gateway, ready to be used: version 1.2 or 1.3.
#[derive(Clone)]
pub struct Tls {
    client: Arc<ClientConfig>,
    name: ServerName<'static>,
    identity: Arc<Identity>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Makes it of what the configuration says.
    ///
    /// # Errors
    /// [`TlsError`] says which part cannot be used.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the provider has ciphers for both versions"
    )]
    pub fn open(parts: TlsParts<'_>) -> Result<Self, TlsError> {
        let name = ServerName::try_from(parts.name.to_owned()).map_err(|_| TlsError::Name)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = match parts.ca {
            Some(pem) => trust::of_own(pem, &provider)?,
            None => trust::of_system(&provider)?,
        };
        let identity = Arc::new(own_identity(parts.identity, &provider)?);
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has ciphers for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(identity.clone());
        Ok(Self {
            client: Arc::new(client),
            name,
            identity,
        })
    }

    /// Makes the handshake. May be dropped before it is done.
    pub(super) async fn shake_hands(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.identity.forget();
        let connector = TlsConnector::from(Arc::clone(&self.client));
        let bound = |connection: &mut ClientConnection| {
            connection.set_buffer_limit(Some(SEALED_OCTETS));
        };
        connector
            .connect_with(self.name.clone(), stream, bound)
            .await
    }

    /// Whether the gateway asked on the last connection for a certificate that we do not have.
    pub(super) fn lacks_certificate(&self) -> bool {
        self.identity.lacks()
    }
}

fn own_identity(
    identity: Option<(&str, &str)>,
    provider: &CryptoProvider,
) -> Result<Identity, TlsError> {
    match identity {
        Some((certificates, key)) => Identity::of(certificates, key, provider),
        None => Ok(Identity::default()),
    }
}

/// What the handshake agreed on, for the log.
pub(super) fn agreed(connection: &ClientConnection) -> String {
    let version = connection.protocol_version();
    let cipher = connection.negotiated_cipher_suite();
    let cipher = cipher.map(|suite| suite.suite());
    format!("{version:?} {cipher:?}")
}
