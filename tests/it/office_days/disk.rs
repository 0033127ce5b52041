//! A disk that loses what was not synced, fails a call, and fills up. It holds no more than the changes since the last
//! sync, so that whole weeks can be played on it.

use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

use super::faulty_disk::{Change, Cut, after_cut, apply};

/// What goes wrong at a call.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The call fails; nothing of it is done.
    Error,
    /// The power goes.
    Power,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a trouble of its own"
)]
#[derive(Debug, Default)]
struct State {
    now: Vec<u8>,
    /// What was asked for since the last sync.
    unsynced: Vec<Change>,
    /// What takes these back, in their order.
    undo: Vec<Change>,
    calls: u64,
    fails: Option<(u64, Failure)>,
    room: Option<usize>,
    /// The power is off.
    is_off: bool,
    is_held: bool,
    /// Something failed since it was asked for last.
    has_failed: bool,
    /// It says that it synced, and did not.
    lies: bool,
}

/// A disk of which the simulator and the store each hold an end.
#[derive(Clone, Debug, Default)]
pub struct Platter(Arc<Mutex<State>>);

impl Platter {
    /// What is wrong with the call of this number from now, 0 for the next.
    pub fn fail_after(&self, calls: u64, failure: Failure) {
        let mut state = self.0.lock().unwrap();
        state.fails = Some((state.calls + calls, failure));
    }

    /// So many octets more fit; `None`: as many as are asked for.
    pub fn set_room(&self, more: Option<usize>) {
        let mut state = self.0.lock().unwrap();
        state.room = more.map(|more| state.now.len() + more);
    }

    /// From now on syncs do nothing.
    pub fn lie(&self) {
        self.0.lock().unwrap().lies = true;
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.0.lock().unwrap().is_off
    }

    /// Whether a call failed since this was asked for last.
    pub fn take_failed(&self) -> bool {
        std::mem::take(&mut self.0.lock().unwrap().has_failed)
    }

    /// Nobody can reach it for a while, and nothing is lost: its process is being killed.
    pub fn hold(&self, is_held: bool) {
        let mut state = self.0.lock().unwrap();
        state.is_held = is_held;
        state.has_failed = false;
    }

    /// Whether nobody can reach it.
    pub fn is_held(&self) -> bool {
        self.0.lock().unwrap().is_held
    }

    /// Nothing fails any more.
    pub fn mend(&self) {
        let mut state = self.0.lock().unwrap();
        (state.fails, state.room) = (None, None);
    }

    /// The power goes now.
    pub fn turn_off(&self) {
        self.0.lock().unwrap().is_off = true;
    }

    /// The power comes back: what was not synced is as `cut` says.
    pub fn turn_on(&self, cut: Cut) {
        let mut state = self.0.lock().unwrap();
        let mut image = std::mem::take(&mut state.now);
        for change in state.undo.iter().rev() {
            apply(&mut image, change);
        }
        *state = State {
            now: after_cut(&image, &state.unsynced, cut),
            room: state.room,
            lies: state.lies,
            ..State::default()
        };
    }
}

impl State {
    fn call(&mut self) -> io::Result<()> {
        if self.is_held {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let call = self.calls;
        self.calls += 1;
        if let Some((at, failure)) = self.fails
            && at <= call
        {
            self.fails = None;
            self.is_off |= failure == Failure::Power;
            self.has_failed = true;
            return Err(io::ErrorKind::Other.into());
        }
        if self.is_off {
            self.has_failed = true;
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(())
    }

    fn fits(&mut self, end: usize) -> io::Result<()> {
        if end > self.now.len() && self.room.is_some_and(|room| end > room) {
            self.has_failed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn change(&mut self, change: Change) {
        match &change {
            Change::Write { offset, octets } => {
                let old = self.now.len();
                let end = (offset + octets.len()).min(old);
                let before = self.now.get(*offset..end).unwrap_or_default().to_vec();
                self.undo.push(Change::Write {
                    offset: *offset,
                    octets: before,
                });
                if offset + octets.len() > old {
                    self.undo.push(Change::SetLen(old));
                }
            }
            Change::SetLen(len) => {
                let old = self.now.len();
                if *len < old {
                    let octets = self.now[*len..].to_vec();
                    let offset = *len;
                    self.undo.push(Change::Write { offset, octets });
                }
                self.undo.push(Change::SetLen(old));
            }
            Change::Sync => {}
        }
        apply(&mut self.now, &change);
        self.unsynced.push(change);
    }
}

impl StorageBackend for Platter {
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
        state.fits(len)?;
        state.change(Change::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut state = self.0.lock().unwrap();
        state.call()?;
        if !state.lies {
            state.undo.clear();
            state.unsynced.clear();
        }
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
