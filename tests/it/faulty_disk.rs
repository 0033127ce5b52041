//! A disk that fails, fills up and loses power.

use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

/// What a drive writes whole or not at all.
const SECTOR: usize = 512;

/// Numbers that follow from a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A change to the disk that was asked for.
#[derive(Clone, Debug)]
pub enum Change {
    Write { offset: usize, octets: Vec<u8> },
    SetLen(usize),
    Sync,
}

#[derive(Debug, Default)]
struct State {
    now: Vec<u8>,
    changes: Vec<Change>,
    calls: u64,
    fail_at: Option<(u64, io::ErrorKind)>,
    room: Option<usize>,
}

/// A disk of which test and store each hold an end.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub fn holding(image: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.0.lock().unwrap().now = image;
        disk
    }

    /// The call of this number, 0 for the first, fails; nothing of it is done.
    pub fn fail_at(&self, call: u64, kind: io::ErrorKind) {
        self.0.lock().unwrap().fail_at = Some((call, kind));
    }

    /// No octet fits at or after `room`.
    pub fn set_room(&self, room: Option<usize>) {
        self.0.lock().unwrap().room = room;
    }

    pub fn calls(&self) -> u64 {
        self.0.lock().unwrap().calls
    }

    /// How many changes were asked for so far.
    pub fn changes_made(&self) -> usize {
        self.0.lock().unwrap().changes.len()
    }

    pub fn changes(&self) -> Vec<Change> {
        self.0.lock().unwrap().changes.clone()
    }

    /// What is on the disk while the power stays on.
    pub fn image(&self) -> Vec<u8> {
        self.0.lock().unwrap().now.clone()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        let mut state = self.0.lock().unwrap();
        state.call()?;
        Ok(state.now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        state.call()?;
        let offset = usize::try_from(offset).unwrap();
        let Some(octets) = state.now.get(offset..offset + out.len()) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        out.copy_from_slice(octets);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        state.call()?;
        let len = usize::try_from(len).unwrap();
        if len > state.now.len() {
            state.fits(len)?;
        }
        state.change(Change::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        state.call()?;
        state.change(Change::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        state.call()?;
        let offset = usize::try_from(offset).unwrap();
        state.fits(offset + data.len())?;
        let octets = data.to_vec();
        state.change(Change::Write { offset, octets });
        Ok(())
    }
}

impl State {
    fn call(&mut self) -> Result<(), io::Error> {
        let call = self.calls;
        self.calls += 1;
        match self.fail_at {
            Some((at, kind)) if at == call => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn fits(&self, end: usize) -> Result<(), io::Error> {
        match self.room {
            Some(room) if end > room => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.now, &change);
        self.changes.push(change);
    }
}

/// What a power cut leaves.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// All that was not synced is lost.
    LosesAll,
    /// Nothing is lost.
    LosesNothing,
    /// Each write that was not synced is kept, lost, or torn between sectors, and the length is any it had since.
    Loses(u64),
    /// The same, but writes are torn between any two octets.
    Tears(u64),
}

/// The disk after the power was cut: `image` as of the last sync, then `unsynced` changes.
pub fn after_cut(image: &[u8], unsynced: &[Change], cut: Cut) -> Vec<u8> {
    let mut image = image.to_vec();
    let (mut seeded, grain) = match cut {
        Cut::LosesAll => return image,
        Cut::LosesNothing => {
            for change in unsynced {
                apply(&mut image, change);
            }
            return image;
        }
        Cut::Loses(seed) => (Seeded(seed), SECTOR),
        Cut::Tears(seed) => (Seeded(seed), 1),
    };
    // Changes of the length reach the disk in their order, through the journal of the file system.
    let lengths = unsynced.iter().filter(|c| matches!(c, Change::SetLen(_)));
    let kept = seeded.below(lengths.count() as u64 + 1);
    let lengths = unsynced.iter().filter(|c| matches!(c, Change::SetLen(_)));
    for change in lengths.take(usize::try_from(kept).unwrap()) {
        apply(&mut image, change);
    }
    for change in unsynced {
        let Change::Write { offset, octets } = change else {
            continue;
        };
        let octets = match seeded.below(4) {
            0 => continue,
            1 => {
                let aligned =
                    (offset + usize::try_from(seeded.below(octets.len() as u64)).unwrap()) / grain
                        * grain;
                &octets[..aligned.saturating_sub(*offset)]
            }
            _ => octets,
        };
        // What lies behind the length that the journal knows cannot be reached.
        let end = image.len().min(offset + octets.len());
        if let Some(place) = image.get_mut(*offset..end) {
            place.copy_from_slice(&octets[..end - offset]);
        }
    }
    image
}

pub fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, octets } => {
            let end = offset + octets.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*offset..end].copy_from_slice(octets);
        }
        Change::SetLen(len) => image.resize(*len, 0),
        Change::Sync => {}
    }
}
