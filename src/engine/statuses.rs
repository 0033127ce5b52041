//! What a `command_status` in answer to submit_sm means for the message. SMPP 3.4 section 5.1.3.

/// ESME_RMSGQFUL and ESME_RTHROTTLED: nothing was sent, and others would fare no better now.
pub(super) const fn is_throttling(status: u32) -> bool {
    matches!(status, 0x14 | 0x58)
}

/// ESME_RSUBMITFAIL and what vendors add from 0x400 on: it may pass later, and one by one.
pub(super) const fn is_narrowing(status: u32) -> bool {
    status == 0x45 || status >= 0x400
}

/// Statuses that another try cannot change: the address or the message itself is at fault.
pub(super) const fn is_final(status: u32) -> bool {
    matches!(
        status,
        0x01 // ESME_RINVMSGLEN
            | 0x0A // ESME_RINVSRCADR
            | 0x0B // ESME_RINVDSTADR
            | 0x15 // ESME_RINVSERTYP
            | 0x43 // ESME_RINVESMCLASS
            | 0x48..=0x49 // ESME_RINVSRCTON, ESME_RINVSRCNPI
            | 0x50..=0x51 // ESME_RINVDSTTON, ESME_RINVDSTNPI
            | 0xC0..=0xC4 // ESME_RINVOPTPARSTREAM and other faults of TLVs
    )
}
