use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, Xdg};

use super::error::CliError;

/// The one directory that holds all of a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    dir: PathBuf,
    is_default: bool,
}

impl Place {
    /// The longest path of a socket, in octets: `sun_path` of Linux without its closing NUL.
    pub const SOCKET_PATH_OCTETS: usize = 107;

    /// Finds the directory: the one that is given, else `hazir` in the XDG data directory.
    ///
    /// # Errors
    /// [`CliError::NoDataDir`] where none is given and there is no home directory.
    pub fn find(given: Option<&Path>) -> Result<Self, CliError> {
        let is_default = given.is_none();
        let dir = match given {
            Some(dir) => dir.to_owned(),
            None => Xdg::new()
                .map_err(|_| CliError::NoDataDir)?
                .data_dir()
                .join("hazir"),
        };
        let dir = std::path::absolute(&dir).map_err(|cause| CliError::reading(&dir, cause))?;
        Ok(Self { dir, is_default })
    }

    /// The directory itself; absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether it was not named.
    pub const fn is_default(&self) -> bool {
        self.is_default
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.dir.join("hazir.toml")
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.dir.join("hazir.redb")
    }

    /// The directory of keys and passwords.
    pub fn keys(&self) -> PathBuf {
        self.dir.join("keys")
    }

    /// The key that seals the device keys in the store.
    pub fn store_key(&self) -> PathBuf {
        self.keys().join("store.key")
    }

    /// Where a running engine is reached.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("hazir.sock")
    }

    /// Diagnostics.
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }
}
