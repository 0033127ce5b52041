use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy as _, Xdg};

use super::super::error::CliError;
use super::super::files::{self, FILE_MODE};
use super::super::place::Place;

/// The file that says that a directory holds a demo. The demo that runs in it holds its lock.
const LOCK: &str = "DEMO";
/// Directories of demos begin with this.
const PREFIX: &str = "demo-";
/// Who makes or removes directories of demos holds the lock of this file, so that none is taken for a leftover while it is
/// being made.
const MAKING: &str = "DEMOS";

/// What is done with what an earlier demo left in a directory that is named.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Begins {
    /// It is removed.
    Anew,
    /// It stays where there is a file of this name.
    WhereItEnded {
        /// Its name.
        mark: &'static str,
    },
}

/// The directory of a demo. One that was not named is removed when this is dropped.
#[derive(Debug)]
pub struct DemoDir {
    place: Place,
    is_kept: bool,
    _lock: File,
}

impl DemoDir {
    /// Makes a directory in the XDG cache and removes what demos that are no more left behind; or takes the one that is
    /// named, which must be empty or of an earlier demo, and begins it anew.
    ///
    /// # Errors
    /// [`CliError::NotADemo`] where something else is there, [`CliError::InUse`] where a demo runs there,
    /// [`CliError::SocketPath`], and what can be wrong with files.
    pub fn open(named: Option<&Path>, begins: Begins) -> Result<Self, CliError> {
        match named {
            Some(dir) => Self::take(dir, begins),
            None => Self::make(),
        }
    }

    /// Where the demo's desk is.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it stays.
    pub const fn is_kept(&self) -> bool {
        self.is_kept
    }

    fn take(dir: &Path, begins: Begins) -> Result<Self, CliError> {
        let place = checked(Place::find(Some(dir))?)?;
        let dir = place.dir();
        let path = dir.join(LOCK);
        if dir.exists() && !path.exists() && !is_empty(dir)? {
            let path = dir.to_owned();
            return Err(CliError::NotADemo { path });
        }
        files::make_dir(dir)?;
        let lock = open_lock(&path)?;
        if lock.try_lock().is_err() {
            return Err(CliError::InUse);
        }
        let goes_on = match begins {
            Begins::Anew => false,
            Begins::WhereItEnded { mark } => dir.join(mark).exists(),
        };
        if !goes_on {
            clear(dir)?;
        }
        Ok(Self {
            place,
            is_kept: true,
            _lock: lock,
        })
    }

    fn make() -> Result<Self, CliError> {
        let base = Xdg::new().map_err(|_| CliError::NoDataDir)?;
        let cache = base.cache_dir().join("hazir");
        files::make_dir(&cache)?;
        let path = cache.join(MAKING);
        let making = open_lock(&path)?;
        making
            .lock()
            .map_err(|cause| CliError::writing(&path, cause))?;
        remove_leftovers(&cache)?;
        let name = getrandom::u32().map_err(|cause| CliError::Random(Box::new(cause)))?;
        let place = checked(Place::find(Some(
            &cache.join(format!("{PREFIX}{name:08x}")),
        ))?)?;
        files::make_dir(place.dir())?;
        let lock = open_lock(&place.dir().join(LOCK))?;
        let path = || place.dir().join(LOCK);
        lock.lock()
            .map_err(|cause| CliError::writing(path(), cause))?;
        Ok(Self {
            place,
            is_kept: false,
            _lock: lock,
        })
    }
}

impl Drop for DemoDir {
    fn drop(&mut self) {
        if !self.is_kept {
            // What stays behind is removed when the next demo begins.
            let _ = fs::remove_dir_all(self.place.dir());
        }
    }
}

fn checked(place: Place) -> Result<Place, CliError> {
    let octets = place.socket().as_os_str().len();
    if octets > Place::SOCKET_PATH_OCTETS {
        return Err(CliError::SocketPath { octets });
    }
    Ok(place)
}

/// Removes the directories of demos that nobody runs.
fn remove_leftovers(cache: &Path) -> Result<(), CliError> {
    for path in entries(cache)? {
        let name = path.file_name().and_then(|name| name.to_str());
        if !name.is_some_and(|name| name.starts_with(PREFIX)) || !path.is_dir() {
            continue;
        }
        let lock = File::open(path.join(LOCK));
        let runs = lock.is_ok_and(|lock| lock.try_lock().is_err());
        if !runs {
            // One that cannot be removed now is tried again by the next demo.
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

/// Removes what an earlier demo left in its directory, all but the lock.
fn clear(dir: &Path) -> Result<(), CliError> {
    for path in entries(dir)? {
        if path.file_name().is_some_and(|name| name == LOCK) {
            continue;
        }
        let removed = if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(|cause| CliError::writing(&path, cause))?;
    }
    Ok(())
}

fn is_empty(dir: &Path) -> Result<bool, CliError> {
    Ok(entries(dir)?.is_empty())
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, CliError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect()
    };
    read().map_err(|cause| CliError::reading(dir, cause))
}

fn open_lock(path: &Path) -> Result<File, CliError> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE);
    let opened = options.open(path);
    opened.map_err(|cause| CliError::writing(path, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_directory_is_kept_and_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let named = dir.path().join("show");
        let demo = DemoDir::open(Some(&named), Begins::Anew).unwrap();
        assert!(demo.is_kept());
        fs::write(named.join("hazir.toml"), "").unwrap();
        fs::create_dir(named.join("keys")).unwrap();
        let second = DemoDir::open(Some(&named), Begins::Anew);
        assert!(matches!(second, Err(CliError::InUse)), "{second:?}");
        drop(demo);
        assert!(named.join("hazir.toml").exists());
        let _again = DemoDir::open(Some(&named), Begins::Anew).unwrap();
        assert_eq!(entries(&named).unwrap(), [named.join(LOCK)]);
    }

    #[test]
    fn a_directory_that_holds_something_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("hazir.redb"), "a desk").unwrap();
        let opened = DemoDir::open(Some(dir.path()), Begins::Anew);
        assert!(
            matches!(opened, Err(CliError::NotADemo { .. })),
            "{opened:?}"
        );
        assert_eq!(entries(dir.path()).unwrap().len(), 1);
        let deep = dir.path().join("x".repeat(100));
        let opened = DemoDir::open(Some(&deep), Begins::Anew);
        assert!(matches!(opened, Err(CliError::SocketPath { .. })));
        assert!(!deep.exists());
    }

    #[test]
    fn what_is_to_go_on_stays_where_it_is_marked() {
        let dir = tempfile::tempdir().unwrap();
        let begins = Begins::WhereItEnded { mark: "MARK" };
        let left = |then: &dyn Fn()| {
            drop(DemoDir::open(Some(dir.path()), begins).unwrap());
            then();
            entries(dir.path()).unwrap().len()
        };
        let write = |name: &str| fs::write(dir.path().join(name), "").unwrap();
        assert_eq!(left(&|| write("hazir.redb")), 2);
        assert_eq!(left(&|| write("MARK")), 2);
        assert_eq!(left(&|| write("hazir.redb")), 3);
        assert_eq!(left(&|| {}), 3);
        drop(DemoDir::open(Some(dir.path()), Begins::Anew).unwrap());
        assert_eq!(left(&|| {}), 1);
    }
}
