use std::sync::mpsc::{SyncSender, sync_channel};

use tokio::sync::watch;

use super::super::error::CliError;
use super::spawn;
use crate::ui::terminal::{Canvas, write};
use crate::ui::{Model, view};

/// Says that the terminal takes octets.
pub struct Ready;

/// The terminal as one draws on it: a thread of its own writes, because a slow line blocks it and should. While it
/// writes, nothing is drawn, so what comes next is always the newest state.
pub struct Screen {
    canvas: Canvas,
    /// What goes out before the next frame: bell, title, clipboard.
    said: Vec<u8>,
    writer: SyncSender<Vec<u8>>,
    /// How many times octets were handed over, and how many times they were written.
    handed: u64,
    written: watch::Receiver<u64>,
}

impl Screen {
    /// A terminal of `columns` times `rows`.
    pub fn open(columns: u16, rows: u16) -> Result<Self, CliError> {
        let (writer, octets) = sync_channel::<Vec<u8>>(1);
        let (done, written) = watch::channel(0);
        spawn("screen", move || {
            while let Ok(octets) = octets.recv() {
                if write(&octets).is_err() {
                    return;
                }
                done.send_modify(|count| *count += 1);
            }
        })?;
        Ok(Self {
            canvas: Canvas::new(columns, rows),
            said: Vec::new(),
            writer,
            handed: 0,
            written,
        })
    }

    /// The next frame paints everything.
    pub fn redraw(&mut self, columns: u16, rows: u16) {
        self.canvas = Canvas::new(columns, rows);
    }

    /// Says something to the terminal that is no part of a frame.
    pub fn say(&mut self, octets: &[u8]) {
        self.said.extend_from_slice(octets);
    }

    /// Waits until the terminal has taken all that was handed over. For ever where it is gone: then a hang-up is told.
    pub async fn ready(&mut self) -> Ready {
        let handed = self.handed;
        match self.written.wait_for(|written| *written == handed).await {
            Ok(_) => Ready,
            Err(_) => std::future::pending().await,
        }
    }

    /// Draws `model`. To be called where [`Screen::ready`] said so.
    pub fn draw(&mut self, model: &Model) {
        let mut octets = std::mem::take(&mut self.said);
        octets.extend(self.canvas.frame(|frame| view(model, frame)));
        if octets.is_empty() {
            return;
        }
        // The channel is empty, because all was written; where the thread has ended the terminal is gone.
        if self.writer.try_send(octets).is_ok() {
            self.handed += 1;
        }
    }
}
