//! A directory of segments that fails, and loses power.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use hazir::store::journal::Segments;

use super::super::faulty_disk::Seeded;

#[derive(Clone, Debug, Default)]
pub struct File {
    pub octets: Vec<u8>,
    /// How many of them are durable; `None` where its name is not.
    synced: Option<usize>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, File>,
    current: Option<String>,
    /// So many calls that write fail.
    fails: u64,
    syncs: u64,
}

/// A directory of which test and keeper each hold an end.
#[derive(Clone, Debug, Default)]
pub struct Shelf(Arc<Mutex<State>>);

impl Shelf {
    /// The next `calls` that write fail.
    pub fn fail(&self, calls: u64) {
        self.state().fails = calls;
    }

    pub fn clear(&self) {
        self.state().files.clear();
    }

    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    pub fn names(&self) -> Vec<String> {
        self.state().files.keys().cloned().collect()
    }

    pub fn octets(&self, name: &str) -> Vec<u8> {
        self.state().files[name].octets.clone()
    }

    pub fn put(&self, name: &str, octets: Vec<u8>) {
        let synced = Some(octets.len());
        let file = File { octets, synced };
        self.state().files.insert(name.to_owned(), file);
    }

    pub fn take(&self, name: &str) {
        self.state().files.remove(name);
    }

    /// A copy that lives on by itself.
    pub fn copy(&self) -> Self {
        let files = self.state().files.clone();
        Self(Arc::new(Mutex::new(State {
            files,
            ..State::default()
        })))
    }

    /// What was not synced is lost, torn, or zeros.
    pub fn cut_power(&self, seeded: &mut Seeded) {
        let mut state = self.state();
        state.current = None;
        state
            .files
            .retain(|_, file| file.synced.is_some() || seeded.one_in(2));
        for file in state.files.values_mut() {
            let synced = file.synced.unwrap_or(0);
            let unsynced = (file.octets.len() - synced) as u64;
            let kept = usize::try_from(seeded.below(unsynced + 1)).unwrap();
            match seeded.below(3) {
                0 => file.octets.truncate(synced),
                1 => file.octets.truncate(synced + kept),
                _ => file.octets[synced + kept..].fill(0),
            }
            file.synced = Some(file.octets.len());
        }
    }

    /// Nothing is done while what it returns lives.
    pub fn hang(&self) -> impl Sized + use<'_> {
        self.state()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn writing(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if state.fails > 0 {
            state.fails -= 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(state)
    }
}

impl Segments for Shelf {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let state = self.state();
        let files = state.files.iter();
        Ok(files
            .map(|(name, file)| (name.clone(), file.octets.len() as u64))
            .collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let state = self.state();
        let file = state.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(file.octets.clone())
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.writing()?;
        if state.files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.files.insert(name.to_owned(), File::default());
        state.current = Some(name.to_owned());
        Ok(())
    }

    fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut state = self.writing()?;
        let current = state.current.clone().ok_or(io::ErrorKind::NotFound)?;
        let file = state
            .files
            .get_mut(&current)
            .ok_or(io::ErrorKind::NotFound)?;
        file.octets.extend_from_slice(octets);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.writing()?;
        state.syncs += 1;
        if let Some(current) = state.current.clone()
            && let Some(file) = state.files.get_mut(&current)
        {
            file.synced = Some(file.octets.len());
        }
        Ok(())
    }

    fn settle(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.writing()?;
        let file = state.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        file.synced = Some(file.octets.len());
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.writing()?.files.remove(name);
        Ok(())
    }

    fn set_aside(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.writing()?;
        let file = state.files.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(format!("{name}.aside"), file);
        Ok(())
    }
}
