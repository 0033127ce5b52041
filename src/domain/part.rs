use serde::{Deserialize, Serialize};

use super::{Address, GatewayName, Millis, RawBody};

/// Which part of a long message an SMS is: from its user data header, or from the `sar_*` TLVs.
///
/// Source: 3GPP TS 23.040 sections 9.2.3.24.1 and 9.2.3.24.8, SMPP 3.4 sections 5.3.2.22 to 5.3.2.24.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Part {
    /// What all parts of one message have in common; one octet wide in most headers.
    pub reference: u16,
    /// How many parts the message has: 2 to 255.
    pub total: u8,
    /// Which of them this is: 1 to `total`.
    pub number: u8,
}

impl Part {
    /// A part; `None` where these numbers name none, and it is a message by itself.
    pub const fn new(reference: u16, total: u8, number: u8) -> Option<Self> {
        if total < 2 || number == 0 || number > total {
            return None;
        }
        Some(Self {
            reference,
            total,
            number,
        })
    }
}

/// A part that waits for the others of its message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRow {
    /// By which gateway it came.
    pub gateway: GatewayName,
    /// From whom, as the gateway says.
    pub source: Address,
    /// To which of our numbers.
    pub destination: Address,
    /// Which part of which message.
    pub part: Part,
    /// Its user data without the header.
    pub body: RawBody,
    /// When it came: office time.
    pub received_at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_of_two_or_more() {
        for (total, number) in [(0, 0), (0, 1), (1, 1), (2, 0), (2, 3), (255, 0)] {
            assert_eq!(Part::new(7, total, number), None, "{number} of {total}");
        }
        for (total, number) in [(2, 1), (2, 2), (255, 255)] {
            let part = Part::new(7, total, number).unwrap();
            assert_eq!(
                (part.reference, part.total, part.number),
                (7, total, number)
            );
        }
    }
}
