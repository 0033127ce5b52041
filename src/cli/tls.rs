//! The files of TLS: read, and if they cannot be used, said by the key that names them.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::config::{ConfigError, ConfigFault, Gateway, TlsConfig, TlsFile, TlsFileFault};
use super::error::CliError;
use super::files;
use super::place::Place;
use crate::gateway::{Tls, TlsError, TlsParts};

/// Makes the TLS of `gateway` of its files; `None` where it has none.
///
/// # Errors
/// [`CliError::Config`] where a file is missing or holds something else, [`CliError::OpenToOthers`] where group or
/// others may read the key, [`CliError::Read`] or [`CliError::Permission`].
pub fn gateway_tls(place: &Place, gateway: &Gateway) -> Result<Option<Tls>, CliError> {
    let Some(config) = &gateway.tls else {
        return Ok(None);
    };
    let ca = config.ca.as_ref();
    let ca = ca.map(|file| read(place, file, read_open)).transpose()?;
    let identity = match &config.identity {
        Some((certificate, key)) => Some((
            read(place, certificate, read_open)?,
            read(place, key, files::read_private)?,
        )),
        None => None,
    };
    let identity = identity.as_ref();
    let opened = Tls::open(TlsParts {
        name: &config.name.name,
        ca: ca.as_deref().map(String::as_str),
        identity: identity.map(|(certificate, key)| (certificate.as_str(), key.as_str())),
    });
    opened
        .map(Some)
        .map_err(|error| fault(place, config, error))
}

fn read(
    place: &Place,
    file: &TlsFile,
    read: impl FnOnce(&Path) -> Result<Zeroizing<String>, CliError>,
) -> Result<Zeroizing<String>, CliError> {
    match read(&place.dir().join(&file.path)) {
        Err(CliError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Err(file_fault(place, file, TlsFileFault::Missing))
        }
        // It is no text: certificates and keys in another form than PEM.
        Err(CliError::Read { source, .. }) if source.kind() == io::ErrorKind::InvalidData => {
            Err(file_fault(place, file, TlsFileFault::NotPem))
        }
        text => text,
    }
}

fn read_open(path: &Path) -> Result<Zeroizing<String>, CliError> {
    files::read_text(path).map_err(|cause| CliError::reading(path, cause))
}

fn fault(place: &Place, config: &TlsConfig, error: TlsError) -> CliError {
    let ca = config.ca.as_ref();
    let own = config.identity.as_ref();
    let (file, fault) = match error {
        TlsError::Name => {
            let fault = ConfigFault::TlsName(config.name.name.clone());
            let at = config.name.at.clone();
            return CliError::Config(ConfigError { at, fault });
        }
        TlsError::NoSystemCa => {
            let fault = ConfigFault::TlsNoSystemCa;
            let at = config.at.clone();
            return CliError::Config(ConfigError { at, fault });
        }
        TlsError::NoCa => (ca, TlsFileFault::NotPem),
        TlsError::Ca => (ca, TlsFileFault::Certificate),
        TlsError::NoCertificate => (own.map(|own| &own.0), TlsFileFault::NotPem),
        TlsError::NoKey => (own.map(|own| &own.1), TlsFileFault::NotPem),
        TlsError::Identity => (own.map(|own| &own.1), TlsFileFault::OtherKey),
    };
    let file = file.expect("what cannot be used stands in a file that is named");
    file_fault(place, file, fault)
}

fn file_fault(place: &Place, file: &TlsFile, fault: TlsFileFault) -> CliError {
    let fault = ConfigFault::TlsFile {
        key: file.key,
        path: place.dir().join(&file.path),
        fault,
    };
    let at = file.at.clone();
    CliError::Config(ConfigError { at, fault })
}
