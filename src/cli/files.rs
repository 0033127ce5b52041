//! Files and directories that are made with their final mode, whole or not at all; and files that hold secrets.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::config::{Config, ConfigError, ConfigFault, Gateway, Layers, Origin, PasswordFrom};
use super::config::{Kind, Sheets, Value};
use super::error::CliError;
use super::place::Place;
use super::secret::Secret;
use crate::protocol::StoreKey;

/// Mode of directories: the owner's alone.
pub const DIR_MODE: u32 = 0o700;

/// Mode of files: the owner's alone.
pub const FILE_MODE: u32 = 0o600;

/// What group and others may do.
const OF_OTHERS: u32 = 0o077;

/// The largest file that is read whole, in octets: far above any configuration.
const LARGEST: u64 = 1 << 20;

/// Octets beyond the end of a file, so that its end is found without another buffer.
const ROOM_TO_SEE_THE_END: usize = 64;

/// Whether something was made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// It is new.
    New,
    /// It was there and stays as it is.
    Kept,
}

/// Makes a directory, and those above it, for the owner alone.
///
/// # Errors
/// [`CliError::Permission`] or [`CliError::WriteFile`].
pub fn make_dir(path: &Path) -> Result<Made, CliError> {
    if path.is_dir() {
        return Ok(Made::Kept);
    }
    let failed = |cause| CliError::writing(path, cause);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(DIR_MODE).create(path) {
        // Another process made it meanwhile.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
            return Ok(Made::Kept);
        }
        made => made.map_err(failed)?,
    }
    // A narrow umask would take what the owner needs.
    fs::set_permissions(path, Permissions::from_mode(DIR_MODE)).map_err(failed)?;
    sync_dir(path.parent().unwrap_or(path)).map_err(failed)?;
    Ok(Made::New)
}

/// Makes an empty file for the owner alone; there must be none.
///
/// # Errors
/// As the system says.
pub fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    options.open(path)
}

/// Makes a file with `content` for the owner alone, durably, under its name only when it is whole. Keeps one that is there.
///
/// # Errors
/// [`CliError::Permission`] or [`CliError::WriteFile`].
pub fn make_file(path: &Path, content: &[u8]) -> Result<Made, CliError> {
    let failed = |cause| CliError::writing(path, cause);
    if path.symlink_metadata().is_ok() {
        return Ok(Made::Kept);
    }
    let temporary = temporary_name(path);
    let placed = write_whole(&temporary, content).and_then(|()| place_new(&temporary, path));
    if !matches!(placed, Ok(Made::New)) {
        // What failed above is the error to tell; a leftover is in nobody's way.
        let _ = fs::remove_file(&temporary);
    }
    let made = placed.map_err(failed)?;
    sync_dir(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    Ok(made)
}

/// Reads the configuration in `place` with the layers over it.
///
/// # Errors
/// [`CliError::Config`]; [`CliError::Read`] or [`CliError::Permission`] where the file cannot be read.
pub fn read_sheets(
    place: &Place,
    variables: &[(String, String)],
    flags: &[String],
) -> Result<Sheets, CliError> {
    let path = place.config();
    let text = match read_text(&path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            let (line, column) = (1, 1);
            let at = Origin::File { path, line, column };
            let fault = ConfigFault::NoFile;
            return Err(CliError::Config(ConfigError { at, fault }));
        }
        text => text.map_err(|cause| CliError::reading(&path, cause))?,
    };
    let layers = Layers {
        file: Some((&path, &text)),
        variables,
        flags,
    };
    Sheets::read(layers).map_err(CliError::Config)
}

/// Makes the configuration of what [`read_sheets`] read.
///
/// # Errors
/// [`CliError::Config`].
pub fn config(sheets: &Sheets) -> Result<Config, CliError> {
    Config::from_sheets(sheets).map_err(CliError::Config)
}

/// Reads the password of `gateway`.
///
/// # Errors
/// [`CliError::OpenToOthers`] where group or others may read it, [`CliError::Password`] where it is empty or nothing
/// that a gateway takes, [`CliError::Read`] or [`CliError::Permission`].
pub fn gateway_password(place: &Place, gateway: &Gateway) -> Result<Secret, CliError> {
    match &gateway.password {
        PasswordFrom::Inline(password, Origin::File { path, .. }) => {
            let file = File::open(path).map_err(|cause| CliError::reading(path, cause))?;
            must_be_private(path, &file)?;
            Ok(password.clone())
        }
        PasswordFrom::Inline(password, _) => Ok(password.clone()),
        PasswordFrom::File(file) => {
            let path = place.dir().join(file);
            let text = read_private(&path)?;
            let first = text.lines().next().unwrap_or_default();
            checked_password(first, &path)
        }
    }
}

/// Checks a password that came from `path`: 1 to 8 characters of ASCII that can be seen.
///
/// # Errors
/// [`CliError::Password`].
pub fn checked_password(text: &str, path: &Path) -> Result<Secret, CliError> {
    let allowed = Value::from_words(Kind::Secret { most: 8 }, "password", text);
    if text.is_empty() || allowed.is_err() {
        let path = path.to_owned();
        return Err(CliError::Password { path });
    }
    Ok(Secret::new(text.to_owned()))
}

/// Reads the key that seals the device keys in the store.
///
/// # Errors
/// [`CliError::StoreKey`] where it is missing or no key, [`CliError::OpenToOthers`] where group or others may read it,
/// [`CliError::Permission`].
pub fn store_key(place: &Place) -> Result<StoreKey, CliError> {
    let path = place.store_key();
    let text = match read_private(&path) {
        Err(CliError::Read { path, source }) => {
            let cause = source.into();
            return Err(CliError::StoreKey { path, cause });
        }
        text => text?,
    };
    StoreKey::parse(&text).map_err(|cause| CliError::StoreKey {
        path,
        cause: cause.into(),
    })
}

