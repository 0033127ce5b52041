use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password. It is wiped when it goes, and nothing prints it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
#[expect(missing_debug_implementations, reason = "nothing prints a password")]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
