use std::collections::VecDeque;

use bytes::Buf;

use super::frame::HEADER_OCTETS;
use crate::domain::{LinkFaults, PduHeader, Traffic};

/// What crossed a line and was not asked for yet: the last headers, and what went wrong.
///
/// A header is a copy of 16 octets in a ring, so that a PDU costs no allocation, and no body is kept.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pdus: VecDeque<PduHeader>,
    pub(super) faults: LinkFaults,
}

impl Trace {
    /// Notes a PDU; what is shorter than a header is none.
    pub(super) fn note(&mut self, is_ours: bool, pdu: &[u8]) {
        let Some(mut header) = pdu.first_chunk::<HEADER_OCTETS>().map(<[u8; _]>::as_slice) else {
            return;
        };
        if self.pdus.len() == Traffic::HELD {
            self.pdus.pop_front();
        }
        self.pdus.push_back(PduHeader {
            is_ours,
            octets: header.get_u32(),
            command_id: header.get_u32(),
            status: header.get_u32(),
            sequence: header.get_u32(),
        });
    }

    /// Takes the oldest header.
    pub(super) fn poll(&mut self) -> Option<PduHeader> {
        self.pdus.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::smpp::command;

    #[test]
    fn the_last_headers_are_kept_and_no_body() {
        let mut trace = Trace::default();
        trace.note(false, &[0; HEADER_OCTETS - 1]);
        for sequence in 1..=60 {
            trace.note(true, &command::deliver_sm_resp(sequence, 0x64));
        }
        let kept: Vec<_> = std::iter::from_fn(|| trace.poll()).collect();
        assert_eq!(kept.len(), Traffic::HELD);
        let first = PduHeader {
            is_ours: true,
            octets: 17,
            command_id: 0x8000_0005,
            status: 0x64,
            sequence: 11,
        };
        assert_eq!(kept[0], first);
    }
}