/// Reads a small file that only its owner may read.
///
/// # Errors
/// [`CliError::OpenToOthers`], [`CliError::Read`] or [`CliError::Permission`].
pub fn read_private(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let failed = |cause| CliError::reading(path, cause);
    let file = File::open(path).map_err(failed)?;
    must_be_private(path, &file)?;
    read_whole(file).map_err(failed)
}

/// Reads a small file that may hold a secret: one buffer, which is wiped when it is dropped.
fn read_whole(file: File) -> io::Result<Zeroizing<String>> {
    // A buffer that grows leaves parts behind in freed memory, and one that is nearly full is read on into another.
    let length = file.metadata()?.len().min(LARGEST);
    let room = usize::try_from(length).unwrap_or(0) + ROOM_TO_SEE_THE_END;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn must_be_private(path: &Path, file: &File) -> Result<(), CliError> {
    let metadata = file.metadata();
    let metadata = metadata.map_err(|cause| CliError::reading(path, cause))?;
    let of_others = metadata.permissions().mode() & OF_OTHERS;
    if of_others == 0 {
        return Ok(());
    }
    let path = path.to_owned();
    Err(CliError::OpenToOthers { path })
}

/// Reads a small file of text; a configuration may hold a password.
///
/// # Errors
/// What the system says.
pub fn read_text(path: &Path) -> io::Result<Zeroizing<String>> {
    read_whole(File::open(path)?)
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    let mut file = match options.open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            // Of a process of the same number that was cut off.
            fs::remove_file(path)?;
            options.open(path)?
        }
        file => file?,
    };
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    file.write_all(content)?;
    file.sync_all()
}

fn place_new(temporary: &Path, path: &Path) -> io::Result<Made> {
    match rustix::fs::renameat_with(CWD, temporary, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(Made::New),
        Err(Errno::EXIST) => Ok(Made::Kept),
        // Some file systems know no such rename; a link fails in the same way where the name is taken.
        Err(Errno::INVAL | Errno::NOSYS) => match fs::hard_link(temporary, path) {
            Ok(()) => fs::remove_file(temporary).map(|()| Made::New),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(Made::Kept),
            Err(cause) => Err(cause),
        },
        Err(errno) => Err(errno.into()),
    }
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::read_text as config_of;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_file_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        assert_eq!(make_dir(&inner).unwrap(), Made::New);
        assert_eq!(make_dir(&inner).unwrap(), Made::Kept);
        assert_eq!(mode(&inner), DIR_MODE);
        let file = inner.join("x");
        assert_eq!(make_file(&file, b"1").unwrap(), Made::New);
        assert_eq!(make_file(&file, b"2").unwrap(), Made::Kept);
        assert_eq!(fs::read(&file).unwrap(), b"1");
        assert_eq!(mode(&file), FILE_MODE);
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
        let temporary = temporary_name(&file);
        fs::write(&temporary, b"3").unwrap();
        assert_eq!(place_new(&temporary, &file).unwrap(), Made::Kept);
        assert_eq!(fs::read(&file).unwrap(), b"1");
    }

    #[test]
    fn two_that_make_the_same_directory_at_once_both_have_it() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..200 {
            let inner = dir.path().join(round.to_string()).join("keys");
            let start = std::sync::Barrier::new(4);
            let make = || {
                start.wait();
                make_dir(&inner)
            };
            std::thread::scope(|scope| {
                let threads = [(); 4].map(|()| scope.spawn(make));
                let results = threads.map(|thread| thread.join().unwrap().unwrap());
                let new = results.iter().filter(|result| **result == Made::New);
                assert_eq!(new.count(), 1);
            });
            assert_eq!(mode(&inner), DIR_MODE);
        }
    }

    #[test]
    fn a_password_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::find(Some(dir.path())).unwrap();
        make_dir(&place.keys()).unwrap();
        let config = config_of("[[gateway]]\nname = \"north\"\nhost = \"h\"\n");
        let config = config.ok().unwrap();
        let gateway = &config.gateways[0];
        let read = || gateway_password(&place, gateway);
        assert!(matches!(read().err(), Some(CliError::Read { .. })));
        let file = place.keys().join("north.password");
        make_file(&file, b"secret12\n").unwrap();
        assert_eq!(read().ok().unwrap().expose(), "secret12");
        for wrong in ["", "\n", "secret123\n", "pässwd\n", "a b\n"] {
            fs::write(&file, wrong).unwrap();
            assert!(
                matches!(read().err(), Some(CliError::Password { .. })),
                "{wrong}"
            );
        }
        for open in [0o640, 0o604, 0o620] {
            fs::set_permissions(&file, Permissions::from_mode(open)).unwrap();
            assert!(
                matches!(read().err(), Some(CliError::OpenToOthers { .. })),
                "{open:o}"
            );
        }
    }

    #[test]
    fn a_store_key_is_64_hex_digits_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::find(Some(dir.path())).unwrap();
        assert!(matches!(
            store_key(&place).err(),
            Some(CliError::StoreKey { .. })
        ));
        make_dir(&place.keys()).unwrap();
        make_file(&place.store_key(), "a5".repeat(32).as_bytes()).unwrap();
        assert!(store_key(&place).is_ok());
        fs::write(place.store_key(), "a5").unwrap();
        assert!(matches!(
            store_key(&place).err(),
            Some(CliError::StoreKey { .. })
        ));
        fs::set_permissions(place.store_key(), Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            store_key(&place).err(),
            Some(CliError::OpenToOthers { .. })
        ));
    }
}
