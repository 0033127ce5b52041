use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

use crate::domain::{DownCause, TlsFault};

/// What a handshake that failed means; `None` where the network failed.
///
/// `lacks_certificate` is whether the gateway asked for a certificate that we do not have.
pub(in crate::gateway) fn handshake_fault(
    error: &io::Error,
    lacks_certificate: bool,
) -> Option<TlsFault> {
    if let Some(error) = rustls_error(error) {
        return Some(fault_of(error, lacks_certificate));
    }
    let is_cut = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    );
    match (is_cut, lacks_certificate) {
        (true, true) => Some(TlsFault::ClientCertificate),
        (true, false) => Some(TlsFault::Closed),
        (false, _) => None,
    }
}

/// What an error after the handshake means: in TLS 1.3 a gateway judges our certificate only then.
pub(in crate::gateway) fn session_fault(error: &io::Error) -> Option<DownCause> {
    let Error::AlertReceived(alert) = rustls_error(error)? else {
        return None;
    };
    is_of_certificate(*alert).then_some(DownCause::Tls(TlsFault::ClientCertificate))
}

/// Whether these octets are how a gateway that wants TLS answers a bind without it.
///
/// Source: RFC 5246 section 6.2.1: an alert, of version 3.
pub(in crate::gateway) fn is_alert(octets: &[u8]) -> bool {
    octets.starts_with(&[21, 3])
}

fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most of what can go wrong in TLS is nothing that an office can tell apart"
)]
fn fault_of(error: &Error, lacks_certificate: bool) -> TlsFault {
    match error {
        Error::InvalidCertificate(error) => certificate_fault(error),
        Error::NoCertificatesPresented => TlsFault::Certificate,
        Error::InvalidMessage(_) => TlsFault::NoTls,
        Error::AlertReceived(AlertDescription::UnrecognisedName) => TlsFault::WrongName,
        Error::AlertReceived(alert) if is_of_certificate(*alert) => TlsFault::ClientCertificate,
        Error::AlertReceived(AlertDescription::HandshakeFailure) if lacks_certificate => {
            TlsFault::ClientCertificate
        }
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity
            | AlertDescription::ProtocolVersion,
        ) => TlsFault::Version,
        _ => TlsFault::Protocol,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest of what can be wrong with a certificate is for the log"
)]
fn certificate_fault(error: &CertificateError) -> TlsFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFault::NotYetValid
        }
        // A CA of the same name with another key is another CA.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        _ => TlsFault::Certificate,
    }
}

/// Whether a gateway says by this alert that it does not take our certificate, or our having none.
const fn is_of_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
}
