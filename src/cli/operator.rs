use nix::unistd::{Uid, User, gethostname};

use crate::domain::Operator;

/// Who gives the command: the user of the process, at `desk` or at the host of that name.
pub fn operator(desk: Option<String>) -> Operator {
    let id = Uid::current();
    let user = User::from_uid(id).ok().flatten();
    let host = || gethostname().ok().and_then(|name| name.into_string().ok());
    Operator {
        user: user.map_or_else(|| id.to_string(), |user| user.name),
        desk: desk.or_else(host).unwrap_or_default(),
    }
}
