use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};

use tokio::sync::watch;

use super::super::error::CliError;
use super::spawn;
use crate::ui::terminal::{Canvas, write};
use crate::ui::{Model, view};

/// Writes to standard output on a thread of its own, because a slow line blocks it and should.
#[derive(Debug)]
pub struct Writer {
    octets: SyncSender<Vec<u8>>,
    /// How many times octets were handed over.
    handed: u64,
    written: watch::Receiver<Written>,
}

/// What became of the octets.
#[derive(Copy, Clone, Debug, Default)]
struct Written {
    /// How many times they were written.
    count: u64,
    /// The system's number of what went wrong. Nothing more is written then.
    fault: Option<i32>,
}

impl Writer {
    /// A writer that has nothing to write.
    pub fn open() -> Result<Self, CliError> {
        let (octets, next) = sync_channel::<Vec<u8>>(1);
        let (done, written) = watch::channel(Written::default());
        spawn("screen", move || {
            while let Ok(octets) = next.recv() {
                let fault = write(&octets).err();
                done.send_modify(|written| {
                    written.count += 1;
                    written.fault = fault.as_ref().and_then(io::Error::raw_os_error);
                });
                if fault.is_some() {
                    return;
                }
            }
        })?;
        Ok(Self {
            octets,
            handed: 0,
            written,
        })
    }

    /// Waits until all that was handed over was written. A cancelled call loses nothing.
    ///
    /// # Errors
    /// What standard output fails with, also after that.
    pub async fn ready(&mut self) -> io::Result<()> {
        let handed = self.handed;
        let written = self.written.wait_for(|written| written.count == handed);
        let fault = written.await.map(|written| written.fault);
        match fault {
            Ok(None) => Ok(()),
            Ok(Some(fault)) => Err(io::Error::from_raw_os_error(fault)),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Hands octets over. To be called where [`Writer::ready`] said so.
    pub fn write(&mut self, octets: Vec<u8>) {
        // The channel is empty, because all was written; where the thread has ended, `ready` says so.
        if self.octets.try_send(octets).is_ok() {
            self.handed += 1;
        }
    }
}

/// The terminal as one draws on it. While it takes what was written, nothing is drawn, so what comes next is always the
/// newest state.
pub struct Screen {
    canvas: Canvas,
    /// What goes out before the next frame, the last of each kind: a terminal that stands still gathers no more.
    said: BTreeMap<Kind, Vec<u8>>,
    /// What writes.
    pub writer: Writer,
}

/// What is said to a terminal that is no part of a frame.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A text for the clipboard.
    Copy,
    /// The bell.
    Bell,
    /// The title of the window.
    Title,
}

impl Screen {
    /// A terminal of `columns` times `rows`.
    pub fn open(columns: u16, rows: u16) -> Result<Self, CliError> {
        Ok(Self {
            canvas: Canvas::new(columns, rows),
            said: BTreeMap::new(),
            writer: Writer::open()?,
        })
    }

    /// The next frame paints everything.
    pub fn redraw(&mut self, columns: u16, rows: u16) {
        self.canvas = Canvas::new(columns, rows);
    }

    /// Says something to the terminal that is no part of a frame.
    pub fn say(&mut self, kind: Kind, octets: Vec<u8>) {
        self.said.insert(kind, octets);
    }

    /// Draws `model`. To be called where the writer is ready.
    pub fn draw(&mut self, model: &Model) {
        let said = std::mem::take(&mut self.said);
        let mut octets: Vec<u8> = said.into_values().flatten().collect();
        octets.extend(self.canvas.frame(|frame| view(model, frame)));
        if !octets.is_empty() {
            self.writer.write(octets);
        }
    }
}
