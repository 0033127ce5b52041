use std::fmt;

use serde::{Deserialize, Serialize};

/// An SMPP address exactly as a peer gave it: any octets, with type of number and numbering plan.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The octets without the closing NUL; usually digits, but a peer may send anything.
    pub octets: Vec<u8>,
    /// Type of number, SMPP 3.4 section 5.2.5.
    pub ton: u8,
    /// Numbering plan indicator, SMPP 3.4 section 5.2.6.
    pub npi: u8,
}

impl Address {
    /// An address with unknown type of number and plan.
    pub fn plain(text: &str) -> Self {
        Self {
            octets: text.as_bytes().to_vec(),
            ton: 0,
            npi: 0,
        }
    }

    /// An international ISDN address (type 1, plan 1) of a number in E.164.
    pub fn international(text: &str) -> Self {
        Self {
            octets: text.as_bytes().to_vec(),
            ton: 1,
            npi: 1,
        }
    }

    /// The octets as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }

    /// The address with all but its last two characters hidden, for logs.
    pub fn masked(&self) -> String {
        mask(&self.text())
    }
}

/// Hides all but the last two characters.
pub(super) fn mask(text: &str) -> String {
    let shown = text.chars().count().saturating_sub(2);
    text.chars()
        .enumerate()
        .map(|(at, c)| if at < shown { '*' } else { c })
        .collect()
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}
