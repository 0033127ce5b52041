use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::command::status;

/// Why a login cannot be sent in a bind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// More than 15 characters, or characters outside ASCII.
    #[error("system_id '{0}' is not 15 ASCII characters or fewer")]
    SystemId(String),
    /// More than 8 characters, or characters outside ASCII.
    #[error("the password is not 8 ASCII characters or fewer")]
    Password,
}

/// The name by which an ESME binds: at most 15 ASCII characters.
///
/// Source: SMPP 3.4 section 5.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemId(String);

impl SystemId {
    /// Takes a name.
    ///
    /// # Errors
    /// [`LoginError::SystemId`] where it does not fit a bind.
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        if !fits(text, 15) {
            return Err(LoginError::SystemId(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The password of a bind: at most 8 ASCII characters. Hides itself in Debug, is wiped when dropped.
///
/// Source: SMPP 3.4 section 5.2.2.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// Takes a password.
    ///
    /// # Errors
    /// [`LoginError::Password`] where it does not fit a bind.
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        if !fits(text, 8) {
            return Err(LoginError::Password);
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What an ESME binds for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BindMode {
    /// To get messages.
    Receiver,
    /// To send them.
    Transmitter,
    /// For both.
    Transceiver,
}

impl BindMode {
    /// Whether messages may be delivered to it.
    pub const fn receives(self) -> bool {
        matches!(self, Self::Receiver | Self::Transceiver)
    }

    /// Whether it may submit messages.
    pub const fn transmits(self) -> bool {
        matches!(self, Self::Transmitter | Self::Transceiver)
    }
}

/// What a bind says. Its password hides itself in Debug and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// What for.
    pub mode: BindMode,
    /// Who: any octets of a peer.
    pub system_id: Vec<u8>,
    password: Zeroizing<Vec<u8>>,
}

impl Login {
    pub(super) fn new(mode: BindMode, system_id: &[u8], password: &[u8]) -> Self {
        Self {
            mode,
            system_id: system_id.to_vec(),
            password: Zeroizing::new(password.to_vec()),
        }
    }

    /// With which `command_status` a bind is to be answered where this login alone counts: ESME_ROK, ESME_RINVSYSID or
    /// ESME_RINVPASWD.
    pub fn check(&self, system_id: &SystemId, password: &Password) -> u32 {
        if self.system_id != system_id.as_str().as_bytes() {
            return status::ESME_RINVSYSID;
        }
        if self.password.as_slice() != password.expose().as_bytes() {
            return status::ESME_RINVPASWD;
        }
        status::ESME_ROK
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?})", self.mode)
    }
}

fn fits(text: &str, most: usize) -> bool {
    text.len() <= most && text.bytes().all(|octet| octet.is_ascii() && octet != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fits_a_bind_is_taken() {
        assert!(SystemId::parse("fifteen-letters").is_ok());
        assert!(SystemId::parse("sixteen-letters!").is_err());
        assert!(SystemId::parse("n\0l").is_err());
        assert!(Password::parse("eight-ch").is_ok());
        assert_eq!(Password::parse("nine-char"), Err(LoginError::Password));
        assert_eq!(Password::parse("gızli"), Err(LoginError::Password));
    }

    #[test]
    fn a_password_hides_itself() {
        let password = Password::parse("secret").unwrap();
        assert_eq!(format!("{password:?}"), "Password");
        assert_eq!(password.expose(), "secret");
        let login = Login::new(BindMode::Transceiver, b"smppuser", b"secret");
        assert_eq!(format!("{login:?}"), "Login(Transceiver)");
    }
}
