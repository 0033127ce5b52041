//! Certificates, made for the test that needs them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

/// Both versions that there are.
pub(crate) const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// When a certificate is valid.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Dates {
    /// It is.
    Now,
    /// It was.
    Past,
    /// It will be.
    Future,
}

/// A certificate with its key, both as PEM.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// The certificate.
    pub(crate) certificate: String,
    /// Its key.
    pub(crate) key: String,
}

impl Leaf {
    /// A certificate that nobody else vouches for; `is_ca` is how `openssl req -x509` makes it.
    pub(crate) fn alone(names: &[&str], dates: Dates, is_ca: bool) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(names, dates);
        params
            .distinguished_name
            .push(DnType::CommonName, "gateway");
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        Self {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A CA.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A CA of this name.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(&[], Dates::Now);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
        Self {
            issuer: issuer.unwrap(),
        }
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for these names and addresses.
    pub(crate) fn issue(&self, names: &[&str], dates: Dates) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names, dates).signed_by(&key, &self.issuer);
        Leaf {
            certificate: certificate.unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A gateway's side: its certificate, and the CA of the clients that it takes, where it wants to know them.
pub(crate) fn acceptor(
    leaf: &Leaf,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<&Authority>,
) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap();
    let config = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        }
        None => config.with_no_client_auth(),
    };
    let certificate = CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn params(names: &[&str], dates: Dates) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    (params.not_before, params.not_after) = match dates {
        Dates::Now => (date_time_ymd(2020, 1, 1), date_time_ymd(2200, 1, 1)),
        Dates::Past => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
        Dates::Future => (date_time_ymd(2199, 1, 1), date_time_ymd(2200, 1, 1)),
    };
    params
}
