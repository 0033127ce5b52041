use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// An employee: 1, 2, 3 in the order of enrolment; never reused.
    EmployeeId(u32)
);
number!(
    /// A device: random, never 0, never reused; a new root key gets a new one.
    DeviceId(u32)
);
number!(
    /// The place of a row in the ledger: 1, 2, 3 without holes.
    Seq(u64)
);
number!(
    /// An entry of the outbox: 1, 2, 3.
    OutboxId(u64)
);
number!(
    /// An alarm: 1, 2, 3.
    AlarmId(u64)
);
number!(
    /// A part that waits: 1, 2, 3 in the order of arrival; begins anew where a restart finds none.
    PartId(u64)
);
number!(
    /// What a device counts its messages by: 1 to 65,535; 0 says that none is left.
    Counter(u16)
);

/// The first 16 octets of BLAKE3 over a whole envelope: which message it was.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 16]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0 {
            write!(f, "{octet:02x}")?;
        }
        Ok(())
    }
}

/// What tells the key of a phone from others without showing it: four octets that follow from the key.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 4]);

/// The name of a gateway as the configuration gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GatewayName(pub Arc<str>);

impl GatewayName {
    /// Wraps a name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for GatewayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
