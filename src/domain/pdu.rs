use serde::{Deserialize, Serialize};

/// What stands in front of a PDU that crossed a link. Its body is never kept.
///
/// Source: SMPP 3.4 section 3.2.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PduHeader {
    /// Whether we sent it.
    pub is_ours: bool,
    /// `command_length`.
    pub octets: u32,
    /// `command_id`.
    pub command_id: u32,
    /// `command_status`.
    pub status: u32,
    /// `sequence_number`.
    pub sequence: u32,
}

impl PduHeader {
    /// Its kind as the standard calls it; `None` where it has no such `command_id`.
    ///
    /// Source: SMPP 3.4 section 5.1.2.1.
    pub const fn command(&self) -> Option<&'static str> {
        Some(match self.command_id {
            0x8000_0000 => "generic_nack",
            0x0000_0001 => "bind_receiver",
            0x8000_0001 => "bind_receiver_resp",
            0x0000_0002 => "bind_transmitter",
            0x8000_0002 => "bind_transmitter_resp",
            0x0000_0003 => "query_sm",
            0x8000_0003 => "query_sm_resp",
            0x0000_0004 => "submit_sm",
            0x8000_0004 => "submit_sm_resp",
            0x0000_0005 => "deliver_sm",
            0x8000_0005 => "deliver_sm_resp",
            0x0000_0006 => "unbind",
            0x8000_0006 => "unbind_resp",
            0x0000_0007 => "replace_sm",
            0x8000_0007 => "replace_sm_resp",
            0x0000_0008 => "cancel_sm",
            0x8000_0008 => "cancel_sm_resp",
            0x0000_0009 => "bind_transceiver",
            0x8000_0009 => "bind_transceiver_resp",
            0x0000_000b => "outbind",
            0x0000_0015 => "enquire_link",
            0x8000_0015 => "enquire_link_resp",
            0x0000_0021 => "submit_multi",
            0x8000_0021 => "submit_multi_resp",
            0x0000_0102 => "alert_notification",
            0x0000_0103 => "data_sm",
            0x8000_0103 => "data_sm_resp",
            _ => return None,
        })
    }

    /// Its status as the standard calls it; `None` where it has no such `command_status`.
    ///
    /// Source: SMPP 3.4 section 5.1.3.
    pub const fn status_name(&self) -> Option<&'static str> {
        Some(match self.status {
            0x00 => "ESME_ROK",
            0x01 => "ESME_RINVMSGLEN",
            0x02 => "ESME_RINVCMDLEN",
            0x03 => "ESME_RINVCMDID",
            0x04 => "ESME_RINVBNDSTS",
            0x05 => "ESME_RALYBND",
            0x06 => "ESME_RINVPRTFLG",
            0x07 => "ESME_RINVREGDLVFLG",
            0x08 => "ESME_RSYSERR",
            0x0a => "ESME_RINVSRCADR",
            0x0b => "ESME_RINVDSTADR",
            0x0c => "ESME_RINVMSGID",
            0x0d => "ESME_RBINDFAIL",
            0x0e => "ESME_RINVPASWD",
            0x0f => "ESME_RINVSYSID",
            0x11 => "ESME_RCANCELFAIL",
            0x13 => "ESME_RREPLACEFAIL",
            0x14 => "ESME_RMSGQFUL",
            0x15 => "ESME_RINVSERTYP",
            0x33 => "ESME_RINVNUMDESTS",
            0x34 => "ESME_RINVDLNAME",
            0x40 => "ESME_RINVDESTFLAG",
            0x42 => "ESME_RINVSUBREP",
            0x43 => "ESME_RINVESMCLASS",
            0x44 => "ESME_RCNTSUBDL",
            0x45 => "ESME_RSUBMITFAIL",
            0x48 => "ESME_RINVSRCTON",
            0x49 => "ESME_RINVSRCNPI",
            0x50 => "ESME_RINVDSTTON",
            0x51 => "ESME_RINVDSTNPI",
            0x53 => "ESME_RINVSYSTYP",
            0x54 => "ESME_RINVREPFLAG",
            0x55 => "ESME_RINVNUMMSGS",
            0x58 => "ESME_RTHROTTLED",
            0x61 => "ESME_RINVSCHED",
            0x62 => "ESME_RINVEXPIRY",
            0x63 => "ESME_RINVDFTMSGID",
            0x64 => "ESME_RX_T_APPN",
            0x65 => "ESME_RX_P_APPN",
            0x66 => "ESME_RX_R_APPN",
            0x67 => "ESME_RQUERYFAIL",
            0xc0 => "ESME_RINVOPTPARSTREAM",
            0xc1 => "ESME_ROPTPARNOTALLWD",
            0xc2 => "ESME_RINVPARLEN",
            0xc3 => "ESME_RMISSINGOPTPARAM",
            0xc4 => "ESME_RINVOPTPARAMVAL",
            0xfe => "ESME_RDELIVERYFAILURE",
            0xff => "ESME_RUNKNOWNERR",
            _ => return None,
        })
    }
}

/// What went wrong with a gateway's PDUs, counted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFaults {
    /// PDUs that we answered with generic_nack: a command or a length that there is not.
    pub refused_pdus: u64,
    /// deliver_sm that were read only by being lenient.
    pub lenient_reads: u64,
    /// generic_nack of the gateway.
    pub generic_nacks: u64,
    /// submit_sm_resp that nobody waited for any more.
    pub late_responses: u64,
    /// Answers that the gateway had too much to do for.
    pub throttled: u64,
    /// Answers that got no response in time.
    pub timeouts: u64,
}

impl LinkFaults {
    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what was counted since.
    pub const fn add(&mut self, since: &Self) {
        self.refused_pdus += since.refused_pdus;
        self.lenient_reads += since.lenient_reads;
        self.generic_nacks += since.generic_nacks;
        self.late_responses += since.late_responses;
        self.throttled += since.throttled;
        self.timeouts += since.timeouts;
    }
}

/// What crossed a link since it was told of last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// The last PDUs, oldest first, each with the milliseconds since.
    pub pdus: Vec<(u64, PduHeader)>,
    /// What went wrong.
    pub faults: LinkFaults,
}

impl Traffic {
    /// How many PDUs of a link are held: what came before a break, with the enquire_link of ten minutes.
    pub const HELD: usize = 50;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_statuses_have_the_names_of_the_standard() {
        let header = |command_id, status| PduHeader {
            is_ours: false,
            octets: 16,
            command_id,
            status,
            sequence: 1,
        };
        for (command_id, status, name) in [
            (5, 0, (Some("deliver_sm"), Some("ESME_ROK"))),
            (
                0x8000_0004,
                0x58,
                (Some("submit_sm_resp"), Some("ESME_RTHROTTLED")),
            ),
            (
                0x8000_0000,
                3,
                (Some("generic_nack"), Some("ESME_RINVCMDID")),
            ),
            (0x0001_0000, 0x0400, (None, None)),
        ] {
            let header = header(command_id, status);
            assert_eq!((header.command(), header.status_name()), name);
        }
    }
}
