use std::collections::VecDeque;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// PDUs on their way out, in the pieces in which they are written.
#[derive(Debug)]
pub(super) struct Outgoing {
    one_pdu_per_write: bool,
    pieces: VecDeque<Bytes>,
    octets: usize,
    is_flushed: bool,
}

impl Outgoing {
    pub(super) const fn new(one_pdu_per_write: bool) -> Self {
        Self {
            one_pdu_per_write,
            pieces: VecDeque::new(),
            octets: 0,
            is_flushed: true,
        }
    }

    /// Octets that were not written yet.
    pub(super) const fn octets(&self) -> usize {
        self.octets
    }

    /// Whether everything was written and flushed.
    pub(super) const fn is_done(&self) -> bool {
        self.octets == 0 && self.is_flushed
    }

    /// Takes all PDUs of a turn: one piece, or one each.
    pub(super) fn put(&mut self, mut poll_transmit: impl FnMut() -> Option<Bytes>) {
        let mut batch = BytesMut::new();
        while let Some(pdu) = poll_transmit() {
            self.octets += pdu.len();
            if self.one_pdu_per_write {
                self.pieces.push_back(pdu);
            } else {
                batch.extend_from_slice(&pdu);
            }
        }
        if !batch.is_empty() {
            self.pieces.push_back(batch.freeze());
        }
    }

    /// Makes one write, or the flush after one. May be dropped before it is done.
    ///
    /// # Errors
    /// What the connection says; a connection that takes nothing is closed.
    pub(super) async fn write(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if !self.is_flushed {
            writer.flush().await?;
            self.is_flushed = true;
            return Ok(());
        }
        let Some(piece) = self.pieces.front_mut() else {
            return Ok(());
        };
        let written = writer.write(piece).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        piece.advance(written);
        self.octets -= written;
        if piece.is_empty() {
            self.pieces.pop_front();
            self.is_flushed = false;
        }
        Ok(())
    }

    /// Writes everything and closes the writing half.
    ///
    /// # Errors
    /// What the connection says.
    pub(super) async fn finish(mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        while !self.is_done() {
            self.write(writer).await?;
        }
        writer.shutdown().await
    }
}
