use std::path::PathBuf;

use super::error::{ConfigError, ConfigFault, Origin};
use super::layers::Sheet;
use super::{fault_at, flag, text};

/// The keys that need `tls = true`.
const KEYS: [&str; 4] = ["tls_ca", "tls_name", "tls_certificate", "tls_key"];

/// How a gateway is spoken to over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// Where TLS was switched on.
    pub at: Origin,
    /// Certificates that are trusted; `None` for those of the system.
    pub ca: Option<TlsFile>,
    /// The name that the gateway's certificate must have.
    pub name: TlsName,
    /// Our certificate and its key.
    pub identity: Option<(TlsFile, TlsFile)>,
}

/// A file that a key of TLS names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFile {
    /// Which key.
    pub key: &'static str,
    /// The file; relative to the data directory.
    pub path: PathBuf,
    /// Where it is named.
    pub at: Origin,
}

/// A name of a certificate: a host name or an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsName {
    /// The name.
    pub name: String,
    /// Where it was given: `tls_name`, or else the host.
    pub at: Origin,
}

/// Reads the keys of TLS of one gateway.
pub(super) fn read(sheet: &Sheet, host: &str) -> Result<Option<TlsConfig>, ConfigError> {
    let is_on = flag(sheet, "tls")?;
    for key in KEYS {
        if !is_on && !text(sheet, key)?.is_empty() {
            return Err(fault_at(sheet, key, ConfigFault::TlsOff(key)));
        }
    }
    if !is_on {
        return Ok(None);
    }
    Ok(Some(TlsConfig {
        at: origin(sheet, "tls"),
        ca: file(sheet, "tls_ca")?,
        name: name(sheet, host)?,
        identity: identity(sheet)?,
    }))
}

fn name(sheet: &Sheet, host: &str) -> Result<TlsName, ConfigError> {
    let given = text(sheet, "tls_name")?;
    if !given.is_empty() {
        let at = origin(sheet, "tls_name");
        return Ok(TlsName { name: given, at });
    }
    // The zone of an IPv6 address is ours, not the gateway's.
    let name = host.split_once('%').map_or(host, |(address, _)| address);
    Ok(TlsName {
        name: name.to_owned(),
        at: origin(sheet, "host"),
    })
}

fn identity(sheet: &Sheet) -> Result<Option<(TlsFile, TlsFile)>, ConfigError> {
    let lone = |given: TlsFile, missing| {
        let fault = ConfigFault::TlsPair {
            given: given.key,
            missing,
        };
        Err(ConfigError {
            at: given.at,
            fault,
        })
    };
    match (file(sheet, "tls_certificate")?, file(sheet, "tls_key")?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (Some(certificate), None) => lone(certificate, "tls_key"),
        (None, Some(key)) => lone(key, "tls_certificate"),
    }
}

fn file(sheet: &Sheet, key: &'static str) -> Result<Option<TlsFile>, ConfigError> {
    let path = text(sheet, key)?;
    Ok((!path.is_empty()).then(|| TlsFile {
        key,
        path: path.into(),
        at: origin(sheet, key),
    }))
}

fn origin(sheet: &Sheet, key: &str) -> Origin {
    sheet
        .given(key)
        .map_or(Origin::Default, |(_, at)| at.clone())
}
