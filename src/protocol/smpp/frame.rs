use bytes::{Buf, Bytes, BytesMut};

/// Octets of the longest PDU that is taken. The longest honest one is a deliver_sm with a
/// message_payload of some parts; what is longer is a length that lies.
pub const MAX_PDU_OCTETS: usize = 8 * 1_024;

/// Octets of a header: the shortest PDU.
pub(super) const HEADER_OCTETS: usize = 16;

/// What stands in front of every PDU.
///
/// ```text
/// offset  octets  meaning                        big-endian
/// 0       4       command_length, itself counted
/// 4       4       command_id
/// 8       4       command_status
/// 12      4       sequence_number
/// ```
///
/// Source: SMPP 3.4 section 3.2.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) command_id: u32,
    pub(super) status: u32,
    pub(super) sequence: u32,
}

impl Header {
    /// Reads the header of a whole frame.
    pub(super) fn of(frame: &Frame) -> Self {
        let mut octets = &frame.0[4..HEADER_OCTETS];
        Self {
            command_id: octets.get_u32(),
            status: octets.get_u32(),
            sequence: octets.get_u32(),
        }
    }
}

/// One whole PDU: 16 to 8,192 octets, as many as its `command_length` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame(Bytes);

impl Frame {
    /// The whole of it.
    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.0[HEADER_OCTETS..]
    }

    pub(super) fn into_octets(self) -> Bytes {
        self.0
    }
}

/// A `command_length` below 16 or over 8 KiB: nothing after it can be trusted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct WrongLength;

/// Cuts a stream into frames by `command_length` alone, whatever the bodies say.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    held: BytesMut,
}

impl Splitter {
    /// Takes octets in.
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.held.extend_from_slice(octets);
    }

    /// The next whole frame, if there is one.
    pub(super) fn pop(&mut self) -> Result<Option<Frame>, WrongLength> {
        let Some(length) = self.held.first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length);
        let length = usize::try_from(length).map_err(|_| WrongLength)?;
        if !(HEADER_OCTETS..=MAX_PDU_OCTETS).contains(&length) {
            return Err(WrongLength);
        }
        if self.held.len() < length {
            return Ok(None);
        }
        Ok(Some(Frame(self.held.split_to(length).freeze())))
    }

    /// What was not cut off yet.
    pub(super) fn held(&self) -> &[u8] {
        &self.held
    }

    /// Whether a part of a PDU waits for the rest.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_of(octets: usize) -> Vec<u8> {
        let mut frame = vec![0x55; octets];
        frame[..4].copy_from_slice(&u32::try_from(octets).unwrap().to_be_bytes());
        frame
    }

    #[test]
    fn frames_are_cut_wherever_the_reads_end() {
        let whole = [16, MAX_PDU_OCTETS, 17].map(frame_of);
        let stream = whole.concat();
        for step in [1, 3, 16, 17, 4_096, stream.len()] {
            let mut splitter = Splitter::default();
            let mut frames = Vec::new();
            for piece in stream.chunks(step) {
                splitter.push(piece);
                while let Some(frame) = splitter.pop().unwrap() {
                    frames.push(frame.into_octets());
                }
                assert!(splitter.held.len() < MAX_PDU_OCTETS);
            }
            assert_eq!(frames, whole, "step {step}");
            assert!(!splitter.is_holding());
        }
    }

    #[test]
    fn a_pdu_has_16_to_8192_octets() {
        for length in [16_u32, 8_192] {
            let mut splitter = Splitter::default();
            splitter.push(&length.to_be_bytes());
            assert_eq!(splitter.pop(), Ok(None), "{length}");
        }
    }

    #[test]
    fn a_wrong_length_is_seen_with_its_fourth_octet() {
        for length in [0_u32, 1, 15, 8_193, 0x0100_0000, u32::MAX] {
            let mut splitter = Splitter::default();
            splitter.push(&length.to_be_bytes()[..3]);
            assert_eq!(splitter.pop(), Ok(None), "{length}");
            splitter.push(&length.to_be_bytes()[3..]);
            assert_eq!(splitter.pop(), Err(WrongLength), "{length}");
        }
    }
}
