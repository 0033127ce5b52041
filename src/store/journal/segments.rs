//! Where the segments of a journal lie.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Only the owner reads check-ins.
const MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// A directory of segments. Octets that were written are never written again.
///
/// Every method fails with what the system says.
pub trait Segments {
    /// The names and lengths of the files in it, in any order.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn list(&self) -> io::Result<Vec<(String, u64)>>;

    /// All octets of a file.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Begins a new file, to which [`Segments::append`] writes from now on. It fails where there is one of that name.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn begin(&mut self, name: &str) -> io::Result<()>;

    /// Writes to the end of the file that was begun last.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn append(&mut self, octets: &[u8]) -> io::Result<()>;

    /// Makes all that was appended durable, and the name of its file.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn sync(&mut self) -> io::Result<()>;

    /// Makes a file durable that another process may have left without a sync, and its name.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn settle(&mut self, name: &str) -> io::Result<()>;

    /// Removes a file.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Gives a file another name, under which no journal looks for it.
    #[expect(clippy::missing_errors_doc, reason = "said once, above")]
    fn set_aside(&mut self, name: &str) -> io::Result<()>;
}

/// A directory of the system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Whether it may be made where it is not there.
    may_make: bool,
    file: Option<File>,
    /// The name of the file is not known to be durable.
    is_new: bool,
}

impl Folder {
    /// A directory that is there, or is taken for empty: a disk that is not plugged in must not be taken for an empty one
    /// when it is written.
    pub const fn standing(path: PathBuf) -> Self {
        Self {
            path,
            may_make: false,
            file: None,
            is_new: false,
        }
    }

    /// A directory that is made when it is first written, where the one above it is there.
    pub const fn made_when_written(path: PathBuf) -> Self {
        Self {
            path,
            may_make: true,
            file: None,
            is_new: false,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        match builder.mode(DIRECTORY_MODE).create(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            made => made?,
        }
        let parent = self.path.parent().filter(|parent| *parent != Path::new(""));
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Segments for Folder {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.may_make => {
                return Ok(Vec::new());
            }
            entries => entries?,
        };
        let mut list = Vec::new();
        for entry in entries {
            let entry = entry?;
            let metadata = entry.metadata()?;
            // What has no name in Unicode is none of ours.
            if let Ok(name) = entry.file_name().into_string()
                && metadata.is_file()
            {
                list.push((name, metadata.len()));
            }
        }
        Ok(list)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.file = None;
        if self.may_make {
            self.make()?;
        }
        let mut options = OpenOptions::new();
        let options = options.append(true).create_new(true).mode(MODE);
        self.file = Some(options.open(self.path.join(name))?);
        self.is_new = true;
        Ok(())
    }

    fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut();
        file.ok_or(io::ErrorKind::NotFound)?.write_all(octets)
    }

    fn sync(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.sync_data()?;
        if self.is_new {
            File::open(&self.path)?.sync_all()?;
            self.is_new = false;
        }
        Ok(())
    }

    fn settle(&mut self, name: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options
            .append(true)
            .open(self.path.join(name))?
            .sync_all()?;
        File::open(&self.path)?.sync_all()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn set_aside(&mut self, name: &str) -> io::Result<()> {
        let aside = self.path.join(format!("{name}{ASIDE}"));
        fs::rename(self.path.join(name), aside)
    }
}

/// What is behind the name of a segment that was set aside.
const ASIDE: &str = ".aside";
/// What is behind the name of every segment.
const EXTENSION: &str = ".journal";

/// What a segment is called: the history of the store and which segment of the directory it is.
///
/// `0123456789abcdef-00000007.journal`
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) ordinal: u64,
    pub(super) history: u64,
}

impl Name {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (history, ordinal) = name.strip_suffix(EXTENSION)?.split_once('-')?;
        let parsed = Self {
            history: u64::from_str_radix(history, 16).ok()?,
            ordinal: ordinal.parse().ok()?,
        };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}-{:08}{EXTENSION}", self.history, self.ordinal)
    }
}

/// What lies in a directory, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Segments of all histories, the oldest first, with their lengths.
    pub(super) segments: Vec<(Name, u64)>,
    /// Segments that were set aside.
    pub(super) aside: Vec<Name>,
    /// Files that are none.
    pub(super) foreign: Vec<String>,
}

impl Listing {
    pub(super) fn of(segments: &impl Segments) -> io::Result<Self> {
        let mut listing = Self::default();
        for (name, len) in segments.list()? {
            let aside = name.strip_suffix(ASIDE).and_then(Name::parse);
            match (Name::parse(&name), aside) {
                (Some(name), _) => listing.segments.push((name, len)),
                (None, Some(aside)) => listing.aside.push(aside),
                (None, None) => listing.foreign.push(name),
            }
        }
        listing.segments.sort_unstable();
        listing.foreign.sort_unstable();
        Ok(listing)
    }

    /// The segments of one history, the oldest first.
    pub(super) fn of_history(&self, history: u64) -> impl DoubleEndedIterator<Item = Name> {
        let names = self.segments.iter().map(|(name, _)| *name);
        names.filter(move |name| name.history == history)
    }

    /// An ordinal above all that were given.
    pub(super) fn next_ordinal(&self) -> u64 {
        let names = self
            .segments
            .iter()
            .map(|(name, _)| name)
            .chain(&self.aside);
        names.map(|name| name.ordinal + 1).max().unwrap_or(1)
    }

    /// The ordinals between those of `history` that nothing lies under.
    pub(super) fn missing(&self, history: u64) -> Vec<u64> {
        let own: Vec<u64> = self.of_history(history).map(|name| name.ordinal).collect();
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            return Vec::new();
        };
        let all = self
            .segments
            .iter()
            .map(|(name, _)| name)
            .chain(&self.aside);
        let there: std::collections::BTreeSet<u64> = all.map(|name| name.ordinal).collect();
        // A name can carry any number: those in between are not gone through.
        let mut missing = Vec::new();
        let mut expected = *first;
        for ordinal in there.range(*first..=*last) {
            missing.extend((expected..*ordinal).take(MISSING - missing.len().min(MISSING)));
            expected = ordinal + 1;
        }
        missing
    }
}

/// So many missing segments are named.
const MISSING: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_no_others() {
        let name = Name {
            history: 0x0123_4567_89ab_cdef,
            ordinal: 7,
        };
        assert_eq!(name.to_string(), "0123456789abcdef-00000007.journal");
        assert_eq!(Name::parse(&name.to_string()), Some(name));
        for wrong in [
            "",
            "0123456789abcdef-7.journal",
            "0123456789ABCDEF-00000007.journal",
            "0123456789abcdef-00000007.journal.aside",
            "123456789abcdef-00000007.journal",
            "hazir.redb",
        ] {
            assert_eq!(Name::parse(wrong), None, "{wrong}");
        }
    }
}
