use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_rustls::rustls::SignatureScheme;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::TlsError;

/// Our certificate, where we have one, and whether the gateway asked for it.
#[derive(Default)]
pub(super) struct Identity {
    own: Option<Arc<CertifiedKey>>,
    was_asked: AtomicBool,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// Takes certificates and key from PEM.
    pub(super) fn of(
        certificates: &str,
        key: &str,
        provider: &CryptoProvider,
    ) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(certificates.as_bytes());
        let chain: Vec<_> = chain
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate)?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| TlsError::NoKey)?;
        let own = CertifiedKey::from_der(chain, key, provider).map_err(|_| TlsError::Identity)?;
        Ok(Self {
            own: Some(Arc::new(own)),
            was_asked: AtomicBool::new(false),
        })
    }

    /// Begins a connection.
    pub(super) fn forget(&self) {
        self.was_asked.store(false, Ordering::Relaxed);
    }

    /// Whether it was asked for and is not there.
    pub(super) fn lacks(&self) -> bool {
        self.own.is_none() && self.was_asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.was_asked.store(true, Ordering::Relaxed);
        self.own.clone()
    }

    fn has_certs(&self) -> bool {
        self.own.is_some()
    }
}
